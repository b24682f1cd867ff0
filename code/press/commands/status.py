"""Says of each run, product and document whether it is current, and if not, why."""

from __future__ import annotations

from collections.abc import Iterator

import click

from handin.errors import InputError, WorkError
from press.commands.terminal import opened
from press.currency import last_made, why_not
from press.marker import MARKER, why_marked
from press.prepare import document_inputs, why
from press.project import Project
from press.report import imported
from press.settings import Settings
from press.submission import owner_of

WIDTH = 200
"""The width of a line where no terminal says how wide it is."""


@click.command()
def status() -> None:
    """Say of each result and each file whether it is current, and if not, why."""
    project, settings = opened()
    show(project, _in_use(project, settings))


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
    for name, current, reasons in states(project, settings):
        table.add_row(name, "[green]current[/]" if current else "[yellow]to be made[/]", reasons)
    console.print(table)
    for note in notes(project, settings):
        console.print(f"! {note}", markup=False)


def notes(project: Project, settings: Settings) -> list[str]:
    """Say what else keeps the files from being handed in."""
    found = []
    if project.report.settings_file and settings.has_placeholder_id:
        where = project.settings_file.name
        found.append(f"The student id is still the placeholder: set it in {where} before you hand in.")
    if any(why_marked(project, name) for name in project.report.file_names(settings).all):
        found.append(f"Some files are not of the last build: see {project.name(project.output)}/{MARKER}.")
    return found


def states(project: Project, settings: Settings) -> list[tuple[str, bool, str]]:
    """Find the state of everything that is kept: (what, whether it is current, why not)."""
    rows: list[tuple[str, tuple[str, ...]]] = []
    for step in project.report.steps:
        if step.why:
            rows.append(imported(step.why)(project, settings))
    for product in project.report.products:
        rows.append((product.title or product.name, why(product, project, settings)))
    rows += _cells(project, settings)
    names = project.report.file_names(settings)
    found = {goal: why_not(project, settings, None, goal) for goal in ("render", "bundle")}
    for name, goal in {**dict.fromkeys(names.members, "render"), names.zip: "bundle"}.items():
        place = f"{project.name(project.output)}/{name}"
        if not (project.output / name).is_file():
            rows.append((place, ("never made",)))
        elif marked := why_marked(project, name):
            rows.append((place, (marked,)))
        else:
            rows.append((place, found[goal]))
    return [(name, not reasons, "; ".join(reasons)) for name, reasons in rows]


def _cells(project: Project, settings: Settings) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Say of each document's cells why they must be executed."""
    from press.build import Builder

    inputs = document_inputs(project, settings)
    with Builder(project) as builder:
        for document in project.report.documents:
            try:
                job = builder.job(document, inputs)
                reasons = builder.executed.why(job) if job.cells else ()
            except (InputError, WorkError) as error:
                yield document.path, (str(error),)
                continue
            if job.cells:
                yield f"{len(job.cells)} cell{'s' if len(job.cells) > 1 else ''} of {document.path}", reasons


def _in_use(project: Project, settings: Settings) -> Settings:
    """Take the student id that the last build's files carry where the settings have only the placeholder."""
    if not settings.has_placeholder_id:
        return settings
    from handin.identity import student_id_in

    naming = owner_of(project, settings).names
    carried = next(filter(None, (student_id_in(name, naming) for name in last_made(project))), None)
    return settings.model_copy(update={"student_id": carried}) if carried else settings
