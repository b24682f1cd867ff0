"""Reading Quarto documents: what is understood, and what is refused by name."""

from __future__ import annotations

from pathlib import Path

import pypandoc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handin.errors import InputError
from press.source import qmd, reading, references, refusals, shortcodes
from press.source.qmd import Cell, Prose, scanned


@pytest.fixture
def read(tmp_path):
    """Write files below a project folder and read the document ``report.qmd``."""

    def read_text(text: str, **others: str) -> qmd.Document:
        for name, content in {"report": text, **others}.items():
            (tmp_path / f"{name}.qmd").write_text(content, encoding="utf-8")
        document = reading.read(tmp_path / "report.qmd", tmp_path)
        refusals.refuse_unsupported(document)
        refusals.refuse_images_without_alternative(document)
        references.labels(document)
        return document

    return read_text


CELL = '```{python}\n#| label: fig-a\n#| fig-cap: "A"\n#| fig-alt: "B"\nplot()\n```\n'


def test_front_matter_prose_and_cells(read):
    document = read(f"---\ntitle: T\n---\n\nText.\n\n{CELL}\nMore.\n")
    assert document.front_matter == {"title": "T"}
    assert [type(part) for part in document.parts] == [Prose, Cell, Prose]
    cell = document.cells[0]
    assert (cell.label, cell.code, cell.place) == ("fig-a", "plot()", "report.qmd:7")


def test_includes_are_expanded_and_lines_keep_their_origin(read):
    document = read("A\n\n{{< include b.qmd >}}\n\nC\n", b="B1\nB2\n{{< include c.qmd >}}\n", c="deep\n")
    found = [(line.text, line.place) for line in document.prose if line.text.strip()]
    places = {"A": "report.qmd:1", "B1": "b.qmd:1", "B2": "b.qmd:2", "deep": "c.qmd:1", "C": "report.qmd:5"}
    assert found == list(places.items())
    assert {part.chapter for part in document.parts} == {0, 1, 2}


def test_the_options_of_a_folder_come_between_those_of_project_and_document(tmp_path):
    """As Quarto takes them: those of the project's own folder are for documents in it alone."""
    for name, text in {
        "_quarto.yml": "toc: true\n",
        "_metadata.yml": "lang: fr\ntoc-depth: 1\n",
        "a/_metadata.yml": "lang: de\nexecute:\n  echo: false\n  warning: false\n",
        "a/b/_metadata.yml": "execute:\n  echo: true\n",
        "top.qmd": "Text.\n",
        "a/b/deep.qmd": "---\nexecute:\n  warning: true\n---\n\nText.\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def options(name):
        found = reading.read(tmp_path / name, tmp_path, {"toc": True})
        return found.options, [path.relative_to(tmp_path).as_posix() for path in found.sources]

    top, _ = options("top.qmd")
    assert (top["lang"], top["toc-depth"], top["toc"]) == ("fr", 1, True)
    deep, sources = options("a/b/deep.qmd")
    assert (deep["lang"], deep["execute"]) == ("de", {"echo": True, "warning": True})
    assert "toc-depth" not in deep
    assert {"a/_metadata.yml", "a/b/_metadata.yml"} < set(sources)
    (tmp_path / "a" / "_metadata.yml").write_text("lang: it\n")
    assert options("a/b/deep.qmd")[0]["lang"] == "it"
    (tmp_path / "_quarto.yml").unlink()
    assert "lang" not in options("top.qmd")[0]


def test_a_cell_may_stand_inside_a_block(read):
    document = read("::: {.callout-tip}\n```{python}\n1\n```\n:::\n")
    assert len(document.cells) == 1


def test_an_include_inside_a_cell_becomes_code(read, tmp_path):
    (tmp_path / "helper.py").write_text("def f():\n    return 1\n")
    document = read("```{python}\n{{< include helper.py >}}\nf()\n```\n")
    assert document.cells[0].code == "def f():\n    return 1\nf()"
    assert document.cells[0].lines[0].place == "helper.py:1"


def test_code_blocks_are_not_searched(read):
    document = read("```\n@fig-none {{< nothing >}} ::: <b>\n```\n\n`@tbl-none`\n")
    assert references.references(document.prose) == []


def test_references_and_citations_are_found_with_their_places(read):
    document = read("See @fig-a and [@kingma2015, p. 3; -@tbl-b]; a@b.org is mail.\n$@eq-no$\n")
    assert references.references(document.prose) == [("fig-a", "report.qmd:1"), ("tbl-b", "report.qmd:1")]
    assert references.citations(document.prose) == [("kingma2015", "report.qmd:1")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("---\ntitle: T\n", "1: the front matter is not closed"),
        ("---\na: [\n---\n", "the front matter is not valid YAML"),
        ("{{< include none.qmd >}}\n", "1: the included file none.qmd does not exist"),
        ("{{< include ../../etc/passwd >}}\n", "1: the included file"),
        ("{{< include report.qmd >}}\n", "1: report.qmd includes itself"),
        ("\n{{< lipsum 1 >}}\n", "2: the shortcode 'lipsum' is not supported"),
        ("a {{< pagebreak >}}\n", "1: the shortcode pagebreak must stand alone"),
        ("$a = {{< var q1.y >}}$\n", "1: a shortcode inside a formula"),
        ("```{r}\n1\n```\n", "1: cells of r are not supported"),
        ("```{mermaid}\ngraph\n```\n", "1: cells of mermaid are not supported"),
        ("```{python echo=TRUE}\n1\n```\n", "1: write the option"),
        ("```{python}\n#| colour: red\n1\n```\n", "2: the cell option 'colour' is not supported"),
        ("```{python}\n#| label: fig-x\n#| fig-cap: a\n1\n```\n", "1: the cell fig-x needs a line '#| fig-alt"),
        ("```{python}\n#| label: tbl-x\n1\n```\n", "1: the cell tbl-x needs a line '#| tbl-cap"),
        ("```{python}\n#| label: [\n1\n```\n", "the cell's options is not valid YAML"),
        ("```{python}\n1\n", "1: the code cell is not closed"),
        ("```\n1\n", "1: a code block is not closed"),
        ("::: {.panel-tabset}\n:::\n", "1: the block .panel-tabset is not supported"),
        ("::: {#tip-x .callout-tip}\nx\n:::\n", "1: numbered callouts are not supported"),  # by a format of its own
        ("::: {.callout-tip}\nx\n", "1: this ::: block is not closed"),
        ("x\n:::\n", "2: this ::: closes nothing"),
        ("<div>x</div>\n", "1: raw HTML"),
        ("```{=html}\nx\n```\n", "1: raw html is not supported"),
        ("`x`{=typst}\n", "1: raw inline code"),
        ("\\newpage\n", "1: raw LaTeX"),
        ("\\begin{align}\na &= b \\label{eq:a}\n\\end{align} \\emph{c}\n", "2: raw LaTeX (\\label)"),
        ("\\begin{align}\na &= b\n\\end{align} \\emph{c}\n", "3: raw LaTeX (\\emph)"),
        ('```{.python filename="a.py"}\nx\n```\n', "1: a code block's filename="),
        ("![A](x.png)\n", "1: the image needs an alternative text"),
        ('![A](x.png){fig-alt="B" fig-align="left"}\n', "1: the image's attribute fig-align= is not supported"),
        ('![A](x.png){.lightbox fig-alt="B"}\n', "1: the image's class .lightbox is not supported"),
        ('[![A](x.png){fig-alt="B"}](https://example.org)\n', "1: an image inside a link"),
        ("Value `{r} x`.\n", "1: expressions of r are not supported"),
        ("````\n```{python}\nx\n```\n````\n", "2: a cell inside a code block"),
        ("```\n{{< lipsum 1 >}}\n```\n", "2: the shortcode 'lipsum' is not supported in a code block"),
        ('[a]{style="color: red"}\n', "1: the span's attribute style="),
        ("[a]{.aside}\n", "1: the span .aside"),
        ("A $$x$$ {#eq-a} b\n", "1: a numbered formula"),
        ("$$\nx\n", "1: a formula that begins with $$ is not closed"),
        ("a\n\n$$\nx\n\nText {{< var q1.y >}}.\n\n$$\ny\n$$\n", "3: a formula that begins with $$ is not closed"),
        ("a\nsee \\(x_1\\) b\n", "2: \\(x_1\\) is text and no formula: write it between $ "),
        ("\\[ a = b \\]\n", "1: \\[ a = b \\] is text and no formula: write it between $$ "),
        ("a\n{{< var q1.y\n", "2: the shortcode {{< is not closed"),
        ("{{< var q1.y }}\n", "1: the shortcode {{< is not closed"),
        ("a\n<!-- b\n\nc\n", "2: this comment is not closed"),
        ("a [^b].\n\n[^c]: d\n", "1: the footnote [^b] has no text"),
        ("a\n\n---\nb: [\n---\n", "3: metadata in the middle of the text"),
        ("[" * 30 + "\n", "1: more than 6 square brackets are open"),
        ("a\n" + "[b\n" * 20, "8: more than 6 square brackets are open"),
        ("```{python}\n#| label: a\n#| label: b\n1\n```\n", "3: the cell's options is not valid YAML: the key 'label'"),
        ("# A {#sec-a}\n\n# B {#sec-a}\n", "3: the label sec-a is used already at report.qmd:1"),
        ("a\x07b\n", "1: a control character (U+0007)"),
    ],
)
def test_refused_with_file_line_and_name(read, text, message):
    with pytest.raises(InputError) as caught:
        read(text)
    assert str(caught.value).startswith("report.qmd")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "[10 marks]{.marks} and [a]{.smallcaps}\n",
        "a [^b], c [[d] (e [f])]\n\n[^b]: The note.\n\n---\n\nBelow the rule.\n",
        "\\[" * 30 + " and `[[[[[[[[[` and $[[[[[[[[$\n",
        "[a\n\n" * 20,
        "\\[sic\\] and \\(so\\), [\\[3\\]](https://example.org)\n",
        "a <!-- b\nc --> d\n",
        '::: {.callout-tip title="a .panel-x b"}\n[a]{title="b .aside c"}\n:::\n',
        "::: {.callout-tip title='a = b'}\nx\n:::\n",
        "`{python}` alone, and `{x}`\n",
        "```python\nif a <1>b: pass  # x < 1 > y\n```\n",
        "```\n{{< var q1.y >}} and {{{< lipsum 1 >}}}\n```\n",
        '![A [link](https://example.org) $x$](x.png){#fig-x fig-alt="B {{< var q1.y >}}" width=50%}\n',
    ],
)
def test_what_resembles_it_is_let_through(read, text):
    read(text)


def test_a_capital_in_a_reference_begins_a_sentence(read):
    document = read("@Fig-a and @Sec-b\n")
    assert references.references(document.prose) == [("fig-a", "report.qmd:1"), ("sec-b", "report.qmd:1")]
    assert references.citations(document.prose) == []


def test_an_escaped_shortcode_is_printed():
    text = shortcodes.substitute("{{{< var q1.y >}}} is {{< var q1.y >}}", "p", {"q1": {"y": "1"}}, {})
    assert text == "{{< var q1.y >}} is 1"


@pytest.mark.parametrize("name", ['"b c.qmd"', "'b c.qmd'", '"b.qmd"', "b.qmd"])
def test_the_name_of_an_included_file_may_stand_in_quotes(read, tmp_path, name):
    for file in ("b c", "b"):
        (tmp_path / f"{file}.qmd").write_text("Words.\n")
    assert "Words." in [line.text for line in read(f"{{{{< include {name} >}}}}\n").prose]


def test_the_parts_of_a_list_are_counted_from_one():
    assert shortcodes.substitute("{{< meta a.2 >}} {{< meta on >}}", "p", {}, {"a": ["x", "y"], "on": True}) == "y true"
    with pytest.raises(InputError, match=r"^p: the meta a\.3 does not exist"):
        shortcodes.substitute("{{< meta a.3 >}}", "p", {}, {"a": ["x", "y"]})


def test_a_block_may_print_its_shortcodes(read):
    text = '```{.markdown shortcodes="false"}\n{{< lipsum 1 >}}\n```\n\n```\nx\n```\n'
    (shown, other) = (line.text for line in read(text).prose if line.kind is qmd.Kind.CODE)
    assert shortcodes.substitute(shown, "", {}, {}) == "{{< lipsum 1 >}}"
    assert other == "x"


def test_substitution_reads_variables_and_front_matter():
    text = shortcodes.substitute("{{< var q1.y >}} and {{< meta title >}}", "p", {"q1": {"y": "1"}}, {"title": "T"})
    assert text == "1 and T"
    with pytest.raises(InputError, match=r"p: the var q1\.z does not exist"):
        shortcodes.substitute("{{< var q1.z >}}", "p", {"q1": {"y": "1"}}, {})


PIECES = st.sampled_from(
    ["# H {#sec-a}", "```{python}", "```", "#| label: fig-a", "::: {.callout-tip}", ":::", "$$", "$x$", "text @fig-a",
     "{{< var a.b >}}", "{{< include x >}}", "---", "<!--", "-->", "| a | b |", "|---|", ": C {#tbl-a}", "", "    code"]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=12), max_size=25))
def test_any_text_is_read_or_refused_in_one_sentence(tmp_path_factory, lines):
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "report.qmd").write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    try:
        document = reading.read(folder / "report.qmd", folder)
        refusals.refuse_unsupported(document)
        references.labels(document)
        references.references(document.prose)
        references.citations(document.prose)
    except InputError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("table", "line", "words"),
    [
        ("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 | 5 |", 4, "has 3 cells, and the line under its head has 2"),
        ("| a | b | c |\n|---|:-:|\n| 1 | 2 |", 1, "has 3 cells"),
        ("a | b\n--|--\n1 | 2 | 3", 3, "has 3 cells"),
        ("| a | b |\n|---|---|\n| 1 | 2 | $x$ |", 3, "has 3 cells"),
        ("| a | b |\n|---|---|\n| 1 | \\| 2 | `x` |", 3, "has 3 cells"),
        ("| a | b |\n| 1 | 2 |", 1, r"write \|---\|---\| there"),
    ],
)
def test_a_table_that_would_lose_cells_is_refused(read, table, line, words):
    with pytest.raises(InputError, match=rf"report\.qmd:{line}: .*{words}"):
        read(f"{table}\n")


@pytest.mark.parametrize(
    "text",
    [
        "| a | b |\n|---|---|\n| 1 |\n\n: C {#tbl-a}",  # what is missing is empty
        "| a | b |\n|---|---|\n| 1 | 2 | |\n| 3 | 4 |   |  |",  # and so is what is too many
        "| a | b |\n|--:|---|\n| `x|y` | $|z|$ |\n| p\\|q | 1 |",
        "| A line\n| of a poem",
        "| A line\n| of a | poem |",
        "+---+---+\n| a | b |\n| c | d |\n+---+---+",
        "Text | with a bar.\n\n---\n\nText.",
        "| a |\n|---|\n| 1 |",
    ],
)
def test_what_loses_nothing_is_no_broken_table(read, text):
    assert read(f"{text}\n")


@given(
    rows=st.lists(st.lists(st.sampled_from(["{}", "`x|{}`", r"p\|{}", "$|{}|$"]), min_size=1, max_size=4), min_size=2),
    columns=st.integers(2, 4),
)
def test_a_table_is_refused_just_if_pandoc_loses_a_cell_of_it(rows, columns):
    numbers = iter(range(1000, 10_000))
    head, *body = (f"| {' | '.join(cell.format(next(numbers)) for cell in row)} |" for row in rows)
    text = "\n".join([head, "|---" * columns + "|", *body])
    lines = tuple(scanned(qmd.Line(line, "report.qmd", number) for number, line in enumerate(text.split("\n"), 1)))
    try:
        refusals.refuse_unsupported(qmd.Document(Path("report.qmd"), "report.qmd", {}, (Prose(lines, 0),)))
        refused = False
    except InputError:
        refused = True
    shown = pypandoc.convert_text(text, "native", format="markdown")
    assert refused == any(str(number) not in shown for number in range(1000, next(numbers)))
