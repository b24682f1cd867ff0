"""Question 3 against TensorFlow's automatic differentiation and mpmath, and the values of its printed formulas."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from coursework.answers import activations
from coursework.answers.checks import AUTODIFF, DIGITS_20, WORKING_DIGITS, Check
from coursework.answers.neuron_checks import INPUTS, WEIGHTS
from coursework.answers.readings import Sample, exactly, reading


def checks() -> list[Check]:
    """Return the checks of question 3: the stated gradients against autodiff, and far out against mpmath."""
    import sympy as sp
    import tensorflow as tf

    z = np.concatenate([np.linspace(-12, 12, 97), [1e-9, -1e-9]])  # 0 is among them: both follow ReLU'(0) = 0
    points = tf.constant(z)
    slopes = {}
    for name, function in (("relu", tf.nn.relu), ("tanh", tf.tanh)):
        with tf.GradientTape() as tape:
            tape.watch(points)
            y = function(points)
        slopes[name] = tape.gradient(y, points).numpy()

    u = sp.Symbol("u", real=True)
    far = [-300, -31, -3, 0, 3, 31, 300]
    with mpmath.workdps(400):
        stated = [sp.lambdify(u, activations.tanh_slope(u), "mpmath")(mpmath.mpf(at)) for at in far]
        derived = [sp.lambdify(u, activations.quotient_rule(u), "mpmath")(mpmath.mpf(at)) for at in far]
        differences = [mpmath.diff(mpmath.tanh, at, h=mpmath.mpf(10) ** -60) for at in far]
    return [
        Check(
            "Q3", "ReLU: gradient, with the convention at 0", activations.slope_at("relu", z), slopes["relu"], AUTODIFF
        ),
        Check("Q3", r"tanh: gradient", activations.slope_at("tanh", z), slopes["tanh"], AUTODIFF),
        Check(
            "Q3",
            r"tanh: $1 - \tanh^2 z$ up to $|z| = 300$",
            stated,
            differences,
            "mpmath differences, 400 digits",
            DIGITS_20,
        ),
        Check(
            "Q3",
            r"tanh: the quotient rule up to $|z| = 300$",
            derived,
            differences,
            "mpmath differences, 400 digits",
            DIGITS_20,
        ),
    ]


# --- values for the printed formulas ---------------------------------------------------------------------------------


def values() -> dict[str, Any]:
    """Return the values of question 3, by mpmath, for total inputs of both signs."""
    at = [_weighted(sign) for sign in (1, -1)]
    relu = [_activation_sample(sample, lambda z: max(z, mpmath.mpf(0))) for sample in at]
    tanh = [_tanh_sample(sample) for sample in at]
    slope = r"\mathrm{d}y/\mathrm{d}z"
    near = [{"z": f"{sign}/5000"} for sign in (1, -1)]
    readings = [
        reading("a ReLU on both sides of 0", *relu, without=[r"\tanh", r"\sigma"]),
        reading("a ReLU, z > 0", {slope: relu[0][slope]}),
        reading("a ReLU, z < 0", {slope: relu[1][slope]}),
        reading("tanh", *tanh),
        reading("near the origin", *near),
    ]
    free = ["z = 0", *(f"z = {at}" for at in (activations.NEAR, activations.FAR))]
    return {"title": "Question 3", "readings": readings, "free": free, "said": [r"[0, \infty)", "(-1, 1)"]}


def _weighted(sign: int) -> Sample:
    """Return a total input with the inputs, weights and bias that give it; i stands for the last input."""
    size = 3
    x, w, b = INPUTS[:size], [sign * abs(weight) for weight in WEIGHTS[:size]], sign * Fraction(1, 13)
    numbered = {f"x_{i}": value for i, value in enumerate(x, start=1)} | {f"w_{i}": v for i, v in enumerate(w, start=1)}
    z = Fraction(np.dot(x, w)) + b
    return {name: exactly(v) for name, v in {**numbered, "b": b, "z": z, r"\sum_i": Fraction(size)}.items()}


def _activation_sample(sample: Sample, function: Callable) -> Sample:
    with mpmath.workdps(WORKING_DIGITS):
        z = mpmath.mpf(sample["z"])
        slope = mpmath.diff(function, z, h=mpmath.mpf(10) ** -25)
        return {**sample, "y": exactly(function(z)), r"\mathrm{d}y/\mathrm{d}z": exactly(slope)}


def _tanh_sample(sample: Sample) -> Sample:
    """Return what concerns tanh; s and c are twice sinh and cosh."""
    with mpmath.workdps(WORKING_DIGITS):
        z = mpmath.mpf(sample["z"])
        pairs = {"s": lambda u: 2 * mpmath.sinh(u), "c": lambda u: 2 * mpmath.cosh(u)}
        values = {name: exactly(function(z)) for name, function in pairs.items()}
        slopes = {f"{name}'": exactly(mpmath.diff(f, z, h=mpmath.mpf(10) ** -25)) for name, f in pairs.items()}
    return {**_activation_sample(sample, mpmath.tanh), **values, **slopes}
