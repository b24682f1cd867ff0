"""What the report says about question 6, computed again from the results with NumPy and SciPy alone."""

import numpy as np
import pytest
from scipy import stats
from synthetic import Synthetic

from coursework.experiments import protocol, variables
from coursework.experiments.findings import Spread
from coursework.experiments.protocol import FULL


@pytest.fixture(scope="module")
def results():
    return Synthetic()


@pytest.fixture(scope="module")
def found(results):
    return {model: variables.of_model(results, FULL, model) for model in ("mlp", "cnn")}


def losses(results, runs, **settings):
    """Validation losses of the runs with these settings, by seed."""
    chosen = [run for run in runs if all(getattr(run, name) == value for name, value in settings.items())]
    return [results[run]["validation_loss"] for run in sorted(chosen, key=lambda run: run.seed)]


@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_each_quantity_is_that_of_its_runs(results, found, model):
    this, sweep = found[model], protocol.l2_sweep(FULL, model)
    assert this.l2 == 1e-3
    assert this.dropout in FULL.dropout[1:]
    curve, top = protocol.learning_curve(FULL, model, 1e-3), protocol.largest(FULL, model, 1e-3)
    for point, runs, settings in (
        (this.plain, sweep, {"l2": 0}),
        (this.regularised, sweep, {"l2": 1e-3}),
        (this.too_much, sweep, {"l2": 1e-2}),
        (this.dropped, protocol.dropout_sweep(FULL, model), {"dropout": this.dropout}),
        (this.smallest, curve, {"n": 200}),
        (this.fixed, curve, {"n": 48000}),
        (this.scaled, top, {"l2": float(f"{1e-3 / 24:.3g}")}),
        (this.none, top, {"l2": 0}),
    ):
        assert point.loss.values.tolist() == losses(results, runs, **settings)
        np.testing.assert_allclose(point.error.values, np.array(point.loss.values) / 3)
    assert this.final_l2 == float(f"{1e-3 / 24:.3g}")
    assert this.lowest < this.plain.loss.mean
    assert this.lowest_after == pytest.approx(0.5 * FULL.passes, rel=0.02)


def test_slope_of_a_power_law_is_its_exponent():
    results = Synthetic(lambda run: 5 * run.n**-0.3, noise=0)
    slope = variables.of_model(results, FULL, "mlp").slope
    assert slope.mean == pytest.approx(-0.3, abs=0.002)
    assert len(slope.values) == FULL.seeds


def test_intervals_are_printed_as_mean_and_half_width():
    values = np.array([0.14, 0.15, 0.16])
    half = stats.t.ppf(0.975, 2) * values.std(ddof=1) / np.sqrt(3)
    for spread, show, text in (
        (Spread(values), variables.decimal, f"0.150 ± {half:.3f}"),
        (Spread(values), variables.percent, f"15.0 ± {100 * half:.1f} %"),
        (Spread(-values), variables.points, f"−15.0 ± {100 * half:.1f} points"),
    ):
        assert variables.spread(spread, show).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(("value", "text"), [(0.001, "0.001"), (8.33e-5, "0.0000833"), (0.0, "0"), (0.01, "0.01")])
def test_small_numbers_are_printed_in_full(value, text):
    assert variables.plain(value) == text


def test_numbers_for_print():
    assert variables.whole(47999.6) == "48,000"
    assert variables.signed(-0.0421) == "−0.042"
    assert variables.decimal(float("nan")) == "diverged"
