"""One build of a project at a time: a second waits for the first."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from handin.errors import WorkError
from press.project import Project
from press.report import Tell

HELD = "PRESS_HOLDS_LOCK"
"""Set for Quarto when a build of this project calls it."""


@contextlib.contextmanager
def alone(project: Project, tell: Tell) -> Iterator[None]:
    """Hold the project's lock: a second build waits for the first.

    The pre-render script that Quarto calls on our behalf works under the lock that is held already.
    """
    if os.environ.get(HELD):
        yield
        return
    with _locked(project.cache / "lock", tell):
        yield


def _locked(path: Path, tell: Tell) -> IO[str]:
    """Open the lock file and wait until nobody else holds it, nor one that was put in its place meanwhile."""
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = open(path, "a")  # noqa: SIM115 - its owner closes it
        except OSError as error:
            words = f"The project's folder cannot be written ({error.strerror}): fix its permissions."
            raise WorkError(words) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            tell("Another build of this project is running: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(handle.fileno()).st_ino:
                return handle
        handle.close()
