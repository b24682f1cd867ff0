"""Says of each run, product and document whether it is current, and if not, why."""

from __future__ import annotations

import click

from press.commands.terminal import opened
from press.currency import is_current
from press.keeping.digests import digest
from press.keeping.kept import products
from press.marker import MARKER, is_marked
from press.prepare import dependencies
from press.project import Project
from press.report import imported
from press.settings import Settings

WIDTH = 200
"""The width of a line where no terminal says how wide it is."""


@click.command()
def status() -> None:
    """Say of each result and each file whether it is current, and if not, why."""
    project, settings = opened()
    show(project, settings)


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
    found = []
    if project.report.settings_file and settings.has_placeholder_id:
        where = project.settings_file.name
        found.append(f"The student id is still the placeholder: set it in {where} before you hand in.")
    if any(is_marked(project, name) for name in project.report.file_names(settings).all):
        found.append(
            f"The last build failed, was stopped, or is still running: see {project.name(project.output)}/{MARKER}."
        )
    return found


def states(project: Project, settings: Settings) -> list[tuple[str, bool, str]]:
    """Find the state of everything that is kept: (what, whether it is current, why not)."""
    found = []
    for step in project.report.steps:
        if step.why:
            title, reasons = imported(step.why)(project, settings)
            found.append((title, not reasons, ", ".join(reasons)))
    kept = products(project)
    for product in project.report.products:
        have = kept.digest(product.name)
        current = have == digest(dependencies(product, settings))
        why = "" if current else "never computed" if have is None else "its code, settings or packages changed"
        found.append((product.title or product.name, current, why))
    names = project.report.file_names(settings)
    sound = {goal: is_current(project, settings, "builtin", goal) for goal in ("render", "bundle")}
    goals = {**dict.fromkeys(names.members, "render"), names.zip: "bundle"}
    for name, goal in goals.items():
        present = (project.output / name).is_file()
        current = present and sound[goal] and not is_marked(project, name)
        why = "" if current else "never made" if not present else "sources, settings or results changed"
        found.append((f"_output/{name}", current, why))
    return found
