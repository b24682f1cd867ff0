"""Turns a document and the outputs of its cells into Markdown that pandoc reads, one text per chapter.

The Markdown has one shape for every float, whether a cell made it, an image in the prose or an embedded notebook cell:
a fenced div with the label as its id, the content, and the caption as its last paragraph. Quarto's documents may use
the same shape, so the Lua filter knows only this one. Every line of it knows where it comes from.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from handin.errors import InputError, WorkError
from handin.notebook import reading as notebooks
from press.execution.job import Outputs
from press.execution.waiting import PLACEHOLDER, WORDS, Unfinished, is_waiting, placeholder
from press.source import reading, references, shortcodes
from press.source.foreign import PRINTED, printed
from press.source.options import CELL, listed
from press.source.qmd import CODE_SPAN, Cell, Document, Kind, Line, Prose, scanned
from press.source.refusals import IMAGE
from press.typesetting import outputs as output_markdown
from press.typesetting.outputs import Context, Shown, fenced, quoted

_MARK = re.compile(r"^(\(?(?:\w{1,4}|#))?((?(1)[.)]|[-+*>:#]))(?=\s)")
"""What would begin a list, a heading or a quotation where it begins a paragraph."""

_SHOWN_CELL = re.compile(r"^(\s*[`~]{3,}\s*)\{\{(\w+)\}\}")
"""How a code block shows the head of a cell that is not to be executed."""

_NOT_PRINTED = re.compile(rf"\{{=(?!(?:{'|'.join(PRINTED)})\}})([\w-]+)\}}")

_UNSAFE = re.compile(r"""[ ()<>%"'\[\]\\]""")
"""What may not stand in an image's address as it is."""

IMAGES = frozenset(".svg .png .jpg .jpeg .gif .webp .pdf".split())
"""The endings of images that Typst reads."""

_FENCED = re.compile(r"#\|\s*echo:\s*fenced\s*$")
"""The option by which a cell is shown with its head; it is not among what is shown."""

_TABLE = re.compile(r"^\s*[|+]|<table|\\begin\{tabular|^\s*:?-{3,}", re.MULTILINE)


@dataclass(frozen=True)
class Emitted:
    """A document as Markdown, one text for each chapter in order."""

    chapters: tuple[str, ...]
    embedded: tuple[Path, ...]
    """The notebooks that were embedded from, and the images that are shown."""
    lines: tuple[tuple[Line, ...], ...] = ()
    """The same chapters line by line, each line with the place that it comes from."""


def emit(document: Document, outputs: Outputs, context: Context) -> Emitted:
    """Turn a document, with the outputs of each cell, into Markdown.

    Raises
    ------
    InputError
        If a variable, an embedded notebook or a label in it does not exist.
    WorkError
        If a cell that is labelled as a figure or table did not make one.
    """
    writer = _Writer(document, context)
    chapters: dict[int, list[Line]] = {}
    by_cell = iter(outputs)
    waiting: set[int] = set()
    for part in document.parts:
        if isinstance(part, Prose):
            lines = writer.prose(part, [next(by_cell) for _ in part.inline])
        else:
            lines = writer.cell(part, next(by_cell))
        if writer.waits():
            waiting.add(part.chapter)
        if lines:
            chapter = chapters.setdefault(part.chapter, [])
            chapter += [replace(lines[0], text="", plain="", kind=Kind.TEXT)] if chapter else []
            chapter += lines
    for number in waiting & set(chapters):
        chapters[number] = writer.with_notice(chapters[number])
    pieces = [list(scanned(lines)) for _, lines in sorted(chapters.items()) if any(line.text.strip() for line in lines)]
    if not context.strict:
        pieces = [list(printed(piece)) for piece in pieces]
    every = [line for piece in pieces for line in piece]
    flat = iter(references.linked(every))
    found = tuple(tuple(itertools.islice(flat, len(piece))) for piece in pieces)
    texts = tuple("\n".join(line.text for line in lines) + "\n" for lines in found)
    return Emitted(texts, tuple(writer.embedded), found)


def in_one(emitted: Emitted) -> Emitted:
    """Make all chapters one."""
    lines: list[Line] = []
    for chapter in emitted.lines:
        lines += [*([replace(chapter[0], text="")] if lines else []), *chapter]
    return replace(emitted, chapters=("\n".join(emitted.chapters),), lines=(tuple(lines),))


def _lines(text: str, origin: Line, part: str = "") -> list[Line]:
    return [Line(each, origin.file, origin.number, part) for each in text.split("\n")]


def _indented(indent: int, lines: list[Line]) -> list[Line]:
    return [replace(line, text=" " * indent + line.text if line.text else "") for line in lines]


class _Writer:
    def __init__(self, document: Document, context: Context):
        self.document = document
        self.context = context
        self.embedded: list[Path] = []
        self.notebooks: dict[Path, list[notebooks.Cell]] = {}
        self.found_waiting = False
        self.outer = ""

    def value(self, text: str, place: str) -> str:
        return shortcodes.substitute(text, place, self.context.variables, self.document.front_matter)

    # -- what is still being made

    def waits(self) -> bool:
        """Whether something was asked for since this was asked last that is still being made."""
        found, self.found_waiting = self.found_waiting, False
        variables = self.context.variables
        if isinstance(variables, Unfinished):
            found, variables.asked = found or variables.asked, False
        return found

    def with_notice(self, lines: list[Line]) -> list[Line]:
        """Mark a chapter as still being made, below its heading."""
        at = next((number for number, line in enumerate(lines, 1) if line.text.startswith("# ")), 0)
        notice = self.outputs({"fig-alt": WORDS}, [PLACEHOLDER], lines[0])
        empty = replace(lines[0], text="", plain="", kind=Kind.TEXT)
        return [*lines[:at], empty, *notice, empty, *lines[at:]]

    # -- prose

    def prose(self, part: Prose, outputs: Sequence[Sequence[dict[str, Any]]]) -> list[Line]:
        inline = zip(part.inline, outputs, strict=True)
        result: list[Line] = []
        for kind, group in itertools.groupby(part.lines, lambda line: line.kind):
            run = list(group)
            if kind is Kind.TEXT:
                result += self._with_images([made for line in run for made in self._line(line, inline, part.lines)])
            elif kind is Kind.CODE:
                texts = (_SHOWN_CELL.sub(r"\1{\2}", self.value(line.text, line.place)) for line in run)
                result += [replace(line, text=text) for line, text in zip(run, texts, strict=True)]
            else:
                result += [made for line in run for made in self._fence(line)]
        return result

    def _line(
        self, line: Line, inline: Iterator[tuple[Cell, Sequence[dict[str, Any]]]], among: Sequence[Line]
    ) -> list[Line]:
        if "{{<" in line.text:
            above = list(itertools.takewhile(lambda each: each is not line, among))
            indent = reading.column(above, len(line.text) - len(line.text.lstrip()))
            if shortcodes.PAGEBREAK.match(line.text):
                return _indented(indent, _lines("\n::: {.pagebreak}\n:::\n", line))
            if match := shortcodes.EMBED.match(line.text):
                return _indented(indent, self._embed(match["file"], match["label"], line))
            if re.match(r"^\s*\{\{<\s*(embed|pagebreak)", line.text):
                words = "write {{< embed notebook.ipynb#label >}} or {{< pagebreak >}}."
                raise InputError(f"{line.place}: {words}")
        text = self.value(line.text, line.place)
        if "`{" in text:
            text = reading.INLINE.sub(lambda match: self._expression(match, *next(inline)), text)
        return [replace(line, text=each) for each in text.split("\n")]

    def _expression(self, match: re.Match[str], cell: Cell, outputs: Sequence[dict[str, Any]]) -> str:
        if not cell.options.get("eval", True):
            return f"`{match[2]}`"
        self.found_waiting |= any(map(is_waiting, outputs))
        return output_markdown.inline(outputs, cell.place)

    def _fence(self, line: Line) -> list[Line]:
        """Show a cell that is not to be executed, ``{{python}}``, with its fences."""
        if self.outer:
            outer, self.outer = self.outer, ""
            return [line, replace(line, text=outer)]
        if head := _SHOWN_CELL.match(line.text):
            self.outer = head[1].rstrip() + head[1].strip()[0]
            shown = _SHOWN_CELL.sub(r"\1{\2}", line.text)
            return [replace(line, text=f"{self.outer}markdown"), replace(line, text=shown)]
        return [replace(line, text=_NOT_PRINTED.sub(r"{=\1-left-out}", line.text))]

    def _with_images(self, lines: list[Line]) -> list[Line]:
        """Name images from the project's folder, as Typst finds them; an image may go over several lines."""

        def image(match: re.Match[str]) -> str:
            start, end = (border - match.start() for border in match.span("file"))
            line = lines[match.string.count("\n", 0, match.start())]
            return match[0][:start] + self._image_file(match["file"], line.place) + match[0][end:]

        text = "\n".join(line.text for line in lines)
        code = [span.span() for span in CODE_SPAN.finditer(text)]
        texts = IMAGE.sub(lambda m: m[0] if any(a < m.start() < b for a, b in code) else image(m), text).split("\n")
        return [replace(line, text=text) for line, text in zip(lines, texts, strict=True)]

    def _image_file(self, name: str, place: str) -> str:
        """Find an image's file: named from the document's folder, or from the project's with a leading slash."""
        if re.match(r"[a-z]+:", name):
            raise InputError(f"{place}: the image {name} is not a file of the project: download it.")
        root = self.context.root.resolve()
        name = unquote(name)
        path = (root / name.lstrip("/") if name.startswith("/") else self.document.path.parent / name).resolve()
        if root not in path.parents or not path.is_file():
            raise InputError(f"{place}: the image {name} does not exist in the project.")
        if path.suffix.lower() not in IMAGES:
            kind = path.suffix or "that has no ending"
            raise InputError(f"{place}: an image {kind} cannot be set: convert {name} to SVG, PNG or JPEG.")
        self.embedded.append(path)
        return "/" + _UNSAFE.sub(lambda sign: f"%{ord(sign[0]):02X}", path.relative_to(root).as_posix())

    # -- cells

    def cell(self, cell: Cell, outputs: Sequence[dict[str, Any]]) -> list[Line]:
        options = cell.options
        if not options.get("include", True):
            return []
        pieces: list[list[Line]] = []
        echo = options.get("echo", self.context.echo)
        if echo and cell.code.strip():
            pieces.append(self._listing(cell, fence=echo == "fenced"))
        if options.get("output", True) is not False:
            pieces.append(self.outputs(options, outputs, cell.fence))
        lines = _apart(list(filter(None, pieces)), cell.fence)
        return _indented(cell.indent, lines)

    def _listing(self, cell: Cell, fence: bool) -> list[Line]:
        lines = list(cell.lines)
        if fence:
            first = replace(cell.fence, text="```{python}")
            own = [line for line in cell.option_lines if not _FENCED.match(line.text)]
            lines = [first, *own, *lines, replace(first, text="```")]
        written = [index for index, line in enumerate(lines) if line.text.strip()]
        lines = lines[written[0] : written[-1] + 1]
        label = cell.options.get("lst-label")
        given = cell.options.get("code-line-numbers")
        numbered = "" if given is None else f' code-line-numbers="{str(given).lower()}"'
        classes = ".python" if label else ".python .cell-code"  # in a layout, code stands above what cells show
        language = f"{{{classes}{numbered}}}"
        opening, *_, closing = fenced("\n".join(line.text for line in lines), language).split("\n")
        block = [replace(lines[0], text=opening), *lines, replace(lines[-1], text=closing)]
        return self._float(label, "lst", {}, [block], str(cell.options["lst-cap"]), cell.fence) if label else block

    def outputs(self, options: Mapping[str, Any], outputs: Sequence[dict[str, Any]], origin: Line) -> list[Line]:
        """Turn a cell's outputs into Markdown, as a float where its label or caption says so."""
        place = origin.place
        self.found_waiting |= any(map(is_waiting, outputs))
        label = str(options.get("label") or "")
        kind = label.partition("-")[0]
        if kind not in ("fig", "tbl"):
            label, kind = "", next((kind for kind in ("fig", "tbl") if options.get(f"{kind}-cap")), "")
        alternatives = [self.value(text, place) for text in listed(options.get("fig-alt"))]
        shown = output_markdown.shown(outputs, options, place, self.context, alternatives)
        shown = [
            each if each.text.startswith("```") else replace(each, text=self.value(each.text, place)) for each in shown
        ]
        if kind == "tbl":
            self._require_table(label, shown, place)
        elif kind == "fig":
            self._require_figures(label, options, shown, place)
        if not kind or not shown:
            return self._plain(options, shown, origin)
        has_figure = kind == "fig" and any(each.is_image for each in shown)
        before = [each for each in shown if has_figure and not each.is_image]
        inside = [each for each in shown if each not in before]
        caption, parts = options.get(f"{kind}-cap") or "", options.get(f"{kind}-subcap")
        pieces = [self._made(each, origin) for each in inside]
        own = caption if isinstance(caption, list) else [] if parts is True else parts
        if isinstance(own, list):  # each piece has a caption
            captions = itertools.chain(map(str, own), itertools.repeat(""))
            pieces = [
                self._float(f"{label}-{number}" if label else "", kind, {}, [piece], next(captions), origin)
                for number, piece in enumerate(pieces, 1)
            ]
        if not isinstance(caption, list):
            pieces = [self._float(label, kind, _layout(options), pieces, str(caption), origin)]
        elif layout := _layout(options):
            pieces = [_div("", layout, pieces, origin)]
        return _apart([self._plain({}, before, origin), *pieces] if before else pieces, origin)

    def _made(self, shown: Shown, origin: Line) -> list[Line]:
        lines = _lines(shown.text, origin, shown.part)
        return lines if shown.text.startswith("```") else self._with_images(lines)

    def _require_table(self, label: str, shown: list[Shown], place: str) -> None:
        is_there = any(_TABLE.search(each.text) for each in shown)
        if label and not is_there and (self.context.strict or not shown):
            raise WorkError(f"{place}: the cell {label} is labelled as a table but displays none.")

    def _require_figures(self, label: str, options: Mapping[str, Any], shown: list[Shown], place: str) -> None:
        """Refuse a figure's cell that shows something else, naming it."""
        parts = options.get("fig-subcap")
        wanted = len(parts) if isinstance(parts, list) else 1
        images = sum(each.is_image for each in shown)
        is_fit = len(shown) == images and (images == wanted or isinstance(options.get("fig-cap"), list))
        has_all_parts = images == wanted or not isinstance(parts, list)
        if (label and not shown) or not has_all_parts or (self.context.strict and not is_fit):
            words = f"{wanted} figures" if isinstance(parts, list) else "one figure and nothing else"
            names = ", ".join(f"{each.what} ({each.part})" for each in shown) or "nothing"
            name = f"the cell {label}" if label else "this cell"
            raise WorkError(f"{place}: {name} must display {words}; it displays {names}.")

    def _plain(self, options: Mapping[str, Any], shown: Sequence[Shown], origin: Line) -> list[Line]:
        pieces = [self._made(each, origin) for each in shown]
        attributes = _layout(options)
        if attributes and (len(pieces) > 1 or "fig-align" in attributes) and pieces:
            return _div("", attributes, pieces, origin)
        return _apart(pieces, origin)

    def _float(
        self,
        label: str,
        kind: str,
        attributes: Mapping[str, str],
        pieces: Sequence[list[Line]],
        caption: str,
        origin: Line,
    ) -> list[Line]:
        caption = _MARK.sub(r"\1\\\2", " ".join(self.value(caption, origin.place).split()))
        attributes = {**attributes, **({} if label else {"float": kind})}
        if not caption:
            return _div(label, {**attributes, "uncaptioned": "true"}, pieces, origin)
        return _div(label, attributes, [*pieces, _lines(caption, origin)], origin)

    # -- notebooks

    def _embed(self, name: str, label: str, line: Line) -> list[Line]:
        path = (self.document.path.parent / name).resolve()
        if path in self.context.unmade:
            options = {"label": label, f"{label.partition('-')[0]}-cap": WORDS, "fig-alt": WORDS}
            return self.outputs(options, [placeholder(label)], line)
        cell = self._notebook_cell(path, name, label, line)
        option_lines = [replace(line, text=text) for text in cell.source.split("\n") if text.startswith("#|")]
        kept = {key: value for key, value in cell.metadata.items() if key in CELL}
        own = reading.options_of(option_lines, f"the options of {label}")
        empty = replace(line, text="")
        return [empty, *self.outputs({"label": label, **kept, **own}, cell.outputs, line), empty]

    def _notebook_cell(self, path: Path, name: str, label: str, line: Line) -> notebooks.Cell:
        if path not in self.notebooks:
            try:
                cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            except FileNotFoundError:
                raise InputError(f"{line.place}: the notebook {name} does not exist.") from None
            except (ValueError, OSError, LookupError, TypeError):
                raise InputError(f"{line.place}: the notebook {name} cannot be read.") from None
            self.notebooks[path] = [notebooks.Cell(number, cell) for number, cell in enumerate(cells, 1)]
            self.embedded.append(path)
        for cell in self.notebooks[path]:
            if cell.is_code and label in (cell.label, cell.raw.get("id")):
                return cell
        raise InputError(f"{line.place}: the notebook {name} has no cell with the label {label}.")


def _layout(options: Mapping[str, Any]) -> dict[str, str]:
    """Return the options that say how parts are set, as attributes."""
    found = {key: str(options[key]) for key in ("layout-ncol", "layout-nrow", "tbl-colwidths") if key in options}
    if options.get("fig-align", "default") != "default":
        found["fig-align"] = options["fig-align"]
    return found


def _apart(pieces: Sequence[list[Line]], origin: Line) -> list[Line]:
    """Join pieces, with an empty line between them."""
    empty = Line("", origin.file, origin.number)
    return [line for piece in pieces for line in (*piece, empty)][:-1]


def _div(identifier: str, attributes: Mapping[str, str], pieces: Sequence[list[Line]], origin: Line) -> list[Line]:
    parts = [f"#{identifier}"] if identifier else [".layout"]
    parts += [f"{key}={quoted(value)}" for key, value in attributes.items()]
    body = _apart(pieces, origin)
    longest = max((len(run[0]) for line in body if (run := re.match(r":{3,}", line.text))), default=2)
    colons = ":" * (longest + 1)
    return [*_lines(f"{colons} {{{' '.join(parts)}}}", origin), *body, *_lines(colons, origin)]
