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
        self.info = ""
        self._comment: Line | None = None

    def feed(self, line: Line) -> Line:
        """Take the next line; return it with its kind, and its text without code and comments."""
        if self._comment is None and (fence := _FENCE.match(line.text)):
            if self.fence is None and not (fence[2][0] == "`" and "`" in fence[3]):
                self.fence, self.opened, self.info = fence[2], line, fence[3]
                return replace(line, kind=Kind.FENCE)
            if self.fence is not None and self.closes(line, self.fence):
                self.fence = None
                return replace(line, kind=Kind.FENCE)
        if self.fence is not None:
            return replace(line, kind=Kind.CODE)
        return self._text(line)

    def _text(self, line: Line) -> Line:
        text = line.text
        if self._comment is None and "`" not in text and "<!--" not in text:
            return replace(line, kind=Kind.TEXT, plain=text)
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
        """Refuse what is still open at the end of a file.

        Raises
        ------
        InputError
            Naming the line that opened it.
        """
        if self._comment is not None:
            raise InputError(f"{self._comment.place}: this comment is not closed: end it with -->.")
        if self.fence is not None and self.opened is not None:
            raise InputError(f"{self.opened.place}: a code block is not closed: end it with {self.fence}.")

    @staticmethod
    def closes(line: Line, opening: str) -> bool:
        """Tell whether a line closes the block of code that `opening` opened."""
        match = _FENCE.match(line.text)
        return bool(match and not match[3] and match[2][0] == opening[0] and len(match[2]) >= len(opening))


def scanned(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield lines with their kinds."""
    scanner = Scanner()
    for line in lines:
        yield scanner.feed(line)


def texts(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield of scanned lines those that are text, with code spans and comments blanked out."""
    return (replace(line, text=line.plain) for line in lines if line.kind is Kind.TEXT)


def outside_code(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield the same of lines that were not scanned."""
    return texts(scanned(lines))


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
