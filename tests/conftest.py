"""What all tests share."""

from __future__ import annotations

import fcntl
import os
import signal

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


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> BuiltProject:
    """Build the whole submission with the tiny profile, under a home folder that cannot be written."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    root, home, log = shared / "built" / "Müllers mémoire", shared / "built" / "home", shared / "built" / "log"
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
