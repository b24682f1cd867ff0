"""What this report says of itself: an edit executes the documents whose cells read it, and no others."""

from __future__ import annotations

import pytest
import yaml

from copies import ROOT
from coursework.report import REPORT
from press.prepare import document_inputs, facts
from press.project import Project

BOTH = {"report/report.qmd", "report/q6-classifier.qmd"}

EDITS = {
    "student_id": ({"student_id": "00123"}, set(), set()),
    "date": ({"date": "2026-02-28"}, set(), set()),
    "question1": ({"question1": {"inputs": ["1", "3"]}}, {"report/report.qmd"}, {"evidence", "printed"}),
    "question4": ({"question4": {"l2": "0.05"}}, {"report/report.qmd"}, {"evidence", "printed"}),
    "profile": ({"experiments": {"profile": "full"}}, BOTH, {"recurrent"}),
    "workers": ({"experiments": {"profile": "tiny", "workers": "3"}}, set(), set()),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_setting_reaches_what_reads_it_and_nothing_else(edit):
    changed, documents, products = EDITS[edit]
    project = Project(ROOT, REPORT)
    start = {"date": "2026-11-23", "experiments": {"profile": "tiny"}}
    before, after = (REPORT.settings.model_validate({**start, **more}) for more in ({}, changed))
    first, second = document_inputs(project, before), document_inputs(project, after)
    assert {path for path in first if first[path] != second[path]} == documents
    found = {each.name for each in REPORT.products if facts(each, project, before) != facts(each, project, after)}
    assert found == products


def test_a_document_that_quarto_would_render_without_the_project_names_the_format_that_refuses_it():
    rendered = yaml.safe_load((ROOT / "_quarto.yml").read_text())["project"]["render"]
    others = [each.path for each in (REPORT.notebook, *REPORT.further) if each.path not in rendered]
    assert others
    for path in others:
        front = (ROOT / path).read_text().split("---\n")[1]
        assert yaml.safe_load(front)["format"] == "coursework-typst", path
