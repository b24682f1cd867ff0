"""The checks hold, and for each of them a mistake of the usual kind makes it fail."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from fractions import Fraction
from functools import cache
from types import ModuleType, SimpleNamespace

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from coursework.answers import activations, evidence, neuron, optimisers, regularisation
from coursework.answers.evidence import Check, Tolerance
from coursework.answers.neuron import Neuron
from handin.errors import WorkError

# --- the comparison itself ------------------------------------------------------------------------------------------


def check(derived, independent, tolerance=Tolerance(absolute=1e-9)):  # noqa: B008 - frozen
    return Check("Q1", "two is two", derived, independent, "arithmetic", tolerance)


def test_agreement_within_the_tolerance():
    outcome = check([1.0, 2.0], [1.0, 2.0 + 5e-10]).require()
    assert outcome.passed
    assert outcome.values == 2
    assert outcome.difference == pytest.approx(5e-10, rel=1e-6)
    assert outcome.ratio == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize(
    ("derived", "independent"),
    [
        ([1.0], [1.1]),
        ([1.0, 2.0], [1.0]),
        ([], []),
        ([float("nan")], [float("nan")]),
        ([float("inf")], [float("inf")]),
        ([1.0], [float("nan")]),
        ([[1.0, 2.0]], [1.0, 2.0]),
    ],
)
def test_what_differs_is_shaped_otherwise_or_is_no_number_never_passes(derived, independent):
    assert not check(derived, independent).outcome().passed
    with pytest.raises(WorkError, match="two is two"):
        check(derived, independent).require()


def test_a_relative_tolerance_is_of_the_independent_value():
    assert check([1001.0], [1000.0], Tolerance(relative=2e-3)).outcome().passed
    assert not check([1.001], [1.0], Tolerance(relative=5e-4)).outcome().passed


def test_exact_agreement_needs_no_tolerance():
    assert check([0.0], [0.0], Tolerance()).outcome().passed
    assert not check([1e-300], [0.0], Tolerance()).outcome().passed


def test_numbers_that_float64_cannot_hold_are_told_apart():
    with mpmath.workdps(50):
        tiny = mpmath.exp(-5000)
        assert check([tiny], [tiny], Tolerance(relative=1e-20)).outcome().passed
        assert not check([tiny], [2 * tiny], Tolerance(relative=1e-20)).outcome().passed
    assert check([Fraction(1, 3)], [mpmath.mpf(1) / 3], Tolerance(relative=1e-14)).outcome().passed


# --- every check holds ----------------------------------------------------------------------------------------------


def make(inputs, weights, bias=None) -> Neuron:
    return Neuron(tuple(map(Fraction, inputs)), tuple(map(Fraction, weights)), None if bias is None else Fraction(bias))


PLAIN = make((1, 2), (3, -1), "1/2")
KINK = make((1, 3), (3, -1))
FAR = make((1, 2), (1, 1), 40)


@pytest.fixture(scope="module", autouse=True)
def _keras_is_asked_once():
    """Keras' side of a comparison does not depend on the mutation: compute it once."""
    kept: dict = {}
    ask = evidence._keras_path

    def path(optimiser, gradients, start):
        constants = {k: v for k, v in optimiser.get_config().items() if k != "name"}  # the name is counted up
        key = (type(optimiser), str(constants), gradients.tobytes(), start.tobytes())
        if key not in kept:
            kept[key] = ask(optimiser, gradients, start)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evidence, "_keras_path", path)
        patch.setattr(evidence, "_keras_first_steps", cache(evidence._keras_first_steps))
        yield


GROUPS = {
    "plain": lambda: evidence.neuron_checks(PLAIN),
    "kink": lambda: evidence.neuron_checks(KINK),
    "far": lambda: evidence.neuron_checks(FAR),
    "optimisers": evidence.optimiser_checks,
    "activations": evidence.activation_checks,
    "regularisation": lambda: evidence.regularisation_checks(Fraction(1, 1000)),
}


@pytest.mark.parametrize("group", GROUPS)
def test_every_claim_holds(group):
    checks = GROUPS[group]()
    assert [c.claim for c in checks if not c.outcome().passed] == []


numbers = st.fractions(-12, 12, max_denominator=50)


@given(st.lists(st.tuples(numbers, numbers), min_size=2, max_size=4), st.none() | numbers)
def test_the_checks_hold_for_any_neuron(pairs, bias):
    inputs, weights = zip(*pairs, strict=True)
    failed = [c for c in evidence.neuron_checks(Neuron(inputs, weights, bias)) if not c.outcome().passed]
    assert failed == []


@pytest.mark.parametrize("size", ["1e-12", "1e-6", "1e6", "1e12"])
def test_the_checks_hold_for_numbers_of_any_size(size):
    for case in (make((size, 1), (1, -1)), make((size, size), (size, "-1/3"), size), make((size, size), (1, -1))):
        assert [c.claim for c in evidence.neuron_checks(case) if not c.outcome().passed] == []


def test_beyond_float64_only_mpmath_is_asked_about_the_sigmoid():
    methods = {c.method for c in evidence.neuron_checks(FAR) if "sigmoid" in c.claim}
    assert all("mpmath" in method for method in methods)


def test_at_the_kink_both_sides_are_compared():
    claims = [c for c in evidence.neuron_checks(KINK) if "each side of the kink" in c.claim]
    assert np.shape(claims[0].derived) == (4, 2)


# --- and fails after a mistake --------------------------------------------------------------------------------------

TRUE = SimpleNamespace(
    gradients=neuron.gradients,
    answer=neuron.answer,
    relu=neuron.relu,
    rmsprop=optimisers.rmsprop,
    adam=optimisers.adam,
    weighted_sum=optimisers.weighted_sum,
    uncorrected_step=optimisers.uncorrected_step,
    largest=optimisers.largest_uncorrected_step,
    slope_at=activations.slope_at,
    moments=regularisation.dropout_moments,
    adamw=optimisers.adamw,
)


def _answer_with(part, **changes):
    """Answer question 1 with something else in one of its parts."""

    def wrong(case):
        result = TRUE.answer(case)
        gradients = getattr(result, part)
        return replace(result, **{part: replace(gradients, **{k: f(gradients) for k, f in changes.items()})})

    return wrong


def _not_doubled(case):
    result = TRUE.answer(case)
    return replace(result, doubled=result.relu)


def _left_is_right(slope):
    return max(Fraction(0), slope), min(Fraction(0), slope)


def _slope_one_at_zero(function, z):
    return np.where(z == 0, 1.0, TRUE.slope_at(function, z)) if function == "relu" else TRUE.slope_at(function, z)


def _tanh_without_square(function, z):
    return 1 - np.tanh(z) if function == "tanh" else TRUE.slope_at(function, z)


def _rule(averages, rule):
    """Return a factory of a mutated optimiser, whatever its constants are called."""
    return lambda *constants, **named: optimisers.Optimiser("wrong", averages, rule(*constants, **named))


def _rmsprop_epsilon_outside(rate, rho=0.9, epsilon=1e-7):
    def rule(g, averages, t):
        v = rho * averages[0] + (1 - rho) * g**2
        return -rate * g / (np.sqrt(v) + epsilon), (v,)

    return rule


def _momentum_on_the_raw_gradient(rate, rho=0.9, decay=0.9, epsilon=1e-7):
    def rule(g, averages, t):
        v, m = averages
        v, m = rho * v + (1 - rho) * g**2, decay * m + (1 - decay) * g
        return -rate * m / np.sqrt(v + epsilon), (v, m)

    return rule


def _adam(corrected=True, epsilon_inside=False):
    def factory(rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7, epsilon_hat=None):
        def rule(g, averages, t):
            m, v = averages
            m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2
            c1, c2 = (1 - beta_1**t, 1 - beta_2**t) if corrected else (1, 1)
            e = epsilon if epsilon_hat is None else epsilon_hat
            root = np.sqrt(v / c2 + e) if epsilon_inside else np.sqrt(v / c2) + e
            return -rate * (m / c1) / root, (m, v)

        return rule

    return factory


def _one_off(steps):
    return sp.expand(TRUE.weighted_sum(steps) * sp.Symbol("beta", positive=True))


def _expected_one_off(decay="beta"):
    t, beta, mu = (
        sp.Symbol("t", integer=True, positive=True),
        sp.Symbol(decay, positive=True),
        sp.Symbol("mu", real=True),
    )
    return mu * (1 - beta ** (t - 1))


def _moments(change_mean=1, change_variance=1):
    def moments():
        mean, variance = TRUE.moments()
        return mean * change_mean, variance * change_variance

    return moments


P = sp.Symbol("p", positive=True)

# name: group of checks, module, attribute, what stands there by mistake, the claims that must fail
MUTATIONS = {
    "the output forgets the bias": (
        "plain", evidence, "answer", _answer_with("relu", y=lambda g: g.y - Fraction(1, 2)), {"a) ReLU: $y$"},
    ),
    "a gradient has the wrong sign": (
        "plain", evidence, "answer", _answer_with("relu", weights=lambda g: tuple(-w for w in g.weights)),
        {"a) ReLU: all gradients"},
    ),
    "inputs and weights change places": (
        "plain", evidence, "answer", _answer_with("relu", inputs=lambda g: g.weights, weights=lambda g: g.inputs),
        {"a) ReLU: all gradients"},
    ),
    "the first weight is not doubled": (
        "plain", evidence, "answer", _not_doubled, {"b) $w_1$ doubled: all gradients"},
    ),
    "the sigmoid is taken at -z": (
        "plain", evidence, "answer", _answer_with("sigmoid", y=lambda g: 1 - g.y), {"c) sigmoid: $y$"},
    ),
    "the slope of the sigmoid lacks (1 - σ)": (
        "plain", evidence, "answer",
        _answer_with("sigmoid", weights=lambda g: tuple(w * g.y / g.slope for w in g.weights)),
        {"c) sigmoid: all gradients"},
    ),
    "far out, a gradient that underflowed to 0": (
        "far", evidence, "answer", _answer_with("sigmoid", weights=lambda g: tuple(0 * w for w in g.weights)),
        {"c) sigmoid: all gradients"},
    ),
    "ReLU'(0) is taken as 1": (
        "kink", neuron, "relu", lambda z: sp.Piecewise((z, z >= 0), (0, True)), {"a) ReLU: all gradients"},
    ),
    "ReLU'(0) is taken as 1/2, as SymPy's Max does": (
        "kink", evidence, "answer", _answer_with("relu", weights=lambda g: (Fraction(1, 2), Fraction(3, 2))),
        {"a) ReLU: all gradients"},
    ),
    "left and right of the kink change places": (
        "kink", evidence, "one_sided", _left_is_right, {"a) ReLU: all gradients, each side of the kink"},
    ),
    "SGD goes uphill": (
        "optimisers", optimisers, "sgd", _rule(0, lambda rate: lambda g, a, t: (rate * g, a)),
        {"SGD: the written update"},
    ),
    "momentum averages": (
        "optimisers", optimisers, "momentum",
        _rule(1, lambda rate, decay: lambda g, a, t: 2 * (decay * a[0] - (1 - decay) * rate * g,)),
        {"Momentum: the written update"},
    ),
    "RMSProp's ε is outside the root": (
        "optimisers", optimisers, "rmsprop", _rule(1, _rmsprop_epsilon_outside), {"RMSProp: the written update"},
    ),
    "RMSProp averages g, not g²": (
        "optimisers", optimisers, "rmsprop",
        _rule(1, lambda rate, rho, eps: lambda g, a, t: (
            -rate * g / np.sqrt(abs(rho * a[0] + (1 - rho) * g) + eps), (rho * a[0] + (1 - rho) * g,))),
        {"RMSProp: the written update"},
    ),
    "momentum on the raw gradient": (
        "optimisers", optimisers, "rmsprop_with_momentum", _rule(2, _momentum_on_the_raw_gradient),
        {"RMSProp with momentum: the written update"},
    ),
    "Keras' Adam with the paper's ε": (
        "optimisers", optimisers, "adam_as_in_keras", _rule(2, _adam()),
        {r"Adam in Keras' form, with $\hat\varepsilon$: the written update"},
    ),
    "Adam's ε is inside the root": (
        "optimisers", optimisers, "adam", _rule(2, _adam(epsilon_inside=True)),
        {r"Adam as in the paper, with $\varepsilon = \hat\varepsilon / \sqrt{1 - \beta_2^t}$: the written update"},
    ),
    "Adam's bias correction is dropped": (
        "optimisers", optimisers, "adam", _rule(2, _adam(corrected=False)),
        {
            r"Adam as in the paper, with $\varepsilon = \hat\varepsilon / \sqrt{1 - \beta_2^t}$: the written update",
            r"Adam's step with it is $\eta$",
        },
    ),
    "ε and ε̂ are taken as equal": (
        "optimisers", optimisers, "paper_epsilon", lambda epsilon_hat, step, beta_2: epsilon_hat,
        {r"Adam as in the paper, with $\varepsilon = \hat\varepsilon / \sqrt{1 - \beta_2^t}$: the written update"},
    ),
    "the weights of the average are one power off": (
        "optimisers", optimisers, "weighted_sum", _one_off, {r"$m_t = (1 - \beta) \sum_i \beta^{t-i} g_i$"},
    ),
    "the bias correction is one step off": (
        "optimisers", optimisers, "expected_average", _expected_one_off, {r"$\mathrm{E}[m_t] = \mu (1 - \beta^t)$"},
    ),
    "β₁ and β₂ change places": (
        "optimisers", optimisers, "uncorrected_step", lambda steps: TRUE.uncorrected_step(steps, 0.999, 0.9),
        {"Adam's step without bias correction, constant gradient"},
    ),
    "the peak is counted from 0": (
        "optimisers", optimisers, "largest_uncorrected_step", lambda: replace(TRUE.largest(), step=11),
        {"The largest uncorrected step, and when"},
    ),
    "the slope at 0 of the ReLU is 1": (
        "activations", activations, "slope_at", _slope_one_at_zero, {"ReLU: gradient, with the convention at 0"},
    ),
    "tanh′ lacks the square": (
        "activations", activations, "slope_at", _tanh_without_square, {"tanh: gradient"},
    ),
    "tanh′ is 1 + tanh²": (
        "activations", activations, "tanh_slope", lambda z: 1 + sp.tanh(z) ** 2,
        {r"tanh: $1 - \tanh^2 z$ up to $|z| = 300$"},
    ),
    "the quotient rule has its minus missing": (
        "activations", activations, "quotient_rule", lambda z: 1 + sp.tanh(z) ** 2,
        {r"tanh: the quotient rule up to $|z| = 300$"},
    ),
    "dropout does not rescale": (
        "regularisation", regularisation, "inverted_dropout", lambda y, mask, rate: mask * y,
        {"Dropout in training: kept activations grow by $1/(1-p)$"},
    ),
    "dropout keeps what it should drop": (
        "regularisation", regularisation, "inverted_dropout", lambda y, mask, rate: (1 - mask) * y / (1 - rate),
        {"Dropout in training: kept activations grow by $1/(1-p)$", "Dropout at test time: nothing changes"},
    ),
    "the mean lacks the rescaling": (
        "regularisation", regularisation, "dropout_moments", _moments(change_mean=1 - P), {"Dropout: the mean is $y$"},
    ),
    "the variance is that of the mask": (
        "regularisation", regularisation, "dropout_moments", _moments(change_variance=(1 - P) ** 2),
        {r"Dropout: the variance is $y^2 p/(1-p)$"},
    ),
    "the factor 2 is dropped": (
        "regularisation", regularisation.Penalty, "of", lambda self, w, strength: strength * w**2 / 2,
        {
            r"$\lambda \lVert w \rVert^2$ adds $2 \lambda w$",
            r"SGD on the penalty alone multiplies $w$ by $1 - 2 \eta \lambda$",
        },
    ),
    "the factor ½ is dropped": (
        "regularisation", regularisation.Penalty, "of", lambda self, w, strength: strength * w**2,
        {r"$\frac{1}{2} \lambda \lVert w \rVert^2$ adds $\lambda w$"},
    ),
    "AdamW decays without the learning rate": (
        "regularisation", optimisers, "adamw",
        lambda rate, decay, beta_1, beta_2: replace(TRUE.adamw(rate, decay, beta_1, beta_2), decay=decay),
        {"AdamW: decay outside Adam's rescaling"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_makes_its_check_fail(name, monkeypatch):
    group, module, attribute, mutated, claims = MUTATIONS[name]
    monkeypatch.setattr(module, attribute, mutated)
    checks = GROUPS[group]()
    failed = {c.claim for c in checks if not c.outcome().passed}
    assert claims <= failed
    assert failed < {c.claim for c in checks}, "a mistake that fails every check says nothing about a single one"


def test_every_check_has_a_mistake_that_makes_it_fail():
    covered = {claim for *_, claims in MUTATIONS.values() for claim in claims}
    assert {c.claim for group in GROUPS.values() for c in group()} - covered == set()


# --- all together ---------------------------------------------------------------------------------------------------


@pytest.fixture
def project_settings(monkeypatch):
    """Settings, with nothing to check in question 5."""
    recurrent = ModuleType("recurrent_evidence")
    recurrent.checks = lambda settings: []
    monkeypatch.setitem(sys.modules, "coursework.answers.recurrent_evidence", recurrent)
    question1 = SimpleNamespace(inputs=PLAIN.inputs, weights=PLAIN.weights, bias=PLAIN.bias)
    return SimpleNamespace(question1=question1, question4=SimpleNamespace(l2=Fraction(1, 1000)))


def test_the_evidence_is_plain_json_in_the_order_of_the_questions(project_settings):
    found = evidence.compute(project_settings)
    assert json.loads(json.dumps(found)) == found
    questions = [entry["question"] for entry in found["checks"]]
    assert questions == sorted(questions)
    assert set(questions) == {"Q1", "Q2", "Q3", "Q4"}
    assert all(entry["passed"] for entry in found["checks"])


def test_a_claim_that_does_not_hold_stops_the_build(project_settings, monkeypatch):
    monkeypatch.setattr(evidence, "answer", _not_doubled)
    with pytest.raises(WorkError, match=r"Q1.*doubled"):
        evidence.compute(project_settings)
