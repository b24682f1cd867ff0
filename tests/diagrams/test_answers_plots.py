"""The plots of questions 2 to 4 show the numbers that the answers compute, and can be read."""

from __future__ import annotations

import numpy as np
import pytest
from readable import assert_readable, svg

from coursework.answers import optimisers, regularisation
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


@pytest.mark.parametrize("name", ["descents", "effective step", "activations", "regularisers"])
def test_a_figure_can_be_read(name, found):
    assert_readable(figures(found)[name])


def test_the_same_figure_gives_the_same_bytes(found):
    assert {n: svg(f) for n, f in figures(found).items()} == {n: svg(f) for n, f in figures(found).items()}


def test_every_panel_shows_its_own_path(found):
    axes = answers_plots.descents(found).axes
    cases = [(method, valley.angle) for valley in optimisers.VALLEYS for method in optimisers.METHODS]
    assert len(axes) == len(cases)
    for panel, case in zip(axes, cases, strict=True):
        assert np.array_equal(panel.lines[0].get_xydata(), found[case].path)


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

    oracles = {"-": tf.nn.relu, "--": tf.tanh}
    panels = answers_plots.activation_functions().axes
    for panel, asked in zip(panels, (lambda y, z, tape: y, lambda y, z, tape: tape.gradient(y, z)), strict=True):
        curves = [line for line in panel.lines if len(line.get_xdata()) > 2]
        assert {line.get_linestyle() for line in curves} == set(oracles)
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
    truth, *fits, _ = left.lines
    at, drawn = truth.get_data()
    assert drawn == pytest.approx(np.sin(np.pi * at))
    for line, fit in zip(fits, regularisation.fits(), strict=True):
        at, drawn = line.get_data()
        assert drawn == pytest.approx(fit(at))
        assert f"= {number(fit.strength).text}," in line.get_label()
        assert line.get_label().endswith(f"= {np.linalg.norm(fit.weights[1:]):.1f}")
