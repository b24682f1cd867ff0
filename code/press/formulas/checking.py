r"""Checks the formulas of chapters, and stops the build at the first that is false.

A formula that stands alone says nothing that could be false by itself: ``1-\beta_1^t`` in a sentence. It is known if it
is a part of a relation of its chapter, if it is worth what a name in words stands for (``\text{the step without
correction}``), or if the values list it. So a letter, sign or index that slipped is found unless it makes another
formula of the chapter.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

import mpmath

from handin.errors import WorkError
from press.formulas.evaluation import evaluate
from press.formulas.numbers import DIGITS
from press.formulas.reading import MARK, Chain, Formula, chains, formulas, repeated
from press.formulas.relations import Meaning, Verdict, disagreement, judged
from press.formulas.tokens import Tokens, Unread, is_text, places, split, tokens
from press.source.qmd import Line

_BETWEEN = frozenset(["<", ">", ",", r"\ll", r"\gg", r"\to"])
_BELONGS = frozenset(["_", "^", "'"])
_PLAIN = frozenset([("0",), ("1",)])


class Checker:
    """Checks chapters, and remembers what it found of each relation.

    `values` has for each chapter, by the label of its heading, what its names may stand for (see `Meaning`, `Reading`).
    With `strict`, a formula that cannot be read is refused too.
    """

    def __init__(self, values: Mapping[str, Mapping[str, Any]], strict: bool = False):
        self.values = values
        self.strict = strict
        self._meanings = {label: Meaning.of(given) for label, given in values.items()}
        self._verdicts: dict[tuple[str, str], tuple[Verdict, ...]] = {}
        self._unknown: dict[str, list[Formula]] = {}

    def verdicts(self, markdown: str) -> list[Verdict]:
        """Judge every relation of a chapter; a chapter of which nothing is known has none."""
        label = self._label(markdown)
        return [each for formula in formulas(markdown) for each in self._judged(label, formula)] if label else []

    def unknown(self, markdown: str) -> list[Formula]:
        """Find the formulas without a relation that are not known in their chapter."""
        label = self._label(markdown)
        if label is None:
            return []
        by_formula = {formula: _chains(formula.tex) for formula in formulas(markdown) if not formula.exempt}
        meaning = self._meanings[label]
        members = [member for found in by_formula.values() for chain in found or () for member in chain.members]
        members += meaning.said
        alone = ((formula, tokens(formula.tex)) for formula, found in by_formula.items() if found == [])
        return [formula for formula, found in alone if not (_is_number(found) or _is_known(found, members, meaning))]

    def require(self, chapters: Sequence[str], source: Iterable[Line] = ()) -> None:
        """Check the Markdown of all chapters.

        An error names the place of a formula that was written in `source`, the lines of prose that the chapters were
        made from; one that a cell printed has none.

        Raises
        ------
        WorkError
            Naming chapter, formula and the values of its sides, for the first relation that is false; or why the
            first formula cannot be checked, where that is refused.
        """
        refused = ("false", "unread") if self.strict else ("false",)
        for text in chapters:
            if label := self._label(text):
                found = ((formula, each) for formula in formulas(text) for each in self._judged(label, formula))
                for formula, verdict in itertools.chain(found, self._doubtful(text) if self.strict else ()):
                    if verdict.kind in refused:
                        self._refuse(label, verdict, formula.place(list(source)))

    def _doubtful(self, markdown: str) -> Iterator[tuple[Formula, Verdict]]:
        if markdown not in self._unknown:
            self._unknown[markdown] = self.unknown(markdown)
        for formula in self._unknown[markdown]:
            yield formula, Verdict(formula.tex, "unread", "nothing else in its chapter is written so")
        for formula in repeated(markdown):
            yield formula, Verdict(formula.tex, "unread", "the same condition stands twice in this sentence")

    def _label(self, markdown: str) -> str | None:
        return next((label for label in self.values if re.search(rf"\{{[^}}]*#{label}[\s}}]", markdown)), None)

    def _judged(self, label: str, formula: Formula) -> Sequence[Verdict]:
        key = label, formula.tex
        if key not in self._verdicts:
            self._verdicts[key] = judged(formula.tex, self._meanings[label])
        return [Verdict(v.chain, "exempt") for v in self._verdicts[key]] if formula.exempt else self._verdicts[key]

    def _refuse(self, label: str, wrong: Verdict, place: str) -> NoReturn:
        what = f"{place}{self._meanings[label].title}: the printed "
        if wrong.kind == "false":
            what += f"relation ${wrong.chain}$ does not hold: its sides are {wrong.why}"
        else:
            what += f"formula ${wrong.chain}$ cannot be checked: {wrong.why}"
        raise WorkError(f"{what}; correct it, or write {MARK} behind the formula if its symbols mean something else.")


def _chains(tex: str) -> list[Chain] | None:
    try:
        return chains(tex)
    except Unread:
        return None


def _is_known(found: Tokens, members: Sequence[Tokens], meaning: Meaning) -> bool:
    """Whether a formula without a relation is known in its chapter, in whole or each side of ``<`` and ``>``."""
    named = any(found in reading.samples[0].values for reading in meaning.readings)
    if named or any(_is_part(found, member) for member in members) or _is_worth(found, meaning):
        return True
    pieces = [tuple(piece) for piece in split(found, _BETWEEN.__contains__)]
    return len(pieces) > 1 and all(
        piece in _PLAIN or (not _is_number(piece) and _is_known(piece, members, meaning)) for piece in pieces
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
    ends = (at + len(found) for at in places(found, member))
    return any(not _BELONGS & set(member[end : end + 1]) for end in ends)


def _is_worth(found: Tokens, meaning: Meaning) -> bool:
    """Whether it has the value of a name in words, in every sample of some reading."""
    with mpmath.workdps(DIGITS):
        for reading in meaning.readings:
            for name in reading.samples[0].values:
                if len(name) == 1 and is_text(name[0]):
                    with contextlib.suppress(Unread):
                        if not disagreement(Chain((found, name), ("=",)), reading):
                            return True
    return False
