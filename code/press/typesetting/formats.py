"""The Typst formats that Quarto extensions contribute, and which of them a document is set in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from handin import yaml_text
from handin.errors import InputError
from press import checksums
from press.keeping.digests import code_folder
from press.project import Project

LOOK = frozenset("papersize bibliographystyle font-paths filters".split())
"""What a document that names no format takes of the built-in one: its look, and none of its promises."""


@dataclass(frozen=True)
class Extension:
    """A Quarto extension that contributes a Typst format, as its ``_extension.yml`` describes it."""

    folder: Path
    options: Mapping[str, Any]

    @classmethod
    def load(cls, folder: Path) -> Extension:
        """Read an extension; one that is missing or contributes no Typst format is refused."""
        path = folder / "_extension.yml"
        try:
            text: Any = yaml_text.parse(path.read_text(encoding="utf-8"))  # a fault has no keys either
            return cls(folder, text["contributes"]["formats"]["typst"])
        except (OSError, UnicodeDecodeError, KeyError, TypeError):
            raise InputError(f"{folder.name}/{path.name} does not describe a Typst format: restore it.") from None

    @property
    def filters(self) -> list[Path]:
        """The Lua filters, in order; some belong to an extension beside this one."""
        names = [f["path"] if isinstance(f, dict) else f for f in self.options.get("filters", [])]
        return [Path(os.path.normpath(self.folder / name)) for name in names]

    @property
    def fonts(self) -> list[Path]:
        """The folders with fonts."""
        return [self.folder / name for name in self.options.get("font-paths", [])]

    @property
    def pdf_standards(self) -> list[str]:
        """The PDF standards that the format promises."""
        return list(self.options.get("pdf-standard", []))

    @property
    def promises(self) -> bool:
        """Whether the format promises a standard; then everything that it needs is asked for."""
        return bool(self.pdf_standards)

    def files(self) -> list[Path]:
        """Every file that shapes the pages: of the extension, and of those beside it whose filters it uses."""
        folders = {self.folder, *(path.parent for path in self.filters)}
        return sorted({path for folder in folders for path in folder.rglob("*") if path.is_file()})


def chosen(project: Project, options: Mapping[str, Any]) -> Extension:
    """Choose the format that a document's options, or those of ``_quarto.yml``, name.

    Quarto's name of an extension's format is the extension's, a dash, and ``typst``; one that is not there is refused.
    Where none is named, it is the built-in one, without its promises.
    """
    named = options.get("format")
    names = [str(name) for name in named] if isinstance(named, Mapping) else [str(named or "")]
    for name in (name for name in names if name.endswith("-typst")):
        for folder in (project.folder, project.root):
            found = folder / "_extensions" / name.removesuffix("-typst")
            if found.is_dir():
                return Extension.load(found)
        raise InputError(f"The format {name} is not there: put its extension into _extensions/.")
    own = Extension.load(builtin_format())
    return Extension(own.folder, {key: value for key, value in own.options.items() if key in LOOK})


@cache
def builtin_format() -> Path:
    """Find the format that this project ships, which is used where a document names none."""
    folder = code_folder().parent / "report" / "_extensions"
    found = [path.parent for path in sorted(folder.glob("*/_extension.yml")) if "typst:" in path.read_text()]
    if not found:
        raise InputError("The built-in format is missing: restore report/_extensions of the project.")
    return found[0]


def inside(folder: Path) -> str | None:
    """Name a folder of the built-in format as its template does, from the folder of this project; None if another."""
    root = code_folder().parent
    return "/" + folder.relative_to(root).as_posix() if root in folder.parents else None


def check_fonts(extension: Extension, root: Path) -> None:
    """Refuse fonts other than those that the checksums beside them name: Typst would take its own and say nothing."""
    for folder in extension.fonts:
        if (folder / checksums.SUMS).is_file() and (wrong := checksums.problems(folder, (".otf", ".ttf"))):
            name = folder.relative_to(root).as_posix() if root in folder.parents else folder.name
            raise InputError(
                f"{name}: {'; '.join(wrong[:3])}: restore the folder, or write its "
                f"{checksums.SUMS} anew if these are the fonts that you want."
            )
