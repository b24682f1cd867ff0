"""What the report says about question 6, computed again from the results with NumPy and SciPy alone."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from synthetic import Synthetic

from coursework.experiments import models, protocol, variables
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


@pytest.fixture
def printed(monkeypatch):
    """The variables of the prose, as the synthetic results have them."""
    results = Synthetic()
    results.budget, results.excuse = FULL, ""
    images = SimpleNamespace(y_train=range(48_000), y_validation=range(12_000), y_test=range(10_000))
    monkeypatch.setattr(variables.store, "results", lambda project, settings: results)
    monkeypatch.setattr(variables.data, "load", lambda dataset, root: images)
    return variables.variables(SimpleNamespace(dataset="fashion-mnist"), SimpleNamespace(root="."))


def test_the_prose_speaks_of_the_networks_that_are_built_and_of_how_they_are_trained(printed):
    model = models.build_cnn(protocol.new_run(FULL, "cnn", 200, 0), (28, 28, 1), 10)
    first, second = (layer for layer in model.layers if "conv" in layer.name)
    hidden = next(layer for layer in model.layers if "dense" in layer.name)
    assert (printed["cnn_filters"], printed["cnn_more_filters"]) == (str(first.filters), str(second.filters))
    assert (printed["cnn_stride"], printed["cnn_width"]) == (str(second.strides[0]), str(hidden.units))
    mlp = models.build_mlp(protocol.new_run(FULL, "mlp", 200, 0), (28, 28, 1), 10)
    assert printed["mlp_width"] == str(next(layer for layer in mlp.layers if "dense" in layer.name).units)
    batches = models.batches(protocol.new_run(FULL, "cnn", 48_000, 0))
    assert printed["batch"] == str(batches.shape[1])
    assert printed["largest_passes"] == f"{batches.size / 48_000:.0f}"
    assert (printed["smallest"], printed["second_size"], printed["largest"]) == ("200", "600", "48,000")
    assert (printed["examples_train"], printed["examples_validation"]) == ("48,000", "12,000")
    assert (printed["examples_test"], printed["target_error"]) == ("10,000", "10 %".replace(" ", "\N{NO-BREAK SPACE}"))
    assert (printed["tuned"], printed["seeds"], printed["passes"]) == ("2,000", "5", "30")
    assert (printed["least_steps"], printed["most_steps"]) == ("400", "1,500")
    assert (printed["rate"], printed["too_much_l2"], printed["dataset"]) == ("0.001", "0.01", "Fashion-MNIST")


def test_the_prose_prints_what_was_found(printed, found):
    mlp, cnn = found["mlp"], found["cnn"]
    for model, each in found.items():
        assert printed[f"{model}_test_loss"] == f"{np.mean(each.test.loss.values):.3f}"
        errors = 100 * np.mean(each.test.error.values)
        assert printed[f"{model}_test_error"].split() == [f"{errors:.1f}", "%"]
        assert printed[f"{model}_test_accuracy"].split() == [f"{100 - errors:.1f}", "%"]
        assert printed[f"{model}_slope"].split()[0] == f"−{abs(each.slope.mean):.2f}"
        assert printed[f"{model}_fitted_loss"] == f"{np.mean(each.fitted.loss.values):.3f}"
        assert printed[f"{model}_lowest_loss"] == f"{each.lowest:.3f}"
        assert printed[f"{model}_lowest_after"] == "15"
        assert printed[f"{model}_final_rule"] == "λ ∝ 1/n"
    low, high = stats.ttest_rel(cnn.regularised.loss.values, mlp.regularised.loss.values).confidence_interval(0.95)
    mean, _, half = printed["comparison_loss"].replace("−", "-").split()
    assert (float(mean), float(half)) == pytest.approx(((low + high) / 2, (high - low) / 2), abs=6e-4)
    assert printed["comparison_error"].replace("−", "-").split()[0] == f"{100 * (low + high) / 6:+.1f}"
    assert printed["trial"] == "All numbers come from 159 trainings."


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
