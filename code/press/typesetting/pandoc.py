"""Runs pandoc on Markdown, and cuts a chapter into pieces that can be converted one by one."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from handin.errors import WorkError
from handin.text import without_colours
from press.source.hidden import DEFINITION
from press.source.qmd import Line, scanned, texts

READER = "markdown-auto_identifiers+raw_attribute"


@cache
def pandoc() -> Path:
    """Return the pandoc binary of pypandoc-binary, whose own look-up logs a traceback where the system has none."""
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
    """Run pandoc on a text; `PandocFailure` says what it or a filter said last."""
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
        raise PandocFailure(said(done.stderr.decode(errors="replace")) or "pandoc failed")
    return done.stdout.decode()


_LUA_ERROR = re.compile(r"^(?:ERROR:? *)?(?:Error running filter .*?: *)?(?!\t).*?\.lua:\d+: *")


def said(stderr: str) -> str:
    """Find in what pandoc or Quarto printed the sentence that it failed with: a filter's own, or its last error.

    A filter refuses by an assertion, which Lua prints after the script's name and line and before a trace of calls.
    """
    lines = [line.rstrip() for line in without_colours(stderr).splitlines()]
    told = [number for number, line in enumerate(lines) if _LUA_ERROR.match(line)]
    if told:
        after = itertools.takewhile(lambda line: line and not line.startswith("stack traceback"), lines[told[-1] :])
        return _LUA_ERROR.sub("", " ".join(after))
    lines = list(itertools.takewhile(lambda line: not line.startswith("stack traceback"), lines))
    errors = [line for line in lines if "ERROR" in line] or [line for line in lines if line][-3:]
    return " ".join(errors)[:600]


_TARGET = re.compile(r"^ {0,3}(\[[^\]\n]+\]):", re.MULTILINE)
_COLONS = re.compile(r"^ {0,3}:{3,}[ \t]*([^:\s]?)", re.MULTILINE)


def hang_together(chapters: Sequence[str]) -> bool:
    """Whether something reaches from one chapter into another: a macro, a note, a link's target, a block."""
    for number, chapter in enumerate(chapters):
        others = "\n".join([*chapters[:number], *chapters[number + 1 :]])
        is_in_block = sum(1 if opens else -1 for opens in _COLONS.findall(chapter)) != 0
        if DEFINITION.search(chapter) or is_in_block or any(target in others for target in _TARGET.findall(chapter)):
            return True
    return False


def front_matter(values: Mapping[str, Any]) -> str:
    """Write values as the front matter of a Markdown text."""
    return "---\n" + json.dumps(dict(values), ensure_ascii=False, default=str) + "\n...\n\n"


def sections(chapter: str) -> tuple[str, ...]:
    """Cut a chapter's Markdown before its headings; a chapter in which something reaches over a cut stays whole.

    Notes, link targets and macros are defined in one place and used in another: such a chapter is one piece.
    """
    if DEFINITION.search(chapter):
        return (chapter,)
    lines = [Line(text, "", number) for number, text in enumerate(chapter.split("\n"))]
    cuts = [0]
    depth, dollars = 0, 0
    for line in texts(scanned(lines)):
        if re.match(r" {0,3}\[[^\]]+\]:", line.text):
            return (chapter,)
        is_heading = re.match(r"#{1,6} ", line.text) and not depth and not dollars % 2
        if is_heading and line.number and not lines[line.number - 1].text.strip():
            cuts.append(line.number)
        if colons := re.match(r" {0,3}:{3,}\s*(.*)$", line.text):
            depth += 1 if colons[1].strip(": ") else -1
        dollars += line.text.count("$$")
    pieces = ("\n".join(line.text for line in lines[a:b]) for a, b in itertools.pairwise([*cuts, len(lines)]))
    return tuple(piece for piece in pieces if piece.strip())
