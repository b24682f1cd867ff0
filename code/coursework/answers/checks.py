"""A claim beside an independent computation of the same numbers, and whether the two agree.

It knows nothing of this report, and imports nothing of its answers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from handin.errors import WorkError


@dataclass(frozen=True)
class Tolerance:
    """The largest difference that a check accepts: ``absolute + relative * |independent|``, for each value."""

    absolute: float = 0.0
    relative: float = 0.0


WORKING_DIGITS = 60

#: Double precision against double precision: a few hundred roundings.
FLOAT64 = Tolerance(absolute=1e-12, relative=1e-12)
#: Fifty-digit arithmetic, after what finite differences cost.
DIGITS_20 = Tolerance(relative=1e-20)
#: Keras where it rounds a constant, such as λ, to single precision.
ROUNDED_CONSTANT = Tolerance(relative=1e-5)

#: What the table of evidence calls TensorFlow's automatic differentiation in double precision.
AUTODIFF = "TensorFlow autodiff, float64"


@dataclass(frozen=True)
class Outcome:
    """What one check found.

    Attributes
    ----------
    values : int
        How many pairs of numbers were compared.
    difference : float
        The largest absolute difference among them (`nan` if a value was not a number or the shapes differ).
    ratio : float
        The largest difference divided by what the tolerance allows for that value. The check holds if it is at most 1.
    """

    values: int
    difference: float
    ratio: float

    @property
    def passed(self) -> bool:
        """Whether the check holds."""
        return self.ratio <= 1


@dataclass(frozen=True)
class Check:
    """One claim of the report: a derived value beside the same value from an independent computation.

    Attributes
    ----------
    question : str
        `"Q1"` to `"Q5"`.
    claim : str
        What is claimed, as the table of evidence prints it. It may hold inline TeX between dollar signs.
    derived, independent : array_like
        Numbers of the same shape: floats, or `mpmath.mpf` where float64 would underflow.
    method : str
        The independent method, as the table prints it ("TensorFlow autodiff", "mpmath, 50 digits", ...).
    tolerance : Tolerance
        What counts as agreement.
    """

    question: str
    claim: str
    derived: Any
    independent: Any
    method: str
    tolerance: Tolerance = FLOAT64

    def outcome(self) -> Outcome:
        """Compare the two sides; a differing shape, an empty comparison or a NaN never passes."""
        derived, independent = _numbers(self.derived), _numbers(self.independent)
        difference, ratio = float("nan"), float("nan")
        if derived.shape == independent.shape and derived.size:
            with mpmath.workdps(WORKING_DIGITS), np.errstate(invalid="ignore"):
                differences = abs(derived - independent).ravel()
                allowed = (self.tolerance.absolute + self.tolerance.relative * abs(independent)).ravel()
                ratios = [_ratio(d, a) for d, a in zip(differences, allowed, strict=True)]
            difference = float("nan") if any(d != d for d in differences) else _float(max(differences))
            ratio = float("nan") if any(r != r for r in ratios) else max(ratios)
        return Outcome(int(derived.size), difference, ratio)

    def require(self) -> Outcome:
        """Return the outcome of a check that holds.

        Raises
        ------
        WorkError
            Naming the claim, if the two sides differ by more than the tolerance.
        """
        outcome = self.outcome()
        if not outcome.passed:
            raise WorkError(
                f"{self.question}: the claim “{self.claim}” does not agree with {self.method}: "
                f"the largest difference is {outcome.difference:.3g}, "
                f"allowed is {self.tolerance.absolute:g} + {self.tolerance.relative:g} × |value|."
            )
        return outcome


def _numbers(values: Any) -> np.ndarray:
    """Return an array of float64, or of mpf where `values` holds fractions or mpf."""
    array = np.asarray(values)
    if array.dtype != object:
        return array.astype(float)
    with mpmath.workdps(WORKING_DIGITS):
        return np.vectorize(as_mpf, otypes=[object])(array)


def as_mpf(value: Any) -> mpmath.mpf:
    return mpmath.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else mpmath.mpf(value)


def _float(difference: Any) -> float:
    """Return a difference as a float, and one that is too small for a float as the smallest that is not zero."""
    return max(float(difference), math.nextafter(0, 1)) if difference else 0.0


def _ratio(difference: Any, allowed: Any) -> float:
    """Return difference / allowed, with 0/0 = 0 (exact agreement needs no tolerance)."""
    if difference == 0:
        return 0.0
    return float(difference / allowed) if allowed else float("inf")
