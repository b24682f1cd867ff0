"""Which cells a preview executes again: what is not executed must show what an execution of all would show."""

from __future__ import annotations

import ast
import copy
import dataclasses

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from copies import ROOT
from press.execution import reuse
from press.source import reading
from press.source.qmd import Cell, Line


def cells(*chapters):
    """Make cells of their code, chapter by chapter; the first chapter is the document's own."""
    fence = Line("```{python}", "report.qmd", 1)
    return [
        Cell(fence, {}, (), tuple(Line(text, "report.qmd", 2) for text in code.split("\n")), number)
        for number, chapter in enumerate(chapters)
        for code in chapter
    ]


def executed(before, after):
    """The indices of the cells of `after` that are executed again."""
    return sorted(set(range(len(after))) - set(reuse.still_valid(before, after)))


FRONT, ONE = ["import sys"], ["a = 1", "print(a)"]
BEFORE = cells(FRONT, ONE, ["b = 2", "print(b)"], ["print(a)"], ["c = []", "c.append(1)", "print(c)"])


@pytest.mark.parametrize(
    ("after", "wanted"),
    [
        (BEFORE, []),
        # an edit of one chapter: the whole chapter, and what all depend on
        (cells(FRONT, ONE, ["b = 2", "print(b + 1)"], ["print(a)"], ["c = []", "c.append(1)", "print(c)"]), [0, 3, 4]),
        # of what another chapter uses: that one too
        (cells(FRONT, ["a = 3", "print(a)"], *[["b = 2", "print(b)"], ["print(a)"]]), [0, 1, 2, 5]),
        # of a chapter that uses another one's name: the cells that bind it and may change it too
        (cells(FRONT, ONE, ["b = 2", "print(b)"], ["print(a, 1)"]), [0, 1, 2, 5]),
        # of what changes an object in place
        (cells(FRONT, ONE, ["b = 2", "print(b)"], ["print(a)"], ["c = []", "c.append(2)", "print(c)"]), [0, 6, 7, 8]),
        # of the first cell: everything
        (cells(["import os"], ONE, ["print(a)"]), [0, 1, 2, 3]),
        # of comments: nothing
        (cells(["import sys  # a comment"], ONE, ["print(a)"]), []),
        # a chapter less, and one more in front of the others
        (cells(FRONT, ONE, ["print(a)"]), []),
        (cells(FRONT, ["new = 1"], ONE, ["print(a)"]), [0, 1]),
        # a name that is bound anew in between
        (cells(FRONT, ONE, ["a = 4"], ["print(a)"]), [0, 1, 2, 3, 4]),
        # a name that goes through a third chapter
        (cells(FRONT, ["a = 5", "print(a)"], ["d = a"], ["print(d)"]), [0, 1, 2, 3, 4]),
        # what cannot be understood: everything
        (cells(FRONT, ["%matplotlib inline"], ["print(a)"]), [0, 1, 2]),
        (cells(FRONT, ["from math import *"], ["print(a)"]), [0, 1, 2]),
        (cells(FRONT, ONE, ["print(_)"]), [0, 1, 2, 3]),
        (cells(FRONT, ONE, ["globals()['a'] = 2"]), [0, 1, 2, 3]),
        (cells(FRONT, ONE, ["def f():\n    global a\n    a = 2"]), [0, 1, 2, 3]),
    ],
)
def test_what_an_edit_executes(after, wanted):
    assert executed(BEFORE, after) == wanted


def test_what_another_chapter_may_have_changed_is_executed_too():
    before = cells([], ["data = [1]"], ["data.append(2)"], ["print(data)"], ["other = 1"])
    assert executed(before, cells([], ["data = [1]"], ["data.append(3)"], ["print(data)"], ["other = 1"])) == [0, 1, 2]


def test_the_same_code_twice_is_not_the_same_output():
    taking = ["it = iter('ab')", "next(it)", "next(it)"]
    held = reuse.still_valid(cells([], taking, ["b = 1"]), cells([], taking, ["b = 2"]))
    assert held == {0: 0, 1: 1, 2: 2}


@pytest.mark.parametrize(
    ("code", "used", "bound"),
    [
        ("x = y", "y", "x"),
        ("x = x + 1", "x", "x"),
        ("x += y", "x y", "x"),
        ("x[y] = 1", "x y", "x"),
        ("x.y.z = 1", "x", "x"),
        ("del x.y", "x", "x"),
        ("(x.a, y) = z", "x z", "x y"),
        ("import x.y as z\nimport u.v", "", "z u"),
        ("from x import y", "", "y"),
        ("def f(x):\n    return f(x) + y", "y", "f"),
        ("class C(x):\n    y = z", "x z", "C"),
        ("for i in x:\n    print(i)", "x print", "i"),
        ("[i for i in x]", "x", ""),
        ("a = {i: {j for j in i} for i in x}", "x", "a"),
        ("[(n := i) for i in x]", "x", "n"),
        ("lambda x: x + y", "y", ""),
        ("x = 1\ny = x", "", "x y"),
        ("f'{x}'", "x", ""),
        ("sum = 1\nprint(sum)", "print", "sum"),
        ("with x as y:\n    y.z()", "x", "y"),
        ("try:\n    x\nexcept E as e:\n    e", "x E", "e"),
        ("if (n := x):\n    n", "x", "n"),
        ("global x\nx = 1", "", "x"),
    ],
)
def test_the_names_of_a_cell(code, used, bound):
    found = reuse.names(code)
    assert (found.used, found.bound) == (frozenset(used.split()), frozenset(bound.split()))


def test_an_edit_of_question_1_executes_that_chapter_alone():
    document = reading.read(ROOT / "report" / "report.qmd", ROOT)
    last = max(i for i, cell in enumerate(document.cells) if cell.place.startswith("report/_q1"))
    edited = list(document.cells)
    edited[last] = dataclasses.replace(edited[last], lines=(Line("turn = 1", "x", 1), *edited[last].lines))
    chapters = {document.cells[index].chapter for index in executed(document.cells, edited)}
    assert chapters == {reuse.FRONT, document.cells[last].chapter}


# An execution in plain Python, as oracle.


def outputs(some, held):
    """Execute cells in an empty namespace and note what the last expression of each is; an error ends it."""
    space, found = {}, []
    for index, cell in enumerate(some):
        if index in held:
            found.append(held[index])
            continue
        try:
            *body, last = ast.parse(cell.code).body
            for statement in body:
                exec(compile(ast.Module([statement], []), "cell", "exec"), space)
            if isinstance(last, ast.Expr):
                found.append(copy.deepcopy(eval(compile(ast.Expression(last.value), "cell", "eval"), space)))
            else:
                exec(compile(ast.Module([last], []), "cell", "exec"), space)
                found.append(None)
        except (NameError, TypeError, IndexError):
            return [*found, "error"]
    return found


NUMBERS, LISTS, FUNCTIONS = (st.sampled_from(names) for names in ("ab", "xy", "f"))
START = "a = b = c = 1\nx = [1]\ny = [2]\nz = [3]\ndef f():\n    return a\ndef g():\n    return x"
STATEMENTS = st.one_of(
    st.builds("{} = {}".format, NUMBERS, st.integers(0, 3)),
    st.builds("{} = {} + {}".format, NUMBERS, NUMBERS, NUMBERS),
    st.builds("{} += {}".format, NUMBERS, NUMBERS),
    st.builds("for i in range(3): {} += i".format, NUMBERS),
    st.builds("{} = [{}, len({})]".format, LISTS, NUMBERS, LISTS),
    st.builds("{}[0] = {}".format, LISTS, NUMBERS),
    st.builds("{}.append({})".format, LISTS, NUMBERS),
    st.builds("def {}():\n    return [{}, {}.pop()]".format, FUNCTIONS, NUMBERS, LISTS),
    st.builds("def {}():\n    return [{}, {}]".format, FUNCTIONS, NUMBERS, LISTS),
    st.builds("str([{}, {}])".format, NUMBERS, LISTS),
    st.builds("str({}())".format, FUNCTIONS),
    st.builds("del {}".format, NUMBERS),
)
CODE = st.lists(STATEMENTS, min_size=1, max_size=2).map("\n".join)
CHAPTERS = st.lists(st.lists(CODE, min_size=1, max_size=2), min_size=3, max_size=5)


@settings(max_examples=400)
@given(before=CHAPTERS, after=CHAPTERS, data=st.data())
def test_the_outputs_are_those_of_an_execution_of_all_cells(before, after, data):
    # most of the document is as it was
    edit = st.sampled_from([0, 0, 1])
    edited = [pair[data.draw(edit)] for pair in zip(before, after, strict=False)]
    old, new = cells([START], *before), cells([START], *edited, *before[len(edited) :])
    shown = outputs(old, {})
    assume("error" not in shown)
    held = {index: shown[earlier] for index, earlier in reuse.still_valid(old, new).items()}
    assert outputs(new, held) == outputs(new, {})
