"""``doctor``: what is installed and in order, and what to do where it is not; it reads only."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import click
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from handin.errors import InputError
from press import checksums, environment
from press.keeping import installed
from press.keeping.kept import Kept
from press.project import Project
from press.typesetting.formats import builtin_format

State = Literal["ok", "note", "wrong"]

DISTRIBUTION = "literate-press"
OLDEST_QUARTO = (1, 10)
ROOM_NEEDED, LEAST_ROOM = 2_000_000_000, 200_000_000
UNLOCK = "Give yourself the right to it: chmod -R u+rwX . in the project's folder"
REINSTALL = "Install the packages again: delete .venv, and run the command that made it"


@dataclass(frozen=True)
class Item:
    """One line of the report: what was looked at, how it is, and what to do if it is not in order."""

    subject: str
    state: State
    text: str
    fix: str = ""


def examine(project: Project) -> list[Item]:
    """Look at everything; a look that fails is itself an item, never an error."""
    items: list[Item] = []
    for look in (_settings, _python, _packages, _renderer, _fonts, _data, _kept, _machine, _folders):
        subject = look.__name__.strip("_")
        try:
            items += look(project)
        except OSError as error:
            name = project.name(Path(error.filename)) if isinstance(error.filename, str) else "a file"
            text = f"{name} could not be looked at ({error.strerror or type(error).__name__})"
            items.append(Item(subject, "wrong", text, UNLOCK))
        except ImportError as error:
            text = f"could not be looked at: {error.name or 'a package'} cannot be imported"
            items.append(Item(subject, "wrong", text, REINSTALL))
    return [Item(item.subject, item.state, _public(item.text, project), item.fix) for item in items]


def _public(text: str, project: Project) -> str:
    """Leave out of a text which folders the project lies in; they hold the account's name."""
    text = text.replace(str(project.root), ".")
    return re.sub(r"(?<![\w.])/(?:[^/\s]+/)+", "…/", text)


def _settings(project: Project) -> Iterator[Item]:
    if project.report.settings_file is None:
        return
    name = project.settings_file.name
    try:
        settings = project.settings()
    except InputError as error:
        yield Item("settings", "wrong", str(error), f"Correct {name}.")
        return
    if settings.has_placeholder_id:
        fix = f"Set student_id in {name} before you hand in."
        yield Item("settings", "note", "valid; the student id is still the placeholder", fix)
    else:
        yield Item("settings", "ok", "valid")


def _python(project: Project) -> Iterator[Item]:
    own = project.root / ".venv"
    text = f"{platform.python_implementation()} {platform.python_version()}, {platform.system()}"
    if own.is_dir() and Path(sys.prefix).resolve() != own.resolve():
        yield Item("Python", "note", f"{text}; not the project's", "Call the command from .venv/bin, or with make.")
    else:
        yield Item("Python", "ok", text)


def _packages(project: Project) -> Iterator[Item]:
    """Look at what this program needs, one a line, and compare all that is installed with the lock."""
    lock = project.root / "requirements.lock"
    locked = _requirements(lock.read_text("utf-8").splitlines() if lock.is_file() else [])
    needed = _requirements(metadata.requires(DISTRIBUTION) or [])
    for name, wanted in {**needed, **locked}.items():
        version = installed.version(name)
        if not version:
            yield Item(name, "wrong", "not installed", REINSTALL)
        elif name in needed and not _can_be_found(name):
            yield Item(name, "wrong", "its files are missing", REINSTALL)
        elif not wanted.contains(version, prereleases=True):
            place = "requirements.lock asks for" if name in locked else "it must be"
            yield Item(name, "wrong", f"{version}, and {place} {wanted}", REINSTALL)
        elif name in needed:
            yield Item(name, "ok", version)


def _requirements(lines: Iterable[str]) -> dict[str, SpecifierSet]:
    """Read which versions a lock, or a distribution's description, asks for on this machine."""
    found: dict[str, SpecifierSet] = {}
    for line in lines:
        with suppress(InvalidRequirement):
            need = Requirement(line.rstrip(" \\"))
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                found[canonicalize_name(need.name)] = need.specifier
    return found


def _can_be_found(name: str) -> bool:
    """Whether the modules of a package are where Python looks for them."""
    modules = installed.modules(name)
    try:
        return bool(modules) and all(importlib.util.find_spec(module) for module in modules)
    except ValueError:  # marked as not to be imported
        return False


def _renderer(project: Project) -> Iterator[Item]:
    quarto = shutil.which("quarto")
    if quarto is None:
        yield Item("renderer", "ok", "built-in (Quarto is not installed, and not needed)")
        return
    answer = subprocess.run(
        [quarto, "--version"], capture_output=True, text=True, timeout=60, check=False
    ).stdout.strip()
    numbers = re.match(r"(\d+)\.(\d+)", answer)
    if numbers and (int(numbers[1]), int(numbers[2])) >= OLDEST_QUARTO:
        yield Item("renderer", "ok", f"built-in, by default; Quarto {answer} with `render --with quarto`")
    else:
        text = f"built-in; there is a Quarto {answer or 'that does not answer'}, and 1.10 is the oldest that will do"
        yield Item("renderer", "note", text, "Install a newer Quarto, if you want to use it.")
    local = project.root / "_environment.local"
    if not local.is_file() or local.read_text("utf-8", "replace") != environment.local_lines(project, sys.executable):
        text = "_environment.local, which only Quarto reads, is missing, or of another folder or another Python"
        yield Item("environment", "note", text, "Write it: .venv/bin/python -m press.environment")


def _fonts(project: Project) -> Iterator[Item]:
    folder = builtin_format() / "fonts"
    if wrong := checksums.problems(folder, (".otf", ".ttf")):
        yield Item("fonts", "wrong", "; ".join(wrong[:3]), "Restore the format's fonts from the project.")
        return
    import typst

    found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)])
    yield Item("fonts", "ok", ", ".join(sorted(found.families())))


def _data(project: Project) -> Iterator[Item]:
    """Look at every data set that has checksums beside it."""
    for sums in sorted(project.data.glob(f"*/{checksums.SUMS}")):
        name = project.name(sums.parent)
        if wrong := checksums.problems(sums.parent):
            yield Item("data", "wrong", f"{name}: {'; '.join(wrong)}", f"Restore {name} from the project.")
        else:
            yield Item("data", "ok", f"{name}: all files are there, with the right checksums")


def _kept(project: Project) -> Iterator[Item]:
    for folder in project.results:
        name, kept = folder.name, Kept(folder)
        harmed = kept.harmed()
        damaged, unread = [record for record in harmed if not harmed[record]], list(filter(harmed.get, harmed))
        if unread:
            text = f"{name}: {unread[0]}.json cannot be read ({harmed[unread[0]]})"
            yield Item("kept results", "wrong", text, UNLOCK)
        elif damaged:
            text = f"{name}: {len(damaged)} of {len(kept.names())} are damaged ({', '.join(damaged[:3])})"
            yield Item("kept results", "note", text, "Nothing to do: they are computed again.")
        else:
            yield Item("kept results", "ok", f"{name}: {len(kept.names())} kept")
    if (project.cache / "last-error.txt").is_file():
        text = "a fault of this program was recorded in .cache/last-error.txt"
        yield Item("last error", "note", text, "Add it to a bug report; look first for names in it.")


def _machine(project: Project) -> Iterator[Item]:
    cores, free = os.cpu_count() or 1, shutil.disk_usage(project.root).free
    text = f"{cores} core{'s' if cores > 1 else ''}, {platform.machine()}; {free / 1e9:.1f} GB free on the disk"
    if free >= ROOM_NEEDED:
        yield Item("machine", "ok", text)
    else:
        fix = "Make room: packages take about 2 GB, results and caches less than 200 MB."
        yield Item("machine", "note" if free >= LEAST_ROOM else "wrong", text, fix)


def _folders(project: Project) -> Iterator[Item]:
    """Look whether everything that a build writes to is a folder, and can be written."""
    used = (project.root, project.output, project.generated, project.cache, *project.results)
    folders = [folder for folder in used if os.path.lexists(folder)]
    wrong = [folder for folder in folders if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK))]
    for folder in wrong:
        name = os.path.relpath(folder, project.root)
        if folder.is_dir():
            yield Item("folders", "wrong", f"{name} cannot be written", UNLOCK)
        else:
            yield Item("folders", "wrong", f"{name} is no folder, where one is needed", f"Delete it: rm {name}")
    if not wrong:
        yield Item("folders", "ok", "all that a build writes to can be written")


_SIGNS: dict[State, tuple[str, str]] = {"ok": ("✓", "green"), "note": ("!", "yellow"), "wrong": ("✗", "red")}


@click.command(short_help="Say what is installed, what is wrong, and how to fix it.")
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Say what is installed, which renderer is used, and what is not in order, with the fix.

    The output names no account and no folder above the project. The exit code is 0 if everything is in order, else 1.
    """
    items = examine(Project.find())
    width = max(len(item.subject) for item in items)
    for item in items:
        sign, colour = _SIGNS[item.state]
        click.echo(f"{click.style(sign, fg=colour)} {item.subject:<{width}}  {item.text}")
        if item.fix:
            click.echo(f"  {'':<{width}}  → {item.fix}")
    wrong = sum(item.state == "wrong" for item in items)
    click.echo(f"\n{wrong or 'nothing'} {'things are' if wrong > 1 else 'thing is' if wrong else 'is'} wrong")
    ctx.exit(1 if wrong else 0)
