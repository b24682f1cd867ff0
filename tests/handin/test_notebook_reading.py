"""What is no valid notebook is said, and what can be read of it is checked all the same."""

from __future__ import annotations

import json

import nbformat
import pytest

import submissions as made
from handin.notebook.reading import read_notebook


def _json(change):
    raw = json.loads(made.notebook_bytes())
    change(raw)
    return json.dumps(raw).encode()


NO_NOTEBOOKS = {
    "cut short": (made.notebook_bytes()[:-200], "its end is missing"),
    "edited by hand": (made.notebook_bytes().replace(b"],", b"],,", 1), "as when it is edited by hand"),
    "a script": (b"import numpy as np\nprint(1)\n", "it does not begin as JSON"),
    "empty": (b"", "no notebook but an empty file"),
    "zeros, as a cloud folder leaves them": (bytes(500), "no notebook but an empty file"),
    "not text": (b"\xff\xfe\x00", "not UTF-8"),
    "a web page": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "no notebook but a web page"),
    "a picture": (made.png(), "no notebook but a picture"),
    "a conflict": (b'{"cells": [\n<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> x\n]}', "the marks of a conflict"),
    "another JSON": (b"[1, 2]", "JSON, but no notebook"),
    "an old format": (_json(lambda raw: raw.update(nbformat=3)), "notebook format 3"),
    "a format with a decimal point": (_json(lambda raw: raw.update(nbformat=4.0)), "nbformat is 4.0, which should be"),
    "a format that is text": (_json(lambda raw: raw.update(nbformat_minor="5")), 'its nbformat_minor is "5", which'),
    "a format that is a list": (_json(lambda raw: raw.update(nbformat_minor=[5])), "its nbformat_minor is [5]"),
    "a negative format": (_json(lambda raw: raw.update(nbformat_minor=-5)), "its nbformat_minor is -5"),
    "no format": (_json(lambda raw: raw.pop("nbformat")), "its nbformat is missing"),
    "no minor format": (_json(lambda raw: raw.pop("nbformat_minor")), "its nbformat_minor is missing"),
    "a cell without a type": (_json(lambda raw: raw["cells"][1].pop("cell_type")), "cell 2: It is no valid notebook"),
    "a cell without outputs": (_json(lambda raw: raw["cells"][1].pop("outputs")), "'outputs' is a required property"),
    "a count that is text": (_json(lambda raw: raw["cells"][1].update(execution_count="1")), "'1' is not"),
    "two cells of one id": (_json(lambda raw: raw["cells"][1].update(id=raw["cells"][0]["id"])), "is that of cell 1"),
    "an unknown key": (_json(lambda raw: raw.update(surprise=1)), "'surprise' was unexpected"),
    "nested without end": (b'{"cells": ' + b"[" * 100_000, "damaged: no JSON"),
    "a byte order mark": (b"\xef\xbb\xbf" + made.notebook_bytes(), "begins with a byte order mark"),
    "UTF-16": (made.notebook_bytes().decode().encode("utf-16"), "is in UTF-16"),
    "a key twice": (b'{"cells": [],' + made.notebook_bytes().lstrip()[1:], "the key cells is given twice"),
}


@pytest.mark.parametrize("kind", NO_NOTEBOOKS)
def test_what_is_no_valid_notebook_is_an_error(tmp_path, kind):
    content, message = NO_NOTEBOOKS[kind]
    found = [each for each in made.examined_file(tmp_path, made.NOTEBOOK_NAME, content).findings if each.is_error]
    assert message in made.only(found)


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.update(surprise=1),
        lambda raw: raw.update(nbformat=4.0),
        lambda raw: raw.update(nbformat_minor="5"),
        lambda raw: raw.update(nbformat_minor={}),
        lambda raw: raw["cells"][1].pop("outputs"),
        lambda raw: raw["cells"][2].update(id=raw["cells"][1]["id"]),
        lambda raw: [cell.pop("id") for cell in raw["cells"]],
        lambda raw: raw["cells"].append(None),
        lambda raw: raw["cells"][1].update(metadata=None),
        lambda raw: raw.update(metadata=[]),
    ],
)
def test_a_fault_of_form_hides_nothing(tmp_path, change):
    """Nothing was run, and there is a token: both are said, whatever is wrong with the form."""
    raw = json.loads(made.notebook_bytes())
    for cell in raw["cells"]:
        if cell["cell_type"] == "code":
            cell.update(execution_count=None, outputs=[])
    raw["cells"][0]["source"] = "ghp_" + "a1B2" * 9
    change(raw)
    found = made.examined_file(tmp_path, made.NOTEBOOK_NAME, json.dumps(raw).encode()).findings
    said = " ".join(map(str, found))
    assert "was not run" in said
    assert "the results were cleared" in said
    assert "a GitHub token" in said
    assert len(found) > 3


@pytest.mark.parametrize("content", [NO_NOTEBOOKS["a byte order mark"][0], NO_NOTEBOOKS["UTF-16"][0]])
def test_a_notebook_as_windows_saves_it_is_read_all_the_same(content):
    notebook, (finding,) = read_notebook(content, "x.ipynb")
    assert notebook.find("fig-loss").number == 4
    assert "Notepad" in finding.fix


def test_cells_without_ids_are_one_warning(tmp_path):
    content = _json(lambda raw: [cell.pop("id") for cell in raw["cells"]])
    found = made.examined_file(tmp_path, made.NOTEBOOK_NAME, content).findings
    assert "cell 1: 7 of 7 cells have no id" in made.only(found, "warning")
    assert len(found) == 1


def test_a_notebook_of_format_3_is_brought_to_4_and_checked(tmp_path):
    v3 = nbformat.versions[3]
    cells = [v3.new_heading_cell("Question 6", level=1), v3.new_code_cell("1 / 0", prompt_number=None)]
    old = v3.new_notebook(worksheets=[v3.new_worksheet(cells=cells)])
    found = made.examined_file(tmp_path, made.NOTEBOOK_NAME, json.dumps(old).encode()).findings
    said = " ".join(map(str, found))
    assert "notebook format 3" in said
    assert "cell 2: The cell was not run" in said


def test_what_a_repeated_key_hides_is_searched_and_the_key_named(tmp_path):
    hidden = b'{"cells": ["ghp_' + b"a1B2" * 9 + b'"],'
    content = hidden + made.notebook_bytes().lstrip()[1:]
    message = made.only(made.examined_file(tmp_path, made.NOTEBOOK_NAME, content).findings)
    assert "the key cells is given twice" in message
    assert "a GitHub token" in message


def test_a_byte_order_mark_is_named(tmp_path):
    content, _ = NO_NOTEBOOKS["a byte order mark"]
    assert "begins with a byte order mark" in made.only(
        made.examined_file(tmp_path, made.NOTEBOOK_NAME, content).findings
    )


def test_nbformat_agrees_on_what_is_valid():
    for kind in (
        "a cell without a type",
        "a cell without outputs",
        "an unknown key",
        "a count that is text",
    ):
        with pytest.raises(nbformat.ValidationError):
            nbformat.validate(json.loads(NO_NOTEBOOKS[kind][0]))
    nbformat.validate(json.loads(made.notebook_bytes()))


def test_a_notebook_that_is_not_valid_is_searched_all_the_same(tmp_path):
    notebook = made.notebook()
    made.stream("ghp_" + "a1B2" * 9)(notebook)
    raw = json.loads(made.notebook_bytes(notebook))
    raw["cells"][2]["id"] = raw["cells"][1]["id"]
    message = made.only(made.examined_file(tmp_path, made.NOTEBOOK_NAME, json.dumps(raw).encode()).findings)
    assert "no valid notebook" in message
    assert "a GitHub token" in message


def test_a_cell_that_is_there_many_times_is_one_finding(tmp_path):
    raw = json.loads(made.notebook_bytes())
    raw["cells"] += [raw["cells"][0]] * 2000
    found = made.examined_file(tmp_path, made.NOTEBOOK_NAME, json.dumps(raw).encode()).findings
    assert "cell 8: 2,000 times, of which this is the first: It is no valid notebook" in made.only(found)
    assert len(found) == 1


def test_ids_of_a_newer_format_are_a_warning_and_said_once(tmp_path):
    content = _json(lambda raw: raw.update(nbformat_minor=4))
    found = made.examined_file(tmp_path, made.NOTEBOOK_NAME, content).findings
    said = [each.message for each in found if "came with 4.5" in each.message]
    assert len(said) == 1
    assert not any("was unexpected" in each.message for each in found)
