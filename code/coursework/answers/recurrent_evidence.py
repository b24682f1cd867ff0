"""The equations, derivatives and diagram of question 5 compared with Keras and with TensorFlow's autodiff.

The weights are random, not square, without a zero bias, and differ from layer to layer, so that a transposed matrix,
a dropped bias or two swapped gates cannot go unseen. Everything is in double precision.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from coursework.answers import recurrent
from coursework.answers.evidence import FLOAT64, Check
from coursework.diagrams import lstm as lstm_diagram
from coursework.diagrams import rnn as rnn_diagram
from coursework.diagrams.wiring import Node

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


def checks(settings: Any = None) -> list[Check]:
    """Return the checks of question 5; they do not depend on the author's inputs.

    Parameters
    ----------
    settings : coursework.settings.Settings, optional
        Taken so that every question is asked in the same way.
    """
    return [
        simple_rnn_forward(),
        lstm_forward(),
        concatenation(),
        drawn_simple_rnn(),
        drawn_cell(),
        simple_rnn_gradient(),
        lstm_direct_path(),
        lstm_gradient(),
        default_forget_gate(),
    ]


# --- Keras, as the oracle of the forward passes ----------------------------------------------------------------------


def _keras_layer(name: str, weights: list[np.ndarray], **options: Any) -> Any:
    """Return a Keras recurrent layer or cell in double precision, with these weights."""
    import keras

    layer = getattr(keras.layers, name)(UNITS, dtype="float64", **options)
    layer.build((1, INPUTS) if name.endswith("Cell") else (1, STEPS, INPUTS))
    layer.set_weights(weights)
    return layer


def _run_keras(name: str, weights: list[np.ndarray], *states: np.ndarray) -> list[np.ndarray]:
    """Return the states of all steps, then the final state or states."""
    layer = _keras_layer(name, weights, return_sequences=True, return_state=True)
    results = layer(INPUT_SEQUENCE[None], initial_state=[state[None] for state in states])
    return [np.asarray(result)[0] for result in results]


def simple_rnn_forward() -> Check:
    """The written recurrent net, step by step, against `keras.layers.SimpleRNN`."""
    written = recurrent.simple_rnn(recurrent.RNNWeights.from_keras(*RNN_KERAS), INPUT_SEQUENCE, H_START)
    return Check(
        "Q5",
        r"the simple recurrent net computes $h_1, \ldots, h_T$",
        written,
        _run_keras("SimpleRNN", RNN_KERAS, H_START)[0],
        "Keras SimpleRNN",
        FLOAT64,
    )


def lstm_forward() -> Check:
    """The written LSTM against `keras.layers.LSTM`: every state, and the last cell state."""
    written = recurrent.lstm(recurrent.LSTMWeights.from_keras(*LSTM_KERAS), INPUT_SEQUENCE, H_START, C_START)
    states, _, last_cell = _run_keras("LSTM", LSTM_KERAS, H_START, C_START)
    return Check(
        "Q5",
        r"the six LSTM equations compute $h_1, \ldots, h_T$ and $c_T$",
        np.vstack([written.h, written.c[-1]]),
        np.vstack([states, last_cell]),
        "Keras LSTM",
        FLOAT64,
    )


def concatenation() -> Check:
    """W [h, x] with the two matrices side by side, against Keras' two separate products."""
    import keras

    weights = recurrent.LSTMWeights.from_keras(*LSTM_KERAS)
    joined = np.concatenate([weights.W[layer] @ np.concatenate([H_START, INPUT_SEQUENCE[0]]) for layer in "ifco"])
    kernel, recurrent_kernel, _ = LSTM_KERAS
    separate = keras.ops.matmul(INPUT_SEQUENCE[:1], kernel) + keras.ops.matmul(H_START[None], recurrent_kernel)
    return Check("Q5", "$W [h, x] = W_h h + W_x x$", joined, np.asarray(separate)[0], "Keras, two products", FLOAT64)


# --- the diagrams, run as they are drawn -----------------------------------------------------------------------------


def drawn_cell() -> Check:
    """The LSTM cell followed line by line through its drawing, against `keras.layers.LSTM`."""
    weights = recurrent.LSTMWeights.from_keras(*LSTM_KERAS)
    wiring = lstm_diagram.cell()
    names = {"f": "f", "i": "i", "c_new": "c", "o": "o"}  # a layer's box, and the subscript of its weights

    def apply(node: Node, *values: np.ndarray) -> np.ndarray:
        if node.kind == "concatenate":
            return np.concatenate(values)
        if node.kind == "layer":
            layer = names[node.name]
            return _functions()[node.label](weights.W[layer] @ values[0] + weights.b[layer])
        return _functions()[node.label](*values)

    h, c, rows = H_START, C_START, []
    for x in INPUT_SEQUENCE:
        before = {"h_before": h, "c_before": c, "x": x}
        h, c = (wiring.value(name, before, apply) for name in ("output", "c"))
        rows.append(h)
    states, _, last_cell = _run_keras("LSTM", LSTM_KERAS, H_START, C_START)
    return Check(
        "Q5",
        "the LSTM cell as drawn, followed along its lines, is an LSTM",
        np.vstack([rows, c]),
        np.vstack([states, last_cell]),
        "Keras LSTM",
        FLOAT64,
    )


def drawn_simple_rnn() -> Check:
    """The rolled recurrent net, followed along its lines for every step, against Keras' SimpleRNN and Dense."""
    import keras

    wiring = rnn_diagram.rolled()
    weights = recurrent.RNNWeights.from_keras(*RNN_KERAS)
    matrices = {"$W_x$": weights.W_x, "$W_h$": weights.W_h, "$W_y, b_y$": READOUT[0], "": None}

    def apply(node: Node, *values: np.ndarray) -> np.ndarray:
        letters = [edge.weight for edge in wiring.edges if edge.target == node.name]
        total = sum(matrices[w] @ v if w else v for w, v in zip(letters, values, strict=True))
        return np.tanh(total) if node.kind == "layer" else total + READOUT[1]

    h, rows = H_START, []
    for x in INPUT_SEQUENCE:
        before = {"x_t": x, "h_{t-1}": h, "b_t": weights.b}
        y = wiring.value("y_t", before, apply)
        h = wiring.value("h_t", before, apply)
        rows.append(np.concatenate([h, y]))
    states = _run_keras("SimpleRNN", RNN_KERAS, H_START)[0]
    dense = keras.layers.Dense(OUTPUTS, dtype="float64")
    dense.build((1, UNITS))
    dense.set_weights([READOUT[0].T, READOUT[1]])
    return Check(
        "Q5",
        "the recurrent net as drawn, followed along its lines, computes $h_t$ and $y_t$",
        np.array(rows),
        np.hstack([states, np.asarray(dense(states))]),
        "Keras SimpleRNN and Dense",
        FLOAT64,
    )


def _functions() -> dict[str, Any]:
    """Return what the boxes of the drawn cell compute, by what is written on them."""
    return {"σ": recurrent.sigmoid, "tanh": np.tanh, "×": np.multiply, "+": np.add}


# --- TensorFlow's autodiff, as the oracle of the derivatives ---------------------------------------------------------


def simple_rnn_gradient() -> Check:
    """∂h_T/∂h_0 as the product of the steps' Jacobians, against autodiff through Keras' layer."""
    import tensorflow as tf

    weights = recurrent.RNNWeights.from_keras(*RNN_KERAS)
    product = recurrent.simple_rnn_jacobians(weights, recurrent.simple_rnn(weights, INPUT_SEQUENCE, H_START))[-1]
    layer = _keras_layer("SimpleRNN", RNN_KERAS)
    start = tf.constant(H_START[None])
    with tf.GradientTape() as tape:
        tape.watch(start)
        last = layer(INPUT_SEQUENCE[None], initial_state=start)
    return Check(
        "Q5",
        r"$\partial h_T / \partial h_0$ is the product of $\operatorname{diag}(1 - h_t^2)\,W_h$",
        product,
        tape.jacobian(last, start)[0, :, 0].numpy(),
        "TensorFlow autodiff",
        FLOAT64,
    )


def lstm_direct_path() -> Check:
    """∂c_T/∂c_0 along the cell, against autodiff through Keras' cell with no gradient through what the gates read."""
    import tensorflow as tf

    weights = recurrent.LSTMWeights.from_keras(*LSTM_KERAS)
    product = recurrent.direct_cell_path(recurrent.lstm(weights, INPUT_SEQUENCE, H_START, C_START))[-1]
    cell = _keras_layer("LSTMCell", LSTM_KERAS)
    start = tf.constant(C_START[None])
    with tf.GradientTape() as tape:
        tape.watch(start)
        h, c = tf.constant(H_START[None]), start
        for x in INPUT_SEQUENCE:
            _, (h, c) = cell(tf.constant(x[None]), [tf.stop_gradient(h), c])
    return Check(
        "Q5",
        r"with the gates held fixed, $\partial c_T / \partial c_0$ is the product of $\operatorname{diag} f_t$",
        np.diag(product),
        tape.jacobian(c, start)[0, :, 0].numpy(),
        "TensorFlow autodiff, gates fixed",
        FLOAT64,
    )


def lstm_gradient() -> Check:
    """The total derivative of (h_T, c_T) by (h_0, c_0), against autodiff through Keras' layer."""
    import tensorflow as tf

    weights = recurrent.LSTMWeights.from_keras(*LSTM_KERAS)
    states = recurrent.lstm(weights, INPUT_SEQUENCE, H_START, C_START)
    layer = _keras_layer("LSTM", LSTM_KERAS, return_state=True)
    start = tf.constant(np.concatenate([H_START, C_START])[None])
    with tf.GradientTape() as tape:
        tape.watch(start)
        _, h, c = layer(INPUT_SEQUENCE[None], initial_state=[start[:, :UNITS], start[:, UNITS:]])
        last = tf.concat([h, c], axis=1)
    return Check(
        "Q5",
        r"the total derivative of $(h_T, c_T)$ by $(h_0, c_0)$, through the cell and through the gates",
        recurrent.lstm_jacobians(weights, states)[-1],
        tape.jacobian(last, start)[0, :, 0].numpy(),
        "TensorFlow autodiff",
        FLOAT64,
    )


def default_forget_gate() -> Check:
    """With zero input and state, a Keras LSTM as it is initialised multiplies its cell by σ(1) at every step."""
    import keras
    import tensorflow as tf

    cell = keras.layers.LSTMCell(UNITS, dtype="float64")
    zeros = tf.zeros((1, UNITS), tf.float64)
    state = [zeros, tf.ones((1, UNITS), tf.float64)]
    for _ in range(STEPS):
        _, state = cell(tf.zeros((1, INPUTS), tf.float64), [zeros, state[1]])
    return Check(
        "Q5",
        r"as Keras initialises it, an LSTM with nothing to read keeps $\sigma(1)^T$ of its cell state",
        np.full(UNITS, recurrent.sigmoid(1.0) ** STEPS),
        state[1][0].numpy(),
        "Keras LSTM cell as initialised",
        FLOAT64,
    )
