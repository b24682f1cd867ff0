"""Finds which cells of an edited document must be executed again for its author's eyes.

A cell's outputs follow from its code, from the cells that define the names it uses, and from theirs in turn. Where none
of these was edited, a preview and a draft show the outputs that are there. A chapter is executed as a whole, since its
cells may change a library's own state. What passes from one chapter to another by that way, or through a file, is not
seen here: documents that are handed in come from an execution of all cells.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from press.keeping.digests import digest, normalised

FRONT = 0
"""The chapter before the first included one: what it does, every cell may depend on."""

UNSEEN = frozenset("_ __ ___ In Out dir eval exec get_ipython globals locals vars".split())
"""By these code reaches names that it does not write down."""


@dataclass(frozen=True)
class Known:
    """What is kept of a cell: its code, with what else its outputs follow from, and the chapter that it stands in."""

    code: str
    chapter: int


@dataclass(frozen=True)
class Names:
    """The names in a piece of code."""

    used: frozenset[str]
    """Those that it takes from elsewhere."""
    bound: frozenset[str]
    """Those that it binds, or whose objects it changes."""
    read: frozenset[str]
    """All that it reads, now or when a function of it is called."""
    later: frozenset[str]
    """Those of them that a function of it reads when it is called."""
    defined: frozenset[str]
    """Those that it binds to modules, functions and classes, or takes from a module."""


@lru_cache(maxsize=1024)
def names(code: str) -> Names:
    """Find the names of a cell.

    Raises
    ------
    SyntaxError
        If it is not Python, or uses names that it does not write down.
    """
    used: set[str] = set()
    bound: set[str] = set()
    read: set[str] = set()
    later: set[str] = set()
    defined: set[str] = set()
    for statement in ast.parse(code).body:
        if isinstance(statement, _DEFINITIONS) and any(isinstance(node, ast.Global) for node in ast.walk(statement)):
            raise SyntaxError("a function binds names when it is called")
        table = symtable.symtable(ast.unparse(_AsGenerators().visit(statement)), "cell", "exec")
        here = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
        here |= set(_named(statement))
        loaded = _loaded(table)
        read |= loaded
        later = later.union(*map(_loaded, table.get_children()))
        if not isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr):
            loaded -= here  # the variable of a loop, say, or a function that calls itself
        changed = set(_changed(statement))
        used |= (loaded | changed) - bound
        if isinstance(statement, _DEFINITIONS):
            defined |= here
        bound |= here | changed
    if hidden := used & UNSEEN:
        raise SyntaxError(f"{min(hidden)} reads names that are not written down")
    return Names(*map(frozenset, (used, bound, read, later, defined)))


_DEFINITIONS = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class _AsGenerators(ast.NodeTransformer):
    """Writes comprehensions as generators: from 3.12 on Python counts only theirs as variables of their own."""

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp) -> ast.AST:
        self.generic_visit(node)
        return ast.GeneratorExp(node.elt, node.generators)

    visit_SetComp = visit_ListComp

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        self.generic_visit(node)
        return ast.GeneratorExp(ast.Tuple([node.key, node.value], ast.Load()), node.generators)


def _loaded(table: symtable.SymbolTable) -> set[str]:
    """Name what code reads from the top level, in its functions and classes too."""
    top = table.get_type() == "module"
    found = {s.get_name() for s in table.get_symbols() if s.is_referenced() and (top or s.is_global())}
    return found.union(*map(_loaded, table.get_children()))


def _named(node: ast.AST) -> Iterator[str]:
    """Yield what ``:=`` binds outside functions: in a comprehension too it binds a name of the cell."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.NamedExpr):
            yield child.target.id
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            yield from _named(child)


def _changed(statement: ast.stmt) -> list[str]:
    """Name the objects of which a statement sets a part, or which it changes in place."""
    found = []
    for node in ast.walk(statement):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            raise SyntaxError("import *")
        in_place = isinstance(node, ast.AugAssign)
        target = base = node.target if isinstance(node, ast.AugAssign) else node
        if in_place or isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
            while isinstance(base, ast.Attribute | ast.Subscript | ast.Starred):
                base = base.value
            if isinstance(base, ast.Name) and (in_place or base is not target):
                found.append(base.id)
    return found


def _depends(cells: Sequence[Known]) -> list[frozenset[int]]:
    """For each cell the earlier ones that its outputs depend on, and those that these depend on in turn.

    They are all that bind a name it uses, and all that read the object of such a name, since a method or a function may
    change it. A function looks its names up when it is called, so what is done to them counts until then.
    """
    each = [names(cell.code) for cell in cells]
    objects = frozenset[str]().union(*(found.bound - found.defined for found in each))
    return [_reached(index, cells, each, objects) for index in range(len(cells))]


def _reached(index: int, cells: Sequence[Known], each: Sequence[Names], objects: frozenset[str]) -> frozenset[int]:
    found = {earlier for earlier in range(index) if cells[earlier].chapter == FRONT}
    while True:
        used = each[index].used.union(*(each[earlier].read for earlier in found))
        more = {earlier for earlier in range(index) if each[earlier].bound & used}
        for one in (index, *found):
            more |= {earlier for earlier in range(one) if each[earlier].read & each[one].used & objects}
            more |= {earlier for earlier in range(index) if each[earlier].read & each[one].later & objects}
        if more <= found:
            return frozenset(found)
        found |= more


def _keys(cells: Sequence[Known], depends: Sequence[frozenset[int]]) -> list[str]:
    code = [normalised(cell.code) for cell in cells]
    return [digest([code[i] for i in sorted(depends[index])], code[index]) for index in range(len(cells))]


def still_valid(before: Sequence[Known], after: Sequence[Known]) -> dict[int, int]:
    """Find the cells that need not be executed again, though the document was edited.

    Returns
    -------
    dict
        The index of a cell of `after` to that of the cell of `before` whose outputs it has. All others are to be
        executed, in their order and in an empty namespace. Empty where a cell cannot be understood.
    """
    try:
        depends = _depends(after)
        earlier = dict(zip(_keys(before, _depends(before)), range(len(before)), strict=True))
        keys = _keys(after, depends)
    except (SyntaxError, ValueError):
        return {}
    edited = {cell.chapter for cell, key in zip(after, keys, strict=True) if key not in earlier}
    if FRONT in edited:
        return {}
    wanted = {index for index, cell in enumerate(after) if cell.chapter in edited}
    wanted = wanted.union(*(depends[index] for index in wanted))
    return {index: earlier[key] for index, key in enumerate(keys) if index not in wanted}
