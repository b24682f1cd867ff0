"""No result goes stale: an edit of whatever a page follows from is noticed, named, and makes the right things again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from small_report import CELLS, FILES, make_built, printed, run

REPORT = "report/report.qmd"
PROBE = str(Path(__file__).with_name("stale_probe.py"))

SHOWN = {
    "package": ("code/own/numbers.py", "package 1", "package 2"),
    "package of a package": ("code/own/second.py", "second 1", "second 2"),
    "registered": ("code/own/registry.py", "registered 1", "registered 2"),
    "beside": ("report/measured.csv", "beside 1", "beside 2"),
    "below": ("report/tables/deep/more.csv", "below 1", "below 2"),
    "data": ("data/labels", "data 1", "data 2"),
    "outside": ("../elsewhere/far.txt", "outside 1", "outside 2"),
    "helper": ("report/helper.py", "helper 1", "helper 2"),
    "hidden": ("report/hidden.py", "hidden 1", "hidden 2"),
    "folder": ("report/parts/inner.py", "folder 1", "folder 2"),
    "by path": ("../elsewhere/far.py", "by path 1", "by path 2"),
    "listed": ("report/tables/b.csv", "", "2"),
    "child": ("report/notes.txt", "child 1", "child 2"),
    "environment": ("_environment", "environment 1", "environment 2"),
    "style": ("report/matplotlibrc", "1.25", "1.75"),
    "library": ("../site-packages/fake-1.0.dist-info/METADATA", "Version: 1.0", "Version: 2.0"),
    "program": ("report/program.txt", "program 1", "program 2"),
}
"""Edits that a cell shows, or might: each executes the cells."""

COMPUTED = {"product": ("code/own/computing.py", "product 1", "product 2")}
"""Edits that make a product again."""

SET = {
    "prose": (REPORT, "Prose 1", "Prose 2"),
    "part": ("report/parts/_text.md", "In a part 1", "In a part 2"),
    "note": ("notes/far.md", "Far away 1", "Far away 2"),
    "image": ("report/images/drawn.svg", 'width="9"', 'width="8"'),
    "reference": ("literature/references.bib", "A title 1", "A title 2"),
    "template": ("report/_extensions/coursework/typst-template.typ", "\n", "\n\n"),
    "engine": ("code/press/typesetting/emit.py", "\n", "\n\n"),
    "checker": ("code/handin/examine.py", "\n", "\n\n"),
    "options": ("_quarto.yml", "en-GB", "en-US"),
    "comment in a module": ("code/own/second.py", "return 1", "return 1  # said"),
    "comment": ("report/helper.py", "def rate", "# said\ndef rate"),
}
"""Edits of what the pages are made from and no cell reads: no cell is executed."""

NO_MATTER = {
    "what Quarto leaves": ("report/report.html", "", "left"),
    "what an editor leaves": ("report/report.qmd~", "", "left"),
}
"""Edits after which all is current."""

EDITS = SHOWN | COMPUTED | SET | NO_MATTER


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The small project, built."""
    return make_built(tmp_path_factory.mktemp("stale"))


@pytest.fixture(scope="module")
def answers(project, tmp_path_factory):
    """What each edit alone makes out of date."""
    edits = tmp_path_factory.mktemp("edits") / "edits.json"
    edits.write_text(json.dumps(EDITS))
    done = run(project, PROBE, str(edits))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def executed(rows) -> bool:
    return any("cells of" in what for what in rows)


def test_every_way_of_reading_has_an_edit():
    assert set(CELLS) <= set(SHOWN | COMPUTED)
    assert {file for file, *_ in EDITS.values()} >= {name for name in FILES if name.startswith("report/parts")}


def test_what_is_current_is_called_so_though_files_were_written_again(answers):
    assert answers["none"] == {"rows": {}, "errors": []}


@pytest.mark.parametrize("edit", SHOWN)
def test_what_a_cell_reads_is_executed_again_and_named(answers, edit):
    rows, errors = answers[edit]["rows"], answers[edit]["errors"]
    name = {"library": "fake is 2.0, it was 1.0", "listed": "report/tables"}.get(edit, EDITS[edit][0])
    assert executed(rows)
    assert {what.rpartition(".")[2] for what in rows} >= {"pdf", "zip"}
    for why in rows.values():
        assert name in why
    assert errors


@pytest.mark.parametrize("edit", COMPUTED)
def test_what_a_product_follows_from_makes_it_again(answers, edit):
    assert "code/own/computing.py changed" in answers[edit]["rows"]["computed"]
    assert answers[edit]["errors"]


@pytest.mark.parametrize("edit", SET)
def test_what_no_cell_reads_is_set_again_and_executes_nothing(answers, edit):
    rows, errors = answers[edit]["rows"], answers[edit]["errors"]
    assert not executed(rows)
    assert rows
    assert all(EDITS[edit][0] in why for why in rows.values())
    assert errors


@pytest.mark.parametrize("edit", NO_MATTER)
def test_what_shapes_no_page_makes_nothing_again(answers, edit):
    assert answers[edit] == {"rows": {}, "errors": []}


def test_all_edits_together_are_on_the_page(project):
    for file, old, new in (SHOWN | COMPUTED | SET).values():
        path = project / file
        text = path.read_bytes() if path.exists() else b""
        path.write_bytes(text.replace(old.encode(), new.encode()) if old else new.encode())
    done = run(project, "bundle")
    assert done.returncode == 0, done.stderr
    text = printed(project)
    for kind in (
        "package",
        "product",
        "beside",
        "below",
        "data",
        "outside",
        "helper",
        "hidden",
        "folder",
        "by path",
        "child",
    ):
        assert f"'{kind} 2" in text
    for words in (
        "second 2",
        "registered 2",
        "'environment 2'",
        "'program 2'",
        "1.75",
        "Prose 2",
        "In a part 2",
        "Far away 2",
        "title 2",
    ):
        assert words in text
    again = run(project, "status")
    assert "to be made" not in again.stdout
