"""The statistics of the experiments: intervals over seeds, paired comparisons, laws for learning curves, calibration.

NumPy alone. Every function takes arrays whose last axis is the seed (or the example) and returns small frozen records.
"""

import math
from dataclasses import dataclass

import numpy as np

# --- Intervals ---


def student_cdf(t, freedom):
    """Distribution function of Student's t for a whole number of degrees of freedom.

    Parameters
    ----------
    t : float
    freedom : int
        Degrees of freedom, at least 1.

    Notes
    -----
    The finite trigonometric series of Abramowitz & Stegun (1964), equations 26.7.3 and 26.7.4, with theta = atan(t/√ν).
    """
    theta = math.atan2(t, math.sqrt(freedom))
    term, total = 1.0, 0.0
    if freedom % 2:  # A(t|ν) = 2/π (θ + sin θ (cos θ + 2/3 cos³ θ + …))
        term = math.cos(theta)
        for k in range(1, freedom // 2 + 1):
            total += term
            term *= math.cos(theta) ** 2 * 2 * k / (2 * k + 1)
        inside = 2 / math.pi * (theta + math.sin(theta) * total)
    else:  # A(t|ν) = sin θ (1 + 1/2 cos² θ + 1·3/(2·4) cos⁴ θ + …)
        for k in range(1, freedom // 2 + 1):
            total += term
            term *= math.cos(theta) ** 2 * (2 * k - 1) / (2 * k)
        inside = math.sin(theta) * total
    return 0.5 + 0.5 * inside


def student_quantile(probability, freedom):
    """The t with ``student_cdf(t, freedom) == probability``, by bisection; for probabilities from ½ up to below 1."""
    if not 0.5 <= probability < 1 or freedom < 1:
        raise ValueError(f"a probability in [0.5, 1) and at least one degree of freedom: {probability}, {freedom}")
    low, high = 0.0, 1.0
    while student_cdf(high, freedom) < probability:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if student_cdf(middle, freedom) < probability else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True)
class Interval:
    """A mean with its confidence limits; the limits are NaN when one seed alone was run."""

    mean: float
    low: float
    high: float
    seeds: int

    @property
    def known(self):
        """Whether there are limits at all."""
        return bool(np.isfinite(self.low) and np.isfinite(self.high))

    def negated(self):
        """The interval of the same difference, taken the other way round."""
        return Interval(-self.mean, -self.high, -self.low, self.seeds)


def mean_interval(values, log=False, level=0.95):
    """Mean and t interval over seeds.

    Parameters
    ----------
    values : array, shape (seeds,)
        One number a seed. A value that is not finite (a diverged run) makes the mean and the limits NaN.
    log : bool
        Work on the logarithms and transform back: the geometric mean, for quantities drawn on a log axis. Where a value
        is zero, the arithmetic mean without limits.
    level : float
        Confidence of the interval.

    Returns
    -------
    Interval
    """
    x = np.asarray(values, float)
    if not np.isfinite(x).all() or len(x) == 0:
        return Interval(math.nan, math.nan, math.nan, len(x))
    if log and (x <= 0).any():  # an error rate of zero has no logarithm
        return Interval(float(x.mean()), math.nan, math.nan, len(x))
    x = np.log(x) if log else x
    mean, half = x.mean(), math.nan
    if len(x) > 1:
        half = student_quantile((1 + level) / 2, len(x) - 1) * x.std(ddof=1) / math.sqrt(len(x))
    limits = np.array([mean, mean - half, mean + half])
    return Interval(*map(float, np.exp(limits) if log else limits), len(x))


def paired_difference(first, second, level=0.95):
    """Interval of the mean of ``first - second``, paired by seed (both shape (seeds,))."""
    first, second = np.asarray(first, float), np.asarray(second, float)
    if first.shape != second.shape:
        raise ValueError(f"a paired comparison needs the same seeds on both sides: {first.shape}, {second.shape}")
    return mean_interval(first - second, level=level)


def paired_proportions(first_wrong, second_wrong, z=1.959964):
    """Difference of two rates on the same examples, with its normal 95 % interval.

    Parameters
    ----------
    first_wrong, second_wrong : bool arrays, shape (examples,)
        Or a probability for each example.

    Notes
    -----
    Of two error rates only the examples on which they differ carry information (McNemar, 1947).
    """
    d = np.asarray(first_wrong, float) - np.asarray(second_wrong, float)
    half = z * d.std(ddof=1) / math.sqrt(len(d)) if len(d) > 1 else math.nan
    return Interval(float(d.mean()), float(d.mean() - half), float(d.mean() + half), len(d))


def means_on_two_sets(first, second, z=1.959964):
    """Difference of the mean losses (or error rates) of the same models on two sets of examples, ``first - second``.

    Parameters
    ----------
    first, second : array, shape (seeds, examples)
        Loss (or 0/1 error) of each seed's model on each example of a set; the sets have nothing in common.

    Returns
    -------
    Interval
        With normal 95 % limits. The variance is that of the two means over independent examples, plus that of the
        differences over seeds. All seeds see the same examples, so their number does not shrink the former.
    """
    sets = [np.asarray(values, float) for values in (first, second)]
    by_seed = sets[0].mean(axis=1) - sets[1].mean(axis=1)
    variance = sum(values.mean(axis=0).var(ddof=1) / values.shape[1] for values in sets)
    if len(by_seed) > 1:
        variance += by_seed.var(ddof=1) / len(by_seed)
    half = float(z * np.sqrt(variance))
    mean = float(by_seed.mean())
    return Interval(mean, mean - half, mean + half, len(by_seed))


def wilson_limits(rate, count, z=1.959964):
    """95 % limits of a proportion (Wilson, 1927), which do not leave [0, 1] and serve small counts too."""
    centre = (rate + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(rate * (1 - rate) / count + z**2 / (4 * count**2))
    return centre - half, centre + half


def log_slopes(sizes, values):
    """Slope of log value against log size from each size to the next: of a power law its negative exponent everywhere.

    Parameters
    ----------
    sizes : array, shape (k,)
    values : array, shape (k, seeds)
        Positive; NaN where a run diverged.

    Returns
    -------
    array, shape (k - 1, seeds)
    """
    return np.diff(np.log(values), axis=0) / np.diff(np.log(np.asarray(sizes, float)))[:, None]


@dataclass(frozen=True)
class Bends:
    """Two curves over the same three sizes and seeds: how much each bends on log-log axes.

    ``first_slopes`` and ``second_slopes`` hold the intervals of the two slopes of each, ``second_bend`` that of the
    second curve's later slope minus its earlier one, ``more`` that by which the first curve bends more.
    """

    sizes: tuple
    first_slopes: tuple
    second_slopes: tuple
    second_bend: Interval
    more: Interval


def compare_bends(sizes, first, second):
    """Compare two curves over three sizes; values of shape (3, seeds).

    Returns
    -------
    Bends
    """
    slopes = [log_slopes(sizes, np.asarray(values, float)) for values in (first, second)]
    bends = [later - earlier for earlier, later in slopes]
    intervals = [tuple(map(mean_interval, each)) for each in slopes]
    return Bends(tuple(sizes), *intervals, mean_interval(bends[1]), paired_difference(*bends))


# --- Sweeps ---

QUANTITIES = ("train_loss", "validation_loss", "train_error", "validation_error")


@dataclass(frozen=True)
class Sweep:
    """Results along one axis (λ, dropout rate, training-set size): each quantity has shape (values, seeds)."""

    over: str
    values: tuple
    seeds: tuple
    train_loss: np.ndarray
    validation_loss: np.ndarray
    train_error: np.ndarray
    validation_error: np.ndarray

    def intervals(self, quantity, log=False):
        """One ``Interval`` for each value of the axis."""
        return [mean_interval(row, log) for row in getattr(self, quantity)]

    def means(self, quantity):
        """Mean over seeds, shape (values,); NaN where a run diverged."""
        return getattr(self, quantity).mean(axis=1)

    @property
    def best(self):
        """Index of the value with the lowest mean validation loss; a value of which a run diverged cannot win.

        Where each value has such a run it is the first one, for want of any to choose.
        """
        return _lowest(self.means("validation_loss"))

    @property
    def best_value(self):
        return self.values[self.best]

    def against(self, index, other, quantity="validation_loss"):
        """A quantity at one value minus the same at another one, by their indices, paired by seed."""
        rows = getattr(self, quantity)
        return paired_difference(rows[index], rows[other])

    def against_best(self, index):
        """Validation loss at ``index`` minus that of the best value, paired by seed."""
        return self.against(index, self.best)

    def steps(self, quantity):
        """From each value to the next, the change of a quantity, paired by seed."""
        return [self.against(i, i - 1, quantity) for i in range(1, len(self.values))]

    def slopes(self, quantity):
        """From each value to the next, the interval of the slope on log-log axes."""
        return [mean_interval(row) for row in log_slopes(self.values, getattr(self, quantity))]

    def flattening(self, quantity):
        """By how much the last such slope exceeds the one before, paired by seed; without limits below three values."""
        slopes = log_slopes(self.values, getattr(self, quantity))
        return paired_difference(slopes[-1], slopes[-2]) if len(slopes) > 1 else mean_interval([])

    def choices_without_one_seed(self):
        """Index of the value that would be chosen, with each seed in turn left out."""
        without = (np.delete(self.validation_loss, k, axis=1).mean(axis=1) for k in range(len(self.seeds)))
        return [_lowest(means) for means in without]


def _lowest(means):
    """Index of the smallest finite value; 0 if there is none."""
    return int(np.where(np.isfinite(means), means, np.inf).argmin())


def gather(results, runs, over):
    """Arrange the results of ``runs`` along the axis ``over``.

    Parameters
    ----------
    results : mapping from run to result
        A result has ``train_loss``, ``validation_loss``, ``train_error``, ``validation_error``.
    runs : iterable of runs
        Every value of the axis must come with the same seeds.
    over : str
        The field of the run that varies, say ``"l2"``.

    Returns
    -------
    Sweep
    """
    cells = {(getattr(run, over), run.seed): results[run] for run in runs}
    values, seeds = (tuple(sorted(set(axis))) for axis in zip(*cells, strict=True))
    missing = [(v, s) for v in values for s in seeds if (v, s) not in cells]
    if missing:
        raise ValueError(f"the sweep over {over} lacks {len(missing)} runs, for instance {over} = {missing[0][0]}")

    def table(quantity):
        found = np.array([[getattr(cells[v, s], quantity) for s in seeds] for v in values], float)
        return np.where(np.isfinite(found), found, np.nan)

    return Sweep(over, values, seeds, *map(table, QUANTITIES))


def gather_grid(results, runs):
    """Mean validation loss over seeds for each learning rate and width.

    Returns
    -------
    rates, widths : tuple
    losses : array, shape (rates, widths)
        NaN where a run diverged.
    """
    cells = {}
    for run in runs:
        cells.setdefault((run.learning_rate, run.width), []).append(results[run].validation_loss)
    rates, widths = (tuple(sorted(set(axis))) for axis in zip(*cells, strict=True))
    losses = np.array([[np.mean(cells[rate, width]) for width in widths] for rate in rates])
    return rates, widths, np.where(np.isfinite(losses), losses, np.nan)


# --- Laws for learning curves ---

EXPONENTS = 0.02, 3.0  # between these the exponent of a power law with offset is searched


@dataclass(frozen=True)
class Law:
    """A fitted learning curve y(n); ``relative_residuals`` are (y - fit) / y at the fitted sizes."""

    kind: str
    parameters: dict
    sizes: np.ndarray
    relative_residuals: np.ndarray

    @property
    def rms(self):
        """Root mean square of the relative residuals."""
        return float(np.sqrt(np.mean(self.relative_residuals**2)))

    @property
    def at_bound(self):
        """Whether the exponent ended where its search ends, and is therefore not a minimum."""
        exponent = self.parameters.get("exponent", 1.0)
        return self.kind == "power law with offset" and not 1.01 * EXPONENTS[0] < exponent < EXPONENTS[1] / 1.01

    def __call__(self, n):
        """The fitted value at ``n`` examples.

        Raises
        ------
        ValueError
            Beyond one doubling of the fitted range: the data say nothing about the law there.
        """
        n = np.asarray(n, float)
        if (n > 2 * self.sizes.max()).any() or (n < self.sizes.min() / 2).any():
            raise ValueError(f"{n.max():g} examples lie more than one doubling outside the fitted sizes")
        return _evaluate(self.kind, self.parameters, n)


def _evaluate(kind, p, n):
    if kind == "log-parabola":
        u = np.log(n)
        return np.exp(p["level"] + p["slope"] * u + p["bend"] * u**2)
    return p["offset"] + p["scale"] * n ** -p["exponent"]


def _offset_power(sizes, y, exponent):
    """Offset, scale and cost for exponents of shape (m,): least squares of the relative residuals, linear and exact."""
    a, b = 1 / y, sizes ** -np.asarray(exponent, float)[..., None] / y
    aa, ab, bb, sum_a, sum_b = a @ a, b @ a, (b * b).sum(-1), a.sum(), b.sum(-1)
    offset = (bb * sum_a - ab * sum_b) / (aa * bb - ab**2)
    offset = np.maximum(offset, 0.0)  # a loss cannot tend to a negative number
    scale = (sum_b - offset * ab) / bb
    return offset, scale, ((offset[..., None] * a + scale[..., None] * b - 1) ** 2).sum(-1)


def fit_law(sizes, y, kind="power law with offset"):
    """Fit one learning curve.

    Parameters
    ----------
    sizes : array, shape (k,)
        Training-set sizes.
    y : array, shape (k,)
        Loss or error rate at each size, positive.
    kind : str
        ``"power law with offset"``: y = c + a·n^(-b), c ≥ 0; ``"power law"``: the same with c = 0;
        ``"log-parabola"``: ln y = p + q·ln n + r·(ln n)², as many parameters as the first but no limit for large n.

    Returns
    -------
    Law

    Notes
    -----
    All three minimise the squared relative residuals (what a log axis shows). For a fixed exponent the first is linear
    in c and a, so that one search over b is left (variable projection, Golub & Pereyra, 1973).
    """
    sizes, y = np.asarray(sizes, float), np.asarray(y, float)
    if len(sizes) != len(y) or len(sizes) < 3 or not (np.isfinite(y).all() and (y > 0).all()):
        raise ValueError("a law needs at least three sizes with a positive, finite value at each")
    u = np.log(sizes)
    if kind == "log-parabola":
        bend, slope, level = np.polyfit(u, np.log(y), 2)
        parameters = {"level": float(level), "slope": float(slope), "bend": float(bend)}
    elif kind == "power law":
        slope, level = np.polyfit(u, np.log(y), 1)
        parameters = {"offset": 0.0, "scale": float(np.exp(level)), "exponent": float(-slope)}
    elif kind == "power law with offset":
        low, high = EXPONENTS
        for _ in range(8):  # each round narrows the search eightfold around the best of 17 exponents
            grid = np.geomspace(low, high, 17)
            i = int(np.argmin(_offset_power(sizes, y, grid)[2]))
            low, high = grid[max(i - 1, 0)], grid[min(i + 1, 16)]
        offset, scale, _ = _offset_power(sizes, y, grid[i])
        parameters = {"offset": float(offset), "scale": float(scale), "exponent": float(grid[i])}
    else:
        raise ValueError(f"no law is called {kind!r}")
    return Law(kind, parameters, sizes, (y - _evaluate(kind, parameters, sizes)) / y)


LAWS = ("power law", "power law with offset", "log-parabola")


def held_out_error(sizes, y, kind):
    """Relative error of predicting the largest size, (predicted - seen)/seen, from a fit to the smaller ones.

    NaN with fewer than five sizes: a law with three parameters passes through three points whatever they are.
    """
    if len(sizes) < 5:
        return math.nan
    *smaller, largest = np.asarray(sizes, float)
    law = fit_law(smaller, y[:-1], kind)
    return float(_evaluate(kind, law.parameters, largest) / y[-1] - 1)


@dataclass(frozen=True)
class LawSummary:
    """One law fitted to each seed's curve, and bootstrap intervals of the law of the mean curve."""

    kind: str
    each_seed: tuple
    central: Law
    intervals: dict
    held_out_errors: np.ndarray
    replicates: np.ndarray

    @property
    def rms(self):
        """Interval over seeds of the root mean square of the relative residuals."""
        return mean_interval([law.rms for law in self.each_seed])

    @property
    def held_out(self):
        """Interval over seeds of the relative error in predicting the largest size (see `held_out_error`)."""
        return mean_interval(self.held_out_errors)

    def excess(self, other):
        """By how much residuals and prediction errors (absolute) exceed those of another law, paired by seed."""
        return (
            paired_difference([a.rms for a in self.each_seed], [b.rms for b in other.each_seed]),
            paired_difference(np.abs(self.held_out_errors), np.abs(other.held_out_errors)),
        )


def summarise_law(sizes, curves, kind, examples=None, replicates=400, seed=0):
    """Fit a law to each seed's curve, and resample for intervals.

    Parameters
    ----------
    sizes : array, shape (k,)
    curves : array, shape (k, seeds)
        Loss or error rate.
    kind : str
        See `fit_law`.
    examples : array, shape (k, seeds, m), optional
        The loss (or 0/1 error) of each validation example, whose mean over m is ``curves``. When given, the validation
        examples are resampled too; one draw serves every seed and size, because they share the validation set.
    replicates : int
        Number of bootstrap replicates (Efron & Tibshirani, 1993): whole seeds are drawn with replacement and the law
        is fitted to the mean of their curves.

    Returns
    -------
    LawSummary
        ``intervals`` holds the 2.5 and 97.5 percentiles for each parameter; ``replicates`` the fitted curves, of shape
        (replicates, k).
    """
    curves = np.asarray(curves, float)
    sizes = np.asarray(sizes, float)
    generator = np.random.default_rng(seed)
    each = tuple(fit_law(sizes, column, kind) for column in curves.T)
    central = fit_law(sizes, curves.mean(axis=1), kind)
    fits = []
    for _ in range(replicates):
        seeds = generator.integers(curves.shape[1], size=curves.shape[1])
        if examples is None:
            drawn = curves
        else:
            m = examples.shape[-1]
            drawn = examples @ (generator.multinomial(m, np.full(m, 1 / m)) / m)
        y = drawn[:, seeds].mean(axis=1)
        if (y > 0).all():
            fits.append(fit_law(sizes, y, kind))
    intervals = {}
    for name, value in central.parameters.items():
        low, high = np.percentile([fit.parameters[name] for fit in fits], [2.5, 97.5])
        intervals[name] = Interval(value, float(low), float(high), curves.shape[1])
    return LawSummary(
        kind,
        each,
        central,
        intervals,
        np.array([held_out_error(sizes, column, kind) for column in curves.T]),
        np.array([fit(sizes) for fit in fits]),
    )


# --- The test set ---


def confusion_matrix(labels, predicted, classes):
    """Counts, shape (classes, classes): row = true class, column = predicted class."""
    matrix = np.zeros((classes, classes), int)
    np.add.at(matrix, (np.asarray(labels, int), np.asarray(predicted, int)), 1)
    return matrix


@dataclass(frozen=True)
class Reliability:
    """Confidence against accuracy in equal bins of confidence; empty bins have NaN.

    `bias` is the interval over examples of confidence minus accuracy: above zero when the model is too sure of itself.
    """

    edges: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray
    bias: Interval

    @property
    def limits(self):
        """95 % limits of each bin's accuracy, NaN where it is empty."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return wilson_limits(self.accuracy, self.count)

    @property
    def expected_error(self):
        """Expected calibration error: mean |accuracy - confidence|, weighted by the bins' counts."""
        full = self.count > 0
        gap = np.abs(self.accuracy[full] - self.confidence[full])
        return float((gap * self.count[full]).sum() / self.count.sum())


def reliability(probabilities, labels, bins=10):
    """Reliability of the top prediction (Guo et al., 2017).

    Parameters
    ----------
    probabilities : array, shape (examples, classes)
    labels : int array, shape (examples,)
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, bins + 1)
    which = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    count = np.bincount(which, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean_confidence = np.bincount(which, confidence, bins) / count
        accuracy = np.bincount(which, right, bins) / count
    return Reliability(edges, mean_confidence, accuracy, count, paired_proportions(confidence, right))


def worst_mistakes(probabilities, labels, count):
    """Indices of the wrongly classified examples with the highest loss, worst first."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    chance_of_truth = probabilities[wrong, np.asarray(labels)[wrong]]
    return wrong[np.argsort(chance_of_truth, kind="stable")[:count]]
