"""Question 4: dropout's moments, the L2 adjustment, and the fits of the figure."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import sympy as sp
import sympy.stats

from coursework.answers import regularisation
from coursework.answers.regularisation import added_to_gradient


def test_moments_are_those_of_sympys_bernoulli_variable():
    mean, variance = regularisation.dropout_moments()
    for rate in (sp.Rational(1, 5), sp.Rational(1, 2)):
        kept = sympy.stats.Bernoulli("r", 1 - rate)
        output = kept * 7 / (1 - rate)
        values = {"y": 7, "p": rate}
        stated = [moment.subs({s: values[s.name] for s in moment.free_symbols}) for moment in (mean, variance)]
        assert stated == [sympy.stats.E(output), sympy.stats.variance(output)]


def test_the_adjustment_with_the_assignments_parameter():
    assert added_to_gradient(Fraction(1, 1000)) == Fraction(2, 1000)
    assert added_to_gradient(Fraction(1, 1000), halved=True) == Fraction(1, 1000)
    assert r"+ 0.002\, w_i" in regularisation.adjustment(Fraction(1, 1000))


def test_the_points_are_the_sine_with_noise_over_all_of_the_interval():
    x, y = regularisation.noisy_points()
    assert x == pytest.approx(np.linspace(-1, 1, regularisation.POINTS))
    noise = y - np.sin(np.pi * x)
    assert noise.std(ddof=1) == pytest.approx(regularisation.NOISE, rel=0.5)


@pytest.mark.parametrize("strength", [0.001, 0.1])
def test_the_fit_minimises_the_penalised_mean_squared_error(strength):
    x, y = regularisation.noisy_points()

    def loss(w):
        return np.mean((np.polynomial.polynomial.polyval(x, w) - y) ** 2) + strength * np.sum(w[1:] ** 2)

    fit = regularisation.ridge(x, y, Fraction(str(strength)))
    found = scipy.optimize.minimize(loss, np.zeros(regularisation.DEGREE + 1), method="BFGS", options={"gtol": 1e-9})
    assert loss(fit.weights) <= found.fun + 1e-10
    assert fit.weights == pytest.approx(found.x, abs=1e-3)


def test_without_a_penalty_the_fit_is_numpys():
    x, y = regularisation.noisy_points()
    fit = regularisation.ridge(x, y, Fraction(0))
    assert fit(x) == pytest.approx(np.polyval(np.polyfit(x, y, regularisation.DEGREE), x), abs=1e-6)


def test_the_distance_to_the_sine_is_scipys():
    for fit in regularisation.fits():
        square, _ = scipy.integrate.quad(lambda x, fit=fit: (fit(np.array([x]))[0] - np.sin(np.pi * x)) ** 2, -1, 1)
        assert fit.distance_to_truth() == pytest.approx(np.sqrt(square / 2), rel=1e-3)


@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_dropped_sums_keep_the_mean(rate):
    sums = regularisation.dropped_sums(rate)
    error = sums.samples.std() / np.sqrt(len(sums.samples))
    assert sums.samples.mean() == pytest.approx(sums.without, abs=5 * error)
    assert sums.samples.std() > 0.1
