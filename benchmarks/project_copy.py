"""A copy of a project, to measure in, and the name of the processor that a measurement belongs to."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHAPTER = "report/_q1-neuron.qmd"
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "_output", "__pycache__", "*.egg-info", "under-way-*", "lock", ".pytest_cache", ".ruff_cache",
    ".hypothesis", ".quarto", "_environment.local", ".mypy_cache",
)  # fmt: skip
COMMAND = [sys.executable, "-m", "press.commands.main"]


class Copy:
    """A copy of a project, in which the copied code is what runs.

    Parameters
    ----------
    root
        The copy's folder.
    chapter
        The file that is edited.
    """

    def __init__(self, root: Path, chapter: str = CHAPTER):
        self.root = root
        code = root / "code" if (root / "code").is_dir() else ROOT / "code"
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self.environment = {**kept, "PYTHONPATH": str(code), "CI": "1"}
        self.chapter = root / chapter
        self.text = self.chapter.read_text(encoding="utf-8")
        self._edits = 0

    def call(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command in the copy, and catch what it prints; one that does not end in ten minutes has failed."""
        limited = ["timeout", "600", *command]
        return subprocess.run(limited, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False)

    def run(self, command: list[str]) -> float:
        """Run a command and return the seconds that it took; end the measurement if it fails."""
        began = time.perf_counter()
        done = self.call(command)
        took = time.perf_counter() - began
        if done.returncode:
            sys.exit(f"{' '.join(command[-2:])} failed: {done.stderr.strip()[-2000:]}")
        return took

    def edit(self, *, cell: bool = False) -> None:
        """Change the chapter's first paragraph of prose, and the code of its last cell too if that is asked for."""
        self._edits += 1
        lines = self.text.split("\n")
        index = self._first_prose(lines)
        lines[index] = f"Turn {self._edits}<!-- literal -->. {lines[index]}"
        text = "\n".join(lines)
        if cell:
            # before its code: what a cell displays is its last line
            head, fence, rest = text.rpartition("```{python}\n")
            options = re.match(r"(#\|.*\n)*", rest)[0]
            text = f"{head}{fence}{options}turn = {self._edits}; del turn\n{rest[len(options) :]}"
        self.chapter.write_text(text, encoding="utf-8")

    def _first_prose(self, lines: list[str]) -> int:
        in_code = False
        for index, line in enumerate(lines):
            if line.startswith("```"):
                in_code = not in_code
            elif not in_code and re.match(r"[A-Z][a-z ,]{20,}", line):
                return index
        sys.exit(f"{self.chapter.name} has no paragraph of prose to edit.")

    def restore(self) -> None:
        """Put the chapter back as it was."""
        self.chapter.write_text(self.text, encoding="utf-8")


@contextlib.contextmanager
def copied() -> Iterator[Copy]:
    """Copy this project, with its kept results, into a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        root = Path(folder) / "project"
        shutil.copytree(ROOT, root, ignore=LEFT_OUT, symlinks=True)
        yield Copy(root)


def processor() -> str:
    """Name the processor, with its cores."""
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        name = found[1] if found else name
    return f"{name}, {os.cpu_count()} cores"


def largest_process_mb() -> float:
    """Return the memory of the largest process that has been run, in MB."""
    size = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return round(size / (1e6 if sys.platform == "darwin" else 1e3), 1)
