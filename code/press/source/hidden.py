"""Leaves out blocks that are hidden, or for other kinds of output: only the macros of TeX in them count."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from handin.errors import InputError
from press.source.qmd import DIV, ITEM, Kind, Line

OURS = frozenset(("pdf", "typst"))
"""The formats that a PDF made by Typst is, as Quarto's conditions name them."""

DEFINITION = re.compile(r"\\(?:(?:re|provide)?newcommand|def|let|Declare\w+|(?:re)?newenvironment|definecolor)\b")
"""How the definition of a macro of TeX begins."""

_CONDITION = re.compile(r"(when|unless)-format\s*=\s*[\"']?([^\"'}]*)")


def is_hidden(attributes: str) -> bool:
    """Whether a block with these attributes is not set in a PDF."""
    classes = re.findall(r"(?:\.|^)([\w-]+)", re.sub(r"\"[^\"]*\"", "", attributes.strip()))
    holds = True
    for condition, names in _CONDITION.findall(attributes):
        holds = bool(OURS & set(re.findall(r"[\w-]+", names))) is (condition == "when")
    return "hidden" in classes or (holds if "content-hidden" in classes else "content-visible" in classes and not holds)


class Hidden:
    """Takes the lines of a document one by one, and gives back those that are read."""

    def __init__(self) -> None:
        self._open: list[Line] = []
        self._lines: list[Line] = []

    @property
    def hides(self) -> bool:
        """Whether the last line stood in a hidden block."""
        return bool(self._open)

    def feed(self, line: Line) -> list[Line]:
        """Take the next line."""
        div = DIV.match(ITEM.sub("", line.plain)) if line.kind is Kind.TEXT else None
        if not self._open:
            if div is None or not div[1] or not is_hidden(div[1]):
                return [line]
            self._open, self._lines = [line], []
            return []
        if div is not None and div[1]:
            self._open.append(line)
        elif div is not None:
            self._open.pop()
        self._lines.append(line)
        return [] if self._open else list(_as_block(list(_definitions(self._lines))))

    def end(self) -> None:
        """Refuse a hidden block that is still open at the end of the document."""
        if self._open:
            raise InputError(f"{self._open[-1].place}: this ::: block is not closed.")


def _definitions(lines: list[Line]) -> Iterator[Line]:
    depth = 0
    for line in lines:
        text = line.text.strip().strip("$").strip()
        if depth or DEFINITION.match(text):
            yield replace(line, text=text, kind=Kind.CODE)
            bare = re.sub(r"\\[{}]", "", text)
            depth = max(0, depth + bare.count("{") - bare.count("}"))


def _as_block(lines: list[Line]) -> Iterator[Line]:
    if not lines:
        return
    first, last = lines[0], lines[-1]
    yield replace(first, text="", kind=Kind.TEXT)
    yield replace(first, text="```{=tex}", kind=Kind.FENCE)
    yield from lines
    yield replace(last, text="```", kind=Kind.FENCE)
    yield replace(last, text="", kind=Kind.TEXT)
