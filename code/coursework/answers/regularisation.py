"""Question 4: dropout, with the mean and variance that it leaves, and what L2 regularisation adds to a gradient."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import sympy as sp

from coursework.answers.formatting import number


def dropout_moments() -> tuple[sp.Expr, sp.Expr]:
    """Derive mean and variance of r y / (1 − p), where r is 0 with probability p and else 1: y and y² p / (1 − p)."""
    y, p = sp.Symbol("y", real=True), sp.Symbol("p", positive=True)
    outcomes = [(p, sp.Integer(0)), (1 - p, y / (1 - p))]  # probability, value
    mean = sp.Add(*(probability * value for probability, value in outcomes))
    variance = sp.Add(*(probability * (value - mean) ** 2 for probability, value in outcomes))
    return sp.simplify(mean), sp.factor(sp.simplify(variance))


def inverted_dropout(y: np.ndarray, mask: np.ndarray, rate: float) -> np.ndarray:
    """Return the activations `y` in training: kept where `mask` is 1, and divided by the probability 1 − `rate`."""
    return mask * y / (1 - rate)


def added_to_gradient(strength: Fraction, *, halved: bool = False) -> Fraction:
    """Return what multiplies w in the gradient of the L2 penalty λ ‖w‖², λ = `strength`, or of ½ λ ‖w‖² if `halved`."""
    w, symbol = sp.symbols("w lambda", real=True)
    slope = sp.diff(symbol * w**2 * (sp.Rational(1, 2) if halved else 1), w)
    value = slope.subs({w: 1, symbol: sp.Rational(str(strength))})
    return Fraction(int(value.p), int(value.q))


def adjustment(strength: Fraction) -> str:
    """Return the TeX of the boxed answer: what an L2 penalty λ‖w‖² adds to the gradient of a weight."""
    factor = number(added_to_gradient(strength))
    return (
        rf"\frac{{\partial J}}{{\partial w_i}} = \frac{{\partial L}}{{\partial w_i}} + 2 \lambda w_i "
        rf"{factor.relation} \frac{{\partial L}}{{\partial w_i}} + {factor.factor}\, w_i"
    )


# --- what the figure shows ------------------------------------------------------------------------------------------

STRENGTHS = Fraction(0), Fraction(1, 1000), Fraction(1, 10)
DEGREE, POINTS, NOISE = 9, 12, 0.25
RIDGE_SEED, MASK_SEED = 1, 2
UNITS, MASKS = 100, 20_000


@dataclass(frozen=True)
class Fit:
    """A polynomial fitted with an L2 penalty."""

    strength: Fraction
    weights: np.ndarray  # coefficients (DEGREE + 1,), the unpenalised constant first

    @property
    def norm(self) -> float:
        """The length of the penalised weights."""
        return float(np.linalg.norm(self.weights[1:]))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return np.vander(x, len(self.weights), increasing=True) @ self.weights

    def distance_to_truth(self) -> float:
        """Return the root mean square distance on [-1, 1] from sin(π x), which the points came from."""
        x = np.linspace(-1, 1, 2001)
        return float(np.sqrt(np.mean((self(x) - np.sin(np.pi * x)) ** 2)))


def noisy_points() -> tuple[np.ndarray, np.ndarray]:
    """Return `POINTS` places in [-1, 1] and noisy values of sin(π x) there."""
    random = np.random.default_rng(RIDGE_SEED)
    x = np.linspace(-1, 1, POINTS)
    return x, np.sin(np.pi * x) + NOISE * random.standard_normal(POINTS)


def ridge(x: np.ndarray, y: np.ndarray, strength: Fraction) -> Fit:
    """Minimise mean squared error + λ‖w‖² over polynomials, the constant left out of the penalty.

    The gradient 2 Xᵀ(X w − y)/N + 2 λ w is zero at the solution of (XᵀX/N + λ I) w = Xᵀ y / N.
    """
    design = np.vander(x, DEGREE + 1, increasing=True)
    penalised = np.diag([0.0] + [1.0] * DEGREE)
    weights = np.linalg.solve(design.T @ design / len(x) + float(strength) * penalised, design.T @ y / len(x))
    return Fit(strength, weights)


def fits() -> tuple[Fit, ...]:
    """Fit the noisy points with each of `STRENGTHS`."""
    return tuple(ridge(*noisy_points(), strength) for strength in STRENGTHS)


class DroppedSums(NamedTuple):
    """The total input of a unit under many dropout masks."""

    samples: np.ndarray  # (MASKS,)
    without: float  # the same sum without dropout, as at test time


def dropped_sums(rate: float) -> DroppedSums:
    """Drop inputs of a unit with `UNITS` inputs, `MASKS` times, with inverted dropout."""
    random = np.random.default_rng(MASK_SEED)
    y = np.maximum(random.standard_normal(UNITS), 0)
    w = random.standard_normal(UNITS) / np.sqrt(UNITS) + 0.05
    masks = random.random((MASKS, UNITS)) >= rate
    return DroppedSums(inverted_dropout(y, masks, rate) @ w, float(y @ w))
