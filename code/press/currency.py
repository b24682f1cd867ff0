"""What a build follows from, and whether the files of the last one still do."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from handin.errors import InputError, WorkError
from press.execution import seen
from press.keeping.digests import code_folder, covered_files, digest, package_versions
from press.keeping.facts import Facts, Stamp, file_digest, reasons, stamp, stamps, trust
from press.keeping.kept import Kept
from press.project import Project
from press.settings import Settings
from press.source.options import moving_date

Goal = Literal["prepare", "render", "bundle"]
"""What was made: what the documents read; with it the PDF and the notebook; with these the zip."""

CODE = ("**/*.lua", "**/*.typ")
BESIDE = ("*.bib", "*.csl", "*.lock")
SINGLE_SOURCES = ("_quarto.yml", "_metadata.yml", "_environment", "pyproject.toml")
NO_SOURCES = re.compile(
    r"\.|.*~$|#.*#$|.*\.quarto_ipynb$|__pycache__$|_generated$|_output$|_variables\.yml$|.*_(files|cache)$"
)
"""Names of what editors and Quarto leave beside a source while it is open, and of what is generated."""

LEFT_BY_QUARTO = frozenset(".html .ipynb .log .pdf .tex .typ".split())
"""Endings of what Quarto leaves beside a document, under the document's name."""

RENDERING = ("pypandoc-binary", "typst")
"""Packages that set the pages."""

SET = frozenset(".bib .csl .gif .jpeg .jpg .lua .pdf .png .qmd .svg .typ .webp".split())
"""Endings of files that the renderer reads; where a cell opens one, that is seen."""


def sources(project: Project) -> list[Path]:
    """List the files that the submission is made from, but for data, kept results, and what lies in other places."""
    own_code = code_folder()
    folders = {own_code, *([project.code] if project.code.is_dir() else [])}
    found = {path for folder in folders for pattern in CODE for path in folder.glob(pattern)} | set(covered_files())
    found |= set(_beside_documents(project)) | set(_below(project.root / "_extensions"))
    found |= {path for pattern in BESIDE for path in project.root.glob(pattern)}
    found |= {project.root / name for name in SINGLE_SOURCES}
    found |= {project.path(document) for document in project.report.documents}
    if project.report.settings_file:
        found -= {project.settings_file}  # its values count, whichever way they are written
    return sorted(path for path in found if path.is_file() and not NO_SOURCES.match(path.name))


def beside(project: Project) -> tuple[Path, ...]:
    """List the files that a document's cells may read in ways that nobody sees: beside the documents, and the data.

    Beside a document that stands alone only code counts so; of all else, what it was seen to read.
    """
    found = [path for path in _beside_documents(project) if path.suffix.lower() not in SET]
    found = [path for path in found if "_extensions" not in path.parts]
    found += [*_below(project.data), project.root / "_environment"]
    apart = {project.settings_file, *([project.root / project.report.scheme] if project.report.scheme else ())}
    if any(path.suffix == ".md" for path in found):
        apart |= _read_by_documents(project)
    apart |= {project.root / name for names in _written(project).values() for name in names}
    return tuple(sorted(path for path in set(found) - apart if path.is_file()))


def _beside_documents(project: Project) -> Iterator[Path]:
    if project.folder == project.root:  # a document that stands alone may stand among all that its author has
        found = (path for path in project.root.iterdir() if path.suffix == ".py" or path.name == "matplotlibrc")
        yield from (path for path in found if path.is_file() and _is_source(path))
    else:
        yield from _below(project.folder)


def _below(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        for path in folder.iterdir():
            if path.is_dir() and not NO_SOURCES.match(path.name):
                yield from _below(path)
            elif _is_source(path):
                yield path


@functools.cache
def _own_logs() -> frozenset[tuple[int, int]]:
    """Find the files that this program's own words go to."""
    found = []
    for number in (1, 2):
        with contextlib.suppress(OSError):
            found.append(os.fstat(number))
    return frozenset(_identity(each) for each in found if stat.S_ISREG(each.st_mode))


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _is_source(path: Path) -> bool:
    if NO_SOURCES.match(path.name) or (_own_logs() and path.is_file() and _identity(path.stat()) in _own_logs()):
        return False
    return path.suffix not in LEFT_BY_QUARTO or not path.with_suffix(".qmd").is_file()


@dataclass
class Read:
    """What a build has read."""

    files: dict[Path, Stamp | None] = field(default_factory=dict)
    """The files that the documents were set from, as they were before."""
    seen: dict[str, Facts] = field(default_factory=dict)
    """What the cells were seen to read, by the document's name."""
    facts: dict[str, Facts] = field(default_factory=dict)
    """What else the cells depend on, by the document's name."""
    dates: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The word for a date that moves, and what it was, by the document's path."""

    def note(self, paths: Iterable[Path]) -> None:
        """Note files that are going to be read."""
        for path in paths:
            self.files.setdefault(path.resolve(), stamp(path))

    @property
    def edited(self) -> list[Path]:
        """The files that have changed since they were noted."""
        return [path for path, before in self.files.items() if stamp(path) != before]

    @property
    def written(self) -> set[str]:
        """The files that the cells wrote, by their names from the project's folder: they are no sources."""
        return {name for found in self.seen.values() for name in found.get(seen.WRITTEN, ())}

    def key(self) -> str:
        """Digest what the cells depend on beside their own text."""
        facts = {name: {**found, "cells": None} for name, found in self.facts.items()}
        return digest(facts, self.seen)


def _texts(project: Project, further: Iterable[Path] = ()) -> dict[str, str | None]:
    return _digests(project, sorted({*sources(project), *further}))


def _digests(project: Project, paths: Iterable[Path]) -> dict[str, str | None]:
    return {_place(project, path): file_digest(path) for path in paths}


def _place(project: Project, path: Path) -> str:
    for root in (project.root, code_folder().parent):
        if root in path.parents:
            return path.relative_to(root).as_posix()
    return Path(os.path.relpath(path, project.root)).as_posix()


def facts(project: Project, settings: Settings, renderer: str, further: Iterable[Path] = ()) -> Facts:
    """Find what the submission follows from, but for the results that a build computes.

    `further` are files that the last build read beside those that every build reads.
    """
    packages = {"python", *RENDERING, *(name for product in project.report.products for name in product.packages)}
    return {
        "sources": _texts(project, further),
        "data": _digests(project, _data(project, settings)),
        "settings": settings.dumped(),
        "renderer": renderer,
        "packages": package_versions(*sorted(packages)),
    }


def _data(project: Project, settings: Settings) -> Iterator[Path]:
    """List the data: what lies in its folder, and what a setting names."""
    yield from _below(project.data)
    for value in settings.dumped().values():
        if isinstance(value, str) and value and (named := project.root / value) != project.root and named.exists():
            yield from [named] if named.is_file() else _below(named)


def _results(project: Project) -> dict[str, str | None]:
    """Digest the records of long work and other computations."""
    found = (path for folder in project.results for path in folder.glob("*.json"))
    return _digests(project, sorted(found))


def _read_now(project: Project, settings: Settings) -> str:
    """Digest what of these records the documents read: there may be others."""
    from press.prepare import document_inputs

    with contextlib.suppress(InputError, WorkError):  # said when the documents are made
        return digest(document_inputs(project, settings))
    return ""


def source_texts(project: Project) -> dict[str, str | None]:
    """Digest each of the sources that the PDF is made from."""
    return _texts(project, _read_by_documents(project))


def source_digest(project: Project, settings: Settings) -> str:
    """Digest the sources and settings that the PDF is made from."""
    return digest(source_texts(project), settings.dumped())


def _written(project: Project) -> dict[str, list[str]]:
    """Name, for each document, the files that its cells were last seen to write: who reads them is seen too."""
    with contextlib.suppress(WorkError):
        return Kept(project.cache).load(WRITTEN) or {}
    return {}


def note_written(project: Project, document: str, names: Iterable[str]) -> None:
    """Keep the names of the files that the cells of a document wrote."""
    known = _written(project)
    if sorted(names) != known.get(document, []):
        found = known | {document: sorted(names)}
        Kept(project.cache).save(WRITTEN, digest(found), found)


def _read_by_documents(project: Project) -> set[Path]:
    """Name what the documents include and show, wherever in the project it lies."""
    from press.source import reading
    from press.source.refusals import IMAGE

    found: set[Path] = set()
    for document in project.report.documents:
        with contextlib.suppress(InputError):  # said when the document is built
            read = reading.read(project.path(document), project.root)
            found |= {path.resolve() for path in read.sources}
            for line in read.prose:
                names = (image["file"] for image in IMAGE.finditer(line.text))
                paths = (project.root / name[1:] if name[:1] == "/" else read.path.parent / name for name in names)
                found |= {path.resolve() for path in paths if os.path.isfile(path)}  # a name may be the image itself
    return {path for path in found if project.generated not in path.parents}


WRITTEN = "written"
"""The name of the record of the files that cells write."""

RECORDS = {"prepare": "prepared"}
"""The names of the records of what was made; everything but `prepare` shares one."""


def _state(project: Project, goal: Goal) -> dict[str, Any]:
    """Read what is kept of the last build, or of the last time when the documents' inputs were brought up to date."""
    with contextlib.suppress(WorkError):  # what cannot be read is made again
        return Kept(project.cache).load(RECORDS.get(goal, "state")) or {}
    return {}


def forget(project: Project) -> None:
    """Let no file of the output folder count as made from these sources."""
    (project.cache / "state.json").unlink(missing_ok=True)


def why_not(project: Project, settings: Settings, renderer: str | None, goal: Goal) -> tuple[str, ...]:
    """Say why the files of the last build are not what a build would make now; nothing if they are.

    Whoever set the PDF then is to set it now, if `renderer` is None.
    """
    try:
        state = _state(project, goal)
        if state["goal"] not in (goal, "bundle"):
            return ("never made",)
        kept, read = state["facts"], state["read"]
        trust(state["stamps"])
        further = [Path(os.path.normpath(project.root / name)) for name in state["further"]]
        now = facts(project, settings, kept["renderer"] if renderer is None else renderer, further)
        why = [*reasons(kept, now), *reasons(read, seen.now(read, project.root))]
        if state["results"] != _results(project) and state["inputs"] != _read_now(project, settings):
            why.append("its results changed")
        dates = (
            (name, str(moving_date(word, project.root / name)), was) for name, (word, was) in state["dates"].items()
        )
        why += [f"the date of {name} changed" for name, now_is, was in dates if now_is != was]
        why += [f"{name} changed" for name, was in state["files"].items() if file_digest(project.root / name) != was]
    except (KeyError, TypeError, AttributeError):  # of another release
        return ("never made",)
    return tuple(dict.fromkeys(why))


def remember(
    project: Project, settings: Settings, began_with: Facts, goal: Goal, files: list[Path], read: Read
) -> None:
    """Keep what a build was made from: the sources as they were when it began, and what else it read."""
    generated = [project.variables_file] if project.variables_file.is_file() else []
    if project.report.notebook:
        generated.append(project.generated / f"{project.report.notebook.name}.ipynb")
    found = {path.relative_to(project.root).as_posix(): file_digest(path) for path in [*files, *generated]}
    further = read.files.keys() - {path.resolve() for path in generated}
    sources_now, data_now = _texts(project, further), _digests(project, _data(project, settings))
    own = read.written
    state = {
        "goal": goal,
        "facts": {
            **began_with,
            "sources": sources_now | {name: was for name, was in began_with["sources"].items() if name not in own},
            "data": {name: now for name, now in data_now.items() if name in own}
            | {name: was for name, was in began_with["data"].items() if name not in own},
        },
        "further": sorted(os.path.relpath(path, project.root) for path in further),
        "read": seen.both(*read.seen.values()),
        "results": (results := _results(project)),
        "inputs": _read_now(project, settings),
        "files": found,
        "dates": read.dates,
        "stamps": stamps(project.root / name for name in (*began_with["data"], *results)),
    }
    Kept(project.cache).save(RECORDS.get(goal, "state"), digest(state), state)


def last_made(project: Project) -> dict[str, str]:
    """Return the checksums of the files that the last build left in the output folder; none if it failed."""
    files = _state(project, "bundle").get("files", {})
    return {Path(name).name: found for name, found in files.items() if (project.root / name).parent == project.output}
