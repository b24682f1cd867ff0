"""Why a kept result is not current: each result is kept with the facts that it follows from, and these are compared.

A fact has a name for people and a value: a digest, or a mapping of entries (files, packages, modules) to digests.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Iterable, Mapping
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

Facts = Mapping[str, Any]

MOST = 4
"""Entries of one fact that are named one by one."""


def reasons(kept: Facts | None, now: Facts) -> tuple[str, ...]:
    """Say in words why what was made from the facts `kept` is not current now; nothing if it is.

    `kept` is None if the result was never made.
    """
    if kept is None:
        return ("never made",)
    return tuple(reason for name in dict.fromkeys((*now, *kept)) for reason in _reasons(name, kept, now))


def _reasons(name: str, kept: Facts, now: Facts) -> tuple[str, ...]:
    before, after = kept.get(name), now.get(name)
    if before == after:
        return ()
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return (f"its {name} changed",)
    entries = sorted(entry for entry in {*before, *after} if before.get(entry) != after.get(entry))
    if len(entries) > MOST:
        return (f"{len(entries)} of its {name} changed",)
    return tuple(_entry(entry, before.get(entry), after.get(entry), name) for entry in entries)


def _entry(entry: str, before: Any, after: Any, name: str) -> str:
    if name == "packages":
        return f"{entry} is {after or 'not installed'}, it was {before or 'not installed'}"
    return f"{entry} {'is new' if before is None else 'is gone' if after is None else 'changed'}"


Stamp = tuple[int, int, int, int]
"""A file's size, its times of change (of the content, and of anything), and its number."""

TICK = 50_000_000
"""Nanoseconds: two changes within one tick of the system's clock have the same time."""

_known: dict[str, tuple[Stamp, str]] = {}


def stamp(path: str | Path) -> Stamp | None:
    """Return what is another one after each change of a file, whatever its author sets; None if there is no file."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    # A time of change can be set by anybody; that of the file's entry cannot.
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def listing(folder: str | Path) -> list[str] | None:
    """Name what a folder holds but for what is hidden; None if there is no such folder, or it cannot be read."""
    try:
        return sorted(name for name in os.listdir(folder) if not name.startswith((".", "__pycache__")))
    except OSError:
        return None


def forget_bytecode(path: str | Path) -> None:
    """Remove what Python compiled of a module before its last change.

    Python compares its size and the second of its time, and would go on with what was there before.
    """
    with contextlib.suppress(OSError, NotImplementedError):
        compiled = cache_from_source(path)
        if os.stat(compiled).st_mtime_ns <= os.stat(path).st_ctime_ns:
            os.unlink(compiled)


def file_digest(path: Path) -> str | None:
    """Digest a file's content, once as long as its stamp stays; None if there is no such file, or it cannot be read."""
    now, name = stamp(path), os.path.abspath(path)
    if now is None or not os.path.isfile(name):
        return None
    if name in _known and _known[name][0] == now:
        return _known[name][1]
    try:
        with open(name, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
    if time.time_ns() - now[2] > TICK:
        _known[name] = now, found
    return found


def stamps(paths: Iterable[Path]) -> dict[str, list[Any]]:
    """Return the stamps and digests of large files, which `trust` takes in another process."""
    names = [os.path.abspath(path) for path in paths if file_digest(path) is not None]
    return {name: [list(_known[name][0]), _known[name][1]] for name in names if name in _known}


def trust(kept: Mapping[str, Any]) -> None:
    """Take over what `stamps` returned: a file with the same stamp need not be read again."""
    for name, (known, digested) in kept.items():
        _known.setdefault(name, (tuple(known), digested))
