"""Question 5: every check holds, and a mistake of the usual kind makes each of them fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from coursework.answers import recurrent, recurrent_checks


@pytest.fixture(scope="module")
def checks():
    return recurrent_checks.checks()


def test_every_claim_holds(checks):
    assert [check.claim for check in checks if not check.outcome().passed] == []
    assert {check.question for check in checks} == {"Q5"}


def test_the_comparison_is_of_many_different_numbers(checks):
    """Weights that were equal, zero or square would let a mistake pass."""
    kernel, recurrent_kernel, bias = recurrent_checks.LSTM_KERAS
    assert len({*kernel.ravel(), *recurrent_kernel.ravel(), *bias}) == kernel.size + recurrent_kernel.size + bias.size
    assert len(kernel) != len(recurrent_kernel)
    assert np.all(np.abs(bias) > 1e-3)
    assert recurrent_checks.STEPS >= 5


FORWARD, JACOBIANS, PATH = recurrent.simple_rnn, recurrent.simple_rnn_jacobians, recurrent.direct_cell_path
LSTM, PARTIALS = recurrent.lstm, recurrent.cell_partials


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

    def cut(states):
        partials = PARTIALS(states)
        return partials | {path: 0 * partials[path]}

    return cut


MUTATIONS = [
    ("simple_rnn_forward", recurrent, "simple_rnn", _without_bias),
    ("lstm_forward", recurrent, "KERAS_LAYERS", ("f", "i", "c", "o")),
    ("lstm_forward", recurrent, "lstm", _flipped_gate),
    ("lstm_forward", recurrent, "lstm", _unbiased_gate),
    ("concatenation", recurrent, "KERAS_LAYERS", ("i", "f", "o", "c")),
    ("simple_rnn_gradient", recurrent, "simple_rnn_jacobians", _without_slope),
    ("simple_rnn_gradient", recurrent, "simple_rnn_jacobians", _transposed),
    ("lstm_direct_path", recurrent, "direct_cell_path", lambda states: PATH(replace(states, f=states.i))),
    ("lstm_direct_path", recurrent, "direct_cell_path", lambda states: PATH(states)[:-1]),
    *[
        ("lstm_gradient", recurrent, "cell_partials", _partials_without(path))
        for path in ("c/c", "c/a_f", "c/a_i", "c/a_c", "h/a_o", "h/c")
    ],
    ("default_forget_bias", recurrent, "DEFAULT_FORGET_BIAS", 0.0),
    ("parameter_counts", recurrent, "parameters", lambda units, inputs: units * (units + inputs)),
]


@pytest.mark.parametrize(("check", "module", "name", "mistake"), MUTATIONS)
def test_a_mistake_makes_the_check_fail(monkeypatch, check, module, name, mistake):
    monkeypatch.setattr(module, name, mistake)
    assert not getattr(recurrent_checks, check)().outcome().passed


def test_every_check_has_a_mistake_that_it_catches():
    asked = {check.claim for check in recurrent_checks.checks()}
    caught = {getattr(recurrent_checks, name)().claim for name in {mutation[0] for mutation in MUTATIONS}}
    assert caught == asked
