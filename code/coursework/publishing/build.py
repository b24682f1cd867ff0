"""Builds one project's documents: the report's PDF and the executed notebook."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from coursework.digests import digest as digest_of
from coursework.errors import InputError
from coursework.kept import write_if_changed
from coursework.project import Project
from coursework.publishing import emit, notebook, qmd, relations, rendering
from coursework.publishing.execution import Execution, Job, Kernel, OutputCache, execute
from coursework.publishing.qmd import Cell, Document
from coursework.publishing.worker import PandocWorker

REPORT = "report.qmd"
NOTEBOOK = "q6-classifier.qmd"

DRAFT = "-draft"
"""Behind the digest in a PDF whose cells' outputs do not come from one execution of all cells."""

Variables = Mapping[str, Mapping[str, str]]
OnCell = Callable[[str, int, int, Cell], None]
"""Called before a cell is executed with the document's name, the cell's index, their number, and the cell."""


@dataclass(frozen=True)
class Source:
    """The report as Typst, with what happened on the way.

    Parameters
    ----------
    text
        The whole Typst document.
    executed
        Whether any cell ran.
    is_draft
        Whether the cells' outputs do not come from one execution of all cells.
    sources
        The files that were read.
    title
        The title, as it is printed.
    """

    text: str
    executed: bool
    is_draft: bool
    sources: tuple[Path, ...]
    title: str


class Builder:
    """Builds documents; kept alive in a preview, so that pandoc's results, Typst's compiler and the kernel are too.

    Parameters
    ----------
    project
        The project.
    keep_kernel
        Whether a kernel stays alive from one build to the next.
    in_memory
        Whether this is for a preview: the documents' outputs stay in memory too, and a pandoc stays alive.
    in_parts
        Whether of an edited report only the cells are executed that depend on the edit, as for a preview.
    on_cell
        Called before each cell that is executed.
    """

    def __init__(
        self,
        project: Project,
        *,
        keep_kernel: bool = False,
        in_memory: bool = False,
        in_parts: bool = False,
        on_cell: OnCell | None = None,
    ):
        self.project = project
        # The documents that are handed in come from one execution of all cells in a fresh kernel. The rest is for
        # previews and drafts alone.
        executed = OutputCache(project.cache / "executed")
        previewed = OutputCache(project.cache / "previewed", in_memory=in_memory, whole=executed)
        self.cache = previewed if in_memory or in_parts else executed
        self.notebook_cache = previewed if in_memory else executed  # nothing in a notebook says that it is a draft
        self.kernel = Kernel(project.report) if keep_kernel else None
        self.worker = PandocWorker(rendering.pandoc(), project.root) if in_memory else None
        self.on_cell = on_cell
        self._typesetter: rendering.Typesetter | None = None
        self._checker = relations.Checker({})
        self._ahead: dict[str, Kernel] = {}
        self._endings: list[threading.Thread] = []

    def __enter__(self) -> Builder:
        return self

    def __exit__(self, *_: object) -> None:
        for helper in (self.kernel, self.worker, *self._ahead.values()):
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
        for make in (self.notebook_job, self.report_job):
            with contextlib.suppress(InputError):  # said when the document is built
                job = make({})
                seen = self._seen_file(job)
                if seen.is_file() and seen.read_text() != _own_digest(job):
                    kernel = self._ahead[job.document.name] = Kernel(job.folder)
                    kernel.start()

    def _seen_file(self, job: Job) -> Path:
        return self.project.cache / "render" / f"{job.document.path.stem}.digest"

    @property
    def typesetter(self) -> rendering.Typesetter:
        """The typesetter; read anew where the extension's description changed."""
        folder = self.project.report / "_extensions" / "coursework"
        extension = rendering.Extension.load(folder)
        if self._typesetter is None or self._typesetter.extension != extension:
            cache = self.project.cache / "render"
            self._typesetter = rendering.Typesetter(self.project.root, extension, cache, self.worker)
        return self._typesetter

    def options(self) -> dict[str, Any]:
        """Read the project's options from ``_quarto.yml``.

        Raises
        ------
        InputError
            If it is not YAML.
        """
        path = self.project.root / "_quarto.yml"
        try:
            values = qmd.load_yaml(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            raise InputError("_quarto.yml is missing or is not valid YAML: restore it.") from None
        return values if isinstance(values, dict) else {}

    def read(self, name: str) -> Document:
        """Read a document of the report's folder and refuse what cannot be set.

        Raises
        ------
        InputError
            With file, line and the mend.
        """
        document = qmd.read(self.project.report / name, self.project.root)
        qmd.refuse_unsupported(document)
        qmd.refuse_images_without_alternative(document)
        if name == REPORT:  # a notebook's title is its heading of level 1
            qmd.refuse_skipped_headings(document)
        qmd.labels(document)
        return document

    def _execute(self, job: Job, cache: OutputCache, refresh: bool) -> Execution:
        name = job.document.name

        def on_cell(index: int, count: int, cell: Cell) -> None:
            if index == 0 and job.document.path.name == REPORT:
                self.typesetter.warm_up()
            if self.on_cell:
                self.on_cell(name, index, count, cell)

        own = self._ahead.pop(name, None) or Kernel(job.folder)
        try:
            found = execute(job, cache, self.kernel or own, refresh=refresh, on_cell=on_cell)
        finally:
            self._endings.append(threading.Thread(target=own.stop))  # takes a tenth of a second
            self._endings[-1].start()
        write_if_changed(self._seen_file(job), _own_digest(job).encode())
        return found

    def notebook_job(self, inputs: Mapping[str, Any]) -> Job:
        """Describe the execution of the notebook."""
        kept = {name: inputs[name] for name in ("settings", "runs") if name in inputs}
        return Job(self.read(NOTEBOOK), self.project.report, ("svg", "png"), kept)

    def notebook(self, variables: Variables, inputs: Mapping[str, Any], *, refresh: bool = False) -> tuple[bytes, bool]:
        """Execute the notebook where anything changed, and write it where the report embeds from it.

        Returns
        -------
        content
            The notebook's bytes.
        executed
            Whether anything ran.
        """
        job = self.notebook_job(inputs)
        found = self._execute(job, self.notebook_cache, refresh)
        content = notebook.write(job.document, found.outputs, variables, digest_of(job.dependencies()))
        write_if_changed(self.project.generated / "q6-classifier.ipynb", content)
        return content, found.ran

    def report_job(self, inputs: Mapping[str, Any]) -> Job:
        """Describe the execution of the report."""
        return Job(self.read(REPORT), self.project.report, ("svg",), inputs)

    def emitted(
        self, job: Job, variables: Variables, printed: Mapping[str, Any], *, refresh: bool = False
    ) -> tuple[emit.Emitted, Execution]:
        """Turn the report into Markdown, its cells executed where anything changed, and check the formulas in it.

        Parameters
        ----------
        job
            What `report_job` described.
        variables
            The values of ``{{< var >}}``.
        printed
            For each chapter the values with which its formulas are evaluated.
        refresh
            Execute though nothing changed.

        Returns
        -------
        emitted
            The chapters.
        execution
            What the cells show, and how that came about.

        Raises
        ------
        WorkError
            If a cell raises, or a relation in a formula is false.
        """
        execution = self._execute(job, self.cache, refresh)
        context = emit.Context(
            self.project.root,
            self.project.cache / "render" / "figures",
            variables,
            echo=_echo(job.document, self.options()),
        )
        emitted = emit.emit(job.document, execution.outputs, context)
        if self._checker.values != printed:
            self._checker = relations.Checker(printed)
        self._checker.require(emitted.chapters, job.document.prose)
        return replace(emitted, chapters=tuple(map(relations.without_marks, emitted.chapters))), execution

    def report(
        self,
        variables: Variables,
        inputs: Mapping[str, Any],
        printed: Mapping[str, Any] = MappingProxyType({}),
        *,
        refresh: bool = False,
        digest: str = "",
    ) -> Source:
        """Turn the report into Typst; its cells are executed where anything changed.

        Parameters
        ----------
        variables
            The values of ``{{< var >}}``.
        inputs
            What the cells' outputs depend on beside their code.
        printed
            For each chapter, by the label of its heading, the values with which its formulas are evaluated.
        refresh
            Execute though nothing changed.
        digest
            The digest of the sources, which the PDF carries among its keywords; with `DRAFT` where its cells' outputs
            do not come from one execution.

        Raises
        ------
        InputError, WorkError
            If something in the sources is wrong, a cell raises, or a relation in a formula is false.
        """
        options = self.options()
        job = self.report_job(inputs)
        document = job.document
        keys = rendering.bibliography_keys(self.project.root, options)
        typesetter = self.typesetter
        metadata = rendering.metadata(document, options, typesetter.extension)
        metadata = {
            key: qmd.substitute(value, document.name, variables, document.front_matter)
            if isinstance(value, str)
            else value
            for key, value in metadata.items()
        }
        emitted, execution = self.emitted(job, variables, printed, refresh=refresh)
        if digest:
            metadata["digest"] = digest if execution.is_whole else digest + DRAFT
        rendering.check_references(document, emitted.chapters, keys)
        text = typesetter.typst_source(document, emitted.chapters, metadata)
        read = (*document.sources, *emitted.embedded)
        return Source(text, execution.ran, not execution.is_whole, read, str(metadata.get("title", document.name)))


def _own_digest(job: Job) -> str:
    """Digest what a job depends on but for its inputs."""
    return digest_of({name: found for name, found in job.dependencies().items() if name not in job.inputs})


def _echo(document: Document, options: Mapping[str, Any]) -> bool:
    for values in (document.front_matter, options):
        execute_options = values.get("execute")
        if isinstance(execute_options, Mapping) and "echo" in execute_options:
            return bool(execute_options["echo"])
    return True
