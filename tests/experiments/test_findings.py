"""Each conclusion in words, from results that say it and from results that say the opposite."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from synthetic import Synthetic

from coursework.experiments import analysis, findings, protocol
from coursework.experiments.analysis import Interval

PROFILE = protocol.FULL
_ = findings.NO_BREAK
BELOW, AROUND, ABOVE = Interval(-0.2, -0.3, -0.1, 5), Interval(0.01, -0.1, 0.12, 5), Interval(0.2, 0.1, 0.3, 5)
UNKNOWN = Interval(0.2, np.nan, np.nan, 1)


def l2_sweep(loss, train=None, **options):
    results = Synthetic(loss=loss, train=train or (lambda run: 0.05), **{"own_noise": 1e-4, **options})
    return analysis.gather(results, protocol.l2_runs(PROFILE, "mlp"), "l2")


def valley(best):
    """Validation loss with its lowest point at one of the profile's λ."""
    place = {value: i for i, value in enumerate(PROFILE.l2_values)}
    return lambda run: 0.4 + 0.02 * abs(place[run.l2] - place[best])


# Numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (1e-3, "10⁻³"), (3e-5, f"3{_}×{_}10⁻⁵"), (8.53e-5, f"8.53{_}×{_}10⁻⁵"),
        (0.02, f"2{_}×{_}10⁻²"), (1, "1"),
        (256, f"2.56{_}×{_}10²"),
    ],
)  # fmt: skip
def test_small_numbers_have_powers_of_ten(value, text):
    assert findings.scientific(value) == text


def test_numbers_have_true_minus_signs_and_no_negative_zero():
    assert findings.decimal(-0.5) == "−0.500"
    assert findings.decimal(-0.0001) == "0.000"
    assert findings.decimal(0.25, 2, signed=True) == "+0.25"
    assert findings.decimal(-0.0001, 2, signed=True) == "0.00"
    assert findings.percent(0.1234) == f"12.3{_}%"
    assert findings.points(-0.0211, 2) == f"−2.11{_}points"
    assert findings.whole(48000) == "48,000"


def test_limits_are_printed_once_with_their_unit():
    assert findings.with_limits(Interval(0.1, 0.09, 0.11, 3), findings.percent) == f"10.0{_}% (9.0 to 11.0)"
    assert findings.with_limits(Interval(-0.02, -0.03, -0.01, 3), findings.points) == f"−2.00{_}points (−3.00 to −1.00)"
    assert findings.with_limits(UNKNOWN) == "0.200"
    assert findings.with_limits(Interval(np.nan, np.nan, np.nan, 3)) == "diverged"


def test_words_are_joined_as_in_a_sentence():
    assert findings.in_words(["a"]) == "a"
    assert findings.in_words(["a", "b"]) == "a and b"
    assert findings.in_words(["a", "b", "c"]) == "a, b and c"


def test_a_table_has_a_rule_with_its_alignment():
    assert findings.table(["a", "b"], [[1, 2]]) == "| a | b |\n| :-- | --: |\n| 1 | 2 |"
    assert findings.table(["a", "b"], [], "rl").splitlines()[1] == "| --: | :-- |"


def test_a_headline_is_the_verdict_without_the_numbers():
    assert findings.headline("**The MLP overfits.** At 10 examples …") == "The MLP overfits."
    assert findings.headline("**The MLP is best without L2**: …") == "The MLP is best without L2."


# Intervals


def test_an_interval_is_on_one_side_or_on_neither():
    assert [findings.clearly_above(i) for i in (BELOW, AROUND, ABOVE, UNKNOWN)] == [False, False, True, False]
    assert [findings.clearly_below(i) for i in (BELOW, AROUND, ABOVE, UNKNOWN)] == [True, False, False, False]
    assert [findings.not_distinguishable(i) for i in (BELOW, AROUND, ABOVE, UNKNOWN)] == [False, True, False, False]


# Fitting


def fit(train_loss, validation_loss, train_error, validation_error):
    values = (train_loss, validation_loss, train_error, validation_error)
    return SimpleNamespace(**{q: np.array([[v, v]]) for q, v in zip(
        ("train_loss", "validation_loss", "train_error", "validation_error"), values, strict=True)})  # fmt: skip


@pytest.mark.parametrize(
    ("final", "verdict"),
    [
        (fit(0.02, 0.50, 0.00, 0.15), "The MLP overfits."),
        (fit(0.50, 0.55, 0.17, 0.18), "The MLP misses the target on its training data."),
        (fit(0.02, 0.20, 0.00, 0.07), "The MLP meets the target on validation too."),
        (fit(0.02, 0.35, 0.00, 0.09), "The MLP overfits in part."),
    ],
)
def test_fit(final, verdict):
    sentence = findings.fit_sentence("MLP", 4096, final, 0.3, 0.1)
    assert findings.headline(sentence) == verdict
    assert "4,096" in sentence


def test_one_seed_that_meets_the_target_stops_the_claim_of_overfitting():
    final = fit(0.02, 0.50, 0.00, 0.15)
    final.validation_error = np.array([[0.15, 0.09]])
    assert "overfits in part" in findings.fit_sentence("MLP", 4096, final, 0.3, 0.1)


def test_a_diverged_fit_is_said():
    assert "diverged" in findings.fit_sentence("MLP", 4096, fit(np.nan, np.nan, 0.9, 0.9), 0.3, 0.1)


def test_the_validation_loss_turns_up_or_not():
    up, down = [1.0, 0.4, 0.5], [1.0, 0.5, 0.4]
    assert "climbs to 0.500" in findings.curve_sentence("MLP", [up, up], [1, 2, 3])
    mixed = [[1.0, 0.4, 0.5], [1.0, 0.5, 0.49]]
    assert "does not clearly climb" in findings.curve_sentence("MLP", mixed, [1, 2, 3])
    assert "lowest at the end" in findings.curve_sentence("MLP", [down, down], [1, 2, 3])
    assert "a training diverged" in findings.curve_sentence("MLP", [down, [np.nan] * 3], [1, 2, 3])


# Regularisation


@pytest.mark.parametrize("best", [1e-4, 1e-3, 1e-2])
def test_the_best_strength_is_named_and_helps(best):
    sentence = findings.sweep_sentence("MLP", l2_sweep(valley(best)))
    assert findings.headline(sentence) == f"For the MLP the best λ is {findings.scientific(best)}."
    assert "so L2 helps" in sentence
    assert "Too much hurts" in sentence


def test_no_regularisation_can_be_best():
    sentence = findings.sweep_sentence("MLP", l2_sweep(valley(0.0)))
    assert findings.headline(sentence) == "The MLP is best without L2."
    assert "helps" not in sentence
    assert "The error rate" not in sentence
    assert "Too much hurts" in sentence


def test_the_best_can_be_the_largest_tried():
    sentence = findings.sweep_sentence("MLP", l2_sweep(valley(3e-2)))
    assert "range should be widened" in sentence
    assert "Too much hurts" not in sentence


def test_a_gain_within_the_noise_is_not_claimed():
    sentence = findings.sweep_sentence("MLP", l2_sweep(lambda run: 0.4 + 1e-6 * run.l2, own_noise=0.02))
    assert findings.headline(sentence).endswith(("not distinguishable from none.", "best without L2."))
    assert "so L2 helps" not in sentence
    assert "Too much hurts" not in sentence
    assert "Not distinguishable from the best" in sentence


def test_underfitting_needs_a_training_loss_above_the_best_validation_loss():
    spoilt = l2_sweep(valley(1e-3), train=lambda run: 0.45 if run.l2 == 3e-2 else 0.05)
    fitted = l2_sweep(valley(1e-3), train=lambda run: 0.06 if run.l2 == 3e-2 else 0.05)
    assert "underfits" in findings.sweep_sentence("MLP", spoilt)
    assert "underfits" not in findings.sweep_sentence("MLP", fitted)


def with_errors(sweep, best, none):
    """The sweep with other error rates at its best value and without regularisation."""
    errors = sweep.validation_error.copy()
    errors[sweep.best], errors[0] = best, none
    return dataclasses.replace(sweep, validation_error=errors)


@pytest.mark.parametrize(
    ("best", "none", "verdict", "words"),
    [
        (0.12, 0.14, "10⁻³.", "error rate falls too, by 2.00"),
        (0.14, 0.12, "10⁻³, by loss; its error rate rises.", "however, rises by 2.00"),
        (0.14, 0.14, "10⁻³, by loss.", "is not distinguishable from zero"),
    ],
)
def test_a_gain_in_loss_is_not_called_one_in_error(best, none, verdict, words):
    noise = np.random.default_rng(0).normal(0, 1e-4, (2, len(PROFILE.seeds)))
    sentence = findings.sweep_sentence("MLP", with_errors(l2_sweep(valley(1e-3)), best + noise[0], none + noise[1]))
    assert findings.headline(sentence) == f"For the MLP the best λ is {verdict}"
    assert words in sentence


@pytest.mark.parametrize(
    ("most", "words"),
    [(0.6, "more than without any"), (0.48, "though still less"), (0.5, "but not distinguishable from none")],
)
def test_too_much_is_compared_with_none_as_well(most, words):
    def loss(run):
        return {0.0: 0.5, 1e-3: 0.4, 3e-2: most}.get(run.l2, 0.45)

    assert words in findings.too_much_sentence("MLP", l2_sweep(loss))


def test_a_choice_that_hangs_on_a_seed_is_said_to():
    stable = l2_sweep(valley(1e-3))
    assert "Whichever seed is left out, the choice is the same." in findings.sweep_sentence("MLP", stable)
    losses = stable.validation_loss.copy()
    losses[5, 0] = -1.0
    shaky = dataclasses.replace(stable, validation_loss=losses)
    assert "changes the choice in 1 of 5 cases" in findings.sweep_sentence("MLP", shaky)


def test_a_diverged_largest_value_hurts():
    sweep = l2_sweep(lambda run: np.nan if run.l2 == 3e-2 else valley(1e-3)(run))
    assert "training of the MLP diverged" in findings.sweep_sentence("MLP", sweep)


def test_one_seed_gives_no_verdict_on_the_gain():
    runs = [run for run in protocol.l2_runs(PROFILE, "mlp") if run.seed == 0]
    sentence = findings.sweep_sentence("MLP", analysis.gather(Synthetic(loss=valley(1e-3)), runs, "l2"))
    assert "one seed gives no interval" in sentence
    assert "so L2 helps" not in sentence


def test_dropout_is_called_dropout():
    runs = [run for run in protocol.l2_runs(PROFILE, "cnn") if run.l2 == 0] + protocol.dropout_runs(PROFILE, "cnn")
    best = PROFILE.dropout_values[1]
    results = Synthetic(loss=lambda run: 0.4 + abs(run.dropout - best), own_noise=1e-4)
    sentence = findings.sweep_sentence("CNN", analysis.gather(results, runs, "dropout"))
    assert findings.headline(sentence) == f"For the CNN the best dropout rate is {best:g}."
    assert "so dropout helps" in sentence


# Comparison


@pytest.mark.parametrize(
    ("loss", "error", "verdict"),
    [
        (BELOW, BELOW, "The CNN beats the MLP (validation set, 4,096 training examples)."),
        (ABOVE, ABOVE, "The MLP beats the CNN (validation set, 4,096 training examples)."),
        (AROUND, AROUND, "The two models are not distinguishable (validation set, 4,096 training examples)."),
        (BELOW, AROUND, "The comparison is mixed (validation set, 4,096 training examples)."),
        (BELOW, ABOVE, "The comparison is mixed (validation set, 4,096 training examples)."),
    ],
)
def test_comparison(loss, error, verdict):
    assert findings.headline(findings.comparison_sentence("MLP", "CNN", 4096, loss, error)) == verdict


def test_a_comparison_without_intervals_says_so():
    assert "nothing more can be said" in findings.comparison_sentence("MLP", "CNN", 4096, UNKNOWN, UNKNOWN)


# Learning curves


def curve(loss, **options):
    results = Synthetic(loss=loss, **{"own_noise": 1e-4, **options})
    return analysis.gather(results, protocol.learning_curve_runs(PROFILE, "mlp", 1e-3), "examples")


def sentence_on(sweep, step=BELOW):
    return findings.learning_sentence("MLP", sweep, step, 0.10)


def test_more_data_helps_or_not():
    falling, rising = curve(lambda run: run.examples**-0.2), curve(lambda run: 0.1 * run.examples**0.1)
    bumpy = curve(lambda run: run.examples**-0.2 * (1.5 if run.examples == PROFILE.sizes[3] else 1))
    assert findings.headline(sentence_on(falling)) == "More data helps the MLP at every size tried."
    assert findings.headline(sentence_on(rising)) == "More data does not help the MLP here."
    assert findings.headline(sentence_on(bumpy)) == "More data helps the MLP on the whole."
    noisy = curve(lambda run: run.examples**-0.2, own_noise=0.2)
    assert findings.headline(sentence_on(noisy)) == "More data helps the MLP on the whole."


def test_the_end_of_the_curve_is_judged_by_its_last_step():
    falling = curve(lambda run: run.examples**-0.2)
    assert "still lowers the loss by 0.200 (0.100 to 0.300)" in sentence_on(falling, BELOW)
    assert "not distinguishable from zero" in sentence_on(falling, AROUND)
    assert "clearly rises" in sentence_on(falling, ABOVE)
    assert "last step" not in sentence_on(falling, UNKNOWN)


def test_the_target_is_reached_or_not():
    assert "reached at 256 examples" in sentence_on(curve(lambda run: 0.1 * run.examples**-0.1))
    assert "is not reached" in sentence_on(curve(lambda run: 3 * run.examples**-0.1))


def test_a_diverged_point_leaves_the_curve_incomplete():
    assert "incomplete" in sentence_on(curve(lambda run: np.nan if run.examples == 256 else 0.3))


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (BELOW, "**The MLP is better with λ ∝ 1/n at 48,000 examples**"),
        (ABOVE, "**The MLP is worse with λ ∝ 1/n at 48,000 examples**"),
        (AROUND, "not distinguishable at 48,000 examples**"),
        (UNKNOWN, "no interval"),
    ],
)
def test_scaled_against_fixed(difference, words):
    assert words in findings.scaled_sentence("MLP", {48000: difference})


@pytest.mark.parametrize(
    ("smaller", "words"),
    [(BELOW, "At 10,240 it is better"), (ABOVE, "At 10,240 it is worse"), (AROUND, "At 10,240 it is not disting")],
)
def test_every_size_of_the_scaled_curve_is_judged(smaller, words):
    assert words in findings.scaled_sentence("MLP", {10240: smaller, 48000: BELOW})
    assert "At 10,240" not in findings.scaled_sentence("MLP", {10240: UNKNOWN, 48000: BELOW})


# Laws

SIZES = np.array(PROFILE.sizes, float)


def laws(values, noise=0.002):
    curves = values[:, None] * np.exp(np.random.default_rng(0).normal(0, noise, (len(values), 5)))
    return {kind: analysis.summarise_law(SIZES, curves, kind, replicates=40) for kind in analysis.LAWS}


def test_a_true_offset_is_seen():
    sentence = findings.law_sentence("MLP", "validation loss", laws(0.3 + 5 * SIZES**-0.5))
    assert "The power law does not describe" in sentence or "the power law with offset describes" in sentence
    assert "clearly above zero" in sentence


def test_an_offset_that_another_λ_undercuts_is_no_limit_of_the_data():
    found = laws(0.3 + 5 * SIZES**-0.5)
    lower, equal = Interval(0.25, 0.24, 0.26, 3), Interval(0.299, 0.297, 0.301, 3)
    assert "c is a limit of this λ" in findings.law_sentence("MLP", "validation loss", found, lower)
    assert "not clearly below c" in findings.law_sentence("MLP", "validation loss", found, equal)
    assert "λ ∝ 1/n" not in findings.law_sentence("MLP", "validation loss", found)


def test_the_turn_of_a_parabola_is_told_where_the_figure_shows_it():
    turning = np.exp(0.5 * (np.log(SIZES) - np.log(60000)) ** 2 / 20)
    assert "turns up again at n ≈ 60,000" in findings.law_sentence("MLP", "validation loss", laws(turning, 1e-6))
    assert "turns up" not in findings.law_sentence("MLP", "validation loss", laws(3 * SIZES**-0.25))


def straight(exponent, bend=0.0):
    """Losses of three seeds over three sizes; the last step's slope is less steep by ``bend``."""
    sizes = np.array([4000.0, 10000.0, 48000.0])
    y = sizes**-exponent
    y[2] *= (48000 / 10000) ** bend
    return y[:, None] * np.exp(np.random.default_rng(1).normal(0, 1e-3, (3, 3)))


def test_the_bend_of_a_curve_is_laid_to_what_it_comes_from():
    sizes = (4000, 10000, 48000)
    found = findings.bend_sentence("MLP", analysis.compare_bends(sizes, straight(0.2, 0.1), straight(0.2)))
    assert findings.headline(found) == "At least a part of the bend in the MLP's curve comes from the fixed λ."
    assert "−0.20" in found
    assert "with λ ∝ 1/n no bend is seen" in found
    same = findings.bend_sentence("MLP", analysis.compare_bends(sizes, straight(0.2, 0.1), straight(0.2, 0.1)))
    assert findings.headline(same) == "That the MLP's curve bends because λ is fixed is not shown."
    assert "no bend is seen" not in same
    one = findings.bend_sentence("MLP", analysis.compare_bends(sizes, straight(0.2)[:, :1], straight(0.2)[:, :1]))
    assert "without intervals nothing more can be said" in one


@pytest.mark.parametrize(
    ("loss", "error", "verdict"),
    [
        (BELOW, BELOW, "For the MLP dropout is better than L2."),
        (ABOVE, ABOVE, "For the MLP dropout is worse than L2."),
        (AROUND, AROUND, "For the MLP dropout is not distinguishable from L2."),
        (AROUND, BELOW, "For the MLP dropout is not distinguishable from L2 by loss and better than L2 by error."),
    ],
)
def test_the_two_regularisers_are_compared_by_loss_and_error(loss, error, verdict):
    assert findings.headline(findings.regularisers_sentence("MLP", loss, error)) == verdict
    assert "nothing more" in findings.regularisers_sentence("MLP", UNKNOWN, error)


def test_what_holds_for_both_models_is_said_once():
    verdicts = ["The MLP overfits.", "More data does not help the MLP.", "The CNN overfits.", "The CNN beats the MLP."]
    assert findings.merged(verdicts) == ["Each model overfits.", *verdicts[1::2]]
    assert findings.merged([verdicts[1], verdicts[1].replace("MLP", "CNN")]) == [
        "More data does not help either model."
    ]


def test_a_curve_that_flattens_is_said_to():
    noise = np.exp(np.random.default_rng(2).normal(0, 1e-4, (3, 3)))
    even, flat = (np.array(y)[:, None] * noise for y in ([1.0, 0.8, 0.64], [1.0, 0.8, 0.78]))
    for losses, words in ((even, "no end is seen"), (flat, "but the curve flattens")):
        sweep = analysis.Sweep("examples", (100, 200, 400), (0, 1, 2), losses, losses, losses, losses)
        step = analysis.paired_difference(losses[2], losses[1])
        assert words in findings.learning_sentence("MLP", sweep, step, 0.1)


def test_an_exponent_at_the_bound_of_the_search_is_called_so():
    steep = laws(0.3 + 1e9 * SIZES**-5.0, noise=1e-6)
    assert ", a bound of the search" in findings.law_sentence("MLP", "validation loss", steep)
    assert ", a bound of" not in findings.law_sentence("MLP", "validation loss", laws(0.3 + 5 * SIZES**-0.5))


def test_brackets_are_announced_only_where_there_are_some():
    few = {k: analysis.summarise_law([1, 2, 4, 8], np.full((4, 2), 0.5) / [[1], [2], [3], [4]], k, replicates=5)
           for k in analysis.LAWS}  # fmt: skip
    assert "in brackets" not in findings.law_sentence("MLP", "validation loss", few)
    assert "in brackets" in findings.law_sentence("MLP", "validation loss", laws(3 * SIZES**-0.25))


def test_a_pure_power_law_needs_no_offset():
    sentence = findings.law_sentence("MLP", "validation loss", laws(3 * SIZES**-0.25))
    assert "reaches down to zero" in sentence
    assert "The power law does not" not in sentence


def test_a_curve_that_bends_down_is_not_called_a_power_law():
    bent = np.exp(0.5 + 0.3 * np.log(SIZES) - 0.04 * np.log(SIZES) ** 2)
    sentence = findings.law_sentence("MLP", "validation loss", laws(bent))
    assert findings.headline(sentence) == (
        "Of the laws tried, the log-parabola describes the MLP's validation loss curve with λ fixed best."
    )


# Test set


def test_test_against_validation():
    assert "test images are harder, or the choices" in findings.test_sentence("MLP", "error", 0.1, 0.3, ABOVE)
    assert "test images are easier" in findings.test_sentence("MLP", "error", 0.3, 0.1, BELOW)
    assert "not distinguishable from zero" in findings.test_sentence("MLP", "error", 0.1, 0.11, AROUND)
    assert "points" not in findings.test_sentence("MLP", "loss", 0.1, 0.11, AROUND)
    assert f"test error is 11.00{_}%" in findings.test_sentence("MLP", "error", 0.1, 0.11, AROUND)


def test_each_final_model_meets_the_target_or_not():
    errors = {"MLP": Interval(0.11, 0.105, 0.115, 3), "CNN": Interval(0.09, 0.085, 0.095, 3)}
    sentence = findings.target_sentence(0.10, errors)
    assert "the MLP misses the target of" in sentence
    assert "and the CNN meets it**" in sentence
    swapped = findings.target_sentence(0.10, {"MLP": errors["CNN"], "CNN": errors["MLP"]})
    assert "the MLP meets the target of" in swapped
    assert "and the CNN misses it**" in swapped
    wide = findings.target_sentence(0.10, {"MLP": Interval(0.09, 0.07, 0.11, 3)})
    assert "the MLP cannot be told from the target of" in wide


def test_effects_stand_in_the_order_of_their_size():
    effects = {
        ("small", "MLP", 100): Interval(-0.01, -0.02, 0.0, 3),
        ("large", "CNN", 2000): Interval(0.3, 0.2, 0.4, 3),
        ("unknown", "CNN", 100): Interval(np.nan, np.nan, np.nan, 3),
    }
    lines = findings.effects_table(effects).splitlines()[2:]
    assert lines == [
        "| large | CNN | 2,000 | 0.300 (0.200 to 0.400) |",
        "| small | MLP | 100 | −0.010 (−0.020 to 0.000) |",
    ]


def test_images_tell_two_trained_models_apart_or_not():
    assert "the CNN is better" in findings.images_sentence("MLP", "CNN", BELOW)
    assert "the MLP is better" in findings.images_sentence("MLP", "CNN", ABOVE)
    assert "not distinguishable" in findings.images_sentence("MLP", "CNN", AROUND)


def test_confusion_names_the_hardest_class_and_the_commonest_pair():
    sentence = findings.confusion_sentence("CNN", [[8, 2, 0], [5, 5, 0], [0, 1, 9]], ["cat", "dog", "owl"])
    assert f"hardest class is *dog* (50.0{_}% wrong), its easiest *owl* (10.0{_}%)" in sentence
    assert f"between *cat* and *dog*: 7 mistakes, 88{_}% of all" in sentence
    assert "no mistake" in findings.confusion_sentence("CNN", np.eye(3, dtype=int), ["a", "b", "c"])


def test_calibration():
    p = np.array([[0.9, 0.1]] * 1000)
    sure, unsure, right = ([1] * 800 + [0] * 200, [0] * 1000, [0] * 899 + [1] * 101)
    verdicts = [
        findings.headline(findings.calibration_sentence("CNN", analysis.reliability(p, np.array(labels))))
        for labels in (sure, unsure, right)
    ]
    assert verdicts == [
        "The CNN is too sure of itself.",
        "The CNN is not sure enough of itself.",
        "The CNN's confidence is right on average.",
    ]


def test_of_the_confidence_of_a_diverged_model_nothing_is_concluded():
    diverged = analysis.reliability(np.full((10, 2), np.nan), np.zeros(10, int))
    assert findings.calibration_sentence("CNN", diverged).startswith("Of the CNN's confidence nothing is concluded")


# Learning rate


def test_the_search_says_how_much_the_width_matters():
    losses = [[0.5, 0.48], [0.46, 0.45]]
    sentence = findings.grid_sentence("MLP", (1e-4, 1e-3), (64, 256), losses, (1e-4, 256))
    assert "At learning rate 10⁻⁴ the losses of the widths 64 and 256 differ by 0.020 at most (means" in sentence
    assert "At width 64 the lowest of these means is at learning rate 10⁻³." in sentence
    same = findings.grid_sentence("MLP", (1e-4, 1e-3), (64, 256), losses, (1e-3, 256))
    assert "the lowest of these means" not in same
    assert "widths" not in findings.grid_sentence("CNN", (1e-4,), (64,), [[0.5]], (1e-4, 64))


def test_the_search_names_best_chosen_and_failing_settings():
    losses = [[0.5, 0.48], [0.46, 0.45], [2.3, np.nan]]
    sentence = findings.grid_sentence("MLP", (1e-4, 1e-3, 1e-2), (64, 256), losses, (1e-3, 256))
    assert "0.450, is at learning rate 10⁻³ and width 256" in sentence
    assert "setting used throughout" in sentence
    assert "At 10⁻² a training diverged" in sentence
    other = findings.grid_sentence("MLP", (1e-4, 1e-3), (64, 256), [[0.5, 0.48], [0.9, 0.45]], (1e-4, 64))
    assert "10⁻⁴ and 64, has 0.500" in other
    assert "learning rate of 10⁻³ fails" in other
    assert "not in this small grid" in findings.grid_sentence("MLP", (1e-3,), (64,), [[0.4]], (1e-3, 128))
    assert "Every training" in findings.grid_sentence("MLP", (1e-3,), (64,), [[np.nan]], (1e-3, 64))


@pytest.mark.parametrize(
    ("difference", "words"),
    [(AROUND, "not distinguishable"), (ABOVE, "clearly different"), (BELOW, "clearly different"), (UNKNOWN, "without")],
)
def test_precision(difference, words):
    assert words in findings.precision_sentence("MLP", 1152, difference)


# Budget and ledger


def test_the_budget_is_never_hidden():
    full, trial = (findings.budget_sentence(protocol.PROFILES[name], 10, kept=True) for name in ("full", "tiny"))
    alone = findings.budget_sentence(protocol.STANDALONE, 0, kept=False)
    assert "not final results" in trial
    assert "not final results" not in full
    assert "smaller than that of the report" in alone


def test_the_ledger_counts_each_training_once_and_numbers_its_lines():
    results = Synthetic()
    stages = {name: purposes for name, purposes in protocol.stages(PROFILE, results).items() if name != "test"}
    rows = findings.ledger(stages, {"regularisation": "λ = 10⁻³"})
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    assert sum(row[2] for row in rows) == len(protocol.listed(stages))
    assert [row[3] for row in rows if "dropout" in row[1]] == ["λ = 10⁻³"]


def test_an_earlier_reading_of_the_test_set_is_told():
    this, other = ({"mlp": {"l2": l2, "examples": 48000}} for l2 in (1e-3, 3e-3))
    first = findings.readings_sentence([], this)
    assert first == findings.readings_sentence([{"profile": "full", "choice": this}], this)
    assert "no reading of this test set for another choice" in first
    again = findings.readings_sentence(
        [{"profile": "tiny", "choice": other}, {"profile": "full", "choice": this}], this
    )
    assert "**This test set was opened for another choice too.**" in again
    assert "1. MLP with λ = 3\u00a0×\u00a010⁻³, 48,000 examples (profile tiny); 2. MLP with λ = 10⁻³" in again


def test_where_every_value_diverged_nothing_is_chosen():
    sweep = l2_sweep(lambda run: np.nan)
    assert findings.sweep_sentence("MLP", sweep).startswith("**For the MLP no λ can be chosen**")
    assert findings.too_much_sentence("MLP", sweep) == "Whether too much hurts the MLP cannot be told."


@pytest.mark.parametrize(("again", "verdict"), [(0.4981, False), (0.5001, True), (0.4959, True), (np.nan, True)])
def test_a_training_by_fit_that_differs_is_a_verdict(again, verdict):
    sentence = findings.agreement_sentence("MLP", 0.498, again)
    assert sentence.startswith("**The engine and `fit` do not agree here**") is verdict
