"""A PDF that grows without end is refused before it is opened."""

from __future__ import annotations

import zlib

import submissions as made
from handin.pdf import soundness


def test_a_pdf_that_grows_without_end_is_refused_before_it_is_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(soundness, "LARGEST_STREAM", 5_000_000)
    once = zlib.compress(bytes(6_000_000), 9)
    for packed, filters in (
        (once, "/FlateDecode"),
        (zlib.compress(once, 9), "[/FlateDecode /FlateDecode]"),
        (once.hex().encode() + b">", "[/ASCIIHexDecode /FlateDecode]"),
    ):
        head = f"%PDF-1.7\n1 0 obj\n<< /Length {len(packed)} /Filter {filters} >>\nstream\n".encode()
        content = head + packed + b"\nendstream\nendobj\n%%EOF"
        found = made.examined_file(tmp_path, made.PDF_NAME, content).findings
        assert "a bomb" in made.only(found)
    assert made.examined(tmp_path, made.members()).findings == []
