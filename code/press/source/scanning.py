"""Tells what each line of a Markdown text is: text, code or comment. Everything else that looks at lines asks here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from handin.errors import InputError
from press.source.qmd import Kind, Line

_FENCE = re.compile(r"^(\s*)(`{3,}|~{3,})\s*(.*?)\s*$")
_SPAN = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)")


class Scanner:
    """Reads a text line by line and remembers what is open: a block of code, a comment."""

    def __init__(self) -> None:
        self.fence: str | None = None
        self.opened: Line | None = None
        self._comment: Line | None = None

    def feed(self, line: Line) -> Line:
        """Take the next line; return it with its kind, and its text without code and comments."""
        if self._comment is None and (fence := _FENCE.match(line.text)):
            if self.fence is None and not (fence[2][0] == "`" and "`" in fence[3]):
                self.fence, self.opened = fence[2], line
                return replace(line, kind=Kind.FENCE)
            if self.fence is not None and not fence[3] and fence[2].startswith(self.fence):
                self.fence = None
                return replace(line, kind=Kind.FENCE)
        if self.fence is not None:
            return replace(line, kind=Kind.CODE)
        text = line.text
        if self._comment is not None:
            if "-->" not in text:
                return replace(line, kind=Kind.COMMENT)
            text = text.split("-->", 1)[1]
            self._comment = None
        text = re.sub(r"<!--.*?-->", "", text)
        text = _SPAN.sub(lambda match: " " * len(match[0]), text)
        if "<!--" in text:
            text = text.split("<!--", 1)[0]
            self._comment = line
        return replace(line, kind=Kind.TEXT, plain=text)

    def end(self) -> None:
        """Refuse what is still open at the end of a file, naming the line that opened it."""
        if self._comment is not None:
            raise InputError(f"{self._comment.place}: this comment is not closed: end it with -->.")
        if self.fence is not None and self.opened is not None:
            raise InputError(f"{self.opened.place}: a code block is not closed: end it with {self.fence}.")


def scanned(lines: Iterable[Line]) -> Iterator[Line]:
    """Return lines with their kinds."""
    return map(Scanner().feed, lines)


def texts(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield of scanned lines those that are text, with code spans and comments blanked out."""
    return (replace(line, text=line.plain) for line in lines if line.kind is Kind.TEXT)


def without_mathematics(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield lines with formulas, inline and displayed, blanked out; an empty line ends a formula."""
    display = False
    for line in lines:
        display = display and bool(line.text.strip())
        if not display and "$" not in line.text:
            yield line
            continue
        text = line.text.replace("\\$", "  ")
        kept = ""
        for index, piece in enumerate(text.split("$$")):
            if index:
                display = not display
            kept += " " * len(piece) if display else piece
        yield replace(line, text=re.sub(r"\$(?=\S)[^$]*?(?<=\S)\$", lambda m: " " * len(m[0]), kept))
