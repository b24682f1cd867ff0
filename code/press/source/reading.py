"""Reads a Quarto document in one pass: front matter, prose and cells, with includes expanded and every line's place.

What is found is checked as far as it takes no look at more than a cell or a line; `refusals` does the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from handin import yaml_text
from handin.errors import InputError
from handin.text import read_text
from press.keeping.facts import Stamp, stamp
from press.source import options, shortcodes
from press.source.hidden import Conditions, Hidden
from press.source.qmd import Cell, Document, Kind, Line, Prose, Scanner

METADATA = "_metadata.yml"
"""The file with the options of all documents in a folder of a project, and below it."""

_CELL = re.compile(r"^(\s*)(`{3,})\s*\{([A-Za-z_][\w.-]*)(.*?)\}\s*$")
INLINE = re.compile(r"(?<!`)`\{([A-Za-z]\w*)\}\s+([^`]+?)\s*`(?!`)")
"""An expression in a line of prose."""

_OF_ALL_CELLS = (options.EXECUTION.keys() | options.FIGURES.keys()) - {"echo"}
_META = re.compile(r"(?:\{\{<\s*meta\s+|(?:when|unless)-meta\s*=\s*[\"']?)([\w-]+)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_PYTHON = re.compile(r"python3?")
_OPTION = re.compile(r"#\s*\|")  # formatters of code put a space there
_LITERAL = re.compile(r"\{[^}]*\bshortcodes\s*=\s*\"?false\b")
"""The attribute of a block of code whose shortcodes are printed as they stand."""
_ITEM = re.compile(r"(\s*(?:[-*+]|\(?\w+[.)])\s+)\S")


def read(path: Path, root: Path, project_options: Mapping[str, Any] | None = None) -> Document:
    """Read a document and everything it includes.

    Names in messages are relative to the project's folder, `root`; `project_options` are what ``_quarto.yml`` holds. A
    file that is missing, an option or a cell that is not supported is refused with file and line. A build asks for each
    document several times: it is read again after a change only.
    """
    metadata = [own for folder in _folders(path, root) if (own := folder / METADATA).is_file()]
    key = path, root, repr((project_options, metadata))
    if key not in _read or any(stamp(source) != then for source, then in _read[key][0].items()):
        reader = _Reader(path, root, project_options or {}, metadata)
        _read[key] = (reader.sources, reader.document())
    return _read[key][1]


_read: dict[tuple[Path, Path, str], tuple[Mapping[Path, Stamp | None], Document]] = {}


def _folders(path: Path, root: Path) -> list[Path]:
    """Name the folders whose options hold for a document of a project: its own, and those above it below the root."""
    if not (root / "_quarto.yml").is_file() or root not in path.parents:
        return []
    inside = [folder for folder in path.parents if root in folder.parents]
    return inside[::-1] or [root]


class _Reader:
    def __init__(self, path: Path, root: Path, project_options: Mapping[str, Any], metadata: Sequence[Path]):
        self.path, self.root, self.project_options, self.metadata = path, root, project_options, metadata
        self.sources: dict[Path, Stamp | None] = {}
        self.doubts: list[options.Doubt] = []
        self.parts: list[Prose | Cell] = []
        self.prose: list[Line] = []
        self.chapter = 0
        self.execute: Mapping[str, Any] = {}
        self.hidden = Hidden(Conditions({}))

    def document(self) -> Document:
        name = _name(self.path, self.root)
        front, lines = self._front_matter(self._lines(self.path))
        given = self.project_options
        for path in self.metadata:
            self.sources.setdefault(path, stamp(path))
            text = yaml_text.read(path, "it holds the options of a folder")
            given = options.merged(given, yaml_text.mapping(text, _name(path, self.root)))
        found = options.merged(given, front)
        figures = {key: value for key, value in found.items() if key in options.FIGURES}
        self.hidden = Hidden(Conditions(found))
        self.execute = figures | {key: value for key, value in found["execute"].items() if key in _OF_ALL_CELLS}
        self._text(lines, self.path, (self.path.resolve(),))
        self.hidden.end()
        self._flush()
        return Document(self.path, name, front, tuple(self.parts), tuple(self.sources), found, tuple(self.doubts))

    # -- files and front matter

    def _lines(self, path: Path) -> list[Line]:
        name = _name(path, self.root)
        words = "is missing: write or restore it, or correct its name where the report is described."
        self.sources.setdefault(path, stamp(path))
        text = read_text(path, name, words).replace("\r\n", "\n").replace("\r", "\n")
        if bad := _CONTROL.search(text):
            line = text.count("\n", 0, bad.start()) + 1
            sign = f"U+{ord(bad.group()):04X}"
            raise InputError(f"{name}:{line}: a control character ({sign}) is in the text: delete it.")
        return [Line(each, name, number) for number, each in enumerate(text.split("\n"), 1)]

    def _front_matter(self, lines: list[Line]) -> tuple[dict[str, Any], list[Line]]:
        begins = next((index for index, line in enumerate(lines) if line.text.strip()), 0)
        if not lines or lines[begins].text.rstrip() != "---":
            return {}, lines
        lines = lines[begins:]
        end = next((i for i, line in enumerate(lines) if i and line.text.rstrip() in ("---", "...")), None)
        if end is None:
            raise InputError(f"{lines[0].place}: the front matter is not closed: end it with a line '---'.")
        text = "\n".join(line.text for line in lines[1:end])
        values = mapping(text, lines[1 : end + 1], "the front matter")
        printed = {word for line in lines[end:] for word in _META.findall(line.text)}
        self.doubts += _check_front_matter(values, text, lines[0], printed)
        return values, lines[end + 1 :]

    # -- text

    def _text(self, lines: list[Line], path: Path, stack: tuple[Path, ...]) -> None:
        """Take the lines of one file in; what they include comes in their place."""
        scanner = Scanner()
        head: re.Match[str] | None = None
        body: list[Line] = []
        is_literal = False
        for line in lines:
            found = scanner.feed(line)
            if found.kind is Kind.FENCE:
                is_literal = bool(_LITERAL.search(line.text))
            elif found.kind is Kind.CODE and is_literal:
                found = replace(found, text=shortcodes.escaped(line.text))
            if head is not None:
                if found.kind is Kind.CODE:
                    body.append(line)
                    continue
                self.parts.append(self._cell(body[0], head, body[1:], path))
                head = None
            elif found.kind is Kind.FENCE and scanner.fence and (head := _CELL.match(line.text)):
                self._flush()
                body = [line]
            elif found.kind is Kind.TEXT and (include := shortcodes.INCLUDE.match(line.text)):
                self._include(include["file"], line, path, stack)
            else:
                self.prose += self.hidden.feed(found)
        if head is not None:
            raise InputError(f"{body[0].place}: the code cell is not closed: end it with {head[2]}.")
        scanner.end()

    def _include(self, name: str, line: Line, path: Path, stack: tuple[Path, ...]) -> None:
        target = self._included(name, line, path)
        if target.resolve() in stack:
            raise InputError(f"{line.place}: {name} includes itself.")
        content = self._lines(target)
        if content and content[0].text.rstrip() == "---":
            raise InputError(f"{content[0].place}: an included file has no front matter of its own: delete it.")
        self._begin_chapter(stack)
        self._text(content, target, (*stack, target.resolve()))
        self._begin_chapter(stack)

    def _begin_chapter(self, stack: tuple[Path, ...]) -> None:
        if len(stack) == 1:
            self._flush()
            self.chapter += 1

    def _included(self, name: str, line: Line, path: Path) -> Path:
        target = (self.root / name.lstrip("/")) if name.startswith("/") else path.parent / name
        if not target.is_file():
            raise InputError(f"{line.place}: the included file {name} does not exist.")
        if self.root.resolve() not in target.resolve().parents:
            raise InputError(f"{line.place}: {name} lies outside the project: include only files of the project.")
        return target

    def _flush(self) -> None:
        if not self.prose:
            return
        lines, self.prose = tuple(self.prose), []
        inline = tuple(cell for line in lines if line.kind is Kind.TEXT for cell in self._expressions(line))
        self.parts.append(Prose(lines, self.chapter, inline))

    def _expressions(self, line: Line) -> Iterator[Cell]:
        for match in INLINE.finditer(line.text):
            if not _PYTHON.fullmatch(match[1]):
                raise InputError(f"{line.place}: expressions of {match[1]} are not supported, only `{{python}} …`.")
            code = replace(line, text=match[2])
            yield Cell(line, dict(self.execute), (), (code,), self.chapter, inline=True)

    # -- cells

    def _cell(self, fence: Line, head: re.Match[str], body: list[Line], path: Path) -> Cell:
        language, extra = head[3], head[4].strip()
        if not _PYTHON.fullmatch(language):
            words = f"cells of {language} are not supported: only ```{{python}} cells are executed."
            raise InputError(f"{fence.place}: {words}")
        if extra:
            written = f"label: {extra}" if re.fullmatch(r"[\w-]+", extra) else "key: value"
            raise InputError(f"{fence.place}: write the option {extra!r} as a line '#| {written}' inside the cell.")
        indent = len(head[1].expandtabs())
        body = [replace(line, text=line.text[:indent].lstrip() + line.text[indent:]) for line in body]
        count = next((i for i, line in enumerate(body) if not _OPTION.match(line.text)), len(body))
        option_lines = tuple(replace(line, text=_OPTION.sub("#|", line.text)) for line in body[:count])
        own = {**self._cell_options(option_lines, fence), **({"include": False} if self.hidden.hides else {})}
        code: list[Line] = []
        for line in body[count:]:
            if include := shortcodes.INCLUDE.match(line.text):
                code.extend(self._lines(self._included(include["file"], line, path)))
                while code and not code[-1].text.strip():
                    code.pop()
            elif shortcodes.PATTERN.search(line.text):
                words = "inside a cell only the shortcode include is supported, alone on its line."
                raise InputError(f"{line.place}: {words}")
            else:
                code.append(line)
        above = self.parts[-1].lines if indent and self.parts and isinstance(self.parts[-1], Prose) else ()
        indent = column(above, indent) or indent
        return Cell(fence, {**self.execute, **own}, option_lines, tuple(code), self.chapter, indent=indent)

    def _cell_options(self, lines: tuple[Line, ...], fence: Line) -> dict[str, Any]:
        found = options_of(lines, "the cell's options")

        def place(key: str) -> str:
            own = (each.place for each in lines if re.match(rf"#\|\s*{re.escape(key)}\s*:", each.text))
            return next(own, fence.place)

        self.doubts += options.check(found, options.CELL, "cell option", place)
        label = found.get("label")
        if label is not None and not re.fullmatch(r"[A-Za-z][\w.:-]*", str(label)):
            raise InputError(f"{place('label')}: the label {label!r} must be letters, digits and hyphens.")
        if ("lst-label" in found) != ("lst-cap" in found):
            raise InputError(f"{fence.place}: lst-label and lst-cap go together.")
        if found.get("lst-label") and not str(found["lst-label"]).startswith("lst-"):
            raise InputError(f"{place('lst-label')}: lst-label must begin with 'lst-'.")
        return found


def column(above: Sequence[Line], indent: int) -> int:
    """Return the column in which the item of a list begins that a line with this indent stands in; 0 if in none."""
    for line in reversed(above if indent else ()):
        if (item := _ITEM.match(line.text.expandtabs())) and len(item[1]) <= indent:
            return len(item[1])
        if line.text[:1].strip():
            break
    return 0


def _name(path: Path, root: Path) -> str:
    whole, root = path.resolve(), root.resolve()
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else path.name


_parsed = lru_cache(maxsize=1024)(yaml_text.parse)  # an edit changes the options of one cell, if any


def mapping(text: str, lines: Sequence[Line], what: str) -> dict[str, Any]:
    """Read a mapping from YAML text that stands in `lines`; what is none is refused with its place.

    The values are shared by all who read the same text: they are not to be changed.
    """
    values = _parsed(text)
    if isinstance(values, yaml_text.Fault):
        line = lines[min((values.line or 1) - 1, len(lines) - 1)]
        words = f"{what} is {values.reason}" if values.reason.startswith("not valid") else f"{what}: {values.reason}"
        raise InputError(f"{line.place}: {words}.")
    if values is None:
        return {}
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise InputError(f"{lines[0].place}: {what} must hold keys and values.")
    return values


def options_of(lines: Sequence[Line], what: str) -> dict[str, Any]:
    """Read the lines that begin with ``#|``; what `mapping` refuses is refused."""
    return mapping("\n".join(line.text[2:].removeprefix(" ") for line in lines), lines, what)


def _check_front_matter(values: Mapping[str, Any], text: str, first: Line, printed: set[str]) -> list[options.Doubt]:
    """Refuse what is plainly a slip; return the options that nothing is known of."""

    def place(*keys: str) -> str:
        return f"{first.file}:{(yaml_text.line_of(text, keys) or 0) + 1}"

    known = options.FRONT | dict.fromkeys(printed, options.Option("is printed by the shortcode meta"))

    def known_of(given: Mapping[str, Any]) -> Mapping[str, options.Option]:
        header = given.get("include-in-header")
        is_text = len(options.header_texts(header)) == len(options.each_of(header))
        return known if is_text else {key: option for key, option in known.items() if key != "include-in-header"}

    doubts = list(options.check(values, known_of(values), "front matter's key", place))
    for name in options.ours(values):
        given = options.group(options.group(values, "format"), name)
        own = {key: given[key] for key in given if key not in ("engine", "jupyter")}  # which count at the top alone
        heeded = {key: option for key, option in known_of(own).items() if name != "typst" or key not in options.TYPSTS}
        doubts += options.check(own, heeded, f"key of {name}", partial(place, "format", name))
    execute = values.get("execute") or {}
    for where, words in options.check(execute, options.EXECUTE, "option of execute", partial(place, "execute")):
        raise InputError(f"{where}: {words}")
    if "custom" in options.group(values, "crossref"):
        words = "crossref: custom is not supported: give what it names a label with fig-, tbl- or lst-."
        raise InputError(f"{place('crossref', 'custom')}: {words}")
    kernel = values.get("jupyter")
    if isinstance(kernel, Mapping):
        spec = options.group(kernel, "kernelspec")
        is_python = spec.get("language", "python") == "python"
        kernel = "python3" if is_python else kernel.get("kernel") or spec.get("name")
    if kernel is not None and not re.match(r"python", str(kernel)):
        raise InputError(f"{place('jupyter')}: the kernel {kernel} is not supported: cells are executed by python3.")
    return doubts
