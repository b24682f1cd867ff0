"""What a document that stands alone follows from: what it reads, and not whatever else lies in its folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from copies import ROOT
from press import currency
from press.project import Project
from press.report import Document, Report

PAPER = """---
title: Alone
---

It is `{python} open("measured.csv").read().strip()` and `{python} __import__("helper").rate()`.

{{< include part.md >}}
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    """A paper in a folder of other things, with data, a module and a part of its own."""
    texts = {
        "paper.qmd": PAPER,
        "measured.csv": "1",
        "helper.py": "def rate():\n    return 2\n",
        "part.md": "Part 3.\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_an_edit_of_the_mark_scheme_executes_nothing(tmp_path):
    """The check reads it; a cell that reads it too is seen (see `tests/faults/test_stale.py`)."""
    for name in ("report.qmd", "marks.yml", "measured.csv"):
        (tmp_path / "report").mkdir(exist_ok=True)
        (tmp_path / "report" / name).write_text("1")
    report = Report(document=Document("report/report.qmd"), scheme="report/marks.yml")
    assert [path.name for path in currency.beside(Project(tmp_path, report))] == ["measured.csv"]


def render(folder: Path) -> tuple[int, str]:
    """Render the paper, its output going to a log beside it; return the exit code and the log."""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "code"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "press.commands.main", "render", "paper.qmd"]
    with open(folder / "log", "w") as log:
        log.write("begun\n")
        log.flush()
        done = subprocess.run(command, cwd=folder, env=env, stdout=log, stderr=log, timeout=300, check=False)
    return done.returncode, (folder / "log").read_text()


def test_a_log_in_its_folder_is_no_source(folder):
    code, log = render(folder)
    assert (code, "✓ Done:" in log) == (0, True), log
    (folder / "other.png").write_bytes(b"another's")
    code, log = render(folder)
    assert (code, "Nothing has changed" in log) == (0, True), log
    for name, new in {
        "measured.csv": "10",
        "helper.py": "def rate():\n    return 20\n",
        "part.md": "Part 30.\n",
    }.items():
        (folder / name).write_text(new)
        code, log = render(folder)
        assert (code, "✓ Done:" in log) == (0, True), (name, log)


def test_what_cells_write_no_longer_counts_among_what_is_read(tmp_path):
    """By the document: whoever stops to write a file leaves it to its author."""
    (tmp_path / "report").mkdir()
    for name in ("report.qmd", "made.csv", "measured.csv"):
        (tmp_path / "report" / name).write_text("1")
    project = Project(tmp_path, Report(document=Document("report/report.qmd")))

    def names():
        return [path.name for path in currency.beside(project)]

    currency.note_written(project, "report/report.qmd", ["report/made.csv"])
    currency.note_written(project, "report/other.qmd", [])
    assert names() == ["measured.csv"]
    currency.note_written(project, "report/report.qmd", [])
    assert names() == ["made.csv", "measured.csv"]
