"""Which files shape the pages, and what must be done again when one of them changes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from enum import IntEnum
from pathlib import Path

from press.keeping.digests import code_folder
from press.project import Project

SINGLE_FILES = frozenset("_quarto.yml _environment".split())
BIBLIOGRAPHY = frozenset((".bib", ".csl"))
TEMPORARY = ("~", ".swp", ".swx", ".part", ".tmp", ".pyc", "4913")
GENERATED = frozenset("__pycache__ _generated _output".split())

STEP = 6
"""Milliseconds without a further change after which a change counts as finished: editors write in several steps."""


class Effect(IntEnum):
    """What a change asks for; each includes the ones before it."""

    NOTHING = 0
    DOCUMENTS = 1
    PREPARATION = 2
    RESTART = 3


def running_code(project: Project) -> frozenset[Path]:
    """Return the files of the engine and of the report that this very process has loaded."""
    files = (getattr(module, "__file__", None) for module in tuple(sys.modules.values()))
    loaded = (Path(file).resolve() for file in files if file)
    return frozenset(path for path in loaded if code_folder() in path.parents or project.code in path.parents)


def effect(path: Path, project: Project, running: Iterable[Path] = frozenset()) -> Effect:
    """Say what the change of a file asks for.

    Parameters
    ----------
    path
        The file.
    project
        The project.
    running
        The files of the preview's own code: it cannot change while it runs.
    """
    if path.name.endswith(TEMPORARY) or path.name.startswith((".", "#")):
        return Effect.NOTHING
    try:
        parts = path.relative_to(project.root).parts
    except ValueError:
        return Effect.PREPARATION  # the data set lies elsewhere
    if GENERATED.intersection(parts) or any(part.startswith(".") or part.endswith("_files") for part in parts):
        return Effect.NOTHING
    if path in running or path.name == "_environment":
        return Effect.RESTART
    if path == project.settings_file or parts[0] == "data" or (parts[0] == "code" and path.suffix == ".py"):
        return Effect.PREPARATION
    if len(parts) == 1 and path.name not in SINGLE_FILES and path.suffix not in BIBLIOGRAPHY | {".qmd"}:
        return Effect.NOTHING
    return Effect.DOCUMENTS


def folders(project: Project, further: Iterable[Path] = ()) -> frozenset[Path]:
    """Return the folders to watch with all that is in them: the project's own, and those of further files."""
    own = [project.folder, project.code, project.data]
    found = [path.parent if path.is_file() else path for path in further]
    elsewhere = [path for path in found if path != project.root and not any(o in (path, *path.parents) for o in own)]
    return frozenset(path for path in (*own, *elsewhere) if path.is_dir())


async def changes(project: Project, further: Callable[[], Iterable[Path]]) -> AsyncIterator[set[Path]]:
    """Yield the files that have changed, as they change, for ever.

    Parameters
    ----------
    project
        The project.
    further
        Names files outside the project's usual folders that shape the pages at the moment.
    """
    found: asyncio.Queue[set[Path]] = asyncio.Queue()
    tasks = [
        asyncio.create_task(_follow_root(project, found)),
        asyncio.create_task(_follow_folders(project, further, found)),
    ]
    try:
        while True:
            waiting = asyncio.create_task(found.get())
            await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                waiting.cancel()
                for task in tasks:
                    if task.done():
                        task.result()
                return
            yield waiting.result()
    finally:
        for task in tasks:
            task.cancel()


async def _follow_root(project: Project, found: asyncio.Queue) -> None:
    """Follow the files beside the folders. The folder is watched, since a file that is replaced has a new identity."""
    from watchfiles import awatch

    async for batch in awatch(project.root, watch_filter=None, recursive=False, step=STEP, debounce=200):
        found.put_nowait({Path(name) for _, name in batch})


async def _follow_folders(project: Project, further: Callable[[], Iterable[Path]], found: asyncio.Queue) -> None:
    from watchfiles import awatch

    watched: frozenset[Path] = frozenset()
    while True:
        before, watched = watched, folders(project, further())
        if before:
            # A folder came or went: what happened in it meanwhile was not seen.
            found.put_nowait({folder / "…" for folder in before ^ watched} or {project.folder / "…"})
        if not watched:
            await asyncio.sleep(1)
            continue
        async for batch in awatch(
            *watched, watch_filter=None, step=STEP, debounce=200, rust_timeout=1000, yield_on_timeout=True
        ):
            if batch:
                found.put_nowait({Path(name) for _, name in batch})
            if folders(project, further()) != watched:
                break
