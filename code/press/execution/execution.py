"""Executes a document's cells where what they show is not kept, or follows from something that has changed since."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from press.execution import seen
from press.execution.job import Execution, Job
from press.execution.outputs import OutputCache
from press.execution.running import Kernel
from press.source.qmd import Cell


def execute(
    job: Job,
    cache: OutputCache,
    kernel: Kernel,
    *,
    refresh: bool = False,
    on_cell: Callable[[int, int, Cell], None] | None = None,
) -> Execution:
    """Return a job's outputs, from the cache where nothing that they depend on has changed.

    Parameters
    ----------
    job
        What to execute.
    cache
        Where outputs are kept.
    kernel
        A kernel to use, which is started if it must be and left running.
    refresh
        Execute though nothing changed.
    on_cell
        Called before each cell that is executed.
    """
    found = None if refresh else cache.load(job)
    if found is None:
        job.facts()  # as they are before anything runs
        held, before = ({}, {}) if refresh else cache.held(job)
        is_fresh = kernel.is_fresh
        outputs, read = kernel.run(job, on_cell, held)
        read = seen.both(before if held else {}, read)
        found = Execution(outputs, ran=True, is_whole=is_fresh and not held, seen=read)
        if job.holds():  # else nobody knows which of two states the cells have seen
            cache.save(job, replace(found, ran=False), in_parts=bool(held))
    by_cell = dict(zip((id(cell) for cell in job.cells), found.outputs, strict=True))
    return replace(found, outputs=tuple(by_cell.get(id(cell), ()) for cell in job.document.cells))
