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
import time
from collections.abc import Callable
from typing import Any

from handin.errors import InputError, WorkError
from press.prepare import Prepared
from press.project import Project
from press.report import imported

INTERVAL = 1.0
"""Seconds between two looks at how far the training is."""


class Preparation:
    """One run of `prepare` in a child process.

    Parameters
    ----------
    project
        The project.
    """

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

    def result(self, tell: Callable[[str], None]) -> Prepared:
        """Wait for the result, and pass on what the child tells.

        Raises
        ------
        InputError, WorkError
            What `prepare` raised.
        """
        answer: dict[str, Any] = {}
        with self._child as child:
            assert child.stdout is not None, "it was opened as a pipe"
            for line in child.stdout:
                message = json.loads(line)
                if "tell" in message:
                    tell(message["tell"])
                else:
                    answer = message
                    break
            # The answer is there; the child has nothing more to do.
            self.end()
        if "variables" in answer:
            return Prepared(answer["variables"], answer["inputs"], answer["printed"])
        kind = InputError if answer.get("kind") == "input" else WorkError
        raise kind(answer.get("error", "The preparation ended without a result, perhaps for want of memory."))


def _die_with_parent() -> None:
    """End this process and all that it started when the preview is gone, however that ended."""
    sys.stdin.buffer.read()
    os.killpg(os.getpgid(0), signal.SIGKILL)


def _count(project: Project, settings: Any, say: Callable[[str], None], done: threading.Event) -> None:
    """Say how far the long work is and how long it still takes, while some of it is missing."""
    said: tuple[str, int] | None = None
    began: dict[str, tuple[int, float]] = {}
    while not done.wait(INTERVAL):
        for step in project.report.steps:
            have, wanted = imported(step.progress)(project, settings) if step.progress else (0, 0)
            before, since = began.setdefault(step.name, (have, time.monotonic()))
            if have < wanted and (step.name, have) != said:
                said = (step.name, have)
                spent = time.monotonic() - since
                left = f", {_about(spent / (have - before) * (wanted - have))} left" if have > before else ""
                say(f"Working on {step.name}: {have} of {wanted} done{left}")


def _about(seconds: float) -> str:
    """Say a time as roughly as it is known."""
    return f"about {round(seconds / 60)} min" if seconds >= 90 else f"about {max(10, round(seconds, -1)):.0f} s"


def main() -> None:
    """Prepare the project of the working directory, and write what happens as lines of JSON."""
    from press import environment
    from press.keeping.lock import alone
    from press.prepare import prepare
    from press.preview.faults import sentence

    # What libraries print must not mix with the answer.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    writing = threading.Lock()

    def write(**message: Any) -> None:
        with writing:
            out.write(json.dumps(message) + "\n")
            out.flush()

    threading.Thread(target=_die_with_parent, daemon=True).start()
    done = threading.Event()
    project = Project.find()
    try:
        environment.apply(project)
        chosen = project.settings()

        def count() -> None:
            with contextlib.suppress(Exception):  # the sweep itself says what is wrong
                _count(project, chosen, lambda text: write(tell=text), done)

        def tell(text: str) -> None:
            done.set()  # the trainings come first; whatever else is told comes after them
            write(tell=text)

        threading.Thread(target=count, daemon=True).start()
        with alone(project, lambda text: write(tell=text)):
            prepared = prepare(project, chosen, tell=tell, progress=False)
        write(variables=prepared.variables, inputs=prepared.inputs, printed=prepared.printed)
    except Exception as error:
        write(error=sentence(error, project), kind="input" if isinstance(error, InputError) else "work")
    finally:
        done.set()


if __name__ == "__main__":
    main()
