"""What the prose of question 5 says of the measurements: its numbers, and what its claims compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from coursework.answers.formatting import decimal, significant
from coursework.answers.recurrent_measurements import (
    BIASED_LSTM,
    DEFAULT_LSTM,
    FORGET_BIASES,
    LEARNING_RATES,
    PLAIN_RNN,
)


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
        """Take them from what `coursework.answers.recurrent_measurements.compute` returned."""
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
