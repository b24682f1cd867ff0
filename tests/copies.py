"""Copies of the project, and its command line run on them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

COPIED = ("code", "report", "scripts", "data")
COPIED_FILES = (
    "_quarto.yml",
    "_environment",
    "coursework.yml",
    "references.bib",
    "requirements.lock",
    "pyproject.toml",
)


def copy_project(target: Path) -> Path:
    """Copy the project's sources, without anything that was made from them."""
    ignore = shutil.ignore_patterns("__pycache__", "_generated", "*_files", "*.egg-info")
    for name in COPIED:
        shutil.copytree(ROOT / name, target / name, ignore=ignore)
    for name in COPIED_FILES:
        shutil.copy(ROOT / name, target / name)
    return target


def coursework_environment(folder: Path, **environment: str) -> dict[str, str]:
    """Return the environment in which the command line of a copy of the project runs."""
    kept = {k: v for k, v in os.environ.items() if k not in ("STUDENT_ID", "COURSEWORK_PROFILE", "QUARTO_PROJECT_DIR")}
    return {**kept, "COURSEWORK_PROFILE": "tiny", "PYTHONPATH": str(folder / "code"), **environment}


def coursework(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Run the command line on a copy of the project, with the copy's own code."""
    env = coursework_environment(folder, **environment)
    command = [sys.executable, "-m", "press.commands.main", *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=900, check=False)


@dataclass(frozen=True)
class BuiltProject:
    """A copy of the project, built once for all tests; a test that changes something takes a copy of its own."""

    root: Path
    home: Path
    output: str

    def copy(self, target: Path) -> Path:
        """Copy the built project with everything that it keeps."""
        shutil.copytree(self.root, target, symlinks=True)
        return target
