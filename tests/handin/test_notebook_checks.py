"""Every kind of fault in a notebook gives its finding."""

from __future__ import annotations

import io

import nbformat
import pytest
from PIL import Image

import submissions as made
from submissions import change_cell, display, stream


def findings_of(folder, notebook):
    """Check a notebook alone."""
    return made.examined_file(folder, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings


def _blank(mode, colour):
    saved = io.BytesIO()
    Image.new(mode, (20, 10), colour).save(saved, "PNG")
    return made.encoded(saved.getvalue())


def _transparent():
    saved = io.BytesIO()
    image = Image.radial_gradient("L").convert("RGB")
    image.putalpha(0)
    image.save(saved, "PNG")
    return made.encoded(saved.getvalue())


def _printed(text):
    return [nbformat.v4.new_output("stream", text=text)]


def _clear_all(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []


NOTEBOOK_ERRORS = {
    "a cell that was not run": (change_cell(1, execution_count=None), "cell 2: The cell was not run"),
    "cells out of order": (change_cell(4, execution_count=2), "cell 5 (tbl-loss): The cell ran out of order"),
    "a cell that ran last": (change_cell(1, execution_count=9), "ran out of order"),
    "a raised error": (
        change_cell(
            1,
            outputs=[nbformat.v4.new_output("error", ename="ValueError", evalue="bad", traceback=["ValueError: bad"])],
        ),
        "ended with an error (ValueError: bad)",
    ),
    "a cell that was stopped": (
        change_cell(
            1,
            outputs=[nbformat.v4.new_output("error", ename="KeyboardInterrupt", evalue="", traceback=[])],
        ),
        "cell 2: The cell was stopped before it had ended",
    ),
    "a printed traceback": (stream("Traceback (most recent call last):\n  ..."), "traceback of an error"),
    "a coloured traceback": (
        stream("\x1b[31mKeyError\x1b[0m   Traceback\x1b[0m \x1b[32m(most recent call last)\x1b[0m", name="stderr"),
        "traceback of an error",
    ),
    "a traceback as HTML": (
        display({"text/html": "<pre>Traceback (most recent call last):"}),
        "traceback of an error",
    ),
    "a token that two outputs share": (
        change_cell(
            1, outputs=[nbformat.v4.new_output("stream", text=part) for part in ("ghp_" + "a1B2" * 4, "a1B2" * 5)]
        ),
        "cell 2, output: It holds a GitHub token",
    ),
    "a token as a cell's id": (change_cell(1, id="ghp_" + "a1B2" * 9), "cell 2, cell id: It holds a GitHub token"),
    "another student's id": (
        change_cell(0, source="# Question 6 of 999888777"),
        "cell 1: The cell prints 999888777",
    ),
    "a figure without an output": (
        change_cell(3, outputs=[]),
        "cell 4 (fig-loss): The cell is labelled as a figure",
    ),
    "a figure that only printed": (stream("<Figure size 200x150 with 1 Axes>", cell=3), "labelled as a figure"),
    "a table without an output": (
        change_cell(4, outputs=[]),
        "cell 5 (tbl-loss): The cell is labelled as a table",
    ),
    "a blank figure": (display({"image/png": _blank("RGB", "white")}, 3), "image in the output is blank"),
    "a transparent figure": (
        display({"image/png": _blank("RGBA", (0, 0, 0, 0))}, 3),
        "image in the output is blank",
    ),
    "a damaged figure": (display({"image/png": made.encoded(made.png()[:-3000])}, 3), "cannot be opened"),
    "a figure that is no Base64": (display({"image/png": "?"}, 3), "empty or damaged"),
    "an empty SVG": (display({"image/svg+xml": "<svg></svg>"}, 3), "image in the output is empty"),
    "all outputs cleared": (_clear_all, "the results were cleared"),
    "no code": (lambda notebook: notebook.update(cells=notebook.cells[:1]), "no code"),
    "a shortcode": (change_cell(0, source="The loss is {{< var q6.loss >}}."), "shortcode"),
    "an include in code": (change_cell(1, source="{{< include models.py >}}"), "shortcode"),
    "an unresolved reference": (change_cell(0, source="See ?@fig-loss."), "could not be resolved"),
    "an unresolved variable": (display({"text/markdown": "It is ?var:q6.loss."}), "could not be resolved"),
    "an image outside": (change_cell(0, source="![loss](figures/loss.png)"), "is a file that is not handed in"),
    "a damaged attachment": (
        change_cell(
            0,
            source="![loss](attachment:a.png)",
            attachments={"a.png": {"image/png": made.encoded(made.png()[:-3000])}},
        ),
        "cell 1: An attached image cannot be opened",
    ),
    "a damaged image in Markdown": (change_cell(0, source="![](data:image/png;base64,AAAA)"), "cannot be opened"),
    "a damaged image in HTML": (display({"text/html": '<img src="data:image/png;base64,AAAA">'}), "cannot be opened"),
    "a missing attachment": (change_cell(0, source="![loss](attachment:loss.png)"), "is not attached"),
    "an image outside by reference": (
        change_cell(0, source="![loss][l]\n\n[L]: figures/loss.png 'x'"),
        "is not handed in",
    ),
    "an image outside by its own name": (
        change_cell(0, source="![loss][]\n\n[loss]: <loss.png>"),
        "is not handed in",
    ),
    "an image outside in an output": (display({"text/html": '<img src="fig.png">'}), "is not handed in"),
    "a figure that is an image without a file": (
        display({"text/html": '<img src="">'}, 3),
        "labelled as a figure",
    ),
    "a figure that is a file": (display({"text/html": '<img alt="x" src="fig.png">'}, 3), "labelled as a figure"),
    "a table without a cell": (display({"text/html": "<table><tr></tr></table>"}, 4), "labelled as a table"),
    "a table of empty cells": (
        display({"text/html": "<table><td> </td><td><b></b></td>"}, 4),
        "labelled as a table",
    ),
    "a wholly transparent figure": (display({"image/png": _transparent()}, 3), "wholly transparent"),
    "outputs without code": (
        change_cell(1, source="", execution_count=None, outputs=_printed("0.9")),
        "shows outputs",
    ),
    "outputs of a cell that was not run": (
        change_cell(1, execution_count=None, outputs=_printed("0.9")),
        "was not run",
    ),
    "not a number": (change_cell(0, metadata={"x": float("nan")}), "no valid JSON (NaN)"),
    "an infinite number": (display({"application/json": {"a": float("inf")}}), "no valid JSON (Infinity)"),
}


@pytest.mark.parametrize("fault", NOTEBOOK_ERRORS)
def test_a_fault_of_the_notebook_is_an_error(tmp_path, fault):
    change, message = NOTEBOOK_ERRORS[fault]
    notebook = made.notebook()
    change(notebook)
    assert message in made.only(findings_of(tmp_path, notebook))


NOTEBOOK_WARNINGS = {
    "a figure that is not shown": (
        display({"text/plain": "<Figure size 640x480 with 1 Axes>"}),
        "names a figure and does not show it",
    ),
    "a letter that no font has": (
        stream("x.py:3: UserWarning: Glyph 28450 (\\N{CJK UNIFIED IDEOGRAPH-6F22}) missing from font(s) DejaVu Sans."),
        "cell 2: A figure shows a box in place of a letter (28450",
    ),
    "an output of another run": (
        change_cell(1, outputs=[nbformat.v4.new_output("execute_result", {"text/plain": "3"}, execution_count=9)]),
        "cell 2: The output has number 9 and the cell 1: it is that of another run",
    ),
    "a gap in the numbers": (change_cell(6, execution_count=12), "gaps"),
    "a cell that says eval: false": (
        change_cell(1, execution_count=None, source="#| eval: false\nx"),
        "eval: false",
    ),
    "a cross-reference": (change_cell(0, source="See @fig-loss."), "cross-reference"),
    "an image from the network": (change_cell(0, source="![](https://example.org/x.png)"), "network"),
    "an identifier": (change_cell(0, source="# Fitting {#sec-fit}"), "identifier"),
    "an image from the network by reference": (
        change_cell(0, source="![x][]\n\n[x]: https://example.org/x.png"),
        "network",
    ),
    "a script from the network": (
        display({"text/html": "<script src='https://x.org/x.js'></script>"}),
        "a script",
    ),
    "a format that is not known": (lambda notebook: notebook.update(nbformat_minor=99), "notebook format 4.99"),
}


@pytest.mark.parametrize("fault", NOTEBOOK_WARNINGS)
def test_a_blemish_of_the_notebook_is_a_warning(tmp_path, fault):
    change, message = NOTEBOOK_WARNINGS[fault]
    notebook = made.notebook()
    change(notebook)
    found = made.examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook))
    assert message in made.only(found.findings, "warning")


def test_what_a_script_in_an_output_writes_is_no_image(tmp_path):
    notebook = made.notebook()
    display(
        {"text/html": f"<script>x = '<img src=\"a.png\">'</script><img src='data:image/png;base64,{_blank('L', 0)}'>"}
    )(notebook)
    assert findings_of(tmp_path, notebook) == []


def test_many_cells_out_of_order_are_counted(tmp_path):
    notebook = made.notebook()
    for number in range(6, 20):
        notebook.cells.append(nbformat.v4.new_code_cell(f"x = {number}", execution_count=number))
    notebook.cells[1].execution_count = 99
    message = made.only(findings_of(tmp_path, notebook))
    assert "18 cells ran out of order" in message


def test_a_widget_without_its_state_is_a_warning(tmp_path):
    notebook = made.notebook()
    view = {"model_id": "0a1b", "version_major": 2, "version_minor": 0}
    display({"application/vnd.jupyter.widget-view+json": view, "text/plain": "IntProgress(value=0)"})(notebook)
    found = findings_of(tmp_path, notebook)
    assert "whose state was not saved" in made.only(found, "warning")
    state = {"state": {"0a1b": {"model_name": "IntProgressModel", "state": {}}}, "version_major": 2, "version_minor": 0}
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": state}
    assert findings_of(tmp_path, notebook) == []


def test_of_a_notebook_without_code_is_said_just_that(tmp_path):
    notebook = made.notebook()
    notebook.cells = notebook.cells[:1]
    (finding,) = findings_of(tmp_path, notebook)
    assert finding.message == "It has no code."


def test_many_cells_with_one_fault_are_counted(tmp_path):
    notebook = made.notebook()
    notebook.cells += [nbformat.v4.new_code_cell(f"x = {i}") for i in range(30)]
    message = made.only(findings_of(tmp_path, notebook))
    assert message.endswith("cell 8: 30 of 35 cells were not run; this is the first of them.")


def test_what_the_cells_of_a_notebook_say_alike_is_counted(tmp_path):
    notebook = made.notebook()
    for number in range(6, 16):
        output = nbformat.v4.new_output("stream", text="/home/alice/x\n")
        notebook.cells.append(nbformat.v4.new_code_cell("x", execution_count=number, outputs=[output]))
    message = made.only(findings_of(tmp_path, notebook))
    assert "cell 8, output: 10 times, of which this is the first: It holds an absolute path" in message


def test_private_details_in_metadata_are_errors(tmp_path):
    notebook = made.notebook()
    notebook.metadata["papermill"] = {"input_path": "/home/alice/x.ipynb"}
    notebook.metadata["hostname"] = "buildbox"
    notebook.cells[1].metadata["executionInfo"] = {"user": {"displayName": "Alice Smith", "userId": "1234"}}
    display({"text/plain": "x"}, 6, source="alice@cs.ox.ac.uk")(notebook)
    message = made.only(findings_of(tmp_path, notebook))
    for part in ("papermill.input_path", "hostname", "displayName", "e-mail"):
        assert part in message


def test_the_account_that_colab_writes_is_said_once_with_a_fix_that_lasts(tmp_path):
    notebook = made.notebook()
    notebook.cells[1].metadata["executionInfo"] = {"user": {"displayName": "Alice Smith", "userId": "1234"}}
    (finding,) = findings_of(tmp_path, notebook)
    assert "that Colab wrote: Alice Smith" in finding.message
    assert "nbconvert" in finding.fix


def test_a_badge_is_no_image_that_is_missing(tmp_path):
    notebook = made.notebook()
    badge = '<img src="https://colab.research.google.com/assets/colab-badge.svg" alt="Open In Colab"/>'
    change_cell(0, source=f"<a>{badge}</a> ![](https://mybinder.org/badge_logo.svg)")(notebook)
    assert findings_of(tmp_path, notebook) == []


def test_a_traceback_with_a_path_is_named_as_such(tmp_path):
    notebook = made.notebook()
    trace = ["\x1b[0;31mValueError\x1b[0m", 'File \x1b[0;32m"/home/alice/x.py"\x1b[0m, line 3']
    notebook.cells[1].outputs = [nbformat.v4.new_output("error", ename="ValueError", evalue="", traceback=trace)]
    message = made.only(findings_of(tmp_path, notebook))
    assert "traceback: It holds an absolute path with an account's name: /home/alice/x.py" in message


@pytest.mark.parametrize(
    ("kind", "text", "is_template"),
    [
        ("code", "# YOUR CODE HERE\nraise NotImplementedError()", True),
        ("code", "# Your code here\n\npass", True),
        ("code", "# YOUR CODE HERE\nx = 1", False),
        ("code", "# My code is here", False),
        ("markdown", "YOUR ANSWER HERE", True),
        ("markdown", "*Write your answer here.*", True),
        ("markdown", "Your answer here: 12 words at most. I think that L2 helps.", False),
    ],
)
def test_a_cell_of_a_template_that_nobody_answered_is_named(tmp_path, kind, text, is_template):
    notebook = made.notebook()
    number = max(cell.get("execution_count") or 0 for cell in notebook.cells) + 1
    cell = nbformat.v4.new_markdown_cell(text)
    if kind == "code":
        cell = nbformat.v4.new_code_cell(text, execution_count=number)
    notebook.cells.append(cell)
    said = [str(finding) for finding in findings_of(tmp_path, notebook)]
    assert any("template's text" in each for each in said) == is_template
