"""Question 5: the measurements are repeatable and true to Keras, and the sentences follow them."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest

from coursework.answers import recurrent
from coursework.answers import recurrent_measurements as measured


@pytest.fixture(scope="module")
def tiny() -> dict:
    return measured.compute("tiny")


def test_the_same_call_gives_the_same_bits(tiny):
    assert json.dumps(tiny) == json.dumps(measured.compute("tiny"))


def test_training_changes_the_weights(tiny):
    for net in tiny["trained"].values():
        assert net["before"]["total"] != net["after"]["total"]


def test_both_trained_nets_have_the_same_number_of_weights(tiny):
    assert len({net["weights"] for net in tiny["trained"].values()}) == 1


@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM"])
def test_weights_are_drawn_as_keras_draws_them_by_default(name):
    import keras

    units, inputs = 6, 3
    layer = getattr(keras.layers, name)(units)
    layer.build((1, 5, inputs))
    kernel, recurrent_kernel, bias = measured._initial_weights(measured.Net(name, units, 1.0), inputs, seed=3)
    theirs = [variable.numpy() for variable in layer.weights]
    assert [part.shape for part in (kernel, recurrent_kernel, bias)] == [part.shape for part in theirs]
    np.testing.assert_array_equal(bias, theirs[2])
    np.testing.assert_allclose(recurrent_kernel @ recurrent_kernel.T, np.eye(units), atol=1e-5)
    np.testing.assert_allclose(theirs[1] @ theirs[1].T, np.eye(units), atol=1e-5)
    limit = np.sqrt(6 / sum(kernel.shape))
    assert 0.8 * limit < abs(kernel).max() <= limit
    assert type(layer.kernel_initializer).__name__ == "GlorotUniform"


def test_the_factor_is_the_largest_by_which_a_gradient_is_scaled():
    """TensorFlow's autodiff through Keras' layer, from the last state back to the first, is the oracle."""
    import keras
    import tensorflow as tf

    net = measured.Net("LSTM", 3, 1.0)
    weights = measured._initial_weights(net, 2, seed=1)
    sequence = np.random.default_rng(2).normal(size=(9, 2))
    layer = keras.layers.LSTM(3, return_state=True, dtype="float64")
    layer.build((1, 9, 2))
    layer.set_weights(weights)
    start = tf.zeros((1, 3), tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(start)
        _, _, c = layer(sequence[None], initial_state=[tf.zeros((1, 3), tf.float64), start])
    jacobian = tape.jacobian(c, start)[0, :, 0].numpy()
    largest = np.sqrt(np.linalg.eigvalsh(jacobian @ jacobian.T).max())
    assert measured._gradients(net, weights, sequence)["total"][-1] == pytest.approx(largest, rel=1e-9)


def test_the_task_asks_for_the_number_stored_last():
    inputs, answers = measured.task(200, 15, np.random.default_rng(0), store_rate=0.2)
    for sequence, wanted in zip(inputs, answers, strict=True):
        memory = None
        for (number, store, recall), answer in zip(sequence, wanted[:, 0], strict=True):
            memory = number if store else memory
            assert answer == (memory if recall else 0)
    assert inputs[:, 0, 1].all()
    assert 0.1 < inputs[:, 1:, 1].mean() < 0.3


def test_variables_are_text_without_tex(tiny):
    for value in recurrent.variables(tiny).values():
        assert isinstance(value, str)
        assert "$" not in value
        assert "\\" not in value
        assert "nan" not in value
        assert "-" not in value.replace("SimpleRNN", "")


LAGS = 100


def results(**left: float) -> dict:
    """Return measurements made up for the wording: what is left of a gradient at every lag, for each net."""
    factors = {
        name: {"total": [[total] * LAGS] * 5, "direct": [[left.get("direct", 1e-14)] * LAGS] * 5}
        for name, total in (
            ("SimpleRNN", left.get("rnn", 0.5)),
            ("LSTM, forget bias 1", left.get("one", 1e-8)),
            ("LSTM, forget bias 3", left.get("three", 20.0)),
            ("LSTM, forget bias 5", left.get("five", 300.0)),
        )
    }
    trained = {"total": [[0.8] * LAGS] * 5, "direct": [[0.7] * LAGS] * 5}
    lstm = {
        "weights": 51,
        "error": [left.get("error", 1e-3)] * 5,
        "before": trained | {"forget": [0.7] * 5},
        "after": trained | {"forget": [left.get("forget", 0.99)] * 5},
    }
    rnn = {"weights": 51, "error": [left.get("rnn_error", 0.08)] * 5, "before": trained, "after": trained}
    return {
        "plan": {"seeds": 5, "lags": LAGS, "units": 32, "inputs": 8, "steps": 40, "epochs": 10},
        "initial": {"0.1": factors, "1": copy.deepcopy(factors)},
        "trained": {"SimpleRNN": rnn, "LSTM, forget bias 1": lstm},
        "baseline": 0.083,
    }


@pytest.mark.parametrize(
    ("name", "usual", "otherwise", "otherwise_says"),
    [
        ("finding_rnn", "keeps the gradient alive for a while", {"rnn": 1e-9}, "keeps the gradient no better than"),
        (
            "finding_rnn",
            "its gradient does not vanish: 0.50",
            {"rnn": 1e-7},
            "its gradient vanishes: 10⁻⁷",
        ),
        ("finding_default", "an LSTM forgets too", {"one": 0.5}, "an LSTM does not forget from every seed"),
        ("finding_default", "more than", {"direct": 0.1}, "beside"),
        ("finding_bias", "even grows, by factors of 20 to 300", {"three": 0.5}, "what is left is 0.50 to 300"),
        ("finding_task", "The LSTM solves it from 5 of 5", {"error": 0.05}, "The LSTM solves it from 0 of 5"),
        ("finding_task", "the SimpleRNN from 0.", {"rnn_error": 0.001}, "the SimpleRNN from 5."),
        ("finding_gate", "The LSTM has learned to keep", {"forget": 0.9}, "The LSTM has not learned to keep"),
    ],
)
def test_a_conclusion_follows_its_results(name, usual, otherwise, otherwise_says):
    assert usual in recurrent.variables(results())[name]
    changed = recurrent.variables(results(**otherwise))[name]
    assert otherwise_says in changed
    assert usual not in changed
