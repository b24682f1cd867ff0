"""The built-in renderer, from source to PDF, with a real kernel, pandoc and Typst."""

from __future__ import annotations

import io
import json

import nbformat
import pikepdf
import pypdfium2
import pytest

from handin.errors import InputError, WorkError
from press import build
from press.typesetting import pandoc
from small_document import CELLS, VARIABLES, reading


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def test_everything_that_documents_use_reaches_the_pdf(builder, write):
    write(CELLS)
    source = builder.report(reading(VARIABLES, {}))
    pdf = builder.typesetter.compile(source.text)
    text = " ".join(text_of(pdf).split())
    for words in (
        "See Figure 1, Table 1, Equation 1, Q1, Listing 1, Figure 2b",
        "the value is forty-two [1]",
        "Figure 1. A figure of",
        "Table 1. A table",
        "Listing 1. Some code",
        "Figure 2. Two",
        "(b) Second part",
        "printed 2",
        "Printed Markdown, see",
        "Equation 2",
        "Answer",
        "Kingma",
    ):
        assert words in text
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert opened.Root.MarkInfo.Marked
        assert str(opened.docinfo["/Title"]) == "T"


WRITTEN = """
# First {#sec-q1}

| A | B |
|---|---|
| 1 | 2 |

: Wide. {#tbl-wide tbl-colwidths="[20,40]"}

::: {#tbl-wider tbl-colwidths="[25,75]"}
| A | B |
|---|---|
| 1 | 2 |

Wider.
:::

@Fig-drawn, @tbl-both-2 and [Tab. @tbl-both]; @lst-short.

![Drawn, {{< var q1.y >}}.](drawn.svg){#fig-drawn width=96 fig-alt="A square, {{< var q1.y >}}."}

![](/report/drawn.svg){fig-alt="Again."}

::: {#tbl-both layout-ncol=2}

| A |
|---|
| 1 |

: First. {#tbl-both-1}

| B |
|---|
| 2 |

: Second. {#tbl-both-2}

Both.
:::

```{#lst-short .python lst-cap="Short, *really*."}
{{< var q1.y >}}
```

`{{{< var q1.y >}}}` https://example.org

::: {layout-ncol=2}
Left.

Right.
:::

Term
:   What it means.
"""


def test_what_is_written_by_hand_is_set_as_quarto_sets_it(builder, write, project):
    (project.folder / "drawn.svg").write_text(SVG)
    write(WRITTEN)
    text = builder.report(reading(VARIABLES, {})).text
    assert 'image("/report/drawn.svg", alt: "A square, forty-two.", width: 1.00000in)' in text
    assert "columns: (20%, 40%)" in text
    assert "columns: (25%, 75%)" in text
    assert "#grid(columns: (1fr, 1fr,), gutter: 1em," in text
    assert '#link("https://example.org")' not in text  # Quarto links <https://example.org>, with brackets, alone
    pdf = " ".join(text_of(builder.typesetter.compile(text)).split())
    for words in (
        "Figure 1, Table 3b and Tab. 3; Listing 1.",
        "Figure 1. Drawn, forty-two.",
        "(a) First.",
        "(b) Second.",
        "Table 3. Both.",
        "Listing 1. Short, really. forty-two",
        "{{< var q1.y >}}",
        "Left. Right. Term What it means.",
    ):
        assert words in pdf


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('![A](none.svg){#fig-a fig-alt="A"}', r"report\.qmd:8: the image none\.svg does not exist in the project"),
        ('![A](../../x.svg){#fig-a fig-alt="A"}', r"report\.qmd:8: the image \.\./\.\./x\.svg does not exist"),
        ('![A](https://x.org/x.svg){#fig-a fig-alt="A"}', "is not a file of the project"),
        ("# A {#sec-a}\n\n[@sec-a, page 2]", "write them behind the bracket: @sec-a"),
        ("# A {#sec-a}\n\n[@kingma2015; @sec-a]", "a reference and a citation cannot share a bracket: @kingma2015"),
        ('```{.python lst-cap="A"}\nx\n```', "a listing with a caption needs a label"),
        (
            '| A | B |\n|---|---|\n| 1 | 2 |\n\n: C. {#tbl-a tbl-colwidths="[1]"}',
            "tbl-colwidths must hold a number for each",
        ),
        ("```{#lst-a .python}\nx\n```", "the listing lst-a needs a caption"),
    ],
)
def test_what_quarto_would_drop_or_not_find_is_refused(builder, write, project, text, message):
    (project.folder / "drawn.svg").write_text(SVG)
    write(text)
    with pytest.raises(InputError, match=message):
        builder.report(reading(VARIABLES, {}))


def test_the_same_sources_give_the_same_bytes(builder, write):
    write(CELLS)
    first = builder.typesetter.compile(builder.report(reading(VARIABLES, {})).text)
    builder._typesetter = None
    assert builder.typesetter.compile(builder.report(reading(VARIABLES, {})).text) == first


def test_pages_and_pdf_come_from_one_layout(builder, write):
    write(CELLS)
    text = builder.report(reading(VARIABLES, {})).text
    pages, pdf = builder.typesetter.pages_and_pdf(text)
    assert pdf.result() == builder.typesetter.compile(text)
    assert len(pages) == len(pypdfium2.PdfDocument(pdf.result()))
    assert all(page.startswith(b"<svg") for page in pages)


def test_a_pdf_that_keeps_no_standard_does_not_cost_the_pages(builder, write):
    write("Words.")
    text = builder.report(reading()).text
    for turn in range(2):
        with pytest.raises(InputError, match="unknown variable: nonsense"):
            builder.typesetter.pages_and_pdf(f"{text}\n#nonsense")
        pages, pdf = builder.typesetter.pages_and_pdf(f'{text}\n#image(bytes("{SVG}"))\nTurn {turn}')
        assert pages
        with pytest.raises(InputError, match="PDF/UA-1 error: missing alt text"):
            pdf.result()


SVG = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'><path d='M0 0h1v1z'/></svg>"


def test_an_error_in_the_template_names_its_line(builder, project, write):
    write("Words.")
    template = project.folder / "_extensions" / "coursework" / "typst-template.typ"
    lines = template.read_text().splitlines()
    number = next(n for n, line in enumerate(lines, 1) if line.startswith("#let ink"))
    template.write_text("\n".join([*lines[: number - 1], lines[number - 1] + " + nothing", *lines[number:]]))
    place = f"report/_extensions/coursework/typst-template.typ:{number}"
    with pytest.raises(InputError, match=f"^{place}: Typst cannot set this: unknown variable: nothing"):
        builder.typesetter.compile(builder.report(reading()).text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "```{python}\n#| label: bad\nx = 1\n1 / 0\n```\n",
            "report.qmd:12 (cell bad): ZeroDivisionError: division by zero",
        ),
        ("```{python}\n1\ndef f(:\n```\n", "report.qmd:11: SyntaxError: invalid syntax"),
        (
            "```{python}\n#| label: fig-a\n#| fig-cap: A\n#| fig-alt: B\n1\n```\n",
            "report.qmd:9: the cell fig-a must display",
        ),
        (
            "```{python}\n#| label: tbl-a\n#| tbl-cap: A\n1\n```\n",
            "report.qmd:9: the cell tbl-a is labelled as a table",
        ),
    ],
)
def test_a_failing_cell_stops_the_build_with_its_place(builder, write, text, message):
    write("\n" + text)
    with pytest.raises(WorkError) as caught:
        builder.report(reading())
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert ".py" not in str(caught.value), "IPython's own name for the cell"


def test_an_error_in_a_helper_names_its_line_too(builder, project, write):
    (project.folder / "helper.py").write_text("def look():\n    return [1][4]\n")
    write("\n```{python}\nimport helper\nhelper.look()\n```\n")
    with pytest.raises(WorkError) as caught:
        builder.report(reading())
    found = "report/report.qmd:11: IndexError: list index out of range (report/helper.py:2)"
    assert str(caught.value) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("See @fig-none.\n", "report.qmd:8: the reference @fig-none leads nowhere"),
        ("# A {#sec-aa}\n\n@sec-ab\n", "did you mean @sec-aa?"),
        ("[@kingma2014]\n", "report.qmd:8: the citation @kingma2014 is not in the bibliography (did you mean @k"),
        ("{{< var q9.z >}}\n", "report.qmd:8: the var q9.z does not exist"),
        ("{{< embed none.ipynb#fig-a >}}\n", "report.qmd:8: the notebook none.ipynb does not exist"),
        ("Text\n\n$$\n\\undefinedmacro{x}\n$$\n", "undefinedmacro"),
    ],
)
def test_what_leads_nowhere_is_refused_with_its_place(builder, write, text, message):
    write(text)
    with pytest.raises(InputError) as caught:
        builder.report(reading())
    assert message in str(caught.value)
    assert str(caught.value).startswith("report/report.qmd")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            "\n@book{a,\n  title = {T},\n\n@book{b,\n  title = {T}\n}\n",
            ":{line}: the braces of the entry a do not match",
        ),
        ("\n@book{a,\n  title = {T}}\n@book{a,\n  title = {U}}\n", ":{after}: the key a is used already"),
    ],
)
def test_a_broken_bibliography_is_refused_with_its_line(builder, project, write, entry, message):
    path = project.root / "references.bib"
    lines = path.read_text().count("\n")
    path.write_text(path.read_text() + entry)
    write("Text\n")
    with pytest.raises(InputError) as caught:
        builder.report(reading())
    assert str(caught.value).startswith("references.bib" + message.format(line=lines + 2, after=lines + 4))


def test_another_font_is_refused_and_not_replaced_in_silence(builder, project, write):
    folder = project.folder / "_extensions" / "coursework" / "fonts"
    (folder / "LibertinusSerif-Semibold.otf").unlink()
    write("Text\n")
    with pytest.raises(InputError) as caught:
        builder.typesetter.compile(builder.report(reading()).text)
    assert "report/_extensions/coursework/fonts: LibertinusSerif-Semibold.otf is missing: restore" in str(caught.value)


def test_a_bibliography_in_another_encoding_is_refused(builder, project, write):
    (project.root / "references.bib").write_bytes("@book{a,\n  title = {Ü}}\n".encode("latin-1"))
    write("Text\n")
    with pytest.raises(InputError, match="is not UTF-8 text: save it again"):
        builder.report(reading())


def test_a_pandoc_that_does_not_end_is_stopped(monkeypatch, tmp_path):
    slow = tmp_path / "pandoc"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr(pandoc, "pandoc", lambda: slow)
    monkeypatch.setattr(pandoc, "PATIENCE", 0.2)
    with pytest.raises(pandoc.PandocFailure, match=r"did not come to an end within 0\.2 seconds"):
        pandoc.run_pandoc("a", [], tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("## A\n", "report.qmd:8: this heading is of level 2 though it is the first: begin it with #."),
        ("# A\n\n### B\n", "report.qmd:10: this heading is of level 3 under one of level 1: begin it with ##."),
    ],
)
def test_headings_follow_one_another(builder, write, text, message):
    write(text)
    with pytest.raises(InputError) as caught:
        builder.report(reading())
    assert message in str(caught.value)


MEANT = {"sec-aa": {"title": "Question 9", "readings": [{"name": "some values", "samples": [{"x": 2, "y": 4}]}]}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("The product is $y = 3x$.\n", "report/report.qmd:10: Question 9: the printed relation $y = 3x$ does not hold"),
        (
            '```{python}\nfrom IPython.display import Markdown\nMarkdown("$$ y = x + 1 $$")\n```\n',
            "Question 9: the pri",
        ),
    ],
)
def test_a_formula_that_is_false_stops_the_build(builder, write, text, message):
    write("# A {#sec-aa}\n\n" + text)
    with pytest.raises(WorkError) as caught:
        builder.report(reading({}, {}, MEANT))
    assert str(caught.value).startswith(message)
    other = {"sec-aa": {**MEANT["sec-aa"], "readings": [{"name": "other values", "samples": [{"x": 0.5, "y": 1.5}]}]}}
    assert builder.report(reading({}, {}, other)).text, "new values are looked at anew"


def test_an_exempted_formula_is_set_without_its_mark(builder, write):
    write("# A {#sec-aa}\n\nIt is $y = 3x$<!-- unchecked -->, and $y = 2x$.\n")
    marked = builder.report(reading({}, {}, MEANT)).text
    write("# A {#sec-aa}\n\nIt is $y = 3x$, and $y = 2x$.\n")
    assert builder.report(reading()).text == marked


def test_an_unknown_front_matter_key_is_refused(builder, project):
    (project.folder / "report.qmd").write_text("---\ntitle: T\nthoc: true\n---\n\nText\n")
    with pytest.raises(InputError, match="'thoc' is not supported"):
        builder.report(reading())


def test_what_a_style_or_a_drawing_names_is_read_too(tmp_path):
    for name, text in {
        "a.typ": '#import "parts/b.typ": word\n#let other = "no file"',
        "parts/b.typ": '#image("/d.svg")',
        "d.svg": '<svg><image href="e.png"/></svg>',
        "e.png": "",
        "f.png": "",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = build._with_named([tmp_path / "a.typ"], tmp_path)
    assert {path.relative_to(tmp_path).as_posix() for path in found} == {"a.typ", "parts/b.typ", "d.svg", "e.png"}


def test_options_of_a_profile_are_refused_rather_than_passed_over(builder, project, write):
    write("Text\n")
    options = project.root / "_quarto.yml"
    before = options.read_text() if options.is_file() else ""
    for profile in ("default: a", "default: [b, a]", "group: [a, b]", "group: [[b, c], [a, d]]"):
        options.write_text(f"{before}\nprofile:\n  {profile}\n")
        builder.report(reading())
        (project.root / "_quarto-a.yml").write_text("toc: true\n")
        with pytest.raises(InputError, match=r"_quarto.yml: the profile a has options in _quarto-a.yml, which only"):
            builder.report(reading())
        (project.root / "_quarto-a.yml").unlink()


def test_the_notebook_is_valid_and_the_report_embeds_from_it(builder, project, write):
    write(CELLS, name="q6-classifier")
    content, executed = builder.notebook(VARIABLES, {})
    assert executed
    notebook = nbformat.reads(content.decode(), as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, 3, 4, 5]
    assert {"image/svg+xml", "image/png"} <= set(code[0].outputs[0].data)
    assert any(cell.source.startswith("**Figure 1.**") for cell in notebook.cells)
    assert "forty-two" in content.decode()
    assert str(project.root) not in content.decode()
    write("{{< embed _generated/q6-classifier.ipynb#fig-x >}}\n\n@fig-x\n")
    text = builder.report(reading(VARIABLES, {})).text
    assert "A line that rises." in text
    assert "<fig-x>" in text
    again, executed = builder.notebook(VARIABLES, {})
    assert not executed
    assert again == content
    assert json.loads(content)["metadata"]["press"]["inputs"]
