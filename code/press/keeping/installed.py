"""Which packages are installed in which versions, read from their metadata without importing anything."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sys
from pathlib import Path

HEAD = 1000
"""Characters of a description in which its version stands."""


@functools.cache
def _folders() -> dict[str, Path]:
    """Return the folder that describes a distribution, by the distribution's name; the first one found is in force."""
    found: dict[str, Path] = {}
    for place in dict.fromkeys(path for path in sys.path if path.endswith(("site-packages", "dist-packages"))):
        with contextlib.suppress(OSError):
            for folder in sorted(Path(place, name) for name in os.listdir(place)):
                if folder.suffix in (".dist-info", ".egg-info"):
                    found.setdefault(_plain(folder.stem.partition("-")[0]), folder)
    return found


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@functools.cache
def _owners() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, folder in _folders().items():
        for top in _modules(folder):
            found[top] = (*found.get(top, ()), name)
    return found


def _modules(folder: Path) -> set[str]:
    tops = _text(folder / "top_level.txt").split() or _TOP.findall(_text(folder / "RECORD"))
    return set(tops) - {"__pycache__"}


_TOP = re.compile(r"^(\w+)(?:/|\.[^/,]*(?:py|so|pyd),)", re.M)
"""The name of a package's folder, or of a module that is one file, at the beginning of a line of a ``RECORD``."""


def _text(path: Path, characters: int = -1) -> str:
    with contextlib.suppress(OSError), path.open(encoding="utf-8", errors="replace") as file:
        return file.read(characters)
    return ""


@functools.cache
def version(name: str) -> str:
    """Return the version of a distribution; '' if it is not installed. ``python`` is the interpreter."""
    if name == "python":
        return sys.version.split()[0]
    folder = _folders().get(_plain(name))
    head = "" if folder is None else _text(folder / "METADATA", HEAD) or _text(folder / "PKG-INFO", HEAD)
    found = re.search(r"^Version: *(\S+)", head, flags=re.M)
    return found[1] if found else ""


def owners(module: str) -> tuple[str, ...]:
    """Name the distributions that a top-level module belongs to."""
    return _owners().get(module, ())


def modules(name: str) -> set[str]:
    """Name the top-level modules of a distribution; none if it is not installed."""
    folder = _folders().get(_plain(name))
    return set() if folder is None else _modules(folder)
