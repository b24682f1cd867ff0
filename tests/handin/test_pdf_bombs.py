"""A PDF that grows without end is refused before it is opened."""

from __future__ import annotations

import base64
import io
import zlib

import pikepdf
import pytest
from pikepdf import Dictionary, Name

import submissions as made
from handin.pdf import soundness


def test_a_pdf_that_grows_without_end_is_refused_before_it_is_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(soundness, "LARGEST_STREAM", 5_000_000)
    once = zlib.compress(bytes(6_000_000), 9)
    for packed, filters in (
        (once, "/FlateDecode"),
        (zlib.compress(once, 9), "[/FlateDecode /FlateDecode]"),
        (once.hex().encode() + b">", "[/ASCIIHexDecode /FlateDecode]"),
        (base64.a85encode(once, wrapcol=80) + b"~>", "[/ASCII85Decode /FlateDecode]"),
        (base64.a85encode(b"x\x01" + b"\0\0\0\xff\xff" * 2000 + once[2:]) + b"~>", "[/A85 /Fl]"),
    ):
        head = f"%PDF-1.7\n1 0 obj\n<< /Length {len(packed)} /Filter {filters} >>\nstream\n".encode()
        content = head + packed + b"\nendstream\nendobj\n%%EOF"
        found = made.examined_file(tmp_path, made.PDF_NAME, content).findings
        assert "a bomb" in made.only(found)
    assert made.examined(tmp_path, made.members()).findings == []


@pytest.mark.parametrize("line", [b"/ASCII85Decode stream\n", b"/ASCIIHexDecode stream\n78", b"stream\n"])
def test_many_beginnings_of_streams_are_no_bomb(line):
    assert not soundness.is_bomb(b"%PDF-1.7\n" + line * 50_000)


def _nested(levels, times):
    """A PDF whose page draws a form that draws another one so many times, and so on."""

    def change(pdf):
        form = pdf.make_stream(b"0 0 9 9 re f", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 9, 9])
        for _ in range(levels):
            resources = Dictionary(XObject=Dictionary(X=form))
            form = pdf.make_stream(
                b"/X Do " * times, Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 9, 9], Resources=resources
            )
        page = pdf.pages[0]
        page.contents_add(f"{page.add_resource(form, Name.XObject)} Do".encode())

    return made.changed_pdf(change)


def test_drawings_that_unfold_without_end_are_refused_before_they_are_drawn(tmp_path):
    for levels, times, is_refused in ((12, 10, True), (400, 1, True), (3, 10, False)):
        content = _nested(levels, times)
        assert len(pikepdf.open(io.BytesIO(content)).pages) == 1
        said = " ".join(map(str, made.examined_file(tmp_path, made.PDF_NAME, content).findings))
        assert ("millions of times: a bomb" in said) == is_refused


@pytest.mark.parametrize("paints_itself", [True, False])
def test_a_pattern_that_paints_with_itself_is_refused(tmp_path, paints_itself):
    def change(pdf):
        head = {"BBox": [0, 0, 9, 9], "XStep": 9, "YStep": 9, "PatternType": 1, "PaintType": 1, "TilingType": 1}
        other = pdf.make_stream(b"0 0 5 5 re f", **head, Resources=Dictionary())
        pattern = pdf.make_stream(b"/Pattern cs /P scn 0 0 9 9 re f", **head)
        pattern.Resources = Dictionary(Pattern=Dictionary(P=pattern if paints_itself else other))
        page = pdf.pages[0]
        name = page.add_resource(pattern, Name.Pattern)
        page.contents_add(f"q /Pattern cs {name} scn 50 50 50 50 re f Q".encode())

    said = " ".join(map(str, made.examined_file(tmp_path, made.PDF_NAME, made.changed_pdf(change)).findings))
    assert ("repeat one another millions of times" in said) == paints_itself
