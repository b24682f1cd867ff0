"""The row labels of a PDF's tables are header cells of their rows, as PDFium reads them."""

from __future__ import annotations

import ctypes

import pypdfium2
import pypdfium2.raw as pdfium
import pytest
import typst

from press.typesetting.row_headers import with_row_headers

SOURCE = """#set document(title: [A])
#table(columns: 2, table.header[Property][Value], [length], [1], [width], [2], [], [3])
#table(columns: 1, table.header[Alone], [x])
"""


def pdf(source: str) -> bytes:
    return typst.compile(source.encode(), format="pdf", pdf_standards=["a-2a", "ua-1"], timestamp=0)


def text(read, *arguments) -> str:
    size = read(*arguments, None, 0)
    buffer = ctypes.create_string_buffer(size)
    read(*arguments, buffer, size)
    return buffer.raw.decode("utf-16-le").rstrip("\0")


def cells(data: bytes) -> list[tuple[str, str]]:
    """Return tag and scope of every cell of the first page, as PDFium finds them in the structure tree."""
    page = pypdfium2.PdfDocument(data)[0]
    tree = pdfium.FPDF_StructTree_GetForPage(page.raw)
    found = []

    def walk(element) -> None:
        kind = text(pdfium.FPDF_StructElement_GetType, element)
        if kind in ("TH", "TD"):
            found.append((kind, text(pdfium.FPDF_StructElement_GetStringAttribute, element, b"Scope")))
        for index in range(max(0, pdfium.FPDF_StructElement_CountChildren(element))):
            child = pdfium.FPDF_StructElement_GetChildAtIndex(element, index)
            if child:
                walk(child)

    for index in range(pdfium.FPDF_StructTree_CountChildren(tree)):
        walk(pdfium.FPDF_StructTree_GetChildAtIndex(tree, index))
    return found


COLUMN, ROW, CELL = ("TH", "Column"), ("TH", "Row"), ("TD", "")


def test_the_first_cell_of_a_row_is_its_header_unless_it_is_empty():
    """PDFium lists no cell without content: of the third row it finds the second cell alone."""
    assert cells(pdf(SOURCE)) == [COLUMN, COLUMN, *[CELL] * 5, COLUMN, CELL]
    assert cells(with_row_headers(pdf(SOURCE))) == [COLUMN, COLUMN, ROW, CELL, ROW, CELL, CELL, COLUMN, ROW]


@pytest.mark.parametrize("source", ["#set document(title: [A])\nNo table.", SOURCE])
def test_the_same_pdf_gives_the_same_bytes_and_a_second_time_changes_nothing(source):
    once = with_row_headers(pdf(source))
    assert once == with_row_headers(pdf(source))
    assert with_row_headers(once) == once


def test_the_text_stays():
    plain = pdf(SOURCE)
    pages = [pypdfium2.PdfDocument(data)[0] for data in (plain, with_row_headers(plain))]
    before, after = (page.get_textpage().get_text_range() for page in pages)
    assert before == after
