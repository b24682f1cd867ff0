"""Numbers for print: the same number as Unicode (for prose and figures) and as TeX (for formulas).

Four decimals, powers of ten where a number is very small or large, a true minus sign, never a negative zero, and
exact fractions where they are short. Whether the printed form is exact travels with it, so that a formula says = or ≈
rightly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

MINUS = "−"
TIMES = "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}"  # a line does not end inside a number
PLACES = 4
SIGNIFICANT = 8  # an exact decimal may have as many digits
SMALLEST, LARGEST = Decimal("0.001"), Decimal(10) ** 6  # a rounded number outside is written with a power of ten
NEGLIGIBLE = -(10**6)  # the exponent of ten below which a number is printed as (about) 0

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_DECIMAL = Context(prec=60, Emin=MIN_EMIN, Emax=MAX_EMAX, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Printed:
    """A number ready for print; `exact` says whether what is printed is the number itself, not a rounding of it."""

    tex: str
    exact: bool

    @property
    def text(self) -> str:
        """The number in Unicode."""
        text = re.sub(r"\\tfrac\{(\d+)\}\{(\d+)\}", r"\1/\2", self.tex)
        text = re.sub(r"\^\{(-?\d+)\}", lambda power: power[1].translate(_SUPERSCRIPTS), text)
        return text.replace(r" \times ", TIMES).replace("-", MINUS)

    @property
    def relation(self) -> str:
        """The TeX sign between a quantity and this number: ``=`` or ``\\approx``."""
        return "=" if self.exact else r"\approx"

    @property
    def stated(self) -> str:
        """The TeX that states a quantity's value: the sign, and the number."""
        return f"{self.relation} {self.tex}"

    @property
    def factor(self) -> str:
        """The TeX of this number as a factor or a summand: in brackets where it is negative or has operations in it."""
        return f"({self.tex})" if "-" in self.tex.partition("^")[0] or r"\times" in self.tex else self.tex


def number(value: Any, places: int = PLACES) -> Printed:
    """Print a number: exactly if it is rational and short, else rounded; `ValueError` if it is infinite or none.

    Floats, numpy scalars and mpf count as rounded already, so they are never called exact, except for zero. An mpf
    whose exponent would not fit on a line is 0, not called exact. A rounded number has `places` decimals; one that is
    below 0.001 or at least a million has four significant digits.
    """
    if value == 0:
        return Printed("0", exact=True)
    if isinstance(value, int | np.integer):
        value = Fraction(int(value))
    if isinstance(value, Fraction) and (exact := _exact(value)):
        return exact
    if isinstance(value, mpmath.mpf) and mpmath.isfinite(value) and mpmath.log10(abs(value)) < NEGLIGIBLE:
        return Printed("0", exact=False)
    rounded = _decimal(value)
    if not SMALLEST <= rounded.copy_abs() < LARGEST:
        return Printed(_power_of_ten(rounded, PLACES), exact=False)
    digits = f"{_DECIMAL.quantize(rounded, Decimal(1).scaleb(-places)):f}"
    return Printed(digits if Decimal(digits) else digits.removeprefix("-"), exact=False)


def decimal(value: Any, places: int = PLACES) -> str:
    """Print a number rounded to `places` decimals as Unicode, trailing zeros kept; see `number` for its range."""
    return number(_decimal(value), places).text


def scientific(value: Any, digits: int = 2) -> str:
    """Print a positive magnitude, such as a largest difference, with a power of ten: ``1.2 × 10⁻⁷``; zero is ``0``."""
    return "0" if value == 0 else Printed(_power_of_ten(_decimal(value), digits), exact=False).text


def significant(value: float, digits: int = 2) -> str:
    """Print a number with so many significant digits: as a decimal where that is short, else with a power of ten."""
    rounded = float(f"{value:.{digits - 1}e}")
    if not 0.001 <= abs(rounded) < 1000:
        return scientific(value, digits)
    return decimal(rounded, max(0, digits - 1 - int(np.floor(np.log10(abs(rounded))))))


def _decimal(value: Any) -> Decimal:
    """Return `value` as a decimal of up to 60 digits."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, Fraction):
        return _DECIMAL.divide(Decimal(value.numerator), Decimal(value.denominator))
    if isinstance(value, mpmath.mpf) and mpmath.isfinite(value):
        return Decimal(mpmath.nstr(value, 40))
    if not np.isfinite(float(value)):
        raise ValueError(f"{value} cannot be printed as a number")
    return Decimal(repr(float(value)))


def _exact(value: Fraction) -> Printed | None:
    """Print a short rational, not 0, exactly: as a decimal or else as a fraction; None if it is too long for either."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest == 1:
        digits = _decimal(value).normalize(_DECIMAL)
        if Fraction(digits) == value and len(digits.as_tuple().digits) <= SIGNIFICANT:
            if Decimal("0.0001") <= abs(digits) < LARGEST:
                return Printed(f"{digits:f}", exact=True)
            return Printed(_power_of_ten(digits, SIGNIFICANT), exact=True)
    numerator, denominator = abs(value.numerator), value.denominator
    if rest == 1 or numerator >= 1000 or denominator >= 1000:
        return None
    return Printed(("-" if value < 0 else "") + rf"\tfrac{{{numerator}}}{{{denominator}}}", exact=True)


def _power_of_ten(value: Decimal, digits: int) -> str:
    """Return the TeX of a non-zero number with at most `digits` digits and a power of ten, no trailing zeros."""
    rounded = Context(prec=digits, Emin=MIN_EMIN, Emax=MAX_EMAX, rounding=ROUND_HALF_UP).plus(value)
    exponent = rounded.adjusted()
    mantissa = f"{rounded.scaleb(-exponent, _DECIMAL).normalize(_DECIMAL):f}"
    factor = {"1": "", "-1": "-"}.get(mantissa, rf"{mantissa} \times ")
    return rf"{factor}10^{{{exponent}}}"


def equation(*sides: Any, label: str) -> Any:
    """Return a numbered display formula as IPython's Markdown, its sides (TeX or SymPy's) joined by equals signs."""
    import sympy as sp
    from IPython.display import Markdown

    tex = " = ".join(side if isinstance(side, str) else sp.latex(side) for side in sides)
    return Markdown(f"$$ {tex} $$ {{#{label}}}")
