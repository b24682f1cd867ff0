"""Finds the place in the sources of what pandoc, a filter or Typst says something against.

Both see text that was made from the sources. A filter quotes what it refuses; Typst names a line of the Typst document,
whose words are those of the Markdown that it was made from, in the same order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from press.source.qmd import Document, Line

_WORD = re.compile(r"\w+")
_FROM_TYPST = frozenset(
    "block cite ref figure table image link box text strong emph caption supplement form prose".split()
)


def of_quoted(message: str, document: Document, lines: Sequence[Line]) -> str:
    """Put the file and line of the text that a filter's message quotes before the message."""
    quoted = message.partition(": ")[2].strip()
    needle = re.sub(r"\s+", "", quoted)
    cells = [line for cell in document.cells for line in (*cell.option_lines, *cell.lines)]
    candidates = [*document.prose, *cells, *lines]
    for length in (len(needle), 60, 30, 15):
        if not (part := needle[:length]):
            break
        for line in candidates:
            if part in re.sub(r"\s+", "", line.text):
                return f"{line.place}: {message}"
        # a formula over several lines: look for its first line
        for line in candidates:
            bare = re.sub(r"\s+", "", line.text)
            if len(bare) > 8 and needle.startswith(bare):
                return f"{line.place}: {message}"
    return f"{document.name}: {message}"


def of_typst(before: str, after: str, lines: Sequence[Line]) -> str:
    """Find the line of Markdown that a position in a piece of Typst was made from.

    Parameters
    ----------
    before, after
        The piece up to the position, and from there on.
    lines
        The Markdown that the piece was made from.

    Returns
    -------
    str
        File and line.
    """
    made = [*_WORD.findall(before), *_WORD.findall(after)]
    at = len(_WORD.findall(before))
    words, owners = [], []
    for index, line in enumerate(lines):
        for word in _WORD.findall(line.text):
            words.append(word)
            owners.append(index)
    blocks = SequenceMatcher(None, made, words, autojunk=False).get_matching_blocks()
    nearest = None
    for block in blocks:
        for offset in range(block.size):
            distance = abs(block.a + offset - at) + (0.5 if block.a + offset < at else 0)
            if made[block.a + offset] not in _FROM_TYPST and (nearest is None or distance < nearest[0]):
                nearest = (distance, owners[block.b + offset])
    chosen = lines[nearest[1]] if nearest else next((line for line in lines if line.text.strip()), None)
    return chosen.place if chosen is not None else ""
