r"""The values with which the formulas that the report prints are evaluated (see `press.formulas.relations`).

Nothing here calls the code that answers the questions: the values come from exact fractions, mpmath, TensorFlow's
automatic differentiation, and Keras' own optimisers, layers and regularisers. Each name is written as the report writes
it in TeX. The numbers that a question leaves open are chosen so that no two of them happen to be equal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from coursework.answers.evidence import WORKING_DIGITS, difference_quotients, odds, total_input
from coursework.answers.neuron import Neuron

Sample = dict[str, Any]
"""Values by name: floats, texts that `mpmath.mpf` reads exactly, or lists of these for vectors."""


def compute(settings: Any) -> dict[str, Any]:
    """Compute the values of questions 1 to 5.

    Parameters
    ----------
    settings : coursework.settings.Settings

    Returns
    -------
    dict
        JSON-able: for each chapter, by the label of its heading: ``title``, ``readings`` and ``free`` names.
    """
    return {
        "sec-q1": neuron_values(Neuron.of(settings.question1)),
        "sec-q2": optimiser_values(),
        "sec-q3": activation_values(),
        "sec-q4": regularisation_values(settings.question4.l2),
        "sec-q5": recurrent_values(),
    }


def _reading(name: str, *samples: Sample, **more: Any) -> dict[str, Any]:
    return {"name": name, "samples": list(samples), **more}


def _text(value: Any) -> str:
    """Write a fraction or an mpf so that it is read back as it is, however small."""
    if isinstance(value, mpmath.mpf):
        sign, mantissa, exponent, _ = value._mpf_
        return f"{'-' if sign else ''}{int(mantissa)}p{exponent}"
    return str(Fraction(value))


# --- question 1 ------------------------------------------------------------------------------------------------------

# In lowest terms and with different primes, so that no two numbers or products of a neuron are equal.
INPUTS = Fraction(29, 31), Fraction(37, 41), Fraction(43, 47), Fraction(53, 59)
WEIGHTS = Fraction(3, 7), Fraction(-5, 11), Fraction(13, 17), Fraction(-19, 23)
TOTALS = Fraction(2, 3), Fraction(7, 4)


def neuron_values(neuron: Neuron) -> dict[str, Any]:
    """Return the values of question 1: the author's neuron with a ReLU and with a sigmoid, and others like it."""
    sign = (total_input(neuron) > 0) - (total_input(neuron) < 0)
    alike = [_with_total(neuron, sign * total) for total in (TOTALS if sign else (Fraction(0),))]
    others = [_with_total(neuron, total) for total in (*TOTALS, Fraction(0), *(-total for total in TOTALS))]
    given = ["b", *(f"{kind}_{i}" for kind in "xw" for i in range(1, len(neuron.inputs) + 1))]

    def reading(name: str, activation: str, **more: Any) -> dict[str, Any]:
        others_too = {"general": alike, "everywhere": others}
        samples = {key: [_neuron_sample(other, activation) for other in values] for key, values in others_too.items()}
        return _reading(name, _neuron_sample(neuron, activation), **samples, given=given, **more)

    active = [_neuron_sample(_with_total(neuron, total), "relu") for total in TOTALS]
    rule = [{name: sample[name] for name in (r"\partial y/\partial x_1", "w_1")} for sample in active]
    biased = [_with_total(replace(neuron, bias=Fraction(0)), sign * total) for sign in (1, -1) for total in TOTALS]
    readings = [
        reading("the neuron with a ReLU", "relu", without=[r"\sigma"], laws=[r"\mathrm{ReLU}'(z)"]),
        reading("the neuron with a sigmoid", "sigmoid"),
        _reading("an active neuron", *rule),
        _reading("any neuron", *(_any_sample(other, name) for other in biased for name in ("relu", "sigmoid"))),
    ]
    return {"title": "Question 1", "readings": readings, "free": ["z"]}


def _with_total(neuron: Neuron, total: Fraction) -> Neuron:
    """Return a neuron as large as this one, with other numbers and this total input."""
    size = len(neuron.inputs)
    inputs, weights = INPUTS[:size], WEIGHTS[:size]
    if neuron.bias is not None:
        return Neuron(inputs, weights, total - total_input(Neuron(inputs, weights)))
    rest = total_input(Neuron(inputs[:-1], weights[:-1]))
    return Neuron((*inputs[:-1], (total - rest) / weights[-1]), weights)


def _neuron_sample(neuron: Neuron, activation: str) -> Sample:
    """Return everything that has a name in the answers to question 1."""
    y, slope, by_input, by_weight = _outputs(neuron, activation)
    sample = {
        "z": total_input(neuron), "b": neuron.bias or 0, "y": y, "f(z)": y,
        r"\partial y/\partial x_1 \leftarrow": _outputs(neuron.with_first_weight_doubled(), activation)[2][0],
    }  # fmt: skip
    if activation == "relu":
        sample |= {r"\mathrm{ReLU}'(z)": slope, r"\mathrm{ReLU}'(0)": 0}
    for index in range(len(neuron.inputs)):
        sample |= _of_one_input(neuron, index, str(index + 1), by_input, by_weight)
    return {name: _text(value) for name, value in sample.items()}


def _of_one_input(neuron: Neuron, index: int, name: str, by_input: Sequence, by_weight: Sequence) -> Sample:
    return {
        f"x_{name}": neuron.inputs[index],
        f"w_{name}": neuron.weights[index],
        rf"\partial y/\partial x_{name}": by_input[index],
        rf"\partial y/\partial w_{name}": by_weight[index],
        rf"\partial z/\partial x_{name}": _rise(neuron, "inputs", index),
        rf"\partial z/\partial w_{name}": _rise(neuron, "weights", index),
    }


def _any_sample(neuron: Neuron, activation: str) -> Sample:
    """Return what the chain rule names, whatever f is: the index i stands for the last input, or runs over all."""
    y, slope, by_input, by_weight = _outputs(neuron, activation)
    size = len(neuron.inputs)
    sample = {"z": total_input(neuron), "b": neuron.bias, "y": y, "f(z)": y, "f'(z)": slope, r"\sum_i": size}
    sample |= _of_one_input(neuron, size - 1, "i", by_input, by_weight)
    for index in range(size):
        sample |= {f"x_{index + 1}": neuron.inputs[index], f"w_{index + 1}": neuron.weights[index]}
    return {name: _text(value) for name, value in sample.items()}


def _rise(neuron: Neuron, part: str, index: int) -> Fraction:
    """Return by how much z, which is linear in each variable, rises with a step of 1 in one of them."""
    numbers = list(getattr(neuron, part))
    numbers[index] += 1
    return total_input(replace(neuron, **{part: tuple(numbers)})) - total_input(neuron)


def _outputs(neuron: Neuron, activation: str) -> tuple[Any, Any, Sequence, Sequence]:
    """Return y, dy/dz and the gradients by inputs and weights: difference quotients in mpmath, at the kink 0.

    dy/dz is the quotient along the bias, which moves z alone.
    """
    size, total = len(neuron.inputs), total_input(neuron)
    if activation == "relu":
        y = max(total, Fraction(0))
        if not total:
            return y, 0, [0] * size, [0] * size
    else:
        y = odds(total)
    quotients = difference_quotients(replace(neuron, bias=neuron.bias or Fraction(0)), activation)
    return y, quotients[-1], quotients[:size], quotients[size : 2 * size]


# --- question 2 ------------------------------------------------------------------------------------------------------

# Keras rounds its constants to single precision, which holds these exactly.
RATE, RHO, MOMENTUM, BETA_1, BETA_2, EPSILON = 1 / 128, 7 / 8, 5 / 8, 3 / 4, 31 / 32, 1 / 16
SEEDS, STEPS = (1, 2), 4


def optimiser_values() -> dict[str, Any]:
    """Return the values of question 2, from the states of Keras' optimisers after some steps of random gradients."""
    import keras

    k = keras.optimizers
    plain = [_steps(lambda: k.RMSprop(RATE, rho=RHO, epsilon=EPSILON), seed) for seed in SEEDS]
    heavy = [_steps(lambda: k.RMSprop(RATE, rho=RHO, momentum=MOMENTUM, epsilon=EPSILON), seed) for seed in SEEDS]
    readings = [
        _reading("Keras' RMSprop", *(_rmsprop_sample(steps) for steps in plain)),
        _reading("Keras' RMSprop with momentum", *(_momentum_sample(steps) for steps in heavy)),
        _reading("Keras' Adam", *(_adam_sample(seed) for seed in SEEDS)),
        _reading("Keras' Adam with a constant gradient", *(_constant_sample(mean) for mean in (0.7, -1.3))),
    ]
    free = [r"\rho", r"\eta", r"\varepsilon", r"\beta_1", r"\beta_2"]
    return {"title": "Question 2", "readings": readings, "free": free}


def _steps(optimiser: Callable[[], Any], seed: int, gradients: Sequence[float] | None = None) -> dict[str, Any]:
    """Return gradients, parameter and the optimiser's own averages, each after 0, 1, ... `STEPS` steps."""
    import keras

    random = np.random.default_rng(seed)
    gradients = random.uniform(0.5, 2, STEPS) * random.choice([-1, 1], STEPS) if gradients is None else gradients
    variable = keras.Variable([random.uniform(1, 2)], dtype="float64")
    made = optimiser()
    made.build([variable])
    states = [kept for kept in made.variables if kept.shape == (1,)]
    path = [[float(kept[0]) for kept in (variable, *states)]]
    for gradient in gradients:
        made.apply([keras.ops.convert_to_tensor([gradient], dtype="float64")], [variable])
        path.append([float(kept[0]) for kept in (variable, *states)])
    return {"g": list(map(float, gradients)), "path": path}


def _rmsprop_sample(steps: dict[str, Any]) -> Sample:
    (theta_before, v_before), (theta, v) = steps["path"][-2:]
    return {
        r"\theta_t": theta, r"\theta_{t-1}": theta_before, "v_t": v, "v_{t-1}": v_before, "g_t": steps["g"][-1],
        r"\eta": RATE, r"\rho": RHO, r"\varepsilon": EPSILON,
    }  # fmt: skip


def _momentum_sample(steps: dict[str, Any]) -> Sample:
    (_, _, before), (_, v, accumulated) = steps["path"][-2:]
    return {
        r"\Delta_t": accumulated, r"\Delta_{t-1}": before, r"\mu_\Delta": MOMENTUM, "v_t": v, "g_t": steps["g"][-1],
        r"\eta": RATE, r"\varepsilon": EPSILON,
    }  # fmt: skip


def _adam_sample(seed: int) -> Sample:
    """Return the values of Adam.

    Keras keeps m and v. Their corrected forms are weighted means, by NumPy: correcting for the start is dividing by the
    sum of the weights. Keras' constant is ε̂; ε is the number with which the paper's algorithm makes the same step. And
    α is the size of Keras' step for m/√v = 1, found with ε̂ = 0.
    """
    import keras

    def adam(epsilon: float) -> Callable[[], Any]:
        return lambda: keras.optimizers.Adam(RATE, beta_1=BETA_1, beta_2=BETA_2, epsilon=epsilon)

    steps = _steps(adam(EPSILON), seed)
    gradients = np.array(steps["g"])
    (theta_before, m_before, v_before), (theta, m, v) = steps["path"][-2:]
    ages = np.arange(STEPS)[::-1]
    m_hat = float(np.average(gradients, weights=BETA_1**ages))
    v_hat = float(np.average(gradients**2, weights=BETA_2**ages))
    (bare_before, _, _), (bare, bare_m, bare_v) = _steps(adam(0.0), seed)["path"][-2:]
    return {
        r"\theta_t": theta, r"\theta_{t-1}": theta_before, "m_t": m, "m_{t-1}": m_before, "v_t": v,
        "v_{t-1}": v_before, "m_0": 0, "v_0": 0, r"\hat m_t": m_hat, r"\hat v_t": v_hat,
        r"\eta": RATE, r"\beta_1": BETA_1, r"\beta_2": BETA_2, r"\hat\varepsilon": EPSILON,
        r"\varepsilon": RATE * m_hat / (theta_before - theta) - np.sqrt(v_hat),
        r"\alpha_t": (bare_before - bare) / (bare_m / np.sqrt(bare_v)), "t": STEPS,
        "g_t": float(gradients[-1]), **{f"g_{i}": float(g) for i, g in enumerate(gradients, start=1)},
    }  # fmt: skip


def _constant_sample(mean: float) -> Sample:
    """Return the values of the expected average: it is linear, so that it is what a constant gradient gives."""
    import keras

    steps = _steps(lambda: keras.optimizers.Adam(RATE, beta_1=BETA_1, beta_2=BETA_2), 1, [mean] * STEPS)
    before, after = (state[1] for state in steps["path"][-2:])
    return {
        r"\mathrm{E}[m_t]": after, r"\mathrm{E}[m_{t-1}]": before, r"\mu": mean, r"\beta_1": BETA_1, "t": STEPS,
    }  # fmt: skip


# --- question 3 ------------------------------------------------------------------------------------------------------


def activation_values() -> dict[str, Any]:
    """Return the values of question 3, by mpmath, for total inputs of both signs."""
    at = [_weighted(sign) for sign in (1, -1)]
    relu = [_activation_sample(sample, lambda z: max(z, mpmath.mpf(0))) for sample in at]
    tanh = [_tanh_sample(sample) for sample in at]
    slope = r"\mathrm{d}y/\mathrm{d}z"
    near = [{"z": f"{sign}/5000"} for sign in (1, -1)]
    readings = [
        _reading("a ReLU on both sides of 0", *relu, without=[r"\tanh", r"\sigma"]),
        _reading("a ReLU, z > 0", {slope: relu[0][slope]}),
        _reading("a ReLU, z < 0", {slope: relu[1][slope]}),
        _reading("tanh", *tanh),
        _reading("near the origin", *near),
    ]
    return {"title": "Question 3", "readings": readings, "free": ["z"]}


def _weighted(sign: int) -> Sample:
    """Return a total input with the inputs, weights and bias that give it; i stands for the last input."""
    size = 3
    x, w, b = INPUTS[:size], [sign * abs(weight) for weight in WEIGHTS[:size]], sign * Fraction(1, 13)
    numbered = {f"x_{i}": value for i, value in enumerate(x, start=1)} | {f"w_{i}": v for i, v in enumerate(w, start=1)}
    z = Fraction(np.dot(x, w)) + b
    return {name: _text(v) for name, v in {**numbered, "b": b, "z": z, r"\sum_i": Fraction(size)}.items()}


def _activation_sample(sample: Sample, function: Callable) -> Sample:
    with mpmath.workdps(WORKING_DIGITS):
        z = mpmath.mpf(sample["z"])
        slope = mpmath.diff(function, z, h=mpmath.mpf(10) ** -25)
        return {**sample, "y": _text(function(z)), r"\mathrm{d}y/\mathrm{d}z": _text(slope)}


def _tanh_sample(sample: Sample) -> Sample:
    """Return what concerns tanh; s and c are twice sinh and cosh."""
    with mpmath.workdps(WORKING_DIGITS):
        z = mpmath.mpf(sample["z"])
        pairs = {"s": lambda u: 2 * mpmath.sinh(u), "c": lambda u: 2 * mpmath.cosh(u)}
        values = {name: _text(function(z)) for name, function in pairs.items()}
        slopes = {f"{name}'": _text(mpmath.diff(f, z, h=mpmath.mpf(10) ** -25)) for name, f in pairs.items()}
    return {**_activation_sample(sample, mpmath.tanh), **values, **slopes}


# --- question 4 ------------------------------------------------------------------------------------------------------


def regularisation_values(strength: Fraction) -> dict[str, Any]:
    """Return the values of question 4: dropout by its two outcomes, the rest from Keras and TensorFlow."""
    drops = [_dropout_sample(Fraction(*p), Fraction(*y)) for p, y in (((3, 10), (17, 11)), ((5, 7), (-13, 19)))]
    readings = [
        _reading("dropout, by its two outcomes", *drops),
        _reading("Keras' L2 regulariser and SGD", *(_penalty_sample(strength, seed) for seed in SEEDS)),
        _reading("Keras' AdamW", *(_adamw_sample(seed) for seed in SEEDS)),
    ]
    terms = [
        {"name": "w", "value": _added_factor(strength)},
        {"name": "w", "value": _added_factor(strength / 2), "beside": r"\tfrac{1}{2}\lambda"},
    ]
    return {"title": "Question 4", "readings": readings, "free": ["p"], "terms": terms}


def _added_factor(strength: Fraction) -> float:
    """Return what a penalty ‖w‖² times a strength adds to the gradient of a weight of 1, by Keras and TensorFlow."""
    import keras
    import tensorflow as tf

    weight = tf.constant([1.0], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(weight)
        penalty = float(strength) * keras.regularizers.L2(1.0)(weight)
    return float(tape.gradient(penalty, weight)[0])


def _dropout_sample(p: Fraction, y: Fraction) -> Sample:
    """Return the moments of an output under dropout by enumerating the mask's outcomes; this one was kept."""
    outcomes = [(p, Fraction(0)), (1 - p, y / (1 - p))]
    mean = sum(share * value for share, value in outcomes)
    variance = sum(share * (value - mean) ** 2 for share, value in outcomes)
    sample = {
        "p": p, "y_i": y, "r_i": 1, r"\tilde y_i": outcomes[1][1],
        r"\mathrm{E}[\tilde y_i]": mean, r"\mathrm{Var}[\tilde y_i]": variance,
    }  # fmt: skip
    return {name: _text(value) for name, value in sample.items()}


def _penalty_sample(strength: Fraction, seed: int) -> Sample:
    """Return loss, penalised loss, gradients and one SGD step for some weights.

    The loss is a quadratic one, as large as the penalty, and the step as large as the weights, so that nothing is lost
    beside something larger. Keras is given λ = 1, which no precision rounds; its penalty is scaled in float64.
    """
    import keras
    import tensorflow as tf

    random = np.random.default_rng(seed)
    w, target = tf.constant(random.uniform(0.5, 2, 3)), random.uniform(-2, -0.5, 3)
    rate = 2.0 ** -round(np.log2(8 * float(strength)))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(w)
        loss = float(strength) * tf.reduce_mean((w - target) ** 2)
        penalised = loss + float(strength) * keras.regularizers.L2(1.0)(w)
    by_loss, by_both = (tape.gradient(value, w).numpy() for value in (loss, penalised))
    variable = keras.Variable(w.numpy(), dtype="float64")
    optimiser = keras.optimizers.SGD(rate)
    optimiser.build([variable])
    optimiser.apply([tf.constant(by_both)], [variable])
    return {
        "w": w.numpy().tolist(), "w \\leftarrow": variable.numpy().tolist(), "J": float(penalised), "L": float(loss),
        r"\partial J/\partial w": by_both.tolist(), r"\partial L/\partial w": by_loss.tolist(),
        r"\lambda": _text(strength), r"\eta": rate, r"\sum_i": 3,
        **{f"w_{i}": float(each) for i, each in enumerate(w.numpy(), start=1)},
    }  # fmt: skip


def _adamw_sample(seed: int) -> Sample:
    r"""Return a step of Keras' AdamW, in the names of Adam; the strength there is λ′."""
    import keras

    strength = 1 / 32

    def adamw() -> Any:
        return keras.optimizers.AdamW(RATE, strength, beta_1=BETA_1, beta_2=BETA_2, epsilon=EPSILON)

    sample = _adam_sample(seed)
    (before, _, _), (after, _, _) = _steps(adamw, seed)["path"][-2:]
    kept = {name: sample[name] for name in (r"\hat m_t", r"\hat v_t", r"\eta", r"\varepsilon")}
    return {**kept, r"\theta_t": after, r"\theta_{t-1}": before, r"\lambda'": strength}


# --- question 5 ------------------------------------------------------------------------------------------------------

LAYERS = ("i", "f", "c", "o")  # as Keras orders them
LENGTH = 3


def recurrent_values() -> dict[str, Any]:
    """Return the values of question 5, from Keras' layers with one unit, one input and random weights."""
    readings = [
        _reading("Keras' SimpleRNN", *(_rnn_sample(seed) for seed in SEEDS)),
        _reading("Keras' LSTM", *(_lstm_sample(seed) for seed in SEEDS)),
        _reading("Keras' LSTM over some steps, its gates fixed", *(_direct_sample(seed) for seed in SEEDS)),
        _reading("any argument", {"z": 0.7}, {"z": -1.3}),
        _reading("tanh at some argument", *(_bare_tanh(z) for z in (0.7, -1.3))),
    ]
    free = ["f_t", "i_t", "o_t"]
    return {"title": "Question 5", "readings": readings, "free": free}


def _layer(name: str, shape: tuple, weights: Sequence[np.ndarray], **options: Any) -> Any:
    import keras

    layer = getattr(keras.layers, name)(1, dtype="float64", **options)
    layer.build(shape)
    layer.set_weights(weights)
    return layer


def _rnn_sample(seed: int) -> Sample:
    """Return states, output and ∂h_T/∂h_0 of a recurrent net; t is its last step."""
    import tensorflow as tf

    random = np.random.default_rng(seed)
    kernel, recurrent, bias, out, out_bias = random.uniform(0.3, 0.9, 5) * random.choice([-1, 1], 5)
    inputs = random.uniform(-1, 1, LENGTH)
    layer = _layer(
        "SimpleRNN", (1, LENGTH, 1), [np.array([[kernel]]), np.array([[recurrent]]), np.array([bias])],
        return_sequences=True,
    )  # fmt: skip
    start = tf.zeros((1, 1), tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(start)
        states = layer(inputs[None, :, None], initial_state=start)
        last = states[:, -1]
    dense = _layer("Dense", (1, 1), [np.array([[out]]), np.array([out_bias])])
    h = states.numpy()[0, :, 0].tolist()
    return {
        "h_t": h[-1], "h_{t-1}": h[-2], "h_0": 0, "x_t": float(inputs[-1]), "y_t": float(dense(last)[0, 0]),
        "W_x": float(kernel), "W_h": float(recurrent), "b": float(bias), "W_y": float(out), "b_y": float(out_bias),
        "T": LENGTH, r"\partial h_T/\partial h_0": float(tape.gradient(last, start)[0, 0]),
        **{f"h_{i}": value for i, value in enumerate(h, start=1)},
    }  # fmt: skip


def _bare_tanh(z: float) -> Sample:
    """Return tanh and its slope as they are written without an argument."""
    with mpmath.workdps(WORKING_DIGITS):
        return {r"\tanh": _text(mpmath.tanh(z)), r"\tanh'": _text(mpmath.diff(mpmath.tanh, z, h=mpmath.mpf(10) ** -25))}


def _direct_sample(seed: int) -> Sample:
    """Return the forget gates of some steps, and their product as ∂c_T/∂c_0 with no gradient through the gates."""
    import tensorflow as tf

    random = np.random.default_rng(seed)
    kernel, recurrent, bias = random.uniform(0.3, 0.9, (3, 4))
    cell = _layer("LSTMCell", (1, 1), [kernel[None], recurrent[None], bias])
    forget = _layer("Dense", (1, 2), [np.array([recurrent[1:2], kernel[1:2]]), bias[1:2]], activation="sigmoid")
    start = tf.constant([[0.4]], tf.float64)
    gates = []
    with tf.GradientTape() as tape:
        tape.watch(start)
        h, c = tf.zeros((1, 1), tf.float64), start
        for x in random.uniform(-1, 1, LENGTH):
            h = tf.stop_gradient(h)
            gates.append(float(forget(tf.concat([h, [[x]]], axis=1))[0, 0]))
            _, (h, c) = cell(tf.constant([[x]]), [h, c])
    product = float(tape.gradient(c, start)[0, 0])
    numbered = {f"f_{t}": gate for t, gate in enumerate(gates, start=1)}
    return {**numbered, r"\prod_t": LENGTH, r"f_T \odot \cdots \odot f_1": product}


def _lstm_sample(seed: int) -> Sample:
    """Return the values of one step of an LSTM; layer k is the output gate's."""
    import tensorflow as tf

    random = np.random.default_rng(seed)
    kernel, recurrent, bias = random.uniform(0.3, 0.9, (3, 4)) * random.choice([-1, 1], (3, 4))
    h, c, x = random.uniform(0.3, 0.9, 3)
    weights = [kernel[None], recurrent[None], bias]
    cell = _layer("LSTMCell", (1, 1), weights)
    before = tf.constant([[h]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(before)
        _, (state, memory) = cell(tf.constant([[x]]), [before, tf.constant([[c]])])
    both = np.array([[h, x]])
    sample = {
        "h_t": float(state[0, 0]), "c_t": float(memory[0, 0]), "h_{t-1}": h, "c_{t-1}": c, "x_t": x,
        r"\partial c_t/\partial h_{t-1}": float(tape.gradient(memory, before)[0, 0]),
        r"\partial h_t/\partial c_t": float(tape.gradient(state, memory)[0, 0]),
    }  # fmt: skip
    for index, layer in enumerate(LAYERS):
        columns = np.array([recurrent[index], kernel[index]])
        activation = "tanh" if layer == "c" else "sigmoid"
        gate = _layer("Dense", (1, 2), [columns[:, None], bias[index : index + 1]], activation=activation)
        sample[r"\tilde{c}_t" if layer == "c" else f"{layer}_t"] = float(gate(both)[0, 0])
        for name in (layer, *(["k"] if layer == "o" else [])):
            sample |= {
                f"W_{name}": columns.tolist(), f"W_{{{name}h}}": columns[0], f"W_{{{name}x}}": columns[1],
                f"b_{name}": bias[index],
            }  # fmt: skip
    return {name: value if isinstance(value, list) else float(value) for name, value in sample.items()}
