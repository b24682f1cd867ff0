"""Checks an executed notebook: valid, run once from top to bottom, every figure there, nothing private in it."""

from __future__ import annotations

import codecs
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from handin.findings import MOST_ALIKE, Finding, Severity, errors, shortened
from handin.private import (
    Leak,
    decoded,
    file_leaks,
    image_leaks,
    leaks,
    markup_leaks,
    metadata_leaks,
    metadata_texts,
)

RUN_AGAIN = "Run the notebook again from top to bottom, and save it."

METADATA = "press"
"""The key of the notebook's metadata under which this project writes the digest of its sources, as ``inputs``."""

_LABEL = re.compile(r"^\s*#\|\s*label:\s*['\"]?([\w:.-]+)['\"]?\s*$", re.MULTILINE)
_NOT_EVALUATED = re.compile(r"^\s*#\|\s*eval:\s*(?:false|False|no)\s*$", re.MULTILINE)
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_IDENTIFIER = re.compile(r"\s*\{[^}]*#([\w:.-]+)[^}]*\}\s*$")
_FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)
_MARKDOWN_IMAGE = re.compile(r"!\[[^\]]{0,1000}\]\(\s*<?([^)\s>]+)")
_MARKDOWN_REFERENCE = re.compile(r"!\[([^\]]{0,200})\](?!\()(?:\[([^\]]{0,200})\])?")
_MARKDOWN_DEFINITION = re.compile(r"^ {0,3}\[([^\]\n]+)\]:[ \t]*<?([^>\s]+)", re.MULTILINE)
_HTML_IMAGE = re.compile(r"<img\b[^<>]*?\bsrc\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)
_HTML_SCRIPT = re.compile(r"<script\b[^<>]*?\bsrc\s*=\s*[\"']?((?:https?:)?//[^\"'\s>]+)", re.IGNORECASE)
_SCRIPT_TEXT = re.compile(r"(<script\b[^<>]*>).*", re.DOTALL | re.IGNORECASE)
_SCRIPT_END = re.compile("</script>", re.IGNORECASE)
_HTML_DRAWING = re.compile(r"<(?:svg|canvas)\b", re.IGNORECASE)
_FILLED_CELL = re.compile(
    r"<t[dh]\b[^<>]*>(?:\s|&nbsp;|<(?!/?t[rdh]\b|img\b|svg\b)[^<>]*>)*(?:[^\s<]|<img\b|<svg\b)", re.I
)
_INLINE_CODE = re.compile(r"`[^`\n]*`")
_RASTER = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp")
_SVG_SHAPE = re.compile(r"<(?:\w+:)?(?:path|rect|circle|ellipse|line|polyline|polygon|text|image|use)\b")
_TEXT_TABLE = re.compile(r"^\s*\|?.+\|.+\n\s*\|?\s*:?-{2,}", re.MULTILINE)

_RESIDUE: tuple[tuple[re.Pattern[str], Severity, str], ...] = (
    (re.compile(r"\{\{<.*?>\}\}", re.DOTALL), "error", "a shortcode that was not replaced"),
    (re.compile(r"\?@[\w-]+|\?(?:var|meta):[\w.]+"), "error", "a reference or variable that could not be resolved"),
    (
        re.compile(r"(?<![\w@?])@(?:fig|tbl|eq|sec|lst)-[\w-]+"),
        "warning",
        "a cross-reference that Jupyter cannot resolve",
    ),
    (re.compile(r"^:{3,}.*$", re.MULTILINE), "warning", "a fenced div that Jupyter shows as it is"),
    (re.compile(r"\{#[\w-]+[^}\n]*\}"), "warning", "an identifier that Jupyter shows as it is"),
)


def text_of(value: Any) -> str:
    """Join the lines of a multi-line string, as nbformat keeps them."""
    if isinstance(value, list):
        return "".join(str(piece) for piece in value)
    return value if isinstance(value, str) else ""


@dataclass(frozen=True)
class Cell:
    """One cell of a notebook as it lies in the file.

    Parameters
    ----------
    number
        Counted from 1, all kinds of cells together.
    raw
        The cell's JSON.
    """

    number: int
    raw: dict

    @property
    def is_code(self) -> bool:
        """Whether the cell is one that is executed."""
        return self.raw.get("cell_type") == "code"

    @cached_property
    def source(self) -> str:
        """The text of the cell."""
        return text_of(self.raw.get("source"))

    @cached_property
    def metadata(self) -> dict:
        """The cell's own metadata."""
        found = self.raw.get("metadata")
        return found if isinstance(found, dict) else {}

    @cached_property
    def label(self) -> str:
        """The name that the author gave the cell, in its metadata or as ``#| label:``; or empty."""
        own = self.metadata.get(METADATA)
        for candidate in (self.metadata.get("label"), own.get("label") if isinstance(own, dict) else None):
            if isinstance(candidate, str) and candidate:
                return candidate
        if self.is_code and (match := _LABEL.search(self.source)):
            return match.group(1)
        identity = self.raw.get("id")
        return identity if isinstance(identity, str) and identity.startswith(("fig-", "tbl-")) else ""

    @cached_property
    def outputs(self) -> list[dict]:
        """The outputs, without what is no mapping."""
        found = self.raw.get("outputs")
        return [output for output in found if isinstance(output, dict)] if isinstance(found, list) else []

    @property
    def place(self) -> str:
        """The cell in a finding."""
        return f"cell {self.number} ({self.label})" if self.label else f"cell {self.number}"

    def shown(self) -> str:
        """Return the text of the outputs and of the cell's metadata, without pictures."""
        texts = [json.dumps(self.metadata, ensure_ascii=False)]
        for output in self.outputs:
            bundle = output.get("data")
            bundle = bundle if isinstance(bundle, dict) else {}
            shown = {kind: data for kind, data in bundle.items() if kind not in _RASTER}
            texts += [text for _, text in metadata_texts({**output, "data": shown})]
        return "\n".join(texts)

    def headings(self) -> Iterator[tuple[str, str]]:
        """Yield each heading of a Markdown cell with its identifier (given, or as pandoc makes it)."""
        if self.raw.get("cell_type") != "markdown":
            return
        for match in _HEADING.finditer(_FENCE.sub("", self.source)):
            text = match.group(2)
            given = _IDENTIFIER.search(text)
            text = _IDENTIFIER.sub("", text)
            yield text, given.group(1) if given else slug(text)


def slug(heading: str) -> str:
    """Make the identifier that pandoc gives to a heading without one."""
    plain = re.sub(r"[`*_]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    plain = re.sub(r"[^\w\s.-]", "", plain)
    return re.sub(r"^[^a-z]+", "", re.sub(r"\s+", "-", plain.strip())) or "section"


@dataclass(frozen=True)
class Notebook:
    """A notebook as it lies in the file."""

    raw: dict
    cells: tuple[Cell, ...]

    @property
    def inputs(self) -> str | None:
        """The digest of the sources that this project wrote into the metadata, or None."""
        metadata = self.raw.get("metadata")
        own = metadata.get(METADATA) if isinstance(metadata, dict) else None
        found = own.get("inputs") if isinstance(own, dict) else None
        return found if isinstance(found, str) else None

    def prose(self) -> str:
        """Return the text of all Markdown cells."""
        return "\n\n".join(cell.source for cell in self.cells if cell.raw.get("cell_type") == "markdown")

    def find(self, name: str) -> Cell | None:
        """Find the cell with this label, or else with a heading of this identifier or text."""
        for cell in self.cells:
            if cell.label == name:
                return cell
        wanted = name.strip().casefold()
        for cell in self.cells:
            if any(wanted in (identifier, text.strip().casefold()) for text, identifier in cell.headings()):
                return cell
        return None


def read_notebook(content: bytes, file: str) -> tuple[Notebook | None, list[Finding]]:
    """Read a notebook and validate it against nbformat's schema; None where nothing more can be said about it."""
    make = "Save it again with Jupyter, or build it again."

    def broken(message: str) -> tuple[None, list[Finding]]:
        return None, [Finding("error", file, "", message, make)]

    constants: dict[str, None] = {}
    repeated: dict[str, None] = {}

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            counted = Counter(name for name, _ in pairs)
            repeated.update(dict.fromkeys(name for name in found if counted[name] > 1))
        return found

    if content.startswith(codecs.BOM_UTF8):
        return broken("It begins with a byte order mark, with which Jupyter cannot open it.")
    try:
        raw = json.loads(content.decode("utf-8"), parse_constant=constants.setdefault, object_pairs_hook=once)
    except UnicodeDecodeError:
        return broken("It is not UTF-8 text, so it is no notebook.")
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        return broken(f"It is damaged: no JSON{f' at line {line}' if line else ''}.")
    if not isinstance(raw, dict) or not isinstance(raw.get("cells", raw.get("worksheets")), list):
        return broken("It is JSON, but no notebook.")
    if raw.get("nbformat") != 4:
        return broken(f"It is in notebook format {shortened(repr(raw.get('nbformat')), 20)}; 4 is read everywhere.")
    cells = tuple(Cell(number, cell) for number, cell in enumerate(raw["cells"], 1) if isinstance(cell, dict))
    findings = _schema_findings(raw, file, make)
    if constants:
        message = f"It is no valid JSON ({', '.join(constants)}): not every program can open it."
        findings.append(Finding("error", file, "", message, "Show such numbers as text, and run the notebook again."))
    for name in list(repeated)[:MOST_ALIKE]:
        message = f"It is no valid notebook: the key {shortened(name, 12)} is given twice; one of them is not shown."
        findings.append(Finding("error", file, "", message, make))
    return Notebook(raw, cells), findings


def _schema_findings(raw: dict, file: str, mend: str) -> list[Finding]:
    from nbformat import ValidationError, current_nbformat_minor, validator

    findings = []
    if isinstance(minor := raw.get("nbformat_minor"), int) and minor > current_nbformat_minor:
        message = f"It is in notebook format 4.{minor}; 4.{current_nbformat_minor} is the newest that is known here."
        findings.append(Finding("warning", file, "", message, mend))
    try:
        for error in validator.iter_validate(raw):
            path = [str(part) for part in getattr(error, "absolute_path", [])]
            place = f"cell {int(path[1]) + 1}" if len(path) > 1 and path[0] == "cells" else ""
            reason = shortened(str(getattr(error, "message", error)).splitlines()[0], 120)
            findings.append(Finding("error", file, place, f"It is no valid notebook: {reason}.", mend))
            if len(errors(findings)) == MOST_ALIKE:
                break
    except (ValidationError, RecursionError, ValueError, TypeError, KeyError) as error:
        findings.append(Finding("error", file, "", f"It is no valid notebook: {shortened(str(error), 120)}.", mend))
    seen: dict[str, int] = {}
    for number, cell in enumerate(raw["cells"], 1):
        identity = cell.get("id") if isinstance(cell, dict) else None
        if isinstance(identity, str) and seen.setdefault(identity, number) != number:
            message = f"It is no valid notebook: the cell's id is that of cell {seen[identity]}."
            findings.append(Finding("error", file, f"cell {number}", message, mend))
    return findings


def check_notebook_content(content: bytes, file: str) -> tuple[Notebook | None, list[Finding]]:
    """Check everything about a notebook that needs no other file.

    Parameters
    ----------
    content
        The file's bytes.
    file
        Its name, for the findings.

    Returns
    -------
    notebook
        What was read, or None if it is no notebook.
    findings
        What is wrong.
    """
    notebook, findings = read_notebook(content, file)
    if notebook is None or errors(
        findings
    ):  # a structure that the schema refuses is not walked through, but it is searched
        text = content.decode("utf-8", "replace")
        findings += [Finding(leak.severity, file, "", leak.message, leak.mend) for leak in leaks(text, "source")]
        return notebook, findings
    try:
        for check in (_execution, _outputs, _figures, _images, _residue, _private):
            findings += check(notebook, file)
    except RecursionError:
        findings.append(
            Finding("error", file, "", "It is nested too deeply to be a notebook that a program wrote.", RUN_AGAIN)
        )
    return notebook, findings


def _execution(notebook: Notebook, file: str) -> list[Finding]:
    """Every code cell has run, once, in the order in which it stands."""
    findings = []
    code = [cell for cell in notebook.cells if cell.is_code and cell.source.strip()]
    if not code:
        return [Finding("error", file, "", "It has no code.", "Hand in the notebook with the classifier.")]
    highest, gap = 0, False
    idle, astray = [], []
    for cell in notebook.cells:
        if cell.is_code and cell.outputs and not cell.source.strip():
            message = "The cell shows outputs, and has no code that could have made them."
            findings.append(Finding("error", file, cell.place, message, RUN_AGAIN))
    for cell in code:
        count = cell.raw.get("execution_count")
        if count is None:
            if _NOT_EVALUATED.search(cell.source) and not cell.outputs:
                message = "The cell says `eval: false` and was not run."
                findings.append(Finding("warning", file, cell.place, message, "Run it, or make it text."))
            else:
                idle.append(cell)
            continue
        if count <= highest:
            message = f"The cell ran out of order: it has number {count}, a cell above it has {highest}."
            astray.append(Finding("error", file, cell.place, message, RUN_AGAIN))
        elif count != highest + 1:
            gap = True
        highest = max(highest, count)
    if len(astray) > MOST_ALIKE:
        message = f"{len(astray)} cells ran out of order; this is the first of them."
        astray = [Finding("error", file, astray[0].place, message, RUN_AGAIN)]
    findings += astray
    if len(idle) > MOST_ALIKE:
        message = f"{len(idle)} of {len(code)} cells were not run; this is the first of them."
        findings.append(Finding("error", file, idle[0].place, message, RUN_AGAIN))
    else:
        findings += [Finding("error", file, cell.place, "The cell was not run.", RUN_AGAIN) for cell in idle]
    if gap and not findings:
        message = "The numbers of the cells have gaps: some were run more than once, or deleted after they had run."
        findings.append(Finding("warning", file, "", message, RUN_AGAIN))
    return findings


def _outputs(notebook: Notebook, file: str) -> list[Finding]:
    """No output is an error, printed or raised; at least one cell shows something."""
    findings = []
    for cell in notebook.cells:
        for output in cell.outputs:
            if output.get("output_type") == "error":
                name = shortened(f"{output.get('ename', '')}: {output.get('evalue', '')}", 80)
                message = f"The cell ended with an error ({name})."
                findings.append(
                    Finding("error", file, cell.place, message, "Mend the cell and run the notebook again.")
                )
            elif _TRACEBACK.search(_printed(output)):
                message = "The output has the traceback of an error."
                findings.append(
                    Finding("error", file, cell.place, message, "Mend the cell and run the notebook again.")
                )
            elif _is_lost_widget(output, notebook):
                message = "The output is a widget whose state was not saved, so that it shows nothing."
                mend = "Show a plain figure or text, and run the notebook again."
                findings.append(Finding("warning", file, cell.place, message, mend))
    if not any(cell.outputs for cell in notebook.cells):
        findings.append(Finding("error", file, "", "No cell has an output: the results were cleared.", RUN_AGAIN))
    return findings


_TRACEBACK = re.compile(r"Traceback\s*\(most recent call last\)")
_WIDGET = "application/vnd.jupyter.widget-view+json"
_WIDGET_STATE = "application/vnd.jupyter.widget-state+json"


def _printed(output: dict) -> str:
    """Return what an output shows as text, without a terminal's colours."""
    data = output.get("data")
    data = data if isinstance(data, dict) else {}
    text = text_of(output.get("text")) + text_of(data.get("text/plain")) + text_of(data.get("text/html"))
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def _is_lost_widget(output: dict, notebook: Notebook) -> bool:
    """Tell whether an output is nothing but a widget of which the notebook does not hold the state."""
    data = output.get("data")
    view = data.get(_WIDGET) if isinstance(data, dict) else None
    if not isinstance(view, dict) or _has_image(data):
        return False
    widgets = notebook.raw["metadata"].get("widgets")
    kept = widgets.get(_WIDGET_STATE) if isinstance(widgets, dict) else None
    states = kept.get("state") if isinstance(kept, dict) else None
    return not (isinstance(states, dict) and view.get("model_id") in states)


def _figures(notebook: Notebook, file: str) -> list[Finding]:
    """A cell that is labelled as a figure shows one, and one that is labelled as a table shows a table."""
    findings: list[Finding] = []
    if not any(cell.outputs for cell in notebook.cells):
        return findings  # that all outputs are missing is said once
    for cell in notebook.cells:
        if not cell.is_code:
            continue
        kind = cell.label.partition("-")[0]
        bundles = [output["data"] for output in cell.outputs if isinstance(output.get("data"), dict)]
        if kind == "fig" and not any(_has_image(bundle) for bundle in bundles):
            message = "The cell is labelled as a figure, and its output has none."
            findings.append(Finding("error", file, cell.place, message, RUN_AGAIN))
        if kind == "tbl" and not any(_has_table(bundle) for bundle in bundles):
            message = "The cell is labelled as a table, and its output has none."
            findings.append(Finding("error", file, cell.place, message, RUN_AGAIN))
    return findings


def _has_image(bundle: dict) -> bool:
    if any(kind in bundle for kind in (*_RASTER, "image/svg+xml", "application/vnd.plotly.v1+json")):
        return True
    shown = text_of(bundle.get("text/html"))
    images = _HTML_IMAGE.findall(shown)
    return bool(_HTML_DRAWING.search(shown)) or any(re.match(r"data:|(?:https?:)?//", target) for target in images)


def _has_table(bundle: dict) -> bool:
    return bool(
        _FILLED_CELL.search(text_of(bundle.get("text/html")))
        or _TEXT_TABLE.search(text_of(bundle.get("text/markdown")))
        or _FILLED_CELL.search(text_of(bundle.get("text/markdown")))
        or re.search(r"^\s*\+-", text_of(bundle.get("text/markdown")), re.MULTILINE)
        or r"\begin{tabular" in text_of(bundle.get("text/latex"))
    )


def _images(notebook: Notebook, file: str) -> list[Finding]:
    """Every image can be opened and is not blank; none lies outside the notebook."""
    findings = []
    for cell in notebook.cells:
        for output in cell.outputs:
            bundle = output.get("data")
            for kind, data in bundle.items() if isinstance(bundle, dict) else ():
                problem = None
                if kind in _RASTER:
                    problem = _raster_problem(decoded(text_of(data)))
                elif kind == "image/svg+xml" and not _SVG_SHAPE.search(text_of(data)):
                    problem = "is empty"
                if problem:
                    findings.append(Finding("error", file, cell.place, f"An image in the output {problem}.", RUN_AGAIN))
            if isinstance(bundle, dict):
                markdown = text_of(bundle.get("text/markdown"))
                findings += _outside(cell, markdown + text_of(bundle.get("text/html")), file)
        if cell.raw.get("cell_type") == "markdown":
            findings += _outside(cell, cell.source, file)
    return findings


def _raster_problem(content: bytes | None) -> str | None:
    from PIL import Image

    if not content:
        return "is empty or damaged"
    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.width * image.height > 100_000_000:
                return "has more than 100 million pixels"
            image.load()
            extrema = image.getextrema()
            if image.has_transparency_data and not image.convert("RGBA").getchannel("A").getextrema()[1]:
                return "is blank: it is wholly transparent"
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError, RuntimeError) as error:
        return f"cannot be opened ({type(error).__name__})"
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return "is blank: all its pixels are the same" if all(low == high for low, high in bands) else None


def _outside(cell: Cell, text: str, file: str) -> list[Finding]:
    """Find what a Markdown cell, or an output in Markdown or HTML, takes from outside the notebook."""
    findings = []
    prose = _INLINE_CODE.sub(
        "", _FENCE.sub("", "".join(_SCRIPT_TEXT.sub(r"\1", part, count=1) for part in _SCRIPT_END.split(text)))
    )
    attachments = cell.raw.get("attachments")
    definitions = {name.casefold(): target for name, target in _MARKDOWN_DEFINITION.findall(prose)}
    named = [(name or alternative).casefold() for alternative, name in _MARKDOWN_REFERENCE.findall(prose)]
    by_reference = [definitions[name] for name in named if name in definitions]
    for script in _HTML_SCRIPT.findall(prose):
        message = f"It fetches a script from the network whenever it is read: {shortened(script, 50)}"
        findings.append(Finding("warning", file, cell.place, message, "Show a plain figure, or include the script."))
    is_text = cell.raw.get("cell_type") == "markdown"
    mend = "Attach it to the cell." if is_text else "Show the picture itself, and run the notebook again."
    for target in (*_MARKDOWN_IMAGE.findall(prose), *_HTML_IMAGE.findall(prose), *by_reference):
        if target.startswith("attachment:"):
            missing = not isinstance(attachments, dict) or target.removeprefix("attachment:") not in attachments
            if missing:
                message = f"The image {shortened(target, 40)} is not attached."
                findings.append(Finding("error", file, cell.place, message, mend))
        elif re.match(r"(?:https?:)?//", target):
            message = f"The image {shortened(target, 50)} is fetched from the network whenever the notebook is read."
            findings.append(Finding("warning", file, cell.place, message, mend))
        elif not target.startswith("data:"):
            message = f"The image {shortened(target, 50)} is a file that is not handed in."
            findings.append(Finding("error", file, cell.place, message, mend))
    return findings


def _residue(notebook: Notebook, file: str) -> list[Finding]:
    findings = []
    for cell in notebook.cells:
        if cell.is_code:
            texts = re.findall(r"^\s*\{\{<.*?>\}\}\s*$", cell.source, re.MULTILINE)
            texts += [
                text_of(output["data"].get("text/markdown"))
                for output in cell.outputs
                if isinstance(output.get("data"), dict)
            ]
        elif cell.raw.get("cell_type") == "markdown":
            texts = [cell.source]
        else:
            continue
        for text in texts:
            prose = _INLINE_CODE.sub("", _FENCE.sub("", text))
            for pattern, severity, what in _RESIDUE:
                if match := pattern.search(prose):
                    message = f"There is {what}: {shortened(match.group(), 40)}"
                    mend = "Build the notebook again; mend its source where that does not help."
                    findings.append(Finding(severity, file, cell.place, message, mend))
    return findings


def _private(notebook: Notebook, file: str) -> list[Finding]:
    findings = []

    def add(place: str, leak: Leak, inside: str = "") -> None:
        findings.append(
            Finding(leak.severity, file, f"{place}, {inside}" if inside else place, leak.message, leak.mend)
        )

    def add_all(place: str, inside: str, found: list[Leak]) -> None:
        for leak in found:
            add(place, leak, inside)

    for path, leak in metadata_leaks(notebook.raw.get("metadata", {})):
        add("metadata", leak, path)
    for cell in notebook.cells:
        for path, leak in metadata_leaks(cell.metadata):
            add(cell.place, leak, f"metadata {path}")
        for field, leak in markup_leaks(cell.source, "source"):
            add(cell.place, leak, field)
        add_all(cell.place, "cell id", leaks(str(cell.raw.get("id", "")), "metadata"))
        for output in cell.outputs:
            for field, leak in output_leaks(output):
                add(cell.place, leak, field or "output")
        streams = [text_of(output.get("text")) for output in cell.outputs if output.get("output_type") == "stream"]
        if len(streams) > 1:  # what one program printed may lie in several outputs
            apart = {leak for text in streams for leak in leaks(text)}
            add_all(cell.place, "output", [leak for leak in leaks("".join(streams)) if leak not in apart])
        attachments = cell.raw.get("attachments")
        for name, bundle in attachments.items() if isinstance(attachments, dict) else ():
            for leak in leaks(name, "metadata"):
                add(cell.place, leak, "attachment")
            for field, leak in _bundle_leaks(bundle):
                add(cell.place, leak, f"attachment {field}".strip())
    return findings


def output_leaks(output: dict) -> list[tuple[str, Leak]]:
    """Find private things in one output: printed, displayed, drawn, in its metadata, or in a traceback."""
    found = [("", leak) for leak in leaks(text_of(output.get("text")))]
    if output.get("output_type") == "error":
        lines = [str(output.get("evalue", "")), *(str(line) for line in output.get("traceback") or [])]
        trace = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines))
        found += [("traceback", leak) for leak in leaks(trace)]
    found += [(f"output metadata {path}", leak) for path, leak in metadata_leaks(output.get("metadata", {}))]
    return found + _bundle_leaks(output.get("data"))


def _bundle_leaks(bundle: Any) -> list[tuple[str, Leak]]:
    found: list[tuple[str, Leak]] = []
    for kind, data in bundle.items() if isinstance(bundle, dict) else ():
        if kind in _RASTER:
            content = decoded(text_of(data))
            found += [(f"image, {field}", leak) for field, leak in image_leaks(content)] if content else []
        elif isinstance(data, str | list):
            found += markup_leaks(text_of(data))
            if not kind.startswith("text/") and (content := decoded(text_of(data))):
                found += [(f"{kind}, {field}".rstrip(", "), leak) for field, leak in file_leaks(content)]
        else:
            found += [(kind, leak) for _, text in metadata_texts(data) for leak in leaks(text)]
    return found
