"""Tells by its first bytes what a file is that its name calls something else, and how that comes about."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple


class Kind(NamedTuple):
    """What a file really is, with an article, and what to do about it."""

    name: str
    fix: str


_EXPORT = "Export the document as PDF from its program; to change the ending of a name converts nothing."
_PACK = "Make a zip: Windows, Send to, Compressed folder; macOS and Linux, zip -X in a terminal."
_NO_PAGE = (
    "A browser saved a page, often that of a login, in place of the file: log in, and download the file itself "
    "(Colab: File, Download; Overleaf: Download PDF; Moodle: its own link)."
)

_BEGINNINGS: tuple[tuple[bytes, Kind], ...] = (
    (rb"%PDF-", Kind("a PDF", "Give it the ending .pdf.")),
    (
        rb"PK\x03\x04(?s:.{26})(?:\[Content_Types\]\.xml|_rels/\.rels|(?:word|xl|ppt|docProps)/[\w/]+\.xml)",
        Kind("a Word or PowerPoint file", _EXPORT),
    ),
    (rb"PK\x03\x04(?s:.{0,60})mimetypeapplication/vnd\.oasis", Kind("a LibreOffice file", _EXPORT)),
    (rb"PK\x03\x04(?s:.{26}.*)Index/Document\.iwa", Kind("a Pages or Keynote file", _EXPORT)),
    (rb"PK\x03\x04", Kind("a zip", "Unpack it, and hand in what is asked for.")),
    (rb"\xd0\xcf\x11\xe0", Kind("an old Word or Excel file", _EXPORT)),
    (rb"\{\\rtf", Kind("an RTF text", _EXPORT)),
    (rb"bplist00|book\0\0\0\0mark", Kind("a shortcut or list of macOS", "Hand in the file that it leads to.")),
    (rb"L\0\0\0\x01\x14\x02\0", Kind("a shortcut of Windows", "Hand in the file that it leads to.")),
    (rb"\{(?s:.{0,400})docs\.google\.com", Kind("a link to Google Docs", "Google Docs: File, Download, PDF.")),
    (rb"Rar!", Kind("a RAR archive", _PACK)),
    (rb"7z\xbc\xaf", Kind("a 7-Zip archive", _PACK)),
    (rb"\x1f\x8b", Kind("a gzip file", _PACK)),
    (rb"(?s:.{257})ustar", Kind("a tar archive", _PACK)),
    (rb"\x89PNG|\xff\xd8\xff|GIF8", Kind("a picture", "Put it into the document, and export that.")),
    (rb"\s*(?:<!--(?s:.{0,500})-->\s*)?<(?:!doctype html|html|head)", Kind("a web page", _NO_PAGE)),
    (rb"\s*\{\s*\"(?:cells|metadata|nbformat)\"", Kind("a notebook", "Name it .ipynb, and hand in the PDF beside it.")),
    (rb"%!PS", Kind("a PostScript file", _EXPORT)),
    (rb"version https://git-lfs", Kind("a pointer of git LFS", "Fetch the file itself: git lfs pull.")),
)


def looks_like(content: bytes, *, instead_of: str) -> Kind | None:
    """Say what a file is by its content; None where nothing is known, or it is what its name says (``a PDF``)."""
    if not content.strip(b"\0 \r\n\t"):
        fix = "Save or download it once more: an upload broke off, or a cloud folder had not fetched it yet."
        return Kind("an empty file", fix)
    head = content[:1000].removeprefix(codecs.BOM_UTF8)
    found = next((kind for pattern, kind in _BEGINNINGS if re.match(pattern, head, re.IGNORECASE)), None)
    return None if found is not None and found.name == instead_of else found
