"""The numbers that the prose prints, of all questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coursework.answers import recurrent_results
from coursework.answers import variables as derived
from coursework.experiments import variables as trained
from coursework.settings import Settings
from press.project import Project


def values(project: Project, settings: Settings, products: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the values of ``{{< var group.name >}}``, text without TeX: ``q1`` to ``q6`` and ``evidence``."""
    return {
        **derived.values(settings, products["evidence"]),
        "q5": recurrent_results.variables(products["recurrent"]),
        "q6": trained.variables(settings, project),
    }
