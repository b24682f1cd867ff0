"""Refuses what an author wrote, or warns of it where the format makes no promise."""

from __future__ import annotations

import warnings

from handin.errors import InputError


class Judge:
    """Refuses, or warns where the format makes no promise.

    Parameters
    ----------
    strict
        Whether the format makes a promise.
    """

    def __init__(self, strict: bool = True):
        self.strict = strict

    def refuse(self, place: str, words: str) -> None:
        """Refuse what would be lost or set wrongly."""
        raise InputError(f"{place}: {words}")

    def mind(self, place: str, words: str) -> None:
        """Refuse or, without a promise, warn."""
        if self.strict:
            self.refuse(place, words)
        warnings.warn(f"{place}: {words}", UserWarning, stacklevel=2)
