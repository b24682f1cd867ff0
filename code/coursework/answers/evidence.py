"""Every derived answer compared with at least one independent computation.

A check that fails stops the build and names the claim. The oracles are other people's programs: TensorFlow's automatic
differentiation, mpmath, and Keras' own optimisers, layers and regularisers. They are imported inside the functions that
need them, since loading TensorFlow takes seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from coursework.answers import activations, optimisers, regularisation
from coursework.answers.neuron import Gradients, Neuron, answer, one_sided
from handin.errors import WorkError


@dataclass(frozen=True)
class Tolerance:
    """The largest difference that a check accepts: ``absolute + relative * |independent|``, for each value."""

    absolute: float = 0.0
    relative: float = 0.0


WORKING_DIGITS = 60

#: Double precision against double precision: a few hundred roundings.
FLOAT64 = Tolerance(absolute=1e-12, relative=1e-12)
#: Fifty-digit arithmetic, after what finite differences cost.
DIGITS_20 = Tolerance(relative=1e-20)
#: Keras where it rounds a constant, such as λ, to single precision.
ROUNDED_CONSTANT = Tolerance(relative=1e-5)
#: Keras and TensorFlow layers that compute in single precision.
FLOAT32 = Tolerance(absolute=1e-6, relative=1e-5)


@dataclass(frozen=True)
class Outcome:
    """What one check found.

    Attributes
    ----------
    values : int
        How many pairs of numbers were compared.
    difference : float
        The largest absolute difference among them (`nan` if a value was not a number or the shapes differ).
    ratio : float
        The largest difference divided by what the tolerance allows for that value. The check holds if it is at most 1.
    """

    question: str
    claim: str
    method: str
    values: int
    difference: float
    ratio: float
    absolute: float
    relative: float
    passed: bool


@dataclass(frozen=True)
class Check:
    """One claim of the report: a derived value beside the same value from an independent computation.

    Attributes
    ----------
    question : str
        `"Q1"` to `"Q5"`.
    claim : str
        What is claimed, as the table of evidence prints it. It may hold inline TeX between dollar signs.
    derived, independent : array_like
        Numbers of the same shape: floats, or `mpmath.mpf` where float64 would underflow.
    method : str
        The independent method, as the table prints it ("TensorFlow autodiff", "mpmath, 50 digits", ...).
    tolerance : Tolerance
        What counts as agreement.
    """

    question: str
    claim: str
    derived: Any
    independent: Any
    method: str
    tolerance: Tolerance = FLOAT64

    def outcome(self) -> Outcome:
        """Compare the two sides; a differing shape, an empty comparison or a NaN never passes."""
        derived, independent = _numbers(self.derived), _numbers(self.independent)
        difference, ratio = float("nan"), float("nan")
        if derived.shape == independent.shape and derived.size:
            with mpmath.workdps(WORKING_DIGITS), np.errstate(invalid="ignore"):
                differences = abs(derived - independent).ravel()
                allowed = (self.tolerance.absolute + self.tolerance.relative * abs(independent)).ravel()
                ratios = [_ratio(d, a) for d, a in zip(differences, allowed, strict=True)]
            difference = float("nan") if any(d != d for d in differences) else _float(max(differences))
            ratio = float("nan") if any(r != r for r in ratios) else max(ratios)
        return Outcome(
            question=self.question,
            claim=self.claim,
            method=self.method,
            values=int(derived.size),
            difference=difference,
            ratio=ratio,
            absolute=self.tolerance.absolute,
            relative=self.tolerance.relative,
            passed=ratio <= 1,
        )

    def require(self) -> Outcome:
        """Return the outcome of a check that holds.

        Raises
        ------
        WorkError
            Naming the claim, if the two sides differ by more than the tolerance.
        """
        outcome = self.outcome()
        if not outcome.passed:
            raise WorkError(
                f"{self.question}: the claim “{self.claim}” does not agree with {self.method}: "
                f"the largest difference is {outcome.difference:.3g}, "
                f"allowed is {self.tolerance.absolute:g} + {self.tolerance.relative:g} × |value|."
            )
        return outcome


def _numbers(values: Any) -> np.ndarray:
    """Return an array of float64, or of mpf where `values` holds fractions or mpf."""
    array = np.asarray(values)
    if array.dtype != object:
        return array.astype(float)
    with mpmath.workdps(WORKING_DIGITS):
        return np.vectorize(_mpf, otypes=[object])(array)


def _mpf(value: Any) -> mpmath.mpf:
    return mpmath.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else mpmath.mpf(value)


def _float(difference: Any) -> float:
    """Return a difference as a float, and one that is too small for a float as the smallest that is not zero."""
    return max(float(difference), math.nextafter(0, 1)) if difference else 0.0


def _ratio(difference: Any, allowed: Any) -> float:
    """Return difference / allowed, with 0/0 = 0 (exact agreement needs no tolerance)."""
    if difference == 0:
        return 0.0
    return float(difference / allowed) if allowed else float("inf")


def compute(settings: Any) -> dict[str, Any]:
    """Run every check of questions 1 to 5.

    Parameters
    ----------
    settings : coursework.settings.Settings

    Returns
    -------
    dict
        JSON-able: ``checks``, one mapping per `Outcome` in the order of the questions.

    Raises
    ------
    WorkError
        Naming the first claim that does not hold.
    """
    from coursework.answers.recurrent_evidence import checks as recurrent_checks

    checks = [
        *neuron_checks(Neuron.of(settings.question1)),
        *optimiser_checks(),
        *activation_checks(),
        *regularisation_checks(settings.question4.l2),
        *recurrent_checks(settings),
    ]
    return {"checks": [asdict(check.require()) for check in checks]}


# --- question 1 -----------------------------------------------------------------------------------------------------

AUTODIFF = "TensorFlow autodiff, float64"
DIFFERENCES = "mpmath central differences, 50 digits"
ONE_SIDED = "mpmath one-sided differences, 50 digits"
BEYOND_FLOAT64 = 30  # at |z| > 30, 1 − σ(z) has lost its digits in float64: only mpmath is asked


def neuron_checks(neuron: Neuron) -> list[Check]:
    """Return the checks of question 1 for one neuron.

    TensorFlow's ReLU follows the same convention at 0. The finite differences are taken in mpmath with a step that
    moves z by at most |z|/100, so that they never straddle the kink; exactly at the kink they are taken on each side.
    """
    result = answer(neuron)
    doubled = Neuron(neuron.inputs, (2 * neuron.weights[0], *neuron.weights[1:]), neuron.bias)
    sigma = result.sigmoid
    checks = [
        Check("Q1", "a) ReLU: $y$", [result.relu.y], _autodiff(neuron, "relu")[:1], AUTODIFF),
        Check("Q1", "a) ReLU: all gradients", _flat(result.relu), _autodiff(neuron, "relu")[1:], AUTODIFF),
        _difference_check("a) ReLU: all gradients", neuron, result.relu),
        Check("Q1", "b) $w_1$ doubled: all gradients", _flat(result.doubled), _autodiff(doubled, "relu")[1:], AUTODIFF),
        _difference_check("b) $w_1$ doubled: all gradients", doubled, result.doubled),
        Check("Q1", "c) sigmoid: $y$", [sigma.y], [odds(total_input(neuron))], "mpmath, 50 digits", DIGITS_20),
        Check(
            "Q1",
            "c) sigmoid: all gradients",
            _flat(sigma),
            difference_quotients(neuron, "sigmoid"),
            DIFFERENCES,
            DIGITS_20,
        ),
    ]
    if abs(result.relu.z) <= BEYOND_FLOAT64:
        # y(1 − y) in float64 has an absolute error of some roundings of 1, times the input or weight.
        scale = max(1.0, *(float(abs(v)) for v in (*neuron.inputs, *neuron.weights)))
        tolerance = Tolerance(absolute=2e-15 * scale, relative=1e-12)
        autodiff = _autodiff(neuron, "sigmoid")
        checks.append(Check("Q1", "c) sigmoid: $y$", [sigma.y], autodiff[:1], AUTODIFF))
        checks.append(Check("Q1", "c) sigmoid: all gradients", _flat(sigma), autodiff[1:], AUTODIFF, tolerance))
    return checks


def _flat(gradients: Gradients) -> list[Any]:
    """Return all gradients in one list: inputs, weights, bias."""
    return [*gradients.inputs, *gradients.weights, *([] if gradients.bias is None else [gradients.bias])]


def _variables(neuron: Neuron) -> list[Fraction]:
    return [*neuron.inputs, *neuron.weights, *([] if neuron.bias is None else [neuron.bias])]


def total_input(neuron: Neuron) -> Fraction:
    products = (w * x for w, x in zip(neuron.weights, neuron.inputs, strict=True))
    return sum(products, neuron.bias or Fraction(0))


def _autodiff(neuron: Neuron, activation: str) -> np.ndarray:
    """Return y and its gradients (inputs, weights, bias) by TensorFlow's automatic differentiation in float64."""
    import tensorflow as tf

    variables = [tf.constant(float(v), tf.float64) for v in _variables(neuron)]
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
    total, variables = total_input(neuron), _variables(neuron)
    step = min(Fraction(1, 10**15), abs(total) / 100) if total else Fraction(1, 10**15)
    largest = max(abs(v) for v in (1, *variables)) ** 2
    with mpmath.workdps(50 + len(str(int(largest / step)))):
        quotients = []
        for index, slope in enumerate(_slopes_of_total(neuron)):
            move = step / abs(slope) if slope else step
            ends = [0 if side > 0 else -move, 0 if side < 0 else move]
            low, high = (_moved_total(neuron, index, end) for end in ends)
            if activation == "relu":
                rise = max(_mpf(high), mpmath.mpf(0)) - max(_mpf(low), mpmath.mpf(0))
            elif total > 0:
                rise = _logistic(-low) - _logistic(-high)
            else:
                rise = _logistic(high) - _logistic(low)
            quotients.append(rise / _mpf(ends[1] - ends[0]))
    return np.array(quotients, dtype=object)


def _moved_total(neuron: Neuron, index: int, move: Fraction) -> Fraction:
    """Return z after the variable at `index` (inputs, weights, bias) moved."""
    moved = _variables(neuron)
    moved[index] += move
    size = len(neuron.inputs)
    return total_input(Neuron(tuple(moved[:size]), tuple(moved[size : 2 * size]), *moved[2 * size :]))


def _logistic(z: Fraction) -> mpmath.mpf:
    """Return 1 / (1 + exp(-z)) to 50 digits at least, however large z is."""
    with mpmath.workdps(max(mpmath.mp.dps, 50) + len(str(abs(int(z))))):
        return 1 / (1 + mpmath.exp(-_mpf(z)))


def odds(z: Fraction) -> mpmath.mpf:
    """Return the sigmoid in its other form, exp(z) / (1 + exp(z)), to 50 digits at least."""
    with mpmath.workdps(50 + len(str(abs(int(z))))):
        growth = mpmath.exp(_mpf(z))
        return growth / (1 + growth)


# --- question 2 -----------------------------------------------------------------------------------------------------

SEEDS = (1, 2, 3)
STEPS, PARAMETERS = 50, 4
# Keras rounds its constants to single precision, which holds these exactly: the comparison stays one of float64.
RATE, DECAY, BETA_1, BETA_2, WEIGHT_DECAY = 1 / 128, 7 / 8, 7 / 8, 1023 / 1024, 1 / 32
LARGE_EPSILON = 0.05  # so large that it matters where it stands


def optimiser_checks() -> list[Check]:
    """Return the checks of question 2: each written rule against Keras' own, step for step."""
    import keras

    k = keras.optimizers
    checks = [
        _rule_check("SGD", lambda: optimisers.sgd(RATE), lambda: k.SGD(RATE)),
        _rule_check("Momentum", lambda: optimisers.momentum(RATE, DECAY), lambda: k.SGD(RATE, momentum=DECAY)),
        _rule_check(
            "RMSProp",
            lambda: optimisers.rmsprop(RATE, DECAY, LARGE_EPSILON),
            lambda: k.RMSprop(RATE, rho=DECAY, epsilon=LARGE_EPSILON),
        ),
        _rule_check(
            "RMSProp with momentum",
            lambda: optimisers.rmsprop_with_momentum(RATE, BETA_2, DECAY, LARGE_EPSILON),
            lambda: k.RMSprop(RATE, rho=BETA_2, momentum=DECAY, epsilon=LARGE_EPSILON),
        ),
        _rule_check(
            r"Adam in Keras' form, with $\hat\varepsilon$",
            lambda: optimisers.adam_as_in_keras(RATE, BETA_1, BETA_2, LARGE_EPSILON),
            lambda: k.Adam(RATE, beta_1=BETA_1, beta_2=BETA_2, epsilon=LARGE_EPSILON),
        ),
        _rule_check(
            r"Adam as in the paper, with $\varepsilon = \hat\varepsilon / \sqrt{1 - \beta_2^t}$",
            lambda: _paper_adam(LARGE_EPSILON),
            lambda: k.Adam(RATE, beta_1=BETA_1, beta_2=BETA_2, epsilon=LARGE_EPSILON),
        ),
    ]
    return [*checks, *_bias_correction_checks()]


def _paper_adam(epsilon_hat: float) -> optimisers.Optimiser:
    """Return algorithm 1 with the ε that changes from step to step as Keras' constant ε̂ demands."""

    def rule(g: np.ndarray, averages: tuple, t: int) -> tuple[np.ndarray, tuple]:
        epsilon = optimisers.paper_epsilon(epsilon_hat, t, BETA_2)
        return optimisers.adam(RATE, BETA_1, BETA_2, epsilon).rule(g, averages, t)

    return optimisers.Optimiser("Adam", 2, rule)


def _rule_check(name: str, written: Callable, oracle: Callable) -> Check:
    """Compare the parameters after every step, for several series of random gradients of very different size."""
    ours, theirs = [], []
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        gradients = random.standard_normal((STEPS, PARAMETERS)) * 10.0 ** np.arange(-2, PARAMETERS - 2)
        start = random.standard_normal(PARAMETERS)
        ours.append(optimisers.trajectory(written(), lambda theta, t, g=gradients: g[t - 1], start, STEPS)[1:])
        theirs.append(_keras_path(oracle(), gradients, start))
    method = f"Keras, {STEPS} steps, {len(SEEDS)} seeds"
    return Check("Q2", f"{name}: the written update", np.array(ours), np.array(theirs), method)


def _keras_path(optimiser: Any, gradients: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return the parameters after each step of a Keras optimiser, in float64."""
    import keras

    variable = keras.Variable(start, dtype="float64")
    optimiser.build([variable])
    path = []
    for gradient in gradients:
        optimiser.apply([keras.ops.convert_to_tensor(gradient, dtype="float64")], [variable])
        path.append(variable.numpy())
    return np.array(path)


def _bias_correction_checks() -> list[Check]:
    """Check the closed forms of the moving average, and the size of Adam's first steps, which Keras' Adam gives too."""
    import sympy as sp

    steps = 12
    values = {f"g_{i}": float(g) for i, g in enumerate(np.random.default_rng(1).standard_normal(steps), start=1)}
    values["beta"] = optimisers.BETA_1
    sums = [optimisers.weighted_sum(t) for t in range(1, steps + 1)]
    weighted = [float(total.subs({s: values[s.name] for s in total.free_symbols})) for total in sums]
    average, averages = 0.0, []
    for i in range(1, steps + 1):
        average = optimisers.BETA_1 * average + (1 - optimisers.BETA_1) * values[f"g_{i}"]
        averages.append(average)

    horizon = 1000
    t, beta, mu = (
        sp.Symbol("t", integer=True, positive=True),
        sp.Symbol("beta", positive=True),
        sp.Symbol("mu", real=True),
    )
    closed = sp.lambdify((t, beta, mu), optimisers.expected_average(), "mpmath")
    with mpmath.workdps(50):
        constant, decay = mpmath.mpf(3) / 7, mpmath.mpf("0.999")
        expected = [closed(mpmath.mpf(i), decay, constant) for i in range(1, horizon + 1)]
        recursion, value = [], mpmath.mpf(0)
        for _ in range(horizon):
            value = decay * value + (1 - decay) * constant
            recursion.append(value)

    first = 20
    uncorrected, corrected = _keras_first_steps(first)
    path = optimisers.trajectory(
        optimisers.adam(1.0, epsilon=0.0), lambda theta, t: np.array([2.5]), np.zeros(1), first
    )
    counted = np.arange(1, first + 1)
    peak = optimisers.largest_uncorrected_step()
    return [
        Check("Q2", r"$m_t = (1 - \beta) \sum_i \beta^{t-i} g_i$", weighted, averages, f"recursion, {steps} steps"),
        Check(
            "Q2", r"$\mathrm{E}[m_t] = \mu (1 - \beta^t)$", expected, recursion,
            f"mpmath recursion, {horizon} steps, 50 digits", DIGITS_20,
        ),
        Check(
            "Q2", "Adam's step without bias correction, constant gradient", optimisers.uncorrected_step(counted),
            uncorrected, f"averages kept by Keras' Adam, {first} steps",
        ),
        Check(
            "Q2", r"Adam's step with it is $\eta$", -np.diff(path[:, 0]), corrected, f"Keras' Adam, {first} steps",
            ROUNDED_CONSTANT,
        ),
        Check(
            "Q2", "The largest uncorrected step, and when", [peak.step, peak.size],
            [np.argmax(uncorrected) + 1, np.max(uncorrected)], f"averages kept by Keras' Adam, {first} steps",
        ),
    ]  # fmt: skip


def _keras_first_steps(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return m/√v from the averages that Keras' Adam keeps, and its steps in units of η, for a constant gradient."""
    import keras

    optimiser = keras.optimizers.Adam(RATE, beta_1=optimisers.BETA_1, beta_2=optimisers.BETA_2, epsilon=0.0)
    variable = keras.Variable(np.zeros(1), dtype="float64")
    optimiser.build([variable])
    gradient = keras.ops.convert_to_tensor(np.array([2.5]), dtype="float64")
    ratios, changes = [], []
    for _ in range(steps):
        before = variable.numpy()
        optimiser.apply([gradient], [variable])
        m, v = (kept.numpy() for kept in optimiser.variables[-2:])
        ratios.append((m / np.sqrt(v)).item())
        changes.append(((before - variable.numpy()) / RATE).item())
    return np.array(ratios), np.array(changes)


# --- question 3 -----------------------------------------------------------------------------------------------------


def activation_checks() -> list[Check]:
    """Return the checks of question 3: the stated gradients against autodiff, and far out against mpmath."""
    import sympy as sp
    import tensorflow as tf

    z = np.concatenate([np.linspace(-12, 12, 97), [1e-9, -1e-9]])  # 0 is among them: both follow ReLU'(0) = 0
    points = tf.constant(z)
    slopes = {}
    for name, function in (("relu", tf.nn.relu), ("tanh", tf.tanh)):
        with tf.GradientTape() as tape:
            tape.watch(points)
            y = function(points)
        slopes[name] = tape.gradient(y, points).numpy()

    u = sp.Symbol("u", real=True)
    far = [-300, -31, -3, 0, 3, 31, 300]
    with mpmath.workdps(400):
        stated = [sp.lambdify(u, activations.tanh_slope(u), "mpmath")(mpmath.mpf(at)) for at in far]
        derived = [sp.lambdify(u, activations.quotient_rule(u), "mpmath")(mpmath.mpf(at)) for at in far]
        differences = [mpmath.diff(mpmath.tanh, at, h=mpmath.mpf(10) ** -60) for at in far]
    return [
        Check(
            "Q3", "ReLU: gradient, with the convention at 0", activations.slope_at("relu", z), slopes["relu"], AUTODIFF
        ),
        Check("Q3", r"tanh: gradient", activations.slope_at("tanh", z), slopes["tanh"], AUTODIFF),
        Check(
            "Q3",
            r"tanh: $1 - \tanh^2 z$ up to $|z| = 300$",
            stated,
            differences,
            "mpmath differences, 400 digits",
            DIGITS_20,
        ),
        Check(
            "Q3",
            r"tanh: the quotient rule up to $|z| = 300$",
            derived,
            differences,
            "mpmath differences, 400 digits",
            DIGITS_20,
        ),
    ]


# --- question 4 -----------------------------------------------------------------------------------------------------


def regularisation_checks(strength: Fraction) -> list[Check]:
    """Return the checks of question 4, for the author's L2 parameter."""
    return [*_dropout_checks(), *_l2_checks(strength)]


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
    import keras
    import tensorflow as tf

    w = np.random.default_rng(1).standard_normal(20)
    whole, halved = regularisation.Penalty(strength), regularisation.Penalty(strength, halved=True)

    def gradient(keras_strength: float) -> np.ndarray:
        weights = tf.constant(w)
        with tf.GradientTape() as tape:
            tape.watch(weights)
            penalty = keras.regularizers.L2(keras_strength)(weights)
        return tape.gradient(penalty, weights).numpy()

    rate = 1 / 8
    added = gradient(float(strength))
    shrunk = _keras_path(keras.optimizers.SGD(rate), added[None], w)[0]
    gradients = np.random.default_rng(2).standard_normal((STEPS, len(w)))
    adamw = optimisers.adamw(RATE, WEIGHT_DECAY, BETA_1, BETA_2)
    written = optimisers.trajectory(adamw, lambda theta, t: gradients[t - 1], w, STEPS)[1:]
    oracle = keras.optimizers.AdamW(
        RATE, weight_decay=WEIGHT_DECAY, beta_1=BETA_1, beta_2=BETA_2, epsilon=optimisers.EPSILON
    )
    method = "Keras' L2 regulariser, autodiff"
    return [
        Check(
            "Q4", r"$\lambda \lVert w \rVert^2$ adds $2 \lambda w$", float(whole.factor) * w, added, method,
            ROUNDED_CONSTANT,
        ),
        Check(
            "Q4", r"$\frac{1}{2} \lambda \lVert w \rVert^2$ adds $\lambda w$", float(halved.factor) * w,
            gradient(float(strength / 2)), method, ROUNDED_CONSTANT,
        ),
        Check(
            "Q4", r"SGD on the penalty alone multiplies $w$ by $1 - 2 \eta \lambda$",
            (1 - rate * float(whole.factor)) * w - w, shrunk - w, "Keras' SGD and L2 regulariser", ROUNDED_CONSTANT,
        ),
        Check(
            "Q4", "AdamW: decay outside Adam's rescaling", written, _keras_path(oracle, gradients, w),
            f"Keras' AdamW, {STEPS} steps",
        ),
    ]  # fmt: skip
