"""The variables of the prose: text ready for print, taken from the answers."""

from __future__ import annotations

import re
from fractions import Fraction
from types import SimpleNamespace

import pytest

from coursework import variables

CHECKS = [
    {"question": "Q1", "claim": "a) $y$", "method": "TensorFlow autodiff, float64", "values": 4, "difference": 1.2e-17,
     "ratio": 0.1, "absolute": 1e-12, "relative": 1e-12},
    {"question": "Q1", "claim": "b)", "method": "TensorFlow autodiff, float64", "values": 2, "difference": 3e-16,
     "ratio": 0.1, "absolute": 1e-12, "relative": 0.0},
    {"question": "Q1", "claim": "c)", "method": "mpmath, 50 digits", "values": 1, "difference": 0.0,
     "ratio": 0.0, "absolute": 0.0, "relative": 1e-20},
    {"question": "Q2", "claim": "SGD", "method": "Keras, 50 steps", "values": 600, "difference": 5.6e-3,
     "ratio": 0.4, "absolute": 5.6e-3, "relative": 0.0},
]  # fmt: skip


def settings(inputs=(1, 2), weights=(3, -1), bias=None, l2="0.001"):
    question1 = SimpleNamespace(
        inputs=tuple(map(Fraction, inputs)),
        weights=tuple(map(Fraction, weights)),
        bias=None if bias is None else Fraction(bias),
    )
    return SimpleNamespace(question1=question1, question4=SimpleNamespace(l2=Fraction(l2)))


@pytest.fixture(scope="module")
def printed():
    return {**variables.derived(settings()), "evidence": variables.checked({"checks": CHECKS})}


def test_the_default_answers(printed):
    q1 = printed["q1"]
    assert (q1["z"], q1["y"], q1["dy_dx2"], q1["dy_dw2"]) == ("1", "1", "−1", "2")
    assert (q1["sigmoid_y"], q1["sigmoid_dy_dw1"], q1["sigmoid_dy_dw2"]) == ("0.7311", "0.1966", "0.3932")
    assert printed["q2"]["first_step"] == "3.16"
    assert (printed["q2"]["largest_step"], printed["q2"]["largest_at"]) == ("6.57", "12")
    assert printed["q3"]["slope_near"] == "0.0707"
    assert (printed["q4"]["l2"], printed["q4"]["added"]) == ("0.001", "0.002")


@pytest.mark.parametrize(
    "chosen",
    [
        settings(),
        settings(("0.1", "0.3"), (3, -1)),
        settings(("1e-12", 2, -3, "1/3"), (-5, "1e12", 0, 1), "-1e-7", "0.00002"),
    ],
)
def test_every_value_is_text_for_print(chosen):
    groups = {**variables.derived(chosen), "evidence": variables.checked({"checks": CHECKS})}
    assert set(groups) == {"q1", "q2", "q3", "q4", "evidence"}
    for group in groups.values():
        for name, value in group.items():
            assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
            assert isinstance(value, str)
            assert value
            assert not set(value) & set("$\\{}")
            assert not re.search(r"\de[-+]?\d", value), value
            assert "-" not in value.replace("one-sided", ""), value


def test_the_counts_of_the_evidence_are_printed(printed):
    assert (printed["evidence"]["checks"], printed["evidence"]["values"]) == ("4", "607")
