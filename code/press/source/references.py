"""What can be referred to, what is referred to, and what leads nowhere: labels, citations, links and numbered examples.

All of it is looked for in the Markdown that is set, in which cells may have printed labels, references and headings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from handin.errors import InputError
from handin.text import slug
from press.source import shortcodes
from press.source.qmd import REFERENCE_KINDS, Cell, Document, Kind, Line, texts, without_mathematics
from press.source.refusals import heading

_ATTRIBUTES = re.compile(r"\{((?:[^{}\"]|\"[^\"]*\")*)\}")
_IDENTIFIER = re.compile(r"(?:^|\s)#([A-Za-z][\w:.-]*)")
_KINDS = "|".join(f"[{kind[0].upper()}{kind[0]}]{kind[1:]}" for kind in REFERENCE_KINDS)
_KEY = r"\w(?:\w|[:.#$%&+?<>~/-](?=\w)|[:/](?=/))*"
"""A key as pandoc reads it: no two signs side by side are in it, as in ``@key---and``."""

_REFERENCE = re.compile(rf"(?<![\w@/.`\\])@\{{?((?:{_KINDS})-{_KEY})\}}?")
_CITATION = re.compile(rf"(?<![\w@/.`\\])-?@\{{?({_KEY})\}}?")
_LINK = re.compile(r"\]\(#([^()\s]+)\)")
_BRACKETS = re.compile(r"(?<![!^\[\]\\\w])\[([^\[\]]+)\](?:\[([^\[\]]*)\])?(?![\[({:])")
_EXAMPLE_NAMED = re.compile(r"(?<![\w@/.`\\])@([\w-]+)")
_EXAMPLE = re.compile(r"^( {0,3})\(@([\w-]*)\)(?=\s)")


def _identifiers(text: str) -> Iterator[str]:
    for attributes in _ATTRIBUTES.findall(text):
        yield from _IDENTIFIER.findall(re.sub(r'"[^"]*"', '""', attributes))


def labels(document: Document) -> dict[str, str]:
    """Find the labels that a document defines, each with its place; one that is defined twice is refused."""
    found: dict[str, str] = {}

    def define(label: str, place: str) -> None:
        if label in found:
            raise InputError(f"{place}: the label {label} is used already at {found[label]}: give it another name.")
        found[label] = place

    for part in document.parts:
        if isinstance(part, Cell):
            for label in _labels_of(part):
                define(label, part.place)
            continue
        for line in texts(part.lines):
            for code in shortcodes.PATTERN.findall(line.text):
                if shortcodes.name_of(code) == "embed" and "#" in code:
                    define(shortcodes.words_of(code)[-1].partition("#")[2], line.place)
            for label in _identifiers(shortcodes.PATTERN.sub("", line.text)):
                define(label, line.place)
    return found


def _labels_of(cell: Cell) -> list[str]:
    options = cell.options
    if not options.get("include", True):
        return []
    parts = options.get("fig-subcap") or options.get("tbl-subcap")
    count = len(parts) if isinstance(parts, list) and cell.label else 0
    own = [options[key] for key in ("label", "lst-label") if options.get(key)]
    return [*own, *(f"{cell.label}-{number}" for number in range(1, count + 1))]


def defined(lines: Iterable[Line]) -> set[str]:
    """Find the labels in the Markdown that is set, those of listings too."""
    lines = list(lines)
    fences = (line for line in lines if line.kind is Kind.FENCE)
    return {label for line in (*texts(lines), *fences) for label in _identifiers(line.text)}


def references(lines: Iterable[Line]) -> list[tuple[str, str]]:
    """Find every cross-reference: (label, place)."""
    return [
        (_lower(match[1]), line.place)
        for line in without_mathematics(texts(lines))
        for match in _REFERENCE.finditer(_ATTRIBUTES.sub("", line.text))
    ]


def citations(lines: Iterable[Line]) -> list[tuple[str, str]]:
    """Find every citation: (key, place)."""
    return [
        (match[1], line.place)
        for line in without_mathematics(texts(lines))
        for match in _CITATION.finditer(_ATTRIBUTES.sub(lambda m: "" if re.search("[=#]", m[1]) else m[0], line.text))
        if not re.match(rf"(?:{_KINDS})-", match[1])
    ]


def _lower(label: str) -> str:
    """Return the label that ``@Fig-x`` names: a capital asks for the same word at a sentence's beginning."""
    return label[0].lower() + label[1:]


def check(lines: Sequence[Line], keys: Collection[str]) -> None:
    """Refuse a reference or citation in the Markdown that is set which leads nowhere, with the nearest name there is.

    `keys` are those of the bibliography.
    """
    known = defined(lines)
    for label, place in references(lines):
        if label not in known:
            raise InputError(f"{place}: the reference @{label} leads nowhere{_hint(label, known, '@')}.")
    for key, place in citations(lines):
        if key not in keys:
            raise InputError(f"{place}: the citation @{key} is not in the bibliography{_hint(key, keys, '@')}.")


def _hint(name: str, known: Collection[str], sign: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, 1)
    return f" (did you mean {sign}{near[0]}?)" if near else ""


# -- links to headings, and numbered examples -------------------------------------------------------------------------


def linked(lines: Sequence[Line]) -> list[Line]:
    """Give the headings that links lead to their identifiers, and number the examples.

    `lines` are the Markdown that is set, all chapters of it: pandoc sees them one by one. A link that leads nowhere is
    refused, with the nearest name.
    """
    lines = _numbered_examples(lines)
    names, titles = _heading_names(lines)
    wanted: set[str] = set()
    result = [_with_implicit_links(line, titles) for line in lines]
    known = defined(result) | set(names.values())
    for line in texts(result):
        for target in _LINK.findall(line.text):
            if target not in known and target != "refs":
                raise InputError(f"{line.place}: the link #{target} leads nowhere{_hint(target, known, '#')}.")
            wanted.add(target)
    for index, name in names.items():
        if name in wanted:
            line = result[index]
            text = f"{line.text.rstrip()} {{#{name}}}"
            if open_attributes := re.search(r"\{([^{}#]*)\}\s*$", line.text):
                text = f"{line.text[: open_attributes.start()]}{{#{name} {open_attributes[1]}}}"
            result[index] = replace(line, text=text, plain=text)
    return result


def _heading_names(lines: Sequence[Line]) -> tuple[dict[int, str], dict[str, str]]:
    """Name the headings that have no identifier of their own as pandoc names them.

    Returns
    -------
    names
        The line's index to the name.
    titles
        Each heading's text, in small letters, to its identifier, own or not.
    """
    names: dict[int, str] = {}
    titles: dict[str, str] = {}
    used: Counter[str] = Counter()
    for index, line in enumerate(lines):
        if (found := heading(line)) is None:
            continue
        text = found[1]
        title = re.sub(r"\{[^{}]*\}\s*$", "", text).strip().rstrip("#").strip()
        name = next(_identifiers(text), None)
        if name is None:
            own = slug(title)
            names[index] = name = f"{own}-{used[own]}" if used[own] else own
            used[own] += 1
        titles.setdefault(title.casefold(), name)
    return names, titles


def _with_implicit_links(line: Line, titles: dict[str, str]) -> Line:
    """Write ``[A heading]`` and ``[text][A heading]`` as links: pandoc may not see the heading."""
    if line.kind is not Kind.TEXT or line.text.startswith("#"):
        return line

    def link(match: re.Match[str]) -> str:
        name = titles.get(" ".join((match[2] or match[1]).split()).casefold())
        if name is None or line.plain[match.start() : match.end()] != match[0]:
            return match[0]
        return f"[{match[1]}](#{name})"

    text = _BRACKETS.sub(link, line.text)
    return line if text == line.text else replace(line, text=text, plain=text)


def _numbered_examples(lines: Sequence[Line]) -> list[Line]:
    """Write ``(@label)`` as the number that pandoc gives the example, counted through the whole document."""
    numbers: dict[str, int] = {}
    result = []
    for line in lines:
        if line.kind is Kind.TEXT and (example := _EXAMPLE.match(line.text)):
            label = example[2] or f"({len(numbers)})"  # one without a label is a new one
            number = numbers.setdefault(label, len(numbers) + 1)
            text = f"{example[1]}({number}){line.text[example.end() :]}"
            line = replace(line, text=text, plain=text if "`" not in text else line.plain)
        result.append(line)

    def numbered(text: str) -> str:
        return _EXAMPLE_NAMED.sub(lambda match: str(numbers.get(match[1], match[0])), text)

    return [
        replace(line, text=numbered(line.text), plain=numbered(line.plain)) if line.kind is Kind.TEXT else line
        for line in result
    ]
