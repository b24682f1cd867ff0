"""Reads the files ``SHA256SUMS`` that lie beside data and fonts."""

from __future__ import annotations

from pathlib import Path

from handin.errors import InputError

SUMS = "SHA256SUMS"


def recorded(folder: Path) -> dict[str, str]:
    """Return the digest of each file that a folder's ``SHA256SUMS`` names.

    Raises
    ------
    InputError
        If it is missing, or a line is no digest and name.
    """
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise InputError(f"{SUMS} is missing") from None
    try:
        pairs = [line.split(maxsplit=1) for line in lines if line.strip()]
        return {name.strip().lstrip("*"): digest for digest, name in pairs}
    except ValueError:
        raise InputError(f"{SUMS}: each line must be a SHA-256 digest and a file's name") from None
