"""Question 5: the equations of a simple recurrent net and of an LSTM, their forward passes and their derivatives.

The equations are SymPy expressions. The report prints them, SymPy differentiates them, and the figure of the cell is
compared with them. The forward passes say the same in NumPy, one line an equation; they are compared with Keras.

Shapes: an input ``x_t`` has ``d`` numbers, a state ``h_t`` or ``c_t`` has ``n``; a sequence has ``T`` steps.
Vectors are columns, so a layer is ``W @ v + b`` (Keras writes ``v @ W``: its kernels are the transposes).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import sympy as sp
from sympy.printing.latex import LatexPrinter

from coursework.answers.formatting import decimal, scientific

#: The four layers of an LSTM cell by their subscript: forget gate, input gate, candidate, output gate.
LAYERS = ("f", "i", "c", "o")
#: Keras stores the four kernels side by side in this order.
KERAS_LAYERS = ("i", "f", "c", "o")


# --- the equations ---------------------------------------------------------------------------------------------------


class sigma(sp.Function):
    """The logistic function as SymPy sees it: all that a derivation needs is σ′ = σ(1 − σ)."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return self * (1 - self)


#: The letters of the equations, as SymPy symbols: a_k is what layer k adds up before its activation function.
S = SimpleNamespace(
    h=sp.Symbol("h_t"),
    c=sp.Symbol("c_t"),
    c_before=sp.Symbol("c_{t-1}"),
    y=sp.Symbol("y_t"),
    f=sp.Symbol("f_t"),
    i=sp.Symbol("i_t"),
    o=sp.Symbol("o_t"),
    c_new=sp.Symbol(r"\tilde{c}_t"),
    **{name: sp.Symbol(name) for name in ("a", "a_y", "a_f", "a_i", "a_c", "a_o")},
)


@dataclass(frozen=True)
class Equation:
    """One line of a cell, element by element: ``symbol = expression``, and what it is called."""

    symbol: sp.Symbol
    expression: sp.Expr
    name: str


#: What each layer adds up, as the report prints it.
SUMS = {
    S.a: r"W_x\, x_t + W_h\, h_{t-1} + b",
    S.a_y: r"W_y\, h_t + b_y",
    S.a_f: r"W_f\,[h_{t-1}, x_t] + b_f",
    S.a_i: r"W_i\,[h_{t-1}, x_t] + b_i",
    S.a_c: r"W_c\,[h_{t-1}, x_t] + b_c",
    S.a_o: r"W_o\,[h_{t-1}, x_t] + b_o",
}

SIMPLE_RNN = (
    Equation(S.h, sp.tanh(S.a), "new state"),
    Equation(S.y, S.a_y, "output"),
)

LSTM = (
    Equation(S.f, sigma(S.a_f), "forget gate"),
    Equation(S.i, sigma(S.a_i), "input gate"),
    Equation(S.c_new, sp.tanh(S.a_c), "candidate"),
    Equation(S.o, sigma(S.a_o), "output gate"),
    Equation(S.c, S.f * S.c_before + S.i * S.c_new, "cell state"),
    Equation(S.h, S.o * sp.tanh(S.c), "new state"),
)

#: A product is read gate first, and the kept part of a sum before the new part.
READING_ORDER = (S.f, S.i, S.o, S.c_before, S.c_new, S.c)


class _Printer(LatexPrinter):
    """Prints elementwise equations: products as ⊙, in reading order, and sums written out."""

    def _rank(self, expression: sp.Expr) -> int:
        return min((READING_ORDER.index(s) for s in expression.free_symbols if s in READING_ORDER), default=-1)

    def _print_Mul(self, expression: sp.Mul) -> str:
        factors = sorted((factor for factor in expression.args if factor != -1), key=self._rank)
        printed = [f"({self._print(factor)})" if factor.is_Add else self._print(factor) for factor in factors]
        return ("-" if -1 in expression.args else "") + r" \odot ".join(printed)

    def _print_Add(self, expression: sp.Add, order: str | None = None) -> str:
        terms = sorted(expression.args, key=self._rank)
        return " + ".join(self._print(term) for term in terms).replace("+ -", "- ")

    def _print_Symbol(self, symbol: sp.Symbol, style: str = "plain") -> str:
        return SUMS.get(symbol, symbol.name)

    def _print_sigma(self, expression: sp.Expr) -> str:
        return rf"\sigma({self._print(expression.args[0])})"

    def _print_tanh(self, expression: sp.Expr, exp: str | None = None) -> str:
        return rf"\tanh({self._print(expression.args[0])})"


def equations_tex(equations: Sequence[Equation]) -> str:
    """Return the equations as one aligned block of TeX, two in a row, each with its name beside it."""
    printer = _Printer()
    cells = [rf"{e.symbol.name} &= {printer.doprint(e.expression)} && \text{{{e.name}}}" for e in equations]
    lines = [" &\\quad ".join(cells[i : i + 2]) for i in range(0, len(cells), 2)]
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def gate_paths_tex() -> str:
    """Return ∂c_t/∂h_{t−1}, the paths through the gates and the candidate, as TeX made from `cell_partials`."""
    printer = _Printer()
    forget, store, content = (
        rf"\operatorname{{diag}}({printer.doprint(cell_partials()[f'c/a_{layer}'])})\, W_{{{layer}h}}"
        for layer in "fic"
    )
    return (
        "\\begin{aligned}\n"
        rf"\frac{{\partial c_t}}{{\partial h_{{t-1}}}} = {forget} &+ {store} \\"
        "\n"
        rf"&+ {content}."
        "\n\\end{aligned}"
    )


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
    """Run a simple recurrent net (Elman, 1990).

    Parameters
    ----------
    weights : RNNWeights
    inputs : ndarray, shape (T, d)
    h : ndarray, shape (n,)
        The state before the first step.

    Returns
    -------
    ndarray, shape (T, n)
        The states h_1 ... h_T.
    """
    states = []
    for x in inputs:
        h = np.tanh(weights.W_x @ x + weights.W_h @ h + weights.b)
        states.append(h)
    return np.array(states)


def lstm(weights: LSTMWeights, inputs: np.ndarray, h: np.ndarray, c: np.ndarray) -> LSTMStates:
    """Run an LSTM with forget gates (Gers, Schmidhuber and Cummins, 2000).

    Parameters
    ----------
    weights : LSTMWeights
    inputs : ndarray, shape (T, d)
    h, c : ndarray, shape (n,)
        The state and the cell state before the first step.

    Returns
    -------
    LSTMStates
    """
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
    """Return ∂h_t/∂h_0 for t = 1 ... T: the product of ∂h_k/∂h_{k−1} = diag(1 − h_k²) W_h over k ≤ t.

    Parameters
    ----------
    weights : RNNWeights
    states : ndarray, shape (T, n)
        What `simple_rnn` returned.

    Returns
    -------
    ndarray, shape (T, n, n)
    """
    product, products = np.eye(states.shape[1]), []
    for h in states:
        product = (1 - h**2)[:, None] * weights.W_h @ product
        products.append(product)
    return np.array(products)


@cache
def cell_partials() -> dict[str, sp.Expr]:
    """Differentiate one unit of the cell by everything that reaches it.

    Returns
    -------
    dict
        ``c/c``: ∂c_t/∂c_{t−1} with the gates held fixed; ``c/a_f``, ``c/a_i``, ``c/a_c``: ∂c_t by what a layer adds up;
        ``h/a_o`` and ``h/c``: ∂h_t/∂a_o and ∂h_t/∂c_t. Each in terms of f, i, c̃, o, c_{t−1} and c_t.
    """
    equation = {e.symbol: e.expression for e in LSTM}
    layers = {symbol: equation[symbol] for symbol in (S.f, S.i, S.c_new, S.o)}
    cell, state = equation[S.c].subs(layers), equation[S.h].subs(layers)
    partials = {
        "c/c": cell.diff(S.c_before),
        "c/a_f": cell.diff(S.a_f),
        "c/a_i": cell.diff(S.a_i),
        "c/a_c": cell.diff(S.a_c),
        "h/a_o": state.diff(S.a_o),
        "h/c": state.diff(S.c),
    }
    return {key: partial.subs({e: symbol for symbol, e in layers.items()}) for key, partial in partials.items()}


@cache
def _numeric_partials() -> dict[str, Callable[..., np.ndarray]]:
    arguments = [S.f, S.i, S.c_new, S.o, S.c_before, S.c]
    return {key: sp.lambdify(arguments, partial) for key, partial in cell_partials().items()}


def direct_cell_path(states: LSTMStates) -> np.ndarray:
    """Return the diagonals (T, n) of ∂c_t/∂c_0 along the cell alone, gates held fixed: the product of f_k, k ≤ t."""
    return np.cumprod(states.f, axis=0)


def lstm_jacobians(weights: LSTMWeights, states: LSTMStates) -> np.ndarray:
    """Return the total derivative of (h_t, c_t) by (h_0, c_0), for t = 1 ... T: through the cell and through the gates.

    With the partial derivatives of `cell_partials` and W_kh, the columns of W_k that act on h, one step is

    ∂c_t/∂c_{t−1} = diag f_t,  ∂c_t/∂h_{t−1} = Σ_k diag(∂c_t/∂a_k) W_kh  over k = f, i, c,
    ∂h_t/∂c_{t−1} = diag(∂h_t/∂c_t) ∂c_t/∂c_{t−1},
    ∂h_t/∂h_{t−1} = diag(∂h_t/∂a_o) W_oh + diag(∂h_t/∂c_t) ∂c_t/∂h_{t−1}.

    Parameters
    ----------
    weights : LSTMWeights
    states : LSTMStates
        What `lstm` returned.

    Returns
    -------
    ndarray, shape (T, 2n, 2n)
        Rows h_t then c_t, columns h_0 then c_0.
    """
    steps, n = states.f.shape
    U = {layer: weights.W[layer][:, :n] for layer in LAYERS}
    partials = _numeric_partials()
    product, products = np.eye(2 * n), []
    for t in range(steps):
        before = states.c[t - 1] if t else states.c_start
        at = states.f[t], states.i[t], states.c_new[t], states.o[t], before, states.c[t]
        d = {key: partial(*at)[:, None] for key, partial in partials.items()}
        c_by_c = np.diag(d["c/c"][:, 0])
        c_by_h = d["c/a_f"] * U["f"] + d["c/a_i"] * U["i"] + d["c/a_c"] * U["c"]
        h_by_c = d["h/c"] * c_by_c
        h_by_h = d["h/a_o"] * U["o"] + d["h/c"] * c_by_h
        product = np.block([[h_by_h, h_by_c], [c_by_h, c_by_c]]) @ product
        products.append(product)
    return np.array(products)


# --- the numbers and conclusions of the prose ------------------------------------------------------------------------

DEFAULT_LSTM = "LSTM, forget bias 1"  # as Keras initialises it


def variables(measurements: dict[str, Any]) -> dict[str, str]:
    """Return what the prose prints of the measurements: numbers in Unicode, and sentences that follow the results.

    Parameters
    ----------
    measurements : dict
        What `coursework.answers.recurrent_measurements.compute` returned.

    Returns
    -------
    dict of str
    """
    plan = measurements["plan"]
    small, large = measurements["initial"].values()
    small_scale, large_scale = measurements["initial"]
    net, rnn = measurements["trained"][DEFAULT_LSTM], measurements["trained"]["SimpleRNN"]
    return {
        "seeds": str(plan["seeds"]),
        "units": str(plan["units"]),
        "inputs": str(plan["inputs"]),
        "steps": str(plan["steps"]),
        "epochs": str(plan["epochs"]),
        "lags": str(plan["lags"]),
        "small_scale": small_scale,
        "large_scale": large_scale,
        "weights_rnn": str(rnn["weights"]),
        "weights_lstm": str(net["weights"]),
        "finding_rnn": _finding_rnn(small, large, plan["lags"]),
        "finding_default": _finding_default(small, large, plan["lags"]),
        "finding_bias": _finding_bias(small, large, plan["lags"]),
        "finding_task": _finding_task(net, rnn, measurements["baseline"]),
        "finding_gate": _finding_gate(net, min(plan["steps"], plan["lags"]) - 1),
    }


def _left(factors: Any, lag: int) -> float:
    """Return what is left of a gradient after `lag` steps: the geometric mean over seeds of the largest factor."""
    return float(np.exp(np.log(np.array(factors)[:, lag - 1]).mean()))


def _print(value: float) -> str:
    """Print a factor with two digits: as a decimal where that is short."""
    if 100 <= value < 1000:
        return f"{round(value, -1):.0f}"
    if 0.01 <= value < 100:
        return decimal(value, max(0, 1 - int(np.floor(np.log10(value)))))
    return scientific(value)


def _finding_rnn(small: dict, large: dict, lags: int) -> str:
    early = 20
    rnn, net = (_left(small[name]["total"], early) for name in ("SimpleRNN", DEFAULT_LSTM))
    last = _left(large["SimpleRNN"]["total"], lags)
    kernel = "SimpleRNN’s orthogonal recurrent kernel keeps the gradient"
    opening = (
        f"A {kernel} alive for a while if inputs are small"
        if rnn > net
        else f"Even if inputs are small, a {kernel} no better than an LSTM"
    )
    end = "its gradient vanishes" if last < 1e-6 else "its gradient does not vanish"
    return (
        f"{opening}: after {early} steps {_print(rnn)} is left, against {_print(net)} in the LSTM with forget bias 1. "
        f"If inputs are large, {end}: {_print(last)} after {lags} steps."
    )


def _finding_default(small: dict, large: dict, lags: int) -> str:
    total_small, total_large = (_left(nets[DEFAULT_LSTM]["total"], lags) for nets in (small, large))
    direct_small, direct_large = (_left(nets[DEFAULT_LSTM]["direct"], lags) for nets in (small, large))
    most = max(seed[lags - 1] for nets in (small, large) for seed in nets[DEFAULT_LSTM]["total"])
    verb = "forgets too" if most < 1e-3 else "does not forget from every seed"
    relation = "more than" if total_small > direct_small and total_large > direct_large else "beside"
    return (
        f"As Keras initialises it, with forget bias 1, an LSTM {verb}: after {lags} steps {_print(total_small)} "
        f"(small inputs) or {_print(total_large)} (large) is left, {relation} the {_print(direct_small)} or "
        f"{_print(direct_large)} along the cell alone. With nothing to read, the cell alone would keep σ(1) = "
        f"{decimal(sigmoid(1.0), 2)} at each step, {_print(sigmoid(1.0) ** lags)} in all."
    )


def _finding_bias(small: dict, large: dict, lags: int) -> str:
    names = [name for name in small if name.startswith("LSTM") and name != DEFAULT_LSTM]
    direct, total = (
        sorted(_left(nets[name][path], lags) for nets in (small, large) for name in names)
        for path in ("direct", "total")
    )
    verb = "the gradient even grows, by factors of" if total[0] > 1 else "what is left is"
    return (
        f"With forget bias 3 or 5 the cell alone keeps {_print(direct[0])} to {_print(direct[-1])}; with the paths "
        f"through the gates {verb} {_print(total[0])} to {_print(total[-1])}."
    )


def _finding_task(net: dict, rnn: dict, baseline: float) -> str:
    solved_net, solved_rnn = (sum(error < baseline / 10 for error in each["error"]) for each in (net, rnn))
    error_net, error_rnn = (_print(float(np.mean(each["error"]))) for each in (net, rnn))
    return (
        f"The LSTM solves it from {solved_net} of {len(net['error'])} seeds, the SimpleRNN from {solved_rnn}. Their "
        f"mean squared errors on new sequences are {error_net} and {error_rnn}; always answering 0 costs "
        f"{_print(baseline)}, and solved means less than a tenth of that."
    )


def _finding_gate(net: dict, lag: int) -> str:
    before, after = (np.array(net[when]["forget"]) for when in ("before", "after"))
    total, direct = (_left(net["after"][path], lag) for path in ("total", "direct"))
    start = _left(net["before"]["total"], lag)
    learned = bool(np.all(after > before)) and after.min() > 0.95
    return (
        f"The LSTM has {'' if learned else 'not '}learned to keep: while nothing new is stored, the forget gate of its "
        f"best unit is {decimal(after.min(), 3)} to {decimal(after.max(), 3)}, where it was {decimal(before.min(), 2)} "
        f"to {decimal(before.max(), 2)} before training. Over {lag} steps {_print(total)} of a gradient is left "
        f"({_print(start)} before training), and {_print(direct)} along the cell alone."
    )
