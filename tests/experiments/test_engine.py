"""The engine against Keras' own `fit`, and against itself in another order."""

import numpy as np
import pytest

from coursework.experiments import models, protocol
from coursework.experiments.protocol import Run

SHORT = {"examples": 200, "steps": 12, "batch_size": 32, "precision": "float32"}


def plainly(run, data):
    """Train a run with Keras' `fit`: somebody else's implementation of the same mathematics."""
    measured = models.fit(
        run, data, protocol.subset(data.y_train, run.examples, run.seed), protocol.batches(run),
        protocol.evaluation_steps(run),
    )  # fmt: skip
    return protocol.summarise(run, measured, "float32")


def same(a, b):
    """Whether two results agree to the last bit."""
    return all(
        np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True)
        for name in ("validation_losses", "validation_predictions")
    ) and (a.train_loss, a.history) == (b.train_loss, b.history)


@pytest.mark.parametrize(
    "settings",
    [
        {"model": "softmax", "learning_rate": 1e-2},
        {"model": "mlp", "width": 32, "curve": True},
        {"model": "mlp", "width": 32, "l2": 0.3},
        {"model": "cnn", "width": 16, "l2": 1e-2, "test": True},
    ],
    ids=lambda settings: settings["model"],
)
def test_agrees_with_fit(engine, images, settings):
    run = Run(seed=3, **SHORT, **settings)
    ours, _ = engine.train(run)
    theirs = plainly(run, images)
    assert ours.validation_loss == pytest.approx(theirs.validation_loss, rel=1e-5)
    assert ours.train_loss == pytest.approx(theirs.train_loss, rel=1e-5)
    np.testing.assert_allclose(ours.validation_losses, theirs.validation_losses, rtol=1e-3, atol=1e-4)
    assert np.mean(ours.validation_predictions != theirs.validation_predictions) < 0.01
    assert len(ours.history) == len(theirs.history)
    for line, other in zip(ours.history, theirs.history, strict=True):
        assert line.train_loss == pytest.approx(other.train_loss, rel=1e-5)
    if run.test:
        np.testing.assert_allclose(ours.test_probabilities, theirs.test_probabilities, atol=1e-4)
        assert ours.test_probabilities.shape == (len(images.y_test), images.classes)


def test_dropout_draws_what_keras_draws(engine, images):
    run = Run("mlp", seed=4, width=32, dropout=0.5, **SHORT)
    assert engine.train(run)[0].validation_loss == pytest.approx(plainly(run, images).validation_loss, rel=1e-5)


def test_penalty_is_not_part_of_any_loss(engine, images):
    """With λ = 1 Keras' own loss is far above the cross-entropy of the same weights; the result is the latter."""
    import keras

    run = Run("mlp", seed=0, width=32, l2=1.0, **SHORT)
    result, weights = engine.train(run)
    model = models.build(run, images.shape, images.classes)
    model.set_weights(weights)
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    with_penalty = model.evaluate(images.x_validation, images.y_validation, verbose=0)
    penalty = sum(float(np.sum(np.square(w))) for w in weights if w.ndim > 1)
    assert penalty > 1
    assert result.validation_loss == pytest.approx(with_penalty - penalty, rel=1e-4)


def test_reuse_leaks_nothing(engine):
    """What ran before in the same compiled graph does not change a bit, dropout's generators included."""
    first = Run("mlp", seed=1, width=32, dropout=0.5, l2=1e-3, curve=True, **SHORT)
    alone, weights = engine.train(first)
    for other in (
        Run("mlp", seed=2, width=32, dropout=0.5, learning_rate=0.1, **SHORT),
        Run("cnn", seed=1, width=16, **SHORT),
        Run("mlp", seed=1, width=32, dropout=0.5, examples=64, steps=3, batch_size=32, precision="float32"),
    ):
        engine.train(other)
    again, same_weights = engine.train(first)
    assert same(alone, again)
    assert all(np.array_equal(a, b) for a, b in zip(weights, same_weights, strict=True))


def test_curve_does_not_change_the_training(engine):
    run = {"model": "mlp", "seed": 1, "width": 32, "dropout": 0.5, **SHORT}
    with_curve, without = engine.train(Run(**run, curve=True))[0], engine.train(Run(**run))[0]
    assert with_curve.validation_loss == without.validation_loss
    assert len(with_curve.history) > 3
    assert without.history == ()


def test_reading_the_test_set_from_kept_weights(engine):
    run = Run("cnn", seed=1, width=16, **SHORT)
    _, weights = engine.train(run)
    reading = Run("cnn", seed=1, width=16, test=True, **SHORT)
    trained, _ = engine.train(reading)
    engine.train(Run("cnn", seed=2, width=16, **SHORT))
    read, _ = engine.train(reading, weights)
    assert np.array_equal(read.test_probabilities, trained.test_probabilities)
    assert read.test_loss == trained.test_loss


def test_every_example_is_measured(engine, images):
    """The validation set is no multiple of the chunk it is measured in; the remainder counts."""
    result, _ = engine.train(Run("softmax", seed=0, **SHORT))
    assert len(result.validation_losses) == len(images.y_validation)
    assert result.validation_loss == pytest.approx(result.validation_losses.mean(), rel=1e-6)
    assert result.validation_error == np.mean(result.validation_predictions != images.y_validation)


def test_divergence_is_a_result(engine):
    result, _ = engine.train(Run("mlp", seed=0, width=32, learning_rate=1e30, **SHORT))
    assert result.diverged
    assert not np.isfinite(result.validation_loss)


def test_bfloat16_is_near_float32(engine):
    """The loss of one training moves by less than 3 % (seeds differ by more)."""
    losses = {}
    for name in ("native", "float32"):
        run = Run("cnn", seed=0, width=16, examples=512, steps=60, precision=name)
        result, _ = engine.train(run)
        losses[result.precision] = result.validation_loss
    if len(losses) == 1:
        pytest.skip("this processor has no bfloat16 arithmetic")
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.03)
    assert losses["bfloat16"] != losses["float32"]


def test_another_shape(tmp_path, colour_images):
    """A set of 32×32 colour images in 3 classes goes through every model."""
    from coursework.experiments.engine import Engine

    engine = Engine(colour_images)
    for model, width in (("softmax", 0), ("mlp", 16), ("cnn", 16)):
        run = Run(model, seed=0, width=width, examples=90, steps=8, batch_size=32, test=True, precision="float32")
        result, _ = engine.train(run)
        assert result.test_probabilities.shape == (len(colour_images.y_test), 3)
        assert np.allclose(result.test_probabilities.sum(axis=1), 1, atol=1e-5)
        assert result.validation_loss == pytest.approx(plainly(run, colour_images).validation_loss, rel=1e-5)
