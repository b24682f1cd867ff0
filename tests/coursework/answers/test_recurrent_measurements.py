"""Question 5: the measurements are repeatable and true to Keras, and their numbers are printed."""

from __future__ import annotations

import json

import numpy as np
import pytest
import scipy.stats

from coursework.answers import recurrent_measurements as measured
from coursework.answers.recurrent_measurements import Results, variables


@pytest.fixture(scope="module")
def tiny() -> dict:
    return measured.compute("tiny")


def test_the_same_call_gives_the_same_bits(tiny):
    assert json.dumps(tiny) == json.dumps(measured.compute("tiny"))


def test_training_changes_the_weights(tiny):
    for net in tiny["trained"].values():
        assert net["before"]["total"] != net["after"]["total"]


def test_both_trained_nets_have_the_same_number_of_parameters_as_keras_counts_them(tiny):
    import keras

    for net in measured.TRAINED:
        inputs = keras.Input((5, measured.FEATURES))
        states = getattr(keras.layers, net.layer)(net.units)(inputs)
        counted = keras.Model(inputs, keras.layers.Dense(1)(states)).count_params()
        assert tiny["trained"][net.name]["parameters"] == counted == 51


def test_the_learning_rate_is_the_one_that_served_best(tiny):
    for net in tiny["trained"].values():
        assert list(net["errors"]) == [f"{rate:g}" for rate in measured.LEARNING_RATES]
        means = {rate: np.mean(errors) for rate, errors in net["errors"].items()}
        assert net["rate"] == min(means, key=means.get)
        assert len(set(means.values())) == len(means)


def test_the_error_is_that_of_keras_own_evaluation():
    import keras

    plan, net = measured.PLANS["tiny"], measured.TRAINED[1]
    inputs = keras.Input((plan.steps, measured.FEATURES))
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.LSTM(net.units, return_sequences=True)(inputs)))
    model.compile(loss="mse")
    x, y = measured.task(plan.examples, plan.steps, measured._generator(7, measured.TEST))
    found = measured._error(net, model.get_weights(), plan, seed=7)
    assert found == pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-5)


@pytest.mark.parametrize("name", ["LSTM, forget bias 1", "SimpleRNN"])
def test_the_results_are_those_of_the_measurements(tiny, name):
    results = Results.of(tiny)
    lags = tiny["plan"]["lags"]
    each = [seed[lags - 1] for seed in tiny["initial"][name]["total"]]
    assert results.left[name] == pytest.approx(scipy.stats.gmean(each))
    trained = tiny["trained"].get(name)
    assert results.error[name] == min(np.mean(errors) for errors in trained["errors"].values())


def test_variables_are_text_without_tex(tiny):
    for value in variables(tiny).values():
        assert isinstance(value, str)
        assert value
        assert not set(value) & set("$\\-")
        assert "nan" not in value


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
