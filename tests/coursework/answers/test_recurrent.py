"""Question 5 where no check looks; that its passes and derivatives are Keras' is checked for the evidence."""

from __future__ import annotations

import numpy as np
import pytest

from coursework.answers import recurrent

D, N, T = 3, 4, 6


@pytest.fixture
def weights() -> recurrent.LSTMWeights:
    draw = np.random.default_rng(7).normal
    return recurrent.LSTMWeights.from_keras(draw(0, 0.7, (D, 4 * N)), draw(0, 0.7, (N, 4 * N)), draw(0, 0.7, 4 * N))


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
