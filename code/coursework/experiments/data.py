"""Image data: read from files, checked, scaled to [0, 1] and split into training, validation and test sets."""

import gzip
import hashlib
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

try:
    from handin.errors import InputError
except ImportError:  # outside the project, where this file stands alone
    InputError = ValueError

FASHION_MNIST = "fashion-mnist"
CLASS_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
VALIDATION_FRACTION = 1 / 5
SPLIT_SEED = 3950


@dataclass(frozen=True, eq=False)
class Dataset:
    """A labelled set of images in three parts.

    Attributes
    ----------
    x_train, x_validation, x_test
        Images, float32 in [0, 1], of shape (n, height, width, channels).
    y_train, y_validation, y_test
        Labels, int32 in {0, ..., classes - 1}, of shape (n,).
    classes
        How many classes there are.
    class_names
        Their names, in the order of the labels.
    name
        What to call the set in a caption.
    checksum
        Identifies the files' content; a kept result belongs to one checksum.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: int
    class_names: tuple[str, ...]
    name: str
    checksum: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of one image: height, width, channels."""
        return self.x_train.shape[1:]


def load(dataset, root="."):
    """Read a data set from the project's files.

    Parameters
    ----------
    dataset
        ``"fashion-mnist"`` (in ``data/fashion-mnist``), or the path of a folder with four IDX files (compressed by
        gzip or not), or of one ``.npz`` file with ``x_train``, ``y_train``, ``x_test`` and ``y_test``.
    root
        The folder that a relative path starts from.

    Returns
    -------
    Dataset
        With one fifth of each class of the training images, always the same ones, kept apart for validation.

    Raises
    ------
    InputError
        If a file is missing, damaged, not what its checksum says, or not a labelled set of images.
    """
    path = _path(dataset, root)
    if path.is_dir():
        files = _idx_files(path)
        _verify(path, files)
        arrays = {key: _read_idx(file) for key, file in files.items()}
    else:
        arrays = _read_npz(path)
    return split(
        **arrays,
        name=shown_name(dataset),
        class_names=CLASS_NAMES if dataset == FASHION_MNIST else None,
        checksum=checksum(dataset, root),
    )


def shown_name(dataset):
    """Name a data set for print, from what the settings call it."""
    return "Fashion-MNIST" if dataset == FASHION_MNIST else Path(dataset).stem


def from_keras():
    """Download Fashion-MNIST through Keras, for use without the project's files; the split is the same."""
    import keras

    (x_train, y_train), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()
    return split(x_train, y_train, x_test, y_test, name="Fashion-MNIST", class_names=CLASS_NAMES)


def split(x_train, y_train, x_test, y_test, *, name="images", class_names=None, checksum=""):
    """Check and scale labelled images, and keep a stratified fifth of the training set apart for validation.

    Parameters
    ----------
    x_train, x_test
        Images of shape (n, height, width) or (n, height, width, channels): uint8, or floating-point in [0, 1].
    y_train, y_test
        Whole-number labels of shape (n,), or (n, 1).
    name, class_names, checksum
        Kept in the result; the classes are named by their numbers unless `class_names` is given.

    Returns
    -------
    Dataset

    Raises
    ------
    InputError
        If the arrays are not such a set.
    """
    x_train, y_train = _checked(x_train, y_train, f"{name}, training set")
    x_test, y_test = _checked(x_test, y_test, f"{name}, test set")
    if x_train.shape[1:] != x_test.shape[1:]:
        raise InputError(
            f"{name}: training images have the shape {x_train.shape[1:]} and test images {x_test.shape[1:]}; "
            "give both sets the same shape."
        )
    counts = np.bincount(y_train)
    if len(counts) < 2 or counts.min() < 5:
        raise InputError(
            f"{name}: class {counts.argmin()} has {counts.min()} training images of {len(counts)} classes; "
            "at least 2 classes with 5 images each are needed, labelled 0, 1, 2, ..."
        )
    if y_test.max() >= len(counts):
        raise InputError(f"{name}: the test set has a label {y_test.max()} that the training set does not have.")
    if class_names is not None and len(class_names) != len(counts):
        raise InputError(f"{name}: {len(class_names)} class names for {len(counts)} classes.")
    kept_apart = _stratified(y_train)
    return Dataset(
        x_train=x_train[~kept_apart],
        y_train=y_train[~kept_apart],
        x_validation=x_train[kept_apart],
        y_validation=y_train[kept_apart],
        x_test=x_test,
        y_test=y_test,
        classes=len(counts),
        class_names=tuple(class_names or map(str, range(len(counts)))),
        name=name,
        checksum=checksum,
    )


def checksum(dataset, root="."):
    """Identify a data set's content without reading the images where a list of checksums lies beside them.

    `load` verifies that list, so the answer holds for whatever was trained on.

    Raises
    ------
    InputError
        If the files are missing.
    """
    path = _path(dataset, root)
    if path.is_dir() and (path / "SHA256SUMS").is_file():
        sums = _recorded(path)
        return hashlib.sha256(repr(sorted(sums.items())).encode()).hexdigest()
    if dataset == FASHION_MNIST:
        raise InputError(f"data/{FASHION_MNIST}/SHA256SUMS is missing: restore it from the repository.")
    files = _idx_files(path).values() if path.is_dir() else [path]
    total = hashlib.sha256()
    for file in files:
        total.update(_contents(file))
    return total.hexdigest()


def training_examples(dataset, root="."):
    """Count the training examples that remain once the validation set is kept apart, from the labels alone.

    Raises
    ------
    InputError
        If the labels cannot be read.
    """
    path = _path(dataset, root)
    labels = _read_idx(_idx_files(path)["y_train"]) if path.is_dir() else _read_npz(path)["y_train"]
    return sum(
        count - round(VALIDATION_FRACTION * count) for count in np.unique(labels, return_counts=True)[1].tolist()
    )


def _path(dataset, root):
    path = Path(root, "data", FASHION_MNIST) if dataset == FASHION_MNIST else Path(root, dataset)
    if not path.exists():
        raise InputError(
            f"dataset: there is no {path.name} here; give {FASHION_MNIST}, a folder with IDX files, or a .npz file."
        )
    return path


def _idx_files(folder):
    files = {}
    for key, stem in zip(
        ("x_train", "y_train", "x_test", "y_test"),
        ("train-images", "train-labels", "t10k-images", "t10k-labels"),
        strict=True,
    ):
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


def _recorded(folder):
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    try:
        return {name.lstrip("*"): digest for digest, name in (line.split() for line in lines if line.strip())}
    except ValueError:
        raise InputError(f"{folder.name}/SHA256SUMS: each line must be a SHA-256 digest and a file's name.") from None


def _verify(folder, files):
    if not (folder / "SHA256SUMS").is_file():
        return
    recorded = _recorded(folder)
    for file in files.values():
        name = file.name.removesuffix(".gz")
        if recorded.get(name) != hashlib.sha256(_contents(file)).hexdigest():
            raise InputError(f"{folder.name}/{file.name} is not the file that SHA256SUMS names: get the file again.")


def _read_idx(file):
    """Read an IDX file of bytes (two zeros, the type 8, the rank, the big-endian lengths, the values)."""
    raw = _contents(file)
    rank = raw[3] if len(raw) > 3 else 0
    start = 4 + 4 * rank
    if raw[:3] != b"\0\0\x08" or not 1 <= rank <= 4 or len(raw) < start:
        raise InputError(f"{file.name} is not an IDX file of unsigned bytes.")
    shape = tuple(int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(rank))
    if len(raw) - start != np.prod(shape, dtype=np.int64):
        raise InputError(f"{file.name} says it holds {shape} bytes and holds {len(raw) - start}: get the file again.")
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)


def _read_npz(file):
    keys = ("x_train", "y_train", "x_test", "y_test")
    try:
        with np.load(file, allow_pickle=False) as archive:
            missing = [key for key in keys if key not in archive]
            if not missing:
                return {key: archive[key] for key in keys}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error):
        raise InputError(f"{file.name} is not a .npz file of plain arrays: get the file again.") from None
    raise InputError(f"{file.name} lacks {', '.join(missing)}: a .npz file needs {', '.join(keys)}.")


def _checked(x, y, what):
    x, y = np.asarray(x), np.asarray(y)
    if x.ndim == 3:
        x = x[..., np.newaxis]
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if x.ndim != 4 or 0 in x.shape or not (x.dtype == np.uint8 or np.issubdtype(x.dtype, np.floating)):
        raise InputError(
            f"{what}: images must be bytes or floating-point numbers of shape (n, height, width) or "
            f"(n, height, width, channels), not {x.dtype} of shape {x.shape}."
        )
    if y.shape != (len(x),) or not np.issubdtype(y.dtype, np.integer) or y.min() < 0:
        raise InputError(
            f"{what}: {len(x)} images need as many whole-number labels from 0, not {y.dtype} of shape {y.shape}."
        )
    if x.dtype == np.uint8:
        x = x.astype(np.float32) / np.float32(255)
    elif not (np.isfinite(x).all() and x.min() >= 0 and x.max() <= 1):
        raise InputError(f"{what}: floating-point images must be finite and lie in [0, 1]; divide bytes by 255.")
    return np.ascontiguousarray(x, np.float32), y.astype(np.int32)


def _stratified(labels):
    """Mark one fifth of each class, drawn by a generator of its own."""
    generator = np.random.default_rng(SPLIT_SEED)
    marked = np.zeros(len(labels), bool)
    for label in range(labels.max() + 1):
        members = generator.permutation(np.flatnonzero(labels == label))
        marked[members[: round(VALIDATION_FRACTION * len(members))]] = True
    return marked
