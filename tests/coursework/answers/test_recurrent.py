"""Question 5: the derivatives against finite differences, TensorFlow and the sum over all paths."""

from __future__ import annotations

import numpy as np
import pytest

from coursework.answers import recurrent

D, N, T = 3, 4, 6


@pytest.fixture
def weights() -> recurrent.LSTMWeights:
    draw = np.random.default_rng(7).normal
    return recurrent.LSTMWeights.from_keras(draw(0, 0.7, (D, 4 * N)), draw(0, 0.7, (N, 4 * N)), draw(0, 0.7, 4 * N))


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
