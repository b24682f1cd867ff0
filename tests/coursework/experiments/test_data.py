"""Reading, checking and splitting image data."""

import gzip
import hashlib
import shutil
import struct

import numpy as np
import pytest
from generated_images import generated

from copies import ROOT
from coursework.experiments import data
from coursework.experiments.images import split
from handin.errors import InputError

NAMES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


def idx(array):
    return b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def arrays():
    x, y = generated(100, shape=(7, 9))
    x_test, y_test = generated(20, shape=(7, 9), seed=1)
    return {"x_train": x, "y_train": y.astype(np.uint8), "x_test": x_test, "y_test": y_test.astype(np.uint8)}


@pytest.fixture
def folder(tmp_path, arrays):
    """Four IDX files, two of them compressed, with their checksums."""
    folder = tmp_path / "set"
    folder.mkdir()
    sums = []
    for key, name in NAMES.items():
        raw = idx(arrays[key])
        sums.append(f"{hashlib.sha256(raw).hexdigest()}  {name}\n")
        if key.startswith("x"):
            (folder / f"{name}.gz").write_bytes(gzip.compress(raw))
        else:
            (folder / name).write_bytes(raw)
    (folder / "SHA256SUMS").write_text("".join(sums))
    return folder


@pytest.fixture
def archive(tmp_path, arrays):
    path = tmp_path / "set.npz"
    np.savez(path, **arrays)
    return path


def test_fashion_mnist(fashion):
    assert fashion.x_train.shape == (48_000, 28, 28, 1)
    assert fashion.x_validation.shape == (12_000, 28, 28, 1)
    assert fashion.x_test.shape == (10_000, 28, 28, 1)
    assert fashion.x_train.dtype == np.float32
    assert (fashion.x_train.min(), fashion.x_train.max()) == (0, 1)
    assert np.bincount(fashion.y_train).tolist() == [4800] * 10
    assert np.bincount(fashion.y_validation).tolist() == [1200] * 10
    assert len(data.class_names("fashion-mnist", 10)) == 10


def test_first_test_image_is_an_ankle_boot(fashion):
    """The published set begins its test images with an ankle boot (9) and a pullover (2)."""
    assert fashion.y_test[:2].tolist() == [9, 2]
    assert data.class_names("fashion-mnist", 10)[9] == "Ankle boot"


def test_split_is_a_partition_of_the_training_set(arrays):
    x = np.arange(100, dtype=np.uint8).reshape(-1, 1, 1).repeat(2, axis=1)
    found = split(x, arrays["y_train"], x[:20], arrays["y_test"])
    parts = np.concatenate([found.x_train, found.x_validation])[:, 0, 0, 0]
    assert sorted(np.rint(parts * 255).astype(int).tolist()) == list(range(100))
    again = split(x, arrays["y_train"], x[:20], arrays["y_test"])
    assert np.array_equal(found.x_validation, again.x_validation)


def test_idx_and_npz_read_alike(folder, archive, arrays):
    one, other = data.load("set", folder.parent), data.load("set.npz", archive.parent)
    for key in ("x_train", "y_train", "x_validation", "y_validation", "x_test", "y_test"):
        assert np.array_equal(getattr(one, key), getattr(other, key))
    assert one.x_train.shape[1:] == (7, 9, 1)
    assert np.allclose(one.x_test[..., 0] * 255, arrays["x_test"])
    assert data.training_examples("set", folder.parent) == len(one.y_train) == len(other.y_train)
    assert data.training_examples("set.npz", archive.parent) == len(one.y_train)


def test_checksum_follows_the_content(folder, archive, arrays):
    before = data.checksum("set", folder.parent), data.checksum("set.npz", archive.parent)
    arrays["y_train"][0] ^= 1
    np.savez(archive, **arrays)
    (folder / NAMES["y_train"]).write_bytes(idx(arrays["y_train"]))  # the list of checksums is left as it is
    assert data.checksum("set.npz", archive.parent) != before[1]
    assert data.checksum("set", folder.parent) != before[0]


def test_split_keeps_a_fifth_of_each_class(fashion, arrays):
    found = split(**arrays)
    counts = np.bincount(arrays["y_train"])
    assert np.abs(np.bincount(found.y_validation) - counts / 5).max() < 1
    assert found.x_train.dtype == np.float32
    assert found.y_train.dtype == np.int32


def test_floating_point_images_are_read_as_they_are(tmp_path, arrays):
    for key in ("x_train", "x_test"):
        arrays[key] = arrays[key] / 255
    np.savez(tmp_path / "set.npz", **arrays)
    np.testing.assert_allclose(data.load("set.npz", tmp_path).x_test[..., 0], arrays["x_test"], atol=1e-6)


def test_the_smallest_set_is_two_classes_of_five_single_pixels(tmp_path):
    small = {"x": np.arange(10, dtype=np.uint8).reshape(10, 1, 1), "y": np.repeat([0, 1], 5)}
    np.savez(tmp_path / "set.npz", **{f"{key}_{part}": small[key] for key in small for part in ("train", "test")})
    assert np.bincount(data.load("set.npz", tmp_path).y_train).tolist() == [4, 4]
    assert data.training_examples("set.npz", tmp_path) == 8


def test_colour_images_and_labels_in_a_column_are_taken(tmp_path):
    x, y = generated(50)
    np.savez(tmp_path / "set.npz", x_train=x, y_train=y[:, None], x_test=x[:9], y_test=y[:9, None])
    found = data.load("set.npz", tmp_path)
    assert found.x_test.shape == (9, 32, 32, 3)
    assert found.x_train.shape == (40, 32, 32, 3)
    np.testing.assert_allclose(found.x_test, x[:9] / 255, atol=1e-6)
    assert found.y_test.tolist() == y[:9].tolist()


def test_a_name_that_is_markup_is_shown_as_text():
    assert data.shown_name("sets/my *best*_<set>.npz") == "my -best---set-"
    assert data.class_names("sets/x.npz", 3) == ("0", "1", "2")


def test_changed_byte_is_noticed(folder, arrays):
    arrays["x_test"][3, 3, 3] ^= 1
    (folder / f"{NAMES['x_test']}.gz").write_bytes(gzip.compress(idx(arrays["x_test"])))
    with pytest.raises(InputError, match=r"t10k-images-idx3-ubyte\.gz is not the file that SHA256SUMS names"):
        data.load("set", folder.parent)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda raw: raw[:-1], "holds"),
        (lambda raw: raw + b"\0", "holds"),
        (lambda raw: b"\0\0\x0d" + raw[3:], "not an IDX file"),
        (lambda raw: b"", "not an IDX file"),
        (lambda raw: raw[:7], "not an IDX file"),
        (lambda raw: raw[:3] + b"\0" + raw[4:], "not an IDX file"),
        (lambda raw: raw[:3] + b"\5" + raw[4:8] + 4 * b"\0\0\0\1" + raw[8:], "not an IDX file"),
        (lambda raw: raw[:3] + b"\4" + 4 * b"\0\1\0\0", "holds 0"),
    ],
    ids=["short", "long", "another type", "empty", "half a header", "no rank", "rank 5", "lengths beyond 2**64"],
)
def test_damaged_idx(folder, damage, message):
    (folder / "SHA256SUMS").unlink()
    file = folder / NAMES["y_train"]
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(InputError, match=message):
        data.load("set", folder.parent)


def test_damaged_gzip(folder):
    file = folder / f"{NAMES['x_train']}.gz"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(InputError, match="cannot be read"):
        data.load("set", folder.parent)


@pytest.mark.parametrize("name", list(NAMES.values()))
def test_missing_file(folder, name):
    for file in folder.glob(f"{name}*"):
        file.unlink()
    with pytest.raises(InputError, match=r"one file .* is needed"):
        data.load("set", folder.parent)


def test_no_such_data_set(tmp_path):
    with pytest.raises(InputError, match="there is no nowhere here"):
        data.load("nowhere", tmp_path)


def test_fashion_mnist_without_checksums(tmp_path):
    shutil.copytree(ROOT / "data" / "fashion-mnist", tmp_path / "data" / "fashion-mnist")
    (tmp_path / "data" / "fashion-mnist" / "SHA256SUMS").unlink()
    with pytest.raises(InputError, match="SHA256SUMS is missing"):
        data.load("fashion-mnist", tmp_path)


@pytest.mark.parametrize(
    ("key", "wrong", "message"),
    [
        ("x_train", lambda x: x[:-1], "as many whole-number labels"),
        ("x_train", lambda x: x.astype(np.int32), "must be bytes or floating-point"),
        ("x_train", lambda x: x.reshape(len(x), -1), "must be bytes or floating-point"),
        ("x_train", lambda x: x.astype(float), "must be finite and lie in"),
        ("x_train", lambda x: np.where(x > 200, np.nan, x / 255.0), "must be finite and lie in"),
        ("x_train", lambda x: x / 127.5, "must be finite and lie in"),
        ("x_train", lambda x: x / 255 - 0.1, "must be finite and lie in"),
        ("x_train", lambda x: x[..., None, None], "must be bytes or floating-point"),
        ("x_train", lambda x: x[:, :0], "must be bytes or floating-point"),
        ("x_train", lambda x: x[:, :-1], "training images have the shape"),
        ("x_train", lambda x: x[..., None], "training images have the shape"),
        ("y_train", lambda y: y[:, None, None], "whole-number labels"),
        ("y_train", lambda y: y[:, None].repeat(2, axis=1), "whole-number labels"),
        ("y_train", lambda y: y.astype(float), "whole-number labels"),
        ("y_train", lambda y: y.astype(int) - 1, "whole-number labels"),
        ("y_train", lambda y: y * 0, "at least 2 classes"),
        ("y_train", lambda y: y * 2, "class 1 has 0 training images"),
        ("y_test", lambda y: y + 1, "a label 3 that the training set does not have"),
    ],
)
def test_wrong_arrays(tmp_path, arrays, key, wrong, message):
    arrays[key] = wrong(arrays[key])
    np.savez(tmp_path / "set.npz", **arrays)
    with pytest.raises(InputError, match=message):
        data.load("set.npz", tmp_path)


def test_npz_without_an_array(tmp_path, arrays):
    del arrays["x_test"]
    np.savez(tmp_path / "set.npz", **arrays)
    with pytest.raises(InputError, match=r"set\.npz lacks x_test"):
        data.load("set.npz", tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\3\4 no archive", b"\x93NUMPY"])
def test_npz_that_is_none(tmp_path, content):
    (tmp_path / "set.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"is not a \.npz file"):
        data.load("set.npz", tmp_path)


def test_npz_with_pickled_objects_is_refused(tmp_path, arrays):
    arrays["x_train"] = np.array([{"an": "object"}], dtype=object)
    np.savez(tmp_path / "set.npz", **arrays)
    with pytest.raises(InputError, match="plain arrays"):
        data.load("set.npz", tmp_path)
