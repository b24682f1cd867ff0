"""The run store: what it keeps, what it refuses to return, and why."""

import dataclasses
import datetime
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from generated_images import save

from coursework.experiments import store as store_module
from coursework.experiments.protocol import Run
from coursework.experiments.store import RunStore, describe
from coursework.settings import Experiments, Settings
from handin.errors import InputError, WorkError
from press.project import Project

RUN = Run("mlp", n=64, seed=1, steps=5, width=8, l2=1e-3, moments=2)


@pytest.fixture
def project(tmp_path):
    save(tmp_path / "set.npz")
    return Project(tmp_path)


@pytest.fixture
def settings():
    return Settings(date=datetime.date(2026, 1, 2), dataset="set.npz", experiments=Experiments(profile="tiny"))


@pytest.fixture
def store(settings, project):
    return RunStore(settings, project)


def result(**changed):
    last = {
        "passes": 5.0, "train_loss": 0.1 + 0.2, "train_error": 1 / 3, "validation_loss": 0.7, "validation_error": 0.2,
    }  # fmt: skip
    return {**last, "history": [{**last, "passes": 2.5, "train_loss": 2.0}, last], **changed}


def equal(a, b):
    """Whether two results are the same to the last bit and type (their texts show both)."""
    with np.printoptions(threshold=10_000, floatmode="unique"):
        return repr(a) == repr(b)


@pytest.mark.parametrize(
    "kept",
    [
        result(),
        result(validation_loss=float("nan"), train_loss=float("inf"), history=[]),
        result(test_loss=0.5, test_error=0.1, test_logits=np.eye(3, dtype=np.float32)),
    ],
    ids=["ordinary", "diverged", "test"],
)
def test_comes_back_to_the_last_bit(store, settings, project, kept):
    store.save(RUN, kept)
    assert equal(store[RUN], kept)
    assert equal(RunStore(settings, project)[RUN], kept)


def test_missing_result(store):
    assert RUN not in store
    with pytest.raises(WorkError, match=r"no current result of mlp, 64 examples, λ = 0.001, seed 1: run `coursework"):
        store[RUN]
    assert store.why(RUN) == ("specification",)
    assert len(store) == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[: len(raw) // 2],
        lambda raw: b"",
        lambda raw: raw[:-30] + bytes([raw[-30] ^ 1]) + raw[-29:],
        lambda raw: b"\0" * len(raw),
        lambda raw: raw.replace(b'"kept-1"', b'"else-9"'),
    ],
    ids=["half", "empty", "one bit", "zeros", "another format"],
)
def test_damage_is_reported_set_aside_and_counts_as_missing(store, settings, project, damage):
    store.save(RUN, result())
    file = project.cache / "runs" / f"{store.record(RUN)}.json"
    file.write_bytes(damage(file.read_bytes()))
    again = RunStore(settings, project)
    with pytest.warns(UserWarning, match="was damaged"):
        assert RUN not in again
    assert not file.exists()
    assert file.with_suffix(".damaged").exists()
    assert again.why(RUN) == ("specification",)
    again.save(RUN, result())
    assert equal(again[RUN], result())


def test_a_record_in_anothers_place_is_not_taken_for_it(store, settings, project):
    """Somebody copies a file: the header's digest is right, but the content is of another run."""
    other = dataclasses.replace(RUN, seed=2)
    store.save(RUN, result())
    folder = project.cache / "runs"
    (folder / f"{store.record(other)}.json").write_bytes((folder / f"{store.record(RUN)}.json").read_bytes())
    assert other not in RunStore(settings, project)


def test_every_field_of_a_run_tells_it_apart(store):
    changed = {
        "model": "cnn", "n": 65, "seed": 2, "steps": 6, "l2": 2e-3, "dropout": 0.1, "rate": 2e-3, "width": 9,
        "batch": 32, "moments": 1, "keep": True, "test": True, "precision": "float32",
    }  # fmt: skip
    assert set(changed) == {field.name for field in dataclasses.fields(Run)}
    store.save(RUN, result())
    for key, value in changed.items():
        assert dataclasses.replace(RUN, **{key: value}) not in store


def test_why_code(store, settings, project, monkeypatch):
    store.save(RUN, result())
    monkeypatch.setattr(store_module, "module_facts", lambda *roots: {"engine": "edited"})
    edited = RunStore(settings, project)
    assert RUN not in edited
    assert edited.why(RUN) == ("code",)
    with pytest.raises(WorkError, match="no current result"):
        edited[RUN]


def test_why_data(store, settings, project):
    store.save(RUN, result())
    save(project.root / "set.npz", seed=9)
    assert RunStore(settings, project).why(RUN) == ("data",)


def test_who_tries_other_data_finds_the_earlier_results_again(store, settings, project):
    keeping = dataclasses.replace(RUN, keep=True)
    store.save(keeping, result(), [np.ones(2)])
    before = store_module.state(project, settings)
    save(project.root / "other.npz", seed=9)
    changed = settings.model_copy(update={"dataset": "other.npz"})
    other = RunStore(changed, project)
    assert other.why(keeping) == ("data",)
    other.save(keeping, result(train_loss=9.0), [np.zeros(2)])
    again = RunStore(settings, project)
    assert equal(again[keeping], result())
    np.testing.assert_array_equal(again.weights(keeping), [np.ones(2)])
    assert store_module.state(project, settings) == before
    assert RunStore(changed, project)[keeping]["train_loss"] == 9.0


def test_why_packages_and_precision(store, settings, project, monkeypatch):
    store.save(RUN, result())
    monkeypatch.setattr(store_module, "package_versions", lambda *names: {"keras": "4.0.0"})
    monkeypatch.setattr(store_module, "precision", lambda run: "another")
    assert RunStore(settings, project).why(RUN) == ("packages", "precision")


def test_why_not_when_current(store):
    store.save(RUN, result())
    assert store.why(RUN) == ()


def test_the_code_that_counts():
    """What makes the result is in the digest, what merely lists or reads runs is not."""
    from press.keeping.digests import module_facts

    names = {name.rpartition(".")[2] for name in module_facts(*store_module.CODE)}
    assert names == {"coursework", "experiments", "engine", "models", "images", "arithmetic"}


def test_weights_are_kept_where_the_run_says_so(store, settings, project):
    run, weights = dataclasses.replace(RUN, keep=True), [np.eye(3, dtype=np.float32), np.zeros(2, np.float32)]
    store.save(run, result(), weights)
    found = RunStore(settings, project).weights(run)
    assert all(np.array_equal(a, b) for a, b in zip(found, weights, strict=True))
    store.save(RUN, result(), weights)
    assert store.weights(RUN) is None


def test_full_disk(store, monkeypatch):
    import os

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WorkError, match=r"cannot be written \(No space left on device\)"):
        store.save(RUN, result())
    monkeypatch.undo()
    assert RUN not in store
    assert not list(store.kept.folder.glob("*"))


def test_folder_that_is_a_file(store, project):
    project.cache.mkdir()
    (project.cache / "runs").write_text("")
    with pytest.raises(WorkError, match="is a file where a folder is needed"):
        store.save(RUN, result())


def test_reading_loads_neither_tensorflow_nor_joblib(store, settings, project):
    store.save(RUN, result())
    script = f"""
import sys, datetime
from pathlib import Path
from coursework.experiments.protocol import Run
from coursework.experiments.store import results
from press.project import Project
from coursework.settings import Experiments, Settings
settings = Settings(date=datetime.date(2026, 1, 2), dataset="set.npz", experiments=Experiments(profile="tiny"))
print(results(Project(Path({str(project.root)!r})), settings)[{RUN!r}]['validation_loss'])
print(sorted({{"tensorflow", "keras", "joblib", "sklearn", "pandas", "scipy"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == [repr(result()["validation_loss"]), "[]"]


def test_record_is_readable_text(store):
    """Whoever wants the numbers by other means needs a JSON reader alone."""
    store.save(RUN, result())
    line = (store.kept.folder / f"{store.record(RUN)}.json").read_text().splitlines()[1]
    kept = json.loads(line)
    assert kept["run"] == dataclasses.asdict(RUN)
    assert kept["result"]["validation_error"] == 0.2


def test_damaged_images_are_refused_before_anything_is_made(settings, project):
    assert "never trained" in store_module.why(project, settings)[1][0]
    (project.root / "set.npz").write_bytes(b"no archive")
    with pytest.raises(InputError, match=r"set\.npz is not a \.npz file"):
        store_module.why(project, settings)


@pytest.mark.parametrize(
    ("profile", "dataset", "excuse"),
    [
        ("full", "fashion-mnist", ""),
        ("full", "set.npz", "for these images"),
        ("tiny", "set.npz", "in this smaller run"),
        ("tiny", "fashion-mnist", "in this smaller run"),
    ],
)
def test_a_claim_is_excused_on_a_smaller_budget_and_on_other_images(project, monkeypatch, profile, dataset, excuse):
    monkeypatch.setattr(store_module.data, "checksum", lambda dataset, root: "0" * 64)
    settings = Settings(date=datetime.date(2026, 1, 2), dataset=dataset, experiments=Experiments(profile=profile))
    assert RunStore(settings, project).excuse == excuse


def test_description():
    assert describe(RUN) == "mlp, 64 examples, λ = 0.001, seed 1"
    assert describe(dataclasses.replace(RUN, dropout=0.5, test=True)).endswith("dropout 0.5, seed 1, test set")


def test_results_that_the_profile_does_not_name_do_not_count(tmp_path):
    """A folder with leftovers of other code or profiles makes the same documents as one without."""
    project = Project.find(Path(__file__).parent)
    settings = project.settings()
    elsewhere = Project(tmp_path)
    (tmp_path / "data").symlink_to(project.data)
    before = store_module.state(elsewhere, settings)
    assert before
    RunStore(settings, elsewhere).kept.save("left-over", "digest", {"a": 1})
    assert store_module.state(elsewhere, settings) == before
