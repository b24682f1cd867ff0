"""Notes, inside a kernel, which files its cells read and which folders they list: what they show follows from these.

Python tells an audit hook of everything that it opens. What a program written in another language opens, or a child
process, is not seen here: for that, all files beside the documents count (see `press.currency.beside`).
"""

from __future__ import annotations

import glob
import json
import os
import re
import sys
from collections.abc import Callable
from importlib.util import source_from_cache
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import unquote

from press.keeping.facts import Stamp, forget_bytecode, listing, stamp

_CODE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ENGINE = tuple(os.path.join(_CODE, package, "") for package in ("press", "handin"))
INSTALLED = ("site-packages", "dist-packages")
STANDARD = os.path.dirname(os.path.abspath(os.__file__))
_WORD = re.compile(r"'([^']+)'|\"([^\"]+)\"|([^\s'\"`|<>;&()]+)")


class Watch:
    """What a process has opened since it was installed."""

    def __init__(self) -> None:
        self.read: dict[str, Stamp | None] = {}
        self.written: set[str] = set()
        self.listed: dict[str, list[str] | None] = {}
        self.searched: set[str] = set()
        self.engine: set[str] = set()
        self.imported: dict[str, Stamp | None] = {}

    def install(self) -> None:
        """Begin to watch."""
        sys.addaudithook(self._hear)

    def begin_again(self) -> None:
        """Forget what an earlier execution wrote, and read of what has changed since: what matters is read again."""
        self.read = {name: before for name, before in self.read.items() if before == stamp(name)}
        self.written.clear()
        self.listed.clear()
        self.imported.clear()

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _EVENTS:
            return
        try:
            _EVENTS[event](self, *arguments)
        except Exception:  # a cell must not fail because it is watched
            return

    def _opened(self, path: Any, mode: str | None, flags: int) -> None:
        if isinstance(path, int):
            return
        name, frame = _whole(path), sys._getframe(2)
        if frame.f_code.co_filename == "<frozen importlib._bootstrap_external>" and name.endswith((".py", ".pyc")):
            if not flags & (os.O_WRONLY | os.O_RDWR):
                source = source_from_cache(name) if name.endswith(".pyc") else name
                if source != name and not any(folder in name for folder in INSTALLED):
                    forget_bytecode(source)  # it is told of before it is opened
                self.imported.setdefault(source, stamp(source))
            return
        new = bool(mode and set(mode) & set("wx")) or bool(flags & (os.O_TRUNC | os.O_EXCL))
        if not new and not flags & os.O_WRONLY and (name not in self.written or name in self.read):
            self._note(name, frame)
        if new or (mode and set(mode) & set("a+")) or flags & (os.O_WRONLY | os.O_RDWR):
            self.written.add(name)

    def _note(self, name: str, frame: FrameType | None) -> None:
        if name not in self.read:
            self.read[name] = stamp(name)
            if _caller(frame).startswith(ENGINE):
                self.engine.add(name)
        elif name in self.engine and not _caller(frame).startswith(ENGINE):
            self.engine.discard(name)

    def _listing(self, path: Any = ".") -> None:
        frame = sys._getframe(2)
        if isinstance(path, int):
            return
        name = _whole(path or ".")
        if "importlib" in frame.f_code.co_filename:
            self.searched.add(name)
        elif name not in self.listed and not _caller(frame).startswith(ENGINE):
            self.listed[name] = None  # to list it here is heard too
            self.listed[name] = listing(name)

    def _imported(self, module: str, file: Any, *_: Any) -> None:
        if file is not None:  # a library, which no Python opens
            self._note(_whole(file), None)

    def _started(self, program: Any, arguments: Any, folder: Any = None, *_: Any) -> None:
        """Note the files that a child process is given by name, as they are when all is done: it may write them."""
        given = [arguments] if isinstance(arguments, str | bytes | os.PathLike) else list(arguments or ())
        for text in map(os.fsdecode, given):
            for word in (text, *("".join(found) for found in _WORD.findall(text))):
                path = os.path.join(os.fsdecode(folder or "."), word)
                for each in glob.glob(path) if glob.has_magic(path) else [path]:
                    if os.path.isfile(each):
                        self.read.setdefault(_whole(each), None)

    def _shell(self, command: Any) -> None:
        self._started(None, command)

    def cell(self, text: str) -> None:
        """Note the files that a cell names, if it may hand something to a shell in IPython's ways."""
        if "!" in text or text.lstrip().startswith("%%"):
            self._started(None, text)

    def _database(self, path: Any) -> None:
        name = os.fsdecode(path)
        if name.startswith("file:"):
            name = unquote(name.removeprefix("file:").partition("?")[0])
        self._note(_whole(name), None)
        self._replaced(name)

    def _replaced(self, *paths: Any) -> None:
        self.written.update(_whole(path) for path in paths[:2] if not isinstance(path, int))

    def write(self, path: str) -> None:
        """Write as JSON what was noted."""
        libraries = {name.partition(".")[0] for name, module in list(sys.modules.items()) if _is_installed(module)}
        found = {
            "read": self.read,
            "written": sorted(self.written),
            "listed": self.listed,
            "searched": sorted(self.searched),
            "engine": sorted(self.engine),
            "imported": self.imported,
            "libraries": sorted(libraries),
        }
        Path(path).write_text(json.dumps(found), encoding="utf-8")


def _whole(path: Any) -> str:
    """Return a path from the root; behind a link, ``..`` is the folder above what it leads to."""
    name = os.fsdecode(path)
    return os.path.realpath(name) if ".." in name.split(os.sep) else os.path.abspath(name)


def _is_installed(module: object) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and any(folder in file for folder in INSTALLED)


def _caller(frame: FrameType | None) -> str:
    """Return the file of the code that asked, whichever functions of the standard library are in between."""
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((STANDARD, "<frozen")):
            return file
        frame = frame.f_back
    return ""


_EVENTS: dict[str, Callable[..., None]] = {
    "open": Watch._opened,
    "os.listdir": Watch._listing,
    "os.scandir": Watch._listing,
    "import": Watch._imported,
    "os.system": Watch._shell,
    "subprocess.Popen": Watch._started,
    "sqlite3.connect": Watch._database,
    "os.rename": Watch._replaced,
    "os.remove": Watch._replaced,
}

WATCH = Watch()
"""The watch of this process."""
