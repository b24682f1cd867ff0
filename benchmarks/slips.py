"""Makes random slips in a copy of the project, one at a time, and counts which of them the build stops.

    python benchmarks/slips.py [--json] [--list] [--each N] [--seed N] [--kinds KIND ...] [--tests TEST ...]

The same seed makes the same slips in the same sources. A slip in code is first put to the tests of that code, those
under `tests/coursework` that name its module; one in a document to the build. What neither the build nor the tests
stop is silent, and is listed with its place; where one of them does not end in ten minutes, nothing is known. With
`COURSEWORK_PROFILE=tiny` the copy has trainings that take seconds.
The kinds:

numbers
    A digit of a number in the prose or in a formula.
signs
    A plus or minus in a formula.
indices
    An index in a formula.
relations
    A comparison in a formula, turned round.
variables
    A variable of the prose, for another one of its group.
labels
    Two labels of one plot or diagram, for each other.
code
    In a function of the answers or experiments: another operator, comparison or number, a sign left out, or two
    neighbouring arguments for each other.
drawings
    In a diagram: two neighbouring arguments for each other, or a comparison turned round.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from project_copy import COMMAND, Copy, copied, processor

from handin.errors import InputError, WorkError
from press.build import Builder, Purpose
from press.prepare import prepare
from press.project import Project

FORMULA = re.compile(r"\$\$.+?\$\$|(?<![\\$])\$(?=\S)[^$\n]+?(?<=\S)\$(?!\d)", re.DOTALL)
NOT_PROSE = re.compile(
    r"\A---\n.*?\n---\n|^```.*?^```|<!--.*?-->|\{\{<.*?>\}\}|\{[#.][^}]*\}|https?://\S+|^\d+\. ", re.DOTALL | re.M
)
VARIABLE = re.compile(r"\{\{< var (\w+)\.(\w+) >\}\}")
TURNED = {r"\le": r"\ge", r"\ge": r"\le", r"\leq": r"\geq", r"\geq": r"\leq", "<": ">", ">": "<", "+": "-", "-": "+"}
LABELS = frozenset(["label", "title", "xlabel", "ylabel"])
ENDS = ("build", "tests", "silent", "unknown")
TIMED_OUT = 124
"""What `timeout` returns."""
SETTERS = frozenset(["set_title", "set_xlabel", "set_ylabel", "text", "annotate"])


@dataclass(frozen=True)
class Slip:
    """One slip: a piece of a file's text, with what stands there instead.

    Parameters
    ----------
    kind
        Of which kind it is.
    file
        Its file, from the project's folder.
    line
        Where it begins.
    before, after
        What stands there, and what is put there.
    start
        Where the piece begins in the text.
    """

    kind: str
    file: str
    line: int
    before: str
    after: str
    start: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.kind}: {self.before!r} -> {self.after!r}"

    def applied(self, text: str) -> str:
        """Return the text with the slip in it."""
        return text[: self.start] + self.after + text[self.start + len(self.before) :]


Piece = tuple[int, str, str]
"""Where a piece begins, the piece, and what could stand there by a slip."""


def _blanked(text: str, pattern: re.Pattern[str]) -> str:
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def _formulas(text: str) -> Iterator[tuple[int, str]]:
    for match in FORMULA.finditer(_blanked(text, NOT_PROSE)):
        yield match.start(), match[0]


def _in_formulas(pattern: str, changed: Callable[[str, random.Random], str]) -> Callable[..., Iterator[Piece]]:
    def pieces(text: str, draw: random.Random) -> Iterator[Piece]:
        for start, formula in _formulas(text):
            for match in re.finditer(pattern, formula):
                yield start + match.start(), match[0], changed(match[0], draw)

    return pieces


def _digit(piece: str, draw: random.Random) -> str:
    places = [at for at, character in enumerate(piece) if character.isdigit()]
    at = draw.choice(places)
    return piece[:at] + draw.choice([d for d in "123456789" if d != piece[at]]) + piece[at + 1 :]


def _numbers(text: str, draw: random.Random) -> Iterator[Piece]:
    for match in re.finditer(r"(?<![\w@#.\-/])\d+(?:\.\d+)?(?![\w-])", _blanked(text, NOT_PROSE)):
        yield match.start(), match[0], _digit(match[0], draw)


def _index(piece: str, draw: random.Random) -> str:
    return "_" + draw.choice([other for other in "12345tkij" if other != piece[1]])


def _variables(text: str, draw: random.Random) -> Iterator[Piece]:
    groups: dict[str, set[str]] = {}
    for match in VARIABLE.finditer(text):
        groups.setdefault(match[1], set()).add(match[2])
    for match in VARIABLE.finditer(text):
        if others := sorted(groups[match[1]] - {match[2]}):
            yield match.start(), match[0], f"{{{{< var {match[1]}.{draw.choice(others)} >}}}}"


def _labels(text: str, draw: random.Random) -> Iterator[Piece]:
    """Yield pieces from one label to another of the same function, with the two exchanged."""
    starts = [0]
    for line in text.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for function in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)):
        found: list[tuple[int, int]] = []
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            named = [word.value for word in call.keywords if word.arg in LABELS]
            for value in named + (list(call.args) if name in SETTERS else []):
                if isinstance(value, ast.Constant) and isinstance(value.value, str) and len(value.value) > 1:
                    first, last = starts[value.lineno - 1] + value.col_offset, starts[value.end_lineno - 1]
                    found.append((first, last + value.end_col_offset))
        data = text.encode()
        for (a, b), (c, d) in zip(sorted(set(found)), sorted(set(found))[1:], strict=False):
            if data[a:b] != data[c:d] and b <= c:
                swapped = data[c:d] + data[b:c] + data[a:b]
                yield len(data[:a].decode()), data[a:d].decode(), swapped.decode()


OTHERS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult, ast.MatMult: ast.Mult,
    ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.Gt, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip


def _slipped(node: ast.AST) -> ast.AST | None:
    """Return what a slip makes of one node of a program; None where it makes nothing."""
    match node:
        case ast.BinOp(left, op, right) if type(op) in OTHERS and not isinstance(left, ast.Constant | ast.JoinedStr):
            return ast.BinOp(left, OTHERS[type(op)](), right)
        case ast.Constant(int() | float() as value) if not isinstance(value, bool):
            return ast.Constant(value + 1)
        case ast.UnaryOp(ast.USub(), operand):
            return operand
    return _swapped(node)


def _swapped(node: ast.AST) -> ast.AST | None:
    named = ast.Name | ast.Attribute | ast.Subscript
    match node:
        case ast.Compare(left, [op], [right]) if type(op) in OTHERS:
            return ast.Compare(left, [OTHERS[type(op)]()], [right])
        case ast.Call(function, [ast.expr() as a, ast.expr() as b, *rest], words) if isinstance(a, named):
            if isinstance(b, named) and ast.unparse(a) != ast.unparse(b):
                return ast.Call(function, [b, a, *rest], words)
    return None


def _in_code(slipped: Callable[[ast.AST], ast.AST | None]) -> Callable[..., Iterator[Piece]]:
    def pieces(text: str, draw: random.Random) -> Iterator[Piece]:
        data = text.encode()
        starts = [0]
        for line in data.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        tree = ast.parse(text)
        written = (ast.JoinedStr, ast.arguments, ast.AnnAssign)  # words, defaults and types
        left_out = {id(inner) for node in ast.walk(tree) if isinstance(node, written) for inner in ast.walk(node)}
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            for node in (node for part in function.body for node in ast.walk(part) if id(node) not in left_out):
                if isinstance(node, ast.expr) and (made := slipped(node)) is not None:
                    first, last = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1]
                    before = data[first : last + node.end_col_offset].decode()
                    yield len(data[:first].decode()), before, f"({ast.unparse(made)})"

    return pieces


KINDS: dict[str, tuple[str, Callable[..., Iterator[Piece]]]] = {
    "numbers": ("report/*.qmd", _numbers),
    "signs": ("report/*.qmd", _in_formulas(r"(?<=[\w)}\]] )[+-](?= )", lambda piece, _: TURNED[piece])),
    "indices": ("report/*.qmd", _in_formulas(r"_[0-9a-z]", _index)),
    "relations": ("report/*.qmd", _in_formulas(r"\\(?:leq?|geq?)(?![A-Za-z])|[<>]", lambda piece, _: TURNED[piece])),
    "variables": ("report/*.qmd", _variables),
    "labels": ("code/coursework/**/*.py", _labels),
    "code": ("code/coursework/[ae]*/*.py", _in_code(_slipped)),
    "drawings": ("code/coursework/diagrams/*.py", _in_code(_swapped)),
}


def slips(root: Path, kinds: Sequence[str], each: int, seed: int) -> list[Slip]:
    """Choose so many slips of each kind, or as many as there can be."""
    chosen: list[Slip] = []
    for kind in kinds:
        draw = random.Random(f"{seed} {kind}")
        pattern, pieces = KINDS[kind]
        found = []
        for path in sorted(root.glob(pattern)):
            text, name = path.read_text(encoding="utf-8"), path.relative_to(root).as_posix()
            for start, before, after in pieces(text, draw):
                found.append(Slip(kind, name, text.count("\n", 0, start) + 1, before, after, start))
        found = list(dict.fromkeys(found))  # what stands in a function within a function was found twice
        chosen += draw.sample(found, min(each, len(found)))
    return chosen


def naming(root: Path, file: str) -> list[str]:
    """Find the tests that name a module; none for a document."""
    name = re.compile(rf"\b{Path(file).stem}\b")
    tests = sorted(root.glob("tests/coursework/**/test_*.py")) if file.endswith(".py") else []
    return [test.relative_to(root).as_posix() for test in tests if name.search(test.read_text(encoding="utf-8"))]


class Documents:
    """The documents of a copy, built in this process as a preview builds them: that takes a part of a second.

    Parameters
    ----------
    copy
        The copy.
    """

    def __init__(self, copy: Copy):
        self.project = Project.find(copy.root)
        self.prepared = prepare(self.project, self.project.settings())
        self.builder = Builder(self.project, Purpose.PREVIEW)

    def refused(self) -> bool:
        """Tell whether a document is refused; pages are not set."""
        report = self.project.report
        try:
            if report.notebook:
                self.builder.notebook(self.prepared.variables, self.prepared.inputs)
            for document in (report.document, *report.further):
                self.builder.report(self.prepared, document=document)
        except (InputError, WorkError):
            return True
        return False


class Unending(Exception):
    """A command has not ended in the time that it has."""


def outcome(copy: Copy, documents: Documents, slip: Slip, tests: Sequence[str]) -> str:
    """Say what stops a slip: the build, the tests, or nothing."""
    path = copy.root / slip.file
    text = path.read_text(encoding="utf-8")
    path.write_text(slip.applied(text), encoding="utf-8")
    own = naming(copy.root, slip.file)

    def code(command: list[str]) -> int:
        returned = copy.call(command).returncode
        if returned == TIMED_OUT:
            raise Unending
        return returned

    def fails(tests: Sequence[str]) -> bool:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
        return bool(tests) and code(command) in (1, 2)  # 2: it cannot even be imported

    try:
        if fails(own):
            return "tests"
        if (not own and documents.refused()) or code([*COMMAND, "bundle"]):
            return "build"
        return "tests" if fails(tests) else "silent"
    except Unending:
        return "unknown"
    finally:
        path.write_text(text, encoding="utf-8")


def main() -> None:
    """Make the slips, and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--each", type=int, default=20, help="how many slips of each kind (default 20)")
    parser.add_argument("--seed", type=int, default=0, help="another seed makes other slips (default 0)")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="which kinds (default all)")
    parser.add_argument("--tests", nargs="+", default=[], help="test files to run where the build stops nothing")
    parser.add_argument("--list", action="store_true", help="print the slips, and make none")
    arguments = parser.parse_args()
    with copied() as copy:
        chosen = slips(copy.root, arguments.kinds, arguments.each, arguments.seed)
        if arguments.list:
            print("\n".join(map(str, chosen)))
            return
        copy.environment["PYTHONPATH"] += f":{copy.root / 'tests'}"
        copy.run([*COMMAND, "bundle"])
        documents = Documents(copy)
        with documents.builder:
            found = {}
            for slip in chosen:
                found[slip] = outcome(copy, documents, slip, arguments.tests)
                print(f"{found[slip]:8}{slip}", file=sys.stderr, flush=True)
    counts = {
        kind: {end: sum(found[s] == end for s in chosen if s.kind == kind) for end in ENDS} for kind in arguments.kinds
    }
    silent = [slip for slip in chosen if found[slip] == "silent"]
    if arguments.json:
        listed = [asdict(slip) for slip in silent]
        print(json.dumps({"processor": processor(), "seed": arguments.seed, "counts": counts, "silent": listed}))
        return
    print(f"{'':12}" + "".join(f"{end:>8}" for end in ENDS))
    for kind, ends in counts.items():
        print(f"{kind:12}" + "".join(f"{ends[end]:8}" for end in ENDS))
    for slip in silent:
        print(slip)


if __name__ == "__main__":
    main()
