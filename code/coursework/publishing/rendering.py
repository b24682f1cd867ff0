"""Sets a document: Markdown through pandoc and the Lua filters to Typst, and Typst to a tagged PDF.

pandoc runs once a chapter, and what it made is kept under the digest of the chapter, the filters and pandoc itself;
Typst's compiler stays alive in a `Typesetter` and compiles again only what changed.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from coursework.digests import digest, package_versions
from coursework.errors import InputError, WorkError
from coursework.kept import write_if_changed
from coursework.publishing import qmd
from coursework.publishing.qmd import Document

HERE = Path(__file__).resolve().parent
FORMAT = "coursework-typst"
BODY = "COURSEWORK-BODY"

FRONT_MATTER = frozenset("title subtitle abstract student-id module submitted lang keywords execute jupyter".split())

READER = "markdown-auto_identifiers+autolink_bare_uris-raw_html+raw_attribute"


@dataclass(frozen=True)
class Extension:
    """A Quarto extension that contributes a Typst format, as its ``_extension.yml`` describes it."""

    folder: Path
    options: Mapping[str, Any]

    @classmethod
    def load(cls, folder: Path) -> Extension:
        """Read an extension.

        Raises
        ------
        InputError
            If it is missing or contributes no Typst format.
        """
        path = folder / "_extension.yml"
        try:
            options = yaml.safe_load(path.read_text(encoding="utf-8"))["contributes"]["formats"]["typst"]
        except (OSError, yaml.YAMLError, KeyError, TypeError):
            raise InputError(f"{folder.name}/_extension.yml does not describe a Typst format: restore it.") from None
        return cls(folder, options)

    @property
    def filters(self) -> list[Path]:
        """The Lua filters, in order."""
        return [self.folder / (f["path"] if isinstance(f, dict) else f) for f in self.options.get("filters", [])]

    @property
    def fonts(self) -> list[Path]:
        """The folders with fonts."""
        return [self.folder / name for name in self.options.get("font-paths", [])]

    @property
    def pdf_standards(self) -> list[str]:
        """The PDF standards that the format promises."""
        return list(self.options.get("pdf-standard", []))

    def files(self) -> list[Path]:
        """Every file of the extension that shapes the pages."""
        return sorted(path for path in self.folder.rglob("*") if path.is_file())


@cache
def pandoc() -> Path:
    """Return the pandoc binary that the package pypandoc-binary holds.

    Its own look-up is not used: it logs a traceback where the system has no pandoc.
    """
    from importlib.util import find_spec

    spec = find_spec("pypandoc")
    path = Path(spec.origin).parent / "files" / "pandoc" if spec and spec.origin else None
    if path is None or not path.is_file():
        raise WorkError("pandoc is not installed: run 'make' again, it installs the package pypandoc-binary.")
    return path


class PandocFailure(Exception):
    """pandoc or a filter refused the text; the message is the filter's own."""


def run_pandoc(text: str, arguments: Sequence[str], folder: Path) -> str:
    """Run pandoc on a text.

    Raises
    ------
    PandocFailure
        With the last line that pandoc or a filter said.
    """
    done = subprocess.run(
        [str(pandoc()), *arguments], input=text.encode(), capture_output=True, cwd=folder, check=False, timeout=300
    )
    if done.returncode:
        raise PandocFailure(_filter_message(done.stderr.decode(errors="replace")))
    return done.stdout.decode()


def _filter_message(stderr: str) -> str:
    lines = [line for line in stderr.strip().splitlines() if line.strip()]
    body: list[str] = []
    for line in lines:
        if line.startswith(("stack traceback:", "\t")):
            break
        if line.startswith("Error running filter"):
            line = line.split(":", 1)[1].strip()
        if line:
            body.append(re.sub(r"^\S+\.lua:\d+: ", "", line))
    return " ".join(body) or "pandoc failed"


class Typesetter:
    """Turns a document's Markdown into Typst and PDF, and keeps pandoc's work and Typst's compiler from edit to edit.

    Parameters
    ----------
    root
        The project's folder, which is Typst's root.
    extension
        The format.
    cache
        A folder for pandoc's results and the Typst source.
    """

    def __init__(self, root: Path, extension: Extension, cache: Path):
        self.root = root
        self.extension = extension
        self.cache = cache
        self._memory: dict[str, str] = {}
        self._compiler: Any = None

    def typst_source(self, document: Document, chapters: Sequence[str], metadata: Mapping[str, Any]) -> str:
        """Turn a document into Typst.

        Parameters
        ----------
        document
            The document, for the places of errors.
        chapters
            Its Markdown, chapter by chapter.
        metadata
            What the template reads.

        Raises
        ------
        InputError
            If a formula or construct cannot be set, with its place.
        """
        filters = [HERE / "filters" / "quarto.lua", *self.extension.filters]
        scripts = sorted({path for f in filters for path in f.parent.glob("*.lua")})
        tools = digest([path.read_text(encoding="utf-8") for path in scripts], package_versions("pypandoc-binary"))
        arguments = [f"--from={READER}", "--to=typst", "--wrap=none", "--number-sections"]
        arguments += [f"--lua-filter={path}" for path in filters]

        def chapter(text: str) -> str:
            try:
                return self._kept(text, arguments, tools)
            except PandocFailure as failure:
                raise InputError(_placed(str(failure), document)) from None

        with ThreadPoolExecutor(max_workers=2) as pool:
            bodies = list(pool.map(chapter, chapters))
        return self._frame(metadata, tools).replace(BODY, "\n\n".join(bodies))

    def _frame(self, metadata: Mapping[str, Any], tools: str) -> str:
        """Fill the template, with a mark where the body goes."""
        templates = self.cache / "template"
        for path in (HERE / "templates" / "report.typ", *self.extension.folder.glob("*.typ")):
            write_if_changed(templates / path.name, path.read_bytes())
        parts = digest([path.read_text(encoding="utf-8") for path in sorted(templates.glob("*.typ"))])
        front = "---\n" + json.dumps(dict(metadata), ensure_ascii=False) + "\n...\n\n" + BODY + "\n"
        arguments = [f"--from={READER}", "--to=typst", "--wrap=none", f"--template={templates / 'report.typ'}"]
        arguments += [f"--lua-filter={path}" for path in self.extension.filters]
        return self._kept(front, arguments, tools + parts)

    def _kept(self, text: str, arguments: Sequence[str], tools: str) -> str:
        flags = [argument.replace(str(self.root), "") for argument in arguments]
        key = digest(text, flags, tools)
        if key not in self._memory:
            path = self.cache / "pandoc" / f"{key}.typ"
            if path.is_file() and (kept := _whole(path)) is not None:
                self._memory[key] = kept
            else:
                self._memory[key] = run_pandoc(text, arguments, self.root)
                write_if_changed(path, _sealed(self._memory[key]))
        return self._memory[key]

    def compile(self, source: str, output: str = "pdf") -> Any:
        """Compile Typst source.

        Parameters
        ----------
        source
            The whole document.
        output
            ``pdf`` for one tagged PDF (bytes), ``svg`` for a list of pages (bytes).

        Raises
        ------
        WorkError
            If Typst refuses it.
        """
        import typst

        main = self.cache / "report.typ"
        write_if_changed(main, source.encode())
        if self._compiler is None:
            self._compiler = typst.Compiler(
                str(main),
                root=str(self.root),
                font_paths=[str(path) for path in self.extension.fonts],
                ignore_system_fonts=True,
            )
        try:
            if output == "pdf":
                return self._compiler.compile(format="pdf", pdf_standards=self.extension.pdf_standards)
            pages = self._compiler.compile(format="svg")
            return pages if isinstance(pages, list) else [pages]
        except typst.TypstError as error:
            hints = "".join(f" ({hint})" for hint in error.hints)
            raise WorkError(f"Typst cannot set the document: {error.message}{hints}") from None


def _sealed(text: str) -> bytes:
    return (text + f"\n// {digest(text)}").encode()


def _whole(path: Path) -> str | None:
    """Read a kept text whose last line is its checksum; a damaged one counts as missing."""
    try:
        text, _, seal = path.read_text(encoding="utf-8").rpartition("\n// ")
    except (OSError, UnicodeDecodeError):
        return None
    return text if seal == digest(text) else None


def _placed(message: str, document: Document) -> str:
    """Put the file and line of the text that a filter's message quotes before it."""
    quoted = message.partition(": ")[2].strip()
    needle = re.sub(r"\s+", "", quoted)
    candidates = [*document.prose, *(line for cell in document.cells for line in (*cell.option_lines, *cell.lines))]
    for length in (len(needle), 60, 30, 15):
        part = needle[:length]
        if not part:
            break
        for line in candidates:
            if part in re.sub(r"\s+", "", line.text):
                return f"{line.place}: {message}"
        # a formula over several lines: look for its first line
        for line in candidates:
            bare = re.sub(r"\s+", "", line.text)
            if len(bare) > 8 and needle.startswith(bare):
                return f"{line.place}: {message}"
    return f"{document.name}: {message}"


def metadata(document: Document, project_options: Mapping[str, Any], extension: Extension) -> dict[str, Any]:
    """Collect what the template reads from the project, the format and the document's front matter.

    Raises
    ------
    InputError
        If the front matter has a key that the built-in renderer does not know.
    """
    for key in document.front_matter:
        if key not in FRONT_MATTER:
            known = ", ".join(sorted(FRONT_MATTER))
            raise InputError(f"{document.name}: the front matter's key {key!r} is not supported; supported: {known}.")
    values = {key: value for key, value in document.front_matter.items() if key not in ("execute", "jupyter")}
    lang = str(values.get("lang", project_options.get("lang", "en")))
    language, _, region = lang.partition("-")
    values |= {
        "lang": language,
        "papersize": extension.options.get("papersize", "a4"),
        "bibliographystyle": extension.options.get("bibliographystyle", "ieee"),
    }
    if region:
        values["region"] = region
    if bibliography := project_options.get("bibliography"):
        values["bibliography"] = [f"/{name}" for name in _listed(bibliography)]
    return values


def _listed(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else [str(value)]


def bibliography_keys(root: Path, project_options: Mapping[str, Any]) -> set[str]:
    """Read the citation keys of the project's bibliography.

    Raises
    ------
    InputError
        If a file is missing.
    """
    keys: set[str] = set()
    for name in _listed(project_options.get("bibliography", [])):
        try:
            text = (root / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise InputError(f"{name}: the bibliography is missing or cannot be read.") from None
        keys.update(re.findall(r"^\s*@(?!comment|string|preamble)\w+\s*\{\s*([^,\s]+)\s*,", text, flags=re.M | re.I))
    return keys


def check_references(document: Document, printed: Sequence[str], keys: set[str]) -> None:
    """Refuse a reference or citation that leads nowhere.

    Parameters
    ----------
    document
        What was read.
    printed
        The document's Markdown, in which cells may have printed labelled equations.
    keys
        The bibliography's keys.

    Raises
    ------
    InputError
        With file, line and the nearest name that exists.
    """
    from difflib import get_close_matches

    defined = set(qmd.labels(document)) | qmd.printed_equations(printed)
    for label, place in qmd.references(document):
        if label not in defined:
            near = get_close_matches(label, defined, 1)
            hint = f" (did you mean @{near[0]}?)" if near else ""
            raise InputError(f"{place}: the reference @{label} leads nowhere{hint}.")
    for key, place in qmd.citations(document):
        if key not in keys:
            near = get_close_matches(key, keys, 1)
            hint = f" (did you mean @{near[0]}?)" if near else ""
            raise InputError(f"{place}: the citation @{key} is not in the bibliography{hint}.")
