"""Numbers for print: the same number as Unicode (for prose and figures) and as TeX (for formulas).

Four decimals, powers of ten where a number is very small or large, a true minus sign, never a negative zero, and
exact fractions where they are short. Whether the printed form is exact travels with it, so that a formula says = or ≈
rightly.
"""

from __future__ import annotations

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
    """A number ready for print: in Unicode and in TeX.

    `exact` says whether what is printed is the number itself, not a rounding of it; `simple`, whether it may stand in a
    product without brackets.
    """

    text: str
    tex: str
    exact: bool
    simple: bool = True

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
        """The TeX of this number as a factor or a summand: in brackets unless `simple`."""
        return self.tex if self.simple else f"({self.tex})"


def number(value: Any, places: int = PLACES) -> Printed:
    """Print a number: exactly if it is rational and short, else rounded; `ValueError` if it is infinite or none.

    Floats, numpy scalars and mpf count as rounded already, so they are never called exact, except for zero. An mpf
    whose exponent would not fit on a line is 0, not called exact. A rounded number has `places` decimals; one that is
    below 0.001 or at least a million has four significant digits.
    """
    if value == 0:
        return _plain("0", exact=True)
    if isinstance(value, int | np.integer):
        value = Fraction(int(value))
    if isinstance(value, Fraction) and (exact := _exact(value)):
        return exact
    if isinstance(value, mpmath.mpf) and mpmath.isfinite(value) and mpmath.log10(abs(value)) < NEGLIGIBLE:
        return _plain("0", exact=False)
    rounded = _decimal(value)
    if not SMALLEST <= rounded.copy_abs() < LARGEST:
        return _power_of_ten(rounded, PLACES, exact=False)
    return _plain(f"{_DECIMAL.quantize(rounded, Decimal(1).scaleb(-places)):f}", exact=False)


def decimal(value: Any, places: int = PLACES) -> str:
    """Print a number rounded to `places` decimals as Unicode, trailing zeros kept; see `number` for its range."""
    return number(_decimal(value), places).text


def scientific(value: Any, digits: int = 2) -> str:
    """Print a positive magnitude, such as a largest difference, with a power of ten: ``1.2 × 10⁻⁷``; zero is ``0``."""
    return "0" if value == 0 else _power_of_ten(_decimal(value), digits, exact=False).text


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
                return _plain(f"{digits:f}", exact=True)
            return _power_of_ten(digits, SIGNIFICANT, exact=True)
    numerator, denominator, negative = abs(value.numerator), value.denominator, value < 0
    if rest == 1 or numerator >= 1000 or denominator >= 1000:
        return None
    return _signed(negative, f"{numerator}/{denominator}", rf"\tfrac{{{numerator}}}{{{denominator}}}", exact=True)


def _signed(negative: bool, text: str, tex: str, exact: bool, simple: bool = True) -> Printed:
    sign = (MINUS, "-") if negative else ("", "")
    return Printed(sign[0] + text, sign[1] + tex, exact, simple and not negative)


def _plain(digits: str, exact: bool) -> Printed:
    size = digits.removeprefix("-")
    return _signed(digits != size and Decimal(size) != 0, size, size, exact)


def _power_of_ten(value: Decimal, digits: int, exact: bool) -> Printed:
    """Print a non-zero number with at most `digits` digits and a power of ten, no trailing zeros."""
    rounded = Context(prec=digits, Emin=MIN_EMIN, Emax=MAX_EMAX, rounding=ROUND_HALF_UP).plus(value)
    exponent = rounded.adjusted()
    mantissa = f"{rounded.copy_abs().scaleb(-exponent, _DECIMAL).normalize(_DECIMAL):f}"
    text, tex = f"10{str(exponent).translate(_SUPERSCRIPTS)}", f"10^{{{exponent}}}"
    if mantissa != "1":
        text, tex = f"{mantissa}{TIMES}{text}", rf"{mantissa} \times {tex}"
    return _signed(rounded < 0, text, tex, exact, simple=mantissa == "1")


def equation(*sides: Any, label: str) -> Any:
    """Return a numbered display formula as IPython's Markdown, its sides (TeX or SymPy's) joined by equals signs."""
    import sympy as sp
    from IPython.display import Markdown

    tex = " = ".join(side if isinstance(side, str) else sp.latex(side) for side in sides)
    return Markdown(f"$$ {tex} $$ {{#{label}}}")
