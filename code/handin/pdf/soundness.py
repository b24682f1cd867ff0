"""Walks through what the pages of a PDF are drawn with, and judges by that whether it is whole, not by its form.

Before a reader opens a PDF its compressed streams are measured, so that one that grows to gigabytes is refused.

Linearisation hints, lengths, offsets and cross-reference tables may be wrong: every viewer copes. What counts is that
the end is there, and that everything a page is drawn with can be read to its own end.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator
from typing import Any

import pikepdf

from handin.findings import Said
from handin.pdf.reading import Opened, items

DOWNLOAD = "Export or download it again, and see that the last page is there; a copy or an upload may have broken off."

_HOLE = bytes(1000)
_END = re.compile(rb"startxref\s+\d+")


def damage(opened: Opened) -> Iterator[Said]:
    """Say what of a PDF is lost, or had to be guessed."""
    content, pdf = opened.content, opened.pdf
    if not _END.search(content):
        yield "error", "", "It is damaged: its end is missing, as when a download or an upload breaks off.", DOWNLOAD
    is_repaired = any("reconstruct" in str(warning) for warning in pdf.get_warnings())
    if is_repaired and _HOLE in content[: content.rfind(b"startxref")]:
        message = "It is damaged: a part of it holds nothing but zeros, as when a download breaks off."
        yield "error", "", message, DOWNLOAD
    elif is_repaired and _END.search(content):
        message = "It was changed as if it were a text, or something was put in front of it or behind it"
        message += ": its parts are not where it says, and viewers have to search for them."
        yield "warning", "", message, DOWNLOAD
    seen: set[tuple[int, int]] = set()
    for number, page in enumerate(pdf.pages, 1):
        place, lost = f"page {number}", "It is damaged: a part of"
        is_whole = all(isinstance(stream, pikepdf.Stream) and _is_whole(stream) for stream in _contents(page))
        if not is_whole or (is_repaired and _lacks_something(page)):
            yield "error", place, f"{lost} what the page shows is missing.", DOWNLOAD
        for item in drawn(page, seen):
            if isinstance(item, pikepdf.Stream) and not _is_whole(item):
                what = "a picture" if str(item.get("/Subtype", "")) == "/Image" else "a drawing"
                yield "error", place, f"{lost} {what} is missing.", DOWNLOAD
            elif not all(map(_is_whole, font_files(item))):
                yield "error", place, f"{lost} a font is missing, so that its letters are not shown.", DOWNLOAD


def _lacks_something(page: pikepdf.Page) -> bool:
    """Whether a page of a repaired file is drawn with a font, picture or form that is not in the file any more."""
    fonts: Any = page.resources.get("/Font", {})
    others: Any = page.resources.get("/XObject", {})
    for instruction in pikepdf.parse_content_stream(page, "Tf Do"):
        name, is_font = str(instruction.operands[0]), str(instruction.operator) == "Tf"
        if name not in (fonts if is_font else others):
            return True
    return not _contents(page)


def _contents(page: pikepdf.Page) -> list[Any]:
    """List the streams that draw a page, one behind the other."""
    found = page.obj.get("/Contents")
    return items(found) or ([] if found is None else [found])


def drawn(page: pikepdf.Page, seen: set[tuple[int, int]]) -> Iterator[pikepdf.Dictionary | pikepdf.Stream]:
    """Yield each font (a dictionary), picture, form and pattern (a stream) of a page that is not among `seen`."""
    annotations = [each for each in items(page.obj.get("/Annots")) if isinstance(each, pikepdf.Dictionary)]
    shapes = [each.get("/AP") for each in annotations]
    appearances = [each.get("/N") for each in shapes if isinstance(each, pikepdf.Dictionary)]
    holders = [page.resources, *(each.get("/Resources") for each in appearances if isinstance(each, pikepdf.Stream))]
    while holders:
        resources = holders.pop()
        if not isinstance(resources, pikepdf.Dictionary):
            continue
        if resources.is_indirect:
            if resources.objgen in seen:
                continue
            seen.add(resources.objgen)
        for font in _members(resources, "/Font"):
            if isinstance(font, pikepdf.Dictionary) and (not font.is_indirect or font.objgen not in seen):
                seen.add(font.objgen)
                yield font
                holders.append(font.get("/Resources"))
        for stream in (each for group in ("/XObject", "/Pattern") for each in _members(resources, group)):
            if isinstance(stream, pikepdf.Stream) and stream.objgen not in seen:
                seen.add(stream.objgen)
                yield stream
                holders.append(stream.get("/Resources"))


def _members(resources: pikepdf.Dictionary, kind: str) -> list[Any]:
    group = resources.get(kind)
    return [group[key] for key in group.keys()] if isinstance(group, pikepdf.Dictionary) else []  # noqa: SIM118


def font_files(font: pikepdf.Dictionary | pikepdf.Stream) -> list[pikepdf.Stream]:
    """List the files of letters that a font, or the fonts that it is composed of, carries."""
    fonts = [each for each in (font, *items(font.get("/DescendantFonts"))) if isinstance(each, pikepdf.Dictionary)]
    descriptors = [each.get("/FontDescriptor") for each in fonts]
    files = [
        descriptor.get(key)
        for descriptor in descriptors
        if isinstance(descriptor, pikepdf.Dictionary)
        for key in ("/FontFile", "/FontFile2", "/FontFile3")
    ]
    return [file for file in files if isinstance(file, pikepdf.Stream)]


def _is_whole(stream: pikepdf.Stream) -> bool:
    """Whether all of a stream's data is there; a wrong checksum harms nobody but where zeros stand in place of data."""
    filters = stream.get("/Filter")
    first = filters[0] if isinstance(filters, pikepdf.Array) and len(filters) else filters
    packed = stream.read_raw_bytes() if str(first) in ("/FlateDecode", "/Fl") else b""
    if not packed:
        return True
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    data = packed[2:]  # behind zlib's own header, which only matters to its checksum
    checksum = 1
    try:
        while data and not inflater.eof:
            checksum = zlib.adler32(inflater.decompress(data, 1 << 20), checksum)
            data = inflater.unconsumed_tail
    except zlib.error:
        return False
    is_right = inflater.unused_data[:4] in (b"", checksum.to_bytes(4, "big"))
    return inflater.eof and (is_right or _HOLE not in packed)


LARGEST_STREAM = 300_000_000
"""The most bytes that one stream may hold when it is inflated: a picture of 100 million pixels in colour."""

LARGEST_TOTAL = 4_000_000_000
"""The most bytes of all streams. A viewer inflates a page at a time, and scans of many white pages shrink very well."""

_CHUNK = 1 << 20
_STREAM = re.compile(rb"stream\r?\n?")
_IN_LETTERS = re.compile(rb"/(?:ASCII85Decode|A85)\b|/(?:ASCIIHexDecode|AHx)\b")


class _TooLarge(Exception):
    pass


def is_bomb(content: bytes) -> bool:
    """Inflate the streams of a PDF piece by piece, also a stream within a stream, and say whether they never end.

    It looks at the bytes alone: a parser would already have inflated what it needs.
    """
    whole = total = end = 0

    def counted(pieces: Iterator[bytes]) -> Iterator[bytes]:
        nonlocal whole, total
        for piece in pieces:
            whole += len(piece)
            total += len(piece)
            if total > LARGEST_STREAM or whole > LARGEST_TOTAL:
                raise _TooLarge
            yield piece

    try:
        for match in _STREAM.finditer(content):
            start, total = match.end(), 0
            if 0 <= end < start:
                end = content.find(b"endstream", start)
            if letters := _IN_LETTERS.search(content, max(0, start - 400), start):
                pieces = _pieces(content, start, end if end >= 0 else len(content))
                first = _from_letters(pieces, hexadecimal=b"H" in letters.group())
            else:
                first = _pieces(content, start, len(content))  # the end is where the inflater says so
            stages = [counted(_inflated(first))]
            for _ in range(3):
                stages.append(counted(_inflated(stages[-1])))
            for stage in reversed(stages):  # the inner ones take from the outer ones as long as there is something
                for _ in stage:
                    pass
    except _TooLarge:
        return True
    return False


MOST_FORMS = 1_000_000
"""The most forms that a page may draw, each with all that is in it."""
DEEPEST_FORM = 50


def draws_without_end(pdf: pikepdf.Pdf) -> bool:
    """Say whether forms draw forms that draw forms, ten times each, or a pattern paints with itself.

    A viewer unfolds the first, and some do not notice the second.
    """
    known: dict[tuple[int, int], int] = {}

    def inner(resources: Any) -> dict[str, pikepdf.Stream]:
        groups = (
            [resources.get(key) for key in ("/XObject", "/Pattern")]
            if isinstance(resources, pikepdf.Dictionary)
            else []
        )
        found = {
            name: each for group in groups if isinstance(group, pikepdf.Dictionary) for name, each in group.items()
        }
        return {
            name: each
            for name, each in found.items()
            if isinstance(each, pikepdf.Stream) and str(each.get("/Subtype")) != "/Image"
        }

    def unfolded(form: pikepdf.Stream, depth: int) -> int:
        if form.objgen not in known:
            known[form.objgen] = MOST_FORMS if "/PatternType" in form else 0  # a circle of forms ends in a viewer
            parts = inner(form.get("/Resources"))
            drawn = pikepdf.parse_content_stream(form, "Do scn SCN") if parts else []
            names = [name for each in drawn if each.operands and (name := str(each.operands[-1])) in parts]
            is_deep = depth > DEEPEST_FORM
            total = sum(0 if is_deep else unfolded(parts[name], depth + 1) for name in names)
            known[form.objgen] = MOST_FORMS if is_deep and names else 1 + total
        return known[form.objgen]

    every = (form for page in pdf.pages for form in inner(page.resources).values())
    return any(unfolded(form, 0) >= MOST_FORMS for form in every)


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj()
    for piece in pieces:
        while piece and not inflater.eof:
            try:
                inflated = inflater.decompress(piece, _CHUNK)
            except zlib.error:
                return
            if inflated:
                yield inflated
            piece = inflater.unconsumed_tail
        if inflater.eof:
            return


def _pieces(content: bytes, start: int, end: int) -> Iterator[bytes]:
    """Cut what may be a stream into pieces, small ones first: most are no stream, and few reach to the end."""
    size = 1 << 10
    while start < end:
        yield content[start : min(start + size, end)]
        start, size = start + size, min(4 * size, _CHUNK)


def _from_letters(pieces: Iterator[bytes], *, hexadecimal: bool) -> Iterator[bytes]:
    rest, group = b"", 2 if hexadecimal else 5
    for piece in pieces:
        text, is_end, _ = piece.removeprefix(b"<~").partition(b">" if hexadecimal else b"~")
        letters = rest + text.translate(None, b"\0\t\n\f\r ").replace(b"z", b"!!!!!")
        whole = len(letters) if is_end else len(letters) // group * group
        rest = letters[whole:]
        try:
            if hexadecimal:
                yield bytes.fromhex(letters[:whole].decode("ascii", "replace"))
            else:
                yield base64.a85decode(letters[:whole])
        except ValueError:
            return
        if is_end:
            return
