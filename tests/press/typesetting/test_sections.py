"""Chapters are cut into sections only where pandoc makes the same of the sections as of the whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from copies import ROOT
from handin.errors import InputError
from press.source import refusals
from press.source.qmd import Document, Line, Prose, scanned
from press.typesetting import rendering
from press.typesetting.emit import Emitted
from press.typesetting.formats import Extension
from press.typesetting.pandoc import READER, PandocFailure, run_pandoc, sections

EXTENSION = Extension.load(ROOT / "report/_extensions/coursework")
FILTERS = [*(rendering.HERE / "filters" / f"{name}.lua" for name in rendering.FILTERS), *EXTENSION.filters]
ARGUMENTS = [f"--from={READER}", "--to=typst", "--wrap=none", "--number-sections"]
ARGUMENTS += [f"--lua-filter={path}" for path in FILTERS]


def pandoc(text: str) -> str:
    return run_pandoc(text, ARGUMENTS, ROOT)


def words(typst: str) -> list[str]:
    """Part Typst into words: before a heading a line's end and an empty line are the same."""
    return typst.split()


CHAPTER = """# One {#sec-q1}

A word, $x^2$, and [@kingma2015].

## Two

::: {.callout-tip title="Answer" icon=false}
### Inside a block

It is *so*.
:::

```python
# not a heading

## neither
```

## Three {#sec-three}

$$
y = x

## no heading
$$

| a | b |
|---|---|
| 1 | 2 |

: Caption {#tbl-x}

### Four

The end.
"""


def test_a_chapter_is_cut_before_its_headings():
    heads = [piece.strip().splitlines()[0] for piece in sections(CHAPTER)]
    assert heads == ["# One {#sec-q1}", "## Two", "## Three {#sec-three}", "### Four"]
    assert "\n".join(sections(CHAPTER)) == CHAPTER


@pytest.mark.parametrize(
    "text",
    [
        "# A\n\nWord.[^n]\n\n## B\n\n[^n]: The note.\n",
        "# A\n\nSee [there].\n\n## B\n\n[there]: https://example.org\n",
        "# A\n\n\\newcommand{\\R}{\\mathbb{R}}\n\n## B\n\n$\\R$\n",
    ],
)
def test_a_chapter_in_which_something_reaches_over_a_heading_stays_whole(text):
    assert sections(text) == (text,)


def test_sections_make_what_the_chapter_makes():
    apart = [word for piece in sections(CHAPTER.replace("\n\n## no heading", "")) for word in words(pandoc(piece))]
    assert apart == words(pandoc(CHAPTER.replace("\n\n## no heading", "")))


@pytest.mark.parametrize("path", sorted((ROOT / "report").glob("_*.qmd")), ids=lambda path: path.stem)
def test_the_reports_own_chapters_may_be_cut(path):
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"^```\{python\}.*?^```$", "A cell's output.", text, flags=re.M | re.S)
    text = re.sub(r"\{\{<.*?>\}\}", "value", text)
    apart = [word for piece in sections(text) for word in words(pandoc(piece))]
    assert apart == words(pandoc(text))


PARTS = st.sampled_from(
    [
        "# H", "## H {#sec-x}", "", "", "Word [@a] and `#`.", "```", "::: {.callout-note}", ":::", "$$", "- item",
        "<!--", "-->", "    # code", "> ## quoted", "A footnote.^[Here.]", "| a |\n|---|\n| 1 |", "Setext\n---",
    ]
)  # fmt: skip


@given(st.lists(PARTS, max_size=14))
@settings(max_examples=100)
def test_cutting_makes_no_difference_to_pandoc(parts):
    text = "\n".join(parts)
    document = Document(ROOT / "x.qmd", "x.qmd", {}, (Prose(tuple(scanned(map(line, enumerate(parts)))), 0),))
    try:
        refusals.refuse_unsupported(document)
    except InputError:
        assume(False)  # such a chapter never comes so far
    plain = [f"--from={READER}", "--to=typst", "--wrap=none"]
    apart = [word for piece in sections(text) for word in words(run_pandoc(piece, plain, ROOT))]
    assert apart == words(run_pandoc(text, plain, ROOT))


def line(numbered: tuple[int, str]) -> Line:
    return Line(numbered[1], "x.qmd", numbered[0] + 1)


def test_a_comment_is_not_set_and_html_that_a_cell_prints_is_refused():
    text = "A 5 %<!-- literal --> here.\n\n<!-- two\n\nlines -->\n\n* a\n\n<!-- -->\n\n* b\n"
    assert re.sub(r"\s+", " ", pandoc(text)) == "A 5 % here. - a - b "
    with pytest.raises(PandocFailure, match="raw html is not supported"):
        pandoc("<div class='a'>\n\nx\n\n</div>\n\nA <marquee>word</marquee>.\n")
    assert pandoc("A <b>word</b> and H<sub>2</sub>O.\n").strip() == "A #strong[word] and H#sub[2]O."


def test_a_macro_reaches_the_sections_and_chapters_after_its_definition(tmp_path):
    chapters = ["# One\n\n$$ \\newcommand{\\E}[1]{\\mathbb{E}[#1]} $$\n\n## Two\n\n$\\E{x}$", "# Three\n\n$\\E{y}$"]
    setter = rendering.Typesetter(ROOT, EXTENSION, tmp_path)
    lines = tuple(tuple(Line(text, "x.qmd", n) for n, text in enumerate(c.split("\n"), 1)) for c in chapters)
    emitted = Emitted(tuple(f"{chapter}\n" for chapter in chapters), (), lines)
    made = setter.typst_source(Document(Path("x.qmd"), "x.qmd", {}, ()), emitted, {"title": "T"})
    assert "bb(E) \\[ x \\]" in made
    assert "bb(E) \\[ y \\]" in made


@pytest.mark.parametrize(
    ("before", "part", "after"),
    [
        ("::: {.callout-note}", "Inside.", ":::"),
        ("A note.[^n]", "Between.", "[^n]: The note."),
        ("A [link][l].", "Between.", "[l]: https://example.org"),
        ("Words.", "[^n]: The note.", "A note.[^n]"),
    ],
)
def test_what_reaches_over_an_include_is_set(papers, before, part, after):
    whole = papers.set(f"{before}\n\n{part}\n\n{after}\n").text
    made = papers.set(f"{before}\n\n{{{{< include part.md >}}}}\n\n{after}\n", part_md=f"{part}\n")
    assert made.text == whole
    assert "[" not in made.text
