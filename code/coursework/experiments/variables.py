"""What the report says about question 6: the quantities behind its claims, and the group ``q6`` of its variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
from scipy import stats

from coursework.experiments import data, findings, protocol, stages, store
from coursework.experiments.findings import Spread, at, table
from coursework.experiments.protocol import Budget, Run
from coursework.settings import Settings
from press.project import Project

TARGET = 0.10
"""The error rate that was aimed at, stated beforehand."""

FILTERS, STRIDE = (16, 32), 2
"""The CNN's convolutions as `models.build_cnn` builds them; to ask Keras would load it for every build."""


class Point(NamedTuple):
    """Loss and error on the validation set, each over seeds."""

    loss: Spread
    error: Spread


def of_model(results: Mapping[Run, dict], budget: Budget, model: str) -> SimpleNamespace:
    """Compute what one model showed from the kept results; "there" is the size where everything is tuned."""
    l2_rows = table(results, protocol.l2_sweep(budget, model))
    dropout_rows = table(results, protocol.dropout_sweep(budget, model))
    l2 = stages.choose(results, budget)[model]
    dropout = protocol.best(results, protocol.dropout_sweep(budget, model), "dropout")
    curve = table(results, protocol.learning_curve(budget, model, l2))
    top = table(results, protocol.largest(budget, model, l2)).drop_duplicates(["l2", "seed"])
    by_rule = {rule: _point(top, l2=value) for rule, value in protocol.rules(budget, l2).items()}
    history = table(results, [run for run in protocol.l2_sweep(budget, model) if run.l2 == 0])["history"]
    losses = np.mean([[row["validation_loss"] for row in each] for each in history], axis=0)
    final_l2 = stages.choose_final(results, budget)[model]
    return SimpleNamespace(
        l2=l2,
        dropout=dropout,
        fitted=_point(l2_rows, "train", l2=0),  # on the training images there, without regularisation
        # on the validation images there: without regularisation, with the chosen λ, the largest λ, the chosen dropout
        plain=_point(l2_rows, l2=0),
        regularised=_point(l2_rows, l2=l2),
        too_much=_point(l2_rows, l2=max(budget.l2)),
        dropped=_point(dropout_rows, dropout=dropout),
        # the lowest mean validation loss without regularisation, and after how many passes
        lowest=float(losses.min()),
        lowest_after=history[0][losses.argmin()]["passes"],
        # at the smallest size with the chosen λ, and at the largest: with it, with λ ∝ 1/n, with λ = 0
        smallest=_point(curve, n=min(budget.sizes)),
        fixed=by_rule["fixed λ"],
        scaled=by_rule["λ ∝ 1/n"],
        none=by_rule["λ = 0"],
        # of log error against log size, λ fixed, up to the size of tuning
        slope=slope(curve[curve["n"] <= budget.tuned], "validation_error"),
        # the final models, on the test set
        final_l2=final_l2,
        test=_point(table(results, protocol.final(budget, model, final_l2)), "test"),
    )


def _point(rows, part: str = "validation", **settings) -> Point:
    return Point(at(rows, f"{part}_loss", **settings), at(rows, f"{part}_error", **settings))


def slope(rows, quantity: str) -> Spread:
    """Fit log quantity against log size, a straight line a seed, and return the slopes."""
    each = [stats.linregress(np.log(seed["n"]), np.log(seed[quantity])).slope for _, seed in rows.groupby("seed")]
    return Spread(np.array(each))


def for_claims() -> tuple[SimpleNamespace, SimpleNamespace, Callable[..., None]]:
    """Return what MLP and CNN showed, and `claim`, for the hidden cells of the report's page."""
    project = Project.find()
    settings = project.settings()
    results = store.results(project, settings)
    findings.claim.excuse = results.excuse
    return *(of_model(results, results.budget, model) for model in stages.MODELS), findings.claim


def variables(settings: Settings, project: Project) -> dict[str, str]:
    """Write every number of the prose, ready for print; `WorkError` if a training is missing."""
    results = store.results(project, settings)
    budget, images = results.budget, data.load(settings.dataset, project.root)
    found = {model: of_model(results, budget, model) for model in stages.MODELS}
    trained = sum(not run.test for run in stages.all_runs(budget, results))  # a test reads kept weights
    largest = protocol.new_run(budget, "cnn", max(budget.sizes), 0)
    counts = {
        "examples_train": len(images.y_train), "examples_validation": len(images.y_validation),
        "examples_test": len(images.y_test), "tuned": budget.tuned, "smallest": min(budget.sizes),
        "second_size": sorted(budget.sizes)[1], "largest": largest.n, "seeds": budget.seeds, "passes": budget.passes,
        "least_steps": budget.least, "most_steps": budget.most, "mlp_width": budget.widths[1],
        "cnn_width": budget.cnn_width, "cnn_filters": FILTERS[0], "cnn_more_filters": FILTERS[1], "cnn_stride": STRIDE,
        "batch": largest.batch,
    }  # fmt: skip
    values = {name: whole(count) for name, count in counts.items()} | {
        "trial": _trial(results.excuse, trained),
        "dataset": data.shown_name(settings.dataset),
        "target_error": percent(TARGET, 0),
        "largest_passes": f"{largest.steps * largest.batch / largest.n:.0f}",
        "too_much_l2": plain(max(budget.l2)),
        "rate": plain(largest.rate),
        "comparison_loss": spread(found["cnn"].regularised.loss - found["mlp"].regularised.loss, signed),
        "comparison_error": spread(found["cnn"].regularised.error - found["mlp"].regularised.error, points),
    }
    for model, each in found.items():
        values |= {f"{model}_{name}": text for name, text in _of_model(each, budget)}
    return values


def _of_model(found: SimpleNamespace, budget: Budget) -> Iterator[tuple[str, str]]:
    yield "l2", plain(found.l2)
    yield "dropout", f"{found.dropout:g}"
    yield "fitted_error", percent(found.fitted.error.mean)
    yield "fitted_loss", decimal(found.fitted.loss.mean)
    for name in ("plain", "regularised", "too_much", "dropped", "smallest", "fixed", "scaled", "none", "test"):
        point = getattr(found, name)
        yield f"{name}_loss", decimal(point.loss.mean)
        yield f"{name}_error", percent(point.error.mean)
        yield f"{name}_loss_interval", spread(point.loss, decimal)
        yield f"{name}_error_interval", spread(point.error, percent)
    yield "lowest_loss", decimal(found.lowest)
    yield "lowest_after", whole(found.lowest_after)
    yield "slope", spread(found.slope, lambda value: signed(value, 2))
    yield "test_accuracy", percent(1 - found.test.error.mean)
    rule = next(rule for rule, value in protocol.rules(budget, found.l2).items() if value == found.final_l2)
    yield "final_rule", rule
    yield "final_l2", plain(found.final_l2)


def _trial(excuse: str, trained: int) -> str:
    if not excuse:
        return f"All numbers come from {whole(trained)} trainings."
    what = "with other images" if "images" in excuse else "on a small budget"
    return f"**This is a trial {what}: its {whole(trained)} trainings are no results, and its sentences may not hold.**"


# --- numbers for print -----------------------------------------------------------------------------------------------


def whole(value: float) -> str:
    return f"{round(value):,}"


def decimal(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}".replace("-", "−") if np.isfinite(value) else "diverged"


def signed(value: float, digits: int = 3) -> str:
    return f"{value:+.{digits}f}".replace("-", "−")


def percent(value: float, digits: int = 1) -> str:
    return f"{decimal(100 * value, digits)}\N{NO-BREAK SPACE}%"


def points(value: float) -> str:
    return f"{signed(100 * value, 1)} points"


def plain(value: float) -> str:
    """Print a small number in full, without an exponent: 0.0003."""
    return np.format_float_positional(value, trim="-")


def spread(value: Spread, show: Callable[[float], str]) -> str:
    """Print a mean and half the width of its interval: 0.454 ± 0.012, or 14.6 ± 0.3 %."""
    (mean, *unit), (half, *_) = (show(part).split() for part in (value.mean, value.half))
    return "\N{NO-BREAK SPACE}".join([mean, "±", half.removeprefix("+"), *unit])
