"""What is private in pictures and other files that a notebook holds is found."""

from __future__ import annotations

import io
import zlib

import pytest
from PIL import Image, PngImagePlugin

import submissions as made
from handin.private.files import image_leaks
from handin.private.text import metadata_leaks


def _png_with(**texts):
    information = PngImagePlugin.PngInfo()
    for key, value in texts.items():
        if key == "compressed":
            information.add_text("Comment", value, zip=True)
        elif key == "international":
            information.add_itxt("Comment", value, zip=True)
        else:
            information.add_text(key, value)
    saved = io.BytesIO()
    image = Image.open(io.BytesIO(made.png()))
    image.save(saved, "PNG", pnginfo=information)
    return saved.getvalue()


def _saved(kind, **options):
    saved = io.BytesIO()
    Image.open(io.BytesIO(made.png())).convert("RGB").save(saved, kind, **options)
    return saved.getvalue()


def _private_chunk(content):
    information = PngImagePlugin.PngInfo()
    information.add(b"prVt", content)
    return information


def _with_segment(content):
    jpeg = _saved("JPEG")
    return jpeg[:2] + b"\xff\xed" + (len(content) + 2).to_bytes(2, "big") + content + jpeg[2:]


@pytest.mark.parametrize(
    "data",
    [
        {"image/png": made.encoded(_png_with(Source="/home/alice/x.py"))},
        {"image/png": made.encoded(_png_with(compressed="/home/alice/x.py"))},
        {"image/png": made.encoded(_png_with(international="/home/alice/x.py"))},
        {"image/png": made.encoded(_png_with(Author="Alice Smith"))},
        {"image/png": made.encoded(made.png() + b"\n/home/alice/x.py")},
        {"image/jpeg": made.encoded(made.jpeg_with_exif())},
        {"image/svg+xml": made.svg().replace("<defs", "<!-- /home/alice/x.py --><defs", 1)},
        {"image/svg+xml": made.svg().replace("Matplotlib", "Alice")},
        {"text/html": f'<img src="data:image/png;base64,{made.encoded(_png_with(Source="/home/alice/x.py"))}">'},
        {"application/vnd.plotly.v1+json": {"data": [{"text": "/home/alice/x.py"}]}},
        {"application/json": {"/home/alice/x.py": 1}},
        {"application/pdf": made.encoded(b"%PDF-1.4 (/home/alice/x.py)")},
        {"text/html": "<td>&#47;home&#47;alice&#47;x.py</td>"},
        {"text/html": f'<a href="data:text/plain;base64,{made.encoded(b"/home/alice/x.py")}">x</a>'},
        {"text/html": "<img src='data:image/svg+xml;utf8,<svg><text>%2Fhome%2Falice%2Fx</text></svg>'>"},
        {"image/jpeg": made.encoded(made.jpeg_with_exif({0x0131: "/home/alice/tool"}))},
        {"image/jpeg": made.encoded(made.jpeg_with_exif({}, {0x9286: b"ASCII\0\0\0/home/alice/x"}))},
        {"image/png": made.encoded(_png_with(**{"/home/alice/key": "x"}))},
        {"image/png": made.encoded(_saved("PNG", pnginfo=_private_chunk(b"\0\1/home/alice/x\0")))},
        {"image/png": made.encoded(_saved("PNG", pnginfo=_private_chunk("/home/alice/x".encode("utf-16-be"))))},
        {"image/png": made.encoded(_saved("PNG", icc_profile=b"\0\0\2\0acsp\0/home/alice/x"))},
        {"image/jpeg": made.encoded(_saved("JPEG", icc_profile=b"\0\0\2\0acsp\0/home/alice/x"))},
        {"image/jpeg": made.encoded(_saved("JPEG") + b"/home/alice/x")},
        {"image/jpeg": made.encoded(_with_segment(b"Photoshop 3.0\0/home/alice/x"))},
        {"image/jpeg": made.encoded(_with_segment(b"Photoshop/home/alice"))},
        {"image/webp": made.encoded(_saved("WEBP", lossless=True) + b"prVt\x0e\0\0\0/home/alice/xy")},
    ],
)
def test_private_details_in_an_image_are_errors(tmp_path, data):
    if "Alice" in str(data.get("image/svg+xml")):
        data = {"image/svg+xml": made.svg().replace("matplotlib", "draw").replace("Matplotlib", "Alice")}
        data["image/svg+xml"] = data["image/svg+xml"].replace("https://draw.org/", "")
    notebook = made.notebook()
    made.display(data, 1)(notebook)
    message = made.only(made.examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings)
    assert "absolute path" in message or "a name" in message


def test_images_as_matplotlib_writes_them_are_clean():
    assert not [*image_leaks(made.png())]
    assert not [*image_leaks(made.svg().encode())]
    for kind in ("JPEG", "WEBP", "GIF"):
        assert not [*image_leaks(_saved(kind))]


def test_what_pixels_happen_to_spell_is_not_private():
    pixels = zlib.compress(b"\0 /home/alice/x.py", 0)
    chunk = b"IDAT" + pixels
    chunk = len(pixels).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    sound = made.png()
    place = sound.index(b"IDAT") - 4
    assert b"/home/alice" in chunk
    assert not [*image_leaks(sound[:place] + chunk + sound[place:])]
    assert not [*metadata_leaks(made.notebook().metadata)]
