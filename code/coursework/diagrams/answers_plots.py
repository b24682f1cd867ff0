"""The plots of questions 2 to 4: optimiser paths, Adam's first steps, activations, and the two regularisers."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coursework.answers import activations, optimisers, regularisation
from coursework.answers.formatting import decimal, number, significant
from coursework.diagrams.style import BLUE, GREY, INK, ORANGE, RED, TEXT_WIDTH


def descents(found: dict[tuple[str, float], optimisers.Descent]) -> Figure:
    """Draw the path of every method (columns) down every valley (rows), with learning rate and last loss."""
    figure = Figure(figsize=(TEXT_WIDTH, 2.3))
    panels = figure.subplots(2, 4, sharex=True, sharey="row", height_ratios=(3.5, 4.4))
    for row, (valley, limits) in enumerate(zip(optimisers.VALLEYS, ((-2.1, 1.4), (-3.3, 1.1)), strict=True)):
        for axes, method in zip(panels[row], optimisers.METHODS, strict=True):
            descent = found[method, valley.angle]
            _path(axes, valley, descent, limits)
            numbers = f"$\\eta$ = {significant(descent.learning_rate)}, loss {significant(descent.loss)}"
            axes.set_title(f"{method}\n{numbers}" if row == 0 else numbers, size=8)
        panels[row, 0].set_ylabel("$\\theta_2$")
    for axes in panels[1]:
        axes.set_xlabel("$\\theta_1$")
    return figure


def _path(axes: Axes, valley: optimisers.Valley, descent: optimisers.Descent, limits: tuple[float, float]) -> None:
    first, second = np.meshgrid(np.linspace(-4.6, 1.2, 200), np.linspace(*limits, 200))
    loss = valley.loss(np.stack([first, second], axis=-1))
    levels = valley.loss(valley.start) * np.array([0.01, 0.1, 0.3, 0.6, 1, 1.5])
    axes.contour(first, second, loss, levels=levels, colors=[GREY], linewidths=0.4, zorder=0)
    axes.plot(*descent.path.T, color=BLUE, ls="-", lw=0.9, marker="o", ms=1.7)
    axes.plot(0, 0, marker="+", color=RED, ms=7, mew=1.2, zorder=5)
    axes.set(xlim=(-4.6, 1.2), ylim=limits, aspect="equal", xticks=[-4, -2, 0], yticks=[-2, 0])
    axes.grid(False)


def effective_step() -> Figure:
    """Draw Adam's step for a constant gradient, with and without the bias correction."""
    steps = np.arange(1, optimisers.HORIZON + 1)
    peak = optimisers.largest_uncorrected_step()
    sizes = optimisers.uncorrected_step(steps)
    figure = Figure(figsize=(TEXT_WIDTH, 1.35))
    axes = figure.subplots()
    axes.semilogx(steps, sizes, color=ORANGE, ls=(0, (5, 1.6)), label="without bias correction")
    axes.semilogx(steps, np.ones_like(sizes), color=BLUE, ls="-", label="with bias correction")
    axes.plot([1, peak.step], [sizes[0], peak.size], "o", color=ORANGE)
    axes.annotate(f"{sizes[0]:.2f}", (1, sizes[0]), xytext=(6, -8), textcoords="offset points")
    highest = f"{peak.size:.2f} at step {peak.step}"
    axes.annotate(highest, (peak.step, peak.size), xytext=(8, 2), textcoords="offset points")
    axes.set(xlabel="step $t$", ylabel="step / $\\eta$", ylim=(0, 7.8), yticks=[0, 2, 4, 6])
    axes.set(xlim=(0.9, 1.1 * steps[-1]), xticks=[1, 10, 100, 1000])
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.legend(loc="upper right")
    return figure


def activation_functions() -> Figure:
    """Draw ReLU and tanh on the left, their gradients on the right."""
    z = np.linspace(-4, 4, 401)
    figure = Figure(figsize=(TEXT_WIDTH, 1.5))
    left, right = figure.subplots(1, 2, sharex=True)
    left.plot(z, np.maximum(z, 0), color=BLUE, ls="-", label="ReLU")
    left.plot(z, np.tanh(z), color=ORANGE, ls=(0, (5, 1.6)), label="tanh")
    left.set(xlabel="total input $z$", ylabel="output $y$", xticks=[-4, -2, 0, 2, 4])
    left.set(ylim=(-1.3, 3.2), yticks=[-1, 0, 1, 2, 3])
    for side in (z[z < 0], z[z > 0]):
        right.plot(side, activations.slope_at("relu", side), color=BLUE, ls="-")
    right.plot([0], [0], "o", color=BLUE, ms=4.5, zorder=5, clip_on=False)
    right.plot([0], [1], "o", color=BLUE, mfc="white", ms=4.5, zorder=5)
    right.plot(z, activations.slope_at("tanh", z), color=ORANGE, ls=(0, (5, 1.6)))
    right.set(xlabel="total input $z$", ylabel="gradient d$y$/d$z$", ylim=(-0.08, 1.2), yticks=[0, 0.25, 0.5, 0.75, 1])
    left.legend(loc="upper left")
    return figure


def regularisers() -> Figure:
    """Draw a polynomial fitted with three L2 strengths, and a unit's total input under dropout."""
    figure = Figure(figsize=(TEXT_WIDTH, 2.7))
    left, right = figure.subplots(1, 2)
    x, y = regularisation.noisy_points()
    fine = np.linspace(-1, 1, 400)
    left.plot(fine, np.sin(np.pi * fine), color=INK, lw=0.9, ls=(0, (1.2, 1.2)), label=r"$\sin \pi x$")
    styles = (GREY, "-", 0.9), (BLUE, "-", 1.5), (ORANGE, (0, (5, 1.6)), 1.5)
    for fit, (colour, dash, width) in zip(regularisation.fits(), styles, strict=True):
        label = rf"$\lambda$ = {number(fit.strength).text},  ‖$\mathbf{{w}}$‖ = {decimal(fit.norm, 1)}"
        left.plot(fine, fit(fine), color=colour, ls=dash, lw=width, label=label)
    left.plot(x, y, "o", color=INK, ms=3.2)
    left.set(ylim=(-1.7, 3.4), xlabel="$x$", ylabel="prediction", xticks=[-1, -0.5, 0, 0.5, 1], yticks=[-1, 0, 1, 2, 3])
    left.legend(loc="upper left")
    for rate, colour, dash in ((0.2, BLUE, "-"), (0.5, ORANGE, (0, (5, 1.6)))):
        sums = regularisation.dropped_sums(rate)
        right.hist(
            sums.samples, bins=90, range=(-0.5, 7), density=True, histtype="step", color=colour, ls=dash,
            label=f"$p$ = {rate}: mean {decimal(sums.samples.mean(), 2)}",
        )  # fmt: skip
    without = regularisation.dropped_sums(0.5).without
    right.axvline(without, color=INK, lw=1, ls=(0, (1.2, 1.2)), label=f"no dropout: {decimal(without, 2)}")
    right.set(xlabel="total input of a unit", xlim=(-0.3, 7.2), xticks=[0, 2, 4, 6])
    right.set(ylabel="density", ylim=(0, 1.3), yticks=[0, 0.5, 1])
    right.legend(loc="upper right")
    return figure
