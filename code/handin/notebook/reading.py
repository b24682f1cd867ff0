"""Reads a notebook as it lies in the file, valid or not, so that everything that can be said about it is said."""

from __future__ import annotations

import codecs
import contextlib
import hashlib
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from handin.findings import MOST_ALIKE, Finding, Said, of_file
from handin.kinds import looks_like
from handin.notebook.markup import without_fences
from handin.private.text import metadata_texts
from handin.text import shortened, slug

Json = dict[str, Any]

METADATA = "press"
"""The key of the metadata under which a notebook that was made from sources says so: see `Notebook.inputs`."""

SAVE_AGAIN = "Open it in Jupyter or Colab, see that nothing is missing, and save it there; or build it again."

_LABEL = re.compile(r"^[ \t]*#\|[ \t]*label:\s*['\"]?([\w:.-]+)['\"]?\s*$", re.MULTILINE)
_HEADING = re.compile(r"^(#{1,6})[ \t]++(.{1,500})$", re.MULTILINE)
_IDENTIFIER = re.compile(r"\s*\{[^}]*#([\w:.-]+)[^}]*\}\s*$")


def text_of(value: Any) -> str:
    """Join the lines of a multi-line string, as nbformat keeps them."""
    if isinstance(value, list):
        return "".join(str(piece) for piece in value)
    return value if isinstance(value, str) else ""


def mapping_of(value: Any) -> Json:
    """Return a mapping, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def is_raster(kind: str) -> bool:
    """Whether a part of an output is a picture of pixels."""
    return kind in ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp")


@dataclass
class Cell:
    """One cell of a notebook as it lies in the file; `number` counts from 1, all kinds of cells together."""

    number: int
    raw: Json

    def __post_init__(self) -> None:
        raw = self.raw
        count, outputs = raw.get("execution_count"), raw.get("outputs")
        self.is_code = raw.get("cell_type") == "code"
        self.is_markdown = raw.get("cell_type") == "markdown"
        self.source = text_of(raw.get("source"))
        self.metadata = mapping_of(raw.get("metadata"))
        self.attachments = mapping_of(raw.get("attachments"))
        self.count = count if isinstance(count, int) and not isinstance(count, bool) else None  # of the last execution
        self.outputs = [each for each in outputs if isinstance(each, dict)] if isinstance(outputs, list) else []

    @cached_property
    def label(self) -> str:
        """The name that the author gave the cell, in its metadata or as ``#| label:``; or empty."""
        given = (self.metadata.get("label"), mapping_of(self.metadata.get(METADATA)).get("label"))
        if found := next((label for label in given if isinstance(label, str) and label), ""):
            return found
        if self.is_code and (match := _LABEL.search(self.source)):
            return match.group(1)
        identity = self.raw.get("id")
        return identity if isinstance(identity, str) and identity.startswith(("fig-", "tbl-")) else ""

    @property
    def place(self) -> str:
        """The cell in a finding."""
        return f"cell {self.number} ({self.label})" if self.label else f"cell {self.number}"

    def shown(self) -> str:
        """Return the text of the outputs and of the cell's metadata, without pictures."""
        texts = [json.dumps(self.metadata, ensure_ascii=False)]
        for output in self.outputs:
            shown = {kind: data for kind, data in mapping_of(output.get("data")).items() if not is_raster(kind)}
            texts += [text for _, text in metadata_texts({**output, "data": shown})]
        return "\n".join(texts)

    def headings(self) -> Iterator[tuple[str, str]]:
        """Yield each heading of a Markdown cell with its identifier (given, or as pandoc makes it)."""
        if not self.is_markdown:
            return
        for match in _HEADING.finditer(without_fences(self.source)):
            heading = match.group(2).rstrip("# \t")
            given = _IDENTIFIER.search(heading)
            text = _IDENTIFIER.sub("", heading)
            yield text, given.group(1) if given else slug(text)


@dataclass
class Notebook:
    """A notebook as it lies in the file, with the digests that it carries where it was made from sources."""

    raw: Json
    cells: tuple[Cell, ...]

    def __post_init__(self) -> None:
        self.metadata = mapping_of(self.raw.get("metadata"))
        own = mapping_of(self.metadata.get(METADATA))
        digests = {key: value for key, value in own.items() if isinstance(value, str)}
        self.inputs = digests.get("inputs")  # of the sources
        self.content = digests.get("content")  # of what a reader saw then: see `seen_digest`

    def prose(self) -> str:
        """Return the text of all Markdown cells."""
        return "\n\n".join(cell.source for cell in self.cells if cell.is_markdown)

    def find(self, name: str) -> Cell | None:
        """Find the cell with this label, or else with a heading of this identifier or text."""
        wanted = name.strip().casefold()
        labelled = (cell for cell in self.cells if cell.label == name)
        headings = ((cell, text.strip().casefold(), given) for cell in self.cells for text, given in cell.headings())
        headed = (cell for cell, text, given in headings if wanted in (given, text))
        return next(itertools.chain(labelled, headed), None)


def read_notebook(content: bytes, file: str) -> tuple[Notebook | None, list[Finding]]:
    """Read a notebook and validate it against nbformat's schema; return it, and what is wrong with its form.

    It is returned also where it is not valid; None if no cells can be found in it.
    """
    findings: list[Finding] = []

    def add(message: str, fix: str = SAVE_AGAIN) -> None:
        findings.append(Finding("error", file, "", message, fix))

    constants: dict[str, None] = {}
    repeated: dict[str, None] = {}

    def once(pairs: list[tuple[str, Any]]) -> Json:
        found = dict(pairs)
        if len(found) < len(pairs):
            numbers = Counter(name for name, _ in pairs)
            repeated.update(dict.fromkeys(name for name in found if numbers[name] > 1))
        return found

    text = _decoded(content, add)
    if text is None:
        return None, findings
    try:
        raw = json.loads(text, parse_constant=constants.setdefault, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        if what := looks_like(content, instead_of="a notebook"):
            add(f"It is no notebook but {what.name}.", what.fix)
        elif "\n<<<<<<< " in text:
            add("It is damaged: git left the marks of a conflict in it.", "Choose one version (git checkout --ours).")
        elif not text.lstrip().startswith("{"):
            add("It is no notebook: it does not begin as JSON.", "Export it as .ipynb; a script (.py) is none.")
        elif text.rstrip().endswith("}"):
            fix = "Correct that line, or hand in the notebook as its program saved it."
            add(f"It is damaged: no JSON{f' at line {line}' if line else ''}, as when it is edited by hand.", fix)
        else:
            fix = "Download it again; a copy or an upload has broken off."
            add(f"It is damaged: no JSON{f' at line {line}' if line else ''}: its end is missing.", fix)
        return None, findings
    if not isinstance(raw, dict) or not isinstance(raw.get("cells", raw.get("worksheets")), list):
        add("It is JSON, but no notebook.", "Hand in the file that ends in .ipynb (Colab: File, Download).")
        return None, findings
    has_ids = any(isinstance(cell, dict) and "id" in cell for cell in raw.get("cells", ()))
    for key, usual in (("nbformat", 4 if "cells" in raw else 3), ("nbformat_minor", 5 if has_ids else 4)):
        value = raw.get(key)
        if not (type(value) is int and value >= 0) and raw.get("nbformat") in (4, value):
            given = f"is {shortened(json.dumps(value), 20)}" if key in raw else "is missing"
            add(f"It is no valid notebook: its {key} {given}, which should be a whole number such as {usual}.")
            raw[key] = usual
    if raw.get("nbformat") != 4:
        add(f"It is in notebook format {shortened(repr(raw.get('nbformat')), 20)}; 4 is read everywhere.")
        raw = _converted(raw)
        if not isinstance(raw.get("cells"), list):
            return None, findings
    else:
        findings += of_file(file, _schema_findings(raw))
    if constants:
        message = f"It is no valid JSON ({', '.join(constants)}): not every program can open it."
        add(message, "Show such numbers as text, and run the notebook again.")
    for name in list(repeated)[:MOST_ALIKE]:
        add(f"It is no valid notebook: the key {shortened(name, 12)} is given twice; one of them is not shown.")
    cells = tuple(Cell(number, cell) for number, cell in enumerate(raw["cells"], 1) if isinstance(cell, dict))
    return Notebook(raw, cells), findings


def _decoded(content: bytes, add: Any) -> str | None:
    """Decode the text of a notebook, also as Windows' own programs write it, and say what is wrong with that."""
    windows = "Open it in Jupyter and save it there; Notepad or PowerShell has saved it in a form of their own."
    if content.startswith(codecs.BOM_UTF8):
        add("It begins with a byte order mark, with which Jupyter cannot open it.", windows)
        content = content[len(codecs.BOM_UTF8) :]
    elif content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        with contextlib.suppress(UnicodeDecodeError):
            text = content.decode("utf-16")
            if text.lstrip().startswith("{"):
                add("It is in UTF-16, so that no notebook program can open it.", windows)
                return text
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        what = looks_like(content, instead_of="a notebook")
        message = f"It is no notebook but {what.name}." if what else "It is not UTF-8 text, so it is no notebook."
        add(message, what.fix if what else SAVE_AGAIN)
        return None


def _converted(raw: Json) -> Json:
    """Bring a notebook of another format to format 4; what cannot be converted stays as it is."""
    import nbformat

    try:
        return dict(nbformat.converter.convert(nbformat.from_dict(raw), 4))
    except Exception:  # its converters assume valid notebooks, and raise whatever comes of others
        return raw


def _schema_findings(raw: Json) -> Iterator[Said]:
    from nbformat import ValidationError, current_nbformat_minor, validator

    minor = raw.get("nbformat_minor")
    if isinstance(minor, int) and minor > current_nbformat_minor:
        message = f"It is in notebook format 4.{minor}; 4.{current_nbformat_minor} is the newest that is known here."
        yield "warning", "", message, SAVE_AGAIN
    has_ids = isinstance(minor, int) and minor >= 5
    early = [number for number, cell in enumerate(raw["cells"], 1) if isinstance(cell, dict) and "id" in cell]
    if early and not has_ids:
        message = (
            f"It says that it is in format 4.{minor}, and {len(early)} of its cells have ids, which came with 4.5."
        )
        yield "warning", f"cell {early[0]}", message, "Open it in Jupyter and save it, which corrects that."
        raw = {**raw, "nbformat_minor": 5}
        has_ids = True
    cells = [
        {"id": f"none-{number}", **cell} if has_ids and isinstance(cell, dict) else cell
        for number, cell in enumerate(raw["cells"], 1)
    ]
    nameless = [number for number, cell in enumerate(raw["cells"], 1) if isinstance(cell, dict) and "id" not in cell]
    if has_ids and nameless:
        message = f"{len(nameless)} of {len(cells)} cells have no id, which format 4.{minor} asks for."
        fix = "A program left the ids out; open it in Jupyter and save it, which adds them."
        yield "warning", f"cell {nameless[0]}", message, fix
    try:
        for error in itertools.islice(validator.iter_validate({**raw, "cells": cells}), MOST_ALIKE):
            path = [str(part) for part in getattr(error, "absolute_path", [])]
            place = f"cell {int(path[1]) + 1}" if len(path) > 1 and path[0] == "cells" else ""
            reason = shortened(str(getattr(error, "message", error)).splitlines()[0], 120)
            yield "error", place, f"It is no valid notebook: {reason}.", SAVE_AGAIN
    except (ValidationError, RecursionError, ValueError, TypeError, KeyError) as error:
        yield "error", "", f"It is no valid notebook: {shortened(str(error), 120)}.", SAVE_AGAIN
    seen: dict[str, int] = {}
    for number, cell in enumerate(raw["cells"], 1):
        identity = cell.get("id") if isinstance(cell, dict) else None
        if isinstance(identity, str) and seen.setdefault(identity, number) != number:
            message = f"It is no valid notebook: the cell's id is that of cell {seen[identity]}."
            yield "error", f"cell {number}", message, SAVE_AGAIN


def seen_digest(notebook: Mapping[str, Any]) -> str:
    """Digest what a reader sees of a notebook of format 4 (sources, outputs, attached pictures), however it was saved.

    JupyterLab, VS Code and Colab write an unchanged notebook with other bytes: other line ends, indentation and order
    of keys, other ids, counts and metadata, neighbouring outputs joined, and lines that a terminal overwrote left out.
    The digest is 32 hexadecimal digits; a notebook carries it in its metadata as ``press.content``.
    """
    cells = notebook.get("cells")
    seen = [_seen_cell(Cell(0, cell)) for cell in cells if isinstance(cell, dict)] if isinstance(cells, list) else []
    text = json.dumps([cell for cell in seen if any(cell[1:])], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _seen_cell(cell: Cell) -> list[Any]:
    attachments = {name: _seen_bundle(bundle) for name, bundle in cell.attachments.items()}
    return [str(cell.raw.get("cell_type")), _lines(cell.source), _seen_outputs(cell), attachments]


def _seen_outputs(cell: Cell) -> list[Any]:
    shown: list[tuple[str, Any]] = []
    for output in cell.outputs:
        kind = output.get("output_type")
        if kind == "stream":
            name, text = f"stream {output.get('name')}", text_of(output.get("text"))
            if shown and shown[-1][0] == name:  # one program's text may lie in several outputs
                text = shown.pop()[1] + text
            shown.append((name, text))
        elif kind == "error":
            trace = output.get("traceback")
            lines = [output.get("ename"), output.get("evalue"), *(trace if isinstance(trace, list) else [])]
            shown.append(("error", [_lines(str(line)) for line in lines]))
        else:
            shown.append(("data", _seen_bundle(output.get("data"))))
    return [(name, _overwritten(value) if name.startswith("stream") else value) for name, value in shown]


def _seen_bundle(bundle: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for kind, data in mapping_of(bundle).items():
        if is_raster(kind):
            shown[kind] = "".join(text_of(data).split())
        elif kind.endswith("json"):
            shown[kind] = _whole_numbers(data)
        else:
            shown[kind] = _lines(text_of(data))
    return shown


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


def _overwritten(text: str) -> str:
    """Return what is left of a printed text where it goes back in a line, as progress bars do."""
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        shown: list[str] = []
        position = 0
        for character in line:
            if character in "\r\b":
                position = max(0, position - 1) if character == "\b" else 0
            else:
                shown[position : position + 1] = character
                position += 1
        lines.append("".join(shown).rstrip())
    return "\n".join(lines).rstrip("\n")


def _whole_numbers(value: Any) -> Any:
    """Write 1.0 as 1, as a browser does."""
    if isinstance(value, dict):
        return {key: _whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
