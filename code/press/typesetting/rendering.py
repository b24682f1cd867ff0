"""Sets a document: Markdown through pandoc and the Lua filters to Typst, and Typst to a tagged PDF.

pandoc's work is kept section by section, under the digest of the section, the filters and pandoc itself; what is
missing of a chapter goes through pandoc at once. Typst's compiler stays alive in a `Typesetter` and compiles again only
what changed. What either says against the text is told with its place in the sources.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handin.errors import InputError
from press.keeping.digests import digest, package_versions
from press.keeping.kept import Kept, write_atomically, write_if_changed
from press.source.options import each_of, header_texts
from press.source.qmd import Document, Line
from press.typesetting import frontmatter, places
from press.typesetting.bibliography import CITED
from press.typesetting.emit import Emitted, in_one
from press.typesetting.formats import Extension, check_fonts, inside
from press.typesetting.pandoc import READER, PandocFailure, front_matter, hang_together, run_pandoc, sections
from press.typesetting.row_headers import with_row_headers

HERE = Path(__file__).resolve().parent
BODY = "PRESS-BODY"
BORDER = "PRESS-BORDER"
TOO_WIDE = "/* too wide */"
"""What a filter writes before a table that no page is wide enough for."""
FILTERS = ("foreign", "references", "quarto")
"""What Quarto's own filters do, in the order in which they run."""
READ_BY_FILTERS = ("lang", "header-includes", "macros", "code-line-numbers")
"""What filters read of the front matter: the language of spoken formulas, macros of TeX, numbers before code."""
LEAST = ("a-2b",)
"""What a PDF keeps whose format promises nothing: then a sign that no font has is an error, not an empty box."""


@dataclass(frozen=True)
class Piece:
    """A section of the document as Typst, and the Markdown that it was made from."""

    typst: str
    lines: tuple[Line, ...]


class Typesetter:
    """Turns a document's Markdown into Typst and PDF, and keeps pandoc's work and Typst's compiler from edit to edit.

    `root` is the project's folder and Typst's root; `cache` a folder for pandoc's results and the Typst source.
    """

    def __init__(self, root: Path, extension: Extension, cache: Path):
        self.root = root
        self.extension = extension
        self.cache = cache
        self._kept = Kept(cache / "pandoc")
        self._compilers: dict[str, Any] = {}
        self._exporter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="typst")
        self._exporting: Future[bytes] | None = None
        self._pieces: list[Piece] = []
        self._document: Document | None = None

    def typst_source(self, document: Document, emitted: Emitted, metadata: Mapping[str, Any]) -> str:
        """Turn a document into Typst: its Markdown, and the metadata that the template reads.

        A formula or construct that cannot be set is refused with its place.
        """
        filters = [*(HERE / "filters" / f"{name}.lua" for name in FILTERS), *self.extension.filters]
        scripts = sorted({path for f in filters for path in f.parent.glob("*.lua")})
        tools = digest([path.read_text(encoding="utf-8") for path in scripts], package_versions("pypandoc-binary"))
        arguments = [f"--from={READER}", "--to=typst", "--wrap=none", "--number-sections"]
        arguments += [f"--lua-filter={path}" for path in filters]
        every = [line for lines in emitted.lines for line in lines]
        read = {key: document.options[key] for key in READ_BY_FILTERS if key in document.options}
        if shift := frontmatter.moved(document.options, every, strict=self.extension.promises):
            read["shift-heading-level-by"] = shift
        if texts_above := header_texts(document.options.get("include-in-header")):
            read["header-includes"] = [*each_of(read.get("header-includes")), *texts_above]
        front = front_matter(read)
        if hang_together(emitted.chapters):
            emitted = in_one(emitted)

        def chapter(text: str, lines: Sequence[Line]) -> list[Piece]:
            texts = sections(text)
            try:
                typsts = self._converted(texts, arguments, tools, front)
            except PandocFailure as failure:
                raise InputError(places.of_quoted(str(failure), document, every)) from None
            return list(map(Piece, typsts, _lines_of(texts, lines)))

        with ThreadPoolExecutor(max_workers=2) as pool:
            made = pool.map(chapter, emitted.chapters, emitted.lines or itertools.repeat(()))
            self._pieces = [piece for pieces in made for piece in pieces]
        self._document = document
        self._mind_wide_tables()
        body = "\n\n".join(piece.typst for piece in self._pieces)
        try:
            return self._frame(metadata, tools).replace(BODY, body)
        except PandocFailure as failure:
            raise InputError(f"{places.in_file(document, 'abstract:')}: {failure}") from None

    def _mind_wide_tables(self) -> None:
        for piece in self._pieces:
            for mark in re.finditer(re.escape(TOO_WIDE), piece.typst):
                place = places.of_typst(piece.typst[: mark.start()], piece.typst[mark.end() :], piece.lines)
                words = "this table is so wide that its letters are half as large and its words break"
                fix = "show fewer columns or digits, or rows in place of columns"
                warnings.warn(f"{place}: {words}: {fix}.", UserWarning, stacklevel=2)

    def _frame(self, metadata: Mapping[str, Any], tools: str) -> str:
        """Fill the template, with a mark where the body goes."""
        for name in ("typst-template.typ", "typst-show.typ"):
            if not (self.extension.folder / name).is_file():
                raise InputError(
                    f"_extensions/{self.extension.folder.name}: the format has no {name}: put one there (Quarto has a "
                    "template of its own, which is not here), or name no format."
                )
        templates = self.cache / "template"
        own = inside(self.extension.folder) if self.root not in self.extension.folder.parents else None
        wanted = {path.name: path for path in (HERE / "templates" / "report.typ", *self.extension.folder.glob("*.typ"))}
        for path in set(templates.glob("*.typ")) - {templates / name for name in wanted}:
            path.unlink()
        for name, path in wanted.items():
            write_if_changed(templates / name, path.read_bytes())
        parts = digest([path.read_text(encoding="utf-8") for path in sorted(templates.glob("*.typ"))])
        front = front_matter(metadata) + BODY + "\n"
        arguments = [f"--from={READER}", "--to=typst", "--wrap=none", f"--template={templates / 'report.typ'}"]
        own_filter = HERE / "filters" / "references.lua"  # for the abstract
        arguments += [f"--lua-filter={path}" for path in (own_filter, *self.extension.filters)]
        frame = self._converted((front,), arguments, tools + parts)[0]
        if own is None:
            return frame
        # Typst opens files below the project's folder alone.
        for path in (path for path in self.extension.folder.iterdir() if path.suffix not in (".lua", ".yml", ".typ")):
            if path.is_file():
                write_if_changed(templates / path.name, path.read_bytes())
        return frame.replace(f'"{own}/', f'"/{templates.relative_to(self.root).as_posix()}/')

    def _converted(self, texts: Sequence[str], arguments: Sequence[str], tools: str, front: str = "") -> list[str]:
        """Convert texts by pandoc, those together in one run that have not been converted before."""
        flags = [argument.replace(str(self.root), "") for argument in arguments]
        keys = [digest(front + text, flags, tools) for text in texts]
        found: dict[str, Any] = {key: self._kept.load(key, key) for key in keys}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if found[key] is None}
        if missing:
            joined = front + f"\n\n{BORDER}\n\n".join(missing.values())
            made = re.split(rf"\n*^{BORDER}$\n*", run_pandoc(joined, arguments, self.root), flags=re.M)
            if len(made) != len(missing):  # a text holds the border, or lets it vanish
                made = [run_pandoc(front + text, arguments, self.root) for text in missing.values()]
            for key, text in zip(missing, made, strict=True):
                found[key] = text
                self._kept.save(key, key, text, durable=False)
        return [found[key] for key in keys]

    def compile(self, source: str) -> bytes:
        """Set a document, whose whole Typst is `source`, as one tagged PDF."""
        self._write(source)
        return self._pdf()

    def pages_and_pdf(self, source: str) -> tuple[list[bytes], Future[bytes]]:
        """Set a document as SVG pages and then, in a thread of its own, as PDF; both come from one layout.

        The PDF may still be under way; its result raises `InputError` where it keeps no standard.
        """
        self._write(source)
        with self._refusals():
            pages = self._compiler("svg").compile(format="svg")
        self._exporting = self._exporter.submit(self._pdf)
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
            pdf = self._compiler("pdf").compile(
                format="pdf", pdf_standards=self.extension.pdf_standards or list(LEAST), timestamp=_epoch()
            )
        return with_row_headers(pdf) if self.extension.pdf_standards else pdf

    def _compiler(self, use: str) -> Any:
        import typst

        if use not in self._compilers:
            if not self._compilers:
                check_fonts(self.extension, self.root)
            self._compilers[use] = typst.Compiler(
                str(self._main),
                root=str(self.root),
                font_paths=[str(path) for path in self.extension.fonts],
                ignore_system_fonts=self.extension.promises,
            )
        return self._compilers[use]

    @contextlib.contextmanager
    def _refusals(self) -> Iterator[None]:
        """Turn what Typst says against a document into a sentence with its place in the sources."""
        import typst

        try:
            yield
        except typst.TypstError as error:
            hints = "".join(f" ({hint})" for hint in error.hints)
            place = self._place(error.diagnostic)
            if not place and self._document is not None:
                glyph = _GLYPH.search(error.message)
                place = places.in_file(self._document, _sign(glyph[1])) if glyph else self._document.name
            raise InputError(f"{place}: {_in_words(error.message, hints)}") from None

    def _place(self, diagnostic: str) -> str:
        """Name the place in the sources of the first position that Typst names; '' where it names none."""
        found = re.search(r"┌─ (.+?):(\d+):(\d+)", diagnostic)
        if not found:
            return ""
        if not found[1].endswith(self._main.name):
            parts = Path(found[1]).parts
            tails = ("/".join(parts[index:]) for index in range(len(parts)))
            name = next((tail for tail in tails if (self.root / tail).is_file()), found[1])
            return f"{name.lstrip('/').removeprefix(f'{CITED.as_posix()}/')}:{found[2]}"
        lines = self._main.read_text(encoding="utf-8").split("\n")
        row, column = int(found[2]) - 1, int(found[3])
        start = sum(len(line) + 1 for line in lines[:row]) + column
        at = "\n".join(lines).find(self._pieces[0].typst) if self._pieces else -1
        for piece in self._pieces if at >= 0 else ():
            if at <= start <= at + len(piece.typst):
                before, after = piece.typst[: start - at], piece.typst[start - at :]
                return places.of_typst(before, after, piece.lines)
            at += len(piece.typst) + 2
        return self._template_place(lines[row].strip())

    def _template_place(self, wanted: str) -> str:
        """Say which line of a template a line of the document comes from; '' if from none."""
        for path in sorted(self.extension.folder.glob("*.typ")) if wanted else ():
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if line.strip() == wanted:
                    name = path.relative_to(self.root).as_posix() if self.root in path.parents else path.name
                    return f"{name}:{number}"
        return ""

    def warm_up(self) -> None:
        """Set the last document again in a thread, while cells are executed: most of the next one will be the same."""
        if self._exporting is None and self._main.is_file():
            self._exporting = self._exporter.submit(self._pdf)


def _lines_of(texts: Sequence[str], lines: Sequence[Line]) -> Iterator[tuple[Line, ...]]:
    """Part a chapter's lines as its text was parted into sections."""
    counts = [text.count("\n") + 1 for text in texts]
    rest = iter(lines[max(0, len(lines) + 1 - sum(counts)) :])  # empty lines at the beginning are in no section
    return (tuple(itertools.islice(rest, count)) for count in counts)


_GLYPH = re.compile(r"the text `?\"?(.+?)\"?`? could not be displayed with font.*")


def _sign(said: str) -> str:
    return re.sub(r"\\u\{([0-9a-f]+)\}", lambda match: chr(int(match[1], 16)), said)


def _in_words(message: str, hints: str) -> str:
    if glyph := _GLYPH.search(message):
        sign = _sign(glyph[1])
        name = sign if sign.isprintable() else f"U+{ord(sign[0]):04X}"
        return f"no font has the sign {name}: write it in another way"
    if "wrong number of digits" in message:
        return "this is no date that can be printed: write the year as four digits, or leave it out"
    if "pagebreaks are not allowed" in message:
        return "a page cannot break inside a list, a callout or a figure: put the page break before or behind it"
    if gone := re.match(r"label `<(.+?)>` does not exist", message):
        words = "stands inside a line of text, where it has no number: make it a paragraph of its own"
        return f"what {gone[1]} names {words}, or refer to it in words"
    if "BibLaTeX" in message:
        return f"this entry cannot be read: {message}{hints}"
    return f"Typst cannot set this: {message}{hints}"


def _epoch() -> int | None:
    """Return the time that the PDF says it was made at; Typst's library, unlike its program, does not look for it."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return int(epoch) if epoch.isascii() and epoch.isdigit() else None
