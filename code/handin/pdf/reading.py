"""Reads what a PDF says: its pages, headings, identifiers and metadata, by way of qpdf and PDFium."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import pikepdf
import pypdfium2

# What pikepdf logs about a broken file becomes a finding; without a handler it would go to the terminal as well.
logging.getLogger("pikepdf").addHandler(logging.NullHandler())

MARGIN = 0.1  # the part of a page, at its top and at its bottom, in which running heads and page numbers stand
DIGEST = re.compile(r"made-from:([0-9a-f]{16,}(?:-draft)?)")
"""How this project writes the digest of the document's sources into the keywords."""


UNREADABLE = (pikepdf.PdfError, ValueError, TypeError, RuntimeError, LookupError, AttributeError)
"""What the two libraries raise on files that break the rules in ways that they do not expect (PDFium: RuntimeError)."""

_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Section:
    """A heading of the PDF and where it stands."""

    title: str  # as the outline has it, with its number
    page: int  # counted from 1
    names: frozenset[str]  # the identifiers under which the place can be linked to, such as sec-q1a
    text: str  # up to the next heading of the same or a higher level, without this heading


@dataclass(frozen=True)
class Pdf:
    """What a PDF says."""

    pages: tuple[str, ...]  # the text of each
    sections: tuple[Section, ...]  # the headings of the outline, in order
    digest: str | None  # of the sources, as this project writes it
    info: dict[str, str]  # the document information (/Title)
    metadata: dict[str, str]  # what matters of the XMP metadata (dc:title)
    strings: str  # every text that is not on a page: alternative texts, links, metadata
    unread: tuple[str, ...] = ()  # what of it is built in a way that nobody expects, and was left out

    @property
    def author(self) -> str:
        """Who wrote it, as its metadata says."""
        return self.info.get("/Author", "") or self.metadata.get("dc:creator", "")

    @property
    def title(self) -> str:
        """The title, as its metadata says."""
        return (self.info.get("/Title", "") or self.metadata.get("dc:title", "")).strip()

    def find(self, name: str) -> Section | None:
        """Find the section of this identifier."""
        return next((section for section in self.sections if name in section.names), None)


@dataclass(frozen=True)
class Opened:
    """A PDF as its two readers opened it, and what it says."""

    content: bytes
    pdf: pikepdf.Pdf
    seen: pypdfium2.PdfDocument
    read: Pdf


def read_pdf(pdf: pikepdf.Pdf, seen: pypdfium2.PdfDocument) -> Pdf:
    """Read an opened PDF; a part that is built in a way that nobody expects does not hide the others."""
    unread: list[str] = []

    def part(what: str, read: Callable[[], _Read], otherwise: _Read) -> _Read:
        try:
            return read()
        except UNREADABLE:
            unread.append(what)
            return otherwise

    pages = tuple(part("The text of a page", partial(_page_text, seen, index), "") for index in range(len(seen)))
    info = part(
        "Its properties", lambda: {str(key): _plain(value) for key, value in pdf.docinfo.items()}, dict[str, str]()
    )
    metadata = part("Its metadata", lambda: _metadata(pdf), dict[str, str]())
    named = part("Its named places", lambda: list(_destinations(pdf)), list[tuple[str, int, float]]())
    sections = part("Its bookmarks", lambda: _sections(seen, named), tuple[Section, ...]())
    strings: list[str] = []
    part("Its texts beside the pages", lambda: strings.extend(_strings(pdf)), None)
    found = DIGEST.search(info.get("/Keywords", "")) or DIGEST.search(metadata.get("pdf:Keywords", ""))
    digest = found.group(1) if found else None
    return Pdf(pages, sections, digest, info, metadata, "\n".join(strings), tuple(dict.fromkeys(unread)))


def _plain(value: Any) -> str:
    """Return the words of a value, which may be a list; a structure of numbers and dictionaries has none."""
    if isinstance(value, pikepdf.Array):
        return ", ".join(filter(None, map(_plain, items(value))))
    return "" if isinstance(value, pikepdf.Dictionary | pikepdf.Stream) else str(value)


def _page_text(seen: pypdfium2.PdfDocument, index: int) -> str:
    text = seen[index].get_textpage()
    return text.get_text_range().replace("\r\n", "\n").replace("\ufffe", "-") if text.count_chars() else ""


def _sections(seen: pypdfium2.PdfDocument, places: list[tuple[str, int, float]]) -> tuple[Section, ...]:
    """List the headings of the outline in the order in which they stand, with the identifiers that lead to them."""
    named: dict[tuple[int, int], set[str]] = {}
    for name, page, top in places:
        named.setdefault((page, round(top)), set()).add(name)
    marks = []
    for bookmark in seen.get_toc():
        target = bookmark.get_dest()
        index = target.get_index() if target else None
        if target is None or index is None or not 0 <= index < len(seen):
            continue  # a page that is not there: viewers stay where they are
        _, view = target.get_view()
        top = view[1] if len(view) > 1 and view[1] is not None else seen[index].get_height()
        marks.append((index + 1, top, bookmark.level + 1, bookmark.get_title()))
    marks.sort(key=lambda mark: (mark[0], -mark[1]))
    sections = []
    for index, (page, top, level, title) in enumerate(marks):
        after = next((mark for mark in marks[index + 1 :] if mark[2] <= level), (len(seen), 0.0, 0, ""))
        names = frozenset[str]().union(*(named.get((page, round(top) + shift), set()) for shift in (-1, 0, 1)))
        text = _text_between(seen, (page, top), (after[0], after[1]))
        sections.append(Section(title, page, names, _without_heading(text, title)))
    return tuple(sections)


def _destinations(pdf: pikepdf.Pdf) -> Iterator[tuple[str, int, float]]:
    numbers = {page.obj.objgen: number for number, page in enumerate(pdf.pages, 1)}
    pairs: list[tuple[str, Any]] = []
    names = pdf.Root.get("/Names")
    if isinstance(names, pikepdf.Dictionary) and "/Dests" in names:
        pairs += [(str(name), target) for name, target in pikepdf.NameTree(names["/Dests"]).items()]
    if isinstance(old := pdf.Root.get("/Dests"), pikepdf.Dictionary):
        pairs += [(name.lstrip("/"), target) for name, target in old.items()]
    for name, target in pairs:
        place = items(target.get("/D") if isinstance(target, pikepdf.Dictionary) else target)
        page = numbers.get(place[0].objgen) if place and isinstance(place[0], pikepdf.Dictionary) else None
        if page is not None:
            has_top = len(place) > 3 and str(place[1]) == "/XYZ" and isinstance(place[3], int | float | Decimal)
            yield name, page, float(place[3]) if has_top else 0.0


def _text_between(seen: pypdfium2.PdfDocument, start: tuple[int, float], end: tuple[int, float]) -> str:
    """Return the words between two places, each a page and a height on it, without running heads."""
    pieces = []
    for number in range(start[0], end[0] + 1):
        page = seen[number - 1]
        height = page.get_height()
        top = start[1] + 1 if number == start[0] else height * (1 - MARGIN)
        bottom = end[1] + 1 if number == end[0] and end[1] > 0 else height * MARGIN
        if top > bottom:
            text = page.get_textpage().get_text_bounded(top=top, bottom=bottom)
            pieces.append(text.replace("\r\n", "\n"))
    return "\n".join(pieces)


def _without_heading(text: str, title: str) -> str:
    """Drop the heading at the start of a section's text, which PDFium may break and space in its own way."""
    wanted = re.sub(r"\s", "", title)
    position = 0
    for index, character in enumerate(text):
        if character.isspace():
            continue
        if position == len(wanted) or character != wanted[position]:
            return text[index:] if position else text
        position += 1
    return ""


_XMP = ("dc:title", "dc:creator", "pdf:Keywords", "pdfaid:part", "pdfaid:conformance", "pdfuaid:part")


def _metadata(pdf: pikepdf.Pdf) -> dict[str, str]:
    """Return what matters of the XMP metadata as text."""
    with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as metadata:
        values = {key: value for key in _XMP if (value := metadata.get(key))}
    parted = {key: [value] if isinstance(value, str) else value for key, value in values.items()}
    return {key: ", ".join(str(part) for part in parts if part) for key, parts in parted.items()}


def items(value: Any) -> list[Any]:
    """List the members of an array; anything else has none."""
    return list(value) if isinstance(value, pikepdf.Array) else []


def parts(item: Any, depth: int = 0) -> Iterator[Any]:
    """Yield an object and what lies in it directly; what it refers to is an object of its own."""
    yield item
    if depth > 30:
        return
    children = items(item)
    if isinstance(item, pikepdf.Dictionary | pikepdf.Stream):
        # The names of a font's letters are no text. (A Stream has keys, and is not iterated by them.)
        children = [item.get(key) for key in item.keys() if key != "/CharSet"]  # noqa: SIM118
    for child in children:
        if not getattr(child, "is_indirect", False):
            yield from parts(child, depth + 1)


def _strings(pdf: pikepdf.Pdf) -> Iterator[str]:
    """Yield every text in the file that is not on a page: alternative texts, links, names, metadata."""
    for item in pdf.objects:
        for part in parts(item):
            if isinstance(part, pikepdf.String):
                yield str(part)
        if isinstance(item, pikepdf.Stream) and str(item.get("/Type", "")) == "/Metadata":
            yield item.read_bytes().decode("utf-8", "replace")
