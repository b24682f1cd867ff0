"""The environment of a build: the project's own, whatever the author's shell has set."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from copies import ROOT
from handin.errors import InputError
from press import environment
from press.project import Project


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name in (*environment.FOLDERS, *environment.FIXED, *environment.FOREIGN, "TF_CPP_MIN_LOG_LEVEL"):
        monkeypatch.setenv(name, "")  # so that it is put back after the test
        monkeypatch.delenv(name)
    (tmp_path / "_environment").write_text("# a comment\nSOURCE_DATE_EPOCH=17\nTF_CPP_MIN_LOG_LEVEL='3'\n")
    return Project(tmp_path)


def test_what_decides_on_the_bytes_is_the_projects(project, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "99")
    environment.apply(project)
    assert os.environ["SOURCE_DATE_EPOCH"] == "17"


def test_the_projects_own_file_fixes_time_and_locale(project, monkeypatch):
    """A Turkish locale sets the text of figures otherwise; another time changes the PDF."""
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "99")
    (project.root / "_environment").write_bytes((ROOT / "_environment").read_bytes())
    environment.apply(project)
    assert os.environ["LC_ALL"] == "C.UTF-8"
    assert os.environ["SOURCE_DATE_EPOCH"] == "1767225600"


def test_what_only_the_author_sees_is_the_authors(project, monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    environment.apply(project)
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"


@pytest.mark.parametrize("name", environment.FOREIGN)
def test_what_is_meant_for_other_work_is_forgotten(project, monkeypatch, name):
    monkeypatch.setenv(name, "x")
    environment.apply(project)
    assert name not in os.environ


def test_a_profile_that_would_be_passed_over_is_refused(project, monkeypatch):
    monkeypatch.setenv("QUARTO_PROFILE", "advanced")
    with pytest.raises(InputError, match="QUARTO_PROFILE is 'advanced', and only Quarto reads profiles: unset it"):
        environment.apply(project)
    monkeypatch.setenv("QUARTO_PROJECT_DIR", str(project.root))  # Quarto itself calls
    environment.apply(project)


def test_nothing_is_written_outside_the_project(project):
    environment.apply(project)
    assert all(os.environ[name].startswith(str(project.cache)) for name in environment.FOLDERS)


def test_a_project_that_cannot_be_written_can_still_be_looked_at(project):
    project.cache.write_text("in the way")
    environment.apply(project)


@pytest.mark.parametrize("content", [b"", b"# a remark\n", None])
def test_a_file_that_says_nothing_has_no_values(tmp_path, content):
    if content is not None:
        (tmp_path / "_environment").write_bytes(content)
    assert environment.read(tmp_path / "_environment") == {}


WORKING = "from joblib import Parallel, delayed\nprint(sum(Parallel(n_jobs=2)(delayed(abs)(n) for n in (-1, -2))))"


def test_worker_processes_start_in_a_folder_of_any_name(project, monkeypatch):
    """joblib tells its own helper the names of its folders in ASCII."""
    folder = project.root / "Müllers mémoire"
    folder.mkdir()
    environment.apply(Project(folder))
    assert os.environ["MPLCONFIGDIR"].startswith(str(folder))
    done = subprocess.run([sys.executable, "-c", WORKING], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr
