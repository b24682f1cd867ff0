"""Refuses what pandoc takes for something else than it looks like: lists inside a paragraph, tables that lose cells."""

from __future__ import annotations

import re
from collections.abc import Sequence

from handin.errors import InputError
from press.source.judging import Judge
from press.source.qmd import Kind, Line

DIV = re.compile(r"^\s*:{3,}\s*(\{.*\}|[^\s{:][^{]*?)?\s*:*\s*$")
"""The line that opens or closes a block."""
DEEPEST = 6
"""Square brackets that a paragraph may have open at once."""

_TABLE_ROW = re.compile(r"\|.*[^\\|]\|.*\|")
_TABLE_RULE = re.compile(r"\|?\s*:?-+:?\s*([|+]\s*:?-+:?\s*)*\|?")
_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)]|#\.)\s+\S")


def refuse_run_in(lines: Sequence[Line], judge: Judge) -> None:
    """Refuse a list, table or heading right under a line of text, which pandoc and Quarto take for more of the text."""
    in_paragraph = in_formula = in_list = False
    before = ""
    for line, following in zip(lines, [*lines[1:], None], strict=False):
        text = line.text.strip() if line.kind is Kind.TEXT else ""
        before_formula, in_formula = in_formula, in_formula ^ (line.text.count("$$") % 2 == 1) and bool(text)
        if not text or DIV.match(line.text) or text.startswith(("|", "+-", "#", ">", "[^", "{{<", ":")):
            if in_paragraph and not before_formula and line.kind is Kind.TEXT:
                _check_run_in(line, text, following, judge)
            in_paragraph = in_paragraph and bool(text) and text.startswith((">", "[^"))
            before = text
            continue
        is_item = _ITEM.match(line.text) is not None
        if not is_item and not before and not line.text.startswith((" ", "\t")):
            in_list = False
        if in_paragraph and is_item and not before_formula and not in_list:
            _check_run_in(line, text, following, judge)
        in_list = in_list or (is_item and not in_paragraph)
        in_paragraph = not is_item and not line.text.startswith(("    ", "\t", "---", "==="))
        before = text


def _check_run_in(line: Line, text: str, following: Line | None, judge: Judge) -> None:
    after = following.text.strip() if following is not None and following.kind is Kind.TEXT else ""
    what = None
    if re.match(r"[-*+]\s", text) or (re.match(r"(1[.)]|#\.)\s", text) and (not after or _ITEM.match(after))):
        what = "list"
    elif text.startswith("|") and _TABLE_RULE.fullmatch(after) and "-" in after:
        what = "table"
    elif re.match(r"#{1,6}\s", text):
        what = "heading"
    if what:
        judge.mind(line.place, f"this {what} is taken for more of the paragraph above it: leave an empty line between.")


def refuse_lossy_tables(lines: Sequence[Line]) -> None:
    """Refuse tables of which pandoc would leave cells out without a word, or which it would not take for tables."""
    columns = 0
    for before, line, after in zip([None, *lines], lines, [*lines[1:], None], strict=False):
        text = line.text.strip()
        if not text:
            columns = 0
        elif columns:
            _check_row(line, columns)
        elif (
            _TABLE_RULE.fullmatch(text) and before is not None and "|" in before.text and "|" in text.replace("+", "|")
        ):
            columns = _columns(text.replace("+", "|"))
            _check_row(before, columns)
        elif _TABLE_ROW.fullmatch(text) and not (before is not None and before.text.strip().startswith(("+", "|"))):
            follows = after.text.strip() if after is not None else ""
            if _TABLE_ROW.fullmatch(follows) and not _TABLE_RULE.fullmatch(follows):
                rule = "|---" * _columns(text) + "|"
                raise InputError(f"{line.place}: this table has no line under its head: write {rule} there.")


def _check_row(line: Line, columns: int) -> None:
    found = _columns(line.text)
    if found > columns:
        raise InputError(
            f"{line.place}: this row of the table has {found} cells, and the line under its head has {columns}: make "
            "them equal, since what is too many would be left out (a bar inside a cell is written \\|)."
        )


def _columns(row: str) -> int:
    """Count the cells of a row of a pipe table, in which code and formulas are blanked out."""
    bars = row.replace("\\|", "  ").strip()
    return bars.removeprefix("|").removesuffix("|").count("|") + 1


def nested(line: Line, depth: int) -> int:
    """Count the square brackets that are open after a line of a paragraph; pandoc's time doubles with each of them."""
    if not line.text.strip():
        return 0
    for bracket in re.sub(r"\\.", "", line.text):
        depth = depth + 1 if bracket == "[" else max(0, depth - 1) if bracket == "]" else depth
        if depth > DEEPEST:
            raise InputError(
                f"{line.place}: more than {DEEPEST} square brackets are open: close them, or write \\[ for the sign."
            )
    return depth
