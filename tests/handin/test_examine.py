"""A sound submission gives no finding; what is wrong with it as a whole is said."""

from __future__ import annotations

import hashlib
import zipfile
import zlib

import nbformat
import pytest

import submissions as made
from handin.examine import Digests, examine
from handin.identity import Owner


@pytest.fixture
def marks(tmp_path):
    return made.write_marks(tmp_path)


def test_a_sound_submission_has_no_findings(tmp_path, marks):
    found = made.examined(tmp_path, made.members(), marks)
    assert found.findings == []


def test_each_file_alone_has_no_findings(tmp_path):
    for name, content in made.members().items():
        (tmp_path / name).write_bytes(content)
        assert examine(tmp_path / name, Owner(made.STUDENT_ID), expected=made.EXPECTED).findings == []


def test_a_submission_of_somebody_else_is_checked_without_knowing_the_id(tmp_path):
    path = tmp_path / made.ZIP_NAME
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:  # not by this project's own hand
        for name, content in made.members().items():
            archive.writestr(name, content)
    assert examine(path).findings == []


def test_more_files_and_fewer_files_are_errors(tmp_path):
    assert "not asked for" in made.only(made.examined(tmp_path, {**made.members(), "notes.txt": b"x"}).findings)
    twice = made.examined(tmp_path, {**made.members(), f"{made.STUDENT_ID}-2.pdf": made.pdf()}).findings
    assert "2 PDFs" in made.only([finding for finding in twice if finding.file == made.ZIP_NAME])
    for name in made.members():
        members = made.members()
        del members[name]
        assert "one is asked for" in made.only(made.examined(tmp_path, members).findings)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("report.pdf.crdownload", made.pdf(), "a download that had not ended. → Take it out, and download"),
        ("report.gdoc", b'{"url": "https://docs.google.com/open?id=1"}', "a link to Google Docs"),
        ("report.pdf.lnk", b"L\0\0\0\x01\x14\x02\0" + bytes(60), "a shortcut of Windows"),
        ("report.docx", b"", "was not asked for. → Take it out of the zip."),
    ],
)
def test_what_came_into_a_zip_by_accident_is_named(tmp_path, name, content, words):
    findings = made.examined(tmp_path, {**made.members(), name: content}).findings
    assert any(words in str(finding) for finding in findings), findings


@pytest.mark.parametrize(
    ("first", "what"), [("_rels/.rels", "a Word or PowerPoint file"), ("Index/Document.iwa", "a Pages or Keynote file")]
)
def test_a_document_that_is_called_a_pdf_is_named(tmp_path, first, what):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(first, b"x")
    content = (tmp_path / "x.zip").read_bytes()
    assert what in made.only(made.examined_file(tmp_path, made.PDF_NAME, content).findings)


def test_a_file_over_the_upload_limit(tmp_path):
    big = made.notebook()
    noise = zlib.compress(bytes(range(256)) * 10)  # does not shrink again
    big.cells[1].outputs = [
        nbformat.v4.new_output("stream", text="".join(map(chr, noise[:100])).encode("unicode_escape").hex())
    ]
    found = made.examined(tmp_path, made.members(notebook=made.notebook_bytes(big)), upload_limit_mb=0.03)
    assert "can be handed in" in made.only(found.findings)


def test_a_stale_notebook_is_an_error(tmp_path):
    notebook = made.notebook()
    notebook.metadata["press"] = {"inputs": "0" * 32}
    assert "older than its sources" in made.only(
        made.examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings
    )
    del notebook.metadata["press"]
    found = made.members(notebook=made.notebook_bytes(notebook))
    assert "does not say" in made.only(made.examined(tmp_path, found).findings)
    elsewhere = Digests(made.EXPECTED.pdf, made.EXPECTED.notebook, required=False)
    assert "does not say" in made.only(made.examined(tmp_path, found, expected=elsewhere).findings, "warning")


def test_a_file_that_was_changed_after_it_was_made_is_an_error(tmp_path):
    checksums = {name: hashlib.sha256(content).hexdigest() for name, content in made.members().items()}
    expected = Digests(made.PDF_DIGEST, made.NOTEBOOK_DIGEST, checksums)
    assert made.examined(tmp_path, made.members(), expected=expected).findings == []
    other = made.members(pdf=made.pdf(end="A sentence that nobody derived."), notebook=made.notebook_bytes() + b"\n")
    assert made.only(made.examined(tmp_path, other, expected=expected).findings).count("changed after it was made") == 2
