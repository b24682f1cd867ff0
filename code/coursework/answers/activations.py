"""Question 3: the ReLU and the hyperbolic tangent, their gradients, and where these vanish."""

from __future__ import annotations

import mpmath
import numpy as np
import sympy as sp

from coursework.answers.neuron import relu

NEAR, FAR = 2, 5
"""Where the text looks at the slope of tanh."""
DEAD_MEAN = -4
"""The mean of a nearly dead unit's total input, with variance 1."""


def tanh(z: sp.Expr) -> sp.Expr:
    """Return the hyperbolic tangent by its definition in exponentials, (eᶻ − e⁻ᶻ) / (eᶻ + e⁻ᶻ)."""
    return (sp.exp(z) - sp.exp(-z)) / (sp.exp(z) + sp.exp(-z))


def tanh_slope(z: sp.Expr) -> sp.Expr:
    """Return the gradient as the report states it, 1 − tanh²(z)."""
    return 1 - sp.tanh(z) ** 2


def quotient_rule(z: sp.Symbol) -> sp.Expr:
    """Differentiate the definition of tanh; the quotient rule gives ((eᶻ + e⁻ᶻ)² − (eᶻ − e⁻ᶻ)²) / (eᶻ + e⁻ᶻ)²."""
    numerator, denominator = sp.fraction(tanh(z))
    return (sp.diff(numerator, z) * denominator - numerator * sp.diff(denominator, z)) / denominator**2


def slope_at(function: str, z: float | np.ndarray) -> np.ndarray:
    """Evaluate the stated gradient of ``"relu"`` or ``"tanh"`` at `z`, in float64.

    SymPy's expressions are evaluated, so that figure and numbers follow the derivation. For tanh it is the form
    4 / (eᶻ + e⁻ᶻ)², which keeps its digits where 1 − tanh² has lost them.
    """
    u = sp.Symbol("u", real=True)
    expression = {"relu": sp.diff(relu(u), u), "tanh": 4 / (sp.exp(u) + sp.exp(-u)) ** 2}[function]
    return np.asarray(sp.lambdify(u, expression, "numpy")(np.asarray(z, dtype=float)), dtype=float)


def active_share(mean: float) -> mpmath.mpf:
    """Return the share of inputs for which a ReLU is active, if z is normal with this mean and variance 1."""
    with mpmath.workdps(30):
        return mpmath.ncdf(mean)
