"""Checks a PDF: whole, complete, readable by everybody, without residue of its sources and nothing private in it.

Whether it is damaged is judged by what a viewer shows, not by its form: real programs write much that breaks the rules
and that every viewer reads.
"""

from __future__ import annotations

import codecs
import ctypes
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium

from handin.findings import Finding, Severity
from handin.kinds import looks_like
from handin.pdf.bombs import is_bomb
from handin.pdf.drawn import drawn, items
from handin.pdf.edges import off_the_page
from handin.pdf.producers import producer_of
from handin.pdf.promises import broken_promises
from handin.pdf.reading import MARGIN, Pdf, parts, read_pdf
from handin.pdf.soundness import damage
from handin.private.files import image_leaks
from handin.private.text import Leak, leaks
from handin.text import shortened

MOST_PAGES = 500
MOST_NODES = 500_000
SMALLEST_PAGE, LARGEST_PAGE = 50, 595
"""The shortest and the longest side, in mm, that a page may have: a slide for a screen has, and A2 has."""

_UNREADABLE = (
    pikepdf.PdfError,
    pypdfium2.PdfiumError,
    ValueError,
    TypeError,
    RuntimeError,
    LookupError,
    AttributeError,
    RecursionError,
)
"""What the two libraries raise on files that break the rules in ways that they do not expect."""

BUILD_AGAIN = "Build the PDF again; correct its source where that does not help."
_DOWNLOAD = "Export or download it again, and see that the last page is there; a copy or an upload may have broken off."


@dataclass(frozen=True)
class _Opened:
    """A PDF as its two readers opened it, and what it says."""

    content: bytes
    pdf: pikepdf.Pdf
    seen: pypdfium2.PdfDocument
    read: Pdf
    file: str


def check_pdf_content(content: bytes, file: str) -> tuple[Pdf | None, list[Finding]]:
    """Check everything about a PDF that needs no other file.

    Parameters
    ----------
    content
        The file's bytes.
    file
        Its name, for the findings.

    Returns
    -------
    pdf
        What was read, or None if it cannot be read.
    findings
        What is wrong.
    """

    def broken(message: str, fix: str = _DOWNLOAD) -> tuple[None, list[Finding]]:
        return None, [Finding("error", file, "", message, fix)]

    if b"%PDF-" not in content[:1024]:
        what = looks_like(content, instead_of="a PDF")
        return broken(f"It is no PDF but {what.name}.", what.fix) if what else broken("It is no PDF.")
    if is_bomb(content):
        return broken("It grows to hundreds of megabytes when it is opened: a bomb.", "Do not open it; build it again.")
    try:
        with pikepdf.open(io.BytesIO(content)) as pdf, pypdfium2.PdfDocument(content) as seen:
            if len(seen) != len(pdf.pages):
                return broken("It is damaged: two viewers count different numbers of pages in it.")
            if not 1 <= len(pdf.pages) <= MOST_PAGES:
                return broken(f"It is damaged: it has {len(pdf.pages)} pages.")
            opened = _Opened(content, pdf, seen, read_pdf(pdf, seen), file)
            return opened.read, _examined(opened)
    except pikepdf.PasswordError:
        return broken("It is encrypted: nobody can open it without a password.", "Save it without a password.")
    except _UNREADABLE as error:
        return broken(f"It is damaged, and viewers cannot open it ({_reason(str(error))}).")


def _reason(text: str) -> str:
    """Take what qpdf says of a file that it reads from memory, without the object's address."""
    return shortened(re.sub(r"^(?:WARNING: |ERROR: )*(?:stream )?<[^>]*>:? ?", "", text), 80)


def _examined(opened: _Opened) -> list[Finding]:
    """Make every check; one that a strange structure stops does not stop the others."""
    findings = []
    for what, check in _CHECKS.items():
        try:
            findings += check(opened)
        except _UNREADABLE as error:
            message = f"{what} could not be looked at: the file is built in an unusual way ({_reason(str(error))})."
            fix = "Look yourself, or export the PDF again from its program."
            findings.append(Finding("warning", opened.file, "", message, fix))
    return findings


def _soundness(opened: _Opened) -> list[Finding]:
    return [
        Finding(severity, opened.file, place, message, _DOWNLOAD)
        for severity, place, message in damage(opened.content, opened.pdf)
    ]


def _restrictions(opened: _Opened) -> list[Finding]:
    if not opened.pdf.is_encrypted:
        return []
    message = "It is encrypted: it opens without a password, but with restrictions (no copying, no reading aloud)."
    return [Finding("error", opened.file, "", message, "Save it without a password and without restrictions.")]


def _identity(opened: _Opened) -> list[Finding]:
    """Title, language, and what the PDF says of itself."""
    findings = []
    producer = producer_of(opened.read.info)
    claims = opened.read.metadata

    def add(severity: Severity, message: str, fix: str) -> None:
        findings.append(Finding(severity, opened.file, "metadata", message, fix))

    if not opened.read.title:
        add("error", "The PDF has no title.", producer.title)
    if not str(opened.pdf.Root.get("/Lang", "")).strip():
        add("error", "The PDF does not say in which language it is written.", producer.language)
    if not claims.get("pdfuaid:part"):
        add("warning", "The PDF does not claim to be readable by everybody (PDF/UA).", producer.tags)
    if not claims.get("pdfaid:part"):
        add("warning", "The PDF does not claim to be fit for keeping (PDF/A).", "Build it with pdf-standard a-2a.")
    return findings


def _sizes(opened: _Opened) -> list[Finding]:
    """Find the pages that a marker cannot read as they come up: turned, or of a size that no sheet has."""
    findings = []
    for number, page in enumerate(opened.pdf.pages, 1):
        if turned := page.rotation % 360:
            message = f"The page is turned by {turned}°."
            findings.append(Finding("error", opened.file, f"page {number}", message, "Save it upright."))
        scale = float(page.obj.get("/UserUnit", 1)) * 25.4 / 72
        for box in (page.mediabox, page.cropbox):
            left, bottom, right, top = (float(side) for side in box)
            width, height = abs(right - left) * scale, abs(top - bottom) * scale
            if min(width, height) < SMALLEST_PAGE or max(width, height) > LARGEST_PAGE:
                message = f"The page is {width:.0f} × {height:.0f} mm large."
                findings.append(Finding("error", opened.file, f"page {number}", message, "Build it for A4 paper."))
                break
    return findings


def _empty_pages(opened: _Opened) -> list[Finding]:
    """Draw every page; find those that cannot be drawn, and those on which nothing is."""
    findings = []
    for number in range(1, len(opened.seen) + 1):
        try:
            page = opened.seen[number - 1]
            width, height = page.get_size()
            image = page.render(scale=min(300 / max(width, height, 1), 4), grayscale=True).to_pil()
        except _UNREADABLE:
            message = "The PDF is damaged: the page cannot be drawn."
            findings.append(Finding("error", opened.file, f"page {number}", message, _DOWNLOAD))
            continue
        inner = image.crop((0, round(image.height * MARGIN), image.width, round(image.height * (1 - MARGIN))))
        low, high = inner.getextrema()
        if high - low < 8:
            fix = "Take out the page break in front of it."
            findings.append(Finding("error", opened.file, f"page {number}", "The page is empty.", fix))
        elif not opened.read.pages[number - 1].strip():
            message = "The page has no text that can be selected or read aloud."
            fix = "Export the text itself; do not hand in photographs, scans or screenshots of pages."
            findings.append(Finding("warning", opened.file, f"page {number}", message, fix))
    return findings


# Residue -------------------------------------------------------------------------------------------------------------

_UNRESOLVED = re.compile(
    r"\?@[\w-]+|\?(?:var|meta):[\w.]+|\?\?+|\{\{<|>\}\}|\([a-z]+(?:[-_:]?[a-z]+)*[-_]?\d{4}[a-z]?\?\)|\?(?:fig|tbl|eq|sec)-[\w-]+"
)
_RAW = re.compile(
    r"\\[A-Za-z]{2,}"  # TeX
    r"|\$\$|\$[^$\n]*[\\^_][^$\n]*\$"
    r"|(?<!\w)\*\*[A-Za-z](?:[^*\n]{0,80}[\w.])?\*\*(?!\w)"  # Markdown
    r"|(?<![\w\])])\[[^\]\n]+\]\((?:https?://|#|\.?/)[^)\s]*\)"
    r"|^#{2,6} \S.*$|^:{3,}.*$|^```.*$"
    r"|\{#(?:fig|tbl|eq|sec|lst)-[\w-]+|(?<![\w@.?])@(?:fig|tbl|eq|sec|lst)-[\w-]+|\[-?@[\w:-]+\]"
    r"|</?(?:div|span|br|p|img|table|tr|td|sub|sup|b|i|em|strong)\b[^>\n]*>",
    re.MULTILINE,
)
_FIXED_PITCH = re.compile(r"mono|courier|consol|typewriter|cmtt|fixed|code", re.IGNORECASE)


def _residue(opened: _Opened) -> list[Finding]:
    """Find what should have become something else; code, in a font of fixed width, may hold anything."""
    findings = []
    for number, text in enumerate(opened.read.pages, 1):
        for pattern, what in (
            (_UNRESOLVED, "a reference, variable or citation that could not be resolved"),
            (_RAW, "raw TeX, Markdown or HTML"),
        ):
            if not pattern.search(text):
                continue
            exact, is_code = _characters(opened.seen[number - 1])
            for match in pattern.finditer(exact):
                if not all(is_code[match.start() : match.end()]):
                    message = f"There is {what}: {shortened(match.group(), 40)}"
                    findings.append(Finding("error", opened.file, f"page {number}", message, BUILD_AGAIN))
    return findings


def _characters(page: pypdfium2.PdfPage) -> tuple[str, list[bool]]:
    """Return a page's characters one by one, each with whether it is set in a font of fixed width."""
    text = page.get_textpage()
    characters, is_code = [], []
    name, flags = ctypes.create_string_buffer(200), ctypes.c_int()
    for index in range(text.count_chars()):
        code = pdfium.FPDFText_GetUnicode(text, index)
        length = pdfium.FPDFText_GetFontInfo(text, index, name, len(name), ctypes.byref(flags))
        fixed = bool(length) and bool(flags.value & 1 or _FIXED_PITCH.search(name.value.decode("utf-8", "replace")))
        character = chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " "
        characters.append("\n" if character == "\r" else character)
        is_code.append(fixed or character.isspace())
    return "".join(characters), is_code


# Fonts and alternative texts -----------------------------------------------------------------------------------------


def _fonts(opened: _Opened) -> list[Finding]:
    missing: dict[str, int] = {}
    seen: set[tuple[int, int]] = set()
    for number, page in enumerate(opened.pdf.pages, 1):
        for item in drawn(page, seen):
            if isinstance(item, pikepdf.Dictionary) and not _is_embedded(item):
                missing.setdefault(str(item.get("/BaseFont", "without a name")).lstrip("/"), number)
    fix = producer_of(opened.read.info).fonts
    return [
        Finding("error", opened.file, f"page {number}", f"The font {shortened(name)} is not embedded.", fix)
        for name, number in missing.items()
    ]


def _is_embedded(font: pikepdf.Dictionary) -> bool:
    kind = str(font.get("/Subtype", ""))
    if kind == "/Type3":
        return True
    if kind == "/Type0":
        descendants = items(font.get("/DescendantFonts"))
        return bool(descendants) and isinstance(descendants[0], pikepdf.Dictionary) and _is_embedded(descendants[0])
    descriptor = font.get("/FontDescriptor")
    return isinstance(descriptor, pikepdf.Dictionary) and any(
        isinstance(descriptor.get(key), pikepdf.Stream) for key in ("/FontFile", "/FontFile2", "/FontFile3")
    )


_POOR = re.compile(
    r"(?:figure|image|picture|diagram|plot|graph|chart|alt|untitled)?\s*\d*|\S+\.(?:png|svg|jpe?g|pdf|gif)", re.I
)


def _alternatives(opened: _Opened) -> list[Finding]:
    """Every figure and formula in the structure tree has an alternative text."""
    pdf, file = opened.pdf, opened.file
    root = pdf.Root.get("/StructTreeRoot")
    if not isinstance(root, pikepdf.Dictionary):
        message = "The PDF is not tagged, so its figures and formulas have no alternative text."
        return [Finding("error", file, "", message, producer_of(opened.read.info).tags)]
    numbers = {page.obj.objgen: number for number, page in enumerate(pdf.pages, 1)}
    roles = root.get("/RoleMap")
    findings: list[Finding] = []
    described: set[tuple[int, int] | None] = set()
    for element, on in _elements(root):
        described.add(on)
        kind = str(element.get("/S", ""))
        if isinstance(roles, pikepdf.Dictionary):
            kind = str(roles[kind]) if kind.startswith("/") and kind in roles else kind
        if kind not in ("/Figure", "/Formula"):
            continue
        place = f"page {numbers[on]}" if on in numbers else ""
        what = kind[1:].lower()
        alternative = str(element.get("/Alt", "") or element.get("/ActualText", "")).strip()
        if not alternative:
            fix = "Give the image `fig-alt`." if what == "figure" else BUILD_AGAIN
            findings.append(Finding("error", file, place, f"A {what} has no alternative text.", fix))
        elif what == "figure" and _POOR.fullmatch(alternative):
            message = f"The alternative text of a figure says nothing: {shortened(alternative)}"
            findings.append(Finding("warning", file, place, message, "Say in `fig-alt` what the figure shows."))
    for page in pdf.pages:
        if ("/StructParents" in page.obj or not described) and page.obj.objgen not in described:
            message = "The PDF's tags do not describe this page, so its figures and formulas have no alternative text."
            findings.append(Finding("error", file, f"page {numbers[page.obj.objgen]}", message, BUILD_AGAIN))
    return findings


def _elements(root: pikepdf.Dictionary) -> Iterator[tuple[pikepdf.Dictionary, tuple[int, int] | None]]:
    """Walk the structure tree and yield each element with the page that it, or the one around it, lies on."""
    waiting: list[tuple[Any, Any]] = [(root.get("/K"), None)]
    seen: set[tuple[int, int]] = set()
    while waiting and len(seen) < MOST_NODES:
        node, page = waiting.pop()
        if isinstance(node, pikepdf.Array):
            waiting += [(child, page) for child in reversed(list(node))]
        elif isinstance(node, pikepdf.Dictionary):
            if node.is_indirect:
                if node.objgen in seen:
                    continue
                seen.add(node.objgen)
            own = node.get("/Pg")
            page = own.objgen if isinstance(own, pikepdf.Dictionary) else page
            if "/S" in node:
                yield node, page if page is not None else _first_page(node)
            waiting.append((node.get("/K"), page))


def _first_page(node: pikepdf.Dictionary) -> tuple[int, int] | None:
    for _ in range(50):
        child = node.get("/K")
        child = child[0] if isinstance(child, pikepdf.Array) and len(child) else child
        if not isinstance(child, pikepdf.Dictionary):
            return None
        if isinstance(page := child.get("/Pg"), pikepdf.Dictionary):
            return page.objgen
        node = child
    return None


# What a PDF should not hold ------------------------------------------------------------------------------------------

_ACTIONS = {
    "/JavaScript": "a script",
    "/Launch": "an action that starts a program",
    "/SubmitForm": "an action that sends data",
    "/ImportData": "an action that reads data",
    "/GoToR": "a link to another file",
    "/GoToE": "a link to an embedded file",
    "/Movie": "a film",
    "/Sound": "a sound",
    "/Rendition": "a film or a sound",
}
_COMMENTS = frozenset({"/Text", "/FreeText", "/Highlight", "/StrikeOut", "/Caret", "/Ink", "/Stamp", "/Squiggly"})


def _active_content(opened: _Opened) -> list[Finding]:
    found: dict[tuple[Severity, str], None] = {}
    for item in opened.pdf.objects:
        for part in parts(item):
            if not isinstance(part, pikepdf.Dictionary | pikepdf.Stream):
                continue
            if (action := _ACTIONS.get(str(part.get("/S", "")))) and "/K" not in part:
                found["error", action] = None
            if "/JS" in part or "/JavaScript" in part:
                found["error", "a script"] = None
            is_file = (
                str(part.get("/Type", "")) == "/EmbeddedFile" or str(part.get("/Subtype", "")) == "/FileAttachment"
            )
            if is_file or "/EmbeddedFiles" in part or "/EF" in part:
                found["error", "an attached file"] = None
            if link := _useless_link(part):
                found["error", f"a link that leads nowhere for its reader: {link}"] = None
            if "/XFA" in part:
                found["error", "a form with a program of its own"] = None
            if str(part.get("/Subtype", "")) in _COMMENTS and "/Rect" in part:
                found["warning", "a reviewer's comment"] = None
    return [
        Finding(severity, opened.file, "", f"The PDF holds {what}.", "Take it out, and build the PDF again.")
        for severity, what in found
    ]


_LINK = re.compile(
    r"(?:https?://(?!localhost\b|127\.|0\.0\.0\.0|\[::1\]|[\w-]+(?::\d+)?(?:/|$))|mailto:|doi:)\S+", re.I
)


def _useless_link(part: pikepdf.Dictionary | pikepdf.Stream) -> str | None:
    """Return the address of a link to this machine or to a file beside the PDF; ``file:`` is found elsewhere."""
    if str(part.get("/S", "")) != "/URI" or not isinstance(address := part.get("/URI"), pikepdf.String):
        return None
    text = str(address).strip()
    return None if _LINK.match(text) or text.casefold().startswith("file:") else shortened(text, 50)


def _missing_pages(opened: _Opened) -> list[Finding]:
    """Find out whether pages were taken out: what is said of their content stays behind."""
    pdf = opened.pdf
    root = pdf.Root.get("/StructTreeRoot")
    pages = {page.obj.objgen for page in pdf.pages}
    found = {page for _, page in _elements(root)} if isinstance(root, pikepdf.Dictionary) else set()
    if lost := len(found - pages - {None}):
        message = f"{lost} page{'s are' if lost > 1 else ' is'} missing: the PDF still describes what was on it."
        return [Finding("error", opened.file, "", message, "Build the PDF again.")]
    return []


def _outside(opened: _Opened) -> list[Finding]:
    """Find what stands in front of the PDF or behind its end: no reader shows it, and everybody receives it."""
    content, file = opened.content, opened.file
    end = content.rfind(b"%%EOF")
    rest = content[: content.find(b"%PDF-")] + (content[end + 5 :] if end >= 0 else b"")
    if not rest.strip(b"\0 \r\n\t\x1a").removeprefix(codecs.BOM_UTF8):
        return []
    text = rest[:4_000_000].decode("latin-1")
    found = [Finding(leak.severity, file, "outside the pages", leak.message, leak.fix) for leak in leaks(text)]
    message = "There is something in front of the PDF or behind its end that no page shows."
    return [Finding("warning", file, "", message, "Export or download the PDF again."), *found]


def _private(opened: _Opened) -> list[Finding]:
    findings = []

    def add(place: str, leak: Leak) -> None:
        findings.append(Finding(leak.severity, opened.file, place, leak.message, leak.fix))

    for number, text in enumerate(opened.read.pages, 1):
        for leak in leaks(text):
            add(f"page {number}", leak)
    for leak in leaks(opened.read.strings, "metadata"):
        add("metadata, links or alternative texts", leak)
    for item in opened.pdf.objects:
        if isinstance(item, pikepdf.Stream) and str(item.get("/Subtype", "")) == "/Image":
            filters = str(item.get("/Filter", ""))
            if "DCT" in filters or "JPX" in filters:
                for field, leak in image_leaks(item.read_raw_bytes()):
                    add(f"image, {field}", leak)
    return findings


_CHECKS: dict[str, Callable[[_Opened], list[Finding]]] = {
    "Whether it is whole": _soundness,
    "Its restrictions": _restrictions,
    "Its metadata": _identity,
    "The size of its pages": _sizes,
    "What its pages show": _empty_pages,
    "What runs off its pages": lambda opened: off_the_page(opened.content, opened.pdf, opened.seen, opened.file),
    "What is left of its sources": _residue,
    "Its missing pages": _missing_pages,
    "Its fonts": _fonts,
    "Its alternative texts": _alternatives,
    "Its scripts and attachments": _active_content,
    "What it promises": lambda opened: broken_promises(opened.content, opened.read, opened.file),
    "What is private in it": _private,
    "What lies outside its pages": _outside,
}
