"""The three models, and how one of them is trained and measured with Keras' own `fit`."""

from functools import partial

import keras
import numpy as np
from keras import layers
from scipy.special import log_softmax


def seeds(run, purpose):
    """Draw a seed for each layer: purpose 2 for initial weights, 3 for what dropout drops."""
    random = np.random.default_rng([run.seed, purpose])
    while True:
        yield int(random.integers(2**31))


def weights(run):
    """He's normal initial weights and the L2 penalty of each layer; biases start at zero and carry no penalty."""
    for seed in seeds(run, 2):
        yield {
            "kernel_initializer": keras.initializers.HeNormal(seed),
            "kernel_regularizer": keras.regularizers.L2(run.l2),
        }


def build_linear(run, shape, classes):
    """Softmax regression: one linear map of the pixels."""
    each = weights(run)
    return keras.Sequential(
        [keras.Input(shape), layers.Flatten(), layers.Dense(classes, dtype="float32", **next(each))]
    )


def build_mlp(run, shape, classes):
    """The first model: two hidden layers of rectified linear units, dropout after each."""
    each, drop = weights(run), seeds(run, 3)
    return keras.Sequential([
        keras.Input(shape),
        layers.Flatten(),
        layers.Dense(run.width, "relu", **next(each)),
        layers.Dropout(run.dropout, seed=next(drop)),
        layers.Dense(run.width, "relu", **next(each)),
        layers.Dropout(run.dropout, seed=next(drop)),
        layers.Dense(classes, dtype="float32", **next(each)),
    ])  # fmt: skip


def build_cnn(run, shape, classes):
    """The second model: two convolutions, the first pooled and the second with stride 2, and a hidden dense layer."""
    each, drop = weights(run), seeds(run, 3)
    return keras.Sequential([
        keras.Input(shape),
        layers.Conv2D(16, 3, **next(each)),
        layers.MaxPooling2D(2),
        layers.ReLU(),  # after the pooling it is the same function, of a quarter of the values
        layers.Conv2D(32, 3, strides=2, activation="relu", **next(each)),
        layers.Flatten(),
        layers.Dense(run.width, "relu", **next(each)),
        layers.Dropout(run.dropout, seed=next(drop)),
        layers.Dense(classes, dtype="float32", **next(each)),
    ])  # fmt: skip


BUILD = {"linear": build_linear, "mlp": build_mlp, "cnn": build_cnn}


def measure(**parts):
    """Return the mean cross-entropy (nats, without the penalty) and the error rate of each part: (logits, labels)."""
    row = {}
    for part, (logits, labels) in parts.items():
        log_p = log_softmax(np.float64(logits), axis=1)
        row[f"{part}_loss"] = float(-log_p[np.arange(len(labels)), labels].mean())
        row[f"{part}_error"] = float((log_p.argmax(axis=1) != labels).mean())
    return row


def choose_images(labels, run):
    """Choose a run's images: classes balanced, and each set a part of the next larger one of the same seed."""
    random = np.random.default_rng([run.seed, 0])
    shuffled = random.permutation(len(labels))
    rank = np.empty(len(labels), int)  # 0, 1, 2, …: the place of each image within its class
    for label in np.unique(labels):
        rank[shuffled[labels[shuffled] == label]] = np.arange(np.sum(labels == label))
    return shuffled[np.argsort(rank[shuffled], kind="stable")][: run.n]


def batches(run):
    """List the images of every batch, shape (steps, batch): one random order of all images after the other."""
    random = np.random.default_rng([run.seed, 1])
    passes = -(-run.steps * run.batch // run.n)
    stream = np.concatenate([random.permutation(run.n) for _ in range(passes)])
    return stream[: run.steps * run.batch].reshape(run.steps, run.batch)


def rate_of(run):
    """The learning rate: constant, but a tenth of it for the last tenth of the steps, which takes their noise out."""
    return keras.optimizers.schedules.PiecewiseConstantDecay([run.steps * 9 // 10], [run.rate, run.rate / 10])


def train(run, images):
    """Train one run with `fit`; return what it measures at the end, its history, and its test logits if it may look."""
    chosen = choose_images(images.y_train, run)
    x, y = images.x_train[chosen], images.y_train[chosen]
    model = BUILD[run.model](run, x.shape[1:], int(images.y_train.max()) + 1)
    model.compile(keras.optimizers.Adam(rate_of(run)), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    logits = partial(model.predict, batch_size=500, verbose=0)
    history, step = [], 0
    for part in np.array_split(batches(run), run.moments):
        model.fit(((x[batch], y[batch]) for batch in part), steps_per_epoch=len(part), shuffle=False, verbose=0)
        step += len(part)
        validation = logits(images.x_validation), images.y_validation
        history.append({"passes": step * run.batch / run.n, **measure(train=(logits(x), y), validation=validation)})
    result = {**history[-1], "history": history}
    if run.test:
        test = logits(images.x_test)
        result |= {**measure(test=(test, images.y_test)), "test_logits": test}
    return result
