"""Question 2: the bias correction, the first steps, and what the valleys show."""

import numpy as np
import pytest
import sympy as sp

from coursework.answers import optimisers
from coursework.answers.optimisers import Valley


def test_the_weighted_sum_is_what_the_recursion_gives():
    beta, m = sp.Symbol("beta", positive=True), sp.Integer(0)
    for step in range(1, 8):
        m = beta * m + (1 - beta) * sp.Symbol(f"g_{step}", real=True)
        assert sp.expand(m - optimisers.weighted_sum(step)) == 0


def test_the_expected_average_is_numpys():
    """Averaging a constant with numpy gives what SymPy's closed form says."""
    closed = optimisers.expected_average("decay")
    t, decay, mu = (next(s for s in closed.free_symbols if s.name == name) for name in ("t", "decay", "mu"))
    for steps in (1, 2, 10, 50):
        weights = 0.9 ** np.arange(steps - 1, -1, -1) * 0.1
        value = float(closed.subs({t: steps, decay: sp.Rational(9, 10), mu: 3}))
        assert value == pytest.approx(float(np.sum(weights * 3)), rel=1e-12)


def test_the_first_uncorrected_steps_are_too_large():
    peak = optimisers.largest_uncorrected_step()
    assert optimisers.uncorrected_step(np.array([1]))[0] == pytest.approx(np.sqrt(10))
    assert peak.step == 12
    assert peak.size == pytest.approx(6.5685, abs=1e-4)


def test_the_corrected_first_step_of_adam_is_the_learning_rate_and_that_of_rmsprop_is_not():
    for scale in (1e-3, 1.0, 1e3):
        gradient = np.array([scale, -scale])
        adam = optimisers.trajectory(optimisers.adam(0.01, epsilon=0), lambda *_, g=gradient: g, np.zeros(2), 1)
        rmsprop = optimisers.trajectory(optimisers.rmsprop(0.01, epsilon=0), lambda *_, g=gradient: g, np.zeros(2), 1)
        assert adam[1] == pytest.approx([-0.01, 0.01])
        assert rmsprop[1] == pytest.approx([-0.01 * np.sqrt(10), 0.01 * np.sqrt(10)])


@pytest.mark.parametrize("valley", optimisers.VALLEYS)
def test_the_gradient_of_the_valley_is_tensorflows(valley):
    import tensorflow as tf

    theta = tf.constant([0.3, -1.7], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(theta)
        loss = 0.5 * tf.tensordot(theta, tf.linalg.matvec(tf.constant(valley.hessian), theta), 1)
    assert valley.loss(theta.numpy()) == pytest.approx(float(loss))
    assert valley.gradient(theta.numpy(), 1) == pytest.approx(tape.gradient(loss, theta).numpy())


def test_a_turned_valley_is_the_same_valley():
    straight, turned = Valley(30, 0), Valley(30, 45)
    assert np.linalg.eigvalsh(turned.hessian) == pytest.approx([1, 30])
    assert turned.loss(turned.start) == pytest.approx(straight.loss(straight.start))


def test_the_best_rate_beats_its_neighbours():
    found = optimisers.best_descent("SGD", optimisers.VALLEYS[0])
    index = int(np.argmin(abs(optimisers.RATES - found.learning_rate)))
    for neighbour in (index - 1, index + 1):
        path = optimisers.trajectory(
            optimisers.sgd(optimisers.RATES[neighbour]), optimisers.VALLEYS[0].gradient, optimisers.VALLEYS[0].start,
            optimisers.STEPS,
        )  # fmt: skip
        assert optimisers.VALLEYS[0].loss(path[-1]) > found.loss


@pytest.mark.parametrize("method", optimisers.METHODS)
@pytest.mark.parametrize("valley", optimisers.VALLEYS)
def test_a_descent_is_keras_own(method, valley):
    """Keras' optimiser, step by step with the same learning rate, ends at the same loss."""
    import keras

    found = optimisers.best_descent(method, valley)
    rate, k = found.learning_rate, keras.optimizers
    made = {
        "SGD": lambda: k.SGD(rate),
        "momentum": lambda: k.SGD(rate, momentum=optimisers.MOMENTUM),
        "RMSProp": lambda: k.RMSprop(rate),
        "Adam": lambda: k.Adam(rate),
    }[method]()
    theta = keras.Variable(valley.start, dtype="float64")
    for _ in range(optimisers.STEPS):
        made.apply([keras.ops.convert_to_tensor(valley.hessian @ theta.numpy(), dtype="float64")], [theta])
    assert found.path[-1] == pytest.approx(theta.numpy(), abs=2e-3)
    assert found.loss == pytest.approx(0.5 * theta.numpy() @ valley.hessian @ theta.numpy(), abs=1e-4)
