"""Builds one project's documents: PDFs and the executed notebook."""

from __future__ import annotations

import contextlib
import functools
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path
from typing import Any

from handin import yaml_text
from handin.errors import InputError
from handin.names import DRAFT
from press.currency import Read, beside, note_written
from press.execution import seen
from press.execution.job import Execution, Job
from press.execution.kernel import PRELOADED
from press.execution.outputs import OutputCache
from press.execution.running import Kernel
from press.execution.waiting import Unfinished
from press.formulas.checking import Checker
from press.formulas.reading import without_marks
from press.keeping.digests import digest as digest_of
from press.keeping.facts import Stamp, stamp
from press.keeping.kept import write_if_changed
from press.prepare import UNMADE, Inputs, Prepared
from press.project import Project
from press.report import Document
from press.source import hidden, qmd, reading, references, refusals, shortcodes, typed, wording
from press.source.options import moving_date
from press.source.qmd import Cell, Line
from press.typesetting import bibliography, emit, formats, frontmatter, notebook, rendering
from press.typesetting.outputs import Context

Variables = Mapping[str, Mapping[str, str]]
NOTHING = Prepared()
"""What a document reads that reads nothing."""

OnCell = Callable[[str, int, int, Cell], None]
"""Called before a cell is executed with the document's name, the cell's index, their number, and the cell."""


class Purpose(Enum):
    """What documents are built for: it decides what is executed after an edit, and what stays alive."""

    SUBMISSION = auto()
    """All cells are executed once, in a fresh kernel."""

    DRAFT = auto()
    """Of an edited document only the cells are executed that depend on the edit."""

    PREVIEW = auto()
    """The same, and outputs and kernel stay in memory from one build to the next."""


@dataclass(frozen=True)
class Source:
    """A document as Typst, with what happened on the way."""

    text: str
    executed: bool
    is_draft: bool
    """Whether the cells' outputs do not come from one execution of all cells."""
    sources: tuple[Path, ...]
    title: str


class Builder:
    """Builds documents; kept alive in a preview, so that pandoc's results, Typst's compiler and the kernel are too.

    `used` says what the documents were made from, as far as they were built.
    """

    def __init__(self, project: Project, purpose: Purpose = Purpose.SUBMISSION, *, on_cell: OnCell | None = None):
        self.project = project
        is_preview = purpose is Purpose.PREVIEW
        # The documents that are handed in come from one execution of all cells in a fresh kernel. The rest is for
        # previews and drafts alone.
        executed = OutputCache(project.cache / "executed")
        previewed = OutputCache(project.cache / "previewed", in_memory=is_preview, whole=executed)
        self.executed = executed
        self.cache = executed if purpose is Purpose.SUBMISSION else previewed
        self.notebook_cache = previewed if is_preview else executed  # nothing in a notebook says that it is a draft
        self.kernel = Kernel(project.folder, tuple(PRELOADED)) if is_preview else None
        self.on_cell = on_cell
        self.used = Read()
        self._typesetter: rendering.Typesetter | None = None
        self._checker = Checker({})
        self._ahead: dict[str, Kernel] = {}
        self._endings: list[threading.Thread] = []

    def __enter__(self) -> Builder:
        return self

    def __exit__(self, *_: object) -> None:
        for helper in (self.kernel, *self._ahead.values()):
            if helper is not None:
                helper.stop()
        for ending in self._endings:
            ending.join()

    def foresee(self) -> None:
        """Start a kernel for each document whose cells or helpers have changed since it was built, and wait for none.

        It gets ready while other work is done. A wrong guess costs a second of a processor, never a wrong result.
        """
        if self.kernel is not None:
            return
        report = self.project.report
        for document in filter(None, (report.notebook, report.document)):
            with contextlib.suppress(InputError):  # said when the document is built
                job = self.job(document, {})
                seen = self._seen_file(job)
                if job.cells and seen.is_file() and seen.read_text() != _own_digest(job):
                    kernel = self._ahead[job.document.name] = Kernel(job.folder, job.preloaded)
                    kernel.start()

    def _seen_file(self, job: Job) -> Path:
        return self.project.cache / "render" / f"{job.document.path.stem}.digest"

    @property
    def typesetter(self) -> rendering.Typesetter:
        """The typesetter of the last document that was set, or of the project's own format."""
        return self._typesetter or self._typesetter_for(self.options())

    def _typesetter_for(self, options: Mapping[str, Any]) -> rendering.Typesetter:
        """Return the typesetter of the format that is named; made anew where the extension's description changed."""
        extension = formats.chosen(self.project, options)
        if self._typesetter is None or self._typesetter.extension != extension:
            cache = self.project.cache / "render"
            self._typesetter = rendering.Typesetter(self.project.root, extension, cache)
        return self._typesetter

    def options(self) -> dict[str, Any]:
        """Read the project's options from ``_quarto.yml``; raise `InputError` if it is not YAML."""
        path = self.project.root / "_quarto.yml"
        if not path.is_file():
            return {}
        found = yaml_text.mapping(yaml_text.read(path, "it holds the project's options"), path.name)
        for name in hidden.profiles(found):
            own = f"_quarto-{name}.yml"
            if path.with_name(own).is_file():
                raise InputError(
                    f"{path.name}: the profile {name} has options in {own}, which only Quarto reads: write them here."
                )
        return found

    def read(self, document: Document) -> qmd.Document:
        """Read a document; what cannot be set is refused by an `InputError` with file, line and the fix."""
        found = reading.read(self.project.path(document), self.project.root, self.options())
        strict = formats.chosen(self.project, found.options).promises
        refusals.refuse_unsupported(found, strict=strict)
        refusals.refuse_images_without_alternative(found, strict=strict)
        if document is not self.project.report.notebook:  # a notebook's title is its heading of level 1
            refusals.refuse_skipped_headings(found.prose, strict=strict)
        references.labels(found)
        demands = self.project.report.demands
        if demands.numbers:
            typed.refuse(found)
        if demands.words:
            wording.check(found, demands.words)
        return found

    def _execute(self, job: Job, cache: OutputCache, refresh: bool) -> Execution:
        name = job.document.name
        self.used.note((*job.document.sources, *job.module_files))

        def on_cell(index: int, count: int, cell: Cell) -> None:
            if index == 0 and cache is self.cache:
                self.typesetter.warm_up()
            if self.on_cell:
                self.on_cell(name, index, count, cell)

        kernel = self.kernel or self._ahead.pop(name, None) or Kernel(job.folder, job.preloaded)
        try:
            found = cache.executed(job, kernel, refresh=refresh, on_cell=on_cell)
        finally:
            if kernel is not self.kernel:
                self._endings.append(threading.Thread(target=kernel.stop))  # takes a tenth of a second
                self._endings[-1].start()
        write_if_changed(self._seen_file(job), _own_digest(job).encode())
        self.used.seen[name] = found.seen
        note_written(self.project, name, found.seen.get(seen.WRITTEN, ()))
        self.used.facts[name] = job.without(self.used.written).facts() if self.used.written else job.facts()
        return found

    def job(self, document: Document, inputs: Inputs) -> Job:
        """Describe the execution of a document."""
        project = self.project
        formats = ("svg", "png") if document is project.report.notebook else ("svg",)
        products, *steps = kept = tuple(folder.relative_to(project.root).as_posix() for folder in project.results)
        counted = tuple(f"{products}/{name}.json" for name in document.products)
        counted += tuple(folder for folder in steps if folder.rpartition("/")[2] in document.steps)
        return Job(
            self.read(document),
            project.path(document).parent,
            formats,
            inputs.get(document.path, {}),
            root=project.root,
            beside=beside(project),
            kept=(kept, counted),
            unmade=frozenset(name for each in inputs.values() for name, found in each.items() if found == UNMADE),
        )

    def notebook(self, variables: Variables, inputs: Inputs, *, refresh: bool = False) -> tuple[bytes, bool]:
        """Execute the notebook where anything changed, and write it where documents embed from it.

        As long as something that it reads is being made, it has no outputs, and is written nowhere. Returned are its
        bytes, and whether anything ran.
        """
        document = self.project.report.notebook
        assert document is not None, "the report has no notebook"
        job = self.job(document, inputs)
        if is_unmade(document, inputs):
            none = tuple(() for _ in job.document.cells)
            return notebook.write(job.document, none, _values(variables, job), ""), False
        found = self._execute(job, self.notebook_cache, refresh)
        own = job.without(self.used.written) if self.used.written else job
        content = notebook.write(job.document, found.outputs, variables, digest_of(own.dependencies()))
        write_if_changed(self.project.generated / f"{document.name}.ipynb", content)
        return content, found.ran

    def emitted(
        self, document: Document, prepared: Prepared, *, refresh: bool = False
    ) -> tuple[qmd.Document, emit.Emitted, Execution]:
        """Turn a document into Markdown, its cells executed where anything changed; check its formulas and references.

        Returned are the document as it was read, its chapters, and what the cells show.

        Raises
        ------
        InputError, WorkError
            If a cell raises, a relation in a formula is false, or a reference leads nowhere.
        """
        job = self.job(document, prepared.inputs)
        execution = self._execute(job, self.cache, refresh)
        notebook = self.project.report.notebook
        waits = notebook is not None and is_unmade(notebook, prepared.inputs)
        context = Context(
            self.project.root,
            self.project.cache / "render" / "figures",
            _values(prepared.variables, job),
            echo=job.document.options["execute"].get("echo", True),
            strict=formats.chosen(self.project, job.document.options).promises,
            unmade=frozenset({self.project.generated / f"{notebook.name}.ipynb"} if notebook and waits else ()),
        )
        emitted = emit.emit(job.document, execution.outputs, context)
        if self._checker.values != prepared.printed:
            self._checker = Checker(prepared.printed, self.project.report.demands.formulas)
        self._checker.require(emitted.chapters, job.document.prose)
        read = job.document
        references.check(_said(read, emitted), bibliography.keys(self.project.root, read))
        chapters = tuple(map(without_marks, emitted.chapters))
        return read, replace(emitted, chapters=chapters), execution

    def report(
        self,
        prepared: Prepared = NOTHING,
        *,
        document: Document | None = None,
        refresh: bool = False,
        digest: Callable[[], str] | None = None,
    ) -> Source:
        """Turn a document, the one that is handed in if none is named, into Typst.

        Parameters
        ----------
        digest
            Finds, when the cells have run, the digest of the sources, which the PDF carries among its keywords; with
            `DRAFT` where its cells' outputs do not come from one execution.

        Raises
        ------
        InputError, WorkError
            If something in the sources is wrong, a cell raises, or a relation in a formula is false.
        """
        document = document or self.project.report.document
        read, emitted, execution = self.emitted(document, prepared, refresh=refresh)
        typesetter = self._typesetter_for(read.options)
        extension, root = typesetter.extension, self.project.root
        metadata = {
            key: shortcodes.in_front_matter(key, value, read.name, prepared.variables, read.front_matter)
            for key, value in frontmatter.metadata(read, extension, root).items()
        }
        if digest:
            metadata["digest"] = digest() + ("" if execution.is_whole else DRAFT)
        said = _said(read, emitted)
        refusals.refuse_skipped_headings(said, strict=extension.promises)
        metadata = frontmatter.of_sources(said, metadata, read, root, strict=extension.promises)
        text = typesetter.typst_source(read, emitted, metadata)
        if (word := read.options.get("date")) and (moving := moving_date(word, read.path)):
            self.used.dates[document.path] = str(word), str(moving)
        listed = bibliography.files(root, read.path.parent, read.options)
        named = (root / name for name in re.findall(r'"/([^"\n]+)"', text))  # by the author, too: raw Typst
        named = (path for path in named if self.project.cache not in path.parents and path.is_file())
        self.used.note(_with_named((*emitted.embedded, *listed, *extension.files(), *named), root))
        sources = (*read.sources, *emitted.embedded, *seen.paths(execution.seen, root))
        return Source(text, execution.ran, not execution.is_whole, sources, str(metadata.get("title", read.name)))


def _said(read: qmd.Document, emitted: emit.Emitted) -> list[Line]:
    """Return the lines that are set, and the abstract in one."""
    abstract = str(read.options.get("abstract") or "")
    return [*(line for chapter in emitted.lines for line in chapter), Line(abstract, read.name, 1, plain=abstract)]


def _with_named(paths: Iterable[Path], root: Path) -> set[Path]:
    """Add the files that some files of Typst's and drawings name, and so on."""
    found, todo = set[Path](), list(paths)
    while todo:
        path = todo.pop()
        if path not in found and path.is_file():
            found.add(path)
            if path.suffix in _NAMED:
                names = _names(path, stamp(path))
                todo += [root / name[1:] if name.startswith("/") else path.parent / name for name in names]
    return found


_NAMED = {".typ": r'"([^"\n\0]{1,200})"', ".svg": r"""(?:href=["']|url\(["']?)([^"'()#:\n\0][^"'():\n\0]{0,200})"""}
"""How each kind of file names others; a drawing names most often its own parts, with ``#``, or holds them."""


@functools.lru_cache(maxsize=256)
def _names(path: Path, _: Stamp | None) -> frozenset[str]:
    """Find what a file, as it is now, names."""
    return frozenset(re.findall(_NAMED[path.suffix], path.read_text("utf-8", errors="replace")))


def is_unmade(document: Document, inputs: Inputs) -> bool:
    """Whether something that a document reads is being made."""
    return UNMADE in inputs.get(document.path, {}).values()


def _values(variables: Variables, job: Job) -> Variables:
    return Unfinished(variables) if job.unmade else variables


def _own_digest(job: Job) -> str:
    """Digest what a job depends on but for its inputs."""
    return digest_of({name: found for name, found in job.dependencies().items() if name not in job.inputs})
