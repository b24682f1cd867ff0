"""The drawings of question 5 compute what Keras computes, and a slip in one of them is seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coursework.diagrams import drawing_checks
from coursework.diagrams import lstm as lstm_diagram
from coursework.diagrams import rnn as rnn_diagram
from coursework.diagrams.wiring import Wiring


def test_every_claim_holds():
    assert [check.claim for check in drawing_checks.checks() if not check.outcome().passed] == []


def _rewired(wiring: Wiring, **sources: str) -> Wiring:
    """Return the wiring with lines that start elsewhere: ``f="i"`` moves every line from f to i."""
    return replace(wiring, edges=tuple(replace(e, source=sources.get(e.source, e.source)) for e in wiring.edges))


def _relabelled(wiring: Wiring, **labels: str) -> Wiring:
    return replace(wiring, nodes=tuple(replace(n, label=labels.get(n.name, n.label)) for n in wiring.nodes))


def _without(wiring: Wiring, source: str) -> Wiring:
    return replace(wiring, edges=tuple(edge for edge in wiring.edges if edge.source != source))


def _renamed(wiring: Wiring, field: str, names: dict[str, str]) -> Wiring:
    """Return the wiring with other words in a field of its lines: ``"label"`` or ``"weight"``."""
    changed = (replace(e, **{field: names.get(getattr(e, field), getattr(e, field))}) for e in wiring.edges)
    return replace(wiring, edges=tuple(changed))


def _captioned(wiring: Wiring, **captions: str) -> Wiring:
    return replace(wiring, nodes=tuple(replace(n, caption=captions.get(n.name, n.caption)) for n in wiring.nodes))


def _with_formula(number: int, formula: str) -> tuple:
    return tuple(replace(s, formula=formula) if s.number == number else s for s in lstm_diagram.STAGES)


CELL, ROLLED, UNROLLED = lstm_diagram.cell(), rnn_diagram.rolled(), rnn_diagram.unrolled()


MUTATIONS = [
    ("drawn_simple_rnn", rnn_diagram, "rolled", lambda: _without(ROLLED, "b_t")),
    ("drawn_simple_rnn", rnn_diagram, "rolled", lambda: _rewired(ROLLED, fork="h_{t-1}")),
    ("drawn_cell", lstm_diagram, "cell", lambda: _rewired(CELL, f="i", i="f")),
    ("drawn_cell", lstm_diagram, "cell", lambda: _rewired(CELL, to_read="c_before")),
    ("drawn_cell", lstm_diagram, "cell", lambda: _relabelled(CELL, c_new="σ")),
    ("drawn_cell", lstm_diagram, "cell", lambda: _relabelled(CELL, store="×")),
    ("drawn_labels", lstm_diagram, "cell", lambda: _renamed(CELL, "label", {"$f_t$": "$o_t$"})),
    ("drawn_labels", lstm_diagram, "cell", lambda: _renamed(CELL, "label", {"$i_t$": "$j_t$"})),
    ("drawn_labels", lstm_diagram, "cell", lambda: _captioned(CELL, i="output gate", o="input gate")),
    ("drawn_labels", lstm_diagram, "cell", lambda: _relabelled(CELL, h="$c_t$")),
    ("drawn_labels", lstm_diagram, "STAGES", _with_formula(1, r"$i_t \odot c_{t-1}$")),
    ("drawn_labels", lstm_diagram, "STAGES", _with_formula(3, r"$f_t \odot c_{t-1}$")),
    ("drawn_unrolled", rnn_diagram, "unrolled", lambda: _without(UNROLLED, "b_2")),
    ("drawn_unrolled", rnn_diagram, "unrolled", lambda: _rewired(UNROLLED, h_1="h_0")),
    ("drawn_unrolled", rnn_diagram, "unrolled", lambda: _renamed(UNROLLED, "label", {"$h_2$": "$h_1$"})),
]


@pytest.mark.parametrize(("check", "module", "name", "mistake"), MUTATIONS)
def test_a_mistake_makes_the_check_fail(monkeypatch, check, module, name, mistake):
    monkeypatch.setattr(module, name, mistake)
    assert not getattr(drawing_checks, check)().outcome().passed


def test_another_letter_on_a_line_of_the_unrolled_net_is_seen(monkeypatch):
    wrong = _renamed(UNROLLED, "weight", {"$W_h$": "$W_x$"})
    monkeypatch.setattr(rnn_diagram, "unrolled", lambda: wrong)
    with pytest.raises(ValueError, match="matmul"):  # the matrices are not square: the product does not even exist
        drawing_checks.drawn_unrolled()


def test_every_check_has_a_mistake_that_it_catches():
    asked = {check.claim for check in drawing_checks.checks()}
    assert {getattr(drawing_checks, name)().claim for name in {mutation[0] for mutation in MUTATIONS}} == asked
