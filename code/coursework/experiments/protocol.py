"""The protocol of question 6: which trainings are run, on which examples, in which order, and how settings are chosen.

Each training is one `Run`, from which its result follows. Everything random in it comes from its seed through four
separate generators: the subset, the initial weights, the order of the examples, and dropout.

How long a run trains is fixed in advance, in steps of one batch: 20 passes over its examples, never fewer than 400
steps, and never more than 8,000 (11 passes at 48,000 examples), for the CNN 5,000 (7 passes). There is no early
stopping: it would regularise by itself and flatten the side of small L2 strengths. The learning rate falls from its
initial value to zero along half a cosine.

The whole protocol is to take minutes on two cores, so it was cut where that was seen to cost least. A batch of 64
instead of 128 halves the work of a step, and 20 passes then overfit as 30 did. With 15 passes the mean losses of the
better λ lay closer to that of none; this was seen in a trial of two or three seeds without intervals, and 20 were kept
after it. λ starts at 10⁻⁴, since 3·10⁻⁵ could not be told from none in an earlier trial, and λ ∝ 1/n is tried at two of
the larger sizes. The search for learning rate and width has two seeds. The bounds on the steps bite at the two largest
sizes: the CNN's curve would end a little lower with a longer training.

Every loss here is the mean cross-entropy **without** the L2 penalty, measured with dropout switched off. Training and
validation losses of one line belong to the same weights.
"""

from dataclasses import dataclass, replace

import numpy as np

SUBSET, INITIALISATION, ORDER, DROPOUT = range(4)
NETWORKS = ("mlp", "cnn")


@dataclass(frozen=True)
class Run:
    """One training, completely specified.

    Attributes
    ----------
    model
        ``"softmax"`` (softmax regression), ``"mlp"`` (two hidden layers) or ``"cnn"`` (two convolutions and one).
    examples
        How many training examples it sees.
    seed
        Chooses the subset, the initial weights, the order of the examples and the dropout masks.
    steps
        How many batches it trains on.
    l2
        λ of the penalty λ Σ‖W‖² over all kernels, never over biases (Keras' convention: the gradient is 2λW).
    dropout
        The probability with which each hidden dense unit is dropped in training.
    learning_rate
        Adam's initial learning rate.
    width
        Units of each hidden dense layer; 0 for the model that has none.
    batch_size
        Examples in a batch.
    curve
        Whether losses and errors are measured along the way, not only at the end.
    keep_weights
        Whether the trained weights are kept with the result, for a reading of the test set.
    test
        Whether this opens the test set: the same training as without it, then the test set's probabilities.
    precision
        ``"native"`` (bfloat16 products with float32 sums where the processor has them, else float32) or ``"float32"``.
    """

    model: str
    examples: int
    seed: int
    steps: int
    l2: float = 0.0
    dropout: float = 0.0
    learning_rate: float = 1e-3
    width: int = 0
    batch_size: int = 64
    curve: bool = False
    keep_weights: bool = False
    test: bool = False
    precision: str = "native"

    def __post_init__(self):
        if self.model not in ("softmax", "mlp", "cnn"):
            raise ValueError(f"model: {self.model!r} is none of softmax, mlp, cnn")
        if self.precision not in ("native", "float32"):
            raise ValueError(f"precision: {self.precision!r} is neither native nor float32")
        for name, smallest in (("examples", 1), ("seed", 0), ("steps", 1), ("batch_size", 1), ("width", 0)):
            if getattr(self, name) < smallest:
                raise ValueError(f"{name}: {getattr(self, name)} is below {smallest}")
        if not (0 <= self.l2 < float("inf") and 0 <= self.dropout < 1 and 0 < self.learning_rate < float("inf")):
            raise ValueError("l2 must be at least 0, dropout in [0, 1), the learning rate above 0, all finite")


@dataclass(frozen=True)
class Evaluation:
    """Loss and error on all training examples of the run and on the whole validation set, at one moment.

    `epoch` is the number of passes over the run's examples so far (not always whole).
    """

    step: int
    epoch: float
    train_loss: float
    train_error: float
    validation_loss: float
    validation_error: float


@dataclass(frozen=True, eq=False)
class Result:
    """What one run found.

    Attributes
    ----------
    train_loss, validation_loss
        Mean cross-entropy in nats, without penalty, at the final weights; NaN or infinite if the training diverged.
    train_error, validation_error
        The fraction of examples whose most probable class is wrong.
    diverged
        Whether the training ended in a loss that is not finite.
    history
        Evaluations along the way, first to last; empty unless the run's `curve` is set.
    validation_losses
        Cross-entropy of each validation example, float32 of shape (n,), for resampling.
    validation_predictions
        The most probable class of each validation example, uint8 of shape (n,).
    precision
        The arithmetic that was used: ``"bfloat16"`` or ``"float32"``.
    test_loss, test_error, test_probabilities
        For a run that opens the test set, else None; probabilities are float32 of shape (n, classes).
    """

    train_loss: float
    train_error: float
    validation_loss: float
    validation_error: float
    diverged: bool
    history: tuple[Evaluation, ...]
    validation_losses: np.ndarray
    validation_predictions: np.ndarray
    precision: str
    test_loss: float | None = None
    test_error: float | None = None
    test_probabilities: np.ndarray | None = None


@dataclass(frozen=True)
class Profile:
    """How much of the protocol is run.

    Attributes
    ----------
    name
        What it is called in the settings.
    seeds
        Seeds of the regularisation sweeps and of the learning curves.
    comparison_seeds
        Seeds of the paired comparison of the two models.
    few_seeds
        Seeds of everything else: baseline, dashed curves, curves along the training, the test set.
    search_seeds
        Seeds of the search for learning rate and width.
    sizes
        Training-set sizes of the learning curves.
    scaled_sizes
        Those of them where λ ∝ 1/n is tried as well; at the intermediate size the two curves meet.
    intermediate
        The size at which everything is tuned and the models are compared.
    l2_values, dropout_values
        What the regularisation sweeps try; λ = 0 is the model without regularisation.
    learning_rates, widths
        What the search tries: all pairs for the first model, the rates alone for the second.
    epochs, least_steps, most_steps, cnn_most_steps
        A run on n examples takes `epochs` · n / batch size steps, but never fewer or more than these bounds; the CNN,
        whose steps cost four times as much, has an upper bound of its own.
    target_error
        The error rate that the first model is to reach on its training examples, stated beforehand.
    learning_rate, mlp_width, cnn_width, batch_size
        Settings of every run that does not vary them.
    """

    name: str
    seeds: tuple[int, ...]
    comparison_seeds: tuple[int, ...]
    few_seeds: tuple[int, ...]
    search_seeds: tuple[int, ...]
    sizes: tuple[int, ...]
    scaled_sizes: tuple[int, ...]
    intermediate: int
    l2_values: tuple[float, ...]
    dropout_values: tuple[float, ...]
    learning_rates: tuple[float, ...]
    widths: tuple[int, ...]
    epochs: int
    least_steps: int
    most_steps: int
    cnn_most_steps: int
    target_error: float = 0.10
    learning_rate: float = 1e-3
    mlp_width: int = 256
    cnn_width: int = 128
    batch_size: int = 64


FULL = Profile(
    name="full",
    seeds=(0, 1, 2, 3, 4),
    comparison_seeds=tuple(range(10)),
    few_seeds=(0, 1, 2),
    search_seeds=(0, 1),
    sizes=(256, 640, 1664, 4096, 10240, 22784, 48000),
    scaled_sizes=(4096, 10240, 48000),
    intermediate=4096,
    l2_values=(0.0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2),
    dropout_values=(0.1, 0.2, 0.4, 0.6),
    learning_rates=(1e-4, 1e-3, 1e-2),
    widths=(64, 256, 512),
    epochs=20,
    least_steps=400,
    most_steps=8000,
    cnn_most_steps=5000,
)

TINY = Profile(
    name="tiny",
    seeds=(0, 1),
    comparison_seeds=(0, 1),
    few_seeds=(0, 1),
    search_seeds=(0, 1),
    sizes=(128, 256, 512, 1024),
    scaled_sizes=(512, 1024),
    intermediate=512,
    l2_values=(0.0, 1e-3, 1e-1),
    dropout_values=(0.3,),
    learning_rates=(1e-3, 1.0),
    widths=(64,),
    epochs=8,
    least_steps=30,
    most_steps=100,
    cnn_most_steps=80,
    mlp_width=64,
    cnn_width=32,
)

STANDALONE = Profile(
    name="standalone",
    seeds=(0, 1, 2),
    comparison_seeds=(0, 1, 2),
    few_seeds=(0, 1, 2),
    search_seeds=(0, 1),
    sizes=(256, 512, 1024, 2048, 4096),
    scaled_sizes=(1024, 4096),
    intermediate=1024,
    l2_values=(0.0, 1e-4, 1e-3, 1e-2),
    dropout_values=(0.2, 0.5),
    learning_rates=(1e-4, 1e-3, 1e-2),
    widths=(64, 256),
    epochs=20,
    least_steps=200,
    most_steps=600,
    cnn_most_steps=600,
)

PROFILES = {profile.name: profile for profile in (FULL, TINY, STANDALONE)}


def generator(seed, purpose):
    """Return the generator of one purpose (SUBSET, INITIALISATION, ORDER or DROPOUT) under one seed."""
    return np.random.default_rng([seed, purpose])


def subset(labels, examples, seed):
    """Choose training examples so that sizes are nested and classes balanced.

    The examples are ranked once a seed, in rounds that take one example of each class; a subset is the start of this
    ranking. So each subset contains the smaller ones, and class counts differ by at most one (as long as every class
    has examples left).

    Parameters
    ----------
    labels
        Labels of all training examples, of shape (n,).
    examples
        How many to choose, at most n.
    seed
        The run's seed.

    Returns
    -------
    ndarray
        Indices of the chosen examples, of shape (examples,).
    """
    if examples > len(labels):
        raise ValueError(f"{examples} examples are asked for and there are {len(labels)}")
    random = generator(seed, SUBSET)
    classes = int(labels.max()) + 1
    shuffled = random.permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    counts = np.bincount(labels, minlength=classes)
    rounds = np.concatenate([np.arange(count) for count in counts])
    turns = np.argsort(random.random((counts.max(), classes)), axis=1)[rounds, labels[by_class]]
    return by_class[np.lexsort((turns, rounds))][:examples]


def batches(run):
    """List the examples of every batch of a run, as positions in its subset.

    The batches cut a stream of complete permutations, one a pass, so that every example comes equally often.

    Returns
    -------
    ndarray
        Positions in 0 ... examples − 1, int32 of shape (steps, batch_size).
    """
    random = generator(run.seed, ORDER)
    needed = run.steps * run.batch_size
    passes = -(-needed // run.examples)
    stream = np.concatenate([random.permutation(run.examples).astype(np.int32) for _ in range(passes)])
    return stream[:needed].reshape(run.steps, run.batch_size)


def summarise(run, measured, precision):
    """Turn what a training measured into its result.

    Parameters
    ----------
    run
        The run.
    measured
        ``"history"``: for each moment (step, training, validation), the latter two as `cross_entropy` returns them:
        losses, probabilities, and whether each example is wrong; ``"test"``: the same for the test set, or None.
    precision
        The arithmetic that was used.

    Returns
    -------
    Result
    """
    evaluations = tuple(
        Evaluation(
            step=int(step),
            epoch=step * run.batch_size / run.examples,
            train_loss=float(np.mean(train[0])),
            train_error=float(np.mean(train[2])),
            validation_loss=float(np.mean(validation[0])),
            validation_error=float(np.mean(validation[2])),
        )
        for step, train, validation in measured["history"]
    )
    last = evaluations[-1]
    losses, probabilities, _ = measured["history"][-1][2]
    test = measured["test"]
    return Result(
        train_loss=last.train_loss,
        train_error=last.train_error,
        validation_loss=last.validation_loss,
        validation_error=last.validation_error,
        diverged=not bool(np.isfinite([last.train_loss, last.validation_loss]).all()),
        history=evaluations if run.curve else (),
        validation_losses=losses.astype(np.float32),
        validation_predictions=probabilities.argmax(axis=1).astype(np.uint8),
        precision=precision,
        test_loss=None if test is None else float(np.mean(test[0])),
        test_error=None if test is None else float(np.mean(test[2])),
        test_probabilities=None if test is None else test[1].astype(np.float32),
    )


def evaluation_steps(run, points=10):
    """List the steps after which a run is measured: the last one, or `points` evenly spread ones for a curve."""
    if not run.curve:
        return (run.steps,)
    return tuple(sorted({max(1, round(run.steps * k / points)) for k in range(1, points + 1)}))


def steps(profile, model, examples):
    """Return how many steps a run of this model on so many examples takes."""
    most = profile.cnn_most_steps if model == "cnn" else profile.most_steps
    return min(most, max(profile.least_steps, round(profile.epochs * examples / profile.batch_size)))


def new_run(profile, model, examples, seed, **settings):
    """Specify a run with the profile's settings, except those given."""
    return Run(
        **{
            "model": model,
            "examples": examples,
            "seed": seed,
            "steps": steps(profile, model, examples),
            "width": {"softmax": 0, "mlp": profile.mlp_width, "cnn": profile.cnn_width}[model],
            "learning_rate": profile.learning_rate,
            "batch_size": profile.batch_size,
            **settings,
        }
    )


def learning_rate_runs(profile, model):
    """List the search for learning rate and width at the intermediate size: for the CNN, the rates alone.

    The profile's own rate and width are not trained twice: those runs are the λ sweep's, without regularisation.
    """
    settled = profile.learning_rate, {"mlp": profile.mlp_width, "cnn": profile.cnn_width}[model]
    return [
        tuned_run(profile, model, seed, 0.0)
        if (rate, width) == settled
        else new_run(profile, model, profile.intermediate, seed, learning_rate=rate, width=width)
        for rate in profile.learning_rates
        for width in (profile.widths if model == "mlp" else (profile.cnn_width,))
        for seed in profile.search_seeds
    ]


def tuned_run(profile, model, seed, l2):
    """Specify a run of the λ sweep; without regularisation it is measured along its training, for the first seeds."""
    return new_run(profile, model, profile.intermediate, seed, l2=l2, curve=l2 == 0 and seed in profile.few_seeds)


def fit_runs(profile, model="mlp"):
    """List the runs that show a model without regularisation along its training; the λ sweep contains them."""
    return [tuned_run(profile, model, seed, 0.0) for seed in profile.few_seeds]


def l2_runs(profile, model):
    """List the sweep over λ, without dropout, at the intermediate size."""
    return [tuned_run(profile, model, seed, l2) for l2 in profile.l2_values for seed in profile.seeds]


def dropout_runs(profile, model):
    """List the sweep over dropout, without L2, at the intermediate size; dropout 0 is λ = 0 of `l2_runs`."""
    return [
        new_run(profile, model, profile.intermediate, seed, dropout=dropout)
        for dropout in profile.dropout_values
        for seed in profile.seeds
    ]


def regularisation_runs(profile, model):
    """List both regularisation sweeps of a model."""
    return l2_runs(profile, model) + dropout_runs(profile, model)


def curve_run(profile, model, examples, seed, l2):
    """Specify a run of a learning curve: the sweep's run where it has one; the largest size keeps its weights."""
    if examples == profile.intermediate:
        return tuned_run(profile, model, seed, l2)
    return new_run(profile, model, examples, seed, l2=l2, keep_weights=examples == max(profile.sizes))


def learning_curve_runs(profile, model, l2):
    """List a learning curve with one λ at every size."""
    return [curve_run(profile, model, size, seed, l2) for size in profile.sizes for seed in profile.seeds]


def scaled_l2(profile, l2, examples):
    """Return λ ∝ 1/n that is `l2` at the intermediate size: the same penalty for the sum over examples."""
    return float(f"{l2 * profile.intermediate / examples:.3g}")


def scaled_curve_runs(profile, model, l2):
    """List the second learning curve, λ ∝ 1/n, at the larger sizes; empty where λ is 0 (it would be the same curve)."""
    return [
        curve_run(profile, model, size, seed, scaled_l2(profile, l2, size))
        for size in profile.scaled_sizes
        for seed in profile.few_seeds
        if l2 > 0
    ]


def comparison_runs(profile, model, l2):
    """List one side of the paired comparison at the intermediate size; the λ sweep contains its first seeds."""
    return [tuned_run(profile, model, seed, l2) for seed in profile.comparison_seeds]


def baseline_runs(profile):
    """List the softmax regressions: the reference at the intermediate and the largest size."""
    return [
        new_run(profile, "softmax", size, seed)
        for size in (profile.intermediate, max(profile.sizes))
        for seed in profile.few_seeds
    ]


def precision_runs(profile, model, l2):
    """List float32 runs to hold against the same runs of the learning curve, at its third size."""
    return [new_run(profile, model, profile.sizes[2], seed, l2=l2, precision="float32") for seed in profile.few_seeds]


def test_runs(profile, model, l2):
    """List the readings of the test set: the final model of each seed, as the learning curve trained it."""
    return [replace(curve_run(profile, model, max(profile.sizes), seed, l2), test=True) for seed in profile.few_seeds]


def test_choice(runs):
    """Describe the choice for which some runs open the test set: the settings of each model, whatever the seed."""
    fields = ("examples", "steps", "l2", "dropout", "learning_rate", "width", "batch_size")
    return {run.model: {field: getattr(run, field) for field in fields} for run in runs}


def mean_validation_losses(results, runs, setting):
    """Average the validation loss over seeds, for each value of one setting.

    Parameters
    ----------
    results
        Mapping of runs to results.
    runs
        The runs to compare; only seeds that have a result for every value count, so that the comparison is paired.
    setting
        The name of the field of `Run` that varies.

    Returns
    -------
    dict
        Value of the setting to mean loss in nats; a diverged run counts as infinite. Empty if no seed is complete.
    """
    values = sorted({getattr(run, setting) for run in runs})
    by_seed = {}
    for run in runs:
        if run in results:
            loss = results[run].validation_loss
            by_seed.setdefault(run.seed, {})[getattr(run, setting)] = loss if np.isfinite(loss) else np.inf
    complete = [losses for losses in by_seed.values() if len(losses) == len(values)]
    return {value: float(np.mean([losses[value] for losses in complete])) for value in values} if complete else {}


def choose(means):
    """Choose the setting with the smallest mean validation loss, the smaller setting of equal ones."""
    return min(means, key=lambda value: (means[value], value))


def choose_l2(results, profile, model):
    """Choose λ for a model from its sweep: the smallest mean validation loss; None while the sweep has no results."""
    means = mean_validation_losses(results, l2_runs(profile, model), "l2")
    return choose(means) if means else None


def choose_dropout(results, profile, model):
    """Choose the dropout of a model from its sweep (0 included); None while the sweep has no results."""
    runs = [run for run in l2_runs(profile, model) if run.l2 == 0] + dropout_runs(profile, model)
    means = mean_validation_losses(results, runs, "dropout")
    return choose(means) if means else None


def choose_final_l2(results, profile, model):
    """Choose λ of the final model: of the two learning curves, the one with the smaller loss at the largest size."""
    l2 = choose_l2(results, profile, model)
    if l2 is None:
        return None
    size = max(profile.sizes)
    runs = learning_curve_runs(profile, model, l2) + scaled_curve_runs(profile, model, l2)
    means = mean_validation_losses(
        results, [run for run in runs if run.examples == size and run.seed in profile.few_seeds], "l2"
    )
    return choose(means) if means else None


def tuning_runs(profile):
    """List the first stage by purpose: everything that depends on no choice."""
    return {
        "learning rate": [run for model in NETWORKS for run in learning_rate_runs(profile, model)],
        "fit": [run for model in NETWORKS for run in fit_runs(profile, model)],
        "regularisation": [run for model in NETWORKS for run in regularisation_runs(profile, model)],
        "baseline": baseline_runs(profile),
    }


def curve_runs(profile, chosen):
    """List the second stage by purpose, given the λ chosen for each model."""
    return {
        "learning curves": [run for model in NETWORKS for run in learning_curve_runs(profile, model, chosen[model])],
        "scaled curves": [run for model in NETWORKS for run in scaled_curve_runs(profile, model, chosen[model])],
        "comparison": [run for model in NETWORKS for run in comparison_runs(profile, model, chosen[model])],
        "precision": [run for model in NETWORKS for run in precision_runs(profile, model, chosen[model])],
    }


def stages(profile, results, left_out=()):
    """List everything that is to be run, in stages, as far as the results so far let it be named.

    The second stage depends on the λ that the first one chooses; the third, the test set, on the second. A stage is
    listed once every run before it has a result, so that nothing is chosen from half a sweep and the test set is read
    last.

    Parameters
    ----------
    profile
        How much is run.
    results
        Mapping of runs to results.
    left_out
        Runs that will never have a result, and are not waited for.

    Returns
    -------
    dict
        The stage's name to the purpose to its runs: ``{"tuning": {"fit": [...], ...}, "curves": ..., "test": ...}``.
    """

    def unfinished():
        return any(run not in results and run not in left_out for run in listed(found))

    found = {"tuning": tuning_runs(profile)}
    chosen = {} if unfinished() else {model: choose_l2(results, profile, model) for model in NETWORKS}
    if not chosen or None in chosen.values():
        return found
    found["curves"] = curve_runs(profile, chosen)
    final = {} if unfinished() else {model: choose_final_l2(results, profile, model) for model in NETWORKS}
    if not final or None in final.values():
        return found
    found["test"] = {"test": [run for model in NETWORKS for run in test_runs(profile, model, final[model])]}
    return found


def all_runs(profile, results):
    """List every run that can be named with the results so far, once, in order."""
    return listed(stages(profile, results))


def listed(found):
    """List every run of some stages once, in order."""
    return list(dict.fromkeys(run for purposes in found.values() for runs in purposes.values() for run in runs))


def expected_runs(profile, results):
    """List every run of all stages, guessing a middle λ where it is not chosen yet: for telling how much is left."""
    found = stages(profile, results)
    middle = dict.fromkeys(NETWORKS, sorted(profile.l2_values)[len(profile.l2_values) // 2])
    found.setdefault("curves", curve_runs(profile, middle))
    found.setdefault("test", {"test": [run for model in NETWORKS for run in test_runs(profile, model, middle[model])]})
    return listed(found)
