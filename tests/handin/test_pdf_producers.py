"""The program that made a PDF is known by what it writes of itself, and the advice is for that program."""

from __future__ import annotations

import pytest

import submissions as made
from handin.pdf.checks import check_pdf_content
from handin.pdf.producers import ANY, producer_of


@pytest.mark.parametrize(
    ("producer", "creator", "word"),
    [
        ("pdfTeX-1.40.25", "LaTeX with hyperref", "Overleaf"),
        ("xdvipdfmx (20240407)", "XeTeX output 2026.11.23", "Overleaf"),
        ("macOS Version 15.1 (Build 24B83) Quartz PDFContext", "Pages", "macOS"),
        ("macOS Version 15.1 Quartz PDFContext", "Microsoft Word", "macOS"),
        ("Microsoft® Word for Microsoft 365", "Microsoft® Word for Microsoft 365", "In Word"),
        ("LibreOffice 24.8", "Writer", "In LibreOffice"),
        ("Skia/PDF m131", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/131", "browser"),
        ("GPL Ghostscript 10.04.0", "", "compresses or joins"),
    ],
)
def test_the_advice_is_for_the_program_that_made_the_pdf(producer, creator, word):
    def change(pdf):
        del pdf.Root["/StructTreeRoot"], pdf.Root["/Metadata"]
        pdf.docinfo["/Producer"], pdf.docinfo["/Creator"] = producer, creator

    _, findings = check_pdf_content(made.changed_pdf(change), "x.pdf")
    found = [each for each in findings if "not tagged" in each.message or "(PDF/A)" in each.message]
    assert len(found) == 2
    assert all(word in each.fix for each in found)


def test_an_unknown_program_gives_general_advice():
    assert producer_of({}) is ANY
    assert producer_of({"/Producer": "Typst 0.14"}) is ANY
