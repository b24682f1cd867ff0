"""What all tests share."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from copies import BuiltProject, copy_project, coursework

# The same examples every time, so that nobody's build fails by chance; `pytest --hypothesis-profile=explore` looks for
# new ones, and what it finds becomes an example of its own.
settings.register_profile("explore", deadline=None, suppress_health_check=list(HealthCheck), max_examples=200)
settings.register_profile("project", settings.get_profile("explore"), max_examples=60, derandomize=True)
settings.load_profile("project")

# A shell that starts tests in the background makes them ignore SIGINT, nohup makes them ignore SIGHUP, and so would
# every process that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Every process of the tests would compile the project's code again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Messages name `make` where make runs the command; a test says so itself where it wants that.
for name in ("MAKELEVEL", "MAKEFLAGS", "MFLAGS"):
    os.environ.pop(name, None)


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


SLOW = ("", "swept", "alone", "built")
"""Fixtures that take long to make, in the order in which the tests that need one come after all others."""


def pytest_collection_modifyitems(items):
    """Put what is found quickly first, and let two processes share the rest.

    The tests of a module stay in one process, for the sake of its fixtures, but for those that copy the built project
    for themselves.
    """
    for item in items:
        item.slow = max(SLOW.index(name) if name in SLOW else 0 for name in ("", *item.fixturenames))
        if SLOW[item.slow] != "built" or "tmp_path" not in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group(f"{item.path.stem}-{SLOW[item.slow]}"))
    items.sort(key=lambda item: item.slow)


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """Return what makes a folder once for all processes of this run of the tests."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base

    def made(name: str, make: Callable[[Path], None]) -> Path:
        folder, done = shared / f"once-{name}", shared / f"once-{name}.made"
        with open(shared / f"once-{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                folder.mkdir()
                make(folder)
                done.touch()
        return folder

    return made


@pytest.fixture(scope="session")
def built(once) -> BuiltProject:
    """Build the whole submission with the tiny profile, under a home folder that cannot be written."""

    def make(folder: Path) -> None:
        root = copy_project(folder / "Müllers mémoire")
        home = folder / "home"
        home.mkdir()
        home.chmod(0o555)
        done = coursework(root, "bundle", STUDENT_ID="101234567", HOME=str(home))
        assert done.returncode == 0, done.stderr[-3000:]
        (folder / "log").write_text(done.stdout + done.stderr)

    folder = once("built", make)
    return BuiltProject(folder / "Müllers mémoire", folder / "home", (folder / "log").read_text())
