"""What the answers print in formulas agrees with independent values, for any settings; a slip in them does not."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from neurons import make, neurons

from coursework.answers import (
    neuron_checks,
    optimiser_checks,
    recurrent_checks,
    regularisation,
    regularisation_checks,
)
from coursework.answers import neuron_wording as q1
from coursework.answers.neuron import Neuron, answer
from press.formulas.checking import Checker
from press.formulas.reading import formulas
from press.formulas.relations import Meaning, Verdict, judged


def verdicts(text: str, values: dict) -> list[Verdict]:
    """Judge a text's formulas with values as they come back from where they are kept."""
    meaning = Meaning.of(json.loads(json.dumps(values)))
    return [verdict for formula in formulas(text) for verdict in judged(formula.tex, meaning)]


def bad(text: str, values: dict) -> list[Verdict]:
    return [verdict for verdict in verdicts(text, values) if verdict.kind not in ("holds", "supposed")]


# --- question 1 -----------------------------------------------------------------------------------------------------


DEFAULT = make((1, 2), (3, -1))


def texts_of_question_1(neuron: Neuron) -> str:
    result = answer(neuron)
    return "\n\n".join([
        q1.boxed_answer(result), q1.part_b(result), f"$$ {q1.substituted_relu(result)} $$ {{#eq-a}}",
        f"$$ {q1.substituted_sigmoid(result)} $$ {{#eq-b}}",
    ])  # fmt: skip


CASES = {
    "as delivered": DEFAULT,
    "bias": make((1, 2), (3, -1), "0.5"),
    "three inputs": make((1, 2, "0.1"), (3, -1, "1/3")),
    "four inputs and a bias": make((1, 2, "0.1", "-7"), (3, -1, "1/3", "2/7"), "-1.25"),
    "kink": make((1, 3), (3, -1)),
    "kink with a bias": make((1, 2), (3, -1), -1),
    "kink without slopes": make((1, 0), (0, 0)),
    "negative": make((1, 4), (3, -1)),
    "all weights zero": make((1, 2), (0, 0)),
    "all inputs zero": make((0, 0), (1, 2)),
    "switched on": make((1, 2), (3, -2)),
    "switched off": make((-1, 4), (3, 1)),
    "large": make(("1e12", 1), ("1e12", 1)),
    "large and negative": make(("1e12", 1), ("-1e12", 1)),
    "small": make(("1e-12", 1), ("1e-12", 1)),
    "large and small": make(("1e12", "1e-12"), ("1e-12", "1e12"), "1e-12"),
    "they cancel": make(("1e12", "1e12"), ("1e12", "-1e12"), "1e-12"),
    "fractions": make(("1/3", "2/7"), ("-5/11", "1/3")),
    "many digits": make(("1.2345678912345", "0.0012345"), ("-9.87654321987", "1234567.891")),
    "far out": make((1, 2), (20, 10)),
    "farther out": make((1, 2), (-800, 1)),
    "close to one": make((1, 1), (9, "0.9")),
}


@pytest.mark.parametrize("case", CASES)
def test_no_false_alarm_in_question_1(case):
    neuron = CASES[case]
    text, values = texts_of_question_1(neuron), neuron_checks.values(neuron)
    assert bad(text, values) == []
    Checker({"sec-q1": values}, strict=True).require([f"# Question 1 {{#sec-q1}}\n\n{text}"])


sizes = st.sampled_from(["1e12", "-1e12", "1e-12", "-1e-12", "1/3", "0", "1", "-800", "0.00123456789", "3.14159"])
numbers = st.fractions(-20, 20, max_denominator=5000) | sizes.map(Fraction)


@given(neurons(numbers))
def test_no_false_alarm_for_any_neuron(neuron):
    assert bad(texts_of_question_1(neuron), neuron_checks.values(neuron)) == []


def test_a_summand_that_is_left_out_is_found(monkeypatch):
    products = q1._products
    monkeypatch.setattr(q1, "_products", lambda result: products(result)[:-1])
    for case in ("as delivered", "bias", "four inputs and a bias", "many digits"):
        neuron = CASES[case]
        chains = [
            v.chain for v in verdicts(texts_of_question_1(neuron), neuron_checks.values(neuron)) if v.kind == "false"
        ]
        assert any(chain.startswith("z =") for chain in chains), case


@pytest.mark.parametrize("case", ["as delivered", "three inputs", "negative", "kink", "far out", "small"])
def test_a_wrong_slope_of_the_sigmoid_is_found(case):
    neuron = CASES[case]
    text = texts_of_question_1(neuron)
    wrong = text.replace(r"(1 - \sigma(", r"(1 + \sigma(")
    assert wrong != text
    assert any(v.kind == "false" for v in verdicts(wrong, neuron_checks.values(neuron)))


@pytest.mark.parametrize("case", ["as delivered", "bias", "negative", "four inputs and a bias", "fractions"])
@pytest.mark.parametrize(
    ("true", "false"), [("w_{2}", "w_{1}"), ("x_{2}", "x_{1}"), ("w_1 x_1", "w_1"), ("w_2 x_2", "w_1 x_2")]
)
def test_a_wrong_letter_is_found_whatever_the_numbers(case, true, false):
    neuron = CASES[case]
    text = f"$$ {q1.substituted_relu(answer(neuron))} $$"
    wrong = text.replace(true, false)
    found = [v.kind for v in verdicts(wrong, neuron_checks.values(neuron))]
    assert wrong != text
    assert "false" in found


# --- questions 2 and 5 -----------------------------------------------------------------------------------------------


def test_the_numbers_of_a_sample_differ():
    """Else a wrong letter could have the right value."""
    readings = [*optimiser_checks.values()["readings"], *recurrent_checks.values()["readings"]]
    for sample in (sample for reading in readings for sample in reading["samples"]):
        scalars = {name: abs(v) for name, v in sample.items() if isinstance(v, float) and v and not name.endswith("_i")}
        # one thing may have two names: the last gradient, the last state, and layer k
        same = [(a, b) for a in scalars for b in scalars if a < b and scalars[a] == scalars[b]]
        # ... and what the answer finds: Adam's first step is η, the direct path is f_t
        allowed = {"g_t", "h_t", "h_{t-1}", "W_{kh}", "W_{kx}", "b_k", r"\delta_\mathrm{Adam}", "f_t"}
        same = [pair for pair in same if pair != (r"\beta_1", r"\rho")]  # Keras' defaults for both are 0.9
        assert all({a, b} & allowed for a, b in same), same


# --- question 4 -----------------------------------------------------------------------------------------------------

STRENGTHS = ["0.001", "5e-7", "1", "1/3", "0.123456789123", "1e-12", "0.00025", "2/3"]


@pytest.mark.parametrize("strength", STRENGTHS)
def test_the_adjustment_is_true_for_any_strength_and_found_when_it_is_not(strength):
    strength = Fraction(strength)
    values = regularisation_checks.values(strength)
    box = f"$$ {regularisation.adjustment(strength)} $$"
    assert [v.kind for v in verdicts(box, values)] == ["holds"]
    assert [v.kind for v in verdicts(box.replace(r"2 \lambda w_i", r"\lambda w_i"), values)] == ["false"]
    half = f"$$ {regularisation.adjustment(strength / 2)} $$"
    assert [v.kind for v in verdicts(half, values)] == ["false"]
    step = (
        r"$w_i \leftarrow w_i - \eta\, \frac{\partial J}{\partial w_i} "
        r"= (1 - 2\eta\lambda)\, w_i - \eta\, \frac{\partial L}{\partial w_i}$"
    )
    assert [v.kind for v in verdicts(step, values)] == ["holds"]
    assert [v.kind for v in verdicts(step.replace(r"2\eta", r"\eta"), values)] == ["false"]
