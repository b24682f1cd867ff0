"""Question 2: what the valleys show; the rules and the bias correction are checked for the evidence."""

import numpy as np
import pytest

from coursework.answers import optimisers
from coursework.answers.optimisers import Valley


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
