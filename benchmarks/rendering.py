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
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHAPTER = "report/_q1-neuron.qmd"
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "_output", "__pycache__", "*.egg-info", "under-way-*", "lock", ".pytest_cache", ".ruff_cache",
    ".hypothesis", ".quarto", "_environment.local",
)  # fmt: skip
PATIENCE = 120.0
COMMAND = [sys.executable, "-m", "press.commands.main"]


class Copy:
    """A copy of the project, in which the copied code is what runs."""

    def __init__(self, root: Path):
        self.root = root
        self.environment = {**os.environ, "PYTHONPATH": str(root / "code"), "CI": "1"}
        self.chapter = root / CHAPTER
        self.text = self.chapter.read_text(encoding="utf-8")
        self._edits = 0

    def run(self, command: list[str], *, timeout: float | None = None) -> float:
        """Run a command and return the seconds that it took."""
        began = time.perf_counter()
        done = subprocess.run(
            command, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False, timeout=timeout
        )
        took = time.perf_counter() - began
        if done.returncode:
            sys.exit(f"{' '.join(command[-2:])} failed: {done.stderr.strip()[-2000:]}")
        return took

    def edit(self, *, cell: bool = False) -> None:
        """Change the chapter's first paragraph of prose, and the code of its last cell too if that is asked for."""
        self._edits += 1
        lines = self.text.split("\n")
        index = _first_prose(lines)
        lines[index] = f"Turn {self._edits}. {lines[index]}"
        text = "\n".join(lines)
        if cell:
            # before its code: what a cell displays is its last line
            head, fence, rest = text.rpartition("```{python}\n")
            options = re.match(r"(#\|.*\n)*", rest)[0]
            text = f"{head}{fence}{options}turn = {self._edits}; del turn\n{rest[len(options) :]}"
        self.chapter.write_text(text, encoding="utf-8")

    def restore(self) -> None:
        """Put the chapter back as it was."""
        self.chapter.write_text(self.text, encoding="utf-8")


def _first_prose(lines: list[str]) -> int:
    in_code = False
    for index, line in enumerate(lines):
        if line.startswith("```"):
            in_code = not in_code
        elif not in_code and re.match(r"[A-Z][a-z ,]{20,}", line):
            return index
    sys.exit(f"{CHAPTER} has no paragraph of prose to edit.")


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

    with tempfile.TemporaryDirectory(prefix="coursework-benchmark-") as folder:
        root = Path(folder) / "project"
        shutil.copytree(ROOT, root, ignore=LEFT_OUT, symlinks=True)
        copy = Copy(root)
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
        print(json.dumps(found))
        return
    for name, seconds in found.items():
        print(f"{name:20} {'not there' if seconds is None else f'{seconds:8.3f} s'}")


if __name__ == "__main__":
    main()
