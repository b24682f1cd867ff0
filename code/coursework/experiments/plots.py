"""The figures of the experiments: each function takes analysed results (see `analysis`), returns a matplotlib figure.

Lines differ in marker and dash as well as in colour, so that grey paper keeps them apart; every seed is drawn
as a small tick, intervals are 95 % t intervals over seeds.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator
from matplotlib.transforms import offset_copy

WIDTH = 6.1  # inches: the width of the report's text
INK, GREY, FAINT = "#1c2530", "#8893a0", "#e3e7eb"
MODEL_STYLE = {
    "softmax": {"color": "#3f8253", "marker": "D", "linestyle": (0, (1.2, 1.2))},
    "mlp": {"color": "#24508c", "marker": "o", "linestyle": "-"},
    "cnn": {"color": "#d6702a", "marker": "s", "linestyle": (0, (5, 1.6))},
}
PART_STYLE = {
    "train": {"color": "#3f8253", "marker": "^", "linestyle": (0, (5, 1.6)), "markerfacecolor": "white"},
    "validation": {"color": "#24508c", "marker": "o", "linestyle": "-"},
}
PART_NAME = {"train": "training", "validation": "validation"}
MODEL_NAME = {"softmax": "softmax regression", "mlp": "MLP", "cnn": "CNN"}
TEXT = 8.5  # points: annotations inside the axes


def _as_percent(axis):
    """Error rates are drawn in per cent."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}"))


def _target(ax, value, label):
    ax.axhline(value, color=INK, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1, label=label)


def _few_ticks(axis, low, high, most=7):
    """Label a logarithmic axis at round numbers, as finely as `most` labels allow."""
    for steps in ((1, 1.5, 2, 3, 4, 5, 7), (1, 2, 5), (1,)):
        inside = [m * 10.0**k for k in range(-6, 6) for m in steps if low <= m * 10.0**k <= high]
        if len(inside) <= most:
            break
    axis.set_major_locator(FixedLocator(inside))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def _legend_below(fig, axes, columns):
    """One legend under all panels, where it covers no data: what was measured first, reference lines last."""
    found = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    ordered = sorted(found, key=lambda label: isinstance(found[label], Line2D))
    fig.legend([found[k] for k in ordered], ordered, loc="outside lower center", ncols=columns, frameon=False)


def _with_seeds(ax, x, rows, intervals, style, label):
    """Draw means as a line with interval bars, and every seed as a tick beside it; a diverged value leaves a gap."""
    mean, rows = np.array([i.mean for i in intervals]), np.asarray(rows, float)
    if ax.get_yscale() == "log":  # zero has no place on this axis
        mean, rows = (np.where(values > 0, values, np.nan) for values in (mean, rows))
    bars = np.array([[i.mean - i.low, i.high - i.mean] if i.known else [0, 0] for i in intervals]).T
    ax.errorbar(x, mean, yerr=bars, label=label, capsize=2, elinewidth=0.9, zorder=3, **style, markersize=4.2)
    beside = offset_copy(ax.transData, ax.figure, x=4.5, units="points")
    for position, row in zip(x, rows, strict=True):
        at = np.full(len(row), position)
        ax.plot(at, row, "_", color=style["color"], markersize=3.5, markeredgewidth=0.8, transform=beside, zorder=2)


# --- Data ---


def plot_examples(images, labels, names, each=4):
    """The first few images of every class, a column for each class.

    Parameters
    ----------
    images : array, shape (n, height, width, channels)
    labels : int array, shape (n,)
    names : sequence of str
    each : int
        Images of each class.
    """
    fig, axes = plt.subplots(each, len(names), figsize=(WIDTH, 0.62 * each + 0.25), layout="constrained", squeeze=False)
    for column, name in zip(range(len(names)), names, strict=True):
        chosen = np.flatnonzero(labels == column)[:each]
        for ax, index in zip(axes[:, column], chosen, strict=False):
            _show(ax, images[index])
        axes[0, column].set_title(name, fontsize=6.5, pad=2)
    for ax in axes.flat:
        ax.axis("off")
    return fig


def _show(ax, image):
    ax.imshow(image.squeeze(), cmap="gray_r" if image.shape[-1] == 1 else None, vmin=0, vmax=1)


# --- Fitting ---


def plot_training(histories, loss_target, error_target):
    """Loss and error against epochs: the mean over seeds as a line, the seeds as thin lines.

    Parameters
    ----------
    histories : sequence over seeds of sequences of evaluations
        An evaluation has ``epoch`` and ``train_loss``, ``validation_loss``, ``train_error``, ``validation_error``.
    loss_target, error_target : float
    """
    fig, axes = plt.subplots(1, 2, figsize=(WIDTH, 2.6), layout="constrained")
    epochs = [e.epoch for e in histories[0]]
    for ax, quantity, target in zip(axes, ("loss", "error"), (loss_target, error_target), strict=True):
        for part, style in PART_STYLE.items():
            values = np.array([[getattr(e, f"{part}_{quantity}") for e in history] for history in histories])
            for row in values:
                ax.plot(epochs, row, color=style["color"], alpha=0.3, linewidth=0.7, linestyle="-")
            ax.plot(epochs, values.mean(axis=0), label=PART_NAME[part], markersize=3.6, linewidth=1.4, **style)
        _target(ax, target, "target")
        ax.set_xlim(left=0)
        ax.set_ylim(bottom=0)
        ax.set_xlabel("epochs")
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes[0].set_ylabel("cross-entropy / nats")
    axes[1].set_ylabel("error rate / %")
    _as_percent(axes[1].yaxis)
    _legend_below(fig, axes[:1], 3)
    return fig


def plot_grid(searches, chosen):
    """Mean validation loss for each learning rate and width, as a labelled grid; the chosen cell is framed.

    Parameters
    ----------
    searches : mapping of model to (rates, widths, losses)
        ``losses`` has shape (rates, widths), NaN where a run diverged.
    chosen : mapping of model to (rate, width)
    """
    columns = [len(widths) for _, widths, _ in searches.values()]
    rows = max(len(rates) for rates, _, _ in searches.values())
    fig, axes = plt.subplots(
        1, len(searches), figsize=(WIDTH, 0.95 + 0.32 * rows), layout="constrained", width_ratios=columns, squeeze=False
    )
    everything = np.concatenate([np.ravel(losses) for _, _, losses in searches.values()])
    known = everything[np.isfinite(everything)]
    low, high = (np.log(known.min()), np.log(1.01 * known.max())) if known.size else (0, 1)
    for ax, (model, (rates, widths, losses)) in zip(axes[0], searches.items(), strict=True):
        shade = np.where(np.isfinite(losses), (np.log(losses) - low) / (high - low), 1.0)
        ax.imshow(0.4 * shade, cmap="Greys", vmin=0, vmax=1, aspect="auto")
        for (i, j), value in np.ndenumerate(losses):
            ax.text(j, i, f"{value:.3f}" if np.isfinite(value) else "diverged", ha="center", va="center", color=INK)
            if (rates[i], widths[j]) == tuple(chosen[model]):
                frame = plt.Rectangle((j - 0.46, i - 0.42), 0.92, 0.84, fill=False, edgecolor="#d6702a", linewidth=1.8)
                ax.add_patch(frame)
        ax.set_xticks(range(len(widths)), [f"{width}" for width in widths])
        ax.set_yticks(range(len(rates)), [_power(rate) for rate in rates])
        ax.set_xlabel("units in a hidden layer")
        ax.set_title(MODEL_NAME[model])
        ax.grid(False)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    axes[0][0].set_ylabel("initial learning rate")
    return fig


def _power(value):
    exponent = int(np.floor(np.log10(value) + 1e-9))
    mantissa = value / 10.0**exponent
    return f"$10^{{{exponent}}}$" if abs(mantissa - 1) < 1e-9 else rf"${mantissa:g}\times10^{{{exponent}}}$"


# --- Regularisation ---


def plot_sweep(sweep):
    """Loss and error against the amount of regularisation: validation above, training below, each with its own scale.

    λ has a logarithmic axis, on which 0 has no place: it stands left of a break. A diverged value is marked on the
    upper edge.

    Parameters
    ----------
    sweep : Sweep
        Over ``"l2"`` or ``"dropout"``.
    """
    fig, axes = plt.subplots(2, 2, figsize=(WIDTH, 3.35), layout="constrained", sharex="col", height_ratios=(1.7, 1))
    for row, (part, style) in zip(axes, reversed(PART_STYLE.items()), strict=True):
        for ax, quantity in zip(row, ("loss", "error"), strict=True):
            _sweep_panel(ax, sweep, f"{part}_{quantity}", style, PART_NAME[part])
    for ax in axes[0]:
        ax.set_xlabel("")
    for ax in axes[1]:
        ax.set_ylim(bottom=0)
    for ax in axes.flat:
        _break(ax, sweep)
    near = _near_the_best(sweep)
    if near is not None:
        for ax, quantity in zip(axes[0], ("validation_loss", "validation_error"), strict=True):
            _magnify(ax, sweep, quantity, near)
    axes[0, 0].set_ylabel("validation\ncross-entropy / nats")
    axes[0, 1].set_ylabel("validation\nerror rate / %")
    axes[1, 0].set_ylabel("training\nloss / nats")
    axes[1, 1].set_ylabel("training\nerror / %")
    _legend_below(fig, axes.flat, 4)
    return fig


def _near_the_best(sweep):
    """Find which values to magnify: those about as good as none, where the others dwarf the difference; else None."""
    means = sweep.means("validation_loss")
    if not np.isfinite(means[0]):
        return None
    gain = means[0] - means[sweep.best]
    near = means <= means[0] + gain
    dwarfed = np.nanmax(means) - means[sweep.best] > 5 * gain > 0
    return near if sweep.over == "l2" and dwarfed and 3 <= near.sum() < len(near) else None


def _magnify(ax, sweep, quantity, near):
    """Repeat a few values of a panel at a larger scale, in its empty upper left corner."""
    inset = ax.inset_axes((0.13, 0.46, 0.5, 0.5))
    intervals = [interval for interval, is_near in zip(sweep.intervals(quantity), near, strict=True) if is_near]
    x = np.arange(len(intervals))
    style = {**PART_STYLE["validation"], "linestyle": "none"}
    _with_seeds(inset, x, getattr(sweep, quantity)[near], intervals, style, None)
    shown = [value for value, is_near in zip(sweep.values, near, strict=True) if is_near]
    powers = [i for i, value in enumerate(shown) if value == 0 or np.isclose(np.log10(value) % 1, [0, 1]).any()]
    inset.set_xticks(powers, ["0" if shown[i] == 0 else _power(shown[i]) for i in powers])
    inset.set_xticks(x, minor=True)
    inset.set_xlim(-0.5, len(x) - 0.3)
    inset.margins(y=0.12)
    inset.yaxis.set_major_locator(MaxNLocator(3))
    inset.tick_params(labelsize=6.5, length=2, pad=1.5)
    inset.spines[:].set_visible(True)
    inset.set_title("magnified", fontsize=6.5, pad=2)
    if quantity.endswith("error"):
        _as_percent(inset.yaxis)


def _places(sweep):
    """Where the values of a sweep stand on its axis, and whether 0 stands left of a break in it."""
    positive = [v for v in sweep.values if v > 0]
    broken = sweep.over == "l2" and sweep.values[0] == 0 and len(positive) > 0
    x = np.array(sweep.values, float)
    if broken:
        x[0] = min(positive) / 6
    return x, broken


def _sweep_panel(ax, sweep, name, style, label, chosen="chosen"):
    """Draw one quantity of a sweep, a line called `chosen` at the best value, and crosses where a run diverged."""
    (x, broken), rows, intervals = _places(sweep), getattr(sweep, name), sweep.intervals(name)
    first = 1 if broken else 0  # no line across the break
    _with_seeds(ax, x[first:], rows[first:], intervals[first:], style, label)
    if broken:
        _with_seeds(ax, x[:1], rows[:1], intervals[:1], {**style, "linestyle": "none"}, None)
    if sweep.over == "l2":
        ax.set_xscale("log")
    if chosen:
        ax.axvline(x[sweep.best], color=GREY, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=1, label=chosen)
    ax.margins(x=0.05, y=0.12)
    ax.yaxis.set_major_locator(MaxNLocator(5))
    failed = [v for v, interval in zip(x, intervals, strict=True) if np.isnan(interval.mean)]
    if failed:
        top = [0.96] * len(failed)
        ax.plot(failed, top, "x", color=INK, transform=ax.get_xaxis_transform(), label="diverged", linestyle="none")
    if name.endswith("error"):
        _as_percent(ax.yaxis)
    ax.set_xlabel("L2 strength λ" if sweep.over == "l2" else "dropout rate")


def _break(ax, sweep):
    """Show 0 at the left end of a logarithmic axis, behind a break in the axis line; leave other axes as they are."""
    x, broken = _places(sweep)
    if not broken:
        return
    positive = [v for v in sweep.values if v > 0]
    low, high = np.log10(min(positive)), np.log10(max(positive))
    decades = [10.0**k for k in range(int(np.ceil(low - 1e-9)), int(np.floor(high + 1e-9)) + 1)]
    ax.set_xticks([x[0], *decades], ["0", *map(_power, decades)])
    ax.xaxis.set_minor_locator(FixedLocator([m * 10.0**k for k in range(-7, 2) for m in range(2, 10)
                                             if min(positive) <= m * 10.0**k <= max(positive)]))  # fmt: skip
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlim(x[0] / 1.7, max(positive) * 1.7)
    middle = np.sqrt(x[0] * x[1])
    mark = {"marker": [(-1, -1.6), (1, 1.6)], "markersize": 7, "color": INK, "linestyle": "none", "clip_on": False}
    transform = ax.get_xaxis_transform()
    ax.plot([middle / 1.12, middle * 1.12], [0, 0], transform=transform, markeredgewidth=0.9, zorder=5, **mark)
    ax.plot(
        [middle / 1.1, middle * 1.1], [0, 0], transform=transform, color="white", linewidth=2.5, clip_on=False, zorder=4
    )


# --- Learning curves ---


def plot_learning_curves(curves, dashed=None, reference=None, target=None):
    """Validation loss and error against training-set size, both on logarithmic axes.

    Parameters
    ----------
    curves : mapping of model to Sweep over ``"examples"``
    dashed : mapping of model to Sweep, optional
        A second curve of the same model, drawn with open markers and thin dashes.
    reference : Sweep, optional
        Softmax regression, drawn as points.
    target : float, optional
        Error rate to draw as a line.
    """
    fig, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.0), layout="constrained")
    for ax, quantity in zip(axes, ("validation_loss", "validation_error"), strict=True):
        _curve_panel(ax, quantity, curves, dashed, reference, target)
    _legend_below(fig, axes[::-1], 3)
    return fig


def _curve_panel(ax, quantity, curves, dashed=None, reference=None, target=None):
    """Draw one quantity against training-set size; see `plot_learning_curves`."""
    ax.set(xscale="log", yscale="log")
    if not any((getattr(sweep, quantity) > 0).any() for sweep in curves.values()):
        ax.set_ylim(1e-3, 1)  # no model makes a mistake: the axis has nothing to scale itself by
    lines = [(sweep, MODEL_STYLE[model], MODEL_NAME[model], 1) for model, sweep in curves.items()]
    for model, sweep in (dashed or {}).items():
        style = {**MODEL_STYLE[model], "linestyle": (0, (1, 1)), "markerfacecolor": "white"}
        lines.append((sweep, style, f"{MODEL_NAME[model]}, λ ∝ 1/n", 1.05))  # beside the main curve, not on it
    if reference is not None:
        lines.append((reference, {**MODEL_STYLE["softmax"], "linestyle": "none"}, MODEL_NAME["softmax"], 1.05))
    for sweep, style, label, beside in lines:
        x, intervals = np.array(sweep.values) * beside, sweep.intervals(quantity, log=True)
        _with_seeds(ax, x, getattr(sweep, quantity), intervals, style, label)
    if target is not None and quantity == "validation_error":
        _target(ax, target, "target")
    _keep_to_data(ax, [getattr(sweep, quantity) for sweep in (*curves.values(), *(dashed or {}).values())])
    _label_sizes(ax, [n for sweep in curves.values() for n in sweep.values])
    ax.set_ylabel("validation loss / nats" if quantity == "validation_loss" else "validation error / %")
    if quantity == "validation_error":
        _as_percent(ax.yaxis)


def _keep_to_data(ax, rows, room=1.6):
    """Limit a logarithmic axis to the data and some room: an interval from two seeds may span decades."""
    values = np.concatenate([np.ravel(row) for row in rows])
    values = values[np.isfinite(values) & (values > 0)]
    if len(values):
        low, high = ax.get_ylim()
        ax.set_ylim(max(low, values.min() / room), min(high, values.max() * room))


def plot_overview(sweeps, curves, target):
    """The main results on one strip: validation loss against λ, loss and error against training-set size.

    Parameters
    ----------
    sweeps : mapping of model to Sweep over ``"l2"``
    curves : mapping of model to Sweep over ``"examples"``
    target : float
        Error rate to draw as a line.
    """
    fig, axes = plt.subplots(1, 3, figsize=(WIDTH, 2.05), layout="constrained")
    for model, sweep in sweeps.items():
        style = MODEL_STYLE[model]
        _sweep_panel(axes[0], sweep, "validation_loss", style, MODEL_NAME[model], chosen=None)
        x, best = _places(sweep)[0][sweep.best], sweep.means("validation_loss")[sweep.best]
        axes[0].plot([x], [best], "o", markersize=9, markerfacecolor="none", color=style["color"], zorder=4)
    _break(axes[0], next(iter(sweeps.values())))
    axes[0].set_ylabel("validation loss / nats")
    for ax, quantity in zip(axes[1:], ("validation_loss", "validation_error"), strict=True):
        _curve_panel(ax, quantity, curves, target=target)
        sizes = next(iter(curves.values())).values
        shown = sizes[:: max(1, len(sizes) // 2)]  # narrow panels
        ax.set_xticks(shown, [f"{n:,}" for n in shown])
    for ax, letter in zip(axes, "abc", strict=True):
        ax.set_title(letter, loc="left", fontweight="bold")
    _legend_below(fig, axes[::-1], 4)
    return fig


def _label_sizes(ax, sizes):
    """Label logarithmic axes with round numbers of examples."""
    ticks = [
        n for n in (250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000) if min(sizes) / 1.2 < n < max(sizes) * 1.2
    ]
    ax.set_xticks(
        ticks, [f"{n // 1000}k" if n % 1000 == 0 else f"{n / 1000:g}k" if n > 1000 else f"{n}" for n in ticks]
    )
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlim(min(sizes) / 1.2, max(sizes) * 1.3)
    ax.set_xlabel("training examples n")
    if ax.get_yscale() == "log":
        _few_ticks(ax.yaxis, *ax.get_ylim())
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def plot_comparison(losses, errors, loss_interval, error_interval):
    """The paired comparison: each seed's pair joined, and the difference with its interval.

    Parameters
    ----------
    losses, errors : mapping of model to array, shape (seeds,)
        Two models, in the order first, second.
    loss_interval, error_interval : Interval
        Of second minus first.
    """
    fig, axes = plt.subplots(1, 4, figsize=(WIDTH, 2.3), layout="constrained", width_ratios=(1.5, 1, 1.5, 1))
    for (pair, gap), values, interval, unit, scale in zip(
        (axes[:2], axes[2:]), (losses, errors), (loss_interval, error_interval), ("nats", "%"), (1, 100), strict=True
    ):
        (first, a), (second, b) = ((m, scale * np.asarray(v, float)) for m, v in values.items())
        for left, right in zip(a, b, strict=True):
            pair.plot([0, 1], [left, right], color=GREY, linewidth=0.7, linestyle="-", zorder=1)
        for x, model, v in ((0, first, a), (1, second, b)):
            style = MODEL_STYLE[model]
            pair.plot(np.full(len(v), x), v, style["marker"], color=style["color"], markersize=4, zorder=2)
        pair.set_xticks([0, 1], [MODEL_NAME[first], MODEL_NAME[second]])
        pair.set_xlim(-0.4, 1.4)
        pair.set_ylabel("cross-entropy / nats" if unit == "nats" else "error rate / %")
        gap.axhline(0, color=INK, linewidth=0.9, linestyle=(0, (2, 2)))
        gap.plot(np.full(len(a), -0.25), b - a, ".", color=GREY, markersize=5)
        bars = [[scale * (interval.mean - interval.low)], [scale * (interval.high - interval.mean)]]
        gap.errorbar(
            [0.25], [scale * interval.mean], yerr=bars if interval.known else None, fmt="d", color=INK, capsize=3
        )
        gap.set_xticks([0], ["difference"])
        gap.set_xlim(-0.8, 0.8)
        gap.set_ylabel("difference / nats" if unit == "nats" else "difference / points")
        gap.margins(y=0.15)
    return fig


def plot_laws(curves, laws, quantity):
    """Fitted laws over the mean learning curves, and their relative residuals.

    Parameters
    ----------
    curves : mapping of model to Sweep over ``"examples"``
        Curves without a diverged training; where there are none, the figure says so.
    laws : mapping of model to mapping of kind to LawSummary
    quantity : str
        ``"validation_loss"`` or ``"validation_error"``.
    """
    dashes = {"power law": (0, (1.2, 1.2)), "power law with offset": "-", "log-parabola": (0, (6, 1.5, 1.2, 1.5))}
    kinds = list(dashes)
    fig, axes = plt.subplots(
        1,
        1 + len(curves),
        figsize=(WIDTH, 3.0),
        layout="constrained",
        width_ratios=(1.5, *[1] * len(curves)),
        squeeze=False,
    )
    axes = axes[0]
    main = axes[0]
    if not curves:
        main.text(0.5, 0.5, "A training of each curve diverged.", transform=main.transAxes, ha="center")
        main.set_axis_off()
        return fig
    main.set(xscale="log", yscale="log")
    for model, sweep in curves.items():
        style = MODEL_STYLE[model]
        n = np.array(sweep.values, float)
        mean = getattr(sweep, quantity).mean(axis=1)
        main.plot(n, mean, style["marker"], color=style["color"], markersize=4.2, label=MODEL_NAME[model], zorder=3)
        inside, beyond = np.geomspace(n[0], n[-1], 80), np.geomspace(n[-1], 2 * n[-1], 12)
        for kind in kinds:
            law = laws[model][kind].central
            main.plot(inside, law(inside), color=style["color"], linestyle=dashes[kind], linewidth=1.1)
            main.plot(beyond, law(beyond), color=style["color"], linestyle=dashes[kind], linewidth=1.1, alpha=0.45)
        low, high = np.percentile(laws[model]["power law with offset"].replicates, [2.5, 97.5], axis=0)
        main.fill_between(n, low, high, color=style["color"], alpha=0.15, linewidth=0)
    last = max(n[-1] for n in (np.array(s.values) for s in curves.values()))
    main.axvspan(last, 2 * last, color=FAINT, alpha=0.6, linewidth=0, zorder=0)
    _label_sizes(main, [n for sweep in curves.values() for n in (*sweep.values, 2 * sweep.values[-1])])
    main.text(
        last * 1.41, 0.98, "beyond\nthe data", transform=main.get_xaxis_transform(), ha="center", va="top", fontsize=7
    )
    main.set_ylabel("validation loss / nats" if quantity == "validation_loss" else "validation error / %")
    if quantity == "validation_error":
        _as_percent(main.yaxis)
    for ax, (model, sweep) in zip(axes[1:], curves.items(), strict=True):
        ax.set_xscale("log")
        ax.axhline(0, color=INK, linewidth=0.8)
        for kind, marker in zip(kinds, "v^x", strict=True):
            each = np.array([law.relative_residuals for law in laws[model][kind].each_seed])
            ax.plot(
                sweep.values, 100 * each.mean(axis=0), marker=marker, markersize=3.5, linewidth=1,
                linestyle=dashes[kind], color=MODEL_STYLE[model]["color"], label=kind,
            )  # fmt: skip
        _label_sizes(ax, sweep.values)
        ax.yaxis.set_major_locator(MaxNLocator(5))
        ax.xaxis.set_major_locator(FixedLocator([t for t in (500, 5000, 50000) if t < 1.2 * max(sweep.values)]))
        ax.set_title(MODEL_NAME[model])
        ax.set_xlabel("examples n")
    span = max(np.abs(ax.get_ylim()).max() for ax in axes[1:])
    for ax in axes[1:]:
        ax.set_ylim(-span, span)
    axes[1].set_ylabel("residual / %")
    main.legend(loc="lower left", frameon=False)
    handles = [plt.Line2D([], [], color=INK, linestyle=dashes[kind], linewidth=1.1, label=kind) for kind in kinds]
    fig.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return fig


# --- The test set ---


def plot_confusion(matrix, names, errors):
    """Confusion matrix of one model, and the error rate of each class for all models.

    Parameters
    ----------
    matrix : int array, shape (classes, classes)
        Row = true class, column = predicted class.
    names : sequence of str
    errors : mapping of model to array, shape (classes,)
    """
    matrix = np.asarray(matrix)
    classes = len(matrix)
    share = matrix / matrix.sum(axis=1, keepdims=True)
    mistakes = np.where(np.eye(classes, dtype=bool), 0, share)
    fig, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.5), layout="constrained", width_ratios=(2.1, 1))
    left.imshow(mistakes, cmap="Greys", vmin=0, vmax=2.4 * max(mistakes.max(), 1e-9))
    for (i, j), count in np.ndenumerate(matrix):
        if count:
            weight = "bold" if i == j else "normal"
            left.text(j, i, f"{count}", ha="center", va="center", fontsize=6.5, color=INK, fontweight=weight)
    left.set_xticks(range(classes), names, rotation=45, ha="right", rotation_mode="anchor", fontsize=7.5)
    left.set_yticks(range(classes), names, fontsize=7.5)
    left.set_xlabel("predicted")
    left.set_ylabel("true class")
    left.grid(False)
    left.tick_params(length=0)
    rows = np.arange(classes)
    for shift, (model, values) in zip((-0.14, 0.14), errors.items(), strict=False):
        style = MODEL_STYLE[model]
        right.hlines(rows + shift, 0, 100 * np.asarray(values), color=style["color"], linewidth=1, alpha=0.6)
        right.plot(
            100 * np.asarray(values),
            rows + shift,
            style["marker"],
            color=style["color"],
            label=MODEL_NAME[model],
            markersize=4,
        )
    right.set_ylim(left.get_ylim())
    right.set_yticks(rows, [])
    right.set_xlim(left=0)
    right.set_xlabel("errors of the class / %")
    right.grid(axis="y", visible=False)
    right.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False, columnspacing=1)
    return fig


def plot_mistakes(images, labels, probabilities, names, columns=6):
    """Misclassified images with the true class and, below it, the predicted one and its probability.

    Parameters
    ----------
    images : array, shape (m, height, width, channels)
    labels : int array, shape (m,)
    probabilities : array, shape (m, classes)
    names : sequence of str
    """
    rows = max(1, -(-len(images) // columns))
    fig, axes = plt.subplots(rows, columns, figsize=(WIDTH, 1.36 * rows), layout="constrained", squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    if not len(images):
        fig.text(0.5, 0.5, "no test image is misclassified", ha="center", va="center", color=INK)
    for ax, image, label, p in zip(axes.flat, images, labels, probabilities, strict=False):
        _show(ax, image)
        ax.set_title(f"{names[label]}\nas {names[p.argmax()]}, {100 * p.max():.0f} %", fontsize=7, pad=2)
    return fig


def plot_reliability(results):
    """Accuracy against confidence for each model, with how many predictions have that confidence.

    Parameters
    ----------
    results : mapping of model to Reliability
    """
    fig, axes = plt.subplots(
        2,
        len(results),
        figsize=(WIDTH, 3.2),
        layout="constrained",
        height_ratios=(3, 1),
        sharex=True,
        sharey="row",
        squeeze=False,
    )
    for column, (model, result) in zip(axes.T, results.items(), strict=True):
        top, bottom = column
        style = MODEL_STYLE[model]
        top.plot([0, 1], [0, 1], color=INK, linewidth=0.9, linestyle=(0, (2, 2)), label="perfect")
        full = result.count > 0
        low, high = (limit[full] for limit in result.limits)
        top.errorbar(
            result.confidence[full], result.accuracy[full],
            yerr=np.maximum([result.accuracy[full] - low, high - result.accuracy[full]], 0), capsize=2, elinewidth=0.9,
            label=MODEL_NAME[model], **style, markersize=4,
        )  # fmt: skip
        top.set_ylim(0, 1.03)
        top.set_title(f"{MODEL_NAME[model]}: expected calibration error {100 * result.expected_error:.1f} %")
        top.legend(loc="lower right", frameon=False)
        middle = (result.edges[:-1] + result.edges[1:]) / 2
        bottom.bar(middle, result.count / result.count.sum(), width=0.92 / len(middle), color=style["color"])
        bottom.set_xlabel("confidence (largest probability)")
        bottom.set_ylim(0, 1)
        bottom.yaxis.set_major_locator(FixedLocator([0, 0.5, 1]))
        _as_percent(bottom.yaxis)
    axes[0, 0].set_ylabel("accuracy")
    axes[1, 0].set_ylabel("share / %")
    axes[0, 0].set_xlim(0, 1)
    return fig
