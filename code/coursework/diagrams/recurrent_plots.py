"""The measurements of question 5 as figures: how far gradients reach, and the gates of a trained LSTM at work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from coursework.answers.recurrent_measurements import BIASED_LSTM, DEFAULT_LSTM, PLAIN_RNN
from coursework.diagrams.style import BLUE, GREEN, GREY, INK, ORANGE, TEXT_WIDTH, use

STYLES = {
    PLAIN_RNN: (BLUE, "-"),
    DEFAULT_LSTM: (ORANGE, (0, (5, 1.6))),
    BIASED_LSTM: (GREEN, (0, (6, 1.5, 1.2, 1.5))),
}
"""Of each net its colour and its dashes."""

LOWEST, HIGHEST = 1e-12, 1e4


def _draw_factors(axes: Axes, name: str, factors: Mapping[str, Any]) -> None:
    """Draw the factor of a net against the lag: each seed thin, their geometric mean thick; its name where it ends."""
    colour, dash = STYLES[name]
    total = np.array(factors["total"])
    lags = np.arange(1, total.shape[1] + 1)
    axes.plot(lags, total.T, ls="-", lw=0.5, color=colour, alpha=0.35)
    axes.plot(lags, np.exp(np.log(total).mean(axis=0)), ls=dash, lw=1.6, color=colour, label=name)


def gradients(measurements: Mapping[str, Any]) -> Figure:
    """Draw how much of a gradient is left after each number of steps: as initialised, and after training.

    `measurements` is what `coursework.answers.recurrent_measurements.compute` returned.
    """
    use()
    figure = Figure(figsize=(TEXT_WIDTH, 1.85))
    figure.get_layout_engine().set(wspace=0.05)  # so that 100 and the next panel's 0 stay apart
    initial, trained = figure.subplots(1, 2, sharey=True)
    for name, factors in measurements["initial"].items():
        _draw_factors(initial, name, factors)
    initial.set_title("as initialised")
    for name, net in measurements["trained"].items():
        _draw_factors(trained, name, net["after"])
    trained.set_title("after training")
    steps, lags = measurements["plan"]["steps"], measurements["plan"]["lags"]
    trained.axvline(steps, color=GREY, lw=0.8, zorder=0)
    trained.text(steps + 0.02 * lags, 1e-2, "longer than in training", size=8, va="top", color=INK)
    for axes in (initial, trained):
        axes.set(yscale="log", ylim=(LOWEST, HIGHEST), xlim=(0, lags), xticks=[0, lags // 2, lags])
        axes.set(xlabel="steps back, $T$", yticks=[1e-12, 1e-8, 1e-4, 1, 1e4])
        axes.yaxis.set_minor_locator(NullLocator())
        axes.axhline(1, color=GREY, lw=0.8, zorder=0)
    initial.set_ylabel("largest factor")
    lines = {line.get_label(): line for axes in (initial, trained) for line in axes.get_legend_handles_labels()[0]}
    handles = list(lines.values())
    figure.legend(handles=handles, loc="outside upper center", ncols=4, columnspacing=1.4, handlelength=2.6)
    return figure


def gates(trace: Mapping[str, Any]) -> Figure:
    """Draw the cell state and the three gates of one unit over one sequence: the ``trace`` of a trained LSTM."""
    use()
    steps = np.arange(1, len(trace["c"]) + 1)
    store, recall = (np.flatnonzero(np.array(trace[flag]) > 0.5) for flag in ("store", "recall"))
    figure = Figure(figsize=(TEXT_WIDTH, 1.75))
    flags, cell, *rows = figure.subplots(5, 1, sharex=True, height_ratios=(1.6, 1.3, 0.9, 0.9, 0.9))
    flags.plot(steps[store], np.full(store.size, 1.0), "v", color=INK, ms=4.5)
    flags.plot(steps[recall], np.full(recall.size, 0.0), "o", color=INK, ms=2.6)
    for step in store:
        text = f"{trace['number'][step]:.2f}".replace("-", "\N{MINUS SIGN}")
        flags.annotate(text, (steps[step], 1), (5, 0), textcoords="offset points", size=8, va="center")
    flags.set(ylim=(-0.35, 1.35), yticks=[1, 0], yticklabels=["store", "recall"])
    flags.spines[["left", "bottom"]].set_visible(False)
    flags.tick_params(length=0)
    cell.axhline(0, color=GREY, lw=0.6)
    cell.stairs(trace["c"], np.arange(len(steps) + 1) + 0.5, baseline=None, color=INK, lw=1.3)
    cell.set_yticks([0], ["cell state $c_t$"])
    cell.margins(y=0.15)
    scale = cell.secondary_yaxis("right")
    low, high = min(trace["c"]), max(trace["c"])
    scale.set_yticks([low, high], [f"{value:.1f}".replace("-", "\N{MINUS SIGN}") for value in (low, high)])
    scale.tick_params(length=0)
    scale.spines["right"].set_visible(False)
    names = "forget gate $f_t$", "input gate $i_t$", "output gate $o_t$"
    for axes, key, name, colour in zip(rows, "fio", names, (ORANGE, GREEN, BLUE), strict=True):
        axes.stairs(trace[key], np.arange(len(steps) + 1) + 0.5, fill=True, color=colour, lw=0)
        axes.axhline(1, color=GREY, lw=0.5, zorder=0)
        axes.set(ylim=(0, 1.08), yticks=[0.5], yticklabels=[name])
    for axes in (flags, cell, *rows):
        axes.grid(False)
        axes.tick_params(length=0)
    rows[-1].tick_params(axis="x", length=2.5)
    rows[-1].set(xlabel="step $t$", xlim=(0.5, len(steps) + 0.5), xticks=[1, *range(10, len(steps) + 1, 10)])
    return figure
