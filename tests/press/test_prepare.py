"""What documents read is made in an order, kept under the code that made it, and made only for who reads it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from copies import ROOT

DECLARED = """
from press.report import Document, Product, Report, Step

REPORT = Report(
    document=Document("paper.qmd", products=("first", "second"), steps=("long",)),
    further=(Document("table.qmd", products=("second",)), Document("told.qmd"), Document("all.qmd")),
    products=(
        Product("first", "work:first", "Making the first"),
        Product("second", "other:second", "Making the second"),
    ),
    steps=(Step("long", run="work:run", state="work:state", why="work:why"),),
    variables="prose:variables",
)
"""
WORK = """
from pathlib import Path


def first(settings):
    exec(Path("meanwhile.txt").read_text() if Path("meanwhile.txt").exists() else "")
    return 1


def run(project, settings, tell):
    tell("Working for long")
    Path("long.txt").write_text("3")


def state(project, settings):
    return Path("long.txt").read_text() if Path("long.txt").exists() else None


def why(project, settings):
    return "long work", () if Path("long.txt").exists() else ("never done",)
"""
PROSE = """
from pathlib import Path

from press.keeping.kept import require_made


def length():
    require_made("long")
    return {"value": Path("long.txt").read_text()}


def variables(project, settings, products):
    return {
        "own": {"value": "0"},
        "a": lambda: {"value": str(products["first"])},
        "b": lambda: {"value": str(products["second"])},
        "c": length,
    }
"""
OTHER = "def second(settings):\n    return 2\n"

SCRIPT = """
import sys, json
from press import environment
from press.prepare import prepare, stages
from press.project import Project
project = Project.find()
environment.apply(project)
settings = project.settings()
which = sys.argv[1]
documents = {each.name: each for each in project.report.documents}
if which == "stages":
    for found in stages(project, settings, tell=lambda text: print("told", text)):
        print("there", sorted(found.variables), sorted(found.unmade), found.inputs["paper.qmd"]["long"])
else:
    prepare(project, settings, tell=lambda text: print("told", text), document=documents.get(which))
"""


@pytest.fixture
def root(tmp_path) -> Path:
    """A small report with two products and long work."""
    (tmp_path / "_quarto.yml").write_text("")
    (tmp_path / "pyproject.toml").write_text('[tool.press]\nreport = "declared:REPORT"\n')
    texts = {"paper": "{{< var c.value >}}", "table": "", "told": "{{< var b.value >}}", "all": "{{< var c.value >}}"}
    for name, text in texts.items():
        (tmp_path / f"{name}.qmd").write_text(f"Text {text}.\n")
    for name, text in {"declared": DECLARED, "work": WORK, "prose": PROSE, "other": OTHER}.items():
        (tmp_path / f"{name}.py").write_text(text)
    return tmp_path


def run(root: Path, which: str = "everything") -> tuple[list[str], str]:
    """Prepare in a process of its own; return what was told, and the error."""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "code"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", SCRIPT, which]
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, timeout=300, check=False)
    return done.stdout.splitlines(), done.stderr


def test_what_takes_long_comes_last_and_the_rest_is_there_before_it(root):
    assert run(root, "stages")[0] == [
        "there ['own'] ['first', 'long', 'second'] being made",
        "told Making the first",
        "there ['a', 'own'] ['long', 'second'] being made",
        "told Making the second",
        "there ['a', 'b', 'own'] ['long'] being made",
        "told Working for long",
        "told Writing the numbers of the prose",
        "there ['a', 'b', 'c', 'own'] [] 3",
    ]
    assert run(root, "stages")[0] == ["there ['a', 'b', 'c', 'own'] [] 3"]


@pytest.mark.parametrize(
    ("document", "made"),
    [
        ("table", ["told Making the second"]),
        ("told", ["told Making the second"]),
        ("all", ["told Working for long"]),
    ],
)
def test_a_document_makes_what_its_cells_and_its_variables_read_and_nothing_else(root, document, made):
    assert run(root, document)[0] == made
    assert not (root / "_variables.yml").exists(), "not all of them are known"


def test_what_old_code_made_is_never_kept_as_the_new_ones(root):
    (root / "meanwhile.txt").write_text("Path('other.py').write_text('def second(settings):\\n    return 22\\n')")
    told, error = run(root)
    assert told == ["told Making the first", "told Making the second"]
    assert "Making the second: the code was edited meanwhile" in error
    assert not (root / ".cache/products/second.json").exists()
    assert (root / ".cache/products/first.json").exists()
    (root / "meanwhile.txt").unlink()
    assert run(root)[1] == ""
    assert 'b:\n  "value": "22"' in (root / "_variables.yml").read_text().replace('"b":', "b:")


def test_what_a_function_may_read_counts(root):
    (root / "data").mkdir()
    (root / "data" / "x.txt").write_text("1")
    (root / "other.py").write_text("def second(settings):\n    return int(open('data/x.txt').read())\n")
    assert "told Making the second" in run(root)[0]
    (root / "data" / "x.txt").write_text("5")
    assert "told Making the second" in run(root)[0]
    assert '"5"' in (root / "_variables.yml").read_text()
    assert run(root)[0] == []


def test_variables_of_old_code_are_not_kept_either(root):
    run(root, "table")
    (root / "long.txt").write_text("3")
    (root / "meanwhile.txt").write_text(
        "Path('prose.py').write_text(Path('prose.py').read_text().replace('\"0\"', '\"9\"'))"
    )
    assert "Writing the numbers of the prose: the code was edited meanwhile" in run(root)[1]
    assert not (root / ".cache/products/variables.json").exists()
    assert run(root)[1] == ""
    assert '"9"' in (root / "_variables.yml").read_text()
