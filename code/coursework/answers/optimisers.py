"""Question 2: SGD, momentum, RMSProp and Adam as the report writes them, and Adam's bias correction derived.

Each rule takes the gradient, the moving averages it keeps (zeros at first) and the number of the step, counted from 1;
it gives the change of the parameters and the new averages. All arrays have the shape of the parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import sympy as sp

# Keras' defaults
LEARNING_RATE = 1e-3
RHO = 0.9
BETA_1, BETA_2 = 0.9, 0.999
EPSILON = 1e-7
MOMENTUM = 0.9  # not a default: Keras' is 0, no momentum

Averages = tuple[np.ndarray, ...]
Rule = Callable[[np.ndarray, Averages, int], tuple[np.ndarray, Averages]]


@dataclass(frozen=True)
class Optimiser:
    """An update rule with how many arrays it keeps, each of the parameters' shape.

    `decay` is decoupled weight decay: the share of the parameters that each step subtracts besides.
    """

    averages: int
    rule: Rule
    decay: float = 0.0


def sgd(learning_rate: float) -> Optimiser:
    """θ ← θ − η g."""
    return Optimiser(0, lambda g, averages, t: (-learning_rate * g, averages))


def momentum(learning_rate: float, decay: float = MOMENTUM) -> Optimiser:
    """Δ ← μ Δ − η g, θ ← θ + Δ, with decay μ."""

    def rule(g: np.ndarray, averages: Averages, t: int) -> tuple[np.ndarray, Averages]:
        change = decay * averages[0] - learning_rate * g
        return change, (change,)

    return Optimiser(1, rule)


def rmsprop(learning_rate: float, rho: float = RHO, epsilon: float = EPSILON) -> Optimiser:
    """v ← ρ v + (1 − ρ) g², θ ← θ − η g / √(v + ε): Tieleman and Hinton (2012), with ε where Keras puts it."""

    def rule(g: np.ndarray, averages: Averages, t: int) -> tuple[np.ndarray, Averages]:
        v = rho * averages[0] + (1 - rho) * g**2
        return -learning_rate * g / np.sqrt(v + epsilon), (v,)

    return Optimiser(1, rule)


def rmsprop_with_momentum(
    learning_rate: float, rho: float = RHO, decay: float = MOMENTUM, epsilon: float = EPSILON
) -> Optimiser:
    """Δ ← μ Δ + η g / √(v + ε), θ ← θ − Δ: momentum on the rescaled gradient, which is not Adam."""

    def rule(g: np.ndarray, averages: Averages, t: int) -> tuple[np.ndarray, Averages]:
        v, change = averages
        v = rho * v + (1 - rho) * g**2
        change = decay * change + learning_rate * g / np.sqrt(v + epsilon)
        return -change, (v, change)

    return Optimiser(2, rule)


def _moments(g: np.ndarray, averages: Averages, beta_1: float, beta_2: float) -> Averages:
    m, v = averages
    return beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2


def adam(learning_rate: float, beta_1: float = BETA_1, beta_2: float = BETA_2, epsilon: float = EPSILON) -> Optimiser:
    """θ ← θ − η m̂ / (√v̂ + ε): algorithm 1 of Kingma and Ba (2015)."""

    def rule(g: np.ndarray, averages: Averages, t: int) -> tuple[np.ndarray, Averages]:
        m, v = _moments(g, averages, beta_1, beta_2)
        m_hat, v_hat = m / (1 - beta_1**t), v / (1 - beta_2**t)
        return -learning_rate * m_hat / (np.sqrt(v_hat) + epsilon), (m, v)

    return Optimiser(2, rule)


def adam_as_in_keras(
    learning_rate: float, beta_1: float = BETA_1, beta_2: float = BETA_2, epsilon_hat: float = EPSILON
) -> Optimiser:
    """θ ← θ − α_t m / (√v + ε̂) with α_t = η √(1 − β₂ᵗ) / (1 − β₁ᵗ): the form at the end of the paper's section 2."""

    def rule(g: np.ndarray, averages: Averages, t: int) -> tuple[np.ndarray, Averages]:
        m, v = _moments(g, averages, beta_1, beta_2)
        rate = learning_rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        return -rate * m / (np.sqrt(v) + epsilon_hat), (m, v)

    return Optimiser(2, rule)


def paper_epsilon(epsilon_hat: float, step: int, beta_2: float = BETA_2) -> float:
    """Return the ε with which algorithm 1 takes the same step as Keras' form with ε̂: ε̂ = ε √(1 − β₂ᵗ)."""
    return epsilon_hat / np.sqrt(1 - beta_2**step)


def adamw(learning_rate: float, weight_decay: float, beta_1: float = BETA_1, beta_2: float = BETA_2) -> Optimiser:
    """θ ← (1 − η λ) θ − η m̂ / (√v̂ + ε): Loshchilov and Hutter (2019), with a constant schedule and Keras' ε̂."""
    return replace(adam_as_in_keras(learning_rate, beta_1, beta_2), decay=learning_rate * weight_decay)


def trajectory(
    optimiser: Optimiser, gradient: Callable[[np.ndarray, int], np.ndarray], start: np.ndarray, steps: int
) -> np.ndarray:
    """Follow an optimiser from `start` (..., n), with the gradient a function of parameters and step, counted from 1.

    Returns the parameters before the first step and after each, of shape (steps + 1, ..., n).
    """
    theta = np.asarray(start, dtype=float)
    averages: Averages = tuple(np.zeros_like(theta) for _ in range(optimiser.averages))
    path = [theta]
    for t in range(1, steps + 1):
        change, averages = optimiser.rule(gradient(theta, t), averages, t)
        theta = (1 - optimiser.decay) * theta + change
        path.append(theta)
    return np.array(path)


# --- the bias correction --------------------------------------------------------------------------------------------


def weighted_sum(steps: int) -> sp.Expr:
    """Return (1 − β) Σ βᵗ⁻ⁱ gᵢ, i = 1 … t, for t = `steps`: m_t of m ← β m + (1 − β) g_t from m₀ = 0."""
    beta = sp.Symbol("beta", positive=True)
    terms = [beta ** (steps - i) * sp.Symbol(f"g_{i}", real=True) for i in range(1, steps + 1)]
    return sp.expand((1 - beta) * sp.Add(*terms))


@cache
def expected_average(decay: str = "beta") -> sp.Expr:
    """Solve E[m_t] = β E[m_{t−1}] + (1 − β) μ, E[m₀] = 0 (every gradient has the mean μ): μ (1 − βᵗ).

    `decay` is what β is called.
    """
    t = sp.Symbol("t", integer=True, positive=True)
    beta, mu = sp.Symbol(decay, positive=True), sp.Symbol("mu", real=True)
    m = sp.Function("m")
    solution = sp.rsolve(m(t) - beta * m(t - 1) - (1 - beta) * mu, m(t), {m(0): 0})
    return sp.collect(sp.expand(solution), mu)


def uncorrected_step(steps: np.ndarray, beta_1: float = BETA_1, beta_2: float = BETA_2) -> np.ndarray:
    """Return Adam's step in units of η for a constant gradient, if the bias correction is left out (ε → 0).

    With m_t = (1 − β₁ᵗ) g and v_t = (1 − β₂ᵗ) g² it is (1 − β₁ᵗ) / √(1 − β₂ᵗ). With the correction it
    is 1 at every step.
    """
    return (1 - beta_1**steps) / np.sqrt(1 - beta_2**steps)


HORIZON = 5000  # steps until the uncorrected ones are nearly right


@dataclass(frozen=True)
class Peak:
    """The largest of Adam's uncorrected steps, and the step at which it is taken."""

    step: int
    size: float


def largest_uncorrected_step() -> Peak:
    """Find the largest of the first `HORIZON` uncorrected steps."""
    sizes = uncorrected_step(np.arange(1, HORIZON + 1))
    return Peak(int(np.argmax(sizes)) + 1, float(sizes.max()))


# --- an ill-conditioned valley --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Valley:
    """The loss ½ θᵀ H θ, with the eigenvalues 1 and `condition` of H along axes turned by `angle` degrees."""

    condition: float
    angle: float

    @property
    def axes(self) -> np.ndarray:
        """The rotation whose columns are the valley's axes, shape (2, 2)."""
        turn = np.radians(self.angle)
        return np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])

    @property
    def hessian(self) -> np.ndarray:
        """H, shape (2, 2)."""
        return self.axes @ np.diag([1.0, self.condition]) @ self.axes.T

    @property
    def start(self) -> np.ndarray:
        """The starting point: the same place in the valley whatever its angle."""
        return self.axes @ np.array([-4.0, 1.0])

    def loss(self, theta: np.ndarray) -> np.ndarray:
        """Return the loss at `theta`, shape (..., 2)."""
        return 0.5 * np.einsum("...i,ij,...j->...", theta, self.hessian, theta)

    def gradient(self, theta: np.ndarray, step: int) -> np.ndarray:
        """Return the gradient at `theta`, shape (..., 2); it does not depend on the step."""
        return theta @ self.hessian  # the Hessian is symmetric


VALLEYS = (Valley(condition=30, angle=0), Valley(condition=30, angle=45))
STEPS = 40
RATES = np.power(10.0, np.arange(-24, 1) / 8)  # 0.001 to 1, eight to a decade
METHODS = {"SGD": sgd, "momentum": momentum, "RMSProp": rmsprop, "Adam": adam}


@dataclass(frozen=True)
class Descent:
    """How one method went down one valley, with the learning rate that served it best."""

    learning_rate: float
    path: np.ndarray  # (steps + 1, 2)
    loss: float


def best_descent(method: str, valley: Valley) -> Descent:
    """Try every learning rate of `RATES`, all at once, and keep the path with the lowest last loss."""
    starts = np.tile(valley.start, (RATES.size, 1))
    with np.errstate(over="ignore", invalid="ignore"):
        paths = trajectory(METHODS[method](RATES[:, np.newaxis]), valley.gradient, starts, STEPS)
        losses = valley.loss(paths[-1])
    best = int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))
    return Descent(float(RATES[best]), paths[:, best], float(losses[best]))


def best_descents() -> dict[tuple[str, float], Descent]:
    """Return the best descent of every method down every valley, by method and angle."""
    return {(method, valley.angle): best_descent(method, valley) for method in METHODS for valley in VALLEYS}
