"""Every derived answer compared with at least one independent computation, and the values of the printed formulas.

The oracles are other people's programs: TensorFlow's automatic differentiation, mpmath, and Keras' own optimisers,
layers and regularisers. They are imported inside the functions that need them, since loading TensorFlow takes seconds.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from coursework.answers import (
    activation_checks,
    neuron_checks,
    optimiser_checks,
    recurrent_checks,
    regularisation_checks,
)
from coursework.answers.formatting import scientific
from coursework.answers.neuron import Neuron
from coursework.diagrams import drawing_checks


def compute(settings: Any) -> dict[str, Any]:
    """Run every check of questions 1 to 5; a `WorkError` names the first claim that does not hold.

    It is JSON-able: ``checks`` has for each, in the order of the questions, what is claimed and what was found.
    """
    checks = [
        *neuron_checks.checks(Neuron.of(settings.question1)),
        *optimiser_checks.checks(),
        *activation_checks.checks(),
        *regularisation_checks.checks(settings.question4.l2),
        *recurrent_checks.checks(),
        *drawing_checks.checks(),
    ]
    said = [{"question": check.question, "claim": check.claim, "method": check.method} for check in checks]
    found = [asdict(check.tolerance) | asdict(check.require()) for check in checks]
    return {"checks": [claim | outcome for claim, outcome in zip(said, found, strict=True)]}


def formula_values(settings: Any) -> dict[str, Any]:
    """Compute the values with which the printed formulas of questions 1 to 5 are evaluated.

    They are JSON-able: for each chapter, by the label of its heading, ``title``, ``readings`` and ``free`` names.
    """
    return {
        "sec-q1": neuron_checks.values(Neuron.of(settings.question1)),
        "sec-q2": optimiser_checks.values(),
        "sec-q3": activation_checks.values(),
        "sec-q4": regularisation_checks.values(settings.question4.l2),
        "sec-q5": recurrent_checks.values(),
    }


def table(checks: list[dict[str, Any]]) -> str:
    """Return the Markdown table of all checks: what is claimed, what it was compared with, and how well they agree."""
    widths = (4, 37, 38, 7, 14, 12, 8)
    rules = [f":{'-' * width}" if index < 3 else f"{'-' * width}:" for index, width in enumerate(widths)]
    rows = [["Question", "Claim", "Compared with", "$n$", "$d$", "$a$", "$r$"], rules]
    for check in checks:
        numbers = [scientific(check[name]) for name in ("difference", "absolute", "relative")]
        rows.append([check["question"], check["claim"], check["method"], f"{check['values']:,}", *numbers])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
