"""The command line: exit codes and sentences, on the paths that need no training."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pypdfium2
import pytest

from copies import ROOT


@pytest.fixture
def folder(tmp_path):
    """A copy of the project's sources without results."""
    target = tmp_path / "ein Projekt"
    ignore = shutil.ignore_patterns("__pycache__", "_generated", "*.egg-info")
    for name in ("report", "scripts"):
        shutil.copytree(ROOT / name, target / name, ignore=ignore)
    for name in (
        "_quarto.yml",
        "_environment",
        "coursework.yml",
        "pyproject.toml",
        "references.bib",
        "requirements.lock",
    ):
        shutil.copy(ROOT / name, target / name)
    return target


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    env = {k: v for k, v in os.environ.items() if k not in ("STUDENT_ID", "COURSEWORK_PROFILE")} | environment
    command = [sys.executable, "-m", "press.commands.main", *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_what_is_said_again_is_said_in_short(tmp_path):
    cell = "```{python}\n#| colour: red\n```\n"
    (tmp_path / "paper.qmd").write_text(f"Text.\n\n{cell}\n{cell}\n{cell.replace('colour', 'shape')}")
    done = run(tmp_path, "render", "paper.qmd")
    said = [line for line in done.stderr.splitlines() if line.startswith("!")]
    assert "paper.qmd:4: the cell option 'colour' is not supported" in said[0]
    assert said[1] == "! paper.qmd:8: the same as at paper.qmd:4."
    assert "paper.qmd:12: the cell option 'shape' is not supported" in said[2]


def test_an_image_in_letters_is_refused_in_a_line(tmp_path):
    (tmp_path / "paper.qmd").write_text(f"Text.\n\n![x](data:image/png;base64,{'A' * 9000})\n")
    done = run(tmp_path, "render", "paper.qmd")
    assert done.returncode == 2
    assert "paper.qmd:3: the image data:image/png;base64,AAA" in done.stderr
    assert len(done.stderr) < 1000


COMMANDS = ["prepare", "render", "preview", "experiments", "status", "check", "bundle", "doctor"]


def listed(folder: Path) -> list[str]:
    """Name the commands that are listed, each in a line of its own that a terminal of 80 columns holds."""
    done = run(folder, "--help", COLUMNS="80")
    assert done.returncode == 0
    lines = done.stdout.partition("Commands:\n")[2].splitlines()
    assert all(re.fullmatch(r"  [a-z]+ +[A-Z].{10,}\.", line) and len(line) <= 80 for line in lines), lines
    return [line.split()[0] for line in lines]


def test_help_names_every_command_that_the_report_has(folder):
    assert sorted(listed(folder)) == sorted([*COMMANDS, "new", "evidence"])


def test_help_names_only_what_a_report_has(tmp_path):
    assert listed(tmp_path) == ["render", "check", "new"]
    (tmp_path / "paper.qmd").write_text("Text.\n")
    (tmp_path / "_quarto.yml").write_text("lang: en\n")
    assert listed(tmp_path) == ["render", "preview", "check", "status", "doctor", "new"]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(folder, command):
    done = run(folder, command, "--help")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) > 5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "No such command"),
        (["render", "--with", "word"], "'word' is not one of"),
        (["render", "--cache-refresh", "thesis"], "'thesis' is not a document"),
        (["bundle", "--final"], "still the placeholder"),
        (["preview", "--port", "99999"], "99999"),
        (["experiments", "--workers", "0"], "0"),
    ],
)
def test_wrong_arguments_exit_2_with_a_sentence(folder, arguments, words):
    done = run(folder, *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "_output").exists()


@pytest.mark.parametrize("command", ["prepare", "render", "bundle", "experiments", "status"])
def test_wrong_settings_exit_2_and_write_nothing(folder, command):
    settings = folder / "coursework.yml"
    settings.write_text(settings.read_text().replace("inputs: [1, 2]", "inputs: [1, .nan]"))
    done = run(folder, command)
    assert done.returncode == 2
    assert "coursework.yml:10: question1.inputs[2]: must be a finite number" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (folder / "_output").exists()
    assert not (folder / "_variables.yml").exists()


def test_a_paper_whose_folder_cannot_be_read_leaves_its_older_pages_marked(tmp_path):
    (tmp_path / "_output").mkdir()
    (tmp_path / "_output" / "paper.pdf").write_bytes(b"older")
    (tmp_path / "pyproject.toml").write_text("[tool\n")
    marker = tmp_path / "_output" / "NOT-CURRENT.txt"
    assert run(tmp_path, "render", "nope.qmd").returncode == 2
    assert not marker.exists(), "no other paper's pages"
    (tmp_path / "paper.qmd").write_text("Text.\n")
    assert run(tmp_path, "render", "paper.qmd").returncode == 2
    assert "paper.pdf" in marker.read_text()
    assert "pyproject.toml cannot be read" in marker.read_text()


def test_outside_a_project_exits_2(tmp_path):
    (tmp_path / "_output").mkdir()
    (tmp_path / "_output" / "somebody's.pdf").write_bytes(b"none of ours")
    done = run(tmp_path, "render")
    assert done.returncode == 2
    assert "inside the project" in done.stderr
    assert [path.name for path in (tmp_path / "_output").iterdir()] == ["somebody's.pdf"]


def test_quarto_that_is_not_there_is_said_before_anything_is_done(folder, tmp_path):
    done = run(folder, "render", "--with", "quarto", PATH=str(tmp_path))
    assert done.returncode == 2
    assert "Quarto is not installed" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("content", [b"SOURCE_DATE_EPOCH=\n", b"SOURCE_DATE_EPOCH=yesterday\n"])
def test_without_a_fixed_time_nothing_is_built(folder, content):
    (folder / "_environment").write_bytes(content)
    done = run(folder, "render", SOURCE_DATE_EPOCH="")
    assert done.returncode == 2
    assert "_environment must set SOURCE_DATE_EPOCH" in done.stderr
    assert not (folder / "_output").exists()


def test_an_environment_that_cannot_be_read_is_said(folder):
    (folder / "_environment").write_bytes(b"\xff\xfe")
    done = run(folder, "render")
    assert done.returncode == 2
    assert "_environment is not UTF-8 text: save it again as UTF-8." in done.stderr
    assert not (folder / "_output").exists()


def test_a_terminal_without_our_signs_does_not_stop_the_work(folder):
    done = run(folder, "status", PYTHONIOENCODING="iso8859-9", COURSEWORK_PROFILE="huge")
    assert done.returncode == 2
    assert "? COURSEWORK_PROFILE=huge: experiments.profile: must be 'full' or 'tiny'" in done.stderr


@pytest.mark.parametrize("is_project", [False, True])
def test_variables_that_an_author_wrote_are_printed_and_followed(tmp_path, is_project):
    if is_project:
        (tmp_path / "_quarto.yml").write_text("lang: en\n")
    (tmp_path / "paper.qmd").write_text("---\ntitle: T\n---\n\nIt is {{< var one >}} and {{< var group.two >}}.\n")
    for value in ("seven", "eleven"):
        (tmp_path / "_variables.yml").write_text(f"one: 3\ngroup:\n  two: {value}\n")
        done = run(tmp_path, "render", "paper.qmd")
        assert done.returncode == 0, done.stderr
        page = pypdfium2.PdfDocument(tmp_path / "_output" / "paper.pdf")[0]
        assert f"It is 3 and {value}." in page.get_textpage().get_text_bounded()
    (tmp_path / "_variables.yml").write_text("one: [\n")
    assert "_variables.yml:" in run(tmp_path, "render", "paper.qmd").stderr
