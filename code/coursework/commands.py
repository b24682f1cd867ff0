"""The commands that only this report has."""

from __future__ import annotations

import click

from handin.errors import InputError

EVIDENCE = "evidence"
"""The document of all checks."""


@click.command()
@click.option("--workers", type=click.IntRange(1, 256), help="Processes that train; one a core if left out.")
@click.option(
    "--backend",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="Where to train: on this machine, or on the machines of a Dask cluster (extra 'cluster').",
)
@click.option("--scheduler", metavar="ADDRESS", help="The cluster's scheduler, such as tcp://host:8786.")
def experiments(workers: int | None, backend: str, scheduler: str | None) -> None:
    """Train what question 6 lacks, and nothing else.

    Ctrl-C keeps every finished run.
    """
    if (backend == "dask") != (scheduler is not None):
        raise InputError("--backend dask and --scheduler ADDRESS go together.")
    from coursework.experiments.sweep import run
    from press.commands.terminal import done, opened, tell
    from press.keeping.lock import alone

    project, settings = opened()
    if workers:
        changed = settings.experiments.model_copy(update={"workers": workers})
        settings = settings.model_copy(update={"experiments": changed})
    with alone(project, tell):
        summary = run(settings, project, tell=tell, scheduler=scheduler)
    done(str(summary))


@click.command()
def evidence() -> None:
    """Make the table of all checks, _output/evidence.pdf.

    It is the author's and the instructor's paper, and no part of what is handed in.
    """
    from press.commands.terminal import done, opened, tell
    from press.submission import Request, render_further

    project, settings = opened()
    if EVIDENCE not in [document.name for document in project.report.further]:
        raise InputError("This report has no document of its checks: name report/evidence.qmd in its `further`.")
    path = render_further(project, settings, EVIDENCE, Request("render", tell=tell))
    done(project.name(path))
