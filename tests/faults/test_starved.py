"""A build without room, and a project that cannot be written: one sentence each, and nothing is lost or half there."""

from __future__ import annotations

import ctypes
import hashlib
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from copies import coursework_environment

ID = "101234567"


def contents(folder: Path) -> dict[str, str]:
    """Digest every file of a project, but for what Python and the libraries keep for themselves."""
    own = ("__pycache__", "matplotlib", "ipython", "jupyter", "keras", "xdg", "joblib")
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not set(own) & set(path.relative_to(folder).parts)
    }


def handed_in(folder: Path) -> dict[str, str]:
    return {name: digest for name, digest in contents(folder).items() if name.startswith("_output")}


def one_sentence(done: subprocess.CompletedProcess) -> str:
    """Return the one line that says why it failed."""
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "fault of this program" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("✗")]
    return line


@pytest.fixture
def copy(built, tmp_path) -> Path:
    """A copy of the built project that has everything to do again but the trainings."""
    folder = built.copy(tmp_path / "copy")
    for path in (folder / ".cache").iterdir():
        if path.name not in ("runs", "products", "executed"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    chapter = folder / "report" / "_q3-activations.qmd"
    chapter.write_text(chapter.read_text() + "\nOne more sentence.\n")
    return folder


def starved(folder: Path, prepare, *arguments: str) -> subprocess.CompletedProcess:
    """Run the command line in a process that `prepare` has taken something from."""
    return subprocess.run(
        [sys.executable, "-B", "-m", "press.commands.main", *arguments],
        cwd=folder,
        env=coursework_environment(folder, STUDENT_ID=ID),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        preexec_fn=prepare,
    )


def limited(folder: Path, largest: int, *arguments: str) -> subprocess.CompletedProcess:
    """Run the command line where no file can grow beyond so many bytes: what a full disk is like, on every machine."""
    return starved(folder, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest)), *arguments)


@pytest.mark.parametrize("largest", [0, 10_000, 70_000, 700_000])
def test_without_room_a_build_says_so_and_loses_nothing(copy, largest):
    """From "nothing at all" to "all but the zip": each stops the build at another place."""
    before = contents(copy)
    line = one_sentence(limited(copy, largest, "bundle"))
    assert "make room" in line
    after = contents(copy)
    assert after.pop("_output/NOT-CURRENT.txt")
    lost = {name for name in before if after.get(name) != before[name]}
    assert not lost
    assert not [name for name in after if ".part" in name or ".damaged" in name]


def in_namespace(script: str, *arguments: object, folder: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run a shell script that may mount things, seen by nobody else."""
    return subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", *map(str, arguments)],
        cwd=folder,
        env=coursework_environment(folder, **environment),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def can_mount() -> bool:
    try:
        done = subprocess.run(
            ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"],
            capture_output=True,
            check=False,
        )
        return done.returncode == 0
    except OSError:
        return False


FULL = """
mount -t tmpfs -o size="$2" none .cache && cp -a "$1/." .cache && exec "$3" -m press.commands.main bundle
"""


def test_a_disk_that_fills_up_during_the_whole_build_is_one_sentence(built, copy, require):
    """A disk of a few megabytes holds the trainings, then nothing more: the rest of `.cache` does not fit."""
    require(can_mount(), "user namespaces are not allowed here, so no small disk can be made")
    cache = copy.with_name("cache")
    shutil.copytree(copy / ".cache", cache)
    taken = sum(path.stat().st_blocks * 512 for path in cache.rglob("*"))
    before = handed_in(copy)
    for room in (60_000, 400_000):
        line = one_sentence(in_namespace(FULL, cache, taken + room, sys.executable, folder=copy, STUDENT_ID=ID))
        assert "No space left" in line or "is full" in line
        assert "make room" in line
        after = handed_in(copy)
        assert after.pop("_output/NOT-CURRENT.txt")
        assert after == before


def bounded() -> None:
    """Give up the right of root to write where the permissions say no, for this process and what it starts."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for right in (1, 2, 3):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER
            if libc.prctl(24, right, 0, 0, 0):  # PR_CAPBSET_DROP
                raise OSError(ctypes.get_errno(), "the right cannot be given up")


@pytest.fixture
def closed(copy):
    """The same copy, in which nothing can be written."""
    folders = [copy, *(path for path in copy.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    for path in copy.rglob("*"):
        if path.is_file():
            path.chmod(0o444)
    yield copy
    for folder in folders:
        folder.chmod(0o755)


def without_rights(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    return starved(folder, bounded, *arguments)


@pytest.mark.parametrize("command", ["bundle", "render", "prepare", "experiments"])
def test_a_project_that_cannot_be_written_is_one_sentence(closed, command):
    before = contents(closed)
    line = one_sentence(without_rights(closed, command))
    assert "The project's folder cannot be written" in line
    assert "fix its permissions" in line
    assert contents(closed) == before


@pytest.mark.parametrize("command", [["status"], ["check"], ["check", "--marks"], ["doctor"]])
def test_a_project_that_cannot_be_written_can_be_looked_at(closed, command):
    before = contents(closed)
    done = without_rights(closed, *command)
    assert "Traceback" not in done.stderr
    assert "✗" not in done.stderr
    if command == ["doctor"]:
        assert "cannot be written" in done.stdout
    if command[0] == "check":
        assert f"{ID}-CS3950.zip" in done.stdout
    assert contents(closed) == before


def test_a_read_only_disk_is_one_sentence(copy, require):
    require(can_mount(), "user namespaces are not allowed here, so no folder can be mounted without the right to write")
    before = contents(copy)
    script = 'mount --bind . . && mount -o remount,bind,ro . && cd "$PWD" && exec "$1" -B -m press.commands.main bundle'
    line = one_sentence(in_namespace(script, sys.executable, folder=copy, STUDENT_ID=ID))
    assert "The project's folder cannot be written (Read-only file system)" in line
    assert contents(copy) == before
