r"""Decides on a formula that stands alone, without a relation: is it one that its chapter's relations are made of?

``1-\beta_1^t`` in a sentence says nothing that could be false by itself. It is known if it is a part of a relation of
the chapter, if it is worth what a name in words stands for (``\text{the step without correction}``), or if the values
list it. So a letter, sign or index that slipped is found unless it makes another formula of the chapter.
"""

from __future__ import annotations

from collections.abc import Iterable

import mpmath

from press.formulas.evaluation import evaluate
from press.formulas.numbers import DIGITS
from press.formulas.reading import Chain
from press.formulas.relations import Meaning, holds
from press.formulas.tokens import Tokens, Unread, is_text, split, tokens

_BETWEEN = frozenset(["<", ">", ",", r"\ll", r"\gg", r"\to"])
_BELONGS = frozenset(["_", "^", "'"])
_PLAIN = frozenset([("0",), ("1",)])


def is_known(tex: str, chains: Iterable[Chain], meaning: Meaning) -> bool:
    """Tell whether a formula without a relation is known in its chapter, in whole or each side of ``<`` and ``>``.

    Parameters
    ----------
    tex
        The formula.
    chains
        The relations of the chapter.
    meaning
        What the chapter's names may stand for.
    """
    try:
        found = tokens(tex)
    except Unread:
        return False
    members = [*(member for chain in chains for member in chain.members), *meaning.said]
    return _is_number(found) or _known(found, members, meaning)


def _known(found: Tokens, members: list[Tokens], meaning: Meaning) -> bool:
    named = any(found in reading.samples[0].values for reading in meaning.readings)
    if named or any(_is_part(found, member) for member in members) or _is_worth(found, meaning):
        return True
    pieces = [tuple(piece) for piece in split(found, _BETWEEN.__contains__)]
    return len(pieces) > 1 and all(
        piece in _PLAIN or (not _is_number(piece) and _known(piece, members, meaning)) for piece in pieces
    )


def _is_number(found: Tokens) -> bool:
    """Whether it can be evaluated though nothing is known: it has no names."""
    try:
        evaluate(found, {})
    except Unread:
        return False
    return True


def _is_part(found: Tokens, member: Tokens) -> bool:
    """Whether tokens stand in a member, not with an index, power or prime of their own behind them."""
    size = len(found)
    return any(
        member[at : at + size] == found and not _BELONGS & set(member[at + size : at + size + 1])
        for at in range(len(member) - size + 1)
    )


def _is_worth(found: Tokens, meaning: Meaning) -> bool:
    """Whether it has the value of a name in words, in every sample of some reading."""
    with mpmath.workdps(DIGITS):
        for reading in meaning.readings:
            for name in reading.samples[0].values:
                if len(name) == 1 and is_text(name[0]):
                    try:
                        if holds(Chain((found, name), ("=",)), reading):
                            return True
                    except Unread:
                        pass
    return False
