"""Measures how long an author waits for the pages, on the real report.

    python benchmarks/rendering.py [--json] [--repeat N]

Everything happens in a temporary copy of the project, with its kept results: the author's own files are not touched.
What is missing there (trainings, say) is made first and not timed. The figures are medians, in seconds:

unchanged
    `coursework render` where nothing has changed, from the start of the process to its end.
prose_edit
    In a running `coursework preview`: from the moment in which a chapter is saved to the moment in which the new pages
    are announced to the browser, and can be had.
prose_edit_pdf
    The same, until the PDF with the edit has been had as well.
cell_edit
    `coursework render` after one code cell of question 1 has changed: a draft, for which its chapter is executed.
cell_edit_bundle
    `coursework bundle` after the same, for which all cells of the report are executed.
cell_edit_preview
    The same in a running preview, until the new pages are announced.
help
    `coursework --help`.
quarto_unchanged, quarto_prose_edit
    `quarto render` where nothing has changed, and after an edit of prose; null without Quarto.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator

from project_copy import COMMAND, Copy, copied, processor

PATIENCE = 120.0


class Follower:
    """Listens to a preview as a browser does, and remembers when each state came."""

    def __init__(self, url: str):
        self.url = url
        self.states: list[tuple[float, dict]] = []
        self._came = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/events") as events:
            for line in events:
                if line.startswith(b"data: "):
                    with self._came:
                        self.states.append((time.perf_counter(), json.loads(line[6:])))
                        self._came.notify_all()

    def wait(self, condition: Callable[[dict], bool], since: int = 0) -> float:
        """Wait for a state that fulfils a condition; return when it came."""
        with self._came:

            def found() -> float | None:
                return next((when for when, state in self.states[since:] if condition(state)), None)

            if not self._came.wait_for(lambda: found() is not None, PATIENCE):
                sys.exit(f"The preview did not come so far within {PATIENCE:.0f} s: {self.states[-1:]}")
            return found()

    @property
    def pages(self) -> list[dict]:
        """The pages as they are now."""
        return self.states[-1][1]["pages"]


@contextlib.contextmanager
def preview(copy: Copy) -> Iterator[Follower]:
    """Run a preview of the copy, and wait until it is up to date."""
    command = [*COMMAND, "preview", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, cwd=copy.root, env=copy.environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = re.search(r"http://[\d.:]+", process.stdout.readline())[0]
            follower = Follower(url)
            follower.wait(lambda state: state["state"] == "current")
            yield follower
        finally:
            process.send_signal(signal.SIGINT)


def timed_edit(follower: Follower, edit: Callable[[], None], *, pdf: bool = False) -> float:
    """Time an edit in a preview, until the new pages are announced, or the PDF has been had."""
    follower.wait(lambda state: state["state"] == "current", since=len(follower.states) - 1)
    before, since = follower.pages, len(follower.states)
    began = time.perf_counter()
    edit()
    when = follower.wait(lambda state: state["pages"] != before, since)
    if pdf:
        with urllib.request.urlopen(f"{follower.url}/report.pdf") as answer:
            answer.read()
        when = time.perf_counter()
    return when - began


def measure(repeat: int) -> dict[str, float | None]:
    """Measure everything, in a temporary copy of the project."""

    def median(once: Callable[[], float]) -> float:
        return round(statistics.median(once() for _ in range(repeat)), 3)

    with copied() as copy:
        copy.run([*COMMAND, "render"])
        found: dict[str, float | None] = {
            "unchanged": median(lambda: copy.run([*COMMAND, "render"])),
            "help": median(lambda: copy.run([*COMMAND, "--help"])),
        }

        def render_cell_edit() -> float:
            copy.edit(cell=True)
            return copy.run([*COMMAND, "render"])

        def bundle_cell_edit() -> float:
            copy.edit(cell=True)
            return copy.run([*COMMAND, "bundle"])

        found["cell_edit"] = median(render_cell_edit)
        found["cell_edit_bundle"] = median(bundle_cell_edit)
        copy.restore()
        copy.run([*COMMAND, "render"])
        with preview(copy) as follower:
            timed_edit(follower, copy.edit)  # the first edit finds everything cold
            found["prose_edit"] = median(lambda: timed_edit(follower, copy.edit))
            found["prose_edit_pdf"] = median(lambda: timed_edit(follower, copy.edit, pdf=True))
            timed_edit(follower, lambda: copy.edit(cell=True))  # starts the kernel
            found["cell_edit_preview"] = median(lambda: timed_edit(follower, lambda: copy.edit(cell=True)))
        found |= _quarto(copy, median)
    return found


def _quarto(copy: Copy, median: Callable[[Callable[[], float]], float]) -> dict[str, float | None]:
    """Measure Quarto on the same project, if it is there."""
    quarto = shutil.which("quarto")
    if quarto is None:
        return {"quarto_unchanged": None, "quarto_prose_edit": None}
    copy.restore()
    copy.environment["QUARTO_PYTHON"] = sys.executable
    command = [quarto, "render", "report/report.qmd"]
    copy.run(command)

    def after_edit() -> float:
        copy.edit()
        return copy.run(command)

    return {"quarto_unchanged": median(lambda: copy.run(command)), "quarto_prose_edit": median(after_edit)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--repeat", type=int, default=5, help="how often each thing is timed (default 5)")
    arguments = parser.parse_args()
    found = measure(arguments.repeat)
    if arguments.json:
        print(json.dumps({"processor": processor(), **found}))
        return
    print(processor())
    for name, seconds in found.items():
        print(f"{name:20} {'not there' if seconds is None else f'{seconds:8.3f} s'}")


if __name__ == "__main__":
    main()
