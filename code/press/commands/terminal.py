"""What every command says on the terminal, and how it opens the project."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from handin.errors import InputError

if TYPE_CHECKING:
    from press.project import Project
    from press.settings import Settings
    from press.submission import Made


def opened(document: Path | None = None) -> tuple[Project, Any]:
    """Find the project, of the working directory or of a document, set its environment, and read its settings."""
    from press import environment
    from press.project import Project

    project = Project.find() if document is None else Project.of_document(document)
    settings = project.settings()
    environment.apply(project)
    is_set = os.environ.get("SOURCE_DATE_EPOCH", "").isdecimal()
    if not is_set and (project.report.settings_file or (project.root / "_environment").is_file()):
        raise InputError(
            "_environment must set SOURCE_DATE_EPOCH to a number, from which the PDF takes its time: restore it."
        )
    return project, settings


def tell(text: str) -> None:
    """Say in one line what is being done."""
    click.echo(click.style("· ", fg="blue") + text, err=True)


def note(text: str) -> None:
    """Say what the author should know."""
    click.echo(click.style("! ", fg="yellow") + text, err=True)


def done(text: str) -> None:
    """Say that a command has done its work."""
    click.echo(click.style("✓ ", fg="green") + text)


def interactive() -> bool:
    """Whether somebody looks at the terminal."""
    return sys.stderr.isatty() and not os.environ.get("CI")


def warn_of_placeholder(project: Project, settings: Settings) -> None:
    """Say that the student id is still the placeholder, where the report has one."""
    if project.report.settings_file and settings.has_placeholder_id:
        where = project.settings_file.name
        note(f"The student id is still the placeholder: set it in {where}, or run 'make submission STUDENT_ID=…'.")


def report_made(made: Made, project: Project) -> None:
    """Name the files that a build left."""
    done("Done:" if made.worked else "Nothing has changed. The files are current:")
    for path in made.files:
        size = path.stat().st_size / 1024
        amount = f"{size / 1024:.1f} MB" if size >= 1024 else f"{size:.0f} kB"
        click.echo(f"  {project.name(path)}  ({amount})")
