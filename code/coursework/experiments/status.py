"""How far the trainings are, and why some must be done."""

from __future__ import annotations

from collections import Counter

from coursework.experiments import sweep
from coursework.experiments.stages import expected_runs
from coursework.experiments.store import RunStore
from coursework.settings import Settings
from press.project import Project


def progress(project: Project, settings: Settings) -> tuple[int, int]:
    """Count the trainings that are there, and those that are wanted as far as it is known."""
    store = RunStore(settings, project)
    expected = expected_runs(store.budget, store)
    return sum(run in store for run in expected), len(expected)


def why(project: Project, settings: Settings) -> tuple[str, tuple[str, ...]]:
    """Say how many trainings there are to be, and why those that have no current result have none."""
    pending = sweep.pending(settings, project)
    reasons = Counter(reason for reasons in pending.values() for reason in reasons)
    never = reasons.pop("specification", 0)
    words = [f"{never} never trained"] if never else []
    words += [f"{count} with other {reason}" for reason, count in reasons.items()]
    return f"{len(sweep.planned(settings, project))} trainings of question 6", tuple(words)
