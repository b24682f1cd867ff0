"""Reads what a document cites: the keys of its bibliography, with what Typst would leave out of the list refused."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from handin import yaml_text
from handin.errors import InputError
from handin.text import read_text
from press.keeping.kept import write_if_changed
from press.source.options import listed
from press.source.refusals import Judge
from press.typesetting.pandoc import run_pandoc

_ENTRY = re.compile(r"^\s*@(?!comment|string|preamble)(\w+)\s*\{\s*([^,\s]+)\s*,", flags=re.M | re.I)
_ANYTHING = re.compile(r"^\s*@\w+\s*[{(]", re.M)
_FIELD = re.compile(r"(?:^|[,{]\s*|\n\s*)([A-Za-z][\w-]*)\s*=\s*", re.M)
SUFFIXES = frozenset([".bib", ".yml", ".yaml"])


def files(root: Path, folder: Path, options: Mapping[str, Any]) -> list[Path]:
    """Find the files of a document's bibliography, beside it or in the project's folder.

    Raises
    ------
    InputError
        If one is missing, lies outside the project or is of a kind that Typst does not read.
    """
    found = []
    for name in listed(options.get("bibliography")):
        path = next((base / name.lstrip("/") for base in (folder, root) if (base / name.lstrip("/")).is_file()), None)
        if path is None or root.resolve() not in path.resolve().parents:
            raise InputError(f"{name}: the bibliography is missing or cannot be read.")
        if path.suffix not in SUFFIXES:
            raise InputError(f"{name}: a bibliography is a file that ends in .bib or .yml: convert it.")
        found.append(path)
    if references := options.get("references"):
        found.append(_written(references, root))
    return found


def _written(references: Any, root: Path) -> Path:
    """Write the sources that a front matter holds into a file that Typst reads."""
    front = "---\n" + json.dumps({"references": references}, ensure_ascii=False, default=str) + "\n---\n"
    path = root / ".cache" / "render" / "references.bib"
    write_if_changed(path, run_pandoc(front, ["--from=markdown", "--to=biblatex", "--standalone"], root).encode())
    return path


def keys(root: Path, folder: Path, options: Mapping[str, Any]) -> set[str]:
    """Read the citation keys of a document's bibliography.

    Raises
    ------
    InputError
        If a file is missing, or is not UTF-8 text.
    """
    found: set[str] = set()
    for path in files(root, folder, options):
        text, name = _text(path, root)
        found |= {key for key, _, _ in _entries(text)} if path.suffix == ".bib" else set(yaml_text.mapping(text, name))
    return found


def _text(path: Path, root: Path) -> tuple[str, str]:
    """Read a file of the bibliography, with its name from the project's folder."""
    name = path.resolve().relative_to(root.resolve()).as_posix()
    return read_text(path, name), name


def _entries(text: str) -> Iterator[tuple[str, int, str]]:
    """Yield the key of each entry, where the entry begins, and its text."""
    borders = [match.start() for match in _ANYTHING.finditer(text)]
    for entry in _ENTRY.finditer(text):
        end = next((border for border in borders if border > entry.start(1)), len(text))
        yield entry[2], entry.start(2), text[entry.start() : end]


def cited(root: Path, folder: Path, options: Mapping[str, Any], names: Collection[str], *, strict: bool) -> list[Path]:
    """Refuse what is wrong with the entries that are cited, and return files in which Typst finds these.

    Typst reads every entry, and stops at one that it cannot read though nobody cites it. So it is given files with the
    cited ones alone, each on its line; where the format promises a standard, all entries are looked at.

    Raises
    ------
    InputError
        If an entry is not closed, has another's key, or has something that would be missing in the list: with file
        and line.
    """
    found = []
    for path in files(root, folder, options):
        text, name = _text(path, root)
        if path.suffix == ".bib":
            entries = list(_entries(text))
            wanted = {key for key, _, _ in entries} if strict else _with_parents(names, entries)
            _check([(key, start, body) for key, start, body in entries if key in wanted], text, name, Judge(strict))
            for key, _, body in entries:
                text = text if key in wanted else text.replace(body, "\n" * body.count("\n"), 1)
            if text != path.read_text("utf-8"):
                path = root / CITED / name
                write_if_changed(path, text.encode())
        found.append(path)
    return found


CITED = Path(".cache", "render", "cited")
"""Where the cited entries are, in files with the names of those that they come from."""


def _with_parents(names: Collection[str], entries: Sequence[tuple[str, int, str]]) -> set[str]:
    """Return keys with those that their entries inherit from."""
    found, more = set[str](), set(names)
    while more:
        found |= more
        bodies = (body for key, _, body in entries if key in more)
        named = (match[1] for body in bodies for match in _PARENTS.finditer(body))
        more = {key.strip() for each in named for key in each.split(",")} - found
    return found


_PARENTS = re.compile(r"\b(?:crossref|xdata)\s*=\s*[{\"]([^}\"]*)", re.I)


def _check(entries: Sequence[tuple[str, int, str]], text: str, name: str, judge: Judge) -> None:
    seen: set[str] = set()
    for key, start, body in entries:
        line = text.count("\n", 0, start) + 1
        plain = re.sub(r"\\[{}]", "", body)
        if plain.count("{") != plain.count("}"):
            raise InputError(f"{name}:{line}: the braces of the entry {key} do not match: each {{ needs its }}.")
        if key in seen:
            raise InputError(f"{name}:{line}: the key {key} is used already: give this entry another one.")
        seen.add(key)
        _check_entry(body, name, line, judge)


def _check_entry(body: str, name: str, line: int, judge: Judge) -> None:
    """Refuse what Typst would leave out of the list of sources."""
    kind = _ENTRY.match(body)
    fields = {field.lower() for field in _FIELD.findall(body[kind.end() :] if kind else body)}
    key = kind[2] if kind else ""
    if kind is None or kind[1].lower() in ("article", "online"):
        publisher = set()
    else:
        publisher = {"school", "institution", "organization"} & fields if "publisher" not in fields else set()
    for field in sorted(publisher):
        judge.mind(f"{name}:{line}", f"the {field} of {key} would be missing in the list: write it as publisher.")
    if "howpublished" in fields and "url" not in fields:
        judge.mind(
            f"{name}:{line}", f"the howpublished of {key} would be missing in the list: write it as url or publisher."
        )
