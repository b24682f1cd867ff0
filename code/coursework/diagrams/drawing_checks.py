"""The drawings of question 5, run as they are drawn, against Keras' layers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from coursework.answers import recurrent
from coursework.answers import recurrent_checks as q5
from coursework.answers.checks import Check
from coursework.answers.recurrent_checks import C_START, H_START, INPUT_SEQUENCE, LSTM_KERAS, READOUT, RNN_KERAS
from coursework.diagrams import lstm as lstm_diagram
from coursework.diagrams import rnn as rnn_diagram
from coursework.diagrams.wiring import Node, Wiring

FUNCTIONS = {"σ": recurrent.sigmoid, "tanh": np.tanh, "×": np.multiply, "+": np.add}
"""What the boxes of the drawn cell compute, by what is written on them."""


def checks() -> list[Check]:
    """Return a check of every drawing: followed along its lines it computes what Keras' layers compute."""
    return [drawn_simple_rnn(), drawn_unrolled(), drawn_cell(), drawn_labels()]


def _apply_cell(node: Node, *values: np.ndarray) -> np.ndarray:
    """Compute what a box of the drawn LSTM cell passes on."""
    if node.kind == "concatenate":
        return np.concatenate(values)
    if node.kind == "layer":
        weights = recurrent.LSTMWeights.from_keras(*LSTM_KERAS)
        layer = "c" if node.name == "c_new" else node.name  # a layer's box, and the subscript of its weights
        return FUNCTIONS[node.label](weights.W[layer] @ values[0] + weights.b[layer])
    return FUNCTIONS[node.label](*values)


def drawn_cell() -> Check:
    """The LSTM cell followed line by line through its drawing, against `keras.layers.LSTM`."""
    wiring = lstm_diagram.cell()
    h, c, rows = H_START, C_START, []
    for x in INPUT_SEQUENCE:
        before = {"h_before": h, "c_before": c, "x": x}
        h, c = (wiring.value(name, before, _apply_cell) for name in ("output", "c"))
        rows.append(h)
    states, _, last_cell = q5.run_keras("LSTM", LSTM_KERAS, H_START, C_START)
    claim = "the LSTM cell as drawn, followed along its lines, is an LSTM"
    return Check("Q5", claim, np.vstack([rows, c]), np.vstack([states, last_cell]), "Keras LSTM")


def drawn_labels() -> Check:
    """What is written on the lines, boxes and stages of the drawn LSTM cell, against what Keras' layers compute.

    A gate is a Keras `Dense` layer with the gate's columns of the LSTM's weights.
    """
    wiring, x = lstm_diagram.cell(), INPUT_SEQUENCE[0]
    before = {"h_before": H_START, "c_before": C_START, "x": x}
    f, i, new, o = (_keras_gate(*place) for place in ((1, "sigmoid"), (0, "sigmoid"), (2, "tanh"), (3, "sigmoid")))
    cell = q5.keras_layer("LSTMCell", LSTM_KERAS)
    h, c = (np.asarray(state)[0] for state in cell(x[None], [H_START[None], C_START[None]])[1])
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
    claim = "the LSTM cell as drawn: each label names what flows there"
    return Check("Q5", claim, np.concatenate(drawn), np.concatenate(named), "Keras LSTM and Dense")


def _keras_gate(place: int, activation: str) -> np.ndarray:
    """Compute one gate at the first step by a `Dense` layer, from its place in Keras' order i, f, c, o."""
    columns = slice(place * q5.UNITS, (place + 1) * q5.UNITS)
    kernel, recurrent_kernel, bias = (weights[..., columns] for weights in LSTM_KERAS)
    dense = q5.keras_layer("Dense", [np.vstack([recurrent_kernel, kernel]), bias], activation=activation)
    return np.asarray(dense(np.concatenate([H_START, INPUT_SEQUENCE[0]])[None]))[0]


def drawn_unrolled() -> Check:
    """The unrolled recurrent net with its steps 1, 2 and T = 3 followed along its lines, against Keras' layers."""
    wiring, weights = rnn_diagram.unrolled(), recurrent.RNNWeights.from_keras(*RNN_KERAS)
    steps = {"1": 0, "2": 1, "T": 2}
    sources = {"h_0": H_START, **{f"x_{t}": INPUT_SEQUENCE[k] for t, k in steps.items()}}
    sources |= {f"b_{t}": weights.b for t in steps}
    states, outputs = _keras_states_and_outputs()
    named = {"$h_0$": H_START, "$h_{T-1}$": states[1]} | {f"$h_{t}$": states[k] for t, k in steps.items()}
    labelled = [edge for edge in wiring.edges if edge.label]
    names = [*(f"h_{t}" for t in steps), *(edge.source for edge in labelled), *(f"y_{t}" for t in steps)]
    expected = [*(states[k] for k in steps.values()), *(named[edge.label] for edge in labelled)]
    expected += [outputs[k] for k in steps.values()]
    drawn = [wiring.value(name, sources, _applied_by(wiring)) for name in names]
    claim = "the unrolled net as drawn computes $h_t$ and $y_t$, and its labels name what flows"
    return Check("Q5", claim, np.concatenate(drawn), np.concatenate(expected), "Keras SimpleRNN and Dense")


def drawn_simple_rnn() -> Check:
    """The rolled recurrent net, followed along its lines for every step, against Keras' SimpleRNN and Dense."""
    wiring, weights = rnn_diagram.rolled(), recurrent.RNNWeights.from_keras(*RNN_KERAS)
    h, rows = H_START, []
    for x in INPUT_SEQUENCE:
        before = {"x_t": x, "h_{t-1}": h, "b_t": weights.b}
        h, y = (wiring.value(name, before, _applied_by(wiring)) for name in ("h_t", "y_t"))
        rows.append(np.concatenate([h, y]))
    expected = np.hstack(_keras_states_and_outputs())
    claim = "the recurrent net as drawn, followed along its lines, computes $h_t$ and $y_t$"
    return Check("Q5", claim, np.array(rows), expected, "Keras SimpleRNN and Dense")


def _applied_by(wiring: Wiring) -> Callable[..., np.ndarray]:
    """Return what computes a layer or an output of the drawn recurrent net, by the letters on its lines."""
    weights = recurrent.RNNWeights.from_keras(*RNN_KERAS)
    matrices = {"$W_x$": weights.W_x, "$W_h$": weights.W_h, "$W_y, b_y$": READOUT[0]}

    def apply(node: Node, *values: np.ndarray) -> np.ndarray:
        if node.kind == "gap":
            return values[0]
        letters = [edge.weight for edge in wiring.edges if edge.target == node.name]
        total = sum(matrices[letter] @ v if letter else v for letter, v in zip(letters, values, strict=True))
        return np.tanh(total) if node.kind == "layer" else total + READOUT[1]

    return apply


def _keras_states_and_outputs() -> tuple[np.ndarray, np.ndarray]:
    """Return the states (STEPS, UNITS) of Keras' SimpleRNN and what a Dense layer makes of them (STEPS, OUTPUTS)."""
    states = q5.run_keras("SimpleRNN", RNN_KERAS, H_START)[0]
    return states, np.asarray(q5.keras_layer("Dense", [READOUT[0].T, READOUT[1]])(states))
