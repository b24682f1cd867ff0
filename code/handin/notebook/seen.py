"""Digests what a reader sees of a notebook, however a program saved it.

JupyterLab, VS Code and Colab write an unchanged notebook with other bytes: other line ends, indentation and order of
keys, other ids, counts and metadata, neighbouring outputs joined, and lines that a terminal overwrote left out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from handin.notebook.reading import Cell, is_raster, mapping_of, text_of


def seen_digest(notebook: Mapping[str, Any]) -> str:
    """Digest the sources, outputs and attached pictures of a notebook of format 4.

    It is 32 hexadecimal digits; a notebook carries it in its metadata as ``press.content``.
    """
    cells = notebook.get("cells")
    seen = [_cell(Cell(0, cell)) for cell in cells if isinstance(cell, dict)] if isinstance(cells, list) else []
    text = json.dumps([cell for cell in seen if any(cell[1:])], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _cell(cell: Cell) -> list[Any]:
    attachments = {name: _bundle(bundle) for name, bundle in cell.attachments.items()}
    return [str(cell.raw.get("cell_type")), _lines(cell.source), _outputs(cell), attachments]


def _outputs(cell: Cell) -> list[Any]:
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
            shown.append(("data", _bundle(output.get("data"))))
    return [(name, _overwritten(value) if name.startswith("stream") else value) for name, value in shown]


def _bundle(bundle: Any) -> dict[str, Any]:
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
