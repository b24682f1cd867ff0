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
from coursework.diagrams.wiring import Node, Wiring

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
        drawn_unrolled(),
        drawn_cell(),
        drawn_labels(),
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


def _apply_cell(node: Node, *values: np.ndarray) -> np.ndarray:
    """Compute what a box of the drawn LSTM cell passes on."""
    weights = recurrent.LSTMWeights.from_keras(*LSTM_KERAS)
    names = {"f": "f", "i": "i", "c_new": "c", "o": "o"}  # a layer's box, and the subscript of its weights
    if node.kind == "concatenate":
        return np.concatenate(values)
    if node.kind == "layer":
        layer = names[node.name]
        return _functions()[node.label](weights.W[layer] @ values[0] + weights.b[layer])
    return _functions()[node.label](*values)


def drawn_cell() -> Check:
    """The LSTM cell followed line by line through its drawing, against `keras.layers.LSTM`."""
    wiring = lstm_diagram.cell()
    h, c, rows = H_START, C_START, []
    for x in INPUT_SEQUENCE:
        before = {"h_before": h, "c_before": c, "x": x}
        h, c = (wiring.value(name, before, _apply_cell) for name in ("output", "c"))
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


def drawn_labels() -> Check:
    """What is written on the lines, boxes and stages of the drawn LSTM cell, against what Keras' layers compute.

    A gate is a Keras `Dense` layer with the gate's columns of the LSTM's weights.
    """
    wiring, x = lstm_diagram.cell(), INPUT_SEQUENCE[0]
    before = {"h_before": H_START, "c_before": C_START, "x": x}
    f, i, new, o = (_keras_gate(*place) for place in ((1, "sigmoid"), (0, "sigmoid"), (2, "tanh"), (3, "sigmoid")))
    h, c = (np.asarray(state)[0] for state in _keras_cell_step(x))
    on_lines = {
        "$f_t$": f, "$i_t$": i, r"$\tilde{c}_t$": new, "$o_t$": o, "$h_t$": h, "$c_t$": c, "$c_{t-1}$": C_START,
        "$h_{t-1}$": H_START, "$x_t$": x, "$[h_{t-1}, x_t]$": np.concatenate([H_START, x]),
        r"$i_t \odot \tilde{c}_t$": i * new,
    }  # fmt: skip
    in_boxes = {"forget gate": f, "input gate": i, "candidate": new, "output gate": o}
    stages = {r"$f_t \odot c_{t-1}$": f * C_START, r"$+\; i_t \odot \tilde{c}_t$": c, r"$o_t \odot \tanh(c_t)$": h}
    written = [
        *((edge.source, on_lines.get(edge.label)) for edge in wiring.edges if edge.label),
        *((node.name, on_lines.get(node.label)) for node in wiring.nodes if node.kind in ("source", "sink")),
        *((node.name, in_boxes.get(node.caption)) for node in wiring.nodes if node.kind == "layer"),
        *((stage.node, stages.get(stage.formula)) for stage in lstm_diagram.STAGES),
    ]
    drawn = [wiring.value(name, before, _apply_cell) for name, _ in written]
    unknown = [np.full_like(value, np.nan) for value in drawn]  # a label that names nothing fails the check
    named = [blank if value is None else value for blank, (_, value) in zip(unknown, written, strict=True)]
    return Check(
        "Q5",
        "the LSTM cell as drawn: each label names what flows there",
        np.concatenate(drawn),
        np.concatenate(named),
        "Keras LSTM and Dense",
        FLOAT64,
    )


def _keras_gate(place: int, activation: str) -> np.ndarray:
    """Compute one gate at the first step by a `Dense` layer, from its place in Keras' order i, f, c, o."""
    import keras

    kernel, recurrent_kernel, bias = (weights[..., place * UNITS : (place + 1) * UNITS] for weights in LSTM_KERAS)
    dense = keras.layers.Dense(UNITS, activation, dtype="float64")
    dense.build((1, UNITS + INPUTS))
    dense.set_weights([np.vstack([recurrent_kernel, kernel]), bias])
    return np.asarray(dense(np.concatenate([H_START, INPUT_SEQUENCE[0]])[None]))[0]


def _keras_cell_step(x: np.ndarray) -> list[Any]:
    """Take one step of Keras' LSTM cell from the start: h and c."""
    cell = _keras_layer("LSTMCell", LSTM_KERAS)
    return cell(x[None], [H_START[None], C_START[None]])[1]


def drawn_unrolled() -> Check:
    """The unrolled recurrent net with its steps 1, 2 and T = 3 followed along its lines, against Keras' layers."""
    wiring, weights = rnn_diagram.unrolled(), recurrent.RNNWeights.from_keras(*RNN_KERAS)
    steps = {"1": 0, "2": 1, "T": 2}
    sources = {"h_0": H_START, **{f"x_{t}": INPUT_SEQUENCE[k] for t, k in steps.items()}}
    sources |= {f"b_{t}": weights.b for t in steps}

    def apply(node: Node, *values: np.ndarray) -> np.ndarray:
        return values[0] if node.kind == "gap" else _apply_rnn(wiring, node, *values)

    states, outputs = _keras_states_and_outputs()
    named = {"$h_0$": H_START, "$h_{T-1}$": states[1]} | {f"$h_{t}$": states[k] for t, k in steps.items()}
    labelled = [edge for edge in wiring.edges if edge.label]
    names = [*(f"h_{t}" for t in steps), *(edge.source for edge in labelled), *(f"y_{t}" for t in steps)]
    expected = [*(states[k] for k in steps.values()), *(named[edge.label] for edge in labelled)]
    return Check(
        "Q5",
        "the unrolled net as drawn computes $h_t$ and $y_t$, and its labels name what flows",
        np.concatenate([wiring.value(name, sources, apply) for name in names]),
        np.concatenate([*expected, *(outputs[k] for k in steps.values())]),
        "Keras SimpleRNN and Dense",
        FLOAT64,
    )


def drawn_simple_rnn() -> Check:
    """The rolled recurrent net, followed along its lines for every step, against Keras' SimpleRNN and Dense."""
    wiring, weights = rnn_diagram.rolled(), recurrent.RNNWeights.from_keras(*RNN_KERAS)

    def apply(node: Node, *values: np.ndarray) -> np.ndarray:
        return _apply_rnn(wiring, node, *values)

    h, rows = H_START, []
    for x in INPUT_SEQUENCE:
        before = {"x_t": x, "h_{t-1}": h, "b_t": weights.b}
        y = wiring.value("y_t", before, apply)
        h = wiring.value("h_t", before, apply)
        rows.append(np.concatenate([h, y]))
    return Check(
        "Q5",
        "the recurrent net as drawn, followed along its lines, computes $h_t$ and $y_t$",
        np.array(rows),
        np.hstack(_keras_states_and_outputs()),
        "Keras SimpleRNN and Dense",
        FLOAT64,
    )


def _apply_rnn(wiring: Wiring, node: Node, *values: np.ndarray) -> np.ndarray:
    """Compute what a layer or an output of the drawn recurrent net passes on, by the letters on its lines."""
    weights = recurrent.RNNWeights.from_keras(*RNN_KERAS)
    matrices = {"$W_x$": weights.W_x, "$W_h$": weights.W_h, "$W_y, b_y$": READOUT[0]}
    letters = [edge.weight for edge in wiring.edges if edge.target == node.name]
    total = sum(matrices[letter] @ v if letter else v for letter, v in zip(letters, values, strict=True))
    return np.tanh(total) if node.kind == "layer" else total + READOUT[1]


def _keras_states_and_outputs() -> tuple[np.ndarray, np.ndarray]:
    """Return the states (STEPS, UNITS) of Keras' SimpleRNN and what a Dense layer makes of them (STEPS, OUTPUTS)."""
    import keras

    states = _run_keras("SimpleRNN", RNN_KERAS, H_START)[0]
    dense = keras.layers.Dense(OUTPUTS, dtype="float64")
    dense.build((1, UNITS))
    dense.set_weights([READOUT[0].T, READOUT[1]])
    return states, np.asarray(dense(states))


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
