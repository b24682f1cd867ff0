"""Finding the project from where a process runs."""

import pytest

from handin.errors import InputError
from press.project import Project


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.delenv("QUARTO_PROJECT_DIR", raising=False)
    root = tmp_path / "project"
    (root / "report").mkdir(parents=True)
    (root / "_quarto.yml").write_text("project:\n  type: default\n")
    return root


def test_it_is_found_from_a_folder_below(project, monkeypatch):
    monkeypatch.chdir(project / "report")
    assert Project.find().root == project.resolve()
    assert Project.find(project / "report").root == project.resolve()


@pytest.mark.parametrize("named", [".", "report"])
def test_quarto_names_the_project_or_the_documents_folder(project, monkeypatch, tmp_path, named):
    """For a document outside the render list, such as the notebook's source, Quarto names the document's folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QUARTO_PROJECT_DIR", str(project / named))
    assert Project.find().root == project.resolve()


def test_outside_a_project_it_is_an_error(tmp_path, monkeypatch):
    monkeypatch.delenv("QUARTO_PROJECT_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"No _quarto\.yml"):
        Project.find()
