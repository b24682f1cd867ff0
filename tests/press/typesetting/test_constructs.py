"""Every construct that the reader lets through, with what it becomes; what would be lost is refused with its place."""

from __future__ import annotations

import re

import pypdfium2
import pypdfium2.raw as pdfium
import pytest
from papers import PICTURE

from handin.errors import InputError

BIB = (
    "@article{ada, author={Lovelace, Ada}, title={Notes}, journal={Memoirs}, year={1843}}\n"
    "@article{bob, author={Boole, George}, title={Laws}, journal={Thought}, year={1854}}\n"
)
FRONT = "# Plain heading\n\n# A {#sec-a}\n\n# B {#sec-b}\n\nSTART\n\n"
HEAD = "---\ntitle: T\nbibliography: refs.bib\nnumber-sections: true\n---\n\n"

COLUMNS = '::: {.columns}\n::: {.column width="40%"}\nLeft.\n:::\n::: {.column width="60%"}\nRight.\n:::\n:::'
MULTILINE = "-----------\n a     b\n----- -----\n one   two\n       more\n\n 3     4\n-----------\n"
WIDE = f"|{' | '.join(['incomprehensibility'] * 8)}|\n{'|---' * 8}|\n{'| 1 ' * 8}|"

SMALL = "| One | Two | Three |\n|---|---|---|\n| a | b | c |"

FORMULAS = "\n".join(["| " + " | ".join([r"$\mathrm{ReLU}'(\theta_{t-1})$"] * 4) + " |"] * 2)

SHOWN = [
    # formulas outside dollars
    ("align", "\\begin{align}\na &= b \\\\\nc &= d\n\\end{align}\n", r"math\.equation\(block: true"),
    ("align*", "Then\n\\begin{align*}\na &= b\n\\end{align*}\n", r"math\.equation\(block: true"),
    ("equation", "\\begin{equation}\na = b \\label{eq:x}\n\\end{equation}\n", r"math\.equation\(block: true"),
    ("gather", "\\begin{gather*}\na = b \\\\ c = d\n\\end{gather*}\n", r"math\.equation\(block: true"),
    ("layout in a formula", "\\begin{equation}\nx = \\underline{\\hspace{3in}} + \\small h\n\\end{equation}\n",
     r"underline\(#h\("),
    ("layout in a line's formula", "So \\begin{align*} a \\hspace{1cm} b \\end{align*} holds.\n", r"a #h\("),
    ("layout in dollars", "So $a \\hspace{1cm} b$ holds.\n", r"a #h\("),
    # citations, in all forms of pandoc's
    ("citation", "As in [@ada].", r"#cite\(<ada>|@ada"),
    ("citation with words", "X [see @ada, p. 3; but cf. @bob for it].", r"see .*ada.*p\.~3.*; but cf\. .*bob.*for it"),
    ("citation in the text", "@ada [p. 33] says so.", r'#cite\(<ada>, form: "prose", supplement: \[p\.~33\]\)'),
    ("locator in braces", "X [@ada, {fig. 3} there].", r"@ada\[fig\.~3 there\]"),
    ("citation without author", "Lovelace [-@ada].", r"<ada>"),
    ("citations together", "Both [@ada; @bob].", r"ada.*bob"),
    ("citation with a dash behind it", "[@ada]---a, [@bob]s, [@ada]-b, [@bob]:c.",
     r"@ada/\*\*/---a, @bob/\*\*/s, @ada/\*\*/-b, @bob/\*\*/:c"),
    # references, in all forms of Quarto's
    ("reference with a dash behind it", "See @sec-a---c.", r"#ref\(<sec-a>[^)]*\)/\*\*/---c"),
    ("reference", "See @sec-a.", r"#ref\(<sec-a>, supplement: crossref\.sec\.prefix\)"),
    ("reference in brackets", "See [@sec-a].", r"#ref\(<sec-a>, supplement: crossref\.sec\.prefix\)"),
    ("number alone", "See [-@sec-a].", r"#ref\(<sec-a>, supplement: \[\]\)"),
    ("own word", "See [Chapter @sec-a].", r'#ref\(<sec-a>, supplement: "Chapter"\)'),
    ("own word, number alone", "See [Chapter -@sec-a].", r'#ref\(<sec-a>, supplement: "Chapter"\)'),
    ("label in parts", "$$ x = 1 $$ {#eq-a:b.c}\n\nBy @eq-a:b.c.", r"#ref\(<eq-a:b\.c>.*\)\."),
    ("capital", "@Sec-a says.", r"#ref\(<sec-a>, supplement"),
    ("two references", "See [@sec-a; @sec-b].", r"<sec-a>.*, #ref\(<sec-b>"),
    # links
    ("link to a heading", "[there](#plain-heading)", r"#link\(<plain-heading>\)\[there\]"),
    ("heading in brackets", "See [Plain heading].", r"#link\(<plain-heading>\)\[Plain heading\]"),
    ("link to a label", "[there](#sec-a)", r"#link\(<sec-a>\)\[there\]"),
    ("brackets", "An interval [0, 1] and [a word].", r"\\?\[0, 1\\?\] and \\?\[a word\\?\]"),
    # lists
    ("example list", "(@one) First.\n\nText.\n\n(@two) Second.\n\nAs (@one) and @two say.", r"As \(1\) and 2 say"),
    ("definition list", "Term\n: Its meaning\n", r"/ Term: "),
    ("long definition", "Term\n: One.\n\n    Two.\n", r"One\.\s*#parbreak\(\)\s*Two\."),
    ("indented code", "Text:\n\n    ![c](none.png){#sec-a}\n    @fig-none\n\nText.", r"none\.png"),
    ("task list", "- [x] done\n", r"- ☒ done"),
    ("footnote", "A word.^[A note.]", r"#footnote\[A note"),
    ("footnote below", "A word.[^n]\n\n[^n]: A note.", r"#footnote\[A note"),
    ("line block", "| one\n| two", r"one \\\ntwo"),
    # blocks
    *[
        (f"callout {name}", f"::: {{.callout-{name}}}\nBody.\n:::", rf"title: \[#crossref\.{kind}\.title\], back")
        for name, kind in dict(note="nte", tip="tip", important="imp", warning="wrn", caution="cau").items()
    ],
    ("callout of another kind", "::: {.callout-info}\nBody.\n:::", r"title: \[Info\], back"),
    ("block in an item's item", "- - ::: {.whatever}\n    Inner.\n    :::", r"Inner\."),
    ("callout with title", '::: {.callout-note title="Mine"}\nBody.\n:::', r"title: \[Mine\]"),
    ("callout with heading", "::: {.callout-tip}\n## Own *title*\nBody.\n:::", r"title: \[Own #emph\[title\]\]"),
    ("theorem", "::: {#thm-a}\n## Line\nA *line*.\n:::",
     r"kind: \"quarto-theorem-thm\".*A #emph\[line\].*caption: \[Line\]"),
    ("theorem with a formula", "::: {#thm-f}\nIt is:\n\n$$\ny = x\n$$\n:::", r"title, \[It is.*#math\.equation"),
    ("landscape", "::: {.landscape}\nWide.\n:::", r"#page\(flipped: true\)\[\s*Wide\.\s*\]"),
    ("theorem of paragraphs", "::: {#def-b}\nFirst.\n\nSecond.\n\nThird.\n:::", r"First\.\n\nSecond\.\n\nThird\."),
    ("table with a caption in a block", "::: {#tbl-d}\n\n| a |\n|---|\n| 1 |\n\n: Words *of* it.\n\n:::",
     r"caption: figure\.caption\(position: top, \[Words #emph\[of\] it\.\]\).*crossref\.tbl.*<tbl-d>"),
    ("formula with spaces in its braces", "$$ a $$ { #eq-s alt = \"an a\" }\n\n@eq-s", r'alt: "an a", .*\)<eq-s>'),
    ("image in a link", "[![Its *caption*](a.svg){#fig-l}](https://a.org)\n\n@fig-l",
     r'#link\("https://a.org"\)\[#box\(image.*caption.*Its #emph\[caption\].*<fig-l>'),
    ("image in a link in a line", "X [![Words](a.svg)](https://a.org).", r'#link\("https://a.org"\)\[#box\(image'),
    ("named lemma", '::: {#lem-a name="of $x$"}\n* L.\n:::\n\nBy @lem-a.', r"caption: \[of .*ref\(<lem-a>, supplement"),
    ("proof", "::: {.proof}\nTrivial.\n:::", r"#emph\(crossref\.proof\.title\)\. Trivial"),
    ("solution", '::: {.solution name="mine"}\n- It.\n:::', r"crossref\.sol\.title\) \(mine\)\."),
    ("title with a sign", '::: {.callout-note title="Issue #42 and C#"}\nB\n:::', r"Issue \\#42 and C"),
    ("title that refers", '::: {.callout-note title="1. See @sec-a"}\nB\n:::', r"title: \[1\\. See #ref\(<sec-a>"),
    ("layout", '::: {layout="[30,70]"}\nLeft.\n\nRight.\n:::', r"columns: \(30fr, 70fr,\).*Left.*Right"),
    ("layout of rows", '::: {layout="[[1,-2,1],[1]]"}\nOne\n\nTwo\n\nThree\n:::',
     r"\(1fr, 2fr, 1fr,\).*One.*Two.*\(1fr,\).*Three"),
    ("columns with headings", "::: {layout-ncol=2}\n### A\n\na\n\n### B\n\nb\n:::",
     r"\[\s*=== A\s*a\s*\],\s.*\[\s*=== B\s*b"),
    ("unknown class", "::: {.whatever}\nKept content.\n:::", r"Kept content"),
    ("name of another block", '::: {.whatever name="x"}\nWords.\n:::', r"^(?!.*=).*Words"),
    ("columns", COLUMNS, r"columns: \(40fr, 60fr,\)"),
    ("for PDF alone", '::: {.content-visible when-format="pdf"}\nOnly here.\n:::', r"Only here"),
    ("not in a PDF", '::: {.content-hidden unless-format="html"}\nElsewhere.\n:::\n\nKept.', r"^(?!.*Elsewhere)"),
    ("not for the web", '::: {.content-visible unless-format="html"}\nPrinted.\n:::', r"Printed"),
    ("an image wider than the line", '![](a.svg){width=30cm fig-alt="x"}', r'width: 100%'),
    ("an image wider than all", '![](a.svg){width=120% fig-alt="x"}', r'width: 100%'),
    ("an image in pixels", '![](a.svg){width=96 fig-alt="x"}', r'width: 1\.00000in'),
    ("caption in an attribute", '::: {#fig-z fig-cap="2. Below"}\n![](a.svg){fig-alt="x"}\n:::', r"\[2\\. Below\]"),
    ("image over two lines", '![A\nB](a.svg){#fig-a fig-alt="x"}', r'image\("/a\.svg", alt: "x"\).*<fig-a>'),
    ("a space in an image's name", '![](my file.svg){fig-alt="x"}', r'image\("/my file\.svg", alt: "x"'),
    ("a name in angles", '![](<my file.svg> "T"){fig-alt="x"}', r'image\("/my file\.svg", alt: "x"'),
    ("an escaped space", '![](my%20file.svg){fig-alt="x"}', r'image\("/my file\.svg", alt: "x"'),
    ("brackets in an image's name", '![A](b(1).svg){fig-alt="x"}', r'image\("/b\(1\)\.svg", alt: "x".*\[A\]'),
    ("a link in angles", "[There](<a b.txt>).", r'#link\("a%20b\.txt"\)\[There\]'),
    ("a label without caption", '![](a.svg){#fig-b fig-alt="x"}\n\nSee @fig-b.',
     r'image\("/a\.svg", alt: "x"\).*supplement: crossref\.fig\.title, \)<fig-b>'),
    ("labels of parts without captions", '::: {#fig-c layout-ncol=2}\n![](a.svg){#fig-c-1 fig-alt="x"}\n\n'
     '![](a.svg){#fig-c-2 fig-alt="y"}\n\nBoth.\n:::', r'quarto_super.*<fig-c-1>.*<fig-c-2>'),
    ("part without label", '::: {#fig-m layout-ncol=2}\n![A](a.svg){#fig-ma fig-alt="x"}\n\n![B](a.svg)\n\nBoth.\n:::',
     r'quarto_super.*<fig-ma>.*\[B\]\), kind: "quarto-float-fig", supplement: crossref\.fig\.title, \)'),
    ("an image in the middle", '![](a.svg){fig-align="center"}', r'#align\(center\)\[\s*#box\(image'),
    ("rule in HTML", "a\n\n<hr />\n\nb", r"a\s*#horizontalrule\s*b"),
    ("block quote", "> Said.", r"#quote\(block: true\)\[\s*Said"),
    ("rule", "a\n\n---\n\nb", r"#horizontalrule"),
    ("shown cell", "```{{python}}\n#| echo: true\nx = 1\n```",
     r"````markdown\n```\{python\}\n#\| echo: true\nx = 1\n```\n````"),
    ("a fenced cell", "```{python}\n#| label: own\n#| echo: fenced\nx = 1\n```",
     r"```\{python\}\n#\| label: own\nx = 1\n```"),
    ("annotations", "```python\nx = 1 # <1>\ny = 2 # <2>\nz = 3  # <1>\n```\n\n1. *First*.\n2. Second.",
     r"x = 1\ny = 2\nz = 3\n```.*#crossref\.lines\.title 1, 3: .*First.*#crossref\.line\.title 2: .*Second"),
    ("annotations of a listing", "```{#lst-a .python lst-cap=\"C\"}\nx = 1 # <1>\n```\n\n1. *First*.\n\n@lst-a",
     r"x = 1\n```.*#crossref\.line\.title 1: .*First"),
    ("annotations in comments with ends", "```css\na{} /* <1> */\nb{} <!-- <2> -->\n```\n\n1. One.\n2. Two.",
     r"a\{\}\nb\{\}\n```.*#crossref\.line\.title 1: .*One.*#crossref\.line\.title 2: .*Two"),
    ("no annotations", "```python\nx = 1 # <1>\n```\n\n1. One.\n2. Two.", r"x = 1 # <1>.*\+ One"),
    ("a sign before code with another", "If x <y and `a > b`.", r"If x .*y and `a > b`"),
    ("keys", "Press {{< kbd Ctrl-C >}}.", r"Press `Ctrl-C`\."),
    ("keys of a system", "Press {{< kbd mac=Cmd-C win=Ctrl-C >}}.", r"Press `Ctrl-C`\."),
    ("keys in quotes", 'Press {{< kbd "Ctrl X" >}} or {{< kbd mac="Cmd X" >}}.', r"Press `Ctrl X` or `Cmd X`\."),
    ("indented page break", "::: {.x}\n  {{< pagebreak >}}\n:::", r"#pagebreak\("),
    ("video", "{{< video https://example.org/a >}}", r'#link\("https://example.org/a"\)'),
    ("page break", "a\n\n\\newpage\n\nb", r"#pagebreak\(weak: true\)"),
    # tables of all kinds
    ("pipe table", "| a | b |\n|---|--:|\n| 1 | 2 |", r"#table\("),
    ("simple table", "  a     b\n----  ----\n   1     2\n", r"#table\("),
    ("grid table", "+---+---+\n| a | b |\n+===+===+\n| 1 | 2 |\n+---+---+", r"#table\("),
    ("multiline table", MULTILINE, r"#table\("),
    ("table with caption alone", "| a |\n|---|\n| 1 |\n\n: No number here\n", r"No number here.*numbering: unlabelled"),
    ("wide table", WIDE, r"#set text\(size: 0\.\d+em\)"),
    ("table in a narrow column", f'::: {{layout="[1,4]"}}\n\n{SMALL}\n\nx\n:::',
     r"#set text\(size: 0\.\d+em\)"),
    ("table in a wide column", f'::: {{layout="[1,1]"}}\n\n{SMALL}\n\nx\n:::',
     r"^(?!.*set text\(size)"),
    ("table without a head", "| | |\n|-|-|\n| a | b |", r'weight: "regular"'),
    ("widths left open", '| a | b |\n|---|---|\n| 1 | 2 |\n\n: C {#tbl-c tbl-colwidths="auto"}',
     r"columns: 2.*<tbl-c>"),
    ("a narrow column", f"| Option | Meaning |\n| - | {'-' * 90} |\n| `warning` | {'word ' * 20} |",
     r"columns: \(1\d\.\d+%, "),
    ("a table of formulas", f"| a | b | c | d |\n|--|--|--|--|\n{FORMULAS}", r"^(?!.*set text\(size)"),
    # what Typst would take for markup
    ("signs in cells", "| a |\n|---|\n| + 5 |\n| - 5 |\n| = 5 |\n| / x: y |",
     r"\[\\\+ 5\].*\[\\- 5\].*\[\\= 5\].*\[\\/ x"),
    ("number in a note", "A note.^[1. first]", r"#footnote\[1\\\. first"),
    ("number in emphasis", "*1. first*", r"#emph\[1\\\. first"),
    ("number in a caption", '![1. first](a.svg){#fig-n fig-alt="x"}', r"\[1\\\. first\]"),
    ("number in a title", "::: {.callout-tip}\n## 1. First\nBody.\n:::", r"title: \[1\\\. First\]"),
    ("number after a break", "One\\\n1. two", r"\\\n1\\\. two"),
    # words
    ("apostrophes", "The 1990's wave, as @ada's paper and @sec-a's title say.", r"1990’s wave.*’s paper.*’s title"),
    ("tags", "H<sub>2</sub>O, x<sup>2</sup>,<br>a <b>word</b>", r"H#sub\[2\]O, x#super\[2\],\s*\\\s*a #strong\[word\]"),
    ("sizes in braces", "A {\\Huge big} and { \\small small} word.", r"A big and small word\."),
    ("LaTeX words", "A \\textbf{bold} word", r"A #strong\[bold\] word"),
    ("marked", "[a]{.mark} [b]{.underline} [C]{.smallcaps}", r"#highlight\[a\] #underline\[b\] #smallcaps\[C\]"),
    # HTML that says what stands in it
    ("raw table in HTML", "```{=html}\n<TABLE><tr><td>cell</td></tr></TABLE>\n```", r"#table\(.*cell"),
    ("link of LaTeX", "A \\href{https://a.org}{page \\textbf{here}}.",
     r'#link\("https://a.org"\)\[page #strong\[here\]\]'),
    ("list in HTML", "<ul>\n<li>one</li>\n<li>two <b>bold</b></li>\n</ul>", r"- one\s+- two #strong\[bold\]"),
    ("code in HTML", "<pre><code>---\na: b\n\n    deep\n---</code></pre>", r"```\n---\na: b\n\n    deep\n---\n```"),
    ("heading in HTML", "<h2>Words</h2>", r"== Words"),
    ("table in HTML", "<table><tr><th>A</th></tr>\n<tr><td>1</td></tr></table>", r"#table\(.*\[A\].*\[1\]"),
    ("quotation in HTML", "<blockquote>Said.</blockquote>", r"#quote\(block: true\)\[\s*Said"),
    ("a size alone in a formula", "$$\n\\small\na = b\n$$", r"math\.equation\(block: true.*a = b"),
    ("indented in a tag", "<details>\n    <summary><b>Answer</b></summary>\n\nWords.\n</details>",
     r"^\s*#strong\[Answer\]\s*Words\.\s*$"),
    ("a paragraph in a tag", "<p>\n    Indented *words*.\n</p>", r"^\s*Indented #emph\[words\]\.\s*$"),
    ("an image in code", "- `![](path/to/image.png)` embeds", r"`!\[\]\(path/to/image\.png\)` embeds"),
    ("Markdown in HTML", "<ul>\n<li>*one*</li>\n</ul>", r"#emph\[one\]"),
    ("tags around a paragraph", "<center>\n\nMiddle\n\n</center>\n\n<p align='left'>Left</p>",
     r"^\s*Middle\s*Left\s*$"),
    ("macros of a hidden block", "::: {.hidden}\n$$ \\newcommand{\\Q}{\\mathbb{Q}} $$\n:::\n\n$\\Q$", r"bb\(Q\)|QQ|ℚ"),
    ("words in the margin", "A word.[*Aside*]{.aside} More.", r"A word\.#footnote\[#emph\[Aside\]\s*\] More"),
    ("a block in an item", "- ::: {.whatever}\n  Inner.\n  :::\n- two", r"- Inner\."),
    ("caption of a listing", '::: {#lst-z lst-cap="My *code*"}\n```python\nx = 1\n```\n:::',
     r"\[My #emph\[code\]\].*<lst-z>"),
    ("columns of numbers", "| a | b | c |\n|---|---|---|\n| 1.5 | $3 | x |\n| NaN | $12*** | 2 |\n| … | $0 | 3 |",
     r"align: \(right,right,left,\)"),
    ("strikeout", "~~gone~~", r"#strike\[gone\]"),
]  # fmt: skip


@pytest.fixture(scope="module")
def pieces(papers) -> dict[str, str]:
    """All constructs in one paper: the Typst of each, by its name."""
    texts = [f"START{number}\n\n{text.strip()}\n\nEND{number}" for number, (_, text, _) in enumerate(SHOWN)]
    more = {"my file_svg": PICTURE, "b(1)_svg": PICTURE}
    made = papers.set(HEAD + FRONT + "\n\n".join(texts) + "\n", refs_bib=BIB, a_svg=PICTURE, **more).typst
    return {
        name: made.partition(f"START{number}\n")[2].partition(f"END{number}\n")[0]
        for number, (name, _, _) in enumerate(SHOWN)
    }


@pytest.mark.parametrize(("name", "wanted"), [(case[0], case[2]) for case in SHOWN], ids=[case[0] for case in SHOWN])
def test_what_is_let_through_is_set(pieces, name, wanted):
    assert re.search(wanted, pieces[name], flags=re.S), pieces[name]


REFUSED = [
    ("nowhere", "See [x](#nowhere).", "the link #nowhere leads nowhere"),
    ("no source", "As in [@adda].", r"the citation @adda is not in the bibliography \(did you mean @ada\?\)"),
    ("no label", "See @sec-c.", "the reference @sec-c leads nowhere"),
    ("an image in a line", "See @fig-l.\n\nText ![c](a.svg){#fig-l} and more.",
     "what fig-l names stands inside a line"),
    ("no glyph", "Text with \U00012000.", "no font has the sign"),
    ("no file", "![x](none.png)", "the image none.png does not exist"),
    ("an image of the web", "![x](https://example.org/a.png)", "is not a file of the project: download it"),
    ("an image's tag", '<img src="a.png">', r"raw HTML \(<img.*: write !\[what it shows\]\(a\.png\)\."),
    ("words in an image's braces", '![](a.svg){#fig-z "Words"}',
     r'braces behind the image .* "Words" is no key="value"'),
    ("a figure in LaTeX", "\\begin{figure}\n\\includegraphics{a.png}\n\\end{figure}",
     r"with an image is not supported, write !\[caption\]\(a\.png\)\{#fig-name\}: \\begin\{figure\}"),
    ("an image by a name", "[b]: c d.png\n\n![A][b]",
     r"must stand behind its caption, on one line, as !\[caption\]\(file\)"),
    ("a video", '<iframe src="a"></iframe>', r'put it in a block ::: \{\.content-visible when-format="html"\}'),
    ("LaTeX's reference", "See \\ref{eq:x}.", r"refer by @eq-name\): \\ref\{eq:x\}"),
    ("LaTeX's reference to a section", "See \\autoref{sec-a}.",
     r"are written @kind-name, as @fig-name\): \\autoref\{sec-a\}"),
    ("an unknown command", "A \\mystery{word}.", r"raw latex is not supported outside a formula, .*: \\mystery"),
    ("words after a reference", "See [@sec-a and more].", "a reference has no words after it"),
    ("unknown formula", "$\\mysterious{x}$", "mysterious"),
    ("empty link", "[The camp]() is near.", "this link has no address"),
    ("unknown image", "![x](a.avif)", "an image .avif cannot be set: convert a.avif to SVG, PNG or JPEG"),
    ("empty line in a formula", "$$\nx = 1\n\ny = 2\n$$", "is not closed before the next empty line"),
    ("a layout of gaps", '::: {layout="[-1]"}\na\n\nb\n:::', "a row of layout must have a width above 0"),
    ("a number of columns", "::: {layout-ncol=two}\na\n\nb\n:::", "layout-ncol must be a whole number: two"),
    ("a cell's name", "```{python my-cell}\n1\n```", r"as a line '#\| label: my-cell' inside the cell"),
    ("a space in an attribute", '::: {.callout-note title = "My title"}\nB\n:::', "the attribute title has a space"),
    ("a space in an image's", "![Cap](a.svg){width = 20%}", "the attribute width has a space beside its ="),
    ("cells of another language", "```{julia}\n1\n```", "cells of julia are not supported"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_would_be_lost_is_refused_with_its_line(papers, text, words):
    with pytest.raises(InputError, match=rf"^paper\.qmd:15.*{words}"):
        papers.set(HEAD + FRONT + text + "\n", refs_bib=BIB, a_avif="", a_svg=PICTURE)


def test_a_part_of_another_kind_is_refused(papers):
    text = "::: {#fig-g}\n![A](a.svg){#fig-g1}\n\n| a |\n|---|\n| 1 |\n\n: T {#tbl-g2}\n\nBoth.\n:::\n"
    with pytest.raises(InputError, match=r"^paper\.qmd:8: a part of fig-g would have no number, .* fig-: tbl-g2$"):
        papers.set(text, a_svg=PICTURE)


def test_the_parts_of_a_cells_figure_may_have_letters_alone(papers):
    cell = """```{python}
#| label: fig-two
#| fig-cap: Both
#| fig-subcap: true
import matplotlib.pyplot as plt

for i in range(2):
    plt.figure()
    plt.plot([i])
    plt.show()
```

See @fig-two-2.
"""
    made = papers.set(cell)
    assert re.search(r"quarto_super.*<fig-two-1>.*<fig-two-2>", made.typst, re.S)
    assert re.search(r"\(a\).*\(b\).*See Figure 1b", made.text)


def test_a_page_break_inside_a_box_is_refused_in_words(papers):
    with pytest.raises(InputError, match=r"^paper\.qmd:2: a page cannot break inside a list, .*behind it$"):
        papers.set("::: {.callout-note}\n  {{< pagebreak >}}\n:::\n")


def test_raw_latex_is_refused_where_it_stands_outside_a_formula(papers):
    with pytest.raises(InputError, match=r"^paper\.qmd:3: raw latex is not supported outside a formula"):
        papers.set("The estimate $\\hat{\\theta}$ is good.\n\nDetermining $\\hat{\\theta}#, we ignore it.\n")


def test_what_only_the_top_of_a_front_matter_says_is_no_matter_elsewhere(papers):
    assert papers.set("---\nformat:\n  pdf:\n    engine: knitr\nexecute:\n  enabled: true\n---\n\nText.\n").told == ()


TOLD = [
    ("a note for nothing", "Text.\n\n[^b]: Lost.", r":17: no \[\^b\] refers to this footnote"),
    ("list after text", "Two things:\n- one\n- two", r":16: this list is taken for more of the paragraph"),
    ("table after text", "A table:\n| a | b |\n|---|---|\n| 1 | 2 |", r":16: this table is taken for more"),
    ("heading after text", "Words.\n## Heading\n", r":16: this heading is taken for more"),
    ("block after text", "Words.\n::: {.callout-note}\nB\n:::\n", r":16: this block is taken for more"),
    ("tag without meaning", "A <details>word</details>.", r":15: <details>, </details> has no meaning in print"),
    ("marked", "A <mark>word</mark>.", r":15: <mark>, </mark> has no meaning in print"),
    ("coloured", 'A <span style="color: red">word</span>.', r':15: <span style="color: red"> has no meaning in print'),
    ("code from a file", "```{.python include=\"a.py\"}\n```", r":15: a code block's include= is not supported"),
    ("behind code in a caption", '```{#lst-c .python lst-cap="Of `t`."}\nx = 1\n```\n\n<mark>A</mark>', ":19: <mark>"),
    ("another format", "```{=openxml}\n<w:p/>\n```\n\nText.", r":15: raw openxml is not for PDFs and is left out"),
    ("aside", "A word.[Aside]{.aside}", r":15: the span \.aside is not supported: it is set as a footnote"),
    ("layout", "\\vspace{1cm} Words", r":15: \\vspace\{1cm\} has no meaning in print"),
    ("sizes", "{\\Huge a} {\\huge b} {\\LARGE c}", r":15: \\Huge, \\huge, \\LARGE has no meaning in print"),
    ("contents", "\\tableofcontents",
     r":15: \\tableofcontents .* left out: write toc: true in the front matter instead"),
    ("margin", "::: {.column-margin}\nAside.\n:::", r":15: the block \.column-margin is not supported"),
    ("callout of another kind", "::: {.callout-info}\nWords.\n:::",
     r":15: the block \.callout-info is none of Quarto's"),
    ("list table", "::: {.list-table}\n- - a\n  - b\n:::", r":15: list tables are not supported"),
    ("skipped level", "### Deep\n", r":15: this heading is of level 3 under one of level 1"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), [case[1:] for case in TOLD], ids=[case[0] for case in TOLD])
def test_what_looks_otherwise_in_print_is_told(papers, text, words):
    made = papers.set(HEAD + FRONT + text + "\n", refs_bib=BIB)
    assert any(re.search(words, told) for told in made.told), made.told


@pytest.mark.parametrize(
    "text",
    [
        "- one is\n  long\n- two\nis lazy\n- three\n",
        "1. one\nis lazy\n1. two\n",
        "- one\n\n  a paragraph of it\n- two\n",
        "- one $$\nx = 1\n$$\n- two\n",
    ],
)
def test_a_list_whose_items_are_long_is_a_list(papers, text):
    made = papers.set(HEAD + FRONT + text, refs_bib=BIB)
    assert not [told for told in made.told if "taken for" in told]
    assert made.typst.partition("START")[2].count("\n- ") + made.typst.partition("START")[2].count("\n+ ") >= 2


TABLE = "| a |\n|---|\n| 1 |\n\n: Cap {#tbl-a}\n"

PRINTED = [
    ("words of a heading without number, behind the author's",
     "See [Chapter @sec-a], [Sec. -@sec-a; see also @sec-b], [-@sec-a].\n\n# One {#sec-a}\n\n# Two {#sec-b}\n",
     r"See Chapter One, Sec\. One, see also Two, One\."),
    ("a heading without words", "---\ntitle: T\nnumber-sections: true\n---\n\n# \n\nText.\n", r"Text\."),
    ("words of captions and of references", f"---\ncrossref:\n  tbl-title: Tab.\n---\n\nIn @tbl-a.\n\n{TABLE}",
     r"In Table 1\.", r"Tab\. 1\. Cap"),
    ("the first of several words", f"---\ncrossref:\n  tbl-prefix: [Tab., Tabs.]\n---\n\nSee @tbl-a.\n\n{TABLE}",
     r"See Tab\. 1"),
    ("words of another language", "---\nlang: de\n---\n\n![Bild](a.svg){#fig-a}\n\nSiehe @fig-a.\n",
     "Siehe Abbildung 1"),
    *[
        (f"callout in {language}", f"---\nlang: {language}\n---\n\n::: {{.callout-note}}\nBody.\n:::\n", word)
        for language, word in dict(en="Note", de="Hinweis", es="Nota").items()
    ],
    *[
        (f"crossref may be {value}", f"---\nlang: xx\ncrossref: {value}\n---\n\nText.\n", "Text")
        for value in ("true", "false")
    ],
    ("a place for sources without sources", "Words.\n\n::: {#refs}\n:::\n", "Words"),
    ("single braces of a cell that is shown", "````markdown\n```{{python}}\n1 + 1\n```\n````\n", "```{python}"),
    ("an empty block of LaTeX", "Words.\n\n```{=latex}\n```\n", r"^Words\."),
    ("front matter after empty lines", "\n\n---\ntitle: Mine\n---\n\nText.\n", "Mine"),
    ("numbers that begin words on the title page",
     '---\ntitle: "2. Title"\nsubtitle: "2. Part"\nauthor: "1. Ann"\ndate: "1. Mai 2024"\n---\n\nText.\n',
     r"2\. Title", r"2\. Part", r"1\. Ann", r"1\. Mai 2024"),
    *[
        (f"a break in the {key}", f'---\n{key}: "Workshop,<br>Sept<BR/>17"\n---\n\nText.\n', "Workshop, Sept 17")
        for key in ("title", "subtitle", "abstract")
    ],
    ("words that another YAML takes for values",
     "---\ntitle: On\nsubtitle: 12:30\nauthor: Yes\nabstract: No\nlang: nl\nf: true\n---\n\nIt is {{< meta f >}}.\n",
     "On", "12:30", "Yes", "No", r"is true\."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"), [(case[1], case[2:]) for case in PRINTED], ids=[case[0] for case in PRINTED]
)
def test_what_is_written_is_on_the_pages(papers, text, words):
    made = papers.set(text, a_svg=PICTURE).text
    assert [each for each in words if not re.search(each, made)] == [], made


def test_a_note_in_a_heading_is_not_repeated_where_the_heading_is_named(papers):
    made = papers.set("# One *big*^[Aside.] thing {#sec-a}\n\nSee @sec-a.\n").text
    assert (made.count("Aside."), "See One big thing." in made) == (1, True)


def test_a_note_has_its_number_on_the_line_of_its_first_words(papers):
    typst = papers.typst("A.[^1]\n\n[^1]: With code:\n\n    ```python\n    z = 1\n    ```\n")
    page = pypdfium2.PdfDocument(papers.builder.typesetter.compile(typst))[0]
    assert "1With code:" in page.get_textpage().get_text_bounded().split("\r\n")


@pytest.mark.parametrize(
    "code", ["frame.dropna().mean(axis=0)" * 9, "a = " + "x" * 300, "print('" + "long/path" * 30 + "')"]
)
def test_a_line_of_code_without_spaces_stays_in_its_box(papers, code):
    typst = papers.typst(f"```python\n{code}\n```\n")
    page = pypdfium2.PdfDocument(papers.builder.typesetter.compile(typst))[0]
    text = page.get_textpage()
    widest = max(text.get_charbox(index)[2] for index in range(text.count_chars()))
    assert widest < page.get_width() - 27.5 * 72 / 25.4 - 8
    assert code in "".join(text.get_text_bounded().split("\n")).replace("\r", "").replace("\ufffe", "").replace(
        "a=", "a = "
    )


def letters(papers, text: str) -> tuple[pypdfium2.PdfPage, dict[str, list[tuple[float, float, float, float]]]]:
    """Set a text; return its page, and the boxes (left, bottom, right, top) of each letter on it."""
    page = pypdfium2.PdfDocument(papers.builder.typesetter.compile(papers.typst(text)))[0]
    found: dict[str, list[tuple[float, float, float, float]]] = {}
    written = page.get_textpage()
    for index in range(written.count_chars()):
        found.setdefault(written.get_text_range(index, 1), []).append(written.get_charbox(index))
    return page, found


def test_fractions_in_a_table_do_not_touch_those_below(papers):
    rows = "\n".join([r"| $\frac{8}{9}$ |"] * 2)
    _, found = letters(papers, f"| A |\n|---|\n{rows}\n")
    assert found["9"][0][1] > found["8"][1][3] + 2


def test_a_frame_is_around_all_of_its_formula(papers):
    page, found = letters(papers, r"$$\boxed{\frac{8}{9}}$$")
    frames = [found.get_bounds() for found in page.get_objects([pdfium.FPDF_PAGEOBJ_PATH])]
    inside = (*found["8"][0], *found["9"][0])
    assert any(
        bottom < min(inside[1::4]) and top > max(inside[3::4]) and top - bottom < 60 for _, bottom, _, top in frames
    )


def test_a_figure_that_is_taller_than_a_page_breaks(papers):
    parts = "".join(f"![Part {n}.](a.svg){{#fig-a-{n} fig-alt='x' height=3in}}\n\n" for n in range(6))
    picture = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"/>'
    made = papers.set(f"See @fig-a.\n\n::: {{#fig-a}}\n{parts}All six.\n:::\n\nAfter.\n", a_svg=picture)
    assert re.findall(r"Part \d|All six|After", made.text) == [*(f"Part {n}" for n in range(6)), "All six", "After"]


@pytest.mark.parametrize("key", ["title", "subtitle", "abstract"])
def test_a_shortcode_that_would_be_printed_on_the_title_page_is_refused(papers, key):
    with pytest.raises(InputError, match=rf"^paper\.qmd: {key}: the shortcode iconify is not set there"):
        papers.set(f'---\n{key}: "Basic {{{{< iconify devicon python >}}}}"\n---\n\nText.\n')


@pytest.mark.parametrize("key", ["thanks: We thank.", "lof: true", "number-offset: 3", "fontsize: 8pt"])
def test_what_a_front_matter_says_in_vain_is_told(papers, key):
    made = papers.set(f"---\n{key}\n---\n\nText.\n")
    assert any(f"the front matter's key '{key.partition(':')[0]}' is not supported" in told for told in made.told)


def test_so_is_what_it_says_in_vain_under_the_format(papers):
    made = papers.set("---\nformat:\n  html: {nothing: 1}\n  typst:\n    columns: 2\n    lang: de\n---\n\nText.\n")
    assert made.told == ("paper.qmd:5: the key of typst 'columns' is not supported.",)
    assert 'lang: "de"' in made.typst


THEOREMS = """---
title: T
lang: LANG
---

# A

::: {#thm-first}
It holds.
:::

::: {#lem-small name="Small"}
So does this, as @thm-last says.
:::

::: {#thm-last}
And this, by @lem-small.
:::

::: {.proof}
Clear.
:::
"""


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Theorem Lemma Proof"), ("fr", "Théorème Lemme Preuve"), ("de", "Theorem Lemma Beweis")],
)
def test_theorems_have_a_word_and_a_number_and_proofs_a_word(papers, language, words):
    theorem, lemma, proof = words.split()
    text = " ".join(papers.set(THEOREMS.replace("LANG", language)).text.split())
    assert f"{theorem} 1. It holds." in text
    assert f"{lemma} 1 (Small). So does this, as {theorem} 2 says." in text
    assert f"{theorem} 2. And this, by {lemma} 1." in text
    assert f"{proof}. Clear." in text


def test_a_command_of_latex_that_does_not_end_is_refused(papers):
    with pytest.raises(InputError, match=r"^paper\.qmd:8: raw latex is not supported: \\begin\{landscape\}$"):
        papers.set("---\ntitle: T\n---\n\nText.\n\n```{=latex}\n\\begin{landscape}\n```\n")


FIGURE = """{indent}```{{python}}
{indent}# | label: fig-a
{indent}# | fig-cap: "1. A line."
{indent}# | echo: false
{indent}import matplotlib.pyplot as plt
{indent}plt.plot([1, 2]);
{indent}```
"""


@pytest.mark.parametrize("indent", ["", "  ", "    "])
def test_options_may_have_a_space_and_cells_stand_in_items(papers, indent):
    item = "- An item:\n\n" if indent else ""
    text = papers.set(f"---\ntitle: T\n---\n\n{item}{FIGURE.format(indent=indent)}\nSee @fig-a.\n").text
    assert "Figure 1. 1. A line." in text
    assert "See Figure 1." in text
    assert "plt" not in text
    assert ":::" not in text


def test_a_formula_that_is_wider_than_its_line_is_on_the_page_with_its_number(papers):
    terms = " + ".join(rf"a_{{{number}}}" for number in range(100, 150))
    text = papers.set(f"---\ntitle: T\n---\n\n$$ {terms} = 0 $$ {{#eq-wide}}\n").text
    assert [number for number in range(100, 150) if str(number) not in text] == []
    assert "(1)" in text


@pytest.mark.parametrize(
    ("front", "words"),
    [
        ("author:\n  - name: Ann\n    orcid: 0000-0001", "author: the key 'orcid' is not supported"),
        ("crossref:\n  chapters: true", "crossref: the key 'chapters' is not supported"),
    ],
)
def test_keys_below_a_key_that_have_no_effect_are_told(papers, front, words):
    assert any(words in told for told in papers.set(f"---\ntitle: T\n{front}\n---\n\nText.\n").told)


def test_kinds_of_floats_of_ones_own_are_refused_as_what_they_are(papers):
    custom = "crossref:\n  custom:\n    - kind: float\n      key: dia\n      reference-prefix: Diagram\n"
    with pytest.raises(InputError, match=r"^paper\.qmd:4: crossref: custom is not supported: .* fig-, tbl- or lst-"):
        papers.set(f"---\ntitle: T\n{custom}---\n\n::: {{#dia-a}}\nWords.\n\nCaption\n:::\n\nSee @dia-a.\n")


def test_keys_below_a_key_that_have_an_effect_are_not_told(papers):
    author = "author:\n  - name: {given: Ann, family: Lee}\n    email: a@b.org\n    affiliations: [{name: Here}]\n"
    words = "crossref:\n  fig-prefix: Fig\n  fig-title: Fig\n"
    assert papers.set(f"---\ntitle: T\nlang: xx\n{author}{words}---\n\nText.\n").told == ()


@pytest.mark.parametrize("attribute", ['fig-align="center"', 'fig-align="default"', 'fig-pos="H"'])
def test_an_attribute_that_changes_nothing_is_no_matter(papers, attribute):
    assert papers.set(f"![C](a.svg){{#fig-a fig-alt='x' {attribute}}}\n", a_svg=PICTURE).told == ()


UNLABELLED = """![First](a.svg){fig-alt='x'}

![](a.svg){fig-alt='x'}

| a |
|---|
| 1 |

: Second

| a |
|---|
| 1 |

: Third {#tbl-a}

::: {#fig-b layout-ncol=2}
![Part](a.svg){fig-alt='x'}

![Part](a.svg){fig-alt='x'}

Fourth
:::

See @fig-b and @tbl-a.
"""


def test_a_caption_without_label_has_a_number_that_counts(papers):
    made = papers.set(UNLABELLED, a_svg=PICTURE).text
    words = re.findall(r"(?:(?:Figure|Table) \d\. )?(?:First|Second|Third|Part|Fourth|See.*?\d.*?\d)", made)
    assert words == [
        "Figure 1. First", "Table 1. Second", "Table 2. Third", "Part", "Part", "Figure 2. Fourth",
        "See Figure 2 and Table 2",
    ]  # fmt: skip
