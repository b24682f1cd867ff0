"""Checks a submission as a marker will receive it: the zip, and what is in it; or one of its files alone.

The checks work on any submission, also one that this project did not make. What only this project can know (the student
id, the digests of its sources, where each part is answered) is checked where it is given.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from handin.archive import MEGABYTE, open_zip
from handin.findings import Finding, counted, ordered, shortened
from handin.names import DRAFT, PLACEHOLDER_ID, Names
from handin.notebook import Notebook, check_notebook_content
from handin.pdf.checks import check_pdf_content
from handin.pdf.reading import Pdf
from handin.private import leaks, machine_names_in
from handin.scheme import Answer, Scheme, answer_findings, load_scheme, locate

Naming = Callable[[str], Names]
"""Names the files of a submission from the student id."""

UPLOAD_LIMIT_MB = 50
SUFFIXES = (".zip", ".pdf", ".ipynb")
MOST_TIMES_LIMIT = 4
"""A zip is looked into as long as it, and what it holds, is not larger than this many times what can be handed in."""

_SET_ID = "Set `student_id` in the settings, or run `make submission STUDENT_ID=...`."
_STALE = "Build the submission again: `make submission`."


@dataclass(frozen=True)
class Digests:
    """The digests of the sources that a submission must be made from; None where they are not known.

    Parameters
    ----------
    pdf
        Of everything that the PDF depends on; the PDF carries it as the keyword ``made-from:...``.
    notebook
        Of everything that the notebook depends on; it carries it in its metadata as ``press.inputs``.
    files
        The checksums (SHA-256) of the files that were made from these sources, by their names, where they are known.
    required
        Whether a file that carries no digest is an error: it is, unless the submission may have been made elsewhere.
    """

    pdf: str | None = None
    notebook: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    required: bool = True


@dataclass(frozen=True)
class _Wanted:
    student_id: str | None
    names: Naming | None
    final: bool
    upload_limit_mb: float
    marks: Scheme | None
    expected: Digests

    @property
    def known_id(self) -> str | None:
        """The student id, unless it is the placeholder."""
        return None if self.student_id in (None, PLACEHOLDER_ID) else self.student_id


@dataclass(frozen=True)
class Report:
    """What a check found.

    Parameters
    ----------
    findings
        What is wrong, errors first.
    answers
        Where each part of the mark scheme is answered; empty without a scheme.
    """

    findings: list[Finding]
    answers: list[Answer]


def examine(
    path: Path,
    *,
    student_id: str | None = None,
    names: Naming | None = None,
    final: bool = False,
    upload_limit_mb: float = UPLOAD_LIMIT_MB,
    marks: Scheme | Path | None = None,
    expected: Digests | None = None,
) -> Report:
    """Check a zip, a PDF or a notebook, by the ending of its name.

    Parameters
    ----------
    path
        The file.
    student_id
        The id that the names must carry; without one it is taken from the names, which must agree.
    names
        Names the files from the student id; without it any name that carries an id will do.
    final
        Whether this is what will be handed in: a missing or placeholder id is an error then.
    upload_limit_mb
        The largest file that can be handed in, in MB of 10⁶ bytes.
    marks
        The mark scheme, or its file.
    expected
        The digests of the sources.

    Raises
    ------
    InputError
        If the mark scheme cannot be read.
    """
    scheme = load_scheme(marks) if isinstance(marks, Path) else marks
    wanted = _Wanted(student_id, names, final, upload_limit_mb, scheme, expected or Digests())
    limit = round(upload_limit_mb * MEGABYTE)
    findings = _size_findings(path.name, path.stat().st_size, wanted)
    if path.suffix.lower() != ".zip":
        if path.stat().st_size > MOST_TIMES_LIMIT * limit:
            return Report(findings, [])
        return _with_names(findings, {path.name: path.read_bytes()}, wanted)
    opened = open_zip(path, largest=MOST_TIMES_LIMIT * limit)
    findings += opened.findings
    if opened.findings:
        return Report(ordered([*findings, *_name_findings([path.name], wanted)]), [])
    for comment in opened.comments:
        message = f"The zip carries a comment that a marker does not see: {shortened(comment, 40)}"
        findings.append(Finding("warning", path.name, "", message, "Make the zip again."))
        findings += [Finding(leak.severity, path.name, "comment", leak.message, leak.mend) for leak in leaks(comment)]
    for text in opened.hidden:
        findings += [Finding(leak.severity, path.name, "extra field", leak.message, leak.mend) for leak in leaks(text)]
    findings += _count_findings(path.name, opened.members, _has_notebook(names))
    return _with_names(findings, opened.members, wanted, path.name)


def check_zip(path: Path, **options: object) -> list[Finding]:
    """Return what is wrong with a zip and with everything in it, errors first; the options are those of `examine`."""
    return examine(path, **options).findings


def _with_names(
    findings: list[Finding], members: dict[str, bytes], wanted: _Wanted, zip_name: str | None = None
) -> Report:
    """Add what is wrong with the names and with the content of each member."""
    asked = [name for name in members if Path(name).suffix.lower() in (".pdf", ".ipynb") and not name.startswith(".")]
    names = [*([zip_name] if zip_name else []), *asked]
    findings = [*findings, *_name_findings(names, wanted)]
    student_id = wanted.known_id or _guessed_id(names, wanted.names)
    pdf: Pdf | None = None
    notebook: Notebook | None = None
    pdf_file = notebook_file = zip_name or ""
    due = wanted.expected
    for name, content in members.items():
        suffix = Path(name).suffix.lower() if not name.startswith(".") else ""
        if suffix == ".pdf":
            read, problems = check_pdf_content(content, name)
            findings += problems
            if read is not None:
                pdf, pdf_file = read, name
                findings += [
                    *_pdf_identity(read, name, student_id, wanted),
                    *_stale(name, "PDF", content, read.digest, due.pdf, due),
                ]
        elif suffix == ".ipynb":
            found, problems = check_notebook_content(content, name)
            findings += problems
            if found is not None:
                notebook, notebook_file = found, name
                findings += [
                    *_notebook_identity(found, name, student_id),
                    *_stale(name, "notebook", content, found.inputs, due.notebook, due),
                ]
    answers = locate(wanted.marks, pdf, notebook) if wanted.marks else []
    return Report(ordered(counted([*findings, *answer_findings(answers, pdf_file, notebook_file)])), answers)


def _has_notebook(naming: Naming | None) -> bool:
    """Whether a notebook is asked for: it is, unless the names are known and have none."""
    return naming is None or naming("").notebook is not None


def _size_findings(name: str, size: int, wanted: _Wanted) -> list[Finding]:
    if size <= wanted.upload_limit_mb * MEGABYTE:
        return []
    message = f"It has {size / MEGABYTE:.1f} MB; {wanted.upload_limit_mb:g} MB can be handed in."
    return [Finding("error", name, "", message, "Show fewer or smaller pictures, or set `upload_limit_mb`.")]


def _count_findings(zip_name: str, members: dict[str, bytes], has_notebook: bool) -> list[Finding]:
    """The assignment asks for one PDF and one notebook, and nothing else."""
    findings = []
    kinds = Counter(Path(name).suffix.lower() for name in members if not name.startswith("."))
    for suffix, what in ((".pdf", "PDF"), (".ipynb", "notebook"))[: 1 + has_notebook]:
        if kinds[suffix] != 1:
            message = f"It holds {kinds[suffix] or 'no'} {what}{'s' if kinds[suffix] > 1 else ''}; one is asked for."
            findings.append(Finding("error", zip_name, "", message, "Put one PDF and one notebook into the zip."))
    for name in members:
        if name.startswith("."):
            message = "The file is hidden and was not asked for: a system or a program left it there."
            findings.append(Finding("error", zip_name, shortened(name), message, "Take it out of the zip."))
        elif Path(name).suffix.lower() not in (".pdf", ".ipynb"):
            message = "The file was not asked for."
            findings.append(Finding("error", zip_name, shortened(name), message, "Take it out of the zip."))
    return findings


# Names and identity ----------------------------------------------------------------------------------------

_ID_LIKE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{0,3}\d{5,12}[A-Za-z]{0,2}(?![A-Za-z0-9])")


def _ids(name: str, naming: Naming | None) -> list[str]:
    """Find what may be a student id in a name: what stands where the names have it, or else a long number."""
    in_front = []
    if naming is not None:
        before, _, after = Path(naming("\0").zip).stem.partition("\0")
        found = re.match(rf"{re.escape(before)}([A-Za-z0-9]{{1,32}}){re.escape(after)}(?![A-Za-z0-9])", name)
        in_front = [found.group(1)] if found else []
    return list(dict.fromkeys([*in_front, *_ID_LIKE.findall(name)]))


def student_id_in(name: str, naming: Naming | None = None) -> str | None:
    """Return the student id that a file's name carries, or None."""
    return next(iter(_ids(name, naming)), None)


def _guessed_id(names: list[str], naming: Naming | None) -> str | None:
    """Return the id that most of the names carry, of equals the first."""
    found = Counter(student_id for name in names for student_id in _ids(name, naming))
    return found.most_common(1)[0][0] if found else None


def _name_findings(names: list[str], wanted: _Wanted) -> list[Finding]:
    findings = []
    student_id = wanted.known_id or _guessed_id(names, wanted.names)
    severity = "error" if wanted.final else "warning"
    if student_id == PLACEHOLDER_ID or (student_id is None and wanted.student_id == PLACEHOLDER_ID):
        message = f"The student id is still the placeholder {PLACEHOLDER_ID}."
        findings.append(Finding(severity, names[0], "name", message, _SET_ID))
    if student_id is None:
        message = "No file name has a student id."
        return [*findings, Finding("error", names[0], "name", message, "Put the student id into the file names.")]
    own = wanted.names(student_id) if wanted.names else None
    usual = {".zip": own.zip, ".pdf": own.pdf, ".ipynb": own.notebook} if own else {}
    for name in names:
        proper = usual.get(Path(name).suffix.lower())
        rename = f"Name it {proper}." if proper else f"Put the student id {student_id} into the name."
        others = [found for found in _ids(name, wanted.names) if found != student_id]
        if others:
            message = f"The name has the student id {others[0]} where {student_id} is expected."
            findings.append(Finding("error", name, "name", message, rename))
        elif student_id not in re.split(r"[^A-Za-z0-9]+", name):
            message = f"The name is without the student id {student_id}."
            findings.append(Finding("error", name, "name", message, rename))
        elif proper and name != proper:
            message = "The name has the student id, but not the usual form."
            findings.append(Finding("warning", name, "name", message, rename))
    return findings


def _other_ids(text: str, student_id: str) -> list[str]:
    """Find what has the shape of this student id (as many digits, the same letters around them), and is another one."""
    if sum(character.isdigit() for character in student_id) < 6:
        return []
    shape = "".join(r"\d" if character.isdigit() else "[A-Za-z]" for character in student_id)
    found = re.findall(rf"(?<![\w./:-]){shape}(?![\w/]|[.-]\w)", text)
    return [other for other in dict.fromkeys(found) if other not in (student_id, PLACEHOLDER_ID)]


_PLACEHOLDER = re.compile(rf"(?<![\w.]){PLACEHOLDER_ID}(?![\w.]*\d)")


_USUAL_FIELDS = frozenset(
    """
    /Title /Author /Subject /Keywords /Creator /Producer /CreationDate /ModDate /Trapped /PTEX.Fullbanner
    """.split()
)


def _pdf_identity(pdf: Pdf, name: str, student_id: str | None, wanted: _Wanted) -> list[Finding]:
    """The PDF prints the id that its name carries, and does not name somebody else as its author."""
    findings = []
    printed = "\n".join([*pdf.pages, pdf.strings])
    if student_id not in (None, PLACEHOLDER_ID):
        if _PLACEHOLDER.search(printed):
            message = f"The PDF prints the placeholder {PLACEHOLDER_ID}, its name has {student_id}."
            findings.append(Finding("error", name, "", message, _STALE))
        elif not re.search(rf"(?<![A-Za-z0-9]){re.escape(student_id)}(?![A-Za-z0-9])", printed):
            severity = "error" if wanted.final and wanted.known_id else "warning"
            message = f"The PDF does not print the student id {student_id}."
            findings.append(Finding(severity, name, "", message, "Print it on the first page."))
    if student_id and (others := _other_ids(pdf.pages[0] if pdf.pages else "", student_id)):
        message = f"The first page prints {others[0]}, which looks like another student id than {student_id}."
        findings.append(Finding("error", name, "page 1", message, _SET_ID))
    for leak in machine_names_in(pdf.strings, known=student_id):
        findings.append(Finding(leak.severity, name, "metadata, links or alternative texts", leak.message, leak.mend))
    for field_name, value in pdf.info.items():
        if field_name not in _USUAL_FIELDS and value.strip():
            message = f"The metadata have the field {shortened(field_name[1:], 20)}: {shortened(value, 30)}"
            findings.append(Finding("warning", name, "metadata", message, "Take it out of the document's properties."))
    if (author := pdf.author.strip()) and author not in (student_id, PLACEHOLDER_ID):
        if _other_ids(author, student_id or ""):
            message = f"The metadata name the student id {shortened(author, 30)} as the author."
            return [*findings, Finding("error", name, "metadata", message, _SET_ID)]
        account = re.fullmatch(r"[a-z_][a-z0-9_.-]{1,31}", author)
        message = f"The metadata name {'an account' if account else 'an author'}: {shortened(author, 30)}"
        mend = "Give the student id as the document's author, or none."
        findings.append(Finding("error" if account else "warning", name, "metadata", message, mend))
    return findings


def _notebook_identity(notebook: Notebook, name: str, student_id: str | None) -> list[Finding]:
    """The notebook does not print the placeholder, and its outputs do not name the account or host of this machine."""
    findings = []
    if student_id not in (None, PLACEHOLDER_ID) and _PLACEHOLDER.search(notebook.prose()):
        message = f"The notebook prints the placeholder {PLACEHOLDER_ID}, its name has {student_id}."
        findings.append(Finding("error", name, "", message, _STALE))
    first = next((cell for cell in notebook.cells if cell.raw.get("cell_type") == "markdown"), None)
    if first and student_id and (others := _other_ids(first.source, student_id)):
        message = f"The cell prints {others[0]}, which looks like another student id than {student_id}."
        findings.append(Finding("error", name, first.place, message, _SET_ID))
    texts = [(cell.place, cell.shown()) for cell in notebook.cells]
    texts.append(("metadata", json.dumps(notebook.raw.get("metadata"), ensure_ascii=False)))
    for place, text in texts:
        for leak in machine_names_in(text, known=student_id):
            findings.append(Finding(leak.severity, name, place, leak.message, leak.mend))
    return findings


# Staleness ----------------------------------------------------------------------------------------


def _stale(
    name: str, what: str, content: bytes, carried: str | None, expected: str | None, due: Digests
) -> list[Finding]:
    """Compare the digest that a file carries with the one that the sources give now, and then the file itself."""
    if expected is None:
        return []
    if carried is None and not due.required:
        message = f"The {what} does not say which sources it was made from."
        return [Finding("warning", name, "metadata", message, "See yourself that it is the current one.")]
    if carried is None:
        message = f"The {what} does not say which sources it was made from, as this project's would."
    elif carried == expected + DRAFT:
        message = f"The {what} is a draft: of its cells only those were executed that an edit reaches."
    elif carried != expected:
        message = f"The {what} is older than its sources: they have changed since it was made."
    elif due.files.get(name) not in (None, hashlib.sha256(content).hexdigest()):
        message = f"The {what} is not the one that these sources give: it was changed after it was made."
    else:
        return []
    return [Finding("error", name, "", message, _STALE)]
