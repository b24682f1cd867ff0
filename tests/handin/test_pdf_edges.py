"""What runs off a page is found, and what only seems to is not."""

from __future__ import annotations

import shutil
import subprocess

import pytest
import typst
from pikepdf import Array, Name

import submissions as made
from handin.pdf.checks import check_pdf_content

WORDS = ("runs off", "was cut away", "so near to the edge")

_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="900" height="60"><path d="M5 5L885 55" stroke="red"/></svg>'


def found(content: bytes) -> list[str]:
    _, findings = check_pdf_content(content, "x.pdf")
    return [str(each) for each in findings if any(words in each.message for words in WORDS)]


def set_page(source: str) -> bytes:
    image = f'<image width="90" height="60" href="data:image/png;base64,{made.encoded(made.png())}"/>'
    picture = f'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60">{image}</svg>'
    files = {"main.typ": source.encode(), "a.svg": _SVG, "picture.svg": picture.encode()}
    return typst.compile(files, ignore_system_fonts=True)


OFF = {
    "a line of output": (
        '#set page(paper: "a4")\n#box(width: 900pt, raw("' + " ".join(f"{n:.3f}" for n in range(90)) + '"))',
        "page 1: Text runs off the right edge of the page: ",
    ),
    "a long word": ("#box[" + "a" * 300 + "]", "Text runs off the right edge"),
    "a table": (
        "#table(columns: (9cm,) * 3, ..range(6).map(n => [a cell with some words]))",
        "Text runs off the right edge",
    ),
    "a table of empty cells": ("#table(columns: (9cm,) * 3, ..range(6).map(n => []))", "runs off the right edge"),
    "a picture": ('#image("picture.svg", width: 30cm)', "A picture runs off the right edge"),
    "a drawing": ('#image("a.svg", width: 30cm)', "runs off the right edge"),
    "a picture that is moved up": ('#place(dy: -9cm, image("picture.svg", width: 8cm))', "runs off the upper edge"),
    "text beside the page": (
        "#place(dx: 17cm)[these words cannot be seen]",
        "right edge of the page: rds cannot be seen",
    ),
    "text below the page": ("#place(dy: 27.1cm)[these words cannot be seen]", "lower edge"),
    "the second page": ("One.\n#pagebreak()\nTwo. #box[" + "a" * 300 + "]", "page 2: Text runs off"),
}


@pytest.mark.parametrize("kind", OFF)
def test_what_runs_off_a_page_is_an_error(kind):
    source, message = OFF[kind]
    (finding,) = found(set_page(source))
    assert finding.startswith("error: ")
    assert message in finding


ON = {
    "a page": "#lorem(300)",
    "a coloured page": "#set page(fill: blue)\nText.",
    "a bar across the page": "#place(dx: -200pt, rect(width: 2000pt, height: 10pt, fill: red))\nText.",
    "a background picture": '#set page(background: image("picture.svg", width: 130%, height: 130%))\nText.',
    "clipped text": "#block(clip: true, width: 10cm, height: 2cm, box(width: 80cm)[" + "word " * 90 + "])",
    "a clipped picture": '#block(clip: true, width: 10cm, height: 5cm, image("picture.svg", width: 40cm))',
    "invisible text": "#place(dx: 20cm, text(fill: white)[these words are white])\nText.",
    "a page on its side": "#set page(flipped: true)\n#lorem(300)",
    "a slide with text at its edge": "#set page(width: 128mm, height: 96mm, margin: 1mm)\n#lorem(20)",
    "spaces at the end of a line": '#raw("a' + " " * 300 + '")',
}


@pytest.mark.parametrize("kind", ON)
def test_what_stays_on_a_page_is_not_found(kind):
    assert found(set_page(ON[kind])) == []


def test_text_at_the_edge_of_a_sheet_is_a_warning():
    (finding,) = found(set_page('#set page(paper: "a4", margin: (x: 1mm))\n#lorem(20)'))
    assert finding.startswith("warning: x.pdf, page 1: The text reaches so near to the edge")


@pytest.mark.parametrize("turned", [0, 90])
@pytest.mark.parametrize("shift", [0, 300])
def test_the_place_of_the_page_in_its_own_plane_does_not_matter(turned, shift):
    """Boxes may begin anywhere, be inherited, and a page be turned."""

    def change(pdf):
        page = pdf.pages[0]
        page.contents_add(b"1 0 0 1 %d %d cm" % (shift, -shift), prepend=True)
        page.obj["/MediaBox"] = Array([shift, -shift, 595.276 + shift, 841.89 - shift])
        page.obj["/Rotate"] = turned
        pdf.Root.Pages["/MediaBox"] = page.obj["/MediaBox"]
        del page.obj["/MediaBox"]

    for source, number in (("#lorem(300)", 0), ("#box[" + "a" * 300 + "]", 1)):
        assert len(found(made.changed_pdf(change, set_page(source)))) == number


def test_what_was_cropped_is_a_warning():
    def change(pdf):
        pdf.pages[0].obj[Name.CropBox] = Array([100, 100, 400, 800])

    (finding,) = found(made.changed_pdf(change, set_page("#lorem(300)")))
    assert finding.startswith("warning: x.pdf, page 1: Text was cut away when the page was cropped")
    assert "Undo the crop" in finding


_TEX = r"""
\documentclass[a4paper]{article}
\usepackage{graphicx}
\begin{document}
Words. \includegraphics[width=.5\textwidth]{figure.pdf}

\noindent\includegraphics[trim=20 20 20 20,clip,width=\textwidth]{figure.pdf}
\newpage
\noindent\verb|%s|
\newpage
\noindent\includegraphics[width=2\textwidth]{figure.pdf}
\end{document}
"""


def test_what_latex_lets_run_off_is_found(tmp_path, require):
    require(shutil.which("pdflatex"), "apt-get install texlive-latex-base")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([1, 2])
    figure.savefig(tmp_path / "figure.pdf")
    (tmp_path / "x.tex").write_text(_TEX % ("0.123, " * 40))
    subprocess.run(["pdflatex", "-interaction=batchmode", "x.tex"], cwd=tmp_path, check=False, capture_output=True)
    second, third = found((tmp_path / "x.pdf").read_bytes())
    assert "page 2: Text runs off the right edge" in second
    assert "page 3: A picture runs off the right edge" in third
