"""Where everything of one report project lies."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from coursework.errors import InputError

MARKER = "_quarto.yml"


@dataclass(frozen=True)
class Project:
    """The folders and files of a report project.

    Parameters
    ----------
    root
        The folder that holds ``_quarto.yml`` and ``coursework.yml``.
    """

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Project:
        """Find the project that `start` (by default the working directory) lies in.

        Quarto names a folder in ``QUARTO_PROJECT_DIR``, which is taken first: the project's, or the document's own
        where the document is not one that the project renders, as the notebook's source is.

        Raises
        ------
        InputError
            If neither `start` nor a folder above it is a project.
        """
        start = (start or Path(os.environ.get("QUARTO_PROJECT_DIR") or Path.cwd())).resolve()
        for folder in (start, *start.parents):
            if (found := cls(folder)).is_there:
                return found
        raise InputError(f"No {MARKER} in this folder or above it: run the command inside the project.")

    @property
    def is_there(self) -> bool:
        """Whether the root is a project's."""
        return (self.root / MARKER).is_file()

    @property
    def settings_file(self) -> Path:
        """The author's inputs."""
        return self.root / "coursework.yml"

    @property
    def variables_file(self) -> Path:
        """The values that the prose prints, as both renderers read them."""
        return self.root / "_variables.yml"

    @property
    def report(self) -> Path:
        """The folder of the documents."""
        return self.root / "report"

    @property
    def generated(self) -> Path:
        """What `prepare` writes for the documents: the executed notebook and the digest cell."""
        return self.report / "_generated"

    @property
    def data(self) -> Path:
        """The data sets."""
        return self.root / "data"

    @property
    def cache(self) -> Path:
        """Everything that can be computed again."""
        return self.root / ".cache"

    @property
    def quarto_stamp(self) -> Path:
        """The digest of what Quarto's cache of executed cells was filled under."""
        return self.cache / "quarto.digest"

    @property
    def output(self) -> Path:
        """What is handed in."""
        return self.root / "_output"

    def name(self, path: Path) -> str:
        """Name `path` for a message: relative to the project where it lies inside, else the file's name alone."""
        try:
            return path.resolve().relative_to(self.root).as_posix()
        except ValueError:
            return path.name
