"""Question 5: equations, forward passes and derivatives against each other and against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from coursework.answers import recurrent
from coursework.answers.recurrent import S

D, N, T = 3, 4, 6


@pytest.fixture
def weights() -> recurrent.LSTMWeights:
    draw = np.random.default_rng(7).normal
    return recurrent.LSTMWeights.from_keras(draw(0, 0.7, (D, 4 * N)), draw(0, 0.7, (N, 4 * N)), draw(0, 0.7, 4 * N))


def test_the_printed_cell_is_the_one_that_is_evaluated(weights):
    """SymPy evaluates the equations that the report prints; NumPy's forward pass says the same."""
    x, h, c = (np.random.default_rng(seed).normal(size=size) for seed, size in ((1, D), (2, N), (3, N)))
    states = recurrent.lstm(weights, x[None], h, c)
    equations = {e.symbol: e.expression for e in recurrent.LSTM}
    logistic = sp.Lambda(S.a, 1 / (1 + sp.exp(-S.a)))
    for unit in range(N):
        values = {S.c_before: c[unit]}
        for layer, symbol in zip("fico", (S.a_f, S.a_i, S.a_c, S.a_o), strict=True):
            values[symbol] = weights.W[layer][unit] @ np.concatenate([h, x]) + weights.b[layer][unit]
        for symbol, column in (
            (S.f, states.f),
            (S.i, states.i),
            (S.c_new, states.c_new),
            (S.o, states.o),
            (S.c, states.c),
            (S.h, states.h),
        ):
            values[symbol] = equations[symbol].replace(recurrent.sigma, logistic).subs(values).evalf(30)
            assert float(values[symbol]) == pytest.approx(column[0, unit], abs=1e-14)


def test_the_equations_are_printed_as_they_are_read_aloud():
    assert recurrent.equations_tex(recurrent.LSTM).splitlines()[1:-1] == [
        r"f_t &= \sigma(W_f\,[h_{t-1}, x_t] + b_f), &\qquad i_t &= \sigma(W_i\,[h_{t-1}, x_t] + b_i), \\",
        r"\tilde{c}_t &= \tanh(W_c\,[h_{t-1}, x_t] + b_c), &\qquad o_t &= \sigma(W_o\,[h_{t-1}, x_t] + b_o), \\",
        r"c_t &= f_t \odot c_{t-1} + i_t \odot \tilde{c}_t, &\qquad h_t &= o_t \odot \tanh(c_t).",
    ]
    assert r"\operatorname{diag}(f_t \odot (1 - f_t) \odot c_{t-1})\, W_{fh}" in recurrent.gate_paths_tex()


@pytest.mark.parametrize("name", ["c/c", "c/a_f", "c/a_i", "c/a_c", "h/a_o", "h/c"])
def test_the_partial_derivatives_are_those_of_the_written_out_cell(name):
    """SymPy's own logistic function (as an exponential) is the oracle; `sigma` brings its derivative along."""
    logistic = {symbol: 1 / (1 + sp.exp(-a)) for symbol, a in ((S.f, S.a_f), (S.i, S.a_i), (S.o, S.a_o))}
    written = logistic | {S.c_new: sp.tanh(S.a_c)}
    cell = written[S.f] * S.c_before + written[S.i] * written[S.c_new]
    state = written[S.o] * sp.tanh(S.c)
    of, by = name.split("/")
    by = {"c": S.c_before if of == "c" else S.c}.get(by, getattr(S, by))
    expected = sp.diff({"c": cell, "h": state}[of], by)
    assert sp.simplify(recurrent.cell_partials()[name].subs(written) - expected) == 0


def test_the_total_derivative_is_that_of_central_differences(weights):
    inputs = np.random.default_rng(4).normal(size=(T, D))
    start = np.random.default_rng(5).normal(size=2 * N)

    def last(state):
        states = recurrent.lstm(weights, inputs, state[:N], state[N:])
        return np.concatenate([states.h[-1], states.c[-1]])

    step = 1e-6
    numeric = np.array([(last(start + step * e) - last(start - step * e)) / (2 * step) for e in np.eye(2 * N)]).T
    derived = recurrent.lstm_jacobians(weights, recurrent.lstm(weights, inputs, start[:N], start[N:]))[-1]
    np.testing.assert_allclose(derived, numeric, atol=1e-8)


def test_with_recurrent_weights_zero_the_direct_path_is_the_whole_derivative(weights):
    """Then no gate reads the state, so nothing but the cell carries the gradient."""
    deaf = recurrent.LSTMWeights({k: np.hstack([0 * W[:, :N], W[:, N:]]) for k, W in weights.W.items()}, weights.b)
    inputs = np.random.default_rng(6).normal(size=(T, D))
    states = recurrent.lstm(deaf, inputs, np.zeros(N), np.ones(N))
    total = recurrent.lstm_jacobians(deaf, states)[:, N:, N:]
    direct = recurrent.direct_cell_path(states)
    np.testing.assert_allclose(total, np.einsum("tn,nm->tnm", direct, np.eye(N)), atol=1e-16)


def test_the_sigmoid_does_not_overflow():
    with np.errstate(all="raise"):
        assert recurrent.sigmoid(np.array([-1e4, 0.0, 1e4])).tolist() == [0, 0.5, 1]


def _autodiff(weights: recurrent.LSTMWeights, inputs: np.ndarray, fixed: str = "") -> np.ndarray:
    """Return ∂c_T/∂c_0 (n, n) by TensorFlow; no gradient goes through what is `fixed` of the letters f, i, o, c."""
    import tensorflow as tf

    start = tf.ones(N, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(start)
        h, c = tf.zeros(N, tf.float64), start
        for x in inputs:
            hx = tf.concat([h, x], axis=0)
            read = {k: tf.linalg.matvec(weights.W[k], tf.stop_gradient(hx) if k in fixed else hx) for k in "fico"}
            f, i, o = (tf.sigmoid(read[k] + weights.b[k]) for k in "fio")
            c = f * c + i * tf.tanh(read["c"] + weights.b["c"])
            h = o * tf.tanh(c)
    return tape.jacobian(c, start).numpy()


@pytest.fixture
def run(weights):
    inputs = np.random.default_rng(8).normal(size=(T, D))
    return inputs, recurrent.lstm(weights, inputs, np.zeros(N), np.ones(N))


def test_the_direct_path_holds_the_gates_and_the_candidate_fixed(weights, run):
    inputs, states = run
    direct = np.diag(recurrent.direct_cell_path(states)[-1])
    np.testing.assert_allclose(direct, _autodiff(weights, inputs, "fioc"), atol=1e-12)
    assert abs(direct - _autodiff(weights, inputs, "fio")).max() > 1e-3  # with the gates alone it would be another


def test_the_total_derivative_is_the_sum_over_all_paths_that_the_report_prints(weights, run):
    """Every path from c_0 to c_T, piece by piece; without those through the output gate the sum is wrong."""
    inputs, states = run
    before = np.vstack([np.ones(N), states.c[:-1]])
    U = {k: W[:, :N] for k, W in weights.W.items()}

    def pieces(t: int, output_gate: float) -> dict[str, np.ndarray]:
        f, i, o, c, new = (getattr(states, k)[t][:, None] for k in ("f", "i", "o", "c", "c_new"))
        c_by_h = f * (1 - f) * before[t][:, None] * U["f"] + i * (1 - i) * new * U["i"] + i * (1 - new**2) * U["c"]
        h_by_c = np.diag((o * (1 - np.tanh(c) ** 2))[:, 0])
        return {
            "cc": np.diag(f[:, 0]),
            "hc": c_by_h,
            "ch": h_by_c,
            "hh": output_gate * o * (1 - o) * np.tanh(c) * U["o"],
        }

    def total(output_gate: float) -> np.ndarray:
        to_c, to_h = np.eye(N), np.zeros((N, N))  # the sums over all paths so far that end in c_t and in h_t
        for t in range(T):
            p = pieces(t, output_gate)
            to_c, to_h = p["cc"] @ to_c + p["hc"] @ to_h, to_h
            to_h = p["ch"] @ to_c + p["hh"] @ to_h
        return to_c

    exact = _autodiff(weights, inputs)
    np.testing.assert_allclose(total(1.0), exact, atol=1e-12)
    assert np.linalg.norm(total(0.0) - exact) > 0.05 * np.linalg.norm(exact)
