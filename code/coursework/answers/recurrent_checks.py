"""Question 5 against Keras' layers and TensorFlow's automatic differentiation, and the values of its printed formulas.

The weights are random, not square, without a zero bias, and differ from layer to layer, so that a transposed matrix,
a dropped bias or two swapped gates cannot go unseen. Everything is in double precision.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

from coursework.answers import recurrent
from coursework.answers.checks import AUTODIFF, WORKING_DIGITS, Check, Sample, exact_sample, reading, slope

STEPS, INPUTS, UNITS, OUTPUTS = 7, 3, 4, 2


def _random(*shape: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.8, shape)


def _keras_weights(layers: int, seed: int) -> list[np.ndarray]:
    """Return random weights as Keras lays them out: kernel, recurrent kernel, bias."""
    shapes = (INPUTS, layers * UNITS), (UNITS, layers * UNITS), (layers * UNITS,)
    return [_random(*shape, seed=seed + k) for k, shape in enumerate(shapes)]


INPUT_SEQUENCE = _random(STEPS, INPUTS, seed=1)
H_START, C_START = _random(UNITS, seed=2), _random(UNITS, seed=3)
RNN_KERAS, LSTM_KERAS = _keras_weights(1, seed=10), _keras_weights(4, seed=20)
READOUT = _random(OUTPUTS, UNITS, seed=30), _random(OUTPUTS, seed=31)


def checks() -> list[Check]:
    """Return the checks of question 5, but for those of its drawings."""
    return [*forward_checks(), *gradient_checks(), *count_checks()]


def keras_layer(name: str, weights: list[np.ndarray], **options: Any) -> Any:
    """Return a Keras layer or cell in double precision, with these weights, kernel first."""
    import keras

    inputs, columns = weights[0].shape
    units = columns // 4 if name.startswith("LSTM") else columns
    layer = getattr(keras.layers, name)(units, dtype="float64", **options)
    layer.build((1, None, inputs) if name in ("SimpleRNN", "LSTM") else (1, inputs))
    layer.set_weights(weights)
    return layer


def run_keras(name: str, weights: list[np.ndarray], *states: np.ndarray) -> list[np.ndarray]:
    """Return the states of all steps, then the final state or states."""
    layer = keras_layer(name, weights, return_sequences=True, return_state=True)
    results = layer(INPUT_SEQUENCE[None], initial_state=[state[None] for state in states])
    return [np.asarray(result)[0] for result in results]


def _written() -> tuple[recurrent.RNNWeights, np.ndarray, recurrent.LSTMWeights, recurrent.LSTMStates]:
    """Return weights and states of the recurrent net and of the LSTM that the answer writes down."""
    rnn, lstm = recurrent.RNNWeights.from_keras(*RNN_KERAS), recurrent.LSTMWeights.from_keras(*LSTM_KERAS)
    states = recurrent.lstm(lstm, INPUT_SEQUENCE, H_START, C_START)
    return rnn, recurrent.simple_rnn(rnn, INPUT_SEQUENCE, H_START), lstm, states


def forward_checks() -> list[Check]:
    """Check the written nets against Keras' layers, and W [h, x] with both matrices in one against two products."""
    import keras

    _, rnn_states, weights, written = _written()
    states, _, last_cell = run_keras("LSTM", LSTM_KERAS, H_START, C_START)
    joined = np.concatenate([weights.W[layer] @ np.concatenate([H_START, INPUT_SEQUENCE[0]]) for layer in "ifco"])
    kernel, recurrent_kernel, _ = LSTM_KERAS
    separate = keras.ops.matmul(INPUT_SEQUENCE[:1], kernel) + keras.ops.matmul(H_START[None], recurrent_kernel)
    return [
        Check(
            "Q5", r"the simple recurrent net computes $h_1, \ldots, h_T$", rnn_states,
            run_keras("SimpleRNN", RNN_KERAS, H_START)[0], "Keras SimpleRNN",
        ),
        Check(
            "Q5", r"the six LSTM equations compute $h_1, \ldots, h_T$ and $c_T$",
            np.vstack([written.h, written.c[-1]]), np.vstack([states, last_cell]), "Keras LSTM",
        ),
        Check("Q5", "$W [h, x] = W_h h + W_x x$", joined, np.asarray(separate)[0], "Keras, two products"),
    ]  # fmt: skip


def _jacobian(function: Callable, at: np.ndarray) -> np.ndarray:
    """Differentiate a function of one row of numbers by TensorFlow; return (outputs, inputs)."""
    import tensorflow as tf

    start = tf.constant(at[None])
    with tf.GradientTape() as tape:
        tape.watch(start)
        last = function(start)
    return tape.jacobian(last, start)[0, :, 0].numpy()


def gradient_checks() -> list[Check]:
    """Check ∂h_T/∂h_0, ∂c_T/∂c_0 with gates and candidate held fixed, and the total derivative of (h_T, c_T)."""
    import tensorflow as tf

    weights, rnn_states, lstm_weights, written = _written()
    rnn, cell = keras_layer("SimpleRNN", RNN_KERAS), keras_layer("LSTMCell", LSTM_KERAS)
    lstm = keras_layer("LSTM", LSTM_KERAS, return_state=True)

    def last_cell(c: Any) -> Any:
        h = tf.constant(H_START[None])
        for x in INPUT_SEQUENCE:
            _, (h, c) = cell(tf.constant(x[None]), [tf.stop_gradient(h), c])
        return c

    def last_states(start: Any) -> Any:
        _, h, c = lstm(INPUT_SEQUENCE[None], initial_state=[start[:, :UNITS], start[:, UNITS:]])
        return tf.concat([h, c], axis=1)

    return [
        Check(
            "Q5", r"$\partial h_T / \partial h_0$ is the product of $\operatorname{diag}(1 - h_t^2)\,W_h$",
            recurrent.simple_rnn_jacobians(weights, rnn_states)[-1],
            _jacobian(lambda start: rnn(INPUT_SEQUENCE[None], initial_state=start), H_START), AUTODIFF,
        ),
        Check(
            "Q5", "gates and candidate held fixed, "
            r"$\partial c_T / \partial c_0$ is the product of $\operatorname{diag} f_t$",
            np.diag(recurrent.direct_cell_path(written)[-1]), _jacobian(last_cell, C_START),
            "TensorFlow autodiff, $h$ held fixed",
        ),
        Check(
            "Q5", r"the total derivative of $(h_T, c_T)$ by $(h_0, c_0)$, through the cell and through the gates",
            recurrent.lstm_jacobians(lstm_weights, written)[-1],
            _jacobian(last_states, np.concatenate([H_START, C_START])), AUTODIFF,
        ),
    ]  # fmt: skip


def count_checks() -> list[Check]:
    """Check the forget bias of a Keras LSTM as it is initialised, and how many parameters Keras counts in a layer."""
    import keras

    layer = keras.layers.LSTM(UNITS)
    layer.build((1, STEPS, INPUTS))
    bias = recurrent.LSTMWeights.from_keras(*(weight.numpy() for weight in layer.weights)).b["f"]
    counted = [
        keras_layer(name, kept).count_params() for name, kept in (("SimpleRNN", RNN_KERAS), ("LSTM", LSTM_KERAS))
    ]
    stated = [recurrent.parameters(UNITS, INPUTS), 4 * recurrent.parameters(UNITS, INPUTS)]
    return [
        Check(
            "Q5", "as Keras initialises it, an LSTM's forget bias is that of the report",
            np.full(UNITS, recurrent.DEFAULT_FORGET_BIAS), bias, "Keras LSTM as initialised",
        ),
        Check("Q5", "$n (n + d + 1)$ parameters, in an LSTM four times as many", stated, counted, "Keras' counts"),
    ]  # fmt: skip


# --- values for the printed formulas ---------------------------------------------------------------------------------

LENGTH, SEEDS = 3, (1, 2)
SIZES = (3, 2), (7, 4)  # units and inputs


def values() -> dict[str, Any]:
    """Return the values of question 5, from Keras' layers with one unit, one input and random weights."""
    readings = [
        reading("Keras' SimpleRNN", *(_rnn_sample(seed) for seed in SEEDS)),
        reading("Keras' LSTM", *(_lstm_sample(seed) for seed in SEEDS)),
        reading("Keras' LSTM over some steps, gates and candidate fixed", *(_direct_sample(seed) for seed in SEEDS)),
        reading("Keras' counts", *(_counts_sample(*size) for size in SIZES)),
        reading("any argument", {"z": 0.7}, {"z": -1.3}),
        reading("tanh at some argument", *(_bare_tanh(z) for z in (0.7, -1.3))),
    ]
    free = [r"f_t \approx 1", r"f_t \approx 0", "f_t = 1"]
    said = [r"x_1, \ldots, x_T", r"\| W_h \|", "c_0", "c_T", r"\partial c_T / \partial c_0"]
    return {"title": "Question 5", "readings": readings, "free": free, "said": said}


def _gradient(function: Callable, at: float) -> float:
    """Differentiate a function of a state with one unit by TensorFlow."""
    import tensorflow as tf

    start = tf.constant([[at]], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(start)
        last = function(start)
    return float(tape.gradient(last, start)[0, 0])


def _rnn_sample(seed: int) -> Sample:
    """Return states, output and ∂h_T/∂h_0 of a recurrent net; t is its last step."""
    random = np.random.default_rng(seed)
    kernel, back, bias, out, out_bias = random.uniform(0.3, 0.9, 5) * random.choice([-1, 1], 5)
    inputs = random.uniform(-1, 1, LENGTH)
    weights = [np.array([[kernel]]), np.array([[back]]), np.array([bias])]
    layer, cell = keras_layer("SimpleRNN", weights, return_sequences=True), keras_layer("SimpleRNNCell", weights)
    dense = keras_layer("Dense", [np.array([[out]]), np.array([out_bias])])

    def states(start: Any) -> Any:
        return layer(inputs[None, :, None], initial_state=start)

    h = states(np.zeros((1, 1))).numpy()[0, :, 0].tolist()
    y = float(dense(np.array([h[-1:]]))[0, 0])
    return {
        "h_t": h[-1], "h_{t-1}": h[-2], "h_0": 0, "x_t": float(inputs[-1]), "y_t": y,
        "W_x": float(kernel), "W_h": float(back), "b": float(bias), "W_y": float(out), "b_y": float(out_bias),
        "T": LENGTH, r"\partial h_T/\partial h_0": _gradient(lambda start: states(start)[:, -1], 0.0),
        r"\partial h_t/\partial h_{t-1}": _gradient(lambda before: cell(inputs[None, -1:], [before])[0], h[-2]),
        **{f"h_{i}": value for i, value in enumerate(h, start=1)},
    }  # fmt: skip


def _bare_tanh(z: float) -> Sample:
    """Return tanh and its slope as they are written without an argument."""
    with mpmath.workdps(WORKING_DIGITS):
        return exact_sample({r"\tanh": mpmath.tanh(z), r"\tanh'": slope(mpmath.tanh, z)})


def _direct_sample(seed: int) -> Sample:
    """Return the forget gates of some steps, and their product as ∂c_T/∂c_0 with no gradient through the gates."""
    import tensorflow as tf

    random = np.random.default_rng(seed)
    kernel, back, bias = random.uniform(0.3, 0.9, (3, 4))
    cell = keras_layer("LSTMCell", [kernel[None], back[None], bias])
    forget = keras_layer("Dense", [np.array([back[1:2], kernel[1:2]]), bias[1:2]], activation="sigmoid")
    inputs, gates = random.uniform(-1, 1, LENGTH), []

    def last_cell(c: Any) -> Any:
        h = tf.zeros((1, 1), tf.float64)
        for x in inputs:
            h = tf.stop_gradient(h)
            gates.append(float(forget(tf.concat([h, [[x]]], axis=1))[0, 0]))
            _, (h, c) = cell(tf.constant([[x]]), [h, c])
        return c

    product = _gradient(last_cell, 0.4)
    numbered = {f"f_{t}": gate for t, gate in enumerate(gates, start=1)}
    return {**numbered, r"\prod_t": LENGTH, r"f_T \odot \cdots \odot f_1": product}


def _counts_sample(units: int, inputs: int) -> Sample:
    """Return how many parameters Keras' layers have."""
    import keras

    outputs = units + inputs + 2
    sample = {"n": units, "d": inputs, "m": outputs}
    for name, layer in (("RNN", keras.layers.SimpleRNN(units)), ("LSTM", keras.layers.LSTM(units))):
        layer.build((1, LENGTH, inputs))
        sample[rf"N_\mathrm{{{name}}}"] = layer.count_params()
        sizes = [int(np.prod(weight.shape)) // (4 if name == "LSTM" else 1) for weight in layer.weights]
        sample |= {rf"\text{{{name}, {index}}}": size for index, size in enumerate([*sizes, sizes[0] + sizes[1]])}
    dense = keras.layers.Dense(outputs)
    dense.build((1, units))
    return sample | {r"\text{the output}": int(np.prod(dense.kernel.shape))}


def _lstm_sample(seed: int) -> Sample:
    """Return the values of one step of an LSTM; layer k is the output gate's."""
    import tensorflow as tf

    random = np.random.default_rng(seed)
    kernel, back, bias = random.uniform(0.3, 0.9, (3, 4)) * random.choice([-1, 1], (3, 4))
    h, c, x = random.uniform(0.3, 0.9, 3)
    cell = keras_layer("LSTMCell", [kernel[None], back[None], bias])
    layers, sample = {}, {}
    for index, name in enumerate(recurrent.KERAS_LAYERS):
        columns = np.array([back[index], kernel[index]])
        activation = "tanh" if name == "c" else "sigmoid"
        layers[name] = keras_layer("Dense", [columns[:, None], bias[index : index + 1]], activation=activation)
        for k in ("o", "k") if name == "o" else (name,):
            sample |= {
                f"W_{k}": columns.tolist(), f"W_{{{k}h}}": columns[0], f"W_{{{k}x}}": columns[1], f"b_{k}": bias[index],
            }  # fmt: skip
    before, start = tf.constant([[h]]), tf.constant([[c]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([before, start])
        _, (state, memory) = cell(tf.constant([[x]]), [before, start])
        gates = {name: layer(tf.concat([before, [[x]]], axis=1)) for name, layer in layers.items()}
    by = {
        f"{of}/{to}": float(tape.gradient(*pair)[0, 0])
        for of, to, *pair in (
            ("c", "h'", memory, before), ("c", "c'", memory, start), ("h", "c", state, memory),
            ("h", "h'", state, before), ("o", "h'", gates["o"], before),
        )
    }  # fmt: skip
    sample |= {r"\tilde{c}_t" if name == "c" else f"{name}_t": gate[0, 0] for name, gate in gates.items()}
    sample |= {
        "h_t": state[0, 0], "c_t": memory[0, 0], "h_{t-1}": h, "c_{t-1}": c, "x_t": x,
        r"\partial c_t/\partial h_{t-1}": by["c/h'"], r"\partial c_t/\partial c_{t-1}": by["c/c'"],
        r"\partial h_t/\partial c_t": by["h/c"], r"\partial o_t/\partial h_{t-1}": by["o/h'"],
        # all of ∂h_t/∂h_{t−1} but the path through the cell goes through the output gate
        r"\partial h_t/\partial o_t": (by["h/h'"] - by["h/c"] * by["c/h'"]) / by["o/h'"],
    }  # fmt: skip
    return {name: value if isinstance(value, list) else float(value) for name, value in sample.items()}
