"""How gradients fade in recurrent nets, measured: as they are initialised, and after training on a task with long lags.

Everything follows from explicit seeds: weights come from Keras' own initialisers with a seed each, data from NumPy
generators with a seed each, and training takes the batches in order. So the same call gives the same bits.

The measure is the largest singular value of the Jacobian of a state by an earlier state: the largest factor by which
any gradient can be scaled on its way back. For an LSTM it is taken of ∂c_t/∂c_0, through the cell and the gates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from coursework.answers import recurrent
from coursework.answers.formatting import decimal, significant


@dataclass(frozen=True)
class Net:
    """A recurrent layer: Keras' name for it, its units, and the forget gate's bias at the start (LSTM only)."""

    layer: str
    units: int
    forget_bias: float = 0.0

    @property
    def name(self) -> str:
        """What figures and tables call it."""
        return "SimpleRNN" if self.layer == "SimpleRNN" else f"LSTM, forget bias {self.forget_bias:g}"


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    seeds: int = 3  # independent initialisations of each net
    lags: int = 100  # steps over which a gradient is followed
    sequences: int = 4  # of inputs for each seed
    units: int = 32  # of the nets as initialised
    inputs: int = 8
    steps: int = 40  # the length of the training sequences
    examples: int = 2048
    batch: int = 64
    epochs: int = 6


PLANS = {"full": Plan(), "tiny": Plan(seeds=2, sequences=1, units=4, inputs=2, steps=8, examples=256, epochs=2)}

FORGET_BIASES = (recurrent.DEFAULT_FORGET_BIAS, 5.0)
PLAIN_RNN, DEFAULT_LSTM, BIASED_LSTM = "SimpleRNN", *(f"LSTM, forget bias {bias:g}" for bias in FORGET_BIASES)
#: They have the same number of parameters for this task, 51 with the readout.
TRAINED = (Net("SimpleRNN", 5), Net("LSTM", 2, recurrent.DEFAULT_FORGET_BIAS))
#: What a seed's generators are for, so that none repeats another.
NORMAL, TRAINING, TEST, KEEPING = range(4)
STORE_RATE, RECALL_RATE = 0.05, 0.25  # how often the task asks to store or to recall
LEARNING_RATES, LARGEST_GRADIENT = (0.01, 0.03, 0.1), 1.0


def compute(profile: str) -> dict[str, Any]:
    """Measure gradients at initialisation and after training; the profile ``"tiny"`` trains truly too, for seconds.

    Returns
    -------
    dict
        JSON-able. ``plan``: the `Plan`. ``initial``: for each net ``total`` (seeds, lags). ``trained``: for each net
        ``units``, ``parameters``, the ``errors`` (seeds,) on new sequences by learning rate, the ``rate`` with the
        lowest mean error, and with it what was measured ``before`` and ``after`` training (mappings with ``total``, and
        for the LSTM ``forget``, the mean forget gate of the unit that keeps most), and ``trace``, the gates of one
        trained LSTM over one sequence. ``baseline``: the mean squared error of always answering 0.
    """
    plan = PLANS[profile]
    return {
        "plan": vars(plan),
        "initial": _initial(plan),
        "trained": {net.name: _trained(net, plan) for net in TRAINED},
        "baseline": float(np.mean(task(plan.examples, plan.steps, _generator(0, TEST))[1] ** 2)),
    }


def _generator(*seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


# --- gradients -------------------------------------------------------------------------------------------------------


def _initial_weights(net: Net, inputs: int, seed: int) -> list[np.ndarray]:
    """Draw a layer's weights as Keras does by default, with the net's own bias for the forget gate."""
    import keras

    width = net.units * (1 if net.layer == "SimpleRNN" else 4)
    kernel = keras.initializers.GlorotUniform(seed=3 * seed)((inputs, width))
    recurrent_kernel = keras.initializers.Orthogonal(seed=3 * seed + 1)((net.units, width))
    bias = np.zeros(width)
    if net.layer == "LSTM":
        bias[net.units : 2 * net.units] = net.forget_bias
    return [np.asarray(kernel), np.asarray(recurrent_kernel), bias]


def _largest(jacobians: np.ndarray) -> np.ndarray:
    """Return the largest singular value of each matrix."""
    return np.linalg.norm(jacobians, 2, axis=(-2, -1))


def _gradients(net: Net, weights: list[np.ndarray], sequence: np.ndarray, settle: int = 0) -> dict[str, Any]:
    """Follow the gradient back to the state after `settle` steps of one sequence (T, d).

    ``total`` is (T − settle,); for an LSTM there is also ``forget``: each unit's mean forget gate (n,).
    """
    zeros = np.zeros(net.units)
    if net.layer == "SimpleRNN":
        cell = recurrent.RNNWeights.from_keras(*weights)
        states = recurrent.simple_rnn(cell, sequence, zeros)[settle:]
        return {"total": _largest(recurrent.simple_rnn_jacobians(cell, states))}
    cell, start, n = recurrent.LSTMWeights.from_keras(*weights), (zeros, zeros), net.units
    if settle:
        first = recurrent.lstm(cell, sequence[:settle], *start)
        start = first.h[-1], first.c[-1]
    states = recurrent.lstm(cell, sequence[settle:], *start)
    return {
        "total": _largest(recurrent.lstm_jacobians(cell, states)[:, n:, n:]),
        "forget": states.f.mean(axis=0),
    }


def _summary(net: Net, weights: list[np.ndarray], sequences: np.ndarray, settle: int = 0) -> dict[str, Any]:
    """Average the gradients over sequences: geometric means of the factors, the mean forget gate of the best unit.

    A factor that has become 0 counts as the smallest float.
    """
    each = [_gradients(net, weights, sequence, settle) for sequence in sequences]
    factors = np.maximum([one["total"] for one in each], np.finfo(float).tiny)
    summary = {"total": np.exp(np.mean(np.log(factors), axis=0)).tolist()}
    if "forget" in each[0]:
        summary["forget"] = float(np.mean([one["forget"] for one in each], axis=0).max())
    return summary


def _stack(summaries: list[dict[str, Any]]) -> dict[str, list]:
    """Turn one mapping a seed into one list a key."""
    return {key: [summary[key] for summary in summaries] for key in summaries[0]}


def _initial(plan: Plan) -> dict[str, Any]:
    """Measure the nets as initialised, on normal inputs, from state zero."""
    nets = [Net("SimpleRNN", plan.units), *(Net("LSTM", plan.units, bias) for bias in FORGET_BIASES)]
    size = plan.sequences, plan.lags, plan.inputs

    def measured(net: Net, seed: int) -> dict[str, Any]:
        return _summary(net, _initial_weights(net, plan.inputs, seed), _generator(seed, NORMAL).normal(size=size))

    return {net.name: _stack([measured(net, seed) for seed in range(plan.seeds)]) for net in nets}


# --- a task with long lags -------------------------------------------------------------------------------------------


def task(
    examples: int, steps: int, generator: np.random.Generator, store_rate: float = STORE_RATE
) -> tuple[np.ndarray, np.ndarray]:
    """Draw sequences of "store, keep, recall": inputs (examples, steps, 3) and answers (examples, steps, 1), float32.

    Each step shows a number between −1 and 1, a flag "store this one" and a flag "recall". The answer is the number
    stored last if recall is asked for, else 0. The first number is always stored, a later one at the rate `store_rate`.
    """
    numbers = generator.uniform(-1, 1, (examples, steps))
    store = generator.random((examples, steps)) < store_rate
    store[:, 0] = True
    recall = generator.random((examples, steps)) < RECALL_RATE
    latest = np.maximum.accumulate(np.where(store, np.arange(steps), 0), axis=1)
    answers = np.take_along_axis(numbers, latest, axis=1) * recall
    inputs = np.stack([numbers, store, recall], axis=-1)
    return inputs.astype(np.float32), answers[..., None].astype(np.float32)


FEATURES = 3  # of a step of the task


def _train(net: Net, plan: Plan) -> dict[float, list[list[np.ndarray]]]:
    """Train a net on the task with each learning rate from every seed; return all final weights, by rate and seed.

    One compiled model serves all: weights, optimiser and rate are set back, since compiling costs as much as training.
    """
    import keras

    inputs = keras.Input((plan.steps, FEATURES))
    states = getattr(keras.layers, net.layer)(net.units, return_sequences=True, unroll=True)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(states))
    optimiser = keras.optimizers.Adam(clipnorm=LARGEST_GRADIENT)
    model.compile(optimiser, "mse", steps_per_execution=plan.examples // plan.batch, jit_compile=False)
    optimiser.build(model.trainable_variables)
    untouched = [variable.numpy() for variable in optimiser.variables]

    def fit(rate: float, seed: int) -> list[np.ndarray]:
        readout = np.asarray(keras.initializers.GlorotUniform(seed=3 * seed + 2)((net.units, 1)))
        model.set_weights([*_initial_weights(net, FEATURES, seed), readout, np.zeros(1)])
        for variable, value in zip(optimiser.variables, untouched, strict=True):
            variable.assign(value)
        optimiser.learning_rate.assign(rate)
        x, y = task(plan.examples, plan.steps, _generator(seed, TRAINING))
        model.fit(x, y, batch_size=plan.batch, epochs=plan.epochs, shuffle=False, verbose=0)
        return model.get_weights()

    return {rate: [fit(rate, seed) for seed in range(plan.seeds)] for rate in LEARNING_RATES}


def _error(net: Net, weights: list[np.ndarray], plan: Plan, seed: int) -> float:
    """Return the mean squared error on new sequences of the task."""
    import keras

    inputs, answers = task(plan.examples, plan.steps, _generator(seed, TEST))
    *cell, readout, bias = weights
    layer = getattr(keras.layers, net.layer)(net.units, return_sequences=True)
    layer.build(inputs.shape)
    layer.set_weights(cell)
    return float(np.mean((np.asarray(layer(inputs)) @ readout + bias - answers) ** 2))


def _trained(net: Net, plan: Plan) -> dict[str, Any]:
    """Train a net, and measure it before and after training with the learning rate that served it best."""
    weights = _train(net, plan)
    errors = {rate: [_error(net, w, plan, seed) for seed, w in enumerate(each)] for rate, each in weights.items()}
    rate = min(errors, key=lambda each: np.mean(errors[each]))
    before, after = [], []
    for seed, final in enumerate(weights[rate]):
        # one number is stored and then only kept, so that what is measured is keeping, not overwriting
        kept, _ = task(plan.sequences, plan.lags + 1, _generator(seed, KEEPING), store_rate=0)
        before.append(_summary(net, _initial_weights(net, FEATURES, seed), kept, settle=1))
        after.append(_summary(net, final[:-2], kept, settle=1))
    sequences, _ = task(plan.examples, plan.steps, _generator(0, TEST))
    return {
        "units": net.units,
        "parameters": sum(array.size for array in weights[rate][0]),
        "errors": {f"{each:g}": found for each, found in errors.items()},
        "rate": f"{rate:g}",
        "before": _stack(before),
        "after": _stack(after),
        "trace": _trace(net, weights[rate][0][:-2], sequences) if net.layer == "LSTM" else None,
    }


def _trace(net: Net, weights: list[np.ndarray], sequences: np.ndarray) -> dict[str, Any]:
    """Return the gates and the cell state of the unit that keeps most, over one sequence that shows them well."""
    inputs = max(sequences, key=_shows)
    zeros = np.zeros(net.units)
    states = recurrent.lstm(recurrent.LSTMWeights.from_keras(*weights), inputs, zeros, zeros)
    unit = int(states.f.mean(axis=0).argmax())
    gates = {name: getattr(states, name)[:, unit].tolist() for name in ("f", "i", "o", "c")}
    number, store, recall = np.asarray(inputs, float).T
    return {**gates, "number": number.tolist(), "store": store.tolist(), "recall": recall.tolist()}


def _shows(inputs: np.ndarray) -> tuple[int, float]:
    """Rank a sequence (T, 3) as an illustration: three numbers stored, far apart in time and in value."""
    at = np.flatnonzero(inputs[:, 1])
    numbers = inputs[at, 0]
    apart = np.diff(at) * abs(np.diff(numbers))
    return -abs(len(at) - 3), float(apart.min(initial=np.inf))


# --- what the prose says of it ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Results:
    """Numbers taken from the measurements, by net."""

    left: dict[str, float]  # of a gradient after all lags, as initialised: the geometric mean over seeds
    kept: dict[str, float]  # the same of each trained net, after as many steps as it was trained on
    error: dict[str, float]  # of each trained net, the mean squared error on new sequences
    baseline: float  # the error of always answering 0
    forget_before: float  # the forget gate, on average, of the unit that keeps most: the largest over seeds
    forget_after: float  # ... and the smallest

    @classmethod
    def of(cls, measurements: dict[str, Any]) -> Results:
        """Take them from what `compute` returned."""
        plan, trained = measurements["plan"], measurements["trained"]
        lag = min(plan["steps"], plan["lags"]) - 1
        return cls(
            left={name: _left(each["total"], plan["lags"]) for name, each in measurements["initial"].items()},
            kept={name: _left(each["after"]["total"], lag) for name, each in trained.items()},
            error={name: float(np.mean(each["errors"][each["rate"]])) for name, each in trained.items()},
            baseline=measurements["baseline"],
            forget_before=max(trained[DEFAULT_LSTM]["before"]["forget"]),
            forget_after=min(trained[DEFAULT_LSTM]["after"]["forget"]),
        )


def _left(factors: Any, lag: int) -> float:
    """Return what is left of a gradient after `lag` steps: the geometric mean over seeds of the largest factor."""
    return float(np.exp(np.log(np.array(factors)[:, lag - 1]).mean()))


def variables(measurements: dict[str, Any]) -> dict[str, str]:
    """Return what the prose prints of the measurements, as text without TeX."""
    plan, trained, results = measurements["plan"], measurements["trained"], Results.of(measurements)
    counts = ("seeds", "units", "inputs", "steps", "epochs", "lags")
    printed = {
        "left_rnn": results.left[PLAIN_RNN], "left_default": results.left[DEFAULT_LSTM],
        "left_biased": results.left[BIASED_LSTM], "error_rnn": results.error[PLAIN_RNN],
        "error_lstm": results.error[DEFAULT_LSTM], "baseline": results.baseline,
    }  # fmt: skip
    *first, last = (f"{rate:g}" for rate in LEARNING_RATES)
    return {
        **{name: str(plan[name]) for name in counts},
        "default_bias": f"{FORGET_BIASES[0]:g}",
        "large_bias": f"{FORGET_BIASES[1]:g}",
        "rates": f"{', '.join(first)} and {last}",
        "parameters": str(trained[DEFAULT_LSTM]["parameters"]),
        "units_rnn": str(trained[PLAIN_RNN]["units"]),
        "units_lstm": str(trained[DEFAULT_LSTM]["units"]),
        **{name: significant(value) for name, value in printed.items()},
        "forget_before": decimal(results.forget_before, 2),
        "forget_after": decimal(results.forget_after, 3),
    }
