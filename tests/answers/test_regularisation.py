"""Question 4: dropout's moments, the L2 adjustment, and the fits of the figure."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.optimize
import sympy as sp
import sympy.stats

from coursework.answers import regularisation
from coursework.answers.regularisation import Penalty


def test_moments_are_those_of_sympys_bernoulli_variable():
    mean, variance = regularisation.dropout_moments()
    for rate in (sp.Rational(1, 5), sp.Rational(1, 2)):
        kept = sympy.stats.Bernoulli("r", 1 - rate)
        output = kept * 7 / (1 - rate)
        values = {"y": 7, "p": rate}
        stated = [moment.subs({s: values[s.name] for s in moment.free_symbols}) for moment in (mean, variance)]
        assert stated == [sympy.stats.E(output), sympy.stats.variance(output)]


def test_the_adjustment_with_the_assignments_parameter():
    assert Penalty(Fraction(1, 1000)).factor == Fraction(2, 1000)
    assert Penalty(Fraction(1, 1000), halved=True).factor == Fraction(1, 1000)
    assert r"+ 0.002\, w" in regularisation.adjustment(Fraction(1, 1000))


@pytest.mark.parametrize("strength", ["0.001", "1", "1/3", "0.00001"])
def test_the_adjustment_follows_the_parameter(strength):
    value = Fraction(strength)
    assert Penalty(value).factor == 2 * value
    assert regularisation.adjustment(value).endswith(rf"{Penalty(value).printed.factor}\, w")


@pytest.mark.parametrize("strength", [0.001, 0.1])
def test_the_fit_minimises_the_penalised_mean_squared_error(strength):
    x, y = regularisation.noisy_points()

    def loss(w):
        return np.mean((np.polynomial.polynomial.polyval(x, w) - y) ** 2) + strength * np.sum(w[1:] ** 2)

    fit = regularisation.ridge(x, y, strength)
    found = scipy.optimize.minimize(loss, np.zeros(regularisation.DEGREE + 1), method="BFGS", options={"gtol": 1e-9})
    assert loss(fit.weights) <= found.fun + 1e-10
    assert fit.weights == pytest.approx(found.x, abs=1e-3)


def test_without_a_penalty_the_fit_is_numpys():
    x, y = regularisation.noisy_points()
    fit = regularisation.ridge(x, y, 0.0)
    assert fit(x) == pytest.approx(np.polyval(np.polyfit(x, y, regularisation.DEGREE), x), abs=1e-6)


@pytest.mark.parametrize(
    ("strength", "said"),
    [
        ("0.001", ("nearer to", "too much: it is further")),
        ("0.00002", ("nearer to", "not yet too much")),
        ("1", ("no nearer",)),
    ],
)
def test_the_words_about_the_fits_follow_the_distances(strength, said):
    words = regularisation.what_the_fits_show(Fraction(strength))
    x, y = regularisation.noisy_points()
    fine = np.linspace(-1, 1, 501)
    off = [
        np.sqrt(np.mean((regularisation.ridge(x, y, float(Fraction(strength)) * k)(fine) - np.sin(np.pi * fine)) ** 2))
        for k in (0, 1, 100)
    ]
    assert ("no nearer to" in words) == (off[1] >= off[0])
    assert ("not yet too much" in words) == (off[2] <= off[1])
    for phrase in said:
        assert phrase in words


@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_dropped_sums_keep_the_mean(rate):
    sums = regularisation.dropped_sums(rate)
    error = sums.samples.std() / np.sqrt(len(sums.samples))
    assert sums.samples.mean() == pytest.approx(sums.without, abs=5 * error)
    assert sums.samples.std() > 0.1
