"""Static digests of code: what a result depends on, found without importing anything.

Code counts by modules, each as a whole: to import one may change what another one does, and names can be handed on in
more ways than can be followed. A digest is taken from the syntax tree, so that comments and layout cost nothing. What
is **not** covered: a module that only a string or a registry names; name such a one as a further root.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handin.errors import InputError, WorkError
from press.keeping import installed
from press.keeping.facts import Stamp, file_digest, forget_bytecode, stamp
from press.keeping.kept import Kept

KEPT = "code"
"""The name under which digests are kept."""


@functools.cache
def code_folder() -> Path:
    """Return the folder that holds this package."""
    return Path(__file__).resolve().parents[2]


_folders: tuple[Path, ...] = (code_folder(),)
_cache: Path | None = None


def cover(*folders: Path, cache: Path) -> None:
    """Count the modules and packages in these folders as the project's own, beside the engine's.

    Digests are kept in `cache`: to parse the code takes the better part of a second.
    """
    global _folders, _cache
    _folders = tuple(dict.fromkeys(folder.resolve() for folder in (code_folder(), *folders) if folder.is_dir()))
    _cache = cache
    for kept in (module_file, _parsed):
        kept.cache_clear()


def digest(*parts: Any) -> str:
    """Digest text, bytes or JSON-able values into 32 hexadecimal digits; the parts' borders count."""
    total = hashlib.sha256()
    for part in parts:
        if not isinstance(part, bytes):
            part = (part if isinstance(part, str) else json.dumps(part, sort_keys=True, default=str)).encode()
        total.update(str(len(part)).encode() + b":" + part)
    return total.hexdigest()[:32]


def package_versions(*names: str) -> dict[str, str]:
    """Return the installed versions; a package that is not installed has the version ''."""
    return {name: installed.version(name) for name in names}


@functools.cache
def module_file(module: str) -> Path | None:
    """Return the file of a module that is covered."""
    for folder in _folders:
        stem = folder.joinpath(*module.split("."))
        for path in (stem / "__init__.py", stem.with_name(f"{stem.name}.py")):
            if path.is_file():
                return path
    return None


def covered() -> tuple[Path, ...]:
    """Return the folders whose modules count as the project's own."""
    return _folders


def modules_in(folder: Path) -> list[str]:
    """Name the modules and packages in a folder."""
    with contextlib.suppress(OSError):
        found = (path for path in folder.iterdir() if path.stem.isidentifier())
        return sorted(path.name for path in found if path.suffix == ".py" or _is_package(path))
    return []


def _is_package(folder: Path) -> bool:
    """Whether a folder holds modules itself; what lies deeper in a folder without any is none of the code."""
    try:
        return any(name.endswith(".py") for name in os.listdir(folder))
    except OSError:
        return False


@dataclass(frozen=True)
class _Module:
    """What one module imports of the project, and the names that it binds, anywhere in it."""

    imported: frozenset[str]
    bound: frozenset[str]


@functools.lru_cache(maxsize=256)
def _parsed(module: str, stamp: Stamp) -> _Module:
    path = module_file(module)
    assert path is not None, "only modules that were found are parsed"
    forget_bytecode(path)
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        name = "/".join(path.parts[-3:])
        raise InputError(f"{name}:{error.lineno}: SyntaxError: {error.msg}.") from None
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return _Module(frozenset(_imported(tree, package)), frozenset(filter(None, map(_bound, ast.walk(tree)))))


def _bound(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name):
        return node.id if isinstance(node.ctx, ast.Store) else None
    return getattr(node, "asname", None) or getattr(node, "name", None)


def _module(module: str) -> _Module | None:
    path = module_file(module)
    now = None if path is None else stamp(path)
    return None if now is None else _parsed(module, now)


@functools.lru_cache(maxsize=512)
def normalised(source: str) -> str:
    """Return Python source as its syntax tree reads, without comments and layout; as it is if it is not Python."""
    try:
        return ast.dump(ast.parse(source))
    except (SyntaxError, ValueError):
        return source


def module_digest(path: Path) -> str | None:
    """Digest a module as a whole, but for comments and layout; None if there is no such file, or it cannot be read."""
    content = file_digest(path)
    return None if content is None else _module_digest(path, content)


@functools.lru_cache(maxsize=512)
def _module_digest(path: Path, content: str) -> str:
    try:
        return digest(normalised(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError):
        return content


def _of(root: str) -> str:
    """Return the module of a definition that a report names."""
    module, _, name = root.partition(":")
    parsed = _module(module)
    if parsed is None:
        words = "lies neither in code/ nor beside the documents: move it there, so that an edit of it counts"
        raise InputError(f"The report names {root}, whose module {words}.")
    if name and name not in parsed.bound:
        raise InputError(f"The report names {root}, but {module} defines no {name}: correct the name.")
    return module


def look_again() -> None:
    """Notice modules that have come or gone."""
    _stamp_of_all()


def imported_modules(source: str) -> tuple[str, ...]:
    """Name the project's modules that a piece of Python imports, anywhere in it."""
    return tuple(sorted(_imported(ast.parse(source), "")))


def reached_modules(*modules: str) -> set[str]:
    """Name some of the project's modules, and those that they import, at once or in a function, and so on."""
    found: set[str] = set()
    todo = list(modules)
    while todo:
        module = todo.pop()
        if module not in found and (parsed := _module(module)) is not None:
            found.add(module)
            todo += parsed.imported
    return found


def _imported(tree: ast.AST, package: str) -> set[str]:
    """Name the project's modules that code in a package imports, with the packages around them."""
    names: set[str] = set()
    for node in _executed(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            above = parts[: len(parts) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            names.update([module, *(f"{module}.{alias.name}" for alias in node.names)])
    all_parts = (name.split(".") for name in names)
    return {module for each in all_parts for n in range(len(each)) if module_file(module := ".".join(each[: n + 1]))}


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of code but for what is there for types alone."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            yield from _executed(node)


def module_facts(*roots: str) -> dict[str, str]:
    """Digest the modules of `roots` (``"package.module"``, or with ``":function"``), and all that they import."""
    return dict(_known(roots, _stamp_of_all(), _cache))


@functools.lru_cache(maxsize=64)
def _known(roots: tuple[str, ...], stamp: tuple[Any, ...], cache: Path | None) -> dict[str, str]:
    """Find the facts again only after a file of the code has changed, in this process or another."""
    if cache is None:
        return _facts(*roots)
    kept, contents, name = Kept(cache), _contents_digest(stamp), " ".join(roots)
    found: dict[str, dict[str, str]] = {}
    with contextlib.suppress(WorkError):  # what cannot be read or kept is found again
        found = kept.load(KEPT, contents) or {}
    if name not in found:
        found[name] = _facts(*roots)
        with contextlib.suppress(WorkError):
            kept.save(KEPT, contents, found)
    return found[name]


def _facts(*roots: str) -> dict[str, str]:
    files = {module: module_file(module) for module in sorted(reached_modules(*map(_of, roots)))}
    return {module: module_digest(path) or "" for module, path in files.items() if path is not None}


def covered_files() -> list[Path]:
    """List the modules that count as the project's own."""
    return [Path(path) for path, *_ in _stamp_of_all()]


def _stamp_of_all() -> tuple[tuple[str, int, int, int], ...]:
    stamp = tuple(entry for folder in _folders for entry in _stamp(folder))
    _mind_modules(tuple(path for path, *_ in stamp))
    return stamp


@functools.lru_cache(maxsize=1)
def _contents_digest(stamp: tuple[Any, ...]) -> str:
    """Digest the contents of the code's files, and the release of Python that parses them."""
    paths = [Path(path) for path, *_ in stamp]
    return digest(sys.version, *(part for path in paths for part in (_within(path), path.read_bytes())))


def _within(path: Path) -> str:
    folder = next(folder for folder in _folders if folder in path.parents)
    return path.relative_to(folder).as_posix()


def by_file(found: Mapping[str, str], root: Path) -> dict[str, str]:
    """Name what `module_facts` found by files, from the folder `root`; modules that lie elsewhere keep their names."""
    root, named = root.resolve(), {}
    for module, digested in found.items():
        path = module_file(module)
        inside = path if path is not None and root in path.parents else None
        named[inside.relative_to(root).as_posix() if inside else module] = digested
    return named


@functools.lru_cache(maxsize=1)
def _mind_modules(paths: tuple[str, ...]) -> None:
    """Forget what was found out about imports when a module has come or gone: a name may be a module's now."""
    for kept in (module_file, _parsed):
        kept.cache_clear()


def _stamp(folder: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Name each module in a folder and in the packages in it, with its times of change and its size."""
    found: list[tuple[str, int, int, int]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                status = entry.stat()
                found.append((entry.path, status.st_mtime_ns, status.st_ctime_ns, status.st_size))
            elif entry.name.isidentifier() and entry.is_dir() and _is_package(Path(entry.path)):
                found += _stamp(Path(entry.path))
    return tuple(sorted(found))
