"""The protocol: lists of runs, choices and stages."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from coursework.experiments import protocol, stages
from coursework.experiments.protocol import FULL, SMALL
from coursework.experiments.stages import BUDGETS, MODELS, TINY


def fill(budget, loss):
    """Results of everything in the budget, with `loss(run)`, stage by stage as a sweep would find them."""
    results = {}
    while missing := [run for run in stages.all_runs(budget, results) if run not in results]:
        results |= {run: {"validation_loss": loss(run)} for run in missing}
    return results


@pytest.mark.parametrize("budget", [FULL, SMALL, TINY], ids=["full", "small", "tiny"])
def test_budgets_make_sense(budget):
    assert budget.seeds >= 3  # no interval from fewer
    assert list(budget.sizes) == sorted(budget.sizes)
    assert budget.tuned in budget.sizes[1:-1]
    assert 0 in budget.l2
    assert 0 in budget.dropout
    assert budget.widths[1] in budget.widths
    assert protocol.Run("mlp", 1, 0, 1, 1).rate in budget.rates


def test_every_experiment_has_every_seed_at_every_value():
    for model in MODELS:
        for runs, setting, values in (
            (protocol.l2_sweep(FULL, model), "l2", FULL.l2),
            (protocol.dropout_sweep(FULL, model), "dropout", FULL.dropout),
            (protocol.learning_curve(FULL, model, 1e-3), "n", FULL.sizes),
        ):
            found = Counter((getattr(run, setting), run.seed) for run in runs)
            assert found == Counter((value, seed) for value in values for seed in range(FULL.seeds))


def test_sweeps_share_the_runs_without_regularisation_and_the_curve_those_of_the_sweep():
    plain = {run for run in protocol.l2_sweep(FULL, "cnn") if run.l2 == 0}
    assert plain == {run for run in protocol.dropout_sweep(FULL, "cnn") if run.dropout == 0}
    assert {run.moments for run in plain} == {10}
    assert len(set(protocol.search(FULL, "cnn")) & plain) == 3
    curve = {run for run in protocol.learning_curve(FULL, "cnn", 1e-3) if run.n == FULL.tuned}
    assert curve <= set(protocol.l2_sweep(FULL, "cnn"))


def test_steps_are_bounded_on_both_sides():
    taken = {n: protocol.new_run(FULL, "cnn", n, 0).steps for n in FULL.sizes}
    assert taken[200] == FULL.least
    assert taken[2000] == FULL.passes * 2000 // 64
    assert taken[48000] == FULL.most


def test_learning_rates_are_searched_for_both_models_and_widths_for_the_mlp_alone():
    for model, widths in (("mlp", FULL.widths), ("cnn", (FULL.cnn_width,))):
        runs = protocol.search(FULL, model)
        usual = protocol.new_run(FULL, model, FULL.tuned, 0)
        assert {run.rate for run in runs if run.width == usual.width} == set(FULL.rates)
        assert {run.width for run in runs if run.rate == usual.rate} == set(widths)
        assert {(run.l2, run.dropout, run.n) for run in runs} == {(0, 0, FULL.tuned)}
        assert {run.seed for run in runs} == {0, 1, 2}


def test_the_mlp_has_the_middle_width_and_the_linear_model_no_regularisation():
    assert protocol.new_run(FULL, "mlp", 200, 0).width == sorted(FULL.widths)[1]
    baseline = protocol.baseline(FULL)
    assert {(run.model, run.l2, run.dropout) for run in baseline} == {("linear", 0, 0)}
    found = Counter((run.n, run.seed) for run in baseline)
    assert found == Counter((n, seed) for n in (FULL.tuned, max(FULL.sizes)) for seed in range(FULL.seeds))


def test_the_test_set_is_read_from_weights_that_the_largest_size_keeps():
    for model in MODELS:
        final = protocol.final(FULL, model, 1e-3)
        assert {run.n for run in final} == {max(FULL.sizes)}
        assert all(run.keep and run.test for run in final)
        largest = protocol.largest(FULL, model, 1e-3)
        assert {replace(run, test=False) for run in final} == {run for run in largest if run.l2 == 1e-3}
        assert {run.n for run in largest} == {max(FULL.sizes)}
        assert {run.l2 for run in largest} == set(protocol.rules(FULL, 1e-3).values())
    curve = protocol.learning_curve(FULL, "mlp", 1e-3)
    assert {run.n for run in curve if run.keep} == {max(FULL.sizes)}


def test_what_is_repeated_with_fit_is_short_and_the_same_on_every_machine():
    checked = protocol.checked(FULL, 1e-3)
    assert (checked.precision, checked.l2, checked.test) == ("float32", 1e-3, False)
    assert checked.n < FULL.tuned
    assert checked.steps < FULL.least


def test_rules_for_the_largest_size():
    assert protocol.rules(FULL, 2.4e-3) == {"fixed λ": 2.4e-3, "λ ∝ 1/n": 1e-4, "λ = 0": 0.0}


def test_the_lowest_mean_wins_the_first_of_equals_and_never_what_diverged():
    runs = protocol.l2_sweep(TINY, "mlp")
    losses = dict.fromkeys(runs, 1.0)
    assert protocol.best({run: {"validation_loss": losses[run]} for run in runs}, runs, "l2") == TINY.l2[0]
    results = {run: {"validation_loss": np.nan if run.l2 == 0 and run.seed == 1 else 1 + run.l2} for run in runs}
    assert protocol.best(results, runs, "l2") == TINY.l2[1]


@pytest.mark.parametrize("budget", BUDGETS.values(), ids=BUDGETS)
def test_stages_open_one_after_the_other(budget):
    assert list(stages.stages(budget, {})) == ["tuning"]
    results = fill(budget, lambda run: 1 + abs(run.l2 - 1e-3))
    found = stages.stages(budget, results)
    assert list(found) == ["tuning", "curves", "test"]
    assert not any(run.test for stage in ("tuning", "curves") for run in found[stage])
    assert all(run.test for run in found["test"])
    assert {replace(run, test=False) for run in found["test"]} <= set(found["curves"])
    everything = stages.all_runs(budget, results)
    assert len(everything) == len(set(everything)) == sum(map(len, found.values()))
    without_one = {run: results[run] for run in results if run != found["tuning"][-1]}
    assert list(stages.stages(budget, without_one)) == ["tuning"]


def test_the_final_rule_is_the_best_at_the_largest_size():
    def loss(run):
        wanted = 1e-3 if run.n < TINY.sizes[-1] else 5e-4
        return 1 + abs(run.l2 - wanted)

    results = fill(TINY, loss)
    assert stages.choose(results, TINY) == {"mlp": 1e-3, "cnn": 1e-3}
    assert stages.choose_final(results, TINY) == {"mlp": 5e-4, "cnn": 5e-4}


def test_without_l2_the_rules_are_one():
    results = fill(TINY, lambda run: 1 + run.l2)
    assert stages.choose(results, TINY) == {"mlp": 0.0, "cnn": 0.0}
    runs = protocol.largest(TINY, "mlp", 0.0)
    assert len(set(runs)) == TINY.seeds


def test_a_forecast_counts_every_stage():
    forecast = stages.expected_runs(FULL, {})
    real = fill(FULL, lambda run: 1 + abs(run.l2 - 1e-3))
    assert abs(len(forecast) - len(real)) <= 0.05 * len(real)
