"""The figures of question 5's measurements can be read, whatever was measured."""

from __future__ import annotations

import numpy as np
import pytest
from readable import assert_readable, svg

from coursework.diagrams import recurrent_plots

LAGS = 30


def factors(rate: float) -> dict:
    each = (np.arange(1, LAGS + 1) * np.log(rate) + seed for seed in (0, 0.3))
    return {"total": [np.exp(seed).tolist() for seed in each]}


def measurements(rate: float) -> dict:
    nets = {name: factors(rate) | {"direct": factors(rate**2)["total"]} for name in recurrent_plots.STYLES}
    return {
        "plan": {"steps": 12, "lags": LAGS},
        "initial": nets,
        "trained": {name: {"after": nets[name]} for name in ("SimpleRNN", "LSTM, forget bias 1")},
    }


@pytest.mark.parametrize("rate", [0.05, 0.8, 1.0, 1.2])
def test_gradients(rate):
    assert_readable(recurrent_plots.gradients(measurements(rate)))


@pytest.mark.parametrize("steps", [8, 40])
def test_gates(steps):
    draw = np.random.default_rng(0)
    store = np.zeros(steps)
    store[[0, steps // 2]] = 1
    trace = {key: draw.random(steps).tolist() for key in ("f", "i", "o")}
    trace |= {"c": draw.normal(size=steps).tolist(), "number": draw.uniform(-1, 1, steps).tolist()}
    figure = recurrent_plots.gates(trace | {"store": store.tolist(), "recall": (1 - store).tolist()})
    assert_readable(figure)
    assert svg(figure).count("forget gate") == 1
