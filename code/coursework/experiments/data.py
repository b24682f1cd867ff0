"""Image data of the project: read from files and checked. The notebook alone downloads its images instead."""

from __future__ import annotations

import functools
import gzip
import hashlib
import math
import re
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handin.errors import InputError
from press import checksums

if TYPE_CHECKING:
    from coursework.experiments.images import Images

FASHION_MNIST = "fashion-mnist"
CLASS_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


STEMS = {"x_train": "train-images", "y_train": "train-labels", "x_test": "t10k-images", "y_test": "t10k-labels"}
"""How the names of IDX files begin, by what is in them; the keys of an ``.npz`` file."""


def load(dataset: str, root: Path | str = ".") -> Images:
    """Read a data set as `arrays` does, scale it and split it."""
    from coursework.experiments.images import split  # imports scikit-learn

    return split(**arrays(dataset, root))


def arrays(dataset: str, root: Path | str = ".") -> dict[str, np.ndarray]:
    """Read a data set from the project's files, by the keys of `STEMS`; a relative path starts from `root`.

    It is ``"fashion-mnist"`` (in ``data/fashion-mnist``), or the path of a folder with four IDX files (compressed by
    gzip or not), or of one ``.npz`` file with ``x_train``, ``y_train``, ``x_test`` and ``y_test``: images of shape
    (n, height, width) or (n, height, width, channels), bytes or floating-point in [0, 1]; labels 0, 1, 2, …

    Raises
    ------
    InputError
        If a file is missing, damaged, not what its checksum says, or not a labelled set of images.
    """
    path = _path(dataset, root)
    if path.is_dir():
        files = _idx_files(path)
        _verify(path, files)
        found = {key: _read_idx(file) for key, file in files.items()}
    else:
        found = _read_npz(path)
    return _checked(found, shown_name(dataset))


def shown_name(dataset: str) -> str:
    """Name a data set for print, from what the settings call it; what could be markup becomes a dash."""
    return "Fashion-MNIST" if dataset == FASHION_MNIST else re.sub(r"[^\w .-]|_", "-", Path(dataset).stem)


def class_names(dataset: str, classes: int) -> tuple[str, ...]:
    """Name the classes: by their numbers unless the data set is the project's own."""
    return CLASS_NAMES if dataset == FASHION_MNIST else tuple(map(str, range(classes)))


def checksum(dataset: str, root: Path | str = ".") -> str:
    """Identify a data set by the content of its files; `InputError` if they are missing."""
    path = _path(dataset, root)
    files = _idx_files(path).values() if path.is_dir() else [path]
    return _digest(tuple((file, file.stat().st_mtime_ns, file.stat().st_size) for file in files))


@functools.lru_cache(maxsize=4)
def _digest(files: tuple[tuple[Path, int, int], ...]) -> str:
    total = hashlib.sha256()
    for file, _, _ in files:
        total.update(file.read_bytes())
    return total.hexdigest()


def training_examples(dataset: str, root: Path | str = ".") -> int:
    """Count the training examples that remain once the validation set is kept apart, from the labels alone."""
    path = _path(dataset, root)
    labels = _read_idx(_idx_files(path)["y_train"]) if path.is_dir() else _read_npz(path)["y_train"]
    return len(labels) - -(-len(labels) // 5)


def _path(dataset, root):
    path = Path(root, "data", FASHION_MNIST) if dataset == FASHION_MNIST else Path(root, dataset)
    if not path.exists():
        raise InputError(
            f"dataset: there is no {path.name} here; give {FASHION_MNIST}, a folder with IDX files, or a .npz file."
        )
    if dataset == FASHION_MNIST and not (path / "SHA256SUMS").is_file():
        raise InputError(f"data/{FASHION_MNIST}/SHA256SUMS is missing: restore it from the repository.")
    return path


def _idx_files(folder):
    files = {}
    for key, stem in STEMS.items():
        found = sorted(folder.glob(f"{stem}[-.]idx?-ubyte")) or sorted(folder.glob(f"{stem}[-.]idx?-ubyte.gz"))
        if len(found) != 1:
            raise InputError(f"{folder.name}: one file {stem}-idx{3 if 'images' in stem else 1}-ubyte(.gz) is needed.")
        files[key] = found[0]
    return files


def _contents(file):
    try:
        raw = file.read_bytes()
        return gzip.decompress(raw) if file.suffix == ".gz" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{file.name} cannot be read ({error}): get the file again.") from None


def _verify(folder, files):
    if not (folder / checksums.SUMS).is_file():
        return
    recorded = checksums.expected(folder)
    for file in files.values():
        name = file.name.removesuffix(".gz")
        if recorded.get(name) != hashlib.sha256(_contents(file)).hexdigest():
            raise InputError(f"{folder.name}/{file.name} is not the file that SHA256SUMS names: get the file again.")


def _read_idx(file):
    """Read an IDX file of bytes (two zeros, the type 8, the rank, the big-endian lengths, the values)."""
    raw = _contents(file)
    rank = int.from_bytes(raw[3:4])
    start = 4 + 4 * rank
    if raw[:3] != b"\0\0\x08" or not 1 <= rank <= 4 or len(raw) < start:
        raise InputError(f"{file.name} is not an IDX file of unsigned bytes.")
    shape = tuple(int.from_bytes(raw[i : i + 4], "big") for i in range(4, start, 4))
    if len(raw) - start != math.prod(shape):
        raise InputError(f"{file.name} says it holds {shape} bytes and holds {len(raw) - start}: get the file again.")
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)


def _read_npz(file):
    try:
        with np.load(file, allow_pickle=False) as archive:
            missing = [key for key in STEMS if key not in archive]
            if not missing:
                return {key: archive[key] for key in STEMS}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error):
        raise InputError(f"{file.name} is not a .npz file of plain arrays: get the file again.") from None
    raise InputError(f"{file.name} lacks {', '.join(missing)}: a .npz file needs {', '.join(STEMS)}.")


def _checked(arrays: dict[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    """Return images as bytes or as floating-point in [0, 255], and labels of shape (n,), or refuse them."""
    found = {}
    for part, what in (("train", f"{name}, training set"), ("test", f"{name}, test set")):
        found[f"x_{part}"], found[f"y_{part}"] = _checked_part(arrays[f"x_{part}"], arrays[f"y_{part}"], what)
    shape, test_shape = (found[key].shape[1:] for key in ("x_train", "x_test"))
    if shape != test_shape:
        raise InputError(
            f"{name}: training images have the shape {shape} and test images {test_shape}; "
            "give both sets the same shape."
        )
    counts = np.bincount(found["y_train"])
    if len(counts) < 2 or counts.min() < 5:
        raise InputError(
            f"{name}: class {counts.argmin()} has {counts.min()} training images of {len(counts)} classes; "
            "at least 2 classes with 5 images each are needed, labelled 0, 1, 2, ..."
        )
    if (highest := found["y_test"].max()) >= len(counts):
        raise InputError(f"{name}: the test set has a label {highest} that the training set does not have.")
    return found


def _checked_part(x: np.ndarray, y: np.ndarray, what: str) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(x), np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if x.ndim not in (3, 4) or 0 in x.shape or not (x.dtype == np.uint8 or np.issubdtype(x.dtype, np.floating)):
        raise InputError(
            f"{what}: images must be bytes or floating-point numbers of shape (n, height, width) or "
            f"(n, height, width, channels), not {x.dtype} of shape {x.shape}."
        )
    if y.shape != (len(x),) or not np.issubdtype(y.dtype, np.integer) or y.min() < 0:
        raise InputError(
            f"{what}: {len(x)} images need as many whole-number labels from 0, not {y.dtype} of shape {y.shape}."
        )
    if x.dtype != np.uint8:
        if not (np.isfinite(x).all() and x.min() >= 0 and x.max() <= 1):
            raise InputError(f"{what}: floating-point images must be finite and lie in [0, 1]; divide bytes by 255.")
        x = x * x.dtype.type(255)
    return x, y
