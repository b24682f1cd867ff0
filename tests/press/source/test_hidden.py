"""What is hidden, or for other kinds of output, is not read, but for the macros of TeX in it."""

from dataclasses import replace

import pytest

from handin.errors import InputError
from press.source import reading, references, refusals


@pytest.fixture
def document(tmp_path):
    """Read a text, and name what there is of it."""

    def read(text: str):
        (tmp_path / "m.tex").write_text("\\newcommand{\\R}{\\mathbb{R}}\n\n\\newcommand{\\E}[1]{%\n\\mathbb{E}#1}\n")
        (tmp_path / "a.qmd").write_text(text, encoding="utf-8")
        return reading.read(tmp_path / "a.qmd", tmp_path)

    return read


def words(document) -> list[str]:
    return [line.text for line in document.prose if line.text.strip()]


@pytest.mark.parametrize(
    ("attributes", "is_there"),
    [
        ("{.hidden}", False),
        ("hidden", False),
        ("{.content-hidden}", False),
        ('{.content-hidden when-format="pdf"}', False),
        ('{.content-hidden when-format="html"}', True),
        ('{.content-hidden unless-format="html"}', False),
        ('{.content-hidden unless-format="typst"}', True),
        ("{.content-visible when-format=html}", False),
        ('{.content-visible when-format="html,typst"}', True),
        ('{.content-visible unless-format="html"}', True),
        ("{.content-visible}", True),
        ('{.other title="a .hidden one"}', True),
    ],
)
def test_a_block_is_there_where_its_condition_holds(document, attributes, is_there):
    found = words(document(f"Before.\n\n::: {attributes}\n::: {{.inner}}\nWord.\n:::\n:::\n\nAfter.\n"))
    assert ("Word." in found) is is_there
    assert (found[0], found[-1]) == ("Before.", "After.")


TYPST, PDF, META = "format: typst", "format:\n  html: default\n  pdf: default", "draft: true\na:\n  b: false"


@pytest.mark.parametrize(
    ("front", "attributes", "is_there"),
    [
        ("x: 1", '.content-visible when-format="html" unless-format="revealjs"', False),
        ("x: 1", '.content-visible unless-format="epub" when-format="html"', False),
        ("x: 1", '.content-hidden when-format="html" unless-format="pdf"', True),
        ("x: 1", '.content-visible when-format="html" when-format="pdf"', True),
        ("x: 1", '.content-visible when-format="html:js"', False),
        ("x: 1", '.content-visible when-format="latex"', True),
        (PDF, '.content-visible when-format="latex"', True),
        (PDF, '.content-hidden unless-format="pdf"', True),
        (PDF, '.content-visible when-format="typst"', False),
        (TYPST, '.content-visible when-format="typst"', True),
        (TYPST, '.content-visible when-format="latex"', False),
        (TYPST, '.content-hidden unless-format="pdf"', False),
        (META, '.content-visible when-meta="draft"', True),
        (META, '.content-visible when-meta="a.b"', False),
        (META, '.content-hidden unless-meta="a.c"', False),
        (META, '.content-hidden when-meta="draft" when-format="html"', True),
        (META, '.content-hidden when-profile="advanced"', True),
        (META, '.content-visible unless-profile="advanced"', True),
        ("profile:\n  default: advanced", '.content-visible when-profile="advanced"', True),
        ("profile:\n  group: [advanced, basic]", '.content-visible when-profile="advanced"', True),
        ("profile:\n  group: [basic, advanced]", '.content-visible when-profile="advanced"', False),
    ],
)
@pytest.mark.parametrize("shape", ["::: {{{}}}\nWord.\n:::", "A [Word.]{{{}}} b.", "```{{.python {}}}\nWord.\n```"])
@pytest.mark.filterwarnings("error")
def test_all_conditions_must_hold(document, front, attributes, is_there, shape):
    found = document(f"---\n{front}\n---\n\n{shape.format(attributes)}\n\n```\nx\n```\n\nAfter.\n")
    said = words(found)
    assert (sum("Word." in word for word in said), said[-1]) == (is_there, "After.")
    assert not any("[" in word for word in said)
    refusals.refuse_unsupported(replace(found, doubts=()))


def test_the_macros_of_a_hidden_block_count(document):
    text = "::: {.content-hidden}\n$$\n{{< include m.tex >}}\n$$\nAs @eq-none says.\n:::\n\n$\\R$\n"
    assert words(document(text)) == [
        "```{=tex}", "\\newcommand{\\R}{\\mathbb{R}}", "\\newcommand{\\E}[1]{%", "\\mathbb{E}#1}", "```", "$\\R$",
    ]  # fmt: skip


def test_a_cell_in_a_hidden_block_is_executed_and_not_shown(document):
    (cell,) = document("::: {.hidden}\n```{python}\n#| include: true\nx = 1\n```\n:::\n").cells
    assert (cell.code, cell.options["include"]) == ("x = 1", False)


@pytest.mark.parametrize("what", ["::: {.content-hidden}\nCELL\n:::\n", "CELL\n"])
def test_what_is_hidden_defines_no_label_and_needs_no_alternative_text(document, what):
    cell = f"```{{python}}\n#| label: fig-a\n{'' if 'hidden' in what else '#| include: false'}\nx = 1\n```"
    found = document(what.replace("CELL", cell) + '\n![A](a.png){#fig-a fig-alt="x"}\n')
    assert references.labels(found) == {"fig-a": f"a.qmd:{len(found.path.read_text().splitlines())}"}
    refusals.refuse_images_without_alternative(found)


def test_a_hidden_block_that_is_not_closed_is_refused(document):
    with pytest.raises(InputError, match=r"^a\.qmd:3: this ::: block is not closed"):
        document("Text.\n\n::: {.hidden}\n::: {.a}\n:::\n\nMore.\n")
