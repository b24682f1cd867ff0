"""How many trainings there are to be, and why some must be done."""

from __future__ import annotations

from collections import Counter

from coursework.experiments.stages import expected_runs
from coursework.experiments.store import RunStore
from coursework.settings import Settings
from press.project import Project


def why(project: Project, settings: Settings) -> tuple[str, tuple[str, ...]]:
    """Say how many trainings there are to be, and why those that have no current result have none."""
    store = RunStore(settings, project)
    runs = expected_runs(store.budget, store)
    reasons = Counter(reason for run in runs for reason in store.why(run))
    never = reasons.pop("specification", 0)
    words = [f"{never} never trained"] if never else []
    words += [f"{count} with other {reason}" for reason, count in reasons.items()]
    return f"{len(runs)} trainings of question 6", tuple(words)
