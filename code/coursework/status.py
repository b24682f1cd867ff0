"""Says of each run, product and document whether it is current, and if not, why."""

from __future__ import annotations

from collections import Counter

from coursework.digests import digest
from coursework.kept import products
from coursework.prepare import EVIDENCE, PRINTED, RECURRENT
from coursework.project import Project
from coursework.settings import Settings


def show(project: Project, settings: Settings) -> None:
    """Print the state of everything that is kept."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("What", "State", "Why"):
        table.add_column(name)
    for name, current, why in states(project, settings):
        table.add_row(name, "[green]current[/]" if current else "[yellow]to be made[/]", why)
    Console(highlight=False).print(table)


def states(project: Project, settings: Settings) -> list[tuple[str, bool, str]]:
    """Find the state of everything that is kept: (what, whether it is current, why not)."""
    from coursework.experiments import sweep
    from coursework.submission import is_current, names

    found = []
    planned = sweep.planned(settings, project)
    pending = sweep.pending(settings, project)
    reasons = Counter(reason for why in pending.values() for reason in why)
    never = reasons.pop("specification", 0)
    words = [f"{never} never trained"] if never else []
    words += [f"{count} with other {reason}" for reason, count in reasons.items()]
    found.append((f"{len(planned)} trainings of question 6", not pending, ", ".join(words)))
    kept = products(project)
    for product in (EVIDENCE, PRINTED, RECURRENT):
        have = kept.digest(product.name)
        current = have == digest(product.dependencies(settings))
        why = "" if current else "never computed" if have is None else "its code, settings or packages changed"
        found.append((product.name, current, why))
    all_names = names(settings)
    current = is_current(project, settings, "builtin", "render")
    for name in all_names.members:
        present = (project.output / name).is_file()
        why = "" if current and present else "never made" if not present else "sources, settings or results changed"
        found.append((f"_output/{name}", current and present, why))
    return found
