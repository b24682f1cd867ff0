"""The report's Typst format: a sample document set with it, and its tag tree and pages read back."""

import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
import typst
from PIL import Image

from copies import ROOT
from coursework.diagrams import style
from press.source.qmd import Document
from press.typesetting.emit import Emitted
from press.typesetting.formats import Extension
from press.typesetting.frontmatter import words_before_numbers
from press.typesetting.pandoc import pandoc
from press.typesetting.rendering import Typesetter

EXTENSIONS = ROOT / "report" / "_extensions"
EXTENSION = EXTENSIONS / "coursework"

SAMPLE = r"""
# A ReLU neuron [10 marks] {#sec-one}

::: {.callout-tip title="Answer" icon=false}
The gradient is $\partial y/\partial x_2 = -1$.
:::

## a) The gradients [3 marks]{.marks} {#sec-part}

By the chain rule:

$$ \frac{\partial y}{\partial x_2} = w_2 $$ {#eq-chain}

and, in other words,

$$ a = b $$ {#eq-said alt="A is B"}

See @eq-chain, @fig-plot, @fig-pair-2, @tbl-runs, @sec-one and [@kingma2015].

![A caption with $x_1$.](plot.svg){#fig-plot fig-alt="A line that rises."}

::: {#fig-pair layout-ncol=2}
![First](plot.svg){#fig-pair-1 fig-alt="The first line."}

![Second](plot.svg){#fig-pair-2 fig-alt="The second line."}

Two lines.
:::

- one
- two

## Second part

| Optimiser | Rate | Loss |
|-----------|------|------|
| SGD       | 0.05 | 0.6370 |
| Adam      | 0.01 | −0.0165 |

: Losses. {#tbl-runs}

::: {.callout-note title="Remark" icon=false}
A remark.
:::

```python
def f(x):
    return x + 1  # the successor
```

A formula alone: $x^2$(not a call).

# Declaration {.unnumbered}

A [link](https://example.org) and a note.[^1]

[^1]: The note's text.
"""

BIBLIOGRAPHY = """@inproceedings{kingma2015,
  author = {Kingma, Diederik P. and Ba, Jimmy}, title = {Adam: a method for stochastic optimization},
  booktitle = {International Conference on Learning Representations}, year = {2015}}
"""

METADATA = {
    "title": "Deep learning: $x^2$ and more",
    "subtitle": "Assessed coursework",
    "module": "CS3950 Deep Learning",
    "student-id": "007654321",
    "submitted": "14 March 2025",
    "lang": "en",
    "region": "GB",
    "papersize": "a4",
    "bibliographystyle": "ieee",
    "section-numbering": "Q1.1",
    "number-depth": 2,
    **words_before_numbers({"crossref": {"sec-prefix": ""}}, "en"),
    "bibliography": ["/references.bib"],
}


@pytest.fixture(scope="module")
def setter(tmp_path_factory) -> Iterator[Typesetter]:
    """The built-in renderer in a folder with the extension, a figure in the report's style, and a bibliography."""
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(EXTENSIONS, root / "report" / "_extensions")
    (root / "references.bib").write_text(BIBLIOGRAPHY, encoding="utf-8")
    figure(root / "plot.svg")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1767225600")  # else two PDFs can differ by a second
        yield Typesetter(root, Extension.load(root / "report" / "_extensions" / "coursework"), root / ".cache")


def figure(path: Path) -> None:
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    with matplotlib.rc_context():
        style.use()
        drawing, axes = plt.subplots(figsize=(style.TEXT_WIDTH / 2, 1.6))
        axes.plot([0, 1, 2], [0, 1, 4])
        axes.set(xlabel=r"input $z_t$, $\sqrt{\hat{v}_t}$, $\odot$", title="1.2 × 10⁻⁷ and −0.5")
        axes.text(0.2, 3, "σ", weight="bold", style="italic")
        drawing.savefig(path, metadata={"Date": None})
        plt.close(drawing)


class Typeset:
    """A text set with the format."""

    def __init__(self, setter: Typesetter, text: str, **metadata):
        emitted = Emitted((text.replace("plot.svg", "/plot.svg"),), ())
        self.source = setter.typst_source(
            Document(setter.root / "x.qmd", "x.qmd", {}, ()), emitted, {**METADATA, **metadata}
        )
        self.pdf = setter.compile(self.source)

    def pages(self) -> list[str]:
        return [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(self.pdf)]

    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.pages()))


@pytest.fixture(scope="module")
def sample(setter) -> Typeset:
    return Typeset(setter, SAMPLE)


@pytest.fixture(scope="module")
def tags(sample, tmp_path_factory) -> list[tuple[str, str | None]]:
    """The structure elements in reading order: role and alternative text."""
    path = tmp_path_factory.mktemp("pdf") / "sample.pdf"
    path.write_bytes(sample.pdf)
    found = []
    with pikepdf.open(path) as pdf:
        tree = pdf.Root.StructTreeRoot

        def walk(element):
            if isinstance(element, pikepdf.Array):
                for child in element:
                    walk(child)
            elif isinstance(element, pikepdf.Dictionary) and "/S" in element:
                found.append((str(element.S).lstrip("/"), str(element.Alt) if "/Alt" in element else None))
                walk(element.get("/K", pikepdf.Array()))

        walk(tree.K)
    return found


# -- the document ----------------------------------------------------------------------------------------------------


def test_it_meets_both_standards(sample):
    # Typst itself refuses to write a PDF that breaks one; the file says which it claims.
    assert Extension.load(EXTENSION).pdf_standards == ["a-2a", "ua-1"]
    metadata = re.search(rb"<x:xmpmeta.*?</x:xmpmeta>", sample.pdf, re.DOTALL)[0].decode()
    assert "<pdfaid:part>2</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata


def test_title_author_and_language(sample, tmp_path):
    (tmp_path / "sample.pdf").write_bytes(sample.pdf)
    with pikepdf.open(tmp_path / "sample.pdf") as pdf:
        assert str(pdf.docinfo["/Title"]).startswith("Deep learning:")
        assert str(pdf.docinfo["/Author"]) == "007654321"
        assert str(pdf.Root.Lang) == "en-GB"
        assert pdf.Root.ViewerPreferences.DisplayDocTitle


def test_headings_are_tagged_in_order(tags):
    # the title is a tag of its own, the questions follow it, the references come last
    assert [role for role, _ in tags if re.fullmatch(r"Title|H\d", role)] == ["Title", "H1", "H2", "H2", "H1", "H1"]


def test_every_picture_and_formula_has_words(tags):
    figures = [alt for role, alt in tags if role == "Figure" and alt]
    assert figures == ["A line that rises.", "The first line.", "The second line."]
    formulas = [alt for role, alt in tags if role == "Formula"]
    assert formulas == [
        "x squared",  # in the title
        "partial y by partial x sub 2 equals minus 1",
        "partial y by partial x sub 2 equals w sub 2",
        "A is B",
        "x sub 1",
        "x squared",
    ]


def test_tables_have_header_cells(tags):
    roles = [role for role, _ in tags]
    assert roles.count("Table") == 1
    assert roles.count("TH") == 5, "three columns and two rows"
    assert roles.count("TD") == 4


def test_lists_links_notes_and_captions_are_tagged(tags):
    roles = [role for role, _ in tags]
    assert {"L", "LI", "Lbl", "LBody", "Link", "Note", "Caption", "Code"} <= set(roles)
    assert roles.count("Caption") == 5  # two parts, two figures, one table


def test_numbers_and_references(sample):
    text = sample.text()
    assert "Equation 1" in text
    assert "See Equation 1, Figure 1, Figure 2b, Table 1, Q1 and [1]." in text
    assert re.search(r"Figure 2\. Two lines\.", text)
    assert "(a) First" in text
    assert "(b) Second" in text
    assert "References" in text


def test_a_bracket_after_a_formula_is_text(sample):
    assert "(not a call)" in sample.text()


def test_marks_stand_at_the_right_of_their_heading(sample):
    page = pypdfium2.PdfDocument(sample.pdf)[0].get_textpage()
    for words in ("[10 marks]", "[3 marks]"):
        index, count = page.search(words).get_next()
        left, bottom, right, _ = page.get_charbox(index + count - 1)
        assert right == pytest.approx((210 - 27.5) / 25.4 * 72, abs=2), words
        title = page.search("A ReLU neuron" if "10" in words else "a) The gradients").get_next()[0]
        assert page.get_charbox(title)[1] == pytest.approx(bottom, abs=6)
        assert left > page.get_charbox(title)[2]


def test_questions_are_numbered_parts_keep_their_letter_and_others_have_no_number(sample):
    lines = [line.strip() for page in sample.pages() for line in page.splitlines()]
    assert any(line.startswith("Q1 A ReLU neuron") for line in lines)
    assert any(line.startswith("a) The gradients") for line in lines)
    assert any(line.startswith("1.2 Second part") for line in lines)
    assert "Declaration" in lines


def test_the_header_runs_from_page_two_and_every_page_is_numbered(sample):
    pages = sample.pages()
    assert len(pages) > 1
    for number, page in enumerate(pages, start=1):
        assert f"{number} / {len(pages)}" in page
        assert page.count("CS3950 Deep Learning") == 1
        assert ("Student 007654321" in page) == (number == 1)
    assert all("007654321" in page for page in pages)


def test_columns_of_numbers_are_set_right_and_words_left(sample):
    assert re.search(r"align: \(left,right,right,\)", sample.source)


def test_the_fonts_are_those_of_the_report(sample, tmp_path):
    """No character of text or figure falls back to another font without notice."""
    (tmp_path / "sample.pdf").write_bytes(sample.pdf)
    names = set()
    with pikepdf.open(tmp_path / "sample.pdf") as pdf:
        for thing in pdf.objects:
            if isinstance(thing, pikepdf.Dictionary) and thing.get("/Type") == "/Font" and "/BaseFont" in thing:
                names.add(str(thing.BaseFont).lstrip("/").split("+")[-1].split("-Identity")[0])
    assert names
    assert all(re.match(r"Libertinus(Serif|Math)|DejaVuSansMono|STIX", name) for name in names), names


# -- pages -----------------------------------------------------------------------------------------------------------

FILLER = "Words that fill a line of the page so that the next paragraph begins further down than it did. "


def below_lines(count: int, text: str) -> str:
    above = "\n\n".join(f"Line {n}." for n in range(count))
    return f"# Question {{#sec-q}}\n\n{above}\n\n{text}\n"


def places(pdf: bytes, *words: str) -> list[int]:
    """The page of each piece of text."""
    pages = [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(pdf)]
    return [next(number for number, page in enumerate(pages) if word in page) for word in words]


def test_a_formula_keeps_the_sentence_that_leads_to_it(setter):
    """Whatever stands above, both share a page; without the template's lead-in some of these breaks would part them."""
    found, parted = set(), 0
    for count in range(16, 36):
        text = below_lines(count, "The chain rule gives therefore:\n\n$$ 4711 = \\frac{a}{b} $$")
        made = Typeset(setter, text)
        lead, formula = places(made.pdf, "therefore:", "4711")
        assert lead == formula, count
        found.add(lead)
        lead, formula = places(setter.compile(made.source.replace("#lead-in[", "#[")), "therefore:", "4711")
        parted += lead != formula
    assert found == {0, 1}
    assert parted


def test_a_caption_above_a_table_and_a_heading_stay_with_what_follows(setter):
    table = "| A | B |\n|---|---|\n| first | 1 |\n| last | 2 |\n\n: Caption. {#tbl-x}"
    found = set()
    for count in range(16, 36):
        made = Typeset(setter, below_lines(count, f"## Losses\n\n{table}"))
        where = places(made.pdf, "Losses", "Caption.", "first", "last")
        assert len(set(where)) == 1, (count, where)
        found.add(where[0])
    assert found == {0, 1}


def test_a_figure_that_may_move_leaves_no_gap(setter):
    above = "\n\n".join(FILLER * 3 for _ in range(9))
    below = "\n\n".join(FILLER * 3 for _ in range(6))
    text = (
        f'# Question {{#sec-q}}\n\n{above}\n\n![A.](plot.svg){{#fig-a fig-alt="One." height=9cm}}\n\nAfter. {below}\n'
    )
    kept = Typeset(setter, text).pages()
    moved = Typeset(setter, text, floating=["fig-a"]).pages()
    assert "After." not in kept[0]
    assert "After." in moved[0]


def test_a_long_table_breaks_and_repeats_its_header(setter):
    rows = "\n".join(f"| run {n} | {n} |" for n in range(80))
    text = f"# Question {{#sec-q}}\n\n| Name | Value |\n|------|-------|\n{rows}\n\n: Runs. {{#tbl-x}}\n"
    pages = Typeset(setter, text).pages()
    assert len(pages) > 1
    assert all("Name" in page for page in pages)


def test_no_word_is_hyphenated_in_a_caption(setter):
    long = "Regularisation hyperparameters characteristically differentiate generalisation performance. " * 3
    text = f'# Question {{#sec-q}}\n\n![{long}](plot.svg){{#fig-a fig-alt="One."}}\n'
    caption = Typeset(setter, text).pages()[0].split("Figure 1.")[1].split("References")[0]
    words = set(re.findall(r"[A-Za-z]+", caption))
    assert words == set(re.findall(r"[A-Za-z]+", long))


# -- both renderers --------------------------------------------------------------------------------------------------


def filtered(inlines: list[dict], name: str) -> subprocess.CompletedProcess:
    return filtered_blocks([{"t": "Para", "c": inlines}], name)


def filtered_blocks(blocks: list[dict], name: str) -> subprocess.CompletedProcess:
    tree = {"pandoc-api-version": [1, 23, 1], "meta": {}, "blocks": blocks}
    arguments = ["-f", "json", "-t", "typst", "--wrap=none", "-L", str(EXTENSION / name)]
    return subprocess.run(
        [str(pandoc()), *arguments], input=json.dumps(tree), capture_output=True, text=True, check=False
    )


def raw(text: str) -> dict:
    return {"t": "RawInline", "c": ["typst", text]}


def math(text: str) -> dict:
    return {"t": "Math", "c": [{"t": "DisplayMath"}, text]}


def test_comments_leave_no_space_where_they_mark_a_formula():
    def comment(text):
        return {"t": "RawInline", "c": ["html", f"<!-- {text} -->"]}

    space, word, comma = {"t": "Space"}, {"t": "Str", "c": "word"}, {"t": "Str", "c": ","}
    formula = {"t": "Math", "c": [{"t": "InlineMath"}, "a"]}
    paragraph = {
        "t": "Para",
        "c": [formula, space, comment("unchecked"), comma, space, word, comment("literal"), comma],
    }
    alone = {"t": "RawBlock", "c": ["html", "<!-- a note -->"]}
    made = filtered_blocks([alone, paragraph, {"t": "Para", "c": [comment("unchecked")]}], "structure.lua").stdout
    assert re.fullmatch(r"\$a\$, word,\s*", made)


def test_the_shape_in_which_quarto_leaves_an_equation():
    start = "#math.equation(block: true, numbering: equation-numbering, "
    inlines = [
        raw(start + "[ "),
        math("x"),
        raw(" ])<eq-a>"),
        raw(start + 'alt: "Said, [ so", [ '),
        math("y"),
        raw(" ])<eq-b>"),
    ]
    made = filtered(inlines, "../spoken-formulas/formulas.lua").stdout
    assert '#math.equation(block: true, numbering: equation-numbering, alt: "x", $ x $.body)<eq-a>' in made
    assert '#math.equation(block: true, numbering: equation-numbering, alt: "Said, [ so", $ y $.body)<eq-b>' in made


def words(kind: str, text: str) -> dict:
    return {"t": kind, "c": [{"t": "Str", "c": text}]}


def box(classes: list[str], *blocks: dict, identifier: str = "") -> dict:
    return {"t": "Div", "c": [[identifier, classes, []], list(blocks)]}


def test_a_cells_boxes_go_and_what_leads_to_them_is_seen():
    code = {"t": "CodeBlock", "c": [["", ["python"], []], "x = 1"]}
    cell = box(["cell"], code, box(["cell-output", "cell-output-display"], words("Para", "One.")))
    made = filtered_blocks([words("Para", "SymPy agrees:"), cell], "structure.lua").stdout
    assert "#block[" not in made
    assert "#lead-in[\nSymPy agrees:\n\n]" in made
    assert made.rstrip().endswith("One.")


def test_boxes_with_a_name_stay():
    made = filtered_blocks([box(["cell"], words("Para", "One."), identifier="sec-x")], "structure.lua").stdout
    assert "<sec-x>" in made


def test_a_list_with_a_lone_shortcode_is_as_tight_as_its_other_items():
    """Quarto turns an item that is one shortcode into a paragraph."""
    items = {"t": "BulletList", "c": [[words("Para", "from-a-variable")], [words("Plain", "other")]]}
    assert "- from-a-variable\n- other" in filtered_blocks([items], "structure.lua").stdout
    loose = {"t": "BulletList", "c": [[words("Para", "one")], [words("Para", "two")]]}
    assert "- one\n\n- two" in filtered_blocks([loose], "structure.lua").stdout


def test_a_cell_of_a_table_with_a_lone_shortcode_is_no_paragraph():
    def cell(kind: str, text: str) -> list:
        return [["", [], []], {"t": "AlignDefault"}, 1, 1, [words(kind, text)]]

    row = [["", [], []], [cell("Plain", "name"), cell("Para", "1.5")]]
    spec = [{"t": "AlignDefault"}, {"t": "ColWidthDefault"}]
    nothing = [["", [], []], []]
    body = [["", [], []], 0, [], [row]]
    table = {"t": "Table", "c": [["", [], []], [None, []], [spec, spec], nothing, [body], nothing]}
    made = filtered_blocks([table], "structure.lua").stdout
    assert "[name], [1.5]," in made
    assert "align: (left,right,)" in made


def test_a_callout_of_quartos_becomes_the_call_that_the_built_in_renderer_writes(tmp_path):
    """Quarto hands filters its callouts as `Callout`; its own call would stand in a block and load a font of icons."""
    script = tmp_path / "callout.lua"
    script.write_text(
        f"""FORMAT = "typst"
quarto = {{utils = {{as_blocks = pandoc.Blocks, as_inlines = pandoc.Inlines}}}}
local callout
for _, filter in ipairs(dofile("{EXTENSION / "structure.lua"}")) do callout = callout or filter.Callout end
for _, title in ipairs({{"Answer", ""}}) do
  local node = {{type = "tip", content = {{pandoc.Para("Body.")}}}}
  if title ~= "" then node.title = {{pandoc.Str(title)}} end
  print(pandoc.write(pandoc.Pandoc(callout(node)), "typst"))
end
""",
        encoding="utf-8",
    )
    done = subprocess.run([str(pandoc()), "lua", str(script)], capture_output=True, text=True, check=True)
    calls = [" ".join(call.split()) for call in done.stdout.split("#callout(")[1:]]
    assert calls == [
        'body: [ Body. ], title: [Answer], icon_color: rgb("#00A047"))',
        'body: [ Body. ], title: [Tip], icon_color: rgb("#00A047"))',
    ]


def test_the_space_that_quarto_puts_before_a_caption_does_not_show(setter):
    text = '# Question {#sec-q}\n\n![A caption.](plot.svg){#fig-a fig-alt="One."}\n'
    made = Typeset(setter, text)
    assert "[A caption.]" in made.source
    assert setter.compile(made.source.replace("[A caption.]", "[\nA caption.\n]")) == made.pdf


@pytest.mark.parametrize(
    ("left_by_quarto", "message"),
    [
        ({"t": "Strong", "c": [{"t": "Str", "c": "?@fig-missing"}]}, "The reference @fig-missing leads nowhere"),
        (
            {"t": "Strong", "c": [{"t": "Str", "c": "?var:q1.dy_dx2"}]},
            "The variable q1.dy_dx2 is not in _variables.yml",
        ),
        ({"t": "Str", "c": "?meta:module."}, "The key module is not in the document's front matter"),
        (math("z = ?var:q1.z"), "The variable q1.z is not in _variables.yml"),
    ],
)
def test_what_quarto_could_not_resolve_stops_the_build(left_by_quarto, message):
    done = filtered([left_by_quarto], "unresolved.lua")
    assert done.returncode != 0
    assert message in done.stderr


def test_a_question_mark_in_the_text_is_no_fault():
    words = [{"t": "Str", "c": word} for word in ("Why?", "@home", "?something:", "?", "what?@it", "?var")]
    assert filtered(words, "unresolved.lua").returncode == 0


def test_callouts_are_told_apart_by_the_colour_of_quartos_icon():
    """The answer box is tinted; a remark has a rule only; the icon's own font is never needed."""
    template = (EXTENSION / "typst-template.typ").read_text(encoding="utf-8")
    head = "#set page(width: 8cm, height: auto, margin: 1cm)\n"
    corners, rules = {}, {}
    for name, colour in {"tip": "#00A047", "note": "#0758E5", "important": "#CC1914", "warning": "#EB9113"}.items():
        callout = (
            f'#callout(body: [Text.], title: [Title], background_color: white, icon_color: rgb("{colour}"), '
            'icon: text(font: "Font Awesome 6 Free", "x"), body_background_color: white)'
        )
        png = typst.compile(
            (head + template + "\n" + callout).encode(), format="png", ignore_system_fonts=True, ppi=254
        )
        picture = Image.open(io.BytesIO(png)).convert("RGB")
        width, height = picture.size
        corners[name] = picture.getpixel((width - 110, height // 2))
        rules[name] = picture.getpixel((100, height // 2))
    assert corners["tip"] != (255, 255, 255)
    assert corners["note"] == corners["important"] == corners["warning"] == (255, 255, 255)
    assert len(set(rules.values())) == 4
    assert (255, 255, 255) not in rules.values()
