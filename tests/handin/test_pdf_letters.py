"""What is told of the letters on a page is what the file says of them."""

from __future__ import annotations

import io

import pikepdf
import pypdfium2
import pytest

import submissions as made
from handin.pdf.letters import angle_of, fonts_of

WORDS = "\n" + "Words in a line of their own. " * 20
LEFT, RIGHT = b"q 0 1 -1 0 595 0 cm", b"q 0 -1 1 0 0 842 cm"


def opened(content: bytes) -> pypdfium2.PdfPage:
    return pypdfium2.PdfDocument(content)[0]


@pytest.mark.parametrize(
    ("drawn", "rotated", "is_upright"),
    [
        (b"q", 0, True),
        (b"q", 90, False),
        (b"q", 180, False),
        (LEFT, 0, False),
        (LEFT, 90, True),
        (LEFT, 270, False),
        (RIGHT, 270, True),
        (RIGHT, 90, False),
    ],
)
def test_a_page_is_upright_as_it_is_shown(drawn, rotated, is_upright):
    def turned(pdf):
        pdf.pages[0].contents_add(drawn, prepend=True)
        pdf.pages[0].contents_add(b"Q")
        pdf.pages[0].Rotate = rotated

    assert (angle_of(opened(made.changed_pdf(turned, made.pdf(end=WORDS)))) == 0) == is_upright


def test_a_page_with_few_letters_is_not_turned():
    def turned(pdf):
        pdf.pages[0].contents_add(b"BT ET")
        pdf.pages[0].Contents = pdf.make_stream(b"")
        pdf.pages[0].Rotate = 90

    assert angle_of(opened(made.changed_pdf(turned))) == 0


def test_the_fonts_of_letters_are_those_that_the_page_names():
    content = made.pdf(end=WORDS)
    with pikepdf.open(io.BytesIO(content)) as pdf:
        fonts = [font.get("/DescendantFonts", [font])[0] for font in pdf.pages[0].resources.Font.values()]
        named = {str(font.BaseFont).lstrip("/") for font in fonts}
    found = list(fonts_of(opened(content)))
    assert {name for name, _ in found} <= named
    assert found
    assert all(is_embedded for _, is_embedded in found)
