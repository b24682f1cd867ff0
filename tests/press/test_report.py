"""What a report may say of itself, and what is said to its author where it cannot be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from handin.errors import InputError
from press.report import Document, Product, Report, Step, imported

PAPER = Document("paper.qmd")
ONE = Product("one", "module:function", "Computing")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"document": Document("../paper.qmd")}, "../paper.qmd must be a .qmd file in the project"),
        ({"document": Document("/home/paper.qmd")}, "/home/paper.qmd must be a .qmd file in the project"),
        ({"document": Document("paper.md")}, "paper.md must be a .qmd file"),
        ({"notebook": Document("notes/paper.qmd")}, "Two documents are called 'paper'"),
        ({"further": (Document("a.qmd"), Document("b/a.qmd"))}, "Two documents are called 'a'"),
        ({"products": (ONE, ONE)}, "Two products or steps are called 'one'"),
        ({"products": (ONE,), "steps": (Step("one", "m:f", "m:g"),)}, "Two products or steps are called 'one'"),
        ({"document": Document("paper.qmd", products=("two",)), "products": (ONE,)}, "product 'two', .*it has: one"),
        ({"document": Document("paper.qmd", steps=("runs",))}, "step 'runs', .*it has: none"),
        ({"printed": "two", "products": (ONE,)}, "product 'two', .*it has: one"),
    ],
)
def test_what_cannot_be_meant_is_refused(given, words):
    with pytest.raises(InputError, match=words):
        Report(**{"document": PAPER, **given})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere:f", "names nowhere:f, but there is no module nowhere"),
        ("json:nothing", "json has no nothing"),
        ("json", "json has no part without a name"),
    ],
)
def test_what_is_named_and_not_there_is_said(name, words):
    with pytest.raises(InputError, match=words):
        imported(name)


REPORT = """
from press.report import Document, Product, Report, Step

REPORT = Report(
    Document("paper.qmd"),
    products=(Product("sum", "small:compute", "Computing the sum"),),
    variables="small:values",
)


def compute(settings):
    {compute}


def values(project, settings, products):
    return {values}
"""


def render(folder: Path, module: str, *arguments: str) -> subprocess.CompletedProcess:
    """Render a project whose report is this module."""
    folder.mkdir()
    (folder / "_quarto.yml").write_text("lang: en\n")
    (folder / "pyproject.toml").write_text('[tool.press]\nreport = "small:REPORT"\n')
    (folder / "paper.qmd").write_text("---\ntitle: Paper\n---\n\nText.\n")
    (folder / "small.py").write_text(module)
    command = [sys.executable, "-m", "press.commands.main", "render", *arguments]
    return subprocess.run(command, cwd=folder, env={**os.environ}, capture_output=True, text=True, check=False)


def module(compute: str = "return 1", values: str = "{}") -> str:
    return REPORT.replace("{compute}", compute).replace("{values}", values)


def sentence(done: subprocess.CompletedProcess, folder: Path) -> str:
    """Return the one line that says what is wrong, after those that say what is being done."""
    assert not (folder / "_variables.yml").exists()
    assert not list((folder / "_output").glob("*.pdf"))
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith("· ")]
    return line.removeprefix("✗ ")


@pytest.mark.parametrize(
    ("compute", "said"),
    [
        ("assert 1 == 2, 'the sum is wrong'", "Computing the sum: the sum is wrong (small.py:12)."),
        ("assert 1 == 2", "Computing the sum: AssertionError (small.py:12)."),
        ("return 1 / 0", "Computing the sum: ZeroDivisionError: division by zero (small.py:12)."),
    ],
)
def test_a_product_that_raises_stops_the_build_in_a_sentence(tmp_path, compute, said):
    done = render(tmp_path / "small", module(compute))
    assert done.returncode == 1
    assert sentence(done, tmp_path / "small") == f"{said} The details are in .cache/last-error.txt."


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("{'a': {'b': 1.5}}", "The variable a.b must be text in one line, without TeX and shortcodes, not 1.5."),
        ("{'a': {'b': '$x$'}}", "The variable a.b must be text in one line, without TeX and shortcodes, not '$x$'."),
        ("{'a': {'b.c': 'x'}}", "The variable a.b.c must have a name of letters, digits, - and _, with one dot in it."),
        ("{'a': 'b'}", "The variables 'a' must be a group: a name for each value."),
    ],
)
def test_a_variable_that_quarto_prints_otherwise_is_refused(tmp_path, values, said):
    done = render(tmp_path / "small", module(values=values))
    assert done.returncode == 2
    assert sentence(done, tmp_path / "small") == said


NOT_IMPORTED = "The report names small:REPORT, which cannot be imported:"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nothing", "small:REPORT needs the module nothing, which is not there: install it."),
        ("REPORT = (", f"{NOT_IMPORTED} SyntaxError: '(' was never closed (small.py:1)."),
        ("REPORT = 1", "small:REPORT is a int, not a Report."),
        ("1 / 0", f"{NOT_IMPORTED} ZeroDivisionError: division by zero (small.py:1)."),
        (
            module().replace('"paper.qmd"', '"../paper.qmd"'),
            "../paper.qmd must be a .qmd file in the project, named from the project's folder.",
        ),
    ],
)
def test_a_report_that_cannot_be_had_is_said_in_a_sentence(tmp_path, text, said):
    done = render(tmp_path / "small", text)
    assert done.returncode == 2
    assert sentence(done, tmp_path / "small") == f"pyproject.toml: tool.press.report: {said}"


def test_a_document_that_is_not_there_is_said_in_a_sentence(tmp_path):
    done = render(tmp_path / "small", module().replace('"paper.qmd"', '"thesis.qmd"'))
    assert done.returncode == 2
    said = "thesis.qmd is missing: write or restore it, or correct its name where the report is described."
    assert sentence(done, tmp_path / "small") == said


def test_a_product_that_no_edit_would_reach_is_refused(tmp_path):
    done = render(tmp_path / "small", module().replace('"small:compute"', '"fractions:Fraction"'))
    assert done.returncode == 2
    assert sentence(done, tmp_path / "small").startswith(
        "The report names fractions:Fraction, whose module lies neither in code/ nor beside the documents: move it"
    )
