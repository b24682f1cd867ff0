"""Brings the run store up to date: trains what it lacks, in parallel processes, and keeps each result as it arrives.

Each process computes with one thread, so the machine's cores are used by as many trainings. A result is written the
moment it arrives; a killed sweep loses no more than the trainings in flight. Where nothing is missing, neither
TensorFlow nor joblib is loaded.

With the address of a Dask scheduler the same runs are trained by its workers, each of which is sent the data once; the
store is written here alone.
"""

import functools
import os
import shutil
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from coursework.experiments.protocol import Budget, Run
from coursework.experiments.stages import all_runs, expected_runs
from coursework.experiments.store import Result, RunStore, describe, makers, name
from coursework.settings import Settings
from handin.errors import InputError, Interrupted, WorkError
from press.environment import stderr_to
from press.keeping.kept import hindered
from press.project import Project
from press.report import Progress, Tell

ATTEMPTS = 3  # how often a run may take its process down before it is left out
COST = {"linear": 0.2, "mlp": 1.0, "cnn": 4.5}
"""What a step costs, roughly, by model: the longest runs start first, and the remaining time is told from it."""

# What the remaining time is guessed from, roughly:
SECONDS = 0.0025  # of a core for a step of cost 1
START = 15  # seconds until the processes have loaded TensorFlow and the data, and compiled a graph
GUESSED = 5000  # steps' worth of training that count as much as the guess

IDLE = 300  # seconds after which a process that has nothing to train ends
PATIENCE = "10s"  # how long a cluster may take to answer
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "-1"}
"""In the environment of the processes: libraries start silently, and with one thread."""


@dataclass
class Summary:
    """What a sweep did."""

    trained: int = 0  # runs that were trained now
    kept: int = 0  # runs that had a result before
    seconds: float = 0.0

    def __str__(self) -> str:
        if not self.trained:
            return f"Nothing to train: {self.kept} results are current."
        return f"Trained {self.trained} runs in {self.seconds:.0f} s; {self.kept} results were current before."


def run(settings: Settings, project: Project, *, scheduler: str | None = None, tell: Tell = lambda _: None) -> Summary:
    """Train every run of the profile that has no current result; `tell` is told how far it is, at first and after each.

    With the address of a Dask scheduler (``tcp://host:8786``) its workers train, instead of processes on this machine.
    They must have this package and the same versions of Keras and TensorFlow.

    Raises
    ------
    InputError
        If the data are not what the profile needs.
    WorkError
        If a result cannot be written, if a run took its process down three times, if the code was edited meanwhile, if
        there is no cluster at the address, or after Ctrl-C. What was found until then is kept, and the same command
        goes on from there.
    """
    started = time.monotonic()
    store = RunStore(settings, project)
    failed: list[Run] = []
    missing = _missing(store, failed)
    if not missing:
        return Summary(kept=len(store))
    _check_sizes(store.budget, settings, project)
    pace = Pace(store, 1 if scheduler else _workers(settings))
    tell(pace.progress())
    trained = 0
    try:
        while missing:
            train = _train_on_cluster(scheduler, missing, store) if scheduler else _train_here(missing, store, failed)
            with closing(train):
                for found in train:
                    if not store.belongs(found.run, found.made_by):
                        raise WorkError(
                            "The training processes have other code, packages or arithmetic than this one (was the "
                            "code edited meanwhile?): what was found is kept; run `coursework experiments` again."
                        )
                    store.save(found.run, found.result, found.weights)
                    trained += 1
                    tell(pace.progress(found.run))
            missing = _missing(store, failed)
    except KeyboardInterrupt:
        raise Interrupted(f"Stopped: {len(store)} results are kept.") from None
    finally:
        _stop_workers()
    if failed:
        raise WorkError(
            f"{len(failed)} of the runs took their process down {ATTEMPTS} times (out of memory?) and were left out: "
            f"{'; '.join(map(describe, failed))}. "
            "All others are kept; `workers: 1` under experiments needs less memory."
        )
    return Summary(trained, len(store) - trained, time.monotonic() - started)


def _missing(store: RunStore, failed: list[Run]) -> list[Run]:
    """List what is to be trained next, the longest first."""
    wanted = [run for run in all_runs(store.budget, store) if run not in store and run not in failed]
    return sorted(wanted, key=_cost, reverse=True)


def _cost(run: Run) -> float:
    return COST[run.model] * run.steps * (0.01 if run.test else 1.0)


class Pace:
    """How far a sweep of so many processes is, and how long it still takes.

    That is a guess at first, and more and more what it has taken.
    """

    def __init__(self, store: RunStore, processes: int):
        self.store, self.processes = store, processes
        self.began, self.trained = time.monotonic(), 0.0

    def progress(self, trained: Run | None = None) -> Progress:
        """Say how far the sweep is, now that another run is trained."""
        self.trained += _cost(trained) if trained else 0.0
        runs = expected_runs(self.store.budget, self.store)
        left = [run for run in runs if run not in self.store]
        spent = (time.monotonic() - self.began) * self.processes
        each = (SECONDS * GUESSED + spent) / (GUESSED + self.trained)
        seconds = each * sum(map(_cost, left)) / self.processes + (0.0 if self.trained or not left else START)
        return Progress("Training the networks of question 6", len(runs) - len(left), len(runs), seconds)


class _Found(NamedTuple):
    """What a process sends back."""

    run: Run
    result: Result
    weights: list[np.ndarray] | None
    made_by: dict


# The engine of this process, by data set: TensorFlow's start and the data are paid for once a process.
_ENGINES: dict = {}
# A cluster's worker may have several threads; the compiled graphs have one set of variables.
_ONE_AT_A_TIME = threading.Lock()


def _train(run: Run, weights, dataset: str, source, marks: Path | None) -> _Found:
    """Train one run in a worker process.

    `source` is the images of the data set, or the project's folder to load them from. A file in `marks` says that the
    run is under way, should the process die.
    """
    mark = marks / name(run) if marks else None
    if mark:
        mark.touch()
        _end_with_parent()
    with _ONE_AT_A_TIME:
        if dataset not in _ENGINES:
            with stderr_to(Path(os.devnull)):
                from coursework.experiments.data import load
                from coursework.experiments.engine import Engine, one_thread

                one_thread()
                _ENGINES[dataset] = Engine(load(dataset, source) if isinstance(source, Path) else source), makers()
        engine, made_by = _ENGINES[dataset]
        result, final = engine.train(run, weights)
    if mark:
        mark.unlink()
    return _Found(run, result, final if run.keep and not run.test else None, made_by)


@functools.cache
def _end_with_parent() -> None:
    """End this process soon after its parent was killed, rather than hold memory until it has been idle for minutes."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _train_here(runs: list[Run], store: RunStore, failed: list[Run]) -> Iterator[_Found]:
    """Train runs in processes of this machine; after one died, those that were under way are tried again one by one."""
    from joblib.externals.loky.process_executor import BrokenProcessPool

    deaths: Counter[Run] = Counter()
    waiting = list(runs)
    while waiting:
        suspects = [run for run in waiting if deaths[run]]
        batch = suspects[:1] or waiting
        done = set()
        with _marks(store.project) as folder:
            marks = Path(folder)
            try:
                for found in _parallel(batch, store, marks, min(_workers(store.settings), len(batch))):
                    done.add(found.run)
                    yield found
            except BrokenProcessPool as error:
                under_way = {mark.name for mark in marks.iterdir()}
                died = [run for run in batch if run not in done and name(run) in under_way]
                if not died:
                    raise WorkError(f"The training processes cannot be started ({error}).") from None
                deaths.update(died)
        failed += [run for run in batch if deaths[run] >= ATTEMPTS]
        waiting = [run for run in waiting if run not in done and deaths[run] < ATTEMPTS]


def _parallel(runs: list[Run], store: RunStore, marks: Path, processes: int) -> Iterator[_Found]:
    """Train in so many processes, which later calls find again, yielding what they find as it arrives."""
    from joblib.externals.loky import get_reusable_executor

    dataset, root = store.settings.dataset, store.project.root
    waiting, tasks = iter(runs), set()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="A worker stopped while some jobs")
        executor = get_reusable_executor(processes, timeout=IDLE, kill_workers=True, env=QUIET)
        try:
            while True:
                for run in islice(waiting, 2 * processes - len(tasks)):  # one in reserve for each process
                    tasks.add(executor.submit(_train, run, _trained_weights(run, store), dataset, root, marks))
                if not tasks:
                    return
                done, tasks = wait(tasks, return_when=FIRST_COMPLETED)
                yield from (task.result() for task in done)
        finally:
            # an executor that is ended stumbles over a task that it has not taken over yet
            while not all(task.running() or task.done() for task in tasks):
                time.sleep(0.001)


def _train_on_cluster(scheduler: str, runs: list[Run], store: RunStore) -> Iterator[_Found]:
    """Train runs on the workers of a Dask scheduler, which gives a lost worker's run to another one."""
    try:
        from distributed import Client, KilledWorker, as_completed
    except ImportError:
        raise WorkError("A cluster needs Dask: .venv/bin/python -m pip install '.[cluster]'") from None
    from coursework.experiments.data import load

    dataset = store.settings.dataset
    images = load(dataset, store.project.root)
    try:
        with Client(scheduler, timeout=PATIENCE, set_as_default=True) as client:
            [there] = client.scatter([images], broadcast=True)
            tasks = [
                client.submit(_train, run, _trained_weights(run, store), dataset, there, None, pure=False)
                for run in runs
            ]
            yield from (task.result() for task in as_completed(tasks))
    except KilledWorker:
        raise WorkError("A run took several workers of the cluster down; the others are kept.") from None
    except (OSError, TimeoutError) as error:
        raise WorkError(f"The cluster at {scheduler} does not answer, or has no workers ({error}).") from None


def _trained_weights(run: Run, store: RunStore):
    """Return the weights that a reading of the test set starts from; None trains the run again, to the same weights."""
    return store.weights(replace(run, test=False)) if run.test else None


def _marks(project: Project) -> tempfile.TemporaryDirectory:
    """Make an empty folder for a mark of each run under way, and remove those of killed sweeps and half records."""
    try:
        for left in project.cache.glob("under-way-*"):
            shutil.rmtree(left, ignore_errors=True)
        for left in project.cache.glob("runs/.*.part"):
            left.unlink(missing_ok=True)
        project.cache.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix="under-way-", dir=project.cache, ignore_cleanup_errors=True)
    except OSError as error:
        raise WorkError(hindered(error, project.name, project.cache / "under-way")) from None


def _workers(settings: Settings) -> int:
    import joblib

    return settings.experiments.workers or joblib.cpu_count()


def _stop_workers() -> None:
    """End the worker processes: they hold the data and TensorFlow in memory."""
    if "joblib" in sys.modules:
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor(reuse=True).shutdown(wait=True, kill_workers=True)


def _check_sizes(budget: Budget, settings: Settings, project: Project) -> None:
    from coursework.experiments.data import training_examples

    largest, there = max(*budget.sizes, budget.tuned), training_examples(settings.dataset, project.root)
    if largest > there:
        chosen = settings.experiments.profile
        smaller = "a larger data set is needed" if chosen == "tiny" else "choose the profile tiny, or a larger data set"
        raise InputError(
            f"experiments.profile: {chosen} trains on up to {largest:,} examples, and {settings.dataset} has "
            f"{there:,} once a fifth is kept apart for validation: {smaller}."
        )
