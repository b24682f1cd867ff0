"""What a document's cells were seen to read when they were executed, and what of it has changed since.

The facts are kept with the outputs: files and folders by their digests, what the cells wrote as they left it, the
project's modules that no import statement leads to, as a whole, and the versions of the packages that were imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from press.keeping import installed
from press.keeping.digests import covered, digest, modules_in, package_versions
from press.keeping.facts import Facts, file_digest, listing, stamp

SYSTEM = tuple(f"/{name}/" for name in "Library System bin dev etc lib lib32 lib64 proc sbin sys usr".split())
"""Folders of the operating system: what lies there is the machine, not a document's data."""

UNSTEADY = "changed while it was read"
"""In place of a digest: nobody knows which of two states the cells have seen, so nothing will ever equal it."""

WRITTEN = "written"
"""The fact that holds the files that the cells themselves wrote, as they left them."""

SEARCHED = "searched"
"""The fact that holds the names of the modules in the folders in which modules were looked for."""

EXECUTION = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")
"""The folder of the modules that run in every kernel."""

UNKNOWN: Facts = {"files": {"what the cells read": UNSTEADY}}
"""What is known where the kernel could not say it."""


def facts(
    found: Mapping[str, Any],
    root: Path,
    *,
    kept: Collection[str],
    accounted: Collection[str],
    reached: Collection[Path],
) -> Facts:
    """Turn what a kernel noted into facts.

    Parameters
    ----------
    found
        As `press.execution.watch.Watch.write` wrote it.
    root
        The project's folder, from which files are named.
    kept
        The folders below the project's cache that hold results; what else is there belongs to libraries and the engine.
    accounted
        Files and folders that count already, by their names.
    reached
        Modules of the project that count already.
    """
    own = _Place(root, kept)
    files: dict[str, str | None] = {}
    written = set(found["written"])
    # What the engine itself reads for a cell counts in other ways: settings by their values, code by its digests.
    engine = {name for name in found["engine"] if name.endswith((".toml", ".yml", ".py"))}
    for path, before in found["read"].items():
        name = own.name(path)
        if name is None or path in engine or any(name == a or name.startswith(f"{a}/") for a in accounted):
            continue
        now = stamp(path)
        if before is not None and path not in written and tuple(before) != now:
            if now is not None or not name.startswith(".."):  # else a temporary file
                files[name] = UNSTEADY
        elif now is None or Path(path).is_file():
            files[name] = file_digest(Path(path))
    counted = {os.path.realpath(path) for path in reached}
    modules: dict[str, str | None] = {}
    for path, before in found["imported"].items():
        name = own.name(path)
        if name is not None and os.path.realpath(path) not in counted and not path.startswith(EXECUTION):
            modules[name] = file_digest(Path(path)) if before and tuple(before) == stamp(path) else UNSTEADY
    folders: dict[str, str | None] = {}
    for path, names in found["listed"].items():
        name = own.name(path)
        if name is not None and (not name.startswith("..") or os.path.isdir(path)):  # else a temporary one
            by_cells = {os.path.basename(each) for each in written if os.path.dirname(each) == path}
            is_same = {*(names or ())} - by_cells == {*(listing(path) or ())} - by_cells
            folders[name] = _listing(Path(path)) if is_same else UNSTEADY
    packages = {name for library in found["libraries"] for name in installed.owners(library)}
    left = {name: digested for name in own.inside(written) if (digested := file_digest(root / name))}
    # A module that appears in a folder that is searched first would be imported in place of another one.
    searched = own.inside((*found["searched"], *map(str, covered())))
    further = {WRITTEN: left, SEARCHED: {name: modules_in(root / name) for name in searched}}
    return {
        "files": {name: digested for name, digested in files.items() if name not in left},
        "folders": folders,
        "modules": modules,
        "packages": package_versions("python", *sorted(packages)),
        **{kind: each for kind, each in further.items() if each},
    }


def now(seen: Facts, root: Path) -> Facts:
    """Return the same facts as they are now."""
    look: dict[str, Callable[[Path], Any]] = {
        **dict.fromkeys(("files", "modules", WRITTEN), file_digest),
        "folders": _listing,
        SEARCHED: modules_in,
    }
    return {
        kind: package_versions(*names) if kind == "packages" else {name: look[kind](root / name) for name in names}
        for kind, names in seen.items()
    }


def both(*several: Facts) -> Facts:
    """Join what was seen when different cells of a document were executed; of two digests the later counts."""
    kinds = {kind for each in several for kind in each}
    return {kind: {k: v for each in several for k, v in each.get(kind, {}).items()} for kind in sorted(kinds)}


def paths(seen: Facts, root: Path) -> Iterable[Path]:
    """Return the files that were read, the modules that were imported, and the folders that were listed."""
    names = (name for kind in ("files", "modules", "folders") for name in seen.get(kind, ()))
    return [Path(os.path.normpath(root / name)) for name in names]


def _listing(folder: Path) -> str | None:
    names = listing(folder)
    return None if names is None else digest(names)


class _Place:
    """Names what lies in the project, or anywhere else where an author keeps data."""

    def __init__(self, root: Path, kept: Collection[str]):
        self._root = os.path.join(os.path.abspath(root), "")
        prefixes = {os.path.join(os.path.abspath(p), "") for p in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
        self._foreign = tuple({*SYSTEM, *prefixes} - {"/"})
        self._kept = tuple(f"{self._root}{name}/" for name in kept)

    def name(self, path: str) -> str | None:
        """Name a file from the project's folder; None if it is the machine's or the engine's own."""
        whole = os.path.abspath(path)
        is_cached = whole.startswith(f"{self._root}.cache/") and not whole.startswith(self._kept)
        if is_cached or "/__pycache__/" in whole:
            return None
        foreign = max((len(prefix) for prefix in self._foreign if whole.startswith(prefix)), default=0)
        inside = len(self._root) if f"{whole}/".startswith(self._root) else 0
        if foreign > inside or "/site-packages/" in whole or "/dist-packages/" in whole:
            return None
        return Path(os.path.relpath(whole, self._root)).as_posix()

    def inside(self, paths: Iterable[str]) -> list[str]:
        """Name those files that lie in the project, sorted."""
        names = {name for path in paths if (name := self.name(path)) is not None}
        return sorted(name for name in names if not name.startswith(".."))
