r"""Evaluates TeX: one side of a relation, with the values of the names in it.

What stands in a formula of this report is little: sums, products, powers, fractions, roots, some functions, sums and
products over an index, cases, norms and vectors. A recursive descent reads just that and raises `Unread` at anything
else. Values carry how much was added up to them, and how far they may be off because a number was rounded for print.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import mpmath

DIGITS = 60
NOISE = mpmath.mpf("1e-45")
"""What the working precision leaves of a difference, relative to what was subtracted."""
ZERO = mpmath.mpf(0)


class Unread(Exception):
    """A formula, or a part of one, is not understood: the message says what."""


# --- tokens ----------------------------------------------------------------------------------------------------------

Tokens = tuple[str, ...]

_TOKEN = re.compile(
    r"\\(?:mathrm|mathbf|operatorname|text|mbox)\s*\{[^{}]*\}|\\(?:begin|end)\s*\{\w+\}|\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\S"
)
_SPACES = frozenset([r"\,", r"\;", r"\:", r"\!", "\\ ", "~", r"\displaystyle", r"\left", r"\right"])
_SAME = {
    r"\tfrac": r"\frac", r"\dfrac": r"\frac",
    r"\leq": r"\le", r"\geq": r"\ge", r"\lbrace": r"\{", r"\rbrace": r"\}", r"\lbrack": "[", r"\rbrack": "]",
}  # fmt: skip
_BARS = {r"\|": (r"\lVert", r"\rVert"), "|": (r"\lvert", r"\rvert")}
_NORMS = {r"\lVert": r"\rVert", r"\lvert": r"\rvert", r"\|": r"\|", "|": "|"}
_OPEN, _CLOSE = frozenset(["(", "[", "{", r"\{"]), frozenset([")", "]", "}", r"\}"])
_TAKES_AN_ARGUMENT = frozenset(["^", "_", r"\frac", r"\sqrt"])


@lru_cache(maxsize=4096)
def tokens(tex: str) -> Tokens:
    """Split TeX into tokens in one spelling: no spaces, no braces around a single token."""
    for bar, (opening, closing) in _BARS.items():
        tex = tex.replace(rf"\left{bar}", f"{opening} ").replace(rf"\right{bar}", f"{closing} ")
    raw = [_spelled(token) for token in _TOKEN.findall(tex)]
    for before, token in itertools.pairwise(raw):
        if before in _TAKES_AN_ARGUMENT and re.fullmatch(r"\d{2,}|\d+\.\d+", token):
            raise Unread(f"{before}{token} without braces")
    kept = [token for token in raw if token not in _SPACES]
    found: list[str] = []
    index = 0
    while index < len(kept):
        if kept[index] == "{" and kept[index + 2 : index + 3] == ["}"] and kept[index + 1] not in "{}":
            found.append(kept[index + 1])
            index += 3
        else:
            found.append(kept[index])
            index += 1
    return tuple(found)


def _spelled(token: str) -> str:
    token = re.sub(r"^(\\\w+)\s+\{", r"\1{", token)
    return _SAME.get(token, token)


def is_text(token: str) -> bool:
    return token.startswith((r"\text{", r"\mbox{"))


def depths(found: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield each token with the depth of brackets and environments at which it stands."""
    depth = 0
    for token in found:
        if token in _CLOSE or token.startswith(r"\end{"):
            depth -= 1
        yield depth, token
        if token in _OPEN or token.startswith(r"\begin{"):
            depth += 1


def written(found: Sequence[str]) -> str:
    """Write tokens as TeX again."""
    text = "".join(f"{t} " if re.fullmatch(r"\\[A-Za-z]+", t) else f" {t} " if t in "+-=" else t for t in found)
    return text.strip()


def split(found: Sequence[str], is_border: Callable[[str], bool]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for depth, token in depths(found):
        if depth == 0 and is_border(token):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


# --- values ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Number:
    """A number with what is known of its making.

    Parameters
    ----------
    value
        The number.
    size
        What was added up to it, without signs: a difference that is small beside this is noise.
    error
        How far it may be off because a number in it was rounded for print.
    """

    value: mpmath.mpf
    size: mpmath.mpf
    error: mpmath.mpf = ZERO

    @property
    def clean(self) -> mpmath.mpf:
        """The value, or zero where it is noise."""
        return ZERO if abs(self.value) <= NOISE * self.size else self.value


Value = Number | tuple[Number, ...]
"""A number, or a vector."""


def _number(value: Any, error: Any = 0) -> Number:
    """Take a number, also as the text of a fraction (``1/3``) or of a multiple of a power of two (``3p-5000``)."""
    if isinstance(value, str) and "p" in value:
        value = tuple(map(int, value.split("p")))
    value = mpmath.mpf(value)
    return Number(value, abs(value), mpmath.mpf(error))


def _of(given: Any) -> Value:
    return tuple(_number(each) for each in given) if isinstance(given, list | tuple) else _number(given)


def _plus(a: Number, b: Number) -> Number:
    return Number(a.value + b.value, a.size + b.size, a.error + b.error)


def _times(a: Number, b: Number) -> Number:
    error = abs(a.value) * b.error + abs(b.value) * a.error + a.error * b.error
    return Number(a.value * b.value, a.size * b.size, error)


def _applied(function: Callable, argument: Number) -> Number:
    """Apply a function that rises or falls throughout."""
    try:
        value = function(argument.value)
        ends = [function(argument.value + e) for e in (argument.error, -argument.error)] if argument.error else []
    except (ValueError, ZeroDivisionError, OverflowError):
        raise Unread("a function outside its range") from None
    if not isinstance(value, mpmath.mpf) or not mpmath.isfinite(value):
        raise Unread("a function outside its range")
    return Number(value, abs(value), max((abs(end - value) for end in ends), default=ZERO))


def _inverse(a: Number) -> Number:
    if a.clean == 0 or abs(a.value) <= a.error:
        raise Unread("a division by zero")
    value = 1 / a.value
    # what cancelled below a fraction line costs as much as above it
    return Number(value, a.size / a.value**2, abs(value) * a.error / (abs(a.value) - a.error))


def _power(a: Number, b: Number) -> Number:
    exponent = b.clean
    if exponent == int(exponent) and abs(exponent) <= 1000:
        result = _number(1)
        for _ in range(abs(int(exponent))):
            result = _times(result, a)
        return _inverse(result) if exponent < 0 else result
    if a.clean <= 0:
        raise Unread("a power of a number that is not positive")
    return _applied(lambda x: x**exponent, a)


def _logistic(x: mpmath.mpf) -> mpmath.mpf:
    return 1 / (1 + mpmath.exp(-x))


def _logistic_slope(x: mpmath.mpf) -> mpmath.mpf:
    return 1 / (4 * mpmath.cosh(x / 2) ** 2)


FUNCTIONS: Mapping[Tokens, Callable[[mpmath.mpf], mpmath.mpf]] = {
    (r"\tanh",): mpmath.tanh,
    (r"\exp",): mpmath.exp,
    (r"\sigma",): _logistic,
    (r"\sigma", "'"): _logistic_slope,
    (r"\operatorname{diag}",): lambda x: x,  # of one number
}
"""Functions of one argument, by the tokens of their names; the longest name counts."""


@dataclass(frozen=True)
class Names:
    """The names that one sample of values knows, by their tokens, the longest first."""

    values: Mapping[Tokens, Value]
    lengths: tuple[int, ...]

    @classmethod
    def of(cls, sample: Mapping[str, Any]) -> Names:
        """Take a sample: a number, or a list of numbers, by the TeX of each name."""
        values: dict[Tokens, Value] = {}
        with mpmath.workdps(DIGITS):
            for name, given in sample.items():
                value = _of(given)
                for spelling in _spellings(name):
                    values[spelling] = value
        return cls(values, tuple(sorted({len(name) for name in values}, reverse=True)))


def _spellings(name: str) -> Iterator[Tokens]:
    r"""Yield a name as tokens; ``\partial y/\partial x`` is ``\frac{\partial y}{\partial x}`` too."""
    yield tokens(name)
    bare = name.removesuffix(r"\leftarrow")
    above, slash, below = bare.partition("/")
    if slash:
        yield tokens(rf"\frac{{{above}}}{{{below}}}" + name[len(bare) :])


# --- evaluation ------------------------------------------------------------------------------------------------------

_PRODUCTS = frozenset([r"\cdot", r"\times", r"\odot"])
_ENDS = frozenset(["+", "-", ")", "]", "}", r"\}", ",", "&", r"\quad", ">", "<", "=", r"\le", r"\ge", *_NORMS.values()])
_CONDITIONS: Mapping[str, Callable[[mpmath.mpf], bool]] = {
    ">": lambda d: d > 0,
    "<": lambda d: d < 0,
    r"\ge": lambda d: d >= 0,
    r"\le": lambda d: d <= 0,
    "=": lambda d: d == 0,
}


class Evaluation:
    """Evaluates one member by recursive descent: sum, product, power, operand.

    Parameters
    ----------
    member
        The tokens.
    names
        The values that are known.
    """

    def __init__(self, member: Tokens, names: Names):
        self.member = member
        self.names = names
        self.at = 0

    def result(self) -> Value:
        """Evaluate the whole member.

        Raises
        ------
        Unread
            If anything in it is not understood.
        """
        value = self._sum()
        if self.at != len(self.member):
            raise Unread(f"“{self._next}” in {written(self.member)}")
        return value

    @property
    def _next(self) -> str:
        return self.member[self.at] if self.at < len(self.member) else ""

    def _take(self, *expected: str) -> str:
        token = self._next
        if not token or (expected and token not in expected):
            raise Unread(f"“{token or 'the end'}” in {written(self.member)}")
        self.at += 1
        return token

    def _skip(self, token: str) -> bool:
        if self._next == token:
            self.at += 1
            return True
        return False

    def _sum(self) -> Value:
        sign = self._take() if self._next in ("+", "-") else "+"
        total = signed(sign, self._product())
        while self._next in ("+", "-"):
            sign = self._take()
            total = added(total, signed(sign, self._product()))
        return total

    def _product(self) -> Value:
        result = self._powered()
        divided = False
        while self._next and self._next not in _ENDS:
            if self._skip("/"):
                result, divided = _multiplied(result, _inverse(scalar(self._powered()))), True
            elif self._next in _PRODUCTS:
                elementwise = self._take() == r"\odot"
                result = _multiplied(result, self._powered(), elementwise)
            elif divided:
                raise Unread(f"a product without a sign behind a slash in {written(self.member)}")
            else:
                result = _multiplied(result, self._powered())
        return result

    def _powered(self) -> Value:
        base = self._operand()
        if self._skip("^"):
            base = _power(scalar(base), self._argument())
            if self._next in ("^", "_", "'"):
                raise Unread(f"“{self._next}” behind a power in {written(self.member)}")
        return base

    def _argument(self) -> Number:
        """Evaluate what stands in braces, or the single token that stands for them."""
        if self._skip("{"):
            value = scalar(self._sum())
            self._take("}")
            return value
        return scalar(Evaluation((self._take(),), self.names).result())

    def _operand(self) -> Value:
        if (value := self._name()) is not None:
            return value
        token = self._next
        if re.fullmatch(r"\d+(\.\d+)?", token):
            return self._literal()
        if token == r"\frac":
            self._take()
            return _multiplied(self._fraction_part(), _inverse(self._argument()))
        if token == r"\sqrt":
            self._take()
            return _applied(mpmath.sqrt, self._argument())
        if token == "e" and self.member[self.at + 1 : self.at + 2] == ("^",):
            self.at += 2
            return _applied(mpmath.exp, self._argument())
        if token in ("(", r"\{"):
            self._take()
            value = self._sum()
            self._take({"(": ")", r"\{": r"\}"}[token])
            return value
        special = {
            "[": self._vector, r"\max": self._largest, r"\sum": self._series, r"\prod": self._series,
            r"\mathbf{1}": self._indicator, r"\begin{cases}": self._cases, **dict.fromkeys(_NORMS, self._norm),
        }  # fmt: skip
        if token in special:
            return special[token]()
        return self._function()

    def _name(self) -> Value | None:
        """Take the longest name that is known, unless more of a name follows it."""
        for length in self.names.lengths:
            end = self.at + length
            name = self.member[self.at : end]
            if len(name) == length and name in self.names.values and self.member[end : end + 1] not in (("_",), ("'",)):
                if name[0] in (r"\sum", r"\prod"):
                    continue  # the range of an index, not a value
                self.at = end
                return self.names.values[name]
        return None

    def _literal(self) -> Number:
        """Take a number, with its power of ten; as rounded, it is off by up to half a unit of its last digit.

        A whole number is exact, but a zero may stand for something that is too small to print.
        """
        if self.member[self.at : self.at + 2] == ("10", "^"):
            digits, before = "1", ()  # a power of ten alone
        else:
            digits, before = self._take(), (r"\times",)
        places = len(digits.partition(".")[2])
        exponent = self._power_of_ten(*before)
        if exponent is None and not before:
            digits = self._take()
        unit = mpmath.mpf(10) ** ((exponent or 0) - places)
        value = mpmath.mpf(digits) * mpmath.mpf(10) ** (exponent or 0)
        rounded = unit / 2 if places or exponent is not None else mpmath.mpf(0) if value else NOISE
        return _number(value, rounded)

    def _power_of_ten(self, *before: str) -> int | None:
        head = (*before, "10", "^")
        at = self.at + len(head)
        if self.member[self.at : at] != head:
            return None
        found = re.match(r"\{ (-? ?\d+) \}|(\d+)", " ".join(self.member[at : at + 4]))
        if found is None:
            return None
        self.at = at + len(found[0].split())
        return int((found[1] or found[2]).replace(" ", ""))

    def _fraction_part(self) -> Value:
        if self._skip("{"):
            value = self._sum()
            self._take("}")
            return value
        return Evaluation((self._take(),), self.names).result()

    def _vector(self) -> Value:
        self._take("[")
        parts = [scalar(self._sum())]
        while self._skip(","):
            parts.append(scalar(self._sum()))
        self._take("]")
        if len(parts) == 1:
            raise Unread(f"square brackets around one number in {written(self.member)}")
        return tuple(parts)

    def _norm(self) -> Number:
        bar = self._take()
        value = self._sum()
        self._take(_NORMS[bar])
        if isinstance(value, Number):
            return Number(abs(value.value), value.size, value.error)
        return _applied(mpmath.sqrt, scalar(_multiplied(value, value)))

    def _largest(self) -> Number:
        self._take(r"\max")
        self._take("(")
        parts = [scalar(self._sum())]
        while self._skip(","):
            parts.append(scalar(self._sum()))
        self._take(")")
        return max(parts, key=lambda part: part.clean)

    def _series(self) -> Value:
        """Add or multiply what follows, up to the end of the product, for every value of the bound index."""
        sign = self._take()
        self._take("_")
        if self._skip("{"):
            index, _ = self._take(), self._take("=")
            first = _whole(self._sum())
            self._take("}")
            self._take("^")
            last = _whole(self._argument())
        else:
            index = self._take()
            known = self.names.values.get((sign, "_", index))
            if known is None:
                raise Unread(f"a range for {index} in {written(self.member)}")
            first, last = 1, _whole(known)
        if not re.fullmatch(r"[a-zA-Z]", index):
            raise Unread(f"the index {index}")
        if last < first and sign == r"\sum":
            raise Unread(f"a sum from {first} to {last}")
        total: Value | None = None
        end = self.at
        for k in range(min(first, last), max(first, last) + 1):
            bound = tuple(str(k) if token == index else token for token in self.member)
            inner = Evaluation(bound, self.names)
            inner.at = self.at
            value = inner._product()
            end = inner.at
            joined = added if sign == r"\sum" else _multiplied
            total = value if total is None else joined(total, value)
        self.at = end
        return total

    def _condition(self) -> bool:
        left = self._sum()
        sign = self._next
        if sign not in _CONDITIONS:
            raise Unread(f"“{sign}” as a condition in {written(self.member)}")
        self._take()
        return _CONDITIONS[sign](scalar(added(left, signed("-", self._sum()))).clean)

    def _indicator(self) -> Number:
        self._take(r"\mathbf{1}")
        self._take("[")
        holds = self._condition()
        self._take("]")
        return _number(int(holds))

    def _cases(self) -> Value:
        self._take(r"\begin{cases}")
        end = self.member.index(r"\end{cases}", self.at) if r"\end{cases}" in self.member[self.at :] else None
        if end is None:
            raise Unread("cases without an end")
        rows = split(self.member[self.at : end], lambda token: token == "\\\\")
        self.at = end + 1
        chosen = [value for row in rows if (value := self._case(row)) is not None]
        if not chosen:
            raise Unread("cases of which none holds")
        return chosen[0]

    def _case(self, row: Sequence[str]) -> Value | None:
        """Evaluate a row: a value, then its condition or the word otherwise, then perhaps a remark in brackets."""
        inner = Evaluation(tuple(row), self.names)
        value = inner._sum()
        inner._take("&")
        while inner._next.startswith(r"\text{") and inner._next[6:-1].strip() in ("for", "if"):
            inner._take()
        if inner._next == r"\text{otherwise}":
            inner._take()
            holds = True
        else:
            holds = inner._condition()
        if inner._next and not (inner._next == r"\quad" and row[inner.at + 1].startswith(r"\text{(")):
            raise Unread(f"“{inner._next}” in a case")
        return value if holds else None

    def _function(self) -> Number:
        """Apply a function, perhaps raised to a power, to what stands in brackets or to one name or number."""
        name = max((n for n in FUNCTIONS if self.member[self.at : self.at + len(n)] == n), key=len, default=None)
        if name is None:
            raise Unread(f"“{self._next or 'the end'}” in {written(self.member)}")
        self.at += len(name)
        power = self._argument() if self._skip("^") else None
        if self._skip("("):
            argument = scalar(self._sum())
            self._take(")")
        else:
            value = self._name()
            argument = scalar(self._literal() if value is None and self._next[:1].isdigit() else value)
            if self._next and self._next not in _ENDS and self._next not in _PRODUCTS:
                raise Unread(f"where the argument of {written(name)} ends in {written(self.member)}")
        result = _applied(FUNCTIONS[name], argument)
        return result if power is None else _power(result, power)


def scalar(value: Value | None) -> Number:
    if not isinstance(value, Number):
        raise Unread("a vector, or nothing, where a number is needed")
    return value


def _whole(value: Value) -> int:
    number = scalar(value).value
    if number != int(number) or abs(number) > 1000:
        raise Unread("a bound that is no small whole number")
    return int(number)


def signed(sign: str, value: Value) -> Value:
    if sign == "+":
        return value
    if isinstance(value, tuple):
        return tuple(signed(sign, part) for part in value)
    return Number(-value.value, value.size, value.error)


def added(a: Value, b: Value) -> Value:
    if isinstance(a, Number) and isinstance(b, Number):
        return _plus(a, b)
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        return tuple(_plus(x, y) for x, y in zip(a, b, strict=True))
    raise Unread("a sum of a number and a vector")


def _multiplied(a: Value, b: Value, elementwise: bool = False) -> Value:
    """Multiply; of two vectors this is the dot product, unless it is element by element."""
    if isinstance(a, Number) and isinstance(b, Number):
        return _times(a, b)
    if isinstance(a, tuple) and isinstance(b, tuple):
        if len(a) != len(b):
            raise Unread("a product of vectors of different lengths")
        parts = [_times(x, y) for x, y in zip(a, b, strict=True)]
        if elementwise:
            return tuple(parts)
        total = parts[0]
        for part in parts[1:]:
            total = _plus(total, part)
        return total
    if elementwise:
        raise Unread("a product element by element with a number")
    return tuple(_times(x, b) for x in a) if isinstance(a, tuple) else tuple(_times(a, y) for y in b)


def evaluate(member: str | Tokens, sample: Mapping[str, Any] | Names) -> Value:
    """Evaluate one side of a relation.

    Raises
    ------
    Unread
        If anything in it is not understood.
    """
    names = sample if isinstance(sample, Names) else Names.of(sample)
    with mpmath.workdps(DIGITS):
        try:
            return Evaluation(tokens(member) if isinstance(member, str) else member, names).result()
        except RecursionError:
            raise Unread("brackets that are too deep") from None
