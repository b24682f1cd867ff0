"""Lets Quarto render a document."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from handin.errors import InputError, WorkError
from press.keeping.kept import write_if_changed
from press.keeping.lock import HELD
from press.project import Project
from press.source import qmd
from press.typesetting.pandoc import said


def program() -> str:
    """Find Quarto: on the PATH, or beside the Python that runs; raise `InputError` if it is not installed."""
    beside = Path(sys.executable).with_name("quarto")
    found = shutil.which("quarto") or (str(beside) if beside.is_file() else None)
    if found is None:
        raise InputError("Quarto is not installed: leave out '--with quarto', or install Quarto 1.10 or later.")
    return found


def discard(project: Project) -> None:
    """Remove what Quarto made from earlier sources: a render that fails would leave it, and it would look current."""
    for document in project.report.documents:
        path = project.output / Path(document.path).with_suffix(".pdf")
        if path.parent != project.output:  # else it may be one that is handed in
            with contextlib.suppress(OSError):
                path.unlink()
                path.parent.rmdir()


def forget_cells(project: Project, key: str) -> None:
    """Empty Quarto's cache of executed cells when something changed that its own key, their text, does not hold.

    An include with a digest would come too late: Quarto expands includes before it calls the pre-render script.
    `key` is the digest of what the cells depend on beside their text, as the built-in renderer knows it.
    """
    cache, stamp = project.cache / "quarto", project.quarto_stamp
    if cache.is_dir() and (not stamp.is_file() or stamp.read_text() != key):
        shutil.rmtree(cache, ignore_errors=True)
    write_if_changed(stamp, key.encode())


def pdf(project: Project, document: qmd.Document, digest: str, *, refresh: bool) -> bytes:
    """Let Quarto render a document, and take the PDF that it leaves; the PDF carries `digest` as that of its sources.

    Quarto is told the folder: else it writes beside a document that belongs to no project, or where the project says.

    Raises
    ------
    WorkError
        If Quarto fails, with what it says.
    """
    folder = project.output.relative_to(project.root).as_posix()
    command = [program(), "render", document.name, "--output-dir", folder, "-M", f"digest:{digest}"]
    command += ["--cache-refresh"] if refresh else []
    environment = {
        **os.environ,
        "QUARTO_PYTHON": sys.executable,
        "JUPYTERCACHE": str(project.cache / "quarto"),
        HELD: "1",
    }
    name = str(document.options.get("output-file") or document.path.stem).removesuffix(".pdf")
    path = (project.output / document.name).with_name(f"{name}.pdf")
    earlier = path.read_bytes() if path.is_file() else None  # of a document in the project's folder: what was made last
    path.unlink(missing_ok=True)
    try:
        done = subprocess.run(command, cwd=project.root, env=environment, capture_output=True, text=True, check=False)
        if done.returncode or not path.is_file():
            raise WorkError(f"Quarto failed: {said(done.stderr) or 'it made no PDF'}")
        return path.read_bytes()
    finally:
        path.unlink(missing_ok=True)
        if earlier is not None:
            write_if_changed(path, earlier)
        else:
            with contextlib.suppress(OSError):
                path.parent.rmdir()
