"""The drawing of the LSTM cell can be read; that it computes one is a check of question 5."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.patches import Circle
from readable import lightness

from coursework.diagrams import lstm


def test_everything_that_flows_has_its_label():
    """What the labels name is a check of question 5."""
    wiring = lstm.cell()
    assert {edge.label for edge in wiring.edges if edge.label} == {
        "$f_t$", "$i_t$", r"$\tilde{c}_t$", "$o_t$", "$h_t$", "$[h_{t-1}, x_t]$", r"$i_t \odot \tilde{c}_t$",
    }  # fmt: skip
    outside = {node.name: node.label for node in wiring.nodes if node.kind in ("source", "sink")}
    assert outside == {
        "c_before": "$c_{t-1}$", "h_before": "$h_{t-1}$", "x": "$x_t$", "c": "$c_t$", "h": "$h_t$", "output": "$h_t$",
    }  # fmt: skip
    assert {node.caption for node in wiring.nodes if node.kind == "layer"} == {
        "forget gate", "input gate", "candidate", "output gate",
    }  # fmt: skip


def test_the_stages_stand_where_the_memory_is_erased_stored_and_read():
    assert [(stage.number, stage.verb.split()[0].lower()) for stage in lstm.STAGES] == [
        (1, "erase"), (2, "store"), (3, "read"),
    ]  # fmt: skip
    assert all(stage.node == stage.verb.split()[0].lower() for stage in lstm.STAGES)


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


def test_the_stages_differ_in_greyscale():
    greys = [lightness(stage.colour) for stage in lstm.STAGES]
    assert all(abs(a - b) > 0.08 for a, b in combinations(greys, 2))
