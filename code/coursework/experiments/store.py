"""Keeps the result of every run in ``.cache/runs``, and says why one is not current. It never imports TensorFlow.

A result belongs to its run's specification, the source of the code that made it, the data's content, the versions of
the packages that computed it, and the arithmetic. Where one of these differs, the result counts as missing and `why`
names the difference. One record is kept for each specification and data set: a new result replaces the one it made out
of date, and who tries other data finds the earlier results again.
"""

import dataclasses
import functools
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from coursework.experiments import data
from coursework.experiments.arithmetic import precision
from coursework.experiments.protocol import FULL, Run
from coursework.experiments.stages import BUDGETS, all_runs, expected_runs
from coursework.settings import Settings
from handin.errors import InputError, WorkError
from press.keeping.digests import digest, module_facts, package_versions
from press.keeping.kept import Kept, require_made
from press.project import Project

CODE = ("coursework.experiments.engine", "coursework.experiments.images")
PACKAGES = ("keras", "tensorflow-cpu", "tensorflow", "numpy", "scipy", "scikit-learn")

DATA = 8  # how many digits of the data's checksum are in a record's name
Result = dict[str, Any]  # what `models.train` returns


class RunStore(Mapping[Run, Result]):
    """The results of a project that are current for its data set and profile, by run; `InputError` without data."""

    def __init__(self, settings: Settings, project: Project):
        self.settings, self.project = settings, project
        self.budget = BUDGETS[settings.experiments.profile]
        self.kept = Kept(project.cache / "runs")
        try:
            checksum = data.checksum(settings.dataset, project.root)
        except InputError as error:
            words = str(error).removeprefix("dataset: ")
            raise InputError(f"{project.settings_file.name}: dataset: {words}") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise InputError(
                f"{project.settings_file.name}: dataset: it cannot be read ({reason}): correct the name, or restore it."
            ) from None
        self._circumstances = {"data": checksum, **makers()}
        self._current: set[Run] = set()
        self._loaded: dict[Run, Result] = {}

    @property
    def excuse(self) -> str:
        """Why a claim need not hold: the sentences are about the full budget and the project's own images."""
        if self.budget != FULL:
            return "in this smaller run"
        return "" if self.settings.dataset == data.FASHION_MNIST else "for these images"

    def record(self, run: Run) -> str:
        """Name a run's record: as `name` does, with the data that it was trained on."""
        return name(run) + self._circumstances["data"][:DATA]

    def circumstances(self, run: Run) -> dict[str, Any]:
        """Return what the result of a run depends on besides its specification."""
        return {**self._circumstances, "precision": precision(run)}

    def _key(self, run: Run) -> str:
        return digest(dataclasses.asdict(run), self.circumstances(run))

    def __contains__(self, run: object) -> bool:
        if run not in self._current and isinstance(run, Run) and self.kept.digest(self.record(run)) == self._key(run):
            self._current.add(run)
        return run in self._current

    def __getitem__(self, run: Run) -> Result:
        if run not in self._loaded:
            payload = self.kept.load(self.record(run), self._key(run))
            if payload is None:
                raise WorkError(f"There is no current result of {describe(run)}: run `coursework experiments`.")
            self._loaded[run] = payload["result"]
        return self._loaded[run]

    def __iter__(self) -> Iterator[Run]:
        return (run for run in all_runs(self.budget, self) if run in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def belongs(self, run: Run, made_by: dict[str, Any]) -> bool:
        """Tell whether a result was computed by the code, the packages and the arithmetic that the store keeps."""
        now = self.circumstances(run)
        return all(now[key] == made_by[key] for key in made_by)

    def save(self, run: Run, result: Result, weights: list[np.ndarray] | None = None) -> None:
        """Keep a result, and the weights first, so that a kept result never lacks them; `WorkError` if it cannot be."""
        key = self._key(run)
        if run.keep and not run.test:
            self.kept.save(f"{self.record(run)}-weights", key, weights)
        payload = {"run": dataclasses.asdict(run), "circumstances": self.circumstances(run), "result": result}
        self.kept.save(self.record(run), key, payload)
        self._current.add(run)
        self._loaded.pop(run, None)

    def weights(self, run: Run) -> list[np.ndarray] | None:
        """Return the weights at the end of a run that keeps them, or None if they are missing or out of date."""
        return self.kept.load(f"{self.record(run)}-weights", self._key(run))

    def why(self, run: Run) -> tuple[str, ...]:
        """Name why a run has no current result, if it has none.

        ``"specification"`` if this run was never made (or its record was damaged), else which of ``"code"``,
        ``"data"``, ``"packages"``, ``"precision"`` differ from when it was made.
        """
        if run in self:
            return ()
        others = sorted(path.stem for path in self.kept.folder.glob(f"{name(run)}{'[0-9a-f]' * DATA}.json"))
        own = self.record(run)
        payload = self.kept.load(own if own in others else others[0]) if others else None
        if payload is None:
            return ("specification",)
        now = self.circumstances(run)
        reasons = tuple(reason for reason in now if payload["circumstances"].get(reason) != now[reason])
        return reasons or ("specification",)  # the record's own key is damaged


def why(project: Project, settings: Settings) -> tuple[str, tuple[str, ...]]:
    """Say how many trainings there are to be, and why those that have no current result have none.

    Where there are some, `InputError` if the images are damaged or none, before anything else is made.
    """
    store = RunStore(settings, project)
    runs = expected_runs(store.budget, store)
    reasons = Counter(reason for run in runs for reason in store.why(run))
    never = reasons.pop("specification", 0)
    words = [f"{never} never trained"] if never else []
    words += [f"{count} with other {reason}" for reason, count in reasons.items()]
    if words:
        data.arrays(settings.dataset, project.root)
    return f"{len(runs)} trainings of question 6", tuple(words)


def makers() -> dict[str, Any]:
    """Identify what computes a result in this process: the code, and the versions of the packages."""
    return {
        "code": digest(module_facts(*CODE)),
        "packages": {name: version for name, version in package_versions(*PACKAGES).items() if version},
    }


def results(project: Project, settings: Settings) -> RunStore:
    """Open the results of a project, `NotMade` if they are being made; reading one that is missing is a `WorkError`."""
    require_made("runs")
    return RunStore(settings, project)


def state(project: Project, settings: Settings) -> dict[str, str | None]:
    """Return the headers of the records of this profile's runs: other profiles and older code do not count."""
    store = RunStore(settings, project)
    headers = store.kept.state()
    return {record: headers.get(record) for record in map(store.record, all_runs(store.budget, store))}


@functools.cache
def name(run: Run) -> str:
    """Name a run: readable in front, unique by the digest of its specification."""
    return f"{run.model}-{run.n}-seed{run.seed}-{digest(dataclasses.asdict(run))[:12]}"


def describe(run: Run) -> str:
    """Describe a run in words, for a message."""
    parts = [run.model, f"{run.n:,} examples", f"λ = {run.l2:g}", f"seed {run.seed}"]
    if run.dropout:
        parts.insert(3, f"dropout {run.dropout:g}")
    if run.test:
        parts.append("test set")
    return ", ".join(parts)
