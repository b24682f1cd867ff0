"""What every command says on the terminal, and how it opens the project."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from handin.errors import InputError

if TYPE_CHECKING:
    from press.project import Project
    from press.report import Progress
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


def tell(text: str | Progress) -> None:
    """Say in one line what is being done; how far long work is in the same line again, or now and then in a log."""
    if isinstance(text, str):
        _say(click.style("· ", fg="blue") + text)
    elif interactive():
        click.echo(f"\r\033[K{click.style('· ', fg='blue')}{text}", err=True, nl=False)
        _line["is_open"] = True
    elif text.done == text.wanted or time.monotonic() >= _line["next"]:
        click.echo(f"· {text}", err=True)
        _line["next"] = time.monotonic() + EVERY


EVERY = 30.0
"""Seconds between two lines of a log about the same work."""

_line = {"is_open": False, "next": 0.0}


def _say(text: str) -> None:
    """Write a line, in place of one that says how far something is."""
    click.echo(("\r\033[K" if _line["is_open"] else "") + text, err=True)
    _line["is_open"] = False


def note(text: str) -> None:
    """Say what the author should know."""
    _say(click.style("! ", fg="yellow") + text)


def fail(text: str) -> None:
    """Say why a command ends without having done its work; what is quoted may be an image in letters."""
    _say(click.style("✗ ", fg="red") + re.sub(r"\S{200,}", lambda quoted: f"{quoted[0][:60]}…", text))


def done(text: str) -> None:
    """Say that a command has done its work."""
    click.echo(click.style("✓ ", fg="green") + text)


def command_name() -> str:
    """Return the name under which the command line was called."""
    name = Path(sys.argv[0]).name
    return "press" if name.endswith(".py") else name


def this_command() -> str:
    """Name the command that is running as its author gave it."""
    words = sys.argv[1:]
    target = {"bundle": "submission", "preview": "preview"}.get(words[0] if words else "")
    return f"make {target}" if target and "MAKELEVEL" in os.environ else " ".join([command_name(), *words])


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
