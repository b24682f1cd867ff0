"""Question 5: the forward passes of a simple recurrent net and of an LSTM, and their derivatives, one line an equation.

They are compared with Keras; what the report prints of them is typed there, and compared with Keras too.

Shapes: an input ``x_t`` has ``d`` numbers, a state ``h_t`` or ``c_t`` has ``n``; a sequence has ``T`` steps.
Vectors are columns, so a layer is ``W @ v + b`` (Keras writes ``v @ W``: its kernels are the transposes).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: The four layers of an LSTM cell (forget gate, input gate, candidate, output gate), in the order of Keras' kernels.
KERAS_LAYERS = ("i", "f", "c", "o")

# --- the forward passes ----------------------------------------------------------------------------------------------


def sigmoid(z: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + e^(−z)), element by element; written with tanh, which does not overflow."""
    return 0.5 * (1 + np.tanh(0.5 * z))


@dataclass(frozen=True)
class RNNWeights:
    """The weights of a simple recurrent net: ``W_x`` (n, d), ``W_h`` (n, n), ``b`` (n,)."""

    W_x: np.ndarray
    W_h: np.ndarray
    b: np.ndarray

    @classmethod
    def from_keras(cls, kernel: np.ndarray, recurrent_kernel: np.ndarray, bias: np.ndarray) -> RNNWeights:
        """Take the weights of a `keras.layers.SimpleRNN`: kernel (d, n), recurrent kernel (n, n), bias (n,)."""
        return cls(*(np.asarray(v, np.float64).T for v in (kernel, recurrent_kernel, bias)))


@dataclass(frozen=True)
class LSTMWeights:
    """The weights of an LSTM: for each layer f, i, c, o a ``W`` (n, n + d) that acts on [h, x], and a ``b`` (n,)."""

    W: dict[str, np.ndarray]
    b: dict[str, np.ndarray]

    @classmethod
    def from_keras(cls, kernel: np.ndarray, recurrent_kernel: np.ndarray, bias: np.ndarray) -> LSTMWeights:
        """Take the weights of a `keras.layers.LSTM`: kernel (d, 4n), recurrent kernel (n, 4n), bias (4n,)."""
        stacked = np.concatenate([recurrent_kernel, kernel]).astype(np.float64)
        return cls(
            W=dict(zip(KERAS_LAYERS, (part.T for part in np.split(stacked, 4, axis=1)), strict=True)),
            b=dict(zip(KERAS_LAYERS, np.split(np.asarray(bias, np.float64), 4), strict=True)),
        )


DEFAULT_FORGET_BIAS = 1.0  # Keras' for an LSTM


def parameters(units: int, inputs: int) -> int:
    """Return how many parameters a layer that reads [h, x] has, weights and bias; an LSTM has four such layers."""
    return units * (units + inputs + 1)


@dataclass(frozen=True)
class LSTMStates:
    """What an LSTM computes over a sequence: gates, candidate and states, each (T, n), and the cell's start (n,)."""

    f: np.ndarray
    i: np.ndarray
    c_new: np.ndarray
    o: np.ndarray
    c: np.ndarray
    h: np.ndarray
    c_start: np.ndarray


def simple_rnn(weights: RNNWeights, inputs: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Run a simple recurrent net (Elman, 1990) over inputs (T, d) from the state `h` (n,): h_1 ... h_T, (T, n)."""
    states = []
    for x in inputs:
        h = np.tanh(weights.W_x @ x + weights.W_h @ h + weights.b)
        states.append(h)
    return np.array(states)


def lstm(weights: LSTMWeights, inputs: np.ndarray, h: np.ndarray, c: np.ndarray) -> LSTMStates:
    """Run an LSTM with forget gates (Gers, Schmidhuber and Cummins, 2000) over inputs (T, d), from `h` and `c` (n,)."""
    W, b, c_start, steps = weights.W, weights.b, c, []
    for x in inputs:
        hx = np.concatenate([h, x])
        f = sigmoid(W["f"] @ hx + b["f"])
        i = sigmoid(W["i"] @ hx + b["i"])
        c_new = np.tanh(W["c"] @ hx + b["c"])
        o = sigmoid(W["o"] @ hx + b["o"])
        c = f * c + i * c_new
        h = o * np.tanh(c)
        steps.append((f, i, c_new, o, c, h))
    return LSTMStates(*(np.array(column) for column in zip(*steps, strict=True)), c_start=c_start)


# --- the derivatives -------------------------------------------------------------------------------------------------


def simple_rnn_jacobians(weights: RNNWeights, states: np.ndarray) -> np.ndarray:
    """Return ∂h_t/∂h_0 for t = 1 ... T, (T, n, n): the product of ∂h_k/∂h_{k−1} = diag(1 − h_k²) W_h over k ≤ t.

    `states` is what `simple_rnn` returned.
    """
    product, products = np.eye(states.shape[1]), []
    for h in states:
        product = (1 - h**2)[:, None] * weights.W_h @ product
        products.append(product)
    return np.array(products)


def cell_partials(states: LSTMStates) -> dict[str, np.ndarray]:
    """Differentiate every unit of the cell, at every step, by all that reaches it; each array is (T, n).

    ``c/c``: ∂c_t/∂c_{t−1} with gates and candidate held fixed; ``c/a_f``, ``c/a_i``, ``c/a_c``: ∂c_t by what a layer
    adds up; ``h/a_o`` and ``h/c``: ∂h_t/∂a_o and ∂h_t/∂c_t.
    """
    f, i, o, c_new = states.f, states.i, states.o, states.c_new
    c_before, shown = np.vstack([states.c_start, states.c[:-1]]), np.tanh(states.c)
    return {
        "c/c": f, "c/a_f": f * c_before * (1 - f), "c/a_i": i * c_new * (1 - i), "c/a_c": i * (1 - c_new**2),
        "h/a_o": o * (1 - o) * shown, "h/c": o * (1 - shown**2),
    }  # fmt: skip


def direct_cell_path(states: LSTMStates) -> np.ndarray:
    """Return the diagonals (T, n) of ∂c_t/∂c_0 along the cell, gates and candidate held fixed: ∏ f_k over k ≤ t."""
    return np.cumprod(states.f, axis=0)


def lstm_jacobians(weights: LSTMWeights, states: LSTMStates) -> np.ndarray:
    """Return the total derivative of (h_t, c_t) by (h_0, c_0), for t = 1 ... T: through the cell and through the gates.

    With the partial derivatives of `cell_partials` and W_kh, the columns of W_k that act on h, one step is

    ∂c_t/∂c_{t−1} = diag f_t,  ∂c_t/∂h_{t−1} = Σ_k diag(∂c_t/∂a_k) W_kh  over k = f, i, c,
    ∂h_t/∂c_{t−1} = diag(∂h_t/∂c_t) ∂c_t/∂c_{t−1},
    ∂h_t/∂h_{t−1} = diag(∂h_t/∂a_o) W_oh + diag(∂h_t/∂c_t) ∂c_t/∂h_{t−1}.

    The shape is (T, 2n, 2n): rows h_t then c_t, columns h_0 then c_0.
    """
    steps, n = states.f.shape
    U = {layer: W[:, :n] for layer, W in weights.W.items()}
    partials = cell_partials(states)
    product, products = np.eye(2 * n), []
    for t in range(steps):
        d = {key: partial[t][:, None] for key, partial in partials.items()}
        c_by_c = np.diag(d["c/c"][:, 0])
        c_by_h = d["c/a_f"] * U["f"] + d["c/a_i"] * U["i"] + d["c/a_c"] * U["c"]
        h_by_c = d["h/c"] * c_by_c
        h_by_h = d["h/a_o"] * U["o"] + d["h/c"] * c_by_h
        product = np.block([[h_by_h, h_by_c], [c_by_h, c_by_c]]) @ product
        products.append(product)
    return np.array(products)
