"""``check``: looks at a submission before it leaves, and says what to fix."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from handin.errors import InputError, WorkError
from handin.findings import Finding, errors, ordered

if TYPE_CHECKING:
    from rich.console import Console

    from handin.examine import Digests, Examination
    from handin.scheme import Answer
    from press.project import Project
    from press.settings import Settings


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--final", is_flag=True, help="This is what will be handed in: a placeholder student id is an error.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
@click.option("--marks", "show_marks", is_flag=True, help="Show where each part of the mark scheme is answered.")
@click.pass_context
def check(ctx: click.Context, file: Path | None, final: bool, as_json: bool, show_marks: bool) -> None:
    """Check a submission: FILE is a zip, a PDF or a notebook, also one that was made elsewhere.

    Without FILE, the submission in _output/ is checked. Nothing is unpacked. The exit code is 0 without errors, 1 with
    errors, and 2 if there is nothing to check.
    """
    from press.project import Project

    try:
        project: Project | None = Project.find()
    except InputError:
        if file is None:
            raise
        project = None  # a file can be checked without one
    if show_marks and project is None:
        raise InputError("--marks needs the mark scheme of a project: run the command inside one.")
    settings = project.settings() if project else None
    path = file or _own_zip(project, settings)
    examined = _checked(path, project, settings, final=final, own=file is None)
    if as_json:
        click.echo(json.dumps(_as_dict(path, examined, show_marks), indent=2, ensure_ascii=False))
    else:
        _print(path, examined, show_marks)
    ctx.exit(1 if errors(examined.findings) else 0)


def _own_zip(project: Project | None, settings: Settings | None) -> Path:
    assert project is not None, "without a file it must be there"
    assert settings is not None, "it was read with the project"
    path = project.output / project.report.file_names(settings).zip
    if not path.is_file():
        others = sorted(found.name for found in project.output.glob("*.zip"))
        hint = f" There is {others[0]}: name it, to check that one." if others else ""
        raise InputError(f"{project.name(path)} is not there: make it with `make submission`.{hint}")
    return path


def _checked(path: Path, project: Project | None, settings: Settings | None, *, final: bool, own: bool) -> Examination:
    from handin.examine import Digests, examine
    from handin.identity import SUFFIXES, Owner
    from press.submission import examined

    if not path.is_file():
        raise InputError(f"{path.name} is not there, or is no file: name a zip, a PDF or a notebook.")
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path.name} is neither a zip, a PDF nor a notebook: nothing else can be checked.")
    try:
        if project is None or settings is None:
            return examine(path, Owner(final=final))
        try:
            expected = _expected(path, project, settings, own=own)
        except (InputError, WorkError):
            if own:
                raise
            expected = Digests()  # a file that is named is checked whatever state the sources are in
        found = examined(project, settings, path, final=final, expected=expected)
    except OSError as error:  # of the file itself, or of one of the sources that it is compared with
        other = Path(error.filename) if isinstance(error.filename, str) and project is not None else path
        name = path.name if project is None or other.name == path.name else project.name(other)
        raise InputError(f"{name} cannot be read ({error.strerror}): fix its permissions.") from None
    if own:
        further = [*_beside(path, project), *_changed(path, project, settings)]
        return replace(found, findings=ordered([*found.findings, *further]))
    return found


def _expected(path: Path, project: Project, settings: Settings, *, own: bool) -> Digests:
    """Digest what the sources give for the student id that the file carries."""
    from handin.identity import student_id_in
    from press.submission import expected_digests, owner_of

    carried = student_id_in(path.name, owner_of(project, settings).names)
    if settings.has_placeholder_id and carried:
        settings = settings.model_copy(update={"student_id": carried})
    is_this = own or (not settings.has_placeholder_id and carried == settings.student_id)
    return replace(expected_digests(project, settings), required=is_this)


def _beside(path: Path, project: Project) -> list[Finding]:
    """Compare the zip with the loose files beside it, and see whether the last build failed."""
    from press.marker import sums_in, sums_of, why_marked

    findings = []
    again = "Build the submission again: `make submission`."
    if why := why_marked(project, path.name):
        findings.append(Finding("error", path.name, "", f"It is an earlier submission. {why}", again))
    for name, sums in sums_in(path).items():
        loose = project.output / name
        if Path(name).name == name and loose.is_file() and sums_of(loose.read_bytes()) != sums:
            message = "The file beside the zip is not the one in the zip."
            findings.append(Finding("error", name, "", message, again))
    return findings


def _changed(path: Path, project: Project, settings: Settings) -> list[Finding]:
    """Name what the last build read and what is another thing now."""
    from press.currency import last_made, why_not

    if path.name not in last_made(project):
        return []
    again = "Build the submission again: `make submission`."
    made = f"{project.name(project.output)}/"  # what became of the files themselves is looked at in them
    reasons = [reason for reason in why_not(project, settings, None, "bundle") if not reason.startswith(made)]
    return [Finding("error", path.name, "", f"Since it was made {reason}.", again) for reason in reasons]


def _as_dict(path: Path, examined: Examination, show_marks: bool) -> dict[str, object]:
    failed = errors(examined.findings)
    result: dict[str, object] = {
        "file": path.name,
        "ok": not failed,
        "errors": len(failed),
        "warnings": len(examined.findings) - len(failed),
        "findings": [asdict(finding) for finding in examined.findings],
    }
    if show_marks:
        result["marks"] = [answer.as_dict() for answer in examined.answers]
    return result


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def _print(path: Path, examined: Examination, show_marks: bool) -> None:
    from rich.console import Console

    if show_marks:
        _print_marks(examined.answers, Console(highlight=False))
    print_findings(examined.findings)
    failed = len(errors(examined.findings))
    sign = click.style("✗", fg="red") if failed else click.style("✓", fg="green")
    click.echo(f"{sign} {path.name}: {_count(failed, 'error')}, {_count(len(examined.findings) - failed, 'warning')}")


def print_findings(findings: Sequence[Finding], *, err: bool = False) -> None:
    """Print findings as a table with file, place, fault and fix; one a line where nobody looks at a terminal."""
    if not findings:
        return
    if not (sys.stderr if err else sys.stdout).isatty():
        for finding in findings:
            click.echo(str(finding), err=err)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_lines=True, expand=False)
    for title in ("", "Where", "What", "Fix"):
        table.add_column(title, overflow="fold")
    for finding in findings:
        where = "\n".join(part for part in (finding.file, finding.place) if part)
        sign = Text("✗", "red") if finding.is_error else Text("!", "yellow")
        table.add_row(sign, Text(where), Text(finding.message), Text(finding.fix))
    Console(highlight=False, stderr=err).print(table)


def _print_marks(answers: list[Answer], console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title="Where each mark is earned", title_justify="left")
    for title in ("Part", "Marks", "Asks", "Page", "Cell"):
        table.add_column(title, justify="left" if title in ("Part", "Asks") else "right", overflow="fold")
    total, question = 0, None
    for answer in answers:
        marks = "" if answer.part.marks is None else str(answer.part.marks)
        if answer.question != question:
            question, total = answer.question, total + answer.question.marks
            if answer.part.marks is None:
                marks = str(answer.question.marks)
                following = [other for other in answers if other.question == question]
                marks += " for all" if len(following) > 1 else ""
        missing = {kind for kind, _ in answer.problems}
        found = {"pdf": answer.pages, "notebook": answer.cells}
        places = [Text("missing", "red") if k in missing else ", ".join(map(str, at)) for k, at in found.items()]
        table.add_row(Text(answer.name), marks, Text(answer.part.asks), *places)
    table.add_section()
    table.add_row("", str(total), "", "", "")
    console.print(table)
