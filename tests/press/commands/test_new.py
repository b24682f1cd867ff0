"""The small report that `new` writes is complete: it builds in an empty folder, and a false derivation stops it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pypdfium2
import pytest

from copies import ROOT
from handin.errors import InputError
from press.commands.new import write

ADDED = {"STUDENT_ID", "COURSEWORK_PROFILE", "QUARTO_PROJECT_DIR", "PYTHONPATH"}


def press(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ADDED}
    command = [sys.executable, "-m", "press.commands.main", *arguments]
    return subprocess.run(
        command, cwd=folder, env={**kept, "PYTHONPATH": str(ROOT / "code")}, capture_output=True, text=True, check=False
    )


def test_its_own_code_is_short():
    lines = (ROOT / "examples/minimal/pendulum.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 40


def test_it_builds_in_an_empty_folder_and_a_false_derivation_stops_it(tmp_path):
    folder = tmp_path / "ein Bericht"
    write(folder)
    done = press(folder, "render")
    assert done.returncode == 0, done.stderr
    pages = pypdfium2.PdfDocument((folder / "_output" / "paper.pdf").read_bytes())
    text = " ".join(page.get_textpage().get_text_range() for page in pages)
    assert "wrong by at most 0.03" in text.replace("\xa0", " ")
    assert "Figure 1" in text
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    kept = subprocess.run(["git", "status", "--porcelain"], cwd=folder, capture_output=True, text=True, check=True)
    wanted = [".gitignore", "_extensions/", "_quarto.yml", "paper.qmd", "pendulum.py", "pyproject.toml"]
    assert kept.stdout.splitlines() == [f"?? {name}" for name in wanted], "what is made is not kept"
    source = folder / "pendulum.py"
    source.write_text(
        source.read_text(encoding="utf-8").replace("2 / sp.pi * sp.integrate", "3 / sp.pi * sp.integrate")
    )
    done = press(folder, "render")
    assert done.returncode == 1
    assert "The series does not give the exact period (pendulum.py:" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_is_written_over(tmp_path):
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(InputError, match="there and not empty: name a new folder"):
        write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
