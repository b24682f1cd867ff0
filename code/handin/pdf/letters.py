"""What PDFium tells of the letters on a page: their fonts, their widths, and which way up they are."""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2
import pypdfium2.raw as pdfium

FEWEST_TURNED = 20
"""A page whose only text is the label of an axis is not turned."""

_BOLD = re.compile(r"bold|bx\d|black|heavy|-bd|medi\b", re.IGNORECASE)
_FIXED_PITCH = re.compile(r"mono|courier|consol|typewriter|cmtt|[a-z]tt\d{3,}|fixed|code", re.IGNORECASE)


def angle_of(page: pypdfium2.PdfPage) -> int:
    """Return by how many degrees most of a page's text is turned clockwise as it is shown, in steps of 90."""
    text = page.get_textpage()
    count = text.count_chars()
    angles: Counter[int] = Counter()
    for index in range(0, count, max(1, count // 500)):
        turned = math.degrees(pdfium.FPDFText_GetCharAngle(text, index))
        if turned >= 0 and chr(pdfium.FPDFText_GetUnicode(text, index)).isalnum():
            angles[round((turned + page.get_rotation()) / 90) * 90 % 360] += 1
    ((most, number),) = angles.most_common(1) or [(0, 0)]
    return most if 2 * number > angles.total() and number >= FEWEST_TURNED else 0


@dataclass(frozen=True)
class Letters:
    """The characters of a page."""

    text: str
    fonts: list[int]  # of each character
    fixed: set[int]  # the fonts in which all letters are as wide
    bold: set[int]  # the fonts that are bold by their names

    def is_set_apart(self, place: int) -> bool:
        """Whether a character is bold, and the word in front of it and the one behind it are not."""
        before, behind = self.text[max(place - 200, 0) : place], self.text[place : place + 200]
        line = before.rpartition("\n")[2] + behind.partition("\n")[0]
        if self.fonts[place] not in self.bold or not any(map(str.isalnum, line)):
            return False  # a sign alone on its line is an author's own
        nearby = range(place + 1, min(place + 200, len(self.text)))
        first = next((at for at in range(place - 1, max(place - 200, 0), -1) if not self.text[at].isspace()), place)
        last = next((at for at in nearby if self.text[at].isalnum()), first)
        return not {self.fonts[first], self.fonts[last]} & self.bold


def characters(page: pypdfium2.PdfPage) -> Letters:
    """Return a page's characters one by one, with their fonts."""
    text = page.get_textpage()
    characters, fonts = [], []
    fixed: set[int] = set()
    bold: set[int] = set()
    widths: dict[int, dict[str, float]] = {}
    name, flags, box = ctypes.create_string_buffer(200), ctypes.c_int(), pdfium.FS_RECTF()
    for index in range(text.count_chars()):
        code = pdfium.FPDFText_GetUnicode(text, index)
        character = chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " "
        characters.append("\n" if character == "\r" else character)
        found = pdfium.FPDFTextObj_GetFont(pdfium.FPDFText_GetTextObject(text, index))
        fonts.append(ctypes.addressof(found.contents) if found else 0)
        length = pdfium.FPDFText_GetFontInfo(text, index, name, len(name), ctypes.byref(flags))
        if length and _BOLD.search(name.value.decode("utf-8", "replace")):
            bold.add(fonts[-1])
        if length and (flags.value & 1 or _FIXED_PITCH.search(name.value.decode("utf-8", "replace"))):
            fixed.add(fonts[-1])
        pdfium.FPDFText_GetLooseCharBox(text, index, box)
        size = pdfium.FPDFText_GetFontSize(text, index) or 1
        widths.setdefault(fonts[-1], {})[character] = (box.right - box.left) / size
    fixed |= {font for font in widths if _is_fixed(widths[font])}
    return Letters("".join(characters), fonts, fixed, bold)


def _is_fixed(widths: dict[str, float]) -> bool:
    """Whether narrow characters are as wide as others, as in fonts that do not say it: LaTeX's bitmaps have no name."""
    narrow, others = ([widths[each] for each in group if each in widths] for group in ("il.,:;!|'", "abdehmnopuw"))
    return bool(narrow and others) and min(narrow) > 0.9 * max(others)


_INVISIBLE = 3  # the mode of text that is read aloud and searched, such as that below a scan


def fonts_of(page: pypdfium2.PdfPage) -> Iterator[tuple[str, bool]]:
    """Yield the fonts that letters on a page have, each with its name and whether the file carries it."""
    text = page.get_textpage()
    name, last = ctypes.create_string_buffer(200), None
    seen: set[tuple[str, bool]] = set()
    for index in range(text.count_chars()):
        item = pdfium.FPDFText_GetTextObject(text, index)
        address = ctypes.addressof(item.contents) if item else None
        if address in (None, last) or chr(pdfium.FPDFText_GetUnicode(text, index)).isspace():
            continue
        last = address
        font = pdfium.FPDFTextObj_GetFont(item)
        if not font or pdfium.FPDFTextObj_GetTextRenderMode(item) == _INVISIBLE:
            continue
        length = pdfium.FPDFFont_GetBaseFontName(font, name, len(name))
        found = name.value.decode("utf-8", "replace") if length else "without a name"
        pair = (found, pdfium.FPDFFont_GetIsEmbedded(font) != 0)
        if pair not in seen:
            seen.add(pair)
            yield pair
