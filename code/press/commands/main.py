"""The command line: one group of commands for any report, with those that the report has."""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import os
import re
import signal
import sys
import threading
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from handin.errors import InputError, Interrupted, WorkError
from press.commands.terminal import command_name, fail, note, this_command

if TYPE_CHECKING:
    from press.report import Report

EXIT_FAILED, EXIT_INPUT, EXIT_INTERRUPTED = 1, 2, 130

COMMANDS: Mapping[str, tuple[str, str]] = {
    "render": ("press.commands.making:render", "Make the PDF, and the notebook where there is one."),
    "preview": ("press.commands.making:preview", "Show the pages in a browser, up to date while you write."),
    "bundle": ("press.commands.making:bundle", "Make all that is handed in, checked, with the zip."),
    "check": ("press.commands.check:check", "Check any zip, PDF or notebook that is to be handed in."),
    "status": ("press.commands.status:status", "Say what is current, and if not, why."),
    "prepare": ("press.commands.making:prepare", "Bring up to date what the documents read."),
    "doctor": ("press.commands.doctor:doctor", "Say what is installed, what is wrong, and how to fix it."),
    "new": ("press.commands.new:new", "Write a small report to begin another one with."),
}
"""The commands, in the order in which they are listed: where each is, and what it does, in one line."""

ANYWHERE = ("render", "check", "new")
"""The commands that need no project."""


class _Commands(click.Group):
    """The commands that this report has, each imported when it is called."""

    def _own(self) -> dict[str, str]:
        report = _report()
        return {name.rpartition(":")[2]: name for name in (report.commands if report else ())}

    def list_commands(self, ctx: click.Context) -> list[str]:
        report = _report()
        if report is None:
            return list(ANYWHERE)
        reads = report.notebook or report.products or report.steps or report.variables or report.title_page
        has = {"prepare": bool(reads), "bundle": bool(report.notebook or report.names)}
        return [*(name for name in COMMANDS if has.get(name, True)), *self._own()]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        from press.report import imported

        found = COMMANDS[name][0] if name in COMMANDS else self._own().get(name)
        command = imported(found) if found else None
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, each in one line."""
        rows = []
        for name in self.list_commands(ctx):
            command = None if name in COMMANDS else self.get_command(ctx, name)
            rows.append((name, command.get_short_help_str(120) if command else COMMANDS[name][1]))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _report() -> Report | None:
    """Return the report of the working directory; None outside a project."""
    from press.project import Project

    try:
        return Project.find().report
    except InputError:
        return None  # a command that needs it says what is wrong


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="literate-press", message="%(version)s")
def cli() -> None:
    """Make a literate report from its sources: pages, notebook, and what is handed in.

    Every command but `new` works in the report's folder or below it, and says with --help what it can do.
    """


def _show_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    if issubclass(category, UserWarning):
        text = str(message)
        place = found[0] if (found := re.match(r"[^\s:]+:\d+", text)) else ""
        before = _warned.setdefault(text.removeprefix(place), place)
        note(text if before == place else f"{place}: the same as at {before}.")


_warned: dict[str, str] = {}
"""What was said, with its first place: many cells may have one fault."""


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
        sys.exit(cli.main(arguments, prog_name=command_name(), standalone_mode=False) or 0)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except InputError as error:
        _fail(str(error), EXIT_INPUT)
    except WorkError as error:
        _fail(str(error) + (_recorded(error) if error.__cause__ else ""), EXIT_FAILED)
    except Interrupted as error:
        _fail(f"{error} `{this_command()}` goes on from there.", EXIT_INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_INPUT)
    except (KeyboardInterrupt, click.Abort):
        _fail(f"Interrupted; what was finished is kept. `{this_command()}` goes on from there.", EXIT_INTERRUPTED)
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
    fail(text)
    sys.exit(code)


def _name(path: Path) -> str:
    """Name a file for a message: from the project's folder where it lies in it."""
    with contextlib.suppress(InputError):
        from press.project import Project

        return Project.find().name(path)
    return path.name


def _unexpected(error: Exception) -> None:
    """Keep the traceback of a fault of ours in a file, and tell the author in a sentence."""
    from press.keeping.kept import NO_ROOM, hindered

    if isinstance(error, PermissionError) or (isinstance(error, OSError) and error.errno in NO_ROOM):
        _fail(hindered(error, _name), EXIT_FAILED)
    reason = (str(error).splitlines() or [""])[0]
    kind = type(error).__name__
    _fail(f"A fault of this program stopped the work ({kind}: {reason}).{_recorded(error)}", EXIT_FAILED)


def _recorded(error: Exception) -> str:
    """Keep an error's traceback in a file, and say where."""
    import traceback

    with contextlib.suppress(Exception):
        from press.project import Project

        path = Path.cwd() / ".cache" / "last-error.txt"
        with contextlib.suppress(InputError):
            path = Project.find().cache / path.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        return " The details are in .cache/last-error.txt."
    return ""


if __name__ == "__main__":
    main()
