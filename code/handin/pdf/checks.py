"""Checks a PDF: whole, complete, readable by everybody, without residue of its sources and nothing private in it.

Whether it is damaged is judged by what a viewer shows, not by its form: real programs write much that breaks the rules
and that every viewer reads.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pikepdf
import pypdfium2

from handin.findings import Finding, Said, Severity, of_file
from handin.kinds import looks_like
from handin.pdf.edges import POINTS_A_MM, off_the_page
from handin.pdf.letters import angle_of, characters, fonts_of
from handin.pdf.producers import producer_of
from handin.pdf.reading import MARGIN, UNREADABLE, Opened, Pdf, items, parts, read_pdf
from handin.pdf.soundness import DOWNLOAD, damage, drawn, draws_without_end, font_files, is_bomb
from handin.private.files import image_leaks
from handin.private.rules import REVOKE
from handin.private.text import leaks
from handin.text import shortened

MOST_PAGES = 500
MOST_NODES = 500_000
SMALLEST_PAGE, LARGEST_PAGE = 50, 595
"""The shortest and the longest side, in mm, that a page may have: a slide for a screen has, and A2 has."""

RESOLVE = (
    "LaTeX: look whether the label or key exists, run BibTeX or Biber, and LaTeX twice; Word: press Ctrl+A and F9, "
    "or set the cross-reference again; else build the PDF again."
)
LETTERS = "Choose a font that has it (matplotlib: rcParams['font.family']; LaTeX: fontspec), or write it otherwise."
BUILD_AGAIN = "Build the PDF again; correct its source where that does not help."


def check_pdf_content(content: bytes, file: str) -> tuple[Pdf | None, list[Finding]]:
    """Check everything about a PDF that needs no other file; return what was read, if anything, and what is wrong."""

    def broken(message: str, fix: str = DOWNLOAD) -> tuple[None, list[Finding]]:
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
            if not len(pdf.pages):
                return broken("It is damaged: it has no pages.")
            if len(pdf.pages) > MOST_PAGES:
                message = f"It has {len(pdf.pages)} pages, and more than {MOST_PAGES} are not looked at."
                return broken(message, "Hand in the report alone.")
            if draws_without_end(pdf):
                return broken("Its drawings repeat one another millions of times: a bomb.", "Build it again.")
            opened = Opened(content, pdf, seen, read_pdf(pdf, seen))
            return opened.read, list(of_file(file, _examined(opened)))
    except pikepdf.PasswordError:
        return broken("It is encrypted: nobody can open it without a password.", "Save it without a password.")
    except UNREADABLE as error:
        return broken(f"It is damaged, and viewers cannot open it ({_reason(str(error))}).")


def _reason(text: str) -> str:
    """Take what qpdf says of a file that it reads from memory, without the object's address."""
    return shortened(re.sub(r"^(?:WARNING: |ERROR: )*(?:stream )?<[^>]*>:? ?", "", text), 80)


def _examined(opened: Opened) -> Iterator[Said]:
    """Make every check; one that a strange structure stops does not stop the others."""
    unlooked = "could not be looked at: the file is built in an unusual way"
    fix = "Look yourself, or export the PDF again from its program."
    yield from (("warning", "", f"{what} {unlooked}.", fix) for what in opened.read.unread)
    for what, check in _CHECKS.items():
        try:
            yield from check(opened)
        except UNREADABLE as error:
            yield "warning", "", f"{what} {unlooked} ({_reason(str(error))}).", fix


def _restrictions(opened: Opened) -> Iterator[Said]:
    if opened.pdf.is_encrypted:
        message = "It is encrypted: it opens without a password, but with restrictions (no copying, no reading aloud)."
        yield "error", "", message, "Save it without a password and without restrictions."


_A_PROGRAMS_TITLE = re.compile(
    r"(?:untitled|document|presentation|slide)[\s\d]*|powerpoint presentation|microsoft \w+ - .*"
    r"|[^\s/]+\.(?:docx?|odt|pages|tex|md|qmd|ipynb|pptx?|html?)",
    re.IGNORECASE,
)


def _identity(opened: Opened) -> Iterator[Said]:
    """Title, language, and what the PDF says of itself."""
    place, producer, claims = "metadata", producer_of(opened.read.info), opened.read.metadata
    if not opened.read.title:
        yield "error", place, "The PDF has no title.", producer.title
    elif _A_PROGRAMS_TITLE.fullmatch(opened.read.title):
        message = f"The PDF's title is what a program gave it: {shortened(opened.read.title, 40)}"
        yield "warning", place, message, producer.title
    if not str(opened.pdf.Root.get("/Lang", "")).strip():
        yield "error", place, "The PDF does not say in which language it is written.", producer.language
    if not claims.get("pdfuaid:part"):
        yield "warning", place, "The PDF does not claim to be readable by everybody (PDF/UA).", producer.tags
    if not claims.get("pdfaid:part"):
        yield "warning", place, "The PDF does not claim to be fit for keeping (PDF/A).", producer.kept


def _sizes(opened: Opened) -> Iterator[Said]:
    """Find the pages of a size that no sheet has."""
    for number, page in enumerate(opened.pdf.pages, 1):
        scale = float(page.obj.get("/UserUnit", 1)) / POINTS_A_MM
        for box in (page.mediabox, page.cropbox):
            left, bottom, right, top = (float(side) * scale for side in box)
            width, height = abs(right - left), abs(top - bottom)
            if min(width, height) < SMALLEST_PAGE or max(width, height) > LARGEST_PAGE:
                message = f"The page is {width:.0f} × {height:.0f} mm large."
                yield "error", f"page {number}", message, "Build it for A4 paper."
                break


def _turned(opened: Opened) -> Iterator[Said]:
    """Find the pages whose text lies on its side as they come up; a turned page may well show upright text."""
    for number in range(1, len(opened.seen) + 1):
        page = opened.seen[number - 1]
        if angle := angle_of(page):
            how = "stands on its head" if angle == 180 else f"lies on its side (turned by {angle}°)"
            fix = "Turn the page in the PDF's program, and save it; LaTeX: the package pdflscape turns wide pages."
            severity: Severity = "error" if page.get_rotation() else "warning"  # LaTeX's sidewaystable is meant so
            yield severity, f"page {number}", f"Most of the text on the page {how}.", fix


def _empty_pages(opened: Opened) -> Iterator[Said]:
    """Draw every page; find those that cannot be drawn, and those on which nothing is."""
    for number in range(1, len(opened.seen) + 1):
        place = f"page {number}"
        try:
            page = opened.seen[number - 1]
            width, height = page.get_size()
            image = page.render(scale=min(300 / max(width, height, 1), 4), grayscale=True).to_pil()
        except UNREADABLE:
            yield "error", place, "The PDF is damaged: the page cannot be drawn.", DOWNLOAD
            continue
        inner = image.crop((0, round(image.height * MARGIN), image.width, round(image.height * (1 - MARGIN))))
        low, high = inner.getextrema()
        if high - low < 8 and not _own_words(opened.read.pages, number):
            yield "error", place, "The page is empty.", "Take out the page break in front of it."
        elif not opened.read.pages[number - 1].strip():
            fix = "Export the text itself; do not hand in photographs, scans or screenshots of pages."
            yield "warning", place, "The page has no text that can be selected or read aloud.", fix


def _own_words(pages: Sequence[str], number: int) -> set[str]:
    """Return the lines of a page that are no page number, and stand on no other page."""

    def lines(page: str) -> set[str]:
        found = {re.sub(r"[\d\W_]+|\b[ivxlc]+\b", "", line) for line in page.splitlines()}
        return {line for line in found if line}

    others = set[str]().union(*(lines(page) for other, page in enumerate(pages, 1) if other != number))
    return lines(pages[number - 1]) - others


_NOT_FOUND = (
    "(?i:reference|bookmark|text of specified style|table of contents"
    "|verweisquelle|textmarke|formatvorlage|inhaltsverzeichnis"
    "|source du renvoi|signet|texte répondant|table des matières"
    "|referencia|marcador|estilo|tabla de|verwijzingsbron|bladwijzer|opmaakprofiel|inhoudsopgave"
    "|riferimento|segnalibro|stile|sommario|referência|indicador|índice)"
)
"""What Word says, in its languages, that it cannot find."""

_RESIDUE = {
    "a reference, variable or citation that could not be resolved": re.compile(
        r"\?@[\w-]+|\?(?:var|meta):[\w.]+|(?<!\w)\?\?+|\[\?(?:[,;] ?[^\]\n]{1,40})?\]"
        r"|\((?P<bold>\?)(?:[,;] ?[^)\n]{1,40})?\)"
        r"|\{\{<|>\}\}|\([a-z][a-z_:-]{0,80}\d{4}[a-z]?\?\)"
        r"|\?(?:fig|tbl|eq|sec)-[\w-]+"
        r"|(?<!\S)(?P<alone>\?)(?=[\s,.;:)\]]|$)|\(author\?\)"
        rf"|(?:¡?Error|Fehler|Erreur|Fout|Erro)\s?!\s[^.!]{{0,60}}?\b(?:{_NOT_FOUND})[^.!\n]{{0,60}}"
        rf"|Errore\.\s[^.!]{{0,20}}?\b(?:{_NOT_FOUND})[^.!\n]{{0,60}}"
        r"|Error:\sReference\ssource\snot\sfound|Fehler:\s(?:Verweis|Referenz)\w*\snicht\sgefunden"
        r"|Erreur\s?:\s(?i:source\sde\sla\sréférence)\snon\strouvée"
    ),
    "raw TeX, Markdown or HTML": re.compile(
        r"\\[A-Za-z]{2,}|\$\$|\$[^$\n]*[\\^_][^$\n]*\$"
        r"|(?<!\w)\*\*[A-Za-z](?:[^*\n]{0,80}[\w.])?\*\*(?!\w)"
        r"|(?<![\w\])])\[[^\]\n]+\]\((?:https?://|#|\.?/)[^)\s]*\)"
        r"|^#{2,6} \S.*$|^:{3,}.*$|^```.*$"
        r"|\{#(?:fig|tbl|eq|sec|lst)-[\w-]+|(?<![\w@.?])@(?:fig|tbl|eq|sec|lst)-[\w-]+|\[-?@[\w:-]+\]"
        r"|</?(?:div|span|br|p|img|table|tr|td|sub|sup|b|i|em|strong)\b[^>\n]*>",
        re.MULTILINE,
    ),
}


def _residue(opened: Opened) -> Iterator[Said]:
    """Find what should have become something else; code, in a font of fixed width, may hold anything."""
    for number, text in enumerate(opened.read.pages, 1):
        for what, pattern in _RESIDUE.items():
            if not pattern.search(text):
                continue
            letters = characters(opened.seen[number - 1])
            for match in pattern.finditer(letters.text):
                if match.lastgroup == "bold" and letters.fonts[match.start()] == letters.fonts[match.start("bold")]:
                    continue  # an author's own question mark: LaTeX prints its own in bold
                if match.lastgroup == "alone" and not letters.is_set_apart(match.start()):
                    continue
                places = range(match.start(), match.end())
                if not all(letters.text[place].isspace() or letters.fonts[place] in letters.fixed for place in places):
                    message = f"There is {what}: {shortened(match.group(), 40)}"
                    yield "error", f"page {number}", message, RESOLVE if "resolved" in what else BUILD_AGAIN


def _fonts(opened: Opened) -> Iterator[Said]:
    """Find the fonts that the letters on the pages have and that the file does not carry; a list of fonts is no use."""
    missing: dict[str, int] = {}
    seen: set[tuple[int, int]] = set()
    listed = [item for page in opened.pdf.pages for item in drawn(page, seen) if isinstance(item, pikepdf.Dictionary)]
    listed = [font for font in listed if str(font.get("/Subtype", "")) != "/Type3"]  # its letters are drawings
    names = [font.get("/BaseFont") for font in listed]  # need not be Unicode
    if all(map(font_files, listed)) and not any(
        isinstance(name, pikepdf.Name) and b"LastResort" in name.unparse() for name in names
    ):
        return  # looking at every letter takes its time
    for number in range(1, len(opened.seen) + 1):
        for name, is_embedded in fonts_of(opened.seen[number - 1]):
            if not is_embedded:
                missing.setdefault(name, number)
            if "LastResort" in name:
                message = "The font lacks a letter of a text or figure, which shows as a box."
                yield "error", f"page {number}", message, LETTERS
    fix = producer_of(opened.read.info).fonts
    for name, number in missing.items():
        yield "error", f"page {number}", f"The font {shortened(name)} is not embedded.", fix


_POOR = re.compile(
    r"(?:figure|image|picture|diagram|plot|graph|chart|alt|untitled)?\s*\d*|\S+\.(?:png|svg|jpe?g|pdf|gif)", re.I
)


def _alternatives(opened: Opened) -> Iterator[Said]:
    """Every figure and formula in the structure tree has an alternative text."""
    pdf, root, producer = opened.pdf, opened.pdf.Root.get("/StructTreeRoot"), producer_of(opened.read.info)
    if not isinstance(root, pikepdf.Dictionary):
        message = "The PDF is not tagged, so its figures and formulas have no alternative text."
        yield "error", "", message, producer.tags
        return
    numbers = {page.obj.objgen: number for number, page in enumerate(pdf.pages, 1)}
    roles = root.get("/RoleMap")
    described: set[tuple[int, int] | None] = set()
    for element, on in _elements(pdf):
        described.add(on)
        kind = str(element.get("/S", ""))
        if isinstance(roles, pikepdf.Dictionary) and kind.startswith("/"):
            kind = str(roles.get(kind, kind))
        if kind not in ("/Figure", "/Formula"):
            continue
        place = f"page {numbers[on]}" if on in numbers else ""
        what = kind[1:].lower()
        alternative = str(element.get("/Alt", "") or element.get("/ActualText", "")).strip()
        if not alternative:
            fix = producer.alternative if what == "figure" else BUILD_AGAIN
            yield "error", place, f"A {what} has no alternative text.", fix
        elif what == "figure" and _POOR.fullmatch(alternative):
            message = f"The alternative text of a figure says nothing: {shortened(alternative)}"
            yield "warning", place, message, f"Say there what the figure shows. {producer.alternative}"
    for number, page in enumerate(pdf.pages, 1):
        if ("/StructParents" in page.obj or not described) and page.obj.objgen not in described:
            message = "The PDF's tags do not describe this page, so its figures and formulas have no alternative text."
            yield "error", f"page {number}", message, BUILD_AGAIN


def _elements(pdf: pikepdf.Pdf) -> Iterator[tuple[pikepdf.Dictionary, tuple[int, int] | None]]:
    """Walk the structure tree and yield each element with the page that it, or the one around it, lies on."""
    waiting: list[tuple[Any, Any]] = [(pdf.Root.get("/StructTreeRoot"), None)]
    seen: set[tuple[int, int]] = set()
    while waiting and len(seen) < MOST_NODES:
        node, page = waiting.pop()
        waiting += [(child, page) for child in reversed(items(node))]
        if isinstance(node, pikepdf.Dictionary) and not (node.is_indirect and node.objgen in seen):
            seen.add(node.objgen)
            own = node.get("/Pg")
            page = own.objgen if isinstance(own, pikepdf.Dictionary) else page
            if "/S" in node:
                yield node, page if page is not None else _first_page(node)
            waiting.append((node.get("/K"), page))


def _first_page(node: pikepdf.Dictionary) -> tuple[int, int] | None:
    for _ in range(50):
        child = next(iter(items(node.get("/K"))), node.get("/K"))
        if not isinstance(child, pikepdf.Dictionary):
            return None
        if isinstance(page := child.get("/Pg"), pikepdf.Dictionary):
            return page.objgen
        node = child
    return None


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
_LINK = re.compile(  # not to this machine, nor to a file beside the PDF; file: is found elsewhere
    r"(?:(?:https?|ftps?)://(?!localhost\b|127\.|0\.0\.0\.0|\[::1\]|[\w-]+(?::\d+)?(?:/|$))|mailto:|tel:|doi:)\S+|file:",
    re.I,
)
_ATTACHED = "an attached file"
_COMMENTS = frozenset(
    {
        "/Text",
        "/FreeText",
        "/Highlight",
        "/StrikeOut",
        "/Caret",
        "/Ink",
        "/Stamp",
        "/Squiggly",
        "/Underline",
        "/Square",
        "/Circle",
        "/Line",
        "/Polygon",
        "/PolyLine",
    }
)


def _active_content(opened: Opened) -> Iterator[Said]:
    found: dict[tuple[str, Severity, str], None] = {}
    for number, page in enumerate(opened.pdf.pages, 1):
        for part in _annotation_parts(page):
            found.update(((f"page {number}", severity, what), None) for severity, what in _active(part))
    on_pages = {what for _, _, what in found}
    elsewhere = (each for item in opened.pdf.objects for part in parts(item) for each in _active(part))
    found.update((("", severity, what), None) for severity, what in elsewhere if what not in on_pages)
    is_named = any(what.startswith(f"{_ATTACHED} (") for _, _, what in found)
    for place, severity, what in found:
        if what != _ATTACHED or not is_named:
            yield severity, place, f"The PDF holds {what}.", "Take it out, and build the PDF again."


def _annotation_parts(page: pikepdf.Page) -> Iterator[Any]:
    """Yield what the annotations of a page are made of, with their actions and files."""
    for annotation in items(page.obj.get("/Annots")):
        if isinstance(annotation, pikepdf.Dictionary):
            yield from parts(annotation)
            for key in ("/A", "/FS"):
                if getattr(annotation.get(key), "is_indirect", False):
                    yield from parts(annotation.get(key))


def _active(part: Any) -> Iterator[tuple[Severity, str]]:
    """Say what a part of a PDF is that a PDF to be read should not hold."""
    if not isinstance(part, pikepdf.Dictionary | pikepdf.Stream):
        return
    action, kind = str(part.get("/S", "")), str(part.get("/Subtype", ""))
    if action in _ACTIONS and "/K" not in part:
        yield "error", _ACTIONS[action]
    if "/JS" in part or "/JavaScript" in part:
        yield "error", "a script"
    if "/EF" in part and (name := str(part.get("/UF", "") or part.get("/F", ""))):
        yield "error", f"{_ATTACHED} ({shortened(name, 50)})"
    elif str(part.get("/Type", "")) == "/EmbeddedFile" or "/EmbeddedFiles" in part or "/EF" in part:
        yield "error", _ATTACHED
    address = part.get("/URI") if action == "/URI" else None
    if isinstance(address, pikepdf.String) and not _LINK.match(link := str(address).strip()):
        yield "error", f"a link that leads nowhere for its reader: {shortened(link, 50)}"
    if "/XFA" in part:
        yield "error", "a form with a program of its own"
    if kind in _COMMENTS and "/Rect" in part:
        yield "warning", "a reviewer's comment"


def _missing_pages(opened: Opened) -> Iterator[Said]:
    """Find out whether pages were taken out: what is said of their content stays behind."""
    described = {page for _, page in _elements(opened.pdf)}
    if lost := len(described - {page.obj.objgen for page in opened.pdf.pages} - {None}):
        message = f"{lost} page{'s are' if lost > 1 else ' is'} missing: the PDF still describes what was on it."
        yield "error", "", message, "Build the PDF again."


def _promises(opened: Opened) -> Iterator[Said]:
    """Hold a PDF to the standards that it claims to follow, by a validator that is not ours, after veraPDF's rules.

    It is a warning for each standard: the validator is young, so it never keeps a submission back.
    """
    import page

    claims = opened.read.metadata
    accessible, kept = claims.get("pdfuaid:part", ""), claims.get("pdfaid:part", "")
    kept += claims.get("pdfaid:conformance", "").lower()
    for name, profile in ((f"PDF/UA-{accessible}", f"ua{accessible}"), (f"PDF/A-{kept}", kept)):
        if not re.fullmatch(r"ua\d|\d[abu]?", profile):
            continue
        try:
            found = page.validate_pdf_bytes(opened.content, profile=profile).failures
        except (page.PageError, ValueError):  # a part of the standard, or a file, that it does not know
            continue
        # Where a stream's last byte happens to be a carriage return, the validator counts it out.
        failures = [failure for failure in found if not failure.rule_id.endswith("STREAM-LENGTH-001")]
        rules = list(dict.fromkeys(failure.rule_id for failure in failures))
        if rules:
            more = f", and {len(rules) - 1} more of its rules" if len(rules) > 1 else ""
            reason = shortened(failures[0].message.rstrip("."), 110)
            message = f"It says that it follows {name}, and does not ({rules[0]}: {reason}{more})."
            fix = "Export it again: a program that changed it afterwards, such as Preview, may have broken it."
            yield "warning", "", message, fix


def _outside(opened: Opened) -> Iterator[Said]:
    """Find what stands in front of the PDF or behind its end: no reader shows it, and everybody receives it."""
    content = opened.content
    end = content.rfind(b"%%EOF")
    rest = content[: content.find(b"%PDF-")] + (content[end + 5 :] if end >= 0 else b"")
    if rest.strip(b"\0 \r\n\t\x1a").removeprefix(codecs.BOM_UTF8):
        message = "There is something in front of the PDF or behind its end that no page shows."
        yield "warning", "", message, "Export or download the PDF again."
        for leak in leaks(rest[:4_000_000].decode("latin-1")):
            yield leak.at("outside the pages")


_TAKE_OUT = (
    "Take it out of the document's properties, links or alternative texts (Word writes a picture's path there), and "
    "export it again."
)


def _private(opened: Opened) -> Iterator[Said]:
    for number, text in enumerate(opened.read.pages, 1):
        for leak in leaks(text):
            yield leak.at(f"page {number}")
    for leak in leaks(opened.read.strings):
        fix = leak.fix if leak.fix == REVOKE else _TAKE_OUT
        yield replace(leak, fix=fix).at("metadata, links or alternative texts")
    for item in opened.pdf.objects:
        if isinstance(item, pikepdf.Stream) and str(item.get("/Subtype", "")) == "/Image":
            filters = str(item.get("/Filter", ""))
            if "DCT" in filters or "JPX" in filters:
                for field, leak in image_leaks(item.read_raw_bytes()):
                    yield leak.at("image", field)


_CHECKS: dict[str, Callable[[Opened], Iterator[Said]]] = {
    "Whether it is whole": damage,
    "Its restrictions": _restrictions,
    "Its metadata": _identity,
    "The size of its pages": _sizes,
    "Which way up its pages are": _turned,
    "What its pages show": _empty_pages,
    "What runs off its pages": off_the_page,
    "What is left of its sources": _residue,
    "Its missing pages": _missing_pages,
    "Its fonts": _fonts,
    "Its alternative texts": _alternatives,
    "Its scripts and attachments": _active_content,
    "What it promises": _promises,
    "What is private in it": _private,
    "What lies outside its pages": _outside,
}
