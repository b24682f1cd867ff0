"""Makes what is handed in: the PDF, the notebook and the zip, each from the sources as they are."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from handin.errors import InputError, WorkError
from handin.findings import Finding, Refused, errors
from handin.names import unfit, zip_bytes
from press import quarto
from press.currency import Read, facts, last_made, remember, source_digest, source_texts, why_not
from press.keeping.digests import digest
from press.keeping.kept import write_atomically, write_if_changed
from press.keeping.lock import alone
from press.marker import mark, reason_of, unmark
from press.project import Project
from press.report import Tell

if TYPE_CHECKING:
    from handin.examine import Digests, Examination
    from handin.identity import Owner
    from handin.names import Names
    from press.prepare import Inputs
    from press.settings import Settings

Goal = Literal["render", "bundle"]
Renderer = Literal["builtin", "quarto"]


@dataclass(frozen=True)
class Request:
    """What is asked of a build."""

    goal: Goal
    """``render`` for the PDF and the notebook, ``bundle`` for the checked zip too."""
    renderer: Renderer = "builtin"
    refresh: str | None = None
    """A document's name whose cells are executed though nothing changed, or ``all``."""
    final: bool = False
    """Whether a placeholder student id is an error."""
    tell: Tell = lambda _: None

    def refreshes(self, document: str) -> bool:
        """Whether the cells of a document are executed though nothing changed."""
        return self.refresh in ("all", document)


@dataclass(frozen=True)
class Made:
    """What a build left in the output folder."""

    files: tuple[Path, ...]
    worked: bool
    """Whether anything had to be done."""
    findings: tuple[Finding, ...] = ()
    """What the check warns of."""


@contextlib.contextmanager
def _marked_on_failure(project: Project) -> Iterator[None]:
    """Say beside the files of earlier builds why what begins here failed, if it does."""
    try:
        yield
    except BaseException as failure:
        mark(project, f"The last build failed: {reason_of(failure)}")
        raise


def make_inputs(project: Project, settings: Settings, *, tell: Tell = lambda _: None) -> bool:
    """Bring up to date what the documents read, the executed notebook included; say whether anything had to be done."""
    with alone(project, tell):
        if not why_not(project, settings, "", "prepare"):
            return False
        from press.build import Builder, Purpose
        from press.prepare import prepare

        quarto.discard(project)
        began_with = facts(project, settings, "")
        with _marked_on_failure(project):
            prepared = prepare(project, settings, tell=tell)
            with Builder(project, Purpose.DRAFT) as builder:
                if project.report.notebook:
                    builder.notebook(prepared.variables, prepared.inputs)
                builder.emitted(project.report.document, prepared)  # what is false in a formula is said here
        quarto.forget_cells(project, builder.used.key())
        remember(project, settings, began_with, "prepare", [project.quarto_stamp], builder.used)
    return True


def make(project: Project, settings: Settings, request: Request) -> Made:
    """Make the PDF and the notebook, and the checked zip too where it is asked for.

    Raises
    ------
    InputError, WorkError
        If it cannot be made. Files of an earlier build stay as they were, marked as not current.
    """
    known = ("all", *(document.name for document in project.report.documents))
    if request.refresh is not None and request.refresh not in known:
        raise InputError(
            f"--cache-refresh: {request.refresh!r} is not a document; use {' or '.join(known[1:])}, or leave it out."
        )
    if request.renderer == "quarto":
        quarto.program()
    names = project.report.file_names(settings)
    if request.goal == "bundle" and (problem := unfit(names.members)):
        raise InputError(f"{problem}. Rename the document, or let the report's `names` say what is handed in.")
    with alone(project, request.tell):
        target = [project.output / name for name in (names.all if request.goal == "bundle" else names.members)]
        current = request.refresh is None and not why_not(project, settings, request.renderer, request.goal)
        if current and {path.name for path in target} <= last_made(project).keys():
            return Made(tuple(target), worked=False)
        # Before the work, since a build that is killed cannot say anything any more.
        mark(project, "A build was begun and is not finished: it is still running, or it was stopped.")
        if why_not(project, settings, "", "prepare"):
            quarto.discard(project)
        began_with, before = facts(project, settings, request.renderer), source_texts(project)
        read = Read()
        with _marked_on_failure(project):
            contents, findings = _contents(project, settings, request, read)
            after = source_texts(project)
            # What is new, a process that the cells have started may have written.
            edited = {name for name in before.keys() - read.written if before[name] != after.get(name)}
            if edited := edited | ({project.name(path) for path in read.edited} - read.written):
                named = ", ".join(sorted(edited)[:4])
                raise WorkError(f"The sources were edited while they were built: run the same command again ({named}).")
            for path in target:
                write_if_changed(path, contents[path.name])
        unmark(project, names.zip, contents)
        remember(project, settings, began_with, request.goal, target, read)
        return Made(tuple(target), worked=True, findings=tuple(findings))


def _contents(
    project: Project, settings: Settings, request: Request, read: Read
) -> tuple[dict[str, bytes], list[Finding]]:
    from press.build import Builder, Purpose
    from press.prepare import prepare

    report, tell = project.report, request.tell
    with Builder(project) as reader:  # what is wrong with the text is said before minutes of training
        for document in report.documents:
            if request.renderer == "builtin" or document is report.notebook:
                reader.read(document)

    def on_cell(document: str, index: int, count: int, cell: object) -> None:
        if index == 0:
            tell(f"Executing the {count} cell{'s' if count > 1 else ''} of {document}")

    # A draft is there sooner; what is handed in comes from one execution of all cells.
    is_draft = request.goal == "render" and request.renderer == "builtin"
    names = report.file_names(settings)
    contents: dict[str, bytes] = {}
    with Builder(project, Purpose.DRAFT if is_draft else Purpose.SUBMISSION, on_cell=on_cell) as builder:
        builder.used = read
        builder.foresee()
        prepared = prepare(project, settings, tell=tell)
        if report.notebook and names.notebook:
            refresh = request.refreshes(report.notebook.name)
            notebook, _ = builder.notebook(prepared.variables, prepared.inputs, refresh=refresh)
            contents[names.notebook] = notebook
            for words in _false_claims(notebook, is_trial=report.is_trial(settings)):
                tell(f"{report.notebook.path}: {words}")
        refresh = request.refreshes(report.document.name)

        def carried() -> str:  # what cells write and the document shows is there when they have run
            return _carried(source_digest(project, settings), prepared.inputs)

        if request.renderer == "quarto":
            # Quarto sets the same cells and text; what is false in a formula is said here.
            read_document, *_ = builder.emitted(report.document, prepared)
            quarto.forget_cells(project, builder.used.key())
            tell("Rendering with Quarto")
            pdf = quarto.pdf(project, read_document, carried(), refresh=refresh)
        else:
            source = builder.report(prepared, refresh=refresh, digest=carried)
            if source.is_draft:
                tell("A draft: what the edit does not reach was not executed again; `make submission` executes all")
            tell("Setting the pages")
            pdf = builder.typesetter.compile(source.text)
    contents = {names.pdf: pdf, **contents}
    findings: list[Finding] = []
    if request.goal == "bundle":
        tell("Checking the submission")
        contents[names.zip], findings = _checked_zip(project, settings, contents, final=request.final)
    return contents, findings


def _false_claims(notebook: bytes, *, is_trial: bool) -> list[str]:
    """Say which of a notebook's claims it shows as not holding; of a trial only how many."""
    from press.typesetting.notebook import crossed

    found = crossed(notebook)
    if is_trial and found:
        return [f"{len(found)} of the claims do not hold in this smaller run: ✗ in the notebook"]
    return found


def render_further(project: Project, settings: Settings, document_name: str, request: Request) -> Path:
    """Make the PDF of a document that is not handed in, under its own name in the output folder."""
    from press.build import Builder
    from press.prepare import prepare

    document = next(each for each in project.report.further if each.name == document_name)
    with alone(project, request.tell), Builder(project) as builder:
        builder.read(document)
        prepared = prepare(project, settings, tell=request.tell, document=document)
        source = builder.report(prepared, document=document, refresh=request.refreshes(document.name))
        path = project.output / f"{document.name}.pdf"
        write_if_changed(path, builder.typesetter.compile(source.text))
    return path


def _checked_zip(
    project: Project, settings: Settings, members: dict[str, bytes], *, final: bool
) -> tuple[bytes, list[Finding]]:
    """Pack the members, open the zip again and check what is in it; return the zip and what the check warns of."""
    packed = zip_bytes(members)
    with tempfile.TemporaryDirectory(dir=project.cache) as folder:
        path = Path(folder) / project.report.file_names(settings).zip
        write_atomically(path, packed, durable=False)
        findings = examined(project, settings, path, final=final).findings
    if errors(findings):
        raise Refused(findings)
    return packed, findings


def expected_digests(project: Project, settings: Settings) -> Digests:
    """Digest what a current PDF and a current notebook are made from; both carry it, and `check` compares."""
    from handin.examine import Digests
    from press.build import Builder
    from press.prepare import document_inputs

    inputs = document_inputs(project, settings)
    notebook = None
    if project.report.notebook:
        with Builder(project) as builder:
            notebook = digest(builder.job(project.report.notebook, inputs).dependencies())
    pdf = _carried(source_digest(project, settings), inputs)
    return Digests(pdf=pdf, notebook=notebook, files=last_made(project))


def _carried(sourced: str, inputs: Inputs) -> str:
    """Digest what the PDF is made from, results included: it carries this."""
    return digest(sourced, dict(inputs))


def owner_of(project: Project, settings: Settings, *, final: bool = False) -> Owner:
    """Say whose submission of this project is expected."""
    from handin.identity import Owner

    def names(student_id: str) -> Names:
        return project.report.file_names(settings.model_copy(update={"student_id": student_id}))

    return Owner(settings.student_id, names, final)


def examined(
    project: Project, settings: Settings, path: Path, *, final: bool, expected: Digests | None = None
) -> Examination:
    """Check a file as what is handed in of this project."""
    from handin.examine import examine

    return examine(
        path,
        owner_of(project, settings, final=final),
        upload_limit_mb=settings.upload_limit_mb,
        marks=project.root / project.report.scheme if project.report.scheme else None,
        expected=expected,
    )
