"""Compares the report's fonts with the checksums that lie beside them: with other fonts the PDF has other bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

SUMS = "SHA256SUMS"
SUFFIXES = (".otf", ".ttf")


def problems(folder: Path) -> list[str]:
    """Say what is wrong with a folder of fonts, each as words that follow "the fonts:"; empty if nothing is.

    Parameters
    ----------
    folder
        The folder, with a file ``SHA256SUMS`` that names each font.

    Raises
    ------
    OSError
        If a file is there and cannot be read.
    """
    sums = folder / SUMS
    if not sums.is_file():
        return [f"{SUMS} is missing"]
    lines = (line.partition("  ") for line in sums.read_text(encoding="utf-8").splitlines())
    expected = {name.strip(): checksum for checksum, _, name in lines if name.strip()}
    there = {path.name: path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES}
    found = [f"{name} is missing" for name in sorted(expected.keys() - there.keys())]
    found += [f"{name} is not one of the report's" for name in sorted(there.keys() - expected.keys())]
    for name in sorted(expected.keys() & there.keys()):
        if hashlib.sha256(there[name].read_bytes()).hexdigest() != expected[name]:
            found.append(f"{name} has another content than it should have")
    return found
