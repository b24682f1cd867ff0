"""Checks a PDF: sound, complete, readable by everybody, without residue of its sources and nothing private in it."""

from __future__ import annotations

import ctypes
import io
import re
from collections.abc import Iterator
from typing import Any

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium

from handin.findings import Finding, Severity, shortened
from handin.pdf.reading import MARGIN, Pdf, is_bomb, parts, read_pdf
from handin.private import Leak, image_leaks, leaks

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
)
"""What the two libraries raise on files that break the rules in ways that they do not expect."""

BUILD_AGAIN = "Build the PDF again; mend its source where that does not help."


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
    again = "Build the PDF again."

    def broken(message: str, mend: str = again) -> tuple[None, list[Finding]]:
        return None, [Finding("error", file, "", message, mend)]

    if b"%PDF-" not in content[:1024]:
        return broken("It is no PDF.")
    if is_bomb(content):
        return broken("It grows to hundreds of megabytes when it is opened: a bomb.", "Do not open it; build it again.")
    try:
        with pikepdf.open(io.BytesIO(content), attempt_recovery=False) as pdf:
            if pdf.is_encrypted:
                return broken("It is encrypted.", "Save it without a password and without restrictions.")
            problems = [text for text in pdf.check_pdf_syntax() if "linearization" not in text.casefold()]
            if problems:
                return broken(f"It is damaged ({_reason(str(problems[0]))}).")
            if not 1 <= len(pdf.pages) <= MOST_PAGES:
                return broken(f"It has {len(pdf.pages)} pages.")
            with pypdfium2.PdfDocument(content) as seen:
                if len(seen) != len(pdf.pages):
                    return broken("Two readers count different numbers of pages in it: it is damaged.")
                read, findings = _examined(pdf, seen, file)
                return read, [*findings, *_outside(content, file)]
    except pikepdf.PasswordError:
        return broken("It is encrypted.", "Save it without a password and without restrictions.")
    except _UNREADABLE as error:
        # Whatever stops the reading, the file is not one that a marker should be sent.
        return broken(f"It is damaged ({_reason(str(error))}).")


def _reason(text: str) -> str:
    """Take what qpdf says of a file that it reads from memory, without the object's address."""
    return shortened(re.sub(r"^(?:WARNING: |ERROR: )*(?:stream )?<[^>]*>:? ?", "", text), 80)


def _examined(pdf: pikepdf.Pdf, seen: pypdfium2.PdfDocument, file: str) -> tuple[Pdf, list[Finding]]:
    read = read_pdf(pdf, seen)
    findings = [
        *_identity(pdf, read, file),
        *_sizes(pdf, file),
        *_empty_pages(seen, read.pages, file),
        *_residue(seen, read.pages, file),
        *_missing_pages(pdf, file),
        *_fonts(pdf, file),
        *_alternatives(pdf, file),
        *_active_content(pdf, file),
        *_private(pdf, read, file),
    ]
    return read, findings


def _identity(pdf: pikepdf.Pdf, read: Pdf, file: str) -> list[Finding]:
    """Title, language, and what the PDF says of itself."""
    findings = []

    def add(severity: Severity, message: str, mend: str) -> None:
        findings.append(Finding(severity, file, "metadata", message, mend))

    if not read.title:
        add("error", "The PDF has no title.", "Set `title` in the document's front matter.")
    if not str(pdf.Root.get("/Lang", "")).strip():
        add(
            "error",
            "The PDF does not say in which language it is written.",
            "Set `lang` in the document's front matter.",
        )
    if not read.metadata.get("pdfuaid:part"):
        add(
            "warning",
            "The PDF does not claim to be readable by everybody (PDF/UA).",
            "Build it with pdf-standard ua-1.",
        )
    if not read.metadata.get("pdfaid:part"):
        add("warning", "The PDF does not claim to be fit for keeping (PDF/A).", "Build it with pdf-standard a-2a.")
    return findings


def _sizes(pdf: pikepdf.Pdf, file: str) -> list[Finding]:
    """Find the pages that a marker cannot read as they come up: turned, or of a size that no sheet has."""
    findings = []
    for number, page in enumerate(pdf.pages, 1):
        if turned := page.rotation % 360:
            message = f"The page is turned by {turned}°."
            findings.append(Finding("error", file, f"page {number}", message, "Save it upright."))
        scale = float(page.obj.get("/UserUnit", 1)) * 25.4 / 72
        for box in (page.mediabox, page.cropbox):
            left, bottom, right, top = (float(side) for side in box)
            width, height = abs(right - left) * scale, abs(top - bottom) * scale
            if min(width, height) < SMALLEST_PAGE or max(width, height) > LARGEST_PAGE:
                message = f"The page is {width:.0f} × {height:.0f} mm large."
                findings.append(Finding("error", file, f"page {number}", message, "Build it for A4 paper."))
                break
    return findings


def _empty_pages(seen: pypdfium2.PdfDocument, pages: tuple[str, ...], file: str) -> list[Finding]:
    """Find the pages on which nothing is drawn between running head and page number."""
    findings = []
    for number, page in enumerate(seen, 1):
        width, height = page.get_size()
        image = page.render(scale=min(300 / max(width, height, 1), 4), grayscale=True).to_pil()
        inner = image.crop((0, round(image.height * MARGIN), image.width, round(image.height * (1 - MARGIN))))
        low, high = inner.getextrema()
        if high - low < 8:
            message = "The page is empty."
            findings.append(
                Finding("error", file, f"page {number}", message, "Take out the page break in front of it.")
            )
        elif not pages[number - 1].strip():
            message = "The page has no text that can be selected or read aloud."
            findings.append(Finding("warning", file, f"page {number}", message, "Do not hand in pictures of pages."))
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


def _residue(seen: pypdfium2.PdfDocument, pages: tuple[str, ...], file: str) -> list[Finding]:
    """Find what should have become something else; code, in a font of fixed width, may hold anything."""
    findings = []
    for number, text in enumerate(pages, 1):
        for pattern, what in (
            (_UNRESOLVED, "a reference, variable or citation that could not be resolved"),
            (_RAW, "raw TeX, Markdown or HTML"),
        ):
            if not pattern.search(text):
                continue
            exact, is_code = _characters(seen[number - 1])
            for match in pattern.finditer(exact):
                if not all(is_code[match.start() : match.end()]):
                    message = f"There is {what}: {shortened(match.group(), 40)}"
                    findings.append(Finding("error", file, f"page {number}", message, BUILD_AGAIN))
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


def _fonts(pdf: pikepdf.Pdf, file: str) -> list[Finding]:
    missing: dict[str, int] = {}
    seen: set[tuple[int, int]] = set()
    for number, page in enumerate(pdf.pages, 1):
        appearances = [
            annotation.get("/AP", {}).get("/N")
            for annotation in _items(page.obj.get("/Annots"))
            if isinstance(annotation, pikepdf.Dictionary) and isinstance(annotation.get("/AP", {}), pikepdf.Dictionary)
        ]
        holders = [
            page.resources,
            *(stream.get("/Resources") for stream in appearances if isinstance(stream, pikepdf.Stream)),
        ]
        for font in _used_fonts(holders, seen):
            if not _is_embedded(font):
                missing.setdefault(str(font.get("/BaseFont", "without a name")).lstrip("/"), number)
    return [
        Finding("error", file, f"page {number}", f"The font {shortened(name)} is not embedded.", "Embed all fonts.")
        for name, number in missing.items()
    ]


def _items(value: Any) -> list[Any]:
    return list(value) if isinstance(value, pikepdf.Array) else []


def _used_fonts(holders: list[Any], seen: set[tuple[int, int]]) -> Iterator[pikepdf.Dictionary]:
    """Walk through resources, those of forms and patterns too, and yield each font once."""
    while holders:
        resources = holders.pop()
        if not isinstance(resources, pikepdf.Dictionary):
            continue
        if resources.is_indirect:
            if resources.objgen in seen:
                continue
            seen.add(resources.objgen)
        fonts = resources.get("/Font")
        for font in fonts.values() if isinstance(fonts, pikepdf.Dictionary) else ():
            if isinstance(font, pikepdf.Dictionary) and (not font.is_indirect or font.objgen not in seen):
                seen.add(font.objgen)
                yield font
                holders.append(font.get("/Resources"))
        for kind in ("/XObject", "/Pattern"):
            group = resources.get(kind)
            for stream in group.values() if isinstance(group, pikepdf.Dictionary) else ():
                if isinstance(stream, pikepdf.Stream) and stream.objgen not in seen:
                    seen.add(stream.objgen)
                    holders.append(stream.get("/Resources"))


def _is_embedded(font: pikepdf.Dictionary) -> bool:
    kind = str(font.get("/Subtype", ""))
    if kind == "/Type3":
        return True
    if kind == "/Type0":
        descendants = _items(font.get("/DescendantFonts"))
        return bool(descendants) and isinstance(descendants[0], pikepdf.Dictionary) and _is_embedded(descendants[0])
    descriptor = font.get("/FontDescriptor")
    return isinstance(descriptor, pikepdf.Dictionary) and any(
        isinstance(descriptor.get(key), pikepdf.Stream) for key in ("/FontFile", "/FontFile2", "/FontFile3")
    )


_POOR = re.compile(
    r"(?:figure|image|picture|diagram|plot|graph|chart|alt|untitled)?\s*\d*|\S+\.(?:png|svg|jpe?g|pdf|gif)", re.I
)


def _alternatives(pdf: pikepdf.Pdf, file: str) -> list[Finding]:
    """Every figure and formula in the structure tree has an alternative text."""
    root = pdf.Root.get("/StructTreeRoot")
    if not isinstance(root, pikepdf.Dictionary):
        message = "The PDF is not tagged, so its figures and formulas have no alternative text."
        return [Finding("error", file, "", message, "Build it as a tagged PDF (pdf-standard ua-1).")]
    numbers = {page.obj.objgen: number for number, page in enumerate(pdf.pages, 1)}
    roles = root.get("/RoleMap")
    findings, described = [], set()
    for element, page in _elements(root):
        described.add(page)
        kind = str(element.get("/S", ""))
        if isinstance(roles, pikepdf.Dictionary):
            kind = str(roles.get(kind, kind)) if kind.startswith("/") else kind
        if kind not in ("/Figure", "/Formula"):
            continue
        place = f"page {numbers[page]}" if page in numbers else ""
        what = kind[1:].lower()
        alternative = str(element.get("/Alt", "") or element.get("/ActualText", "")).strip()
        if not alternative:
            mend = "Give the image `fig-alt`." if what == "figure" else BUILD_AGAIN
            findings.append(Finding("error", file, place, f"A {what} has no alternative text.", mend))
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


def _active_content(pdf: pikepdf.Pdf, file: str) -> list[Finding]:
    found: dict[tuple[Severity, str], None] = {}
    for item in pdf.objects:
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
        Finding(severity, file, "", f"The PDF holds {what}.", "Take it out, and build the PDF again.")
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


def _missing_pages(pdf: pikepdf.Pdf, file: str) -> list[Finding]:
    """Find out whether pages were taken out: what is said of their content stays behind."""
    root = pdf.Root.get("/StructTreeRoot")
    pages = {page.obj.objgen for page in pdf.pages}
    found = {page for _, page in _elements(root)} if isinstance(root, pikepdf.Dictionary) else set()
    if lost := len(found - pages - {None}):
        message = f"{lost} page{'s are' if lost > 1 else ' is'} missing: the PDF still describes what was on it."
        return [Finding("error", file, "", message, "Build the PDF again.")]
    return []


def _outside(content: bytes, file: str) -> list[Finding]:
    """Find what stands in front of the PDF or behind its end: no reader shows it, and everybody receives it."""
    rest = content[: content.find(b"%PDF-")] + content[content.rfind(b"%%EOF") + 5 :]
    if not rest.strip(b"\0 \r\n\t"):
        return []
    text = rest[:4_000_000].decode("latin-1")
    found = [Finding(leak.severity, file, "outside the pages", leak.message, leak.mend) for leak in leaks(text)]
    message = "There is something in front of the PDF or behind its end that no page shows."
    return [Finding("warning", file, "", message, "Build the PDF again."), *found]


def _private(pdf: pikepdf.Pdf, read: Pdf, file: str) -> list[Finding]:
    findings = []

    def add(place: str, leak: Leak) -> None:
        findings.append(Finding(leak.severity, file, place, leak.message, leak.mend))

    for number, text in enumerate(read.pages, 1):
        for leak in leaks(text):
            add(f"page {number}", leak)
    for leak in leaks(read.strings, "metadata"):
        add("metadata, links or alternative texts", leak)
    for item in pdf.objects:
        if isinstance(item, pikepdf.Stream) and str(item.get("/Subtype", "")) == "/Image":
            filters = str(item.get("/Filter", ""))
            if "DCT" in filters or "JPX" in filters:
                for field, leak in image_leaks(item.read_raw_bytes()):
                    add(f"image, {field}", leak)
    return findings
