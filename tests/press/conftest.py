"""A small project of its own for the tests of the renderer."""

from __future__ import annotations

import shutil

import pytest

from copies import ROOT
from press import environment
from press.build import Builder, Purpose
from press.project import Project
from press.report import Document, Report

BIBLIOGRAPHY = "@article{kingma2015, author={Kingma, D. and Ba, J.}, title={Adam}, journal={ICLR}, year={2015}}\n"
QUARTO = (
    "format: coursework-typst\nlang: en-GB\nbibliography: references.bib\nexecute:\n  echo: false\n"
    'crossref:\n  sec-prefix: ""\n'
)


@pytest.fixture
def project(tmp_path, monkeypatch) -> Project:
    """A project with the report's format, an empty report and a bibliography of one entry."""
    for name in environment.FOLDERS:
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    folder = tmp_path / "a project"
    shutil.copytree(ROOT / "report" / "_extensions", folder / "report" / "_extensions")
    (folder / "_quarto.yml").write_text(QUARTO)
    (folder / "references.bib").write_text(BIBLIOGRAPHY)
    report = Report(Document("report/report.qmd"), notebook=Document("report/q6-classifier.qmd"))
    made = Project(folder, report)
    environment.apply(made)
    return made


@pytest.fixture
def write(project):
    """Write the report's text."""

    def writing(text: str, name: str = "report") -> None:
        head = '---\ntitle: "T"\nstudent-id: "1"\nmodule: "M"\nsubmitted: "today"\n---\n\n'
        (project.folder / f"{name}.qmd").write_text(head + text, encoding="utf-8")

    return writing


@pytest.fixture
def builder(project):
    """What builds the documents of a preview."""
    with Builder(project, Purpose.PREVIEW) as made:
        yield made


@pytest.fixture
def submission(project):
    """What builds the documents that are handed in."""
    with Builder(project) as made:
        yield made
