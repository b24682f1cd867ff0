"""Keeps computed results in files: atomic, self-checking, and read without executing anything.

A record is one JSON file: a header line with the digest of what the result depends on and the checksum of the body,
then the body. It is written to a unique temporary name and renamed, so that a reader sees a whole record or none, and
of two writers the last one wins with a whole record. A damaged record is set aside (``*.damaged``), named in a
warning, and counts as missing: it costs a computation, never a wrong result.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import json
import os
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handin.errors import WorkError
from press.keeping.facts import Facts, reasons

if TYPE_CHECKING:
    from press.project import Project

FORMAT = "kept-1"


def _out_of_place(path: Path) -> str | None:
    """Say what stands in the way where a file has the name of a folder, or a folder that of a file."""
    for folder in path.parents:
        if folder.exists() and not folder.is_dir():
            return f"{folder.name} is a file where a folder is needed: delete it."
    return f"{path.name} is a folder where a file is needed: delete it." if path.is_dir() else None


def hindered(error: OSError, named: Callable[[Path], str] = lambda path: path.name, path: Path | None = None) -> str:
    """Say which file (`path`, or the one that the system names) could not be read or written, and why, in words."""
    if path is not None and (blocked := _out_of_place(path)):
        return blocked
    found = path or (Path(os.fsdecode(error.filename)) if error.filename else None)
    name = named(found) if found else "A file"
    reason = error.strerror or type(error).__name__
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{name} cannot be read or written ({reason}): fix its permissions."
    if error.errno in NO_ROOM:
        return f"{name} cannot be written ({reason}): make room or fix the permissions."
    return f"{name}: {reason}."


NO_ROOM = frozenset((errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EFBIG))
"""What the system says where a disk is full or may not be written."""


def write_atomically(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file under a temporary name beside it, then rename it.

    Parameters
    ----------
    durable
        Whether to wait until the disk has it. What carries its own checksum and is quickly made again need not.

    Raises
    ------
    WorkError
        If the disk is full or the folder cannot be written; nothing is left behind.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise WorkError(hindered(error, path=path)) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise WorkError(hindered(error, path=path)) from None
        raise


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write a file only where its content differs, so that watchers and time stamps stay quiet; say whether it did."""
    if path.is_file() and path.read_bytes() == content:
        return False
    write_atomically(path, content)
    return True


def _encode(value: Any) -> Any:
    import numpy as np

    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise TypeError("arrays of objects cannot be kept")
        body = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
        return {"__array__": value.dtype.str, "shape": list(value.shape), "data": body}
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be kept")


def _decode(value: dict[str, Any]) -> Any:
    if "__array__" in value:
        import numpy as np

        raw = base64.b64decode(value["data"], validate=True)
        return np.frombuffer(raw, dtype=np.dtype(value["__array__"])).reshape(value["shape"]).copy()
    return value


def _parsed(content: bytes) -> tuple[dict[str, Any], bytes] | None:
    """Split a record into its header and its body; None if it is damaged."""
    head, _, body = content.partition(b"\n")
    try:
        header = json.loads(head)
        sound = header["format"].endswith(FORMAT) and header["sha256"] == hashlib.sha256(body[:-1]).hexdigest()
        sound = sound and isinstance(header["digest"], str)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return (header, body[:-1]) if sound else None


@dataclass(frozen=True)
class Kept:
    """A folder of kept results."""

    folder: Path
    """Where the records lie; made when the first one is saved."""

    def path(self, name: str) -> Path:
        """Return the file of a record."""
        return self.folder / f"{name}.json"

    def names(self) -> list[str]:
        """Name the records that are there, sorted."""
        return sorted(path.stem for path in self.folder.glob("*.json"))

    def state(self) -> dict[str, str]:
        """Return each record's header as it stands in its file, to see cheaply whether anything changed."""
        found = {}
        for name in self.names():
            with self.path(name).open("rb") as file:
                found[name] = file.readline(1000).decode(errors="replace").strip()
        return found

    def save(self, name: str, digest: str, payload: Any, *, facts: Facts | None = None, durable: bool = True) -> None:
        """Keep `payload` (JSON with NumPy arrays) under `name`, with the digest of what it depends on.

        With the `facts` that the digest is of, it can be said later what has changed.
        """
        body = json.dumps(payload, default=_encode, separators=(",", ":")).encode()
        header: dict[str, Any] = {"format": FORMAT, "digest": digest, "sha256": hashlib.sha256(body).hexdigest()}
        header |= {} if facts is None else {"facts": facts}
        write_atomically(self.path(name), json.dumps(header).encode() + b"\n" + body + b"\n", durable=durable)

    def _read(self, name: str) -> tuple[dict[str, Any], bytes] | None:
        path = self.path(name)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise WorkError(hindered(error, path=path)) from None
        record = _parsed(content)
        if record is None:
            self._set_aside(path)
        return record

    def harmed(self) -> dict[str, str]:
        """Name the damaged records and leave them where they are; those that cannot be read at all with the reason."""
        found = {}
        for name in self.names():
            try:
                if _parsed(self.path(name).read_bytes()) is None:
                    found[name] = ""
            except OSError as error:
                found[name] = error.strerror or type(error).__name__
        return found

    @staticmethod
    def _set_aside(path: Path) -> None:
        os.replace(path, path.with_suffix(".damaged"))
        warnings.warn(f"{path.name} was damaged: it is set aside and computed again.", stacklevel=4)

    def digest(self, name: str) -> str | None:
        """Return the digest under which `name` is kept, or None if it is missing or damaged."""
        record = self._read(name)
        return None if record is None else record[0]["digest"]

    def checksum(self, name: str) -> str | None:
        """Return the checksum of what is kept under `name`, or None if it is missing or damaged."""
        record = self._read(name)
        return None if record is None else record[0]["sha256"]

    def why(self, name: str, digest: str, facts: Facts) -> tuple[str, ...]:
        """Say why what is kept under `name` is not the record of `digest`, which is of `facts`; nothing if it is."""
        record = self._read(name)
        if record is not None and record[0]["digest"] == digest:
            return ()
        if record is not None and "facts" not in record[0]:
            return (f"its {', '.join(facts)} changed",)
        return reasons(None if record is None else record[0]["facts"], facts)

    def load(self, name: str, digest: str | None = None) -> Any | None:
        """Return what is kept under `name`, or None if it is missing, damaged, or of another digest."""
        record = self._read(name)
        if record is None or (digest is not None and record[0]["digest"] != digest):
            return None
        return json.loads(record[1], object_hook=_decode)


class NotMade(WorkError):
    """A product or step of the report is asked for that is still to be made: a preview shows the rest meanwhile."""

    def __init__(self, name: str, why: str):
        super().__init__(why)
        self.name = name


_UNMADE = "PRESS_UNMADE"
"""Set in the environment: the results that are being made, and that nobody may read meanwhile."""


def setting_unmade(names: Iterable[str]) -> str:
    """Return the line of Python after which these results of the report count as not made yet."""
    return f"import os as _os; _os.environ[{_UNMADE!r}] = {' '.join(sorted(names))!r}; del _os"


@contextlib.contextmanager
def unmade(names: Iterable[str]) -> Iterator[None]:
    """Let these results of the report count as not made yet."""
    before = os.environ.get(_UNMADE, "")
    os.environ[_UNMADE] = " ".join(sorted(names))
    try:
        yield
    finally:
        os.environ[_UNMADE] = before


def require_made(name: str) -> None:
    """Raise `NotMade` for a product or step that is being made; whoever reads a step's results asks first."""
    if name in os.environ.get(_UNMADE, "").split():
        raise NotMade(name, f"The {name} of this report is being made.")


def product(name: str) -> Any:
    """Return what was computed for the documents under `name`, or raise `NotMade`; a document's cell asks for it."""
    from press.project import Project

    require_made(name)
    payload = products(Project.find()).load(name)
    if payload is None:
        raise NotMade(name, f"The {name} of this report has not been computed yet: run `make submission`.")
    return payload


def products(project: Project) -> Kept:
    """Return the folder of what is computed for the documents."""
    return Kept(project.cache / "products")
