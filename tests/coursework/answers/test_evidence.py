"""All checks together, and the table of them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from coursework import evidence
from coursework.answers import neuron, neuron_checks
from coursework.settings import Settings
from handin.errors import WorkError

SETTINGS = Settings(date="2026-01-01")


def test_the_evidence_is_plain_json_in_the_order_of_the_questions():
    found = evidence.compute(SETTINGS)
    assert json.loads(json.dumps(found)) == found
    questions = [entry["question"] for entry in found["checks"]]
    assert questions == sorted(questions)
    assert set(questions) == {"Q1", "Q2", "Q3", "Q4", "Q5"}
    assert all(entry["ratio"] <= 1 for entry in found["checks"])


def test_a_claim_that_does_not_hold_stops_the_build(monkeypatch):
    def not_doubled(case):
        result = neuron.answer(case)
        return replace(result, doubled=result.relu)

    monkeypatch.setattr(neuron_checks, "answer", not_doubled)
    with pytest.raises(WorkError, match=r"Q1.*doubled"):
        evidence.compute(SETTINGS)


def test_all_chapters_have_formula_values_that_can_be_kept():
    values = evidence.formula_values(SETTINGS)
    assert list(values) == ["sec-q1", "sec-q2", "sec-q3", "sec-q4", "sec-q5"]
    assert json.loads(json.dumps(values, allow_nan=False)) == values


CHECKS = [
    {"question": "Q1", "claim": "a) $y$", "method": "TensorFlow autodiff, float64", "values": 4, "difference": 1.2e-17,
     "ratio": 0.1, "absolute": 1e-12, "relative": 1e-12},
    {"question": "Q2", "claim": "SGD", "method": "Keras, 50 steps", "values": 600, "difference": 5.6e-3,
     "ratio": 0.4, "absolute": 5.6e-3, "relative": 0.0},
]  # fmt: skip


def test_the_table_has_a_row_for_every_check_and_no_empty_heading():
    header, ruler, *rows = evidence.table(CHECKS).splitlines()
    assert len(rows) == len(CHECKS)
    assert {line.count("|") for line in (ruler, *rows)} == {header.count("|")}
    assert all(cell.strip() for cell in header.split("|")[1:-1])
    assert [cell.strip() for cell in rows[0].split("|")[1:-1]] == [
        "Q1", "a) $y$", "TensorFlow autodiff, float64", "4", "1.2\u00a0×\u00a010⁻¹⁷", "10⁻¹²", "10⁻¹²",
    ]  # fmt: skip
    assert rows[1].split("|")[6].strip().startswith("5.6")
