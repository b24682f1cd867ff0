"""Finds what runs off a page: text, tables and pictures that are in the file and that nobody sees or can print.

Where something is, the file says; whether it can be seen (it may be clipped, invisible or white) only a renderer
knows. So what lies outside is drawn once more on a larger page, and counts where there is ink.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from handin.findings import Said
from handin.pdf.reading import Opened
from handin.text import shortened

POINTS_A_MM = 72 / 25.4
TEXT_MAY_REACH_OUT = 1.0  # how far, in points, the box of a character may reach out of the page: italics and accents do
BLEED = 3 * POINTS_A_MM  # how far a picture or a coloured bar may, as print shops ask for
NO_PRINTER_REACHES = 2.5 * POINTS_A_MM  # what printers leave out at the sides of a sheet of paper
SHEET_WIDTH = range(round(190 * POINTS_A_MM), round(310 * POINTS_A_MM))  # upright pages that are no slides
LOOKED_AT = 150  # how far around the page, in points, ink is searched for

_TELLING = ("A line, table or drawing", "Text", "A picture")
"""What is named of several things that reach out: a picture has its own words, and a table's say which one it is."""

_FIX = (
    "Break or shorten it, or make it smaller: wrap long lines (LaTeX: breaklines, \\resizebox, tabularx; notebooks: "
    "print fewer columns), set wide tables in smaller type or on their side."
)

_UNCROP = "Undo the crop (Acrobat, Preview: Crop Pages, back to the whole page), or take out what was cut away."

Box = tuple[float, float, float, float]  # left, bottom, right and top, in points


class _Outside(NamedTuple):
    """Something that reaches out of a page."""

    what: str
    box: Box


def off_the_page(opened: Opened) -> Iterator[Said]:
    """Say what of each page lies outside of what a reader sees."""
    for number, boxes in enumerate(opened.pdf.pages, 1):  # PDFium does not know of boxes that a page inherits
        page, place = opened.seen[number - 1], f"page {number}"
        media = _normal(boxes.mediabox)
        shown = _clipped(media, _normal(boxes.cropbox))
        if shown[0] >= shown[2] or shown[1] >= shown[3]:
            shown = media
        found = [*_texts(page, shown), *_objects(page, shown)]
        if inked := _with_ink(opened.content, number - 1, shown, found) if found else []:
            what, box = max(inked, key=lambda thing: (_TELLING.index(thing.what), _reach(thing.box, shown)))
            is_lost = _reach(box, media) > TEXT_MAY_REACH_OUT
            edge = max(distances := _distances(box, shown), key=distances.__getitem__)
            how = f"runs off the {edge} edge of the page" if is_lost else "was cut away when the page was cropped"
            words = _words_outside(page, box, shown) if what == _TELLING[1] else ""
            message = f"{what} {how}" + (f": {shortened(words, 40)}" if words else ".")
            yield "error" if is_lost else "warning", place, message, _FIX if is_lost else _UNCROP
        elif text := _unprinted(page, shown):
            message = f"The text reaches so near to the edge of the page that a printer cuts it: {shortened(text, 40)}"
            yield "warning", place, message, _FIX


def _clipped(box: Box, by: Box) -> Box:
    """Return what two boxes have in common; its sides are the wrong way round where that is nothing."""
    return max(box[0], by[0]), max(box[1], by[1]), min(box[2], by[2]), min(box[3], by[3])


def _normal(box: Iterable[Any]) -> Box:
    left, bottom, right, top = (float(side) for side in box)
    return min(left, right), min(bottom, top), max(left, right), max(bottom, top)


def _distances(box: Box, page: Box) -> dict[str, float]:
    """Measure how far a box reaches out over each edge of a page, in points."""
    return {"left": page[0] - box[0], "lower": page[1] - box[1], "right": box[2] - page[2], "upper": box[3] - page[3]}


def _reach(box: Box, page: Box) -> float:
    return max(_distances(box, page).values())


def _lines(page: pypdfium2.PdfPage) -> Iterator[tuple[Box, pypdfium2.PdfTextPage]]:
    text = page.get_textpage()
    if text.count_chars():
        for index in range(text.count_rects()):
            yield _normal(text.get_rect(index)), text


def _texts(page: pypdfium2.PdfPage, shown: Box) -> Iterator[_Outside]:
    """Find the pieces of lines that reach out."""
    return (_Outside(_TELLING[1], box) for box, _ in _lines(page) if _reach(box, shown) > TEXT_MAY_REACH_OUT)


def _words_outside(page: pypdfium2.PdfPage, box: Box, shown: Box) -> str:
    """Return of a piece of a line the words beyond the edge; to look them up for every piece would take too long."""
    left, bottom, right, top = box
    if left < shown[2] < right:
        left = shown[2]
    elif left < shown[0] < right:
        right = shown[0]
    return str(page.get_textpage().get_text_bounded(left, bottom, right, top)).strip()


def _unprinted(page: pypdfium2.PdfPage, shown: Box) -> str:
    left, bottom, right, top = shown
    if round(right - left) not in SHEET_WIDTH or right - left > top - bottom:
        return ""
    inner = left + NO_PRINTER_REACHES, bottom, right - NO_PRINTER_REACHES, top
    for box, text in _lines(page):
        upright = box[2] - box[0] > box[3] - box[1]  # a stamp along the edge, such as arXiv's, is not
        near = _reach(box, inner) > 0 and _reach(box, shown) <= TEXT_MAY_REACH_OUT
        if upright and near and (words := text.get_text_bounded(*box).strip()):
            return str(words)
    return ""


def _objects(page: pypdfium2.PdfPage, shown: Box) -> Iterator[_Outside]:
    """Find pictures, tables' lines and drawings that reach out; backgrounds and bars of a design may."""
    for item in page.get_objects(max_depth=1):
        if item.type == pdfium.FPDF_PAGEOBJ_TEXT:
            continue
        try:
            box = _normal(item.get_bounds())
        except pypdfium2.PdfiumError:
            continue
        box = _clipped(box, _first_clip(item) or box)
        if _reach(box, shown) > BLEED and not _is_background(item, box, shown):
            is_picture = item.type in (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_FORM)
            yield _Outside(_TELLING[2 if is_picture else 0], box)


def _first_clip(item: pypdfium2.PdfObject) -> Box | None:
    """Return the box around the first path that an object is clipped by."""
    clip = pdfium.FPDFPageObj_GetClipPath(item.raw)
    if not clip or pdfium.FPDFClipPath_CountPaths(clip) <= 0:
        return None
    xs, ys = [], []
    x, y = ctypes.c_float(), ctypes.c_float()
    for index in range(pdfium.FPDFClipPath_CountPathSegments(clip, 0)):
        segment = pdfium.FPDFClipPath_GetPathSegment(clip, 0, index)
        if segment and pdfium.FPDFPathSegment_GetPoint(segment, x, y):
            xs.append(x.value)
            ys.append(y.value)
    return (min(xs), min(ys), max(xs), max(ys)) if xs else None


def _is_background(item: pypdfium2.PdfObject, box: Box, shown: Box) -> bool:
    across = box[0] <= shown[0] + 1 and box[2] >= shown[2] - 1
    upright = box[1] <= shown[1] + 1 and box[3] >= shown[3] - 1
    is_shape = item.type in (pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_SHADING)
    return (across and upright) or (is_shape and (across or upright))


def _with_ink(content: bytes, index: int, shown: Box, found: list[_Outside]) -> list[_Outside]:
    """Keep of what reaches out what can be seen on a larger page."""
    left, bottom, right, top = shown
    large = left - LOOKED_AT, bottom - LOOKED_AT, right + LOOKED_AT, top + LOOKED_AT
    with pypdfium2.PdfDocument(content) as again:
        page = again[index]
        page.set_mediabox(*large)
        page.set_cropbox(*large)
        page.set_rotation(0)
        page.close()
        page = again[index]
        image = page.render(grayscale=True).to_pil()
    paper = (LOOKED_AT, LOOKED_AT, LOOKED_AT + round(right - left), LOOKED_AT + round(top - bottom))
    image.paste(255, paper)  # what is on the page is not asked for
    marked = image.point(lambda value: 255 if value < 255 - 24 else 0)
    return [thing for thing in found if _has_ink(marked, thing.box, large)]


def _has_ink(marked: Image.Image, box: Box, large: Box) -> bool:
    left, bottom, right, top = _clipped((box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1), large)
    if left >= right or bottom >= top:
        return False
    pixels = round(left - large[0]), round(large[3] - top), round(right - large[0]), round(large[3] - bottom)
    return marked.crop(pixels).getbbox() is not None
