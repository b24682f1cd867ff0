"""Question 5: the measurements are repeatable and true to Keras, and their numbers are printed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.stats
from sklearn.metrics import mean_squared_error

from coursework.answers import recurrent_measurements as measured
from coursework.answers.recurrent_checks import keras_layer
from coursework.answers.recurrent_measurements import Net, Results, variables


@pytest.fixture(scope="module")
def streams() -> set[tuple[int, ...]]:
    """The seeds of all random data that `tiny` drew."""
    return set()


@pytest.fixture(scope="module")
def tiny(streams) -> dict:
    real = measured._generator

    def recorded(*seed: int) -> np.random.Generator:
        streams.add(seed)
        return real(*seed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measured, "_generator", recorded)
        return measured.compute("tiny")


def test_the_same_call_gives_the_same_bits(tiny):
    assert json.dumps(tiny) == json.dumps(measured.compute("tiny"))


def test_each_purpose_has_data_of_its_own_for_every_seed(tiny, streams):
    purposes = measured.NORMAL, measured.TRAINING, measured.TEST, measured.KEEPING
    assert streams == {(seed, purpose) for seed in range(tiny["plan"]["seeds"]) for purpose in purposes}


def test_no_two_matrices_are_drawn_with_the_same_seed(monkeypatch):
    import keras

    drawn: set[tuple[str, int]] = set()

    def recorded(name: str, initialiser: Any) -> Any:
        def made(seed: int) -> Any:
            draw = initialiser(seed=seed)
            return lambda shape: (drawn.add((f"{name}, {shape[0]} rows", seed)), draw(shape))[1]

        return made

    for name in ("GlorotUniform", "Orthogonal"):
        monkeypatch.setattr(keras.initializers, name, recorded(name, getattr(keras.initializers, name)))
    monkeypatch.setattr(keras.Model, "fit", lambda *_, **__: None)
    measured._train(measured.TRAINED[0], replace(measured.PLANS["tiny"], seeds=4))
    assert len(drawn) == len({seed for _, seed in drawn}) == 4 * 3


def test_nothing_is_printed_while_it_is_measured(capfd):
    measured._train(measured.TRAINED[0], replace(measured.PLANS["tiny"], seeds=1, examples=64, epochs=1, steps=2))
    assert capfd.readouterr().out == ""


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


def _keras_measures(net: Net, weights: list[np.ndarray], sequences: np.ndarray, settle: int) -> dict[str, Any]:
    """Measure by Keras' cell and TensorFlow's autodiff: factors by lag, and an LSTM's gates (steps, sequences, n)."""
    import keras
    import tensorflow as tf

    cell, n = keras_layer(f"{net.layer}Cell", weights), net.units
    inputs = tf.constant(sequences, tf.float64)
    begin = [tf.zeros((len(sequences), n), tf.float64) for _ in ("h", "c")[: 1 + (net.layer == "LSTM")]]
    for t in range(settle):
        begin = cell(inputs[:, t], begin)[1]
    columns = []
    for direction in np.eye(n):
        state, after, gates = begin, [], []
        with tf.autodiff.ForwardAccumulator(begin[-1], tf.constant([direction] * len(sequences))) as along:
            for t in range(settle, inputs.shape[1]):
                if net.layer == "LSTM":
                    kernel, back, bias = weights
                    gates.append(keras.ops.sigmoid(inputs[:, t] @ kernel + state[0] @ back + bias).numpy())
                state = cell(inputs[:, t], state)[1]
                after.append(state[-1])
        columns.append([along.jvp(each).numpy() for each in after])
    factors = np.linalg.svd(np.moveaxis(columns, 0, -1), compute_uv=False)[..., 0]
    named = dict(zip("if_o", np.split(np.array(gates), 4, axis=-1), strict=True)) if gates else {}
    return {"total": scipy.stats.gmean(factors, axis=1), **named}


@pytest.mark.parametrize("net", measured.TRAINED, ids=lambda net: net.layer)
def test_a_trained_net_is_measured_as_keras_has_it(monkeypatch, net):
    """Weights that no training made, so that Keras can be asked about the same ones."""
    plan = replace(measured.PLANS["tiny"], lags=6, sequences=2, examples=400, steps=12)
    draw = np.random.default_rng(3).normal
    width = net.units * (4 if net.layer == "LSTM" else 1)
    shapes = (measured.FEATURES, width), (net.units, width), (width,), (net.units, 1), (1,)
    weights = {rate: [[draw(0, 0.7, shape) for shape in shapes] for _ in range(2)] for rate in (0.1, 0.3)}
    monkeypatch.setattr(measured, "_train", lambda net, plan: weights)
    found = measured._trained(net, plan)
    assert found["parameters"] == 51
    best = weights[float(found["rate"])]
    for seed in range(2):
        sequences, _ = measured.task(2, 7, measured._generator(seed, measured.KEEPING), store_rate=0)
        assert sequences[..., 1].tolist() == [[1, 0, 0, 0, 0, 0, 0]] * 2
        as_initialised = measured._initial_weights(net, measured.FEATURES, seed)
        for when, asked in (("before", as_initialised), ("after", best[seed][:3])):
            expected = _keras_measures(net, asked, sequences, settle=1)
            assert found[when]["total"][seed] == pytest.approx(expected["total"], rel=1e-9)
            if net.layer == "LSTM":
                assert found[when]["forget"][seed] == pytest.approx(expected["f"].mean(axis=(0, 1)).max())
    sequences, answers = measured.task(400, 12, measured._generator(0, measured.TEST))
    predicted = keras_layer(net.layer, best[0][:3], return_sequences=True)(sequences) @ best[0][3] + best[0][4]
    error = mean_squared_error(answers.ravel(), np.asarray(predicted).ravel())
    assert found["errors"][found["rate"]][0] == pytest.approx(error, rel=1e-5)
    if net.layer == "SimpleRNN":
        assert found["trace"] is None
    else:
        _assert_trace(net, best[0][:3], sequences, found["trace"])


def _assert_trace(net: Net, weights: list[np.ndarray], sequences: np.ndarray, trace: dict[str, list]) -> None:
    """Assert that a sequence with three numbers far apart is shown, with what the unit that keeps most makes of it."""
    apart = {}
    for number, (values, store, _) in enumerate(sequences.transpose(0, 2, 1)):
        stored = [t for t in range(len(store)) if store[t]]
        if len(stored) == 3:
            a, b, c = stored
            apart[number] = min((b - a) * abs(values[b] - values[a]), (c - b) * abs(values[c] - values[b]))
    shown = sequences[max(apart, key=apart.get)]
    assert np.transpose([trace[key] for key in ("number", "store", "recall")]) == pytest.approx(shown)
    gates = _keras_measures(net, weights, shown[None], settle=0)
    unit = int(gates["f"].mean(axis=(0, 1)).argmax())
    for gate in "fio":
        assert trace[gate] == pytest.approx(gates[gate][:, 0, unit])
    _, _, last = keras_layer("LSTM", weights, return_state=True)(shown[None])
    assert trace["c"][-1] == pytest.approx(float(last[0, unit]))


def test_nets_as_initialised_are_measured_as_keras_has_them():
    plan = replace(measured.PLANS["tiny"], lags=6, sequences=2)
    initial = measured._initial(plan)
    biases = (None, 1.0, 5.0)
    assert list(initial) == ["SimpleRNN", "LSTM, forget bias 1", "LSTM, forget bias 5"]
    for found, bias in zip(initial.values(), biases, strict=True):
        net = Net("SimpleRNN", plan.units) if bias is None else Net("LSTM", plan.units, bias)
        for seed in range(plan.seeds):
            weights = measured._initial_weights(net, plan.inputs, seed)
            sequences = measured._generator(seed, measured.NORMAL).normal(size=(2, 6, plan.inputs))
            expected = _keras_measures(net, weights, sequences, settle=0)["total"]
            assert found["total"][seed] == pytest.approx(expected, rel=1e-9)


def test_the_baseline_is_the_error_of_always_answering_zero(tiny):
    _, answers = measured.task(256, 8, measured._generator(0, measured.TEST))
    assert tiny["baseline"] == pytest.approx(mean_squared_error(answers.ravel(), np.zeros(answers.size)))


def made_up() -> dict[str, Any]:
    """Return measurements with two seeds, four steps of training and six lags, all numbers different."""
    factors = [[2.0**-k for k in range(1, 7)], [2.0 ** -(3 * k) for k in range(1, 7)]]
    scaled = {name: [[(n + 2) * f for f in seed] for seed in factors] for n, name in enumerate(measured_names())}
    trained = {
        name: {
            "units": n + 2, "parameters": 40 + n, "rate": "0.03",
            "errors": {"0.01": [9, 9], "0.03": [0.1 + n, 0.3 + n]},
            "before": {"total": factors, "forget": [0.71234, 0.72345]},
            "after": {"total": scaled[name], "forget": [0.98765, 0.97654]},
        }
        for n, name in enumerate(measured_names()[:2])
    }  # fmt: skip
    plan = {"seeds": 2, "units": 16, "inputs": 7, "steps": 4, "epochs": 5, "lags": 6}
    initial = {name: {"total": each} for name, each in scaled.items()}
    return {"plan": plan, "initial": initial, "trained": trained, "baseline": 0.0836}


def measured_names() -> tuple[str, ...]:
    return "SimpleRNN", "LSTM, forget bias 1", "LSTM, forget bias 5"


def test_results_are_taken_at_the_end_of_the_lags_and_of_the_training_sequences():
    results = Results.of(made_up())
    for n, name in enumerate(measured_names()):
        assert results.left[name] == pytest.approx((n + 2) * 2.0**-12)
    for n, name in enumerate(measured_names()[:2]):
        assert results.kept[name] == pytest.approx((n + 2) * 2.0**-6)  # three steps after the first of four
        assert results.error[name] == pytest.approx(0.2 + n)
    assert (results.forget_before, results.forget_after) == (0.72345, 0.97654)


def test_the_prose_prints_what_was_measured():
    shown = {name: text.replace("\N{NO-BREAK SPACE}", " ") for name, text in variables(made_up()).items()}
    assert shown == {
        "seeds": "2", "units": "16", "inputs": "7", "steps": "4", "epochs": "5", "lags": "6",
        "default_bias": "1", "large_bias": "5", "rates": "0.01, 0.03 and 0.1",
        "parameters": "41", "units_rnn": "2", "units_lstm": "3",
        "left_rnn": "4.9 × 10⁻⁴", "left_default": "7.3 × 10⁻⁴", "left_biased": "9.8 × 10⁻⁴",
        "error_rnn": "0.20", "error_lstm": "1.2", "baseline": "0.084",
        "forget_before": "0.72", "forget_after": "0.977",
    }  # fmt: skip


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


def test_the_task_asks_for_the_number_stored_last():
    inputs, answers = measured.task(200, 15, np.random.default_rng(0), store_rate=0.2)
    for sequence, wanted in zip(inputs, answers, strict=True):
        memory = None
        for (number, store, recall), answer in zip(sequence, wanted[:, 0], strict=True):
            memory = number if store else memory
            assert answer == (memory if recall else 0)
    assert inputs[:, 0, 1].all()
    assert 0.1 < inputs[:, 1:, 1].mean() < 0.3
    assert 0.2 < inputs[..., 2].mean() < 0.3
    assert (inputs[..., 0].min(), inputs[..., 0].max()) == pytest.approx((-1, 1), abs=0.01)
    assert abs(inputs[..., 0]).max() <= 1
