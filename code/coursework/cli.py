"""The command line: `coursework prepare | render | preview | experiments | status | check | bundle | doctor`."""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import os
import signal
import sys
import threading
import warnings
from pathlib import Path

import click

from coursework.errors import InputError, Interrupted, WorkError

EXIT_FAILED, EXIT_INPUT, EXIT_INTERRUPTED = 1, 2, 130


def _open() -> tuple:
    """Find the project, set its environment, and read its settings."""
    from coursework import environment, settings
    from coursework.project import Project

    project = Project.find()
    loaded = settings.load(project.settings_file)
    environment.apply(project)
    if not os.environ.get("SOURCE_DATE_EPOCH", "").isdecimal():
        raise InputError(
            "_environment must set SOURCE_DATE_EPOCH to a number, from which the PDF takes its time: restore it."
        )
    return project, loaded


def _tell(text: str) -> None:
    """Say in one line what is being done."""
    click.echo(click.style("· ", fg="blue") + text, err=True)


def _warn_of_placeholder(settings) -> None:
    if settings.has_placeholder_id:
        _note(
            "The student id is still the placeholder: set it in coursework.yml, or run 'make submission STUDENT_ID=…'."
        )


def _note(text: str) -> None:
    click.echo(click.style("! ", fg="yellow") + text, err=True)


def _interactive() -> bool:
    return sys.stderr.isatty() and not os.environ.get("CI")


def _report_made(made, project) -> None:
    head = "Done:" if made.worked else "Nothing has changed. The files are current:"
    click.echo(click.style("✓ ", fg="green") + head)
    for path in made.files:
        size = path.stat().st_size / 1024
        amount = f"{size / 1024:.1f} MB" if size >= 1024 else f"{size:.0f} kB"
        click.echo(f"  {project.name(path)}  ({amount})")


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
    help="Execute cells again though nothing changed: of both documents, or of 'report' or 'q6-classifier' alone.",
)


class _Ordered(click.Group):
    """A group that lists its commands in the order of the work."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_Ordered, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="coursework", message="%(version)s")
def cli() -> None:
    """A literate report: one PDF, one executed notebook, one zip.

    The author's inputs are in coursework.yml, the text in report/*.qmd, the code in code/coursework. `bundle` does
    everything (it is what `make submission` calls); the other commands do a part of it.

    \b
    While writing:      coursework preview
    Only the PDF:       coursework render
    For handing in:     coursework bundle --final
    What is current:    coursework status
    """


@cli.command()
def prepare() -> None:
    """Bring up to date what the documents read: trainings, evidence, variables, the notebook.

    Quarto calls this before it renders. It costs a fraction of a second where nothing changed.
    """
    project, settings = _open()
    from coursework.submission import make_inputs

    make_inputs(project, settings, progress=_interactive(), tell=_tell)


@cli.command()
@RENDERER
@REFRESH
def render(renderer: str, refresh: str | None) -> None:
    """Make the PDF and the executed notebook in _output/, without the zip.

    After an edit of the report's cells the PDF is a draft: only what the edit reaches is executed. For the submission
    `bundle` executes all cells.
    """
    _make("render", renderer, refresh, final=False)


@cli.command()
@RENDERER
@REFRESH
@click.option("--final", is_flag=True, help="Refuse the placeholder student id.")
def bundle(renderer: str, refresh: str | None, final: bool) -> None:
    """Make the PDF, the notebook and the zip in _output/, and check them before the zip is written."""
    _make("bundle", renderer, refresh, final=final)


def _make(goal: str, renderer: str, refresh: str | None, *, final: bool) -> None:
    from coursework.check_command import print_findings
    from coursework.project import Project
    from coursework.publishing.findings import Refused
    from coursework.submission import make, mark

    try:
        project, settings = _open()
    except InputError as error:
        with contextlib.suppress(InputError):
            mark(Project.find(), f"The last build failed: {error}")
        raise
    if refresh not in (None, "all", "report", "q6-classifier"):
        raise InputError(
            f"--cache-refresh: {refresh!r} is not a document; use report or q6-classifier, or leave it out."
        )
    if final and settings.has_placeholder_id:
        raise InputError("student_id in coursework.yml is still the placeholder: put your own there, in quotes.")
    try:
        made = make(
            project,
            settings,
            goal=goal,
            renderer=renderer,
            refresh=refresh,
            progress=_interactive(),
            final=final,
            tell=_tell,
        )
    except Refused as refused:
        print_findings(refused.findings, err=True)
        raise
    print_findings([finding for finding in made.findings if "placeholder" not in finding.message], err=True)
    _report_made(made, project)
    _warn_of_placeholder(settings)


@cli.command()
@click.option("--port", type=click.IntRange(0, 65535), default=4242, show_default=True, help="0 takes any free port.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
def preview(port: int, no_browser: bool) -> None:
    """Show the pages in a browser and keep them up to date while you write."""
    project, _ = _open()
    from coursework.preview.server import serve

    serve(project, port=port, open_browser=not no_browser)


@cli.command()
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
    """Train what question 6 lacks, and nothing else. Ctrl-C keeps every finished run."""
    if (backend == "dask") != (scheduler is not None):
        raise InputError("--backend dask and --scheduler ADDRESS go together.")
    project, settings = _open()
    from coursework.experiments.sweep import run
    from coursework.submission import alone

    if workers:
        changed = settings.experiments.model_copy(update={"workers": workers})
        settings = settings.model_copy(update={"experiments": changed})
    with alone(project, _tell):
        summary = run(settings, project, progress=_interactive(), scheduler=scheduler)
    click.echo(click.style("✓ ", fg="green") + str(summary))


@cli.command()
def status() -> None:
    """Say of each run, piece of evidence and document whether it is current, and if not, why."""
    project, settings = _open()
    from coursework.status import show

    show(project, settings)


def _add_commands() -> None:
    from coursework.check_command import check
    from coursework.publishing.doctor import doctor

    cli.add_command(check)
    cli.add_command(doctor)


_add_commands()


def _show_warning(message, category, filename, lineno, file=None, line=None) -> None:
    if issubclass(category, UserWarning):
        _note(str(message))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 the work failed, 2 wrong input, 130 interrupted."""
    warnings.showwarning = _show_warning
    atexit.register(gc.freeze)  # the memory goes as a whole: to look through it before takes a fifth of a second
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that has no ✓ must not stop the work
    _end_like_an_interrupt()
    try:
        sys.exit(cli.main(arguments, prog_name="coursework", standalone_mode=False) or 0)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except InputError as error:
        _fail(str(error), EXIT_INPUT)
    except WorkError as error:
        _fail(str(error), EXIT_FAILED)
    except Interrupted as error:
        _fail(str(error), EXIT_INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_INPUT)
    except (KeyboardInterrupt, click.Abort):
        _fail("Interrupted; what was finished is kept. The same command goes on from there.", EXIT_INTERRUPTED)
    except Exception as error:
        _unexpected(error)


def _end_like_an_interrupt() -> None:
    """Take a closed terminal and a request to end like Ctrl-C, so that processes end too and folders are tidied."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:  # not where nohup has it ignored
            signal.signal(number, signal.default_int_handler)


def _fail(text: str, code: int) -> None:
    click.echo(click.style("✗ ", fg="red") + text, err=True)
    sys.exit(code)


def _name(filename: str | None) -> str:
    """Name a file for a message: from the project's folder where it lies in it."""
    if not filename:
        return "A file"
    with contextlib.suppress(InputError):
        from coursework.project import Project

        return Project.find().name(Path(filename))
    return Path(filename).name


def _unexpected(error: Exception) -> None:
    """Keep the traceback of a fault of ours in a file, and tell the author in a sentence."""
    import errno
    import traceback

    if isinstance(error, OSError):
        name = _name(error.filename)
        if error.errno in (errno.EACCES, errno.EPERM):
            _fail(f"{name} cannot be read or written ({error.strerror}): mend its permissions.", EXIT_FAILED)
        if error.errno in (errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EFBIG):
            _fail(f"{name} cannot be written ({error.strerror}): make room or mend the permissions.", EXIT_FAILED)
    place = ""
    with contextlib.suppress(Exception):
        from coursework.project import Project

        path = Project.find().cache / "last-error.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        place = " The details are in .cache/last-error.txt."
    reason = (str(error).splitlines() or [""])[0]
    _fail(f"A fault of this program stopped the work ({type(error).__name__}: {reason}).{place}", EXIT_FAILED)


if __name__ == "__main__":
    main()
