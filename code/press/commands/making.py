"""The commands that make something: ``prepare``, ``render``, ``bundle``, ``preview``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from handin.errors import InputError
from press.commands.terminal import opened, report_made, tell, this_command, warn_of_placeholder

if TYPE_CHECKING:
    from press.submission import Goal, Renderer

RENDERER = click.option(
    "--with",
    "renderer",
    type=click.Choice(["builtin", "quarto"]),
    default="builtin",
    show_default=True,
    help="Which renderer sets the PDF. Both make the same document.",
)
REFRESH = click.option(
    "--cache-refresh",
    "refresh",
    is_flag=False,
    flag_value="all",
    default=None,
    metavar="[DOCUMENT]",
    help="Execute cells again though nothing changed: of all documents, or of the one that is named.",
)


@click.command()
def prepare() -> None:
    """Bring up to date what the documents read: results, variables, the notebook.

    Quarto calls this before it renders. It costs a fraction of a second where nothing changed.
    """
    project, settings = opened()
    rendered = os.environ.get("QUARTO_PROJECT_DIR")
    if rendered and Path(rendered).resolve() != project.root:
        raise InputError(
            "Quarto renders this document outside of the project, where its variables have no values: "
            f"use `{project.report.command} render`, or `quarto render` without a file's name."
        )
    from press.submission import make_inputs

    make_inputs(project, settings, tell=tell)


@click.command()
@click.argument("document", required=False, type=click.Path(path_type=Path))
@RENDERER
@REFRESH
def render(document: Path | None, renderer: Renderer, refresh: str | None) -> None:
    """Make the PDF, and the executed notebook where there is one, in _output/.

    DOCUMENT is a Quarto document; the report's own if it is left out. After an edit of the cells the PDF is a draft:
    only what the edit reaches is executed. For what is handed in, `bundle` executes all cells.
    """
    _make("render", renderer, refresh, document=document)


@click.command()
@RENDERER
@REFRESH
@click.option("--final", is_flag=True, help="Refuse the placeholder student id.")
def bundle(renderer: Renderer, refresh: str | None, final: bool) -> None:
    """Make everything that is handed in, with the zip, and check it before the zip is written."""
    _make("bundle", renderer, refresh, final=final)


def _make(
    goal: Goal, renderer: Renderer, refresh: str | None, *, final: bool = False, document: Path | None = None
) -> None:
    from handin.findings import Refused
    from press.commands.check import print_findings
    from press.marker import mark
    from press.project import Project
    from press.submission import Request, make, render_further

    try:
        project, settings = opened(document)
    except InputError as error:
        if unread := Project.unread(document):
            mark(unread, f"The last build failed: {error}")
        raise
    if final and settings.has_placeholder_id:
        raise InputError(f"student_id in {project.settings_file.name} is still the placeholder: put your own there.")
    request = Request(goal, renderer, refresh, final, tell)
    further = [each.name for each in project.report.further if document and project.path(each) == document.resolve()]
    if further:
        path = render_further(project, settings, further[0], request)
        click.echo(f"  {project.name(path)}")
        return
    try:
        made = make(project, settings, request)
    except Refused as refused:
        print_findings(refused.findings, err=True)
        raise
    print_findings([finding for finding in made.findings if "placeholder" not in finding.message], err=True)
    report_made(made, project)
    warn_of_placeholder(project, settings)


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=4242, show_default=True, help="0 takes any free port.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
def preview(port: int, no_browser: bool) -> None:
    """Show the pages in a browser and keep them up to date while you write."""
    project, _ = opened()
    from press.preview.server import serve

    if serve(project, port=port, open_browser=not no_browser):
        click.echo(f"Stopped. What was finished is kept: `{this_command()}` goes on from there.")
