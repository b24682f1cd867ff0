"""Compares the files of a folder with the ``SHA256SUMS`` that lies beside them."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from pathlib import Path

SUMS = "SHA256SUMS"


def expected(folder: Path) -> dict[str, str]:
    """Read the checksum of each file that ``SHA256SUMS`` names."""
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    pairs = (line.strip().partition(" ") for line in lines)
    return {name.strip().removeprefix("*"): checksum for checksum, _, name in pairs if name}


def problems(folder: Path, suffixes: tuple[str, ...] = ()) -> list[str]:
    """Say what is wrong with the files of a folder; empty if nothing is.

    Parameters
    ----------
    folder
        The folder. A file may be compressed with gzip: then the checksum is that of its content.
    suffixes
        Endings of files that must all be named in ``SHA256SUMS``.

    Raises
    ------
    OSError
        If a file is there and cannot be read.
    """
    if not (folder / SUMS).is_file():
        return [f"{SUMS} is missing"]
    wanted = expected(folder)
    found = [problem for name in sorted(wanted) if (problem := _problem(folder, name, wanted[name]))]
    there = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in suffixes)
    return found + [f"{name} is not one of the report's" for name in there if name not in wanted]


def _problem(folder: Path, name: str, checksum: str) -> str | None:
    plain, packed = folder / name, folder / f"{name}.gz"
    path = plain if plain.is_file() else packed
    if not path.is_file():
        return f"{name} is missing"
    try:
        with path.open("rb") if path == plain else gzip.open(path) as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return f"{name} is damaged"
    return None if found == checksum else f"{name} has another content than it should have"
