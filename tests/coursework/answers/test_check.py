"""When two computations of the same numbers agree."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest

from coursework.answers.checks import Check, Tolerance
from handin.errors import WorkError


def check(derived, independent, tolerance=Tolerance(absolute=1e-9)):  # noqa: B008 - frozen
    return Check("Q1", "two is two", derived, independent, "arithmetic", tolerance)


def test_agreement_within_the_tolerance():
    outcome = check([1.0, 2.0], [1.0, 2.0 + 5e-10]).require()
    assert outcome.passed
    assert outcome.values == 2
    assert outcome.difference == pytest.approx(5e-10, rel=1e-6)
    assert outcome.ratio == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize(
    ("derived", "independent"),
    [
        ([1.0], [1.1]),
        ([1.0, 2.0], [1.0]),
        ([], []),
        ([float("nan")], [float("nan")]),
        ([float("inf")], [float("inf")]),
        ([1.0], [float("nan")]),
        ([[1.0, 2.0]], [1.0, 2.0]),
    ],
)
def test_what_differs_is_shaped_otherwise_or_is_no_number_never_passes(derived, independent):
    assert not check(derived, independent).outcome().passed
    with pytest.raises(WorkError, match="two is two"):
        check(derived, independent).require()


def test_a_relative_tolerance_is_of_the_independent_value():
    assert check([1001.0], [1000.0], Tolerance(relative=2e-3)).outcome().passed
    assert not check([1.001], [1.0], Tolerance(relative=5e-4)).outcome().passed


def test_exact_agreement_needs_no_tolerance():
    for value in (0.0, 3.0, mpmath.mpf(3)):
        outcome = check([value], [value], Tolerance()).require()
        assert (outcome.values, outcome.difference, outcome.ratio) == (1, 0, 0)
    assert not check([1e-300], [0.0], Tolerance()).outcome().passed


def test_numbers_that_float64_cannot_hold_are_told_apart():
    with mpmath.workdps(50):
        tiny = mpmath.exp(-5000)
        assert check([tiny], [tiny], Tolerance(relative=1e-20)).outcome().passed
        assert not check([tiny], [2 * tiny], Tolerance(relative=1e-20)).outcome().passed
        assert 0 < check([tiny], [2 * tiny], Tolerance(relative=1)).require().difference < 1e-300
    assert check([Fraction(1, 3)], [mpmath.mpf(1) / 3], Tolerance(relative=1e-14)).outcome().passed
