"""Refuses what the built-in renderer does not set, so that nothing is dropped or set wrongly without a word.

Where the format makes a promise (PDF/UA), all of it is refused. Elsewhere what only looks different in print is told to
the author in a warning, and what would be lost is refused.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from press.source import paragraphs, shortcodes
from press.source.judging import Judge
from press.source.paragraphs import DIV
from press.source.qmd import FLOATS, THEOREMS, Document, Kind, Line
from press.source.scanning import texts, without_mathematics

DIV_CLASSES = frozenset("callout-note callout-tip callout-important callout-warning callout-caution cell".split())
DIV_ATTRIBUTES = frozenset(
    "title name icon appearance collapse layout-ncol layout-nrow layout fig-alt fig-cap fig-align tbl-colwidths width "
    "when-format unless-format".split()
)
IMAGE_ATTRIBUTES = frozenset("fig-alt alt width height".split())
IMAGE = re.compile(
    r"!\[(?P<caption>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<file>[^()\s]*)(?:\s+\"[^\"]*\")?\)"
    r"(?P<attributes>\{(?:[^{}]|\{\{<.*?>\}\})*\})?"
)
"""An image; its attributes may hold shortcodes."""
QUARTOS_BLOCKS = re.compile(r"aside|hidden|content-(visible|hidden)|column-[\w-]+|panel-[\w-]+")
"""Classes by which Quarto moves, hides or folds a piece of text; any other class changes nothing in print."""

_ANNOTATION = re.compile(r"(?:#|//|--|%)\s*<\d+>\s*$")
_SPAN = re.compile(r"\]\{([^{}]*)\}")
_NOTE_MARK = re.compile(r"\[\^([^\s\]]+)\](?!:)")
_NOTE = re.compile(r"\s*\[\^([^\s\]]+)\]:")
_TAG = re.compile(r"</?([A-Za-z][\w-]*)(?:\s[^<>]*)?/?>")
_ENVIRONMENT = re.compile(r"\\begin\{(align|equation|gather|multline|eqnarray|alignat|flalign)\*?\}")
_COMMAND = re.compile(r"\\(begin|textbf|textit|emph|cite[pt]?|ref|eqref|newpage|vspace|hspace|footnote|input|label)\b")
LAYOUT_COMMANDS = re.compile(
    r"\\(?:noindent|vspace|hspace|bigskip|medskip|smallskip|hfill|vfill|centering|raggedright|small|footnotesize|large|"
    r"Large|normalsize|FloatBarrier|appendix|tableofcontents|listoffigures|listoftables|setlength|setcounter|"
    r"doublespacing|singlespacing|onehalfspacing|thispagestyle|pagestyle|pagenumbering|maketitle|begingroup|endgroup|"
    r"usepackage|linenumbers|scriptsize|tiny|phantomsection|addcontentsline|hypersetup)\b\*?(?:\[[^\]]*\])?(?:\{[^{}]*\})*"
)
"""What asks for a look or a place, which another renderer does not have to follow."""
TAGS = frozenset("br sub sup b strong i em u s del code kbd mark span small div p a center hr".split())
"""What pandoc's reader or a filter makes into what the tags say; any other tag would leave its text alone."""
LOST_TAGS = frozenset("img table iframe video audio svg canvas object embed script input".split())


def refuse_unsupported(document: Document, *, strict: bool = True) -> None:
    """Refuse what the built-in renderer does not set.

    Parameters
    ----------
    document
        What was read.
    strict
        Whether the format makes a promise, so that nothing is let through with a warning.

    Raises
    ------
    InputError
        With file, line and the construct's name.
    """
    judge = Judge(strict)
    for place, words in document.doubts:
        judge.mind(place, words)
    lines = list(document.prose)
    before = None
    for line in lines:
        if line.kind is Kind.CODE:
            _refuse_in_code(line, judge)
        elif line.kind is Kind.FENCE and (before is None or before.kind is not Kind.CODE):
            _refuse_fence(line, judge)
        before = line
    for line in (line for cell in document.cells for line in cell.lines):
        if ">" in line.text and _ANNOTATION.search(line.text):
            judge.mind(line.place, f"code annotations ({line.text.split()[-1]}) are not supported.")
    plain = list(texts(lines))
    _refuse_in_text(plain, judge)
    paragraphs.refuse_lossy_tables(list(without_mathematics(plain)))
    paragraphs.refuse_run_in(lines, judge)


def _refuse_fence(line: Line, judge: Judge) -> None:
    info = line.text.strip().lstrip("`~").strip()
    if raw := re.match(r"\{=([\w-]+)", info):
        if judge.strict or raw[1] not in ("typst", "html", "latex", "tex"):
            judge.refuse(line.place, f"raw {raw[1]} is not supported: write it as Markdown.")
        if raw[1] == "html":
            judge.mind(line.place, "raw html is for web pages alone and is left out.")
    elif info.startswith("{{"):
        judge.mind(line.place, f"a cell that is shown and not executed, {info}, is not supported.")
    elif "filename=" in info:
        judge.mind(line.place, "a code block's filename= is not supported: name the file in the text.")
    elif info.startswith("{") and "code-annotations" in info:
        judge.mind(line.place, "code annotations are not supported.")


def _refuse_in_code(line: Line, judge: Judge) -> None:
    """Refuse what Quarto does inside a code block that is not executed."""
    if re.match(r"\s*```+\s*\{=?[A-Za-z]", line.text):
        judge.mind(line.place, "a cell inside a code block is not supported: Quarto executes it.")
    if ">" in line.text and _ANNOTATION.search(line.text):
        judge.mind(line.place, f"code annotations ({line.text.split()[-1]}) are not supported.")
    for code in shortcodes.PATTERN.findall(line.text):
        name = shortcodes.name_of(code)
        if name in shortcodes.KNOWN - {"var", "meta"}:
            hint = "write {{{< … >}}} to print it"
            judge.refuse(line.place, f"the shortcode {name!r} is not supported in a code block: {hint}.")


def _refuse_in_text(lines: Sequence[Line], judge: Judge) -> None:
    depth: list[Line] = []
    opened: Line | None = None
    display, brackets = False, 0
    notes = {match[1] for line in lines if (match := _NOTE.match(line.text))}
    for index, (line, plain) in enumerate(zip(lines, without_mathematics(lines), strict=True)):
        if display and opened is not None and (not line.text.strip() or line.file != opened.file):
            break  # pandoc ends a formula at an empty line
        brackets = paragraphs.nested(plain, brackets)
        _check_shortcodes(line, plain, judge)
        if "[^" in plain.text and (note := next((n for n in _NOTE_MARK.findall(plain.text) if n not in notes), None)):
            judge.refuse(line.place, f"the footnote [^{note}] has no text: add a line '[^{note}]: …'.")
        if re.fullmatch(r"---\s*", line.text) and _begins_metadata(lines, index):
            judge.refuse(line.place, "metadata in the middle of the text: leave an empty line after ---.")
        raw = re.search(r"\{=(\w+)\}", plain.text)
        if raw and (judge.strict or raw[1] not in ("typst", "latex", "tex")):
            judge.mind(line.place, "raw inline code is not supported: write it as Markdown.")
        _check_attributes(plain, judge)
        if div := DIV.match(plain.text):
            if div[1]:
                _check_div(div[1], line, judge)
                depth.append(line)
            elif depth:
                depth.pop()
            else:
                judge.refuse(line.place, "this ::: closes nothing.")
        _check_foreign(plain, judge)
        if "]()" in plain.text:
            judge.refuse(line.place, "this link has no address: write one between the brackets ().")
        if "$$" in line.text:
            display = _check_display(line, display, judge)
            opened = line
    if display and opened is not None:
        judge.refuse(opened.place, "a formula that begins with $$ is not closed before the next empty line.")
    if depth:
        judge.refuse(depth[-1].place, "this ::: block is not closed.")


def _check_shortcodes(line: Line, plain: Line, judge: Judge) -> None:
    if "{{<" not in line.text:
        return
    if "{{<" in (rest := shortcodes.PATTERN.sub("", line.text)) and "{{{<" not in rest:
        judge.refuse(line.place, "the shortcode {{< is not closed: end it with >}}.")
    found = shortcodes.PATTERN.findall(line.text)
    for code in found:
        name = shortcodes.name_of(code)
        if name not in shortcodes.SET:
            allowed = ", ".join(sorted(shortcodes.SET))
            judge.refuse(line.place, f"the shortcode {name!r} is not supported; supported: {allowed}.")
        if name in ("include", "embed", "pagebreak") and shortcodes.PATTERN.sub("", line.text).strip():
            judge.refuse(line.place, f"the shortcode {name} must stand alone on its line.")
    if len(found) != len(shortcodes.PATTERN.findall(plain.text)):
        judge.refuse(line.place, "a shortcode inside a formula is not supported: print it from a cell.")


def _check_foreign(line: Line, judge: Judge) -> None:
    """Refuse HTML and LaTeX outside formulas, but for what has a meaning in print."""
    for tag in _TAG.finditer(line.text):
        is_link = re.match(r"<(https?:|mailto:)", tag[0])
        if not is_link and (judge.strict or tag[1].lower() in LOST_TAGS):
            judge.refuse(line.place, f"raw HTML ({tag[0]}) is not supported: write it as Markdown.")
    command = _COMMAND.search(line.text) if judge.strict else None
    if command and not (command[1] == "begin" and _ENVIRONMENT.match(line.text, command.start())):
        judge.refuse(line.place, f"raw LaTeX ({command[0]}) outside a formula is not supported.")


def left_out(line: Line) -> Line:
    """Take out of a line of text the tags and commands that ask for a look alone, and tell the author.

    This is for formats without a promise; elsewhere they are refused.
    """
    if len(line.plain) != len(line.text) or not ("<" in line.plain or "\\" in line.plain):
        return line
    spans = [tag.span() for tag in _TAG.finditer(line.plain) if tag[1].lower() not in (*TAGS, "style")]
    spans += [command.span() for command in LAYOUT_COMMANDS.finditer(line.plain)]
    spans = [(a, b) for a, b in sorted(spans) if not re.match(r"<(https?:|mailto:)", line.text[a:b])]
    if not spans or "$" in line.text[: spans[0][0]]:
        return line
    text = line.text
    for start, end in reversed(spans):
        text = text[:start] + text[end:]
    names = ", ".join(line.text[a:b] for a, b in spans)
    warnings.warn(f"{line.place}: {names} has no meaning in print and is left out.", UserWarning, stacklevel=2)
    return replace(line, text=text, plain=text)


def _begins_metadata(lines: Sequence[Line], index: int) -> bool:
    """Tell whether the line of hyphens begins a block of metadata rather than being a rule between paragraphs."""
    before, after = (lines[i].text.strip() if 0 <= i < len(lines) else "" for i in (index - 1, index + 1))
    return not before and bool(after)


def _check_attributes(line: Line, judge: Judge) -> None:
    """Refuse attributes of spans and images that Quarto follows and the built-in renderer does not."""
    if "]{" in line.text:
        for attributes in _SPAN.findall(line.text):
            classes = re.findall(r"(?:^|\s)\.([\w-]+)", attributes)
            if refused := next((name for name in classes if QUARTOS_BLOCKS.fullmatch(name)), None):
                judge.mind(line.place, f"the span .{refused} is not supported.")
            if refused := re.search(r"(?:^|\s)(style|when-[\w-]+|unless-[\w-]+)\s*=", attributes):
                judge.mind(line.place, f"the span's attribute {refused[1]}= is not supported.")
    if "![" not in line.text:
        return
    for image in IMAGE.finditer(line.text):
        attributes = re.sub(r'"[^"]*"', '""', image["attributes"] or "")
        for key in re.findall(r"([\w-]+)\s*=", attributes):
            if key not in IMAGE_ATTRIBUTES:
                known = ", ".join(sorted(IMAGE_ATTRIBUTES))
                judge.mind(line.place, f"the image's attribute {key}= is not supported; supported: {known}.")
        if named := re.search(r"[{\s]\.([\w-]+)", attributes):
            judge.mind(line.place, f"the image's class .{named[1]} is not supported.")
        if image.start() and line.text[image.start() - 1] == "[":
            judge.mind(line.place, "an image inside a link is not supported.")


def _check_display(line: Line, display: bool, judge: Judge) -> bool:
    pieces = line.text.split("$$")
    for index, piece in enumerate(pieces[1:], 1):
        display = not display
        if display or not (label := re.match(r"\s*\{#eq-[^}]*\}(.*)", piece)):
            continue
        if label[1].strip(" .,;") or (index == 2 and pieces[0].strip()):
            judge.refuse(line.place, "a numbered formula $$…$$ {#eq-…} must stand on a line of its own.")
    return display


def _check_div(attributes: str, line: Line, judge: Judge) -> None:
    if not attributes.startswith("{"):
        attributes = "{." + attributes.strip() + "}"
    inner = attributes.strip("{}")
    classes = re.findall(r"(?:^|\s)\.([\w-]+)", inner)
    identifier = re.search(r"(?:^|\s)#([\w:.-]+)", inner)
    for name in classes:
        if name.startswith("callout-") and name not in DIV_CLASSES:
            judge.refuse(line.place, f"the block .{name} is not supported; supported: {_listed(DIV_CLASSES)}.")
        if QUARTOS_BLOCKS.fullmatch(name) and name not in ("content-visible", "content-hidden"):
            judge.mind(line.place, f"the block .{name} is not supported; its content would be set in the text.")
    if "list-table" in classes:
        judge.mind(line.place, "list tables are not supported: this is set as a list; write a pipe table.")
    for key in re.findall(r"([\w-]+)\s*=", re.sub(r'"[^"]*"', '""', inner)):
        if key not in DIV_ATTRIBUTES:
            judge.mind(line.place, f"the attribute {key}= is not supported here.")
    kind = identifier[1].partition("-")[0] if identifier else ""
    if identifier and any(name.startswith("callout") for name in classes):
        judge.mind(line.place, f"numbered callouts are not supported: delete #{identifier[1]}.")
    elif judge.strict and identifier and kind not in (*FLOATS, *THEOREMS) and identifier[1] != "refs":
        judge.refuse(
            line.place, f"a block's id must begin with fig-, tbl- or lst-, or as a theorem's: {identifier[1]!r}."
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join("." + name for name in sorted(names))


def refuse_images_without_alternative(document: Document, *, strict: bool = True) -> None:
    """Refuse an image that has no ``fig-alt``: a caption does not say what is seen.

    Raises
    ------
    InputError
        With file and line.
    """
    judge = Judge(strict)
    missing: list[Line] = []
    for line in document.prose:
        if line.kind is Kind.TEXT and "![" in line.plain:
            for image in IMAGE.finditer(line.plain):
                if not re.search(r"fig-alt\s*=\s*\"[^\"]+\"", image["attributes"] or ""):
                    if strict:
                        judge.refuse(line.place, 'the image needs an alternative text: add {fig-alt="…"}.')
                    missing.append(line)
    for cell in document.cells:
        kind = (cell.label or "").partition("-")[0]
        for key in {"fig": ("fig-cap", "fig-alt"), "tbl": ("tbl-cap",)}.get(kind, ()):
            if not cell.options.get(key):
                if strict:
                    judge.refuse(cell.place, f"the cell {cell.label} needs a line '#| {key}: \"…\"'.")
                missing += [cell.fence] if key == "fig-alt" else []
    if missing:
        places = ", ".join(line.place for line in missing[:3]) + (", …" if len(missing) > 3 else "")
        count = "a figure has" if len(missing) == 1 else f"{len(missing)} figures have"
        judge.mind(places, f"{count} no alternative text (fig-alt) for those who do not see pictures.")


def headings(lines: Iterable[Line]) -> Iterator[tuple[Line, int, str]]:
    """Find the headings in lines that were scanned: the line, the level, and the text with its attributes."""
    for line in lines:
        if line.kind is Kind.TEXT and line.text.startswith("#") and (found := re.match(r"(#{1,6})\s+(.*)", line.text)):
            yield line, len(found[1]), found[2]


def refuse_skipped_headings(lines: Iterable[Line], *, strict: bool = True) -> None:
    """Refuse headings whose levels do not follow one another, which PDF/UA does not allow.

    Raises
    ------
    InputError
        With file and line.
    """
    judge = Judge(strict)
    above = 0
    for line, level, _ in headings(lines):
        if level > above + 1 and (strict or above):
            where = f"under one of level {above}" if above else "though it is the first"
            words = f"this heading is of level {level} {where}: begin it with {'#' * (above + 1)}."
            judge.mind(line.place, words)
        above = level
