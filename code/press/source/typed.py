"""Refuses numbers that are typed into the prose: a result is a variable, or is marked as meant so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from handin.errors import InputError
from press.source.qmd import Cell, Document, Kind, Line, without_mathematics
from press.source.wording import captions

MARK = "<!-- literal -->"
"""Stands directly behind a number that is meant as it is typed; no reader of the documents sees it."""

_MARKED = "\ue001"  # a private character in the mark's place while comments are taken out
_SPACES = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}"
_MARK = re.compile(rf"(?:[{_SPACES}]?%)?{re.escape(MARK)}")
_NAMED = re.compile(
    r"\{\{<.*?>\}\}|\]\([^()\s]*\)|\{[^{}]*\}|<?https?://\S+"  # shortcodes, targets of links, attributes
    r"|\[[^\[\]]*@[^\[\]]*\]"  # citations
    r"|\([A-Z][^()]*,\s(?:19|20)\d\d[^()]*\)"  # (Xiao et al., 2017)
    r"|\b(?:[Qq]uestions?|[Ss]ections?|[Pp]arts?)\s\d[\d.]*(?:\s(?:to|and)\s\d+)?"
    rf"|\d+[{_SPACES}]?%(?=\s(?:\w+\s)?intervals?\b)"  # the level of an interval names a method
    r"|^\s*\d+[.)]\s"
)
_NUMBER = re.compile(rf"(?<![\w.,/])(?<!\w-)(?!1/)\d++(?:[.,]\d++)*+(?!\w|{_MARKED})")
_BARE = re.compile(rf"(?<!\$)\$[-−]?(?![01]\$)\d+(?:\.\d+)?\$(?![\${_MARKED}])")


def refuse(document: Document) -> None:
    """Refuse the first number that is typed into prose or a caption, with its line and the fix.

    What names something is none (a question, a section, a citation's year, an item of a list), nor is a heading or what
    a list of references says. A formula claims something, and is checked elsewhere; one that is nothing but a number
    claims nothing, and is refused unless it is 0 or 1.
    """
    for line, number in found(document):
        raise InputError(
            f"{line.place}: {number} is typed by hand: print it from a variable, {{{{< var group.name >}}}}, or write "
            f"{number}{MARK} if it is meant as it stands."
        )


def found(document: Document) -> Iterator[tuple[Line, str]]:
    """Yield the numbers that are typed into prose and captions, with their lines."""
    in_references = False
    for part in document.parts:
        is_cell = isinstance(part, Cell)
        lines = captions(part) if isinstance(part, Cell) else [line for line in part.lines if line.kind is Kind.TEXT]
        kept = []
        for line in lines:
            if line.text.startswith("#") and not is_cell:
                in_references = line.text.strip("# ").startswith("References")
            elif not in_references:
                kept.append(replace(line, text=_without_comments(line.text)))
        for line, prose in zip(kept, without_mathematics(kept), strict=True):
            for match in [*_NUMBER.finditer(_NAMED.sub(" ", prose.text)), *_BARE.finditer(line.text)]:
                yield line, match[0]


def _without_comments(text: str) -> str:
    """Return a line without code and comments; marks stay."""
    return re.sub(r"<!--.*?-->|(`+)(?!`).*?(?<!`)\1(?!`)", " ", _MARK.sub(_MARKED, text))
