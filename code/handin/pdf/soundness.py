"""Judges whether a PDF is whole by what its viewers draw, not by its form.

Linearisation hints, lengths, offsets and cross-reference tables may be wrong: every viewer copes. What counts is that
the end is there, and that everything a page is drawn with can be read to its own end.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

import pikepdf

from handin.findings import Severity
from handin.pdf.drawn import contents, drawn

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
    elif any("reconstruct" in str(warning) for warning in pdf.get_warnings()):
        message = "Its table of contents was broken, so that viewers have to guess: a program changed the file as if it"
        yield "warning", "", f"{message} were text (line ends), or something was put in front of it."
    seen: set[tuple[int, int]] = set()
    for number, page in enumerate(pdf.pages, 1):
        place = f"page {number}"
        if any(not isinstance(stream, pikepdf.Stream) or not _is_whole(stream) for stream in contents(page)):
            yield "error", place, "It is damaged: a part of what the page shows is missing."
        for item in drawn(page, seen):
            if isinstance(item, pikepdf.Stream) and not _is_whole(item):
                what = "a picture" if str(item.get("/Subtype", "")) == "/Image" else "a drawing"
                yield "error", place, f"It is damaged: a part of {what} is missing."
            elif isinstance(item, pikepdf.Dictionary) and not _has_whole_font(item):
                yield "error", place, "It is damaged: a part of a font is missing, so that its letters are not shown."


def _has_whole_font(font: pikepdf.Dictionary) -> bool:
    descriptor = font.get("/FontDescriptor")
    if not isinstance(descriptor, pikepdf.Dictionary):
        return True
    files = (descriptor.get(key) for key in ("/FontFile", "/FontFile2", "/FontFile3"))
    return all(_is_whole(file) for file in files if isinstance(file, pikepdf.Stream))


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
