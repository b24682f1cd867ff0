"""What a document's cells write themselves is no edit of a source, and is there as they left it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(folder: Path, *arguments: str) -> str:
    """Run a command in a folder, with what it says in a log beside the documents; return the log."""
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    log = folder / "log.txt"
    with log.open("w") as file:
        command = [sys.executable, "-m", "press.commands.main", *arguments]
        done = subprocess.run(command, cwd=folder, env=environment, stdout=file, stderr=file, timeout=120, check=False)
    said = log.read_text()
    assert done.returncode == 0, said
    return said


CELL = "```{python}\n#| echo: false\n"
DRAWN = (
    "from PIL import Image\nImage.new('RGB', (40, 30), 'red').save('a.png')\n```\n\n![A square](a.png){fig-alt='x'}\n"
)
TIMED = "import time\nopen('time.txt', 'w').write(str(time.time()))\nprint('Ran', open('time.txt').read())\n```\n"


@pytest.fixture(params=["a paper alone", "a folder of a project"])
def folder(request, tmp_path):
    if request.param == "a paper alone":
        return tmp_path
    (tmp_path / "_quarto.yml").write_text("project:\n  title: T\n")
    (tmp_path / "chapters").mkdir()
    return tmp_path / "chapters"


@pytest.mark.parametrize(("cell", "file"), [(DRAWN, "a.png"), (TIMED, "time.txt")])
def test_a_cell_may_write_files_beside_its_document(folder, cell, file):
    paper, written = folder / "paper.qmd", folder / file
    paper.write_text(f"{CELL}{cell}\nProse 1.\n")
    assert "Executing the 1 cell" in run(folder, "render", "paper.qmd")
    assert "Nothing has changed" in run(folder, "render", "paper.qmd")
    paper.write_text(paper.read_text().replace("Prose 1", "Prose 2"))
    assert "Executing" not in run(folder, "render", "paper.qmd")
    left = written.read_bytes()
    for other in (None, b"edited"):
        written.write_bytes(other) if other else written.unlink()
        assert "Executing the 1 cell" in run(folder, "render", "paper.qmd")
        assert written.read_bytes() == left or cell is TIMED
    assert "Nothing has changed" in run(folder, "render", "paper.qmd")
