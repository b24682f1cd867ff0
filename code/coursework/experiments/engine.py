"""Trains a run as one TensorFlow graph: the same mathematics as Keras' `fit`, without its cost for every batch.

Python enters once a run instead of once a batch: the graph gathers each batch from the training set by its indices,
takes the gradients, adds those of the penalty, and updates every variable by TensorFlow's fused Adam kernel. The
compiled graph serves all runs of one architecture, since λ, the learning rate and the data are its inputs. What a run
finds depends on the run alone: all variables, moments and dropout's generators are set anew before it, and each process
of a sweep computes with one thread, so that sums are always taken in the same order.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from coursework.experiments.arithmetic import precision
from coursework.experiments.images import Images
from coursework.experiments.models import BUILD, batches, choose_images, measure

if TYPE_CHECKING:  # what is trained costs no training again
    from coursework.experiments.protocol import Run

tf.get_logger().setLevel("ERROR")  # it takes one graph for each architecture for a mistake

POLICIES = {"bfloat16": "mixed_bfloat16", "float32": "float32"}
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
"""Adam's constants, as Keras has them."""

CHUNK = 500
"""Examples measured at once; the last chunk is what remains."""


def one_thread() -> None:
    """Let TensorFlow compute with one thread in this process; `RuntimeError` if it has computed already."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def pooled_convolution(x: tf.Tensor, layer: keras.layers.Conv2D) -> tf.Tensor:
    """Convolve images (count, height, width, channels), and take the largest of each 2 × 2 values, in one convolution.

    `layer` has no padding, stride or activation; the result is what `MaxPooling2D(2)` makes of its output. The four
    windows whose values are pooled lie in one window that is a pixel wider. Four shifted copies of the kernel compute
    them there as four groups of channels, so that neither the convolution's output nor the gradient of the pooling,
    TensorFlow's slowest operations with one input channel, is ever made.
    """
    kernel, x = tf.cast(layer.kernel, layer.compute_dtype), tf.cast(x, layer.compute_dtype)
    shifted = [tf.pad(kernel, [[i, 1 - i], [j, 1 - j], [0, 0], [0, 0]]) for i in (0, 1) for j in (0, 1)]
    values = tf.nn.conv2d(x, tf.concat(shifted, -1), 2, "VALID")
    groups = tf.reshape(values, (-1, *values.shape[1:3], 4, layer.filters))
    return tf.reduce_max(groups, 3) + tf.cast(layer.bias, layer.compute_dtype)


class GraphModel:
    """A Keras model whose training is one graph, for data of this shape.

    It serves any run of the architecture: λ, learning rate, seed and number of steps are not built in.
    """

    def __init__(self, run: Run, shape: tuple[int, ...], classes: int):
        self.shape, self.classes = shape, classes
        self.model = self._built(run)
        first, second, *rest = self.model.layers
        pooled = isinstance(first, keras.layers.Conv2D) and isinstance(second, keras.layers.MaxPooling2D)
        fast = pooled and precision(run) == "float32"  # with bfloat16 the two layers as they are take less time
        self.pooled, self.rest = (first, keras.Sequential(rest)) if fast else (None, self.model)
        self.trainable = [variable.value for variable in self.model.trainable_variables]
        self.first_moments = [tf.Variable(tf.zeros_like(variable)) for variable in self.trainable]
        self.second_moments = [tf.Variable(tf.zeros_like(variable)) for variable in self.trainable]
        images, labels = tf.TensorSpec((None, *shape), tf.float32), tf.TensorSpec((None,), tf.int32)
        indices, order = tf.TensorSpec((None,), tf.int32), tf.TensorSpec((None, run.batch), tf.int32)
        count, number = tf.TensorSpec((), tf.int32), tf.TensorSpec((), tf.float32)
        self.train = tf.function(self._train, [images, labels, order, count, count, number, number])
        self.logits = tf.function(self._logits, [images, indices])

    def _built(self, run: Run) -> keras.Model:
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(POLICIES[precision(run)])
        try:
            return BUILD[run.model](run, self.shape, self.classes)
        finally:
            keras.config.set_dtype_policy(before)

    def reset(self, run: Run) -> None:
        """Set every variable as a newly built model of this run has it, dropout's generators included."""
        for variable, new in zip(self.model.variables, self._built(run).variables, strict=True):
            variable.assign(new)
        for moment in (*self.first_moments, *self.second_moments):
            moment.assign(tf.zeros_like(moment))

    def _train(self, x, y, order, start, late, rate, l2):
        """Take one step for each row of `order` (steps here, batch size), the indices of its examples in `x` and `y`.

        There were `start` steps before; after the step `late` the learning rate is a tenth (see `models.rate_of`).
        """
        for row in tf.range(tf.shape(order)[0]):
            taken = tf.cast(start + row + 1, tf.float32)
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(self.trainable)
                logits = self._forward(tf.gather(x, order[row]), training=True)
                loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(tf.gather(y, order[row]), logits))
            now = tf.where(start + row <= late, rate, rate / 10)
            decay_1, decay_2 = tf.pow(BETA_1, taken), tf.pow(BETA_2, taken)
            gradients = tape.gradient(loss, self.trainable)
            for variable, gradient, m, v in zip(
                self.trainable, gradients, self.first_moments, self.second_moments, strict=True
            ):
                if len(variable.shape) > 1:  # a kernel: the gradient of λ‖W‖²
                    gradient += 2 * l2 * variable
                tf.raw_ops.ResourceApplyAdam(
                    var=variable.handle, m=m.handle, v=v.handle, grad=gradient, lr=now,
                    beta1_power=decay_1, beta2_power=decay_2, beta1=BETA_1, beta2=BETA_2, epsilon=EPSILON,
                )  # fmt: skip

    def _forward(self, x, training):
        return self.rest(pooled_convolution(x, self.pooled) if self.pooled else x, training=training)

    def _logits(self, x, rows):
        """Compute the logits of the images `x[rows]`, every one of them, float32 of shape (len(rows), classes)."""
        count = tf.shape(rows)[0]
        chunks = -(-count // CHUNK)
        found = tf.TensorArray(tf.float32, size=chunks, infer_shape=False)
        for chunk in tf.range(chunks):
            some = rows[chunk * CHUNK : tf.minimum((chunk + 1) * CHUNK, count)]
            found = found.write(chunk, self._forward(tf.gather(x, some), training=False))
        return found.concat()


class Engine:
    """Runs trainings on one set of images in one process."""

    def __init__(self, images: Images):
        self.images = images
        self.shape, self.classes = images.x_train.shape[1:], int(images.y_train.max()) + 1
        self.x_train, self.y_train = tf.constant(images.x_train), tf.constant(images.y_train)
        self.x_validation = tf.constant(images.x_validation)
        self.compiled: dict[tuple, GraphModel] = {}

    def train(self, run: Run, weights: Sequence[np.ndarray] | None = None) -> tuple[dict[str, Any], list[np.ndarray]]:
        """Train and measure one run: return what `models.train` returns, and the model's weights at the end.

        With the kept `weights` of the same run without `test` the training is not repeated.
        """
        graph = self.graph(run)
        chosen = choose_images(self.images.y_train, run).astype(np.int32)
        history = []
        if weights is not None:
            graph.model.set_weights(weights)
            history.append(self._measured(graph, run, run.steps, chosen))
        else:
            graph.reset(run)
            step = 0
            late = tf.constant(run.steps * 9 // 10)
            rate, l2 = tf.constant(run.rate, tf.float32), tf.constant(run.l2, tf.float32)
            for part in np.array_split(chosen[batches(run)], run.moments):
                graph.train(self.x_train, self.y_train, tf.constant(part), tf.constant(step), late, rate, l2)
                step += len(part)
                history.append(self._measured(graph, run, step, chosen))
        result = {**history[-1], "history": history}
        if run.test:
            logits = graph.logits(tf.constant(self.images.x_test), tf.range(len(self.images.y_test))).numpy()
            result |= {**measure(test=(logits, self.images.y_test)), "test_logits": logits}
        return result, graph.model.get_weights()

    def graph(self, run: Run) -> GraphModel:
        """Return the compiled graph of a run's architecture."""
        key = (run.model, run.width, run.dropout, run.batch, precision(run))
        if key not in self.compiled:
            self.compiled[key] = GraphModel(run, self.shape, self.classes)
        return self.compiled[key]

    def _measured(self, graph: GraphModel, run: Run, step: int, chosen: np.ndarray) -> dict[str, float]:
        y = self.images.y_validation
        train = graph.logits(self.x_train, tf.constant(chosen)).numpy(), self.images.y_train[chosen]
        validation = graph.logits(self.x_validation, tf.range(len(y))).numpy(), y
        return {"passes": step * run.batch / run.n, **measure(train=train, validation=validation)}
