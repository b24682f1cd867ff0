"""Question 5: every check holds, and a mistake of the usual kind makes each of them fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from coursework.answers import recurrent, recurrent_evidence
from coursework.diagrams import lstm as lstm_diagram
from coursework.diagrams import rnn as rnn_diagram
from coursework.diagrams.wiring import Wiring


@pytest.fixture(scope="module")
def checks():
    return recurrent_evidence.checks()


def test_every_claim_holds(checks):
    assert [check.claim for check in checks if not check.outcome().passed] == []
    assert {check.question for check in checks} == {"Q5"}


def test_the_comparison_is_of_many_different_numbers(checks):
    """Weights that were equal, zero or square would let a mistake pass."""
    kernel, recurrent_kernel, bias = recurrent_evidence.LSTM_KERAS
    assert len({*kernel.ravel(), *recurrent_kernel.ravel(), *bias}) == kernel.size + recurrent_kernel.size + bias.size
    assert len(kernel) != len(recurrent_kernel)
    assert np.all(np.abs(bias) > 1e-3)
    assert recurrent_evidence.STEPS >= 5


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
FORWARD, JACOBIANS, PATH = recurrent.simple_rnn, recurrent.simple_rnn_jacobians, recurrent.direct_cell_path
LSTM = recurrent.lstm


def _without_bias(weights, *arguments):
    return FORWARD(replace(weights, b=0 * weights.b), *arguments)


def _without_slope(weights, states):
    return JACOBIANS(weights, 0 * states)


def _transposed(weights, states):
    return JACOBIANS(replace(weights, W_h=weights.W_h.T), states)


def _flipped_gate(weights, *arguments):
    return LSTM(replace(weights, W=weights.W | {"f": -weights.W["f"]}), *arguments)


def _unbiased_gate(weights, *arguments):
    return LSTM(replace(weights, b=weights.b | {"o": 0 * weights.b["o"]}), *arguments)


def _partials_without(path):
    """Return the partial derivatives with one path cut."""
    sound = dict(recurrent._numeric_partials())
    return lambda: sound | {path: lambda *at: 0 * sound[path](*at)}


MUTATIONS = [
    ("simple_rnn_forward", recurrent, "simple_rnn", _without_bias),
    ("lstm_forward", recurrent, "KERAS_LAYERS", ("f", "i", "c", "o")),
    ("lstm_forward", recurrent, "lstm", _flipped_gate),
    ("lstm_forward", recurrent, "lstm", _unbiased_gate),
    ("concatenation", recurrent, "KERAS_LAYERS", ("i", "f", "o", "c")),
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
    ("simple_rnn_gradient", recurrent, "simple_rnn_jacobians", _without_slope),
    ("simple_rnn_gradient", recurrent, "simple_rnn_jacobians", _transposed),
    ("lstm_direct_path", recurrent, "direct_cell_path", lambda states: PATH(replace(states, f=states.i))),
    ("lstm_direct_path", recurrent, "direct_cell_path", lambda states: PATH(states)[:-1]),
    *[
        ("lstm_gradient", recurrent, "_numeric_partials", _partials_without(path))
        for path in ("c/c", "c/a_f", "c/a_i", "c/a_c", "h/a_o", "h/c")
    ],
    ("default_forget_gate", recurrent, "sigmoid", np.tanh),
]


@pytest.mark.parametrize(("check", "module", "name", "mistake"), MUTATIONS)
def test_a_mistake_makes_the_check_fail(monkeypatch, check, module, name, mistake):
    monkeypatch.setattr(module, name, mistake)
    assert not getattr(recurrent_evidence, check)().outcome().passed


def test_another_letter_on_a_line_of_the_unrolled_net_is_seen(monkeypatch):
    wrong = _renamed(UNROLLED, "weight", {"$W_h$": "$W_x$"})
    monkeypatch.setattr(rnn_diagram, "unrolled", lambda: wrong)
    with pytest.raises(ValueError, match="matmul"):  # the matrices are not square: the product does not even exist
        recurrent_evidence.drawn_unrolled()


def test_every_check_has_a_mistake_that_it_catches():
    asked = {check.claim for check in recurrent_evidence.checks()}
    caught = {getattr(recurrent_evidence, name)().claim for name in {mutation[0] for mutation in MUTATIONS}}
    assert caught == asked
