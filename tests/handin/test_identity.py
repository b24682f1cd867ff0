"""The student id in names, pages and metadata, and the names of copies."""

from __future__ import annotations

import nbformat
import pytest

import submissions as made
from handin.private import text


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({made.PDF_NAME: "answers.pdf"}, "without the student id"),
        ({made.PDF_NAME: "999888777-CS3950-answers.pdf"}, "has the student id 999888777"),
        ({made.NOTEBOOK_NAME: "101234568-CS3950-q6.ipynb"}, "has the student id 101234568"),
        ({made.NOTEBOOK_NAME: "1012345670-CS3950-q6.ipynb"}, "1012345670"),
    ],
)
def test_a_name_without_the_id_or_with_another_is_an_error(tmp_path, changed, message):
    members = {changed.get(name, name): content for name, content in made.members().items()}
    assert message in made.only(made.examined(tmp_path, members).findings)


@pytest.mark.parametrize(
    "name",
    [
        "101234567_20241201.ipynb",
        "20241201_101234567.ipynb",
        "01122024-101234567.ipynb",
        "101234567_10000_steps.ipynb",
        "10000-101234567.ipynb",
        "202412011530_101234567.ipynb",
    ],
)
@pytest.mark.parametrize("student_id", [made.STUDENT_ID, None])
def test_a_date_or_a_number_of_another_length_is_no_other_id(tmp_path, name, student_id):
    found = made.examined_file(tmp_path, name, made.notebook_bytes(), names=None, student_id=student_id).findings
    assert found == []


@pytest.mark.parametrize(
    ("source", "is_other"),
    [
        ("My student id is 999888777", True),
        ("**Author:** A. Smith (999888777)", True),
        ("## Answers of 999888777", True),
        (f"## Answers of student {made.STUDENT_ID}", False),
        ("The data have 999888777 rows, for 12 students.", False),
        ("Students read 999888777 words.", False),
        ("```\n# 999888777\n```", False),
    ],
)
def test_another_id_below_the_first_cell_is_an_error_where_it_is_called_one(tmp_path, source, is_other):
    notebook = made.notebook()
    notebook.cells.append(nbformat.v4.new_markdown_cell(source))
    found = made.examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings
    assert ["cell 8" in str(each) and "another student id" in each.message for each in found] == [True] * is_other


def test_a_date_on_the_first_page_is_no_other_id(tmp_path):
    content = made.pdf(end="\nMeasured on 20241201.", student_id="10123456")
    found = made.examined_file(tmp_path, "10123456.pdf", content, names=None, student_id="10123456").findings
    assert not any("another student id" in finding.message for finding in found)


def test_the_zip_has_the_id_in_its_name_too(tmp_path):
    found = made.examined(tmp_path, made.members(), name="submission.zip").findings
    assert "without the student id" in made.only(found)
    assert "another" not in made.only(made.examined(tmp_path, made.members(), name="7654321-CS3950.zip").findings)


def test_an_unusual_form_of_the_name_is_a_warning(tmp_path):
    assert "usual form" in made.only(
        made.examined(tmp_path, made.members(), name=f"cs3950_{made.STUDENT_ID}.zip").findings, "warning"
    )


def test_names_that_disagree_are_an_error_without_knowing_the_id(tmp_path):
    members = made.members()
    members["999888777-CS3950-q6.ipynb"] = members.pop(made.NOTEBOOK_NAME)
    assert "999888777" in made.only(made.examined(tmp_path, members, student_id=None).findings)


@pytest.mark.parametrize(("final", "severity"), [(True, "error"), (False, "warning")])
def test_the_placeholder_is_a_warning_and_an_error_in_the_end(tmp_path, final, severity):
    names = made.names("000000000")
    members = {names.pdf: made.pdf(student_id="000000000"), names.notebook: made.notebook_bytes()}
    found = made.examined(tmp_path, members, name=names.zip, student_id="000000000", final=final).findings
    assert "placeholder" in made.only(found, severity)


def test_a_pdf_that_prints_the_placeholder_is_an_error(tmp_path):
    members = made.members(pdf=made.pdf(student_id="000000000"))
    assert "prints the placeholder" in made.only(made.examined(tmp_path, members).findings)


@pytest.mark.parametrize(("final", "severity"), [(True, "error"), (False, "warning")])
def test_a_pdf_without_the_id(tmp_path, final, severity):
    members = made.members(pdf=made.pdf(student_id=""))
    assert "does not print" in made.only(made.examined(tmp_path, members, final=final).findings, severity)


def test_the_account_and_the_host_that_run_the_check_are_searched_for(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "this_machine", lambda: ("alicesmith", "buildbox-17", made.STUDENT_ID))
    notebook = made.notebook()
    made.stream(f"trained by alicesmith, not alicesmithson, for {made.STUDENT_ID}")(notebook)
    notebook.metadata["built"] = "buildbox-17"
    message = made.only(made.examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings)
    assert message.count("name of this account or host") == 2
    pdf = made.changed_pdf(lambda opened: opened.docinfo.update({"/Source": "alicesmith"}))
    found = [finding for finding in made.examined_file(tmp_path, made.PDF_NAME, pdf).findings if finding.is_error]
    assert made.only(found).count("name of this account or host") == 1


def name_of_copy(name):
    return name.replace("101234567-CS3950-q6", "").removesuffix(".ipynb").strip(" -.")


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("101234567-CS3950-q6 copy.ipynb", "macOS"),
        ("101234567-CS3950-q6 copy 2.ipynb", "macOS"),
        ("101234567-CS3950-q6 (1).ipynb", "a browser"),
        ("101234567-CS3950-q6(2).ipynb", "a browser"),
        ("101234567-CS3950-q6 - Copy.ipynb", "Windows"),
        ("101234567-CS3950-q6 - Copy (3).ipynb", "Windows"),
        ("101234567-CS3950-q6 - Kopie.ipynb", "Windows"),
        ("101234567-CS3950-q6-Copy1.ipynb", "Jupyter"),
        ("Copy of 101234567-CS3950-q6.ipynb", "Colab"),
        ("101234567-CS3950-q6-checkpoint.ipynb", "a program"),
        ("101234567-CS3950-q6.ipynb.ipynb", "two endings"),
    ],
)
@pytest.mark.parametrize("names", [made.names, None])
def test_the_name_of_a_copy_is_an_error_that_says_who_copied_it(tmp_path, name, who, names):
    found = made.examined_file(tmp_path, name, made.notebook_bytes(), names=names).findings
    assert f"is that of a copy ({name_of_copy(name) or 'ipynb'}): " in made.only(found)
    assert who in made.only(found)
    assert len(found) == 1


@pytest.mark.parametrize(
    "name",
    ["101234567-CS3950-q6.ipynb", "101234567 copyright.ipynb", "copybook-101234567.ipynb", "101234567 (final).ipynb"],
)
def test_other_names_are_not_those_of_copies(tmp_path, name):
    assert made.examined_file(tmp_path, name, made.notebook_bytes(), names=None).findings == []


@pytest.mark.parametrize("ending", [".txt", ".json", ".download"])
def test_an_ending_that_a_browser_added_is_named_and_the_notebook_checked(tmp_path, ending):
    members = {made.PDF_NAME: made.pdf(), made.NOTEBOOK_NAME + ending: made.notebook_bytes()}
    found = made.examined(tmp_path, members).findings
    assert f"The name ends in {ending}, which a browser added" in made.only(found)
    members[made.NOTEBOOK_NAME + ending] = b"{}"
    assert "no notebook" in made.only(made.examined(tmp_path, members).findings)
