"""This project's own mark scheme."""

from __future__ import annotations

import re

from copies import ROOT
from handin.scheme import load_scheme


def test_the_projects_scheme_is_that_of_the_assignment():
    scheme = load_scheme(ROOT / "report" / "marks.yml")
    assert {question.question: question.marks for question in scheme.questions} == {
        1: 10,
        2: 10,
        3: 10,
        4: 10,
        5: 10,
        6: 50,
    }
    divided = {
        question.question: [part.marks for part in question.parts]
        for question in scheme.questions
        if question.parts[0].marks is not None
    }
    assert divided == {1: [3, 1, 6], 3: [5, 5]}


def test_the_projects_scheme_names_places_that_the_sources_have():
    scheme = load_scheme(ROOT / "report" / "marks.yml")
    chapters = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "report").glob("*.qmd"))
    notebook = (ROOT / "report" / "q6-classifier.qmd").read_text(encoding="utf-8")
    sections = set(re.findall(r"\{#(sec-[\w-]+)", chapters))
    labels = set(re.findall(r"^#\| label: (\S+)$", notebook, re.MULTILINE))
    for question in scheme.questions:
        assert question.pdf in sections
        for part in question.parts:
            assert set(part.pdf) <= sections
            assert set(part.notebook) <= labels
