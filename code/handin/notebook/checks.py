"""Checks an executed notebook: run once from top to bottom, every figure there, nothing private in it."""

from __future__ import annotations

import io
import re
from typing import Any
from urllib.parse import unquote

from handin.findings import MOST_ALIKE, Finding, Severity
from handin.notebook.reading import FENCE, Cell, Json, Notebook, is_raster, mapping_of, read_notebook, text_of
from handin.private.files import decoded, file_leaks, image_leaks, markup_leaks
from handin.private.text import Leak, leaks, metadata_leaks, metadata_texts
from handin.text import shortened, without_colours

RUN_AGAIN = (
    "Run all cells from top to bottom (Colab: Runtime, Restart session and run all; Jupyter: Kernel, Restart and Run "
    "All; VS Code: Restart, Run All), wait for the last one, and save."
)
BUILD_AGAIN = "Build the notebook again; correct its source where that does not help."

_NOT_EVALUATED = re.compile(r"^\s*#\|\s*eval:\s*(?:false|False|no)\s*$", re.MULTILINE)
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
    is_odd = any(finding.is_error for finding in findings)
    if notebook is not None:
        try:
            for check in (_execution, _outputs, _figures, _images, _residue, _private):
                findings += check(notebook, file)
        except RecursionError:
            message = "It is nested too deeply to be a notebook that a program wrote."
            findings.append(Finding("error", file, "", message, RUN_AGAIN))
    if is_odd:  # what its structure hides is private all the same
        said = {finding.message for finding in findings}
        found = [leak for leak in leaks(content.decode("utf-8", "replace"), "source") if leak.message not in said]
        findings += [Finding(leak.severity, file, "", leak.message, leak.fix) for leak in found]
    return notebook, findings


def _execution(notebook: Notebook, file: str) -> list[Finding]:
    """Every code cell has run, once, in the order in which it stands."""
    findings = []
    code = [cell for cell in notebook.cells if cell.is_code and cell.source.strip()]
    if not code:
        return [Finding("error", file, "", "It has no code.", "Hand in the notebook that was run.")]
    highest, gap = 0, False
    idle, astray = [], []
    for cell in notebook.cells:
        if cell.is_code and cell.outputs and not cell.source.strip():
            message = "The cell shows outputs, and has no code that could have made them."
            findings.append(Finding("error", file, cell.place, message, RUN_AGAIN))
    for cell in code:
        count = cell.count
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
                    Finding("error", file, cell.place, message, "Correct the cell, and run the notebook again.")
                )
            elif _TRACEBACK.search(_printed(output)):
                message = "The output has the traceback of an error."
                findings.append(
                    Finding("error", file, cell.place, message, "Correct the cell, and run the notebook again.")
                )
            elif _is_lost_widget(output, notebook):
                message = "The output is a widget whose state was not saved, so that it shows nothing."
                fix = "Show a plain figure or text, and run the notebook again."
                findings.append(Finding("warning", file, cell.place, message, fix))
    if not any(cell.outputs for cell in notebook.cells):
        if mapping_of(notebook.metadata.get("colab")).get("private_outputs") is True:
            message = "No cell has an output: Colab was told not to save them."
            fix = "Colab: Edit, Notebook settings, untick 'Omit code cell output'; then run all cells, and download it."
        else:
            message = "No cell has an output: the results were cleared, or it was not saved after it had run."
            fix = RUN_AGAIN
        findings.append(Finding("error", file, "", message, fix))
    return findings


_TRACEBACK = re.compile(r"Traceback\s*\(most recent call last\)")
_WIDGET = "application/vnd.jupyter.widget-view+json"
_WIDGET_STATE = "application/vnd.jupyter.widget-state+json"


def _printed(output: Json) -> str:
    """Return what an output shows as text, without a terminal's colours."""
    data = mapping_of(output.get("data"))
    text = text_of(output.get("text")) + text_of(data.get("text/plain")) + text_of(data.get("text/html"))
    return without_colours(text)


def _is_lost_widget(output: Json, notebook: Notebook) -> bool:
    """Tell whether an output is nothing but a widget of which the notebook does not hold the state."""
    data = mapping_of(output.get("data"))
    view = data.get(_WIDGET)
    if not isinstance(view, dict) or _has_image(data):
        return False
    kept = mapping_of(mapping_of(notebook.metadata.get("widgets")).get(_WIDGET_STATE))
    return str(view.get("model_id")) not in mapping_of(kept.get("state"))


def _figures(notebook: Notebook, file: str) -> list[Finding]:
    """A cell that is labelled as a figure shows one, and one that is labelled as a table shows a table."""
    findings: list[Finding] = []
    if not any(cell.outputs for cell in notebook.cells):
        return findings  # that all outputs are missing is said once
    for cell in notebook.cells:
        if not cell.is_code:
            continue
        kind = cell.label.partition("-")[0]
        bundles = [mapping_of(output.get("data")) for output in cell.outputs]
        if kind == "fig" and not any(_has_image(bundle) for bundle in bundles):
            message = "The cell is labelled as a figure, and its output has none."
            findings.append(Finding("error", file, cell.place, message, RUN_AGAIN))
        if kind == "tbl" and not any(_has_table(bundle) for bundle in bundles):
            message = "The cell is labelled as a table, and its output has none."
            findings.append(Finding("error", file, cell.place, message, RUN_AGAIN))
    return findings


def _has_image(bundle: Json) -> bool:
    if any(is_raster(kind) or kind in ("image/svg+xml", "application/vnd.plotly.v1+json") for kind in bundle):
        return True
    shown = text_of(bundle.get("text/html"))
    images = _HTML_IMAGE.findall(shown)
    return bool(_HTML_DRAWING.search(shown)) or any(re.match(r"data:|(?:https?:)?//", target) for target in images)


def _has_table(bundle: Json) -> bool:
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
            bundle = mapping_of(output.get("data"))
            for kind, data in bundle.items():
                problem = None
                if is_raster(kind):
                    problem = _raster_problem(decoded(text_of(data)))
                elif kind == "image/svg+xml" and not _SVG_SHAPE.search(text_of(data)):
                    problem = "is empty"
                if problem:
                    findings.append(Finding("error", file, cell.place, f"An image in the output {problem}.", RUN_AGAIN))
            shown = text_of(bundle.get("text/markdown")) + text_of(bundle.get("text/html"))
            findings += _outside(cell, shown, file)
        if cell.is_markdown:
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
        "", FENCE.sub("", "".join(_SCRIPT_TEXT.sub(r"\1", part, count=1) for part in _SCRIPT_END.split(text)))
    )
    definitions = {name.casefold(): target for name, target in _MARKDOWN_DEFINITION.findall(prose)}
    named = [(name or alternative).casefold() for alternative, name in _MARKDOWN_REFERENCE.findall(prose)]
    by_reference = [definitions[name] for name in named if name in definitions]
    for script in _HTML_SCRIPT.findall(prose):
        message = f"It fetches a script from the network whenever it is read: {shortened(script, 50)}"
        findings.append(Finding("warning", file, cell.place, message, "Show a plain figure, or include the script."))
    is_text = cell.is_markdown
    fix = "Attach it to the cell." if is_text else "Show the picture itself, and run the notebook again."
    for target in (*_MARKDOWN_IMAGE.findall(prose), *_HTML_IMAGE.findall(prose), *by_reference):
        if target.startswith("attachment:"):
            if unquote(target.removeprefix("attachment:")) not in cell.attachments:
                message = f"The image {shortened(target, 40)} is not attached."
                findings.append(Finding("error", file, cell.place, message, fix))
        elif re.match(r"(?:https?:)?//", target):
            message = f"The image {shortened(target, 50)} is fetched from the network whenever the notebook is read."
            findings.append(Finding("warning", file, cell.place, message, fix))
        elif not target.startswith("data:"):
            message = f"The image {shortened(target, 50)} is a file that is not handed in."
            findings.append(Finding("error", file, cell.place, message, fix))
    return findings


def _residue(notebook: Notebook, file: str) -> list[Finding]:
    findings = []
    for cell in notebook.cells:
        if cell.is_code:
            texts = re.findall(r"^\s*\{\{<.*?>\}\}\s*$", cell.source, re.MULTILINE)
            texts += [text_of(mapping_of(output.get("data")).get("text/markdown")) for output in cell.outputs]
        elif cell.is_markdown:
            texts = [cell.source]
        else:
            continue
        for text in texts:
            prose = _INLINE_CODE.sub("", FENCE.sub("", text))
            for pattern, severity, what in _RESIDUE:
                if match := pattern.search(prose):
                    message = f"There is {what}: {shortened(match.group(), 40)}"
                    findings.append(Finding(severity, file, cell.place, message, BUILD_AGAIN))
    return findings


def _private(notebook: Notebook, file: str) -> list[Finding]:
    findings = []

    def add(place: str, leak: Leak, inside: str = "") -> None:
        findings.append(Finding(leak.severity, file, f"{place}, {inside}" if inside else place, leak.message, leak.fix))

    def add_all(place: str, inside: str, found: list[Leak]) -> None:
        for leak in found:
            add(place, leak, inside)

    for path, leak in metadata_leaks(notebook.metadata):
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
        for name, bundle in cell.attachments.items():
            for leak in leaks(name, "metadata"):
                add(cell.place, leak, "attachment")
            for field, leak in _bundle_leaks(bundle):
                add(cell.place, leak, f"attachment {field}".strip())
    return findings


def output_leaks(output: Json) -> list[tuple[str, Leak]]:
    """Find private things in one output: printed, displayed, drawn, in its metadata, or in a traceback."""
    found = [("", leak) for leak in leaks(text_of(output.get("text")))]
    if output.get("output_type") == "error":
        trace = output.get("traceback")
        lines = [output.get("evalue"), *(trace if isinstance(trace, list) else [trace])]
        trace = without_colours("\n".join(map(str, lines)))
        found += [("traceback", leak) for leak in leaks(trace)]
    found += [(f"output metadata {path}", leak) for path, leak in metadata_leaks(output.get("metadata", {}))]
    return found + _bundle_leaks(output.get("data"))


def _bundle_leaks(bundle: Any) -> list[tuple[str, Leak]]:
    found: list[tuple[str, Leak]] = []
    for kind, data in mapping_of(bundle).items():
        if is_raster(kind):
            content = decoded(text_of(data))
            found += [(f"image, {field}", leak) for field, leak in image_leaks(content)] if content else []
        elif isinstance(data, str | list):
            found += markup_leaks(text_of(data))
            if not kind.startswith("text/") and (content := decoded(text_of(data))):
                found += [(f"{kind}, {field}".rstrip(", "), leak) for field, leak in file_leaks(content)]
        else:
            found += [(kind, leak) for _, text in metadata_texts(data) for leak in leaks(text)]
    return found
