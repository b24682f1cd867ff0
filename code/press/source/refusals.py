"""Refuses what the built-in renderer does not set, so that nothing is dropped or set wrongly without a word.

Where the format makes a promise (PDF/UA), all of it is refused. Elsewhere what only looks different in print is told to
the author in a warning, and what would be lost is refused.
"""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from handin.errors import InputError
from press.source import shortcodes
from press.source.foreign import LOST_TAGS, PRINTED, TAG, html_blocks
from press.source.qmd import DIV, FLOATS, ITEM, THEOREMS, Document, Kind, Line, texts, without_mathematics

DIV_CLASSES = frozenset("callout-note callout-tip callout-important callout-warning callout-caution cell".split())
DIV_ATTRIBUTES = frozenset(
    "title name icon appearance collapse layout-ncol layout-nrow layout fig-alt fig-cap tbl-cap lst-cap fig-align "
    "tbl-colwidths width "
    "when-format unless-format when-meta unless-meta when-profile unless-profile".split()
)
IMAGE_ATTRIBUTES = frozenset("fig-alt alt width height".split())
IMAGE = re.compile(
    r"!\[(?P<caption>(?:[^\[\]]|\[[^\]]*\])*)\]"
    r"\((?P<angle><)?(?P<file>(?(angle)[^<>\n]*|(?:[^()<>\s]|\([^()\s]*\)| (?![\s\"')]))*))(?(angle)>)"
    r"(?:\s+(?:\"[^\"]*\"|'[^']*'))?\)(?P<attributes>\{(?:[^{}]|\{\{<.*?>\}\})*\})?"
)
"""An image; its file's name may have spaces and brackets, its attributes may hold shortcodes."""
_ATTRIBUTE = re.compile(r"[#.][^\s\"'=]+|[\w:.-]+=(?:\"[^\"]*\"|'[^']*'|[^\s\"']+)|-(?=\s|$)|\{\{<.*?>\}\}")
"""What may stand in the braces behind an image."""
QUARTOS_BLOCKS = re.compile(r"aside|content-(visible|hidden)|column-[\w-]+|panel-[\w-]+")
"""Classes by which Quarto moves, hides or folds a piece of text; any other class changes nothing in print."""

DEEPEST = 6
"""Square brackets that a paragraph may have open at once."""

_TABLE_ROW = re.compile(r"\|.*[^\\|]\|.*\|")
_TABLE_RULE = re.compile(r"\|?\s*:?-+:?\s*([|+]\s*:?-+:?\s*)*\|?")
_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)]|#\.)\s+\S")
_SPAN = re.compile(r"\]\{([^{}]*)\}")
_NOTE_MARK = re.compile(r"\[\^([^\s\]]+)\](?!:)")
_NOTE = re.compile(r"\s*\[\^([^\s\]]+)\]:")
_COMMAND = re.compile(r"\\(begin|textbf|textit|emph|cite[pt]?|ref|eqref|newpage|vspace|hspace|footnote|input|label)\b")


class Judge:
    """Refuses what is strictly wrong, and what is not only where the format makes a promise (`strict`)."""

    def __init__(self, strict: bool = True):
        self.strict = strict

    def refuse(self, place: str, words: str) -> NoReturn:
        """Refuse what would be lost or set wrongly."""
        raise InputError(f"{place}: {words}")

    def mind(self, place: str, words: str) -> None:
        """Refuse or, without a promise, warn."""
        if self.strict:
            self.refuse(place, words)
        warnings.warn(f"{place}: {words}", UserWarning, stacklevel=2)


def refuse_unsupported(document: Document, *, strict: bool = True) -> None:
    """Refuse what the built-in renderer does not set, with file, line and the construct's name.

    With `strict`, where the format makes a promise, nothing is let through with a warning.
    """
    judge = Judge(strict)
    for place, words in document.doubts:
        judge.mind(place, words)
    lines = list(document.prose)
    if not strict:
        set_as_html = set(itertools.chain(*html_blocks(lines)))
        lines = [line for number, line in enumerate(lines) if number not in set_as_html]
    for number, (before, line) in enumerate(zip([None, *lines], lines, strict=False), 1):
        if line.kind is Kind.CODE:
            _refuse_in_code(line, judge)
        elif line.kind is Kind.FENCE and (before is None or before.kind is not Kind.CODE):
            content = itertools.takewhile(lambda each: each.kind is Kind.CODE, lines[number:])
            _refuse_fence(line, content, judge)
    plain = list(texts(lines))
    _refuse_in_text(plain, judge)
    _refuse_lossy_tables(list(without_mathematics(plain)), [line.text for line in lines if line.kind is Kind.TEXT])
    _refuse_run_in(lines, judge)


def _refuse_fence(line: Line, content: Iterable[Line], judge: Judge) -> None:
    info = line.text.strip().lstrip("`~").strip()
    if raw := re.match(r"\{=([\w-]+)", info):
        if judge.strict:
            judge.refuse(line.place, f"raw {raw[1]} is not supported: write it as Markdown.")
        is_table = raw[1] == "html" and any("<table" in each.text.lower() for each in content)
        if raw[1] not in PRINTED and not is_table:
            judge.mind(line.place, f"raw {raw[1]} is not for PDFs and is left out.")
    elif key := re.search(r"\b(filename|include)=", info):
        words = f"a code block's {key[1]}= is not supported"
        judge.mind(line.place, f"{words}: name the file in the text, and write here what it holds.")


def _refuse_in_code(line: Line, judge: Judge) -> None:
    """Refuse what Quarto does inside a code block that is not executed."""
    if re.match(r"\s*```+\s*\{=?[A-Za-z]", line.text):
        judge.mind(line.place, "a cell inside a code block is not supported: Quarto executes it.")
    for code in shortcodes.PATTERN.findall(line.text):
        name = shortcodes.name_of(code)
        if name in shortcodes.KNOWN - {"var", "meta"}:
            hint = "write {{{< … >}}} to print it"
            judge.refuse(line.place, f"the shortcode {name!r} is not supported in a code block: {hint}.")


_OWN_DELIMITERS = re.compile(r"\\\((?P<a>.+?)\\\)|\\\[(?P<b>.+?)\\\]")
"""LaTeX's delimiters of formulas, which pandoc takes for escaped brackets."""


def _refuse_in_text(lines: Sequence[Line], judge: Judge) -> None:
    depth: list[Line] = []
    opened: Line | None = None
    brackets = 0
    notes = {match[1]: line for line in lines if (match := _NOTE.match(line.text))}
    named: set[str] = set()
    for index, (line, plain) in enumerate(zip(lines, without_mathematics(lines), strict=True)):
        if opened and (not line.text.strip() or line.file != opened.file):
            break  # pandoc ends a formula at an empty line
        brackets = _nested(plain, brackets)
        _check_shortcodes(line, plain, judge)
        if note := next((n for n in _NOTE_MARK.findall(plain.text) if n not in notes), None):
            fix = f"add a line '[^{note}]: …', or write \\[^ if it is none."
            judge.refuse(line.place, f"the footnote [^{note}] has no text: {fix}")
        named.update(_NOTE_MARK.findall(plain.text))
        if re.fullmatch(r"---\s*", line.text):
            before, after = (lines[i].text.strip() if 0 <= i < len(lines) else "" for i in (index - 1, index + 1))
            if not before and after:  # a rule between paragraphs has empty lines on both sides
                judge.refuse(line.place, "metadata in the middle of the text: leave an empty line after ---.")
        raw = re.search(r"\{=(\w+)\}", plain.text)
        if raw and (judge.strict or raw[1] not in PRINTED):
            judge.mind(line.place, "raw inline code is not supported: write it as Markdown.")
        for formula in _OWN_DELIMITERS.finditer(plain.text):
            if re.search(r"[\\^_=]|^[^\W\d]$", formula["a"] or formula["b"]):
                sign = "$" if formula["a"] else "$$"
                judge.mind(line.place, f"{formula[0]} is text and no formula: write it between {sign} and {sign}.")
        _check_attributes(plain, judge)
        if div := DIV.match(ITEM.sub("", plain.text)):
            if div[1]:
                _check_div(div[1], line, judge)
                depth.append(line)
            elif depth:
                depth.pop()
            else:
                judge.refuse(line.place, "this ::: closes nothing.")
        _check_foreign(plain, judge)
        if judge.strict and "\\label{" in line.text and not opened and "$" not in line.text:
            judge.refuse(line.place, "raw LaTeX (\\label) is not supported: number a formula by $$…$$ {#eq-name}.")
        if "]()" in plain.text:
            judge.refuse(line.place, "this link has no address: write one between the brackets ().")
        if "$$" in line.text:
            opened = line if _check_display(line, opened is not None, judge) else None
    if opened:
        judge.refuse(opened.place, "a formula that begins with $$ is not closed before the next empty line.")
    for name in notes.keys() - named:
        judge.mind(notes[name].place, f"no [^{name}] refers to this footnote: it would be left out.")
    if depth:
        judge.refuse(depth[-1].place, "this ::: block is not closed.")


def _check_shortcodes(line: Line, plain: Line, judge: Judge) -> None:
    found, around = shortcodes.PATTERN.findall(line.text), shortcodes.PATTERN.sub("", line.text)
    if "{{<" in around and "{{{<" not in around:
        judge.refuse(line.place, "the shortcode {{< is not closed: end it with >}}.")
    for code in found:
        name = shortcodes.name_of(code)
        if name not in shortcodes.SET:
            allowed = ", ".join(sorted(shortcodes.SET))
            judge.refuse(line.place, f"the shortcode {name!r} is not supported; supported: {allowed}.")
        if name in ("include", "embed", "pagebreak") and around.strip():
            judge.refuse(line.place, f"the shortcode {name} must stand alone on its line.")
    if len(found) != len(shortcodes.PATTERN.findall(plain.text)):
        judge.refuse(line.place, "a shortcode inside a formula is not supported: print it from a cell.")


def _check_foreign(line: Line, judge: Judge) -> None:
    """Refuse HTML and LaTeX outside formulas, but for what has a meaning in print."""
    for tag in TAG.finditer(line.text):
        is_link = re.match(r"<(https?:|mailto:)", tag[0])
        if not is_link and (judge.strict or tag[1].lower() in LOST_TAGS):
            judge.refuse(line.place, f"raw HTML ({tag[0]}) is not supported: {_instead_of(tag[0], tag[1])}.")
    if judge.strict and (command := _COMMAND.search(line.text)):
        judge.refuse(line.place, f"raw LaTeX ({command[0]}) outside a formula is not supported.")


def _instead_of(tag: str, name: str) -> str:
    """Say what to write in place of HTML."""
    given = {key.lower(): value for key, value in re.findall(r"([\w-]+)\s*=\s*[\"']?([^\"'>]*)", tag)}
    if name.lower() == "img" and "src" in given:
        width = f"{{width={given['width']}}}" if given.get("width") else ""
        return f"write ![{given.get('alt', 'what it shows')}]({given['src']}){width}"
    if name.lower() in LOST_TAGS - {"img", "table"}:
        return 'put it in a block ::: {.content-visible when-format="html"}'
    return "write it as Markdown"


@dataclass(frozen=True)
class _Attributes:
    """What stands in braces behind a span or an image, or opens a block."""

    classes: list[str]
    keys: list[str]
    identifier: str


def _attributes(written: str, line: Line, judge: Judge) -> _Attributes:
    """Read attributes; what pandoc and Quarto print as it stands is refused."""
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", "_", written).strip("{}")
    if spaced := re.search(r"(?:^|\s)([\w-]+)(?:\s+=\s*|=\s+)", bare):
        judge.refuse(line.place, f"the attribute {spaced[1]} has a space beside its =, so that it is none: delete it.")
    identifier = re.search(r"(?:^|\s)#([\w:.-]+)", bare)
    classes, keys = re.findall(r"(?:^|\s)\.([\w-]+)", bare), re.findall(r"([\w-]+)\s*=", bare)
    return _Attributes(classes, keys, identifier[1] if identifier else "")


def _check_attributes(line: Line, judge: Judge) -> None:
    """Refuse attributes of spans and images that Quarto follows and the built-in renderer does not."""
    for written in _SPAN.findall(line.text):
        span = _attributes(written, line, judge)
        if refused := next(filter(QUARTOS_BLOCKS.fullmatch, span.classes), None):
            instead = ": it is set as a footnote" if refused in ("aside", "column-margin") else ""
            judge.mind(line.place, f"the span .{refused} is not supported{instead}.")
        if refused := next(filter(re.compile("style|(when|unless)-.+").fullmatch, span.keys), None):
            judge.mind(line.place, f"the span's attribute {refused}= is not supported.")
    for image in IMAGE.finditer(line.text):
        written = (image["attributes"] or "")[1:-1]
        attributes = _attributes(written, line, judge)
        if wrong := " ".join(_ATTRIBUTE.sub("", written).split()):
            words = f'the braces behind the image are printed as they stand, since {wrong} is no key="value"'
            tell = judge.refuse if "#" in written else judge.mind
            tell(line.place, f'{words}: write ![caption](file){{#fig-name fig-alt="…"}}.')
        for key in attributes.keys:
            if key not in IMAGE_ATTRIBUTES and (judge.strict or not _is_followed(key, image)):
                known = ", ".join(sorted(IMAGE_ATTRIBUTES))
                judge.mind(line.place, f"the image's attribute {key}= is not supported; supported: {known}.")
        if attributes.classes:
            judge.mind(line.place, f"the image's class .{attributes.classes[0]} is not supported.")
        if judge.strict and image.start() and line.text[image.start() - 1] == "[":
            judge.refuse(line.place, "an image inside a link is not supported.")


def _is_followed(key: str, image: re.Match[str]) -> bool:
    """Whether an attribute asks for what is done anyway, or for a float's place in the pages, which is no content."""
    is_figure = image["caption"] or "{#fig-" in image["attributes"]
    is_centred = re.search(r"fig-align=[\"']?(center|default)", image["attributes"])
    return key == "fig-pos" or (key == "fig-align" and not (is_figure and not is_centred))


def _check_display(line: Line, display: bool, judge: Judge) -> bool:
    pieces = line.text.split("$$")
    for index, piece in enumerate(pieces[1:], 1):
        display = not display
        if display or not (label := re.match(r"\s*\{\s*#eq-[^}]*\}(.*)", piece)):
            continue
        if label[1].strip(" .,;") or (index == 2 and pieces[0].strip()):
            judge.refuse(line.place, "a numbered formula $$…$$ {#eq-…} must stand on a line of its own.")
    return display


def _check_div(written: str, line: Line, judge: Judge) -> None:
    div = _attributes(written if written.startswith("{") else f".{written.strip()}", line, judge)
    for name in div.classes:
        if name.startswith("callout-") and name not in DIV_CLASSES:
            known = ", ".join(f".{each}" for each in sorted(DIV_CLASSES))
            judge.mind(line.place, f"the block .{name} is none of Quarto's, and is set as a note; there are {known}.")
        if QUARTOS_BLOCKS.fullmatch(name) and name not in ("content-visible", "content-hidden"):
            judge.mind(line.place, f"the block .{name} is not supported; its content would be set in the text.")
    if "list-table" in div.classes:
        judge.mind(line.place, "list tables are not supported: this is set as a list; write a pipe table.")
    for key in div.keys:
        if key not in DIV_ATTRIBUTES:
            judge.mind(line.place, f"the attribute {key}= is not supported here.")
    if not judge.strict or not div.identifier:
        return
    if any(name.startswith("callout") for name in div.classes):
        judge.refuse(line.place, f"numbered callouts are not supported: delete #{div.identifier}.")
    if div.identifier.partition("-")[0] not in (*FLOATS, *THEOREMS) and div.identifier != "refs":
        words = f"a block's id must begin with fig-, tbl- or lst-, or as a theorem's: {div.identifier!r}."
        judge.refuse(line.place, words)


def refuse_images_without_alternative(document: Document, *, strict: bool = True) -> None:
    """Refuse an image that has no ``fig-alt``: a caption does not say what is seen."""
    missing = list(_missing_texts(document))
    if strict and missing:
        place, _, words = missing[0]
        raise InputError(f"{place}: {words}")
    if places := [place for place, key, _ in missing if key == "fig-alt"]:
        count = "a figure has" if len(places) == 1 else f"{len(places)} figures have"
        first = ", ".join(places[:3]) + (", …" if len(places) > 3 else "")
        Judge(strict).mind(first, f"{count} no alternative text (fig-alt) for those who do not see pictures.")


def _missing_texts(document: Document) -> Iterator[tuple[str, str, str]]:
    """Yield where an alternative text or a caption is missing, its key, and what to say of it."""
    for line in texts(document.prose):
        for image in IMAGE.finditer(line.text):
            if not re.search(r"fig-alt\s*=\s*(?:\"[^\"]+\"|'[^']+')", image["attributes"] or ""):
                yield line.place, "fig-alt", 'the image needs an alternative text: add {fig-alt="…"}.'
    for cell in document.cells:
        kind = (cell.label or "").partition("-")[0]
        for key in {"fig": ("fig-cap", "fig-alt"), "tbl": ("tbl-cap",)}.get(kind, ()):
            if cell.options.get("include", True) and not cell.options.get(key):
                yield cell.place, key, f"the cell {cell.label} needs a line '#| {key}: \"…\"'."


def heading(line: Line) -> tuple[int, str] | None:
    """Return the level of the heading that a scanned line is, and its text with its attributes; None if it is none."""
    found = re.match(r"(#{1,6})\s+(.*)", line.text) if line.kind is Kind.TEXT else None
    return (len(found[1]), found[2]) if found else None


def refuse_skipped_headings(lines: Iterable[Line], *, strict: bool = True) -> None:
    """Refuse headings whose levels do not follow one another, which PDF/UA does not allow."""
    judge = Judge(strict)
    above = 0
    for line in lines:
        if found := heading(line):
            level, _ = found
            if level > above + 1 and (strict or above):
                where = f"under one of level {above}" if above else "though it is the first"
                fix = f"begin it with {'#' * (above + 1)}."
                judge.mind(line.place, f"this heading is of level {level} {where}: {fix}")
            above = level


# -- what pandoc takes for something else than it looks like: lists in a paragraph, tables that lose cells -------------


def _refuse_run_in(lines: Sequence[Line], judge: Judge) -> None:
    """Refuse a list, table or heading right under a line of text, which pandoc and Quarto take for more of the text."""
    in_paragraph = in_formula = in_list = False
    before = ""
    for line, following in itertools.pairwise([*lines, Line("", "", 0)]):
        text = line.text.strip() if line.kind is Kind.TEXT else ""
        before_formula, in_formula = in_formula, in_formula ^ (line.text.count("$$") % 2 == 1) and bool(text)
        begins = not text or DIV.match(line.text) or text.startswith(("|", "+-", "#", ">", "[^", "{{<", ":"))
        is_item = not begins and _ITEM.match(line.text) is not None
        if in_paragraph and not before_formula and (begins or (is_item and not in_list)):
            _check_run_in(text, following, line.place, judge)
        if begins:
            in_paragraph = in_paragraph and text.startswith((">", "[^"))
        else:
            if is_item:
                in_list = in_list or not in_paragraph
            elif not before and not line.text.startswith((" ", "\t")):
                in_list = False
            in_paragraph = not is_item and not line.text.startswith(("    ", "\t", "---", "==="))
        before = text


def _check_run_in(text: str, following: Line, place: str, judge: Judge) -> None:
    after = following.text.strip() if following.kind is Kind.TEXT else ""
    what = None
    if re.match(r"[-*+]\s", text) or (re.match(r"(1[.)]|#\.)\s", text) and (not after or _ITEM.match(after))):
        what = "list"
    elif text.startswith("|") and _TABLE_RULE.fullmatch(after) and "-" in after:
        what = "table"
    elif re.match(r"#{1,6}\s", text):
        what = "heading"
    elif (div := DIV.match(text)) and div[1]:
        what = "block"
    if what:
        judge.mind(place, f"this {what} is taken for more of the paragraph above it: leave an empty line between.")


def _refuse_lossy_tables(lines: Sequence[Line], written: Sequence[str]) -> None:
    """Refuse tables of which pandoc would leave cells out without a word, or which it would not take for tables.

    In `lines` code and formulas are blanked out; `written` has them.
    """
    columns = 0
    rows = ["", *(line.text.strip() for line in lines), ""]
    for index, line in enumerate(lines):
        before, text, after = rows[index : index + 3]
        if not text:
            columns = 0
        elif columns:
            _check_row(line, written[index], columns)
        elif _TABLE_RULE.fullmatch(text) and "|" in before and "|" in (rule := text.replace("+", "|")):
            columns = _columns(rule)
            _check_row(lines[index - 1], written[index - 1], columns)
        elif all(map(_TABLE_ROW.fullmatch, (text, after))) and not (
            before.startswith(("+", "|")) or _TABLE_RULE.fullmatch(after)
        ):
            rule = "|---" * _columns(text) + "|"
            raise InputError(f"{line.place}: this table has no line under its head: write {rule} there.")


def _check_row(line: Line, whole: str, columns: int) -> None:
    found = _columns(line.text)
    bars = [bar.start() for bar in re.finditer(r"(?<!\\)\|", line.text)][line.text.lstrip().startswith("|") :]
    if found > columns and whole[bars[columns - 1] if len(whole) == len(line.text) else 0 :].strip("| \t"):
        raise InputError(
            f"{line.place}: this row of the table has {found} cells, and the line under its head has {columns}: make "
            "them equal, since what is too many would be left out (a bar inside a cell is written \\|)."
        )


def _columns(row: str) -> int:
    """Count the cells of a row of a pipe table, in which code and formulas are blanked out."""
    bars = row.replace("\\|", "  ").strip()
    return bars.removeprefix("|").removesuffix("|").count("|") + 1


def _nested(line: Line, depth: int) -> int:
    """Count the square brackets that are open after a line of a paragraph; pandoc's time doubles with each of them."""
    if not line.text.strip():
        return 0
    for bracket in re.sub(r"\\.", "", line.text):
        depth = depth + 1 if bracket == "[" else max(0, depth - 1) if bracket == "]" else depth
        if depth > DEEPEST:
            raise InputError(
                f"{line.place}: more than {DEEPEST} square brackets are open: close them, or write \\[ for the sign."
            )
    return depth
