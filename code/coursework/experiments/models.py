"""The three models, and how one of them is trained with Keras' own `fit`.

Each model maps images of shape (n, height, width, channels) to logits of shape (n, classes). All kernels start from
He's normal distribution (He et al., 2015) and carry the L2 penalty λ Σ‖W‖², the output layer's included; biases start
at zero and carry none.
"""

import keras
import numpy as np

INITIALISATION, DROPOUT = 1, 3  # the numbers of these two generators under a seed


def build_softmax(shape, classes, *, l2=0.0, seed=0, precision="float32"):
    """Build softmax regression: one linear map of the pixels, the reference for both networks.

    Parameters
    ----------
    shape
        Height, width and channels of an image.
    classes
        How many classes there are.
    l2
        λ of the penalty.
    seed
        Chooses the initial weights.
    precision
        ``"float32"``, or ``"mixed_bfloat16"`` to multiply in bfloat16; the logits are always computed in float32.

    Returns
    -------
    keras.Model
        Built, not compiled.
    """
    image = keras.Input(shape)
    first, *_ = _seeds(seed, INITIALISATION)
    logits = _dense(classes, l2, first, "float32", "logits")(keras.layers.Flatten()(image))
    return keras.Model(image, logits, name="softmax")


def build_mlp(shape, classes, *, width=256, l2=0.0, dropout=0.0, seed=0, precision="float32"):
    """Build the first model: two hidden layers of `width` rectified linear units, each followed by dropout.

    The parameters are those of `build_softmax`, and

    Parameters
    ----------
    width
        Units of each hidden layer.
    dropout
        The probability with which a hidden unit is dropped in training; `seed` chooses the masks too.
    """
    image = keras.Input(shape)
    weights, masks = _seeds(seed, INITIALISATION), _seeds(seed, DROPOUT)
    hidden = keras.layers.Flatten(dtype=precision)(image)
    for layer in (0, 1):
        hidden = _dense(width, l2, weights[layer], precision, f"hidden_{layer + 1}", activation="relu")(hidden)
        hidden = _dropout(dropout, masks[layer], precision)(hidden)
    logits = _dense(classes, l2, weights[2], "float32", "logits")(hidden)
    return keras.Model(image, logits, name="mlp")


def build_cnn(shape, classes, *, width=128, l2=0.0, dropout=0.0, seed=0, precision="float32"):
    """Build the second model: two convolutions with pooling, then one hidden layer of `width` units with dropout.

    The rectifier follows the pooling: both orders are the same function, since max(0, ·) is monotonic, and this one
    rectifies a quarter of the values. Dropout acts on the hidden dense layer alone: it holds almost all of the
    weights, while neighbouring values of a convolution's output are so alike that dropping single ones removes little.

    The parameters are those of `build_mlp`.
    """
    image = keras.Input(shape)
    weights, masks = _seeds(seed, INITIALISATION), _seeds(seed, DROPOUT)
    hidden = image
    for layer, channels in enumerate((16, 32)):
        hidden = keras.layers.Conv2D(
            channels,
            3,
            padding="same",
            kernel_initializer=keras.initializers.HeNormal(weights[layer]),
            kernel_regularizer=_penalty(l2),
            dtype=precision,
            name=f"convolution_{layer + 1}",
        )(hidden)
        hidden = keras.layers.MaxPooling2D(2, dtype=precision)(hidden)
        hidden = keras.layers.ReLU(dtype=precision)(hidden)
    hidden = keras.layers.Flatten(dtype=precision)(hidden)
    hidden = _dense(width, l2, weights[2], precision, "hidden", activation="relu")(hidden)
    hidden = _dropout(dropout, masks[0], precision)(hidden)
    logits = _dense(classes, l2, weights[3], "float32", "logits")(hidden)
    return keras.Model(image, logits, name="cnn")


def build(run, shape, classes, *, precision="float32"):
    """Build the model that a run of the protocol asks for."""
    common = {"l2": run.l2, "seed": run.seed, "precision": precision}
    if run.model == "softmax":
        return build_softmax(shape, classes, **common)
    builder = {"mlp": build_mlp, "cnn": build_cnn}[run.model]
    return builder(shape, classes, width=run.width, dropout=run.dropout, **common)


def fit(run, data, rows, batches, moments):
    """Train and measure one run with Keras' own `compile`, `fit` and `predict`, in float32.

    Parameters
    ----------
    run
        The run of the protocol.
    data
        The `Dataset`.
    rows
        The training examples of the run, as indices of shape (examples,).
    batches
        The examples of every batch, as positions in `rows`, of shape (steps, batch_size).
    moments
        The steps after which loss and error are measured; the last one is the end.

    Returns
    -------
    dict
        The measurements under the names of `Result`: losses without penalty, dropout switched off.
    """
    model = build(run, data.shape, data.classes)
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(run.learning_rate, run.steps)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )

    def predict(images):
        return model.predict(images, batch_size=500, verbose=0)

    def feed(some):
        for index in some:
            yield data.x_train[rows[index]], data.y_train[rows[index]]

    history, start = [], 0
    for step in moments:
        model.fit(feed(batches[start:step]), steps_per_epoch=step - start, shuffle=False, verbose=0)
        start = step
        train = cross_entropy(predict(data.x_train[rows]), data.y_train[rows])
        validation = cross_entropy(predict(data.x_validation), data.y_validation)
        history.append((step, train, validation))
    test = cross_entropy(predict(data.x_test), data.y_test) if run.test else None
    return {"history": history, "test": test}


def cross_entropy(logits, labels):
    """Measure predictions example by example.

    Parameters
    ----------
    logits
        Of shape (n, classes).
    labels
        Of shape (n,).

    Returns
    -------
    losses, probabilities, wrong
        −log p(label) in nats, of shape (n,); softmax of the logits, of shape (n, classes); whether the most probable
        class is another than the label, of shape (n,). Where logits are not finite the loss is NaN.
    """
    logits = np.asarray(logits, np.float64)
    with np.errstate(all="ignore"):
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    losses = -log_probabilities[np.arange(len(labels)), labels]
    return losses, np.exp(log_probabilities), logits.argmax(axis=1) != labels


def _seeds(seed, purpose):
    """Draw one seed for each layer from the generator of one purpose."""
    return [int(value) for value in np.random.default_rng([seed, purpose]).integers(2**31, size=4)]


def _penalty(l2):
    return keras.regularizers.L2(l2) if l2 > 0 else None


def _dense(units, l2, seed, dtype, name, activation=None):
    return keras.layers.Dense(
        units,
        activation=activation,
        kernel_initializer=keras.initializers.HeNormal(seed),
        kernel_regularizer=_penalty(l2),
        dtype=dtype,
        name=name,
    )


def _dropout(rate, seed, dtype):
    return keras.layers.Dropout(rate, seed=seed, dtype=dtype)
