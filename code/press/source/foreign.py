"""HTML and LaTeX in the prose of a format without a promise: what of it is set, and what is left out with a word."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace

from press.source.qmd import Kind, Line, texts, without_mathematics

PRINTED = ("typst", "latex", "tex")
"""The raw formats of which something is set; others are not for PDFs."""

LAYOUT_COMMANDS = re.compile(
    r"\\(?:noindent|vspace|hspace|bigskip|medskip|smallskip|hfill|vfill|centering|raggedright|small|footnotesize|large|"
    r"Large|LARGE|huge|Huge|normalsize|FloatBarrier|appendix|tableofcontents|listoffigures|listoftables|setlength|setcounter|"
    r"doublespacing|singlespacing|onehalfspacing|thispagestyle|pagestyle|pagenumbering|maketitle|begingroup|endgroup|"
    r"usepackage|linenumbers|scriptsize|tiny|phantomsection|addcontentsline|hypersetup)\b\*?(?:\[[^\]]*\])?(?:\{[^{}]*\})*"
)
"""What asks for a look or a place, which another renderer does not have to follow."""
TAGS = frozenset("br sub sup b strong i em u s del code kbd span div a hr".split())
"""What pandoc's reader or a filter makes into what the tags say; any other tag would leave its text alone."""
LOST_TAGS = frozenset("img table iframe video audio svg canvas object embed script input".split())

TAG = re.compile(r"(?<!\]\()</?([A-Za-z][\w-]*)(?:\s[^<>]*)?/?>")
_BLOCK = re.compile(r" {0,3}<(ul|ol|dl|pre|blockquote|table|h[1-6])\b[^<>]*>", re.IGNORECASE)
_STYLED = re.compile(r"\sstyle\s*=", re.IGNORECASE)
_MARKDOWN = re.compile(r"[*`$]|\]\(|\{\{<|@\w")


def html_blocks(lines: Sequence[Line]) -> list[range]:
    """Find lists, tables, quotations and the like in HTML, each with all its lines; none that has Markdown in it."""
    found: list[range] = []
    for start, line in enumerate(lines):
        if (found and start < found[-1].stop) or (start and lines[start - 1].text.strip()):
            continue
        opening = _BLOCK.match(line.text) if line.kind is Kind.TEXT else None
        if opening and (end := _end(lines, start, opening[1].lower())):
            found.append(range(start, end))
    return found


def _end(lines: Sequence[Line], start: int, name: str) -> int | None:
    """Return the number of the line behind a block of HTML; None where it is none that can be set."""
    text = ""
    for number, line in enumerate(lines[start:], start + 1):
        text += line.text + "\n"
        tags = [(tag[0].startswith("</"), tag[1].lower()) for tag in TAG.finditer(text)]
        if line.kind is Kind.FENCE or {each for _, each in tags} & LOST_TAGS - {"table"}:
            return None
        if tags.count((False, name)) == tags.count((True, name)):
            is_whole = text.rstrip().lower().endswith(f"</{name}>")
            return number if is_whole and (name == "pre" or not _MARKDOWN.search(text)) else None
    return None


def printed(lines: Sequence[Line]) -> Iterator[Line]:
    """Make blocks of HTML into what a cell shows as HTML, and take out what asks for a look alone."""
    starts = {block.start: block for block in html_blocks(lines)}
    inside, is_emptied = range(0), False
    prose = without_mathematics(texts(lines))  # of each line of text
    for number, line in enumerate(lines):
        if number in starts:
            inside = starts[number]
            longest = max(len(run) for each in inside for run in re.findall("`*", lines[each].text))
            fence = replace(line, text="`" * max(3, longest + 1), kind=Kind.FENCE)
            yield replace(fence, text=fence.text + "{=html-output}")
        blank = next(prose).text if line.kind is Kind.TEXT else ""
        if number in inside:
            yield replace(line, kind=Kind.CODE)
            if number == inside[-1]:
                yield replace(fence, number=line.number)
        elif line.kind is Kind.TEXT:
            made = left_out(line, blank)
            # What stands indented in a tag is no code when the tag has gone.
            is_emptied = bool(line.text.strip()) and (is_emptied or (made is not line and not made.text.strip()))
            bare = made.text.lstrip() if is_emptied or made is not line else made.text
            yield replace(made, text=bare, plain=bare) if bare != made.text else made
        else:
            yield line


def left_out(line: Line, prose: str) -> Line:
    """Take out of a line, for a format without a promise, what asks for a look alone, and tell the author.

    `prose` is the line with code, comments and formulas blanked out.
    """
    if len(prose) != len(line.text):
        return line
    tags = TAG.finditer(prose)
    spans = [tag.span() for tag in tags if tag[1].lower() not in (*TAGS, "style") or _STYLED.search(tag[0])]
    spans += [span for command in LAYOUT_COMMANDS.finditer(prose) for span in _with_braces(prose, *command.span())]
    spans = [(a, b) for a, b in sorted(spans) if not re.match(r"<(https?:|mailto:)", line.text[a:b])]
    if not spans:
        return line
    text = line.text
    for start, end in reversed(spans):
        text = text[:start] + text[end:]
    names = ", ".join(line.text[a:b].lstrip("{ ").rstrip() for a, b in spans if line.text[a:b] != "}")
    fix = ": write toc: true in the front matter instead" if "\\tableofcontents" in names else ""
    warnings.warn(f"{line.place}: {names} has no meaning in print and is left out{fix}.", UserWarning, stacklevel=2)
    return replace(line, text=text, plain=text)


def _with_braces(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return where a command stands, and the braces of the group that it begins, as in ``{\\small words}``."""
    before, after = len(text[:start].rstrip()), re.compile(r"\s*[^{}]*(\})").match(text, end)
    if after is None or text[before - 1 : before] != "{":
        return [(start, end)]
    return [(before - 1, len(text) - len(text[end:].lstrip())), after.span(1)]
