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
from typing import NamedTuple

import numpy as np
import sympy as sp
from sympy.printing.latex import LatexPrinter

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
    c_before=sp.Symbol("c_{t-1}"),
    c_new=sp.Symbol(r"\tilde{c}_t"),
    **{name: sp.Symbol(f"{name}_t") for name in "hcyfio"},
    **{name: sp.Symbol(name) for name in ("a", "a_y", "a_f", "a_i", "a_c", "a_o")},
)


class Equation(NamedTuple):
    """One line of a cell, element by element: ``symbol = expression``, and what it is called."""

    symbol: sp.Symbol
    expression: sp.Expr
    name: str


#: What each layer adds up, as the report prints it.
SUMS = {
    S.a: r"W_x\, x_t + W_h\, h_{t-1} + b",
    S.a_y: r"W_y\, h_t + b_y",
    **{getattr(S, f"a_{layer}"): rf"W_{layer}\,[h_{{t-1}}, x_t] + b_{layer}" for layer in LAYERS},
}

SIMPLE_RNN = (Equation(S.h, sp.tanh(S.a), "hidden state"), Equation(S.y, S.a_y, "output"))

LSTM = (
    Equation(S.f, sigma(S.a_f), "forget gate"),
    Equation(S.i, sigma(S.a_i), "input gate"),
    Equation(S.c_new, sp.tanh(S.a_c), "candidate"),
    Equation(S.o, sigma(S.a_o), "output gate"),
    Equation(S.c, S.f * S.c_before + S.i * S.c_new, "cell state"),
    Equation(S.h, S.o * sp.tanh(S.c), "hidden state"),
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
        power = f"^{{{exp}}}" if exp else ""
        return rf"\tanh{power}({self._print(expression.args[0])})"


def equations_tex(equations: Sequence[Equation]) -> str:
    """Return the equations as one aligned block of TeX, two in a row."""
    printer = _Printer()
    cells = [rf"{e.symbol.name} &= {printer.doprint(e.expression)}" for e in equations]
    lines = [", &\\qquad ".join(cells[i : i + 2]) for i in range(0, len(cells), 2)]
    return "\\begin{aligned}\n" + ", \\\\\n".join(lines) + ".\n\\end{aligned}"


def gate_paths_tex() -> str:
    """Return what one step adds to the direct path ∂c_t/∂c_{t−1}, as TeX made from `cell_partials`.

    The gates and the candidate read h_{t−1}, and h_{t−1} shows c_{t−1}; the output gate hands h_{t−1} on to h_t.
    """
    printer = _Printer()
    diag = {key: rf"\operatorname{{diag}}({printer.doprint(partial)})" for key, partial in cell_partials().items()}
    forget, store, content = (rf"{diag[f'c/a_{layer}']}\, W_{{{layer}h}}" for layer in "fic")
    return "\n".join([
        r"\begin{aligned}",
        rf"\frac{{\partial c_t}}{{\partial h_{{t-1}}}} &= {forget} + {store} \\",
        rf"&\quad {{}}+ {content}, \\",
        rf"\frac{{\partial h_t}}{{\partial c_t}} &= {diag['h/c']}, \qquad "
        rf"\frac{{\partial h_t}}{{\partial o_t}} \frac{{\partial o_t}}{{\partial h_{{t-1}}}} "
        rf"= {diag['h/a_o']}\, W_{{oh}}.",
        r"\end{aligned}",
    ])  # fmt: skip


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


@cache
def cell_partials() -> dict[str, sp.Expr]:
    """Differentiate one unit of the cell by everything that reaches it, in terms of f, i, c̃, o, c_{t−1} and c_t.

    ``c/c``: ∂c_t/∂c_{t−1} with gates and candidate held fixed; ``c/a_f``, ``c/a_i``, ``c/a_c``: ∂c_t by what a layer
    adds up; ``h/a_o`` and ``h/c``: ∂h_t/∂a_o and ∂h_t/∂c_t.
    """
    equation = {e.symbol: e.expression for e in LSTM}
    layers = {symbol: equation[symbol] for symbol in (S.f, S.i, S.c_new, S.o)}
    cell, state = equation[S.c].subs(layers), equation[S.h].subs(layers)
    partials = {f"c/{name}": cell.diff(getattr(S, name)) for name in ("a_f", "a_i", "a_c")}
    partials |= {"c/c": cell.diff(S.c_before), "h/a_o": state.diff(S.a_o), "h/c": state.diff(S.c)}
    return {key: partial.subs({e: symbol for symbol, e in layers.items()}) for key, partial in partials.items()}


@cache
def _numeric_partials() -> dict[str, Callable[..., np.ndarray]]:
    arguments = [S.f, S.i, S.c_new, S.o, S.c_before, S.c]
    return {key: sp.lambdify(arguments, partial) for key, partial in cell_partials().items()}


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
