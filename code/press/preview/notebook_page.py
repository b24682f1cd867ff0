"""The notebook as HTML, cell by cell: prose and formulas through pandoc (MathML), outputs as Jupyter keeps them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from handin.errors import InputError
from handin.notebook.reading import text_of
from handin.text import without_colours
from press.keeping.digests import digest
from press.source import reading
from press.source.options import listed
from press.source.qmd import Line
from press.typesetting.pandoc import run_pandoc

SCRIPT = Path(__file__).with_name("cells.lua")

PICTURES = ("image/svg+xml", "image/png", "image/jpeg")
"""What is shown as a picture, the best first."""

_ALIGNMENT = re.compile(r'(<t[hd]\b[^>]*?) style="text-align: (left|right|center);"')


@dataclass(frozen=True)
class CellView:
    """A cell of the notebook as HTML, with its digest."""

    digest: str
    html: str


@dataclass(frozen=True)
class _Text:
    """A text that pandoc must turn into HTML."""

    kind: str
    text: str


class NotebookPage:
    """Turns notebooks into HTML, and keeps each cell's HTML from edit to edit."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._pandoc: dict[_Text, str] = {}

    def cells(self, content: bytes) -> tuple[CellView, ...]:
        """Turn a notebook (nbformat 4) into HTML."""
        cells = json.loads(content)["cells"]
        texts = list(dict.fromkeys(text for cell in cells for text in _texts(cell)))
        self._convert(text for text in texts if text not in self._pandoc)
        self._pandoc = {text: self._pandoc[text] for text in texts}
        return tuple(self._view(cell) for cell in cells)

    def _convert(self, texts: Iterable[_Text]) -> None:
        wanted = list(texts)
        if not wanted:
            return
        request = json.dumps([{"kind": text.kind, "text": text.text} for text in wanted])
        answer = json.loads(run_pandoc(request, ["lua", str(SCRIPT)], self.folder))
        for text, html in zip(wanted, answer, strict=True):
            # An inline style would be refused by the page's content security policy.
            self._pandoc[text] = _ALIGNMENT.sub(r'\1 class="\2"', html)

    def _view(self, cell: Mapping[str, Any]) -> CellView:
        if cell["cell_type"] == "markdown":
            body, kind = self._pandoc[_markdown(text_of(cell["source"]))], "prose"
        else:
            body, kind = self._code(cell), "code"
        identifier = digest(kind, body)
        return CellView(identifier, f'<section class="cell {kind}" data-digest="{identifier}">{body}</section>')

    def _code(self, cell: Mapping[str, Any]) -> str:
        options, code = _parted(text_of(cell["source"]))
        count = cell.get("execution_count")
        source = self._pandoc[_Text("python", code)] if code else ""
        hidden = cell["metadata"].get("jupyter", {}).get("source_hidden", False)
        head = f'<p class="count">In [{count if count is not None else " "}]</p>'
        if source:
            state = "" if hidden else " open"
            label = escape(str(options.get("label", "code")))
            source = f"<details{state}><summary>{label}</summary>{source}</details>"
        alternatives = iter(listed(options.get("fig-alt")))
        outputs = "".join(_picture(output, alternatives) or self._text(output) for output in cell.get("outputs", []))
        shown = f'<div class="outputs">{outputs}</div>' if outputs else ""
        return head + source + shown

    def _text(self, output: Mapping[str, Any]) -> str:
        """Return the HTML of an output that is no picture."""
        kind = output["output_type"]
        if kind == "stream":
            return _preformatted(text_of(output["text"]), output["name"])
        if kind == "error":
            lines = output.get("traceback") or [f"{output['ename']}: {output['evalue']}"]
            return _preformatted("\n".join(lines), "stderr")
        text = _shown_text(output.get("data", {}))
        return self._pandoc[text] if text else ""


def _preformatted(text: str, kind: str) -> str:
    return f'<pre class="{escape(kind)}">{escape(without_colours(text))}</pre>'


def _picture(output: Mapping[str, Any], alternatives: Iterator[str]) -> str:
    """Return the HTML of an output that is a picture, '' for any other."""
    data = output.get("data", {})
    mime = next((mime for mime in PICTURES if mime in data), None)
    if mime is None:
        return ""
    body = text_of(data[mime])
    coded = base64.b64encode(body.encode()).decode() if mime == "image/svg+xml" else "".join(body.split())
    alternative = " ".join(next(alternatives, "").split())
    return f'<img src="data:{mime};base64,{escape(coded)}" alt="{escape(alternative)}">'


def _markdown(text: str) -> _Text:
    return _Text("markdown", text)


def _shown_text(data: Mapping[str, Any]) -> _Text | None:
    """Choose what is shown of an output that is no picture; HTML is never among it."""
    if "text/markdown" in data:
        return _markdown(text_of(data["text/markdown"]))
    if "text/latex" in data:
        return _markdown("$$" + text_of(data["text/latex"]).strip().strip("$") + "$$")
    if "text/plain" in data:
        return _Text("plain", text_of(data["text/plain"]))
    return None


def _texts(cell: Mapping[str, Any]) -> Iterable[_Text]:
    """Name the texts of a cell that pandoc must turn into HTML."""
    source = text_of(cell["source"])
    if cell["cell_type"] == "markdown":
        yield _markdown(source)
        return
    if code := _parted(source)[1]:
        yield _Text("python", code)
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if not any(mime.startswith("image/") for mime in data) and (text := _shown_text(data)):
            yield text


def _parted(source: str) -> tuple[dict[str, Any], str]:
    """Part a cell's source into its ``#|`` options and its code."""
    lines = source.split("\n")
    count = next((i for i, line in enumerate(lines) if not line.startswith("#|")), len(lines))
    option_lines = [Line(text, "notebook", number) for number, text in enumerate(lines[:count], 1)]
    try:
        options = reading.options_of(option_lines, "the options")
    except InputError:
        options = {}
    return options, "\n".join(lines[count:]).strip("\n")
