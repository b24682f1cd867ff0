"""Numbers for print, against Python's own decimal arithmetic and by example."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from coursework.answers.formatting import decimal, equation, number, scientific, significant


@pytest.mark.parametrize(
    ("value", "text", "tex", "exact"),
    [
        (Fraction(-1), "−1", "-1", True),
        (Fraction(1, 10), "0.1", "0.1", True),
        (Fraction(1, 3), "1/3", r"\tfrac{1}{3}", True),
        (Fraction(-22, 7), "−22/7", r"-\tfrac{22}{7}", True),
        (Fraction(1, 10**7), "10⁻⁷", r"10^{-7}", True),
        (Fraction(10**12), "10¹²", r"10^{12}", True),
        (Fraction(123456789, 987654321), "0.1250", "0.1250", False),
        (1.2e-7, "1.2\u00a0×\u00a010⁻⁷", r"1.2 \times 10^{-7}", False),
        (-0.0, "0", "0", True),
        (0.73105857863, "0.7311", "0.7311", False),
        (np.float64(-0.5), "−0.5000", "-0.5000", False),
        (0.00005, "5\u00a0×\u00a010⁻⁵", r"5 \times 10^{-5}", False),
        (0.00009999999, "10⁻⁴", r"10^{-4}", False),
        (1e300, "10³⁰⁰", r"10^{300}", False),
        (mpmath.mpf(0), "0", "0", True),
        (0, "0", "0", True),
        (Fraction(0), "0", "0", True),
        (np.int64(12), "12", "12", True),
        # where an exact number is too long, and a rounded one too small or too large for a plain decimal
        (Fraction(-999, 7), "−999/7", r"-\tfrac{999}{7}", True),
        (Fraction(1000, 7), "142.8571", "142.8571", False),
        (Fraction(7, 999), "7/999", r"\tfrac{7}{999}", True),
        (Fraction(5, 1001), "0.0050", "0.0050", False),
        (Fraction(999, 512), "1.9512", "1.9512", False),
        (Fraction("0.0001"), "0.0001", "0.0001", True),
        (Fraction("0.00009"), "9\u00a0×\u00a010⁻⁵", r"9 \times 10^{-5}", True),
        (Fraction(999_999), "999999", "999999", True),
        (Fraction(10**6), "10⁶", "10^{6}", True),
        (0.001, "0.0010", "0.0010", False),
        (0.00099, "9.9\u00a0×\u00a010⁻⁴", r"9.9 \times 10^{-4}", False),
        (999_999.5, "999999.5000", "999999.5000", False),
        (1e6, "10⁶", "10^{6}", False),
    ],
)
def test_examples(value, text, tex, exact):
    printed = number(value)
    assert (printed.text, printed.tex, printed.exact) == (text, tex, exact)
    assert printed.relation == ("=" if exact else r"\approx")


def test_numbers_beyond_every_float():
    with mpmath.workdps(50):
        assert number(mpmath.exp(-45)).text == "2.863\u00a0×\u00a010⁻²⁰"
        assert number(mpmath.exp(-10_000)).text == "1.135\u00a0×\u00a010⁻⁴³⁴³"
        vanishing = number(mpmath.exp(-(mpmath.mpf(10) ** 25)))
    assert (vanishing.text, vanishing.exact) == ("0", False)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -mpmath.inf])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="cannot be printed"):
        number(value)


def test_factors_stand_in_brackets_where_they_need_them():
    assert number(Fraction(-1)).factor == "(-1)"
    assert number(Fraction(1, 10**7)).factor == "10^{-7}"
    assert number(Fraction(1, 3)).factor == r"\tfrac{1}{3}"


def test_magnitudes():
    assert scientific(3.28e-16) == "3.3\u00a0×\u00a010⁻¹⁶"
    assert scientific(0.0) == "0"
    assert scientific(1e-12) == "10⁻¹²"
    assert scientific(5.6e-3) == "5.6\u00a0×\u00a010⁻³"
    assert scientific(1.0) == "10⁰"


def test_decimals_keep_their_zeros():
    assert [decimal(value) for value in (3, 1, 0, Fraction(1, 2))] == ["3.0000", "1.0000", "0", "0.5000"]
    assert decimal(-2.345, 2) == "−2.35"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.50"), (0.0123, "0.012"), (3.14159, "3.1"), (9.96, "10"), (99.4, "99"), (990.0, "990"),
        (0.001, "0.0010"), (0.00099, "9.9\u00a0×\u00a010⁻⁴"), (996.0, "10³"), (1000.0, "10³"), (-0.25, "−0.25"),
    ],
)  # fmt: skip
def test_so_many_significant_digits_are_a_decimal_where_that_is_short(value, text):
    assert significant(value) == text


@given(st.floats(min_value=1e-9, max_value=1e9), st.integers(2, 4))
def test_significant_digits_are_those_of_pythons_format(value, digits):
    printed = significant(value, digits)
    assert float(_read(printed)) == pytest.approx(float(f"{value:.{digits - 1}e}"), rel=1e-12)


def _read(text: str) -> Fraction:
    """Read a printed number back."""
    if text[2:3] in tuple("⁻⁰¹²³⁴⁵⁶⁷⁸⁹"):  # a power of ten alone
        text = f"1\u00a0×\u00a0{text}"
    text = text.replace("−", "-").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    mantissa, _, power = text.partition("\u00a0×\u00a010")
    return Fraction(mantissa) * Fraction(10) ** int(power or 0)


@given(st.fractions(max_denominator=10**6))
def test_what_is_called_exact_is_exact_and_all_else_is_near(value):
    printed = number(value)
    read = _read(printed.text)
    if printed.exact:
        assert read == value
    else:
        assert abs(read - value) <= max(Fraction(1, 20_000), abs(value) / 1000)
        assert printed.text not in ("0", "−0")


@given(st.floats(min_value=0.001, max_value=999_999))
def test_four_decimals_round_half_up(value):
    expected = Decimal(repr(value)).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    assert number(value).text == f"{expected:f}"
    assert number(-value).text == f"−{expected:f}"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_printed_number_reads_like_a_program(value):
    text = number(value).text
    assert "e" not in text
    assert "-" not in text
    assert text.lstrip("−") not in ("0.0", "0.0000")


def test_an_equation_has_its_sides_and_label():
    z = sp.Symbol("z")
    shown = equation("f'(z)", sp.cos(z), label="eq-slope")
    assert shown.data == r"$$ f'(z) = \cos{\left(z \right)} $$ {#eq-slope}"
