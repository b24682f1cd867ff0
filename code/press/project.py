"""Where everything of one report project lies, and which report it is."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handin import yaml_text
from handin.errors import InputError
from press import settings as press_settings
from press.report import Document, Report, imported

MARKER = "_quarto.yml"
DEFAULT = Report(document=Document("report/report.qmd"))


@dataclass(frozen=True)
class Project:
    """The folders and files of a report project."""

    root: Path
    """The folder that holds ``_quarto.yml``, or a document that stands alone."""
    report: Report = DEFAULT

    @classmethod
    def find(cls, start: Path | None = None) -> Project:
        """Find the project that `start` (by default the working directory) lies in.

        Quarto names a folder in ``QUARTO_PROJECT_DIR``, which is taken first: the project's, or the document's own
        where the document is not one that the project renders, as the notebook's source is.

        Raises
        ------
        InputError
            If neither `start` nor a folder above it is a project, or it names a report that is not there.
        """
        start = (start or Path(os.environ.get("QUARTO_PROJECT_DIR") or Path.cwd())).resolve()
        root = _root_above(start)
        if root is None:
            raise InputError(f"No {MARKER} in this folder or above it: run the command inside the project.")
        return cls(root, _declared(root) or Report(document=Document(_only_document(root))))

    @classmethod
    def of_document(cls, path: Path) -> Project:
        """Find the project of one document; a document in no project is one by itself, in its own folder.

        Raises
        ------
        InputError
            If the document is not there, or is no Quarto document.
        """
        path = path.resolve()
        if path.suffix != ".qmd":
            raise InputError(f"{path.name} is no Quarto document: name a file that ends in .qmd.")
        if not path.is_file():
            raise InputError(f"{path.name} is not there: name a document.")
        root = _root_above(path.parent) or path.parent
        name = path.relative_to(root).as_posix()
        declared = _declared(root)
        if declared is not None and any(document.path == name for document in declared.documents):
            return cls(root, declared)
        return cls(root, Report(document=Document(name)))

    @classmethod
    def unread(cls, document: Path | None) -> Project | None:
        """Find the project of a document, or of the working directory, without what it says of itself; None if none."""
        start = Path.cwd() if document is None else document.resolve().parent
        root = _root_above(start) or (start if document is not None and document.is_file() else None)
        return None if root is None else cls(root)

    @property
    def settings_file(self) -> Path:
        """The author's inputs; a report without settings has no such file."""
        return self.root / (self.report.settings_file or "settings.yml")

    def settings(self) -> Any:
        """Read the author's inputs; what is wrong with them is an `InputError` with file, line and key."""
        if self.report.settings_file is None:
            return self.report.settings()
        return press_settings.load(self.settings_file, self.report.settings, self.report.overrides)

    @property
    def variables_file(self) -> Path:
        """The values that the prose prints, as both renderers read them."""
        return self.root / "_variables.yml"

    @property
    def has_own_variables(self) -> bool:
        """Whether the author wrote that file, because the report computes no variables."""
        return not (self.report.variables or self.report.title_page) and self.variables_file.is_file()

    def path(self, document: Document) -> Path:
        """Return a document's file."""
        return self.root / document.path

    @property
    def folder(self) -> Path:
        """The folder of the documents."""
        return self.path(self.report.document).parent

    @property
    def generated(self) -> Path:
        """What `prepare` writes for the documents: the executed notebook."""
        return self.folder / "_generated"

    @property
    def data(self) -> Path:
        """The data sets."""
        return self.root / "data"

    @property
    def code(self) -> Path:
        """The report's own Python packages."""
        return self.root / "code"

    @property
    def cache(self) -> Path:
        """Everything that can be computed again."""
        return self.root / ".cache"

    @property
    def results(self) -> tuple[Path, ...]:
        """The folders of kept results: the products' and each step's."""
        return tuple(self.cache / name for name in ("products", *(step.name for step in self.report.steps)))

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


def _root_above(start: Path) -> Path | None:
    return next((folder for folder in (start, *start.parents) if (folder / MARKER).is_file()), None)


def _declared(root: Path) -> Report | None:
    """Import the report that ``[tool.press]`` of ``pyproject.toml`` names; None if none is named."""
    path = root / "pyproject.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("press", {})
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"pyproject.toml cannot be read: {str(error).splitlines()[0]}.") from None
    name = table.get("report") if isinstance(table, Mapping) else None
    if name is None:
        return None
    place = "pyproject.toml: tool.press.report"
    if not isinstance(name, str) or ":" not in name:
        raise InputError(f'{place} must name an object, such as "my_report:REPORT".')
    for folder in (root, root / "code"):
        if folder.is_dir() and str(folder) not in sys.path:
            sys.path.append(str(folder))
    try:
        report = imported(name)
    except InputError as error:
        raise InputError(f"{place}: {error}") from None
    if not isinstance(report, Report):
        raise InputError(f"{place}: {name} is a {type(report).__name__}, not a Report.")
    return report


def _only_document(root: Path) -> str:
    """Name the document that a plain Quarto project renders, from the project's folder."""
    options = yaml_text.parse((root / MARKER).read_text(encoding="utf-8-sig"))
    project = options.get("project") if isinstance(options, dict) else None
    rendered = project.get("render") if isinstance(project, dict) else None
    if isinstance(rendered, list) and len(rendered) == 1 and str(rendered[0]).endswith(".qmd"):
        return str(rendered[0])
    found = sorted(path.relative_to(root).as_posix() for path in root.glob("*.qmd") if not path.name.startswith("_"))
    if DEFAULT.document.path not in found and (root / DEFAULT.document.path).is_file():
        found.append(DEFAULT.document.path)
    if "index.qmd" in found:
        return "index.qmd"
    if len(found) == 1:
        return found[0]
    if not found:
        return DEFAULT.document.path  # whoever reads it says that it is missing
    raise InputError(f"Which of {', '.join(found)} is to be rendered? Name it, as in `press render {found[0]}`.")
