"""The sweep: complete, resumable, the same to the last bit however it ran, and clear about what went wrong."""

import datetime
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from generated_images import generated

from coursework.experiments import protocol, stages, sweep
from coursework.experiments.stages import TINY
from coursework.experiments.store import RunStore, describe, why
from coursework.settings import Experiments, Settings
from handin.errors import InputError, WorkError
from press.project import Project

MICRO = replace(
    TINY, seeds=2, sizes=(32, 64, 128), tuned=64, l2=(0.0, 1e-3), dropout=(0.0, 0.5), rates=(1e-3,), widths=(4, 8),
    cnn_width=8, passes=2, least=3, most=6,
)  # fmt: skip
"""Every part of the protocol, in trainings of milliseconds."""

HERE = Path(__file__).parent


def make_project(folder):
    """A project of generated images on which everything is fast."""
    folder.mkdir(exist_ok=True)
    images, labels = generated(260, shape=(10, 10))
    test_images, test_labels = generated(40, shape=(10, 10), seed=1)
    np.savez(folder / "set.npz", x_train=images, y_train=labels, x_test=test_images, y_test=test_labels)
    return Project(folder)


def settings(workers=2):
    return Settings(
        date=datetime.date(2026, 1, 2), dataset="set.npz", experiments=Experiments(profile="tiny", workers=workers)
    )


@pytest.fixture(autouse=True)
def _micro(monkeypatch):
    monkeypatch.setitem(stages.BUDGETS, "tiny", MICRO)


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path / "project")


@pytest.fixture
def swept(once):
    """A project whose sweep was truly trained by one process."""

    def make(folder):
        began = time.monotonic()
        summary = sweep.run(settings(workers=1), make_project(folder / "project"))
        assert 0 < summary.seconds <= time.monotonic() - began
        (folder / "summary.json").write_text(json.dumps(asdict(summary)))

    folder = once("swept", make)
    return Project(folder / "project"), sweep.Summary(**json.loads((folder / "summary.json").read_text()))


def records(project):
    """The bytes of every kept record."""
    return {file.name: file.read_bytes() for file in (project.cache / "runs").iterdir()}


PRELUDE = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
from pathlib import Path
import test_sweep
from test_sweep import *
stages.BUDGETS["tiny"] = MICRO
"""


def start(script, *arguments, **options):
    """Start Python on a script in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + script, *map(str, arguments)],
        start_new_session=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
    )  # fmt: skip


def wait_until(condition, seconds=180):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def alive(group):
    """List the processes of a group that have not ended (what nobody has waited for yet is not alive)."""
    found = []
    for state_file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, of_group, *_ = state_file.read_text().rpartition(")")[2].split()
            if int(of_group) == group and state not in "ZX":
                found.append(state_file.parent.name)
    return found


def kept(project):
    return len(list((project.cache / "runs").glob("*.json")))


# What is truly trained


def test_everything_is_trained(swept):
    project, summary = swept
    store = RunStore(settings(), project)
    runs = stages.all_runs(MICRO, store)
    assert summary.trained == len(runs) == len(store)
    assert summary.kept == 0
    assert any(run.test for run in runs)
    assert why(project, settings()) == (f"{len(runs)} trainings of question 6", ())
    assert all(np.isfinite(store[run]["validation_loss"]) for run in runs)


def test_nothing_missing_loads_nothing(swept):
    project, summary = swept
    script = """
project = Project(Path(sys.argv[1]))
began = time.monotonic()
print(sweep.run(settings(), project))
print(time.monotonic() - began < 2)
print(sorted({"tensorflow", "keras", "joblib"} & set(sys.modules)))
"""
    out, err = start(script, project.root).communicate()
    assert out.splitlines() == [f"Nothing to train: {summary.trained} results are current.", "True", "[]"], err


def test_same_bits_with_two_workers_after_being_killed(swept, project):
    """Started, killed in full flight, when its processes end too, and finished by another command with two."""
    script = "sweep.run(settings(workers=2), Project(Path(sys.argv[1])))"
    process = start(script, project.root)
    wait_until(lambda: kept(project) >= 5 or process.poll() is not None)
    process.kill()
    process.communicate()
    wait_until(lambda: not alive(process.pid), seconds=60)
    there = kept(project)
    assert 5 <= there < swept[1].trained
    summary = sweep.run(settings(workers=2), project)
    assert summary.kept + summary.trained == swept[1].trained
    assert summary.trained < swept[1].trained
    assert records(project) == records(swept[0])
    assert not list(project.cache.glob("under-way-*"))


def test_deleted_and_damaged_results_come_back(swept, tmp_path):

    project = Project(tmp_path / "copy")
    shutil.copytree(swept[0].root, project.root)
    before = records(project)
    store = RunStore(settings(), project)
    reading = next(run for run in store if run.test)
    for run, harm in (
        (reading, lambda path: path.unlink()),
        (replace(reading, test=False), lambda path: path.write_bytes(path.read_bytes()[:-100])),
    ):
        harm(project.cache / "runs" / f"{store.record(run)}.json")
    with pytest.warns(UserWarning, match="was damaged"):
        summary = sweep.run(settings(workers=1), project)
    assert summary.trained == 2
    assert {name: raw for name, raw in records(project).items() if name.endswith(".json")} == before


# How processes end: here a training is replaced by one that takes no time


def pretend(run, weights, dataset, source, marks, *, before=lambda run: None):
    """Stand in for a training: leaves its mark, does what a test wants, and returns a made-up result."""
    from coursework.experiments.store import makers, name

    mark = marks / name(run)
    mark.touch()
    before(run)
    mark.unlink()
    loss = 1 + abs(run.l2 - 1e-3) + run.seed
    result = {"train_loss": loss, "validation_loss": loss, "history": []}
    return sweep._Found(run, result, [np.zeros(2, np.float32)] if run.keep else None, makers())


def pretending(before):
    """Make a stand-in for a training that does what a test wants first."""

    def train(*arguments):
        return pretend(*arguments, before=before)

    return train


def lethal(condition, folder=None, times=99):
    """Kill the process with SIGKILL when a run meets the condition, so many times at most."""

    def before(run):
        if condition(run):
            marks = [folder / str(i) for i in range(times)] if folder else []
            free = next((mark for mark in marks if not mark.exists()), None)
            if free or not folder:
                if free:
                    free.touch()
                os.kill(os.getpid(), signal.SIGKILL)

    return pretending(before)


def test_a_process_that_dies_is_replaced(project, monkeypatch, tmp_path):
    def dies(run):
        return run.model == "cnn" and run.l2 == 1e-3 and run.seed == 1 and run.n == 64

    monkeypatch.setattr(sweep, "_train", lethal(dies, tmp_path, times=2))
    sweep.run(settings(), project)
    assert (tmp_path / "1").exists()
    assert why(project, settings())[1] == ()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_kills_three_times_is_named_and_left_out(project, monkeypatch, workers):
    deadly = protocol.l2_sweep(MICRO, "cnn")[0]
    monkeypatch.setattr(sweep, "_train", lethal(lambda run: run == deadly))
    with pytest.raises(WorkError, match="1 of the runs took their process down 3 times") as error:
        sweep.run(settings(workers), project)
    assert describe(deadly) in str(error.value)
    store = RunStore(settings(), project)
    assert [run for run in stages.tuning(MICRO) if run not in store] == [deadly]


def test_interrupt_keeps_what_is_done_and_says_how_to_go_on(project):
    script = """
from handin.errors import Interrupted
sweep._train = pretending(lambda run: __import__("time").sleep(0.05 if run.model == "cnn" else 60))
try:
    sweep.run(settings(), Project(Path(sys.argv[1])))
except Interrupted as error:
    print(error)
"""
    process = start(script, project.root)
    wait_until(lambda: kept(project) >= 3 or process.poll() is not None)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out, err
    assert out.strip().endswith("results are kept.")
    assert "Traceback" not in err
    assert out.startswith(f"Stopped: {kept(project)} ")
    wait_until(lambda: not alive(process.pid), seconds=20)  # its workers have ended with it
    assert not list(project.cache.glob("under-way-*"))


def test_an_error_in_a_training_is_not_swallowed(project, monkeypatch):
    def wrong(run):
        raise ZeroDivisionError("in the training")

    monkeypatch.setattr(sweep, "_train", pretending(wrong))
    with pytest.raises(ZeroDivisionError, match="in the training"):
        sweep.run(settings(), project)


def test_a_full_disk_stops_the_sweep_with_one_sentence(project, monkeypatch):
    monkeypatch.setattr(sweep, "_train", pretending(lambda run: None))

    def full(*arguments):
        raise WorkError("The disk is full.")

    monkeypatch.setattr(RunStore, "save", full)
    with pytest.raises(WorkError, match="The disk is full"):
        sweep.run(settings(), project)


def test_code_edited_meanwhile_is_not_mixed_in(project, monkeypatch):
    """The processes say what code they run; results of another one are refused, those before stay."""
    monkeypatch.setattr(sweep, "_train", pretending(lambda run: None))
    real = RunStore.belongs
    seen = []

    def edited_after_five(self, run, made_by):
        seen.append(run)
        return real(self, run, made_by if len(seen) <= 5 else {**made_by, "code": "of yesterday"})

    monkeypatch.setattr(RunStore, "belongs", edited_after_five)
    with pytest.raises(WorkError, match="other code, packages or arithmetic"):
        sweep.run(settings(), project)
    assert kept(project) == 5


# A cluster


@pytest.fixture
def cluster(tmp_path):
    """A Dask scheduler and two workers on this machine: the address, and the workers' processes."""
    distributed = pytest.importorskip("distributed")
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    address_file = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    processes = [subprocess.Popen([*command, "--no-dashboard", "--scheduler-file", str(address_file)], **quiet)]
    wait_until(lambda: address_file.exists() and address_file.stat().st_size > 0)
    address = json.loads(address_file.read_text())["address"]
    for _ in range(2):
        worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny"]
        processes.append(subprocess.Popen([*worker, "--no-dashboard", "--local-directory", str(tmp_path)], **quiet))
    with distributed.Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=120)
    yield address, processes[1:]
    for process in processes:
        process.kill()
        process.wait()


def test_cluster_finds_the_same_bits_and_survives_a_lost_worker(swept, project, cluster):
    import tensorflow as tf

    tf.constant(1.0) + 1  # from here on this process cannot train (its threads are set): the workers must
    address, (victim, _) = cluster
    real = RunStore.save

    def save(self, *arguments):
        real(self, *arguments)
        if kept(project) == 6:
            victim.kill()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunStore, "save", save)
        summary = sweep.run(settings(), project, scheduler=address)
    assert victim.wait(timeout=10) != 0
    assert summary.trained == swept[1].trained
    assert records(project) == records(swept[0])


def test_no_cluster_at_the_address(project, monkeypatch):
    monkeypatch.setattr(sweep, "PATIENCE", "1s")
    with pytest.raises(WorkError, match=r"The cluster at tcp://127\.0\.0\.1:9 does not answer"):
        sweep.run(settings(), project, scheduler="tcp://127.0.0.1:9")


# What is refused, and what is shown


def test_sizes_beyond_the_data(project, monkeypatch):
    monkeypatch.setitem(stages.BUDGETS, "tiny", replace(MICRO, sizes=(32, 64, 5000)))
    with pytest.raises(InputError, match=r"up to 5,000 examples, and set\.npz has 208 .*: a larger data set"):
        sweep.run(settings(), project)
    assert not project.cache.exists()


def test_what_is_told_counts_up_to_all_runs_with_less_and_less_time_left(project, monkeypatch, capfd):
    monkeypatch.setattr(sweep, "_train", pretending(lambda run: None))
    told = []
    sweep.run(settings(workers=1), project, tell=told.append)
    assert [each.done for each in told] == list(range(told[-1].wanted + 1))
    assert told[0].seconds > 0, "a guess is told before the first training"
    assert told[-1].seconds == 0
    assert str(told[0]).startswith(f"Training the networks of question 6: 0 of {told[0].wanted} done, about ")
    assert capfd.readouterr() == ("", "")


def test_the_time_left_follows_the_pace(project, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(sweep.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(sweep, "COST", {"linear": 1.0, "mlp": 2.0, "cnn": 4.0})
    for name, value in {"GUESSED": 0.001, "SECONDS": 0.5, "START": 7}.items():
        monkeypatch.setattr(sweep, name, value)
    runs = stages.expected_runs(MICRO, {})
    cost = sum({"linear": 1, "mlp": 2, "cnn": 4}[run.model] * run.steps * (0.01 if run.test else 1) for run in runs)
    pace = sweep.Pace(RunStore(settings(), project), 2)
    assert pace.progress().seconds == pytest.approx(0.5 * cost / 2 + 7)
    now[0] = 10.0  # ten seconds of two processes for the first run, which is an MLP's
    each = 20.0 / (2 * runs[0].steps)
    assert pace.progress(runs[0]).seconds == pytest.approx(each * cost / 2, rel=0.01)


def test_status_says_how_many_there_will_be_and_why(project):
    title, reasons = why(project, settings())
    runs = stages.expected_runs(MICRO, {})
    assert title == f"{len(runs)} trainings of question 6"
    assert reasons == (f"{len(runs)} never trained",)
