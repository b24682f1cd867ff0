"""What a build follows from, and whether the files of the last one still do."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from press.keeping.digests import code_folder, digest, package_versions
from press.keeping.kept import write_atomically
from press.project import Project
from press.settings import Settings

Goal = Literal["prepare", "render", "bundle"]
"""What was made: what the documents read; with it the PDF and the notebook; with these the zip."""

VERSIONED = (
    "keras",
    "tensorflow",
    "tensorflow-cpu",
    "numpy",
    "matplotlib",
    "sympy",
    "mpmath",
    "typst",
    "pypandoc-binary",
)

CODE = ("**/*.py", "**/*.lua", "**/*.typ")
BESIDE = ("*.bib", "*.csl", "*.lock")
SINGLE_SOURCES = ("_quarto.yml", "_environment", "pyproject.toml")
NO_SOURCES = re.compile(r"\.|.*~$|#.*#$|.*\.quarto_ipynb$|__pycache__$|_generated$|_output$|.*_files$")
"""Names of what editors and Quarto leave beside a source while it is open, and of what is generated."""


def sources(project: Project) -> list[Path]:
    """List the files that the submission is made from, but for data and kept results."""
    own_code = code_folder()
    folders = {own_code, *([project.code] if project.code.is_dir() else [])}
    found = {path for folder in folders for pattern in CODE for path in folder.glob(pattern)}
    if project.folder != project.root:
        found |= set(_below(project.folder))
    else:
        found |= {path for path in project.root.iterdir() if path.suffix in (".qmd", ".py", ".md")}
        found |= set(_below(project.root / "_extensions"))
        found.add(project.root / "matplotlibrc")
    found |= {path for pattern in BESIDE for path in project.root.glob(pattern)}
    found |= {project.root / name for name in SINGLE_SOURCES}
    found |= {project.path(document) for document in project.report.documents}
    if project.report.settings_file:
        found -= {project.settings_file}  # its values count, whichever way they are written
    return sorted(path for path in found if path.is_file() and not NO_SOURCES.match(path.name))


def _below(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        for path in folder.iterdir():
            if not NO_SOURCES.match(path.name):
                yield from _below(path) if path.is_dir() else (path,)


def _texts(project: Project) -> list[tuple[str, str]]:
    return [(_place(project, path), sha256(path)) for path in sources(project)]


def _place(project: Project, path: Path) -> str:
    for root in (project.root, code_folder()):
        if root in path.parents:
            return path.relative_to(root).as_posix()
    return path.name


def sources_key(project: Project, settings: Settings, renderer: str) -> str:
    """Digest everything that the submission follows from, but for the results that a build computes.

    Large files (data) count by name, size and time of change, here and among the results; where only these differ, the
    long way finds out that nothing has changed.
    """
    large = _stamps(project, project.data)
    for value in settings.dumped().values():  # a setting that names a file or a folder
        if isinstance(value, str) and value and (named := project.root / value).exists() and named != project.root:
            large += _stamps(project, named)
    return digest(_texts(project), large, settings.dumped(), renderer, package_versions(*VERSIONED), sys.version)


def results_key(project: Project) -> str:
    """Digest what is kept of long work and other computations."""
    return digest(_stamps(project, project.cache / "runs", project.cache / "products"))


def _stamps(project: Project, *places: Path) -> list[tuple[str, int, int]]:
    files = (path for place in places for path in ([place] if place.is_file() else sorted(place.rglob("*"))))
    return [
        (project.name(path), status.st_size, status.st_mtime_ns)
        for path in files
        if path.is_file() and (status := path.stat())
    ]


def sha256(path: Path) -> str:
    """Return the checksum of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def source_digest(project: Project, settings: Settings) -> str:
    """Digest the sources and settings that the PDF is made from."""
    return digest(_texts(project), settings.dumped())


def pdf_digest(sourced: str, inputs: Mapping[str, Any]) -> str:
    """Digest what the PDF is made from, results included; it carries this digest, and `check` compares it.

    Parameters
    ----------
    sourced
        The digest of its sources and settings.
    inputs
        The digests of what the documents' cells read (see `press.prepare.document_inputs`).
    """
    return digest(sourced, dict(inputs))


def state_file(project: Project, goal: Goal = "bundle") -> Path:
    """Name the record of the last build, or of the last time when the documents' inputs were brought up to date."""
    return project.cache / ("prepared.json" if goal == "prepare" else "state.json")


def is_current(project: Project, settings: Settings, renderer: str, goal: Goal) -> bool:
    """Whether the files of the last build are there, unharmed, and follow from what is there now."""
    try:
        state = json.loads(state_file(project, goal).read_text())
        return (
            state["goal"] in (goal, "bundle")
            and state["sources"] == sources_key(project, settings, renderer)
            and state["results"] == results_key(project)
            and all(sha256(project.root / name) == found for name, found in state["files"].items())
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def remember(project: Project, key: str, goal: Goal, files: list[Path]) -> None:
    """Keep what a build was made from: the digest of the sources as they were when it began."""
    generated = [project.variables_file] if project.variables_file.is_file() else []
    if project.report.notebook:
        generated.append(project.generated / f"{project.report.notebook.name}.ipynb")
    found = {path.relative_to(project.root).as_posix(): sha256(path) for path in [*files, *generated]}
    state = {"sources": key, "results": results_key(project), "goal": goal, "files": found}
    write_atomically(state_file(project, goal), json.dumps(state).encode())


def last_made(project: Project) -> dict[str, str]:
    """Return the checksums of the files that the last build left in the output folder; none if it failed."""
    try:
        files = json.loads(state_file(project).read_text())["files"]
        return {
            Path(name).name: found for name, found in files.items() if (project.root / name).parent == project.output
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
