"""Sets a document: Markdown through pandoc and the Lua filters to Typst, and Typst to a tagged PDF.

pandoc's work is kept section by section, under the digest of the section, the filters and pandoc itself; what is
missing of a chapter goes through pandoc at once. Typst's compiler stays alive in a `Typesetter` and compiles again only
what changed.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

from coursework.digests import digest, package_versions
from coursework.errors import InputError, WorkError
from coursework.kept import write_atomically, write_if_changed
from coursework.publishing import fonts, qmd
from coursework.publishing.qmd import Document, Line
from coursework.publishing.worker import PandocWorker

HERE = Path(__file__).resolve().parent
FORMAT = "coursework-typst"
BODY = "COURSEWORK-BODY"
BORDER = "COURSEWORK-BORDER"

FRONT_MATTER = frozenset(
    "title subtitle abstract student-id module submitted lang keywords floating execute jupyter".split()
)

_ENTRY = re.compile(r"^\s*@(?!comment|string|preamble)\w+\s*\{\s*([^,\s]+)\s*,", flags=re.M | re.I)
_DEFINITION = re.compile(r"\\(?:(?:re|provide)?newcommand|def|let|Declare\w+|(?:re)?newenvironment|definecolor)\b")
READER = "markdown-auto_identifiers+raw_attribute"


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
            options = qmd.load_yaml(path.read_text(encoding="utf-8"))["contributes"]["formats"]["typst"]
        except (OSError, yaml.YAMLError, KeyError, TypeError):
            raise InputError(f"{folder.name}/_extension.yml does not describe a Typst format: restore it.") from None
        return cls(folder, options)

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


PATIENCE = 120
"""Seconds that pandoc may take for one section; usually it takes a fraction of one."""


class PandocFailure(Exception):
    """pandoc or a filter refused the text; the message is the filter's own."""


def run_pandoc(text: str, arguments: Sequence[str], folder: Path) -> str:
    """Run pandoc on a text.

    Raises
    ------
    PandocFailure
        With the last line that pandoc or a filter said.
    """
    try:
        done = subprocess.run(
            [str(pandoc()), *arguments],
            input=text.encode(),
            capture_output=True,
            cwd=folder,
            # In the C locale pandoc cannot open a filter in a folder whose name is not ASCII.
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            check=False,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        raise PandocFailure(f"pandoc did not come to an end within {PATIENCE} seconds") from None
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
    worker
        A pandoc that stays alive, for a preview.
    """

    def __init__(self, root: Path, extension: Extension, cache: Path, worker: PandocWorker | None = None):
        self.root = root
        self.extension = extension
        self.cache = cache
        self.worker = worker
        self._memory: dict[str, str] = {}
        self._compilers: dict[str, Any] = {}
        self._exporter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="typst")
        self._exporting: Future[bytes] | None = None

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

        if any(_DEFINITION.search(text) for text in chapters):  # a macro reaches all that comes after it
            chapters = ["\n\n".join(chapters)]

        def chapter(text: str) -> str:
            try:
                return "\n\n".join(self._converted(sections(text), arguments, tools, filters))
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
        return self._converted((front,), arguments, tools + parts)[0]

    def _converted(
        self, texts: Sequence[str], arguments: Sequence[str], tools: str, filters: Sequence[Path] = ()
    ) -> list[str]:
        """Convert texts by pandoc, those together in one run that have not been converted before."""
        flags = [argument.replace(str(self.root), "") for argument in arguments]
        keys = [digest(text, flags, tools) for text in texts]
        missing = {}
        for key, text in zip(keys, texts, strict=True):
            if key in self._memory:
                continue
            if (kept := _whole(self._kept_file(key))) is not None:
                self._memory[key] = kept
            else:
                missing[key] = text
        if missing:
            joined = f"\n\n{BORDER}\n\n".join(missing.values())
            whole = self.worker.convert(joined, READER, filters) if self.worker and filters else None
            whole = run_pandoc(joined, arguments, self.root) if whole is None else whole
            made = re.split(rf"\n*^{BORDER}$\n*", whole, flags=re.M)
            if len(made) != len(missing):  # a text holds the border, or lets it vanish
                made = [run_pandoc(text, arguments, self.root) for text in missing.values()]
            for key, text in zip(missing, made, strict=True):
                self._memory[key] = text
                write_atomically(self._kept_file(key), _sealed(text), durable=False)
        return [self._memory[key] for key in keys]

    def _kept_file(self, key: str) -> Path:
        return self.cache / "pandoc" / f"{key}.typ"

    def compile(self, source: str) -> bytes:
        """Set a document as one tagged PDF.

        Parameters
        ----------
        source
            The whole document as Typst.

        Raises
        ------
        WorkError
            If Typst refuses it.
        """
        self._write(source)
        return self._pdf()

    def pages_and_pdf(self, source: str) -> tuple[list[bytes], Future[bytes]]:
        """Set a document as SVG pages and, in a thread of its own, as PDF; both come from one layout.

        Parameters
        ----------
        source
            The whole document as Typst.

        Returns
        -------
        pages
            Each page as SVG.
        pdf
            The PDF, which may still be under way; its result raises `WorkError` where it keeps no standard.

        Raises
        ------
        WorkError
            If Typst refuses the document.
        """
        self._write(source)
        with contextlib.suppress(RuntimeError):  # what is wrong is said below
            # Lays the document out; what Typst finds out is shared by all its compilers.
            self._compiler("svg").query("<none>")
        self._exporting = self._exporter.submit(self._pdf)
        with self._refusals():
            pages = self._compiler("svg").compile(format="svg")
        return (pages if isinstance(pages, list) else [pages]), self._exporting

    @property
    def _main(self) -> Path:
        return self.cache / "report.typ"

    def _write(self, source: str) -> None:
        if self._exporting is not None:
            wait([self._exporting])  # it reads the file
        write_atomically(self._main, source.encode(), durable=False)

    def _pdf(self) -> bytes:
        with self._refusals():
            return self._compiler("pdf").compile(
                format="pdf", pdf_standards=self.extension.pdf_standards, timestamp=_epoch()
            )

    def _compiler(self, use: str) -> Any:
        import typst

        if use not in self._compilers:
            if not self._compilers:
                check_fonts(self.extension, self.root)
            self._compilers[use] = typst.Compiler(
                str(self._main),
                root=str(self.root),
                font_paths=[str(path) for path in self.extension.fonts],
                ignore_system_fonts=True,
            )
        return self._compilers[use]

    @contextlib.contextmanager
    def _refusals(self) -> Iterator[None]:
        """Turn what Typst says against a document into a sentence."""
        import typst

        try:
            yield
        except typst.TypstError as error:
            hints = "".join(f" ({hint})" for hint in error.hints)
            place = self._template_place(error.diagnostic)
            raise WorkError(f"{place}Typst cannot set the document: {error.message}{hints}") from None

    def _template_place(self, diagnostic: str) -> str:
        """Say which line of a template a line of the document comes from that Typst names; '' if from none."""
        found = re.search(rf"{re.escape(self._main.name)}:(\d+):", diagnostic)
        lines = self._main.read_text(encoding="utf-8").splitlines()
        if not found or not (wanted := lines[int(found[1]) - 1].strip()):
            return ""
        for path in sorted(self.extension.folder.glob("*.typ")):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if line.strip() == wanted:
                    return f"{path.relative_to(self.root).as_posix()}:{number}: "
        return ""

    def warm_up(self) -> None:
        """Set the last document again in a thread, while cells are executed: most of the next one will be the same."""
        if self._exporting is None and self._main.is_file():
            self._exporting = self._exporter.submit(self._pdf)


def check_fonts(extension: Extension, root: Path) -> None:
    """Refuse fonts other than those that the checksums beside them name: Typst would take its own and say nothing.

    Raises
    ------
    InputError
        Naming the folder and what is wrong in it.
    """
    for folder in extension.fonts:
        if (folder / fonts.SUMS).is_file() and (wrong := fonts.problems(folder)):
            raise InputError(
                f"{folder.relative_to(root).as_posix()}: {'; '.join(wrong[:3])}: restore the folder, or write its "
                f"{fonts.SUMS} anew if these are the fonts that you want."
            )


def _epoch() -> int | None:
    """Return the time that the PDF says it was made at; Typst's library, unlike its program, does not look for it."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return int(epoch) if epoch.isascii() and epoch.isdigit() else None


@lru_cache(maxsize=256)
def sections(chapter: str) -> tuple[str, ...]:
    """Cut a chapter's Markdown before its headings; a chapter in which something reaches over a cut stays whole.

    Macros, notes, link targets and numbered examples are defined in one place and used in another, and ``[A heading]``
    leads to that heading: such a chapter is one piece.
    """
    if _DEFINITION.search(chapter):
        return (chapter,)
    lines = [Line(text, "", number) for number, text in enumerate(chapter.split("\n"))]
    cuts, headings = [], []
    depth, dollars = 0, 0
    for line in qmd.outside_code(lines):
        if re.match(r" {0,3}(\[[^\]]+\]:|\(@)", line.text):
            return (chapter,)
        if re.match(r"#{1,6} ", line.text) and not depth and not dollars % 2:
            headings.append(re.sub(r"\{[^{}]*\}\s*$", "", line.text).strip("# "))
            if line.number and not lines[line.number - 1].text.strip():
                cuts.append(line.number)
        if colons := re.match(r" {0,3}:{3,}\s*(.*)$", line.text):
            depth += 1 if colons[1].strip(": ") else -1
        dollars += line.text.count("$$")
    if any(f"[{heading}]" in chapter for heading in headings):
        return (chapter,)
    borders = [0, *(cut for cut in cuts if cut), len(lines)]
    pieces = ("\n".join(line.text for line in lines[a:b]) for a, b in itertools.pairwise(borders))
    return tuple(piece for piece in pieces if piece.strip())


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
        If a file is missing, is not UTF-8 text, or holds an entry that is not closed or has another's key.
    """
    keys: set[str] = set()
    for name in _listed(project_options.get("bibliography", [])):
        try:
            text = (root / name).read_text(encoding="utf-8")
        except OSError:
            raise InputError(f"{name}: the bibliography is missing or cannot be read.") from None
        except UnicodeDecodeError:
            raise InputError(f"{name}: the bibliography is not UTF-8 text: save it again as UTF-8.") from None
        entries = list(_ENTRY.finditer(text))
        for entry, following in zip(entries, [*entries[1:], None], strict=True):
            body = text[entry.start() : following.start() if following else len(text)]
            place = f"{name}:{text.count(chr(10), 0, entry.start(1)) + 1}"
            plain = re.sub(r"\\[{}]", "", body)
            if plain.count("{") != plain.count("}"):
                raise InputError(f"{place}: the braces of the entry {entry[1]} do not match: each {{ needs its }}.")
            if entry[1] in keys:
                raise InputError(f"{place}: the key {entry[1]} is used already: give this entry another one.")
            keys.add(entry[1])
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
