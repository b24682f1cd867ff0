"""Question 3 against scipy and mpmath."""

import numpy as np
import pytest
import scipy.stats
import sympy as sp

from coursework.answers import activations


def test_the_stated_slope_is_the_derivative_of_the_definition():
    z = sp.Symbol("z", real=True)
    derivative = sp.diff(activations.tanh(z), z)
    assert sp.simplify(derivative - activations.tanh_slope(z).rewrite(sp.exp)) == 0
    assert sp.simplify(derivative - activations.quotient_rule(z)) == 0


def test_slopes_are_numpys_gradients():
    z = np.linspace(-4, 4, 8001)
    assert activations.slope_at("tanh", z)[1:-1] == pytest.approx(np.gradient(np.tanh(z), z)[1:-1], abs=1e-6)
    away = abs(z) > 0.01
    assert activations.slope_at("relu", z)[away] == pytest.approx(np.gradient(np.maximum(z, 0), z)[away])


def test_the_convention_at_zero():
    assert activations.slope_at("relu", np.array([-1.0, 0.0, 1.0])).tolist() == [0, 0, 1]


def test_the_share_of_active_inputs_is_scipys():
    assert float(activations.active_share(-4)) == pytest.approx(scipy.stats.norm.sf(4), rel=1e-12)
