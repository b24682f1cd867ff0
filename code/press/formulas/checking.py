"""Checks the formulas of chapters, and stops the build at the first that is false."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from handin.errors import WorkError
from press.formulas.alone import is_known
from press.formulas.reading import MARK, Chain, Formula, chains, formulas, repeated
from press.formulas.relations import Meaning, Verdict, judged
from press.formulas.tokens import Unread
from press.source.qmd import Line


@dataclass
class Checker:
    """Checks chapters, and remembers what it found of each formula and which chapters were sound.

    Parameters
    ----------
    values
        For each chapter, by the label of its heading, what its names may stand for (see `Meaning`, `Reading`).
    strict
        Whether a formula that cannot be read is refused too.
    """

    values: Mapping[str, Mapping[str, Any]]
    strict: bool = False
    _meanings: dict[str, Meaning] = field(default_factory=dict)
    _verdicts: dict[tuple[str, str], tuple[Verdict, ...]] = field(default_factory=dict)
    _unknown: dict[tuple[str, tuple[Formula, ...]], list[Formula]] = field(default_factory=dict)
    _sound: frozenset[str] = frozenset()

    def verdicts(self, markdown: str) -> list[Verdict]:
        """Judge every relation of a chapter; a chapter of which nothing is known has none."""
        label = self._label(markdown)
        if label is None:
            return []
        return [verdict for formula in formulas(markdown) for verdict in self._judged(label, formula)]

    def unknown(self, markdown: str) -> list[Formula]:
        """Find the formulas without a relation that are not known in their chapter."""
        label = self._label(markdown)
        if label is None:
            return []
        key = label, tuple(formulas(markdown))
        if key not in self._unknown:
            by_formula = {formula: self._chains(formula.tex) for formula in key[1] if not formula.exempt}
            every = [chain for found in by_formula.values() for chain in found or ()]
            alone = [formula for formula, found in by_formula.items() if found == []]
            meaning = self._meaning(label)
            self._unknown[key] = [formula for formula in alone if not is_known(formula.tex, every, meaning)]
        return self._unknown[key]

    def _doubtful(self, markdown: str) -> Iterator[tuple[Formula, str]]:
        for formula in self.unknown(markdown):
            yield formula, "nothing else in its chapter is written so"
        for formula in repeated(markdown):
            yield formula, "the same condition stands twice in this sentence"

    @staticmethod
    def _chains(tex: str) -> list[Chain] | None:
        try:
            return chains(tex)
        except Unread:
            return None

    def _meaning(self, label: str) -> Meaning:
        if label not in self._meanings:
            self._meanings[label] = Meaning.of(self.values[label])
        return self._meanings[label]

    def _label(self, markdown: str) -> str | None:
        return next((label for label in self.values if re.search(rf"\{{[^}}]*#{label}[\s}}]", markdown)), None)

    def _judged(self, label: str, formula: Formula) -> Sequence[Verdict]:
        verdicts = self._of(label, formula.tex)
        return [Verdict(v.chain, "exempt") for v in verdicts] if formula.exempt else verdicts

    def _of(self, label: str, tex: str) -> tuple[Verdict, ...]:
        if (label, tex) not in self._verdicts:
            self._verdicts[label, tex] = judged(tex, self._meaning(label))
        return self._verdicts[label, tex]

    def require(self, chapters: Sequence[str], source: Iterable[Line] = ()) -> None:
        """Check all chapters.

        Parameters
        ----------
        chapters
            Their Markdown.
        source
            The lines of prose that they were made from, so that an error can name the place of a formula that was
            written there; one that a cell printed has none.

        Raises
        ------
        WorkError
            Naming chapter, formula and the values of its sides, for the first relation that is false; or why the
            first formula cannot be checked, where that is refused.
        """
        for text in chapters:
            if text not in self._sound and (label := self._label(text)) is not None:
                for formula in formulas(text):
                    if wrong := self._wrong(self._judged(label, formula)):
                        self._refuse(label, wrong, formula.place(list(source)))
                for formula, why in self._doubtful(text) if self.strict else ():
                    self._refuse(label, Verdict(formula.tex, "unread", why), formula.place(list(source)))
        self._sound = frozenset(chapters)

    def _wrong(self, verdicts: Sequence[Verdict]) -> Verdict | None:
        kinds = ("false", "unread") if self.strict else ("false",)
        return next((verdict for verdict in verdicts if verdict.kind in kinds), None)

    def _refuse(self, label: str, wrong: Verdict, place: str = "") -> NoReturn:
        what = f"{place}{self._meaning(label).title}: the printed "
        if wrong.kind == "false":
            what += f"relation ${wrong.chain}$ does not hold: its sides are {wrong.why}"
        else:
            what += f"formula ${wrong.chain}$ cannot be checked: {wrong.why}"
        raise WorkError(f"{what}; correct it, or write {MARK} behind the formula if its symbols mean something else.")
