"""Finds results that were typed into the prose instead of being printed from a variable.

The documents are read with the project's own reader, which takes the cells out, and parsed by pandoc, which says what
is a formula, code or a heading. What is left of the text is searched for numbers that some variable prints.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from press.source.qmd import Document, Line, Prose
from press.typesetting.pandoc import run_pandoc

MARK = "<!-- literal -->"
"""Stands directly behind a number that is meant as it is typed; no reader of the documents sees it."""

SKIPPED = frozenset({"Math", "Code", "CodeBlock", "Header"})
INLINE = frozenset(
    {"Emph", "Strong", "Underline", "Strikeout", "Superscript", "Subscript", "SmallCaps", "Quoted", "Link", "Span"}
)
SPOKEN = ("fig-alt", "title")  # attributes that a reader gets to see or hear
CAPTIONS = ("fig-cap", "fig-alt", "fig-subcap", "tbl-cap", "lst-cap")
SPACES = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}"
BLANK = "\N{OBJECT REPLACEMENT CHARACTER}"  # stands for what is not searched, so that its neighbours do not join

_NUMBER = re.compile(
    rf"(?<![\w.,])(?P<digits>\d+(?:,\d{{3}})*(?:\.\d+)?)(?P<power>[{SPACES}]?×[{SPACES}]?10[⁻⁰¹²³⁴-⁹]+)?"
    rf"(?P<percent>[{SPACES}]?%)?(?![\w]|[.,]\d)(?P<mark>{MARK})?"
)
_SHORTCODE = re.compile(r"\{\{<.*?>\}\}")
_LEVEL = re.compile(rf"\d+[{SPACES}]?%(?=[{SPACES}](?:\w+[{SPACES}])?intervals?\b)")


@dataclass(frozen=True)
class Literal:
    """A typed number that equals what a variable prints."""

    number: str
    variable: str
    place: str

    def __str__(self) -> str:
        used = f"{{{{< var {self.variable} >}}}}"
        return f"{self.place}: {self.number} is what {used} prints: use that, or write {self.number}{MARK}"


def numbers(text: str) -> Iterator[tuple[str, bool]]:
    """Find the decimals with two or more significant digits, the percentages, and the counts from 100.

    Yields
    ------
    tuple of (str, bool)
        The number in one spelling, without sign, spaces and thousands separators; and whether `MARK` follows it.
    """
    for match in _NUMBER.finditer(text):
        digits = match["digits"].replace(",", "")
        significant = len(digits.replace(".", "").lstrip("0"))
        decimal = "." in digits and significant > 1
        count = "." not in digits and int(digits) >= 100
        if decimal or count or match["percent"]:
            power = re.sub(rf"[{SPACES}]", "", match["power"] or "")
            yield digits + power + ("%" if match["percent"] else ""), match["mark"] is not None


def printed(variables: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return every number that a variable prints, alone or in a sentence, with the variable's name.

    The level of an interval, as in "95 % t interval", names a method and is no result.
    """
    found: dict[str, str] = {}
    for group, entries in variables.items():
        for name, value in entries.items():
            for number, _ in numbers(_LEVEL.sub(BLANK, str(value))):
                found.setdefault(number, f"{group}.{name}")
    return found


def literals(document: Document, results: Mapping[str, str]) -> list[Literal]:
    """Find the unmarked numbers of a document's prose and captions that are among `results`."""
    return [
        Literal(number, results[number], _place(number, lines))
        for lines, text in _texts(document)
        for number, marked in numbers(as_read(text))
        if number in results and not marked
    ]


_ANY = re.compile(rf"(?<![\w.,])(?<!\w-)\d+(?:[.,]\d+)*(?!\w)(?P<mark>{MARK})?")
_ORDINAL = re.compile(r"\b(?:questions?|sections?)\s\d[\d.]*(?:\s(?:to|and)\s\d+)?", re.IGNORECASE)
_BARE = re.compile(rf"(?<!\$)\$[-−]?(?P<digits>\d+\.\d+|\d\d+)\$(?!\$)(?P<mark>{MARK})?")


def typed(document: Document) -> list[str]:
    """Find every unmarked number that was typed into prose or captions, with its place.

    What names a question or section is none. A formula claims something about its numbers, and is checked elsewhere;
    one that is nothing but a decimal or a number of two digits claims nothing.
    """
    found = []
    for lines, text in _texts(document):
        prose = _ORDINAL.sub(BLANK, as_read(text))
        matches = [*_ANY.finditer(prose), *_BARE.finditer(_SHORTCODE.sub(BLANK, text))]
        found += [f"{_place(match[0], lines)}: {match[0]}" for match in matches if match["mark"] is None]
    return found


def _texts(document: Document) -> Iterator[tuple[Sequence[Line], str]]:
    """Yield every stretch of prose and every caption as Markdown, with the lines that it stands on."""
    for part in document.parts:
        if isinstance(part, Prose):
            yield part.lines, "\n".join(line.text for line in part.lines)
        else:
            for key in CAPTIONS:
                value = part.options.get(key, [])
                for text in [value] if isinstance(value, str) else value:
                    yield [line for line in part.option_lines if f"{key}:" in line.text] or [part.fence], text


def _place(number: str, lines: Sequence[Line]) -> str:
    """Point to the first line that holds the number."""
    return next((line for line in lines if number in dict(numbers(line.text))), lines[0]).place


def as_read(markdown: str) -> str:
    """Return the text that a reader sees, without formulas, code, headings and what shortcodes print; marks stay."""
    tree = json.loads(run_pandoc(_SHORTCODE.sub(BLANK, markdown), ["--from=markdown", "--to=json"], Path.cwd()))
    return _text(tree["blocks"])


def _text(node: Any) -> str:
    """Read a node of pandoc's tree: an element, a list of them, or an attribute (which is not text)."""
    if isinstance(node, list):
        return "".join(map(_text, node))
    if not isinstance(node, dict):
        return ""
    kind, content = node.get("t"), node.get("c", [])
    if kind in SKIPPED:
        return BLANK
    if kind == "Str":
        return content
    if kind in ("Space", "SoftBreak", "LineBreak"):
        return " "
    if kind == "RawInline":
        return content[1]
    if kind == "Cite":  # what it cites is data, the words around it are prose; its second half is its source text
        return BLANK + "; ".join(_text(each["citationPrefix"]) + _text(each["citationSuffix"]) for each in content[0])
    words = _text(content)
    if kind in ("Image", "Div"):
        words += "\n".join(["", *(value for key, value in content[0][2] if key in SPOKEN)])
    return words if kind in INLINE else words + "\n"
