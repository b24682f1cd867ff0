"""Whose submission it is: the student id in the names, on the pages and in the metadata, and the form of the names."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from handin.findings import Finding, Said, Severity
from handin.names import PLACEHOLDER_ID, Names
from handin.notebook.reading import Notebook
from handin.pdf.reading import Pdf
from handin.private.text import machine_names_in
from handin.text import shortened

Naming = Callable[[str], Names]  # names the files of a submission from the student id
SUFFIXES = (".zip", ".pdf", ".ipynb")

SET_ID = "Put your own student id there; where it was built, into `student_id` in the settings."
BUILD_AGAIN = "Build the submission again from its sources."


@dataclass(frozen=True)
class Owner:
    """Whose submission is expected."""

    student_id: str | None = None  # in the names; without one it is taken from the names, which must agree
    names: Naming | None = None  # without it any name that carries an id will do
    final: bool = False  # this is what will be handed in: a missing or placeholder id is an error

    @property
    def known_id(self) -> str | None:
        """The student id, unless it is the placeholder."""
        return None if self.student_id in (None, PLACEHOLDER_ID) else self.student_id


def kind_of(name: str) -> str:
    """Return the ending under which a PDF or notebook is looked for, also where a browser added another to its name."""
    lower = name.casefold()
    if lower.startswith("."):
        return ""
    for wrong in (".txt", ".json", ".download"):
        lower = lower.removesuffix(wrong)
    return next((suffix for suffix in (".pdf", ".ipynb") if lower.endswith(suffix)), "")


_ID_LIKE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{0,3}\d{5,12}[A-Za-z]{0,2}(?![A-Za-z0-9])")


_DATE = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{4})?|(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d\d"
)


def _placed_id(name: str, naming: Naming | None) -> str | None:
    """Return what stands where the names have the student id."""
    if naming is None:
        return None
    before, _, after = Path(naming("\0").zip).stem.partition("\0")
    own = re.match(rf"{re.escape(before)}([A-Za-z0-9]{{1,32}}){re.escape(after)}(?![A-Za-z0-9])", name)
    return own.group(1) if own else None


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _ids(name: str, naming: Naming | None) -> list[str]:
    """Find what may be a student id in a name: what stands where the names have it, or else long numbers."""
    found = sorted(_ID_LIKE.findall(name), key=lambda each: (bool(_DATE.fullmatch(each)), _digits(each) < 6))
    own = _placed_id(name, naming)
    return list(dict.fromkeys([own, *found] if own else found))


def student_id_in(name: str, naming: Naming | None = None) -> str | None:
    """Return the student id that a file's name carries, or None."""
    return next(iter(_ids(name, naming)), None)


def _is_other(found: str, student_id: str) -> bool:
    """Whether a number in a name is another student's id: as long as this one, and no date."""
    return found != student_id and _digits(found) == _digits(student_id) and not _DATE.fullmatch(found)


def guessed_id(names: list[str], naming: Naming | None) -> str | None:
    """Return the id that most of the names carry, of equals the first."""
    found = Counter(student_id for name in names for student_id in _ids(name, naming))
    likely = {student_id: number for student_id, number in found.items() if not _DATE.fullmatch(student_id)} or found
    return max(likely, key=likely.__getitem__, default=None)


def name_findings(names: list[str], owner: Owner) -> Iterator[Finding]:
    """Say which names lack the student id, have another one, or are those of copies."""
    student_id = owner.known_id or guessed_id(names, owner.names)
    if student_id == PLACEHOLDER_ID or (student_id is None and owner.student_id == PLACEHOLDER_ID):
        message = f"The student id is still the placeholder {PLACEHOLDER_ID}."
        yield Finding("error" if owner.final else "warning", names[0], "name", message, SET_ID)
    if student_id is None:
        fix = "Put the student id into the file names."
        yield Finding("error", names[0], "name", "No file name has a student id.", fix)
        return
    own = owner.names(student_id) if owner.names else None
    usual = {".zip": own.zip, ".pdf": own.pdf, ".ipynb": own.notebook} if own else {}
    for name in names:
        suffix, copied = Path(name).suffix, _COPY.search(name)
        proper = usual.get(kind_of(name) or suffix.lower())
        rename = f"Name it {proper}." if proper else f"Name it by the student id {student_id} and its ending."
        others = [found for found in _ids(name, owner.names) if _is_other(found, student_id)]
        if (placed := _placed_id(name, owner.names)) not in (None, student_id):
            others.insert(0, placed)
        if others:
            message = f"The name has the student id {others[0]} where {student_id} is expected."
            yield Finding("error", name, "name", message, rename)
        elif student_id not in re.split(r"[^A-Za-z0-9]+", name):
            yield Finding("error", name, "name", f"The name is without the student id {student_id}.", rename)
        elif proper and name != proper and not copied and suffix.lower() in SUFFIXES:
            yield Finding("warning", name, "name", "The name has the student id, but not the usual form.", rename)
        if copied:
            word = shortened(copied.group().strip(" _-."))
            copier = list(_COPIERS.values())[(copied.lastindex or 1) - 1]
            message = f"The name is that of a copy ({word}): {copier}."
            yield Finding("error", name, "name", message, f"See that it is the newest one. {rename}")
        if suffix.lower() not in SUFFIXES:
            message = f"The name ends in {suffix}, which a browser added: the file opens as a text."
            yield Finding("error", name, "name", message, rename)


_COPIERS = {
    r"[ _]copy(?: \d+)?(?=\.)": "macOS's Finder duplicated it",
    r" - (?:copy|kopie|copie|copia)(?: \(\d+\))?(?=\.)": "Windows' Explorer copied it",
    r" ?\(\d+\)(?=\.)": "a browser downloaded it a second time",
    r"^(?:copy of |copie de |kopie von )": "Colab or Google Drive copied it",
    r"-copy\d+(?=\.)": "Jupyter duplicated it",
    r"-checkpoint(?=\.)|^~\$|\.bak(?=\.)|conflicted copy": "a program keeps such files beside the real one",
    r"\.(?:pdf|ipynb|zip)(?=\.(?:pdf|ipynb|zip)$)": "it has two endings, of which Windows shows one",
}
"""What programs write into the name of a second file."""
_COPY = re.compile("|".join(f"({pattern})" for pattern in _COPIERS), re.IGNORECASE)


def _other_ids(text: str, student_id: str) -> list[str]:
    """Find what has the shape of this student id (as many digits, the same letters around them), and is another one."""
    if _digits(student_id) < 6:
        return []
    shape = "".join(r"\d" if character.isdigit() else "[A-Za-z]" for character in student_id)
    found = re.findall(rf"(?<![\w./:-]){shape}(?![\w/]|[.-]\w)", text)
    return [other for other in dict.fromkeys(found) if other != PLACEHOLDER_ID and _is_other(other, student_id)]


_BESIDE_ID = re.compile(
    r"\b(?:student|candidate|matriculation|registration|author)\b[^\n\d]{0,30}\d[^\n]{0,20}", re.IGNORECASE
)
"""What is said to be an id; a long number elsewhere in the prose may be anything."""

_PLACEHOLDER = re.compile(rf"(?<![\w.]){PLACEHOLDER_ID}(?![\w.]*\d)")
_USUAL_FIELDS = frozenset(
    "/Title /Author /Subject /Keywords /Creator /Producer /CreationDate /ModDate /Trapped "
    "/PTEX.Fullbanner /PTEX.FullBanner /BIDI.Fullbanner /AAPL:Keywords /SourceModified".split()
)


def pdf_identity(pdf: Pdf, student_id: str | None, owner: Owner) -> Iterator[Said]:
    """The PDF prints the id that its name carries, and does not name somebody else as its author."""
    printed = "\n".join([*pdf.pages, pdf.strings])
    if student_id not in (None, PLACEHOLDER_ID):
        if _PLACEHOLDER.search(printed):
            message = f"The PDF prints the placeholder {PLACEHOLDER_ID}, its name has {student_id}."
            yield "error", "", message, BUILD_AGAIN
        elif not re.search(rf"(?<![A-Za-z0-9]){re.escape(student_id)}(?![A-Za-z0-9])", printed):
            severity: Severity = "error" if owner.final and owner.known_id else "warning"
            yield severity, "", f"The PDF does not print the student id {student_id}.", "Print it on the first page."
    if student_id and (others := _other_ids(pdf.pages[0] if pdf.pages else "", student_id)):
        message = f"The first page prints {others[0]}, which looks like another student id than {student_id}."
        yield "error", "page 1", message, SET_ID
    for leak in machine_names_in(pdf.strings, known=student_id):
        yield leak.at("metadata, links or alternative texts")
    for field_name, value in pdf.info.items():
        if field_name not in _USUAL_FIELDS and value.strip():
            message = f"The metadata have the field {shortened(field_name[1:], 20)}: {shortened(value, 30)}"
            yield "warning", "metadata", message, "Take it out of the document's properties."
    author = pdf.author.strip()
    if not author or author.casefold() in (student_id, PLACEHOLDER_ID, "anonymous"):
        return
    if _other_ids(author, student_id or ""):
        message = f"The metadata name the student id {shortened(author, 30)} as the author."
        yield "error", "metadata", message, SET_ID
    else:
        account = re.fullmatch(r"[a-z_][a-z0-9_.-]{1,31}", author)
        message = f"The metadata name {'an account' if account else 'an author'}: {shortened(author, 30)}"
        fix = "Give the student id as the document's author, or none."
        yield "error" if account else "warning", "metadata", message, fix


def notebook_identity(notebook: Notebook, student_id: str | None) -> Iterator[Said]:
    """The notebook does not print the placeholder, and its outputs do not name the account or host of this machine."""
    if student_id not in (None, PLACEHOLDER_ID) and _PLACEHOLDER.search(notebook.prose()):
        message = f"The notebook prints the placeholder {PLACEHOLDER_ID}, its name has {student_id}."
        yield "error", "", message, BUILD_AGAIN
    prose = [cell for cell in notebook.cells if cell.is_markdown]
    for cell in prose if student_id else []:
        named = [heading for heading, _ in cell.headings()] + _BESIDE_ID.findall(cell.source)
        if others := _other_ids(cell.source if cell is prose[0] else "\n".join(named), student_id or ""):
            message = f"The cell prints {others[0]}, which looks like another student id than {student_id}."
            yield "error", cell.place, message, SET_ID
    texts = [(cell.place, cell.shown()) for cell in notebook.cells]
    texts.append(("metadata", json.dumps(notebook.raw.get("metadata"), ensure_ascii=False)))
    for place, text in texts:
        for leak in machine_names_in(text, known=student_id):
            yield leak.at(place)
