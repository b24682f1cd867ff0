"""What a Quarto document consists of: lines that know where they were written, prose, and code cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any

FLOATS = {"fig": "Figure", "tbl": "Table", "lst": "Listing"}
"""The numbered kinds of float and what a reference to one is called."""

REFERENCE_KINDS = (*FLOATS, "eq", "sec")


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
        return f"{self.figure_size}\n{self.code}" if any(self.figure_size) else self.code

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
