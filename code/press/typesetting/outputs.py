"""Turns what a cell shows into Markdown: text, tables, formulas and figures, one piece for each output.

What is there for a terminal alone is taken out: colours, overwritten lines, addresses in memory. What a library says
about itself (stderr, the value that a drawing call returns) is no output to print.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import hashlib
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handin.errors import InputError, WorkError
from handin.notebook.reading import text_of
from handin.text import without_colours
from press.keeping.kept import write_if_changed

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{6,}(?=[>\s])")
_DRAWN = re.compile(r"\s*[\[(]*<(?:matplotlib|seaborn|mpl_toolkits|Axes|Figure|BarContainer)|\s*Text\(|\s*Figure\(")
_OBJECT = re.compile(r"\s*<[\w.]+ (?:object|at 0x)[^\n]*>?\s*")
_SCRIPTED = re.compile(r"<(?:script|iframe|svg|canvas|video|audio|img|object|embed|form|input)\b", re.IGNORECASE)
_NUMPY = re.compile(r"np\.\w+\((.*)\)", re.DOTALL)
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~^$@\"'])")
_CELLS_PATH = re.compile(r"^\S*ipykernel_\d+[\\/]\d+\.py:\d+: ", re.MULTILINE)
IMAGES = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif"}


@dataclass(frozen=True)
class Shown:
    """One output as Markdown."""

    text: str
    part: str
    """Which output it is, as ``output 2``."""
    what: str
    """What it is, in words."""
    is_image: bool = False


@dataclass(frozen=True)
class Context:
    """What a document is set with beside its own text."""

    root: Path
    """The project's folder."""
    figures: Path
    """Where figures are written; named from `root` in the Markdown."""
    variables: Mapping[str, Any]
    echo: bool | str = True
    """Whether a cell's code is printed unless it says otherwise."""
    strict: bool = True
    """Whether the format makes a promise: what is lenient elsewhere is refused."""
    unmade: frozenset[Path] = frozenset()
    """The notebooks that are still being made."""

    def image(self, raw: bytes, suffix: str, alternative: str, options: Mapping[str, Any]) -> str:
        """Write a figure and return the Markdown that shows it."""
        path = self.figures / f"{hashlib.sha256(raw).hexdigest()[:24]}.{suffix}"
        write_if_changed(path, raw)
        source = "/" + path.relative_to(self.root).as_posix()
        attributes = [f"fig-alt={quoted(alternative)}"] if alternative else []
        attributes += [f'width="{options["out-width"]}"'] if "out-width" in options else []
        return f"![]({source})" + (f"{{{' '.join(attributes)}}}" if attributes else "")


def shown(
    outputs: Sequence[Mapping[str, Any]],
    options: Mapping[str, Any],
    place: str,
    context: Context,
    alternatives: Sequence[str],
) -> list[Shown]:
    """Turn the outputs of a cell, as nbformat has them, into Markdown, without those that are nothing to print.

    `alternatives` are the alternative texts of the cell's figures, in order.

    Raises
    ------
    InputError
        If an output is of a kind that cannot be printed, or a figure has no alternative text where it needs one.
    WorkError
        If the cell raised an exception that is not to be printed.
    """
    draws = any(set(IMAGES) & set(output.get("data", {})) for output in outputs)
    found: list[Shown] = []
    remaining = iter(alternatives)
    for number, output in enumerate(outputs, 1):
        part = f"output {number}"
        where = f"{place} ({part})"
        kind = output["output_type"]
        if kind == "stream":
            found += _stream(output, options, part, where)
        elif kind == "error":
            if not options.get("error"):
                raise WorkError(f"{place}: {output['ename']}: {output['evalue']}")
            found.append(Shown(fenced(clean(f"{output['ename']}: {output['evalue']}"), ""), part, "an exception"))
        elif mime := next((mime for mime in IMAGES if mime in output.get("data", {})), None):
            alternative = next(remaining, "")
            if context.strict and not alternative:
                raise InputError(f"{place}: the figure needs an alternative text: add a line '#| fig-alt: \"…\"'.")
            content = text_of(output["data"][mime])
            raw = content.encode() if mime == "image/svg+xml" else base64.b64decode(content)
            text = context.image(raw, IMAGES[mime], alternative, options)
            found.append(Shown(text, part, "a figure", is_image=True))
        elif output.get("data"):
            found += _data(output, draws, part, where)
    return found


def _stream(output: Mapping[str, Any], options: Mapping[str, Any], part: str, where: str) -> list[Shown]:
    text = clean(text_of(output["text"]))
    if output["name"] == "stderr" and options.get("warning") is not True:
        if text.strip() and options.get("warning") is None:
            first = _CELLS_PATH.sub("", text).strip().splitlines()[0]
            hint = "write '#| warning: true' to print it, or false to hear nothing of it"
            warnings.warn(f"{where}: not printed, since it went to stderr: {first[:120]} ({hint}).", stacklevel=2)
        return []
    if options.get("output") == "asis":
        return [Shown(text, part, "text")] if text.strip() else []
    text = _CELLS_PATH.sub("", text).rstrip("\n")
    return [Shown(fenced(text, ""), part, f"the text {_short(text)}")] if text.strip() else []


def _texts(output: Mapping[str, Any]) -> dict[str, str]:
    return {mime: text_of(text) for mime, text in output.get("data", {}).items() if isinstance(text, str | list)}


def _data(output: Mapping[str, Any], draws: bool, part: str, where: str) -> list[Shown]:
    data = _texts(output)
    plain = clean(data.get("text/plain", ""))
    if "text/markdown" in data:
        text = data["text/markdown"]
        return [Shown(text, part, f"Markdown, {_short(text)}")] if text.strip() else []
    html = data.get("text/html", "")
    if html and not _SCRIPTED.search(html) and ("<table" in html or _OBJECT.fullmatch(plain)):
        return [Shown(fenced(_styled(html), "{=html-output}"), part, "a table in HTML")]
    if "text/latex" in data:
        return [Shown(latex(data["text/latex"]), part, "a formula")]
    if plain and not (html and _OBJECT.fullmatch(plain)):
        is_value = output["output_type"] == "execute_result"
        if is_value and (draws or _DRAWN.match(plain)):
            return []  # what a drawing call returns
        return [Shown(fenced(plain, ""), part, f"the text {_short(plain)}")] if plain.strip() else []
    kinds = ", ".join(sorted(set(output["data"]) - {"text/plain"})) or "text/plain"
    raise InputError(f"{where}: an output of type {kinds} cannot be printed: display Markdown, a table or a figure.")


_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_CELL = re.compile(r"<t[dh]\b[^>]*")
_CELL_ID = re.compile(r'\sid="([^"]*)"')
_CELL_STYLE = re.compile(r"""\sstyle\s*=\s*("[^"]*"|'[^']*')""")
_LOOKS = {"bold": 'typst:text:weight="&quot;bold&quot;"', "italic": 'typst:text:style="&quot;italic&quot;"'}


def _styled(html: str) -> str:
    """Give cells of a table the look that they name, or that a style sheet gives them by their ids, as pandas does."""
    looks: dict[str, dict[str, str]] = {}
    for selectors, declarations in _RULE.findall("".join(re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL))):
        for name in re.findall(r"#([\w-]+)\s*(?:,|$)", selectors.strip()):
            looks.setdefault(name, {}).update(_declared(declarations))

    def styled(cell: re.Match[str]) -> str:
        name, own = _CELL_ID.search(cell[0]), _CELL_STYLE.search(cell[0])
        found = looks.get(name[1], {}) if name else {}
        return " ".join([cell[0], *_look(found | _declared(own[1][1:-1] if own else ""))])

    return _CELL.sub(styled, html)


def _declared(css: str) -> dict[str, str]:
    pairs = (each.partition(":") for each in css.split(";"))
    return {key.strip().lower(): value.strip() for key, _, value in pairs if value}


def _look(declared: Mapping[str, str]) -> Iterator[str]:
    """Turn CSS into the attributes that pandoc's writer for Typst reads of a table's cell."""
    from PIL import ImageColor

    for key, attribute in (("background-color", "typst:fill"), ("color", "typst:text:fill")):
        with contextlib.suppress(ValueError):  # "inherit", say
            red, green, blue, *_ = ImageColor.getrgb(declared.get(key, ""))
            yield f'{attribute}="rgb({red}, {green}, {blue})"'
    yield from (_LOOKS[value] for value in declared.values() if value in _LOOKS)


def inline(outputs: Sequence[Mapping[str, Any]], place: str) -> str:
    """Turn the value of an expression in the prose into Markdown: Markdown as it is, anything else as plain text.

    What cannot stand in a line is an `InputError`, an exception that it raised a `WorkError`.
    """
    texts = []
    for output in outputs:
        data = _texts(output)
        if output["output_type"] == "error":
            raise WorkError(f"{place}: {output['ename']}: {output['evalue']}")
        if "text/markdown" in data:
            texts.append(data["text/markdown"].strip())
        elif "text/latex" in data:
            texts.append(f"${_formula(data['text/latex'])}$")
        elif "text/plain" in data and not set(IMAGES) & set(data):
            texts.append(_SPECIAL.sub(r"\\\1", _value(clean(data["text/plain"]))))
        elif output.get("name") != "stderr":
            raise InputError(f"{place}: an expression in the prose must have a value that stands in a line.")
    if any("\n\n" in text for text in texts):
        raise InputError(f"{place}: the value of an expression in the prose has several paragraphs: use a cell.")
    return " ".join(" ".join(texts).split())


def _value(text: str) -> str:
    """Return the text of a string or number as people read it."""
    if match := _NUMPY.fullmatch(text):
        text = match[1]
    if text.startswith(("'", '"')):
        with contextlib.suppress(SyntaxError, ValueError):
            return str(ast.literal_eval(text))
    return text


def clean(text: str) -> str:
    """Take out what only a terminal shows: colours, what was overwritten, addresses in memory, control characters."""
    text = without_colours(text).replace("\r\n", "\n")
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", _ADDRESS.sub("", text)).expandtabs(8)


def latex(text: str) -> str:
    """Turn a LaTeX output into Markdown: a formula where it is one, else the words that LaTeX would set."""
    body = text.strip()
    bare = body.strip("$").strip()
    is_formula = body.startswith("$") and body.endswith("$") and "$" not in bare.replace(r"\$", "")
    if is_formula or re.match(
        r"\\\[|\\\(|\\begin\{(?:align|equation|gather|multline|eqnarray|array|[pbv]?matrix)", body
    ):
        return f"$$\n{_formula(text)}\n$$"
    return fenced(body, "{=latex-output}")


def _formula(text: str) -> str:
    body = text.strip().strip("$").strip()
    body = re.sub(r"^\\[\[(]|\\[\])]$", "", body).strip()
    return body.removeprefix(r"\displaystyle").strip()


def _short(text: str) -> str:
    words = " ".join(text.split())
    return f"'{words[:40]}…'" if len(words) > 40 else f"'{words}'"


def quoted(text: str) -> str:
    """Quote a text as the value of a pandoc attribute."""
    flat = " ".join(text.split())
    return '"' + flat.replace("\\", "\\\\").replace('"', '\\"') + '"'


def fenced(text: str, language: str) -> str:
    """Fence a code block with more backticks than it holds."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
