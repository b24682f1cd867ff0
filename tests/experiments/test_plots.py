"""The figures show what they are given: every value, seed and label, also where trainings diverged."""

import dataclasses

import matplotlib
import numpy as np
import pytest
from synthetic import Synthetic, test_labels, usual_loss

from coursework.experiments import analysis, plots, protocol

matplotlib.use("agg")

FULL = protocol.FULL


@pytest.fixture(autouse=True)
def _close():
    yield
    matplotlib.pyplot.close("all")


@pytest.fixture
def results():
    return Synthetic()


def sweep(results, model="mlp"):
    return analysis.gather(results, protocol.l2_runs(FULL, model), "l2")


def curves(results):
    return {
        model: analysis.gather(results, protocol.learning_curve_runs(FULL, model, 1e-3), "examples")
        for model in ("mlp", "cnn")
    }


def drawn(ax):
    """All finite points that an axes shows, as a set of rounded pairs."""
    points = set()
    for line in ax.get_lines():
        x, y = np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)
        points |= {(round(a, 9), round(b, 9)) for a, b in zip(x, y, strict=True) if np.isfinite(a) and np.isfinite(b)}
    return points


def inside(fig):
    """Whether no text leaves the figure."""
    fig.canvas.draw()
    box = fig.bbox
    texts = [t for t in fig.findobj(matplotlib.text.Text) if t.get_visible() and t.get_text().strip()]
    axes = [axis for ax in fig.axes for axis in (ax.xaxis, ax.yaxis)]
    hidden = {tick.label1 for axis in axes for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())}
    shown = [text.get_window_extent() for text in texts if text not in hidden]  # ticks beyond the limits are not drawn
    return all(e.x0 >= -1 and e.y0 >= -1 and e.x1 <= box.x1 + 1 and e.y1 <= box.y1 + 1 for e in shown)


def legend_covers_nothing(fig):
    """Whether the figure's legend lies outside all axes."""
    fig.canvas.draw()
    legends = [legend.get_window_extent() for legend in fig.legends]
    return legends and not any(box.overlaps(ax.bbox) for box in legends for ax in fig.axes)


def test_training_draws_every_seed_the_mean_and_the_target(results):
    histories = [results[run].history for run in protocol.fit_runs(FULL, "mlp")]
    fig = plots.plot_training(histories, 0.3, 0.1)
    loss, error = fig.axes
    for history in histories:
        for e in history:
            assert (round(e.epoch, 9), round(e.validation_loss, 9)) in drawn(loss)
            assert (round(e.epoch, 9), round(e.train_error, 9)) in drawn(error)
    assert any(np.allclose(line.get_ydata(), 0.1) for line in error.get_lines())
    assert inside(fig)
    assert legend_covers_nothing(fig)


def test_a_sweep_shows_zero_left_of_a_break_and_every_seed(results):
    found = sweep(results)
    fig = plots.plot_sweep(found)
    loss = fig.axes[0]
    assert loss.get_xscale() == "log"
    assert fig.axes[2].get_xticklabels()[0].get_text() == "0"
    zero = loss.get_xticks()[0]
    assert 0 < zero < min(v for v in found.values if v > 0)
    shown = drawn(loss)
    for value, row in zip((zero, *found.values[1:]), found.validation_loss, strict=True):
        assert {(round(value, 9), round(y, 9)) for y in (*row, row.mean())} <= shown
    assert inside(fig)
    assert legend_covers_nothing(fig)


def test_a_diverged_value_is_marked_and_not_drawn_as_a_number():
    found = sweep(Synthetic(loss=lambda run: np.nan if run.l2 == 3e-2 else usual_loss(run)))
    fig = plots.plot_sweep(found)
    labels = [line.get_label() for line in fig.axes[0].get_lines()]
    assert "diverged" in labels
    assert "diverged" not in [line.get_label() for line in plots.plot_sweep(sweep(Synthetic())).axes[0].get_lines()]


def test_dropout_has_a_linear_axis(results):
    runs = [run for run in protocol.l2_runs(FULL, "mlp") if run.l2 == 0] + protocol.dropout_runs(FULL, "mlp")
    fig = plots.plot_sweep(analysis.gather(results, runs, "dropout"))
    assert fig.axes[0].get_xscale() == "linear"


def test_the_overview_shows_both_sweeps_and_both_curves(results):
    sweeps = {model: sweep(results, model) for model in ("mlp", "cnn")}
    fig = plots.plot_overview(sweeps, curves(results), 0.1)
    against_l2, loss, error = fig.axes
    for found in sweeps.values():
        for value, row in zip(found.values[1:], found.validation_loss[1:], strict=True):
            assert (round(value, 9), round(row.mean(), 9)) in drawn(against_l2)
    for ax, quantity in ((loss, "validation_loss"), (error, "validation_error")):
        for found in curves(results).values():
            for n, row in zip(found.values, getattr(found, quantity), strict=True):
                assert (n, round(float(np.exp(np.log(row).mean())), 9)) in drawn(ax)
    assert any(np.allclose(line.get_ydata(), 0.1) for line in error.get_lines())
    assert inside(fig)
    assert legend_covers_nothing(fig)


def test_learning_curves_are_log_log_with_both_models_and_differ_without_colour(results):
    found = curves(results)
    dashed = {m: analysis.gather(results, protocol.scaled_curve_runs(FULL, m, 1e-3), "examples") for m in found}
    reference = analysis.gather(results, protocol.baseline_runs(FULL), "examples")
    fig = plots.plot_learning_curves(found, dashed, reference, 0.1)
    for ax, quantity in zip(fig.axes, ("validation_loss", "validation_error"), strict=True):
        assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
        for model_sweep in found.values():
            for n, row in zip(model_sweep.values, getattr(model_sweep, quantity), strict=True):
                assert (n, round(float(np.exp(np.log(row).mean())), 9)) in drawn(ax)
    looks = [(style["marker"], str(style["linestyle"])) for style in plots.MODEL_STYLE.values()]
    assert len(set(looks)) == len(looks)
    assert inside(fig)
    assert legend_covers_nothing(fig)


def test_learning_curves_can_do_without_extras_and_with_a_gap():
    found = curves(Synthetic(loss=lambda run: np.nan if run.examples == 256 else usual_loss(run)))
    fig = plots.plot_learning_curves(found)
    assert inside(fig)
    assert all(n != 256 for n, _ in drawn(fig.axes[0]))


@pytest.mark.filterwarnings("error")
def test_learning_curves_without_any_error_are_drawn_without_a_warning():
    found = curves(Synthetic())
    free = {m: dataclasses.replace(s, validation_error=0 * s.validation_error) for m, s in found.items()}
    assert inside(plots.plot_learning_curves(free, target=0.1))


def test_a_difference_that_large_strengths_dwarf_is_magnified():
    losses = dict(zip(FULL.l2_values, (0.44, 0.435, 0.43, 0.42, 0.445, 0.54, 0.76), strict=True))
    found = sweep(Synthetic(loss=lambda run: losses[run.l2]))
    (inset,) = plots.plot_sweep(found).axes[0].child_axes
    means = found.means("validation_loss")
    near = means <= 2 * means[0] - means.min()
    assert 3 <= near.sum() < len(means)
    expected = {(float(i), round(float(mean), 9)) for i, mean in enumerate(means[near])}
    assert expected <= drawn(inset)
    assert max(y for _, y in drawn(inset)) <= found.validation_loss[near].max() + 1e-9
    assert next(label.get_text() for label in inset.get_xticklabels()) == "0"


def test_nothing_is_magnified_where_all_can_be_seen(results):
    flat = dataclasses.replace(sweep(results), validation_loss=0.4 + 0.01 * np.random.default_rng(0).random((7, 5)))
    assert not plots.plot_sweep(flat).axes[0].child_axes
    runs = [run for run in protocol.l2_runs(FULL, "mlp") if run.l2 == 0] + protocol.dropout_runs(FULL, "mlp")
    assert not plots.plot_sweep(analysis.gather(results, runs, "dropout")).axes[0].child_axes


def test_wide_intervals_do_not_take_the_axis_from_the_data(results):
    found = curves(results)
    two = {m: dataclasses.replace(s, seeds=(0, 1), **{q: getattr(s, q)[:, :2] * [[1, 3]] for q in analysis.QUANTITIES})
           for m, s in found.items()}  # fmt: skip
    fig = plots.plot_learning_curves(two, target=0.1)
    for ax, quantity in zip(fig.axes, ("validation_loss", "validation_error"), strict=True):
        low, high = ax.get_ylim()
        values = np.concatenate([np.ravel(getattr(s, quantity)) for s in two.values()])
        assert values.min() / 2 < low < values.min()
        assert values.max() < high < 2 * values.max()
        assert 2 <= len(ax.get_yticks()) <= 7
    assert inside(fig)


@pytest.mark.parametrize(("low", "high"), [(0.3, 0.9), (0.05, 2), (1e-5, 10)])
def test_a_logarithmic_axis_has_a_few_round_labels(low, high):
    ax = matplotlib.pyplot.figure().add_subplot(yscale="log", ylim=(low, high))
    plots._few_ticks(ax.yaxis, low, high)
    ticks = ax.get_yticks()
    assert 3 <= len(ticks) <= 7
    assert all(low <= tick <= high for tick in ticks)


def test_the_comparison_shows_pairs_and_differences():
    losses = {"mlp": np.array([0.5, 0.6]), "cnn": np.array([0.4, 0.45])}
    interval = analysis.paired_difference(losses["cnn"], losses["mlp"])
    fig = plots.plot_comparison(losses, losses, interval, interval)
    pair, gap = fig.axes[:2]
    assert {(0, 0.5), (1, 0.4), (0, 0.6), (1, 0.45)} <= drawn(pair)
    assert (-0.25, -0.15) in drawn(gap)
    assert (0.25, -0.125) in drawn(gap)
    assert (-0.25, -15.0) in drawn(fig.axes[3])  # percentage points


@pytest.mark.parametrize("profile", [FULL, protocol.TINY], ids=lambda profile: profile.name)
def test_laws_are_drawn_to_one_doubling_and_no_further(results, profile):
    runs = {model: protocol.learning_curve_runs(profile, model, 1e-3) for model in ("mlp", "cnn")}
    found = {model: analysis.gather(results, listed, "examples") for model, listed in runs.items()}
    laws = {
        m: {k: analysis.summarise_law(s.values, s.validation_loss, k, replicates=5) for k in analysis.LAWS}
        for m, s in found.items()
    }
    fig = plots.plot_laws(found, laws, "validation_loss")
    assert max(x for x, _ in drawn(fig.axes[0])) == pytest.approx(2 * max(profile.sizes))
    residuals = drawn(fig.axes[1])
    law = laws["mlp"]["power law"].each_seed
    expected = 100 * np.mean([each.relative_residuals for each in law], axis=0)
    assert {(float(n), round(r, 9)) for n, r in zip(profile.sizes, expected, strict=True)} <= residuals
    assert inside(fig)


def test_without_a_complete_curve_the_figure_of_the_laws_says_so():
    (said,) = plots.plot_laws({}, {}, "validation_loss").axes[0].texts
    assert said.get_text() == "A training of each curve diverged."


def test_a_grid_in_which_everything_diverged_says_so_in_each_cell():
    fig = plots.plot_grid({"cnn": ((1.0, 2.0), (128,), np.full((2, 1), np.nan))}, {"cnn": (1.0, 128)})
    assert [text.get_text() for text in fig.axes[0].texts] == ["diverged", "diverged"]
    fig.canvas.draw()


def test_the_grid_prints_every_loss_and_frames_the_chosen_cell():
    searches = {
        "mlp": ((1e-4, 1e-3), (64, 256), np.array([[0.51, 0.52], [0.41, np.nan]])),
        "cnn": ((1e-4, 1e-3), (128,), np.array([[0.47], [0.38]])),
    }
    fig = plots.plot_grid(searches, {"mlp": (1e-3, 64), "cnn": (1e-3, 128)})
    mlp, cnn = fig.axes
    assert [t.get_text() for t in mlp.texts] == ["0.510", "0.520", "0.410", "diverged"]
    assert [p.get_xy() for p in mlp.patches] == [(-0.46, 1 - 0.42)]
    assert [t.get_text() for t in cnn.texts] == ["0.470", "0.380"]


def test_confusion_prints_counts_with_true_classes_in_rows():
    matrix = np.array([[8, 2], [0, 9]])
    fig = plots.plot_confusion(matrix, ["cat", "dog"], {"mlp": [0.2, 0.1], "cnn": [0.2, 0.0]})
    left, right = fig.axes
    assert {(t.get_position(), t.get_text()) for t in left.texts} == {((0, 0), "8"), ((1, 0), "2"), ((1, 1), "9")}
    assert [line.get_xdata().tolist() for line in right.get_lines()] == [[20.0, 10.0], [20.0, 0.0]]
    assert inside(fig)


@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_shown_with_their_classes(channels):
    images = np.random.default_rng(0).random((7, 8, 8, channels))
    p = np.full((7, 3), 0.1)
    p[:, 2] = 0.8
    fig = plots.plot_mistakes(images, [0] * 7, p, ["cat", "dog", "owl"])
    titles = [ax.get_title() for ax in fig.axes if ax.get_title()]
    assert titles == ["cat\nas owl, 80 %"] * 7
    examples = plots.plot_examples(images, np.array([0, 1, 2, 0, 1, 2, 0]), ["cat", "dog", "owl"], each=2)
    shown = [ax.get_images()[0].get_array() for ax in examples.axes if ax.get_images()]
    assert len(shown) == 6
    assert np.array_equal(shown[0], images[0].squeeze())


def test_no_mistakes_leave_an_empty_picture():
    assert plots.plot_mistakes(np.zeros((0, 8, 8, 1)), [], np.zeros((0, 3)), ["a", "b", "c"]).axes


def test_reliability_draws_the_bins_that_hold_something(results):
    labels = test_labels(300, 10)
    p = results[protocol.test_runs(FULL, "cnn", 1e-3)[0]].test_probabilities
    found = analysis.reliability(p, labels)
    fig = plots.plot_reliability({"cnn": found})
    full = found.count > 0
    points = zip(found.confidence[full].tolist(), found.accuracy[full].tolist(), strict=True)
    expected = {(round(confidence, 9), round(accuracy, 9)) for confidence, accuracy in points}
    assert expected <= drawn(fig.axes[0])
    assert sum(bar.get_height() for bar in fig.axes[1].patches) == pytest.approx(1)
    assert inside(fig)


def test_no_mistakes_at_all_are_said_in_the_figure():
    figure = plots.plot_mistakes(np.empty((0, 28, 28, 1)), np.empty(0, int), np.empty((0, 10)), list("abcdefghij"))
    assert [text.get_text() for text in figure.texts] == ["no test image is misclassified"]
