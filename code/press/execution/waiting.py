"""Stands in for what is still being made: a preview shows the cells that read it as waiting, and the rest as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from press.execution import reuse
from press.source.qmd import Cell

WAITING = "waiting"
"""Marks an output in place of a cell's own."""

WORDS = "This is still being made."
"""What a reader sees in its place."""

NOTICE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="340pt" height="30pt" viewBox="0 0 340 30">'
    '<rect x="0.5" y="0.5" width="339" height="29" rx="4" fill="#fdf6e7" stroke="#b7791f" stroke-dasharray="4 3"/>'
    '<text x="170" y="19" text-anchor="middle" fill="#8a5a12" style="font-family: Libertinus Serif; font-size: 11px">'
    "Still being made; … stands for numbers that are not there yet</text></svg>"
)
"""The picture that marks a chapter, and stands for a figure."""

PLACEHOLDER: dict[str, Any] = {
    "output_type": "display_data",
    "metadata": {WAITING: True},
    "data": {"image/svg+xml": NOTICE},
}
"""The same as the output of a cell."""

DOTS = "…"


def placeholder(label: str | None) -> dict[str, Any]:
    """Return what is shown in place of a cell's output: of the kind of its label, since labels and captions stay."""
    kind = str(label or "").partition("-")[0]
    if kind == "fig":
        return PLACEHOLDER
    text = f"| {DOTS} |\n|:--|\n| {WORDS} |" if kind == "tbl" else DOTS
    return {**PLACEHOLDER, "data": {"text/markdown": text}}


def is_waiting(output: Mapping[str, Any]) -> bool:
    """Whether an output stands in for one that is not there yet."""
    return bool(output.get("metadata", {}).get(WAITING))


def had_to_wait(kind: str, text: str, cell: Cell, unbound: set[str]) -> bool:
    """Whether a cell raised this because something is being made, and for no other reason.

    Then the names that it would have bound are added to the `unbound` ones, for the cells after it.
    """
    name = re.match(r"name '(\w+)' is not defined", text)
    if kind != "NotMade" and not (kind == "NameError" and name and name[1] in unbound):
        return False
    unbound |= reuse.names(cell.code).bound
    return True


class Unfinished(dict[str, Any]):
    """Variables by group of which some are not there yet: each of theirs is an ellipsis, and notes that it was asked.

    Attributes
    ----------
    asked
        Whether one of those was asked for.
    """

    asked = False

    def get(self, group: str, default: Any = None) -> Any:
        """Return a group of variables."""
        return self[group] if group in self else _Dots(self)


class _Dots(Mapping[str, str]):
    def __init__(self, owner: Unfinished):
        self._owner = owner

    def __getitem__(self, name: str) -> str:
        self._owner.asked = True
        return DOTS

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0
