"""Makes the submission: the PDF, the notebook and the zip, each current or not there under a false flag."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from coursework.digests import digest, package_versions
from coursework.errors import InputError, WorkError
from coursework.kept import write_atomically, write_if_changed
from coursework.project import Project
from coursework.publishing.bundle import Names, file_names, zip_bytes
from coursework.publishing.findings import Finding, Refused, errors
from coursework.settings import Settings

if TYPE_CHECKING:
    from coursework.publishing.checks import Digests

Tell = Callable[[str], None]

MARKER = "NOT-CURRENT.txt"
"""Lies beside older files during a build and after a failed one, and names them."""

MARKED = "From an earlier build, and not current"
"""How the marker begins, before the names of the files."""

HELD = "COURSEWORK_HOLDS_LOCK"
"""Set for Quarto when a build of this project calls it."""

PREPARE = "prepare"
"""The goal of bringing up to date what the documents read."""

VERSIONED = ("keras", "tensorflow", "tensorflow-cpu", "numpy", "matplotlib", "sympy", "typst", "pypandoc-binary")

SOURCES = ("code/**/*.py", "code/**/*.lua", "code/**/*.typ", "report/*", "report/_extensions/**/*", "*.bib")
NO_SOURCES = re.compile(r"\.|.*~$|#.*#$|.*\.quarto_ipynb$")
"""Names of what editors and Quarto leave beside a source while it is open."""

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
    findings
        What the check warns of.
    """

    files: tuple[Path, ...]
    worked: bool
    findings: tuple[Finding, ...] = ()


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
    with _locked(project.cache / "lock", tell):
        yield


def _locked(path: Path, tell: Tell) -> IO[str]:
    """Open the lock file and wait until nobody else holds it, nor one that was put in its place meanwhile."""
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = open(path, "a")  # noqa: SIM115 - its owner closes it
        except OSError as error:
            words = f"The project's folder cannot be written ({error.strerror}): mend its permissions."
            raise WorkError(words) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            tell("Another build of this project is running: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(handle.fileno()).st_ino:
                return handle
        handle.close()


def sources(project: Project) -> list[Path]:
    """List the files that the submission is made from, but for data and kept results."""
    found = {path for pattern in SOURCES for path in project.root.glob(pattern) if path.is_file()}
    found |= {path for name in SINGLE_SOURCES if (path := project.root / name).is_file()}
    return sorted(path for path in found if "__pycache__" not in path.parts and not NO_SOURCES.match(path.name))


def sources_key(project: Project, settings: Settings, renderer: str) -> str:
    """Digest everything that the submission follows from, but for the results that a build computes.

    Large files (data) count by name, size and time of change, here and among the results; where only these differ, the
    long way finds out that nothing has changed.
    """
    texts = [(path.relative_to(project.root).as_posix(), _sha256(path)) for path in sources(project)]
    dataset = project.root / settings.dataset
    large = _stamps(project, project.data, dataset)
    if dataset.is_file():
        large.append((settings.dataset, dataset.stat().st_size, dataset.stat().st_mtime_ns))
    return digest(texts, large, settings.dumped(), renderer, package_versions(*VERSIONED), sys.version)


def results_key(project: Project) -> str:
    """Digest what is kept of trainings and other computations."""
    return digest(_stamps(project, project.cache / "runs", project.cache / "products"))


def _stamps(project: Project, *folders: Path) -> list[tuple[str, int, int]]:
    return [
        (project.name(path), status.st_size, status.st_mtime_ns)
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


def _state_file(project: Project, goal: str = "bundle") -> Path:
    """Name the record of the last build, or of the last time when the documents' inputs were brought up to date."""
    return project.cache / ("prepared.json" if goal == PREPARE else "state.json")


def is_current(project: Project, settings: Settings, renderer: str, goal: str) -> bool:
    """Whether the files of the last build are there, unharmed, and follow from what is there now."""
    try:
        state = json.loads(_state_file(project, goal).read_text())
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
    write_atomically(_state_file(project, goal), json.dumps(state).encode())


def make_inputs(project: Project, settings: Settings, *, progress: bool = True, tell: Tell = lambda _: None) -> bool:
    """Bring up to date what the documents read, the executed notebook included; say whether anything had to be done.

    Parameters
    ----------
    project, settings
        What is prepared.
    progress
        Whether long work shows a progress bar.
    tell
        Is told what is being done.

    Raises
    ------
    InputError, WorkError
        If something of it cannot be made.
    """
    with alone(project, tell):
        if is_current(project, settings, "", PREPARE):
            return False
        from coursework.prepare import prepare
        from coursework.publishing.build import Builder

        began_with = sources_key(project, settings, "")
        prepared = prepare(project, settings, tell=tell, progress=progress)
        with Builder(project) as builder:
            builder.notebook(prepared.variables, prepared.inputs)
        _remember(project, began_with, PREPARE, [project.quarto_stamp])
    return True


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
        # Before the work, since a build that is killed cannot say anything any more.
        mark(project, "A build was begun and is not finished: it is still running, or it was stopped.")
        began_with, sourced = sources_key(project, settings, renderer), source_digest(project, settings)
        try:
            contents, findings = _contents(project, settings, goal, renderer, refresh, progress, final, sourced, tell)
            if source_digest(project, settings) != sourced:
                raise WorkError("The sources were edited while they were built: run the same command again.")
            for path in target:
                write_if_changed(path, contents[path.name])
        except BaseException as failure:
            mark(project, f"The last build failed: {reason_of(failure)}")
            raise
        (project.output / MARKER).unlink(missing_ok=True)
        if older := _older(project, settings, contents):
            mark(project, "The last build did not make them anew.", older)
        _remember(project, began_with, goal, target)
        return Made(tuple(target), worked=True, findings=tuple(findings))


def _targets(all_names: Names, goal: str) -> list[str]:
    return [*all_names.members, all_names.zip] if goal == "bundle" else list(all_names.members)


def reason_of(failure: BaseException) -> str:
    """Say in words why a build failed."""
    reason = str(failure) or (
        "it was interrupted" if isinstance(failure, KeyboardInterrupt) else type(failure).__name__
    )
    findings = failure.findings if isinstance(failure, Refused) else ()
    return "\n".join([reason, *(f"  {finding}" for finding in findings)])


def mark(project: Project, why: str, names: list[str] | None = None) -> None:
    """Say beside the files of an earlier build that they are not current.

    Parameters
    ----------
    project
        Whose output folder it is.
    why
        What happened, for the author.
    names
        The files; all that are there, and then none of them counts as made from these sources, if left out.
    """
    path = project.output / MARKER
    with contextlib.suppress(OSError):
        if names is None:
            _state_file(project).unlink(missing_ok=True)
            names = sorted(found.name for found in project.output.glob("*") if found.name != MARKER)
        if not names:
            return
        text = f"{MARKED}: {', '.join(names)}\n{why}\n"
        try:
            write_atomically(path, text.encode())
        except WorkError:
            path.touch()  # on a full disk there is room for a name


def is_marked(project: Project, name: str) -> bool:
    """Tell whether a file of the output folder is from an earlier build than the last one."""
    try:
        first = (project.output / MARKER).read_text(encoding="utf-8", errors="replace").partition("\n")[0]
    except FileNotFoundError:
        return False
    return name in first or not first.startswith(MARKED)


def _older(project: Project, settings: Settings, contents: Mapping[str, bytes]) -> list[str]:
    """Name what lies in the output folder and does not belong to the files that were just made."""
    zip_name = names(settings).zip
    found = []
    for path in project.output.iterdir():
        if path.suffix not in (".pdf", ".ipynb", ".zip") or path.name in contents:
            continue
        if path.name != zip_name or not _holds(path, contents):
            found.append(path.name)
    return sorted(found)


def _holds(path: Path, contents: Mapping[str, bytes]) -> bool:
    """Tell whether a zip holds just these files."""
    try:
        with zipfile.ZipFile(path) as archive:
            inside = {entry.filename: (entry.file_size, entry.CRC) for entry in archive.infolist()}
    except (OSError, ValueError, zipfile.BadZipFile):
        return False
    return inside == {name: (len(content), zlib.crc32(content)) for name, content in contents.items()}


def _contents(
    project: Project,
    settings: Settings,
    goal: str,
    renderer: str,
    refresh: str | None,
    progress: bool,
    final: bool,
    sourced: str,
    tell: Tell,
) -> tuple[dict[str, bytes], list[Finding]]:
    from coursework.prepare import prepare
    from coursework.publishing.build import NOTEBOOK, REPORT, Builder
    from coursework.publishing.notebook import crossed

    with Builder(project) as reader:  # what is wrong with the text is said before minutes of training
        for document in (NOTEBOOK, REPORT) if renderer == "builtin" else (NOTEBOOK,):
            reader.read(document)

    def on_cell(document: str, index: int, count: int, cell: object) -> None:
        if index == 0:
            tell(f"Executing the {count} cells of {document}")

    # A draft is there sooner; what is handed in comes from one execution of all cells.
    in_parts = goal == "render" and renderer == "builtin"
    with Builder(project, in_parts=in_parts, on_cell=on_cell) as builder:
        builder.foresee()
        prepared = prepare(project, settings, tell=tell, progress=progress)
        carried = pdf_digest(sourced, prepared.inputs)
        notebook, _ = builder.notebook(
            prepared.variables, prepared.inputs, refresh=refresh in ("all", Path(NOTEBOOK).stem)
        )
        false = crossed(notebook)
        if settings.experiments.profile != "full":
            false = [f"{len(false)} of the claims do not hold in this smaller run: ✗ in the notebook"] if false else []
        for claim in false:
            tell(f"{NOTEBOOK}: {claim}")
        if renderer == "quarto":
            # Quarto sets the same cells and text; what is false in a formula is said here.
            builder.emitted(builder.report_job(prepared.inputs), prepared.variables, prepared.printed)
            pdf = _quarto_pdf(project, refresh, carried, tell)
        else:
            report = builder.report(
                prepared.variables,
                prepared.inputs,
                prepared.printed,
                refresh=refresh in ("all", Path(REPORT).stem),
                digest=carried,
            )
            if report.is_draft:
                tell("A draft: what the edit does not reach was not executed again; `make submission` executes all")
            tell("Setting the pages")
            pdf = builder.typesetter.compile(report.text)
    found = names(settings)
    contents = {found.pdf: pdf, found.notebook: notebook}
    findings: list[Finding] = []
    if goal == "bundle":
        tell("Checking the submission")
        contents[found.zip], findings = _checked_zip(project, settings, contents, found, final)
    return contents, findings


def _checked_zip(
    project: Project, settings: Settings, members: dict[str, bytes], found: Names, final: bool
) -> tuple[bytes, list[Finding]]:
    """Pack the members, open the zip again and check what is in it; return the zip and what the check warns of."""
    import tempfile

    packed = zip_bytes(members)
    with tempfile.TemporaryDirectory(dir=project.cache) as folder:
        path = Path(folder) / found.zip
        write_atomically(path, packed, durable=False)
        findings = check(project, settings, path, final=final)
    if errors(findings):
        raise Refused(findings)
    return packed, findings


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
