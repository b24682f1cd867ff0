"""The statistics against SciPy and against laws whose truth is known."""

import dataclasses

import numpy as np
import pytest
from scipy import optimize, stats
from synthetic import Synthetic

from coursework.experiments import analysis, protocol

SIZES = np.array(protocol.FULL.sizes, float)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 9, 10, 29, 30, 200])
@pytest.mark.parametrize("probability", [0.5, 0.6, 0.9, 0.975, 0.9995])
def test_students_quantile_is_scipys(probability, freedom):
    assert analysis.student_quantile(probability, freedom) == pytest.approx(stats.t.ppf(probability, freedom), abs=1e-9)


@pytest.mark.parametrize("freedom", [1, 2, 7, 8])
def test_students_distribution_is_scipys(freedom):
    for t in (-3.0, -0.2, 0.0, 1.5, 12.0):
        assert analysis.student_cdf(t, freedom) == pytest.approx(stats.t.cdf(t, freedom), abs=1e-12)


@pytest.mark.parametrize(("probability", "freedom"), [(0.4, 3), (1.0, 3), (0.9, 0)])
def test_students_quantile_refuses_what_it_cannot_do(probability, freedom):
    with pytest.raises(ValueError, match="probability"):
        analysis.student_quantile(probability, freedom)


@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
def test_mean_interval_is_scipys(seeds):
    x = np.random.default_rng(seeds).normal(3, 0.2, seeds)
    low, high = stats.t.interval(0.95, seeds - 1, x.mean(), stats.sem(x))
    found = analysis.mean_interval(x)
    assert (found.mean, found.low, found.high) == pytest.approx((x.mean(), low, high))
    logged = analysis.mean_interval(np.exp(x), log=True)
    assert (logged.mean, logged.low, logged.high) == pytest.approx(tuple(np.exp([x.mean(), low, high])))


def test_intervals_cover_the_truth_as_often_as_they_say():
    draws = np.random.default_rng(1).normal(0.4, 0.1, (2000, 5))
    inside = [interval.low <= 0.4 <= interval.high for interval in map(analysis.mean_interval, draws)]
    assert abs(np.mean(inside) - 0.95) < 0.015


def test_one_seed_has_a_mean_and_no_limits():
    found = analysis.mean_interval([0.3])
    assert found.mean == 0.3
    assert not found.known


@pytest.mark.parametrize("values", [[0.3, np.nan], [0.3, np.inf], []])
def test_a_diverged_seed_makes_the_mean_unknown(values):
    assert np.isnan(analysis.mean_interval(values).mean)


def test_a_zero_error_rate_is_not_a_divergence():
    found = analysis.mean_interval([0.0, 0.02], log=True)
    assert found.mean == pytest.approx(0.01)
    assert not found.known


def test_pairing_removes_what_the_seeds_share():
    shared = np.random.default_rng(0).normal(0, 1, 5)
    found = analysis.paired_difference(shared + 0.1 + [0, 1e-3, -1e-3, 0, 0], shared)
    oracle = stats.ttest_rel(shared + 0.1 + [0, 1e-3, -1e-3, 0, 0], shared).confidence_interval()
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high))
    assert found.low > 0.09


def test_pairing_needs_the_same_seeds():
    with pytest.raises(ValueError, match="same seeds"):
        analysis.paired_difference([1, 2, 3], [1, 2])


def test_paired_proportions_use_only_the_examples_that_differ():
    first = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0], bool)
    second = np.array([1, 1, 0, 0, 1, 0, 0, 0, 0, 0], bool)
    found = analysis.paired_proportions(first, second)
    d = first.astype(int) - second
    oracle = stats.norm.interval(0.95, d.mean(), stats.sem(d))
    assert (found.mean, found.low, found.high) == pytest.approx((0.1, *oracle), abs=1e-6)


def test_the_means_of_one_model_on_two_sets_have_welchs_interval():
    random = np.random.default_rng(4)
    first, second = random.exponential(0.3, (1, 1000)), random.exponential(0.3, (1, 2000))
    found = analysis.means_on_two_sets(first, second)
    oracle = stats.ttest_ind(first[0], second[0], equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high), rel=5e-3)


def test_means_on_two_sets_vary_with_images_and_seeds():
    """Simulated: the same images for three models, whose abilities differ; the interval covers the true difference."""
    random = np.random.default_rng(3)
    covered = []
    for _ in range(1500):
        skill = random.normal(0.1, 0.004, (3, 2))  # of each model on each kind of image; the truth is no difference
        hard = [random.random(size) for size in (2000, 3000)]
        wrong = [images < column[:, None] for images, column in zip(hard, skill.T, strict=True)]
        found = analysis.means_on_two_sets(*wrong)
        covered.append(found.low <= 0 <= found.high)
    assert 0.93 <= np.mean(covered) <= 0.99


def test_the_slopes_of_a_curve_are_those_of_lines_through_its_points():
    values = np.random.default_rng(5).random((4, 3)) + 0.1
    found = analysis.log_slopes((2, 5, 11, 30), values)
    for row, (a, b) in enumerate([(0, 2), (1, 3), (2, 4)]):
        lines = np.polyfit(np.log((2, 5, 11, 30)[a:b]), np.log(values[a:b]), 1)
        assert found[row] == pytest.approx(lines[0])


@pytest.mark.parametrize(("right", "count"), [(0, 8), (3, 8), (8, 8), (950, 1000)])
def test_wilsons_limits_are_scipys(right, count):
    oracle = stats.binomtest(right, count).proportion_ci(0.95, method="wilson")
    assert analysis.wilson_limits(right / count, count) == pytest.approx((oracle.low, oracle.high), abs=1e-6)


def test_a_negated_interval_is_that_of_the_difference_the_other_way_round():
    random = np.random.default_rng(2)
    a, b = random.random((2, 5))
    assert analysis.paired_difference(a, b).negated() == analysis.paired_difference(b, a)


# Sweeps


def test_gather_puts_every_result_in_its_place():
    results = Synthetic()
    runs = protocol.l2_runs(protocol.FULL, "mlp")
    found = analysis.gather(results, reversed(runs), "l2")
    assert found.values == protocol.FULL.l2_values
    assert found.seeds == protocol.FULL.seeds
    for run in runs:
        i, j = found.values.index(run.l2), found.seeds.index(run.seed)
        assert found.validation_loss[i, j] == results[run].validation_loss
        assert found.train_error[i, j] == results[run].train_error


def test_a_sweep_compares_its_values_by_pairs():
    found = analysis.gather(Synthetic(), protocol.l2_runs(protocol.FULL, "mlp"), "l2")
    for i, step in enumerate(found.steps("validation_error")):
        oracle = stats.ttest_rel(found.validation_error[i + 1], found.validation_error[i]).confidence_interval()
        assert (step.low, step.high) == pytest.approx((oracle.low, oracle.high))
    oracle = stats.ttest_rel(found.validation_loss[4], found.validation_loss[1]).confidence_interval()
    assert found.against(4, 1).high == pytest.approx(oracle.high)


def test_the_choice_without_one_seed():
    results = Synthetic(loss=lambda run: 0.4 if run.l2 == 1e-3 else 0.5, own_noise=0, noise=0)
    runs = protocol.l2_runs(protocol.FULL, "mlp")
    stable = analysis.gather(results, runs, "l2")
    assert stable.choices_without_one_seed() == [stable.best] * 5
    lucky = next(run for run in runs if run.l2 == 3e-3 and run.seed == 2)  # carries another value to the top
    results[lucky] = dataclasses.replace(results[lucky], validation_loss=-1.0)
    found = analysis.gather(results, runs, "l2")
    assert found.best_value == 3e-3
    assert [found.values[i] for i in found.choices_without_one_seed()] == [3e-3, 3e-3, 1e-3, 3e-3, 3e-3]


def test_gather_names_what_is_missing():
    runs = protocol.l2_runs(protocol.FULL, "mlp")[:-1]
    with pytest.raises(ValueError, match=r"lacks 1 runs, for instance l2 = 0\.03"):
        analysis.gather(Synthetic(), runs, "l2")


def test_the_best_value_is_the_one_that_the_protocol_chooses():
    for shape in (lambda run: 0.5 - run.l2, lambda run: 0.5 + run.l2, lambda run: 0.5 + abs(run.l2 - 1e-3)):
        results = Synthetic(loss=shape, own_noise=0)
        runs = protocol.l2_runs(protocol.FULL, "mlp")
        assert analysis.gather(results, runs, "l2").best_value == protocol.choose_l2(results, protocol.FULL, "mlp")


def test_a_diverged_value_cannot_be_the_best():
    results = Synthetic(
        loss=lambda run: np.nan if run.l2 == 1e-3 and run.seed == 0 else 0.5 + abs(run.l2 - 1e-3), own_noise=0
    )
    sweep = analysis.gather(results, protocol.l2_runs(protocol.FULL, "mlp"), "l2")
    assert np.isnan(sweep.means("validation_loss")[sweep.values.index(1e-3)])
    assert sweep.best_value == 3e-4


def test_of_a_sweep_that_diverged_throughout_the_first_value_stands_in():
    results, runs = Synthetic(loss=lambda run: np.inf), protocol.l2_runs(protocol.FULL, "mlp")
    sweep = analysis.gather(results, runs, "l2")
    assert sweep.best == 0
    assert sweep.best_value == protocol.choose_l2(results, protocol.FULL, "mlp")
    assert sweep.choices_without_one_seed() == [0] * len(sweep.seeds)


# Laws


def width(interval):
    return interval.high - interval.low


def curve(offset=0.2, scale=5.0, exponent=0.4):
    return offset + scale * SIZES**-exponent


def test_a_law_finds_its_own_parameters():
    found = analysis.fit_law(SIZES, curve())
    assert found.parameters == pytest.approx({"offset": 0.2, "scale": 5.0, "exponent": 0.4}, rel=1e-4)
    assert found.rms < 1e-6
    pure = analysis.fit_law(SIZES, curve(offset=0), "power law")
    assert pure.parameters == pytest.approx({"offset": 0.0, "scale": 5.0, "exponent": 0.4}, rel=1e-9)


def test_the_fit_is_scipys_least_squares():
    y = curve() * np.exp(np.random.default_rng(2).normal(0, 0.02, len(SIZES)))
    found = analysis.fit_law(SIZES, y)
    oracle = optimize.least_squares(
        lambda p: (p[0] + p[1] * SIZES ** -p[2]) / y - 1, [0.1, 3, 0.3], x_scale=[0.1, 1, 0.1], xtol=1e-14, ftol=1e-14
    )
    assert np.sum(found.relative_residuals**2) == pytest.approx(2 * oracle.cost, rel=1e-6)
    assert [found.parameters[k] for k in ("offset", "scale", "exponent")] == pytest.approx(oracle.x, rel=1e-3)


def test_the_offset_is_never_negative():
    y = np.exp(1.0 - 0.05 * np.log(SIZES) ** 1.6)  # bends the other way
    assert analysis.fit_law(SIZES, y).parameters["offset"] == 0


def test_a_law_refuses_to_extrapolate_beyond_one_doubling():
    law = analysis.fit_law(SIZES, curve())
    assert law(2 * SIZES[-1]) == pytest.approx(curve()[-1], rel=0.2)
    with pytest.raises(ValueError, match="one doubling"):
        law(2.01 * SIZES[-1])
    with pytest.raises(ValueError, match="one doubling"):
        law(SIZES[0] / 3)


@pytest.mark.parametrize("y", [curve()[:2], -curve(), np.where(SIZES > 1e4, np.nan, curve())])
def test_a_law_refuses_curves_that_it_cannot_fit(y):
    with pytest.raises(ValueError, match="positive, finite"):
        analysis.fit_law(SIZES[: len(y)], y)
    with pytest.raises(ValueError, match="no law"):
        analysis.fit_law(SIZES, curve(), "cubic")


def test_the_largest_size_is_predicted_from_the_others_alone():
    y = curve()
    y[-1] *= 1.25
    assert analysis.held_out_error(SIZES, y, "power law with offset") == pytest.approx(1 / 1.25 - 1, abs=1e-4)


def test_bootstrap_intervals_hold_the_truth_and_know_the_noise():
    generator = np.random.default_rng(3)
    seeds = curve()[:, None] * np.exp(generator.normal(0, 0.01, (len(SIZES), 5)))
    summary = analysis.summarise_law(SIZES, seeds, "power law with offset", replicates=200)
    exponent = summary.intervals["exponent"]
    assert exponent.low < 0.4 < exponent.high
    calm = curve()[:, None] * np.exp(generator.normal(0, 0.001, (len(SIZES), 5)))
    narrow = analysis.summarise_law(SIZES, calm, "power law with offset", replicates=200).intervals["exponent"]
    assert width(narrow) < 0.3 * width(exponent)


def test_resampling_the_examples_widens_the_intervals():
    generator = np.random.default_rng(4)
    examples = generator.gamma(0.3, 1 / 0.3, (len(SIZES), 3, 300))
    examples *= curve()[:, None, None] / examples.mean(axis=-1, keepdims=True)
    curves = examples.mean(axis=-1)  # the same in every seed: without examples there is no spread at all
    alone = analysis.summarise_law(SIZES, curves, "power law with offset", replicates=60)
    both = analysis.summarise_law(SIZES, curves, "power law with offset", examples=examples, replicates=60)
    assert width(alone.intervals["offset"]) < 1e-9
    assert width(both.intervals["offset"]) > 0.01


def test_laws_are_told_apart_by_residuals_and_prediction():
    seeds = curve()[:, None] * np.exp(np.random.default_rng(5).normal(0, 0.003, (len(SIZES), 5)))
    offset, pure = (
        analysis.summarise_law(SIZES, seeds, k, replicates=5) for k in ("power law with offset", "power law")
    )
    assert all(excess.low > 0 for excess in pure.excess(offset))
    assert all(excess.high < 0 for excess in offset.excess(pure))


# The test set


def test_confusion_counts_true_classes_in_rows():
    found = analysis.confusion_matrix([0, 0, 1, 2, 2, 2], [0, 1, 1, 0, 2, 2], 3)
    assert found.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 2]]


def test_reliability_is_the_plain_loops():
    generator = np.random.default_rng(6)
    p = generator.dirichlet(np.full(5, 0.4), 500)
    labels = np.array([generator.choice(5, p=row) for row in p])
    found = analysis.reliability(p, labels)
    gaps = []
    for k in range(10):
        chosen = [(row.max(), row.argmax() == label) for row, label in zip(p, labels, strict=True)
                  if k / 10 < row.max() <= (k + 1) / 10]  # fmt: skip
        assert found.count[k] == len(chosen)
        if chosen:
            confidence, right = np.array(chosen, float).mean(axis=0)
            assert (found.confidence[k], found.accuracy[k]) == pytest.approx((confidence, right))
            gaps.append(len(chosen) * abs(confidence - right))
    assert found.expected_error == pytest.approx(sum(gaps) / 500)
    d = p.max(axis=1) - (p.argmax(axis=1) == labels)
    oracle = stats.norm.interval(0.95, d.mean(), stats.sem(d))
    assert (found.bias.mean, found.bias.low, found.bias.high) == pytest.approx((d.mean(), *oracle), abs=1e-6)
    assert found.bias.low < 0 < found.bias.high  # labels drawn from p itself: calibrated
    low, high = found.limits
    assert ((low - 1e-12 <= found.accuracy) & (found.accuracy <= high + 1e-12))[found.count > 0].all()


def test_certain_predictions_belong_to_the_last_bin():
    found = analysis.reliability(np.eye(3), np.array([0, 1, 2]))
    assert found.count[-1] == 3
    assert found.expected_error == 0


def test_worst_mistakes_are_the_least_expected_truths():
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.99, 0.01]])
    assert analysis.worst_mistakes(p, np.array([1, 1, 1, 1]), 2).tolist() == [3, 0]
    assert analysis.worst_mistakes(p, np.array([0, 1, 0, 0]), 5).tolist() == []
