"""The numbers that the prose prints, of all questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coursework.answers import recurrent_results
from coursework.answers import variables as derived
from coursework.settings import Settings
from press.keeping.kept import require_made
from press.project import Project


def values(project: Project, settings: Settings, products: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of ``{{< var group.name >}}``, text without TeX: ``q1`` to ``q6`` and ``evidence``."""
    return {
        **derived.values(settings),
        "evidence": lambda: derived.checked(products["evidence"]),
        "q5": lambda: recurrent_results.variables(products["recurrent"]),
        "q6": lambda: _trained(settings, project),
    }


def _trained(settings: Settings, project: Project) -> dict[str, str]:
    require_made("runs")  # before what it needs is imported, which takes seconds
    from coursework.experiments import variables as trained

    return trained.variables(settings, project)
