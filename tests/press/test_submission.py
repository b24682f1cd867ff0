"""What a build leaves behind when it goes well, badly, or is disturbed; nothing is trained or set here."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from coursework.report import REPORT
from handin.errors import InputError, WorkError
from handin.findings import Finding, Refused
from handin.names import zip_bytes
from press import marker, submission
from press.commands.check import _beside
from press.currency import facts, sources, why_not
from press.marker import MARKER, why_marked
from press.project import Project
from press.report import Document, Report
from press.source import options
from press.submission import Request, make

PDF, NOTEBOOK, ZIP = "101234567-CS3950-answers.pdf", "101234567-CS3950-q6.ipynb", "101234567-CS3950.zip"


@pytest.fixture
def project(tmp_path, monkeypatch) -> Project:
    """A project with one chapter, whose files are made by nobody but the test."""
    monkeypatch.delenv("STUDENT_ID", raising=False)
    monkeypatch.delenv("COURSEWORK_PROFILE", raising=False)
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.qmd").write_text("Text.\n")
    (tmp_path / "report" / "_generated").mkdir()
    (tmp_path / "report" / "_generated" / "q6-classifier.ipynb").write_text("{}")
    (tmp_path / "_variables.yml").write_text("")
    (tmp_path / "coursework.yml").write_text('student_id: "101234567"\ndate: 2026-11-23\n')
    return Project(tmp_path, REPORT)


@pytest.fixture
def settings(project):
    return project.settings()


@pytest.fixture
def built(monkeypatch):
    """Let a build give these contents, after calling `meanwhile`."""

    def built(text: bytes = b"1", meanwhile=lambda: None, findings=()):
        def contents(project, settings, request, *_):
            meanwhile()
            made = {PDF: text, NOTEBOOK: text}
            return (made | {ZIP: zip_bytes(made)} if request.goal == "bundle" else made), list(findings)

        monkeypatch.setattr(submission, "_contents", contents)

    return built


def files(project) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in project.output.iterdir()}


def raising(error: BaseException):
    def call(*_, **__):
        raise error

    return call


def test_a_second_build_does_nothing(project, settings, built):
    built()
    assert make(project, settings, Request("bundle")).worked
    built(meanwhile=raising(AssertionError("it was built again")))
    assert not make(project, settings, Request("bundle")).worked
    assert not make(project, settings, Request("render")).worked


FAILURES = [
    WorkError("The disk is full"),
    KeyboardInterrupt(),
    OSError(28, "No space left"),
    SystemExit(1),
    ZeroDivisionError(),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_whatever_stops_a_build_the_older_files_stay_and_are_marked(project, settings, built, failure):
    built()
    make(project, settings, Request("bundle"))
    before = files(project)
    (project.folder / "report.qmd").write_text("Other text.\n")
    built(b"2", meanwhile=raising(failure))
    with pytest.raises(type(failure)):
        make(project, settings, Request("bundle"))
    after = files(project)
    said = after.pop(MARKER).decode()
    assert after == before
    assert all(name in said for name in before)
    assert why_marked(project, ZIP)
    assert [finding.severity for finding in _beside(project.output / ZIP, project)] == ["error"]
    built(b"2")
    make(project, settings, Request("bundle"))
    assert MARKER not in files(project)
    assert _beside(project.output / ZIP, project) == []


def test_older_files_are_marked_from_the_start_since_a_killed_build_says_nothing(project, settings, built):
    built()
    make(project, settings, Request("bundle"))
    (project.folder / "report.qmd").write_text("Other text.\n")
    seen = []
    built(
        b"2", meanwhile=lambda: seen.append((bool(why_marked(project, ZIP)), (project.cache / "state.json").exists()))
    )
    make(project, settings, Request("bundle"))
    assert seen == [(True, False)]


def test_a_write_that_fails_halfway_leaves_no_mixture_that_looks_current(project, settings, built, monkeypatch):
    built()
    make(project, settings, Request("bundle"))
    (project.folder / "report.qmd").write_text("Other text.\n")
    built(b"2")
    real = submission.write_if_changed

    def full(path, content):
        if path.name == NOTEBOOK:
            raise WorkError("no room")
        return real(path, content)

    monkeypatch.setattr(submission, "write_if_changed", full)
    with pytest.raises(WorkError):
        make(project, settings, Request("bundle"))
    assert files(project)[PDF] == b"2"
    assert why_marked(project, PDF)
    assert why_marked(project, ZIP)


def test_on_a_full_disk_the_mark_is_an_empty_file(project, settings, built, monkeypatch):
    built()
    make(project, settings, Request("bundle"))
    monkeypatch.setattr(marker, "write_atomically", raising(WorkError("no room")))
    marker.mark(project, "The disk is full.")
    assert files(project)[MARKER] == b""
    assert why_marked(project, ZIP)


def test_a_source_that_is_edited_during_the_build_stops_it(project, settings, built):
    """The pages may have the old text while the state would say that they have the new one."""
    built()
    make(project, settings, Request("bundle"))
    (project.folder / "report.qmd").write_text("Other text.\n")
    built(b"2", meanwhile=lambda: (project.folder / "report.qmd").write_text("Text of somebody who cannot wait.\n"))
    with pytest.raises(WorkError, match="edited while they were built: run the same command again"):
        make(project, settings, Request("bundle"))
    assert files(project)[PDF] == b"1"
    assert why_marked(project, ZIP)
    built(b"3")
    assert make(project, settings, Request("bundle")).worked


def test_a_file_elsewhere_that_is_edited_after_it_was_read_stops_the_build_too(project, settings, monkeypatch):
    style = project.root / "styles" / "a.csl"
    style.parent.mkdir()
    style.write_text("1")

    def contents(project, settings, request, read):
        read.note([style])
        style.write_text("2")
        return {PDF: b"1", NOTEBOOK: b"1"}, []

    monkeypatch.setattr(submission, "_contents", contents)
    with pytest.raises(WorkError, match=r"edited while they were built: .*\(styles/a.csl\)"):
        make(project, settings, Request("render"))


@pytest.mark.parametrize("word", ["today", "last-modified"])
def test_a_date_that_moves_is_no_longer_current_when_it_has_moved(project, settings, monkeypatch, word):
    document = project.folder / "report.qmd"

    def contents(project, settings, request, read):
        read.dates["report/report.qmd"] = word, str(options.moving_date(word, document))
        return {PDF: b"1", NOTEBOOK: b"1"}, []

    monkeypatch.setattr(submission, "_contents", contents)
    assert make(project, settings, Request("render")).worked
    assert not make(project, settings, Request("render")).worked
    if word == "today":

        class Tomorrow(datetime.date):
            @classmethod
            def today(cls):
                return datetime.date(2031, 1, 2)

        monkeypatch.setattr(options, "datetime", SimpleNamespace(date=Tomorrow))
    else:
        os.utime(document, (1_000_000_000, 1_000_000_000))
    assert why_not(project, settings, "builtin", "render") == ("the date of report/report.qmd changed",)
    assert make(project, settings, Request("render")).worked


def test_a_document_beside_the_one_that_was_made_last_is_made(tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / f"{name}.qmd").write_text("Text.\n")
    (tmp_path / "_quarto.yml").write_text("project:\n  title: T\n")
    made = []

    def contents(project, *_):
        made.append(project.report.document.path)
        return {f"{project.report.document.name}.pdf": b"1"}, []

    monkeypatch.setattr(submission, "_contents", contents)
    for name in ("a", "b", "a", "a"):
        project = Project(tmp_path, Report(document=Document(f"{name}.qmd")))
        make(project, project.settings(), Request("render"))
    assert made == ["a.qmd", "b.qmd", "a.qmd"]


def test_all_findings_are_written_beside_the_older_files(project, settings, built):
    built()
    make(project, settings, Request("bundle"))
    (project.folder / "report.qmd").write_text("Other text.\n")
    found = [Finding("error", PDF, f"page {number}", "It is empty.", "Fill it.") for number in (3, 7)]
    built(meanwhile=raising(Refused(found)))
    with pytest.raises(Refused, match="2 findings keep the submission from being packed"):
        make(project, settings, Request("bundle"))
    said = files(project)[MARKER].decode()
    assert "page 3: It is empty. → Fill it." in said
    assert "page 7: It is empty. → Fill it." in said


def test_a_zip_that_does_not_hold_the_new_files_is_marked(project, settings, built):
    built()
    make(project, settings, Request("bundle"))
    (project.folder / "report.qmd").write_text("Other text.\n")
    built(b"2")
    make(project, settings, Request("render"))
    assert why_marked(project, ZIP)
    assert not why_marked(project, PDF)
    assert not make(project, settings, Request("render")).worked
    make(project, settings, Request("bundle"))
    assert not (project.output / MARKER).exists()


def test_files_of_another_student_id_are_marked(project, settings, built):
    built()
    make(project, settings, Request("bundle"))
    other = project.output / "000000000-CS3950.zip"
    other.write_bytes(b"older")
    (project.folder / "report.qmd").write_text("Other text.\n")
    make(project, settings, Request("bundle"))
    assert why_marked(project, other.name)
    assert not why_marked(project, ZIP)
    assert other.read_bytes() == b"older"


@pytest.mark.parametrize("name", [".report.qmd.swp", "report.qmd~", "#report.qmd#", ".DS_Store", "report.quarto_ipynb"])
def test_what_an_editor_leaves_beside_a_source_is_none(project, settings, name):
    before = sources(project), facts(project, settings, "builtin")
    (project.folder / name).write_text("x")
    assert (sources(project), facts(project, settings, "builtin")) == before


@pytest.mark.parametrize("dataset", ["pictures", "pictures/data.npz"])
def test_other_pictures_under_the_same_name_are_noticed_from_any_folder(project, settings, monkeypatch, dataset):
    folder = project.root / "pictures"
    folder.mkdir()
    (folder / "data.npz").write_bytes(b"1")
    chosen = settings.model_copy(update={"dataset": dataset})
    monkeypatch.chdir(Path(project.root).parent)
    before = facts(project, chosen, "builtin")
    with (folder / "data.npz").open("r+b") as file:  # in place, so that the folder keeps its time
        file.write(b"22")
    assert facts(project, chosen, "builtin") != before


def test_a_document_whose_name_fits_no_zip_is_refused_before_anything_is_made(tmp_path):
    (tmp_path / "my paper.qmd").write_text("Text.\n")
    project = Project(tmp_path, Report(document=Document("my paper.qmd")))
    with pytest.raises(InputError, match=r"'my paper.pdf' is no name for a zip: .*Rename the document"):
        make(project, project.settings(), Request("bundle"))
    assert [path.name for path in tmp_path.iterdir()] == ["my paper.qmd"]
