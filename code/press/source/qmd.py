"""What a Quarto document consists of: lines that know where they were written, prose, and code cells.

A `Scanner` tells what each line is: text, code or comment. Everything else that looks at lines asks it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from pathlib import Path
from typing import Any

from handin.errors import InputError

FLOATS = {"fig": "Figure", "tbl": "Table", "lst": "Listing"}
"""The numbered kinds of float and what a reference to one is called."""

THEOREMS = tuple("thm lem cor prp cnj def exm exr alg rem sol".split())
"""The numbered kinds of theorem and its like."""

CALLOUTS = tuple("nte tip imp wrn cau".split())
"""How the labels of numbered callouts begin: notes, tips, what is important, warnings and cautions."""

REFERENCE_KINDS = (*FLOATS, "eq", "sec", *THEOREMS, *CALLOUTS)

DIV = re.compile(r"^\s*:{3,}\s*(\{.*\}|[^\s{:][^{]*?)?\s*:*\s*$")
"""The line that opens or closes a block."""

ITEM = re.compile(r"(?:\s*(?:[-*+]|\d+[.)]|#\.)\s+)+(?=:{3})")
"""What stands before the opening of a block that begins an item of a list."""

_FENCE = re.compile(r"^(\s*)(`{3,}|~{3,})\s*(.*?)\s*$")
CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)")
_CONTINUED = re.compile(r" {0,3}(?:[-*+:~]|\(?(?:\w{1,4}|#|@[\w-]*)[.)]|\[\^[^\]]+\]:)\s")
"""How an item of a list, a definition or a note begins: an indented block behind it is more of it, and no code."""


class Kind(Enum):
    """What a line of Markdown is, as far as Quarto looks at lines."""

    TEXT = auto()
    """Markdown that is read."""

    FENCE = auto()
    """The line that opens or closes a block of code."""

    CODE = auto()
    """A line inside a block of code."""

    COMMENT = auto()
    """A line that lies in a comment as a whole."""


@dataclass(frozen=True)
class Line:
    """One line of a source file, or of the Markdown that was made from it; files are named from the project."""

    text: str
    file: str
    number: int
    part: str = ""
    """Which part of what stands there made the line, as ``output 2``; empty for the line itself."""
    kind: Kind = Kind.TEXT
    plain: str = ""
    """The text with code spans and comments blanked out; equal to `text` where there are none."""

    @property
    def place(self) -> str:
        """File and line, as an error names them."""
        return f"{self.file}:{self.number}" + (f" ({self.part})" if self.part else "")


@dataclass(frozen=True)
class Cell:
    """Code to execute: a cell of its own, or an expression inside a line of prose (`inline`)."""

    fence: Line
    """The line where it begins."""
    options: Mapping[str, Any]
    """Its own options, and those of the whole document where it has none of its own."""
    option_lines: tuple[Line, ...]
    lines: tuple[Line, ...]
    """Its lines of code, with includes expanded."""
    chapter: int
    inline: bool = False
    indent: int = 0
    """The spaces before its fence: it stands in an item of a list."""

    @property
    def label(self) -> str | None:
        """The cell's label, if it has one."""
        return self.options.get("label")

    @property
    def code(self) -> str:
        """The code that is executed, without option lines."""
        return "\n".join(line.text for line in self.lines)

    @property
    def figure_size(self) -> tuple[Any, Any, Any]:
        """The width, height and resolution that matplotlib's figures shall have; None for the usual one."""
        return self.options.get("fig-width"), self.options.get("fig-height"), self.options.get("fig-dpi")

    @property
    def keyed(self) -> str:
        """The code with whatever else its outputs follow from."""
        further = [
            *(self.figure_size if any(self.figure_size) else ()),
            *(["error"] if self.options.get("error") else ()),
        ]
        return f"{further}\n{self.code}" if further else self.code

    @property
    def place(self) -> str:
        """Where the cell begins."""
        return self.fence.place


@dataclass(frozen=True)
class Prose:
    """A run of lines that is not code to execute, with the expressions in it that are."""

    lines: tuple[Line, ...]
    chapter: int
    inline: tuple[Cell, ...] = ()


@dataclass(frozen=True)
class Document:
    """A whole document with its includes expanded."""

    path: Path
    name: str
    """Its file, relative to the project."""
    front_matter: Mapping[str, Any]
    parts: tuple[Prose | Cell, ...]
    """In order; a `chapter` counts the files included at the top level."""
    sources: tuple[Path, ...] = ()
    """Every file that was read."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What holds for the whole document: the project's options, and the front matter's, which come before them."""
    doubts: tuple[tuple[str, str], ...] = ()
    """The options that nothing is known of: their places, and what is to be said of them."""

    @property
    def cells(self) -> tuple[Cell, ...]:
        """What is executed, in order."""
        return tuple(cell for part in self.parts for cell in ([part] if isinstance(part, Cell) else part.inline))

    @property
    def prose(self) -> Iterator[Line]:
        """All lines of prose, in order."""
        return (line for part in self.parts if isinstance(part, Prose) for line in part.lines)


# -- what the lines of a Markdown text are ----------------------------------------------------------------------------


class Scanner:
    """Reads a text line by line and remembers what is open: a block of code, a comment, an item that may go on."""

    def __init__(self) -> None:
        self._may_be_code = True
        self._in_item = False
        self.fence: str | None = None
        self.opened: Line | None = None
        self._comment: Line | None = None

    def feed(self, line: Line) -> Line:
        """Take the next line; return it with its kind, and its text without code and comments."""
        if self._comment is None and (fence := _FENCE.match(line.text)):
            if self.fence is None and not (fence[2][0] == "`" and "`" in re.sub(r"\{.*\}$", "", fence[3])):
                self.fence, self.opened = fence[2], line
                return replace(line, kind=Kind.FENCE)
            if self.fence is not None and not fence[3] and fence[2].startswith(self.fence):
                self.fence = None
                return replace(line, kind=Kind.FENCE)
        if self.fence is not None:
            return replace(line, kind=Kind.CODE)
        text = line.text
        if self._comment is None:
            if self._is_indented_code(text):
                return replace(line, kind=Kind.CODE)
        elif "-->" not in text:
            return replace(line, kind=Kind.COMMENT)
        else:
            text, self._comment = text.split("-->", 1)[1], None
        text = re.sub(r"<!--.*?-->", "", text)
        text = CODE_SPAN.sub(lambda match: " " * len(match[0]), text)
        if "<!--" in text:
            text = text.split("<!--", 1)[0]
            self._comment = line
        return replace(line, kind=Kind.TEXT, plain=text)

    def _is_indented_code(self, text: str) -> bool:
        if not text.strip():
            self._may_be_code = True
            return False
        if text.startswith(("    ", "\t")):
            return self._may_be_code and not self._in_item
        self._in_item = bool(_CONTINUED.match(text)) or (self._in_item and (text[0] == " " or not self._may_be_code))
        self._may_be_code = False
        return False

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


_ENVIRONMENT = re.compile(r"\\begin\{((?:align|equation|gather|multline|eqnarray|alignat|flalign)\*?)\}")
"""What begins a formula without dollars."""


def without_mathematics(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield lines with formulas, inline, displayed or in TeX's environments, blanked out; an empty line ends each."""
    display, end = False, ""
    for line in lines:
        if not line.text.strip():
            display, end = False, ""
        text, end = _without_environments(line.text.replace("\\$", "  "), end)
        if not display and "$" not in text:
            yield line if text == line.text else replace(line, text=text)
            continue
        kept = ""
        for index, piece in enumerate(text.split("$$")):
            if index:
                display = not display
            kept += " " * len(piece) if display else piece
        yield replace(line, text=re.sub(r"\$(?=\S)[^$]*?(?<=\S)\$", lambda m: " " * len(m[0]), kept))


def _without_environments(text: str, end: str) -> tuple[str, str]:
    """Blank out environments of mathematics; `end` is what ends the one that is open before the line and behind it."""
    if not end:
        begin = _ENVIRONMENT.search(text)
        if begin is None:
            return text, ""
        rest, end = _without_environments(text[begin.start() :], f"\\end{{{begin[1]}}}")
        return text[: begin.start()] + rest, end
    inside, found, rest = text.partition(end)
    after, end = _without_environments(rest, "") if found else ("", end)
    return " " * len(inside + found) + after, end
