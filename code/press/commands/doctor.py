"""``doctor``: what is installed and in order, and what to do where it is not.

Its output is made to be copied into a bug report: it names no account, no host, and no folder above the project. It
reads only, and never imports TensorFlow.
"""

from __future__ import annotations

import csv
import getpass
import gzip
import hashlib
import importlib
import importlib.util
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from handin.errors import InputError
from press import environment
from press.keeping.kept import Kept
from press.project import Project
from press.typesetting.fonts import problems
from press.typesetting.rendering import builtin_format

if TYPE_CHECKING:
    from press.settings import Settings

State = Literal["ok", "note", "wrong"]

PACKAGES = (
    "keras tensorflow tensorflow-cpu numpy sympy mpmath matplotlib joblib nbclient nbformat jupyter-cache "
    "ipykernel pypandoc-binary typst pikepdf pypdfium2 pillow pydantic pyyaml click rich starlette uvicorn watchfiles "
    "fonttools"
).split()
"""What the project stands on, in the order of the work; the others are theirs."""

MODULES = {
    "tensorflow-cpu": "tensorflow",
    "jupyter-cache": "jupyter_cache",
    "pypandoc-binary": "pypandoc",
    "pillow": "PIL",
    "pyyaml": "yaml",
    "fonttools": "fontTools",
}
"""The names under which packages are imported, where they are others."""

LIGHT = frozenset("numpy nbformat typst pikepdf pypdfium2 pillow pydantic pyyaml rich".split())
"""What is imported in a moment, to see whether it can be; of the others it is looked whether they are there."""

EITHER = {"tensorflow", "tensorflow-cpu"}
OLDEST_PYTHON, LOCKED_PYTHON = (3, 11), (3, 11)
OLDEST_QUARTO = (1, 10)
ROOM_NEEDED = 2_000_000_000
MEMORY_NEEDED = 3_000_000_000
DATA = "fashion-mnist"
UNLOCK = "Mend the permissions of the project's folder: chmod -R u+rwX ."
REINSTALL = "Install the packages again: rm -rf .venv && make submission"


@dataclass(frozen=True)
class Item:
    """One line of the report: what was looked at, how it is, and what to do if it is not in order."""

    subject: str
    state: State
    text: str
    mend: str = ""


def examine(project: Project) -> list[Item]:
    """Look at everything; a look that fails is itself an item, and something wrong, never an error."""
    items: list[Item] = []
    settings: list[Settings] = []
    looks: dict[str, Callable[[], Iterable[Item]]] = {
        "settings": lambda: _settings(project, settings),
        "Python": lambda: _python(project),
        "packages": lambda: _packages(project),
        "renderer": lambda: _renderer(),
        "environment": lambda: _environment(project),
        "fonts": lambda: _fonts(project),
        "data": lambda: _data(project, settings[0] if settings else None),
        "kept results": lambda: _kept(project),
        "caches": lambda: _caches(project),
        "processor": lambda: _processor(),
        "disk": lambda: _room(project),
        "folders": lambda: _writable(project),
        "tools": lambda: _tools(),
    }
    for subject, look in looks.items():
        try:
            items += look()
        except OSError as error:
            name = f"{project.name(Path(error.filename))} " if isinstance(error.filename, str) else ""
            text = f"{name}could not be looked at ({error.strerror or type(error).__name__})"
            items.append(Item(subject, "wrong", text, UNLOCK))
        except ImportError as error:
            text = f"could not be looked at, for {error.name or 'a package'} cannot be imported"
            items.append(Item(subject, "wrong", text, REINSTALL))
    hide = _redacted(project)
    return [replace(item, text=hide(item.text), mend=hide(item.mend)) for item in items]


def _redacted(project: Project) -> Callable[[str], str]:
    """Return a function that takes folders, account and host out of a text."""
    names = {socket.gethostname(), platform.node(), Path.home().name}
    with suppress(KeyError, OSError):
        names.add(getpass.getuser())
    words = sorted((name for name in names if len(name) > 2 and name != "root"), key=len, reverse=True)
    pattern = re.compile(r"(?<![\w-])(?:" + "|".join(map(re.escape, words)) + r")(?![\w-])") if words else None

    def hide(text: str) -> str:
        text = text.replace(str(project.root), ".").replace(str(Path.home()), "~")
        text = re.sub(r"(?<![\w.~])/(?:[\w.+@-]+/)+([\w.+@-]*)", r"…/\1", text)
        return pattern.sub("…", text) if pattern else text

    return hide


def _settings(project: Project, found: list[Settings]) -> Iterator[Item]:
    """Look at the settings, and put them into `found` where they are valid."""
    try:
        loaded = project.settings()
    except InputError as error:
        yield Item("settings", "wrong", str(error), f"Correct {project.settings_file.name}.")
        return
    found.append(loaded)
    if loaded.has_placeholder_id:
        text = "valid; the student id is still the placeholder"
        yield Item("settings", "note", text, f"Set student_id in {project.settings_file.name} before you hand in.")
    else:
        yield Item("settings", "ok", "valid")


def _python(project: Project) -> Iterator[Item]:
    version = platform.python_version()
    inside = Path(sys.prefix).resolve() == (project.root / ".venv").resolve()
    where = ".venv" if inside else "not the project's .venv"
    system = f"{platform.system()} {platform.machine()}"
    libc = " ".join(platform.libc_ver()).strip()
    text = f"{platform.python_implementation()} {version} ({where}), {system}{f', {libc}' if libc else ''}"
    if sys.version_info < OLDEST_PYTHON:
        yield Item("Python", "wrong", text, "Install Python 3.11: apt-get install python3.11-venv")
    elif not inside:
        yield Item("Python", "note", text, "Call it from .venv/bin, or with make.")
    else:
        yield Item("Python", "ok", text)
    encoding = sys.getfilesystemencoding()
    if encoding.lower() != "utf-8":
        yield Item("locale", "note", f"file names are in {encoding}", "Set LC_ALL=C.UTF-8 or PYTHONUTF8=1.")


def _packages(project: Project) -> Iterator[Item]:
    locked = _locked(project.root / "requirements.lock")
    platform_is_locked = (
        sys.platform == "linux" and platform.machine() == "x86_64" and sys.version_info[:2] == LOCKED_PYTHON
    )
    installed = {name: version for name in PACKAGES if (version := _version(name))}
    for name in PACKAGES:
        version, wanted = installed.get(name), locked.get(name)
        if version is None:
            if name in EITHER and EITHER & installed.keys():
                continue
            yield Item(name, "wrong", "not installed", REINSTALL)
        elif not _can_be_imported(name):
            yield Item(name, "wrong", "cannot be imported", REINSTALL)
        elif damaged := _damaged(name):
            yield Item(name, "wrong", f"{damaged} is not as it was installed", REINSTALL)
        elif platform_is_locked and wanted and version != wanted:
            yield Item(name, "wrong", f"{version}, where requirements.lock has {wanted}", REINSTALL)
        else:
            yield Item(name, "ok", version)
    others = {name: version for name, version in locked.items() if name not in PACKAGES}
    wrong = [name for name, version in others.items() if _version(name) not in (version, None)]
    if wrong and platform_is_locked:
        text = f"{len(wrong)} differ from requirements.lock: {', '.join(sorted(wrong)[:5])}"
        yield Item("other packages", "wrong", text, REINSTALL)
    elif not locked:
        yield Item("requirements.lock", "note", "missing or empty", "Restore it from the project.")


def _locked(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    found = (re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", line) for line in lines)
    return {match.group(1).lower(): match.group(2) for match in found if match}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _can_be_imported(name: str) -> bool:
    module = MODULES.get(name, name)
    try:
        if name in LIGHT:
            importlib.import_module(module)
        spec = importlib.util.find_spec(module)
    except Exception:  # a package that is damaged fails in whatever way
        return False
    return spec is not None and spec.origin is not None  # a folder without its files has no origin


def _damaged(name: str) -> str | None:
    """Name the first file of a package that is missing, or of another size than when it was installed."""
    package = metadata.distribution(name)
    # Not `package.files`, from which some releases leave out what is missing.
    rows = csv.reader((package.read_text("RECORD") or "").splitlines())
    for path, _, size in (row for row in rows if len(row) == 3):
        try:
            sound = not size or Path(package.locate_file(path)).stat().st_size == int(size)
        except (OSError, ValueError):
            sound = False
        if not sound:
            return path
    return None


def _environment(project: Project) -> Iterator[Item]:
    if not (project.root / "_environment").is_file():
        yield Item("environment", "wrong", "_environment is missing", "Restore _environment from the project.")
    local = project.root / "_environment.local"
    mend = "Only Quarto reads it: .venv/bin/python -m press.environment"
    if not local.is_file():
        yield Item("environment", "note", "_environment.local is missing", mend)
    elif local.read_text(encoding="utf-8", errors="replace") != environment.local_lines(project, sys.executable):
        yield Item("environment", "note", "_environment.local is of another folder or another Python", mend)
    else:
        yield Item("environment", "ok", "_environment and _environment.local are there")


def _renderer() -> Iterator[Item]:
    quarto = shutil.which("quarto")
    if quarto is None:
        yield Item("renderer", "ok", "built-in (Quarto is not installed, and not needed)")
        return
    answer = _output([quarto, "--version"])
    numbers = re.match(r"(\d+)\.(\d+)", answer)
    if not numbers:
        yield Item("renderer", "note", "built-in; a Quarto is on the PATH but does not answer", "Install Quarto again.")
    elif (int(numbers[1]), int(numbers[2])) < OLDEST_QUARTO:
        text = f"built-in; the Quarto on the PATH is {answer}, and 1.10 is the oldest that reads these sources"
        yield Item("renderer", "note", text, "Install a newer Quarto, if you want to use it.")
    else:
        yield Item("renderer", "ok", f"built-in, by default; Quarto {answer} with `render --with quarto`")


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0].strip() if lines and done.returncode == 0 else ""


def _fonts(project: Project) -> Iterator[Item]:
    folder = builtin_format() / "fonts"
    files = sorted(path for path in folder.glob("*") if path.suffix.lower() in (".otf", ".ttf"))
    restore = "Restore the format's fonts from the project."
    if not files:
        yield Item("fonts", "wrong", "the report's fonts are missing", restore)
        return
    damaged = [path.name for path in files if path.read_bytes()[:4] not in (b"OTTO", b"\0\1\0\0", b"true", b"ttcf")]
    if damaged:
        yield Item("fonts", "wrong", f"no font files: {', '.join(damaged)}", restore)
        return
    if wrong := problems(folder):
        text = f"{'; '.join(wrong[:3])}{f'; and {len(wrong) - 3} more' if len(wrong) > 3 else ''}"
        yield Item("fonts", "wrong", text, restore)
        return
    import typst

    found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)])
    families = sorted(found.families())
    if families:
        yield Item("fonts", "ok", f"{len(files)} files: {', '.join(families)}")
    else:
        yield Item("fonts", "wrong", "Typst cannot read the report's fonts", restore)


def _data(project: Project, settings: Settings | None) -> Iterator[Item]:
    dataset = settings.dataset if settings else DATA
    if dataset != DATA:
        path = project.root / dataset
        if path.exists():
            yield Item("data", "ok", f"{Path(dataset).name}, given by the settings; it is checked when it is read")
        else:
            yield Item("data", "wrong", f"{Path(dataset).name} is not there", "Correct `dataset` in the settings.")
        return
    folder = project.data / DATA
    sums = folder / "SHA256SUMS"
    if not sums.is_file():
        yield Item("data", "wrong", f"data/{DATA}/SHA256SUMS is missing", f"Restore data/{DATA} from the project.")
        return
    problems = []
    for line in sums.read_text(encoding="utf-8").splitlines():
        checksum, _, name = line.partition("  ")
        if name and (problem := _file_problem(folder, name.strip(), checksum.strip())):
            problems.append(f"{name.strip()} {problem}")
    if problems:
        yield Item("data", "wrong", f"{DATA}: {'; '.join(problems)}", f"Restore data/{DATA} from the project.")
    else:
        yield Item("data", "ok", f"{DATA}: all files are there, with the right checksums")


def _file_problem(folder: Path, name: str, checksum: str) -> str | None:
    """Compare the content of a file, compressed or not, with the checksum of its uncompressed content."""
    packed, plain = folder / f"{name}.gz", folder / name
    path = packed if packed.is_file() else plain
    if not path.is_file():
        return "is missing"
    total = hashlib.sha256()
    try:
        with gzip.open(path) if path == packed else path.open("rb") as file:
            while piece := file.read(1 << 20):
                total.update(piece)
    except (OSError, EOFError, zlib.error):
        return "is damaged"
    return None if total.hexdigest() == checksum else "has another content than it should have"


def _kept(project: Project) -> Iterator[Item]:
    for name, what in (("runs", "records of trained runs"), ("products", "evidence and measurements")):
        kept = Kept(project.cache / name)
        if unreadable := kept.unreadable():
            file, reason = next(iter(unreadable.items()))
            text = f"{what}: {len(unreadable)} cannot be read ({file}: {reason})"
            yield Item("kept results", "wrong", text, UNLOCK)
            continue
        damaged = kept.damaged()
        aside = len(list(kept.folder.glob("*.damaged")))
        text = f"{what}: {len(kept.names()) - len(damaged)} kept"
        if aside:
            text += f", {aside} damaged ones set aside"
        if damaged:
            text += f", {len(damaged)} damaged ({', '.join(damaged[:3])})"
            yield Item("kept results", "note", text, "Nothing to do: they are computed again.")
        else:
            yield Item("kept results", "ok", text)


def _caches(project: Project) -> Iterator[Item]:
    for folder in (project.cache, *(project.cache / name for name in ("runs", "products"))):
        name = folder.relative_to(project.root).as_posix()
        if not folder.is_dir() and (folder.exists() or folder.is_symlink()):
            what = "is a file" if folder.exists() else "is a link that leads nowhere"
            yield Item("caches", "wrong", f"{name} {what}, where a folder is needed", f"Delete it: rm {name}")
            return
    if not project.cache.is_dir():
        yield Item("caches", "ok", "none yet")
        return
    sizes: dict[str, int] = {}
    for path in project.cache.rglob("*"):
        with suppress(OSError):
            if path.is_file() and not path.is_symlink():
                top = path.relative_to(project.cache).parts[0]
                sizes[top] = sizes.get(top, 0) + path.stat().st_size
    parts = [f"{name} {_size(size)}" for name, size in sorted(sizes.items(), key=lambda pair: -pair[1])[:5]]
    text = f"{_size(sum(sizes.values()))} ({', '.join(parts)})" if parts else "empty"
    if (project.cache / "last-error.txt").is_file():
        mend = "Add the lines of .cache/last-error.txt to a bug report; look first for names in them."
        yield Item("caches", "note", f"{text}; a fault of this program was recorded", mend)
    else:
        yield Item("caches", "ok", text)


def _size(count: int) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def _processor() -> Iterator[Item]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = _memory()
    text = f"{cores} core{'s' if cores != 1 else ''}{f', {_size(memory)} of memory' if memory else ''}"
    flags = cpu_flags()
    if flags is None:
        yield Item("processor", "note", f"{text}; its abilities are not known on this system")
    elif fast := sorted({"amx_bf16", "avx512_bf16"} & flags):
        yield Item("processor", "ok", f"{text}; multiplies bfloat16 in hardware ({', '.join(fast)})")
    else:
        best = next((flag for flag in ("avx512f", "avx2", "avx") if flag in flags), "no AVX")
        mend = "Nothing to do: trainings run in float32 and take longer."
        yield Item("processor", "note", f"{text}; no bfloat16 in hardware ({best})", mend)
    if flags is not None and platform.machine() == "x86_64" and "avx" not in flags:
        yield Item(
            "processor", "wrong", "it lacks AVX, without which TensorFlow does not start", "Use another machine."
        )
    if memory and memory < MEMORY_NEEDED:
        mend = "Train with one process."
        yield Item("memory", "note", f"{_size(memory)}: two trainings at once may not fit", mend)


def cpu_flags(path: Path = Path("/proc/cpuinfo")) -> frozenset[str] | None:
    """Read the processor's abilities as Linux lists them; None where it does not."""
    with suppress(OSError, UnicodeDecodeError):
        match = re.search(r"^(?:flags|Features)\s*:(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        return frozenset(match.group(1).split()) if match else None
    return None


def _memory() -> int | None:
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def _room(project: Project) -> Iterator[Item]:
    free = shutil.disk_usage(project.root).free
    if free < ROOM_NEEDED:
        mend = "Make room: packages take about 2 GB, kept results and caches less than 200 MB."
        yield Item("disk", "note" if free > ROOM_NEEDED // 10 else "wrong", f"{_size(free)} free", mend)
    else:
        yield Item("disk", "ok", f"{_size(free)} free")


def _writable(project: Project) -> Iterator[Item]:
    closed = [project.name(folder) for folder in _written(project) if not _can_write(folder)]
    if closed:
        text = f"cannot be written: {', '.join(name if name != '.' else 'the project folder' for name in closed)}"
        yield Item("folders", "wrong", text, UNLOCK)
    else:
        yield Item("folders", "ok", "all that the build writes to can be written")


def _written(project: Project) -> list[Path]:
    wanted = (project.root, project.output, project.generated, project.cache)
    inner = [path for path in project.cache.iterdir() if path.is_dir()] if project.cache.is_dir() else []
    return [path for path in (*wanted, *sorted(inner)) if path.is_dir()]


def _can_write(folder: Path) -> bool:
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-"):
            return True
    except OSError:
        return False


def _tools() -> Iterator[Item]:
    optional = {"make": "make", "git": "git", "pdftotext": "poppler-utils", "chromium": "chromium"}
    missing = sorted(package for tool, package in optional.items() if shutil.which(tool) is None)
    if missing:
        mend = f"Only the tests use them: apt-get install {' '.join(missing)}"
        yield Item("tools", "note", f"not installed: {', '.join(missing)}", mend)
    else:
        yield Item("tools", "ok", "all that the tests use are installed")


_SIGNS = {"ok": ("✓", "green"), "note": ("!", "yellow"), "wrong": ("✗", "red")}


def lines(items: list[Item]) -> list[str]:
    """Write the items as lines of plain text: a sign, what was looked at, how it is; below it the mend."""
    width = max(len(item.subject) for item in items)
    written = []
    for item in items:
        sign, _ = _SIGNS[item.state]
        written.append(f"{sign} {item.subject:<{width}}  {item.text}")
        if item.mend:
            written.append(f"  {'':<{width}}  → {item.mend}")
    return written


@click.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Say what is installed, which renderer is used, and what is not in order, with the mend.

    The output names no account, no host and no folder above the project, so that it can be copied into a bug report.
    The exit code is 0 if everything is in order, else 1.
    """
    items = examine(Project.find())
    colours = {sign: colour for sign, colour in _SIGNS.values()}
    for line in lines(items):
        colour = colours.get(line[0])
        click.echo(click.style(line[0], fg=colour) + line[1:] if colour else line)
    wrong = sum(item.state == "wrong" for item in items)
    click.echo(f"\n{wrong or 'nothing'} {'thing is' if wrong == 1 else 'things are' if wrong else 'is'} wrong")
    ctx.exit(1 if wrong else 0)
