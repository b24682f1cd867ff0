"""Says beside the files of an earlier build that they are not current."""

from __future__ import annotations

import contextlib
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from handin.errors import WorkError
from handin.findings import Refused
from press.currency import forget
from press.keeping.kept import hindered, write_atomically
from press.project import Project

MARKER = "NOT-CURRENT.txt"
"""Lies beside older files during a build and after a failed one, and names them."""

MARKED = "From an earlier build, and not current"
"""How the marker begins, before the names of the files."""


def mark(project: Project, why: str, names: list[str] | None = None) -> None:
    """Say beside the files of an earlier build that they are not current, and why.

    Without `names` these are all that are there, and then none of them counts as made from these sources.
    """
    path = project.output / MARKER
    with contextlib.suppress(OSError):
        if names is None:
            forget(project)
            names = sorted(found.name for found in project.output.glob("*") if found.name != MARKER)
        if not names:
            return
        text = f"{MARKED}: {', '.join(names)}\n{why}\n"
        try:
            write_atomically(path, text.encode())
        except WorkError:
            path.touch()  # on a full disk there is room for a name


def why_marked(project: Project, name: str) -> str:
    """Say why a file of the output folder is from an earlier build than the last one; '' if it is not."""
    try:
        text = (project.output / MARKER).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    first, _, why = text.strip().partition("\n")
    if name not in first and first.startswith(MARKED):
        return ""
    return why or "The last build failed, was stopped, or is still running."


def unmark(project: Project, zip_name: str, contents: Mapping[str, bytes]) -> None:
    """Take the mark away after a build that made `contents`, but for files that do not belong to them."""
    (project.output / MARKER).unlink(missing_ok=True)
    older = []
    for path in project.output.iterdir():
        if path.suffix not in (".pdf", ".ipynb", ".zip") or path.name in contents:
            continue
        if path.name != zip_name or sums_in(path) != {name: sums_of(content) for name, content in contents.items()}:
            older.append(path.name)
    if older:
        mark(project, "The last build did not make them anew.", sorted(older))


def sums_in(path: Path) -> dict[str, tuple[int, int]]:
    """Return the size and the checksum of each file in a zip; none if it cannot be read."""
    with contextlib.suppress(OSError, ValueError, zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
        return {entry.filename: (entry.file_size, entry.CRC) for entry in archive.infolist()}
    return {}


def sums_of(content: bytes) -> tuple[int, int]:
    """Return the size and the checksum that a file with this content has in a zip."""
    return len(content), zlib.crc32(content)


def reason_of(failure: BaseException) -> str:
    """Say in words why a build failed."""
    reason = hindered(failure) if isinstance(failure, OSError) else str(failure)
    reason = reason or ("it was interrupted" if isinstance(failure, KeyboardInterrupt) else type(failure).__name__)
    findings = failure.findings if isinstance(failure, Refused) else ()
    return "\n".join([reason, *(f"  {finding}" for finding in findings)])
