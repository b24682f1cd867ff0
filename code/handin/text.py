"""Small things that are done to texts: read, without a terminal's colours, cut to fit, made a name."""

from __future__ import annotations

import re
from pathlib import Path

from handin.errors import InputError

ANSI = re.compile(r"\x1b(?:\[[0-9;:?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
"""What a terminal obeys and does not show: colours, moves of the cursor, links."""


def read_text(path: Path, name: str, missing: str = "is missing.") -> str:
    """Read a text that an author wrote, without a byte order mark.

    Raises
    ------
    InputError
        With the `name`, if it is missing, cannot be read or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{name} {missing}") from None
    except UnicodeDecodeError:
        raise InputError(f"{name} is not UTF-8 text: save it again as UTF-8.") from None
    except OSError as error:
        raise InputError(f"{name} cannot be read ({error.strerror}): fix its permissions.") from None


def without_colours(text: str) -> str:
    """Return what a terminal shows of a text, without its colours and other commands."""
    return ANSI.sub("", text)


def shortened(text: str, length: int = 60) -> str:
    """Bring a quotation from a file onto one line that a table can hold, without control characters."""
    clean = "".join(character if character.isprintable() else " " for character in text)
    clean = " ".join(clean.split())
    return clean if len(clean) <= length else clean[: length - 1] + "…"


def slug(heading: str) -> str:
    """Make the identifier that pandoc gives to a heading without one."""
    plain = re.sub(r"\[([^\[\]]*)\]\([^()]*\)|[`*_]|\[\^[^\]]*\]", r"\1", heading).lower()
    kept = re.sub(r"[^\w\s.-]", "", plain)
    return re.sub(r"^[^a-z\u00c0-\uffff]+", "", re.sub(r"\s+", "-", kept.strip())) or "section"
