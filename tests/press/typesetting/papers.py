"""A paper by itself in an otherwise empty folder, set again and again with one kernel for the tests of this folder."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import pypdfium2

from press import environment
from press.build import Builder, Purpose
from press.project import Project

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'


@dataclass(frozen=True)
class Set:
    """A paper that was set: its Typst, the text that stands within its pages, and what the author was told."""

    typst: str
    text: str
    told: tuple[str, ...]


class Papers:
    """Sets one text after another in one folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "paper.qmd"
        self.path.write_text("")
        project = Project.of_document(self.path)
        environment.apply(project)
        self.builder = Builder(project, Purpose.PREVIEW)

    def typst(self, text: str, **files: str) -> str:
        """Turn a text into Typst, without setting the pages."""
        self._write(text, files)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.builder.report().text

    def _write(self, text: str, files: dict[str, str]) -> None:
        for name, content in files.items():
            (self.folder / name.replace("_", ".")).write_text(content, encoding="utf-8")
        self.path.write_text(text, encoding="utf-8")

    def set(self, text: str, **files: str) -> Set:
        """Set a text; further files lie beside it, with an underscore for the dot in their names."""
        self._write(text, files)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            typst = self.builder.report().text
            pdf = self.builder.typesetter.compile(typst)
        pages = pypdfium2.PdfDocument(pdf)
        words = " ".join(" ".join(page.get_textpage().get_text_bounded() for page in pages).split())
        said = tuple(str(each.message) for each in told if each.category is UserWarning)
        return Set(typst, words.replace("\ufffe", "-"), said)
