"""Executes a document's cells in a Jupyter kernel, and keeps the outputs in jupyter-cache.

jupyter-cache's own key is the text of the code cells: a comment in a cell would re-execute the document, a changed
helper would not. What is cached here is therefore a normalised notebook: the cells' code without comments, labels and
captions, after one cell that holds the digest of everything else that the outputs depend on. The outputs carry their
own checksum.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import uuid
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from handin.errors import WorkError
from press.execution import reuse, seen
from press.execution.kernel import NAMED, PRELOADED
from press.keeping import installed
from press.keeping.digests import (
    WHOLE,
    by_file,
    covered,
    digest,
    imported_modules,
    module_file,
    normalised,
    source_facts,
)
from press.keeping.facts import Facts, file_digest, reasons
from press.source.qmd import Cell, Document

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}

OUTPUT_PATIENCE = 120
"""Seconds that a cell's outputs may be behind its end."""

KERNEL_PACKAGES = ("ipykernel", "ipython", "matplotlib-inline")
"""Packages that stand between a cell and its output; those that it imports are seen when it is executed."""

Outputs = tuple[tuple[dict, ...], ...]
"""For each cell its outputs, as nbformat writes them."""


@dataclass(frozen=True)
class Execution:
    """What a document's cells show, and how that came about.

    Parameters
    ----------
    outputs
        For each cell its outputs; a cell with ``eval: false`` has none.
    ran
        Whether anything ran now.
    is_whole
        Whether all outputs come from one execution of all cells in a fresh kernel.
    seen
        What the cells were seen to read; None where something of it changed meanwhile.
    """

    outputs: Outputs
    ran: bool
    is_whole: bool
    seen: Facts | None = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """One document to execute.

    Parameters
    ----------
    document
        What was read.
    folder
        The kernel's working directory.
    figure_formats
        What matplotlib's figures are kept as: ``svg``, ``png``.
    inputs
        What else the outputs depend on: settings, kept results; anything that can be written as JSON.
    root
        The project's folder, from which files are named; the working directory if left out.
    beside
        Files that the cells may read in ways that nobody sees.
    kept
        The folders in the project's cache that hold results, and what of them is among `inputs`: names from the root.
    """

    document: Document
    folder: Path
    figure_formats: tuple[str, ...]
    inputs: Mapping[str, Any]
    root: Path | None = None
    beside: tuple[Path, ...] = ()
    kept: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells that are executed."""
        return tuple(cell for cell in self.document.cells if cell.options.get("eval", True))

    @property
    def place(self) -> Path:
        """The folder from which files are named."""
        return self.root or self.folder

    @property
    def modules(self) -> tuple[str, ...]:
        """The project's modules that the cells import."""
        return imported_modules_of(self.cells)

    @property
    def preloaded(self) -> tuple[str, ...]:
        """The packages that a kernel for this document may import ahead: those that its code names."""
        files = (module_file(name) for name in source_facts(*self.modules) if name != WHOLE)
        text = "\n".join([*(cell.code for cell in self.cells), *(f.read_text(encoding="utf-8") for f in files if f)])
        return tuple(name for name in PRELOADED if re.search(rf"^\s*(import|from)\s+{name}\b", text, flags=re.M))

    def facts(self) -> Facts:
        """Find what the outputs depend on, as it is when first asked, but for what is only seen as cells run."""
        return self._first_found

    def dependencies(self) -> dict[str, str]:
        """Digest each kind of thing that the outputs depend on, by its name for people."""
        return {name: digest(found) for name, found in self.facts().items()}

    def holds(self) -> bool:
        """Whether `facts` are still what they were when they were first asked for."""
        return self._found() == self._first_found

    @functools.cached_property
    def _first_found(self) -> Facts:
        return self._found()

    def _found(self) -> Facts:
        found = {
            "cells": digest([_normalised(cell.code) for cell in self.cells]),
            "code": by_file(source_facts(*self.modules), self.place),
            "files": {path.relative_to(self.place).as_posix(): _read(path) for path in self.beside},
            "figures": digest(list(self.figure_formats)),
            "packages": {name: installed.version(name) for name in KERNEL_PACKAGES},
            **self.inputs,
        }
        return json.loads(json.dumps(found, default=str))  # as they are read back


def _read(path: Path) -> str | None:
    """Digest a file beside the documents; of a module only what counts."""
    found = file_digest(path)
    return _module(path, found) if found is not None and path.suffix == ".py" else found


@functools.lru_cache(maxsize=256)
def _module(path: Path, content: str) -> str:
    try:
        return digest(_normalised(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError):
        return content


def imported_modules_of(cells: Sequence[Cell]) -> tuple[str, ...]:
    """Name the modules of this package that the cells import."""
    found: set[str] = set()
    for cell in cells:
        try:
            found.update(imported_modules(cell.code))
        except SyntaxError:
            continue  # the kernel will say so, with its line
    return tuple(sorted(found))


def _normalised(code: str) -> str:
    try:
        return normalised(code)
    except (SyntaxError, ValueError):
        return code


def _cache_notebook(job: Job, execution: Execution | None = None) -> Any:
    import nbformat

    key = digest({k: v for k, v in job.dependencies().items() if k != "cells"})
    sources = [f"inputs = {key!r}", *(_normalised(cell.code) for cell in job.cells)]
    cells = []
    for index, source in enumerate(sources):
        cell = nbformat.v4.new_code_cell(source, id=f"cell-{index}")
        if execution is not None and index:
            cell.outputs = [nbformat.from_dict(output) for output in execution.outputs[index - 1]]
            cell.execution_count = index
        cells.append(cell)
    metadata = {"kernelspec": KERNEL}
    if execution is not None:
        code = [{"code": cell.code, "chapter": cell.chapter} for cell in job.cells]
        kept = {"code": code, "facts": job.facts(), "seen": execution.seen}
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

    def _open(self) -> Any:
        from jupyter_cache import get_cache

        self.folder.mkdir(parents=True, exist_ok=True)
        cache = get_cache(str(self.folder))
        return cache

    def load(self, job: Job) -> Execution | None:
        """Return the kept outputs of a job, or None."""
        if self._memory is not None and job.document.name in self._memory:
            last, execution = self._memory[job.document.name]
            if last.facts() == job.facts() and not _changed(execution.seen, job):
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
        """Say why cells must be executed; nothing if all outputs are kept."""
        if self.load(job) is not None:
            return ()
        kept = self._looked_up(lambda opened: _latest(opened, job, anyhow=True))
        return reasons(None, {}) if kept is None else (*reasons(kept.facts, job.facts()), *_changed(kept.seen, job))

    def held(self, job: Job) -> tuple[dict[int, tuple[dict, ...]], Facts]:
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
            before, outputs, read = last.cells, execution.outputs, execution.seen
        else:
            lately = (cache._looked_up(lambda opened: _latest(opened, job)) for cache in (self, self.whole))
            found = max(filter(None, lately), key=lambda each: each.when, default=None)
            if found is None or _changed(found.seen, job):
                return {}, {}
            before, outputs, read = found.cells, found.outputs, found.seen
        return {index: outputs[earlier] for index, earlier in reuse.still_valid(before, job.cells).items()}, read

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
                    f"The cache of executed cells cannot be used ({reason}): make room, mend the permissions, or end "
                    "what else uses it."
                ) from None
            self._set_aside(type(error).__name__)
            return None

    def save(self, job: Job, execution: Execution, *, in_parts: bool = False) -> None:
        """Keep the outputs of a job; a cache that cannot be written costs an execution next time, nothing else.

        Where some cells were not executed now, a preview keeps the outputs in memory alone.
        """
        self._remember(job, execution)
        if self.whole is not None and execution.is_whole:
            self.whole.save(job, execution)
        elif self._memory is None or not in_parts:
            self._write(job, execution)

    def _write(self, job: Job, execution: Execution) -> None:
        from jupyter_cache.base import CacheBundleIn

        try:
            bundle = CacheBundleIn(_cache_notebook(job, execution), Path(job.document.name).as_posix())
            self._open().cache_notebook_bundle(bundle, check_validity=False, overwrite=True, description="")
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
    facts: Facts
    seen: Facts


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


def _latest(cache: Any, job: Job, *, anyhow: bool = False) -> _Kept | None:
    """Find the last execution of a document with the dependencies that it has now (or `anyhow`), whatever its cells."""
    name, first = Path(job.document.name).as_posix(), _cache_notebook(job).cells[0].source
    records = [record for record in cache.list_cache_records() if record.uri == name]
    for record in sorted(records, key=lambda record: record.created, reverse=True):
        notebook = cache.get_cache_bundle(record.pk).nb
        if (anyhow or notebook.cells[0].source == first) and (found := _kept(record, notebook)) is not None:
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
    return _Kept(record.created, cells, outputs, kept["facts"], kept["seen"])


def _hindrance(error: BaseException | None) -> str | None:
    """Say what keeps a sound cache from being used: no room, no permission, another process; None if it is damaged."""
    while error is not None:
        if isinstance(error, OSError) and not isinstance(
            error, FileNotFoundError | NotADirectoryError | IsADirectoryError
        ):
            return error.strerror or type(error).__name__
        name = getattr(getattr(error, "orig", None), "sqlite_errorname", "")
        if name.startswith(_HINDRANCES):
            return str(error.orig)
        error = error.__cause__ or error.__context__
    return None


_HINDRANCES = tuple(f"SQLITE_{name}" for name in ("BUSY", "CANTOPEN", "FULL", "IOERR", "LOCKED", "PERM", "READONLY"))


class Kernel:
    """A Jupyter kernel that executes documents, kept alive as long as the object is in use.

    Parameters
    ----------
    folder
        The kernel's working directory.
    preloaded
        The packages that it imports before the first cell asks for them.
    """

    def __init__(self, folder: Path, preloaded: Sequence[str] = ()):
        self.folder = folder
        self.preloaded = tuple(preloaded)
        self._manager: Any = None
        self._is_used = False

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the kernel's process."""
        if self._manager is not None:
            manager, self._manager = self._manager, None
            manager.shutdown_kernel(now=True)

    def kill(self) -> None:
        """End the kernel's process at once; any thread may call this while another executes."""
        manager = self._manager
        if manager is not None and (pid := getattr(manager.provisioner, "pid", None)):
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGKILL)  # a kernel leads a process group of its own

    @property
    def is_fresh(self) -> bool:
        """Whether no cell has run in the process that is there."""
        return not self._is_used

    def start(self) -> None:
        """Begin to start the kernel's process, unless it runs; nothing is waited for."""
        from jupyter_client.manager import KernelManager

        if self._manager is not None and self._manager.is_alive():
            return
        self.stop()
        manager = KernelManager(kernel_name=KERNEL["name"])
        manager.kernel_spec.argv = [sys.executable, "-m", "press.execution.kernel", "-f", "{connection_file}"]
        # The blocking client that belongs to this manager would wait for ever for what a dead kernel still has to say.
        manager.client_class = "press.execution.kernel_client.PromptClient"
        if runtime := os.environ.get("JUPYTER_RUNTIME_DIR"):
            manager.connection_file = str(Path(runtime) / f"kernel-{uuid.uuid4().hex}.json")
        options = "{'bbox_inches': None, 'metadata': {'Date': None}}"
        manager.start_kernel(
            extra_arguments=[
                f"--InlineBackend.print_figure_kwargs={options}",
                "--HistoryManager.enabled=False",
                "--log-level=ERROR",
            ],
            cwd=str(self.folder),
            env={
                **os.environ,
                "PYTHONHASHSEED": "0",
                "PYDEVD_DISABLE_FILE_VALIDATION": "1",
                NAMED: " ".join(self.preloaded),
            },
        )
        self._manager, self._is_used = manager, False

    def run(
        self,
        job: Job,
        on_cell: Callable[[int, int, Cell], None] | None = None,
        held: Mapping[int, tuple[dict, ...]] = MappingProxyType({}),
    ) -> tuple[Outputs, Facts | None]:
        """Execute the cells of a job in an empty namespace.

        Parameters
        ----------
        job
            What to execute.
        on_cell
            Called before each cell that is executed, with how many came before it, their number and the cell.
        held
            The outputs of cells that are not executed, by their index.

        Returns
        -------
        outputs
            For each cell its outputs.
        seen
            What the kernel was seen to read since it was started; None where something of it changed meanwhile.

        Raises
        ------
        WorkError
            If a cell raises, or the kernel dies: with file, line, label and exception.
        """
        import nbformat
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

        self.start()
        manager = self._manager
        cells = [nbformat.v4.new_code_cell(cell.code, id=f"cell-{i}") for i, cell in enumerate(job.cells)]
        notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
        client = NotebookClient(
            notebook,
            km=manager,
            timeout=None,
            # By default outputs that are 4 s late, on a busy machine, are left out without a word.
            iopub_timeout=OUTPUT_PATIENCE,
            raise_on_iopub_timeout=True,
            record_timing=False,
            coalesce_streams=True,
        )
        client.create_kernel_manager = lambda: manager
        current = None
        try:
            client.start_new_kernel_client()
            if self._is_used:
                _quietly(client.kc, _FORGET.replace("FOLDERS", repr(tuple(f"{folder}/" for folder in covered()))))
            self._is_used = True
            if refusal := _quietly(client.kc, _STYLE.replace("FORMATS", repr(set(job.figure_formats)))):
                raise WorkError(_style_failure(refusal, job))
            wanted = [index for index in range(len(cells)) if index not in held]
            for position, index in enumerate(wanted):
                cell, current = cells[index], job.cells[index]
                if on_cell:
                    on_cell(position, len(wanted), current)
                client.execute_cell(cell, index, execution_count=index + 1)
            read = _seen(client.kc, job)
        except CellExecutionError as error:
            raise WorkError(_failure(current, error)) from None
        except CellTimeoutError:
            self.stop()
            raise WorkError(
                f"{current.place}: the outputs of this cell did not arrive within {OUTPUT_PATIENCE} s: try again when "
                "the machine is less busy."
            ) from None
        except DeadKernelError:
            self.stop()
            if current is None:
                words = "the kernel died before the first cell ran: look at `doctor`."
                raise WorkError(f"{job.document.name}: {words}") from None
            label = f" ({current.label})" if current.label else ""
            raise WorkError(
                f"{current.place}{label}: the kernel died while this cell ran, perhaps for want of memory."
            ) from None
        finally:
            if client.kc is not None:
                client.kc.stop_channels()
        outputs = (
            held[index] if index in held else tuple(_clean(dict(output)) for output in cell.outputs)
            for index, cell in enumerate(cells)
        )
        return tuple(outputs), read


# In a kernel that has run before: forget its names and the project's modules, so that edits of helpers are seen.
_FORGET = """
get_ipython().run_line_magic("reset", "-f")
import sys as _sys
for _name, _module in list(_sys.modules.items()):
    if (getattr(_module, "__file__", "") or "").startswith(FOLDERS) and _name != "press.execution.watch":
        del _sys.modules[_name]
if "matplotlib.pyplot" in _sys.modules:
    _sys.modules["matplotlib.pyplot"].close("all")
del _sys, _name, _module
"""

# In one that was started a while ago too: matplotlib read its style when it was imported. What it finds wrong there it
# only logs, and each figure would have that among its outputs.
_STYLE = """
def _read_style():
    import logging
    import matplotlib
    class Refusal(logging.Handler):
        def emit(self, record):
            raise ValueError(record.getMessage())
    refusal = Refusal(logging.WARNING)
    logging.getLogger("matplotlib").addHandler(refusal)
    try:
        matplotlib.rc_file(matplotlib.matplotlib_fname())
    finally:
        logging.getLogger("matplotlib").removeHandler(refusal)
    from matplotlib_inline.config import InlineBackend
    InlineBackend.instance(parent=get_ipython()).figure_formats = FORMATS
_read_style()
del _read_style
"""


def _quietly(client: Any, code: str) -> str:
    """Execute code that shows nothing; return what it raised, or ''."""
    from jupyter_core.utils import run_sync

    execute = run_sync(client.execute_interactive)
    reply = execute(code, silent=True, store_history=False, timeout=60, output_hook=lambda message: None)
    return reply["content"].get("evalue", "")


def _seen(client: Any, job: Job) -> Facts | None:
    """Ask a kernel what its cells have read; None where something of it changed meanwhile."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("JUPYTER_RUNTIME_DIR") or None) as folder:
        path = Path(folder) / "seen.json"
        _quietly(client, f"__import__('press.execution.watch', fromlist=['WATCH']).WATCH.write({str(path)!r})")
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
    kept, accounted = job.kept
    reached = {name for name in source_facts(*job.modules) if name != WHOLE}
    names = {path.relative_to(job.place).as_posix() for path in job.beside if path.suffix != ".py"}
    try:
        return seen.facts(found, job.place, kept=kept, accounted={*accounted, *names}, reached=reached)
    except seen.Unsteady:
        return None


def _clean(output: dict) -> dict:
    """Drop what differs from run to run and nobody reads."""
    output = json.loads(json.dumps(output))
    output.pop("execution_count", None) if output.get("output_type") != "execute_result" else None
    data = output.get("data")
    if data and any(kind.startswith("image/") for kind in data):
        data.pop("text/plain", None)
    if data and "image/svg+xml" in data:
        svg = data["image/svg+xml"]
        data["image/svg+xml"] = svg if isinstance(svg, str) else "".join(svg)
    return output


def _style_failure(refusal: str, job: Job) -> str:
    """Say where matplotlib found something wrong in its style file."""
    place = (Path(job.document.name).parent / "matplotlibrc").as_posix()
    line = re.search(r"line (\d+)", refusal)
    return f"{place}{f':{line[1]}' if line else ''}: {' '.join(refusal.split())}"


_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def _failure(cell: Cell, error: Any) -> str:
    """Say where a cell failed: the deepest line of the cell itself that the traceback names."""
    trace = _ANSI.sub("", error.traceback or "")
    numbers = re.findall(r"^-*>\s*(\d+)\s", trace.split("File ")[0], flags=re.M) or re.findall(
        r"Cell In\[\d+\], line (\d+)", trace
    )
    place = cell.place
    if numbers and 1 <= int(numbers[0]) <= len(cell.lines):
        place = cell.lines[int(numbers[0]) - 1].place
    label = f" (cell {cell.label})" if cell.label else ""
    reason = (_ANSI.sub("", str(error.evalue)).strip().splitlines() or [""])[0]
    reason = re.sub(r" \(\d+\.py, line \d+\)$", "", reason)  # IPython's name for the cell, in a SyntaxError
    return f"{place}{label}: {error.ename}: {reason}"


def execute(
    job: Job,
    cache: OutputCache,
    kernel: Kernel,
    *,
    refresh: bool = False,
    on_cell: Callable[[int, int, Cell], None] | None = None,
) -> Execution:
    """Return a job's outputs, from the cache where nothing that they depend on has changed.

    Parameters
    ----------
    job
        What to execute.
    cache
        Where outputs are kept.
    kernel
        A kernel to use, which is started if it must be and left running.
    refresh
        Execute though nothing changed.
    on_cell
        Called before each cell that is executed.
    """
    found = None if refresh else cache.load(job)
    if found is None:
        job.facts()  # as they are before anything runs
        held, before = ({}, {}) if refresh else cache.held(job)
        is_fresh = kernel.is_fresh
        outputs, read = kernel.run(job, on_cell, held)
        read = None if read is None else seen.both(before if held else {}, read)
        found = Execution(outputs, ran=True, is_whole=is_fresh and not held, seen=read)
        if read is not None and job.holds():  # else nobody knows which of two states the cells have seen
            cache.save(job, replace(found, ran=False), in_parts=bool(held))
    by_cell = dict(zip((id(cell) for cell in job.cells), found.outputs, strict=True))
    return replace(found, outputs=tuple(by_cell.get(id(cell), ()) for cell in job.document.cells))
