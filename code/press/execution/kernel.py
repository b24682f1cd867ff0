"""Starts the kernel in which documents are executed: IPython's own, made ready sooner.

It has no debugger, whose import takes a fifth of the start, and it imports the packages that documents use before the
first cell asks for them: whoever starts the kernel goes on with something else meanwhile. No code of the project is
imported here but what watches it, since it may be edited before the first cell runs.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
from pathlib import Path

from press.execution.beginning import BEGINNING
from press.execution.watch import WATCH

PRELOADED = {
    "numpy": ("numpy",),
    "matplotlib": ("matplotlib.figure", "matplotlib.mathtext", "matplotlib.backends.backend_svg"),
    "sympy": ("sympy",),
}
"""What is imported ahead for documents that name a package, where it is installed."""

NAMED = "PRESS_PRELOADED"
"""Set for a kernel: the packages that its documents name."""


def main() -> None:
    """Start a kernel with the arguments of ``python -m ipykernel``, and serve until it is ended."""
    if Path(sys.path[0]) == Path.cwd():
        del sys.path[0]  # IPython puts it back once it is loaded
    sys.modules["debugpy"] = None  # type: ignore[assignment] # counts as not installed
    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance()
    app.initialize()
    WATCH.install()
    assert app.shell is not None, "it is there once the kernel is initialised"
    app.shell.events.register("pre_run_cell", lambda info: WATCH.cell(info.raw_cell))
    for name in [module for package in os.environ.get(NAMED, "").split() for module in PRELOADED[package]]:
        with contextlib.suppress(ImportError):  # the cell that needs it will say so
            importlib.import_module(name)
    BEGINNING.note()
    gc.collect()
    gc.freeze()  # what has been imported stays: to look through it at each collection takes a tenth of the time
    app.start()


if __name__ == "__main__":
    main()
