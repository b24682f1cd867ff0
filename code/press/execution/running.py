"""Runs a document's cells in a Jupyter kernel, and says what they were seen to read."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from handin.errors import WorkError
from handin.notebook.reading import text_of
from handin.text import without_colours
from press.execution import seen
from press.execution.job import KERNEL, Job, Outputs
from press.execution.kernel import NAMED
from press.execution.waiting import had_to_wait, placeholder
from press.keeping.facts import Facts
from press.keeping.kept import setting_unmade
from press.source.qmd import Cell

OUTPUT_PATIENCE = 120
"""Seconds that a cell's outputs may be behind its end."""


class Kernel:
    """A Jupyter kernel that executes documents, kept alive as long as the object is in use."""

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
        assert manager.kernel_spec is not None, "ipykernel is installed"
        manager.kernel_spec.argv = [sys.executable, "-m", "press.execution.kernel", "-f", "{connection_file}"]
        # The blocking client that belongs to this manager would wait for ever for what a dead kernel still has to say.
        manager.client_class = "press.execution.kernel_client.PromptClient"
        if runtime := os.environ.get("JUPYTER_RUNTIME_DIR"):
            manager.connection_file = str(Path(runtime) / f"kernel-{uuid.uuid4().hex}.json")
        options = "{'bbox_inches': 'tight', 'metadata': {'Date': None}}"
        manager.start_kernel(
            extra_arguments=[
                f"--InlineBackend.print_figure_kwargs={options}",
                "--HistoryManager.enabled=False",
                "--log-level=ERROR",
            ],
            cwd=str(self.folder),
            stderr=subprocess.DEVNULL,  # what goes there is among the outputs too
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
        held: Mapping[int, tuple[dict[str, Any], ...]] = MappingProxyType({}),
    ) -> tuple[Outputs, Facts]:
        """Execute the cells of a job in an empty namespace, but for those whose outputs are `held`, by their index.

        Returned are the outputs of each cell, and what the kernel was seen to read since it was started. `on_cell` is
        called before each cell that is executed, with how many came before it, their number and the cell.

        Raises
        ------
        WorkError
            If a cell raises, or the kernel dies: with file, line, label and exception.
        """
        from nbclient.exceptions import DeadKernelError

        self.start()
        client, unbound = self._client(job), set[str]()
        wanted = [index for index in range(len(job.cells)) if index not in held]
        current: Cell | None = None
        size: tuple[Any, ...] = (None, None, None)
        try:
            client.start_new_kernel_client()
            self._make_ready(client.kc, job)
            for position, index in enumerate(wanted):
                current = job.cells[index]
                if on_cell:
                    on_cell(position, len(wanted), current)
                if size != current.figure_size:
                    size = current.figure_size
                    _quietly(client.kc, _SIZE.replace("SIZE", repr(size)))
                self._execute(client, index, job, unbound)
            read = _seen(client.kc, job)
        except DeadKernelError:
            self.stop()
            raise WorkError(_death(job, current)) from None
        finally:
            if client.kc is not None:
                client.kc.stop_channels()
        outputs = (tuple(_joined(map(_clean, cell.outputs))) for cell in client.nb.cells)
        return tuple(held.get(index, made) for index, made in enumerate(outputs)), read

    def _client(self, job: Job) -> Any:
        """Return what executes the cells of a job in this kernel, one by one."""
        import nbformat
        from nbclient import NotebookClient

        cells = []
        for index, cell in enumerate(job.cells):
            metadata = {"tags": ["raises-exception"]} if cell.options.get("error") else {}
            cells.append(nbformat.v4.new_code_cell(cell.code, id=f"cell-{index}", metadata=metadata))
        return NotebookClient(
            nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL}),
            km=self._manager,
            timeout=None,
            # By default outputs that are 4 s late, on a busy machine, are left out without a word.
            iopub_timeout=OUTPUT_PATIENCE,
            raise_on_iopub_timeout=True,
            record_timing=False,
        )

    def _make_ready(self, client: Any, job: Job) -> None:
        """Let the kernel forget what it executed before, read its style, and know what is being made."""
        if self._is_used:
            _quietly(client, _FORGET)
        self._is_used = True
        if refusal := _quietly(client, _STYLE.replace("FORMATS", repr(set(job.figure_formats)))):
            raise WorkError(_style_failure(refusal, job))
        _quietly(client, setting_unmade(job.unmade))

    def _execute(self, client: Any, index: int, job: Job, unbound: set[str]) -> None:
        """Execute a cell; what it shows is a placeholder where it reads what is being made."""
        import nbformat
        from nbclient.exceptions import CellExecutionError, CellTimeoutError

        own, cell = job.cells[index], client.nb.cells[index]
        try:
            client.execute_cell(cell, index, execution_count=index + 1)
        except CellExecutionError as error:
            if not job.unmade or not had_to_wait(error.ename, error.evalue, own, unbound):
                raise WorkError(_failure(own, error, job.place)) from None
            cell.outputs = [nbformat.from_dict(placeholder(own.label))]
        except CellTimeoutError:
            self.stop()
            raise WorkError(
                f"{own.place}: the outputs of this cell did not arrive within {OUTPUT_PATIENCE} s: try again when "
                "the machine is less busy."
            ) from None


# In a kernel that has run before: forget its names, and the modules that an edit may reach.
_FORGET = """
def _forget():
    import sys
    from press.execution.beginning import BEGINNING
    get_ipython().run_line_magic("reset", "-f")
    BEGINNING.restore()
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
_forget()
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


# Before a cell that asks for another size of figures than the one before.
_SIZE = """
def _set_size(width, height, dpi):
    from matplotlib import rcParams, rcParamsOrig as usual
    rcParams["figure.figsize"] = [width or usual["figure.figsize"][0], height or usual["figure.figsize"][1]]
    rcParams["figure.dpi"] = dpi or usual["figure.dpi"]
_set_size(*SIZE)
del _set_size
"""


def _quietly(client: Any, code: str) -> str:
    """Execute code that shows nothing; return what it raised, or ''."""
    from jupyter_core.utils import run_sync

    execute = run_sync(client.execute_interactive)
    reply = execute(code, silent=True, store_history=False, timeout=60, output_hook=lambda message: None)
    return str(reply["content"].get("evalue", ""))


def _seen(client: Any, job: Job) -> Facts:
    """Ask a kernel what its cells have read."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("JUPYTER_RUNTIME_DIR") or None) as folder:
        path = Path(folder) / "seen.json"
        _quietly(client, f"__import__('press.execution.watch', fromlist=['WATCH']).WATCH.write({str(path)!r})")
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return seen.UNKNOWN
    kept, accounted = job.kept
    names = {path.relative_to(job.place).as_posix() for path in job.beside if path.suffix != ".py"}
    return seen.facts(found, job.place, kept=kept, accounted={*accounted, *names}, reached=job.module_files)


def _clean(output: dict[str, Any]) -> dict[str, Any]:
    """Drop what differs from run to run and nobody reads."""
    output = json.loads(json.dumps(output))
    if output["output_type"] != "execute_result":
        output.pop("execution_count", None)
    data = output.get("data")
    if data and any(kind.startswith("image/") for kind in data):
        data.pop("text/plain", None)
    if data and "image/svg+xml" in data:
        data["image/svg+xml"] = text_of(data["image/svg+xml"])
    return output


def _joined(outputs: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Make one output of what was printed to a stream between two other outputs.

    How many pieces it comes in, and which of the two streams comes first, differs from run to run.
    """
    for is_stream, group in itertools.groupby(outputs, lambda output: output["output_type"] == "stream"):
        run = list(group)
        if not is_stream:
            yield from run
            continue
        for name in ("stdout", "stderr"):
            if pieces := [output for output in run if output["name"] == name]:
                text = "".join(text_of(output["text"]) for output in pieces)
                yield {**pieces[0], "text": _OVERWRITTEN.sub("", text)}


_OVERWRITTEN = re.compile(r".*\r(?=[^\n])")
"""What stands before a carriage return in its line."""


def _style_failure(refusal: str, job: Job) -> str:
    """Say where matplotlib found something wrong in its style file."""
    place = (Path(job.document.name).parent / "matplotlibrc").as_posix()
    line = re.search(r"line (\d+)", refusal)
    return f"{place}{f':{line[1]}' if line else ''}: {' '.join(refusal.split())}"


def _death(job: Job, cell: Cell | None) -> str:
    if cell is None:
        return f"{job.document.name}: the kernel died before the first cell ran: look at `doctor`."
    label = f" ({cell.label})" if cell.label else ""
    return f"{cell.place}{label}: the kernel died while this cell ran, perhaps for want of memory."


def _failure(cell: Cell, error: Any, root: Path) -> str:
    """Say where a cell failed: the deepest line of the cell itself, and of the project's modules, in the traceback."""
    trace = without_colours(error.traceback or "")
    numbers = re.findall(r"^-*>\s*(\d+)\s", trace.split("File ")[0], flags=re.M) or re.findall(
        r"Cell In\[\d+\], line (\d+)", trace
    )
    place = cell.place
    if numbers and 1 <= int(numbers[0]) <= len(cell.lines):
        place = cell.lines[int(numbers[0]) - 1].place
    label = f" (cell {cell.label})" if cell.label else ""
    name, words = str(error.ename), str(error.evalue)
    if name == "NoneType" and (told := re.findall(r"^([A-Za-z_][\w.]*): ?(.*)$", trace, flags=re.M)):
        name, words = told[-1]  # raised as a value was shown, where IPython names no exception
    reason = (without_colours(words).strip().splitlines() or [""])[0]
    reason = re.sub(r"^\[Errno \d+\] ", "", reason)
    reason = re.sub(r" \(\d+\.py, line \d+\)$", "", reason)  # IPython's name for the cell, in a SyntaxError
    frames = re.findall(r"^File (.+?:\d+), in ", trace, flags=re.M)
    if name == "AssertionError":
        frames = []  # what a claim says is enough
    own = [where for frame in frames if (where := _own(frame, root))]
    return f"{place}{label}: {name}: {reason}{f' ({own[-1]})' if own else ''}"


def _own(frame: str, root: Path) -> str | None:
    """Name a frame's file and line from the project's folder; None if it is a library's."""
    path = Path(os.path.abspath(os.path.expanduser(frame)))
    inside = path.is_relative_to(root) and not {"site-packages", "dist-packages"} & set(path.parts)
    return path.relative_to(root).as_posix() if inside else None
