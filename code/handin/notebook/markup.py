"""Reads of Markdown and HTML what a reader sees, without code and comments, and what it takes from elsewhere.

Whatever somebody hands in is read in the time that its length asks for: no pattern goes over a text again and again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_ITEM = r"[ \t]*(?:(?:[-*+>]|\d{1,9}[.)])[ \t]+)"
_FENCE = re.compile(rf"(?:{_ITEM})*+[ \t]*(`{{3,}}|~{{3,}})(.*)")
_LIST = re.compile(_ITEM)
_INDENTED = re.compile(r"(?: {0,3}\t| {4})")
_INLINE_CODE = re.compile(r"(?<!`)(`{1,2})(?!`)[^`\n]*\1(?!`)")
_COMMENT = re.compile(r"<!--(?:.*?-->|.*)", re.DOTALL)  # one without an end hides all that follows
_SCRIPT_TEXT = re.compile(r"(<script\b[^<>]*>).*", re.DOTALL | re.IGNORECASE)
_SCRIPT_END = re.compile("</script>", re.IGNORECASE)
_SRC = r"\bsrc\s*=\s*(?:\"([^\"<>]+)\"|'([^'<>]+)'|([^\"'\s<>]+))"
_TAKEN = re.compile(rf"<(img|video|audio|source|iframe|embed)\b[^<>]*?{_SRC}", re.IGNORECASE)
_SCRIPT = re.compile(r"<script\b[^<>]*?\bsrc\s*=\s*[\"']?((?:https?:)?//[^\"'\s>]+)", re.IGNORECASE)
_TARGET = r"(?:<([^<>\n]*)>|((?:[^()\s<>]|\([^()\s]*\))+))"  # parentheses may stand in it in pairs
_IMAGE = re.compile(rf"!\[[^\]]{{0,1000}}\]\(\s*{_TARGET}")
_REFERENCE = re.compile(r"!\[([^\]]{0,200})\](?!\()(?:\[([^\]]{0,200})\])?")
_DEFINITION = re.compile(rf"^ {{0,3}}\[([^\]\n]+)\]:[ \t]*{_TARGET}", re.MULTILINE)

_KINDS = {"img": "image", "audio": "sound", "iframe": "page", "embed": "page"}


class Taken(NamedTuple):
    """Something that a text shows and that does not stand in it."""

    what: str  # image, video, sound or page
    target: str


def without_fences(markdown: str) -> str:
    """Drop the fenced blocks of code of a text, also those in lists; one without an end reaches to the end."""
    kept, fence = [], ""
    for line in markdown.split("\n"):
        found = _FENCE.match(line)
        if fence:
            if found and found[1].startswith(fence) and not found[2].strip():
                fence = ""
        elif found and not (found[1][0] == "`" and "`" in found[2]):
            fence = found[1]
        else:
            kept.append(line)
    return "\n".join(kept)


def seen_markdown(markdown: str) -> str:
    """Drop code (fenced, indented, in a line), comments and scripts: what is left is set, or shown as it is."""
    kept: list[str] = []
    is_blank, is_list, is_code = True, False, False
    for line in without_fences(markdown).split("\n"):
        is_indented = bool(_INDENTED.match(line))
        if line.strip():
            is_code = is_indented and (is_code or (is_blank and not is_list))
            if not is_indented:
                is_list = bool(_LIST.match(line)) or (is_list and line.startswith((" ", "\t")))
        is_blank = not line.strip()
        if not is_code:
            kept.append(line)
    return seen_html(_INLINE_CODE.sub("", "\n".join(kept)))


def seen_html(html: str) -> str:
    """Drop comments, and what stands in scripts."""
    return "".join(_SCRIPT_TEXT.sub(r"\1", part, count=1) for part in _SCRIPT_END.split(_COMMENT.sub("", html)))


def scripts(seen: str) -> list[str]:
    """List the addresses of the scripts that a text fetches."""
    return _SCRIPT.findall(seen)


def taken(seen: str) -> Iterator[Taken]:
    """Yield the images, films, sounds and pages that a text shows, with their addresses."""
    definitions = {match[1].casefold(): match[2] or match[3] for match in _DEFINITION.finditer(seen)}
    yield from (Taken("image", match[1] or match[2] or "") for match in _IMAGE.finditer(seen))
    for match in _TAKEN.finditer(seen):
        yield Taken(_KINDS.get(match[1].lower(), "video"), next((each for each in match.groups()[1:] if each), ""))
    for alternative, name in _REFERENCE.findall(seen):
        if target := definitions.get((name or alternative).casefold()):
            yield Taken("image", target)
