"""The measurements of question 5 as figures: how far gradients reach, and the gates of a trained LSTM at work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from coursework.diagrams.style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, TEXT_WIDTH, use

STYLES = {
    "SimpleRNN": (BLUE, "-", ""),
    "LSTM, forget bias 1": (ORANGE, (0, (5, 1.6)), "o"),
    "LSTM, forget bias 3": (GREEN, (0, (6, 1.5, 1.2, 1.5)), "s"),
    "LSTM, forget bias 5": (PURPLE, (0, (2.2, 1.2)), "^"),
}
"""Of each net its colour, its dashes, and the mark by which its dotted line is known without colours."""

MARK = {"ms": 3.2, "mec": "white", "mew": 0.4}
DIRECT = (0, (0.8, 1.4))
LOWEST, HIGHEST = 1e-12, 1e4


def _draw_factors(axes: Axes, name: str, factors: Mapping[str, Any]) -> None:
    """Draw the factor of a net against the lag: each seed thin, their geometric mean thick, the cell's path dotted."""
    colour, dash, mark = STYLES[name]
    total = np.array(factors["total"])
    lags = np.arange(1, total.shape[1] + 1)
    for seed in total:
        axes.plot(lags, seed, ls="-", lw=0.5, color=colour, alpha=0.35)
    marked = {"marker": mark, "markevery": (lags.size // 5 - 1, lags.size // 5), **MARK}
    axes.plot(lags, np.exp(np.log(total).mean(axis=0)), ls=dash, lw=1.6, color=colour, **marked)
    if "direct" in factors:
        direct = np.exp(np.log(np.array(factors["direct"])).mean(axis=0))
        axes.plot(lags, direct, ls=DIRECT, lw=1.2, color=colour, **marked)


def gradients(measurements: Mapping[str, Any]) -> Figure:
    """Draw how much of a gradient is left after each number of steps: two input scales as initialised, and trained.

    Parameters
    ----------
    measurements : dict
        What `coursework.answers.recurrent_measurements.compute` returned.
    """
    use()
    figure = Figure(figsize=(TEXT_WIDTH, 2.5))
    figure.get_layout_engine().set(wspace=0.05)  # so that 100 and the next panel's 0 stay apart
    panels = figure.subplots(1, 3, sharey=True)
    for axes, (scale, nets) in zip(panels, measurements["initial"].items(), strict=False):
        for name, factors in nets.items():
            _draw_factors(axes, name, factors)
        axes.set_title(f"initialised, inputs of s.d. {scale}")
    for name, net in measurements["trained"].items():
        _draw_factors(panels[-1], name, net["after"])
    panels[-1].set_title("after training")
    steps, lags = measurements["plan"]["steps"], measurements["plan"]["lags"]
    panels[-1].axvline(steps, color=GREY, lw=0.8, zorder=0)
    panels[-1].text(steps + 0.03 * lags, 1e-3, "longer than\nin training", size=8, va="top", color=INK)
    for axes in panels:
        axes.set(
            yscale="log", ylim=(LOWEST, HIGHEST), xlabel="steps back, $T$", xlim=(0, lags), xticks=[0, lags // 2, lags]
        )
        axes.set_yticks([1e-12, 1e-8, 1e-4, 1, 1e4])
        axes.yaxis.set_minor_locator(_no_ticks())
        axes.axhline(1, color=GREY, lw=0.8, zorder=0)
    panels[0].set_ylabel("largest factor")
    handles = [
        Line2D([], [], color=colour, ls=dash, lw=1.6, marker=mark, label=name, **MARK)
        for name, (colour, dash, mark) in STYLES.items()
    ]
    handles.append(Line2D([], [], color=INK, ls=DIRECT, lw=1.2, label="along the cell alone"))
    figure.legend(handles=handles, loc="outside upper center", ncols=3, columnspacing=1.6, handlelength=2.8)
    return figure


def _no_ticks() -> Any:
    from matplotlib.ticker import NullLocator

    return NullLocator()


def gates(trace: Mapping[str, Any]) -> Figure:
    """Draw the cell state and the three gates of one unit over one sequence of the task.

    Parameters
    ----------
    trace : dict
        The ``trace`` of a trained LSTM in what `coursework.answers.recurrent_measurements.compute` returned.
    """
    use()
    steps = np.arange(1, len(trace["c"]) + 1)
    store, recall = (np.flatnonzero(np.array(trace[flag]) > 0.5) for flag in ("store", "recall"))
    figure = Figure(figsize=(TEXT_WIDTH, 2.25))
    flags, cell, *rows = figure.subplots(5, 1, sharex=True, height_ratios=(1.15, 1.2, 1, 1, 1))
    flags.plot(steps[store], np.full(store.size, 1.0), "v", color=INK, ms=4.5)
    flags.plot(steps[recall], np.full(recall.size, 0.0), "o", color=INK, ms=2.6)
    for step in store:
        text = f"{trace['number'][step]:.2f}".replace("-", "\N{MINUS SIGN}")
        flags.annotate(text, (steps[step], 1), (5, 0), textcoords="offset points", size=8, va="center")
    flags.set(ylim=(-0.5, 1.5), yticks=[1, 0], yticklabels=["store", "recall"])
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
    for axes, key, name, colour in zip(
        rows, "fio", ("forget gate $f_t$", "input gate $i_t$", "output gate $o_t$"), (ORANGE, GREEN, BLUE), strict=True
    ):
        axes.stairs(trace[key], np.arange(len(steps) + 1) + 0.5, fill=True, color=colour, lw=0)
        axes.axhline(1, color=GREY, lw=0.5, zorder=0)
        axes.set(ylim=(0, 1.08), yticks=[0.5], yticklabels=[name])
    for axes in (flags, cell, *rows):
        axes.grid(False)
        axes.tick_params(axis="y", length=0)
        axes.tick_params(axis="x", length=0)
    rows[-1].tick_params(axis="x", length=2.5)
    rows[-1].set(xlabel="step $t$", xlim=(0.5, len(steps) + 0.5), xticks=[1, *range(10, len(steps) + 1, 10)])
    return figure
