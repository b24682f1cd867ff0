"""Every derived answer compared with at least one independent computation.

A check that fails stops the build and names the claim. The oracles are other people's programs: TensorFlow's automatic
differentiation, mpmath, and Keras' own optimisers, layers and regularisers. They are imported inside the functions that
need them, since loading TensorFlow takes seconds.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from coursework.errors import WorkError


@dataclass(frozen=True)
class Tolerance:
    """The largest difference that a check accepts: ``absolute + relative * |independent|``, for each value."""

    absolute: float = 0.0
    relative: float = 0.0


#: Double precision against double precision: a few hundred roundings.
FLOAT64 = Tolerance(absolute=1e-12, relative=1e-12)
#: Keras and TensorFlow layers that compute in single precision.
FLOAT32 = Tolerance(absolute=1e-6, relative=1e-5)


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

    question: str
    claim: str
    method: str
    values: int
    difference: float
    ratio: float
    absolute: float
    relative: float
    passed: bool


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
            differences = abs(derived - independent).ravel()
            allowed = (self.tolerance.absolute + self.tolerance.relative * abs(independent)).ravel()
            ratios = [_ratio(d, a) for d, a in zip(differences, allowed, strict=True)]
            difference = float("nan") if any(d != d for d in differences) else float(max(differences))
            ratio = float("nan") if any(r != r for r in ratios) else max(ratios)
        return Outcome(
            question=self.question,
            claim=self.claim,
            method=self.method,
            values=int(derived.size),
            difference=difference,
            ratio=ratio,
            absolute=self.tolerance.absolute,
            relative=self.tolerance.relative,
            passed=ratio <= 1,
        )

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
    """Return an array that can be subtracted exactly: objects (mpf) are kept, all else becomes float64."""
    array = np.asarray(values)
    return array if array.dtype == object else array.astype(float)


def _ratio(difference: Any, allowed: Any) -> float:
    """Return difference / allowed, with 0/0 = 0 (exact agreement needs no tolerance)."""
    if difference == 0:
        return 0.0
    return float(difference / allowed) if allowed else float("inf")


def compute(settings: Any) -> dict[str, Any]:
    """Run every check of questions 1 to 5.

    Parameters
    ----------
    settings : coursework.settings.Settings

    Returns
    -------
    dict
        JSON-able: ``checks`` (one mapping per `Outcome`, in the order of the questions) and ``largest`` (the outcome that
        came nearest to its tolerance).

    Raises
    ------
    WorkError
        Naming the first claim that does not hold.
    """
    from coursework.answers.recurrent_evidence import checks as recurrent_checks

    outcomes = [check.require() for check in [*recurrent_checks(settings)]]
    return {"checks": [asdict(outcome) for outcome in outcomes]}
