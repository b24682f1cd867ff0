"""The figures on a page carry the fonts in which Typst sets them."""

from __future__ import annotations

import base64
import io
import re

import pytest
from fontTools.ttLib import TTFont

from copies import ROOT
from press.preview.figure_fonts import faces, with_fonts

FONTS = ROOT / "report" / "_extensions" / "coursework" / "fonts"
FACE = re.compile(
    r"@font-face \{ font-family: '([^']+)'; font-style: (\w+); font-weight: (\d+); "
    r"src: url\(data:font/otf;base64,(.*?)\)"
)


def page(figure: str) -> bytes:
    return b'<svg><image xlink:href="data:image/svg+xml;base64,%b"/></svg>' % base64.b64encode(figure.encode())


def figure_of(page: bytes) -> str:
    return base64.b64decode(re.search(rb"base64,([^\"]+)", page)[1]).decode()


@pytest.fixture
def fonts():
    return faces((FONTS,))


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("font-family: 'Libertinus Serif'", {("Libertinus Serif", "normal", "400")}),
        (
            "font-style: italic; font-weight: 600; font-family: 'Libertinus Serif'",
            {("Libertinus Serif", s, w) for s in ("normal", "italic") for w in ("400", "600")},
        ),
        (
            "font-family: 'Libertinus Serif', 'Libertinus Math', serif",
            {("Libertinus Serif", "normal", "400"), ("Libertinus Math", "normal", "400")},
        ),
        ("font-family: 'Of Nobody'", set()),
    ],
)
def test_a_figure_gets_the_fonts_that_its_text_names(fonts, style, expected):
    figure = f'<?xml version="1.0"?><svg viewBox="0 0 9 9"><text style="{style}">x &#8722; ①</text></svg>'
    found = figure_of(with_fonts(page(figure), fonts))
    assert {face[:3] for face in FACE.findall(found)} == expected
    for *_, data in FACE.findall(found):
        assert {ord("x"), ord("0"), 0x2212} <= set(TTFont(io.BytesIO(base64.b64decode(data))).getBestCmap())
    assert re.sub("<style>.*</style>", "", found, flags=re.S) == figure


def test_what_has_no_text_stays_as_it_is(fonts):
    for content in (b"<svg><path d='M0 0'/></svg>", page('<svg viewBox="0 0 9 9"><path d="M0 0"/></svg>')):
        assert with_fonts(content, fonts) == content
