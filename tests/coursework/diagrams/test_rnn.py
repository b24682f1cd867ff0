"""The two drawings of the recurrent net say what its equations say, and can be read."""

from __future__ import annotations

import pytest
from readable import assert_readable, svg

from coursework.answers import recurrent
from coursework.answers.recurrent import S
from coursework.diagrams import rnn
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


def test_it_can_be_read():
    assert_readable(rnn.draw())


def test_the_same_drawing_has_the_same_bytes():
    assert svg(rnn.draw()) == svg(rnn.draw())
