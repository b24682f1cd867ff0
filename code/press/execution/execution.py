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
import uuid
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from handin.errors import WorkError
from press.execution import reuse
from press.keeping.digests import covered, digest, imported_modules, normalised, package_versions, source_digest
from press.source.qmd import Cell, Document

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}

OUTPUT_PATIENCE = 120
"""Seconds that a cell's outputs may be behind its end."""

EXECUTION_PACKAGES = ("ipykernel", "matplotlib", "numpy", "sympy", "ipython")
"""Packages whose version may change what a cell shows."""

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
    """

    outputs: Outputs
    ran: bool
    is_whole: bool


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
        What else the outputs depend on: settings, kept results, data; anything that can be written as JSON.
    """

    document: Document
    folder: Path
    figure_formats: tuple[str, ...]
    inputs: Mapping[str, Any]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells that are executed."""
        return tuple(cell for cell in self.document.cells if cell.options.get("eval", True))

    def dependencies(self) -> dict[str, str]:
        """Digest each kind of thing that the outputs depend on, by its name for people, as it is when first asked."""
        return self._first_found

    def holds(self) -> bool:
        """Whether `dependencies` are still what they were when they were first asked for."""
        return self._found() == self._first_found

    @functools.cached_property
    def _first_found(self) -> dict[str, str]:
        return self._found()

    def _found(self) -> dict[str, str]:
        modules = imported_modules_of(self.cells)
        style = self.folder / "matplotlibrc"
        return {
            "cells": digest([_normalised(cell.code) for cell in self.cells]),
            "code": source_digest(*modules),
            "style": digest(style.read_bytes() if style.is_file() else "", list(self.figure_formats)),
            "packages": digest(package_versions(*EXECUTION_PACKAGES)),
            **{name: digest(value) for name, value in self.inputs.items()},
        }


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


def _cache_notebook(job: Job, outputs: Outputs | None = None) -> Any:
    import nbformat

    key = digest({k: v for k, v in job.dependencies().items() if k != "cells"})
    sources = [f"inputs = {key!r}", *(_normalised(cell.code) for cell in job.cells)]
    cells = []
    for index, source in enumerate(sources):
        cell = nbformat.v4.new_code_cell(source, id=f"cell-{index}")
        if outputs is not None and index:
            cell.outputs = [nbformat.from_dict(output) for output in outputs[index - 1]]
            cell.execution_count = index
        cells.append(cell)
    metadata = {"kernelspec": KERNEL}
    if outputs is not None:
        code = [{"code": cell.code, "chapter": cell.chapter} for cell in job.cells]
        metadata["press"] = {"code": code, "checksum": _checksum([code, outputs])}
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
            if last.dependencies() == job.dependencies():
                return execution
        found = self.whole.load(job) if self.whole is not None else None
        if found is None:
            outputs = self._looked_up(lambda cache: _match(cache, job))
            found = None if outputs is None else Execution(outputs, ran=False, is_whole=self.whole is None)
        if found is not None:
            self._remember(job, found)
        return found

    def held(self, job: Job) -> dict[int, tuple[dict, ...]]:
        """Return what is kept of a job's outputs and still holds, by the cell's index, though cells were edited.

        Nothing where anything but the cells has changed, nor in the cache of what was executed as a whole.
        """
        if self.whole is None:
            return {}
        if self._memory is not None and job.document.name in self._memory:
            last, execution = self._memory[job.document.name]
            if last.dependencies() | {"cells": None} != job.dependencies() | {"cells": None}:
                return {}
            before, outputs = last.cells, execution.outputs
        else:
            lately = (cache._looked_up(lambda opened: _latest(opened, job)) for cache in (self, self.whole))
            found = max(filter(None, lately), key=lambda each: each[0], default=None)
            if found is None:
                return {}
            _, before, outputs = found
        return {index: outputs[earlier] for index, earlier in reuse.still_valid(before, job.cells).items()}

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
            self._write(job, execution.outputs)

    def _write(self, job: Job, outputs: Outputs) -> None:
        from jupyter_cache.base import CacheBundleIn

        try:
            bundle = CacheBundleIn(_cache_notebook(job, outputs), Path(job.document.name).as_posix())
            self._open().cache_notebook_bundle(bundle, check_validity=False, overwrite=True, description="")
        except Exception as error:
            warnings.warn(f"The executed cells could not be kept ({type(error).__name__}).", stacklevel=2)

    def _set_aside(self, reason: str) -> None:
        aside = self.folder.with_name(self.folder.name + ".damaged")
        shutil.rmtree(aside, ignore_errors=True)
        os.replace(self.folder, aside)
        warnings.warn(f"The execution cache was damaged ({reason}): it is set aside and made anew.", stacklevel=3)


def _match(cache: Any, job: Job) -> Outputs | None:
    """Find the outputs of just these cells with these dependencies."""
    try:
        record = cache.match_cache_notebook(_cache_notebook(job))
    except KeyError:
        return None
    return _kept(cache.get_cache_bundle(record.pk).nb)[1]


def _latest(cache: Any, job: Job) -> tuple[Any, tuple[reuse.Known, ...], Outputs] | None:
    """Find the last execution of a document with the dependencies that it has now, whatever its cells were.

    Returns
    -------
    when, cells, outputs
        When it was kept, the cells as they were then, and what they showed; or None.
    """
    name, first = Path(job.document.name).as_posix(), _cache_notebook(job).cells[0].source
    records = [record for record in cache.list_cache_records() if record.uri == name]
    for record in sorted(records, key=lambda record: record.created, reverse=True):
        notebook = cache.get_cache_bundle(record.pk).nb
        if notebook.cells[0].source != first:
            continue
        return record.created, *_kept(notebook)
    return None


def _kept(notebook: Any) -> tuple[tuple[reuse.Known, ...], Outputs]:
    """Read the cells of a kept notebook, and what they showed."""
    outputs = tuple(tuple(json.loads(json.dumps(output)) for output in cell.outputs) for cell in notebook.cells[1:])
    kept = notebook.metadata["press"]
    if kept["checksum"] != _checksum([kept["code"], outputs]) or len(kept["code"]) != len(outputs):
        raise ValueError("the outputs do not match their checksum")
    return tuple(reuse.Known(**known) for known in kept["code"]), outputs


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
    """

    def __init__(self, folder: Path):
        self.folder = folder
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
            env={**os.environ, "PYTHONHASHSEED": "0", "PYDEVD_DISABLE_FILE_VALIDATION": "1"},
        )
        self._manager, self._is_used = manager, False

    def run(
        self,
        job: Job,
        on_cell: Callable[[int, int, Cell], None] | None = None,
        held: Mapping[int, tuple[dict, ...]] = MappingProxyType({}),
    ) -> Outputs:
        """Execute the cells of a job in an empty namespace.

        Parameters
        ----------
        job
            What to execute.
        on_cell
            Called before each cell that is executed, with how many came before it, their number and the cell.
        held
            The outputs of cells that are not executed, by their index.

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
        return tuple(
            held[index] if index in held else tuple(_clean(dict(output)) for output in cell.outputs)
            for index, cell in enumerate(cells)
        )


# In a kernel that has run before: forget its names and the project's modules, so that edits of helpers are seen.
_FORGET = """
get_ipython().run_line_magic("reset", "-f")
import sys as _sys
[_sys.modules.pop(n) for n, m in list(_sys.modules.items()) if (getattr(m, "__file__", "") or "").startswith(FOLDERS)]
if "matplotlib.pyplot" in _sys.modules:
    _sys.modules["matplotlib.pyplot"].close("all")
del _sys
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
        job.dependencies()  # as they are before anything runs
        held = {} if refresh else cache.held(job)
        is_fresh = kernel.is_fresh
        found = Execution(kernel.run(job, on_cell, held), ran=True, is_whole=is_fresh and not held)
        if job.holds():  # else nobody knows which of two states the cells have seen
            cache.save(job, replace(found, ran=False), in_parts=bool(held))
    by_cell = dict(zip((id(cell) for cell in job.cells), found.outputs, strict=True))
    return replace(found, outputs=tuple(by_cell.get(id(cell), ()) for cell in job.document.cells))
