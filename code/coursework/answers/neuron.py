"""Question 1: one neuron, its forward value and its gradients, derived with SymPy from the chain rule.

The author's numbers are put in exactly (rational arithmetic) for a ReLU, and to 50 digits for a sigmoid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import mpmath
import sympy as sp

from coursework.answers.checks import as_mpf

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
    """A neuron with total input z = w·x + b; all numbers are exact, and `bias` is None if the figure shows none."""

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
class Gradients:
    """What one forward and one backward pass give: Fractions for a ReLU, 50-digit numbers for a sigmoid.

    At z = 0 a sigmoid's are Fractions too.
    """

    z: Fraction  # the total input
    y: Number
    slope: Number  # dy/dz
    inputs: tuple[Number, ...]  # ∂y/∂x_i
    weights: tuple[Number, ...]  # ∂y/∂w_i
    bias: Number | None  # ∂y/∂b


def gradients(neuron: Neuron, activation: Activation) -> Gradients:
    """Differentiate y = activation(z), with `relu` or `sigmoid`, with respect to every variable of the neuron.

    By the chain rule ∂y/∂v = activation'(z) · ∂z/∂v (Goodfellow et al. 2016, section 6.5.2). The first factor is
    SymPy's derivative; the second, since z = w·x + b, is w_i, x_i or 1.
    """
    z = sum((w * x for w, x in zip(neuron.weights, neuron.inputs, strict=True)), neuron.bias or Fraction(0))
    y, slope = _output_and_slope(activation, z)
    with mpmath.workdps(DIGITS):

        def times_slope(factors: tuple[Fraction, ...]) -> tuple[Number, ...]:
            return tuple(slope * (each if isinstance(slope, Fraction) else as_mpf(each)) for each in factors)

        bias = None if neuron.bias is None else slope
        return Gradients(z, y, slope, inputs=times_slope(neuron.weights), weights=times_slope(neuron.inputs), bias=bias)


def _fraction(value: sp.Rational) -> Fraction:
    return Fraction(int(value.p), int(value.q))


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
            y, slope = (sp.lambdify(u, expression, "mpmath")(as_mpf(z)) for expression in expressions)
    return y, slope


def one_sided(slope: Fraction) -> tuple[Fraction, Fraction]:
    """Return the left and the right derivative of ReLU(z) at z = 0 along a variable v with ∂z/∂v = `slope`.

    ReLU has the slope 0 on the left of 0 and 1 on the right; where z falls as v rises, the two change places.
    """
    return min(Fraction(0), slope), max(Fraction(0), slope)


@dataclass(frozen=True)
class Answer:
    """Everything that question 1 asks for: the ReLU neuron of part a), b) the same with w₁ doubled, c) a sigmoid."""

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
