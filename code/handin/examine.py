"""Checks a submission as a marker will receive it: the zip, and what is in it; or one of its files alone.

The checks work on any submission, also one that this project did not make. What only this project can know (the student
id, the digests of its sources, where each part is answered) is checked where it is given.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from handin.archive import MEGABYTE, open_zip
from handin.findings import Finding, Said, counted, of_file, ordered
from handin.identity import (
    BUILD_AGAIN,
    Naming,
    Owner,
    guessed_id,
    kind_of,
    name_findings,
    notebook_identity,
    pdf_identity,
)
from handin.kinds import looks_like
from handin.names import DRAFT
from handin.notebook.checks import check_notebook_content
from handin.notebook.reading import Notebook
from handin.notebook.seen import seen_digest
from handin.pdf.checks import check_pdf_content
from handin.pdf.reading import Pdf
from handin.private.text import leaks
from handin.scheme import Answer, Scheme, answer_findings, load_scheme, locate
from handin.text import shortened

UPLOAD_LIMIT_MB = 50
MOST_TIMES_LIMIT = 4
"""A zip is looked into as long as it, and what it holds, is not larger than this many times what can be handed in."""


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
class Examination:
    """What a check found.

    Parameters
    ----------
    findings
        What is wrong, errors first.
    answers
        Where each part of the mark scheme is answered; empty without a scheme.
    """

    findings: list[Finding]
    answers: list[Answer] = field(default_factory=list)


ANYBODY = Owner()
"""Who it is said to be of where nothing is known of that."""


def examine(
    path: Path,
    owner: Owner = ANYBODY,
    *,
    upload_limit_mb: float = UPLOAD_LIMIT_MB,
    marks: Path | None = None,
    expected: Digests | None = None,
) -> Examination:
    """Check a zip, a PDF or a notebook, by the ending of its name.

    Parameters
    ----------
    path
        The file.
    owner
        Whose submission it must be.
    upload_limit_mb
        The largest file that can be handed in, in MB of 10⁶ bytes.
    marks
        The mark scheme's file.
    expected
        The digests of the sources.

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
    if path.suffix.lower() != ".zip":
        if size > MOST_TIMES_LIMIT * limit:
            return Examination(findings)
        return _examined(findings, {name: path.read_bytes()}, owner, scheme, expected)
    opened = open_zip(path, largest=MOST_TIMES_LIMIT * limit)
    findings += opened.findings
    if opened.is_refused:
        return Examination(ordered([*findings, *name_findings([name], owner)]))
    for comment in opened.comments:
        message = f"The zip carries a comment that a marker does not see: {shortened(comment, 40)}"
        findings.append(Finding("warning", name, "", message, "Make the zip again."))
    for place, texts in (("comment", opened.comments), ("extra field", opened.hidden)):
        findings += of_file(name, (leak.at(place) for text in texts for leak in leaks(text)))
    findings += _count_findings(name, opened.members, _has_notebook(owner.names))
    return _examined(findings, opened.members, owner, scheme, expected, zip_name=name)


def _examined(
    findings: list[Finding],
    members: dict[str, bytes],
    owner: Owner,
    scheme: Scheme | None,
    expected: Digests,
    *,
    zip_name: str = "",
) -> Examination:
    """Add what is wrong with the names and with the content of each member."""
    names = list(filter(None, [zip_name, *filter(kind_of, members)]))
    findings = [*findings, *name_findings(names, owner)]
    student_id = owner.known_id or guessed_id(names, owner.names)
    pdf: Pdf | None = None
    notebook: Notebook | None = None
    pdf_file = notebook_file = zip_name
    for name, content in members.items():
        if kind_of(name) == ".pdf":
            read, problems = check_pdf_content(content, name)
            findings += problems
            if read is not None:
                pdf, pdf_file = read, name
                findings += of_file(name, pdf_identity(read, student_id, owner))
                findings += of_file(name, _pdf_currency(read, expected, _is_as_made(name, content, expected)))
        elif kind_of(name) == ".ipynb":
            found, problems = check_notebook_content(content, name)
            findings += problems
            if found is not None:
                notebook, notebook_file = found, name
                findings += of_file(name, notebook_identity(found, student_id))
                findings += of_file(name, _notebook_currency(found, expected, _is_as_made(name, content, expected)))
    answers = locate(scheme, pdf, notebook) if scheme else []
    return Examination(ordered(counted([*findings, *answer_findings(answers, pdf_file, notebook_file)])), answers)


def _has_notebook(naming: Naming | None) -> bool:
    """Whether a notebook is asked for: it is, unless the names are known and have none."""
    return naming is None or naming("").notebook is not None


def _count_findings(zip_name: str, members: dict[str, bytes], has_notebook: bool) -> Iterator[Finding]:
    """The assignment asks for one PDF and one notebook, and nothing else."""
    kinds = Counter(kind_of(name) for name in members)
    for suffix, what in ((".pdf", "PDF"), (".ipynb", "notebook"))[: 1 + has_notebook]:
        if kinds[suffix] != 1:
            message = f"It holds {kinds[suffix] or 'no'} {what}{'s' if kinds[suffix] > 1 else ''}; one is asked for."
            yield Finding("error", zip_name, "", message, "Put one PDF and one notebook into the zip.")
    for name, content in members.items():
        if kind_of(name):
            continue
        message, fix = "The file was not asked for.", "Take it out of the zip."
        if name.startswith("."):
            message = "The file is hidden and was not asked for: a system or a program left it there."
        elif real := looks_like(content, instead_of=""):
            message, fix = f"The file was not asked for; it is {real.name}.", f"Take it out of the zip. {real.fix}"
        yield Finding("error", zip_name, shortened(name), message, fix)


def _is_as_made(name: str, content: bytes, due: Digests) -> bool:
    return due.files.get(name) in (None, hashlib.sha256(content).hexdigest())


def _pdf_currency(read: Pdf, due: Digests, is_as_made: bool) -> Iterator[Said]:
    return _stale("PDF", read.digest, due.pdf, is_as_made, required=due.required)


def _notebook_currency(found: Notebook, due: Digests, is_as_made: bool) -> Iterator[Said]:
    """A notebook that a program saved again is still the same, as long as its reader sees the same."""
    if found.content is not None:
        is_as_made = found.content == seen_digest(found.raw)
    if due.notebook is None and not is_as_made:
        message = "Its cells or outputs were changed after it was made from its sources."
        yield "warning", "", message, "Hand in the one that was made, or see that the change is meant."
    yield from _stale("notebook", found.inputs, due.notebook, is_as_made, required=due.required)


def _stale(what: str, carried: str | None, expected: str | None, is_as_made: bool, *, required: bool) -> Iterator[Said]:
    """Compare the digest that a file carries with the one that the sources give now, and say if it was changed."""
    message = f"The {what} does not say which sources it was made from"
    if expected is None:
        return
    if carried is None and not required:
        yield "warning", "metadata", f"{message}.", "See yourself that it is the current one."
    elif carried is None:
        yield "error", "", f"{message}, as this project's would.", BUILD_AGAIN
    elif carried == expected + DRAFT:
        message = f"The {what} is a draft: of its cells only those were executed that an edit reaches."
        yield "error", "", message, BUILD_AGAIN
    elif carried != expected:
        message = f"The {what} is older than its sources: they have changed since it was made."
        yield "error", "", message, BUILD_AGAIN
    elif not is_as_made:
        message = f"The {what} is not the one that these sources give: it was changed after it was made."
        yield "error", "", message, BUILD_AGAIN
