"""Kept results: whole or missing, never wrong."""

from __future__ import annotations

import json
import os
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handin.errors import WorkError
from press.keeping.kept import Kept, hindered, write_atomically, write_if_changed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


@given(JSON)
def test_what_is_saved_is_loaded(tmp_path_factory, payload):
    kept = Kept(tmp_path_factory.mktemp("kept"))
    kept.save("a", "digest", payload)
    assert kept.load("a", "digest") == payload
    assert kept.load("a", "another") is None


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8", "bool"])
def test_arrays_keep_every_bit(tmp_path, dtype):
    array = np.random.default_rng(0).normal(size=(3, 4)).astype(dtype)
    kept = Kept(tmp_path)
    kept.save("a", "d", {"x": array})
    loaded = kept.load("a")["x"]
    assert loaded.dtype == array.dtype
    np.testing.assert_array_equal(loaded, array)


def test_arrays_of_objects_are_refused(tmp_path):
    with pytest.raises(TypeError):
        Kept(tmp_path).save("a", "d", np.array([object()]))


@given(st.data())
def test_any_damage_counts_as_missing_and_is_set_aside(tmp_path_factory, data):
    kept = Kept(tmp_path_factory.mktemp("kept"))
    kept.save("a", "d", {"loss": [0.25, 0.5]})
    path = kept.folder / "a.json"
    whole = path.read_bytes()
    position = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        damaged = whole[:position]
    else:
        byte = data.draw(st.integers(0, 255).filter(lambda b: b != whole[position]))
        damaged = whole[:position] + bytes([byte]) + whole[position + 1 :]
    path.write_bytes(damaged)
    try:
        with pytest.warns(UserWarning, match="damaged"):
            assert kept.load("a", "d") is None
        assert not path.exists()
        assert path.with_suffix(".damaged").exists()
    except pytest.fail.Exception:
        # what was changed was in the digest of what the result depends on (it then counts as another's), in white
        # space of the header, or the final newline: the body is still the one that was saved
        body = damaged.partition(b"\n")[2]
        assert json.loads(body[:-1]) == {"loss": [0.25, 0.5]}


def test_a_full_disk_leaves_nothing_and_is_one_sentence(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    write_atomically(tmp_path / "a", b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WorkError, match="No space left"):
        write_atomically(tmp_path / "a", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_many_writers_leave_one_whole_record(tmp_path):
    kept = Kept(tmp_path)

    def write(value: int) -> None:
        for _ in range(20):
            kept.save("a", "d", [value] * 1000)
            loaded = kept.load("a")
            assert len(set(loaded)) == 1

    threads = [threading.Thread(target=write, args=(value,)) for value in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept.load("a")) == 1000
    assert not list(tmp_path.glob("*.part"))


def test_an_unchanged_file_is_not_touched(tmp_path):
    path = tmp_path / "a"
    assert write_if_changed(path, b"x")
    before = path.stat().st_mtime_ns
    assert not write_if_changed(path, b"x")
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            OSError(28, "No space left on device", "report/x.csv"),
            "x.csv cannot be written (No space left on device): make",
        ),
        (OSError(28, "No space left on device"), "A file cannot be written (No space left on device): make room"),
        (
            PermissionError(13, "Permission denied", b"x.csv"),
            "x.csv cannot be read or written (Permission denied): fix",
        ),
        (OSError(5, "Input/output error", "x.csv"), "x.csv: Input/output error."),
    ],
)
def test_what_the_system_says_names_the_file_and_no_number(error, sentence):
    assert hindered(error).startswith(sentence)
