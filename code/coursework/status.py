"""Says of each run, product and document whether it is current, and if not, why."""

from __future__ import annotations

from collections import Counter

from coursework.digests import digest
from coursework.kept import products
from coursework.prepare import EVIDENCE, PRINTED, RECURRENT
from coursework.project import Project
from coursework.settings import Settings

WIDTH = 200
"""The width of a line where no terminal says how wide it is."""

PLAIN = {
    "evidence": "evidence that the answers are right",
    "printed": "formulas as they are printed, evaluated",
    "recurrent": "measurements of question 5",
}
"""The kept results in plain words, by their names."""


def show(project: Project, settings: Settings) -> None:
    """Print the state of everything that is kept."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("What", "State", "Why"):
        table.add_column(name, overflow="fold")
    for name, current, why in states(project, settings):
        table.add_row(name, "[green]current[/]" if current else "[yellow]to be made[/]", why)
    console.print(table)
    for note in notes(project, settings):
        console.print(f"! {note}", markup=False)


def notes(project: Project, settings: Settings) -> list[str]:
    """Say what else keeps the files from being handed in."""
    from coursework.submission import MARKER, is_marked, names

    found = []
    if settings.has_placeholder_id:
        found.append("The student id is still the placeholder: set it in coursework.yml before you hand in.")
    files = names(settings)
    if any(is_marked(project, name) for name in (*files.members, files.zip)):
        found.append(
            f"The last build failed, was stopped, or is still running: see {project.name(project.output)}/{MARKER}."
        )
    return found


def states(project: Project, settings: Settings) -> list[tuple[str, bool, str]]:
    """Find the state of everything that is kept: (what, whether it is current, why not)."""
    from coursework.experiments import sweep
    from coursework.submission import is_current, is_marked, names

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
        found.append((PLAIN.get(product.name, product.name), current, why))
    all_names = names(settings)
    sound = {goal: is_current(project, settings, "builtin", goal) for goal in ("render", "bundle")}
    goals = {all_names.pdf: "render", all_names.notebook: "render", all_names.zip: "bundle"}
    for name, goal in goals.items():
        present = (project.output / name).is_file()
        current = present and sound[goal] and not is_marked(project, name)
        why = "" if current else "never made" if not present else "sources, settings or results changed"
        found.append((f"_output/{name}", current, why))
    return found
