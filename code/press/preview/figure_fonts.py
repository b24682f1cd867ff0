"""Puts the document's fonts into the figures of a page.

The text of a figure is text. Typst sets it in the fonts that the format ships; a browser that shows the figure as part
of a page would look for them among its own, and set it in another font.
"""

from __future__ import annotations

import base64
import io
import re
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from pathlib import Path

_FIGURE = re.compile(rb'(?<=href="data:image/svg\+xml;base64,)[A-Za-z0-9+/=]+')
_FAMILIES = re.compile(r"font-family:\s*([^;\"]*)")
_WEIGHTS = re.compile(r"font-weight:\s*(\d+)")
_START = re.compile(r"<svg\b[^>]*>")


@dataclass(frozen=True)
class Face:
    """A font file."""

    family: str
    style: str
    weight: int
    """As CSS names them: ``Libertinus Serif``, ``italic``, 400."""
    path: Path


@lru_cache(maxsize=4)
def faces(folders: tuple[Path, ...]) -> tuple[Face, ...]:
    """List the fonts in some folders as Typst finds them."""
    import typst

    found = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder) for folder in folders]
    )
    return tuple(Face(font.family, font.style, font.weight, Path(font.path)) for font in found.fonts() if font.path)


def with_fonts(page: bytes, fonts: tuple[Face, ...]) -> bytes:
    """Put into each figure of a page, which Typst wrote as SVG with its figures embedded, the fonts that it needs."""
    return _FIGURE.sub(lambda figure: _figure(figure[0], fonts), page)


@lru_cache(maxsize=64)
def _figure(encoded: bytes, fonts: tuple[Face, ...]) -> bytes:
    text = base64.b64decode(encoded).decode()
    start = _START.search(text)
    if start is None or "<text" not in text:
        return encoded
    style = "".join(_rules(text, fonts))
    return base64.b64encode(f"{text[: start.end()]}<style>{style}</style>{text[start.end() :]}".encode())


def _rules(text: str, fonts: Iterable[Face]) -> Iterator[str]:
    families = {name.strip().strip("'") for names in _FAMILIES.findall(text) for name in names.split(",")}
    weights = {400, *map(int, _WEIGHTS.findall(text))}
    styles = {"normal", *(("italic",) if "font-style: italic" in text else ())}
    printed = frozenset(unescape("".join(re.findall(r">([^<]+)<", text))))
    # One set for most figures, so that a font is cut down once.
    wanted = frozenset(string.printable) | printed
    for face in fonts:
        if face.family in families and face.weight in weights and face.style in styles:
            data = base64.b64encode(_part(face.path, wanted)).decode()
            yield (
                f"@font-face {{ font-family: '{face.family}'; font-style: {face.style}; font-weight: {face.weight}; "
                f"src: url(data:font/otf;base64,{data}) }}\n"
            )


@lru_cache(maxsize=64)
def _part(path: Path, characters: frozenset[str]) -> bytes:
    """Cut a font down to some characters."""
    import logging

    from fontTools import subset

    logging.getLogger("fontTools.subset").setLevel(logging.ERROR)  # tables that it leaves out
    options = subset.Options(hinting=False, layout_features=["kern", "liga", "mark", "mkmk"], notdef_outline=True)
    font = subset.load_font(str(path), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=map(ord, characters))
    cutter.subset(font)
    content = io.BytesIO()
    subset.save_font(font, content, options)
    return content.getvalue()
