"""A part of a PDF that is built in an unexpected way is left out, and hides nothing."""

from __future__ import annotations

import pytest
from pikepdf import Array, Dictionary, Name, String

import submissions as made


def _bookmark(target):
    def change(pdf):
        outlines = pdf.make_indirect(Dictionary(Type=Name.Outlines, Count=1))
        mark = pdf.make_indirect(Dictionary(Title=String("a"), Parent=outlines, Dest=target(pdf)))
        outlines.First = outlines.Last = mark
        pdf.Root["/Outlines"] = outlines

    return change


def _named(target):
    def change(pdf):
        pdf.Root["/Dests"] = Dictionary(a=target(pdf))

    return change


def _metadata(pdf):
    pdf.Root["/Names"] = Dictionary(Dests=Dictionary(Kids=Array([5]), Limits=5))


def _fields(pdf):
    changes = Array([Dictionary(Date=String("D:2024")), String("shortened")])
    dates = {"/SourceModified": "D:20241201", "/BIDI.Fullbanner": "bidi 42"}
    pdf.docinfo.update({"/AAPL:Keywords": Array([]), "/Changes": changes, **dates})


def test_a_field_of_the_metadata_is_put_in_words(tmp_path):
    findings = made.examined_file(tmp_path, made.PDF_NAME, made.changed_pdf(_fields)).findings
    (said,) = [each.message for each in findings if "metadata have the field" in each.message]
    assert said == "The metadata have the field Changes: shortened"


CHANGES = {
    "a bookmark to a missing page": _bookmark(lambda pdf: Array([99, Name.Fit])),
    "a bookmark to a page before the first": _bookmark(lambda pdf: Array([-3, Name.Fit])),
    "text in place of a number": _named(lambda pdf: Array([pdf.pages[0].obj, Name.XYZ, String("x"), String("y")])),
    "a place that is a number": _named(lambda pdf: Dictionary(D=5)),
    "names without order": _metadata,
}


@pytest.mark.parametrize("kind", CHANGES)
def test_what_leads_nowhere_is_skipped_and_the_rest_checked(tmp_path, kind):
    content = made.changed_pdf(CHANGES[kind], made.pdf(end='\n#"read from /home/alice/data.csv"'))
    findings = made.examined_file(tmp_path, made.PDF_NAME, content).findings
    assert "page 1: It holds an absolute path" in made.only([each for each in findings if each.is_error])
