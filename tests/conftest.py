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


SLOW = ("swept", "alone", "built")
"""Fixtures that take long to make, in the order in which the modules that need one come after all others."""

FIRST = "test_printed_formulas.py"
"""The tests with which one process begins: it builds the project, so that later nobody waits for that."""

SHARED = "test_whole_submission.py"
"""The tests that both processes share; all others of a module stay in one, for the sake of its fixtures."""


def pytest_collection_modifyitems(items):
    """Put what is found quickly first."""
    late = {}
    for item in items:
        needs = [SLOW.index(name) + 1 for name in item.fixturenames if name in SLOW]
        late[item.path] = max(late.get(item.path, 0), 0, *needs)
    items.sort(key=lambda item: -1 if item.path.name == FIRST else late[item.path])


@pytest.hookimpl(optionalhook=True)  # there is no such hook where one process runs all tests
def pytest_xdist_make_scheduler(config, log):
    """Give modules to processes, in the order above."""
    from xdist.scheduler import LoadScopeScheduling

    class Modules(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return nodeid if SHARED in nodeid else super()._split_scope(nodeid)

    return Modules(config, log)


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
