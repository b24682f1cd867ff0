"""A claim beside an independent computation of the same numbers, and whether the two agree.

And in the same shape for all chapters: what the names in printed formulas stand for, values of other programs too. It
knows nothing of this report, and imports nothing of its answers.
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
    """What one check found; `difference` and `ratio` are nan if a value was no number or the shapes differ."""

    values: int  # how many pairs of numbers were compared
    difference: float  # the largest
    ratio: float  # the largest of each difference divided by what the tolerance allows there

    @property
    def passed(self) -> bool:
        return self.ratio <= 1


@dataclass(frozen=True)
class Check:
    """One claim of the report: a derived value beside the same value from an independent computation.

    Both are numbers of the same shape: floats, or `mpmath.mpf` where float64 would underflow.
    """

    question: str  # "Q1" to "Q5"
    claim: str  # as the table of evidence prints it; it may hold inline TeX
    derived: Any
    independent: Any
    method: str  # of the independent computation, as the table prints it
    tolerance: Tolerance = FLOAT64

    def outcome(self) -> Outcome:
        """Compare the two sides; a differing shape, an empty comparison or a NaN never passes."""
        derived, independent = _numbers(self.derived), _numbers(self.independent)
        if derived.shape != independent.shape or not derived.size:
            return Outcome(int(derived.size), math.nan, math.nan)
        with mpmath.workdps(WORKING_DIGITS), np.errstate(invalid="ignore"):
            differences = abs(derived - independent).ravel()
            allowed = (self.tolerance.absolute + self.tolerance.relative * abs(independent)).ravel()
            ratios = [_ratio(d, a) for d, a in zip(differences, allowed, strict=True)]
        largest = _largest(differences)
        # what is too small for a float counts as the smallest that is not zero
        difference = max(float(largest), math.nextafter(0, 1)) if largest else 0.0
        return Outcome(int(derived.size), difference, _largest(ratios))

    def require(self) -> Outcome:
        """Return the outcome of a check that holds; a `WorkError` names the claim if the two sides differ by more."""
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


def _largest(values: Any) -> Any:
    return math.nan if any(value != value for value in values) else max(values)


def _ratio(difference: Any, allowed: Any) -> float:
    """Return difference / allowed, with 0/0 = 0 (exact agreement needs no tolerance)."""
    if difference == 0:
        return 0.0
    return float(difference / allowed) if allowed else float("inf")


# --- values for the printed formulas ---------------------------------------------------------------------------------

# They come from exact fractions, mpmath, TensorFlow's automatic differentiation, and Keras' own optimisers, layers and
# regularisers, never from the code that answers the questions. Each name is written as the report writes it in TeX.
# The numbers that a question leaves open are chosen so that no two of them happen to be equal.

Sample = dict[str, Any]
"""Values by name: floats, texts that `mpmath.mpf` reads exactly, or lists of these for vectors."""


def reading(name: str, *samples: Sample, **more: Any) -> dict[str, Any]:
    """Return one meaning of the names: its samples, and what else the reader of formulas takes with a reading."""
    return {"name": name, "samples": list(samples), **more}


def exactly(value: Any) -> str:
    """Write a fraction or an mpf so that it is read back as it is, however small."""
    if isinstance(value, mpmath.mpf):
        sign, mantissa, exponent, _ = value._mpf_
        return f"{'-' if sign else ''}{int(mantissa)}p{exponent}"
    return str(Fraction(value))


def exact_sample(values: dict[str, Any]) -> Sample:
    return {name: exactly(value) for name, value in values.items()}


def float_sample(values: dict[str, Any]) -> Sample:
    return {name: float(value) for name, value in values.items()}


def slope(function: Any, at: Any) -> mpmath.mpf:
    """Differentiate a function of one number by mpmath's differences, at the working precision."""
    return mpmath.diff(function, at, h=mpmath.mpf(10) ** -25)
