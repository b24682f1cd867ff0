"""Checks a submission as a marker will receive it: the zip, and what is in it; or one of its files alone.

The checks work on any submission, also one that this project did not make. What only this project can know (the student
id, the digests of its sources, where each part is answered) is checked where it is given.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from handin.archive import MEGABYTE, open_zip
from handin.findings import Finding, Said, counted, of_file, ordered
from handin.identity import BUILD_AGAIN, Owner, guessed_id, kind_of, name_findings, notebook_identity, pdf_identity
from handin.kinds import looks_like
from handin.names import DRAFT
from handin.notebook.checks import check_notebook_content
from handin.notebook.reading import Notebook, seen_digest
from handin.pdf.checks import check_pdf_content
from handin.pdf.reading import Pdf
from handin.scheme import Answer, answer_findings, load_scheme, locate
from handin.text import shortened

UPLOAD_LIMIT_MB = 50  # the largest file that can be handed in, in MB of 10⁶ bytes
MOST_TIMES_LIMIT = 4
"""A zip is looked into as long as it, and what it holds, is not larger than this many times what can be handed in."""


@dataclass(frozen=True)
class Digests:
    """The digests of the sources that a submission must be made from; None where they are not known.

    The PDF carries its own as the keyword ``made-from:...``, the notebook in its metadata as ``press.inputs``.
    """

    pdf: str | None = None
    notebook: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)  # SHA-256 of what was made from these sources, by name
    required: bool = True  # a file without a digest is an error, unless the submission may have been made elsewhere


@dataclass(frozen=True)
class Examination:
    """What a check found: what is wrong, errors first, and where each part of the mark scheme is answered."""

    findings: list[Finding]
    answers: list[Answer] = field(default_factory=list)


ANYBODY = Owner()  # who it is said to be of where nothing is known of that


def examine(
    path: Path,
    owner: Owner = ANYBODY,
    *,
    upload_limit_mb: float = UPLOAD_LIMIT_MB,
    marks: Path | None = None,
    expected: Digests | None = None,
) -> Examination:
    """Check a zip, a PDF or a notebook, by the ending of its name; `marks` is the file of the mark scheme.

    Raises
    ------
    InputError
        If the mark scheme cannot be read.
    """
    scheme, expected = load_scheme(marks) if marks else None, expected or Digests()
    name, size, limit = path.name, path.stat().st_size, round(upload_limit_mb * MEGABYTE)
    findings = []
    if size > limit:
        message = f"It has {size / MEGABYTE:.1f} MB; {upload_limit_mb:g} MB can be handed in."
        fix = "Show fewer or smaller pictures, or set `upload_limit_mb`."
        findings.append(Finding("error", name, "", message, fix))
    is_zip = path.suffix.lower() == ".zip"
    if is_zip:
        opened = open_zip(path, largest=MOST_TIMES_LIMIT * limit)
        if opened.is_refused:
            return Examination(ordered([*findings, *opened.findings, *name_findings([name], owner)]))
        members = opened.members
        findings += [*opened.findings, *of_file(name, _count_said(members, opened.damaged, owner))]
    elif size > MOST_TIMES_LIMIT * limit:
        return Examination(findings)
    else:
        members = {name: path.read_bytes()}
    names = [*[name] * is_zip, *filter(kind_of, members)]
    findings += name_findings(names, owner)
    student_id = owner.known_id or guessed_id(names, owner.names)
    pdf: Pdf | None = None
    notebook: Notebook | None = None
    pdf_file = notebook_file = name if is_zip else ""
    for member, content in members.items():
        made = expected.files.get(member)
        is_as_made = made is None or made == hashlib.sha256(content).hexdigest()
        if kind_of(member) == ".pdf":
            read, problems = check_pdf_content(content, member)
            findings += problems
            if read is not None:
                pdf, pdf_file = read, member
                findings += of_file(member, pdf_identity(read, student_id, owner))
                findings += of_file(member, _stale("PDF", read.digest, expected.pdf, is_as_made, expected.required))
        elif kind_of(member) == ".ipynb":
            found, problems = check_notebook_content(content, member)
            findings += problems
            if found is not None:
                notebook, notebook_file = found, member
                findings += of_file(member, notebook_identity(found, student_id))
                findings += of_file(member, _notebook_currency(found, expected, is_as_made))
    answers = locate(scheme, pdf, notebook) if scheme else []
    return Examination(ordered(counted([*findings, *answer_findings(answers, pdf_file, notebook_file)])), answers)


_UNFINISHED = re.compile(r"\.(?:crdownload|part|partial|download)$", re.IGNORECASE)
"""How browsers call a file that they have not fetched to its end."""


def _count_said(members: Mapping[str, bytes], damaged: Iterable[str], owner: Owner) -> Iterator[Said]:
    """The assignment asks for one PDF, and one notebook unless the names are known and have none, and nothing else."""
    kinds = Counter(map(kind_of, [*members, *damaged]))
    has_notebook = owner.names is None or owner.names("").notebook is not None
    for suffix, what in ((".pdf", "PDF"), (".ipynb", "notebook"))[: 1 + has_notebook]:
        if kinds[suffix] != 1:
            message = f"It holds {kinds[suffix] or 'no'} {what}{'s' if kinds[suffix] > 1 else ''}; one is asked for."
            yield "error", "", message, "Put one PDF and one notebook into the zip."
    for name, content in members.items():
        if kind_of(name):
            continue
        message, fix = "The file was not asked for.", "Take it out of the zip."
        if name.startswith("."):
            message = "The file is hidden and was not asked for: a system or a program left it there."
        elif _UNFINISHED.search(name):
            message, fix = (
                "It is a download that had not ended.",
                "Take it out, and download the file again.",
            )
        elif content.strip(b"\0") and (real := looks_like(content, instead_of="")):
            message, fix = f"The file was not asked for; it is {real.name}.", f"Take it out of the zip. {real.fix}"
        yield "error", shortened(name), message, fix


def _notebook_currency(found: Notebook, due: Digests, is_as_made: bool) -> Iterator[Said]:
    """A notebook that a program saved again is still the same, as long as its reader sees the same."""
    if found.content is not None:
        is_as_made = found.content == seen_digest(found.raw)
    if due.notebook is None and not is_as_made:
        message = "Its cells or outputs were changed after it was made from its sources."
        yield "warning", "", message, "Hand in the one that was made, or see that the change is meant."
    yield from _stale("notebook", found.inputs, due.notebook, is_as_made, due.required)


def _stale(what: str, carried: str | None, expected: str | None, is_as_made: bool, required: bool) -> Iterator[Said]:
    """Compare the digest that a file carries with the one that the sources give now, and say if it was changed."""
    if expected is None or (carried == expected and is_as_made):
        return
    message = f"The {what} is not the one that these sources give: it was changed after it was made."
    if carried is None:
        message = f"The {what} does not say which sources it was made from"
        if not required:
            yield "warning", "metadata", f"{message}.", "See yourself that it is the current one."
            return
        message += ", as this project's would."
    elif carried == expected + DRAFT:
        message = f"The {what} is a draft: of its cells only those were executed that an edit reaches."
    elif carried != expected:
        message = f"The {what} is older than its sources: they have changed since it was made."
    yield "error", "", message, BUILD_AGAIN
