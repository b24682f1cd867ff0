"""What the preview shows at the moment, published by the builds and followed by the browsers."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

HEARTBEAT = 15.0
"""Seconds after which a browser that has heard nothing is sent a sign of life."""

_PLACE = re.compile(r"^(?P<file>[^\s:]+\.[A-Za-z]\w*):(?P<line>\d+)(?:\s\((?P<cell>[^)]*)\))?:\s*(?P<rest>.*)$", re.S)


@dataclass(frozen=True)
class Page:
    """One printed page: the digest of its SVG, its size in points, and whether something on it is still being made."""

    digest: str
    width: float
    height: float
    waits: bool = False


@dataclass(frozen=True)
class Problem:
    """Why something could not be brought up to date."""

    message: str
    """The sentence for the author, without its place."""
    file: str = ""
    line: int = 0
    """Where; empty and 0 where the message names no place."""
    cell: str = ""
    """The label of the cell, if the message names one."""
    excerpt: tuple[tuple[int, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Problem:
        """Part a message such as ``report/_q1.qmd:12: …`` into place and sentence."""
        found = _PLACE.match(text)
        if not found:
            return cls(text)
        return cls(found["rest"], found["file"], int(found["line"]), found["cell"] or "")


@dataclass(frozen=True)
class View:
    """One state of the preview."""

    revision: int = 0
    """Counts the states."""
    title: str = "Report"
    pages: tuple[Page, ...] = ()
    notebook: str = ""
    """The digest of the last good notebook, '' before there is one."""
    activities: Mapping[str, str] = field(default_factory=dict)
    """What is being done, by who does it."""
    problems: Mapping[str, Problem] = field(default_factory=dict)
    """What stands in the way of being up to date, by where it arose."""

    @property
    def state(self) -> str:
        """``building``, ``error`` or ``current``."""
        return "building" if self.activities else "error" if self.problems else "current"

    def message(self) -> dict[str, Any]:
        """Return what a browser is told."""
        return {
            "revision": self.revision,
            "title": self.title,
            "state": self.state,
            "activity": "; ".join(self.activities.values()),
            "making": self.activities.get("preparation", ""),
            "problems": [asdict(problem) for problem in self.problems.values()],
            "pages": [asdict(page) for page in self.pages],
            "notebook": self.notebook,
        }


class Board:
    """Holds the present view. Any thread may publish; browsers follow from the server's event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._view = View()
        self._followers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self.closed = False

    @property
    def view(self) -> View:
        """The present view."""
        return self._view

    def publish(self, **changes: Any) -> None:
        """Change the view, and wake whoever follows it."""
        with self._lock:
            self._change(**changes)

    def doing(self, who: str, what: str | None) -> None:
        """Say what `who` does now; None when it has done."""
        self._note("activities", who, what)

    def problem(self, where: str, problem: Problem | None) -> None:
        """Say what is wrong at a stage of the work; None when it is put right."""
        self._note("problems", where, problem)

    def _note(self, kind: str, name: str, value: object) -> None:
        with self._lock:
            before = getattr(self._view, kind)
            now = {key: each for key, each in before.items() if key != name} | ({name: value} if value else {})
            if now != before:
                self._change(**{kind: now})

    def _change(self, **changes: Any) -> None:
        self._view = replace(self._view, **changes, revision=self._view.revision + 1)
        self._wake()

    def close(self) -> None:
        """Let everybody who follows come to an end."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        for loop, event in tuple(self._followers):
            with contextlib.suppress(RuntimeError):  # its loop has ended
                loop.call_soon_threadsafe(event.set)

    async def follow(self) -> AsyncIterator[View | None]:
        """Yield the present view and each later one, the newest only; None is a sign of life."""
        event = asyncio.Event()
        follower = (asyncio.get_running_loop(), event)
        self._followers.add(follower)
        try:
            shown = -1
            while not self.closed:
                event.clear()
                view = self._view
                if view.revision != shown:
                    shown = view.revision
                    yield view
                    continue
                try:
                    await asyncio.wait_for(event.wait(), HEARTBEAT)
                except TimeoutError:
                    yield None
        finally:
            self._followers.discard(follower)
