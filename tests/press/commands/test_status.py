"""The status names everything that is handed in, in plain words and whole."""

from __future__ import annotations

import pytest

from copies import ROOT
from coursework.report import REPORT
from handin.names import PLACEHOLDER_ID
from press.commands import status
from press.marker import MARKED, MARKER
from press.project import Project

ZIP = "101234567-CS3950.zip"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with nothing but settings and an output folder."""
    for name in ("QUARTO_PROJECT_DIR", "STUDENT_ID", "COURSEWORK_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "_quarto.yml").write_text("")
    (tmp_path / "coursework.yml").write_text('student_id: "101234567"\ndate: 2026-11-23\n')
    (tmp_path / "_output").mkdir()
    return Project(tmp_path, REPORT)


def test_what_is_handed_in_is_named_in_plain_words(monkeypatch):
    monkeypatch.setenv("STUDENT_ID", "101234567")
    project = Project(ROOT, REPORT)
    what = [name for name, _, _ in status.states(project, project.settings())]
    assert f"_output/{ZIP}" in what
    assert not {"evidence", "printed", "recurrent"} & set(what)


def test_a_placeholder_and_a_failed_build_are_mentioned(project):
    loaded = project.settings()
    assert status.notes(project, loaded) == []
    (project.output / MARKER).write_text(f"{MARKED}: {ZIP}\n")
    assert "see _output/NOT-CURRENT.txt" in " ".join(status.notes(project, loaded))
    placeholder = loaded.model_copy(update={"student_id": PLACEHOLDER_ID})
    assert "placeholder" in status.notes(project, placeholder)[0]


def test_no_name_is_cut_where_no_terminal_is(project, monkeypatch, capsys):
    name = "_output/" + "x" * 100 + ".zip"
    monkeypatch.setattr(status, "states", lambda project, settings: [(name, False, "never made [yet]")])
    status.show(project, project.settings())
    assert name in capsys.readouterr().out
