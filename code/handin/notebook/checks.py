"""Checks an executed notebook: run once from top to bottom, every figure there, nothing private in it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from handin.findings import MOST_ALIKE, Finding, Said, Severity, errors, of_file
from handin.notebook import markup
from handin.notebook.reading import Cell, Json, Notebook, is_raster, mapping_of, read_notebook, text_of
from handin.private.files import decoded, file_leaks, image_leaks, markup_leaks
from handin.private.text import Placed, inside, leaks, metadata_leaks, metadata_texts
from handin.text import shortened, without_colours

RUN_AGAIN = (
    "Run all cells from top to bottom (Colab: Runtime, Restart session and run all; Jupyter: Kernel, Restart and Run "
    "All; VS Code: Restart, Run All), wait for the last one, and save."
)
BUILD_AGAIN = "Build the notebook again; correct its source where that does not help."

_NOT_EVALUATED = re.compile(r"^[ \t]*#\|[ \t]*eval:\s*(?:false|False|no)\s*$", re.MULTILINE)
_DATA_IMAGE = re.compile(r"data:(image/\w+);base64,([A-Za-z0-9+/=\s]+)(?=[\"')>])")
_BADGE = re.compile(r"badge|open-in-|shields\.io", re.IGNORECASE)
"""Pictures of no content, which open the notebook elsewhere (Colab, Kaggle, Binder) or name a version."""
_HTML_DRAWING = re.compile(r"<(?:svg|canvas)\b", re.IGNORECASE)
_FILLED_CELL = re.compile(
    r"<t[dh]\b[^<>]*>(?:\s|&nbsp;|<(?!/?t[rdh]\b|img\b|svg\b)[^<>]*>)*(?:[^\s<]|<img\b|<svg\b)", re.I
)
_SVG_SHAPE = re.compile(r"<(?:\w+:)?(?:path|rect|circle|ellipse|line|polyline|polygon|text|image|use)\b")
_TEXT_TABLE = re.compile(r"^(?>.*\|)(?>.*\n)[ \t]*\|?[ \t]*+:?-{2}|^[ \t]*\+-", re.MULTILINE)

_UNANSWERED = re.compile(
    r"(?:(?:write|type|enter|insert|put|add|provide)\s+)?your\s+(?:own\s+)?(?:code|answer|solution|text|response|explanation)"
    r"\s+(?:goes\s+)?here",
    re.IGNORECASE,
)
_NO_STATEMENT = re.compile(r"^[ \t]*(?:#.*|pass|\.\.\.|raise NotImplementedError.*)?$", re.MULTILINE)

_CROSS_REFERENCE = "a cross-reference that Jupyter cannot resolve"
_RESIDUE: tuple[tuple[re.Pattern[str], Severity, str], ...] = (
    (re.compile(r"\{\{<(?s:(?!\{\{<).)*?>\}\}"), "error", "a shortcode that was not replaced"),
    (re.compile(r"\?@[\w-]+|\?(?:var|meta):[\w.]+"), "error", "a reference or variable that could not be resolved"),
    (re.compile(r"(?<![\w@?])@(?:fig|tbl|eq|sec|lst)-[\w-]+"), "warning", _CROSS_REFERENCE),
    (re.compile(r"^:{3,}.*$", re.MULTILINE), "warning", "a fenced div that Jupyter shows as it is"),
    (re.compile(r"\{#[\w-]++[^{}\n]*+\}"), "warning", "an identifier that Jupyter shows as it is"),
)


def check_notebook_content(content: bytes, file: str) -> tuple[Notebook | None, list[Finding]]:
    """Check everything about a notebook that needs no other file; return what was read, if one, and what is wrong."""
    notebook, findings = read_notebook(content, file)
    said: list[Said] = []
    if notebook is not None:
        try:
            for check in (_execution, _other_runs, _outputs, _figures, _images, _residue, _private):
                said += check(notebook)
        except RecursionError:
            said.append(("error", "", "It is nested too deeply to be a notebook that a program wrote.", RUN_AGAIN))
    if errors(findings):  # what its structure hides is private all the same
        known = {message for _, _, message, _ in said}
        found = leaks(content.decode("utf-8", "replace"), "source")
        said += [leak.at("") for leak in found if leak.message not in known]
    return notebook, [*findings, *of_file(file, said)]


def _execution(notebook: Notebook) -> Iterator[Said]:
    """Every code cell has run, once, in the order in which it stands."""
    code = [cell for cell in notebook.cells if cell.is_code and cell.source.strip()]
    if not code:
        yield "error", "", "It has no code.", "Hand in the notebook that was run."
        return
    hollow = [cell for cell in notebook.cells if cell.is_code and cell.outputs and not cell.source.strip()]
    for cell in hollow:
        yield "error", cell.place, "The cell shows outputs, and has no code that could have made them.", RUN_AGAIN
    highest, gap = 0, False
    skipped: list[tuple[str, str]] = []
    idle: list[tuple[str, str]] = []
    astray: list[tuple[str, str]] = []
    for cell in code:
        if cell.count is None:
            is_meant = _NOT_EVALUATED.search(cell.source) and not cell.outputs
            (skipped if is_meant else idle).append((cell.place, "The cell was not run."))
            continue
        if cell.count <= highest:
            how = f"it has number {cell.count}, a cell above it has {highest}"
            astray.append((cell.place, f"The cell ran out of order: {how}."))
        gap = gap or cell.count > highest + 1
        highest = max(highest, cell.count)
    for place, _ in skipped:
        yield "warning", place, "The cell says `eval: false` and was not run.", "Run it, or make it text."
    for found, many in ((astray, "cells ran out of order"), (idle, f"of {len(code)} cells were not run")):
        if len(found) > MOST_ALIKE:
            yield "error", found[0][0], f"{len(found)} {many}; this is the first of them.", RUN_AGAIN
        else:
            yield from (("error", place, message, RUN_AGAIN) for place, message in found)
    if gap and not (hollow or skipped or astray or idle):
        message = "The numbers of the cells have gaps: some were run more than once, or deleted after they had run."
        yield "warning", "", message, RUN_AGAIN


def _other_runs(notebook: Notebook) -> Iterator[Said]:
    """The value of a cell has the number of the cell's own run."""
    for cell in notebook.cells:
        numbers = [each.get("execution_count") for each in cell.outputs if each.get("output_type") == "execute_result"]
        other = next((number for number in numbers if isinstance(number, int) and number != cell.count), None)
        if other is not None and cell.count is not None:
            message = f"The output has number {other} and the cell {cell.count}: it is that of another run."
            yield "warning", cell.place, message, RUN_AGAIN


def _outputs(notebook: Notebook) -> Iterator[Said]:
    """No output is an error, printed or raised; at least one cell shows something."""
    correct = "Correct the cell, and run the notebook again."
    for cell in notebook.cells:
        for output in cell.outputs:
            if output.get("output_type") == "error":
                name = shortened(f"{output.get('ename', '')}: {output.get('evalue', '')}", 80)
                if output.get("ename") == "KeyboardInterrupt":
                    yield "error", cell.place, "The cell was stopped before it had ended.", RUN_AGAIN
                else:
                    yield "error", cell.place, f"The cell ended with an error ({name}).", correct
            elif _TRACEBACK.search(_printed(output)):
                yield "error", cell.place, "The output has the traceback of an error.", correct
            elif lost := _NO_GLYPH.search(_printed(output)):
                message = f"A figure shows a box in place of a letter ({shortened(lost.group(1), 40)})."
                fix = "Set a font that has it (plt.rcParams['font.family']), or write it otherwise, and run again."
                yield "warning", cell.place, message, fix
            elif _LOST_FIGURE.fullmatch(text_of(mapping_of(output.get("data")).get("text/plain"))) and not (
                _has_image(mapping_of(output.get("data")))
            ):
                message = "The output names a figure and does not show it."
                yield "warning", cell.place, message, "Draw it in a cell of its own (plt.show()), and run again."
            elif _is_lost_widget(output, notebook):
                message = "The output is a widget whose state was not saved, so that it shows nothing."
                yield "warning", cell.place, message, "Show a plain figure or text, and run the notebook again."
    if any(cell.outputs for cell in notebook.cells) or not any(cell.is_code for cell in notebook.cells):
        return
    message, fix = "No cell has an output: the results were cleared, or it was not saved after it had run.", RUN_AGAIN
    if mapping_of(notebook.metadata.get("colab")).get("private_outputs") is True:
        message = "No cell has an output: Colab was told not to save them."
        fix = "Colab: Edit, Notebook settings, untick 'Omit code cell output'; then run all cells, and download it."
    yield "error", "", message, fix


_LOST_FIGURE = re.compile(r"<Figure size \S+ with [1-9]\d* Axes>")
_TRACEBACK = re.compile(r"Traceback\s*\(most recent call last\)")
_NO_GLYPH = re.compile(r"Glyph (\d+ \([^()\n]{0,200}\)) missing from (?:current font|font\(s\))")
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


def _figures(notebook: Notebook) -> Iterator[Said]:
    """A cell that is labelled as a figure shows one, and one that is labelled as a table shows a table."""
    if not any(cell.outputs for cell in notebook.cells):
        return  # that all outputs are missing is said once
    for cell in notebook.cells:
        kind = cell.label.partition("-")[0] if cell.is_code else ""
        bundles = [mapping_of(output.get("data")) for output in cell.outputs]
        if kind == "fig" and not any(map(_has_image, bundles)):
            yield "error", cell.place, "The cell is labelled as a figure, and its output has none.", RUN_AGAIN
        if kind == "tbl" and not any(map(_has_table, bundles)):
            yield "error", cell.place, "The cell is labelled as a table, and its output has none.", RUN_AGAIN


def _has_image(bundle: Json) -> bool:
    if any(is_raster(kind) or kind in ("image/svg+xml", "application/vnd.plotly.v1+json") for kind in bundle):
        return True
    shown = text_of(bundle.get("text/html"))
    images = [each.target for each in markup.taken(shown) if each.what == "image"]
    return bool(_HTML_DRAWING.search(shown)) or any(re.match(r"data:|(?:https?:)?//", target) for target in images)


def _has_table(bundle: Json) -> bool:
    shown, markdown = text_of(bundle.get("text/html")), text_of(bundle.get("text/markdown"))
    is_filled = _FILLED_CELL.search(shown) or _FILLED_CELL.search(markdown) or _TEXT_TABLE.search(markdown)
    return bool(is_filled) or r"\begin{tabular" in text_of(bundle.get("text/latex"))


def _images(notebook: Notebook) -> Iterator[Said]:
    """Every image can be opened and is not blank; none lies outside the notebook."""
    for cell in notebook.cells:
        bundles = [mapping_of(output.get("data")) for output in cell.outputs]
        shown = [("An image in the output", RUN_AGAIN, bundle) for bundle in bundles]
        attached = [("An attached image", "Attach it again.", bundle) for bundle in cell.attachments.values()]
        for what, fix, bundle in (*shown, *attached):
            for kind, data in mapping_of(bundle).items():
                problem = None
                if is_raster(kind):
                    problem = _raster_problem(decoded(text_of(data)))
                elif kind == "image/svg+xml" and not _SVG_SHAPE.search(text_of(data)):
                    problem = "is empty"
                if problem:
                    yield "error", cell.place, f"{what} {problem}.", fix
        for bundle in bundles:
            yield from _outside(cell, markup.seen_markdown(text_of(bundle.get("text/markdown"))))
            yield from _outside(cell, markup.seen_html(text_of(bundle.get("text/html"))))
        if cell.is_markdown:
            yield from _outside(cell, markup.seen_markdown(cell.source))


def _raster_problem(content: bytes) -> str | None:
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


def _outside(cell: Cell, prose: str) -> Iterator[Said]:
    """Find what the text of a Markdown cell, or of an output in Markdown or HTML, takes from outside the notebook."""
    for script in markup.scripts(prose):
        message = f"It fetches a script from the network whenever it is read: {shortened(script, 50)}"
        yield "warning", cell.place, message, "Show a plain figure, or include the script."
    for what, target in markup.taken(prose):
        thing = f"The {what} {shortened(target, 50)}"
        fix = "Attach it to the cell." if cell.is_markdown else "Show the picture itself, and run the notebook again."
        if what != "image":
            fix = "Say what it shows in words, or with a picture: the notebook is handed in alone."
        if target.startswith("attachment:"):
            if not {target, unquote(target)} & {f"attachment:{name}" for name in cell.attachments}:
                yield "error", cell.place, f"{thing} is not attached.", fix
        elif re.match(r"(?:https?:)?//", target):
            if not _BADGE.search(target):
                yield "warning", cell.place, f"{thing} is fetched from the network whenever the notebook is read.", fix
        elif not target.startswith(("data:", "about:")):
            yield "error", cell.place, f"{thing} is a file that is not handed in.", fix
    for kind, data in _DATA_IMAGE.findall(prose):
        content = decoded(data) if is_raster(kind) else b""
        problem = _raster_problem(content) if content else None
        if problem and "blank" not in problem:  # as what only keeps a distance is
            yield "error", cell.place, f"An image in the text {problem}.", fix


def _residue(notebook: Notebook) -> Iterator[Said]:
    for cell in notebook.cells:
        if _is_unanswered(cell):
            yield "warning", cell.place, "The cell holds the template's text alone.", "Answer it, or delete the cell."
        texts = [cell.source] if cell.is_markdown else []
        if cell.is_code:
            texts = re.findall(r"^[ \t]*\{\{<.*>\}\}[ \t]*$", cell.source, re.MULTILINE)
            texts += [text_of(mapping_of(output.get("data")).get("text/markdown")) for output in cell.outputs]
        for prose in map(markup.seen_markdown, texts):
            for pattern, severity, what in _RESIDUE:
                if match := pattern.search(prose):
                    yield severity, cell.place, f"There is {what}: {shortened(match.group(), 40)}", BUILD_AGAIN


def _is_unanswered(cell: Cell) -> bool:
    """Tell whether a cell has only what asks for an answer, such as "YOUR CODE HERE"."""
    if cell.is_code:
        return bool(_UNANSWERED.search(cell.source)) and not _NO_STATEMENT.sub("", cell.source).strip()
    rest, number = _UNANSWERED.subn("", cell.source)
    return cell.is_markdown and number > 0 and not re.search(r"[^\W_]", rest)


def _private(notebook: Notebook) -> Iterator[Said]:
    for path, leak in metadata_leaks(notebook.metadata):
        yield leak.at("metadata", path)
    for cell in notebook.cells:
        for place, leak in _private_in(cell):
            yield leak.at(cell.place, place)


def _private_in(cell: Cell) -> Iterator[Placed]:
    yield from inside("metadata ", metadata_leaks(cell.metadata))
    yield from markup_leaks(cell.source, "source")
    yield from (("cell id", leak) for leak in leaks(str(cell.raw.get("id", ""))))
    for output in cell.outputs:
        yield from ((place or "output", leak) for place, leak in output_leaks(output))
    streams = [text_of(output.get("text")) for output in cell.outputs if output.get("output_type") == "stream"]
    if len(streams) > 1:  # what one program printed may lie in several outputs
        apart = {leak for text in streams for leak in leaks(text)}
        yield from (("output", leak) for leak in leaks("".join(streams)) if leak not in apart)
    for name, bundle in cell.attachments.items():
        yield from (("attachment", leak) for leak in leaks(name))
        yield from inside("attachment ", _bundle_leaks(bundle))


def output_leaks(output: Json) -> Iterator[Placed]:
    """Find private things in one output: printed, displayed, drawn, in its metadata, or in a traceback."""
    yield from (("", leak) for leak in leaks(text_of(output.get("text"))))
    if output.get("output_type") == "error":
        trace = output.get("traceback")
        lines = [output.get("evalue"), *(trace if isinstance(trace, list) else [trace])]
        yield from (("traceback", leak) for leak in leaks("\n".join(map(str, lines))))
    yield from inside("output metadata ", metadata_leaks(output.get("metadata", {})))
    yield from _bundle_leaks(output.get("data"))


def _bundle_leaks(bundle: Any) -> Iterator[Placed]:
    for kind, data in mapping_of(bundle).items():
        if is_raster(kind):
            yield from inside("image, ", image_leaks(decoded(text_of(data))))
        elif isinstance(data, str | list):
            yield from markup_leaks(text_of(data))
            if not kind.startswith("text/"):
                yield from inside(f"{kind}, ", file_leaks(decoded(text_of(data))))
        else:
            yield from ((kind, leak) for _, text in metadata_texts(data) for leak in leaks(text))
