"""Reads what a document cites: the keys of its bibliography, with what Typst would leave out of the list refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from handin import yaml_text
from handin.errors import InputError
from handin.text import read_text
from press.keeping.kept import write_if_changed
from press.source.options import listed
from press.source.qmd import Document
from press.source.refusals import Judge
from press.typesetting import places
from press.typesetting.pandoc import front_matter, run_pandoc

_ENTRY = re.compile(r"^\s*@(?!comment|string|preamble)(\w+)\s*\{\s*([^,\s]+)\s*,", flags=re.M | re.I)
_ANYTHING = re.compile(r"^\s*@\w+\s*[{(]", re.M)
_FIELD = re.compile(r"(?:^|[,{]\s*|\n\s*)([A-Za-z][\w-]*)\s*=\s*", re.M)
_PARENTS = re.compile(r"\b(?:crossref|xdata)\s*=\s*[{\"]([^}\"]*)", re.I)
_VALUE = r"\s*=\s*(\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}|\"[^\"]*\"|\w+)"
_LINK = re.compile(r"\\url\s*\{([^{}]*)\}")
_CHANGED = re.compile(r"(?<!\w)0\d|[^\W\d].*\d-|^[IVXLCDM]+$")
"""Numbers that Typst prints in another way, as it reads them: 007, CUCS-005-96, XII."""
_UNREAD = "\N{WORD JOINER}"
"""A sign that is not printed; what has it is no number."""
PRINTED_AS = {field: "publisher" for field in ("school", "institution", "organization", "howpublished")} | {
    "eid": "pages"
}
"""Fields that Typst does not read, with those that it prints where they were meant to stand."""
WEB = ("misc", "online")
SUFFIXES = frozenset([".bib", ".yml", ".yaml"])
DEFAULT_STYLE = "ieee"
CITED = Path(".cache", "render", "cited")
"""Where the cited entries are, in files with the names of those that they come from."""


def files(
    root: Path, folder: Path, options: Mapping[str, Any], place: Callable[[str], str] = lambda name: name
) -> list[Path]:
    """Find the files of a document's bibliography, beside it or in the project's folder.

    One that is missing, lies outside the project or is of a kind that Typst does not read is refused; `place` says
    where it is named.
    """
    found = []
    for name in listed(options.get("bibliography")):
        path = next((base / name.lstrip("/") for base in (folder, root) if (base / name.lstrip("/")).is_file()), None)
        if path is None or root.resolve() not in path.resolve().parents:
            raise InputError(f"{place(name)}: the bibliography {name} is not in the project: {remedy(name)}.")
        if path.suffix not in SUFFIXES:
            words = f"the bibliography {name} must be a file that ends in .bib or .yml: convert it."
            raise InputError(f"{place(name)}: {words}")
        found.append(path)
    if references := options.get("references"):  # the sources themselves: Typst reads a file
        text = run_pandoc(
            front_matter({"references": references}), ["--from=markdown", "--to=biblatex", "--standalone"], root
        )
        found.append(root / ".cache" / "render" / "references.bib")
        write_if_changed(found[-1], text.encode())
    return found


def remedy(name: str) -> str:
    """Say what helps where a file is not in the project."""
    return "download it" if re.match(r"\w+:", name) else "put it there, or correct its name"


def keys(root: Path, document: Document) -> set[str]:
    """Read the citation keys of a document's bibliography."""
    found: set[str] = set()
    for path in files(root, document.path.parent, document.options, partial(places.in_file, document)):
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

    @property
    def fields(self) -> set[str]:
        return {field.lower() for field in _FIELD.findall(self.body.partition(",")[2])}


def _entries(text: str) -> Iterator[_Entry]:
    borders = [match.start() for match in _ANYTHING.finditer(text)]
    for entry in _ENTRY.finditer(text):
        end = next((border for border in borders if border > entry.start(1)), len(text))
        line = text.count("\n", 0, entry.start(2)) + 1
        yield _Entry(entry[1].lower(), entry[2], line, text[entry.start() : end])


def cited(
    root: Path,
    folder: Path,
    options: Mapping[str, Any],
    names: Collection[str],
    *,
    style: str,
    everything: bool,
    strict: bool,
) -> list[Path]:
    """Refuse what is wrong with the entries that are cited, and return files in which Typst finds these.

    Typst reads every entry, and stops at one that it cannot read though nobody cites it. So it is given files with the
    cited ones alone, or with `everything` all, each on its line. What Typst would leave out of the list, or change, is
    written as what it prints; with `strict` it is refused, since Quarto reads the file as it is.
    """
    found = []
    for path in files(root, folder, options):
        text, name = _text(path, root)
        if path.suffix == ".bib":
            entries = list(_entries(text))
            wanted = {entry.key for entry in entries} if everything else _with_parents(names, entries)
            kept: list[_Entry] = []
            for entry in entries:
                is_there = not strict and _bare(entry) in map(_bare, kept)
                if entry.key in wanted and not is_there:
                    kept.append(entry)
                else:
                    text = text.replace(entry.body, "\n" * entry.body.count("\n"), 1)
            judge = Judge(strict)
            _check(kept, name, judge)
            for entry in kept:
                text = text.replace(entry.body, _whole(entry, f"{name}:{entry.line}", judge), 1)
            if not strict and style == DEFAULT_STYLE:
                _mind_what_the_style_drops(kept, name, judge)
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
    """Refuse what Typst would stop at."""
    seen: set[str] = set()
    for _, key, line, body in entries:
        place = f"{name}:{line}"
        plain = re.sub(r"\\[{}]", "", body)
        if plain.count("{") != plain.count("}"):
            judge.refuse(place, f"the braces of the entry {key} do not match: each {{ needs its }}.")
        if key in seen:
            judge.refuse(place, f"the key {key} is used already: give this entry another one.")
        seen.add(key)


def _field(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<=[,\s])({name}){_VALUE}", re.IGNORECASE)


def _whole(entry: _Entry, place: str, judge: Judge) -> str:
    """Write what Typst would leave out, or change, as what it prints; refuse it where Quarto reads the file too."""
    kind, key, _, body = entry
    names = entry.fields

    def is_lost(field: str, target: str, words: str = "") -> bool:
        if not judge.strict and target not in names and (target != "publisher" or kind not in ("article", "online")):
            names.add(target)
            return False
        elsewhere = "in another field" if target in names or kind in ("article", "online") else f"as {target}"
        judge.mind(place, f"the {field} of {key} would be missing in the list: write it {elsewhere}{words}.")
        return True

    for field, target in PRINTED_AS.items():
        found = _field(field).search(body)
        if found and not (field != "howpublished" and "publisher" in names) and not is_lost(field, target):
            value = _LINK.sub(r"\1", found[2])
            body = f"{body[: found.start(1)]}{target} = {value}{body[found.end() :]}"
    if (found := _field("eprint").search(body)) and not {"url", "doi"} & names:
        number = found[2].strip('{}"')
        target = "url" if kind == "online" else "journal" if kind == "article" else "publisher"
        is_said = body.count(number) > 1 or (kind == "article" and "journal" in names)
        if not is_said and not is_lost("eprint", target, f", arXiv:{number}"):
            value = f"https://arxiv.org/abs/{number}" if target == "url" else f"arXiv:{number}"
            body = body.replace(f"{key},", f"{key}, {target} = {{{value}}},", 1)
    for field in ("volume", "pages") if kind == "article" else ("number", "volume", "pages"):
        found = _field(field).search(body)
        if found and _CHANGED.search(value := found[2].strip('{}" ')):
            if judge.strict:
                words = f"the {field} {value} of {key} would be printed in another way: write it in the title."
                judge.refuse(place, words)
            as_text = re.sub("(?=[0-9]|$)", _UNREAD, value, count=1)
            body = f"{body[: found.start(2)]}{{{as_text}}}{body[found.end() :]}"
    return body


def _mind_what_the_style_drops(entries: Sequence[_Entry], name: str, judge: Judge) -> None:
    """Say what the usual style leaves out of the list, which BibTeX's own styles print."""
    volumes = [each for each in entries if each.kind == "inproceedings" and "volume" in each.fields]
    for what, found, fix in (
        ("note", [each for each in entries if "note" in each.fields], "write it as another field"),
        ("volume", [each for each in volumes if "series" not in each.fields], "add the series"),
        ("year", [each for each in entries if each.kind in WEB and "url" in each.fields], "write @manual"),
    ):
        if found:
            keys = ", ".join(entry.key for entry in found)
            said = f"the style {DEFAULT_STYLE} prints no {what} for {keys}"
            judge.mind(f"{name}:{found[0].line}", f"{said}: {fix}, or name another `bibliographystyle`.")
