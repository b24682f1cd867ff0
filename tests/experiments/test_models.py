"""The three models: sizes, penalties, seeds, and the measurement of predictions."""

import numpy as np
import pytest

from coursework.experiments import models
from coursework.experiments.protocol import Run

SHAPE = (28, 28, 1)
BUILDERS = {"softmax": models.build_softmax, "mlp": models.build_mlp, "cnn": models.build_cnn}


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("softmax", 784 * 10 + 10),
        ("mlp", 784 * 256 + 256 + 256 * 256 + 256 + 256 * 10 + 10),
        ("cnn", 9 * 16 + 16 + 9 * 16 * 32 + 32 + 7 * 7 * 32 * 128 + 128 + 128 * 10 + 10),
    ],
)
def test_number_of_parameters(name, parameters):
    assert BUILDERS[name](SHAPE, 10).count_params() == parameters


@pytest.mark.parametrize("name", BUILDERS)
def test_penalty_is_on_every_kernel_and_no_bias(name):
    model = BUILDERS[name](SHAPE, 10, l2=0.25)
    for variable in model.trainable_variables:
        variable.assign(np.ones(variable.shape))
    kernels = sum(int(np.prod(variable.shape)) for variable in model.trainable_variables if len(variable.shape) > 1)
    assert float(sum(model.losses)) == pytest.approx(0.25 * kernels)
    assert not BUILDERS[name](SHAPE, 10).losses


@pytest.mark.parametrize("name", BUILDERS)
def test_initial_weights_follow_the_seed(name):
    first, same, other = (BUILDERS[name](SHAPE, 10, seed=seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, same, strict=True))
    assert all(np.array_equal(a, b) == (a.ndim == 1) for a, b in zip(first, other, strict=True))


def test_initial_weights_are_he_normal():
    kernel = models.build_mlp(SHAPE, 10, seed=0).get_weights()[0]
    assert kernel.std() == pytest.approx(np.sqrt(2 / 784), rel=0.02)
    assert kernel.mean() == pytest.approx(0, abs=1e-3)


def test_l2_and_dropout_do_not_change_the_initial_weights():
    plain = models.build_cnn(SHAPE, 10, seed=5).get_weights()
    other = models.build_cnn(SHAPE, 10, seed=5, l2=0.1, dropout=0.5).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(plain, other, strict=True))


def test_rectifier_after_pooling_is_the_same_function():
    """The docstring's claim, against Keras' layers in the usual order."""
    import keras

    random = np.random.default_rng(0)
    images = random.normal(size=(5, 8, 8, 4)).astype(np.float32)
    pooled_first = keras.layers.ReLU()(keras.layers.MaxPooling2D(2)(images))
    rectified_first = keras.layers.MaxPooling2D(2)(keras.layers.ReLU()(images))
    assert np.array_equal(pooled_first, rectified_first)


def test_dense_layer_of_the_cnn_holds_nine_tenths_of_its_weights():
    model = models.build_cnn(SHAPE, 10)
    assert model.get_layer("hidden").count_params() / model.count_params() > 0.9


def test_logits_are_float32_under_mixed_precision():
    model = models.build_cnn(SHAPE, 10, precision="mixed_bfloat16")
    assert model.get_layer("hidden").compute_dtype == "bfloat16"
    assert model.outputs[0].dtype == "float32"
    assert {variable.dtype for variable in model.trainable_variables} == {"float32"}


def test_build_follows_the_run():
    model = models.build(Run("mlp", 10, 0, 1, l2=0.5, dropout=0.25, width=8), (4, 4, 2), 3)
    assert model.count_params() == 32 * 8 + 8 + 8 * 8 + 8 + 8 * 3 + 3
    assert [layer.rate for layer in model.layers if hasattr(layer, "rate")] == [0.25, 0.25]
    assert len(model.losses) == 3
    softmax = models.build(Run("softmax", 10, 0, 1), (4, 4, 2), 3)
    assert softmax.count_params() == 32 * 3 + 3


def test_cross_entropy_agrees_with_keras():
    import keras

    random = np.random.default_rng(1)
    logits, labels = random.normal(scale=30, size=(50, 7)).astype(np.float32), random.integers(7, size=50)
    losses, probabilities, wrong = models.cross_entropy(logits, labels)
    expected = keras.ops.convert_to_numpy(
        keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    )
    np.testing.assert_allclose(losses, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(probabilities, keras.ops.convert_to_numpy(keras.ops.softmax(logits)), atol=1e-6)
    accuracy = keras.ops.convert_to_numpy(keras.metrics.sparse_categorical_accuracy(labels, logits))
    assert np.array_equal(wrong, accuracy == 0)


def test_cross_entropy_of_a_diverged_model_is_nan():
    losses, *_ = models.cross_entropy(np.array([[np.nan, 1.0], [np.inf, 0.0]]), np.array([0, 1]))
    assert np.isnan(losses).all()
