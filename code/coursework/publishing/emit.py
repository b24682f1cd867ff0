"""Turns a document and the outputs of its cells into Markdown that pandoc reads, one text per chapter.

The Markdown has one shape for every float, whether a cell made it, an image in the prose or an embedded notebook cell:
a fenced div with the label as its id, the content, and the caption as its last paragraph. Quarto's documents may use
the same shape, so the Lua filter knows only this one.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from coursework.errors import InputError, WorkError
from coursework.kept import write_if_changed
from coursework.publishing import qmd
from coursework.publishing.execution import Outputs
from coursework.publishing.qmd import Cell, Document, Line, Prose

_EMBED = re.compile(r"^\{\{<\s*embed\s+(\S+?)#([\w-]+)\s*>\}\}\s*$")
_PAGEBREAK = re.compile(r"^\{\{<\s*pagebreak\s*>\}\}\s*$")


@dataclass(frozen=True)
class Emitted:
    """A document as Markdown.

    Parameters
    ----------
    chapters
        One text for each chapter, in order.
    embedded
        The notebooks that were embedded from.
    """

    chapters: tuple[str, ...]
    embedded: tuple[Path, ...]


@dataclass(frozen=True)
class Context:
    """What emission needs beside the document.

    Parameters
    ----------
    root
        The project's folder.
    figures
        Where figures are written; named from `root` in the Markdown.
    variables
        The values of ``{{< var >}}``.
    echo
        Whether a cell's code is printed unless it says otherwise.
    """

    root: Path
    figures: Path
    variables: Mapping[str, Any]
    echo: bool


def emit(document: Document, outputs: Outputs, context: Context) -> Emitted:
    """Turn a document into Markdown.

    Parameters
    ----------
    document
        What was read.
    outputs
        For each cell its outputs.
    context
        Where figures go, and the values of variables.

    Raises
    ------
    InputError
        If a variable, an embedded notebook or a label in it does not exist.
    WorkError
        If a cell that is labelled as a figure or table did not make one.
    """
    writer = _Writer(document, context)
    chapters: dict[int, list[str]] = {}
    by_cell = iter(outputs)
    for part in document.parts:
        text = writer.prose(part) if isinstance(part, Prose) else writer.cell(part, next(by_cell))
        chapters.setdefault(part.chapter, []).append(text)
    texts = ["\n\n".join(pieces) + "\n" for _, pieces in sorted(chapters.items())]
    return Emitted(tuple(text for text in texts if text.strip()), tuple(writer.embedded))


class _Writer:
    def __init__(self, document: Document, context: Context):
        self.document = document
        self.context = context
        self.embedded: list[Path] = []
        self.notebooks: dict[Path, dict] = {}

    def value(self, text: str, place: str) -> str:
        return qmd.substitute(text, place, self.context.variables, self.document.front_matter)

    def prose(self, part: Prose) -> str:
        plain = {(line.file, line.number) for line in qmd.outside_code(part.lines)}
        code = qmd.code_blocks(part.lines)
        pieces = []
        for line in part.lines:
            place = (line.file, line.number)
            if place in plain:
                pieces.append(self._line(line))
            else:
                pieces.append(self.value(line.text, line.place) if place in code else line.text)
        return "\n".join(pieces)

    def _line(self, line: Line) -> str:
        if _PAGEBREAK.match(line.text):
            return "\n::: {.coursework-pagebreak}\n:::\n"
        if match := _EMBED.match(line.text):
            return self._embed(match[1], match[2], line)
        if re.match(r"^\{\{<\s*(embed|pagebreak)", line.text):
            raise InputError(f"{line.place}: write {{{{< embed notebook.ipynb#label >}}}} or {{{{< pagebreak >}}}}.")
        return self._text(line.text, line.place)

    def _text(self, text: str, place: str) -> str:
        """Substitute variables, and name images from the project's folder, as Typst finds them."""

        def image(match: re.Match) -> str:
            start, end = (border - match.start() for border in match.span("file"))
            return match[0][:start] + self._image_file(match["file"], place) + match[0][end:]

        text = self.value(text, place)
        return qmd.IMAGE.sub(image, text) if "![" in text else text

    def _image_file(self, name: str, place: str) -> str:
        """Find an image's file: named from the document's folder, or from the project's with a leading slash."""
        if re.match(r"[a-z]+:", name):
            raise InputError(f"{place}: the image {name} is not a file of the project: download it.")
        root = self.context.root.resolve()
        path = (root / name.lstrip("/") if name.startswith("/") else self.document.path.parent / name).resolve()
        if root not in path.parents or not path.is_file():
            raise InputError(f"{place}: the image {name} does not exist in the project.")
        return "/" + path.relative_to(root).as_posix()

    def cell(self, cell: Cell, outputs: Sequence[dict]) -> str:
        options = cell.options
        if not options.get("include", True):
            return ""
        pieces = []
        if options.get("echo", self.context.echo) and cell.code.strip():
            pieces.append(self._listing(cell))
        if options.get("output", True) is not False:
            pieces.append(self.outputs(options, outputs, cell.place))
        return "\n\n".join(piece for piece in pieces if piece)

    def _listing(self, cell: Cell) -> str:
        code = fenced(cell.code.strip("\n"), "python")
        label = cell.options.get("lst-label")
        if not label:
            return code
        return _float(label, {}, [code], self.value(cell.options["lst-cap"], cell.place))

    def outputs(self, options: Mapping[str, Any], outputs: Sequence[dict], place: str) -> str:
        """Turn a cell's outputs into Markdown, as a float where its label says so."""
        shown = [o for o in outputs if not (o.get("name") == "stderr" and options.get("warning") is False)]
        alternatives = _alternatives(options)
        pieces: list[str] = []
        images = 0
        for output in shown:
            text, is_image = self._output(output, options, alternatives, images, place)
            images += is_image
            if text:
                pieces.append(text)
        label = options.get("label") or ""
        kind = label.partition("-")[0]
        if kind == "fig":
            return self._figure(label, options, pieces, images, place)
        if kind == "tbl":
            if not any(re.search(r"^\s*\|", piece, flags=re.M) for piece in pieces):
                raise WorkError(f"{place}: the cell {label} is labelled as a table but displays none.")
            return _float(label, {}, pieces, self.value(options["tbl-cap"], place))
        if "layout-ncol" in options and len(pieces) > 1:
            return _div("", {"layout-ncol": str(options["layout-ncol"])}, pieces)
        return "\n\n".join(pieces)

    def _figure(self, label: str, options: Mapping, pieces: list[str], images: int, place: str) -> str:
        subcaptions = options.get("fig-subcap") or []
        if images != max(1, len(subcaptions)) or len(pieces) != images:
            wanted = f"{len(subcaptions)} figures" if subcaptions else "one figure and nothing else"
            raise WorkError(f"{place}: the cell {label} must display {wanted}; it displays {len(pieces)} outputs.")
        if subcaptions:
            pieces = [
                _float(f"{label}-{number}", {}, [piece], self.value(caption, place))
                for number, (piece, caption) in enumerate(zip(pieces, subcaptions, strict=True), 1)
            ]
        attributes = {"layout-ncol": str(options["layout-ncol"])} if "layout-ncol" in options else {}
        return _float(label, attributes, pieces, self.value(options["fig-cap"], place))

    def _output(
        self, output: dict, options: Mapping, alternatives: Sequence[str], image: int, place: str
    ) -> tuple[str, bool]:
        kind = output["output_type"]
        if kind == "stream":
            text = _text(output["text"])
            if options.get("output") == "asis" and output["name"] == "stdout":
                return self._text(text, place), False
            return (fenced(text.rstrip("\n"), "") if text.strip() else ""), False
        if kind == "error":
            raise WorkError(f"{place}: {output['ename']}: {output['evalue']}")
        data = output.get("data", {})
        if "text/markdown" in data:
            return self._text(_text(data["text/markdown"]), place), False
        for mime, suffix in (("image/svg+xml", "svg"), ("image/png", "png")):
            if mime in data:
                content = _text(data[mime])
                raw = content.encode() if suffix == "svg" else base64.b64decode(content)
                if image >= len(alternatives) or not alternatives[image]:
                    raise InputError(f"{place}: the figure needs an alternative text: add a line '#| fig-alt: \"…\"'.")
                return self._image(raw, suffix, alternatives[image], place), True
        if "text/latex" in data:
            return _display_mathematics(_text(data["text/latex"])), False
        if "text/plain" in data:
            text = _text(data["text/plain"])
            return fenced(text, ""), False
        if not data:
            return "", False
        raise WorkError(
            f"{place}: an output of type {', '.join(data)} cannot be printed: display Markdown or a figure."
        )

    def _image(self, raw: bytes, suffix: str, alternative: str, place: str) -> str:
        name = f"{hashlib.sha256(raw).hexdigest()[:24]}.{suffix}"
        path = self.context.figures / name
        write_if_changed(path, raw)
        source = "/" + path.relative_to(self.context.root).as_posix()
        return f"![]({source}){{fig-alt={quoted(self.value(alternative, place))}}}"

    def _embed(self, name: str, label: str, line: Line) -> str:
        path = (self.document.path.parent / name).resolve()
        cell = self._notebook_cell(path, name, label, line)
        return "\n" + self.outputs(cell["metadata"], cell.get("outputs", []), line.place) + "\n"

    def _notebook_cell(self, path: Path, name: str, label: str, line: Line) -> dict:
        if path not in self.notebooks:
            try:
                status = path.stat()
                self.notebooks[path] = _notebook(path, (status.st_mtime_ns, status.st_size))
            except FileNotFoundError:
                raise InputError(f"{line.place}: the notebook {name} does not exist.") from None
            except (ValueError, OSError):
                raise InputError(f"{line.place}: the notebook {name} cannot be read.") from None
            self.embedded.append(path)
        for cell in self.notebooks[path].get("cells", []):
            if cell["cell_type"] == "code" and cell.get("id") == label:
                return cell
        raise InputError(f"{line.place}: the notebook {name} has no cell with the label {label}.")


@lru_cache(maxsize=2)
def _notebook(path: Path, stamp: tuple[int, int]) -> dict:
    """Read a notebook; again only where its time of change or its size is another."""
    return json.loads(path.read_text(encoding="utf-8"))


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


def _alternatives(options: Mapping) -> list[str]:
    given = options.get("fig-alt")
    return [] if given is None else [given] if isinstance(given, str) else list(given)


def quoted(text: str) -> str:
    """Quote a text as the value of a pandoc attribute."""
    flat = " ".join(text.split())
    return '"' + flat.replace("\\", "\\\\").replace('"', '\\"') + '"'


def fenced(text: str, language: str) -> str:
    """Fence a code block with more backticks than it holds."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _div(identifier: str, attributes: Mapping[str, str], pieces: Sequence[str]) -> str:
    parts = [f"#{identifier}"] if identifier else [".coursework-layout"]
    parts += [f"{key}={quoted(value)}" for key, value in attributes.items()]
    body = "\n\n".join(piece.strip("\n") for piece in pieces)
    colons = ":" * (max((len(run) for run in re.findall(r"^:{3,}", body, flags=re.M)), default=2) + 1)
    return f"{colons} {{{' '.join(parts)}}}\n{body}\n{colons}"


def _float(label: str, attributes: Mapping[str, str], pieces: Sequence[str], caption: str) -> str:
    return _div(label, attributes, [*pieces, " ".join(caption.split())])


def _display_mathematics(text: str) -> str:
    """Turn a cell's LaTeX output into displayed mathematics."""
    body = text.strip().strip("$").strip().removeprefix("\\displaystyle").strip()
    return f"$$\n{body}\n$$"
