"""The protocol: subsets, batches, lists of runs, choices and stages."""

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursework.experiments import protocol
from coursework.experiments.protocol import FULL, NETWORKS, PROFILES, TINY, Result, Run

ROOT = Path(__file__).resolve().parents[2]


def result(validation_loss):
    """A result in which only the validation loss matters."""
    return Result(
        train_loss=0.1, train_error=0.1, validation_loss=validation_loss, validation_error=0.2,
        diverged=not np.isfinite(validation_loss), history=(), validation_losses=np.zeros(1, np.float32),
        validation_predictions=np.zeros(1, np.uint8), precision="float32",
    )  # fmt: skip


def fill(profile, loss):
    """Results of everything in the profile, with `loss(run)`, stage by stage as a sweep would find them."""
    results = {}
    while missing := [run for run in protocol.all_runs(profile, results) if run not in results]:
        results |= {run: result(loss(run)) for run in missing}
    return results


@given(
    counts=st.lists(st.integers(3, 30), min_size=2, max_size=6),
    seed=st.integers(0, 2**32 - 1),
)
def test_subsets_are_nested_and_balanced(counts, seed):
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    everything = protocol.subset(labels, len(labels), seed)
    assert sorted(everything) == list(range(len(labels)))
    for n in range(1, len(labels) + 1):
        chosen = protocol.subset(labels, n, seed)
        assert np.array_equal(chosen, everything[:n])
        taken = np.bincount(labels[chosen], minlength=len(counts))
        left = taken < counts
        if left.any():  # the classes that still have examples stay together, and none is ahead of them by more than 1
            assert taken.max() - taken[left].min() <= 1


def test_which_class_is_ahead_changes_with_the_seed():
    labels = np.repeat(np.arange(10), 50)
    ahead = {tuple(np.flatnonzero(np.bincount(labels[protocol.subset(labels, 105, s)]) == 11)) for s in range(20)}
    assert len(ahead) > 15


def test_subset_of_more_than_there_is():
    with pytest.raises(ValueError, match="6 examples are asked for and there are 5"):
        protocol.subset(np.arange(5) % 2, 6, 0)


@given(examples=st.integers(1, 300), steps=st.integers(1, 40), batch=st.integers(1, 64), seed=st.integers(0, 99))
def test_batches_pass_over_all_examples_equally_often(examples, steps, batch, seed):
    found = protocol.batches(Run("mlp", examples, seed, steps, batch_size=batch))
    assert found.shape == (steps, batch)
    counts = np.bincount(found.ravel(), minlength=examples)
    assert len(counts) == examples
    assert counts.max() - counts.min() <= 1
    one_pass = found.ravel()[:examples]
    assert len(set(one_pass.tolist())) == len(one_pass)


def test_generators_are_separate():
    """Subset and order under one seed are other draws, and other seeds change both."""
    labels = np.arange(1000) % 10
    assert not np.array_equal(protocol.subset(labels, 1000, 1), protocol.subset(labels, 1000, 2))
    first, second = (protocol.batches(Run("mlp", 1000, seed, 10)) for seed in (1, 2))
    assert not np.array_equal(first, second)
    draws = {protocol.generator(1, purpose).random() for purpose in range(4)}
    assert len(draws) == 4


def test_order_does_not_depend_on_the_model_or_its_regularisation():
    """So that a comparison is paired, and two λ see the same batches."""
    runs = [Run("mlp", 500, 3, 20, width=9), Run("cnn", 500, 3, 20, l2=0.1, dropout=0.3, learning_rate=0.1)]
    assert np.array_equal(*map(protocol.batches, runs))


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "forest"}, {"examples": 0}, {"seed": -1}, {"steps": 0}, {"l2": -1e-9}, {"l2": float("nan")},
        {"l2": float("inf")}, {"dropout": 1.0}, {"dropout": -0.1}, {"learning_rate": 0.0}, {"learning_rate": -1.0},
        {"learning_rate": float("inf")}, {"width": -1}, {"batch_size": 0}, {"precision": "float64"},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_specification(wrong):
    with pytest.raises(ValueError):  # noqa: PT011
        Run(**{"model": "mlp", "examples": 10, "seed": 0, "steps": 5, **wrong})


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_profiles_are_sensible(profile):
    assert list(profile.sizes) == sorted(set(profile.sizes))
    assert profile.intermediate in profile.sizes
    assert set(profile.scaled_sizes) <= set(profile.sizes)
    assert set(profile.few_seeds) <= set(profile.seeds) <= set(profile.comparison_seeds)
    assert len(profile.seeds) >= 2
    assert profile.l2_values[0] == 0
    assert 0 not in profile.dropout_values
    assert profile.learning_rate in profile.learning_rates
    assert profile.mlp_width in profile.widths
    assert len(profile.sizes) >= 4


def test_full_profile_has_at_least_three_seeds_everywhere():
    assert min(len(FULL.seeds), len(FULL.few_seeds), len(FULL.comparison_seeds)) >= 3


@pytest.mark.parametrize(("model", "most"), [("mlp", FULL.most_steps), ("cnn", FULL.cnn_most_steps)])
def test_steps_grow_with_the_size_between_the_bounds(model, most):
    found = [protocol.steps(FULL, model, size) for size in FULL.sizes]
    assert found == sorted(found)
    assert found[0] == FULL.least_steps
    assert found[-1] == most
    assert protocol.steps(FULL, model, FULL.intermediate) == FULL.epochs * FULL.intermediate / FULL.batch_size


@pytest.mark.parametrize("profile", [FULL, TINY], ids=["full", "tiny"])
def test_stages_open_one_after_the_other(profile):
    stages = protocol.stages(profile, {})
    assert list(stages) == ["tuning"]
    tuning = {run: result(1.0) for run in protocol.listed(stages)}
    some = dict(itertools.islice(tuning.items(), len(tuning) - 1))
    assert list(protocol.stages(profile, some)) == ["tuning"]
    stages = protocol.stages(profile, tuning)
    assert list(stages) == ["tuning", "curves"]
    assert not any(run.test for run in protocol.listed(stages))
    curves = tuning | {run: result(1.0) for run in protocol.listed(stages)}
    stages = protocol.stages(profile, curves)
    assert list(stages) == ["tuning", "curves", "test"]
    assert all(run.test for run in stages["test"]["test"])


def test_the_test_set_is_read_for_what_the_curves_trained():
    results = fill(TINY, lambda run: 1 + (run.l2 - 1e-3) ** 2)
    for run in protocol.stages(TINY, results)["test"]["test"]:
        trained = [other for other in results if not other.test and other.keep_weights]
        assert any(
            (other.model, other.l2, other.seed, other.examples) == (run.model, run.l2, run.seed, run.examples)
            for other in trained
        )


@pytest.mark.parametrize("best", [1e-3, 0.0, 1e-1])
def test_the_chosen_l2_has_the_smallest_mean_loss(best):
    results = fill(TINY, lambda run: 1 + abs(run.l2 - best))
    for model in NETWORKS:
        assert protocol.choose_l2(results, TINY, model) == best
        curve = protocol.learning_curve_runs(TINY, model, best)
        assert set(curve) <= set(results)
        assert set(protocol.comparison_runs(TINY, model, best)) <= set(results)
        assert bool(protocol.scaled_curve_runs(TINY, model, best)) == (best > 0)


def test_choice_is_of_means_not_of_single_seeds():
    runs = protocol.l2_runs(TINY, "mlp")
    losses = {(0.0, 0): 1.0, (0.0, 1): 5.0, (1e-3, 0): 2.0, (1e-3, 1): 2.0, (1e-1, 0): 9.0, (1e-1, 1): 0.5}
    results = {run: result(losses[run.l2, run.seed]) for run in runs}
    assert protocol.choose_l2(results, TINY, "mlp") == 1e-3


def test_a_diverged_run_is_never_chosen():
    results = {run: result(np.nan if run.l2 == 0 else 1.0) for run in protocol.l2_runs(TINY, "mlp")}
    assert protocol.choose_l2(results, TINY, "mlp") == 1e-3


def test_seeds_without_every_value_do_not_count():
    runs = protocol.l2_runs(TINY, "mlp")
    results = {run: result(1.0 + run.l2) for run in runs if not (run.seed == 1 and run.l2 == 0.0)}
    assert protocol.mean_validation_losses(results, runs, "l2") == {0.0: 1.0, 1e-3: 1.001, 1e-1: 1.1}
    assert protocol.mean_validation_losses({}, runs, "l2") == {}


def test_final_model_may_take_the_scaled_l2():
    results = fill(TINY, lambda run: run.l2 + 1 if run.l2 else 9.0)
    l2 = protocol.choose_l2(results, TINY, "cnn")
    final = protocol.choose_final_l2(results, TINY, "cnn")
    assert final == protocol.scaled_l2(TINY, l2, max(TINY.sizes)) == l2 / 2


def test_runs_left_out_are_not_waited_for():
    stages = protocol.stages(TINY, {})
    everything = protocol.listed(stages)
    lost = everything[0]
    results = {run: result(1.0) for run in everything if run != lost}
    assert list(protocol.stages(TINY, results)) == ["tuning"]
    assert "curves" in protocol.stages(TINY, results, [lost])


def test_a_forecast_counts_every_stage():
    forecast = protocol.expected_runs(FULL, {})
    real = fill(FULL, lambda run: 1 + abs(run.l2 - 1e-3))
    assert abs(len(forecast) - len(real)) <= 0.05 * len(real)


def test_dropout_choice_includes_none():
    results = fill(TINY, lambda run: 1 + run.dropout)
    assert protocol.choose_dropout(results, TINY, "mlp") == 0
    results = fill(TINY, lambda run: 1 - run.dropout)
    assert protocol.choose_dropout(results, TINY, "mlp") == 0.3


def test_summary_of_measurements():
    losses, wrong = np.array([0.5, 1.5]), np.array([True, False])
    measured = {
        "history": [
            (5, (losses + 1, None, wrong), (losses, np.eye(2), wrong)),
            (10, (losses, None, wrong), (losses * 2, np.eye(2), ~wrong)),
        ],
        "test": (losses * 3, np.eye(2), wrong),
    }
    run = Run("mlp", examples=160, seed=0, steps=10, batch_size=64, curve=True, test=True)
    found = protocol.summarise(run, measured, "float32")
    assert (found.train_loss, found.validation_loss, found.test_loss) == (1.0, 2.0, 3.0)
    assert [line.epoch for line in found.history] == [2.0, 4.0]
    assert [line.train_loss for line in found.history] == [2.0, 1.0]
    assert found.validation_predictions.tolist() == [0, 1]
    assert not found.diverged


def test_evaluation_steps_end_at_the_end():
    assert protocol.evaluation_steps(Run("mlp", 10, 0, 7)) == (7,)
    for steps in (1, 3, 10, 999):
        moments = protocol.evaluation_steps(Run("mlp", 10, 0, steps, curve=True))
        assert moments[-1] == steps
        assert list(moments) == sorted(set(moments))
        assert len(moments) == min(10, steps)


def test_stands_alone(monkeypatch):
    """The notebook includes these three files into one name space; they must run where the package is not."""
    monkeypatch.setitem(sys.modules, "handin.errors", None)
    names = {"__name__": "__main__"}
    for file in ("data.py", "protocol.py", "models.py"):
        exec((ROOT / "code/coursework/experiments" / file).read_text(), names)
    random = np.random.default_rng(0)
    labels = np.arange(90) % 3
    data = names["split"](random.random((90, 8, 8)), labels, random.random((9, 8, 8)), labels[:9])
    run = names["Run"]("cnn", examples=30, seed=0, steps=3, width=4, batch_size=16, curve=True, test=True)
    measured = names["fit"](
        run, data, names["subset"](data.y_train, 30, 0), names["batches"](run), names["evaluation_steps"](run)
    )
    assert names["summarise"](run, measured, "float32").test_probabilities.shape == (9, 3)
