"""The two drawings of the recurrent net can be read; that they compute it is a check of question 5."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.patches import Circle, FancyBboxPatch

from coursework.diagrams import rnn, style


def test_the_rolled_net_hands_its_own_state_to_the_next_step():
    wiring = rnn.rolled()
    assert wiring.feeding("h_{t-1}") == ["fork"]
    assert wiring.feeding("fork") == ["h_t"]
    assert wiring.node("h_{t-1}").kind == "delay"


def test_the_state_goes_from_step_to_step():
    wiring = rnn.unrolled()
    assert [wiring.feeding(name)[-1] for name in ("h_1", "h_2", "h_{T-1}", "h_T")] == ["h_0", "h_1", "h_2", "h_{T-1}"]


def test_each_line_carries_the_state_that_stands_on_it():
    for wiring in (rnn.rolled(), rnn.unrolled()):
        assert [e for e in wiring.edges if e.label and e.label.strip("$") != e.source] == []


def test_equal_letters_have_one_colour_and_no_other_letter_has_it():
    letters = {edge.weight for wiring in (rnn.rolled(), rnn.unrolled()) for edge in wiring.edges if edge.weight}
    assert letters | {"$b$"} == set(rnn.COLOURS)
    assert len(set(rnn.COLOURS.values())) == len(rnn.COLOURS)


def test_layers_and_the_delay_are_boxes_and_only_the_fork_has_a_dot():
    (axes,) = rnn.draw().axes
    nodes = [*rnn.rolled().nodes, *rnn.unrolled().nodes]
    boxes = {node.at: node.kind for node in nodes if node.kind in ("layer", "delay")}
    drawn = [patch for patch in axes.patches if isinstance(patch, FancyBboxPatch)]
    centres = [(box.get_x() + box.get_width() / 2, box.get_y() + box.get_height() / 2) for box in drawn]
    assert np.array(sorted(centres)) == pytest.approx(np.array(sorted(boxes)))
    for at, box in zip(centres, drawn, strict=True):
        kind = min(boxes, key=lambda place, at=at: np.hypot(place[0] - at[0], place[1] - at[1]))
        assert box.get_facecolor() == to_rgba(style.FAINT if boxes[kind] == "layer" else "white")
    dots = [tuple(patch.center) for patch in axes.patches if isinstance(patch, Circle)]
    assert dots == [node.at for node in nodes if node.kind == "copy"]


def test_the_output_weights_stand_beside_their_own_line():
    for wiring in (rnn.rolled(), rnn.unrolled()):
        for edge in (edge for edge in wiring.edges if edge.weight == "$W_y, b_y$"):
            (x, low), (_, high) = wiring.points(edge)
            assert 0 < edge.weight_at[0] - x < 0.2
            assert low < edge.weight_at[1] < high
