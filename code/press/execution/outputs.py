"""Executes documents' cells, and keeps what they show in jupyter-cache.

jupyter-cache's own key is the text of the code cells: a comment in a cell would re-execute the document, a changed
helper would not. What is cached here is therefore a normalised notebook: the cells' code without comments, labels and
captions, after one cell that holds the digest of everything else that the outputs depend on. The outputs carry their
own checksum.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from handin.errors import WorkError
from press.execution import reuse, seen
from press.execution.job import KERNEL, Execution, Job, Outputs, normalised_cell
from press.execution.running import Kernel
from press.keeping.digests import digest
from press.keeping.facts import Facts, reasons
from press.keeping.kept import Kept
from press.source.qmd import Cell


def _cache_notebook(job: Job, execution: Execution | None = None) -> Any:
    import nbformat

    key = digest({k: v for k, v in job.dependencies().items() if k != "cells"})
    sources = [f"inputs = {key!r}", *(normalised_cell(cell.keyed) for cell in job.cells)]
    cells = []
    for index, source in enumerate(sources):
        cell = nbformat.v4.new_code_cell(source, id=f"cell-{index}")
        if execution is not None and index:
            cell.outputs = [nbformat.from_dict(output) for output in execution.outputs[index - 1]]
            cell.execution_count = index
        cells.append(cell)
    metadata: dict[str, Any] = {"kernelspec": KERNEL}
    if execution is not None:
        code = [vars(known) for known in _known(job)]
        kept = {"code": code, "seen": execution.seen}
        metadata["press"] = {**kept, "checksum": _checksum([kept, execution.outputs])}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def _checksum(kept: Any) -> str:
    plain = json.dumps(kept, sort_keys=True, default=dict)
    return hashlib.sha256(plain.encode()).hexdigest()


class OutputCache:
    """Executed documents, kept by jupyter-cache in a folder of the project.

    A damaged cache is set aside, named in a warning, and made anew.

    Parameters
    ----------
    folder
        The cache's folder.
    in_memory
        Whether the last outputs of each document stay in memory too, for a preview.
    whole
        The cache of what comes from one execution of all cells in a fresh kernel, if this one is for what was executed
        in parts; None if this is that cache.
    """

    def __init__(self, folder: Path, *, in_memory: bool = False, whole: OutputCache | None = None):
        self.folder = folder
        self.whole = whole
        self._memory: dict[str, tuple[Job, Execution]] | None = {} if in_memory else None
        # What outputs follow from, beside the outputs: to open jupyter-cache takes two seconds.
        self._facts = Kept(folder / "facts")

    def _open(self) -> Any:
        from jupyter_cache import get_cache

        self.folder.mkdir(parents=True, exist_ok=True)
        return get_cache(str(self.folder))

    def executed(
        self,
        job: Job,
        kernel: Kernel,
        *,
        refresh: bool = False,
        on_cell: Callable[[int, int, Cell], None] | None = None,
    ) -> Execution:
        """Return a job's outputs: what is kept where nothing that they depend on has changed, else made anew.

        Parameters
        ----------
        job
            What to execute.
        kernel
            A kernel to use, which is started if it must be and left running.
        refresh
            Execute though nothing changed.
        on_cell
            Called before each cell that is executed.
        """
        found = None if refresh and job.cells else self.load(job)
        if found is None:
            job.facts()  # as they are before anything runs
            held, before = ({}, {}) if refresh else self.held(job)
            is_fresh = kernel.is_fresh
            outputs, read = kernel.run(job, on_cell, held)
            read = seen.both(before if held else {}, read)
            found = Execution(outputs, ran=True, is_whole=is_fresh and not held, seen=read)
            if job.holds():  # else nobody knows which of two states the cells have seen
                self.save(job, replace(found, ran=False), in_parts=bool(held))
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
            kept = self._looked_up(lambda cache: _match(cache, job))
            if kept is not None and not _changed(kept.seen, job):
                found = Execution(kept.outputs, ran=False, is_whole=self.whole is None, seen=kept.seen)
        if found is not None:
            self._remember(job, found)
        return found

    def why(self, job: Job) -> tuple[str, ...]:
        """Say why cells must be executed; nothing if all outputs are kept. The outputs themselves are not looked at."""
        records = sorted(self._facts.folder.glob(f"{job.document.path.stem}-*.json"), key=os.path.getmtime)
        own = [path for path in records if path.stem == _name(job)]
        kept = self._facts.load((own or records)[-1].stem) if records else None
        return (
            reasons(None, {}) if kept is None else (*reasons(kept["facts"], job.facts()), *_changed(kept["seen"], job))
        )

    def held(self, job: Job) -> tuple[dict[int, tuple[dict[str, Any], ...]], Facts]:
        """Return what is kept of a job's outputs and still holds, by the cell's index, though cells were edited.

        Nothing where anything but the cells has changed, nor in the cache of what was executed as a whole. What those
        cells were seen to read comes with it.
        """
        if self.whole is None:
            return {}, {}
        if self._memory is not None and job.document.name in self._memory:
            last, execution = self._memory[job.document.name]
            if {**last.facts(), "cells": None} != {**job.facts(), "cells": None} or _changed(execution.seen, job):
                return {}, {}
            before: Sequence[reuse.Known] = _known(last)
            outputs, read = execution.outputs, execution.seen
        else:
            lately = (cache._looked_up(lambda opened: _latest(opened, job)) for cache in (self, self.whole))
            found = max(filter(None, lately), key=lambda each: each.when, default=None)
            if found is None or _changed(found.seen, job):
                return {}, {}
            before, outputs, read = found.cells, found.outputs, found.seen
        return {index: outputs[earlier] for index, earlier in reuse.still_valid(before, _known(job)).items()}, read

    def _remember(self, job: Job, execution: Execution) -> None:
        """Keep the outputs of a job in memory, for a preview; elsewhere nothing is kept."""
        if self._memory is not None:
            self._memory[job.document.name] = (job, execution)

    def _looked_up(self, find: Callable[[Any], Any]) -> Any:
        """Look for something in the cache, None if there is no such thing; what is damaged is set aside."""
        if not self.folder.is_dir():
            return None
        try:
            return find(self._open())
        except Exception as error:
            if reason := _hindrance(error):  # what is kept may be sound
                raise WorkError(
                    f"The cache of executed cells cannot be used ({reason}): make room, fix the permissions, or end "
                    "what else uses it."
                ) from None
            self._set_aside(type(error).__name__)
            return None

    def save(self, job: Job, execution: Execution, *, in_parts: bool = False) -> None:
        """Keep the outputs of a job; a cache that cannot be written costs an execution next time, nothing else.

        Where some cells were not executed now, or results are still being made, a preview keeps the outputs in memory
        alone.
        """
        self._remember(job, execution)
        if job.unmade:
            return
        if self.whole is not None and execution.is_whole:
            self.whole.save(job, execution)
        elif self._memory is None or not in_parts:
            self._write(job, execution)

    def _write(self, job: Job, execution: Execution) -> None:
        from jupyter_cache.base import CacheBundleIn

        try:
            bundle = CacheBundleIn(_cache_notebook(job, execution), job.document.name)
            self._open().cache_notebook_bundle(bundle, check_validity=False, overwrite=True, description="")
            self._facts.save(_name(job), "", {"facts": job.facts(), "seen": execution.seen}, durable=False)
        except Exception as error:
            warnings.warn(f"The executed cells could not be kept ({type(error).__name__}).", stacklevel=2)

    def _set_aside(self, reason: str) -> None:
        aside = self.folder.with_name(self.folder.name + ".damaged")
        shutil.rmtree(aside, ignore_errors=True)
        os.replace(self.folder, aside)
        warnings.warn(f"The execution cache was damaged ({reason}): it is set aside and made anew.", stacklevel=3)


@dataclass(frozen=True)
class _Kept:
    """One kept execution: when it was kept, its cells, what they showed, and what all that followed from."""

    when: Any
    cells: tuple[reuse.Known, ...]
    outputs: Outputs
    seen: Facts


def _known(job: Job) -> list[reuse.Known]:
    return [reuse.Known(cell.keyed, cell.chapter) for cell in job.cells]


def _name(job: Job) -> str:
    return f"{job.document.path.stem}-{digest(job.facts())}"


def _changed(read: Facts, job: Job) -> tuple[str, ...]:
    """Say what of the things that cells were seen to read has changed."""
    return reasons(read, seen.now(read, job.place))


def _match(cache: Any, job: Job) -> _Kept | None:
    """Find the execution of just these cells with these dependencies."""
    try:
        record = cache.match_cache_notebook(_cache_notebook(job))
    except KeyError:
        return None
    return _kept(record, cache.get_cache_bundle(record.pk).nb)


def _latest(cache: Any, job: Job) -> _Kept | None:
    """Find the last execution of a document with the dependencies that it has now, whatever its cells."""
    name, first = job.document.name, _cache_notebook(job).cells[0].source
    records = [record for record in cache.list_cache_records() if record.uri == name]
    for record in sorted(records, key=lambda record: record.created, reverse=True):
        notebook = cache.get_cache_bundle(record.pk).nb
        if notebook.cells[0].source == first and (found := _kept(record, notebook)) is not None:
            return found
    return None


def _kept(record: Any, notebook: Any) -> _Kept | None:
    """Read a kept notebook; None if it is of a release that did not see what cells read."""
    outputs = tuple(tuple(json.loads(json.dumps(output)) for output in cell.outputs) for cell in notebook.cells[1:])
    kept = json.loads(json.dumps(notebook.metadata["press"]))
    checksum = kept.pop("checksum")
    if "seen" not in kept:
        return None
    if checksum != _checksum([kept, outputs]) or len(kept["code"]) != len(outputs):
        raise ValueError("the outputs do not match their checksum")
    cells = tuple(reuse.Known(**known) for known in kept["code"])
    return _Kept(record.created, cells, outputs, kept["seen"])


def _hindrance(error: BaseException | None) -> str | None:
    """Say what keeps a sound cache from being used: no room, no permission, another process; None if it is damaged."""
    while error is not None:
        if isinstance(error, OSError) and not isinstance(
            error, FileNotFoundError | NotADirectoryError | IsADirectoryError
        ):
            return error.strerror or type(error).__name__
        original = getattr(error, "orig", None)
        if getattr(original, "sqlite_errorname", "").startswith(_HINDRANCES):
            return str(original)
        error = error.__cause__ or error.__context__
    return None


_HINDRANCES = tuple(f"SQLITE_{name}" for name in ("BUSY", "CANTOPEN", "FULL", "IOERR", "LOCKED", "PERM", "READONLY"))
