"""Brings the run store up to date: trains what it lacks, in parallel processes, and keeps each result as it arrives.

Each process computes with one thread, so the machine's cores are used by as many trainings. A result is written the
moment it arrives; a killed sweep loses no more than the trainings in flight. Where nothing is missing, neither
TensorFlow nor joblib is loaded.

With the address of a Dask scheduler the same runs are trained by its workers, each of which is sent the data once; the
store is written here alone.
"""

import functools
import os
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from coursework.experiments.protocol import Budget, Run
from coursework.experiments.stages import all_runs, expected_runs, stages
from coursework.experiments.store import Result, RunStore, describe, makers, name
from coursework.settings import Settings
from handin.errors import InputError, Interrupted, WorkError
from press.environment import stderr_to
from press.keeping.kept import hindered
from press.project import Project
from press.report import Progress, Tell

ATTEMPTS = 3
"""How often a run may take its process down before it is left out."""

COST = {"linear": 0.2, "mlp": 1.0, "cnn": 4.5}
"""What a step costs, roughly, by model: the longest runs start first, and the remaining time is told from it."""


SECONDS = 0.0025
"""Of a core for a step of cost 1, roughly."""

START = 15
"""Seconds until the processes have loaded TensorFlow and the data, and compiled a graph, roughly."""

GUESSED = 5000
"""Steps' worth of training that count as much as the guess."""

PATIENCE = "10s"
"""How long a cluster may take to answer."""


@dataclass
class Summary:
    """What a sweep did.

    Attributes
    ----------
    trained, kept
        How many runs were trained now, and how many had a result before.
    left_out
        Descriptions of the runs that took their process down each time.
    seconds
        Wall-clock time of the sweep.
    cpu_seconds
        Processor time by stage and model (``"tuning: cnn"``), and of starting the processes (``"start"``).
    """

    trained: int = 0
    kept: int = 0
    left_out: tuple[str, ...] = ()
    seconds: float = 0.0
    cpu_seconds: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        if not self.trained:
            return f"Nothing to train: {self.kept} results are current."
        return f"Trained {self.trained} runs in {self.seconds:.0f} s; {self.kept} results were current before."


def run(
    settings: Settings,
    project: Project,
    *,
    scheduler: str | None = None,
    tell: Tell = lambda _: None,
) -> Summary:
    """Train every run of the profile that has no current result.

    Parameters
    ----------
    settings
        Name the data set, the profile and, if wanted, the number of processes.
    project
        Whose store is brought up to date.
    scheduler
        The address of a Dask scheduler (``tcp://host:8786``) whose workers train, instead of processes on this machine.
        They must have this package and the same versions of Keras and TensorFlow.
    tell
        Is told how far it is: before the first training, and after each.

    Returns
    -------
    Summary

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
    summary = Summary()
    failed: dict[Run, None] = {}
    missing = _missing(store, failed)
    if not missing:
        summary.kept = len(store)
        return summary
    _check_sizes(store.budget, settings, project)
    pace = Pace(store, 1 if scheduler else _workers(settings))
    tell(pace.progress())
    try:
        while missing:
            stage = list(stages(store.budget, store))[-1]
            train = _train_on_cluster(scheduler) if scheduler else _train_here
            for found in train(missing, settings, project, store, failed):
                if not store.belongs(found.run, found.made_by):
                    raise WorkError(
                        "The training processes have other code, packages or arithmetic than this one (was the "
                        "code edited meanwhile?): what was found is kept; run `coursework experiments` again."
                    )
                store.save(found.run, found.result, found.weights)
                summary.trained += 1
                purpose = f"{stage}: {found.run.model}"
                for key, seconds in (("start", found.start_seconds), (purpose, found.cpu_seconds)):
                    summary.cpu_seconds[key] = summary.cpu_seconds.get(key, 0.0) + seconds
                tell(pace.progress(found.run))
            missing = _missing(store, failed)
    except KeyboardInterrupt:
        raise Interrupted(f"Stopped: {len(store)} results are kept.") from None
    finally:
        _stop_workers()
    summary.kept = len(store) - summary.trained
    summary.seconds = time.monotonic() - started
    summary.left_out = tuple(map(describe, failed))
    if failed:
        raise WorkError(
            f"{len(failed)} of the runs took their process down {ATTEMPTS} times (out of memory?) and were left out: "
            f"{'; '.join(summary.left_out)}. All others are kept; `workers: 1` under experiments needs less memory."
        )
    return summary


def _missing(store: RunStore, failed) -> list[Run]:
    """List what is to be trained next, the longest first."""
    wanted = [run for run in all_runs(store.budget, store) if run not in store and run not in failed]
    return sorted(wanted, key=_cost, reverse=True)


def _cost(run: Run) -> float:
    return COST[run.model] * run.steps * (0.01 if run.test else 1.0)


class Pace:
    """How far a sweep is and how long it still takes: by a guess at first, more and more by what it has taken.

    Parameters
    ----------
    store
        The results that are there.
    processes
        How many train.
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


@dataclass(frozen=True)
class _Found:
    """What a process sends back."""

    run: Run
    result: Result
    weights: list[np.ndarray] | None
    cpu_seconds: float
    start_seconds: float
    made_by: dict


_ENGINES: dict = {}
"""The engine of this process, by data set: TensorFlow's start and the data are paid for once a process."""

_ONE_AT_A_TIME = threading.Lock()
"""A cluster's worker may have several threads; the compiled graphs have one set of variables."""


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
        began = time.process_time()
        if dataset not in _ENGINES:
            with stderr_to(Path(os.devnull)):
                from coursework.experiments.data import load
                from coursework.experiments.engine import Engine, one_thread

                one_thread()
                _ENGINES[dataset] = Engine(load(dataset, source) if isinstance(source, Path) else source), makers()
        engine, made_by = _ENGINES[dataset]
        ready = time.process_time()
        result, final = engine.train(run, weights)
        ended = time.process_time()
    if mark:
        mark.unlink()
    kept_weights = final if run.keep and not run.test else None
    return _Found(run, result, kept_weights, ended - ready, ready - began, made_by)


@functools.cache
def _end_with_parent() -> None:
    """End this process soon after its parent was killed, rather than hold memory until it has been idle for minutes."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _train_here(runs: list[Run], settings: Settings, project: Project, store: RunStore, failed) -> Iterator[_Found]:
    """Train runs in processes of this machine; after one died, those that were under way are tried again one by one."""
    deaths: Counter[Run] = Counter()
    workers = _workers(settings)
    waiting = list(runs)
    while waiting:
        suspects = [run for run in waiting if deaths[run]]
        batch, processes = (suspects[:1], 1) if suspects else (waiting, min(workers, len(waiting)))
        done = set()
        with _marks(project) as marks:
            tasks = ((run, _trained_weights(run, store), settings.dataset, project.root, marks) for run in batch)
            try:
                for found in _parallel(tasks, processes):
                    done.add(found.run)
                    yield found
            except _worker_died() as error:
                under_way = {mark.name for mark in marks.iterdir()}
                died = [run for run in batch if run not in done and name(run) in under_way]
                if not died:
                    raise WorkError(f"The training processes cannot be started ({error}).") from None
                deaths.update(died)
        waiting = [run for run in waiting if run not in done]
        for run in [run for run in waiting if deaths[run] >= ATTEMPTS]:
            failed[run] = None
            waiting.remove(run)


def _parallel(tasks, processes: int) -> Iterator[_Found]:
    """Train in so many processes, yielding what they find as it arrives."""
    from joblib import Parallel, delayed
    from joblib.externals.loky import ProcessPoolExecutor

    with _quiet_workers():
        if processes == 1:  # where joblib would train in this process, and die with it
            executor = ProcessPoolExecutor(max_workers=1)
            try:
                for task in tasks:
                    yield executor.submit(_train, *task).result()
            finally:
                executor.shutdown(kill_workers=True)
            return
        yield from Parallel(
            n_jobs=processes,
            batch_size=1,
            pre_dispatch=processes,
            return_as="generator_unordered",
            backend="loky",
        )(delayed(_train)(*task) for task in tasks)


def _train_on_cluster(scheduler: str) -> Callable[..., Iterator[_Found]]:
    """Return what trains runs on the workers of a Dask scheduler, which gives a lost worker's run to another one."""

    def train(runs, settings, project, store, failed) -> Iterator[_Found]:
        try:
            from distributed import Client, KilledWorker
        except ImportError:
            raise WorkError("A cluster needs Dask: .venv/bin/python -m pip install '.[cluster]'") from None
        from joblib import Parallel, delayed, parallel_config
        from joblib._dask import DaskDistributedBackend

        from coursework.experiments.data import load

        class Cluster(DaskDistributedBackend):
            """joblib's Dask backend, also where one core is left: joblib would then train in this process instead."""

            def effective_n_jobs(self, n_jobs):
                return max(2, super().effective_n_jobs(n_jobs))

        data = load(settings.dataset, project.root)
        try:
            with (
                Client(scheduler, timeout=PATIENCE, set_as_default=True) as client,
                parallel_config(backend=Cluster(client=client, scatter=[data])),
            ):
                yield from Parallel(n_jobs=-1, batch_size=1, return_as="generator_unordered")(
                    delayed(_train)(run, _trained_weights(run, store), settings.dataset, data, None) for run in runs
                )
        except KilledWorker:
            raise WorkError("A run took several workers of the cluster down; the others are kept.") from None
        except (OSError, TimeoutError) as error:
            raise WorkError(f"The cluster at {scheduler} does not answer, or has no workers ({error}).") from None

    return train


def _trained_weights(run: Run, store: RunStore):
    """Return the weights that a reading of the test set starts from; None trains the run again, to the same weights."""
    return store.weights(replace(run, test=False)) if run.test else None


@contextmanager
def _quiet_workers():
    """Let the workers' libraries start silently and with one thread; the settings are inherited by the processes."""
    wanted = {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
    before = {key: os.environ.get(key) for key in wanted}
    os.environ.update(wanted)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="A worker stopped while some jobs")
            warnings.filterwarnings("ignore", message=".* tasks which were still being processed")
            yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


@contextmanager
def _marks(project: Project) -> Iterator[Path]:
    """Make an empty folder in which each run under way has a mark, and remove it, as well as those of killed sweeps."""
    import shutil
    import tempfile

    for left in project.cache.glob("under-way-*"):
        shutil.rmtree(left, ignore_errors=True)
    try:
        for left in project.cache.glob("runs/.*.part"):  # half a record
            left.unlink(missing_ok=True)
        project.cache.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="under-way-", dir=project.cache))
    except OSError as error:
        raise WorkError(hindered(error, project.name, project.cache / "under-way")) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _worker_died() -> type[BaseException]:
    from joblib.externals.loky.process_executor import BrokenProcessPool

    return BrokenProcessPool


def _workers(settings: Settings) -> int:
    import joblib

    return settings.experiments.workers or joblib.cpu_count()


def _stop_workers() -> None:
    """End the worker processes: they hold the data and TensorFlow in memory."""
    if "joblib" in sys.modules:
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor().shutdown(wait=True, kill_workers=True)


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
