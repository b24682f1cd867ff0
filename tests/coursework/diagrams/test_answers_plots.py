"""The plots of questions 2 to 4 show the numbers that the answers compute, and can be read."""

from __future__ import annotations

import numpy as np
import pytest
from readable import assert_readable, svg

from coursework.answers import optimiser_checks, optimisers, regularisation
from coursework.answers.formatting import number
from coursework.diagrams import answers_plots, style

style.use()


@pytest.fixture(scope="module")
def found():
    return optimisers.best_descents()


def figures(found):
    return {
        "descents": answers_plots.descents(found),
        "effective step": answers_plots.effective_step(),
        "activations": answers_plots.activation_functions(),
        "regularisers": answers_plots.regularisers(),
    }


AXES = {
    "descents": [*[("", "$\\theta_2$"), *[("", "")] * 3], ("$\\theta_1$", "$\\theta_2$"), *[("$\\theta_1$", "")] * 3],
    "effective step": [("step $t$", "step / $\\eta$")],
    "activations": [("total input $z$", "output $y$"), ("total input $z$", "gradient d$y$/d$z$")],
    "regularisers": [("$x$", "prediction"), ("total input of a unit", "density")],
}


@pytest.mark.parametrize("name", AXES)
def test_an_axis_names_what_is_drawn_along_it(name, found):
    assert [(axes.get_xlabel(), axes.get_ylabel()) for axes in figures(found)[name].axes] == AXES[name]


@pytest.mark.parametrize("name", ["descents", "effective step", "activations", "regularisers"])
def test_a_figure_can_be_read(name, found):
    assert_readable(figures(found)[name])


def test_the_same_figure_gives_the_same_bytes(found):
    assert {n: svg(f) for n, f in figures(found).items()} == {n: svg(f) for n, f in figures(found).items()}


def test_every_panel_shows_the_path_rate_and_loss_of_the_method_in_its_title(found):
    axes = answers_plots.descents(found).axes
    assert [panel.get_title().split("\n")[0] for panel in axes[:4]] == list(optimisers.METHODS)
    for panel, angle, method in zip(axes, [0] * 4 + [45] * 4, [*optimisers.METHODS] * 2, strict=True):
        descent = found[method, angle]
        assert np.array_equal(panel.lines[0].get_xydata(), descent.path)
        assert panel.lines[1].get_xydata().tolist() == [[0, 0]]
        numbers = panel.get_title().split("\n")[-1].replace("\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}10⁻¹¹", "e-11")
        rate, loss = (float(part.split()[-1]) for part in numbers.split(","))
        assert rate == pytest.approx(descent.learning_rate, rel=0.1)
        assert loss == pytest.approx(descent.loss, rel=0.05)
        across = valley_of(angle).axes[:, 1]  # the contours are closer together across the valley
        assert valley_of(angle).loss(across) == pytest.approx(0.5 * optimisers.VALLEYS[0].condition)


def valley_of(angle: float) -> optimisers.Valley:
    return next(valley for valley in optimisers.VALLEYS if valley.angle == angle)


def test_the_steps_with_and_without_bias_correction_are_keras_own():
    """The line that says it is corrected is Keras' step, the other m/√v of the averages that Keras keeps."""
    axes = answers_plots.effective_step().axes[0]
    without, corrected = optimiser_checks._keras_first_steps(20)
    lines = {line.get_label(): line.get_ydata()[:20] for line in axes.lines}
    assert lines["without bias correction"] == pytest.approx(without)
    assert lines["with bias correction"] == pytest.approx(corrected, rel=1e-4)
    written = {text.get_text() for text in axes.texts}
    assert written == {f"{without[0]:.2f}", f"{without.max():.2f} at step {without.argmax() + 1}"}


def test_a_path_stays_in_its_panel(found):
    for panel in answers_plots.descents(found).axes:
        (left, right), (low, high) = panel.get_xlim(), panel.get_ylim()
        x, y = panel.lines[0].get_data()
        assert left <= x.min()
        assert x.max() <= right
        assert low <= y.min()
        assert y.max() <= high


def test_the_gradient_of_the_relu_is_not_drawn_across_its_jump():
    right = answers_plots.activation_functions().axes[1]
    for line in right.lines:
        y = np.asarray(line.get_ydata())
        assert len(y) < 3 or abs(np.diff(y)).max() < 0.5


def test_the_functions_and_gradients_that_are_drawn_are_tensorflows():
    """Every line of the two panels against TensorFlow and its automatic differentiation."""
    import tensorflow as tf

    panels = answers_plots.activation_functions().axes
    named = {"ReLU": tf.nn.relu, "tanh": tf.tanh}
    oracles = {line.get_linestyle(): named[line.get_label()] for line in panels[0].lines}
    assert len(oracles) == len(named)
    assert len({(line.get_linestyle(), line.get_color()) for panel in panels for line in panel.lines[:2]}) == len(named)
    for panel, asked in zip(panels, (lambda y, z, tape: y, lambda y, z, tape: tape.gradient(y, z)), strict=True):
        curves = [line for line in panel.lines if len(line.get_xdata()) > 2]
        for name in oracles:
            ends = [line.get_xdata()[[0, -1]] for line in curves if line.get_linestyle() == name]
            assert (np.min(ends), np.max(ends)) == (-4, 4)  # all of the range, on both sides of 0
        for line in curves:
            z = tf.constant(line.get_xdata(), tf.float64)
            with tf.GradientTape() as tape:
                tape.watch(z)
                y = oracles[line.get_linestyle()](z)
            assert line.get_ydata() == pytest.approx(asked(y, z, tape).numpy(), abs=1e-12)


def test_tanh_touches_the_convention_at_its_peak():
    tanh = answers_plots.activation_functions().axes[1].lines[-1]
    assert max(tanh.get_ydata()) == pytest.approx(1)


def test_the_fits_are_those_that_the_text_speaks_of():
    left = answers_plots.regularisers().axes[0]
    truth, *fits, points = left.lines
    assert np.array_equal(points.get_data(), regularisation.noisy_points())
    at, drawn = truth.get_data()
    assert drawn == pytest.approx(np.sin(np.pi * at))
    assert truth.get_label() == r"$\sin \pi x$"
    for line, fit in zip(fits, regularisation.fits(), strict=True):
        at, drawn = line.get_data()
        assert drawn == pytest.approx(fit(at))
        assert f"= {number(fit.strength).text}," in line.get_label()
        assert line.get_label().endswith(f"= {np.linalg.norm(fit.weights[1:]):.1f}")


def test_a_histogram_has_the_mean_and_the_spread_of_the_drop_rate_in_its_legend():
    right = answers_plots.regularisers().axes[1]
    random = np.random.default_rng(regularisation.MASK_SEED)
    y = np.maximum(random.standard_normal(regularisation.UNITS), 0)
    w = random.standard_normal(regularisation.UNITS) / np.sqrt(regularisation.UNITS) + 0.05
    *histograms, (line, dotted) = (
        *((patch.get_label(), patch.get_xy()) for patch in right.patches),
        (right.lines[0], right.lines[0].get_label()),
    )
    for label, outline in histograms:
        rate, mean = float(label.split()[2].rstrip(":")), float(label.split()[-1])
        left, heights = outline[1:-1:2, 0], outline[1:-1:2, 1]
        middle = left + (left[1] - left[0]) / 2
        assert np.average(middle, weights=heights) == pytest.approx(mean, abs=0.03)
        spread = np.sqrt(np.average((middle - mean) ** 2, weights=heights))
        assert spread == pytest.approx(np.sqrt(rate / (1 - rate) * np.sum((w * y) ** 2)), rel=0.05)
    assert dotted == f"no dropout: {w @ y:.2f}"
    assert line.get_xdata()[0] == pytest.approx(w @ y)
