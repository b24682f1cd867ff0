"""Static digests of code: what a result depends on, found without importing anything.

What is quickly made again depends on modules as a whole, on all that the code imports: to import a module may change
what another one does. A training depends on a function and on everything of the project that it refers to, so that an
edit beside it costs nothing. Both are taken from syntax trees without comments and layout, a training's without
docstrings too. What is **not** covered there: a function reached only through a string, ``getattr`` or a registry; name
such a one as a further root.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from handin.errors import InputError, WorkError
from press.keeping import installed
from press.keeping.facts import file_digest, forget_bytecode
from press.keeping.kept import Kept

KEPT = "code"
"""The name under which digests are kept."""


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
    for kept in (module_file, _parsed, _references):
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


def _is_own(module: str) -> bool:
    name = module.partition(".")[0]
    return module_file(name) is not None or any(_is_package(folder / name) for folder in _folders)


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


class _Module:
    """The top-level definitions of one module, and which names of the project it imports."""

    def __init__(self, source: str, package: str = ""):
        tree = ast.parse(source)
        self.package = package
        self.imported = _imported(ast.walk(tree), package)
        self.definitions: dict[str, list[ast.stmt]] = {}
        self.imports: dict[str, tuple[str, str | None]] = {}
        self.stars: list[str] = []
        self.foreign: dict[str, str] = {}
        """What names of other packages stand for: an edit of an import changes what the code does."""
        self.loose: list[ast.stmt] = []
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._import(node)
        for statement in tree.body:
            names = list(_bound(statement))
            for bound in names:
                self.definitions.setdefault(bound, []).append(statement)
            if not names and not isinstance(statement, ast.Import | ast.ImportFrom) and not _is_constant(statement):
                self.loose.append(statement)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.split(".")[0]
                if _is_own(alias.name):
                    self.imports[bound] = (alias.name if alias.asname else bound, None)
                elif alias.asname:
                    self.foreign[bound] = alias.name
            return
        module = _absolute(node, self.package)
        for alias in node.names:
            inner, bound = f"{module}.{alias.name}", alias.asname or alias.name
            if not _is_own(module):
                self.foreign[bound] = f"{module}:{alias.name}"
            elif alias.name == "*":
                self.stars.append(module)
            else:
                self.imports[bound] = (inner, None) if module_file(inner) else (module, alias.name)


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _bound(statement: ast.stmt) -> Iterable[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            for node in ast.walk(target):
                if isinstance(node, ast.Name) and node.id != "_":
                    yield node.id
    elif isinstance(statement, ast.If | ast.Try | ast.With | ast.For | ast.While):
        for inner in ast.iter_child_nodes(statement):
            for each in [inner, *getattr(inner, "body", ())] if isinstance(inner, ast.ExceptHandler) else [inner]:
                if isinstance(each, ast.stmt):
                    yield from _bound(each)


@functools.lru_cache(maxsize=256)
def _parsed(module: str, stamp: tuple[int, int, int]) -> _Module:
    path = module_file(module)
    assert path is not None, "only modules that were found are parsed"
    forget_bytecode(path)
    try:
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        return _Module(path.read_text(encoding="utf-8"), package)
    except SyntaxError as error:
        name = "/".join(path.parts[-3:])
        raise InputError(f"{name}:{error.lineno}: SyntaxError: {error.msg}.") from None


def _module(module: str) -> _Module | None:
    path = module_file(module)
    if path is None:
        return None
    status = path.stat()
    return _parsed(module, (status.st_mtime_ns, status.st_ctime_ns, status.st_size))


def _is_constant(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _without_docstrings(tree: ast.AST) -> ast.AST:
    """Remove docstrings and bare constants below `tree`, in place."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            kept = [statement for statement in body if not _is_constant(statement)]
            setattr(node, "body", kept or ([ast.Pass()] if body else []))  # noqa: B010 - not every node has one
    return tree


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


@functools.lru_cache(maxsize=4096)
def _statement_text(statement: ast.stmt) -> str:
    return ast.dump(_without_docstrings(statement))


@functools.lru_cache(maxsize=4096)
def _references(statement: ast.stmt, module: _Module) -> tuple[tuple[str, str | None], ...]:
    """Which (module, name) of this package a statement refers to; a name of None is a whole module."""
    found: list[tuple[str, str | None]] = []
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute) and (dotted := _dotted(node)):
            head, _, rest = dotted.partition(".")
            target, attribute = module.imports.get(head, ("", ""))
            found += _resolve(target, rest) if attribute is None else ()
        elif isinstance(node, ast.Name):
            if node.id in module.definitions:
                found.append(("", node.id))
            elif module.imports.get(node.id, ("", None))[1] is not None:
                found.append(module.imports[node.id])
            elif node.id not in module.imports:
                found += [(star, node.id) for star in module.stars]
    return tuple(found)


def _dotted(node: ast.expr) -> str | None:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def _resolve(module: str, rest: str) -> list[tuple[str, str | None]]:
    parts = rest.split(".")
    while parts and module_file(f"{module}.{parts[0]}"):
        module = f"{module}.{parts.pop(0)}"
    return [(module, parts[0])] if parts else []


def _defined(root: str) -> tuple[str, str]:
    """Return the module and the name of a definition that a report names."""
    module, _, name = root.partition(":")
    parsed = _module(module)
    if parsed is None:
        words = "lies neither in code/ nor beside the documents: move it there, so that an edit of it counts"
        raise InputError(f"The report names {root}, whose module {words}.")
    if name and name not in parsed.definitions:
        raise InputError(f"The report names {root}, but {module} defines no {name}: correct the name.")
    return module, name


def closure(*roots: str) -> dict[str, str]:
    """Find every definition of this package that `roots` depend on.

    Parameters
    ----------
    roots
        ``"package.module:function"``, or ``"package.module"`` for all of a module's definitions.

    Returns
    -------
    dict
        ``"module:name"`` to its normalised source, sorted.

    Raises
    ------
    InputError
        If a root does not exist, or not among the code that is covered.
    """
    found: dict[str, str] = {}
    todo: list[tuple[str, str | None]] = []
    for root in roots:
        module, name = _defined(root)
        todo.append((module, name or None))
    done: set[tuple[str, str | None]] = set()
    while todo:
        module, wanted = todo.pop()
        parsed = _module(module)
        if parsed is None or (module, wanted) in done:
            continue
        done.add((module, wanted))
        if wanted is None:
            todo.extend((module, each) for each in parsed.definitions)
            todo.extend(each for each in parsed.imports.values() if each[1] is not None)  # used by way of this module
            todo.extend((star, None) for star in parsed.stars)
            statements, key = parsed.loose, f"{module}:"
        else:
            key = f"{module}:{wanted}"
            if wanted not in parsed.definitions:
                re_exported = [parsed.imports[wanted]] if wanted in parsed.imports else []
                todo += re_exported or [(star, wanted) for star in parsed.stars]
                if wanted not in parsed.foreign:
                    continue
            statements = parsed.definitions.get(wanted, [])
        used = {name for statement in statements for name in _names(statement)} | ({wanted} if wanted else set())
        names = [f"{name} = {parsed.foreign[name]}" for name in sorted(used & parsed.foreign.keys())]
        found[key] = "\n".join([*names, *map(_statement_text, statements)])
        for statement in statements:
            todo += [(target or module, target_name) for target, target_name in _references(statement, parsed)]
    return dict(sorted(found.items()))


def look_again() -> None:
    """Notice modules that have come or gone."""
    _stamp_of_all()


def imported_modules(source: str) -> tuple[str, ...]:
    """Name the project's modules that a piece of Python imports, anywhere in it."""
    return tuple(sorted(_imported(ast.walk(ast.parse(source)), "")))


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


def _imported(nodes: Iterable[ast.AST], package: str) -> set[str]:
    """Name the project's modules that the import statements among some nodes import, with the packages around them."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, package)
            names.update([module, *(f"{module}.{alias.name}" for alias in node.names)])
    parts = (name.split(".") for name in names)
    return {module for each in parts for n in range(len(each)) if module_file(module := ".".join(each[: n + 1]))}


def _absolute(node: ast.ImportFrom, package: str) -> str:
    """Name the module from which a statement in a package imports."""
    parts = package.split(".")
    above = parts[: len(parts) - node.level + 1] if node.level else []
    return ".".join([*above, *([node.module] if node.module else [])])


def source_digest(*roots: str) -> str:
    """Digest the definitions that `roots` depend on (see `closure`)."""
    found = _kept("definitions", roots, lambda: {"": digest(closure(*roots))})
    return found[""]


def module_facts(*roots: str) -> dict[str, str | None]:
    """Digest the modules of `roots` (``"package.module:function"``), and all that they import."""
    modules = _kept("modules", roots, lambda: dict.fromkeys(reached_modules(*(_defined(r)[0] for r in roots)), ""))
    return {name: module_digest(path) for name in sorted(modules) if (path := module_file(name))}


def covered_files() -> list[Path]:
    """List the modules that count as the project's own."""
    return [Path(path) for path, *_ in _stamp_of_all()]


def _stamp_of_all() -> tuple[tuple[str, int, int, int], ...]:
    stamp = tuple(entry for folder in _folders for entry in _stamp(folder))
    _mind_modules(tuple(path for path, *_ in stamp))
    return stamp


def _kept(kind: str, roots: Sequence[str], find: Callable[[], dict[str, str]]) -> dict[str, str]:
    """Return what was found out about some roots; it is found again only after a file of the code has changed."""
    stamp, name = _stamp_of_all(), " ".join((kind, *roots))
    if _found.get("stamp") != (stamp, _cache):
        _found.clear()
        _found["stamp"] = stamp, _cache
    if name not in _found:
        _found[name] = find() if _cache is None else _on_disk(Kept(_cache), name, _contents_digest(stamp), find)
    result: dict[str, str] = _found[name]
    return result


_found: dict[str, Any] = {}


def _on_disk(kept: Kept, name: str, contents: str, find: Callable[[], dict[str, str]]) -> dict[str, str]:
    found: dict[str, dict[str, str]] = {}
    with contextlib.suppress(WorkError):  # what cannot be read or kept is found again
        found = kept.load(KEPT, contents) or {}
    if name not in found:
        found[name] = find()
        with contextlib.suppress(WorkError):
            kept.save(KEPT, contents, found)
    return found[name]


@functools.lru_cache(maxsize=1)
def _contents_digest(stamp: tuple[Any, ...]) -> str:
    """Digest the contents of the code's files, and the release of Python that parses them."""
    paths = [Path(path) for path, *_ in stamp]
    return digest(sys.version, *(part for path in paths for part in (_within(path), path.read_bytes())))


def _within(path: Path) -> str:
    folder = next(folder for folder in _folders if folder in path.parents)
    return path.relative_to(folder).as_posix()


def by_file(found: Mapping[str, str | None], root: Path) -> dict[str, str | None]:
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
    for kept in (module_file, _parsed, _references):
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
