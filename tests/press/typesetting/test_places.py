"""What Typst, pandoc or a filter says against a document is told with the place in its sources."""

from __future__ import annotations

import pytest
from papers import PICTURE

from handin.errors import InputError
from press.source.qmd import Line
from press.typesetting.places import of_typst

LINES = [Line(text, "a.qmd", number) for number, text in enumerate(["# One", "", "Some *words* here", "and there."], 1)]


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ("= ", "One\n\nSome #emph[words] here and there.", "a.qmd:1"),
        ("= One\n\nSome #emph[", "words] here and there.", "a.qmd:3"),
        ("= One\n\nSome #emph[words] here and ", "there.", "a.qmd:4"),
        ("= One\n\nSome ", "#unknown(3) there.", "a.qmd:3"),
    ],
)
def test_a_position_in_typst_has_its_line_in_the_markdown(before, after, place):
    assert of_typst(before, after, LINES) == place


TEXT = "# One\n\nWords.\n\n## Two\n\nMore words.\n\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (TEXT + "```{=typst}\n#nothing-of-the-kind()\n```\n", 10),
        (TEXT + "A sign \U00012000 that no font has.\n", 9),
        (f"---\nlang: en\ntitle: A \U00012000\n---\n\n{TEXT}", 3),
        (TEXT + "| a | b |\n|---|---|\n| 1 | \U00012000 |\n", 11),
        (TEXT + "$\\mysterious{x}$ in words\n", 9),
        (TEXT + "$$\na = b\n$$\n\n$$\n\\mysterious{y}\n$$\n", 14),
        (TEXT + '![A](a.svg){fig-alt="x" width="broken"}\n', 9),
    ],
)
def test_a_refusal_names_the_line(papers, text, line):
    with pytest.raises(InputError, match=rf"^paper\.qmd:{line}\b"):
        papers.set(text, a_svg=PICTURE)


def test_a_refusal_of_an_output_names_the_cell_and_the_output(papers):
    with pytest.raises(InputError, match=r"^paper\.qmd:3 \(output 2\): no font has the sign"):
        papers.set("Text.\n\n```{python}\n#| echo: false\nprint('fine')\ndisplay('\U00012000')\n```\n")


def test_a_date_that_is_none_is_named_in_the_bibliography(papers):
    entry = "@book{a, title={A}, author={B, C}, year={2001}}\n@book{x, title={X}, author={B}, year={n.d.}}\n"
    with pytest.raises(InputError, match=r"^refs\.bib:2: this is no date"):
        papers.set("---\nbibliography: refs.bib\n---\n\nSee [@x].\n", refs_bib=entry)


def test_long_words_of_code_break_at_the_end_of_the_line(papers):
    numbers = ",".join(str(number) for number in range(1000, 1100))
    table = f"| a | b |\n|---|---|\n| `{numbers}` | 1 |\n"
    made = papers.set(f"```{{python}}\n#| echo: false\nprint('{numbers}')\n```\n\n{table}")
    assert made.text.replace(" ", "").count(numbers) == 2
