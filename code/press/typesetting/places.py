"""Finds the place in the sources of what pandoc, a filter or Typst says something against.

Both see text that was made from the sources. A filter quotes what it refuses; Typst names a line of the Typst document,
whose words are those of the Markdown that it was made from, in the same order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from press.source.qmd import Document, Line, without_mathematics

_WORD = re.compile(r"\w+")
_FROM_TYPST = frozenset(
    "block cite ref figure table image link box text strong emph caption supplement form prose".split()
)


def of_quoted(message: str, document: Document, lines: Sequence[Line]) -> str:
    """Put the file and line of the text that a filter's message quotes before the message."""
    needle = re.sub(r"\s+", "", message.partition(": ")[2])
    cells = [line for cell in document.cells for line in (*cell.option_lines, *cell.lines)]
    every = (*document.prose, *cells, *lines)
    if "outside a formula" in message:
        every = (*without_mathematics(document.prose), *every)
    candidates = [(line.place, re.sub(r"\s+", "", line.text)) for line in every]
    for length in (len(needle), 60, 30, 15) if needle else ():
        for place, bare in candidates:
            if needle[:length] in bare:
                return f"{place}: {message}"
        # a formula over several lines: look for its first line
        for place, bare in candidates:
            if len(bare) > 8 and needle.startswith(bare):
                return f"{place}: {message}"
    return f"{document.name}: {message}"


def of_typst(before: str, after: str, lines: Sequence[Line]) -> str:
    """Name the file and line of the Markdown that a piece of Typst was made from, at a position between two texts."""
    made = [*_WORD.findall(before), *_WORD.findall(after)]
    at = len(_WORD.findall(before))
    words = [(word, line) for line in lines for word in _WORD.findall(line.text)]
    matcher = SequenceMatcher(None, made, [word for word, _ in words], autojunk=False)
    matches = (
        (block.a + offset, words[block.b + offset][1])
        for block in matcher.get_matching_blocks()
        for offset in range(block.size)
    )
    found = [(index, line) for index, line in matches if made[index] not in _FROM_TYPST]
    if found:
        # of two that are as far away, the one behind the position
        return min(found, key=lambda match: (abs(match[0] - at), match[0] < at))[1].place
    return next((line.place for line in lines if line.text.strip()), "")


def in_file(document: Document, wanted: str) -> str:
    """Name the first line of a document's own file in which something stands, as in its front matter; else the file."""
    lines = document.path.read_text(encoding="utf-8", errors="replace").splitlines()
    number = next((number for number, line in enumerate(lines, 1) if wanted in line), None)
    return f"{document.name}:{number}" if number else document.name
