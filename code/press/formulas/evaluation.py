r"""Evaluates TeX: one side of a relation, with the values of the names in it.

What stands in a formula of a report is little: sums, products, powers, fractions, roots, some functions, sums and
products over an index, cases, norms and vectors. A recursive descent reads just that and raises `Unread` at anything
else.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Mapping, Sequence
from typing import Any

import mpmath

from press.formulas.numbers import (
    DIGITS,
    FUNCTIONS,
    NOISE,
    Names,
    Number,
    Value,
    added,
    applied,
    inverse,
    multiplied,
    number,
    power,
    scalar,
    signed,
    whole,
)
from press.formulas.tokens import NORMS, Tokens, Unread, split, tokens, written

_PRODUCTS = frozenset([r"\cdot", r"\times", r"\odot"])
_ENDS = frozenset(["+", "-", ")", "]", "}", r"\}", ",", "&", r"\quad", ">", "<", "=", r"\le", r"\ge", *NORMS.values()])
_POWER = r"(?:\{ (?:- )?\d+ \}|\d+)(?!\S)"
_LITERAL = re.compile(
    rf"10 \^ (?P<alone>{_POWER})|(?P<digits>\d+(?:\.\d+)?)(?!\S)(?: \\times 10 \^ (?P<power>{_POWER}))?"
)
"""A number in tokens with blanks between them: a power of ten alone, or digits with or without one."""
_CONDITIONS = {">": operator.gt, "<": operator.lt, r"\ge": operator.ge, r"\le": operator.le, "=": operator.eq}
_BRACKETS = {"(": ")", r"\{": r"\}"}


class _Evaluation:
    """Evaluates one member by recursive descent: sum, product, power, operand."""

    def __init__(self, member: Tokens, names: Names):
        self.member = member
        self.names = names
        self.at = 0

    def result(self) -> Value:
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

    def _enclosed(self, closing: str) -> Value:
        """Evaluate a sum and take the bracket behind it."""
        value = self._sum()
        self._take(closing)
        return value

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
                result, divided = multiplied(result, inverse(scalar(self._powered()))), True
                continue
            sign = self._take() if self._next in _PRODUCTS else ""
            if divided and not sign:
                raise Unread(f"a product without a sign behind a slash in {written(self.member)}")
            result = multiplied(result, self._powered(), elementwise=sign == r"\odot")
        return result

    def _powered(self) -> Value:
        base = self._operand()
        if self._skip("^"):
            base = power(scalar(base), scalar(self._argument()))
            if self._next in ("^", "_", "'"):
                raise Unread(f"“{self._next}” behind a power in {written(self.member)}")
        return base

    def _argument(self) -> Value:
        """Evaluate what stands in braces, or the single token that stands for them."""
        if self._skip("{"):
            return self._enclosed("}")
        return _Evaluation((self._take(),), self.names).result()

    def _operand(self) -> Value:
        if (value := self._name()) is not None:
            return value
        token = self._next
        if re.fullmatch(r"\d+(\.\d+)?", token):
            return self._literal()
        if self._skip(r"\frac"):
            return multiplied(self._argument(), inverse(scalar(self._argument())))
        if self._skip(r"\sqrt"):
            return applied(mpmath.sqrt, scalar(self._argument()))
        if token == "e" and self.member[self.at + 1 : self.at + 2] == ("^",):
            self.at += 2
            return applied(mpmath.exp, scalar(self._argument()))
        if token in _BRACKETS:
            return self._enclosed(_BRACKETS[self._take()])
        special = {
            "[": self._vector, r"\max": self._largest, r"\sum": self._series, r"\prod": self._series,
            r"\mathbf{1}": self._indicator, r"\begin{cases}": self._cases, **dict.fromkeys(NORMS, self._norm),
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
        found = _LITERAL.match(" ".join(self.member[self.at :]))
        assert found is not None, "what begins with a digit is a number"
        self.at += len(found[0].split())
        digits, power = found["digits"] or "1", found["power"] or found["alone"]
        places, exponent = len(digits.partition(".")[2]), int(re.sub("[{} ]", "", power or "0"))
        value = mpmath.mpf(digits) * mpmath.mpf(10) ** exponent
        unit = mpmath.mpf(10) ** (exponent - places)
        return number(value, unit / 2 if places or power else 0 if value else NOISE)

    def _listed(self, opening: str, closing: str) -> list[Number]:
        self._take(opening)
        parts = [scalar(self._sum())]
        while self._skip(","):
            parts.append(scalar(self._sum()))
        self._take(closing)
        return parts

    def _vector(self) -> Value:
        parts = self._listed("[", "]")
        if len(parts) == 1:
            raise Unread(f"square brackets around one number in {written(self.member)}")
        return tuple(parts)

    def _norm(self) -> Number:
        bar = self._take()
        value = self._enclosed(NORMS[bar])
        if isinstance(value, Number):
            return Number(abs(value.value), value.size, value.error)
        return applied(mpmath.sqrt, scalar(multiplied(value, value)))

    def _largest(self) -> Number:
        self._take(r"\max")
        return max(self._listed("(", ")"), key=lambda part: part.clean)

    def _series(self) -> Value:
        """Add or multiply what follows, up to the end of the product, for every value of the bound index."""
        sign = self._take()
        self._take("_")
        if self._skip("{"):
            index, _ = self._take(), self._take("=")
            first = whole(self._enclosed("}"))
            self._take("^")
            last = whole(self._argument())
        else:
            index = self._take()
            known = self.names.values.get((sign, "_", index))
            if known is None:
                raise Unread(f"a range for {index} in {written(self.member)}")
            first, last = 1, whole(known)
        if not re.fullmatch(r"[a-zA-Z]", index):
            raise Unread(f"the index {index}")
        if last < first and sign == r"\sum":
            raise Unread(f"a sum from {first} to {last}")
        values: list[Value] = []
        start = self.at
        for k in range(min(first, last), max(first, last) + 1):
            bound = tuple(str(k) if token == index else token for token in self.member)
            inner = _Evaluation(bound, self.names)
            inner.at = start
            values.append(inner._product())
            self.at = inner.at
        return functools.reduce(added if sign == r"\sum" else multiplied, values)

    def _condition(self) -> bool:
        left = self._sum()
        sign = self._next
        if sign not in _CONDITIONS:
            raise Unread(f"“{sign}” as a condition in {written(self.member)}")
        self.at += 1
        difference = scalar(added(left, signed("-", self._sum())))
        return bool(_CONDITIONS[sign](difference.clean, 0))

    def _indicator(self) -> Number:
        self._take(r"\mathbf{1}")
        self._take("[")
        holds = self._condition()
        self._take("]")
        return number(int(holds))

    def _cases(self) -> Value:
        self._take(r"\begin{cases}")
        if r"\end{cases}" not in self.member[self.at :]:
            raise Unread("cases without an end")
        end = self.member.index(r"\end{cases}", self.at)
        rows = split(self.member[self.at : end], lambda token: token == "\\\\")
        self.at = end + 1
        if chosen := [value for row in rows if (value := self._case(row)) is not None]:
            return chosen[0]
        raise Unread("cases of which none holds")

    def _case(self, row: Sequence[str]) -> Value | None:
        """Evaluate a row: a value, then its condition or the word otherwise, then perhaps a remark in brackets."""
        inner = _Evaluation(tuple(row), self.names)
        value = inner._sum()
        inner._take("&")
        while inner._next.startswith(r"\text{") and inner._next[6:-1].strip() in ("for", "if"):
            inner._take()
        holds = inner._skip(r"\text{otherwise}") or inner._condition()
        if inner._next and not (inner._next == r"\quad" and row[inner.at + 1].startswith(r"\text{(")):
            raise Unread(f"“{inner._next}” in a case")
        return value if holds else None

    def _function(self) -> Number:
        """Apply a function, perhaps raised to a power, to what stands in brackets or to one name or number."""
        name = max((n for n in FUNCTIONS if self.member[self.at : self.at + len(n)] == n), key=len, default=None)
        if name is None:
            raise Unread(f"“{self._next or 'the end'}” in {written(self.member)}")
        self.at += len(name)
        raised = scalar(self._argument()) if self._skip("^") else None
        if self._skip("("):
            argument = scalar(self._enclosed(")"))
        else:
            value = self._name()
            argument = scalar(self._literal() if value is None and self._next[:1].isdigit() else value)
            if self._next and self._next not in _ENDS and self._next not in _PRODUCTS:
                raise Unread(f"where the argument of {written(name)} ends in {written(self.member)}")
        result = applied(FUNCTIONS[name], argument)
        return result if raised is None else power(result, raised)


def evaluate(member: str | Tokens, sample: Mapping[str, Any] | Names) -> Value:
    """Evaluate one side of a relation; `Unread` if anything in it is not understood."""
    names = sample if isinstance(sample, Names) else Names.of(sample)
    with mpmath.workdps(DIGITS):
        try:
            return _Evaluation(tokens(member) if isinstance(member, str) else member, names).result()
        except RecursionError:
            raise Unread("brackets that are too deep") from None
