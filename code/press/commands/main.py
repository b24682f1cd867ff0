"""The command line: one group of commands for any report, with those that the report has."""

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
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from handin.errors import InputError, Interrupted, WorkError
from press.commands.terminal import note

if TYPE_CHECKING:
    from press.report import Report

EXIT_FAILED, EXIT_INPUT, EXIT_INTERRUPTED = 1, 2, 130

COMMANDS: Mapping[str, str] = {
    "render": "press.commands.making:render",
    "preview": "press.commands.making:preview",
    "bundle": "press.commands.making:bundle",
    "check": "press.commands.check:check",
    "status": "press.commands.status:status",
    "prepare": "press.commands.making:prepare",
    "doctor": "press.commands.doctor:doctor",
    "new": "press.commands.new:new",
}
"""The commands of every report, in the order in which they are listed."""


class _Commands(click.Group):
    """The commands of every report, and those of this one, each imported when it is asked for."""

    def _named(self) -> dict[str, str]:
        report = _report()
        own = {name.rpartition(":")[2]: name for name in (report.commands if report else ())}
        return {**COMMANDS, **own}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._named())

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        from press.report import imported

        found = COMMANDS.get(name) or self._named().get(name)
        return imported(found) if found else None


def _report() -> Report | None:
    """Return the report of the working directory; None outside a project."""
    from press.project import Project

    try:
        return Project.find().report
    except InputError:
        return None  # a command that needs it says what is wrong


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="literate-press", message="%(version)s")
def cli() -> None:
    """Make a literate report: its PDF, its executed notebook, and the zip that is handed in.

    `bundle` does everything; the other commands do a part of it.

    \b
    While writing:      preview
    Only the PDF:       render
    For handing in:     bundle --final
    What is current:    status
    """


def _show_warning(message, category, filename, lineno, file=None, line=None) -> None:
    if issubclass(category, UserWarning):
        note(str(message))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 the work failed, 2 wrong input, 130 interrupted."""
    if sys.getfilesystemencoding() != "utf-8":  # else names of files would not be what other programs call them
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, "PYTHONUTF8": "1"})
    warnings.showwarning = _show_warning
    atexit.register(gc.freeze)  # the memory goes as a whole: to look through it before takes a fifth of a second
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that has no ✓ must not stop the work
    _end_like_an_interrupt()
    try:
        sys.exit(cli.main(arguments, prog_name=_command_name(), standalone_mode=False) or 0)
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
        _fail(f"Interrupted; what was finished is kept. `{_this_command()}` goes on from there.", EXIT_INTERRUPTED)
    except Exception as error:
        _unexpected(error)


def _command_name() -> str:
    name = Path(sys.argv[0]).name
    return "press" if name.endswith(".py") else name


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


def _name(path: Path) -> str:
    """Name a file for a message: from the project's folder where it lies in it."""
    with contextlib.suppress(InputError):
        from press.project import Project

        return Project.find().name(path)
    return path.name


def _this_command() -> str:
    """Name the command that is running as its author gave it."""
    words = sys.argv[1:]
    target = {"bundle": "submission", "preview": "preview"}.get(words[0] if words else "")
    return f"make {target}" if target and "MAKELEVEL" in os.environ else " ".join([_command_name(), *words])


def _unexpected(error: Exception) -> None:
    """Keep the traceback of a fault of ours in a file, and tell the author in a sentence."""
    import traceback

    from press.keeping.kept import NO_ROOM, hindered

    if isinstance(error, PermissionError) or (isinstance(error, OSError) and error.errno in NO_ROOM):
        _fail(hindered(error, _name), EXIT_FAILED)
    place = ""
    with contextlib.suppress(Exception):
        from press.project import Project

        path = Project.find().cache / "last-error.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        place = " The details are in .cache/last-error.txt."
    reason = (str(error).splitlines() or [""])[0]
    _fail(f"A fault of this program stopped the work ({type(error).__name__}: {reason}).{place}", EXIT_FAILED)


if __name__ == "__main__":
    main()
