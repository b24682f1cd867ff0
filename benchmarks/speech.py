"""Counts the pairs of formulas that mean different things and sound the same.

    python benchmarks/speech.py FILE [--json] [--show N] [--folder EXTENSION]

FILE holds one formula a line, between dollar signs or bare; what stands before a tab is left out. From each formula
come mutants, in which one thing, or a thing and the comma beside it, has moved over one border: out of or into an
index, an exponent, a root, a fraction's half, brackets, a norm, a function's argument, or what an accent covers. A
mutant counts if the extension reads it as another tree than the formula; it is a fault if both are then spoken in the
same words. Commas are not words: they are pauses, which a listener may miss. What is refused is left out.

formulas, mutants
    How many were spoken.
same
    The mutants that sound like their formula; `share` is their share in per cent.
moves
    For each kind of move: the mutants, and those that sound the same.
seconds
    The time that pandoc took for all of them.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from pypandoc import get_pandoc_path

ROOT = Path(__file__).resolve().parents[1]
EXTENSION = ROOT / "report" / "_extensions" / "spoken-formulas"

# Commands that take their argument as it is written.
VERBATIM = (
    r"\\(?:text\w*|mbox|operatorname\*?|[hv]space\*?|color|label|tag|mathop|substack|phantom)\s*"
    r"\{(?:[^{}]|\{[^{}]*\})*\}|\\begin\{array\}\s*\{[^}]*\}|\\(?:begin|end)\{[^}]*\}"
)
TOKEN = re.compile(VERBATIM + r"|\\[a-zA-Z]+\*?|\\.|\s+|\d+(?:\.\d+)?|.", re.DOTALL)
ARGUMENTS = {
    **dict.fromkeys(r"\frac \dfrac \tfrac \cfrac \binom \overset \underset \stackrel".split(), 2),
    **dict.fromkeys(r"\sqrt \hat \tilde \bar \vec \dot \ddot \widehat \widetilde \overline \underline".split(), 1),
    **dict.fromkeys(r"\underbrace \overbrace".split(), 1),
}
# A sign looks the same in every font, so that a move into or out of one need not mean anything.
FONTS = r"\mathbf \mathrm \mathcal \mathbb \mathsf \mathtt \mathfrak \mathscr \mathit \boldsymbol \bm \not"
WHOLE = {*FONTS.split(), r"\boxed"}
BRACKETS = {"(": ")", "[": "]", r"\{": r"\}", r"\lvert": r"\rvert", r"\lVert": r"\rVert", r"\langle": r"\rangle"}
BARS = {"|", r"\|"}
BORDERS = {
    *r"& \\ \left \right \middle \over \choose \limits \nolimits \displaystyle \rm \bf \quad \qquad \ang".split()
}


@dataclass(frozen=True)
class Group:
    """Things between two borders: the braces of an argument, or brackets."""

    name: str
    open: str
    close: str
    row: tuple[Unit, ...]

    def __str__(self) -> str:
        return self.open + " ".join(map(str, self.row)) + self.close


@dataclass(frozen=True)
class Unit:
    """One thing in a row, with its arguments and what is attached to it: `x`, `_`, `{i}`."""

    parts: tuple[str | Group, ...]

    def __str__(self) -> str:
        text = ""
        for part in self.parts:
            text += (" " if re.search(r"\\[a-zA-Z]+$", text) and re.match(r"[a-zA-Z]", str(part)) else "") + str(part)
        return text

    @property
    def border(self) -> bool:
        head = self.parts[0]
        return isinstance(head, str) and (head in BORDERS or head.startswith((r"\begin", r"\end", r"\big", r"\Big")))

    @property
    def comma(self) -> bool:
        return self.parts == (",",)


class Reader:
    """Splits a formula into rows of units; brackets become groups where they are balanced."""

    def __init__(self, source: str):
        self.tokens = [t for t in TOKEN.findall(source) if not t.isspace()]
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def row(self, *stops: str) -> tuple[Unit, ...]:
        units: list[Unit] = []
        while self.at < len(self.tokens) and self.peek() not in ("}", *stops):
            units.append(self.unit())
        return tuple(units)

    def argument(self, name: str) -> Group:
        if self.peek() != "{":
            token = self.take() if self.at < len(self.tokens) else ""
            inner = (Unit((token, *(self.argument(name) for _ in range(ARGUMENTS.get(token, 0))))),)
            return Group(name, "{", "}", inner)
        self.take()
        group = Group(name, "{", "}", self.row())
        self.at += 1
        return group

    def bracketed(self, opening: str, closing: str) -> Group | None:
        start = self.at
        row = self.row(closing, "&", r"\\", r"\right", r"\end") if closing not in BARS else self.bar_row(closing)
        if row and self.peek() == closing and not any(unit.border for unit in row):
            self.take()
            return Group("norm" if closing in BARS or "ert" in closing else "brackets", opening, closing, row)
        self.at = start
        return None

    def bar_row(self, closing: str) -> tuple[Unit, ...]:
        units: list[Unit] = []
        while self.at < len(self.tokens) and self.peek() not in ("}", ")", "]", "&", r"\\", r"\right", closing):
            units.append(self.unit())
        return tuple(units)

    def unit(self) -> Unit:
        token = self.take()
        parts: list[str | Group] = [token]
        if token == "{":
            self.at -= 1
            parts = [self.argument("group")]
        elif token in WHOLE and self.at < len(self.tokens):
            parts = [f"{token}{self.argument(token)}"]
        elif token in ARGUMENTS:
            if token == r"\sqrt" and self.peek() == "[":
                self.take()
                parts.append(Group("order", "[", "]", self.row("]")))
                self.at += 1
            halves = ("numerator", "denominator") if "frac" in token else (token, token)
            parts += [self.argument(halves[k]) for k in range(ARGUMENTS[token])]
        elif (token in BRACKETS or token in BARS) and (group := self.bracketed(token, BRACKETS.get(token, token))):
            parts = [group]
        elif token == r"\left" and self.at < len(self.tokens):
            start = self.at
            opening = self.take()
            row = self.row(r"\right", "&", r"\\")
            if self.peek() == r"\right" and row and not any(unit.border for unit in row):
                self.take()
                parts = [Group("brackets", rf"\left{opening}", rf"\right{self.take()}", row)]
            else:
                self.at = start
        while (mark := self.peek()) in ("_", "^", "'"):
            self.take()
            parts.append(mark)
            if mark != "'":
                parts.append(self.argument("index" if mark == "_" else "exponent"))
        return Unit(tuple(parts))


def _moves(row: tuple[Unit, ...]) -> Iterator[tuple[str, tuple[Unit, ...]]]:
    """Yield every row that differs from this one by one move over a border, with the border's name."""
    for k, unit in enumerate(row):
        groups = [j for j, part in enumerate(unit.parts) if isinstance(part, Group)]

        def rebuilt(changed: dict[int, tuple[Unit, ...]], unit: Unit = unit) -> Unit:
            return Unit(tuple(replace(p, row=changed[j]) if j in changed else p for j, p in enumerate(unit.parts)))

        for j in groups:
            group = unit.parts[j]
            inner, name = group.row, group.name
            for inside, changed in _moves(inner):
                yield inside, (*row[:k], rebuilt({j: changed}), *row[k + 1 :])
            # what leads a unit can also take from, and give to, what stands before it
            leading = j == groups[0] and name not in ("index", "exponent", "order")
            for count in (1, 2):
                if len(inner) > count and not any(u.border for u in inner[-count:]) and (count == 1 or inner[-2].comma):
                    yield f"out of {name}", (*row[:k], rebuilt({j: inner[:-count]}), *inner[-count:], *row[k + 1 :])
                after = row[k + 1 : k + 1 + count]
                if len(after) == count and not any(u.border for u in after) and (count == 1 or after[0].comma):
                    yield f"into {name}", (*row[:k], rebuilt({j: (*inner, *after)}), *row[k + 1 + count :])
            if leading and len(inner) > 1 and not inner[0].border:
                yield f"out of {name}", (*row[:k], inner[0], rebuilt({j: inner[1:]}), *row[k + 1 :])
            if leading and k > 0 and not row[k - 1].border:
                yield f"into {name}", (*row[: k - 1], rebuilt({j: (row[k - 1], *inner)}), *row[k + 1 :])
        # from one part of a unit into the next: numerator to denominator, index to exponent
        for a, b in pairwise(groups):
            first, second = unit.parts[a].row, unit.parts[b].row
            if len(first) > 1 and not first[-1].border:
                yield "between parts", (*row[:k], rebuilt({a: first[:-1], b: (first[-1], *second)}), *row[k + 1 :])
            if len(second) > 1 and not second[0].border:
                yield "between parts", (*row[:k], rebuilt({a: (*first, second[0]), b: second[1:]}), *row[k + 1 :])
        yield from _scripts(row, k, groups, rebuilt)


def _scripts(
    row: tuple[Unit, ...], k: int, groups: list[int], rebuilt: Callable[[dict[int, tuple[Unit, ...]]], Unit]
) -> Iterator[tuple[str, tuple[Unit, ...]]]:
    """Yield the rows in which scripts have gone from a unit onto the last thing inside it, or the other way."""
    parts = row[k].parts
    scripts = next((j for j, part in enumerate(parts) if part in ("_", "^")), len(parts))
    for j in groups:
        inner = parts[j].row
        if not inner or inner[-1].border:
            continue
        last = inner[-1].parts
        inside = next((i for i, part in enumerate(last) if part in ("_", "^")), len(last))
        if j < scripts < len(parts) and inside == len(last):
            given = Unit((*last, *parts[scripts:]))
            whole = rebuilt({j: (*inner[:-1], given)})
            yield "scripts inwards", (*row[:k], Unit(whole.parts[:scripts]), *row[k + 1 :])
        if j < scripts == len(parts) and 0 < inside < len(last):
            whole = rebuilt({j: (*inner[:-1], Unit(last[:inside]))})
            yield "scripts outwards", (*row[:k], Unit((*whole.parts, *last[inside:])), *row[k + 1 :])
        # x_i^2 and x_{i^2}
        if j == scripts + 1 and len(parts) == scripts + 4 and inside == len(last):
            whole = rebuilt({j: (*inner[:-1], Unit((*last, *parts[scripts + 2 :])))})
            yield "scripts inwards", (*row[:k], Unit(whole.parts[: scripts + 2]), *row[k + 1 :])


def mutants(formula: str) -> list[tuple[str, str]]:
    """Return the formulas that differ from one by a single move, each with the name of the move.

    Parameters
    ----------
    formula
        TeX, without dollar signs.
    """
    row = Reader(formula).row()
    return [(name, " ".join(map(str, moved))) for name, moved in _moves(row)]


def spoken(formulas: list[str], folder: Path = EXTENSION) -> list[dict[str, str]]:
    """Return the `words` and the `meaning` of each formula; both are empty where the extension refuses it."""
    command = [get_pandoc_path(), "lua", str(Path(__file__).with_suffix(".lua")), str(folder)]
    done = subprocess.run(command, input=json.dumps(formulas), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def heard(words: str) -> str:
    """Return what a listener hears: words, without pauses."""
    return " ".join(re.sub(r"(?<!\d)[.,;:]|[.,;:](?!\d)", " ", words).split())


def collisions(formulas: list[str], folder: Path = EXTENSION) -> tuple[Counter[str], list[tuple[str, str, str, str]]]:
    """Return the number of mutants for each move, and the faults: move, formula, mutant, words."""
    pairs = [(name, formula, other) for formula in formulas for name, other in mutants(formula)]
    texts = list(dict.fromkeys([*formulas, *(other for _, _, other in pairs)]))
    said = dict(zip(texts, spoken(texts, folder), strict=True))
    counted: Counter[str] = Counter()
    faults = []
    for name, formula, other in pairs:
        a, b = said[formula], said[other]
        if not a["meaning"] or not b["meaning"] or a["meaning"] == b["meaning"]:
            continue
        counted[name] += 1
        if heard(a["words"]) == heard(b["words"]):
            faults.append((name, formula, other, a["words"]))
    return counted, faults


def main(arguments: list[str] | None = None) -> int:
    """Measure one file."""
    parser = argparse.ArgumentParser(description="Count formulas that differ and sound the same.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--folder", type=Path, default=EXTENSION)
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print the first N faults")
    given = parser.parse_args(arguments)
    lines = given.file.read_text(encoding="utf-8").splitlines()
    formulas = list(dict.fromkeys(line.split("\t")[-1].strip().strip("$").strip() for line in lines if line.strip()))
    begun = time.perf_counter()
    counted, faults = collisions(formulas, given.folder)
    total = counted.total()
    result: dict[str, Any] = {
        "formulas": len(formulas),
        "mutants": total,
        "same": len(faults),
        "share": round(100 * len(faults) / max(total, 1), 3),
        "moves": {name: [count, sum(f[0] == name for f in faults)] for name, count in counted.most_common()},
        "seconds": round(time.perf_counter() - begun, 1),
    }
    if given.json:
        print(json.dumps(result, indent=1))
        return 0
    for name, formula, other, words in faults[: given.show]:
        print(f"{name}\n  {formula}\n  {other}\n  {words}")
    for name, (count, same) in result["moves"].items():
        print(f"{same:6} of {count:7}  {name}")
    print(f"{result['same']} of {total} mutants of {len(formulas)} formulas sound the same: {result['share']} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
