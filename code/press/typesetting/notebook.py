"""Writes an executed document as a notebook that stands alone: prose, code with outputs, and readable captions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from handin.notebook.reading import seen_digest, text_of
from press.execution.job import KERNEL, Outputs
from press.source import shortcodes
from press.source.qmd import FLOATS, Cell, Document, Kind, Prose

_HEADING_ATTRIBUTES = re.compile(r"^(#{1,6} .*?)\s*\{[^{}]*\}\s*$", flags=re.M)
_COMMENT = re.compile(r"<!--(?! show ).*?-->\n?", flags=re.S)
_SHOW = re.compile(r"^<!-- show ([\w-]+) -->$", flags=re.M)


def write(document: Document, outputs: Outputs, variables: Mapping[str, Any], inputs: str) -> bytes:
    """Write a document and its outputs as a notebook (nbformat 4.5), with the same bytes for the same input.

    `inputs` is the digest of what the outputs depend on; it is kept in the notebook's metadata, with one of what its
    reader sees.
    """

    def value(text: str, place: str) -> str:
        return shortcodes.substitute(text, place, variables, document.front_matter)

    cells = []
    if title := document.front_matter.get("title"):
        cells.append(_markdown(f"# {value(str(title), document.name)}"))
    counts = dict.fromkeys(FLOATS, 0)
    by_cell = iter(outputs)
    executed = 0
    for part in document.parts:
        if isinstance(part, Prose):
            for _ in part.inline:
                next(by_cell)
            cells += map(_markdown, _paragraphs(part, value))
            continue
        shown = next(by_cell)
        runs = part.options.get("eval", True)
        executed += runs
        cells.append(_code(part, shown, executed if runs else None, value))
        if caption := _caption(part, counts):
            cells.append(_markdown(value(caption, part.place)))
    for number, cell in enumerate(cells, 1):
        cell["id"] = cell["metadata"].get("label") or f"cell-{number}"
    _show_early(cells)
    metadata: dict[str, Any] = {
        "kernelspec": KERNEL,
        "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
        "press": {"inputs": inputs},
    }
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    metadata["press"]["content"] = seen_digest(notebook)
    return (json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def crossed(content: bytes) -> list[str]:
    """List the claims that a notebook shows with a cross, as not holding, each with the label of its cell."""
    return [
        f"{cell['id']}: {line.rstrip()}"
        for cell in json.loads(content)["cells"]
        for output in cell.get("outputs", ())
        for line in output.get("text", ())
        if line.startswith("✗ ")
    ]


def _paragraphs(part: Prose, value: Callable[[str, str], str]) -> list[str]:
    """Split prose into one text a section, so that a notebook's outline works."""
    sections: list[list[str]] = [[]]
    for line in part.lines:
        is_prose = line.kind is Kind.TEXT
        text = value(line.text, line.place) if is_prose else line.text
        if is_prose and re.match(r"^#{1,6} ", text) and any(t.strip() for t in sections[-1]):
            sections.append([])
        sections[-1].append(text)
    texts = (_COMMENT.sub("", _HEADING_ATTRIBUTES.sub(r"\1", "\n".join(lines))).strip() for lines in sections)
    return [text for text in texts if text]


def _show_early(cells: Sequence[dict[str, Any]]) -> None:
    """Attach the picture of a later cell where the prose says ``<!-- show label -->``: so results can come first."""
    pictures = {
        cell["id"]: (output["data"]["image/png"], cell["metadata"].get("fig-alt", ""))
        for cell in cells
        for output in cell.get("outputs", ())
        if "image/png" in output.get("data", {})
    }

    def image(match: re.Match[str]) -> str:
        return f"![{pictures[match[1]][1]}](attachment:{match[1]}.png)" if match[1] in pictures else ""

    for cell in cells:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and (labels := _SHOW.findall(text)):
            cell["attachments"] = {
                f"{label}.png": {"image/png": pictures[label][0]} for label in labels if label in pictures
            }
            cell["source"] = _source(_SHOW.sub(image, text))


def _caption(cell: Cell, counts: dict[str, int]) -> str | None:
    kind = (cell.label or "").partition("-")[0]
    if kind not in ("fig", "tbl") or not cell.options.get("include", True):
        return None
    counts[kind] += 1
    caption = " ".join(cell.options[f"{kind}-cap"].split())
    return f"**{FLOATS[kind]} {counts[kind]}.** {caption}"


def _source(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": _source(text)}


def _code(
    cell: Cell, outputs: Sequence[dict[str, Any]], count: int | None, value: Callable[[str, str], str]
) -> dict[str, Any]:
    return {
        "cell_type": "code",
        # The options are metadata, where Quarto and our own `embed` look for them; a reader of the code is spared them.
        "metadata": {
            key: value(given, cell.place) if isinstance(given, str) else given for key, given in cell.options.items()
        },
        "source": _source(cell.code.strip("\n")),
        "execution_count": count,
        "outputs": [_output(dict(output), count) for output in outputs],
    }


def _output(output: dict[str, Any], count: int | None) -> dict[str, Any]:
    if output["output_type"] == "execute_result":
        output["execution_count"] = count
    data = output.get("data")
    if data:
        output["data"] = {
            mime: _source(body) if isinstance(body, str) and not mime.startswith("image/png") else body
            for mime, body in data.items()
        }
    if output["output_type"] == "stream":
        output["text"] = _source(text_of(output["text"]))
    return output
