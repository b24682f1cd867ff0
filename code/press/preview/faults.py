"""Says in one sentence, with file and line, what went wrong, whatever it was."""

from __future__ import annotations

import traceback
from dataclasses import replace
from pathlib import Path

from handin.errors import InputError, WorkError
from press.keeping.kept import hindered
from press.preview.board import Problem
from press.project import Project

AROUND = 2
"""Lines shown before and after the one that is wrong."""

SHOWN = frozenset(".qmd .py .yml .bib .typ .lua".split())
"""Files from which lines are shown."""


def sentence(error: BaseException, project: Project) -> str:
    """Return the sentence for the author: an error's own, or for any other exception its kind and its place."""
    if isinstance(error, InputError | WorkError):
        return str(error)
    if isinstance(error, OSError):
        return hindered(error, project.name)
    reason = (str(error).splitlines() or [""])[0]
    if isinstance(error, SyntaxError) and error.filename and _inside(Path(error.filename), project):
        return f"{project.name(Path(error.filename))}:{error.lineno}: SyntaxError: {error.msg}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if _inside(Path(f.filename), project)]
    place = f"{project.name(Path(frames[-1].filename))}:{frames[-1].lineno}: " if frames else ""
    return f"{place}{type(error).__name__}: {reason}"


def problem(error: BaseException, project: Project) -> Problem:
    """Return the problem that an exception stands for, with the lines around its place."""
    found = Problem.parse(sentence(error, project))
    path = project.root / found.file
    if not found.line or path.suffix not in SHOWN or not _inside(path, project):
        return found
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return found
    first, last = max(1, found.line - AROUND), min(len(lines), found.line + AROUND)
    return replace(found, excerpt=tuple((number, lines[number - 1]) for number in range(first, last + 1)))


def _inside(path: Path, project: Project) -> bool:
    root = project.root.resolve()
    resolved = path.resolve()
    return root in resolved.parents and not any(part.startswith(".") for part in resolved.relative_to(root).parts)
