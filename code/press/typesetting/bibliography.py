"""Reads what a document cites: the keys of its bibliography, with what Typst would leave out of the list refused."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from handin import yaml_text
from handin.errors import InputError
from handin.text import read_text
from press.keeping.kept import write_if_changed
from press.source.options import listed
from press.source.refusals import Judge
from press.typesetting.pandoc import front_matter, run_pandoc

_ENTRY = re.compile(r"^\s*@(?!comment|string|preamble)(\w+)\s*\{\s*([^,\s]+)\s*,", flags=re.M | re.I)
_ANYTHING = re.compile(r"^\s*@\w+\s*[{(]", re.M)
_FIELD = re.compile(r"(?:^|[,{]\s*|\n\s*)([A-Za-z][\w-]*)\s*=\s*", re.M)
_PARENTS = re.compile(r"\b(?:crossref|xdata)\s*=\s*[{\"]([^}\"]*)", re.I)
SUFFIXES = frozenset([".bib", ".yml", ".yaml"])
CITED = Path(".cache", "render", "cited")
"""Where the cited entries are, in files with the names of those that they come from."""


def files(root: Path, folder: Path, options: Mapping[str, Any]) -> list[Path]:
    """Find the files of a document's bibliography, beside it or in the project's folder.

    One that is missing, lies outside the project or is of a kind that Typst does not read is refused.
    """
    found = []
    for name in listed(options.get("bibliography")):
        path = next((base / name.lstrip("/") for base in (folder, root) if (base / name.lstrip("/")).is_file()), None)
        if path is None or root.resolve() not in path.resolve().parents:
            raise InputError(f"{name}: the bibliography is missing or cannot be read.")
        if path.suffix not in SUFFIXES:
            raise InputError(f"{name}: a bibliography is a file that ends in .bib or .yml: convert it.")
        found.append(path)
    if references := options.get("references"):  # the sources themselves: Typst reads a file
        text = run_pandoc(
            front_matter({"references": references}), ["--from=markdown", "--to=biblatex", "--standalone"], root
        )
        found.append(root / ".cache" / "render" / "references.bib")
        write_if_changed(found[-1], text.encode())
    return found


def keys(root: Path, folder: Path, options: Mapping[str, Any]) -> set[str]:
    """Read the citation keys of a document's bibliography."""
    found: set[str] = set()
    for path in files(root, folder, options):
        text, name = _text(path, root)
        found |= (
            {entry.key for entry in _entries(text)} if path.suffix == ".bib" else set(yaml_text.mapping(text, name))
        )
    return found


def _text(path: Path, root: Path) -> tuple[str, str]:
    name = path.resolve().relative_to(root.resolve()).as_posix()
    return read_text(path, name), name


class _Entry(NamedTuple):
    kind: str
    key: str
    line: int
    body: str


def _entries(text: str) -> Iterator[_Entry]:
    borders = [match.start() for match in _ANYTHING.finditer(text)]
    for entry in _ENTRY.finditer(text):
        end = next((border for border in borders if border > entry.start(1)), len(text))
        line = text.count("\n", 0, entry.start(2)) + 1
        yield _Entry(entry[1].lower(), entry[2], line, text[entry.start() : end])


def cited(root: Path, folder: Path, options: Mapping[str, Any], names: Collection[str], *, strict: bool) -> list[Path]:
    """Refuse what is wrong with the entries that are cited, and return files in which Typst finds these.

    Typst reads every entry, and stops at one that it cannot read though nobody cites it. So it is given files with the
    cited ones alone, each on its line; where the format promises a standard, all entries are looked at.
    """
    found = []
    for path in files(root, folder, options):
        text, name = _text(path, root)
        if path.suffix == ".bib":
            entries = list(_entries(text))
            wanted = {entry.key for entry in entries} if strict else _with_parents(names, entries)
            kept: list[_Entry] = []
            for entry in entries:
                is_there = not strict and any(entry.key == each.key and _bare(entry) == _bare(each) for each in kept)
                if entry.key in wanted and not is_there:
                    kept.append(entry)
                else:
                    text = text.replace(entry.body, "\n" * entry.body.count("\n"), 1)
            _check(kept, name, Judge(strict))
            if text != path.read_text("utf-8"):
                path = root / CITED / name
                write_if_changed(path, text.encode())
        found.append(path)
    return found


def _bare(entry: _Entry) -> str:
    return " ".join(entry.body.split())


def _with_parents(names: Collection[str], entries: Sequence[_Entry]) -> set[str]:
    """Return keys with those that their entries inherit from."""
    found, more = set[str](), set(names)
    while more:
        found |= more
        named = (match[1] for entry in entries if entry.key in more for match in _PARENTS.finditer(entry.body))
        more = {key.strip() for each in named for key in each.split(",")} - found
    return found


def _check(entries: Sequence[_Entry], name: str, judge: Judge) -> None:
    """Refuse what Typst would stop at, and what it would leave out of the list of sources."""
    seen: set[str] = set()
    for kind, key, line, body in entries:
        place = f"{name}:{line}"
        plain = re.sub(r"\\[{}]", "", body)
        if plain.count("{") != plain.count("}"):
            judge.refuse(place, f"the braces of the entry {key} do not match: each {{ needs its }}.")
        if key in seen:
            judge.refuse(place, f"the key {key} is used already: give this entry another one.")
        seen.add(key)
        fields = {field.lower() for field in _FIELD.findall(body.partition(",")[2])}
        if kind not in ("article", "online") and "publisher" not in fields:
            for field in sorted({"school", "institution", "organization"} & fields):
                judge.mind(place, f"the {field} of {key} would be missing in the list: write it as publisher.")
        if "howpublished" in fields and "url" not in fields:
            judge.mind(place, f"the howpublished of {key} would be missing in the list: write it as url or publisher.")
