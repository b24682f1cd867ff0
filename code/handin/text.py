"""Small things that are done to texts: a terminal's colours taken out, a quotation cut to fit."""

from __future__ import annotations

import re

ANSI = re.compile(r"\x1b(?:\[[0-9;:?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
"""What a terminal obeys and does not show: colours, moves of the cursor, links."""


def without_colours(text: str) -> str:
    """Return what a terminal shows of a text, without its colours and other commands."""
    return ANSI.sub("", text)


def shortened(text: str, length: int = 60) -> str:
    """Bring a quotation from a file onto one line that a table can hold, without control characters."""
    clean = "".join(character if character.isprintable() else " " for character in text)
    clean = " ".join(clean.split())
    return clean if len(clean) <= length else clean[: length - 1] + "…"
