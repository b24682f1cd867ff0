"""Searches what a document carries besides its words: pictures, markup, and the files that lie in them."""

from __future__ import annotations

import base64
import binascii
import html
import io
import re
import struct
import zlib
from collections.abc import Iterator
from urllib.parse import unquote

from handin.private.text import Leak, Placed, Where, inside, leaks
from handin.text import shortened

_PNG = b"\x89PNG\r\n\x1a\n"
_LARGEST_TEXT = 4_000_000
_WIDE = range(0x9C9B, 0x9CA0)  # the fields that Windows writes, two bytes a character
_EXIF_TEXTS = {
    0x010E: "description",
    0x0131: "software",
    0x013B: "artist",
    0x013C: "host computer",
    0x8298: "copyright",
    0x9286: "comment",
    0x9C9D: "author",
    0xA430: "camera owner",
    0xA431: "camera serial number",
}


def image_texts(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield the texts that an image carries besides its pixels, each with the name of its field.

    PNG text chunks (plain, compressed, international), EXIF and XMP of PNG, JPEG, WebP and TIFF, the comments of JPEG
    and GIF, colour profiles, what can be read in every other chunk or segment that holds no pixels, and all of an SVG.
    The image is not decoded.
    """
    if content.startswith(_PNG):
        yield from _png_texts(content)
    elif content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        yield from _webp_texts(content)
    elif content.lstrip()[:1] == b"<" or b"<svg" in content[:1000]:
        yield "SVG", content[:_LARGEST_TEXT].decode("utf-8", "replace")
        return
    yield from _pillow_texts(content)


def _png_texts(content: bytes) -> Iterator[tuple[str, str]]:
    position = len(_PNG)
    while position + 8 <= len(content):
        length, kind = struct.unpack_from(">L4s", content, position)
        body = content[position + 8 : position + 8 + length]
        position += 12 + length
        key, _, rest = body.partition(b"\0")
        name = key.decode("latin-1", "replace")[:79]
        if kind == b"IEND":
            break
        if kind in (b"tEXt", b"zTXt", b"iTXt", b"iCCP"):
            yield "a key", name
        elif kind not in _PNG_PIXELS:
            yield f"chunk {kind.decode('latin-1')}", _readable(body)
        if kind == b"tEXt":
            yield name, rest.decode("latin-1")
        elif kind == b"zTXt":
            yield name, _inflated(rest[1:]).decode("latin-1")
        elif kind == b"iTXt" and len(rest) > 2:
            _, _, text = rest[2:].partition(b"\0")
            _, _, text = text.partition(b"\0")
            yield name, (_inflated(text) if rest[0] else text).decode("utf-8", "replace")
    # Whatever a program appends behind the image travels with it.
    if position < len(content):
        yield "behind the image", content[position : position + _LARGEST_TEXT].decode("latin-1")


_PNG_PIXELS = frozenset({b"IDAT", b"fdAT", b"PLTE", b"tRNS"})
_WEBP_PIXELS = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANMF", b"EXIF", b"XMP ", b"ICCP"})
_WORDS = re.compile(rb"[\x20-\x7e]{6,}")
_PATH_BEGINS = re.compile(r"(?<=\w)(?=/(?:homes?|Users|root|tmp|var)/|[A-Z]:\\)")


def _readable(content: bytes) -> str:
    """Return what can be read in a piece of a file, one byte a character or two."""
    content = content[:_LARGEST_TEXT]
    found = dict.fromkeys([*_WORDS.findall(content), *_WORDS.findall(content.replace(b"\0", b""))])
    words = [word.decode("ascii") for word in found]
    # A length or a program's name may stand directly in front of a path.
    return "\n".join(word if "://" in word else _PATH_BEGINS.sub("\n", word) for word in words)


def _webp_texts(content: bytes) -> Iterator[tuple[str, str]]:
    position = 12
    while position + 8 <= len(content):
        kind, length = struct.unpack_from("<4sL", content, position)
        if kind not in _WEBP_PIXELS:
            yield f"chunk {kind.decode('latin-1')}", _readable(content[position + 8 : position + 8 + length])
        position += 8 + length + length % 2


def _inflated(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, _LARGEST_TEXT)
    except zlib.error:
        return b""


def _pillow_texts(content: bytes) -> Iterator[tuple[str, str]]:
    from PIL import Image
    from PIL.ExifTags import IFD

    try:
        with Image.open(io.BytesIO(content)) as image:
            for name in ("comment", "xmp", "XML:com.adobe.xmp"):
                value = image.info.get(name)
                if value:
                    yield name, value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            yield "colour profile", _readable(image.info.get("icc_profile") or b"")
            for name, value in getattr(image, "applist", ()):  # the segments of a JPEG
                yield f"segment {name}", _readable(value)
            if image.format == "JPEG":
                yield "behind the image", _readable(content[content.rfind(b"\xff\xd9") + 2 :])
            exif = image.getexif()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, struct.error, RuntimeError):
        return
    for tag, value in (*exif.items(), *exif.get_ifd(IFD.Exif).items()):
        if isinstance(value, bytes):
            value = value.decode("utf-16-le" if tag in _WIDE else "utf-8", "replace").replace("\0", " ")
        if isinstance(value, str) and value.strip("\0 "):
            yield f"EXIF {_EXIF_TEXTS.get(tag, f'field {tag}')}", value.strip("\0 ")
    if exif.get_ifd(IFD.GPSInfo):
        yield "EXIF GPS", "the place where the picture was taken"


_DATA_URI = re.compile(r"data:[\w.+/-]*(?:;[\w.+=-]+)*;base64,([A-Za-z0-9+/=\s]+)")
_SVG_CREATOR = re.compile(r"<dc:(?:creator|publisher|rights)>\s*<cc:Agent[^>]*>\s*<dc:title>([^<]*)</dc:title>")
_DRAWING_PROGRAMS = re.compile(
    r"matplotlib|inkscape|plotly|bokeh|vega|altair|graphviz|typst|draw\.io|https?://", re.IGNORECASE
)


def markup_leaks(text: str, where: Where = "output") -> Iterator[Placed]:
    """Find private things in SVG, HTML or Markdown, and in the files that it holds as ``data:`` addresses."""
    shown = _DATA_URI.sub(" ", text)
    read = unquote(html.unescape(shown)) if "&#" in shown or "%2" in shown else shown  # as a browser reads it
    for leak in dict.fromkeys([*leaks(shown, where), *(leaks(read, where) if read != shown else ())]):
        yield "", leak
    for creator in _SVG_CREATOR.findall(text):
        if creator.strip() and not _DRAWING_PROGRAMS.search(creator):
            yield "creator", _name(creator)
    for data in _DATA_URI.findall(text):
        yield from inside("embedded file, ", file_leaks(decoded(data)))


def image_leaks(content: bytes) -> Iterator[Placed]:
    """Find private things in what an image carries besides its pixels."""
    for field, text in image_texts(content):
        if field == "SVG":
            yield from markup_leaks(text)
            continue
        if field == "EXIF GPS":
            yield field, Leak("error", "the place where the picture was taken", "GPS", "Remove the EXIF data.")
        elif field.casefold() in {"author", "exif artist", "exif author", "exif camera owner", "exif host computer"}:
            yield field, _name(text)
        yield from ((field, leak) for leak in leaks(text))


def _name(text: str) -> Leak:
    return Leak("error", "a name", shortened(text, 30), "Remove the image's metadata.")


def file_leaks(content: bytes) -> Iterator[Placed]:
    """Find private things in a file of whatever kind that a notebook holds: what an image carries, and all its text."""
    text = content[:_LARGEST_TEXT].decode("latin-1")
    return iter(dict.fromkeys([*image_leaks(content), *(("", leak) for leak in leaks(text))]))


def decoded(data: str) -> bytes:
    """Decode Base64 with line breaks, as notebooks hold images; what is none is nothing."""
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""
