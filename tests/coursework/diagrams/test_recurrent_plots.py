"""The figures of question 5's measurements can be read, whatever was measured."""

from __future__ import annotations

import numpy as np
import pytest
from readable import assert_readable, svg
from scipy.stats import gmean

from coursework.diagrams import recurrent_plots
from coursework.diagrams.recurrent_plots import STYLES

LAGS = 30


def factors(rate: float) -> dict:
    each = (np.arange(1, LAGS + 1) * np.log(rate) + seed for seed in (0, 0.3))
    return {"total": [np.exp(seed).tolist() for seed in each]}


def measurements(rate: float) -> dict:
    """Return measurements made up so that no two lines are the same."""
    names = list(recurrent_plots.STYLES)
    initial = {name: factors(rate * (1 + k / 50)) for k, name in enumerate(names)}
    trained = {name: {"after": factors(rate * (1.1 + k / 50))} for k, name in enumerate(names[:2])}
    return {"plan": {"steps": 12, "lags": LAGS}, "initial": initial, "trained": trained}


def test_every_line_is_the_net_that_the_legend_names():
    made = measurements(0.8)
    figure = recurrent_plots.gradients(made)
    initial, trained = figure.axes
    assert (initial.get_title(), trained.get_title()) == ("as initialised", "after training")
    assert [axes.get_xlabel() for axes in (initial, trained)] == ["steps back, $T$"] * 2
    assert initial.get_ylabel() == "largest factor"
    (beyond,) = trained.texts
    assert beyond.get_text() == "longer than in training"
    assert beyond.get_position()[0] > made["plan"]["steps"]
    (legend,) = figure.legends
    styles = {text.get_text(): line for text, line in zip(legend.texts, legend.get_lines(), strict=True)}
    after = {name: net["after"] for name, net in made["trained"].items()}
    for axes, nets in ((initial, made["initial"]), (trained, after)):
        expected = {name: gmean(each["total"]) for name, each in nets.items()}
        lines = {line.get_label(): line for line in axes.lines if line.get_label() in styles}
        assert lines.keys() == expected.keys()
        for name, values in expected.items():
            assert lines[name].get_ydata() == pytest.approx(values)
            assert lines[name].get_color() == styles[name].get_color()
            assert lines[name].get_linestyle() == styles[name].get_linestyle()
        thin = [line for line in axes.lines if line.get_linewidth() < 1 and len(line.get_xdata()) == LAGS]
        seeds = [(STYLES[name][0], seed) for name, each in nets.items() for seed in each["total"]]
        for line, (colour, seed) in zip(thin, seeds, strict=True):
            assert line.get_xdata() == pytest.approx(np.arange(1, LAGS + 1))
            assert (line.get_ydata(), line.get_color()) == (pytest.approx(seed), colour)


def test_the_lines_differ_without_colours():
    dashes = [dash for _, dash in recurrent_plots.STYLES.values()]
    assert len(set(dashes)) == len(dashes)


def test_every_row_shows_the_gate_that_it_names():
    draw = np.random.default_rng(1)
    trace = {key: draw.random(20).tolist() for key in ("f", "i", "o")} | {"c": draw.normal(size=20).tolist()}
    trace |= {"number": draw.uniform(-1, 1, 20).tolist(), "store": [0.0] * 20, "recall": [0.0] * 20}
    trace["store"][4], trace["recall"][9] = 1.0, 1.0
    flags, *rows = recurrent_plots.gates(trace).axes[:5]
    for axes, key in zip(rows, "cfio", strict=True):
        assert axes.get_yticklabels()[0].get_text().endswith(f"${key}_t$")
        assert axes.patches[0].get_data().values == pytest.approx(trace[key])
    stored, recalled = (line.get_xydata().tolist() for line in flags.lines)
    assert (stored, recalled) == ([[5, 1]], [[10, 0]])
    assert [label.get_text() for label in flags.get_yticklabels()] == ["store", "recall"]
    assert flags.texts[0].get_text().replace("−", "-") == f"{trace['number'][4]:.2f}"


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
