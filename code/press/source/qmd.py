"""Reads Quarto documents: front matter, prose and code cells, with includes expanded and every line's origin known.

Only the constructs that the built-in renderer sets are let through. Everything else of Quarto's language is refused
with file, line and the construct's name, so that nothing is dropped silently.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from handin.errors import InputError

FLOATS = {"fig": "Figure", "tbl": "Table", "lst": "Listing"}
"""The numbered kinds of float and what a reference to one is called."""

REFERENCE_KINDS = (*FLOATS, "eq", "sec")

CELL_OPTIONS = frozenset(
    "label echo output include eval warning fig-cap fig-alt fig-subcap fig-width fig-height layout-ncol tbl-cap "
    "lst-label lst-cap code-fold".split()
)
DIV_CLASSES = frozenset("callout-note callout-tip callout-important callout-warning callout-caution cell".split())
DIV_ATTRIBUTES = frozenset("title icon appearance collapse layout-ncol fig-alt fig-cap tbl-colwidths".split())
SHORTCODES = frozenset("include var meta embed pagebreak".split())
QUARTOS_SHORTCODES = SHORTCODES | set("brand contents env kbd lipsum placeholder version video".split())
"""Those that Quarto knows; it prints any other as it stands."""
IMAGE_ATTRIBUTES = frozenset("fig-alt width height".split())
REFUSED_SPANS = re.compile(r"aside|hidden|content-(visible|hidden)|column-[\w-]+")
"""Classes of Quarto's that move or hide a piece of text; any other class changes nothing in print."""

_FENCE = re.compile(r"^( {0,3})(`{3,}|~{3,})\s*(.*?)\s*$")
_CELL_FENCE = re.compile(r"^(`{3,})\{([A-Za-z_]+)(.*?)\}\s*$")
_SHORTCODE = re.compile(r"(?<!\{)\{\{<\s*(.*?)\s*>\}\}(?!\})")
_INCLUDE = re.compile(r"^\{\{<\s*include\s+(\S+)\s*>\}\}\s*$")
_TABLE_ROW = re.compile(r"\|.*[^\\|]\|.*\|")
_TABLE_RULE = re.compile(r"\|?\s*:?-+:?\s*([|+]\s*:?-+:?\s*)*\|?")
_DIV = re.compile(r"^ {0,3}:{3,}\s*(\{.*\}|[^\s{:][^{]*?)?\s*:*\s*$")
_ATTRIBUTES = re.compile(r"\{#([A-Za-z][\w:.-]*)([^}]*)\}")
_REFERENCE = re.compile(r"(?<![\w@/.`\\])@\{?((?:[Ff]ig|[Tt]bl|[Ll]st|[Ee]q|[Ss]ec)-[\w-]*\w)\}?")
_INLINE_CELL = re.compile(r"`\{[A-Za-z]\w*\}\s[^`]*`")
_ANNOTATION = re.compile(r"(?:#|//|--|%)\s*<\d+>\s*$")
_SPAN = re.compile(r"\]\{([^{}]*)\}")
IMAGE = re.compile(
    r"!\[(?P<caption>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<file>[^()\s]*)(?:\s+\"[^\"]*\")?\)"
    r"(?P<attributes>\{(?:[^{}]|\{\{<.*?>\}\})*\})?"
)
"""An image on one line; its attributes may hold shortcodes."""
_NOTE_MARK = re.compile(r"\[\^([^\s\]]+)\](?!:)")
_NOTE = re.compile(r"\[\^([^\s\]]+)\]:")
DEEPEST = 6
"""Square brackets that a paragraph may have open at once."""
_CITATION = re.compile(r"(?<![\w@/.`\\])-?@\{?([A-Za-z0-9_](?:[\w:.#$%&+?<>~/-]*\w)?)\}?")


@dataclass(frozen=True)
class Line:
    """One line of a source file.

    Parameters
    ----------
    text
        The line without its end.
    file
        The file's name, relative to the project.
    number
        Counted from 1.
    """

    text: str
    file: str
    number: int

    @property
    def place(self) -> str:
        """File and line, as an error names them."""
        return f"{self.file}:{self.number}"


@dataclass(frozen=True)
class Prose:
    """A run of lines that is not code to execute."""

    lines: tuple[Line, ...]
    chapter: int


@dataclass(frozen=True)
class Cell:
    """A code cell: its options, and its lines of code with includes expanded."""

    fence: Line
    options: Mapping[str, Any]
    option_lines: tuple[Line, ...]
    lines: tuple[Line, ...]
    chapter: int

    @property
    def label(self) -> str | None:
        """The cell's label, if it has one."""
        return self.options.get("label")

    @property
    def code(self) -> str:
        """The code that is executed, without option lines."""
        return "\n".join(line.text for line in self.lines)

    @property
    def place(self) -> str:
        """Where the cell begins."""
        return self.fence.place


@dataclass(frozen=True)
class Document:
    """A whole document with its includes expanded.

    Parameters
    ----------
    path
        The document's own file.
    name
        The same, relative to the project.
    front_matter
        The YAML at its head.
    parts
        Prose and cells, in order; a `chapter` counts the files included at the top level.
    sources
        Every file that was read.
    """

    path: Path
    name: str
    front_matter: Mapping[str, Any]
    parts: tuple[Prose | Cell, ...]
    sources: tuple[Path, ...] = field(default=())

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The code cells, in order."""
        return tuple(part for part in self.parts if isinstance(part, Cell))

    @property
    def prose(self) -> Iterator[Line]:
        """All lines of prose, in order."""
        for part in self.parts:
            if isinstance(part, Prose):
                yield from part.lines


def read(path: Path, root: Path) -> Document:
    """Read a document and everything it includes.

    Parameters
    ----------
    path
        The document.
    root
        The project's folder, to which names in messages are relative.

    Raises
    ------
    InputError
        If a file is missing or holds something that the built-in renderer does not set.
    """
    sources: list[Path] = []
    lines = _file_lines(path, root, sources)
    front_matter, body = _front_matter(lines)
    expanded = list(_expand(body, path, root, sources, (path.resolve(),)))
    parts = tuple(_parts(expanded, path, root, sources))
    return Document(path, _name(path, root), front_matter, parts, tuple(sources))


def _name(path: Path, root: Path) -> str:
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return path.name


def _file_lines(path: Path, root: Path, sources: list[Path]) -> list[Line]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{_name(path, root)} is missing.") from None
    except UnicodeDecodeError:
        raise InputError(f"{_name(path, root)} is not UTF-8 text: save it again as UTF-8.") from None
    except OSError as error:
        raise InputError(f"{_name(path, root)} cannot be read ({error.strerror}).") from None
    sources.append(path)
    name = _name(path, root)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if bad := re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", text):
        line = text.count("\n", 0, bad.start()) + 1
        raise InputError(f"{name}:{line}: a control character (U+{ord(bad.group()):04X}) is in the text: delete it.")
    return [Line(each, name, number) for number, each in enumerate(text.split("\n"), 1)]


def _front_matter(lines: list[Line]) -> tuple[dict, list[Line]]:
    if not lines or lines[0].text.rstrip() != "---":
        return {}, lines
    end = next((i for i, line in enumerate(lines) if i and line.text.rstrip() in ("---", "...")), None)
    if end is None:
        raise InputError(f"{lines[0].place}: the front matter is not closed: end it with a line '---'.")
    values = parse_yaml("\n".join(line.text for line in lines[1:end]), lines[1 : end + 1], "the front matter")
    return values, lines[end + 1 :]


@lru_cache(maxsize=1024)
def load_yaml(text: str) -> Any:
    """Read YAML safely; what is read belongs to everybody who reads the same text and is not to be changed.

    Raises
    ------
    yaml.YAMLError
        If it is not YAML, or gives a key twice.
    """
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    seen: set[str] = set()
    for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
        if str(key.value) in seen:
            raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} is given twice", problem_mark=key.start_mark)
        seen.add(str(key.value))
    return yaml.safe_load(text)


def parse_yaml(text: str, lines: list[Line] | tuple[Line, ...], what: str) -> dict:
    """Read a mapping from YAML text that stands in `lines`.

    Raises
    ------
    InputError
        If it is not YAML, or not keys with values.
    """
    try:
        values = load_yaml(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = lines[min(mark.line, len(lines) - 1)] if mark and lines else lines[0]
        raise InputError(f"{line.place}: {what} is not valid YAML: {error.problem or error.context}.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = (str(error).splitlines() or ["unreadable"])[0]
        raise InputError(f"{lines[0].place}: {what} is not valid YAML: {reason}.") from None
    if values is None:
        return {}
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise InputError(f"{lines[0].place}: {what} must hold keys and values.")
    return values


@dataclass(frozen=True)
class _Included(Line):
    chapter: int = 0


def _expand(
    lines: Iterable[Line], path: Path, root: Path, sources: list[Path], stack: tuple[Path, ...]
) -> Iterator[Line]:
    """Expand includes of prose; those inside code cells are left for the cell."""
    fence: str | None = None
    chapter = 0
    for line in lines:
        opening = _FENCE.match(line.text)
        if fence is None and opening:
            fence = opening[2]
        elif fence is not None and opening and not opening[3] and _closes(opening[2], fence):
            fence = None
        include = _INCLUDE.match(line.text) if fence is None else None
        if include is None:
            yield line if len(stack) > 1 else _Included(line.text, line.file, line.number, chapter)
            continue
        target = _included(include[1], line, path, root)
        if target.resolve() in stack:
            raise InputError(f"{line.place}: {include[1]} includes itself.")
        if len(stack) == 1:
            chapter += 1
        content = _file_lines(target, root, sources)
        if content and content[0].text.rstrip() == "---":
            raise InputError(f"{content[0].place}: an included file has no front matter of its own: delete it.")
        for inner in _expand(content, target, root, sources, (*stack, target.resolve())):
            yield _Included(inner.text, inner.file, inner.number, chapter) if len(stack) == 1 else inner
        if len(stack) == 1:
            chapter += 1


def _closes(closing: str, opening: str) -> bool:
    return closing[0] == opening[0] and len(closing) >= len(opening)


def _included(name: str, line: Line, path: Path, root: Path) -> Path:
    target = (root / name.lstrip("/")) if name.startswith("/") else path.parent / name
    if not target.is_file():
        raise InputError(f"{line.place}: the included file {name} does not exist.")
    if root.resolve() not in target.resolve().parents:
        raise InputError(f"{line.place}: {name} lies outside the project: include only files of the project.")
    return target


def _parts(lines: list[Line], path: Path, root: Path, sources: list[Path]) -> Iterator[Prose | Cell]:
    prose: list[Line] = []
    chapter = 0
    index = 0
    block: str | None = None
    opened = lines[0] if lines else None
    while index < len(lines):
        line = lines[index]
        here = getattr(line, "chapter", 0)
        if here != chapter and prose:
            if block is not None:
                raise InputError(f"{opened.place}: a code block is not closed: end it with {block}.")
            yield Prose(tuple(prose), chapter)
            prose = []
        chapter = here
        fence = _FENCE.match(line.text)
        if block is not None:
            if fence and not fence[3] and _closes(fence[2], block):
                block = None
            prose.append(line)
            index += 1
            continue
        cell = _CELL_FENCE.match(line.text)
        if cell:
            if prose:
                yield Prose(tuple(prose), chapter)
                prose = []
            end = next(
                (
                    i
                    for i in range(index + 1, len(lines))
                    if _is_close(lines[i], cell[1]) and lines[i].file == line.file
                ),
                None,
            )
            if end is None:
                raise InputError(f"{line.place}: the code cell is not closed: end it with {cell[1]}.")
            yield _cell(line, cell, lines[index + 1 : end], path, root, sources, chapter)
            index = end + 1
            continue
        if fence:
            block, opened = fence[2], line
            info = fence[3]
            if re.match(r"\{[A-Za-z_]+", info) and not info.startswith("{."):
                raise InputError(f"{line.place}: a cell must begin at the start of a line, as ```{{python}}.")
        prose.append(line)
        index += 1
    if block is not None:
        raise InputError(f"{opened.place}: a code block is not closed: end it with {block}.")
    if prose:
        yield Prose(tuple(prose), chapter)


def _is_close(line: Line, opening: str) -> bool:
    match = _FENCE.match(line.text)
    return bool(match and not match[3] and _closes(match[2], opening))


def _cell(
    fence: Line, head: re.Match, body: list[Line], path: Path, root: Path, sources: list[Path], chapter: int
) -> Cell:
    language, extra = head[2], head[3].strip()
    if language != "python":
        raise InputError(
            f"{fence.place}: cells of {language} are not supported: only ```{{python}} cells are executed."
        )
    if extra:
        raise InputError(f"{fence.place}: write the option {extra!r} as a line '#| key: value' inside the cell.")
    count = 0
    while count < len(body) and body[count].text.startswith("#|"):
        count += 1
    option_lines = tuple(body[:count])
    text = "\n".join(line.text[2:].removeprefix(" ") for line in option_lines)
    options = parse_yaml(text, option_lines, "the cell's options") if option_lines else {}
    for key in options:
        if key not in CELL_OPTIONS:
            line = next((each for each in option_lines if re.match(rf"#\|\s*{re.escape(key)}\s*:", each.text)), fence)
            allowed = ", ".join(sorted(CELL_OPTIONS))
            raise InputError(f"{line.place}: the cell option {key!r} is not supported; supported: {allowed}.")
    _check_option_types(options, fence)
    code: list[Line] = []
    for line in body[count:]:
        include = _INCLUDE.match(line.text.strip())
        if include:
            code.extend(_file_lines(_included(include[1], line, path, root), root, sources))
            while code and not code[-1].text.strip():
                code.pop()
        elif _SHORTCODE.search(line.text):
            raise InputError(f"{line.place}: inside a cell only the shortcode include is supported, alone on its line.")
        else:
            code.append(line)
    return Cell(fence, options, option_lines, tuple(code), chapter)


_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "label": ((str,), "text"),
    "echo": ((bool,), "true or false"),
    "include": ((bool,), "true or false"),
    "eval": ((bool,), "true or false"),
    "warning": ((bool,), "true or false"),
    "fig-cap": ((str,), "text in quotes"),
    "fig-alt": ((str, list), "text in quotes"),
    "fig-subcap": ((list,), "a list of texts"),
    "tbl-cap": ((str,), "text in quotes"),
    "lst-cap": ((str,), "text in quotes"),
    "lst-label": ((str,), "text"),
    "layout-ncol": ((int,), "a whole number"),
}


def _check_option_types(options: Mapping[str, Any], fence: Line) -> None:
    for key, value in options.items():
        types, words = _KINDS.get(key, ((object,), ""))
        if not isinstance(value, types) or (types == (int,) and isinstance(value, bool)):
            raise InputError(f"{fence.place}: the cell option {key} must be {words}.")
        if isinstance(value, list) and not all(isinstance(each, str) for each in value):
            raise InputError(f"{fence.place}: the cell option {key} must hold texts in quotes.")
    if options.get("output", True) not in (True, False, "asis"):
        raise InputError(f"{fence.place}: the cell option output must be true, false or asis.")
    label = options.get("label")
    if label is not None and not re.fullmatch(r"[A-Za-z][\w-]*", label):
        raise InputError(f"{fence.place}: the label {label!r} must be letters, digits and hyphens.")
    kind = (label or "").partition("-")[0]
    needed = {"fig": ("fig-cap", "fig-alt"), "tbl": ("tbl-cap",)}.get(kind, ())
    for key in needed:
        if not options.get(key):
            raise InputError(f"{fence.place}: the cell {label} needs a line '#| {key}: \"…\"'.")
    if ("lst-label" in options) != ("lst-cap" in options):
        raise InputError(f"{fence.place}: lst-label and lst-cap go together.")
    if options.get("lst-label") and not str(options["lst-label"]).startswith("lst-"):
        raise InputError(f"{fence.place}: lst-label must begin with 'lst-'.")


def outside_code(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield the lines that are not in a fenced code block, with code spans and comments blanked out.

    Raises
    ------
    InputError
        If a comment is not closed.
    """
    fence: str | None = None
    in_comment = False
    for line in lines:
        match = _FENCE.match(line.text)
        if fence is None and match and not (match[2][0] == "`" and "`" in match[3]):
            fence = match[2]
            continue
        if fence is not None:
            if match and not match[3] and _closes(match[2], fence):
                fence = None
            continue
        text = line.text
        if not in_comment and "`" not in text and "<!--" not in text:
            yield line
            continue
        if in_comment:
            if "-->" not in text:
                continue
            text = text.split("-->", 1)[1]
            in_comment = False
        text = re.sub(r"<!--.*?-->", "", text)
        if "<!--" in text:
            text = text.split("<!--", 1)[0]
            in_comment, opened = True, line
        text = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", lambda m: " " * len(m[0]), text)
        yield Line(text, line.file, line.number)
    if in_comment:
        raise InputError(f"{opened.place}: this comment is not closed: end it with -->.")


def without_mathematics(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield lines with formulas, inline and displayed, blanked out."""
    display = False
    for line in lines:
        if not display and "$" not in line.text:
            yield line
            continue
        text = line.text.replace("\\$", "  ")
        kept = ""
        for index, piece in enumerate(text.split("$$")):
            if index:
                display = not display
            kept += " " * len(piece) if display else piece
        yield Line(re.sub(r"\$(?=\S)[^$]*?(?<=\S)\$", lambda m: " " * len(m[0]), kept), line.file, line.number)


def refuse_unsupported(document: Document) -> None:
    """Refuse what the built-in renderer does not set.

    Raises
    ------
    InputError
        With file, line and the construct's name.
    """
    lines = list(document.prose)
    code = code_blocks(lines)
    for line in lines:
        fence = _FENCE.match(line.text)
        if (line.file, line.number) in code:
            _refuse_in_code(line)
        elif fence and re.match(r"\{=", fence[3]):
            raise InputError(f"{line.place}: raw {fence[3].strip('{=}')} is not supported: write it as Markdown.")
        elif fence and fence[3].startswith("{{"):
            raise InputError(f"{line.place}: a cell that is shown and not executed, {fence[3]}, is not supported.")
        elif fence and "filename=" in fence[3]:
            raise InputError(f"{line.place}: a code block's filename= is not supported: name the file in the text.")
        elif fence and fence[3].startswith("{") and "code-annotations" in fence[3]:
            raise InputError(f"{line.place}: code annotations are not supported.")
        elif "`{" in line.text and (inline := _INLINE_CELL.search(line.text)):
            raise InputError(f"{line.place}: inline code that is executed, {inline[0]}, is not supported: use var.")
    for line in (line for cell in document.cells for line in cell.lines):
        if ">" in line.text and _ANNOTATION.search(line.text):
            raise InputError(f"{line.place}: code annotations ({line.text.split()[-1]}) are not supported.")
    text = list(outside_code(lines))
    _refuse_in_text(text)
    _refuse_lossy_tables(list(without_mathematics(text)))


def code_blocks(lines: Iterable[Line]) -> frozenset[tuple[str, int]]:
    """Find the lines inside fenced code blocks, without the fences: (file, number)."""
    found = []
    fence: str | None = None
    for line in lines:
        match = _FENCE.match(line.text)
        if fence is not None:
            if match and not match[3] and _closes(match[2], fence):
                fence = None
            else:
                found.append((line.file, line.number))
        elif match and not (match[2][0] == "`" and "`" in match[3]):
            fence = match[2]
    return frozenset(found)


def _refuse_in_code(line: Line) -> None:
    """Refuse what Quarto does inside a code block that is not executed."""
    if re.match(r"\s*```+\s*\{=?[A-Za-z]", line.text):
        raise InputError(f"{line.place}: a cell inside a code block is not supported: Quarto executes it.")
    if ">" in line.text and _ANNOTATION.search(line.text):
        raise InputError(f"{line.place}: code annotations ({line.text.split()[-1]}) are not supported.")
    for code in _SHORTCODE.findall(line.text):
        name = code.split()[0] if code.split() else ""
        if name in QUARTOS_SHORTCODES - {"var", "meta"}:
            hint = "write {{{< … >}}} to print it"
            raise InputError(f"{line.place}: the shortcode {name!r} is not supported in a code block: {hint}.")


def _refuse_in_text(lines: list[Line]) -> None:
    depth: list[Line] = []
    display, opened, brackets = False, None, 0
    notes = {match[1] for line in lines if (match := _NOTE.match(line.text))}
    for line, plain in zip(lines, without_mathematics(lines), strict=True):
        text = line.text
        if display and (not text.strip() or line.file != opened.file):
            break  # pandoc ends a formula at an empty line
        brackets = _nested(plain, brackets)
        if "{{<" in (rest := _SHORTCODE.sub("", text)) and "{{{<" not in rest:
            raise InputError(f"{line.place}: the shortcode {{{{< is not closed: end it with >}}}}.")
        if "[^" in plain.text and (note := next((n for n in _NOTE_MARK.findall(plain.text) if n not in notes), None)):
            raise InputError(f"{line.place}: the footnote [^{note}] has no text: add a line '[^{note}]: …'.")
        if re.fullmatch(r"---\s*", text) and _begins_metadata(lines, line):
            raise InputError(f"{line.place}: metadata in the middle of the text: leave an empty line after ---.")
        for code in _SHORTCODE.findall(text):
            name = code.split()[0] if code.split() else ""
            if name not in SHORTCODES:
                allowed = ", ".join(sorted(SHORTCODES))
                raise InputError(f"{line.place}: the shortcode {name!r} is not supported; supported: {allowed}.")
            if name in ("include", "embed", "pagebreak") and _SHORTCODE.sub("", text).strip():
                raise InputError(f"{line.place}: the shortcode {name} must stand alone on its line.")
        if len(_SHORTCODE.findall(text)) != len(_SHORTCODE.findall(plain.text)):
            raise InputError(f"{line.place}: a shortcode inside a formula is not supported: print it from a cell.")
        if re.search(r"\{=\w+\}", text):
            raise InputError(f"{line.place}: raw inline code is not supported: write it as Markdown.")
        _check_attributes(plain)
        div = _DIV.match(plain.text)
        if div:
            if div[1]:
                _check_div(div[1], line)
                depth.append(line)
            elif depth:
                depth.pop()
            else:
                raise InputError(f"{line.place}: this ::: closes nothing.")
        tag = re.search(r"</?[A-Za-z][\w-]*(\s[^<>]*)?/?>", plain.text)
        if tag and not re.match(r"<(https?:|mailto:)", tag[0]):
            raise InputError(f"{line.place}: raw HTML ({tag[0]}) is not supported: write it as Markdown.")
        command = re.search(r"\\(begin|textbf|textit|emph|cite|ref|newpage|vspace|hspace|footnote)\b", plain.text)
        if command:
            raise InputError(f"{line.place}: raw LaTeX ({command[0]}) outside a formula is not supported.")
        if "$$" in text:
            display = _check_display(text, line, display)
            opened = line
    if display:
        raise InputError(f"{opened.place}: a formula that begins with $$ is not closed.")
    if depth:
        raise InputError(f"{depth[-1].place}: this ::: block is not closed.")


def _refuse_lossy_tables(lines: list[Line]) -> None:
    """Refuse tables of which pandoc would leave cells out without a word, or which it would not take for tables."""
    columns = 0
    for before, line, after in zip([None, *lines], lines, [*lines[1:], None], strict=False):
        text = line.text.strip()
        if not text:
            columns = 0
        elif columns:
            _check_row(line, columns)
        elif _TABLE_RULE.fullmatch(text) and before is not None and "|" in before.text:
            columns = _columns(text.replace("+", "|"))
            _check_row(before, columns)
        elif _TABLE_ROW.fullmatch(text) and not (before is not None and before.text.strip().startswith(("+", "|"))):
            follows = after.text.strip() if after is not None else ""
            if _TABLE_ROW.fullmatch(follows) and not _TABLE_RULE.fullmatch(follows):
                rule = "|---" * _columns(text) + "|"
                raise InputError(f"{line.place}: this table has no line under its head: write {rule} there.")


def _check_row(line: Line, columns: int) -> None:
    found = _columns(line.text)
    if found > columns:
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


def _begins_metadata(lines: list[Line], line: Line) -> bool:
    """Tell whether the line of hyphens begins a block of metadata rather than being a rule between paragraphs."""
    index = lines.index(line)
    before, after = (lines[i].text.strip() if 0 <= i < len(lines) else "" for i in (index - 1, index + 1))
    return not before and bool(after)


def _check_attributes(line: Line) -> None:
    """Refuse attributes of spans and images that Quarto follows and the built-in renderer does not."""
    if "]{" in line.text:
        for attributes in _SPAN.findall(line.text):
            classes = re.findall(r"(?:^|\s)\.([\w-]+)", attributes)
            if refused := next((name for name in classes if REFUSED_SPANS.fullmatch(name)), None):
                raise InputError(f"{line.place}: the span .{refused} is not supported.")
            if refused := re.search(r"(?:^|\s)(style|when-[\w-]+|unless-[\w-]+)\s*=", attributes):
                raise InputError(f"{line.place}: the span's attribute {refused[1]}= is not supported.")
    if "![" not in line.text:
        return
    for image in IMAGE.finditer(line.text):
        attributes = re.sub(r'"[^"]*"', '""', image["attributes"] or "")
        for key in re.findall(r"([\w-]+)\s*=", attributes):
            if key not in IMAGE_ATTRIBUTES:
                known = ", ".join(sorted(IMAGE_ATTRIBUTES))
                raise InputError(f"{line.place}: the image's attribute {key}= is not supported; supported: {known}.")
        if named := re.search(r"[{\s]\.([\w-]+)", attributes):
            raise InputError(f"{line.place}: the image's class .{named[1]} is not supported.")
        if image.start() and line.text[image.start() - 1] == "[":
            raise InputError(f"{line.place}: an image inside a link is not supported.")


def _check_display(text: str, line: Line, display: bool) -> bool:
    for index, piece in enumerate(text.split("$$")):
        if index:
            display = not display
            if (
                not display
                and re.match(r"\s*\{#eq-", piece)
                and re.match(r".*\S.*", text.split("$$")[0])
                and index == 2
            ):
                raise InputError(f"{line.place}: a numbered formula $$…$$ {{#eq-…}} must stand on a line of its own.")
            after = re.match(r"\s*\{#eq-[^}]*\}(.*)", piece)
            if not display and after and after[1].strip(" .,;"):
                raise InputError(f"{line.place}: a numbered formula $$…$$ {{#eq-…}} must stand on a line of its own.")
    return display


def _check_div(attributes: str, line: Line) -> None:
    if not attributes.startswith("{"):
        attributes = "{." + attributes.strip() + "}"
    inner = attributes.strip("{}")
    classes = re.findall(r"(?:^|\s)\.([\w-]+)", inner)
    identifier = re.search(r"(?:^|\s)#([\w:.-]+)", inner)
    for name in classes:
        if name not in DIV_CLASSES:
            raise InputError(f"{line.place}: the block .{name} is not supported; supported: {_listed(DIV_CLASSES)}.")
    for key in re.findall(r"([\w-]+)\s*=", re.sub(r'"[^"]*"', '""', inner)):
        if key not in DIV_ATTRIBUTES:
            raise InputError(f"{line.place}: the attribute {key}= is not supported here.")
    callout = next((name for name in classes if name.startswith("callout")), None)
    if callout and identifier:
        raise InputError(f"{line.place}: numbered callouts are not supported: delete #{identifier[1]}.")
    if identifier and identifier[1].partition("-")[0] not in FLOATS:
        raise InputError(f"{line.place}: a block's id must begin with fig-, tbl- or lst-, not {identifier[1]!r}.")
    if not classes and not identifier and "layout-ncol" not in inner:
        raise InputError(f"{line.place}: the block {attributes} is not supported.")


def _listed(names: Iterable[str]) -> str:
    return ", ".join("." + name for name in sorted(names))


def refuse_images_without_alternative(document: Document) -> None:
    """Refuse an image that has no ``fig-alt``: a caption does not say what is seen.

    Raises
    ------
    InputError
        With file and line.
    """
    for line in outside_code(document.prose):
        for image in IMAGE.finditer(line.text):
            if not re.search(r"fig-alt\s*=\s*\"[^\"]+\"", image["attributes"] or ""):
                raise InputError(f'{line.place}: the image needs an alternative text: add {{fig-alt="…"}}.')


def refuse_skipped_headings(document: Document) -> None:
    """Refuse headings whose levels do not follow one another, which PDF/UA does not allow.

    Raises
    ------
    InputError
        With file and line.
    """
    above = 0
    for line in outside_code(document.prose):
        if heading := re.match(r"(#{1,6})\s", line.text):
            level = len(heading[1])
            if level > above + 1:
                where = f"under one of level {above}" if above else "though it is the first"
                raise InputError(
                    f"{line.place}: this heading is of level {level} {where}: begin it with {'#' * (above + 1)}."
                )
            above = level


def labels(document: Document) -> dict[str, str]:
    """Find what can be referred to.

    Returns
    -------
    dict
        Label to the place of its definition.

    Raises
    ------
    InputError
        If a label is defined twice.
    """
    found: dict[str, str] = {}

    def define(label: str, place: str) -> None:
        if label in found:
            raise InputError(f"{place}: the label {label} is used already at {found[label]}: give it another name.")
        found[label] = place

    for part in document.parts:
        if isinstance(part, Cell):
            for key in ("label", "lst-label"):
                if part.options.get(key):
                    define(part.options[key], part.place)
            if part.options.get("fig-subcap") and part.label:
                for number in range(1, len(part.options["fig-subcap"]) + 1):
                    define(f"{part.label}-{number}", part.place)
        else:
            for line in outside_code(part.lines):
                for match in _ATTRIBUTES.finditer(line.text):
                    define(match[1], line.place)
                for code in _SHORTCODE.findall(line.text):
                    words = code.split()
                    if words and words[0] == "embed" and "#" in code:
                        define(words[1].partition("#")[2], line.place)
    return found


def printed_equations(texts: Iterable[str]) -> set[str]:
    """Find the labels of equations in Markdown that cells print."""
    return {match[1] for text in texts for match in _ATTRIBUTES.finditer(text)}


def references(document: Document) -> list[tuple[str, str]]:
    """Find every cross-reference: (label, place)."""
    found = []
    for line in without_mathematics(outside_code(document.prose)):
        found += [(_lower(match[1]), line.place) for match in _REFERENCE.finditer(line.text)]
    for cell in document.cells:
        for key in ("fig-cap", "tbl-cap", "lst-cap"):
            text = str(cell.options.get(key, ""))
            found += [(_lower(match[1]), cell.place) for match in _REFERENCE.finditer(text)]
    return found


def _lower(label: str) -> str:
    """Return the label that ``@Fig-x`` names: a capital asks for the same word at a sentence's beginning."""
    return label[0].lower() + label[1:]


def citations(document: Document) -> list[tuple[str, str]]:
    """Find every citation: (key, place)."""
    found = []
    lines = list(without_mathematics(outside_code(document.prose)))
    for cell in document.cells:
        captions = [str(cell.options.get(key, "")) for key in ("fig-cap", "tbl-cap", "lst-cap")]
        lines += [Line(text, cell.fence.file, cell.fence.number) for text in captions]
    for line in lines:
        for match in _CITATION.finditer(line.text):
            key = match[1]
            if _lower(key).partition("-")[0] not in REFERENCE_KINDS or "-" not in key:
                found.append((key, line.place))
    return found


def substitute(text: str, place: str, variables: Mapping[str, Any], meta: Mapping[str, Any]) -> str:
    """Replace the shortcodes var and meta in `text` by their values, and write escaped ones as they are shown.

    Raises
    ------
    InputError
        If a value does not exist.
    """

    def value(match: re.Match) -> str:
        words = match[1].split()
        if len(words) != 2 or words[0] not in ("var", "meta"):
            return match[0]
        found: Any = variables if words[0] == "var" else meta
        for key in words[1].split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        if found is None or isinstance(found, Mapping | list):
            known = "_variables.yml" if words[0] == "var" else "the front matter"
            raise InputError(f"{place}: the {words[0]} {words[1]} does not exist in {known}.")
        return str(found)

    text = _SHORTCODE.sub(value, text)
    # {{{< var x >}}} prints the shortcode itself
    return text.replace("{{{<", "{{<").replace(">}}}", ">}}") if "{{{<" in text else text
