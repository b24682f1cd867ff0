"""The mark scheme as data: every part of the assignment, its marks, and where the submission answers it.

The scheme is a YAML file beside the report. A place in the PDF is named by a section's identifier (``sec-q1a``), a
place in the notebook by a cell's label or by a heading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from handin import yaml_text
from handin.findings import Finding
from handin.notebook.reading import Notebook
from handin.pdf.reading import Pdf, Section
from handin.text import shortened

Kind = Literal["pdf", "notebook"]

FEWEST_CHARACTERS = 40  # an answer has at least this many letters and digits; below that there is only a heading
_TITLE_MARKS = re.compile(r"\[(\d+)\s*marks?\]")
_FIGURE = re.compile(r"\bFigure\s*\d+")


Places = Annotated[tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Part(_Model):
    """One thing that a question asks; without `marks` it shares those of the question with the other parts."""

    part: str
    asks: str
    marks: Annotated[int, Field(gt=0)] | None = None
    pdf: Places = ()
    notebook: Places = ()
    diagram: bool = False

    @model_validator(mode="after")
    def _answered_somewhere(self) -> Part:
        if not self.pdf and not self.notebook:
            raise ValueError(f"part {self.part}: `pdf` or `notebook` must say where the answer is")
        return self


class Question(_Model):
    """One question with its parts; `pdf` is its own heading."""

    question: Annotated[int, Field(gt=0)]
    title: str
    marks: Annotated[int, Field(gt=0)]
    pdf: str | None = None
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _adds_up(self) -> Question:
        given = [part.marks for part in self.parts if part.marks is not None]
        if given and (len(given) < len(self.parts) or sum(given) != self.marks):
            raise ValueError(f"question {self.question}: the parts' marks must add up to {self.marks}")
        return self


class Scheme(_Model):
    """The whole mark scheme."""

    total: Annotated[int, Field(gt=0)]
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _adds_up(self) -> Scheme:
        if (found := sum(question.marks for question in self.questions)) != self.total:
            raise ValueError(f"the questions' marks add up to {found}, not to {self.total}")
        numbers = [question.question for question in self.questions]
        if len(set(numbers)) < len(numbers):
            raise ValueError("a question's number is there twice")
        return self


def load_scheme(path: Path) -> Scheme:
    """Read a mark scheme.

    Raises
    ------
    InputError
        If the file is missing, is no YAML, holds a key twice or an unknown one, or its marks do not add up.
    """
    text = yaml_text.read(path, "it says where each mark is earned")
    return yaml_text.validated(Scheme, yaml_text.mapping(text, path.name), text, path.name)


@dataclass(frozen=True)
class Answer:
    """Where one part is answered; pages and cells are counted from 1."""

    question: Question
    part: Part
    pages: tuple[int, ...]  # on which an answer begins
    cells: tuple[int, ...]
    problems: tuple[tuple[Kind, str], ...]  # what is missing, as sentences, each with the kind of file it is missing in
    located: bool  # whether the files could be searched part by part; made elsewhere, they have other identifiers

    @property
    def name(self) -> str:
        """The part as a reader calls it: ``Q1a``."""
        return f"Q{self.question.question}{self.part.part}"

    def as_dict(self) -> dict[str, object]:
        """Return the answer for ``--json``."""
        return {
            "part": self.name,
            "marks": self.part.marks,
            "question_marks": self.question.marks,
            "asks": self.part.asks,
            "pages": list(self.pages),
            "cells": list(self.cells),
            "answered": not self.problems,
        }


def locate(scheme: Scheme, pdf: Pdf | None, notebook: Notebook | None) -> list[Answer]:
    """Find where each part of the scheme is answered; what is None is not searched."""
    asked = [(question, part) for question in scheme.questions for part in question.parts]
    wanted = {name for _, part in asked for name in part.pdf}
    has_identifiers = pdf is None or any(section.names & wanted for section in pdf.sections)
    has_labels = notebook is None or any(notebook.find(name) for _, part in asked for name in part.notebook)
    answers = []
    for question, part in asked:
        in_pdf = list(_in_pdf(pdf, question, part, has_identifiers)) if pdf else []
        found = {name: notebook.find(name) for name in part.notebook} if notebook and has_labels else {}
        problems: list[tuple[Kind, str]] = [("pdf", problem) for _, problem in in_pdf if problem]
        problems += [
            ("notebook", f"The notebook has no cell or heading {name}.") for name, cell in found.items() if not cell
        ]
        pages = dict.fromkeys(page for page, _ in in_pdf if page)
        cells = dict.fromkeys(cell.number for cell in found.values() if cell)
        is_located = (has_identifiers or not part.pdf) and (has_labels or not part.notebook)
        answers.append(Answer(question, part, (*pages,), (*cells,), (*dict.fromkeys(problems),), is_located))
    return answers


def _in_pdf(pdf: Pdf, question: Question, part: Part, has_identifiers: bool) -> Iterator[tuple[int | None, str | None]]:
    """Yield the page of each place of a part, and what is wrong there."""
    if has_identifiers:
        for name in part.pdf:
            section = pdf.find(name)
            yield section.page if section else None, _section_problem(name, section, question, part)
    elif part.pdf:
        page = _question_page(pdf, question.question)
        yield page, None if page else f"The PDF has no heading for question {question.question}."


def _section_problem(name: str, section: Section | None, question: Question, part: Part) -> str | None:
    if section is None:
        return f"The PDF has no section {name}."
    if sum(character.isalnum() for character in section.text) < FEWEST_CHARACTERS:
        return f"The section {name} of the PDF holds no answer, only its heading."
    if part.diagram and not _FIGURE.search(section.text):
        return f"The section {name} of the PDF has no figure, and the question asks for a diagram."
    printed = _TITLE_MARKS.search(section.title)
    marks = question.marks if name == question.pdf else part.marks if len(part.pdf) == 1 else None
    if printed and marks is not None and int(printed.group(1)) != marks:
        return f"The heading of {name} promises {printed.group(1)} marks; the mark scheme gives {marks}."
    return None


def _question_page(pdf: Pdf, number: int) -> int | None:
    """Find a question in a PDF without identifiers: by the outline, then by a line that begins like a heading."""
    heading = re.compile(rf"\s*(?:q|question|task|exercise)\s*\.?\s*{number}\b|\s*{number}[.)]?\s+\w", re.IGNORECASE)
    for section in pdf.sections:
        if heading.match(section.title):
            return section.page
    line = re.compile(rf"^\s*(?:Q\s?|Question\s+|Task\s+|Exercise\s+){number}\b(?!\.\d)", re.IGNORECASE | re.MULTILINE)
    return next((page for page, text in enumerate(pdf.pages, 1) if line.search(text)), None)


def answer_findings(answers: list[Answer], pdf_file: str, notebook_file: str) -> Iterator[Finding]:
    """Turn what is missing into findings: a part without an answer must not be handed in."""
    for answer in answers:
        for kind, problem in answer.problems:
            file, place = (pdf_file if kind == "pdf" else notebook_file), answer.name
            message = f"{answer.name} ({shortened(answer.part.asks, 50)}) is not answered. {problem}"
            fix = "Answer it, or correct the mark scheme if the answer has moved."
            if kind == "pdf" and not answer.located:
                place = f"Q{answer.question.question}"
                message = f"Question {answer.question.question} is not answered. {problem}"
                fix = "Answer it under a heading with the question's number."
            yield Finding("error", file, place, message, fix)
    if any(not answer.located for answer in answers):
        message = "None of the mark scheme's identifiers is in it, so only whole questions could be looked for."
        yield Finding("warning", pdf_file, "", message, "See yourself that every part is answered.")
