"""What all tests share."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("project", deadline=None, suppress_health_check=list(HealthCheck), max_examples=60)
settings.load_profile("project")


def require(condition: object, reason: str) -> None:
    """Skip a test where something of the system is missing; with ``COURSEWORK_REQUIRE_ALL=1`` that is a failure."""
    if condition:
        return
    if os.environ.get("COURSEWORK_REQUIRE_ALL") == "1":
        pytest.fail(f"needed here: {reason}")
    pytest.skip(reason)


@pytest.fixture(name="require")
def _require():
    """`require` for the folders that have a conftest of their own."""
    return require


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


def coursework(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Run the command line on a copy of the project, with the copy's own code."""
    kept = {k: v for k, v in os.environ.items() if k not in ("STUDENT_ID", "COURSEWORK_PROFILE", "QUARTO_PROJECT_DIR")}
    env = {**kept, "COURSEWORK_PROFILE": "tiny", "PYTHONPATH": str(folder / "code"), **environment}
    command = [sys.executable, "-m", "coursework.cli", *arguments]
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


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> BuiltProject:
    """Build the whole submission with the tiny profile, under a home folder that cannot be written."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    root, home, log = shared / "built" / "ein Bericht", shared / "built" / "home", shared / "built" / "log"
    (shared / "built").mkdir(exist_ok=True)
    with open(shared / "built.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not log.exists():
            copy_project(root)
            home.mkdir()
            home.chmod(0o555)
            done = coursework(root, "bundle", STUDENT_ID="101234567", HOME=str(home))
            assert done.returncode == 0, done.stderr[-3000:]
            log.write_text(done.stdout + done.stderr)
    return BuiltProject(root, home, log.read_text())
