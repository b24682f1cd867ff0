"""The engine against Keras' own `fit`, and against itself in another order."""

import numpy as np
import pytest

from coursework.experiments import models
from coursework.experiments.protocol import Run

SHORT = {"n": 200, "steps": 12, "batch": 32, "precision": "float32", "width": 16}


def agree(ours, theirs, rel=1e-4):
    """Whether engine and `fit` measured the same."""
    assert ours.keys() == theirs.keys()
    assert len(ours["history"]) == len(theirs["history"])
    for line, other in zip([ours, *ours["history"]], [theirs, *theirs["history"]], strict=True):
        for key in ("passes", "train_loss", "validation_loss"):
            assert line[key] == pytest.approx(other[key], rel=rel)
        assert line["validation_error"] == pytest.approx(other["validation_error"], abs=0.01)


@pytest.mark.parametrize(
    "settings",
    [
        {"model": "linear", "rate": 1e-2},
        {"model": "mlp", "moments": 5},
        {"model": "mlp", "l2": 0.3, "dropout": 0.5},
        {"model": "cnn", "l2": 1e-2, "dropout": 0.5, "test": True},
    ],
    ids=lambda settings: settings["model"],
)
def test_agrees_with_fit(engine, images, settings, capfd):
    run = Run(seed=3, **SHORT, **settings)
    ours, theirs = engine.train(run)[0], models.train(run, images)
    assert capfd.readouterr().out == ""
    agree(ours, theirs)
    if run.test:
        np.testing.assert_allclose(ours["test_logits"], theirs["test_logits"], atol=1e-2)
        assert ours["test_loss"] == pytest.approx(theirs["test_loss"], rel=1e-4)


def test_penalty_is_not_part_of_any_loss(engine, images):
    """With λ = 1 Keras' own loss is far above the cross-entropy of the same weights; the result is the latter."""
    import keras

    run = Run("mlp", seed=0, l2=1.0, **SHORT)
    result, weights = engine.train(run)
    model = models.BUILD["mlp"](run, images.x_train.shape[1:], 10)
    model.set_weights(weights)
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    with_penalty = model.evaluate(images.x_validation, images.y_validation, verbose=0)
    penalty = sum(float(np.sum(np.square(w))) for w in weights if w.ndim > 1)
    assert penalty > 1
    assert result["validation_loss"] == pytest.approx(with_penalty - penalty, rel=1e-4)


def test_reuse_leaks_nothing(engine):
    """What ran before in the same compiled graph does not change a bit, dropout's generators included."""
    first = Run("mlp", seed=1, dropout=0.5, l2=1e-3, moments=3, **SHORT)
    alone, weights = engine.train(first)
    for other in (
        Run("mlp", seed=2, dropout=0.5, rate=0.1, **SHORT),
        Run("cnn", seed=1, **SHORT),
        Run("mlp", seed=1, dropout=0.5, **{**SHORT, "n": 64, "steps": 3}),
    ):
        engine.train(other)
    again, same_weights = engine.train(first)
    assert alone == again
    assert all(np.array_equal(a, b) for a, b in zip(weights, same_weights, strict=True))


def test_measuring_along_the_way_does_not_change_the_training(engine):
    often, once = (engine.train(Run("mlp", seed=1, dropout=0.5, moments=m, **SHORT))[0] for m in (5, 1))
    assert [len(found["history"]) for found in (often, once)] == [5, 1]
    assert often["validation_loss"] == once["validation_loss"]


def test_reading_the_test_set_from_kept_weights(engine):
    _, weights = engine.train(Run("cnn", seed=1, keep=True, **SHORT))
    reading = Run("cnn", seed=1, keep=True, test=True, **SHORT)
    trained, _ = engine.train(reading)
    engine.train(Run("cnn", seed=2, **SHORT))
    read, _ = engine.train(reading, weights)
    assert np.array_equal(read["test_logits"], trained["test_logits"])
    assert read["test_loss"] == trained["test_loss"]


def test_every_image_is_measured_whatever_their_number(engine, images):
    """Images go through the graph in chunks; Keras' own `predict` takes them all."""
    from coursework.experiments.engine import CHUNK

    run = Run("mlp", seed=1, **SHORT)
    _, weights = engine.train(run)
    model = models.BUILD["mlp"](run, images.x_train.shape[1:], 10)
    model.set_weights(weights)
    expected = model.predict(images.x_train[: 2 * CHUNK + 1], verbose=0)
    for count in (1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 1):
        logits = engine.graph(run).logits(engine.x_train, np.arange(count, dtype=np.int32)).numpy()
        np.testing.assert_allclose(logits, expected[:count], atol=1e-4)


def test_the_fast_convolution_is_taken_where_the_arithmetic_is_float32(engine):
    for model, taken in (("cnn", True), ("mlp", False)):
        assert bool(engine.graph(Run(model, seed=0, **SHORT)).pooled) == taken


def test_the_processes_compute_with_one_thread(monkeypatch):
    """So that sums are taken in one order; TensorFlow itself has been started here and takes no other number."""
    import tensorflow as tf

    from coursework.experiments.engine import one_thread

    asked = {}
    for kind in ("intra", "inter"):
        setter = f"set_{kind}_op_parallelism_threads"
        monkeypatch.setattr(tf.config.threading, setter, lambda number, kind=kind: asked.update({kind: number}))
    one_thread()
    assert asked == {"intra": 1, "inter": 1}


def test_divergence_is_a_result(engine):
    result, _ = engine.train(Run("mlp", seed=0, rate=1e30, **SHORT))
    assert not np.isfinite(result["validation_loss"])


def test_bfloat16_is_near_float32(engine):
    """The loss of one training moves by less than 3 % (seeds differ by more)."""
    from coursework.experiments.arithmetic import has_bfloat16

    if not has_bfloat16():
        pytest.skip("this processor has no bfloat16 arithmetic")
    native, exact = (
        engine.train(Run("cnn", seed=0, width=16, n=512, steps=60, precision=name))[0]["validation_loss"]
        for name in ("native", "float32")
    )
    assert native == pytest.approx(exact, rel=0.03)
    assert native != exact


def test_another_shape(colour_images):
    """A set of 32×32 colour images in 3 classes goes through every model."""
    from coursework.experiments.engine import Engine

    engine = Engine(colour_images)
    for model in ("linear", "mlp", "cnn"):
        run = Run(model, seed=0, test=True, **{**SHORT, "n": 90})
        result, _ = engine.train(run)
        assert result["test_logits"].shape == (len(colour_images.y_test), 3)
        agree(result, models.train(run, colour_images))
