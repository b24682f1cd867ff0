"""A PDF that viewers show is checked, whatever is wrong with its form; one that loses something is damaged."""

from __future__ import annotations

import re
import shutil
import subprocess
import zlib

import pikepdf
import pypdfium2
import pytest
from PIL import ImageChops

import submissions as made
from handin.pdf.checks import check_pdf_content

SOUND = made.pdf(middle="#pagebreak()\n#lorem(300)")
"""Two pages."""


def plain() -> bytes:
    """The same with a table of offsets, and without object streams."""
    return made.changed_pdf(
        lambda pdf: None, SOUND, object_stream_mode=pikepdf.ObjectStreamMode.disable, recompress_flate=False
    )


def linearised() -> bytes:
    """The same for fast web view."""
    return made.changed_pdf(lambda pdf: None, SOUND, linearize=True)


def with_number(content: bytes, key: bytes, change) -> bytes:
    """Change the first number behind a key, and keep its width."""

    def changed(match):
        return match[1] + str(change(int(match[2]))).zfill(len(match[2])).encode()

    found, count = re.subn(rb"(/" + key + rb" )(\d+)", changed, content, count=1)
    assert count == 1
    return found


def with_contents(change) -> bytes:
    """Change the compressed bytes that draw the pages."""

    def every_page(pdf):
        for page in pdf.pages:
            stream = page.obj.Contents
            stream.write(change(zlib.compress(stream.read_bytes())), filter=pikepdf.Name.FlateDecode)

    options = {"compress_streams": False, "stream_decode_level": pikepdf.StreamDecodeLevel.none}
    return made.changed_pdf(every_page, SOUND, **options)


def hybrid() -> bytes:
    """A table of offsets with a cross-reference stream beside it for newer readers, as Word writes."""
    content = plain()
    start = int(re.search(rb"startxref\s+(\d+)", content)[1])
    position = content.rindex(b"startxref")
    head = b"999 0 obj\n<< /Type /XRef /Size 1000 /W [1 4 1] /Index [998 1] /Length 6 >>\nstream\n"
    stream = head + b"\0\0\0\0\0\0\nendstream\nendobj\n"
    changed = content[:position].replace(b"trailer <<", b"trailer << /XRefStm " + str(start).encode())
    assert changed != content[:position]
    changed = changed[:start] + stream + changed[start:]
    return changed + b"startxref\n" + str(start + len(stream)).encode() + b"\n%%EOF\n"


SAME = {
    "linearised": linearised,
    "a wrong hint of the first page's end": lambda: with_number(linearised(), b"E", lambda n: n + 700),
    "a wrong hint of the first page": lambda: with_number(linearised(), b"O", lambda n: n + 1),
    "a wrong hint of the length": lambda: with_number(linearised(), b"L", lambda n: n + 9),
    "a wrong hint table": lambda: with_number(linearised(), b"T", lambda n: n - 3),
    "linearised and changed": lambda: linearised() + b"\n",
    "a table in place of object streams": plain,
    "a table and a stream": hybrid,
    "a length that is too short": lambda: with_number(plain(), b"Length", lambda n: n - 1),
    "a length that is too long": lambda: with_number(plain(), b"Length", lambda n: n + 3),
    "zeros behind the end": lambda: SOUND + bytes(50),
    "many zeros behind the end": lambda: SOUND + bytes(3000),
    "empty lines in front": lambda: b"\r\n\r\n" + SOUND,
    "a byte order mark in front": lambda: b"\xef\xbb\xbf" + SOUND,
    "no end mark": lambda: SOUND[: SOUND.rindex(b"%%EOF")],
    "a wrong place of the table": lambda: SOUND[: SOUND.rindex(b"startxref")] + b"startxref\n7\n%%EOF\n",
    "wrong offsets": lambda: re.sub(rb"\n0000(\d{6} 00000 n)", rb"\n0001\1", plain()),
    "a key twice": lambda: plain().replace(b"/Type /Page ", b"/Type /Page /Rotate 0 /Rotate 0 "),
    "an object without its end": lambda: plain().replace(b"\nendobj", b"\n      ", 1),
    "a wrong checksum in a stream": lambda: with_contents(lambda packed: packed[:-4] + b"\0\0\0\0"),
    "no checksum in a stream": lambda: with_contents(lambda packed: packed[:-4]),
    "zeros in a stream without a checksum": lambda: with_contents(
        lambda packed: zlib.compress(zlib.decompress(packed) + bytes(3000), 0)[:-4]
    ),
    "zeros behind a wrong place of the table": lambda: (
        SOUND[: SOUND.rindex(b"startxref")] + bytes(500) + b"\nstartxref\n7\n%%EOF\n"
    ),
    "bytes behind a stream": lambda: with_contents(lambda packed: packed + b"\r\n"),
}


def drawn(content: bytes) -> list:
    with pypdfium2.PdfDocument(content) as pdf:
        return [page.render(grayscale=True).to_pil() for page in pdf]


@pytest.mark.parametrize("kind", SAME)
def test_a_pdf_that_every_viewer_shows_is_not_called_damaged(kind):
    content = SAME[kind]()
    assert content != SOUND
    assert not any(ImageChops.difference(*pages).getbbox() for pages in zip(drawn(SOUND), drawn(content), strict=True))
    pdf, findings = check_pdf_content(content, "x.pdf")
    assert [finding for finding in findings if finding.is_error] == []
    # PDF/A and PDF/UA forbid some of this, and these files say that they follow them.
    assert len([finding for finding in findings if "It says that it follows" not in finding.message]) <= 1
    assert pdf.pages == check_pdf_content(SOUND, "x.pdf")[0].pages


def test_what_ghostscript_writes_for_fast_web_view_is_sound(tmp_path, require):
    require(shutil.which("gs"), "apt-get install ghostscript")
    (tmp_path / "x.pdf").write_bytes(SOUND)
    options = ["-q", "-dNOPAUSE", "-dBATCH", "-sDEVICE=pdfwrite", "-dFastWebView=true"]
    command = ["gs", *options, "-sOutputFile=y.pdf", "x.pdf"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    _, findings = check_pdf_content((tmp_path / "y.pdf").read_bytes(), "y.pdf")
    assert not any("damaged" in finding.message for finding in findings)
    assert any("not tagged" in finding.message for finding in findings)


def without_picture() -> bytes:
    def change(pdf):
        stream = pdf.pages[0].obj.Contents
        stream.write(b"q 50 0 0 50 72 72 cm /Lost Do Q " + stream.read_bytes())

    content = made.changed_pdf(change, SOUND, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return content[: content.rindex(b"startxref")] + b"startxref\n7\n%%EOF\n"


LOST = {
    "half of what a page draws": lambda: with_contents(lambda packed: packed[: len(packed) // 2]),
    "what a page draws, overwritten": lambda: with_contents(lambda packed: packed[:60] + b"\xff" * 60 + packed[120:]),
    "the last third": lambda: SOUND[: len(SOUND) * 2 // 3],
    "the last kilobyte": lambda: SOUND[:-1000],
    "the end of a file with a table": lambda: plain()[:-1500],
    "the middle": lambda: plain()[:9000] + bytes(len(plain()) - 12000) + plain()[-3000:],
    "what is no ASCII": lambda: bytes(byte if byte < 128 else 63 for byte in SOUND),
    "what is no UTF-8": lambda: SOUND.decode("utf-8", "replace").encode(),
    "zeros in place of what a page draws": lambda: with_contents(_with_hole),
    "a picture of a repaired file": without_picture,
    "the end of a font": lambda: made.changed_pdf(half_a_font, SOUND),
}


def _with_hole(packed: bytes) -> bytes:
    """Write zeros that an inflater reads over (an empty stored block each, behind a whole stream) and a wrong sum."""
    whole = zlib.decompress(packed)
    halves = zlib.compressobj(wbits=-15)
    first = halves.compress(whole[: len(whole) // 2]) + halves.flush(zlib.Z_FULL_FLUSH)
    last = halves.compress(whole[len(whole) // 2 :]) + halves.flush()
    hole = b"\0\0\0\xff\xff" + b"\0\xdc\x05\x23\xfa" + bytes(1500)  # a stored block of 1500 zeros
    return b"\x78\x9c" + first + hole + last + packed[-4:]


def half_a_font(pdf):
    for item in pdf.objects:
        if isinstance(item, pikepdf.Dictionary) and "/FontFile3" in item:
            packed = zlib.compress(item.FontFile3.read_bytes())
            item.FontFile3.write(packed[: len(packed) // 2], filter=pikepdf.Name.FlateDecode, type_check=False)


@pytest.mark.parametrize("kind", LOST)
def test_a_pdf_of_which_something_is_lost_is_damaged(kind):
    _, findings = check_pdf_content(LOST[kind](), "x.pdf")
    assert any(finding.is_error and "damaged" in finding.message for finding in findings)


def test_a_damaged_page_hides_nothing_else():
    def change(pdf):
        del pdf.Root["/Lang"]
        pdf.pages[1].obj.Contents.write(b"not deflated", filter=pikepdf.Name.FlateDecode)

    _, findings = check_pdf_content(made.changed_pdf(change, made.pdf(middle="#pagebreak()", end="**bold**")), "x.pdf")
    said = " ".join(map(str, findings))
    assert "page 2: It is damaged" in said
    assert "which language" in said


def test_a_restricted_pdf_is_checked_all_the_same():
    options = {"encryption": pikepdf.Encryption(user="", owner="owner")}
    content = made.changed_pdf(lambda pdf: pdf.Root.__delitem__("/Lang"), **options)
    said = " ".join(map(str, check_pdf_content(content, "x.pdf")[1]))
    assert "It is encrypted: it opens without a password" in said
    assert "which language" in said
    assert "damaged" not in said


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "an empty file"),
        (bytes(3000), "an empty file"),
        (b"<!DOCTYPE html><title>Log in</title>", "a web page"),
        (b"PK\x03\x04" + bytes(26) + b"word/document.xml", "a Word or PowerPoint file"),
        (made.png(), "a picture"),
        (made.notebook_bytes(), "a notebook"),
    ],
)
def test_what_is_no_pdf_is_named(content, what):
    pdf, (finding,) = check_pdf_content(content, "x.pdf")
    assert pdf is None
    assert finding.message == f"It is no PDF but {what}."


def test_an_unusual_structure_stops_one_check_alone(monkeypatch):
    def fail(opened):
        raise RuntimeError("loop")

    from handin.pdf import checks

    monkeypatch.setitem(checks._CHECKS, "Its fonts", fail)
    _, (finding,) = check_pdf_content(SOUND, "x.pdf")
    assert str(finding).startswith("warning: x.pdf: Its fonts could not be looked at")
