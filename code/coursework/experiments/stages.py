"""In which order the runs of the protocol become known: tuning, then what its choices ask for, last the test set."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from coursework.experiments import protocol
from coursework.experiments.protocol import FULL, Budget, Run

MODELS = ("mlp", "cnn")

TINY = Budget(
    seeds=3, sizes=(128, 256, 512, 1024), tuned=512, l2=(0.0, 1e-3, 1e-1), dropout=(0.0, 0.5), rates=(1e-4, 1e-3, 1.0),
    widths=(32, 64, 128), cnn_width=32, passes=8, least=20, most=80,
)  # fmt: skip
"""For trying things out, in seconds."""

BUDGETS = {"full": FULL, "tiny": TINY}
"""The budgets by the names that the settings have for them."""


def tuning(budget: Budget) -> list[Run]:
    """List everything that depends on no choice."""
    experiments = protocol.search, protocol.l2_sweep, protocol.dropout_sweep
    lists = [experiment(budget, model) for model in MODELS for experiment in experiments]
    return _once(*lists, protocol.baseline(budget))


def curves(budget: Budget, l2: Mapping[str, float]) -> list[Run]:
    """List what the chosen λ of each model asks for."""
    experiments = protocol.learning_curve, protocol.largest
    lists = [experiment(budget, model, l2[model]) for model in MODELS for experiment in experiments]
    return _once(*lists, [protocol.checked(budget, l2["mlp"])])


def test(budget: Budget, l2: Mapping[str, float]) -> list[Run]:
    """List the runs that open the test set, with the λ chosen at the largest size."""
    return _once(*(protocol.final(budget, model, l2[model]) for model in MODELS))


def choose(results: Mapping[Run, dict], budget: Budget) -> dict[str, float]:
    """Return the λ that each model's sweep chooses."""
    return {model: protocol.best(results, protocol.l2_sweep(budget, model), "l2") for model in MODELS}


def choose_final(results: Mapping[Run, dict], budget: Budget) -> dict[str, float]:
    """Return the λ of each model that is best at the largest size, of the three rules."""
    l2 = choose(results, budget)
    return {model: protocol.best(results, protocol.largest(budget, model, l2[model]), "l2") for model in MODELS}


def stages(budget: Budget, results: Mapping[Run, dict]) -> dict[str, list[Run]]:
    """List everything that is to be run, as far as the results so far let it be named.

    A stage (``"tuning"``, ``"curves"``, ``"test"``) is listed once every run before it has a result, so that nothing is
    chosen from half a sweep and the test set is read last.
    """
    found = {"tuning": tuning(budget)}
    if all(run in results for run in found["tuning"]):
        done = set(found["tuning"])
        found["curves"] = [run for run in curves(budget, choose(results, budget)) if run not in done]
        if all(run in results for run in found["curves"]):
            found["test"] = test(budget, choose_final(results, budget))
    return found


def all_runs(budget: Budget, results: Mapping[Run, dict]) -> list[Run]:
    """List every run that can be named with the results so far, once, in order."""
    return _once(*stages(budget, results).values())


def expected_runs(budget: Budget, results: Mapping[Run, dict]) -> list[Run]:
    """List every run of all stages, guessing λ where it is not chosen yet: for telling how much is left."""
    found = stages(budget, results)
    guess = dict.fromkeys(MODELS, max(budget.l2))
    found.setdefault("curves", curves(budget, guess))
    found.setdefault("test", test(budget, guess))
    return _once(*found.values())


def _once(*lists: Collection[Run]) -> list[Run]:
    return list(dict.fromkeys(run for runs in lists for run in runs))
