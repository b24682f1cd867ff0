"""Every option that documents and cells may set, with its effect in print; options without one are known by name."""

from __future__ import annotations

import re

import pypdfium2
import pytest
from papers import Papers

from handin.errors import InputError
from press.source import options

DRAW = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
SILENT = {options.NOTHING, options.EXECUTION_ALONE}

CELLS = {
    "echo": ("#| echo: false\nprint('out')", r"^(?!.*print\()"),
    "eval": ("#| eval: false\nprint('not' + 'run')", r"^(?!.*notrun)"),
    "include": ("#| include: false\nprint('out')", r"^\s*$"),
    "output": ("#| output: asis\nprint('*Word*')", r"#emph\[Word\]"),
    "warning": ("#| warning: true\nimport sys; print('remark', file=sys.stderr)", r"```\nremark"),
    "error": ("#| error: true\n1 / 0", r"ZeroDivisionError: division by zero"),
    "fig-width": (f"#| fig-width: 2\n{DRAW}", r"image\("),
    "fig-height": (f"#| fig-height: 1\n{DRAW}", r"image\("),
    "fig-dpi": (f"#| fig-dpi: 50\n{DRAW}", r"image\("),
    "label": (f"#| label: fig-one\n{DRAW}", r"<fig-one>"),
    "fig-cap": (f'#| fig-cap: "A caption."\n{DRAW}', r"A caption\..*numbering: unlabelled"),
    "fig-alt": (f'#| fig-alt: "A line."\n{DRAW}', r'alt: "A line\."'),
    "fig-subcap": (
        "#| label: fig-two\n#| fig-cap: Both\n#| fig-subcap: [One, Two]\nimport matplotlib.pyplot as plt\n"
        "for i in range(2):\n    plt.figure(); plt.plot([i]); plt.show()",
        r"quarto_super.*<fig-two-1>.*<fig-two-2>.*",
    ),
    "fig-align": (f"#| fig-align: right\n{DRAW}", r"#align\(right\)"),
    "out-width": (f'#| out-width: "50%"\n{DRAW}', r"width: 50%"),
    "tbl-cap": (
        '#| label: tbl-one\n#| tbl-cap: "Values."\nfrom IPython.display import Markdown\nMarkdown("|a|\\n|---|\\n|1|")',
        r"#table\(.*Values\..*<tbl-one>",
    ),
    "tbl-subcap": (
        "#| label: tbl-two\n#| tbl-cap: Both\n#| tbl-subcap: [One, Two]\n"
        'from IPython.display import Markdown, display\nfor i in range(2):\n    display(Markdown("|a|\\n|---|\\n|1|"))',
        r"quarto_super.*<tbl-two-1>.*<tbl-two-2>",
    ),
    "tbl-colwidths": (
        "#| label: tbl-three\n#| tbl-cap: Wide\n#| tbl-colwidths: [20, 80]\nfrom IPython.display import Markdown\n"
        'Markdown("|a|b|\\n|---|---|\\n|1|2|")',
        r"columns: \(20%, 80%\)",
    ),
    "layout-ncol": ("#| layout-ncol: 2\ndisplay('a'); display('b')", r"columns: \(1fr, 1fr"),
    "layout-nrow": ("#| layout-nrow: 1\ndisplay('a'); display('b')", r"columns: \(1fr, 1fr"),
    "lst-label": ("#| lst-label: lst-one\n#| lst-cap: Code\nx = 1", r"<lst-one>"),
    "code-line-numbers": ("#| code-line-numbers: true\nx = 1", r"#\[#show raw\.line: numbered-line\s*```python\nx = 1"),
    "lst-cap": ("#| lst-label: lst-two\n#| lst-cap: Some code\nx = 1", r"Some code.*<lst-two>"),
}
"""A cell with the option, and what is seen of it in the Typst."""


@pytest.fixture(scope="module")
def pieces(papers) -> dict[str, str]:
    """All cells in one paper: the Typst of each."""
    texts = [f"START{n}\n\n```{{python}}\n{cell}\n```\n\nEND{n}" for n, (cell, _) in enumerate(CELLS.values())]
    made = papers.set("---\ntitle: T\n---\n\n" + "\n\n".join(texts) + "\n").typst
    return {
        name: made.partition(f"START{n}\n")[2].partition(f"END{n}\n")[0].replace("START", "").strip()
        for n, name in enumerate(CELLS)
    }


def test_every_option_of_a_cell_that_does_something_is_shown_to_do_it():
    assert {name for name, option in options.CELL.items() if option.does not in SILENT} == set(CELLS)


@pytest.mark.parametrize("name", CELLS)
def test_an_option_of_a_cell_has_its_effect(pieces, name):
    assert re.search(CELLS[name][1], pieces[name], flags=re.S), pieces[name]


def test_a_table_without_a_label_has_its_widths_too(papers):
    cell, shown = CELLS["tbl-colwidths"]
    made = papers.typst("```{python}\n" + cell.replace("#| label: tbl-three\n", "") + "\n```\n")
    assert re.search(shown, made)


BIB = "@article{ada, author={Lovelace, Ada}, title={Notes}, journal={Memoirs}, year={1843}}\n"
FRONT = {
    "title": ("title: Of paper", r"title: \[Of paper\]"),
    "subtitle": ("subtitle: Below", r"subtitle: \[Below\]"),
    "author": (
        "author:\n  - name: Ada\n    affiliation: Here\n    email: a@b.org",
        r"name: \[Ada\].*\[Here\].*a\\@b\.org",
    ),
    "authors": ("authors: [Ada, Bob]", r"name: \[Ada\].*name: \[Bob\]"),
    "affiliation": ("author: Ada\naffiliation: There", r"name: \[Ada\],\s*affiliation: \[There\]"),
    "institute": ("author: Ada\ninstitute: There", r"name: \[Ada\],\s*affiliation: \[There\]"),
    "affiliations": (
        "author:\n  - name: Ada\n    affiliations: [{ref: a}]\naffiliations:\n  - id: a\n    name: Far",
        r"name: \[Ada\],\s*affiliation: \[Far\]",
    ),
    "date": ("date: 2024-03-05", r"date: \[March 5, 2024\]"),
    "date-format": ("date: 2024-03-05\ndate-format: D MMM YY", r"date: \[5 Mar 24\]"),
    "abstract": ("abstract: In short.", r"abstract: \[In short\.\],\s*abstract-title: \[Abstract\]"),
    "abstract-title": ("abstract: In short.\nabstract-title: Summary", r"abstract-title: \[Summary\]"),
    "keywords": ("keywords: [one, two]", r'keywords: \("one", "two", \)'),
    "lang": ("lang: de", r'lang: "de"'),
    "bibliography": ("bibliography: refs.bib", r'bibliography\(\s*\("/refs\.bib"'),
    "references": ("references:\n  - id: eve\n    type: book\n    title: Own\n    issued: 2001", r"references\.bib"),
    "nocite": ("bibliography: refs.bib\nnocite: '@ada'", r'#cite\(label\("ada"\), form: none\)'),
    "reference-section-title": ("bibliography: refs.bib\nreference-section-title: Sources", r"title: \[Sources\]"),
    "crossref": ("crossref:\n  fig-title: Fig.\n  fig-prefix: Plate", r'fig: \(title: "Fig\.", prefix: "Plate"\)'),
    "csl": ("bibliography: refs.bib\ncsl: style.csl", r'style: "/style\.csl"'),
    "bibliographystyle": ("bibliography: refs.bib\nbibliographystyle: apa", r'style: "apa"'),
    "macros": (r"macros: '\newcommand{\A}{\mathbb{A}}'", r"\$ bb\(A\) \$"),
    "header-includes": (r"header-includes: '\newcommand{\A}{\mathbb{A}}'", r"\$ bb\(A\) \$"),
    "include-in-header": ("include-in-header:\n  text: '\\newcommand{\\A}{\\mathbb{A}}'", r"\$ bb\(A\) \$"),
    "toc": ("toc: true", r"toc: true,\s*toc-title: auto"),
    "toc-depth": ("toc: true\ntoc-depth: 1", r"toc-depth: 1"),
    "toc-title": ("toc: true\ntoc-title: Inside", r"toc-title: \[Inside\]"),
    "number-sections": ("number-sections: true", r'section-numbering: "1\.1"'),
    "number-depth": ("number-sections: true\nnumber-depth: 1", r"number-depth: 1"),
    "shift-heading-level-by": ("shift-heading-level-by: 2", r"\n=== A"),
    "section-numbering": ("section-numbering: A.1", r'section-numbering: "A\.1"'),
    "papersize": ("papersize: letter", r'paper: "us-letter"'),
    "format": ("format:\n  pdf:\n    toc: true", r"toc: true"),
    "student-id": ('student-id: "12"', r"student-id: \[12\]"),
    "module": ("module: M", r"module: \[M\]"),
    "submitted": ("submitted: now", r"submitted: \[now\]"),
    "floating": ("floating: [fig-x]", r'"fig-x"'),
}
ELSEWHERE = {
    "execute": "test_the_options_of_all_cells_hold_for_each",
    "fig-width": "test_the_size_of_figures_is_the_documents",
    "code-line-numbers": "test_the_lines_of_code_are_numbered_where_the_document_says_so",
    "fig-height": "test_the_size_of_figures_is_the_documents",
    "fig-dpi": "test_the_size_of_figures_is_the_documents",
    "jupyter": "test_another_kernel_is_refused",
    "engine": "test_another_kernel_is_refused",
}


def test_the_lines_of_code_are_numbered_where_the_document_says_so(papers):
    code = (
        "```python\none = 1\ntwo = 2\n```\n\n```{.python code-line-numbers=false}\nthree = 3\n```\n\n```\nplain\n```\n"
    )
    made = papers.set(f"---\ncode-line-numbers: true\n---\n\n{code}")
    assert "1 one = 1 2 two = 2 three = 3 plain" in made.text
    assert "1 one" not in papers.set(code).text
    assert "1 four = 4" in papers.set("```{.python .numberLines}\nfour = 4\n```\n").text


def test_every_option_of_a_document_that_does_something_is_shown_to_do_it():
    assert {name for name, option in options.FRONT.items() if option.does not in SILENT} == {*FRONT, *ELSEWHERE}
    assert all(name in globals() for name in ELSEWHERE.values())


@pytest.mark.parametrize("name", FRONT)
def test_an_option_of_a_document_has_its_effect(papers, name):
    title = "" if name == "title" else "title: T\n"
    with_macro = dict.fromkeys(("macros", "header-includes", "include-in-header"), r"$\A$")
    named = {"references": "[@eve]", "nocite": "", **with_macro}
    cited = named.get(name, "[@ada]" if "refs.bib" in FRONT[name][0] else "")
    text = f"---\n{title}{FRONT[name][0]}\n---\n\n# A\n\nText {cited}.\n"
    made = papers.typst(text, refs_bib=BIB, style_csl="x")
    assert re.search(FRONT[name][1], made, flags=re.S), made[-3000:]


@pytest.mark.parametrize(
    ("front", "wanted"),
    [
        ("echo: false", r"^(?!.*print).*out"),
        ("eval: false", r"^(?!.*```\nout)"),
        ("output: false", r"^(?!.*```\nout)"),
        ("include: false", r"^\s*$"),
    ],
)
def test_the_options_of_all_cells_hold_for_each(papers, front, wanted):
    text = "START\n\n```{python}\nprint('o' + 'ut')\n```\n\nEND\n"
    made = papers.typst(f"---\nexecute:\n  {front}\n---\n\n{text}").partition("START")[2].partition("END")[0]
    assert re.search(wanted, made, flags=re.S), made
    (papers.folder / "_quarto.yml").write_text(f"execute:\n  {front}\n")
    try:
        assert papers.typst(text).partition("START")[2].partition("END")[0] == made
    finally:
        (papers.folder / "_quarto.yml").unlink()


def test_the_size_of_figures_is_the_documents(papers):
    papers.set(f"---\nfig-width: 3\nfig-height: 1\nfig-dpi: 50\n---\n\n```{{python}}\n{DRAW}\n```\n")
    figures = papers.builder.project.cache / "render" / "figures"
    newest = max(figures.glob("*.svg"), key=lambda path: path.stat().st_mtime_ns).read_text()
    # the axes take 0.775 by 0.77 of the figure, whose margins are trimmed
    assert f'width="{216 * 0.775:g}" height="{72 * 0.77:g}"' in newest


def test_the_size_of_a_cells_figures_is_its_own(papers):
    text = "\n\n".join(f"```{{python}}\n{own}{DRAW}\n```" for own in ("", "#| fig-width: 3\n", ""))
    names = re.findall(r"figures/(\w+\.svg)", papers.typst(text))
    figures = papers.builder.project.cache / "render" / "figures"
    first, second, third = (re.search(r'width="(\S+)"', (figures / name).read_text())[1] for name in names)
    assert first == third != second, "the usual size comes back"


def test_in_a_layout_code_stands_above_what_its_cells_show(papers):
    cells = "\n\n".join(f"```{{python}}\nprint('o' + '{n}')\n```" for n in (1, 2))
    made = papers.typst(f"::: {{layout-ncol=2}}\n{cells}\n:::\n")
    assert re.search(r"'1'\).*'2'\).*columns: \(1fr, 1fr,\).*\no1\n.*\no2\n", made, flags=re.S), made


@pytest.mark.parametrize("attributes", ["layout-ncol=2", "layout-nrow=1", 'layout="[1,2]"', "#fig-b layout-ncol=1"])
@pytest.mark.parametrize("content", ["", "```{python}\nx = 1\n```\n"])
def test_a_layout_of_nothing_is_set(papers, attributes, content):
    caption = "\nCap of it.\n" if "#" in attributes else ""
    made = papers.set(f"Before.\n\n::: {{{attributes}}}\n{content}{caption}:::\n\nAfter.\n").text
    shown = [words for words in ("Before.", "x = 1" * bool(content), "Cap of it." * bool(caption), "After.") if words]
    assert [words for words in shown if words in made] == shown


PRINTS = "```{{python}}\n#| output: asis\n#| echo: false\nprint('{} Printed')\n```\n"


@pytest.mark.parametrize(
    ("front", "text", "numbers"),
    [
        ("", "## One\n\n### Part\n\n## Two\n", ["1 One", "1.1 Part", "2 Two"]),
        ("", "### One\n\n### Two\n", ["1 One", "2 Two"]),
        ("", "# One\n\n## Part\n", ["1 One", "1.1 Part"]),
        ("", "One\n===\n\n## Part\n", ["1 One", "1.1 Part"]),
        ("", f"{PRINTS.format('#')}\n## Part\n", ["1 Printed", "1.1 Part"]),
        ("", f"{PRINTS.format('##')}\n## Two\n", ["1 Printed", "2 Two"]),
        ("shift-heading-level-by: -1\n", "## One\n\n### Part\n", ["1 One", "1.1 Part"]),
        ("shift-heading-level-by: 0\n", "## One\n", ["0.1 One"]),
    ],
)
def test_headings_are_numbered_from_one(papers, front, text, numbers):
    made = papers.set(f"---\ntitle: T\nnumber-sections: true\n{front}---\n\n{text}")
    assert re.findall(r"[\d.]+ (?:One|Two|Part|Printed)", made.text) == numbers
    assert made.told == ()


def test_keywords_are_the_pdfs_beside_the_digest(papers):
    papers.path.write_text("---\nkeywords: [zebra, yak]\n---\n\nText.\n")
    typst = papers.builder.report(digest=lambda: "0123456789abcdef").text
    found = pypdfium2.PdfDocument(papers.builder.typesetter.compile(typst)).get_metadata_value("Keywords")
    assert found == "zebra, yak, made-from:0123456789abcdef"


def test_an_affiliation_is_printed_in_full(papers):
    address = "address: 1 Main Street, city: Austin, region: Texas, state: TX, postal-code: 12345, country: USA"
    place = f"{{name: Univ A, department: Dept X, {address}, url: https://a.edu}}"
    made = papers.set(f"---\nauthor:\n  - name: Ann\n    affiliation: {place}\n---\n\nText.\n")
    assert "Ann, Dept X, Univ A, 1 Main Street, Austin, Texas, TX, 12345, USA" in made.text
    assert made.told == ()


@pytest.mark.parametrize(
    ("front", "words"),
    [
        ("author: Ann\naffiliations:\n  - Hospital, Tabuk", ":4: the affiliation 'Hospital, Tabuk' is no author's"),
        (
            "author: {name: Ann, affiliations: [{ref: a}]}\naffiliations:\n- {id: a, name: A}\n- id: b\n  name: B",
            ":6: the affiliation 'B' is no author's",
        ),
        ("author:\n  - name: Ann\n    affiliations:\n      - ref: nowhere", ":5: no affiliation has the id 'nowhere'"),
    ],
)
def test_an_affiliation_that_would_not_be_printed_is_told(papers, front, words):
    made = papers.set(f"---\n{front}\n---\n\nText.\n")
    assert [words in told for told in made.told] == [True], made.told


def test_all_headings_are_numbered_where_nothing_is_said(papers):
    levels = "\n\n".join(f"{'#' * level} Part {{#sec-{level}}}" for level in range(1, 7))
    made = papers.set(f"---\nnumber-sections: true\n---\n\n{levels}\n\nSee @sec-4 and @sec-6.\n").text
    assert "1.1.1.1.1.1 Part" in made
    assert "See Section 1.1.1.1 and Section 1.1.1.1.1.1." in made


def test_a_heading_that_cannot_be_moved_stays_and_is_told(papers):
    made = papers.set("---\nshift-heading-level-by: -1\n---\n\n# One\n\n## Two\n")
    assert re.findall("=+ [OT]", made.typst) == ["= O", "= T"]
    assert made.told == ("paper.qmd:5: this heading is of level 1 and cannot be moved by -1: it stays.",)


@pytest.mark.parametrize(
    "front", ["jupyter: julia-1.9", "engine: knitr", "jupyter:\n  kernelspec: {name: ir, language: R}"]
)
def test_another_kernel_is_refused(papers, front):
    with pytest.raises(InputError, match=r"paper\.qmd:2: "):
        papers.set(f"---\n{front}\n---\n\nText.\n")


@pytest.mark.parametrize(
    ("front", "words"),
    [
        ("tilte: T", r"paper\.qmd:2: the front matter's key 'tilte' is not supported \(did you mean title\?\)"),
        ("toc: often", r"paper\.qmd:2: the front matter's key toc must be true or false"),
        ("toc: Yes", r"paper\.qmd:2: the front matter's key toc must be true or false \(Yes is a text\)\."),
        ("execute:\n  echo: no", r"paper\.qmd:3: .*echo must be true, false or fenced \(no is a text\)\."),
        ("execute:\n  ecko: false", r"paper\.qmd:3: the option of execute 'ecko' is not supported"),
        ("execute:\n  enabled: false", r"paper\.qmd:3: .*enabled must be true; to execute nothing, write eval: false"),
        ("execute:\n  eval: maybe", r"paper\.qmd:3: the option of execute eval must be true or false"),
        ("bibliography: none.bib", r"paper\.qmd:2: the bibliography none\.bib is not in the project: put it there"),
        ("lang: en\nbibliography: [refs.bib, no.bib]", r"paper\.qmd:3: the bibliography no\.bib is not in the project"),
        ("bibliography: refs.txt", r"paper\.qmd:2: the bibliography refs\.txt must be a file that ends in \.bib or"),
        ("bibliography: https://a.org/b.bib", r"paper\.qmd:2: the bibliography https://a\.org/b\.bib is .*download it"),
        ("csl: none.csl", r"paper\.qmd:2: the file none\.csl"),
        ("csl: https://a.org/b.csl", r"paper\.qmd:2: the file https://a\.org/b\.csl .*download it"),
        ("format:\n  typst:\n    nmber-sections: true", r"paper\.qmd:4: the key of typst 'nmber-sections' is not"),
        ("lang: de\ndate: 2026-12-01\ndate-format: long", r"paper\.qmd:4: date-format: .*in English alone"),
        ("date: 2024-02-31", r"paper\.qmd:2: there is no 2024-02-31 in the calendar"),
    ],
)
def test_an_option_without_effect_is_refused_with_its_line(papers, front, words):
    with pytest.raises(InputError, match=words):
        papers.set(f"---\n{front}\n---\n\nText.\n", refs_txt="")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Nothing is cited.\n", 0),
        ("See [@ada].\n", 1),
        ("See [@ada].\n\n# References\n", 1),
        ("See [@ada].\n\n# References\n\n::: {#refs}\n:::\n\n# After\n\nMore.\n", 1),
    ],
)
def test_the_list_of_sources_has_one_heading_and_its_place(papers, text, count):
    made = papers.set(f"---\nbibliography: refs.bib\n---\n\n{text}", refs_bib=BIB).text
    assert made.count("References") == count
    assert made.count("Lovelace") == count
    assert "After" not in text or made.index("Lovelace") < made.index("After")


def test_captions_in_a_list_stand_in_the_layout_that_is_asked_for(papers):
    cell = "for n in (1, 2):\n    display(SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>'))"
    options = "#| layout-ncol: 2\n#| fig-cap: [One, Two]"
    typst = papers.typst(f"```{{python}}\n{options}\nfrom IPython.display import SVG, display\n{cell}\n```\n")
    assert re.search(r"#grid\(columns: \(1fr, 1fr,\).*One.*Two", typst, flags=re.S)


@pytest.mark.parametrize(
    ("abstract", "words"),
    [
        ("As @sec-x has it.", "As Its title has it."),
        ("As [@sec-x and more].", r"paper\.qmd:2: a reference has no words after it"),
        ("As @sec-y has it.", r"paper\.qmd.*@sec-y leads nowhere \(did you mean @sec-x\?\)"),
    ],
)
def test_an_abstract_refers_to_the_text(papers, abstract, words):
    text = f'---\nabstract: "{abstract}"\n---\n\n# Its title {{#sec-x}}\n\nText.\n'
    if "qmd" not in words:
        assert words in papers.set(text).text
        return
    with pytest.raises(InputError, match=words):
        papers.set(text)


def test_a_format_without_a_template_is_refused_in_a_sentence(tmp_path):
    folder = tmp_path / "_extensions" / "my"
    folder.mkdir(parents=True)
    (folder / "_extension.yml").write_text("contributes:\n  formats:\n    typst: {}\n")
    (folder / "typst-show.typ").write_text("#show: doc => doc\n")
    papers = Papers(tmp_path)
    with papers.builder, pytest.raises(InputError, match=r"^_extensions/my: the format has no typst-template\.typ"):
        papers.typst("---\nformat: my-typst\n---\n\nText.\n")


@pytest.mark.parametrize(
    ("front", "shown"),
    [
        ("date: 03/07/2024", "March 7, 2024"),
        ("date: 03-07-24\ndate-format: iso", "2024-03-07"),
        ("date: 25/12/2024\ndate-format: iso", "2024-12-25"),
        ("date: March 7, 2024\ndate-format: iso\nlang: de", "2024-03-07"),
        ("date: 7 Mar 2024\ndate-format: D.M.YYYY", "7.3.2024"),
        ("date: 7 March 2024", "7 March 2024"),
        ("date: 2024-01-15T10:00:00\ndate-format: full", "Monday, January 15, 2024"),
        ("date: 2024-01-15 10:00:00Z", "January 15, 2024"),
        ("date: Spring 2024", "Spring 2024"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_date_is_read_as_quarto_reads_it(papers, front, shown):
    assert f"date: [{shown}]" in papers.typst(f"---\ntitle: T\n{front}\n---\n\nText.\n").replace("\\", "")


def test_a_date_that_is_none_is_told_where_a_form_is_asked_for(papers):
    made = papers.set("---\ntitle: T\ndate: Spring 2024\ndate-format: iso\n---\n\nText.\n")
    assert "Spring 2024" in made.text
    assert any(told.startswith("paper.qmd:4: date-format has no effect: the date 'Spring 2024'") for told in made.told)


NUMBERED = """---
title: T
lang: {language}
---

By @nte-a, [Hint @tip-b], @nte-c and [this](#mine).

::: {{#nte-a .callout-note}}
## First
One.
:::

::: {{#tip-b .callout-tip}}
Two.
:::

::: {{#nte-c .callout-note title="Third"}}
Three.
:::

::: {{#mine .callout-note}}
Four.
:::
"""


@pytest.mark.parametrize(("language", "note", "tip"), [("en", "Note", "Tip"), ("de", "Hinweis", "Tipp")])
def test_a_callout_with_a_label_is_numbered(papers, language, note, tip):
    text = papers.set(NUMBERED.format(language=language)).text
    assert f"By {note} 1, Hint 1, {note} 2 and this." in text
    assert f"{note} 1: First One. {tip} 1 Two. {note} 2: Third Three. {note} Four." in text


def test_what_typst_would_heed_and_is_not_set_is_told(papers):
    options = "logo: a.png\n    grid: {}\n    include-in-header:\n      text: x\n    citation-location: margin"
    told = papers.set(f"---\ntitle: T\ntbl-colwidths: [1, 2]\nformat:\n  typst:\n    {options}\n---\n\nText.\n").told
    words = "\n".join(told)
    for key in ("logo", "grid", "include-in-header", "citation-location"):
        assert f"the key of typst '{key}' is not supported" in words
    assert "paper.qmd:3: the front matter's key 'tbl-colwidths' is not supported" in words


def test_a_picture_is_not_cut_to_another_shape(papers):
    red_above = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><path d="M0 0H40V5H0z" fill="red"/></svg>'
    )
    text = '![](p.svg){width=4in height=0.5in fig-alt="x"}\n'
    pdf = papers.builder.typesetter.compile(papers.typst(text, p_svg=red_above))
    pixels = pypdfium2.PdfDocument(pdf)[0].render().to_numpy()
    assert (pixels[..., :3].max(axis=2) - pixels[..., :3].min(axis=2) > 200).any()
