"""Small data sets, made once: real images for the trainings, generated ones of another shape."""

from contextlib import suppress

import pytest
from generated_images import generated

from copies import ROOT
from coursework.experiments import data
from coursework.experiments.images import split


@pytest.fixture(scope="session")
def fashion():
    """Fashion-MNIST as the project reads it."""
    return data.load("fashion-mnist", ROOT)


@pytest.fixture(scope="session")
def images(fashion):
    """A few hundred images of Fashion-MNIST; the validation set is no multiple of anything."""
    return split(255 * fashion.x_train[:2500], fashion.y_train[:2500], 255 * fashion.x_test[:203], fashion.y_test[:203])


@pytest.fixture(scope="session")
def colour_images():
    """A generated set of 32×32 colour images in 3 classes."""
    return split(*generated(200), *generated(60, seed=1))


@pytest.fixture(scope="session")
def engine(images):
    """An engine on a few images; TensorFlow is started once for all tests."""
    from coursework.experiments.engine import Engine, one_thread

    with suppress(RuntimeError):  # another test has started TensorFlow; the sweep's own processes are new ones
        one_thread()
    return Engine(images)
