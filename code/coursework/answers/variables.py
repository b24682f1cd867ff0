"""The numbers of questions 1 to 4 and of the evidence as the prose prints them: text in Unicode, without TeX."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from coursework.answers import activations, optimisers, regularisation
from coursework.answers.formatting import decimal, number, scientific
from coursework.answers.neuron import Neuron, answer, output

Values = dict[str, str]


def values(settings: Any, evidence: dict[str, Any]) -> dict[str, Values]:
    """Return the variables of questions 1 to 4 and of the evidence.

    Parameters
    ----------
    settings : coursework.settings.Settings
    evidence : dict
        What `coursework.answers.evidence.compute` returned.

    Returns
    -------
    dict of dict of str
        Groups ``q1`` to ``q4`` and ``evidence``.
    """
    return {
        "q1": _neuron(Neuron.of(settings.question1)),
        "q2": _optimisers(),
        "q3": _activations(),
        "q4": _regularisation(settings.question4.l2),
        "evidence": _evidence(evidence["checks"]),
    }


def _neuron(neuron: Neuron) -> Values:
    result = answer(neuron)
    printed = {"z": number(result.relu.z).text, "y": number(result.relu.y).text}
    for prefix, gradients in (("", result.relu), ("doubled_", result.doubled), ("sigmoid_", result.sigmoid)):
        if prefix:
            printed[f"{prefix}z"], printed[f"{prefix}y"] = number(gradients.z).text, output(gradients).text
        for name, entries in (("dy_dx", gradients.inputs), ("dy_dw", gradients.weights)):
            printed |= {f"{prefix}{name}{i}": number(value).text for i, value in enumerate(entries, start=1)}
        if gradients.bias is not None:
            printed[f"{prefix}dy_db"] = number(gradients.bias).text
    return printed


def _optimisers() -> Values:
    first = optimisers.uncorrected_step(np.array([1]))[0]
    peak = optimisers.largest_uncorrected_step()
    last = optimisers.uncorrected_step(np.array([5000]))[0]
    return {
        "first_step": decimal(first, 2),
        "largest_step": decimal(peak.size, 2),
        "largest_at": str(peak.step),
        "step_5000": decimal(last, 3),
        "rmsprop_first_step": decimal(1 / np.sqrt(1 - optimisers.RHO), 2),
        "steps": str(optimisers.STEPS),
        "condition": str(optimisers.VALLEYS[0].condition),
        "angle": str(optimisers.VALLEYS[1].angle),
        "momentum": f"{optimisers.MOMENTUM:g}",
        "rates": str(len(optimisers.RATES)),
        "lowest_rate": number(Fraction(str(optimisers.RATES.min().round(6)))).text,
        "highest_rate": number(Fraction(str(optimisers.RATES.max().round(6)))).text,
    }


def _activations() -> Values:
    slope = {z: float(activations.slope_at("tanh", z)) for z in (2.0, 5.0)}
    return {
        "tanh_slope_2": decimal(slope[2.0]),
        "tanh_slope_5": scientific(slope[5.0]),
        "tanh_slope_2_ten_layers": scientific(slope[2.0] ** 10),
        "active_share": scientific(activations.active_share(-4)),
    }


def _regularisation(strength: Any) -> Values:
    return {
        "l2": number(strength).text,
        "added": number(regularisation.Penalty(strength).factor).text,
        "added_halved": number(regularisation.Penalty(strength, halved=True).factor).text,
        "degree": str(regularisation.DEGREE),
        "points": str(regularisation.POINTS),
        "units": str(regularisation.UNITS),
        "masks": f"{regularisation.MASKS:,}",
    }


def _evidence(checks: list[dict[str, Any]]) -> Values:
    """Return the counts, and for each question a line that says what it was checked against."""
    printed = {"checks": str(len(checks)), "values": f"{sum(check['values'] for check in checks):,}"}
    for question in sorted({check["question"] for check in checks}):
        printed[question.lower()] = checked_line([check for check in checks if check["question"] == question])
    return printed


def checked_line(checks: list[dict[str, Any]]) -> str:
    """Say in one sentence what a question's answer was compared with, and the largest difference for each oracle."""
    largest: dict[str, float] = {}
    for check in checks:
        oracle = check["method"].split(",")[0]
        largest[oracle] = max(check["difference"], largest.get(oracle, 0.0))
    oracles = "; ".join(f"{oracle}, {scientific(d) if d else 'none'}" for oracle, d in largest.items())
    values = sum(check["values"] for check in checks)
    compared = f"{values:,} values in {len(checks)} comparisons with other programs"
    return f"{compared}, and the largest difference from each: {oracles}."


def evidence_table(checks: list[dict[str, Any]]) -> str:
    """Return the Markdown table of all checks: what is claimed, what it was compared with, and how well they agree."""
    rows = [
        "| | Claim | Compared with | $n$ | $d$ | $a$ | $r$ |",
        "|"
        + "|".join(f":{'-' * width}" for width in (4, 37, 38))
        + "|"
        + "|".join(f"{'-' * width}:" for width in (7, 14, 12, 8))
        + "|",
    ]
    for check in checks:
        numbers = [scientific(check["difference"]), scientific(check["absolute"]), scientific(check["relative"])]
        cells = [check["question"], check["claim"], check["method"], f"{check['values']:,}", *numbers]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)
