"""The drawing of the LSTM cell says what the equations say, and can be read."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
import sympy as sp
from matplotlib.colors import to_rgba
from matplotlib.patches import Circle
from readable import assert_readable, lightness, svg

from coursework.answers import recurrent
from coursework.answers.recurrent import S
from coursework.diagrams import lstm
from coursework.diagrams.wiring import Wiring

EQUATIONS = {equation.symbol: equation.expression for equation in recurrent.LSTM}
#: What each box of the drawing computes, as a symbol of the equations.
BOXES = {"f": S.f, "i": S.i, "c_new": S.c_new, "o": S.o}
SUMS = {"f": S.a_f, "i": S.a_i, "c_new": S.a_c, "o": S.a_o}
FUNCTIONS = {"σ": recurrent.sigma, "tanh": sp.tanh, "×": sp.Mul, "+": sp.Add}
SOURCES = {"c_before": S.c_before, "h_before": "h_{t-1}", "x": "x_t"}


def expression(wiring: Wiring, name: str) -> sp.Expr:
    """Follow the lines of the drawing backwards and return what reaches a node as an expression."""

    def apply(node, *values):
        if node.kind == "concatenate":
            return f"[{', '.join(values)}]"
        if node.kind == "layer":
            assert values == ("[h_{t-1}, x_t]",)
            assert f"{values[0]} + " in recurrent.SUMS[SUMS[node.name]]
            return FUNCTIONS[node.label](SUMS[node.name])
        return FUNCTIONS[node.label](*values)

    return wiring.value(name, SOURCES, apply)


def substituted(symbol: sp.Symbol) -> sp.Expr:
    """Return an equation with all others put in, in terms of c_{t−1} and of what the layers add up."""
    result = symbol
    for _ in EQUATIONS:
        result = result.subs(EQUATIONS)
    return result


@pytest.mark.parametrize(("node", "symbol"), [("c", S.c), ("h", S.h), ("output", S.h)])
def test_the_drawn_lines_are_the_equations(node, symbol):
    assert expression(lstm.cell(), node) == substituted(symbol)


@pytest.mark.parametrize("box", BOXES)
def test_each_layer_has_the_function_and_the_name_of_its_equation(box):
    wiring = lstm.cell()
    equation = next(e for e in recurrent.LSTM if e.symbol == BOXES[box])
    assert expression(wiring, box) == equation.expression
    assert wiring.node(box).caption == equation.name


def test_what_flows_is_what_stands_on_the_line():
    wiring = lstm.cell()
    printed = {"$i_t \\odot \\tilde{c}_t$": EQUATIONS[S.i] * EQUATIONS[S.c_new], "$[h_{t-1}, x_t]$": "[h_{t-1}, x_t]"}
    printed |= {f"${symbol.name}$": substituted(symbol) for symbol in EQUATIONS} | {"$c_{t-1}$": S.c_before}
    labelled = [edge for edge in wiring.edges if edge.label]
    assert {edge.label for edge in labelled} == set(printed) - {"$c_t$", "$c_{t-1}$"}
    assert [edge for edge in labelled if expression(wiring, edge.source) != printed[edge.label]] == []
    outside = {node.name: node.label for node in wiring.nodes if node.kind in ("source", "sink")}
    assert outside == {
        "c_before": "$c_{t-1}$",
        "h_before": "$h_{t-1}$",
        "x": "$x_t$",
        "c": "$c_t$",
        "h": "$h_t$",
        "output": "$h_t$",
    }


def test_a_line_from_the_wrong_gate_would_be_seen():
    wiring = lstm.cell()
    swap = {"f": "i", "i": "f"}
    wrong = replace(wiring, edges=tuple(replace(e, source=swap.get(e.source, e.source)) for e in wiring.edges))
    assert expression(wrong, "c") != substituted(S.c)


def test_the_stages_stand_where_the_memory_is_erased_stored_and_read():
    wiring, equation = lstm.cell(), EQUATIONS
    at = {stage.verb.split()[0]: stage.node for stage in lstm.STAGES}
    gates = {symbol: expr for symbol, expr in equation.items() if symbol not in (S.c, S.h)}
    assert expression(wiring, at["Erase"]) == (S.f * S.c_before).subs(gates)
    assert expression(wiring, at["Store"]) - expression(wiring, at["Erase"]) == (S.i * S.c_new).subs(gates)
    assert expression(wiring, at["Read"]) == substituted(S.h)
    assert [stage.number for stage in lstm.STAGES] == [1, 2, 3]


def test_the_cell_state_is_one_straight_line():
    wiring = lstm.cell()
    bold = [edge for edge in wiring.edges if edge.bold]
    assert {y for edge in bold for _, y in wiring.points(edge)} == {lstm.CELL}
    assert [edge.source for edge in bold] == ["c_before", "erase", "store", "to_read"]
    assert all(one.target == next_.source for one, next_ in pairwise(bold))


def test_every_line_is_horizontal_or_vertical_and_no_two_cross():
    wiring = lstm.cell()
    parts = [(e, p, q) for e in wiring.edges for p, q in pairwise(wiring.points(e))]
    assert [e for e, p, q in parts if p[0] != pytest.approx(q[0]) and p[1] != pytest.approx(q[1])] == []

    def crosses(p, q, r, s):
        """Whether a horizontal part p–q and a vertical part r–s cross inside both."""
        return min(p[0], q[0]) < r[0] < max(p[0], q[0]) and min(r[1], s[1]) < p[1] < max(r[1], s[1])

    horizontal = [(p, q) for _, p, q in parts if p[1] == pytest.approx(q[1])]
    vertical = [(p, q) for _, p, q in parts if p[0] == pytest.approx(q[0])]
    assert [(h, v) for h in horizontal for v in vertical if crosses(*h, *v)] == []


def test_an_operation_with_a_sign_is_a_disc_and_one_with_a_name_is_a_box():
    (axes,) = lstm.draw().axes
    operations = [node for node in lstm.cell().nodes if node.kind == "pointwise"]
    assert len(operations) == 4 + 1
    for node in operations:
        place = axes.transData.transform(node.at)
        shapes = [patch for patch in axes.patches if patch.contains_point(place) and patch.get_linewidth()]
        smallest = min(shapes, key=lambda patch: np.prod(patch.get_window_extent().size))
        assert type(smallest).__name__ == ("FancyBboxPatch" if node.label == "tanh" else "Circle")


def test_an_operation_on_the_memory_has_the_colour_of_its_stage_and_the_others_are_white():
    (axes,) = lstm.draw().axes
    discs = {tuple(patch.center): patch for patch in axes.patches if isinstance(patch, Circle)}
    stages = {lstm.cell().node(stage.node).at: stage.colour for stage in lstm.STAGES}
    for node in lstm.cell().nodes:
        if node.kind == "pointwise" and node.label != "tanh":
            assert discs[node.at].get_facecolor() == to_rgba(stages.pop(node.at, "white"))
        elif node.kind == "copy":
            assert discs[node.at].radius < 0.1
    assert stages == {}


def test_it_can_be_read():
    assert_readable(lstm.draw())


def test_the_stages_differ_in_greyscale():
    greys = [lightness(stage.colour) for stage in lstm.STAGES]
    assert all(abs(a - b) > 0.08 for a, b in combinations(greys, 2))


def test_the_same_drawing_has_the_same_bytes():
    assert svg(lstm.draw()) == svg(lstm.draw())
