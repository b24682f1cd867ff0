"""Question 2 against Keras' own optimisers, step for step, and the values of its printed formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import sympy as sp

from coursework.answers import optimisers
from coursework.answers.checks import DIGITS_20, ROUNDED_CONSTANT, Check, Sample, float_sample, reading

# Keras rounds its constants to single precision, which holds these exactly: the comparison stays one of float64. The ε
# is so large that it matters where it stands.
RATE, RHO, MOMENTUM, BETA_1, BETA_2, EPSILON, WEIGHT_DECAY = 1 / 128, 7 / 8, 5 / 8, 3 / 4, 31 / 32, 1 / 16, 1 / 32
SEEDS, STEPS, PARAMETERS = (1, 2, 3), 50, 4


def keras_states(optimiser: Any, gradients: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Let a Keras optimiser take a step for each gradient (steps, n) from `start` (n,), in float64.

    Returns the parameters and the `k` arrays that the optimiser keeps, before the first step and after each, of shape
    (steps + 1, 1 + k, n).
    """
    import keras

    variable = keras.Variable(start, dtype="float64")
    optimiser.build([variable])
    kept = [variable, *(each for each in optimiser.variables if each.shape == variable.shape)]
    states = [[each.numpy() for each in kept]]
    for gradient in gradients:
        optimiser.apply([keras.ops.convert_to_tensor(gradient, dtype="float64")], [variable])
        states.append([each.numpy() for each in kept])
    return np.array(states)


def _keras_rmsprop(momentum: float = 0.0, epsilon: float = EPSILON) -> Any:
    import keras

    return keras.optimizers.RMSprop(RATE, rho=RHO, momentum=momentum, epsilon=epsilon)


def _keras_adam(epsilon: float = EPSILON) -> Any:
    import keras

    return keras.optimizers.Adam(RATE, beta_1=BETA_1, beta_2=BETA_2, epsilon=epsilon)


def checks() -> list[Check]:
    """Return the checks of question 2: each written rule against Keras' own, and what is said of them."""
    from keras.optimizers import SGD

    o, adams = optimisers, (RATE, BETA_1, BETA_2, EPSILON)
    heavy, paper = o.rmsprop_with_momentum(RATE, RHO, MOMENTUM, EPSILON), r"\hat\varepsilon / \sqrt{1 - \beta_2^t}"
    return [
        _rule_check("SGD", o.sgd(RATE), lambda: SGD(RATE)),
        _rule_check("Momentum", o.momentum(RATE, MOMENTUM), lambda: SGD(RATE, momentum=MOMENTUM)),
        _rule_check("RMSProp", o.rmsprop(RATE, RHO, EPSILON), _keras_rmsprop),
        _rule_check("RMSProp with momentum", heavy, lambda: _keras_rmsprop(MOMENTUM)),
        _rule_check(r"Adam in Keras' form, with $\hat\varepsilon$", o.adam_as_in_keras(*adams), _keras_adam),
        _rule_check(rf"Adam as in the paper, with $\varepsilon = {paper}$", _paper_adam(EPSILON), _keras_adam),
        *_bias_correction_checks(),
        *_first_steps_checks(),
        _defaults_check(),
    ]


def _paper_adam(epsilon_hat: float) -> optimisers.Optimiser:
    """Return algorithm 1 with the ε that changes from step to step as Keras' constant ε̂ demands."""

    def rule(g: np.ndarray, averages: tuple, t: int) -> tuple[np.ndarray, tuple]:
        epsilon = optimisers.paper_epsilon(epsilon_hat, t, BETA_2)
        return optimisers.adam(RATE, BETA_1, BETA_2, epsilon).rule(g, averages, t)

    return optimisers.Optimiser(2, rule)


def _rule_check(name: str, rule: optimisers.Optimiser, oracle: Callable[[], Any]) -> Check:
    """Compare the parameters after every step, for several series of random gradients of very different size."""
    ours, theirs = [], []
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        gradients = random.standard_normal((STEPS, PARAMETERS)) * 10.0 ** np.arange(-2, PARAMETERS - 2)
        start = random.standard_normal(PARAMETERS)
        ours.append(optimisers.trajectory(rule, lambda theta, t, g=gradients: g[t - 1], start, STEPS))
        theirs.append(keras_states(oracle(), gradients, start)[:, 0])
    method = f"Keras, {STEPS} steps, {len(SEEDS)} seeds"
    return Check("Q2", f"{name}: the written update", np.array(ours), np.array(theirs), method)


def _averages(decay: Any, values: Any) -> list[Any]:
    """Follow the recursion m ← β m + (1 − β) g from 0."""
    average, averages = 0, []
    for value in values:
        average = decay * average + (1 - decay) * value
        averages.append(average)
    return averages


def _bias_correction_checks() -> list[Check]:
    """Check the closed forms of the moving average against the recursion."""
    steps, decay = 12, optimisers.BETA_1
    gradients = np.random.default_rng(1).standard_normal(steps)
    values = {"beta": decay, **{f"g_{i}": float(g) for i, g in enumerate(gradients, start=1)}}
    sums = [optimisers.weighted_sum(t) for t in range(1, steps + 1)]
    weighted = [float(total.subs({s: values[s.name] for s in total.free_symbols})) for total in sums]

    horizon = 1000
    symbols = {symbol.name: symbol for symbol in optimisers.expected_average().free_symbols}
    closed = sp.lambdify([symbols[name] for name in ("t", "beta", "mu")], optimisers.expected_average(), "mpmath")
    with mpmath.workdps(50):
        mean, slow = mpmath.mpf(3) / 7, mpmath.mpf("0.999")
        expected = [closed(mpmath.mpf(t), slow, mean) for t in range(1, horizon + 1)]
        recursion = _averages(slow, [mean] * horizon)
    return [
        Check(
            "Q2", r"$m_t = (1 - \beta) \sum_i \beta^{t-i} g_i$", weighted, _averages(decay, gradients),
            f"recursion, {steps} steps",
        ),
        Check(
            "Q2", r"$\mathrm{E}[m_t] = \mu (1 - \beta^t)$", expected, recursion,
            f"mpmath recursion, {horizon} steps, 50 digits", DIGITS_20,
        ),
    ]  # fmt: skip


def _first_steps_checks() -> list[Check]:
    """Check the size of Adam's first steps for a constant gradient; the uncorrected ones are Keras' m/√v."""
    first = 20
    uncorrected, corrected = _keras_first_steps(first)
    adam = optimisers.adam(1.0, epsilon=0.0)
    path = optimisers.trajectory(adam, lambda theta, t: np.array([2.5]), np.zeros(1), first)
    peak = optimisers.largest_uncorrected_step()
    method = f"averages kept by Keras' Adam, {first} steps"
    return [
        Check(
            "Q2", "Adam's step without bias correction, constant gradient",
            optimisers.uncorrected_step(np.arange(1, first + 1)), uncorrected, method,
        ),
        Check(
            "Q2", r"Adam's step with it is $\eta$", -np.diff(path[:, 0]), corrected, f"Keras' Adam, {first} steps",
            ROUNDED_CONSTANT,
        ),
        Check(
            "Q2", "The largest uncorrected step, and when", [peak.step, peak.size],
            [np.argmax(uncorrected) + 1, np.max(uncorrected)], method,
        ),
    ]  # fmt: skip


def _keras_first_steps(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return m/√v from the averages that Keras' Adam keeps, and its steps in units of η, for a constant gradient."""
    import keras

    adam = keras.optimizers.Adam(RATE, beta_1=optimisers.BETA_1, beta_2=optimisers.BETA_2, epsilon=0.0)
    theta, m, v = keras_states(adam, np.full((steps, 1), 2.5), np.zeros(1))[..., 0].T
    return m[1:] / np.sqrt(v[1:]), -np.diff(theta) / RATE


def _defaults_check() -> Check:
    """Check the constants that the report calls Keras' defaults, and how many arrays each method keeps."""
    from keras.optimizers import SGD, Adam, RMSprop

    o, rmsprop, adam = optimisers, RMSprop().get_config(), Adam().get_config()
    methods = SGD(), SGD(momentum=MOMENTUM), RMSprop(), RMSprop(momentum=MOMENTUM), Adam()
    kept = [keras_states(each, np.array([]), np.zeros(1)).shape[1] - 1 for each in methods]
    stated = [o.LEARNING_RATE, o.RHO, o.EPSILON, o.LEARNING_RATE, o.BETA_1, o.BETA_2, o.EPSILON]
    made = o.sgd, o.momentum, o.rmsprop, o.rmsprop_with_momentum, o.adam
    stated += [each(RATE).averages for each in made]
    theirs = [rmsprop[name] for name in ("learning_rate", "rho", "epsilon")]
    theirs += [adam[name] for name in ("learning_rate", "beta_1", "beta_2", "epsilon")]
    method = "the configuration and states of Keras' optimisers"
    claim = "Keras' defaults, and how many arrays a method keeps"
    return Check("Q2", claim, stated, theirs + kept, method, ROUNDED_CONSTANT)


# --- values for the printed formulas ---------------------------------------------------------------------------------

FORMULA_SEEDS, FORMULA_STEPS = (1, 2), 4


def values() -> dict[str, Any]:
    """Return the values of question 2, from the states of Keras' optimisers after some steps of random gradients."""
    readings = [
        reading("Keras' RMSprop", *map(_rmsprop_sample, FORMULA_SEEDS)),
        reading("Keras' RMSprop with momentum", *map(_momentum_sample, FORMULA_SEEDS)),
        reading("Keras' Adam", *map(adam_sample, FORMULA_SEEDS)),
        reading("Keras' Adam with a constant gradient", *map(_constant_sample, (0.7, -1.3))),
        reading("the first steps of Keras' optimisers with ε = 0", *map(_first_step_sample, FORMULA_SEEDS)),
        reading("Keras' defaults", _defaults_sample()),
    ]
    return {"title": "Question 2", "readings": readings, "said": [r"\varepsilon \to 0", "g", "g^2"]}


def _defaults_sample() -> Sample:
    """Return the constants of Keras' optimisers as they are made; Keras rounds some to single precision."""
    from keras.optimizers import Adam, RMSprop

    constants = RMSprop().get_config() | Adam().get_config()
    names = {
        r"\eta": "learning_rate", r"\rho": "rho", r"\beta_1": "beta_1", r"\beta_2": "beta_2", r"\varepsilon": "epsilon",
    }  # fmt: skip
    return {name: float(f"{constants[key]:.6g}") for name, key in names.items()}


def formula_steps(optimiser: Any, seed: int, mean: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return random gradients (or constant ones), and the states (steps + 1, 1 + k) of one parameter."""
    random = np.random.default_rng(seed)
    gradients = random.uniform(0.5, 2, FORMULA_STEPS) * random.choice([-1, 1], FORMULA_STEPS)
    if mean is not None:
        gradients = np.full(FORMULA_STEPS, mean)
    return gradients, keras_states(optimiser, gradients[:, None], random.uniform(1, 2, 1))[..., 0]


def _last_step(gradients: np.ndarray, states: np.ndarray, *names: str) -> Sample:
    """Return the last gradient, and the parameter and what the optimiser keeps, before the last step and after it."""
    before, after = states[-2:]
    kept = {rf"{name}_{{t-1}}": value for name, value in zip(names, before, strict=True)}
    return kept | {f"{name}_t": value for name, value in zip(names, after, strict=True)} | {"g_t": gradients[-1]}


def _rmsprop_sample(seed: int) -> Sample:
    found = _last_step(*formula_steps(_keras_rmsprop(), seed), r"\theta", "v")
    return float_sample(found | {r"\eta": RATE, r"\rho": RHO, r"\varepsilon": EPSILON})


def _momentum_sample(seed: int) -> Sample:
    found = _last_step(*formula_steps(_keras_rmsprop(MOMENTUM), seed), r"\theta", "v", r"\Delta")
    return float_sample(found | {r"\mu_\Delta": MOMENTUM, r"\eta": RATE, r"\varepsilon": EPSILON})


def adam_sample(seed: int) -> Sample:
    """Return the values of Adam.

    Keras keeps m and v. Their corrected forms are weighted means, by NumPy: correcting for the start is dividing by the
    sum of the weights. Keras' constant is ε̂; ε is the number with which the paper's algorithm makes the same step. And
    α is the size of Keras' step for m/√v = 1, found with ε̂ = 0.
    """
    gradients, states = formula_steps(_keras_adam(), seed)
    found = _last_step(gradients, states, r"\theta", "m", "v")
    (bare_before, _, _), (bare, bare_m, bare_v) = formula_steps(_keras_adam(epsilon=0.0), seed)[1][-2:]
    ages = np.arange(FORMULA_STEPS)[::-1]
    small = EPSILON * abs(gradients[0]) / np.sqrt(states[1, 2])  # v is in proportion to the square of the gradient
    m_hat = np.average(gradients, weights=BETA_1**ages)
    v_hat = np.average(gradients**2, weights=BETA_2**ages)
    step = found[r"\theta_{t-1}"] - found[r"\theta_t"]
    return float_sample({
        **found, "m_0": 0, "v_0": 0, r"\hat m_t": m_hat, r"\hat v_t": v_hat,
        r"\eta": RATE, r"\beta_1": BETA_1, r"\beta_2": BETA_2, r"\hat\varepsilon": EPSILON,
        r"\varepsilon": RATE * m_hat / step - np.sqrt(v_hat),
        r"\text{the first gradient with a root of ε̂}": small,
        r"\alpha_t": (bare_before - bare) / (bare_m / np.sqrt(bare_v)), "t": FORMULA_STEPS,
        **{f"g_{i}": g for i, g in enumerate(gradients, start=1)},
    })  # fmt: skip


def _constant_sample(mean: float) -> Sample:
    """Return the values of the expected average: it is linear, so that it is what a constant gradient gives."""
    _, states = formula_steps(_keras_adam(), 1, mean)
    (_, before, _), (_, after, v) = states[-2:]
    return float_sample({
        r"\text{the step without correction}": RATE * abs(after) / np.sqrt(v), r"\eta": RATE, r"\beta_2": BETA_2,
        r"\mathrm{E}[m_t]": after, r"\mathrm{E}[m_{t-1}]": before, r"\mu": mean, r"\beta_1": BETA_1,
        "t": FORMULA_STEPS,
    })  # fmt: skip


def _first_step_sample(seed: int) -> Sample:
    """Return the size of the first steps."""
    made = {"RMSProp": _keras_rmsprop(epsilon=0.0), "Adam": _keras_adam(epsilon=0.0)}
    sizes = {name: abs(np.diff(formula_steps(optimiser, seed)[1][:2, 0])[0]) for name, optimiser in made.items()}
    sample = {rf"\delta_\mathrm{{{name}}}": size for name, size in sizes.items()}
    return float_sample(sample | {r"\eta": RATE, r"\rho": RHO})
