"""The numbers as the prose prints them, of all questions and of the evidence: text in Unicode, without TeX."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from coursework.answers import activations, optimisers, recurrent_measurements, regularisation
from coursework.answers.formatting import decimal, number, scientific, significant
from coursework.answers.neuron import Neuron, answer
from coursework.answers.neuron_wording import output
from coursework.settings import Settings
from press.keeping.kept import require_made
from press.project import Project

Values = dict[str, str]


def values(project: Project, settings: Settings, products: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of ``{{< var group.name >}}``, text without TeX: ``q1`` to ``q6`` and ``evidence``."""
    return {
        **derived(settings),
        "evidence": lambda: checked(products["evidence"]),
        "q5": lambda: recurrent_measurements.variables(products["recurrent"]),
        "q6": lambda: _trained(settings, project),
    }


def _trained(settings: Settings, project: Project) -> Values:
    require_made("runs")  # before what it needs is imported, which takes seconds
    from coursework.experiments import variables as trained

    return trained.variables(settings, project)


def derived(settings: Settings) -> dict[str, Values]:
    """Return the variables of questions 1 to 4, which follow from the settings, in the groups ``q1`` to ``q4``."""
    return {
        "q1": _neuron(Neuron.of(settings.question1)),
        "q2": _optimisers(),
        "q3": _activations(),
        "q4": _regularisation(settings.question4.l2),
    }


def _neuron(neuron: Neuron) -> Values:
    result = answer(neuron)
    printed = {
        "z": result.relu.z, "y": result.relu.y, "dy_dx2": result.relu.inputs[1], "dy_dw2": result.relu.weights[1],
        "sigmoid_dy_dw1": result.sigmoid.weights[0], "sigmoid_dy_dw2": result.sigmoid.weights[1],
    }  # fmt: skip
    return {name: number(value).text for name, value in printed.items()} | {"sigmoid_y": output(result.sigmoid).text}


def _optimisers() -> Values:
    first = optimisers.uncorrected_step(np.array([1]))[0]
    peak = optimisers.largest_uncorrected_step()
    turned = {method: optimisers.best_descent(method, optimisers.VALLEYS[1]).loss for method in optimisers.METHODS}
    kept = {
        "rmsprop": optimisers.rmsprop, "momentum": optimisers.rmsprop_with_momentum, "adam": optimisers.adam,
    }  # fmt: skip
    constants = {
        "learning_rate": optimisers.LEARNING_RATE, "rho": optimisers.RHO, "beta_1": optimisers.BETA_1,
        "beta_2": optimisers.BETA_2, "momentum": optimisers.MOMENTUM, "condition": optimisers.VALLEYS[0].condition,
        "angle": optimisers.VALLEYS[1].angle, "lowest_rate": optimisers.RATES.min(),
        "highest_rate": optimisers.RATES.max(),
    }  # fmt: skip
    return {
        **{name: f"{value:g}" for name, value in constants.items()},
        **{f"arrays_{name}": str(made(1).averages) for name, made in kept.items()},
        **{f"turned_{method.lower()}": significant(loss) for method, loss in turned.items()},
        "epsilon": scientific(optimisers.EPSILON),
        "first_step": decimal(first, 2),
        "largest_step": decimal(peak.size, 2),
        "largest_at": str(peak.step),
        "steps": str(optimisers.STEPS),
        "rates": str(len(optimisers.RATES)),
    }


def _activations() -> Values:
    near, far, mean = activations.NEAR, activations.FAR, activations.DEAD_MEAN
    slope = {z: float(activations.slope_at("tanh", z)) for z in (near, far)}
    return {
        "near": str(near),
        "far": str(far),
        "slope_near": decimal(slope[near]),
        "slope_far": scientific(slope[far]),
        "left_by_ten": scientific(slope[near] ** 10),
        "mean": number(Fraction(mean)).text,
        "active_share": scientific(activations.active_share(mean)),
    }


def _regularisation(strength: Fraction) -> Values:
    none, small, large = regularisation.fits()
    return {
        "l2": number(strength).text,
        "added": number(regularisation.added_to_gradient(strength)).text,
        "norm_none": decimal(none.norm, 1),
        "norm_small": decimal(small.norm, 1),
        "off_none": decimal(none.distance_to_truth(), 2),
        "off_small": decimal(small.distance_to_truth(), 2),
        "off_large": decimal(large.distance_to_truth(), 2),
        "degree": str(regularisation.DEGREE),
        "points": str(regularisation.POINTS),
        "units": str(regularisation.UNITS),
        "masks": f"{regularisation.MASKS:,}",
    }


def checked(evidence: dict[str, Any]) -> Values:
    """Return the variables of the evidence, from what `coursework.evidence.compute` returned."""
    checks = evidence["checks"]
    return {"checks": str(len(checks)), "values": f"{sum(check['values'] for check in checks):,}"}
