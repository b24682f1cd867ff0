"""Question 1: one neuron, its forward value and its gradients, derived with SymPy from the chain rule.

The general result comes first, then the author's numbers are put in: exactly (rational arithmetic) for a ReLU, and to
50 digits for a sigmoid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

import mpmath
import sympy as sp

Number = Fraction | mpmath.mpf
Activation = Callable[[sp.Expr], sp.Expr]

DIGITS = 50  # working precision of the sigmoid's values


def relu(z: sp.Expr) -> sp.Expr:
    """Return the rectified linear unit max(0, z).

    It is written by cases, so that its derivative at 0 is the convention 0; SymPy's `Max` would give 1/2 there.
    """
    return sp.Piecewise((z, z > 0), (0, True))


def sigmoid(z: sp.Expr) -> sp.Expr:
    """Return the logistic function 1 / (1 + exp(-z))."""
    return 1 / (1 + sp.exp(-z))


@dataclass(frozen=True)
class Neuron:
    """A neuron with total input z = w·x + b; all numbers are exact.

    Attributes
    ----------
    inputs, weights : tuple of Fraction, shape (n,)
    bias : Fraction or None
        None if the figure shows no bias.
    """

    inputs: tuple[Fraction, ...]
    weights: tuple[Fraction, ...]
    bias: Fraction | None = None

    @classmethod
    def of(cls, question: Any) -> Neuron:
        """Take the neuron from the settings of question 1."""
        return cls(question.inputs, question.weights, question.bias)

    def with_first_weight_doubled(self) -> Neuron:
        """Return the neuron of part b)."""
        return replace(self, weights=(2 * self.weights[0], *self.weights[1:]))


@dataclass(frozen=True)
class Symbols:
    """A neuron in symbols: x_i, w_i, perhaps b, and the total input z as an expression in them."""

    inputs: tuple[sp.Symbol, ...]
    weights: tuple[sp.Symbol, ...]
    bias: sp.Symbol | None
    total: sp.Expr

    @property
    def all(self) -> tuple[sp.Symbol, ...]:
        """Every variable of the neuron, inputs first."""
        return (*self.inputs, *self.weights, *([] if self.bias is None else [self.bias]))


@cache
def symbols(size: int, has_bias: bool) -> Symbols:
    """Return the symbols of a neuron with `size` inputs."""
    inputs = sp.symbols(f"x_1:{size + 1}", real=True)
    weights = sp.symbols(f"w_1:{size + 1}", real=True)
    bias = sp.Symbol("b", real=True) if has_bias else None
    return Symbols(inputs, weights, bias, sp.Add(*(w * x for w, x in zip(weights, inputs, strict=True)), bias or 0))


@dataclass(frozen=True)
class Gradients:
    """What one forward and one backward pass give.

    Attributes
    ----------
    z : Fraction
        The total input.
    y, slope : Fraction or mpf
        The output, and dy/dz. Fractions for a ReLU, 50-digit numbers for a sigmoid (but at z = 0 fractions too).
    inputs, weights : tuple, shape (n,)
        ∂y/∂x_i and ∂y/∂w_i.
    bias : Fraction, mpf or None
        ∂y/∂b.
    """

    z: Fraction
    y: Number
    slope: Number
    inputs: tuple[Number, ...]
    weights: tuple[Number, ...]
    bias: Number | None


def gradients(neuron: Neuron, activation: Activation) -> Gradients:
    """Differentiate y = activation(z) with respect to every variable of the neuron, by the chain rule.

    ∂y/∂v = activation'(z) · ∂z/∂v, where both factors are SymPy's derivatives (Goodfellow et al. 2016, section 6.5.2).

    Parameters
    ----------
    neuron : Neuron
    activation : function of a SymPy expression
        `relu` or `sigmoid`.
    """
    symbolic = symbols(len(neuron.inputs), neuron.bias is not None)
    numbers = (*neuron.inputs, *neuron.weights, *([] if neuron.bias is None else [neuron.bias]))
    values = {symbol: sp.Rational(v.numerator, v.denominator) for symbol, v in zip(symbolic.all, numbers, strict=True)}
    z = _fraction(symbolic.total.subs(values))
    y, slope = _output_and_slope(activation, z)

    def along(variable: sp.Symbol) -> Number:
        local = _fraction(sp.diff(symbolic.total, variable).subs(values))
        return slope * (local if isinstance(slope, Fraction) else _mpf(local))

    with mpmath.workdps(DIGITS):
        return Gradients(
            z=z,
            y=y,
            slope=slope,
            inputs=tuple(along(x) for x in symbolic.inputs),
            weights=tuple(along(w) for w in symbolic.weights),
            bias=None if symbolic.bias is None else along(symbolic.bias),
        )


def _output_and_slope(activation: Activation, z: Fraction) -> tuple[Number, Number]:
    """Evaluate the activation and SymPy's derivative of it at `z`: exactly for `relu` and at 0, else to 50 digits."""
    u = sp.Symbol("u", real=True)
    function = activation(u)
    expressions = function, sp.diff(function, u)
    if activation is relu or z == 0:  # a sigmoid is rational at 0 only
        at = sp.Rational(z.numerator, z.denominator)
        y, slope = (_fraction(expression.subs(u, at)) for expression in expressions)
    else:
        # The whole part of z costs digits in exp(z), so that it is added to the precision.
        with mpmath.workdps(DIGITS + len(str(abs(int(z))))):
            y, slope = (sp.lambdify(u, expression, "mpmath")(_mpf(z)) for expression in expressions)
    return y, slope


def _fraction(value: sp.Rational) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def _mpf(value: Fraction) -> mpmath.mpf:
    return mpmath.mpf(value.numerator) / value.denominator


def one_sided(slope: Fraction) -> tuple[Fraction, Fraction]:
    """Return the left and the right derivative of ReLU(z) at z = 0 along a variable v with ∂z/∂v = `slope`.

    ReLU has the slope 0 on the left of 0 and 1 on the right; where z falls as v rises, the two change places.
    """
    return min(Fraction(0), slope), max(Fraction(0), slope)


@dataclass(frozen=True)
class Answer:
    """Everything that question 1 asks for.

    Attributes
    ----------
    relu, doubled : Gradients
        Parts a) and b): the ReLU neuron, and the same with w₁ doubled.
    sigmoid : Gradients
        Part c).
    """

    neuron: Neuron
    relu: Gradients
    doubled: Gradients
    sigmoid: Gradients


def answer(neuron: Neuron) -> Answer:
    """Answer question 1 for one neuron."""
    return Answer(
        neuron=neuron,
        relu=gradients(neuron, relu),
        doubled=gradients(neuron.with_first_weight_doubled(), relu),
        sigmoid=gradients(neuron, sigmoid),
    )
