"""Builds that are killed, damaged, starved or run twice: the next one gives the bytes of an undisturbed one."""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from copies import ROOT, coursework
from small_report import ID, MAIN, environment, make_built, run


def digests(folder) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (folder / "_output").iterdir()}


def start(folder, *arguments) -> subprocess.Popen:
    command = [sys.executable, "-m", MAIN, *arguments]
    return subprocess.Popen(
        command, cwd=folder, env=environment(folder) | {"MAKELEVEL": "1"}, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture
def copy(built, tmp_path):
    """A copy of the built project that has its pages to set again."""
    folder = built.copy(tmp_path / "copy")
    (folder / ".cache" / "state.json").unlink()
    shutil.rmtree(folder / ".cache" / "render")
    return folder


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A small report that was built in peace."""
    return make_built(tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture
def small(undisturbed, tmp_path):
    """A copy of it, and of the folders beside it, where everything is to be made."""
    shutil.copytree(undisturbed.parent, tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / undisturbed.name / ".cache")
    return tmp_path / undisturbed.name


def test_a_build_killed_at_random_moments_goes_on_to_the_same_bytes(undisturbed, small):
    """`test_sweep.py` does the same with trainings."""
    moments = random.Random(20261123)
    for _ in range(8):
        process = start(small, "bundle")
        try:
            process.wait(moments.uniform(0.3, 3))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    done = run(small, "bundle")
    assert done.returncode == 0, done.stderr
    assert digests(small) == digests(undisturbed)


def test_two_builds_at_once_do_not_harm_each_other(undisturbed, small):
    both = [start(small, "bundle"), start(small, "bundle")]
    outputs = [process.communicate(timeout=600) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert any("waiting for it" in errors for _, errors in outputs)
    assert digests(small) == digests(undisturbed)


def test_a_failing_cell_leaves_the_files_and_says_they_are_not_current(small):
    before = digests(small)
    part = small / "report" / "parts" / "_text.md"
    whole = part.read_text()
    part.write_text(whole + "\n```{python}\n#| label: broken\n1 / 0\n```\n")
    line = part.read_text().splitlines().index("1 / 0") + 1
    done = run(small, "bundle")
    assert done.returncode == 1
    assert f"report/parts/_text.md:{line} (cell broken): ZeroDivisionError: division by zero" in done.stderr
    assert "Traceback" not in done.stderr
    after = digests(small)
    assert after.pop("NOT-CURRENT.txt")
    assert after == before
    part.write_text(whole)
    assert run(small, "bundle").returncode == 0
    assert digests(small) == before


def test_the_placeholder_is_warned_of_once(small):
    done = run(small, "render", STUDENT_ID="000000000")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("placeholder") == 1


def test_missing_data_is_one_sentence_and_leaves_the_files(built, copy):
    before = digests(copy)
    shutil.rmtree(copy / "data")
    done = coursework(copy, "bundle", STUDENT_ID=ID)
    assert done.returncode == 2
    assert "dataset" in done.stderr
    assert "Traceback" not in done.stderr
    after = digests(copy)
    after.pop("NOT-CURRENT.txt", None)
    assert after == before


def test_changed_data_is_noticed(built, copy):
    path = next((copy / "data").rglob("t10k-labels*"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    done = coursework(copy, "bundle", STUDENT_ID=ID)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert path.name.split(".")[0] in done.stderr or "checksum" in done.stderr


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_ending_ends_soon_and_says_how_to_go_on(small, ending):
    (small / "report" / "parts" / "_text.md").open("a").write("\n```{python}\nimport time\ntime.sleep(60)\n```\n")
    process = start(small, "bundle")
    while "Executing" not in process.stderr.readline():
        assert process.poll() is None
    time.sleep(0.5)
    os.kill(process.pid, ending)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "`make submission` goes on from there" in errors


def test_clean_waits_for_nobody_and_takes_nothing_from_a_build(copy):
    shutil.copy(ROOT / "Makefile", copy)
    lock, before = copy / ".cache" / "lock", sorted(path.name for path in (copy / ".cache").iterdir())
    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for target in ("clean", "distclean"):
            done = subprocess.run(["make", target], cwd=copy, capture_output=True, text=True, check=False)
            assert done.returncode != 0
            assert "A build or a training is running in this folder: end it first." in done.stderr
            assert sorted(path.name for path in (copy / ".cache").iterdir()) == before
    number = lock.stat().st_ino
    done = subprocess.run(["make", "clean"], cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert sorted(path.name for path in (copy / ".cache").iterdir()) == ["lock", "runs"]
    assert lock.stat().st_ino == number
