"""Builds the pages and the notebook again when something has changed, and publishes what came of it.

Two threads work. One prepares (evidence, trainings, variables), in a child process, and says what is there already. The
other builds the documents with that: cells that read what is still being made wait, and the rest is shown. Edits that
arrive during a build are taken together by the next one; where they change what is prepared, that begins again.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path

from handin.errors import WorkError
from press.build import Builder, Purpose, is_unmade
from press.currency import SET
from press.execution import seen
from press.execution.waiting import NOTICE
from press.keeping.lock import alone
from press.prepare import Prepared
from press.preview.board import Board, Page
from press.preview.faults import problem
from press.preview.figure_fonts import faces, with_fonts
from press.preview.notebook_page import CellView, NotebookPage
from press.preview.preparing import Preparation
from press.preview.watching import Effect, effect, running_code
from press.project import Project
from press.source.qmd import Cell

SETTING = "Setting the pages"

MARK = base64.b64encode(NOTICE.encode())
"""What a page has in it that shows something in place of what is still being made."""

A4 = (595.28, 841.89)
"""A page's size in points."""

_SIZE = re.compile(rb'<svg[^>]*? viewBox="0 0 ([\d.]+) ([\d.]+)"')


class _Postponed(Exception):
    """Cells must be executed, but what they read may be prepared anew: the build comes again after that."""


class Workshop:
    """Keeps the documents up to date, and publishes them on the board.

    `restart` is called when the preview's own code has changed.
    """

    def __init__(self, project: Project, board: Board, restart: Callable[[], None] = lambda: None):
        self.project = project
        self.board = board
        self._restart = restart
        self._wake = threading.Condition()
        self._changed: set[Path] | None = None
        self._prepare_wanted = True
        self._stopping = False
        self._prepared: Prepared | None = None
        self._preparation: Preparation | None = None
        self._preparations = 0
        # Held by whoever executes: cells must not read results while these are being replaced.
        self._executing = threading.Lock()
        self._builder = Builder(project, Purpose.PREVIEW, on_cell=self._on_cell)
        self._held = contextlib.ExitStack()
        self._building: tuple[Prepared, int] = (Prepared(), 0)
        self._notebook_page = NotebookPage(project.root)
        self._notebook_sources: frozenset[Path] = frozenset()
        self._notebook_made_with: Prepared | None = None
        self._sources: frozenset[Path] = frozenset()
        self._pdf: Future[bytes] | None = None
        self._bodies: tuple[dict[str, bytes], ...] = ({}, {})
        self.cells: tuple[CellView, ...] = ()
        self._threads = [
            threading.Thread(target=self._prepare_for_ever, name="preparation", daemon=True),
            threading.Thread(target=self._build_for_ever, name="documents", daemon=True),
        ]

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the work at once, with every process that it started."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
            if self._preparation is not None:
                self._preparation.end()
        kernel = self._builder.kernel
        if kernel is not None:
            kernel.kill()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(1.0)
        with contextlib.suppress(Exception):  # a kernel that is gone already
            self._builder.__exit__()

    @property
    def is_preparing(self) -> bool:
        """Whether something is being made that the documents read."""
        return self._preparation is not None

    def further_sources(self) -> frozenset[Path]:
        """Name the files that the documents are made from, wherever in the project they lie."""
        return self._sources | self._notebook_sources

    def note(self, paths: Iterable[Path]) -> None:
        """Take notice of changed files."""
        paths, read = frozenset(paths), self.further_sources()
        has_code = any(path.suffix == ".py" for path in paths)
        running = running_code(self.project) if has_code else frozenset()  # to look for it takes long
        effects = {path: effect(path, self.project, running, read) for path in paths}
        most = max(effects.values(), default=Effect.NOTHING)
        if most == Effect.NOTHING:
            return
        if most == Effect.RESTART and self._is_sound(p for p, each in effects.items() if each == Effect.RESTART):
            self._restart()
            return
        with self._wake:
            changed = {path for path, each in effects.items() if each == Effect.DOCUMENTS}
            if most >= Effect.PREPARATION:
                self._prepare_wanted = True
                if self._preparation is not None:
                    self._preparation.end()  # what is finished is kept
                changed |= {path for path in paths if path in self._notebook_sources}
            if changed:
                self._changed = (self._changed or set()) | changed
            self._wake.notify_all()

    def _is_sound(self, paths: Iterable[Path]) -> bool:
        """Whether the preview's own code can be loaded again; if not, say where it is wrong."""
        for path in paths:
            if path.suffix == ".py":
                try:
                    compile(path.read_bytes(), str(path), "exec")
                except (SyntaxError, ValueError, OSError) as error:
                    self.board.problem("preview", problem(error, self.project))
                    return False
        return True

    def page(self, digest: str) -> bytes | None:
        """Return a page's SVG with its figures' fonts, if it is one of the present pages or of those before."""
        body = next((bodies[digest] for bodies in self._bodies if digest in bodies), None)
        return None if body is None else with_fonts(body, faces(tuple(self._builder.typesetter.extension.fonts)))

    def pdf(self) -> bytes:
        """Return the last good pages as PDF; raise `WorkError` if there are none yet, or Typst refuses them."""
        if self._pdf is None:
            raise WorkError("There is no page yet.")
        return self._pdf.result()

    # Preparation

    def _prepare_for_ever(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._prepare_wanted or self._stopping)
                if self._stopping:
                    return
                self._prepare_wanted = False
            self.board.doing("preparation", "Looking at what the report reads")
            with self._executing:
                complete = self._prepare()
            if complete is not None:
                self._take(complete)
            self.board.doing("preparation", None)

    def _prepare(self) -> Prepared | None:
        """Prepare, and take what is there on the way; return all of it, or nothing where it failed."""
        try:
            with self._wake:
                if self._stopping:
                    return None
                self._preparation = Preparation(self.project)
                self._preparations += 1
            for prepared in self._preparation.stages(lambda text: self.board.doing("preparation", text)):
                self.board.problem("preparation", None)
                if not prepared.unmade:
                    return prepared
                self._take(prepared)
        except Exception as error:
            if not self._stopping and not self._prepare_wanted:
                self.board.problem("preparation", problem(error, self.project))
        finally:
            self._preparation = None
        return None

    def _take(self, prepared: Prepared) -> None:
        with self._wake:
            self._prepared = prepared
            self._changed = self._changed or set()
            # Said before "preparation" ends, so that nobody sees old pages called up to date.
            self.board.doing("documents", SETTING)
            self._wake.notify_all()

    # Documents

    def _build_for_ever(self) -> None:
        if self._builder.kernel is not None:
            self._builder.kernel.start()  # ready before it is known what there is to show
        while True:
            with self._wake:
                self._wake.wait_for(
                    lambda: (self._changed is not None and self._prepared is not None) or self._stopping
                )
                if self._stopping:
                    return
                changed, self._changed = self._changed, None
                prepared, self._building = self._prepared, (self._prepared or Prepared(), self._preparations)
            self.board.doing("documents", SETTING)
            if changed is not None and prepared is not None:
                self._build(changed, prepared)
            if (preparation := self._preparation) is not None:
                preparation.go_on()
            with self._wake:
                more = self._changed is not None
            if not more:
                self.board.doing("documents", None)
                if not self._stopping and self._builder.kernel is not None:
                    self._builder.kernel.start()  # ready before the first cell is edited

    def _build(self, changed: set[Path], prepared: Prepared) -> None:
        notebook = self.project.report.notebook
        waits = notebook is not None and is_unmade(notebook, prepared.inputs)
        if waits:  # it has nothing to show yet, and the report embeds nothing from it
            self._attempt("report", self._build_report, prepared)
        if notebook is not None and self._notebook_is_affected(changed, prepared):
            self._attempt("notebook", self._build_notebook, prepared)
        was_made = notebook is None or (self.project.generated / f"{notebook.name}.ipynb").is_file()
        if not waits and (self._notebook_made_with is not None or was_made):
            self._attempt("report", self._build_report, prepared)

    def _attempt(self, name: str, build: Callable[[Prepared], None], prepared: Prepared) -> None:
        try:
            build(prepared)
        except _Postponed:
            return
        except Exception as error:
            if not self._stopping:
                self.board.problem(name, problem(error, self.project))
            return
        finally:
            self._held.close()
        self.board.problem(name, None)

    def _on_cell(self, document: str, index: int, count: int, cell: Cell) -> None:
        if self._stopping or self._building[1] != self._preparations:
            raise _Postponed
        if index == 0:
            self._may_execute()
        label = f" ({cell.label})" if cell.label else ""
        self.board.doing("documents", f"Executing {document}: cell {index + 1} of {count}{label}")

    def _may_execute(self) -> None:
        """Take the right to execute, until the end of this build."""
        prepared = self._building[0]
        if prepared.unmade and self._preparation is not None:
            return  # it holds the project's lock, and replaces nothing that these cells may read
        if not self._executing.acquire(blocking=False):
            raise _Postponed
        self._held.callback(self._executing.release)
        if prepared is not self._prepared:
            raise _Postponed  # prepared anew since this build began
        self._held.enter_context(alone(self.project, lambda text: self.board.doing("documents", str(text))))

    def _notebook_is_affected(self, changed: set[Path], prepared: Prepared) -> bool:
        is_read = any(path in self._notebook_sources or path.suffix.lower() not in SET for path in changed)
        return self._notebook_made_with is not prepared or is_read

    def _build_notebook(self, prepared: Prepared) -> None:
        self._notebook_made_with = None
        document = self.project.report.notebook
        assert document is not None, "it is built where there is one"
        content, _ = self._builder.notebook(prepared.variables, prepared.inputs)
        job = self._builder.job(document, prepared.inputs)
        read = seen.paths(self._builder.used.seen.get(job.document.name, {}), self.project.root)
        self._notebook_sources = frozenset(path.resolve() for path in (*job.document.sources, *read))
        self.cells = self._notebook_page.cells(content)
        self._notebook_made_with = prepared
        self.board.publish(notebook=hashlib.sha256(content).hexdigest()[:24])

    def _build_report(self, prepared: Prepared) -> None:
        source = self._builder.report(prepared)
        self._sources = frozenset(path.resolve() for path in (*source.sources, *self._builder.used.files))
        svgs, pdf = self._builder.typesetter.pages_and_pdf(source.text)
        digests = [hashlib.sha256(svg).hexdigest()[:24] for svg in svgs]
        pages = tuple(Page(digest, *_size(svg), MARK in svg) for digest, svg in zip(digests, svgs, strict=True))
        bodies = dict(zip(digests, svgs, strict=True))
        # What a browser is fetching at this moment may belong to the pages before.
        self._bodies = (bodies, self._bodies[0])
        self._pdf = pdf
        self.board.publish(pages=pages, title=source.title)
        pdf.result()  # where the pages can be set but not handed in, that is a problem like any other


def _size(svg: bytes) -> tuple[float, float]:
    found = _SIZE.search(svg[:2000])
    return (float(found[1]), float(found[2])) if found else A4
