r"""Finds the formulas of a chapter in its Markdown, and splits them into chains of relations.

What is read is what the reader gets to see: the text as it goes to pandoc, with the outputs of the cells in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from press.formulas.tokens import Tokens, depths, is_text, split, tokens, written
from press.source.qmd import Kind, Line, scanned

MARK = "<!-- unchecked -->"
"""Stands directly behind a formula whose symbols mean something else here; it does not reach the output."""

_FORMULA = re.compile(
    r"\$\$(?P<display>.+?)\$\$(?P<label>[ \t]*\{#[\w-]+\})?"
    r"|(?<!\\)\$(?=\S)(?P<inline>(?:[^$\n]|\n(?!\s*\n))*?)(?<=[^\s\\])\$(?!\d)",
    re.DOTALL,
)
_NUMBER_BEHIND = re.compile(r"\s*[−-]?(?:10[⁻⁰¹²³⁴-⁹]+|\d+(?:\.\d+)?(?:/\d+|\s*×\s*10[⁻⁰¹²³⁴-⁹]+)?)")
_SENTENCE = re.compile(r"(?<=[.?!])\s|\n\s*\n")
_AS_TEX = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_MARKED = "\ue000"  # a private character in the mark's place while comments are taken out


@dataclass(frozen=True)
class Formula:
    """A formula of a text: its TeX on one line, whether its author exempted it, and its lines as they stand."""

    tex: str
    exempt: bool = False
    lines: tuple[str, ...] = ()

    def place(self, source: Sequence[Line]) -> str:
        """Name where the formula was written, as an error begins; empty where it was not written by hand."""
        for at in range(len(source) - len(self.lines) + 1):
            if all(own in line.text for own, line in zip(self.lines, source[at:], strict=False)):
                return f"{source[at].place}: "
        return ""


@lru_cache(maxsize=2048)  # each sentence is looked at too, and an edit changes one
def formulas(markdown: str) -> tuple[Formula, ...]:
    """Find the formulas of a Markdown text outside code and comments, in order.

    A number that stands behind a formula which ends with a relation belongs to it: ``$\\lambda =$ 0.001``.
    """
    text = _without_code(markdown.replace(MARK, _MARKED))
    found = []
    for match in _FORMULA.finditer(text):
        tex = match["display"] if match["inline"] is None else match["inline"]
        after, lines = text[match.end() :], tuple(tex.strip().split("\n"))
        if tex.rstrip().endswith(("=", r"\approx")) and (number := _NUMBER_BEHIND.match(after)):
            tex, after = f"{tex} {_number_as_tex(number[0])}", after[number.end() :]
        tex = " ".join(tex.replace(_MARKED, "").split())
        found.append(Formula(tex, after.lstrip(" \t").startswith(_MARKED), lines))
    return tuple(found)


def _number_as_tex(text: str) -> str:
    plain = "".join(text.split()).replace("−", "-").replace("×", r" \times ")
    return re.sub("[⁻⁰¹²³⁴-⁹]+", lambda power: f"^{{{power[0].translate(_AS_TEX)}}}", plain)


def _without_code(markdown: str) -> str:
    """Take the code out of a text; where a block of it was, a paragraph ends."""
    lines = scanned(Line(text, "", number) for number, text in enumerate(markdown.split("\n"), 1))
    return "\n".join(line.plain if line.kind is Kind.TEXT else "" for line in lines)


def repeated(markdown: str) -> Iterator[Formula]:
    """Find the conditions, as ``z > 0``, that a sentence has twice: one of them was meant the other way round."""
    for sentence in _SENTENCE.split(_without_code(markdown)):
        before: set[str] = set()
        for formula in formulas(sentence):
            if re.search(r"^[^=]*[<>][^=]*$", formula.tex):
                if formula.tex in before:
                    yield formula
                before.add(formula.tex)


def without_marks(markdown: str) -> str:
    """Take the marks of exempted formulas out."""
    return re.sub(rf"[ \t]*{re.escape(MARK)}", "", markdown)


RELATIONS = frozenset(["=", r"\approx", r"\leftarrow", r"\le", r"\ge"])
_SEPARATORS = frozenset([r"\quad", r"\qquad", ",", ".", ";"])
_CONTINUES = RELATIONS | frozenset(["+", "-", r"\cdot", r"\times", r"\odot"])
BECOMES = r"\text{becomes}"
_ALIGNED = frozenset(r"\begin{aligned} \end{aligned} \begin{align*} \end{align*}".split())


@dataclass(frozen=True)
class Chain:
    """Members that stand in relations to each other: ``members[0] signs[0] members[1] signs[1] ...``."""

    members: tuple[Tokens, ...]
    signs: tuple[str, ...]

    @property
    def parts(self) -> list[Tokens]:
        """Its members with the signs between them."""
        behind = zip(self.signs, self.members[1:], strict=True)
        return [self.members[0], *(part for sign, member in behind for part in ((sign,), member))]

    def __str__(self) -> str:
        return " ".join(map(written, self.parts))


def chains(tex: str) -> list[Chain]:
    """Split a formula into its chains of relations; a statement without a relation is none.

    Rows of an aligned formula that begin with a sign go on with the row before. `Unread` if it cannot even be split.
    """
    joined: list[list[str]] = []
    for row in split([token for token in tokens(tex) if token not in _ALIGNED], "\\\\".__eq__):
        bare = [token for depth, token in depths(row) if depth or token != "&"]
        while bare[:1] == [r"\quad"] or bare[:2] == ["{", "}"]:  # {} + is a plus between two sides
            bare = bare[1 if bare[0] == r"\quad" else 2 :]
        if joined and bare and bare[0] in _CONTINUES:
            joined[-1] += bare
        else:
            joined.append(bare)
    return [chain for row in joined for chain in _row(row)]


def _row(row: Sequence[str]) -> Iterator[Chain]:
    r"""Yield the chains of a row; ``A = B \text{becomes} C`` says of C what ``A \leftarrow C`` does."""
    before: Chain | None = None
    for part in split(row, lambda token: token == BECOMES):
        statements = split(part, _is_separator)
        if before is not None:
            changed = next((tuple(statement) for statement in statements if statement), ())
            yield Chain((before.members[0], changed), (r"\leftarrow",))
            statements.remove(list(changed))
        for statement in statements:
            if chain := _chain(statement):
                before = chain
                yield chain


def _is_separator(token: str) -> bool:
    return token in _SEPARATORS or (is_text(token) and token != BECOMES)


def _chain(statement: Sequence[str]) -> Chain | None:
    signs = tuple(token for depth, token in depths(statement) if depth == 0 and token in RELATIONS)
    if not signs:
        return None
    members = tuple(tuple(part) for part in split(statement, RELATIONS.__contains__))
    return Chain(members, signs)
