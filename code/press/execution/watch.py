"""Notes, inside a kernel, which files its cells read and which folders they list: what they show follows from these.

Python tells an audit hook of everything that it opens. What a program written in another language opens, or a child
process, is not seen here: for that, all files beside the documents count (see `press.currency.beside`).
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable
from importlib.util import source_from_cache
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import unquote

from press.keeping.facts import Stamp, forget_bytecode, stamp

_CODE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ENGINE = tuple(os.path.join(_CODE, package, "") for package in ("press", "handin"))
INSTALLED = ("site-packages", "dist-packages")
STANDARD = os.path.dirname(os.path.abspath(os.__file__))


class Watch:
    """What a process has opened since it was installed."""

    def __init__(self) -> None:
        self.read: dict[str, Stamp | None] = {}
        self.written: set[str] = set()
        self.listed: set[str] = set()
        self.searched: set[str] = set()
        self.engine: set[str] = set()
        self.imported: set[str] = set()

    def install(self) -> None:
        """Begin to watch."""
        sys.addaudithook(self._hear)

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
        name, frame = os.path.abspath(os.fsdecode(path)), sys._getframe(2)
        if frame.f_code.co_filename == "<frozen importlib._bootstrap_external>" and name.endswith((".py", ".pyc")):
            if not flags & (os.O_WRONLY | os.O_RDWR):
                source = source_from_cache(name) if name.endswith(".pyc") else name
                if source != name and not any(folder in name for folder in INSTALLED):
                    forget_bytecode(source)  # it is told of before it is opened
                self.imported.add(source)
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
        if "importlib" in frame.f_code.co_filename:
            self.searched.add(os.path.abspath(os.fsdecode(path or ".")))
        elif not _caller(frame).startswith(ENGINE):
            self.listed.add(os.path.abspath(os.fsdecode(path or ".")))

    def _started(self, program: Any, arguments: Any, folder: Any = None, *_: Any) -> None:
        """Note the files that a child process is given by name."""
        given = [arguments] if isinstance(arguments, str | bytes | os.PathLike) else list(arguments or ())
        for text in map(os.fsdecode, given):
            for word in (text, *shlex.split(text)):
                if os.path.isfile(path := os.path.abspath(os.path.join(os.fsdecode(folder or "."), word))):
                    self._note(path, None)

    def _database(self, path: Any) -> None:
        name = os.fsdecode(path)
        if name.startswith("file:"):
            name = unquote(name.removeprefix("file:").partition("?")[0])
        self._note(os.path.abspath(name), None)
        self._replaced(name)

    def _replaced(self, *paths: Any) -> None:
        self.written.update(os.path.abspath(os.fsdecode(path)) for path in paths[:2] if not isinstance(path, int))

    def write(self, path: str) -> None:
        """Write as JSON what was noted."""
        libraries = {name.partition(".")[0] for name, module in list(sys.modules.items()) if _is_installed(module)}
        found = {
            "read": self.read,
            "written": sorted(self.written),
            "listed": sorted(self.listed),
            "searched": sorted(self.searched),
            "engine": sorted(self.engine),
            "imported": sorted(self.imported),
            "libraries": sorted(libraries),
        }
        Path(path).write_text(json.dumps(found), encoding="utf-8")


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
    "subprocess.Popen": Watch._started,
    "sqlite3.connect": Watch._database,
    "os.rename": Watch._replaced,
    "os.remove": Watch._replaced,
}

WATCH = Watch()
"""The watch of this process."""
