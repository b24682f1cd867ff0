"""Question 3 against TensorFlow's automatic differentiation and mpmath, and the values of its printed formulas."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from coursework.answers import activations
from coursework.answers.checks import AUTODIFF, DIGITS_20, WORKING_DIGITS, Check, Sample, exact_sample, reading, slope
from coursework.answers.neuron_checks import INPUTS, WEIGHTS


def checks() -> list[Check]:
    """Return the checks of question 3: the stated gradients against autodiff, and far out against mpmath."""
    import sympy as sp
    import tensorflow as tf

    z = np.concatenate([np.linspace(-12, 12, 97), [1e-9, -1e-9]])  # 0 is among them: both follow ReLU'(0) = 0
    points = tf.constant(z)

    def against_autodiff(claim: str, name: str, function: Callable) -> Check:
        with tf.GradientTape() as tape:
            tape.watch(points)
            y = function(points)
        return Check("Q3", claim, activations.slope_at(name, z), tape.gradient(y, points).numpy(), AUTODIFF)

    u = sp.Symbol("u", real=True)
    far = [-300, -31, -3, 0, 3, 31, 300]

    def against_differences(claim: str, expression: sp.Expr) -> Check:
        stated = sp.lambdify(u, expression, "mpmath")
        with mpmath.workdps(400):
            values = [stated(mpmath.mpf(at)) for at in far]
            differences = [mpmath.diff(mpmath.tanh, at, h=mpmath.mpf(10) ** -60) for at in far]
        return Check("Q3", claim, values, differences, "mpmath differences, 400 digits", DIGITS_20)

    return [
        against_autodiff("ReLU: gradient, with the convention at 0", "relu", tf.nn.relu),
        against_autodiff("tanh: gradient", "tanh", tf.tanh),
        against_differences(r"tanh: $1 - \tanh^2 z$ up to $|z| = 300$", activations.tanh_slope(u)),
        against_differences(r"tanh: the quotient rule up to $|z| = 300$", activations.quotient_rule(u)),
    ]


# --- values for the printed formulas ---------------------------------------------------------------------------------


def values() -> dict[str, Any]:
    """Return the values of question 3, by mpmath, for total inputs of both signs."""
    at = [_weighted(sign) for sign in (1, -1)]
    relu = [_activation_sample(sample, lambda z: max(z, mpmath.mpf(0))) for sample in at]
    # s and c are twice sinh and cosh
    pairs = {"s": lambda u: 2 * mpmath.sinh(u), "c": lambda u: 2 * mpmath.cosh(u)}
    tanh = [_activation_sample(sample, mpmath.tanh, **pairs) for sample in at]
    gradient = r"\mathrm{d}y/\mathrm{d}z"
    readings = [
        reading("a ReLU on both sides of 0", *relu, without=[r"\tanh", r"\sigma"]),
        reading("a ReLU, z > 0", {gradient: relu[0][gradient]}),
        reading("a ReLU, z < 0", {gradient: relu[1][gradient]}),
        reading("tanh", *tanh),
        reading("near the origin", *({"z": f"{sign}/5000"} for sign in (1, -1))),
    ]
    free = ["z = 0", *(f"z = {at}" for at in (activations.NEAR, activations.FAR))]
    return {"title": "Question 3", "readings": readings, "free": free, "said": [r"[0, \infty)", "(-1, 1)"]}


def _weighted(sign: int) -> Sample:
    """Return a total input with the inputs, weights and bias that give it; i stands for the last input."""
    size = 3
    x, w, b = INPUTS[:size], [sign * abs(weight) for weight in WEIGHTS[:size]], sign * Fraction(1, 13)
    numbered = {f"x_{i}": value for i, value in enumerate(x, start=1)} | {f"w_{i}": v for i, v in enumerate(w, start=1)}
    return exact_sample({**numbered, "b": b, "z": Fraction(np.dot(x, w)) + b, r"\sum_i": Fraction(size)})


def _activation_sample(sample: Sample, function: Callable, **more: Callable) -> Sample:
    """Return a sample with output and gradient, and further functions of z by name, with their derivatives."""
    with mpmath.workdps(WORKING_DIGITS):
        z = mpmath.mpf(sample["z"])
        found = {"y": function(z), r"\mathrm{d}y/\mathrm{d}z": slope(function, z)}
        found |= {name: other(z) for name, other in more.items()}
        found |= {f"{name}'": slope(other, z) for name, other in more.items()}
        return {**sample, **exact_sample(found)}
