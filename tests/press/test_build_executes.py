"""What is executed after which edit: for a submission, a draft and a preview, and with what is kept."""

from __future__ import annotations

import pytest

from handin.errors import WorkError
from press.build import Builder, Purpose
from press.execution.running import Kernel
from press.keeping import digests
from small_document import CELLS, VARIABLES, reading

EDITS = [
    # what is edited, from, to, whether cells are executed
    ("prose", "See @fig-x", "Look at @fig-x", False),
    ("a caption", "A figure of $x$.", "Another caption.", False),
    ("an alternative text", "A line that rises.", "A rising line.", False),
    ("a comment in a cell", "plt.figure(figsize=(3, 2))", "plt.figure(figsize=(3, 2))  # small", False),
    ("a variable", "{{< var q1.y >}}", "{{< meta title >}}", False),
    ("echo", "#| echo: true\n#| lst-label", "#| echo: fenced\n#| lst-label", False),
    ("code", "plt.plot([1, 2]);", "plt.plot([1, 3]);", True),
    ("a new cell", "so here.", "so here.\n\n```{python}\n1 + 1\n```\n", True),
]


@pytest.mark.parametrize(("what", "old", "new", "executes"), EDITS, ids=[edit[0] for edit in EDITS])
def test_what_an_edit_executes(project, write, what, old, new, executes):
    with Builder(project) as builder:
        write(CELLS)
        assert builder.report(reading(VARIABLES, {})).executed
        assert not builder.report(reading(VARIABLES, {})).executed
        assert old in CELLS
        write(CELLS.replace(old, new))
        assert builder.report(reading(VARIABLES, {})).executed is executes


def test_a_document_without_cells_needs_no_kernel(submission, write, monkeypatch):
    def start(self):
        raise AssertionError("a kernel was started")

    monkeypatch.setattr(Kernel, "start", start)
    write("# A {#sec-a}\n\nNo cell.\n\n```{python}\n#| eval: false\n#| echo: true\nshown\n```\n")
    for refresh in (False, True):
        made = submission.report(reading(VARIABLES, {}), refresh=refresh)
        assert (made.executed, made.is_draft, "shown" in made.text) == (False, False, True)


def test_inputs_and_a_refresh_execute(builder, write):
    write("```{python}\n1 + 1\n```\n")
    assert builder.report(reading({}, {"settings": 1})).executed
    assert not builder.report(reading({}, {"settings": 1})).executed
    assert builder.report(reading({}, {"settings": 2})).executed
    assert builder.report(reading({}, {"settings": 2}), refresh=True).executed


def test_a_wrong_line_of_the_figures_style_is_named(builder, project, write):
    style = project.folder / "matplotlibrc"
    write("```{python}\n1 + 1\n```\n")
    for text, line, word in (
        ("lines.linewidth: 1\nfont.size: nine\n", 2, "nine"),
        ("\n\nno.such.key: 1\n", 3, "no.such.key"),
        ("lines.linewidth 1\n", 1, "colon"),
    ):
        style.write_text(text)
        with pytest.raises(WorkError, match=rf"^report/matplotlibrc:{line}: .*{word}"):
            builder.report(reading())
    style.write_text("lines.linewidth: 1\n")
    assert builder.report(reading()).executed


def test_what_is_edited_while_cells_run_is_executed_again(project, write):
    style = project.folder / "matplotlibrc"
    style.write_text("lines.linewidth: 1\n")
    write("```{python}\n1 + 1\n```\n")

    def edit(document, index, count, cell):
        style.write_text("lines.linewidth: 2\n")

    with Builder(project, on_cell=edit) as builder:
        assert builder.report(reading()).executed
        assert builder.report(reading()).executed, "the outputs may be those of the style before"
        assert not builder.report(reading()).executed
        style.write_text("lines.linewidth: 1\n")
        assert builder.report(reading()).executed, "the outputs may be those of the style after"


def test_the_modules_that_cells_import_are_among_what_is_followed(project, write, monkeypatch):
    """A preview watches these files: a package beside a document is in none of its other folders."""
    monkeypatch.setattr(digests, "_folders", (digests.code_folder(), project.folder.resolve()))
    package = project.folder / "apart"
    package.mkdir()
    (package / "tool.py").write_text("X = 1\n")
    write("```{python}\nfrom apart import tool\ntool.X\n```\n")
    with Builder(project, Purpose.PREVIEW) as preview:
        preview.report(reading({}, {}))
        assert (package / "tool.py").resolve() in preview.used.files


def test_a_kernel_is_started_ahead_where_the_code_has_changed(project, write):
    write("```{python}\n1 + 1\n```\n")
    write("Nothing.", "q6-classifier")
    with Builder(project) as builder:
        builder.foresee()
        assert not builder._ahead, "nothing is known yet"
        first = builder.report(reading({}, {"settings": 1}))
        builder.foresee()
        assert not builder._ahead, "nothing has changed"
        write("More.\n\n```{python}\n1 + 1  # two\n```\n")
        builder.foresee()
        assert not builder._ahead, "prose and comments have changed"
        write("```{python}\n1 + 2\n```\n")
        builder.foresee()
        assert list(builder._ahead) == ["report/report.qmd"]
        second = builder.report(reading({}, {"settings": 1}))
        assert not builder._ahead
    assert (first.executed, second.executed) == (True, True)
    assert "2" in first.text
    assert "3" in second.text
    write("```{python}\n1 + 3\n```\n")
    with Builder(project) as builder:
        builder.foresee()
        manager = builder._ahead["report/report.qmd"]._manager
        assert manager.is_alive()
    assert not manager.is_alive(), "it is ended though nothing was executed"


def test_what_a_preview_executed_is_executed_again_for_handing_in(project, write):
    write("```{python}\n1 + 1\n```\n")
    with Builder(project, Purpose.PREVIEW) as preview:
        assert preview.report(reading()).executed
        write("```{python}\n1 + 3\n```\n")
        assert preview.report(reading()).executed
    with Builder(project, Purpose.PREVIEW) as preview:
        assert not preview.report(reading()).executed, "it is kept for the next preview"
    with Builder(project) as builder:
        assert builder.report(reading()).executed, "the kernel was not a fresh one"
        write("```{python}\n1 + 1\n```\n")
        assert not builder.report(reading()).executed, "then it was"
    write("```{python}\n1 + 2\n```\n")
    with Builder(project) as builder:
        assert builder.report(reading()).executed
    with Builder(project, Purpose.PREVIEW) as preview:
        assert not preview.report(reading()).executed, "a fresh kernel is good enough for a preview"


def test_a_preview_executes_the_edited_chapter_alone(project, write):
    ran = []

    def chapter(name, code):
        (project.folder / f"_{name}.qmd").write_text(f"Text.\n\n```{{python}}\n{code}\n```\n")

    chapter("one", "shared = 1\nprint(shared)")
    chapter("two", "print(shared + 10)")
    chapter("three", "print('other')")
    write("{{< include _one.qmd >}}\n\n{{< include _two.qmd >}}\n\n{{< include _three.qmd >}}\n")
    noted = {"on_cell": lambda document, index, count, cell: ran.append((index, count, cell.place))}
    with Builder(project, Purpose.PREVIEW, **noted) as preview:
        preview.report(reading())
        ran.clear()
        chapter("three", "print('edited')")
        text = preview.report(reading()).text
        assert ran == [(0, 1, "report/_three.qmd:3")]
        assert all(shown in text for shown in ("edited", "11"))
        ran.clear()
        chapter("two", "print(shared + 20)")
        assert "21" in preview.report(reading()).text
        assert [place for *_, place in ran] == ["report/_one.qmd:3", "report/_two.qmd:3"], "and what it uses"
        assert not preview.report(reading()).executed
        ran.clear()
        preview.report(reading({}, {"settings": 2}))
        assert len(ran) == 3, "what all cells may read has changed"
    ran.clear()
    with Builder(project, Purpose.PREVIEW, **noted) as preview:
        preview.report(reading({}, {"settings": 2}))
        assert not ran, "an execution of all cells is kept"
        chapter("two", "print(shared + 30)")
        preview.report(reading({}, {"settings": 2}))
    ran.clear()
    with Builder(project, Purpose.PREVIEW, **noted) as preview:
        preview.report(reading({}, {"settings": 2}))
        assert len(ran) == 2, "one of some cells is not"
    ran.clear()
    with Builder(project, **noted) as builder:
        builder.report(reading({}, {"settings": 2}))
        assert len(ran) == 3, "what is handed in comes from one execution of all cells"


def test_a_draft_executes_the_edited_chapter_alone_and_says_so(project, write):
    """What `coursework render` shows; what is handed in comes from one execution of all cells in a fresh kernel."""
    ran = []

    def chapter(name, code):
        (project.folder / f"_{name}.qmd").write_text(f"Text.\n\n```{{python}}\n{code}\n```\n")

    def built(settings=1, refresh=False, **how):
        ran.clear()
        with Builder(project, on_cell=lambda document, index, count, cell: ran.append(cell.place), **how) as builder:
            source = builder.report(reading({}, {"settings": settings}), digest=lambda: "0123", refresh=refresh)
            assert ("0123-draft" in source.text) is source.is_draft
            return source

    one, two, three = (f"report/_{name}.qmd:3" for name in ("one", "two", "three"))
    chapter("one", "shared = 1\nprint(shared)")
    chapter("two", "print(shared + 10)")
    chapter("three", "print('other')")
    write("{{< include _one.qmd >}}\n\n{{< include _two.qmd >}}\n\n{{< include _three.qmd >}}\n")
    assert not built(purpose=Purpose.DRAFT).is_draft, "all cells were executed"
    assert ran == [one, two, three]
    assert not built().executed, "so it is what can be handed in"
    chapter("three", "print('edited')")
    draft = built(purpose=Purpose.DRAFT)
    assert ran == [three]
    assert draft.is_draft
    assert all(shown in draft.text for shown in ("edited", "11"))
    assert built(purpose=Purpose.DRAFT).is_draft, "kept, and still one"
    assert ran == []
    chapter("two", "print(shared + 20)")
    draft = built(purpose=Purpose.DRAFT)
    assert all(shown in draft.text for shown in ("edited", "21")), "a draft of a draft"
    assert ran == [one, two]
    assert built(2, purpose=Purpose.DRAFT).executed, "what all cells may read has changed"
    assert ran == [one, two, three]
    chapter("three", "print('again')")
    assert not built(2).is_draft
    assert ran == [one, two, three]
    assert not built(2, purpose=Purpose.DRAFT).is_draft, "the better one is taken"
    assert ran == []
    chapter("three", "print('and again')")
    assert not built(2, purpose=Purpose.DRAFT, refresh=True).is_draft
    assert ran == [one, two, three]


def test_a_notebook_is_never_a_draft(project, write):
    """Nothing in it would say so."""
    ran = []
    for name, code in (("one", "1 + 1"), ("two", "2 + 2")):
        (project.folder / f"_{name}.qmd").write_text(f"```{{python}}\n{code}\n```\n")
    write("# N\n\n{{< include _one.qmd >}}\n\n{{< include _two.qmd >}}\n", "q6-classifier")
    with Builder(project, Purpose.DRAFT, on_cell=lambda *found: ran.append(found[1])) as builder:
        builder.notebook({}, {})
        (project.folder / "_two.qmd").write_text("```{python}\n2 + 3\n```\n")
        content, executed = builder.notebook({}, {})
    assert executed
    assert ran == [0, 1, 0, 1]
    assert b'"5"' in content


def test_a_damaged_cache_is_set_aside_and_made_again(submission, project, write):
    builder = submission
    write("```{python}\nprint('kept')\n```\n")
    before = builder.report(reading()).text
    for path in (project.cache / "executed").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.warns(UserWarning, match="damaged"):
        again = builder.report(reading())
    assert again.executed
    assert again.text == before


def test_tampered_outputs_are_not_used(submission, project, write):
    builder = submission
    write("```{python}\nprint('honest')\n```\n")
    before = builder.report(reading()).text
    for path in (project.cache / "executed").glob("*.json"):
        path.write_text(path.read_text().replace("honest", "forged"))
    with pytest.warns(UserWarning, match="damaged"):
        assert builder.report(reading()).text == before
