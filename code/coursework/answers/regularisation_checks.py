"""Question 4 against Keras' layers, regularisers and optimisers, and the values of its printed formulas."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from coursework.answers import optimiser_checks as q2
from coursework.answers import optimisers, regularisation
from coursework.answers.checks import ROUNDED_CONSTANT, Check, Sample, Tolerance, exact_sample, exactly, reading
from coursework.answers.optimiser_checks import BETA_1, BETA_2, RATE, STEPS, WEIGHT_DECAY, keras_states


def checks(strength: Fraction) -> list[Check]:
    """Return the checks of question 4, for the author's L2 parameter."""
    return [*_dropout_checks(), *_l2_checks(strength)]


def _adamw(epsilon: float) -> Any:
    import keras

    return keras.optimizers.AdamW(RATE, weight_decay=WEIGHT_DECAY, beta_1=BETA_1, beta_2=BETA_2, epsilon=epsilon)


def _gradient(penalty: Callable, weights: np.ndarray) -> np.ndarray:
    """Differentiate a penalty by TensorFlow."""
    import tensorflow as tf

    w = tf.constant(weights)
    with tf.GradientTape() as tape:
        tape.watch(w)
        value = penalty(w)
    return tape.gradient(value, w).numpy()


def _dropout_checks() -> list[Check]:
    """Check inverted dropout against Keras' layer: value for value, and its mean and variance over a large sample."""
    import keras
    import sympy as sp

    rate, size, activation = 0.3, 1_000_000, 1.7
    y = np.random.default_rng(1).uniform(0.5, 2, 1000)
    layer = keras.layers.Dropout(rate, seed=1, dtype="float64")
    trained, tested = np.array(layer(y, training=True)), np.array(layer(y, training=False))
    sample = np.array(layer(np.full(size, activation), training=True))

    mean, variance = regularisation.dropout_moments()
    values = {"y": activation, "p": sp.Rational(3, 10)}
    moments = [float(moment.subs({s: values[s.name] for s in moment.free_symbols})) for moment in (mean, variance)]
    error = float(np.sqrt(moments[1] / size))  # of the sample's mean
    method = "a sample of a million units from Keras' Dropout"
    return [
        Check(
            "Q4", "Dropout in training: kept activations grow by $1/(1-p)$",
            regularisation.inverted_dropout(y, trained != 0, rate), trained, "Keras' Dropout layer",
        ),
        Check(
            "Q4", "Dropout at test time: nothing changes", regularisation.inverted_dropout(y, np.ones_like(y), 0.0),
            tested, "Keras' Dropout layer",
        ),
        Check("Q4", "Dropout: the mean is $y$", [moments[0]], [sample.mean()], method, Tolerance(absolute=5 * error)),
        Check(
            "Q4", r"Dropout: the variance is $y^2 p/(1-p)$", [moments[1]], [sample.var()], method,
            Tolerance(relative=0.01),
        ),
    ]  # fmt: skip


def _l2_checks(strength: Fraction) -> list[Check]:
    """Check what the penalty adds to the gradient, the factor on w, and that AdamW's decay stands outside Adam."""
    from keras.optimizers import SGD
    from keras.regularizers import L2

    w, rate = np.random.default_rng(1).standard_normal(20), 1 / 8
    whole, halved = (float(regularisation.added_to_gradient(strength, halved=each)) for each in (False, True))
    added = _gradient(L2(float(strength)), w)
    shrunk = keras_states(SGD(rate), added[None], w)[-1, 0]
    gradients = np.random.default_rng(2).standard_normal((STEPS, len(w)))
    adamw = optimisers.adamw(RATE, WEIGHT_DECAY, BETA_1, BETA_2)
    written = optimisers.trajectory(adamw, lambda theta, t: gradients[t - 1], w, STEPS)
    oracle = keras_states(_adamw(optimisers.EPSILON), gradients, w)[:, 0]
    method = "Keras' L2 regulariser, autodiff"
    return [
        Check(
            "Q4", r"$\lambda \lVert \mathbf{w} \rVert^2$ adds $2 \lambda w_i$", whole * w, added, method,
            ROUNDED_CONSTANT,
        ),
        Check(
            "Q4", r"$\frac{1}{2} \lambda \lVert \mathbf{w} \rVert^2$ adds $\lambda w_i$", halved * w,
            _gradient(L2(float(strength / 2)), w), method, ROUNDED_CONSTANT,
        ),
        Check(
            "Q4", r"SGD on the penalty alone multiplies $w_i$ by $1 - 2 \eta \lambda$",
            (1 - rate * whole) * w - w, shrunk - w, "Keras' SGD and L2 regulariser", ROUNDED_CONSTANT,
        ),
        Check("Q4", "AdamW: decay outside Adam's rescaling", written, oracle, f"Keras' AdamW, {STEPS} steps"),
    ]  # fmt: skip


# --- values for the printed formulas ---------------------------------------------------------------------------------


def values(strength: Fraction) -> dict[str, Any]:
    """Return the values of question 4: dropout by its two outcomes, the rest from Keras and TensorFlow."""
    drops = [_dropout_sample(Fraction(*p), Fraction(*y)) for p, y in (((3, 10), (17, 11)), ((5, 7), (-13, 19)))]
    readings = [
        reading("dropout, by its two outcomes", *drops),
        reading("a unit's inputs under dropout, by all masks", *map(_unit_sample, (Fraction(3, 10), Fraction(5, 7)))),
        reading("Keras' L2 regulariser and SGD", *(_penalty_sample(strength, seed) for seed in q2.FORMULA_SEEDS)),
        reading("Keras' AdamW", *map(_adamw_sample, q2.FORMULA_SEEDS)),
    ]
    return {"title": "Question 4", "readings": readings}


def _moments(outcomes: list[tuple[Fraction, Fraction]]) -> tuple[Fraction, Fraction]:
    """Return mean and variance of what has these outcomes, as (probability, value)."""
    mean = sum(share * value for share, value in outcomes)
    return mean, sum(share * (value - mean) ** 2 for share, value in outcomes)


def _dropout_sample(p: Fraction, y: Fraction) -> Sample:
    """Return the moments of an output under dropout by enumerating the mask's outcomes; this one was kept."""
    outcomes = [(p, Fraction(0)), (1 - p, y / (1 - p))]
    mean, variance = _moments(outcomes)
    return exact_sample({
        "p": p, "y_i": y, "r_i": 1, r"\tilde y_i": outcomes[1][1],
        r"\mathrm{E}[\tilde y_i]": mean, r"\mathrm{Var}[\tilde y_i]": variance,
    })  # fmt: skip


def _unit_sample(p: Fraction) -> Sample:
    """Return the variance of a linear unit's output under dropout, and the number of masks, by going through all."""
    w, y = (Fraction(3, 2), Fraction(-5, 4), Fraction(7, 3)), (Fraction(2, 5), Fraction(1, 7), Fraction(-6, 11))
    masks = list(itertools.product((0, 1), repeat=len(w)))
    shares = [p ** (len(w) - sum(mask)) * (1 - p) ** sum(mask) for mask in masks]
    outputs = [sum(a * b * r / (1 - p) for a, b, r in zip(w, y, mask, strict=True)) for mask in masks]
    _, variance = _moments(list(zip(shares, outputs, strict=True)))
    sample = {"p": p, "n": len(w), r"\sum_i": len(w)}
    sample |= {f"w_{i}": value for i, value in enumerate(w, 1)} | {f"y_{i}": value for i, value in enumerate(y, 1)}
    return exact_sample(sample | {r"\text{the variance}": variance, r"\text{all masks}": len(masks)})


def _penalty_sample(strength: Fraction, seed: int) -> Sample:
    """Return loss, penalised loss, gradients and one SGD step for some weights; the index i stands for the last.

    The loss is a quadratic one, as large as the penalty, and the step as large as the weights, so that nothing is lost
    beside something larger. Keras is given λ = 1, which no precision rounds; its penalty is scaled in float64.
    """
    import keras
    from keras.optimizers import SGD
    from keras.regularizers import L2

    random = np.random.default_rng(seed)
    w, target = random.uniform(0.5, 2, 3), random.uniform(-2, -0.5, 3)
    size, rate = float(strength), 2.0 ** -round(np.log2(8 * float(strength)))

    def loss(weights: Any) -> Any:
        return size * keras.ops.mean((weights - target) ** 2)

    def penalised(weights: Any) -> Any:
        return loss(weights) + size * L2(1.0)(weights)

    def half(weights: Any) -> Any:
        return size * L2(0.5)(weights)

    def stepped(of: Callable) -> np.ndarray:
        return keras_states(SGD(rate), _gradient(of, w)[None], w)[-1, 0]

    return {
        r"\text{half the penalty}": float(half(w)),
        r"\text{what SGD makes of a weight by it}": float((stepped(half) / w)[-1]),
        r"\mathbf{w}": w.tolist(), r"w_i \leftarrow": float(stepped(penalised)[-1]), "w_i": float(w[-1]),
        r"\partial J/\partial w_i": float(_gradient(penalised, w)[-1]),
        r"\partial L/\partial w_i": float(_gradient(loss, w)[-1]),
        "J": float(penalised(w)), "L": float(loss(w)), r"\lambda": exactly(strength), r"\eta": rate, r"\sum_i": 3,
        **{f"w_{i}": float(each) for i, each in enumerate(w, start=1)},
    }  # fmt: skip


def _adamw_sample(seed: int) -> Sample:
    r"""Return a step of Keras' AdamW, in the names of Adam; the strength there is λ′."""
    sample = q2.adam_sample(seed)
    (before, *_), (after, *_) = q2.formula_steps(_adamw(q2.EPSILON), seed)[1][-2:]
    kept = {name: sample[name] for name in (r"\hat m_t", r"\hat v_t", r"\eta", r"\varepsilon")}
    return {**kept, r"\theta_t": float(after), r"\theta_{t-1}": float(before), r"\lambda'": WEIGHT_DECAY}
