"""Which networks are trained: the budget, and each experiment as a list of runs."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Run:
    """One training: everything that its result follows from."""

    model: str  # "linear", "mlp" or "cnn"
    n: int  # training images
    seed: int  # chooses the images, the initial weights, the order of the batches and what dropout drops
    steps: int  # batches
    width: int  # units of each hidden dense layer
    l2: float = 0.0  # λ of the penalty λ Σ w² over all weights, biases excepted
    dropout: float = 0.0  # probability with which a hidden dense unit is dropped
    rate: float = 1e-3  # Adam's learning rate
    batch: int = 64
    moments: int = 1  # how often loss and error are measured, evenly spaced
    keep: bool = False  # keep the final weights, for the test set
    test: bool = False  # open the test set
    precision: str = "native"  # products in bfloat16 where the processor has it; "float32": always without


@dataclass(frozen=True)
class Budget:
    """How much is trained."""

    seeds: int = 5
    sizes: tuple = (200, 600, 2000, 10000, 48000)  # of the learning curves
    tuned: int = 2000  # the size at which everything is tuned and the models are compared
    l2: tuple = (0.0, 3e-4, 1e-3, 3e-3, 1e-2)
    dropout: tuple = (0.0, 0.25, 0.5)
    rates: tuple = (1e-4, 1e-3, 1e-2)
    widths: tuple = (64, 256, 512)  # tried for the MLP, which then has the middle one
    cnn_width: int = 128
    passes: int = 30  # over the training images, …
    least: int = 400  # … but never fewer steps than this,
    most: int = 1500  # and never more than these


FULL = Budget()
SMALL = Budget(
    seeds=3, sizes=(200, 600, 2000), tuned=600, l2=(0.0, 1e-3, 1e-2), dropout=(0.0, 0.5), least=200, most=400
)


def new_run(budget, model, n, seed, **settings):
    """Describe a training with the settings that all share, but for those given."""
    steps = min(budget.most, max(budget.least, budget.passes * n // 64))
    width = {"linear": 0, "mlp": budget.widths[1], "cnn": budget.cnn_width}[model]
    return Run(**{"model": model, "n": n, "seed": seed, "steps": steps, "width": width, **settings})


def tuned(budget, model, seed, **settings):
    """Describe a training at the size where everything is tuned; the one without regularisation is drawn."""
    run, plain = (new_run(budget, model, budget.tuned, seed, **changed) for changed in (settings, {}))
    return replace(run, moments=10) if run == plain else run


def search(budget, model):
    """Learning rates and, for the MLP, widths, one at a time and without regularisation."""
    seeds, widths = range(min(3, budget.seeds)), budget.widths if model == "mlp" else ()
    rates = [tuned(budget, model, seed, rate=rate) for rate in budget.rates for seed in seeds]
    return rates + [tuned(budget, model, seed, width=width) for width in widths for seed in seeds]


def l2_sweep(budget, model):
    return [tuned(budget, model, seed, l2=l2) for l2 in budget.l2 for seed in range(budget.seeds)]


def dropout_sweep(budget, model):
    return [tuned(budget, model, seed, dropout=rate) for rate in budget.dropout for seed in range(budget.seeds)]


def at_size(budget, model, n, l2):
    """The trainings of one size with one λ, one a seed."""
    if n == budget.tuned:
        return [tuned(budget, model, seed, l2=l2) for seed in range(budget.seeds)]
    keep = n == budget.sizes[-1]
    return [new_run(budget, model, n, seed, l2=l2, keep=keep) for seed in range(budget.seeds)]


def learning_curve(budget, model, l2):
    """The chosen λ at every size."""
    return [run for n in budget.sizes for run in at_size(budget, model, n, l2)]


def rules(budget, l2):
    """Three values of λ for the largest size: as chosen, shrunk with the number of images, and none."""
    return {"fixed λ": l2, "λ ∝ 1/n": float(f"{l2 * budget.tuned / budget.sizes[-1]:.3g}"), "λ = 0": 0.0}


def largest(budget, model, l2):
    """The trainings of the largest size under each of the three rules."""
    return [run for value in rules(budget, l2).values() for run in at_size(budget, model, budget.sizes[-1], value)]


def baseline(budget):
    """Softmax regression, the linear model, at the size of tuning and at the largest."""
    return [run for n in (budget.tuned, budget.sizes[-1]) for run in at_size(budget, "linear", n, 0.0)]


def final(budget, model, l2):
    """The trainings whose weights are taken to the test set: those of the largest size with this λ."""
    return [replace(run, test=True) for run in at_size(budget, model, budget.sizes[-1], l2)]


def checked(budget, l2):
    """The training that is repeated with `fit` wherever this notebook runs: a short one, in float32."""
    return new_run(budget, "mlp", budget.sizes[1], 0, l2=l2, precision="float32", steps=100)


def best(results, runs, setting):
    """Return the value of a setting with the lowest mean validation loss; what diverged cannot win."""
    losses = {}
    for run in runs:
        losses.setdefault(getattr(run, setting), []).append(results[run]["validation_loss"])
    return min(losses, key=lambda value: np.nan_to_num(np.mean(losses[value]), nan=np.inf))
