"""Which files shape the pages, and what must be done again when one of them changes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from enum import IntEnum
from pathlib import Path

from press.keeping.digests import covered
from press.project import Project

SINGLE_FILES = frozenset("_quarto.yml _metadata.yml _environment".split())
BIBLIOGRAPHY = frozenset((".bib", ".csl"))
TEMPORARY = ("~", ".swp", ".swx", ".pyc", "4913")
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
    own = {*covered(), project.code, project.folder}
    return frozenset(path for path in loaded if own.intersection(path.parents) and "site-packages" not in path.parts)


def effect(
    path: Path, project: Project, running: Collection[Path] = frozenset(), read: Collection[Path] = frozenset()
) -> Effect:
    """Say what the change of a file asks for.

    Parameters
    ----------
    running
        The files of the preview's own code: it cannot change while it runs.
    read
        The files that the pages were made from the last time.
    """
    is_read = path in read or path.parent in read  # a folder that was listed
    if not is_read and (path.name.endswith(TEMPORARY) or path.name.startswith((".", "#"))):
        return Effect.NOTHING
    try:
        parts = path.relative_to(project.root).parts
    except ValueError:
        return Effect.PREPARATION  # the data set lies elsewhere
    is_hidden = any(part.startswith(".") or part.endswith("_files") for part in parts)
    if GENERATED.intersection(parts) or (is_hidden and not is_read):
        return Effect.NOTHING
    if path in running or path.name == "_environment":
        return Effect.RESTART
    is_variables = path == project.variables_file and project.has_own_variables  # else a build writes it
    if (
        is_variables
        or path == project.settings_file
        or parts[0] == "data"
        or (path.suffix == ".py" and (parts[0] == "code" or project.report.products or project.report.variables))
    ):
        return Effect.PREPARATION
    is_source = path.name in SINGLE_FILES or path.suffix in BIBLIOGRAPHY | {".qmd"}
    if len(parts) == 1 and project.folder != project.root and not is_source and not is_read:
        return Effect.NOTHING
    return Effect.DOCUMENTS


def folders(project: Project, further: Iterable[Path] = ()) -> frozenset[Path]:
    """Return the folders to watch with all that is in them: the project's own, and those of further files in it."""
    own = [path for path in (project.folder, project.code, project.data) if path != project.root]
    found = [path.parent if path.is_file() else path for path in further]
    elsewhere = [path for path in found if not any(folder in (path, *path.parents) for folder in own)]
    inside = (path for path in (*own, *elsewhere) if project.root in path.parents)
    return frozenset(path for path in inside if path.is_dir())


def outside(project: Project, further: Iterable[Path] = ()) -> frozenset[Path]:
    """Return the folders outside the project that hold further files: these alone count there, whatever else is in."""
    found = (path if path.is_dir() else path.parent for path in further if project.root not in path.parents)
    return frozenset(path for path in found if path.is_dir())


async def changes(project: Project, further: Callable[[], Iterable[Path]]) -> AsyncIterator[set[Path]]:
    """Yield the files that have changed, as they change, for ever.

    `further` names files outside the project's usual folders that shape the pages at the moment.
    """
    found: asyncio.Queue[set[Path]] = asyncio.Queue()
    tasks = [
        # Beside the folders the root itself is watched, since a file that is replaced has a new identity.
        asyncio.create_task(_follow(lambda: frozenset([project.root]), found, recursive=False)),
        asyncio.create_task(_follow(lambda: folders(project, further()), found, is_complete=True)),
        asyncio.create_task(_follow(lambda: outside(project, further()), found, recursive=False, only=further)),
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


async def _follow(
    wanted: Callable[[], frozenset[Path]],
    found: asyncio.Queue[set[Path]],
    *,
    is_complete: bool = False,
    recursive: bool = True,
    only: Callable[[], Iterable[Path]] | None = None,
) -> None:
    """Follow what happens in some folders: all that is in them, or some files only."""
    from watchfiles import awatch

    watched = wanted()
    while True:
        before, watched = watched, wanted()
        if before != watched and is_complete:
            # A folder came or went: what happened in it meanwhile was not seen.
            found.put_nowait({folder / "…" for folder in before ^ watched})
        if not watched:
            await asyncio.sleep(1)
            continue
        async for batch in awatch(
            *watched,
            watch_filter=None,
            step=STEP,
            debounce=200,
            rust_timeout=1000,
            yield_on_timeout=True,
            recursive=recursive,
        ):
            changed = {Path(name) for _, name in batch}
            wanted_files = set(only()) if only is not None else set()
            if changed := {path for path in changed if only is None or {path, path.parent} & wanted_files}:
                found.put_nowait(changed)
            if wanted() != watched:
                break
