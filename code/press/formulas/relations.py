r"""Decides on the relations in the formulas of a chapter, and stops the build at one that is false.

Every member of a chain of relations (`press.formulas.reading`) is evaluated (`press.formulas.evaluation`) with values
that somebody else computed. Nothing here knows what the letters mean.

Values come by the *names* in the formulas (``w_2``, ``\hat m_t``, ``\partial y/\partial x_2``), in readings. A reading
gives a meaning to every name it knows, with one or more samples of values. A chain of relations holds if there
is a reading in which all of its members can be evaluated and agree, in every sample. Where a member cannot be read, the
chain counts as unread; nothing is guessed.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath

from press.formulas.evaluation import evaluate
from press.formulas.numbers import DIGITS, NOISE, Names, Number, Value, added, pairs, scalar, signed
from press.formulas.reading import Chain, chains
from press.formulas.tokens import Tokens, Unread, places, tokens

EXACT = mpmath.mpf("1e-9")
"""Agreement after ``=``, relative: values come from programs that compute in double precision."""
ALIKE = mpmath.mpf("1e-3")
"""Agreement after ``\\approx`` of two sides without a rounded number."""


_PLAIN = re.compile(r"-?(10\^(\d+|\{-?\d+\})|\d+(\.\d+)?(\\times10\^(\d+|\{-?\d+\}))?)")


@dataclass(frozen=True)
class Reading:
    """One meaning of the names."""

    name: str
    """What an error calls it."""
    samples: tuple[Names, ...]
    """Values in all of which a chain must hold."""
    general: tuple[Names, ...]
    """Further values for which a chain must hold as far as no number stands in it: in these, numbers that happen to be
    equal in `samples` differ."""
    everywhere: tuple[Names, ...]
    """The same for a chain that distinguishes cases or names one of `laws`, and for an arrow: values of every case."""
    laws: frozenset[Tokens]
    """Names of what holds in every case."""
    given: frozenset[Tokens]
    """Names whose equality says something about `samples` alone."""
    without: frozenset[str]
    """Tokens that nothing in this reading is written with."""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Reading:
        """Take a reading from plain mappings and lists."""
        return cls(
            values["name"],
            tuple(map(Names.of, values["samples"])),
            tuple(map(Names.of, values.get("general", ()))),
            tuple(map(Names.of, values.get("everywhere", ()))),
            frozenset(map(tokens, values.get("laws", ()))),
            frozenset(map(tokens, values.get("given", ()))),
            frozenset(values.get("without", ())),
        )


@dataclass(frozen=True)
class Meaning:
    """What the names of one chapter may stand for."""

    title: str
    """What an error calls the chapter."""
    readings: tuple[Reading, ...]
    """The meanings, any of which may be meant."""
    free: frozenset[Tokens]
    """Names that a text may set to a number, and what it may suppose: ``z = 0`` claims nothing."""
    said: frozenset[Tokens]
    """Formulas that may stand alone, without a relation."""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Meaning:
        """Take the meaning of a chapter from plain mappings and lists."""
        free = frozenset(map(tokens, values.get("free", ())))
        said = frozenset(map(tokens, values.get("said", ())))
        return cls(values["title"], tuple(map(Reading.of, values["readings"])), free, said)


@dataclass(frozen=True)
class Verdict:
    """What became of one chain, as TeX."""

    chain: str
    kind: str
    """``holds``, ``supposed`` (a free name set to a number), ``exempt``, ``unread`` or ``false``."""
    why: str = ""
    """For an unread chain what was not understood, for a false one the values of its sides."""


def judged(tex: str, meaning: Meaning) -> tuple[Verdict, ...]:
    """Judge every relation of a formula."""
    try:
        return tuple(_judged(chain, meaning) for chain in chains(tex))
    except Unread as reason:
        return (Verdict(tex, "unread", str(reason)),)


def _judged(chain: Chain, meaning: Meaning) -> Verdict:
    if _supposes(chain, meaning.free):
        return Verdict(str(chain), "supposed")
    reasons: list[str] = []
    wrong: list[str] = []
    with mpmath.workdps(DIGITS):
        for reading in meaning.readings:
            try:
                shown = disagreement(chain, reading)
            except Unread as reason:
                reasons.append(str(reason))
            else:
                if not shown:
                    return Verdict(str(chain), "holds")
                wrong.append(shown)
    if wrong:
        return Verdict(str(chain), "false", wrong[0])
    return Verdict(str(chain), "unread", "; ".join(dict.fromkeys(reasons)))


def _supposes(chain: Chain, free: frozenset[Tokens]) -> bool:
    """Whether a chain only sets free names to one plain number, or is free as it stands."""
    *names, last = chain.members
    sets = _is_plain(last) and free.issuperset(names) and set(chain.signs) <= {"=", r"\approx"}
    return sets or tuple(itertools.chain(*chain.parts)) in free


def _is_plain(member: Tokens) -> bool:
    return bool(_PLAIN.fullmatch("".join(member)))


def _sides(chain: Chain, names: Names) -> list[Value | None]:
    r"""Evaluate all members; the left side of ``\leftarrow`` is left out unless its new value is known."""
    return [
        names.values.get((*member, sign)) if sign == r"\leftarrow" else evaluate(member, names)
        for member, sign in itertools.zip_longest(chain.members, chain.signs, fillvalue="")
    ]


def disagreement(chain: Chain, reading: Reading) -> str:
    """Say what the sides of a chain are worth where it does not hold in a reading; '' if it holds.

    `Unread` if a side of it is not understood in any of the samples.
    """
    if any(reading.without & set(member) for member in chain.members):
        raise Unread(f"not written so: {reading.name}")
    if found := list(_disagreements(chain, reading.samples)):
        return f"{found[0]} ({reading.name})"
    for sides in _disagreements(*_lasting(chain, reading)):
        return f"{sides} ({reading.name}, with other numbers)"
    return ""


def _lasting(chain: Chain, reading: Reading) -> tuple[Chain, tuple[Names, ...]]:
    """Return what of a chain does not depend on the samples' numbers, and the values in which it must hold too."""
    if chain.signs[0] == r"\leftarrow":
        return chain, reading.everywhere
    members = tuple(filter(_is_lasting, chain.members))
    lasting = Chain(members, ("=",) * (len(members) - 1))
    if len(members) < 2 or set(chain.signs) & {r"\le", r"\ge"} or all(member in reading.given for member in members):
        return lasting, ()
    is_law = any(_has_cases(member) or any(places(law, member) for law in reading.laws) for member in members)
    return lasting, reading.everywhere if is_law else reading.general


def _has_cases(member: Tokens) -> bool:
    return bool({r"\begin{cases}", r"\mathbf{1}", r"\max"} & set(member))


def _is_lasting(member: Tokens) -> bool:
    """Whether no number stands in a member, but for indices; cases are told apart with numbers by their nature."""
    before = ("", *member)
    return _has_cases(member) or not any(t[0].isdigit() and b != "_" for b, t in zip(before, member, strict=False))


def _agrees(chain: Chain, sides: Sequence[Value | None]) -> bool:
    """Compare each side with the first that is not rounded; after ``=``, agreement with the one before will do too."""
    known = [(index, side) for index, side in enumerate(sides) if side is not None]
    if len(known) < 2:
        raise Unread("an arrow from a name whose new value is not known")
    first = known[0][1]
    for (_, before), (index, side) in itertools.pairwise(known):
        sign = chain.signs[index - 1]
        if sign in (r"\le", r"\ge"):
            difference = scalar(added(before, signed("-", side)))
            slack = EXACT * abs(scalar(side).value)
            if (difference.clean > slack) if sign == r"\le" else (difference.clean < -slack):
                return False
            first = side
        elif sign == r"\approx":
            is_plain = _is_plain(chain.members[index])
            if not all(_close(x, y, is_plain) for x, y in pairs(first, side)):
                return False
        elif not _equal(first, side) and not _equal(before, side):
            return False
    return True


def _equal(a: Value, b: Value) -> bool:
    return all(
        abs(x.value - y.value) <= EXACT * max(abs(x.value), abs(y.value)) + NOISE * (x.size + y.size)
        for x, y in pairs(a, b)
    )


def _close(x: Number, y: Number, plain: bool) -> bool:
    """Compare with a rounded number to its last digit, with what is made of such to their last digits, else roughly."""
    if plain:
        bound = (y.error if y.error > NOISE else mpmath.mpf("0.5")) * (1 + EXACT)
    else:
        bound = y.error * (1 + EXACT) if y.error else ALIKE * abs(x.value)
        bound += EXACT * abs(x.value) + NOISE * (x.size + y.size)
    return bool(abs(x.value - y.value) <= bound)


def _disagreements(chain: Chain, samples: Iterable[Names]) -> Iterator[str]:
    """Say what the sides are worth, for each of the values in which they do not agree."""
    for names in samples:
        sides = _sides(chain, names)
        if not _agrees(chain, sides):
            yield ", ".join(map(_written_value, sides))


def _written_value(side: Value | None) -> str:
    if side is None:
        return "…"
    if isinstance(side, tuple):
        return f"[{', '.join(map(_written_value, side))}]"
    return str(mpmath.nstr(side.value, 10, strip_zeros=True))
