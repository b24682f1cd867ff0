"""Leaves out blocks that are hidden, or for other kinds of output: only the macros of TeX in them count."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from handin.errors import InputError
from press.source.options import each_of
from press.source.qmd import DIV, ITEM, Kind, Line

DEFINITION = re.compile(r"\\(?:(?:re|provide)?newcommand|def|let|Declare\w+|(?:re)?newenvironment|definecolor)\b")
"""How the definition of a macro of TeX begins."""

_CONDITION = re.compile(r"(when|unless)-(format|meta|profile)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'}]+))")
_SPAN = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\{([^{}]*\.content-(?:visible|hidden)[^{}]*)\}")
_CODE = re.compile(r"\s*[`~]{3,}\s*\{(.*)\}\s*$")


def formats(named: Any) -> frozenset[str]:
    """Name what the format of a document is in Quarto's conditions, where a PDF alone is always set."""
    for name in named if isinstance(named, Mapping) else [str(named)]:
        if name == "pdf":  # which LaTeX sets
            return frozenset(("pdf", "latex"))
        if name == "typst" or str(name).endswith("-typst"):
            return frozenset(("typst",))
    return frozenset(("pdf", "latex", "typst"))


def profiles(options: Mapping[str, Any]) -> list[str]:
    """Name the profiles that a project's options choose: the default ones, or the first of each group."""
    profile = options.get("profile")
    chosen = profile if isinstance(profile, Mapping) else {}
    groups = each_of(chosen.get("group"))
    groups = groups if any(isinstance(group, list) for group in groups) else [groups]
    return [str(name) for name in each_of(chosen.get("default")) or [group[0] for group in groups if group]]


class Conditions:
    """What Quarto's conditions ask of a document, whose `options` name its format."""

    def __init__(self, options: Mapping[str, Any]):
        chosen = profiles(options)
        ours = formats(options.get("format"))

        def is_set(name: str) -> bool:
            found: Any = options
            for key in name.split("."):
                found = found.get(key) if isinstance(found, Mapping) else None
            return found is True

        self._tests: dict[str, Callable[[str], bool]] = {
            "format": lambda names: bool(ours & set(re.findall(r"[\w:-]+", names))),
            "meta": is_set,
            "profile": lambda name: name in chosen,
        }

    def hide(self, attributes: str) -> bool:
        """Whether what has these attributes is not set: all its conditions must hold, of one kind any of its values."""
        classes = re.findall(r"(?:\.|^)([\w-]+)", re.sub(r"\"[^\"]*\"", "", attributes.strip()))
        met: dict[tuple[str, str], bool] = {}
        for when, kind, *values in _CONDITION.findall(attributes):
            met[when, kind] = met.get((when, kind), False) or self._tests[kind]("".join(values))
        holds = all(found is (when == "when") for (when, _), found in met.items())
        if "content-hidden" in classes:
            return holds or "hidden" in classes
        return "hidden" in classes or ("content-visible" in classes and not holds)

    def spans(self, line: Line) -> Line:
        """Take conditional spans out of a line, or the brackets around what is set of them."""
        text, plain = line.text, line.plain
        if "]{" not in plain or len(text) != len(plain):
            return line
        for span in reversed(list(_SPAN.finditer(text))):
            start, end = span.span()
            if plain[span.start(2) : end] == text[span.start(2) : end]:
                kept = slice(0) if self.hide(span[2]) else slice(*span.span(1))
                text, plain = (each[:start] + each[kept] + each[end:] for each in (text, plain))
        return replace(line, text=text, plain=plain)


class Hidden:
    """Takes the lines of a document one by one, and gives back those that are read."""

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        self._in_code = False
        self._open: list[Line] = []
        self._lines: list[Line] = []

    @property
    def hides(self) -> bool:
        """Whether the last line stood in a hidden block."""
        return bool(self._open)

    def feed(self, line: Line) -> list[Line]:
        """Take the next line."""
        div = DIV.match(ITEM.sub("", line.plain)) if line.kind is Kind.TEXT else None
        if not self._open:
            opening = div[1] if div is not None else self._of_code(line)
            if not opening or not self._conditions.hide(opening.strip("{}")):
                return [self._conditions.spans(line) if line.kind is Kind.TEXT else line]
            self._open, self._lines = [line], []
            return []
        if self._open[-1].kind is Kind.FENCE:
            if line.kind is not Kind.FENCE:
                return []
            self._open.pop()
            self._in_code = False
        elif div is not None and div[1]:
            self._open.append(line)
        elif div is not None:
            self._open.pop()
        self._lines.append(line)
        return [] if self._open else _macros(self._lines)

    def _of_code(self, line: Line) -> str:
        """Return the attributes of the block of code that a line opens."""
        self._in_code ^= line.kind is Kind.FENCE
        opening = _CODE.match(line.text) if self._in_code and line.kind is Kind.FENCE else None
        return opening[1] if opening else ""

    def end(self) -> None:
        """Refuse a hidden block that is still open at the end of the document."""
        if self._open:
            raise InputError(f"{self._open[-1].place}: this ::: block is not closed.")


def _macros(lines: list[Line]) -> list[Line]:
    """Return the definitions of macros in lines, as a block of TeX."""
    found, depth = [], 0
    for line in lines:
        text = line.text.strip().strip("$").strip()
        if depth or DEFINITION.match(text):
            found.append(replace(line, text=text, kind=Kind.CODE))
            bare = re.sub(r"\\[{}]", "", text)
            depth = max(0, depth + bare.count("{") - bare.count("}"))
    if not found:
        return []
    first, last = (replace(line, text="", kind=Kind.TEXT) for line in (found[0], found[-1]))
    opening, closing = replace(first, text="```{=tex}", kind=Kind.FENCE), replace(last, text="```", kind=Kind.FENCE)
    return [first, opening, *found, closing, last]
