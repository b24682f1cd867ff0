"""Question 1 against TensorFlow's automatic differentiation and mpmath, and the values of its printed formulas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import mpmath
import numpy as np

from coursework.answers.checks import AUTODIFF, DIGITS_20, Check, Sample, Tolerance, as_mpf, exact_sample, reading
from coursework.answers.neuron import Gradients, Neuron, answer, one_sided

DIFFERENCES = "mpmath central differences, 50 digits"
ONE_SIDED = "mpmath one-sided differences, 50 digits"
BEYOND_FLOAT64 = 30  # at |z| > 30, 1 − σ(z) has lost its digits in float64: only mpmath is asked


def checks(neuron: Neuron) -> list[Check]:
    """Return the checks of question 1 for one neuron.

    TensorFlow's ReLU follows the same convention at 0. The finite differences are taken in mpmath with a step that
    moves z by at most |z|/100, so that they never straddle the kink; exactly at the kink they are taken on each side.
    """
    result, check = answer(neuron), partial(Check, "Q1")
    doubled, sigma, total = neuron.with_first_weight_doubled(), result.sigmoid, total_input(neuron)
    relu, quotients = autodiff(neuron, "relu"), difference_quotients(neuron, "sigmoid")
    checks = [
        check("a) ReLU: $y$", [result.relu.y], relu[:1], AUTODIFF),
        check("a) ReLU: all gradients", _flat(result.relu), relu[1:], AUTODIFF),
        _difference_check("a) ReLU: all gradients", neuron, result.relu),
        check("b) $w_1$ doubled: all gradients", _flat(result.doubled), autodiff(doubled, "relu")[1:], AUTODIFF),
        _difference_check("b) $w_1$ doubled: all gradients", doubled, result.doubled),
        check("c) sigmoid: $y$", [sigma.y], [odds(total)], "mpmath, 50 digits", DIGITS_20),
        check("c) sigmoid: all gradients", _flat(sigma), quotients, DIFFERENCES, DIGITS_20),
    ]
    if abs(total) <= BEYOND_FLOAT64:
        # y(1 − y) in float64 has an absolute error of some roundings of 1, times the input or weight.
        scale = max(1.0, *(float(abs(v)) for v in (*neuron.inputs, *neuron.weights)))
        tolerance = Tolerance(absolute=2e-15 * scale, relative=1e-12)
        found = autodiff(neuron, "sigmoid")
        checks.append(check("c) sigmoid: $y$", [sigma.y], found[:1], AUTODIFF))
        checks.append(check("c) sigmoid: all gradients", _flat(sigma), found[1:], AUTODIFF, tolerance))
    return checks


def _flat(parts: Neuron | Gradients) -> list[Any]:
    """Return the variables of a neuron, or all gradients, in one list: inputs, weights, bias."""
    return [*parts.inputs, *parts.weights, *([] if parts.bias is None else [parts.bias])]


def total_input(neuron: Neuron) -> Fraction:
    products = (w * x for w, x in zip(neuron.weights, neuron.inputs, strict=True))
    return sum(products, neuron.bias or Fraction(0))


def autodiff(neuron: Neuron, activation: str) -> np.ndarray:
    """Return y and its gradients (inputs, weights, bias) by TensorFlow's automatic differentiation in float64."""
    import tensorflow as tf

    variables = [tf.constant(float(v), tf.float64) for v in _flat(neuron)]
    size = len(neuron.inputs)
    with tf.GradientTape() as tape:
        tape.watch(variables)
        x, w, b = variables[:size], variables[size : 2 * size], variables[2 * size :]
        z = tf.add_n([wi * xi for wi, xi in zip(w, x, strict=True)] + b)
        # 3 · 0.1 − 0.3 is 5.6e-17 in float64. The value of z is therefore the exact sum, rounded once; the gradient
        # still flows through TensorFlow's own sum of products.
        z = z + tf.stop_gradient(tf.constant(float(total_input(neuron)), tf.float64) - z)
        y = {"relu": tf.nn.relu, "sigmoid": tf.sigmoid}[activation](z)
    return np.array([float(y), *(float(g) for g in tape.gradient(y, variables))])


def _difference_check(claim: str, neuron: Neuron, derived: Gradients) -> Check:
    """Compare the ReLU's gradients with central differences, or at the kink with one-sided ones."""
    if total_input(neuron):
        return Check("Q1", claim, _flat(derived), difference_quotients(neuron, "relu"), DIFFERENCES, DIGITS_20)
    sides = [one_sided(slope) for slope in _slopes_of_total(neuron)]
    differences = np.stack([difference_quotients(neuron, "relu", side) for side in (-1, 1)], axis=1)
    return Check("Q1", f"{claim}, each side of the kink", sides, differences, ONE_SIDED, DIGITS_20)


def _slopes_of_total(neuron: Neuron) -> list[Fraction]:
    """Return ∂z/∂v for inputs, weights, bias: how far z moves with each variable."""
    return [*neuron.weights, *neuron.inputs, *([] if neuron.bias is None else [Fraction(1)])]


def difference_quotients(neuron: Neuron, activation: str, side: int = 0) -> np.ndarray:
    """Return difference quotients of y in every variable: central (`side` 0), left (-1) or right (1) ones.

    Each step moves z by h = min(10⁻¹⁵, |z|/100). The precision grows with what the subtraction costs. For z > 0 the
    sigmoid's differences are taken on 1 − σ(z) = σ(−z), which keeps its digits where σ(z) is nearly 1.
    """
    total, variables = total_input(neuron), _flat(neuron)
    step = min(Fraction(1, 10**15), abs(total) / 100) if total else Fraction(1, 10**15)
    largest = max(abs(v) for v in (1, *variables)) ** 2
    with mpmath.workdps(50 + len(str(int(largest / step)))):
        quotients = []
        for index, slope in enumerate(_slopes_of_total(neuron)):
            move = step / abs(slope) if slope else step
            ends = [0 if side > 0 else -move, 0 if side < 0 else move]
            low, high = (_moved_total(neuron, index, end) for end in ends)
            if activation == "relu":
                rise = max(as_mpf(high), mpmath.mpf(0)) - max(as_mpf(low), mpmath.mpf(0))
            elif total > 0:
                rise = _logistic(-low) - _logistic(-high)
            else:
                rise = _logistic(high) - _logistic(low)
            quotients.append(rise / as_mpf(ends[1] - ends[0]))
    return np.array(quotients, dtype=object)


def _moved_total(neuron: Neuron, index: int, move: Fraction) -> Fraction:
    """Return z after the variable at `index` (inputs, weights, bias) moved."""
    moved = _flat(neuron)
    moved[index] += move
    size = len(neuron.inputs)
    return total_input(Neuron(tuple(moved[:size]), tuple(moved[size : 2 * size]), *moved[2 * size :]))


def _logistic(z: Fraction) -> mpmath.mpf:
    """Return 1 / (1 + exp(-z)) to 50 digits at least, however large z is."""
    with mpmath.workdps(max(mpmath.mp.dps, 50) + len(str(abs(int(z))))):
        return 1 / (1 + mpmath.exp(-as_mpf(z)))


def odds(z: Fraction) -> mpmath.mpf:
    """Return the sigmoid in its other form, exp(z) / (1 + exp(z)), to 50 digits at least."""
    with mpmath.workdps(50 + len(str(abs(int(z))))):
        growth = mpmath.exp(as_mpf(z))
        return growth / (1 + growth)


# --- values for the printed formulas ---------------------------------------------------------------------------------

# In lowest terms and with different primes, so that no two numbers or products of a neuron are equal.
INPUTS = Fraction(29, 31), Fraction(37, 41), Fraction(43, 47), Fraction(53, 59)
WEIGHTS = Fraction(3, 7), Fraction(-5, 11), Fraction(13, 17), Fraction(-19, 23)
TOTALS = Fraction(2, 3), Fraction(7, 4)


def values(neuron: Neuron) -> dict[str, Any]:
    """Return the values of question 1: the author's neuron with a ReLU and with a sigmoid, and others like it."""
    sign = (total_input(neuron) > 0) - (total_input(neuron) < 0)
    alike = [_with_total(neuron, sign * total) for total in (TOTALS if sign else (Fraction(0),))]
    others = [_with_total(neuron, total) for total in (*TOTALS, Fraction(0), *(-total for total in TOTALS))]
    given = ["b", *(f"{kind}_{i}" for kind in "xw" for i in range(1, len(neuron.inputs) + 1))]

    def of(name: str, activation: str, **more: Any) -> dict[str, Any]:
        own, general, everywhere = (
            [_neuron_sample(each, activation) for each in group] for group in ([neuron], alike, others)
        )
        return reading(name, *own, general=general, everywhere=everywhere, given=given, **more)

    active = [_neuron_sample(_with_total(neuron, total), "relu") for total in TOTALS]
    rule = [{name: sample[name] for name in (r"\partial y/\partial x_1", "w_1")} for sample in active]
    biased = [_with_total(replace(neuron, bias=Fraction(0)), sign * total) for sign in (1, -1) for total in TOTALS]
    readings = [
        of("the neuron with a ReLU", "relu", without=[r"\sigma"], laws=[r"\mathrm{ReLU}'(z)"]),
        of("the neuron with a sigmoid", "sigmoid"),
        reading("an active neuron", *rule),
        reading("any neuron", *(_any_sample(other, name) for other in biased for name in ("relu", "sigmoid"))),
    ]
    return {"title": "Question 1", "readings": readings, "free": ["z = 0"], "said": [r"\mathbf{1}[\cdot]"]}


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
    y, slope, gradients = _outputs(neuron, activation)
    sample = {
        "z": total_input(neuron), "b": neuron.bias or 0, "y": y, "f(z)": y,
        r"\partial y/\partial x_1 \leftarrow": _outputs(neuron.with_first_weight_doubled(), activation)[2][0],
    }  # fmt: skip
    if activation == "relu":
        sample |= {r"\mathrm{ReLU}'(z)": slope, r"\mathrm{ReLU}'(0)": 0}
    for index in range(len(neuron.inputs)):
        sample |= _of_one_input(neuron, index, str(index + 1), gradients)
    return exact_sample(sample)


def _of_one_input(neuron: Neuron, index: int, name: str, gradients: Sequence) -> Sample:
    """Return an input and its weight with the derivatives of y and z; z, which is linear, rises by them in a step."""
    size, total = len(neuron.inputs), total_input(neuron)
    return {
        f"x_{name}": neuron.inputs[index],
        f"w_{name}": neuron.weights[index],
        rf"\partial y/\partial x_{name}": gradients[index],
        rf"\partial y/\partial w_{name}": gradients[size + index],
        rf"\partial z/\partial x_{name}": _moved_total(neuron, index, Fraction(1)) - total,
        rf"\partial z/\partial w_{name}": _moved_total(neuron, size + index, Fraction(1)) - total,
    }


def _any_sample(neuron: Neuron, activation: str) -> Sample:
    """Return what the chain rule names, whatever f is: the index i stands for the last input, or runs over all."""
    y, slope, gradients = _outputs(neuron, activation)
    size = len(neuron.inputs)
    sample = {"z": total_input(neuron), "b": neuron.bias, "y": y, "f(z)": y, "f'(z)": slope, r"\sum_i": size}
    sample |= _of_one_input(neuron, size - 1, "i", gradients)
    for index in range(size):
        sample |= {f"x_{index + 1}": neuron.inputs[index], f"w_{index + 1}": neuron.weights[index]}
    return exact_sample(sample)


def _outputs(neuron: Neuron, activation: str) -> tuple[Any, Any, Sequence]:
    """Return y, dy/dz and the gradients (inputs, weights): difference quotients in mpmath, at the kink 0.

    dy/dz is the quotient along the bias, which moves z alone.
    """
    total = total_input(neuron)
    if activation == "relu" and not total:
        return total, 0, [0] * (2 * len(neuron.inputs))
    y = max(total, Fraction(0)) if activation == "relu" else odds(total)
    *gradients, slope = difference_quotients(replace(neuron, bias=neuron.bias or Fraction(0)), activation)
    return y, slope, gradients
