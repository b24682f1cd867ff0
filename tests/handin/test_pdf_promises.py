"""A PDF that says it follows a standard is held to it, by somebody else's validator."""

from __future__ import annotations

import importlib.util

import pytest
from pikepdf import Dictionary, Name

import submissions as made
from handin.pdf.checks import check_pdf_content


@pytest.fixture(autouse=True)
def _validator(require):
    require(importlib.util.find_spec("page"), "pip install page-validation")


def broken(content: bytes) -> list[str]:
    _, findings = check_pdf_content(content, "x.pdf")
    return [each.message for each in findings if each.message.startswith("It says that it follows")]


def each(kind: str, value: str, key: str):
    """Take a key out of every dictionary of a kind."""

    def change(pdf):
        for item in pdf.objects:
            if isinstance(item, Dictionary) and item.get(kind) == Name(value) and key in item:
                del item[key]

    return change


def _headings(pdf):
    for item in pdf.objects:
        if isinstance(item, Dictionary) and item.get("/S") == Name.H2:
            item["/S"] = Name.H4


def _no_tabs(pdf):
    for page in pdf.pages:
        del page.obj["/Tabs"]


def _attached(pdf):
    pdf.attachments["x.txt"] = b"x"


BROKEN = {
    "a figure without words": (each("/S", "/Figure", "/Alt"), ["PDF/UA-1"]),
    "a formula without words": (each("/S", "/Formula", "/Alt"), ["PDF/UA-1"]),
    "letters without meaning": (each("/Type", "/Font", "/ToUnicode"), ["PDF/UA-1", "PDF/A-2a"]),
    "a link without words": (each("/Subtype", "/Link", "/Contents"), ["PDF/UA-1"]),
    "a level of headings left out": (_headings, ["PDF/UA-1"]),
    "no order of links": (_no_tabs, ["PDF/UA-1"]),
    "no language": (lambda pdf: pdf.Root.__delitem__("/Lang"), ["PDF/UA-1"]),
    "no tags": (lambda pdf: pdf.Root.__delitem__("/StructTreeRoot"), ["PDF/UA-1", "PDF/A-2a"]),
    "not marked": (lambda pdf: pdf.Root.update({"/MarkInfo": Dictionary(Marked=False)}), ["PDF/UA-1", "PDF/A-2a"]),
    "the file's name as its title": (
        lambda pdf: pdf.Root.update({"/ViewerPreferences": Dictionary(DisplayDocTitle=False)}),
        ["PDF/UA-1"],
    ),
    "text that is not tagged": (
        lambda pdf: pdf.pages[0].contents_add(b"BT /f0 12 Tf 1 0 0 1 100 100 Tm <0001> Tj ET"),
        ["PDF/UA-1"],
    ),
    "an attached file": (_attached, ["PDF/A-2a"]),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_promise_is_said(kind):
    change, standards = BROKEN[kind]
    found = broken(made.changed_pdf(change))
    assert [message.split()[5].rstrip(",") for message in found] == standards


def test_a_promise_that_is_kept_is_not():
    assert broken(made.pdf()) == []


def test_a_pdf_that_promises_nothing_is_held_to_nothing():
    assert broken(made.pdf(tagged=False)) == []
