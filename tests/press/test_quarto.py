"""Quarto as the other renderer: a stand-in for its program, which fails and leaves files as the real one does."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from handin.errors import WorkError
from press import quarto
from press.marker import MARKER
from press.project import Project
from press.report import Document, Report
from press.source import qmd
from press.typesetting.pandoc import said
from small_report import ID, environment, make_project, run

TRACE = """\x1b[1mpandoc\x1b[22m
  to: typst
Error running filter /opt/quarto/share/filters/main.lua:
.../_extensions/coursework/unresolved.lua:31: report/_q3.qmd: the reference @fig-nope leads nowhere
stack traceback:
\t[C]: in function 'assert'
\t.../_extensions/coursework/unresolved.lua:31: in function 'Pandoc'
\t...r/share/quarto/filters/main.lua:77: in function 'run_as_extended_ast'
"""

SHELL = f"""#!/bin/sh
exec "{sys.executable}" "$0.py" "$@"
"""
PROGRAM = """
import os, pathlib, re, subprocess, sys
if pathlib.Path("_quarto.yml").is_file():
    os.environ["QUARTO_PROJECT_DIR"] = os.getcwd()
    prepared = subprocess.run([sys.executable, "-m", "press.commands.main", "prepare"], check=False)
    if prepared.returncode:
        sys.exit(prepared.returncode)
if trace := os.environ.get("TRACE"):
    sys.exit(trace)
cells = pathlib.Path(os.environ.get("JUPYTERCACHE", ".cache/quarto"), "cells")
document = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else "report/report.qmd")
folder = "_output" if pathlib.Path("_quarto.yml").is_file() else "."
if "--output-dir" in sys.argv:
    folder = sys.argv[sys.argv.index("--output-dir") + 1]
named = re.search(r"^output-file: (.*)$", document.read_text(), re.M)
pdf = pathlib.Path(folder, document.with_name(f"{named[1]}.pdf") if named else document.with_suffix(".pdf"))
pdf.parent.mkdir(parents=True, exist_ok=True)
pdf.write_text("kept cells" if cells.exists() else "new cells")
cells.mkdir(parents=True, exist_ok=True)
"""

SENTENCES = {
    "a filter": (TRACE, "report/_q3.qmd: the reference @fig-nope leads nowhere"),
    "on one line": ("ERROR: x.lua:3: y.lua:4: no\n", "y.lua:4: no"),
    "an error of Quarto's": ("Some words\n\x1b[31mERROR: YAML is wrong\x1b[39m\nmore\n", "ERROR: YAML is wrong"),
    "other last words": ("one\n\ntwo\nthree\nfour\n", "two three four"),
    "a folder with a blank": (
        "Error running filter /a b/x.lua:\n/a b/x.lua:1: no\nnever\nstack traceback:\n",
        "no never",
    ),
    "nothing": ("", ""),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_the_sentence_of_a_refusal_is_found(case):
    printed, sentence = SENTENCES[case]
    assert said(printed) == sentence


def stand_in(program, code):
    """Write a program in Python; a line of `#!` would not do in a folder with a blank."""
    program.with_name(f"{program.name}.py").write_text(code)
    program.write_text(SHELL)
    program.chmod(0o755)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The small project, with the stand-in on the path of its commands."""
    root = make_project(tmp_path_factory.mktemp("quarto"))
    program = root.parent / "bin" / "quarto"
    program.parent.mkdir()
    stand_in(program, PROGRAM)
    return root


def render(root, **further):
    path = f"{root.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return run(root, "render", "--with", "quarto", PATH=path, **further)


def replace(path, old, new):
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_with_quarto_cells_are_executed_again_just_where_the_builtin_renderer_would(project):
    made = project / "_output" / f"{ID}-report.pdf"
    assert render(project).returncode == 0
    assert made.read_text() == "new cells"
    replace(project / "report" / "report.qmd", "Prose 1", "Prose 2")
    assert render(project).returncode == 0
    assert made.read_text() == "kept cells"
    replace(project.parent / "elsewhere" / "far.txt", "outside 1", "outside 2")
    assert render(project).returncode == 0
    assert made.read_text() == "new cells"
    done = render(project)
    assert "Nothing has changed" in done.stdout
    assert "to be made" not in "".join(line for line in run(project, "status").stdout.splitlines() if ".pdf" in line)
    replace(project / "report" / "report.qmd", "Prose 2", "Prose 3")
    done = render(project, TRACE=TRACE)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == f"✗ Quarto failed: {SENTENCES['a filter'][1]}"


def test_a_reference_that_leads_nowhere_is_refused_before_quarto_renders(project):
    document = project / "report" / "report.qmd"
    before = document.read_text()
    document.write_text(before + "\nSee @fig-nope.\n")
    done = render(project)
    document.write_text(before)
    line = before.count("\n") + 2
    assert done.returncode == 2
    assert f"report/report.qmd:{line}: the reference @fig-nope leads nowhere" in done.stderr


@pytest.mark.parametrize("fails", [True, False])
def test_quartos_pdf_does_not_take_the_place_of_an_earlier_one(tmp_path, monkeypatch, fails):
    program = tmp_path / "quarto"
    end = 'sys.exit("ERROR: no")' if fails else ""
    stand_in(program, f"import pathlib, sys\npathlib.Path('_output/paper.pdf').write_text('by Quarto')\n{end}\n")
    monkeypatch.setattr(quarto, "program", lambda: str(program))
    project = Project(tmp_path, Report(Document("paper.qmd")))
    earlier = project.output / "paper.pdf"
    earlier.parent.mkdir()
    earlier.write_text("earlier")
    document = qmd.Document(tmp_path / "paper.qmd", "paper.qmd", {}, (), (), {})
    if fails:
        with pytest.raises(WorkError, match=r"^Quarto failed: ERROR: no$"):
            quarto.pdf(project, document, "", refresh=False)
    else:
        assert quarto.pdf(project, document, "", refresh=False) == b"by Quarto"
    assert earlier.read_text() == "earlier"


def test_a_failed_render_of_quartos_own_leaves_no_older_pages(project):
    left = project / "_output" / "report" / "report.pdf"
    ours = project / "_output" / f"{ID}-report.pdf"
    ours.parent.mkdir(exist_ok=True)
    ours.write_bytes(b"of an earlier build")
    command = [str(project.parent / "bin" / "quarto"), "render"]

    def plain():
        return subprocess.run(
            command, cwd=project, env=environment(project), capture_output=True, text=True, check=False
        )

    done = plain()
    assert done.returncode == 0, done.stderr
    assert left.is_file()
    replace(project / "report" / "report.qmd", "$y = 2x$", "$y = 3x$")
    done = plain()
    assert done.returncode != 0
    assert "Section A: the printed relation $y = 3x$ does not hold" in done.stderr
    assert not left.exists()
    assert f"not current: {ours.name}\nThe last build failed: " in (project / "_output" / MARKER).read_text()


@pytest.mark.parametrize("front", ["", "output-file: other\n"])
def test_a_paper_outside_a_project_is_set_by_quarto_too(project, tmp_path, front):
    """Quarto leaves its PDF beside such a paper, where another one may lie, if it is not told where."""
    (tmp_path / "paper.qmd").write_text(f"---\ntitle: T\n{front}---\n\nWords.\n")
    (tmp_path / "paper.pdf").write_text("mine")
    path = f"{project.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = run(tmp_path, "render", "paper.qmd", "--with", "quarto", PATH=path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "paper.pdf").read_text() == "mine"
    assert [path.name for path in tmp_path.glob("_output/**/*.pdf")] == ["paper.pdf"]
    assert "cells" in (tmp_path / "_output" / "paper.pdf").read_text()
