"""Judges whether a PDF is whole by what its viewers draw, not by its form.

Linearisation hints, lengths, offsets and cross-reference tables may be wrong: every viewer copes. What counts is that
the end is there, and that everything a page is drawn with can be read to its own end.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Any

import pikepdf

from handin.findings import Severity
from handin.pdf.drawn import contents, drawn, items

_HOLE = bytes(1000)
_END = re.compile(rb"startxref\s+\d+")


def damage(content: bytes, pdf: pikepdf.Pdf) -> Iterator[tuple[Severity, str, str]]:
    """Say what of a PDF is lost, or had to be guessed.

    Parameters
    ----------
    content
        The file's bytes.
    pdf
        The same file, opened.

    Yields
    ------
    severity, place, message
        Of each finding.
    """
    if not _END.search(content):
        yield "error", "", "It is damaged: its end is missing, as when a download or an upload breaks off."
    is_repaired = any("reconstruct" in str(warning) for warning in pdf.get_warnings())
    if is_repaired and _HOLE in content[: content.rfind(b"startxref")]:
        yield "error", "", "It is damaged: a part of it holds nothing but zeros, as when a download breaks off."
    elif is_repaired and _END.search(content):
        message = "It was changed as if it were a text, or something was put in front of it or behind it"
        yield "warning", "", f"{message}: its parts are not where it says, and viewers have to search for them."
    seen: set[tuple[int, int]] = set()
    for number, page in enumerate(pdf.pages, 1):
        place = f"page {number}"
        streams = contents(page)
        is_whole = all(isinstance(stream, pikepdf.Stream) and _is_whole(stream) for stream in streams)
        if not is_whole or (is_repaired and _lacks_something(page)):
            yield "error", place, "It is damaged: a part of what the page shows is missing."
        for item in drawn(page, seen):
            if isinstance(item, pikepdf.Stream) and not _is_whole(item):
                what = "a picture" if str(item.get("/Subtype", "")) == "/Image" else "a drawing"
                yield "error", place, f"It is damaged: a part of {what} is missing."
            elif isinstance(item, pikepdf.Dictionary) and not _has_whole_font(item):
                yield "error", place, "It is damaged: a part of a font is missing, so that its letters are not shown."


def _lacks_something(page: pikepdf.Page) -> bool:
    """Whether a page of a repaired file is drawn with a font, picture or form that is not in the file any more."""
    fonts: Any = page.resources.get("/Font", {})
    others: Any = page.resources.get("/XObject", {})
    for instruction in pikepdf.parse_content_stream(page, "Tf Do"):
        name, is_font = str(instruction.operands[0]), str(instruction.operator) == "Tf"
        if name not in (fonts if is_font else others):
            return True
    return not contents(page)


def _has_whole_font(font: pikepdf.Dictionary) -> bool:
    for each in (font, *items(font.get("/DescendantFonts"))):
        descriptor = each.get("/FontDescriptor") if isinstance(each, pikepdf.Dictionary) else None
        if isinstance(descriptor, pikepdf.Dictionary):
            files = [descriptor.get(key) for key in ("/FontFile", "/FontFile2", "/FontFile3")]
            if not all(_is_whole(file) for file in files if isinstance(file, pikepdf.Stream)):
                return False
    return True


def _is_whole(stream: pikepdf.Stream) -> bool:
    """Whether all of a stream's data is there; a wrong checksum behind the data harms nobody."""
    filters = stream.get("/Filter")
    first = filters[0] if isinstance(filters, pikepdf.Array) and len(filters) else filters
    packed = stream.read_raw_bytes() if str(first) in ("/FlateDecode", "/Fl") else b""
    if not packed:
        return True
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    data = packed[2:]  # behind zlib's own header, which only matters to its checksum
    try:
        while data and not inflater.eof:
            inflater.decompress(data, 1 << 20)
            data = inflater.unconsumed_tail
    except zlib.error:
        return False
    return inflater.eof
