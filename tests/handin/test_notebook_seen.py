"""A notebook that a program saved again without a change is the same; one whose reader sees something else is not."""

from __future__ import annotations

import copy
import hashlib
import json

import nbformat
import pytest

import submissions as made
from handin.examine import Digests
from handin.notebook.reading import seen_digest


def as_made() -> dict:
    """A notebook as the project writes it, with the digest of what its reader sees."""
    raw = json.loads(made.notebook_bytes())
    progress = ["\x1b[1m 1/10\x1b[0m loss: 2.31\b\b\b\b2.30\r", "\x1b[1m10/10\x1b[0m loss: 0.31\n"]
    raw["cells"][6]["outputs"].insert(0, {"output_type": "stream", "name": "stderr", "text": "a\r\nb\n"})
    raw["cells"][6]["outputs"].append({"output_type": "stream", "name": "stdout", "text": progress})
    raw["cells"][5]["outputs"].append(
        {"output_type": "display_data", "metadata": {}, "data": {"application/json": {"x": 1.0}}}
    )
    raw["metadata"]["press"]["content"] = seen_digest(raw)
    return raw


def _ids(raw):
    for number, cell in enumerate(raw["cells"]):
        cell["id"] = f"other-{number}"


def _colab(raw):
    raw["nbformat_minor"] = 0
    raw["metadata"]["colab"] = {"provenance": []}
    for number, cell in enumerate(raw["cells"]):
        del cell["id"]
        cell["metadata"] = (
            {"id": f"Ab{number}", "outputId": "x"} if cell["cell_type"] == "code" else {"id": f"Ab{number}"}
        )


def _one_string(raw):
    for cell in raw["cells"]:
        cell["source"] = "".join(cell["source"])
        for output in cell.get("outputs", []):
            if isinstance(output.get("text"), list):
                output["text"] = "".join(output["text"])


def _windows(raw):
    for cell in raw["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n").splitlines(keepends=True)


def _vscode(raw):
    raw["metadata"]["language_info"]["version"] = "3.12.1"
    raw["metadata"]["orig_nbformat"] = 4
    for cell in raw["cells"]:
        cell["metadata"]["vscode"] = {"languageId": "python"}
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            output["data"] = dict(reversed(data.items())) if data else data
            if not data:
                del output["data"]
            if "image/png" in data:
                data["image/png"] = "".join("".join(data["image/png"]).split())


def _jupyterlab(raw):
    """JupyterLab joins the texts of one stream, and leaves out what a terminal overwrote."""
    outputs = raw["cells"][6]["outputs"]
    joined = "".join(outputs[1]["text"]) + "\x1b[1m10/10\x1b[0m loss: 0.31\n"
    outputs[1:] = [{"output_type": "stream", "name": "stdout", "text": joined.splitlines(keepends=True)}]


SAVED = {
    "with other ids": _ids,
    "by Colab": _colab,
    "with strings in place of lists": _one_string,
    "with Windows' line ends": _windows,
    "by VS Code": _vscode,
    "by JupyterLab": _jupyterlab,
    "with other counts": lambda raw: [cell.update(execution_count=1) for cell in raw["cells"] if "outputs" in cell],
    "with whole numbers": lambda raw: raw["cells"][5]["outputs"][-1]["data"].update({"application/json": {"x": 1}}),
    "with an empty cell": lambda raw: raw["cells"].append(
        {"cell_type": "code", "id": "e", "metadata": {}, "execution_count": None, "outputs": [], "source": []}
    ),
}


@pytest.mark.parametrize("how", SAVED)
def test_a_notebook_that_was_only_saved_again_is_the_same(how):
    raw = as_made()
    saved = copy.deepcopy(raw)
    SAVED[how](saved)
    assert json.dumps(saved) != json.dumps(raw)
    assert seen_digest(saved) == raw["metadata"]["press"]["content"]


CHANGED = {
    "a word": lambda raw: raw["cells"][0].update(source="# Question 7"),
    "a number in an output": lambda raw: raw["cells"][5]["outputs"][0]["data"].update({"text/plain": "0.6"}),
    "a printed number": lambda raw: raw["cells"][6]["outputs"][-1].update(text="loss: 0.11\n"),
    "a picture": lambda raw: raw["cells"][3]["outputs"][0]["data"].update({"image/png": made.encoded(b"other")}),
    "an output more": lambda raw: raw["cells"][1]["outputs"].append(
        {"output_type": "stream", "name": "stdout", "text": "x"}
    ),
    "an output less": lambda raw: raw["cells"][4].update(outputs=[]),
    "the order": lambda raw: raw["cells"].reverse(),
    "the kind of a cell": lambda raw: raw["cells"][0].update(cell_type="raw"),
    "an error": lambda raw: raw["cells"][1]["outputs"].append(
        {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}
    ),
    "an attached picture": lambda raw: raw["cells"][0].update(attachments={"a.png": {"image/png": "AAAA"}}),
}


@pytest.mark.parametrize("what", CHANGED)
def test_a_notebook_whose_reader_sees_something_else_is_another(what):
    raw = as_made()
    CHANGED[what](raw)
    assert seen_digest(raw) != raw["metadata"]["press"]["content"]


def test_nbformat_reads_and_writes_the_same_notebook():
    raw = as_made()
    again = nbformat.writes(nbformat.reads(json.dumps(raw), as_version=4))
    assert seen_digest(json.loads(again)) == raw["metadata"]["press"]["content"]


@pytest.mark.parametrize(
    "value", [None, [], {}, {"cells": [None, {"outputs": 1}, {"source": {}, "outputs": [1, {"data": 2}]}]}]
)
def test_no_structure_stops_the_digest(value):
    assert len(seen_digest(value if isinstance(value, dict) else {"cells": value})) == 32


def findings(folder, raw, **changed):
    content = json.dumps(raw, indent=3).replace("\n", "\r\n").encode()
    files = {made.NOTEBOOK_NAME: hashlib.sha256(b"the bytes that were made").hexdigest()}
    expected = changed.pop("expected", Digests(made.PDF_DIGEST, made.NOTEBOOK_DIGEST, files))
    return made.examined_file(folder, made.NOTEBOOK_NAME, content, expected=expected).findings


def test_only_a_change_that_is_seen_makes_a_notebook_another_than_was_made(tmp_path):
    raw = as_made()
    _ids(raw)
    assert findings(tmp_path, raw) == []
    CHANGED["a number in an output"](raw)
    assert "changed after it was made" in made.only(findings(tmp_path, raw))


def test_a_change_is_seen_without_the_project_too(tmp_path):
    raw = as_made()
    CHANGED["a number in an output"](raw)
    assert "changed after it was made" in made.only(findings(tmp_path, raw, expected=None), "warning")


def test_a_notebook_without_the_digest_is_compared_by_its_bytes(tmp_path):
    raw = as_made()
    del raw["metadata"]["press"]["content"]
    assert "changed after it was made" in made.only(findings(tmp_path, raw))
