"""The three models, how they are fed, and how predictions are measured."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursework.experiments import models
from coursework.experiments.protocol import Run

SHAPE = (28, 28, 1)
RUN = Run("mlp", n=10, seed=0, steps=1, width=256)


def built(name, classes=10, shape=SHAPE, **changed):
    return models.BUILD[name](replace(RUN, model=name, **changed), shape, classes)


@pytest.mark.parametrize(
    ("name", "width", "parameters"),
    [
        ("linear", 0, 784 * 10 + 10),
        ("mlp", 256, 784 * 256 + 256 + 256 * 256 + 256 + 256 * 10 + 10),
        ("cnn", 128, 9 * 16 + 16 + 9 * 16 * 32 + 32 + 6 * 6 * 32 * 128 + 128 + 128 * 10 + 10),
    ],
)
def test_number_of_parameters(name, width, parameters):
    assert built(name, width=width).count_params() == parameters


@pytest.mark.parametrize("name", models.BUILD)
def test_penalty_is_on_every_kernel_and_no_bias(name):
    model = built(name, l2=0.25)
    for variable in model.trainable_variables:
        variable.assign(np.ones(variable.shape))
    kernels = sum(int(np.prod(variable.shape)) for variable in model.trainable_variables if len(variable.shape) > 1)
    assert float(sum(model.losses)) == pytest.approx(0.25 * kernels)


@pytest.mark.parametrize("name", models.BUILD)
def test_initial_weights_follow_the_seed_alone(name):
    first, same, other, regularised = (
        built(name, **changed).get_weights() for changed in ({}, {}, {"seed": 2}, {"l2": 0.1, "dropout": 0.5})
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, same, strict=True))
    assert all(np.array_equal(a, b) == (a.ndim == 1) for a, b in zip(first, other, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(first, regularised[: len(first)], strict=True))


def test_initial_weights_are_he_normal():
    kernel = built("mlp").get_weights()[0]
    assert kernel.std() == pytest.approx(np.sqrt(2 / 784), rel=0.02)
    assert kernel.mean() == pytest.approx(0, abs=1e-3)


def test_rectifier_after_pooling_is_the_same_function():
    """The comment's claim, against Keras' layers in the usual order."""
    import keras

    images = np.random.default_rng(0).normal(size=(5, 8, 8, 4)).astype(np.float32)
    pooled_first = keras.layers.ReLU()(keras.layers.MaxPooling2D(2)(images))
    assert np.array_equal(pooled_first, keras.layers.MaxPooling2D(2)(keras.layers.ReLU()(images)))


def test_measure_agrees_with_keras():
    import keras

    random = np.random.default_rng(1)
    logits, labels = random.normal(scale=30, size=(50, 7)).astype(np.float32), random.integers(7, size=50)
    found = models.measure(train=(logits, labels))
    losses = keras.ops.convert_to_numpy(keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True))
    accuracy = keras.ops.convert_to_numpy(keras.metrics.sparse_categorical_accuracy(labels, logits))
    assert found["train_loss"] == pytest.approx(losses.mean(), rel=1e-5)
    assert found["train_error"] == pytest.approx(1 - accuracy.mean())


def test_measure_of_a_diverged_model_is_nan():
    assert np.isnan(models.measure(test=(np.array([[np.nan, 1.0], [1.0, 0.0]]), np.array([0, 1])))["test_loss"])


@given(counts=st.lists(st.integers(3, 30), min_size=2, max_size=6), seed=st.integers(0, 2**32 - 1))
def test_chosen_images_are_nested_and_balanced(counts, seed):
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    everything = models.choose_images(labels, replace(RUN, n=len(labels), seed=seed))
    assert sorted(everything) == list(range(len(labels)))
    for n in range(1, len(labels) + 1):
        chosen = models.choose_images(labels, replace(RUN, n=n, seed=seed))
        assert np.array_equal(chosen, everything[:n])
        taken = np.bincount(labels[chosen], minlength=len(counts))
        left = taken < counts
        if left.any():  # the classes that still have images stay together, and none is ahead of them by more than 1
            assert taken.max() - taken[left].min() <= 1


def test_which_class_is_ahead_changes_with_the_seed():
    labels = np.repeat(np.arange(10), 50)
    chosen = (models.choose_images(labels, replace(RUN, n=105, seed=seed)) for seed in range(20))
    assert len({tuple(np.flatnonzero(np.bincount(labels[each]) == 11)) for each in chosen}) > 15


@given(n=st.integers(1, 300), steps=st.integers(1, 40), batch=st.integers(1, 64), seed=st.integers(0, 99))
def test_batches_pass_over_all_images_equally_often(n, steps, batch, seed):
    found = models.batches(replace(RUN, n=n, seed=seed, steps=steps, batch=batch))
    assert found.shape == (steps, batch)
    counts = np.bincount(found.ravel(), minlength=n)
    assert len(counts) == n
    assert counts.max() - counts.min() <= 1
    one_pass = found.ravel()[:n]
    assert len(set(one_pass.tolist())) == len(one_pass)


def test_nothing_random_repeats_anything_else(monkeypatch):
    """Choice of images, order, initial weights and dropout each have a stream of their own."""
    streams, real = [], np.random.default_rng

    def recorded(seed):
        streams.append(tuple(seed))
        return real(seed)

    monkeypatch.setattr(np.random, "default_rng", recorded)
    run = replace(RUN, seed=7, dropout=0.5)
    models.choose_images(np.repeat(np.arange(2), 10), run)
    models.batches(run)
    model = models.BUILD["cnn"](run, SHAPE, 10)
    assert len(streams) == len(set(streams)) == 4
    assert all(run.seed in stream for stream in streams)
    drawn = [layer.kernel_initializer.seed for layer in model.layers if hasattr(layer, "kernel_initializer")]
    drawn += [layer.seed for layer in model.layers if hasattr(layer, "seed")]
    assert len(set(drawn)) == len(drawn) == 5


def test_the_last_tenth_of_the_steps_has_a_tenth_of_the_rate():
    rate = models.rate_of(replace(RUN, steps=50, rate=0.5))
    rates = [float(rate(step)) for step in range(50)]
    late = sum(each < 0.5 for each in rates)
    assert abs(late - 5) <= 1
    assert rates == pytest.approx([0.5] * (50 - late) + [0.05] * late)


def test_order_depends_on_the_seed_and_not_on_the_model_or_its_regularisation():
    """So that a comparison is paired, and two λ see the same batches."""
    run = replace(RUN, n=500, steps=20)
    same = replace(run, model="cnn", width=3, l2=0.1, dropout=0.3, rate=0.1)
    assert np.array_equal(models.batches(run), models.batches(same))
    assert not np.array_equal(models.batches(run), models.batches(replace(run, seed=1)))
