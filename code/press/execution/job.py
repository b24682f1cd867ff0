"""What is executed: a document's cells, and the facts that their outputs follow from."""

from __future__ import annotations

import contextlib
import functools
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from press.execution.kernel import PRELOADED
from press.execution.waiting import is_waiting
from press.keeping import installed
from press.keeping.digests import (
    by_file,
    digest,
    imported_modules,
    look_again,
    module_digest,
    module_facts,
    module_file,
    normalised,
)
from press.keeping.facts import Facts, file_digest
from press.source.qmd import Cell, Document

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}

KERNEL_PACKAGES = ("ipykernel", "ipython", "matplotlib-inline")
"""Packages that stand between a cell and its output; those that it imports are seen when it is executed."""

Outputs = tuple[tuple[dict[str, Any], ...], ...]
"""For each cell its outputs, as nbformat writes them."""


@dataclass(frozen=True)
class Execution:
    """What a document's cells show, and how that came about."""

    outputs: Outputs
    """For each cell its outputs; a cell with ``eval: false`` has none."""
    ran: bool
    """Whether anything ran now."""
    is_whole: bool
    """Whether all outputs come from one execution of all cells in a fresh kernel."""
    seen: Facts = field(default_factory=dict)
    """What the cells were seen to read."""

    @property
    def waits(self) -> bool:
        """Whether something stands in for an output that is not there yet."""
        return any(is_waiting(output) for outputs in self.outputs for output in outputs)


@dataclass(frozen=True)
class Job:
    """One document to execute."""

    document: Document
    folder: Path
    """The kernel's working directory."""
    figure_formats: tuple[str, ...]
    """What matplotlib's figures are kept as: ``svg``, ``png``."""
    inputs: Mapping[str, Any]
    """What else the outputs depend on: settings, kept results; anything that can be written as JSON."""
    root: Path | None = None
    """The project's folder, from which files are named; the working directory if left out."""
    beside: tuple[Path, ...] = ()
    """Files that the cells may read in ways that nobody sees."""
    kept: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    """The folders in the project's cache that hold results, and what of them is among `inputs`: names from the root."""
    unmade: frozenset[str] = frozenset()
    """The products and steps of the report that are being made: cells that read them wait."""

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells that are executed."""
        return tuple(cell for cell in self.document.cells if cell.options.get("eval", True))

    @property
    def place(self) -> Path:
        """The folder from which files are named."""
        return self.root or self.folder

    @functools.cached_property
    def modules(self) -> tuple[str, ...]:
        """The project's modules that the cells import."""
        look_again()
        found: set[str] = set()
        for cell in self.cells:
            with contextlib.suppress(SyntaxError):  # the kernel will say so, with its line
                found.update(imported_modules(cell.code))
        return tuple(sorted(found))

    @functools.cached_property
    def module_files(self) -> list[Path]:
        """The files of the modules that the cells import, and that these do."""
        return [path for path in map(module_file, module_facts(*self.modules)) if path is not None]

    @property
    def preloaded(self) -> tuple[str, ...]:
        """The packages that a kernel for this document may import ahead: those that its code names."""
        texts = (path.read_text(encoding="utf-8") for path in self.module_files)
        text = "\n".join([*(cell.code for cell in self.cells), *texts])
        return tuple(name for name in PRELOADED if re.search(rf"^\s*(import|from)\s+{name}\b", text, flags=re.M))

    def facts(self) -> Facts:
        """Find what the outputs depend on, as it is when first asked, but for what is only seen as cells run."""
        return self._first_found

    @functools.cached_property
    def _first_found(self) -> Facts:
        found = {
            "cells": digest([normalised(cell.keyed) for cell in self.cells]),
            "document": self.document.name,
            "code": by_file(module_facts(*self.modules), self.place),
            "files": files(self.beside, self.place),
            "figures": digest(list(self.figure_formats)),
            "packages": {name: installed.version(name) for name in KERNEL_PACKAGES},
            **self.inputs,
        }
        as_read_back: Facts = json.loads(json.dumps(found, default=str))
        return as_read_back

    def dependencies(self) -> dict[str, str]:
        """Digest each kind of thing that the outputs depend on, by its name for people."""
        return {name: digest(found) for name, found in self.facts().items()}

    def without(self, names: Collection[str]) -> Job:
        """Return the same job, as it is now, without some of the files beside it: its cells have written them."""
        return replace(self, beside=tuple(path for path in self.beside if self._name(path) not in names))

    def facts_without(self, other: Job) -> Facts:
        """Return the facts, as they were first found, of the files that another job has too."""
        files = {self._name(path) for path in other.beside}
        kept = {name: found for name, found in self._first_found["files"].items() if name in files}
        return {**self._first_found, "files": kept}

    def _name(self, path: Path) -> str:
        return path.relative_to(self.place).as_posix()


def files(paths: Iterable[Path], root: Path) -> dict[str, str | None]:
    """Digest files, named from the folder `root`; of modules only what counts."""
    return {
        path.relative_to(root).as_posix(): module_digest(path) if path.suffix == ".py" else file_digest(path)
        for path in paths
    }
