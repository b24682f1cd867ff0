"""The two drawings of the recurrent net say what its equations say, and can be read."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.patches import Circle, FancyBboxPatch
from readable import assert_readable, svg

from coursework.answers import recurrent
from coursework.answers.recurrent import S
from coursework.diagrams import rnn, style
from coursework.diagrams.wiring import Wiring


def described(wiring: Wiring, name: str, sources: dict[str, str]) -> str:
    """Follow the lines backwards and write down what reaches a node, as the equations write it."""

    def apply(node, *values):
        letters = [edge.weight.strip("$") for edge in wiring.edges if edge.target == node.name]
        terms = [f"{letter.split(', ')[0]} {value}".strip() for letter, value in zip(letters, values, strict=True)]
        terms += [letter.split(", ")[1] for letter in letters if ", " in letter]
        order = ("W_x", "W_h", "W_y", "b")
        total = " + ".join(sorted(terms, key=lambda term: next(i for i, o in enumerate(order) if term.startswith(o))))
        return f"tanh({total})" if node.label == "tanh" else total

    return wiring.value(name, sources, apply)


def at_step(text: str, now: str, before: str) -> str:
    return text.replace("\\,", "").replace("_{t-1}", f"_{before}").replace("_t", f"_{now}")


@pytest.mark.parametrize(
    ("wiring", "now", "before"),
    [
        (rnn.rolled(), "t", "{t-1}"),
        (rnn.unrolled(), "1", "0"),
        (rnn.unrolled(), "2", "1"),
        (rnn.unrolled(), "T", "{T-1}"),
    ],
)
def test_every_step_is_drawn_with_the_same_weights_as_in_the_equations(wiring, now, before):
    sources = {f"x_{now}": f"x_{now}", f"h_{before}": f"h_{before}", f"b_{now}": "b"}
    assert described(wiring, f"h_{now}", sources) == at_step(f"tanh({recurrent.SUMS[S.a]})", now, before)
    output = described(wiring, f"y_{now}", sources | {f"h_{now}": f"h_{now}"})
    assert output == at_step(recurrent.SUMS[S.a_y], now, before)


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


def test_it_can_be_read():
    assert_readable(rnn.draw())


def test_the_same_drawing_has_the_same_bytes():
    assert svg(rnn.draw()) == svg(rnn.draw())
