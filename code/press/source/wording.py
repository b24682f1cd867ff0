"""Refuses a variable that stands where the words around it speak of something else, and one that a sentence repeats."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from handin.errors import InputError
from press.source.qmd import Cell, Document, Kind, Line, Prose

MARK = "<!-- unchecked -->"
"""Stands directly behind a variable that is meant though the words around it do not say so."""
OWN = "¶"
"""Stands before the statement itself where its words are looked for, behind what is said around it."""
CAPTIONS = ("fig-cap", "fig-alt", "fig-subcap", "tbl-cap", "lst-cap")

_VARIABLE = re.compile(rf"\{{\{{<\s*var\s+([\w.]+)\s*>\}}\}}(?!\s*{re.escape(MARK)})")
_SENTENCE = re.compile(r"(?<=[.?!])(?:[*_]*)\s+(?=[*_\[(]*[A-Z{@$])")
_BLOCK = re.compile(r"\s*(?:[-*+]|\d+[.)])\s|:::|\|")
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Statement:
    """What is read as one: a sentence, a cell of a table, or a line of the front matter."""

    text: str
    """What it says; of a cell, with the head of its column and the first cell of its row."""
    around: str
    """What else says what is meant: the headings above and the sentence before."""
    names: tuple[str, ...]
    """The variables that are printed in the same sentence or row."""
    place: str


def statements(document: Document) -> Iterator[Statement]:
    """Yield all that a document says in which a variable is printed."""
    for key, value in document.front_matter.items():
        yield Statement(str(value), key, _names(str(value)), document.name)
    above: dict[int, str] = {}
    for part in document.parts:
        blocks = [[line] for line in captions(part)] if isinstance(part, Cell) else list(_blocks(part))
        for block in blocks:
            if heading := re.match(r"(#+) (.*)", block[0].text):
                above = {level: text for level, text in above.items() if level < len(heading[1])}
                above[len(heading[1])] = heading[2]
            yield from _cells(block) if block[0].text.startswith("|") else _sentences(block, " ".join(above.values()))


def captions(cell: Cell) -> list[Line]:
    """Return the lines of a cell's options that a reader gets to see or hear."""
    return [line for line in cell.option_lines if any(f"{key}:" in line.text for key in CAPTIONS)]


def _names(text: str) -> tuple[str, ...]:
    return tuple(_VARIABLE.findall(text))


def _blocks(part: Prose) -> Iterator[list[Line]]:
    """Yield paragraphs, items of lists, and tables."""
    block: list[Line] = []
    for line in part.lines:
        is_text = line.kind is Kind.TEXT and bool(line.text.strip())
        in_table = bool(block) and block[0].text.startswith("|") and line.text.startswith("|")
        if block and (not is_text or (_BLOCK.match(line.text) and not in_table)):
            yield block
            block = []
        if is_text:
            block.append(line)
    if block:
        yield block


def _sentences(block: Sequence[Line], headings: str) -> Iterator[Statement]:
    text = "\n".join(line.text for line in block)
    borders = [0, *(match.end() for match in _SENTENCE.finditer(text)), len(text)]
    before = ""
    for first, last in itertools.pairwise(borders):
        sentence = text[first:last]
        if found := _VARIABLE.search(sentence):
            line = block[text.count("\n", 0, first + found.start())]
            yield Statement(sentence, f"{headings} {before}", _names(sentence), line.place)
        before = sentence


def _cells(table: Sequence[Line]) -> Iterator[Statement]:
    """Yield the cells of a table, each with the head of its column and the first cell of its row."""
    heads = _CELL.split(table[0].text)
    for line in table[2:]:
        cells = _CELL.split(line.text)
        for head, cell in zip(heads, cells, strict=False):
            if _VARIABLE.search(cell):
                first = "".join(cells[1:2])  # a line of text under the rows has no bars
                said = f"{head} {_VARIABLE.sub('', first)} {cell}"
                yield Statement(said, "", _names(line.text), line.place)


def check(document: Document, words: Mapping[str, str]) -> None:
    """Refuse a variable whose statement does not have the words that its name asks for, or has it twice.

    `words` has, for a pattern of the whole name of a variable, a pattern of what its statement says; that may refer to
    groups of the first one, match the names of other variables beside it, and begin with `OWN` and ``.*`` where what
    is said around the statement does not count.
    """
    for statement in statements(document):
        for name in _names(statement.text):
            others = [other for other in statement.names if other != name]
            if len(others) < len(statement.names) - 1:
                raise InputError(
                    f"{statement.place}: the variable {name} stands twice in one sentence or row: correct one of them, "
                    f"or write {MARK} behind one if both are meant."
                )
            said = " ".join([statement.around, OWN, _VARIABLE.sub("", statement.text), *others]).split()
            for pattern, wanted in words.items():
                rule = rf"(?:{pattern})\n[\s\S]*?(?:{wanted})"  # as one, so that it can refer to a part of the name
                if re.fullmatch(pattern, name) and not re.match(rule, f"{name}\n{' '.join(said)}"):
                    asked = wanted.removeprefix(f"{OWN}.*")
                    raise InputError(
                        f"{statement.place}: the variable {name} stands where nothing says “{asked}”: take the one "
                        f"that is meant, say what it is, write {MARK} behind it, or change what the report asks for."
                    )
