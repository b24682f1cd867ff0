"""From results to statements: means with intervals over seeds, and claims that keep a sentence true."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy import stats


@dataclass(frozen=True, eq=False)
class Spread:
    """A quantity over seeds with the 95 % t interval of its mean; ``a < b``: that of a − b, seed by seed, is below."""

    values: np.ndarray

    @property
    def mean(self):
        return float(np.mean(self.values))

    @property
    def half(self):
        """Half the width of the interval."""
        return float(stats.t.ppf(0.975, len(self.values) - 1) * stats.sem(self.values))

    def __sub__(self, other):
        return Spread(self.values - getattr(other, "values", other))

    def __lt__(self, other):
        return (self - other).mean < -(self - other).half

    def __gt__(self, other):
        return (self - other).mean > (self - other).half

    def __str__(self):
        return f"{self.mean:.4f} ± {self.half:.4f}"


def table(results, runs):
    """Gather runs and what they found, one row a run."""
    return pd.DataFrame([{**asdict(run), **results[run]} for run in runs])


def at(rows, quantity, **settings):
    """Take a quantity over the seeds of the rows with these settings: ``at(rows, "validation_loss", l2=0)``."""
    for name, value in settings.items():
        rows = rows[rows[name] == value]
    return Spread(rows.sort_values("seed")[quantity].to_numpy(float))


def claim(words, holds, *numbers):
    """Stop where a sentence is false; on a smaller budget, or with other images, say so instead."""
    shown = "; ".join(f"{number:.4f}" if isinstance(number, float) else str(number) for number in numbers)
    said = f"{words} ({shown})" if numbers else words
    if not holds and not claim.excuse:
        raise AssertionError(f"this sentence is false: {said}")
    print(f"✓ {said}" if holds else f"✗ does not hold {claim.excuse}: {said}")


claim.excuse = "in this smaller run"
