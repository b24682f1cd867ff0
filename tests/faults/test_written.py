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


def test_cells_may_write_files_beside_their_document(folder):
    paper, drawn, timed = folder / "paper.qmd", folder / "a.png", folder / "time.txt"
    paper.write_text(f"{CELL}{DRAWN}\n{CELL}{TIMED}\nProse 1.\n")
    assert "Executing the 2 cells" in run(folder, "render", "paper.qmd")
    assert "Nothing has changed" in run(folder, "render", "paper.qmd")
    left = drawn.read_bytes()
    paper.write_text(paper.read_text().replace("Prose 1", "Prose 2"))
    assert "Executing" not in run(folder, "render", "paper.qmd")
    drawn.unlink()
    assert "Executing" in run(folder, "render", "paper.qmd")
    assert drawn.read_bytes() == left
    timed.write_text("edited")
    assert "Executing" in run(folder, "render", "paper.qmd")
    assert timed.read_text() != "edited"
