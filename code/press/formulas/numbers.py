"""Numbers and vectors that know how far they may be off, what is done with them, and the names that stand for them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import mpmath

from press.formulas.tokens import Tokens, Unread, tokens

DIGITS = 60
"""The digits that are computed with."""
NOISE = mpmath.mpf("1e-45")
"""What the working precision leaves of a difference, relative to what was subtracted."""
ZERO = mpmath.mpf(0)


@dataclass(frozen=True)
class Number:
    """A number with what is known of its making."""

    value: mpmath.mpf
    size: mpmath.mpf
    """What was added up to it, without signs: a difference that is small beside this is noise."""
    error: mpmath.mpf = ZERO
    """How far it may be off because a number in it was rounded for print."""

    @property
    def clean(self) -> mpmath.mpf:
        """The value, or zero where it is noise."""
        return ZERO if abs(self.value) <= NOISE * self.size else self.value


Value = Number | tuple[Number, ...]
"""A number, or a vector."""


def number(value: Any, error: Any = 0) -> Number:
    """Take a number, also as the text of a fraction (``1/3``) or of a multiple of a power of two (``3p-5000``)."""
    if isinstance(value, str) and "p" in value:
        value = tuple(map(int, value.split("p")))
    value = mpmath.mpf(value)
    return Number(value, abs(value), mpmath.mpf(error))


def _parts(value: Value) -> tuple[Number, ...]:
    return (value,) if isinstance(value, Number) else value


def pairs(a: Value, b: Value) -> list[tuple[Number, Number]]:
    """Pair the numbers of two values; `Unread` if they are of different lengths."""
    if len(_parts(a)) != len(_parts(b)):
        raise Unread("a number beside a vector")
    return list(zip(_parts(a), _parts(b), strict=True))


def plus(a: Number, b: Number) -> Number:
    """Add two numbers, with what is known of them."""
    return Number(a.value + b.value, a.size + b.size, a.error + b.error)


def times(a: Number, b: Number) -> Number:
    """Multiply two numbers, with what is known of them."""
    error = abs(a.value) * b.error + abs(b.value) * a.error + a.error * b.error
    return Number(a.value * b.value, a.size * b.size, error)


def applied(function: Callable[[mpmath.mpf], mpmath.mpf], argument: Number) -> Number:
    """Apply a function that rises or falls throughout; `Unread` if it has no finite value there."""
    try:
        value = function(argument.value)
        ends = [function(argument.value + e) for e in (argument.error, -argument.error)] if argument.error else []
    except (ValueError, ZeroDivisionError, OverflowError):
        raise Unread("a function outside its range") from None
    if not isinstance(value, mpmath.mpf) or not mpmath.isfinite(value):
        raise Unread("a function outside its range")
    return Number(value, abs(value), max((abs(end - value) for end in ends), default=ZERO))


def inverse(a: Number) -> Number:
    """Divide one by a number; `Unread` if it may be zero."""
    if a.clean == 0 or abs(a.value) <= a.error:
        raise Unread("a division by zero")
    value = 1 / a.value
    # what cancelled below a fraction line costs as much as above it
    return Number(value, a.size / a.value**2, abs(value) * a.error / (abs(a.value) - a.error))


def power(a: Number, b: Number) -> Number:
    """Raise a number to a power; `Unread` if the power is broken, and the number not positive."""
    exponent = b.clean
    if exponent == int(exponent) and abs(exponent) <= 1000:
        result = number(1)
        for _ in range(abs(int(exponent))):
            result = times(result, a)
        return inverse(result) if exponent < 0 else result
    if a.clean <= 0:
        raise Unread("a power of a number that is not positive")
    return applied(lambda x: x**exponent, a)


FUNCTIONS: Mapping[Tokens, Callable[[mpmath.mpf], mpmath.mpf]] = {
    (r"\tanh",): mpmath.tanh,
    (r"\exp",): mpmath.exp,
    (r"\sigma",): lambda x: 1 / (1 + mpmath.exp(-x)),
    (r"\sigma", "'"): lambda x: 1 / (4 * mpmath.cosh(x / 2) ** 2),
    (r"\operatorname{diag}",): lambda x: x,  # of one number
}
"""Functions of one argument, by the tokens of their names; the longest name counts."""


@dataclass(frozen=True)
class Names:
    """The names that one sample of values knows, by their tokens, and how long these are, the longest first."""

    values: Mapping[Tokens, Value]
    lengths: tuple[int, ...]

    @classmethod
    def of(cls, sample: Mapping[str, Any]) -> Names:
        """Take a sample: a number, or a list of numbers, by the TeX of each name."""
        values: dict[Tokens, Value] = {}
        with mpmath.workdps(DIGITS):
            for name, given in sample.items():
                value = tuple(map(number, given)) if isinstance(given, list | tuple) else number(given)
                values |= dict.fromkeys(_spellings(name), value)
        return cls(values, tuple(sorted({len(name) for name in values}, reverse=True)))


def _spellings(name: str) -> Iterator[Tokens]:
    r"""Yield a name as tokens; ``\partial y/\partial x`` is ``\frac{\partial y}{\partial x}`` too."""
    yield tokens(name)
    bare = name.removesuffix(r"\leftarrow")
    above, slash, below = bare.partition("/")
    if slash:
        yield tokens(rf"\frac{{{above}}}{{{below}}}" + name[len(bare) :])


def scalar(value: Value | None) -> Number:
    """Take a value as one number; `Unread` if it is a vector, or nothing."""
    if not isinstance(value, Number):
        raise Unread("a vector, or nothing, where a number is needed")
    return value


def whole(value: Value) -> int:
    """Take a value as a bound of an index; `Unread` if it is no small whole number."""
    bound = scalar(value).value
    if bound != int(bound) or abs(bound) > 1000:
        raise Unread("a bound that is no small whole number")
    return int(bound)


def signed(sign: str, value: Value) -> Value:
    """Put a sign, ``+`` or ``-``, before a value."""
    return value if sign == "+" else multiplied(value, number(-1))


def added(a: Value, b: Value) -> Value:
    """Add two numbers, or two vectors of one length; `Unread` if they are of different kinds."""
    if isinstance(a, Number) and isinstance(b, Number):
        return plus(a, b)
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        return tuple(map(plus, a, b))
    raise Unread("a sum of a number and a vector")


def multiplied(a: Value, b: Value, elementwise: bool = False) -> Value:
    """Multiply; of two vectors this is the dot product, unless it is element by element.

    `Unread` if vectors differ in length, or one of two is a number where elements are multiplied.
    """
    if isinstance(a, Number) and isinstance(b, Number):
        return times(a, b)
    if isinstance(a, tuple) and isinstance(b, tuple):
        if len(a) != len(b):
            raise Unread("a product of vectors of different lengths")
        parts = tuple(map(times, a, b))
        return parts if elementwise else functools.reduce(plus, parts)
    if elementwise:
        raise Unread("a product element by element with a number")
    vector, factor = (a, b) if isinstance(a, tuple) else (b, a)
    return tuple(times(x, scalar(factor)) for x in _parts(vector))
