"""Macros of TeX hold wherever an author defines them: what is set is what the formula means, written out by hand."""

from __future__ import annotations

import re

import pytest

TEXT = "Let $x \\in \\R$.\n\n# Further on\n\n$$ \\R \\to \\R $$\n"
WRITTEN_OUT = TEXT.replace("\\R", "\\mathbb{R}")
DEFINITION = r"\newcommand{\R}{\mathbb{R}}"


def set_text(papers, front: str, text: str) -> str:
    """Return the Typst of a text, without the template before it."""
    typst = papers.typst(f"---\ntitle: T\n{front}---\n\nSTART\n\n{text}")
    return re.sub(r"\s+", " ", typst.partition("START")[2])


@pytest.mark.parametrize(
    "front",
    [
        f"header-includes: |\n  {DEFINITION}\n",
        f"header-includes: '{DEFINITION}'\n",
        f"header-includes:\n  - '\\usepackage{{amsmath}}'\n  - '{DEFINITION}'\n",
        f"header-includes: '\\usepackage{{a}}'\ninclude-in-header:\n  - text: '{DEFINITION}'\n  - file: a.tex\n",
        f"macros: '{DEFINITION}'\n",
        "macros:\n  R: '\\mathbb{R}'\n",
    ],
)
def test_macros_of_the_front_matter(papers, front):
    assert set_text(papers, front, TEXT) == set_text(papers, "", WRITTEN_OUT)


@pytest.mark.parametrize(
    "block",
    [
        f"```{{=latex}}\n{DEFINITION}\n```",
        f"```{{=tex}}\n% the reals\n\\DeclareMathOperator{{\\rank}}{{rank}}\n{DEFINITION}\n```",
        "```{=tex}\n\\def\\R{\\mathbb{R}}\n```",
        "```{=tex}\n\\let\\bold\\mathbb\n\\newcommand{\\R}{\\bold{R}}\n```",
        DEFINITION,
    ],
)
def test_macros_of_raw_tex(papers, block):
    assert set_text(papers, "", f"{block}\n\n{TEXT}") == set_text(papers, "", WRITTEN_OUT)


def test_words_beside_a_definition_are_not_lost(papers):
    block = f"```{{=latex}}\n{DEFINITION}\n\nThe reals are $\\R$.\n```"
    written_out = f"The reals are $\\mathbb{{R}}$.\n\n{WRITTEN_OUT}"
    assert set_text(papers, "", f"{block}\n\n{TEXT}") == set_text(papers, "", written_out)


def test_a_macro_of_the_front_matter_takes_arguments(papers):
    front = "macros:\n  abs: ['\\left|#1\\right|', 1]\n"
    assert set_text(papers, front, "$\\abs{x}$\n") == set_text(papers, "", "$\\left|x\\right|$\n")
