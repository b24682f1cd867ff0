"""Lets Quarto render a document."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from handin.errors import InputError, WorkError
from press.keeping.lock import HELD
from press.project import Project
from press.report import Document


def program() -> str:
    """Find Quarto: on the PATH, or beside the Python that runs.

    Raises
    ------
    InputError
        If it is not installed.
    """
    beside = Path(sys.executable).with_name("quarto")
    found = shutil.which("quarto") or (str(beside) if beside.is_file() else None)
    if found is None:
        raise InputError("Quarto is not installed: leave out '--with quarto', or install Quarto 1.10 or later.")
    return found


def pdf(project: Project, document: Document, digest: str, *, refresh: bool) -> bytes:
    """Let Quarto render a document, and take the PDF that it leaves.

    Parameters
    ----------
    project, document
        What is rendered.
    digest
        What the PDF carries as the digest of its sources.
    refresh
        Whether cells are executed though nothing changed.

    Raises
    ------
    WorkError
        If Quarto fails, with what it says.
    """
    command = [program(), "render", document.path, "-M", f"digest:{digest}"]
    command += ["--cache-refresh"] if refresh else []
    environment = {
        **os.environ,
        "QUARTO_PYTHON": sys.executable,
        "JUPYTERCACHE": str(project.cache / "quarto"),
        HELD: "1",
    }
    done = subprocess.run(command, cwd=project.root, env=environment, capture_output=True, text=True, check=False)
    stem = Path(document.path).with_suffix(".pdf")
    path = next((made for made in (project.output / stem, project.output / stem.name) if made.is_file()), None)
    if done.returncode or path is None:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if "ERROR" in line] or lines[-3:] or ["it made no PDF"]
        raise WorkError(f"Quarto failed: {' '.join(errors)[:600]}")
    content = path.read_bytes()
    path.unlink()
    with contextlib.suppress(OSError):
        (project.output / stem).parent.rmdir()
    return content
