"""What the names in a chapter's printed formulas may stand for: plain data that the formulas are evaluated with.

The values come from exact fractions, mpmath, TensorFlow's automatic differentiation, and Keras' own optimisers, layers
and regularisers, never from the code that answers the questions. Each name is written as the report writes it in TeX.
The numbers that a question leaves open are chosen so that no two of them happen to be equal.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath

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
