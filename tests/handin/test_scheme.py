"""The mark scheme: read, and looked for in a submission."""

from __future__ import annotations

import pikepdf
import pytest

import submissions as made
from handin.errors import InputError
from handin.scheme import load_scheme


@pytest.fixture
def marks(tmp_path):
    return made.write_marks(tmp_path)


def test_the_scheme_says_where_each_part_is_answered(tmp_path, marks):
    answers = made.examined(tmp_path, made.members(), marks).answers
    assert [(answer.name, answer.part.marks, answer.pages) for answer in answers] == [
        ("Q1a", 30, (1,)),
        ("Q1b", 10, (1,)),
        ("Q2", None, (1,)),
    ]
    assert answers[2].cells == (4, 3)


@pytest.mark.parametrize(
    ("without", "message"),
    [
        (
            "== The gradients [30 marks] <sec-q1a>",
            "Q1a (the gradients) is not answered. The PDF has no section sec-q1a",
        ),
        (" <sec-q1b>", "The PDF has no section sec-q1b"),
        (
            "The classifier was fitted until it overfitted. Then a penalty on their squares kept its weights small.",
            "The section sec-q2 of the PDF holds no answer, only its heading",
        ),
        (
            made.FIGURE,
            "has no figure",
        ),
    ],
)
def test_a_part_without_an_answer_is_an_error(tmp_path, marks, without, message):
    content = made.pdf(without=without) if "sec-q1b" not in without else _without_reference(without)
    findings = made.examined(tmp_path, made.members(pdf=content), marks).findings
    assert message in made.only(findings)


def _without_reference(label):
    return made.changed_pdf(_rename_destination(label.strip(" <>")))


def _rename_destination(name):
    def change(pdf):
        tree = pikepdf.NameTree(pdf.Root.Names.Dests)
        del tree[name]

    return change


def test_a_heading_that_promises_other_marks_is_an_error(tmp_path):
    scheme = tmp_path / "marks.yml"
    scheme.write_text(made.MARKS.replace("marks: 30", "marks: 25").replace("marks: 10", "marks: 15"))
    assert "promises 30 marks" in made.only(made.examined(tmp_path, made.members(), scheme).findings)


def test_a_notebook_without_the_cell_is_an_error(tmp_path, marks):
    notebook = made.notebook()
    notebook.cells[2].source = "## Something else"
    findings = made.examined(tmp_path, made.members(notebook=made.notebook_bytes(notebook)), marks).findings
    assert "no cell or heading Fitting a model" in made.only(findings)


def test_a_pdf_that_was_made_elsewhere_is_searched_for_whole_questions(tmp_path, marks):
    def change(pdf):
        del pdf.Root["/Names"]

    found = made.examined(tmp_path, made.members(pdf=made.changed_pdf(change)), marks)
    assert "only whole questions" in made.only(found.findings, "warning")
    assert [answer.pages for answer in found.answers] == [(1,), (1,), (1,)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (made.MARKS.replace("total: 100", "total: 99"), "add up to 100, not to 99"),
        (made.MARKS.replace("marks: 30", "marks: 29"), "must add up to 40"),
        (made.MARKS.replace(", pdf: sec-q1a", ""), "must say where the answer is"),
        (made.MARKS + "surprise: 1\n", "marks.yml:16: surprise: is not a setting; allowed here: total, questions"),
        (made.MARKS.replace("asks: a d", "ask: a d"), "marks.yml:10: questions[1].parts[2].ask"),
        (made.MARKS.replace("marks: 30", "marks: many"), "marks.yml:9: questions[1].parts[1].marks: must be a whole"),
        (made.MARKS.replace("marks: 30", "marks: 0"), "questions[1].parts[1].marks: must be greater than 0"),
        (made.MARKS.replace("    marks: 60\n", ""), "marks.yml:11: questions[2].marks: is missing"),
        (made.MARKS.replace("marks: 60", "marks: 60\n    marks: 60"), "marks.yml:14: not valid YAML: the key 'marks'"),
        (made.MARKS.replace("marks: 30", "marks: 29"), "marks.yml:4: questions[1]: question 1: the parts' marks"),
        ("total: [", "not valid YAML"),
        ("total: \x07", "marks.yml:1: the character U+0007: delete it"),
        ("", "marks.yml"),
        ("- a", "marks.yml: must hold keys and values"),
        ("total: 1\nquestions: 2", "marks.yml:2: questions: must be a list"),
        ("total: 1\nquestions: []", "marks.yml:2: questions: must not be empty"),
    ],
)
def test_a_wrong_scheme_is_wrong_input(tmp_path, text, message):
    path = tmp_path / "marks.yml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"^marks\.yml.*\.$") as caught:
        load_scheme(path)
    assert message in str(caught.value)
    assert "pydantic" not in str(caught.value)


def test_a_scheme_that_is_no_text_is_wrong_input(tmp_path):
    path = tmp_path / "marks.yml"
    path.write_bytes("title: Übung".encode("latin-1"))
    with pytest.raises(InputError, match="is not UTF-8 text"):
        load_scheme(path)
