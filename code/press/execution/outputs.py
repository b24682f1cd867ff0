"""Executes documents' cells, and keeps what they show.

An execution is kept as any result is (`press.keeping.kept`): one record of what the cells showed, under the digest of
what that follows from. A comment, a label or a caption in a cell executes nothing; a changed helper does.
"""

from __future__ import annotations

import glob
import os
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from handin.errors import WorkError
from press.execution import reuse, seen
from press.execution.job import Execution, Job
from press.execution.running import Kernel
from press.keeping.digests import digest
from press.keeping.facts import Facts, reasons
from press.keeping.kept import Kept
from press.source.qmd import Cell

MOST = 30
"""Executions of one document that are kept; the oldest goes first."""


class OutputCache:
    """Executed documents, kept in a folder of the project.

    Parameters
    ----------
    in_memory
        Whether the last outputs of each document stay in memory too, for a preview.
    whole
        The cache of what comes from one execution of all cells in a fresh kernel, if this one is for what was executed
        in parts; None if this is that cache.
    """

    def __init__(self, folder: Path, *, in_memory: bool = False, whole: OutputCache | None = None):
        self.whole = whole
        self._memory: dict[str, tuple[Job, Execution]] | None = {} if in_memory else None
        self._kept = Kept(folder)

    def executed(
        self,
        job: Job,
        kernel: Kernel,
        *,
        refresh: bool = False,
        on_cell: Callable[[int, int, Cell], None] | None = None,
    ) -> Execution:
        """Return a job's outputs: what is kept where nothing that they depend on has changed, else made anew.

        The kernel is started if it must be, and left running; `on_cell` is called before each cell that is executed.
        """
        found = None if refresh and job.cells else self.load(job)
        if found is None:
            job.facts()  # as they are before anything runs
            held, before = ({}, {}) if refresh else self.held(job)
            is_fresh = kernel.is_fresh
            outputs, read = kernel.run(job, on_cell, held)
            read = seen.both(before if held else {}, read)
            found = Execution(outputs, ran=True, is_whole=is_fresh and not held, seen=read)
            own = job.without(read.get(seen.WRITTEN, ()))
            if own.facts() == job.facts_without(own):  # else nobody knows which of two states the cells have seen
                self.save(own, replace(found, ran=False), in_parts=bool(held))
        by_cell = dict(zip((id(cell) for cell in job.cells), found.outputs, strict=True))
        return replace(found, outputs=tuple(by_cell.get(id(cell), ()) for cell in job.document.cells))

    def load(self, job: Job) -> Execution | None:
        """Return the kept outputs of a job, or None; where no cell is executed there are none to keep."""
        if not job.cells:
            return Execution((), ran=False, is_whole=True)
        if self._memory is not None and job.document.name in self._memory:
            last, execution = self._memory[job.document.name]
            still_waits = not execution.waits or last.unmade == job.unmade
            if still_waits and last.facts() == job.facts() and not _changed(execution.seen, job):
                return execution
        found = self.whole.load(job) if self.whole is not None else None
        if found is None:
            record = self._read(_name(job), digest(job.facts()))
            found = None if record is None or _changed(record[1].seen, job) else record[1]
        if found is not None and self._memory is not None:
            self._memory[job.document.name] = (job, found)
        return found

    def why(self, job: Job) -> tuple[str, ...]:
        """Say why cells must be executed; nothing if all outputs are kept."""
        own, names = _name(job), self._names(job)
        name = own if own in names or not names else names[-1]
        record = self._read(name)
        why = self._kept.why(name, digest(job.facts()), job.facts())
        return why if record is None else (*why, *_changed(record[1].seen, job))

    def held(self, job: Job) -> tuple[dict[int, tuple[dict[str, Any], ...]], Facts]:
        """Return what is kept of a job's outputs and still holds, by the cell's index, though cells were edited.

        Nothing where anything but the cells has changed, nor in the cache of what was executed as a whole. What those
        cells were seen to read comes with it.
        """
        if self.whole is None:
            return {}, {}
        if self._memory is not None and job.document.name in self._memory:
            last, execution = self._memory[job.document.name]
            is_same = _circumstances(last) == _circumstances(job)
            found = (_known(last), execution) if is_same else None
        else:
            found = self._latest(job)
        if found is None or _changed(found[1].seen, job):
            return {}, {}
        before, execution = found
        valid = reuse.still_valid(before, _known(job))
        return {index: execution.outputs[earlier] for index, earlier in valid.items()}, execution.seen

    def save(self, job: Job, execution: Execution, *, in_parts: bool = False) -> None:
        """Keep the outputs of a job; a cache that cannot be written costs an execution next time, nothing else.

        Where some cells were not executed now, or results are still being made, a preview keeps the outputs in memory
        alone.
        """
        if self._memory is not None:
            self._memory[job.document.name] = (job, execution)
        if job.unmade:
            return
        if self.whole is not None and execution.is_whole:
            self.whole.save(job, execution)
        elif self._memory is None or not in_parts:
            self._write(job, execution)

    def _write(self, job: Job, execution: Execution) -> None:
        code = [vars(known) for known in _known(job)]
        payload = {"code": code, "seen": execution.seen, "outputs": execution.outputs}
        try:
            self._kept.save(_name(job), digest(job.facts()), payload, facts=job.facts(), durable=False)
            for name in self._names(job)[:-MOST]:
                self._kept.path(name).unlink(missing_ok=True)
        except (WorkError, OSError) as error:
            warnings.warn(f"The executed cells could not be kept. {error}", stacklevel=2)

    def _read(self, name: str, wanted: str | None = None) -> tuple[list[reuse.Known], Execution] | None:
        """Read the cells that were executed, and what they showed; None if that is not kept, or damaged."""
        kept = self._kept.load(name, wanted)
        if kept is None:
            return None
        outputs = tuple(map(tuple, kept["outputs"]))
        execution = Execution(outputs, ran=False, is_whole=self.whole is None, seen=kept["seen"])
        return [reuse.Known(**known) for known in kept["code"]], execution

    def _latest(self, job: Job) -> tuple[list[reuse.Known], Execution] | None:
        """Find the last execution of a document with the dependencies that it has now, whatever its cells."""
        caches = filter(None, (self, self.whole))
        found = [(cache, name) for cache in caches for name in cache._names(job, _circumstances(job))]
        latest = max(found, key=lambda each: _age(each[0]._kept.path(each[1])), default=None)
        return None if latest is None else latest[0]._read(latest[1])

    def _names(self, job: Job, circumstances: str = "?" * 32) -> list[str]:
        """Name the executions of a document that are kept, the last one last."""
        pattern = f"{glob.escape(job.document.path.stem)}-{circumstances}-{'?' * 32}.json"
        return [path.stem for path in sorted(self._kept.folder.glob(pattern), key=_age)]


def _known(job: Job) -> list[reuse.Known]:
    return [reuse.Known(cell.keyed, cell.chapter) for cell in job.cells]


def _circumstances(job: Job) -> str:
    """Digest what the outputs depend on beside the cells."""
    return digest({name: found for name, found in job.facts().items() if name != "cells"})


def _name(job: Job) -> str:
    return f"{job.document.path.stem}-{_circumstances(job)}-{digest(job.facts()['cells'])}"


def _age(path: Path) -> float:
    try:
        return os.path.getmtime(path)
    except FileNotFoundError:  # another build has taken it away
        return 0.0


def _changed(read: Facts, job: Job) -> tuple[str, ...]:
    """Say what of the things that cells were seen to read has changed."""
    return reasons(read, seen.now(read, job.place))
