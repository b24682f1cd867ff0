"""Makes the submission: the PDF, the notebook and the zip, each current or not there under a false flag."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coursework.digests import digest, package_versions
from coursework.errors import InputError, WorkError
from coursework.kept import write_atomically, write_if_changed
from coursework.project import Project
from coursework.publishing.bundle import Names, file_names, zip_bytes
from coursework.settings import Settings

if TYPE_CHECKING:
    from coursework.publishing.checks import Digests

Tell = Callable[[str], None]

MARKER = "NOT-CURRENT.txt"
"""Lies beside older files after a failed build, and says so."""

HELD = "COURSEWORK_HOLDS_LOCK"
"""Set for Quarto when a build of this project calls it."""

VERSIONED = ("keras", "tensorflow", "tensorflow-cpu", "numpy", "matplotlib", "sympy", "typst", "pypandoc-binary")

SOURCES = ("code/**/*.py", "code/**/*.lua", "code/**/*.typ", "report/*", "report/_extensions/**/*", "*.bib")
SINGLE_SOURCES = ("_quarto.yml", "_environment", "requirements.lock")


@dataclass(frozen=True)
class Made:
    """What a build left in the output folder.

    Parameters
    ----------
    files
        The files, in the order in which they are named to the author.
    worked
        Whether anything had to be done.
    """

    files: tuple[Path, ...]
    worked: bool


def names(settings: Settings) -> Names:
    """Name the files of this submission."""
    return file_names(settings.student_id, settings.module)


@contextlib.contextmanager
def alone(project: Project, tell: Tell) -> Iterator[None]:
    """Hold the project's lock: a second build waits for the first.

    The pre-render script that Quarto calls on our behalf works under the lock that is held already.
    """
    if os.environ.get(HELD):
        yield
        return
    try:
        project.cache.mkdir(parents=True, exist_ok=True)
        handle = open(project.cache / "lock", "w")  # noqa: SIM115 - held until the end of the block
    except OSError as error:
        raise WorkError(f"The project's folder cannot be written ({error.strerror}): mend its permissions.") from None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            tell("Another build of this project is running: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def sources(project: Project) -> list[Path]:
    """List the files that the submission is made from, but for data and kept results."""
    found = {path for pattern in SOURCES for path in project.root.glob(pattern) if path.is_file()}
    found |= {path for name in SINGLE_SOURCES if (path := project.root / name).is_file()}
    return sorted(path for path in found if "__pycache__" not in path.parts)


def sources_key(project: Project, settings: Settings, renderer: str) -> str:
    """Digest everything that the submission follows from, but for the results that a build computes.

    Large files (data) count by name, size and time of change, here and among the results; where only these differ, the
    long way finds out that nothing has changed.
    """
    texts = [(path.relative_to(project.root).as_posix(), _sha256(path)) for path in sources(project)]
    large = _stamps(project, project.data)
    dataset = Path(settings.dataset)
    if dataset.exists():
        large.append((settings.dataset, dataset.stat().st_size, dataset.stat().st_mtime_ns))
    return digest(texts, large, settings.dumped(), renderer, package_versions(*VERSIONED), sys.version)


def results_key(project: Project) -> str:
    """Digest what is kept of trainings and other computations."""
    return digest(_stamps(project, project.cache / "runs", project.cache / "products"))


def _stamps(project: Project, *folders: Path) -> list[tuple[str, int, int]]:
    return [
        (path.relative_to(project.root).as_posix(), status.st_size, status.st_mtime_ns)
        for folder in folders
        if folder.is_dir()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and (status := path.stat())
    ]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def source_digest(project: Project, settings: Settings) -> str:
    """Digest the sources and settings that the PDF is made from."""
    texts = [(path.relative_to(project.root).as_posix(), _sha256(path)) for path in sources(project)]
    return digest(texts, settings.dumped())


def pdf_digest(sourced: str, inputs: Mapping[str, Any]) -> str:
    """Digest what the PDF is made from, results included; it carries this digest, and `check` compares it.

    Parameters
    ----------
    sourced
        The digest of its sources and settings.
    inputs
        The digests of what its cells read (see `coursework.prepare.document_inputs`).
    """
    return digest(sourced, dict(inputs))


def _state_file(project: Project) -> Path:
    return project.cache / "state.json"


def is_current(project: Project, settings: Settings, renderer: str, goal: str) -> bool:
    """Whether the files of the last build are there, unharmed, and follow from what is there now."""
    try:
        state = json.loads(_state_file(project).read_text())
        return (
            state["goal"] in (goal, "bundle")
            and state["sources"] == sources_key(project, settings, renderer)
            and state["results"] == results_key(project)
            and all(_sha256(project.root / name) == found for name, found in state["files"].items())
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _remember(project: Project, key: str, goal: str, files: list[Path]) -> None:
    """Keep what a build was made from: the digest of the sources as they were when it began."""
    generated = [project.generated / "q6-classifier.ipynb", project.variables_file]
    found = {path.relative_to(project.root).as_posix(): _sha256(path) for path in [*files, *generated]}
    state = {"sources": key, "results": results_key(project), "goal": goal, "files": found}
    write_atomically(_state_file(project), json.dumps(state).encode())


def make(
    project: Project,
    settings: Settings,
    *,
    goal: str,
    renderer: str = "builtin",
    refresh: str | None = None,
    progress: bool = True,
    final: bool = False,
    tell: Tell = lambda _: None,
) -> Made:
    """Make the PDF and the notebook, and with ``goal="bundle"`` the checked zip too.

    Parameters
    ----------
    project, settings
        What is made.
    goal
        ``render`` or ``bundle``.
    renderer
        ``builtin`` or ``quarto``.
    refresh
        A document's name whose cells are executed though nothing changed, or ``all``.
    progress
        Whether long work shows a progress bar.
    final
        Whether a placeholder student id is an error.
    tell
        Is told what is being done.

    Raises
    ------
    InputError, WorkError
        If it cannot be made. Files of an earlier build stay as they were, marked as not current.
    """
    if renderer == "quarto":
        _quarto()
    with alone(project, tell):
        target = [project.output / name for name in _targets(names(settings), goal)]
        if refresh is None and is_current(project, settings, renderer, goal) and all(p.is_file() for p in target):
            return Made(tuple(target), worked=False)
        began_with = sources_key(project, settings, renderer)
        try:
            contents = _contents(project, settings, goal, renderer, refresh, progress, final, tell)
        except (InputError, WorkError, KeyboardInterrupt) as failure:
            _mark(project, failure)
            raise
        for path in target:
            write_if_changed(path, contents[path.name])
        (project.output / MARKER).unlink(missing_ok=True)
        _remember(project, began_with, goal, target)
        return Made(tuple(target), worked=True)


def _targets(all_names: Names, goal: str) -> list[str]:
    return [*all_names.members, all_names.zip] if goal == "bundle" else list(all_names.members)


def _mark(project: Project, failure: BaseException) -> None:
    """Say beside the files of an earlier build that they are not current."""
    _state_file(project).unlink(missing_ok=True)
    if project.output.is_dir() and any(project.output.iterdir()):
        reason = str(failure) or "the build was interrupted"
        with contextlib.suppress(WorkError):
            text = f"The files beside this one are from an earlier build. The last build failed: {reason}\n"
            write_atomically(project.output / MARKER, text.encode())


def _contents(
    project: Project,
    settings: Settings,
    goal: str,
    renderer: str,
    refresh: str | None,
    progress: bool,
    final: bool,
    tell: Tell,
) -> dict[str, bytes]:
    from coursework.prepare import prepare
    from coursework.publishing.build import NOTEBOOK, REPORT, Builder

    sourced = source_digest(project, settings)

    def on_cell(document: str, index: int, count: int, cell: object) -> None:
        if index == 0:
            tell(f"Executing the {count} cells of {document}")

    with Builder(project, on_cell=on_cell) as builder:
        builder.foresee()
        prepared = prepare(project, settings, tell=tell, progress=progress)
        carried = pdf_digest(sourced, prepared.inputs)
        notebook, _ = builder.notebook(
            prepared.variables, prepared.inputs, refresh=refresh in ("all", Path(NOTEBOOK).stem)
        )
        if renderer == "quarto":
            pdf = _quarto_pdf(project, refresh, carried, tell)
        else:
            report = builder.report(
                prepared.variables,
                prepared.inputs,
                refresh=refresh in ("all", Path(REPORT).stem),
                digest=carried,
            )
            tell("Setting the pages")
            pdf = builder.typesetter.compile(report.text)
    found = names(settings)
    contents = {found.pdf: pdf, found.notebook: notebook}
    if goal == "bundle":
        tell("Checking the submission")
        contents[found.zip] = _checked_zip(project, settings, contents, found, final)
    return contents


def _checked_zip(project: Project, settings: Settings, members: dict[str, bytes], found: Names, final: bool) -> bytes:
    """Pack the members, open the zip again and check what is in it."""
    import tempfile

    packed = zip_bytes(members)
    with tempfile.TemporaryDirectory(dir=project.cache) as folder:
        path = Path(folder) / found.zip
        path.write_bytes(packed)
        errors = [finding for finding in check(project, settings, path, final=final) if finding.severity == "error"]
    if errors:
        first = errors[0]
        more = f" ({len(errors) - 1} more; see `coursework check`)" if len(errors) > 1 else ""
        where = f"{first.file}, {first.place}" if first.place else first.file
        raise WorkError(f"{where}: {first.message} {first.mend}{more}")
    return packed


def expected_digests(project: Project, settings: Settings) -> Digests:
    """Digest what a current PDF and a current notebook are made from; both carry it, and `check` compares."""
    from coursework.prepare import document_inputs
    from coursework.publishing.build import Builder
    from coursework.publishing.checks import Digests

    inputs = document_inputs(project, settings)
    with Builder(project) as builder:
        notebook = digest(builder.notebook_job(inputs).dependencies())
    pdf = pdf_digest(source_digest(project, settings), inputs)
    return Digests(pdf=pdf, notebook=notebook, files=_last_made(project))


def _last_made(project: Project) -> dict[str, str]:
    """Return the checksums of the files that the last build left in the output folder; none if it failed."""
    try:
        files = json.loads(_state_file(project).read_text())["files"]
        return {
            Path(name).name: found for name, found in files.items() if (project.root / name).parent == project.output
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def check(project: Project, settings: Settings, path: Path, *, final: bool) -> list:
    """Check a zip of this project."""
    from coursework.publishing.checks import check_zip

    return check_zip(
        path,
        student_id=settings.student_id,
        module=settings.module,
        final=final,
        upload_limit_mb=settings.upload_limit_mb,
        marks=project.report / "marks.yml",
    )


def _quarto() -> str:
    """Find Quarto."""
    quarto = shutil.which("quarto")
    if quarto is None:
        raise InputError(
            "Quarto is not installed: leave out '--with quarto', or install it (pip install 'coursework[quarto]')."
        )
    return quarto


def _quarto_pdf(project: Project, refresh: str | None, carried: str, tell: Tell) -> bytes:
    """Let Quarto render the report."""
    tell("Rendering with Quarto")
    command = [_quarto(), "render", "report/report.qmd", "-M", f"digest:{carried}"]
    command += ["--cache-refresh"] if refresh else []
    environment = {
        **os.environ,
        "QUARTO_PYTHON": sys.executable,
        "JUPYTERCACHE": str(project.cache / "quarto"),
        HELD: "1",
    }
    done = subprocess.run(command, cwd=project.root, env=environment, capture_output=True, text=True, check=False)
    made = [project.output / "report" / "report.pdf", project.output / "report.pdf"]
    path = next((path for path in made if path.is_file()), None)
    if done.returncode or path is None:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if "ERROR" in line] or lines[-3:] or ["it made no PDF"]
        raise WorkError(f"Quarto failed: {' '.join(errors)[:600]}")
    content = path.read_bytes()
    path.unlink()
    with contextlib.suppress(OSError):
        (project.output / "report").rmdir()
    return content
