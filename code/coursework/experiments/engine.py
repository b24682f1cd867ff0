"""Trains a run as one TensorFlow graph: the same mathematics as Keras' `fit`, without its cost for every batch.

Python enters once a run instead of once a batch: the graph gathers each batch from the training set by its indices,
takes the gradients, adds those of the penalty, and updates every variable by TensorFlow's fused Adam kernel. The
compiled graph serves all runs of one architecture, since λ, the learning rate and the data are its inputs. What a run
finds depends on the run alone: all variables, moments and dropout's generators are set anew before it, and each process
of a sweep computes with one thread, so that sums are always taken in the same order.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from coursework.experiments.arithmetic import precision
from coursework.experiments.models import build, cross_entropy
from coursework.experiments.protocol import batches, evaluation_steps, subset, summarise

tf.get_logger().setLevel("ERROR")  # it takes one graph for each architecture for a mistake

FASTEST, FLOAT32 = "mixed_bfloat16", "float32"
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
"""Adam's constants, as Keras has them."""

CHUNK = 500
"""Examples measured at once; the last chunk is what remains."""


def one_thread():
    """Let TensorFlow compute with one thread in this process; to be called before its first operation.

    Raises
    ------
    RuntimeError
        If TensorFlow has computed already.
    """
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


class GraphModel:
    """A Keras model whose training is one graph.

    Parameters
    ----------
    run
        Any run of the architecture; its λ, learning rate, seed and number of steps are not built in.
    shape, classes
        Of the data.
    policy
        ``"float32"`` or ``"mixed_bfloat16"``.
    """

    def __init__(self, run, shape, classes, policy):
        self.model = build(run, shape, classes, precision=policy)
        self.trainable = [variable.value for variable in self.model.trainable_variables]
        self.first_moments = [tf.Variable(tf.zeros_like(variable)) for variable in self.trainable]
        self.second_moments = [tf.Variable(tf.zeros_like(variable)) for variable in self.trainable]
        self.policy = policy
        images, labels = tf.TensorSpec((None, *shape), tf.float32), tf.TensorSpec((None,), tf.int32)
        indices, order = tf.TensorSpec((None,), tf.int32), tf.TensorSpec((None, run.batch_size), tf.int32)
        count, number = tf.TensorSpec((), tf.int32), tf.TensorSpec((), tf.float32)
        self.train = tf.function(self._train, [images, labels, order, count, count, number, number])
        self.logits = tf.function(self._logits, [images, indices])

    def reset(self, run, shape, classes):
        """Set every variable as a newly built model of this run has it, dropout's generators included."""
        for variable, new in zip(
            self.model.variables, build(run, shape, classes, precision=self.policy).variables, strict=True
        ):
            variable.assign(new)
        for moment in (*self.first_moments, *self.second_moments):
            moment.assign(tf.zeros_like(moment))

    def _train(self, x, y, order, start, steps, learning_rate, l2):
        """Take one step for each row of `order`, the indices of a batch's examples in `x` and `y`.

        Parameters
        ----------
        x, y
            All training images and labels.
        order
            Shape (steps here, batch size).
        start, steps
            How many steps were taken before, and how many the whole run takes; the learning rate falls along
            ½ (1 + cos(π step/steps)).
        learning_rate, l2
            Scalars.
        """
        for row in tf.range(tf.shape(order)[0]):
            taken = tf.cast(start + row, tf.float32)
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(self.trainable)
                logits = self.model(tf.gather(x, order[row]), training=True)
                loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(tf.gather(y, order[row]), logits))
            rate = learning_rate * 0.5 * (1 + tf.cos(np.pi * taken / tf.cast(steps, tf.float32)))
            decay_1, decay_2 = tf.pow(BETA_1, taken + 1), tf.pow(BETA_2, taken + 1)
            for variable, gradient, m, v in zip(
                self.trainable,
                tape.gradient(loss, self.trainable),
                self.first_moments,
                self.second_moments,
                strict=True,
            ):
                if len(variable.shape) > 1:  # a kernel: the gradient of λ‖W‖²
                    gradient += 2 * l2 * variable
                tf.raw_ops.ResourceApplyAdam(
                    var=variable.handle,
                    m=m.handle,
                    v=v.handle,
                    beta1_power=decay_1,
                    beta2_power=decay_2,
                    lr=rate,
                    beta1=BETA_1,
                    beta2=BETA_2,
                    epsilon=EPSILON,
                    grad=gradient,
                )

    def _logits(self, x, rows):
        """Compute the logits of the images `x[rows]`, every one of them, float32 of shape (len(rows), classes)."""
        count = tf.shape(rows)[0]
        chunks = (count + CHUNK - 1) // CHUNK
        found = tf.TensorArray(tf.float32, size=chunks, infer_shape=False)
        for chunk in tf.range(chunks):
            some = rows[chunk * CHUNK : tf.minimum((chunk + 1) * CHUNK, count)]
            found = found.write(chunk, self.model(tf.gather(x, some), training=False))
        return found.concat()


class Engine:
    """Runs trainings on one data set in one process.

    Parameters
    ----------
    data
        The `Dataset`.
    """

    def __init__(self, data):
        self.data = data
        self.sets = {
            "train": (tf.constant(data.x_train), data.y_train),
            "validation": (tf.constant(data.x_validation), data.y_validation),
        }
        self.y_train = tf.constant(data.y_train)
        self.compiled = {}

    def train(self, run, weights=None):
        """Train and measure one run.

        Parameters
        ----------
        run
            The run.
        weights
            The kept weights of the same run without `test`: then the training is not repeated.

        Returns
        -------
        result : Result
        weights : list of ndarray
            The model's weights at the end.
        """
        policy = FASTEST if precision(run) == "bfloat16" else FLOAT32
        graph = self._graph(run, policy)
        rows = subset(self.data.y_train, run.examples, run.seed).astype(np.int32)
        history = []
        if weights is not None:
            graph.model.set_weights(weights)
            history.append(self._measure(graph, run.steps, rows))
        else:
            graph.reset(run, self.data.shape, self.data.classes)
            order, start = rows[batches(run)], 0
            for step in evaluation_steps(run):
                graph.train(
                    self.sets["train"][0],
                    self.y_train,
                    tf.constant(order[start:step]),
                    tf.constant(start),
                    tf.constant(run.steps),
                    tf.constant(run.learning_rate, tf.float32),
                    tf.constant(run.l2, tf.float32),
                )
                history.append(self._measure(graph, step, rows))
                start = step
        test = None
        if run.test:
            every = tf.range(len(self.data.y_test))
            test = cross_entropy(graph.logits(tf.constant(self.data.x_test), every).numpy(), self.data.y_test)
        return summarise(run, {"history": history, "test": test}, precision(run)), graph.model.get_weights()

    def _graph(self, run, policy):
        key = (run.model, run.width, run.dropout, run.batch_size, policy)
        if key not in self.compiled:
            self.compiled[key] = GraphModel(run, self.data.shape, self.data.classes, policy)
        return self.compiled[key]

    def _measure(self, graph, step, rows):
        train = self._cross_entropy(graph, "train", rows)
        validation = self._cross_entropy(graph, "validation", np.arange(len(self.data.y_validation), dtype=np.int32))
        return step, train, validation

    def _cross_entropy(self, graph, part, rows):
        x, y = self.sets[part]
        return cross_entropy(graph.logits(x, tf.constant(rows)).numpy(), y[rows])
