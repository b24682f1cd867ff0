"""Runs `prepare` in a process of its own, which sees every edit of the code and can be ended at once.

The preview itself never imports the code that makes the results: a long-lived process would go on computing with the
code as it was when it was imported, and keep the results under the digest of the new one. Parent and child talk in
lines of JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from handin.errors import InputError, WorkError
from press.prepare import Prepared
from press.project import Project
from press.report import Progress


class Preparation:
    """One run of `prepare` in a child process."""

    def __init__(self, project: Project):
        self._child = subprocess.Popen(
            [sys.executable, "-m", "press.preview.preparing"],
            cwd=project.root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )

    def end(self) -> None:
        """End the child and every process that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)

    def go_on(self) -> None:
        """Let what takes long begin: until it is called, the pages have the machine to themselves."""
        with contextlib.suppress(OSError, ValueError):
            assert self._child.stdin is not None, "it was opened as a pipe"
            self._child.stdin.write(b"\n")
            self._child.stdin.flush()

    def stages(self, tell: Callable[[str], None]) -> Iterator[Prepared]:
        """Yield what there is at first and whenever more is made, all of it at last; pass on what the child tells.

        Raised is what `prepare` raised.
        """
        with self._child as child:
            assert child.stdout is not None, "it was opened as a pipe"
            for line in child.stdout:
                message = json.loads(line)
                if "tell" in message:
                    tell(message["tell"])
                elif "error" in message:
                    kind = InputError if message["kind"] == "input" else WorkError
                    raise kind(message["error"])
                else:
                    found = Prepared(**{**message, "unmade": frozenset(message["unmade"])})
                    yield found
                    if not found.unmade:
                        break
            else:
                raise WorkError("The preparation ended without a result, perhaps for want of memory.")
            # The answer is there; the child has nothing more to do.
            self.end()


def _follow_parent(shown: threading.Event) -> None:
    """Go on when the preview has shown what there is; end, with all that was started, when it is gone."""
    sys.stdin.buffer.readline()
    shown.set()
    sys.stdin.buffer.read()
    os.killpg(os.getpgid(0), signal.SIGKILL)


def main() -> None:
    """Prepare the project of the working directory, and write what happens as lines of JSON."""
    from press import environment
    from press.keeping.lock import alone
    from press.prepare import stages
    from press.preview.faults import sentence

    # What libraries print must not mix with the answer.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def write(**message: Any) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    def tell(told: str | Progress) -> None:
        write(tell=str(told))

    shown = threading.Event()
    threading.Thread(target=_follow_parent, args=[shown], daemon=True).start()
    project = Project.find()
    try:
        environment.apply(project)
        with alone(project, tell):
            for found in stages(project, project.settings(), tell=tell):
                write(**{**vars(found), "unmade": sorted(found.unmade)})
                shown.wait()
    except Exception as error:
        write(error=sentence(error, project), kind="input" if isinstance(error, InputError) else "work")


if __name__ == "__main__":
    main()
