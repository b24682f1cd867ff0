"""Quarto's shortcodes: which there are, and the values that ``var`` and ``meta`` stand for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from handin.errors import InputError

SET = frozenset("include var meta embed pagebreak kbd video".split())
"""Those that are set."""

KNOWN = SET | set("brand contents env lipsum placeholder version".split())
"""Those that Quarto knows; it prints any other as it stands."""

PATTERN = re.compile(r"(?<!\{)\{\{<\s*(.*?)\s*>\}\}(?!\})")
INCLUDE = re.compile(r"^\s*\{\{<\s*include\s+([\"']?)(?P<file>\S+|(?<=[\"'])[^\"']+)\1\s*>\}\}\s*$")
EMBED = re.compile(r"^\s*\{\{<\s*embed\s+([\"']?)(?P<file>\S+?|(?<=[\"'])[^\"']+?)#(?P<label>[\w-]+)\1\s*>\}\}\s*$")
PAGEBREAK = re.compile(r"^\s*\{\{<\s*pagebreak\s*>\}\}\s*$")
_WORD = re.compile(r"(?:\"[^\"]*\"|'[^']*'|\S)+")
_QUOTES = re.compile(r"\"([^\"]*)\"|'([^']*)'")


def name_of(code: str) -> str:
    """Return the name in what stands between the brackets."""
    return next(iter(code.split()), "")


def words_of(code: str) -> list[str]:
    """Return the words between the brackets; what stands in quotes is one, without them."""
    return [_QUOTES.sub(lambda match: match[1] or match[2] or "", word) for word in _WORD.findall(code)]


def escaped(text: str) -> str:
    """Write the shortcodes in a text so that they are printed."""
    return PATTERN.sub(lambda match: f"{{{match[0]}}}", text)


def substitute(text: str, place: str, variables: Mapping[str, Any], meta: Mapping[str, Any]) -> str:
    """Replace the shortcodes in a line of `text` by what they stand for, and write escaped ones as they are shown.

    A value that does not exist is refused.
    """
    if "{{<" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        words = words_of(match[1])
        if words[:1] == ["kbd"] and len(words) > 1:
            return f"`{next((word for word in words[1:] if '=' not in word), words[-1].partition('=')[2])}`"
        if words[:1] == ["video"] and len(words) > 1:  # as on any paper: where it is
            return f"<{words[1]}>" if ":" in words[1] else f"`{words[1]}`"
        if len(words) != 2 or words[0] not in ("var", "meta"):
            return match[0]
        found: Any = variables if words[0] == "var" else meta
        for key in words[1].split("."):
            if isinstance(found, list):
                found = dict(zip(map(str, range(1, len(found) + 1)), found, strict=True))
            found = found.get(key) if isinstance(found, Mapping) else None
        if found is None or isinstance(found, Mapping | list):
            known = "_variables.yml" if words[0] == "var" else "the front matter"
            raise InputError(f"{place}: the {words[0]} {words[1]} does not exist in {known}.")
        return str(found).lower() if isinstance(found, bool) else str(found)

    # {{{< var x >}}} prints the shortcode itself
    return PATTERN.sub(value, text).replace("{{{<", "{{<").replace(">}}}", ">}}")


def in_front_matter(key: str, value: Any, place: str, variables: Mapping[str, Any], meta: Mapping[str, Any]) -> Any:
    """Do the same in what stands under a key of the front matter, in groups and lists too.

    A shortcode that would be printed as it stands is refused.
    """
    if isinstance(value, Mapping):
        return {name: in_front_matter(key, each, place, variables, meta) for name, each in value.items()}
    if isinstance(value, list):
        return [in_front_matter(key, each, place, variables, meta) for each in value]
    if not isinstance(value, str):
        return value
    for code in PATTERN.findall(value):
        if name_of(code) not in ("var", "meta"):
            words = f"the shortcode {name_of(code)} is not set there: write what it stands for."
            raise InputError(f"{place}: {key}: {words}")
    return substitute(value, place, variables, meta)
