"""Reads what a document cites: the keys of its bibliography, with what Typst would leave out of the list refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handin import yaml_text
from handin.errors import InputError
from handin.text import read_text
from press.keeping.kept import write_if_changed
from press.source.judging import Judge
from press.source.options import listed
from press.typesetting.pandoc import run_pandoc

_ENTRY = re.compile(r"^\s*@(?!comment|string|preamble)(\w+)\s*\{\s*([^,\s]+)\s*,", flags=re.M | re.I)
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


def keys(root: Path, folder: Path, options: Mapping[str, Any], *, strict: bool = True) -> set[str]:
    """Read the citation keys of a document's bibliography.

    Raises
    ------
    InputError
        If a file is missing, is not UTF-8 text, or holds an entry that is not closed, has another's key, or has
        something that would be missing in the list: with file and line.
    """
    found: set[str] = set()
    judge = Judge(strict)
    for path in files(root, folder, options):
        name = path.resolve().relative_to(root.resolve()).as_posix()
        text = read_text(path, name)
        if path.suffix != ".bib":
            found |= set(yaml_text.mapping(text, name))
            continue
        entries = list(_ENTRY.finditer(text))
        for entry, following in zip(entries, [*entries[1:], None], strict=True):
            body = text[entry.start() : following.start() if following else len(text)]
            line = text.count("\n", 0, entry.start(2)) + 1
            plain = re.sub(r"\\[{}]", "", body)
            if plain.count("{") != plain.count("}"):
                raise InputError(
                    f"{name}:{line}: the braces of the entry {entry[2]} do not match: each {{ needs its }}."
                )
            if entry[2] in found:
                raise InputError(f"{name}:{line}: the key {entry[2]} is used already: give this entry another one.")
            found.add(entry[2])
            _check_entry(body, name, line, judge)
    return found


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
