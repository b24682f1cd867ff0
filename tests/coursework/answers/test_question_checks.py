"""The checks hold, and for each of them a mistake of the usual kind makes it fail."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from neurons import make, neurons

from coursework.answers import (
    activation_checks,
    activations,
    neuron,
    neuron_checks,
    optimiser_checks,
    optimisers,
    recurrent,
    recurrent_checks,
    regularisation,
    regularisation_checks,
)
from coursework.diagrams import drawing_checks
from coursework.diagrams import lstm as lstm_diagram
from coursework.diagrams import rnn as rnn_diagram
from coursework.diagrams.wiring import Wiring

# --- every check holds ----------------------------------------------------------------------------------------------


PLAIN = make((1, 2), (3, -1), "1/2")
KINK = make((1, 3), (3, -1))
FAR = make((1, 2), (1, 1), 40)


@pytest.fixture(scope="module", autouse=True)
def _keras_is_asked_once():
    """Keras' side of a comparison does not depend on the mutation: compute it once."""
    kept: dict = {}
    ask = optimiser_checks.keras_states

    def states(optimiser, gradients, start):
        constants = {k: v for k, v in optimiser.get_config().items() if k != "name"}  # the name is counted up
        key = (type(optimiser), str(constants), gradients.tobytes(), start.tobytes())
        if key not in kept:
            kept[key] = ask(optimiser, gradients, start)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        for module in (optimiser_checks, regularisation_checks):
            patch.setattr(module, "keras_states", states)
        yield


GROUPS = {
    "plain": lambda: neuron_checks.checks(PLAIN),
    "kink": lambda: neuron_checks.checks(KINK),
    "far": lambda: neuron_checks.checks(FAR),
    "optimisers": optimiser_checks.checks,
    "activations": activation_checks.checks,
    "regularisation": lambda: regularisation_checks.checks(Fraction(1, 1000)),
    "recurrent, forwards": recurrent_checks.forward_checks,
    "recurrent, backwards": recurrent_checks.gradient_checks,
    "recurrent, counted": recurrent_checks.count_checks,
    "drawings": drawing_checks.checks,
}


@pytest.mark.parametrize("group", GROUPS)
def test_every_claim_holds(group):
    checks = GROUPS[group]()
    assert [c.claim for c in checks if not c.outcome().passed] == []


@pytest.mark.parametrize("group", GROUPS)
def test_a_deviation_of_two_per_cent_fails_every_check(group):
    """So that no tolerance is too large to notice a mistake."""
    for check in GROUPS[group]():
        derived = np.array(check.derived)
        if np.any(derived != 0):
            passed = replace(check, derived=derived * Fraction(51, 50)).outcome().passed
            assert not passed, (check.claim, check.method)


numbers = st.fractions(-12, 12, max_denominator=50)


@given(neurons(numbers))
def test_the_checks_hold_for_any_neuron(neuron):
    assert [c for c in neuron_checks.checks(neuron) if not c.outcome().passed] == []


@pytest.mark.parametrize("size", ["1e-12", "1e-6", "1e6", "1e12"])
def test_the_checks_hold_for_numbers_of_any_size(size):
    for case in (make((size, 1), (1, -1)), make((size, size), (size, "-1/3"), size), make((size, size), (1, -1))):
        assert [c.claim for c in neuron_checks.checks(case) if not c.outcome().passed] == []


def test_beyond_float64_only_mpmath_is_asked_about_the_sigmoid():
    methods = {c.method for c in neuron_checks.checks(FAR) if "sigmoid" in c.claim}
    assert all("mpmath" in method for method in methods)


def test_at_the_kink_both_sides_are_compared():
    claims = [c for c in neuron_checks.checks(KINK) if "each side of the kink" in c.claim]
    assert np.shape(claims[0].derived) == (4, 2)


def test_question_5_is_compared_with_many_different_numbers():
    """Weights that were equal, zero or square would let a mistake pass."""
    kernel, recurrent_kernel, bias = recurrent_checks.LSTM_KERAS
    assert len({*kernel.ravel(), *recurrent_kernel.ravel(), *bias}) == kernel.size + recurrent_kernel.size + bias.size
    assert len(kernel) != len(recurrent_kernel)
    assert np.all(np.abs(bias) > 1e-3)
    assert recurrent_checks.STEPS >= 5


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
    rnn=recurrent.simple_rnn,
    lstm=recurrent.lstm,
    jacobians=recurrent.simple_rnn_jacobians,
    direct=recurrent.direct_cell_path,
    partials=recurrent.cell_partials,
    cell=lstm_diagram.cell(),
    rolled=rnn_diagram.rolled(),
    unrolled=rnn_diagram.unrolled(),
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
    return lambda *constants, **named: optimisers.Optimiser(averages, rule(*constants, **named))


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


def _partials_without(path):
    """Return the partial derivatives of the LSTM's cell with one path cut."""

    def cut(states):
        partials = TRUE.partials(states)
        return partials | {path: 0 * partials[path]}

    return cut


def _other_lines(wiring: Wiring, field: str, **words: str):
    """Draw something else: lines that have other words in a field, ``source``, ``label`` or ``weight``."""
    edges = tuple(
        replace(e, **{field: words.get(getattr(e, field).strip("$"), getattr(e, field))}) for e in wiring.edges
    )
    return lambda: replace(wiring, edges=edges)


def _other_boxes(wiring: Wiring, field: str, **words: str):
    """Draw something else: boxes that have other words in a field, ``label`` or ``caption``."""
    nodes = tuple(replace(n, **{field: words.get(n.name, getattr(n, field))}) for n in wiring.nodes)
    return lambda: replace(wiring, nodes=nodes)


def _without_line(wiring: Wiring, source: str):
    return lambda: replace(wiring, edges=tuple(edge for edge in wiring.edges if edge.source != source))


def _with_formula(number: int, formula: str) -> tuple:
    return tuple(replace(s, formula=formula) if s.number == number else s for s in lstm_diagram.STAGES)


P = sp.Symbol("p", positive=True)
RNN_STATES = r"the simple recurrent net computes $h_1, \ldots, h_T$"
LSTM_STATES = r"the six LSTM equations compute $h_1, \ldots, h_T$ and $c_T$"
JOINED = "$W [h, x] = W_h h + W_x x$"
RNN_GRADIENT = r"$\partial h_T / \partial h_0$ is the product of $\operatorname{diag}(1 - h_t^2)\,W_h$"
DIRECT = r"gates and candidate held fixed, $\partial c_T / \partial c_0$ is the product of $\operatorname{diag} f_t$"
TOTAL = r"the total derivative of $(h_T, c_T)$ by $(h_0, c_0)$, through the cell and through the gates"
DRAWN_RNN = "the recurrent net as drawn, followed along its lines, computes $h_t$ and $y_t$"
DRAWN_STEPS = "the unrolled net as drawn computes $h_t$ and $y_t$, and its labels name what flows"
DRAWN_LSTM = "the LSTM cell as drawn, followed along its lines, is an LSTM"
DRAWN_LABELS = "the LSTM cell as drawn: each label names what flows there"

# name: group of checks, module, attribute, what stands there by mistake, the claims that must fail
MUTATIONS = {
    "the output forgets the bias": (
        "plain", neuron_checks, "answer", _answer_with("relu", y=lambda g: g.y - Fraction(1, 2)), {"a) ReLU: $y$"},
    ),
    "a gradient has the wrong sign": (
        "plain", neuron_checks, "answer", _answer_with("relu", weights=lambda g: tuple(-w for w in g.weights)),
        {"a) ReLU: all gradients"},
    ),
    "inputs and weights change places": (
        "plain", neuron_checks, "answer", _answer_with("relu", inputs=lambda g: g.weights, weights=lambda g: g.inputs),
        {"a) ReLU: all gradients"},
    ),
    "the first weight is not doubled": (
        "plain", neuron_checks, "answer", _not_doubled, {"b) $w_1$ doubled: all gradients"},
    ),
    "the sigmoid is taken at -z": (
        "plain", neuron_checks, "answer", _answer_with("sigmoid", y=lambda g: 1 - g.y), {"c) sigmoid: $y$"},
    ),
    "the slope of the sigmoid lacks (1 - σ)": (
        "plain", neuron_checks, "answer",
        _answer_with("sigmoid", weights=lambda g: tuple(w * g.y / g.slope for w in g.weights)),
        {"c) sigmoid: all gradients"},
    ),
    "far out, a gradient that underflowed to 0": (
        "far", neuron_checks, "answer", _answer_with("sigmoid", weights=lambda g: tuple(0 * w for w in g.weights)),
        {"c) sigmoid: all gradients"},
    ),
    "ReLU'(0) is taken as 1": (
        "kink", neuron, "relu", lambda z: sp.Piecewise((z, z >= 0), (0, True)), {"a) ReLU: all gradients"},
    ),
    "ReLU'(0) is taken as 1/2, as SymPy's Max does": (
        "kink", neuron_checks, "answer", _answer_with("relu", weights=lambda g: (Fraction(1, 2), Fraction(3, 2))),
        {"a) ReLU: all gradients"},
    ),
    "left and right of the kink change places": (
        "kink", neuron_checks, "one_sided", _left_is_right, {"a) ReLU: all gradients, each side of the kink"},
    ),
    "SGD goes uphill": (
        "optimisers", optimisers, "sgd", _rule(0, lambda rate: lambda g, a, t: (rate * g, a)),
        {"SGD: the written update"},
    ),
    "momentum averages": (
        "optimisers", optimisers, "momentum",
        _rule(1, lambda rate, decay=0.9: lambda g, a, t: 2 * (decay * a[0] - (1 - decay) * rate * g,)),
        {"Momentum: the written update"},
    ),
    "RMSProp's ε is outside the root": (
        "optimisers", optimisers, "rmsprop", _rule(1, _rmsprop_epsilon_outside), {"RMSProp: the written update"},
    ),
    "RMSProp averages g, not g²": (
        "optimisers", optimisers, "rmsprop",
        _rule(1, lambda rate, rho=0.9, eps=0.0: lambda g, a, t: (
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
    "ρ is not Keras' default": (
        "optimisers", optimisers, "RHO", 0.99, {"Keras' defaults, and how many arrays a method keeps"},
    ),
    "Adam is said to keep one array": (
        "optimisers", optimisers, "adam", _rule(1, lambda *_, **__: lambda g, a, t: (-g, a)),
        {"Keras' defaults, and how many arrays a method keeps"},
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
        "regularisation", regularisation, "added_to_gradient", lambda strength, halved: strength,
        {
            r"$\lambda \lVert \mathbf{w} \rVert^2$ adds $2 \lambda w_i$",
            r"SGD on the penalty alone multiplies $w_i$ by $1 - 2 \eta \lambda$",
        },
    ),
    "the factor ½ is dropped": (
        "regularisation", regularisation, "added_to_gradient", lambda strength, halved: 2 * strength,
        {r"$\frac{1}{2} \lambda \lVert \mathbf{w} \rVert^2$ adds $\lambda w_i$"},
    ),
    "AdamW decays without the learning rate": (
        "regularisation", optimisers, "adamw",
        lambda rate, decay, beta_1, beta_2: replace(TRUE.adamw(rate, decay, beta_1, beta_2), decay=decay),
        {"AdamW: decay outside Adam's rescaling"},
    ),
    "the recurrent net forgets its bias": (
        "recurrent, forwards", recurrent, "simple_rnn", lambda w, *rest: TRUE.rnn(replace(w, b=0 * w.b), *rest),
        {RNN_STATES},
    ),
    "the forget gate is flipped": (
        "recurrent, forwards", recurrent, "lstm",
        lambda w, *rest: TRUE.lstm(replace(w, W=w.W | {"f": -w.W["f"]}), *rest), {LSTM_STATES},
    ),
    "the output gate has no bias": (
        "recurrent, forwards", recurrent, "lstm",
        lambda w, *rest: TRUE.lstm(replace(w, b=w.b | {"o": 0 * w.b["o"]}), *rest), {LSTM_STATES},
    ),
    "forget and input gate change places": (
        "recurrent, forwards", recurrent, "KERAS_LAYERS", ("f", "i", "c", "o"), {LSTM_STATES},
    ),
    "candidate and output gate change places": (
        "recurrent, forwards", recurrent, "KERAS_LAYERS", ("i", "f", "o", "c"), {JOINED},
    ),
    "the recurrent net's gradient lacks the slope": (
        "recurrent, backwards", recurrent, "simple_rnn_jacobians", lambda w, states: TRUE.jacobians(w, 0 * states),
        {RNN_GRADIENT},
    ),
    "the recurrent net's gradient is transposed": (
        "recurrent, backwards", recurrent, "simple_rnn_jacobians",
        lambda w, states: TRUE.jacobians(replace(w, W_h=w.W_h.T), states), {RNN_GRADIENT},
    ),
    "the input gate is on the direct path": (
        "recurrent, backwards", recurrent, "direct_cell_path",
        lambda states: TRUE.direct(replace(states, f=states.i)), {DIRECT},
    ),
    "the direct path is a step short": (
        "recurrent, backwards", recurrent, "direct_cell_path", lambda states: TRUE.direct(states)[:-1], {DIRECT},
    ),
    **{
        f"the path {path} is missing": (
            "recurrent, backwards", recurrent, "cell_partials", _partials_without(path), {TOTAL},
        )
        for path in ("c/c", "c/a_f", "c/a_i", "c/a_c", "h/a_o", "h/c")
    },
    "the forget bias starts at 0": (
        "recurrent, counted", recurrent, "DEFAULT_FORGET_BIAS", 0.0,
        {"as Keras initialises it, an LSTM's forget bias is that of the report"},
    ),
    "biases are not counted": (
        "recurrent, counted", recurrent, "parameters", lambda units, inputs: units * (units + inputs),
        {"$n (n + d + 1)$ parameters, in an LSTM four times as many"},
    ),
    "the rolled net lacks the bias's line": (
        "drawings", rnn_diagram, "rolled", _without_line(TRUE.rolled, "b_t"),
        {DRAWN_RNN},
    ),
    "the rolled net's output reads the step before": (
        "drawings", rnn_diagram, "rolled", _other_lines(TRUE.rolled, "source", fork="h_{t-1}"),
        {DRAWN_RNN},
    ),
    "the second step lacks the bias's line": (
        "drawings", rnn_diagram, "unrolled", _without_line(TRUE.unrolled, "b_2"),
        {DRAWN_STEPS},
    ),
    "the second step reads the state before the first": (
        "drawings", rnn_diagram, "unrolled", _other_lines(TRUE.unrolled, "source", h_1="h_0"),
        {DRAWN_STEPS},
    ),
    "a state of the unrolled net is that of another step": (
        "drawings", rnn_diagram, "unrolled", _other_lines(TRUE.unrolled, "label", h_2="$h_1$"),
        {DRAWN_STEPS},
    ),
    "lines of forget and input gate are swapped": (
        "drawings", lstm_diagram, "cell", _other_lines(TRUE.cell, "source", f="i", i="f"),
        {DRAWN_LSTM},
    ),
    "the old memory is read": (
        "drawings", lstm_diagram, "cell", _other_lines(TRUE.cell, "source", to_read="c_before"),
        {DRAWN_LSTM},
    ),
    "the candidate is drawn as a gate": (
        "drawings", lstm_diagram, "cell", _other_boxes(TRUE.cell, "label", c_new="σ"),
        {DRAWN_LSTM},
    ),
    "the store is drawn as a product": (
        "drawings", lstm_diagram, "cell", _other_boxes(TRUE.cell, "label", store="×"),
        {DRAWN_LSTM},
    ),
    "a line has another gate's letter": (
        "drawings", lstm_diagram, "cell", _other_lines(TRUE.cell, "label", f_t="$o_t$"),
        {DRAWN_LABELS},
    ),
    "a line has a letter that is none": (
        "drawings", lstm_diagram, "cell", _other_lines(TRUE.cell, "label", i_t="$j_t$"),
        {DRAWN_LABELS},
    ),
    "two gates have each other's name": (
        "drawings", lstm_diagram, "cell", _other_boxes(TRUE.cell, "caption", i="output gate", o="input gate"),
        {DRAWN_LABELS},
    ),
    "the hidden state has the memory's letter": (
        "drawings", lstm_diagram, "cell", _other_boxes(TRUE.cell, "label", h="$c_t$"),
        {DRAWN_LABELS},
    ),
    "the formula of erasing has the wrong gate": (
        "drawings", lstm_diagram, "STAGES", _with_formula(1, r"$i_t \odot c_{t-1}$"),
        {DRAWN_LABELS},
    ),
    "the formula of reading is that of erasing": (
        "drawings", lstm_diagram, "STAGES", _with_formula(3, r"$f_t \odot c_{t-1}$"),
        {DRAWN_LABELS},
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


def test_another_letter_on_a_line_of_the_unrolled_net_is_seen(monkeypatch):
    monkeypatch.setattr(rnn_diagram, "unrolled", _other_lines(TRUE.unrolled, "weight", W_h="$W_x$"))
    with pytest.raises(ValueError, match="matmul"):  # the matrices are not square: the product does not even exist
        drawing_checks.checks()
