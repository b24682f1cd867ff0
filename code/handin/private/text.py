"""Searches texts and metadata for what is private.

A key or token that is found is never quoted in full: a report of findings must not publish it a second time.
"""

from __future__ import annotations

import contextlib
import getpass
import platform
import re
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from handin.findings import Said, Severity
from handin.private.rules import NAMELESS, REVOKE, RULES
from handin.text import shortened, without_colours


@dataclass(frozen=True)
class Leak:
    """Something private in a text."""

    severity: Severity
    what: str
    shown: str
    fix: str

    @property
    def message(self) -> str:
        return f"It holds {self.what}: {self.shown}"

    def at(self, place: str, inside: str = "") -> Said:
        """Return what a finding says, with the place and what was looked at there."""
        return self.severity, f"{place}, {inside}" if inside else place, self.message, self.fix


Where = Literal["output", "source"]
Placed = tuple[str, Leak]  # something private, and the part of what was searched that it is in


def inside(what: str, found: Iterable[Placed]) -> Iterator[Placed]:
    """Put what was searched in front of the place of each thing that was found."""
    return ((f"{what}{place}".rstrip(", "), leak) for place, leak in found)


_ORDINARY_NAMES = frozenset(
    """
    root user users admin administrator runner runneradmin ubuntu debian fedora centos student students
    jovyan vscode nobody node home test tester guest default docker container codespace coder gitpod build
    builder jenkins python jupyter data model models keras tensor train local localhost host server work
    worker main master author public system daemon pi azureuser ec2-user colab kaggle mark will april june
    august rose grace hope faith dean max may sigma delta adam
    """.split()
)


@cache
def this_machine() -> tuple[str, ...]:
    """Name the account and the host that run the check, where they are rare enough to be searched for."""
    names = {socket.gethostname(), socket.gethostname().split(".")[0], platform.node(), Path.home().name}
    with contextlib.suppress(KeyError, OSError):  # an account without a name, as in some containers
        names.add(getpass.getuser())
    return tuple(sorted(name for name in names if len(name) >= 5 and name.casefold() not in _ORDINARY_NAMES))


def machine_names_in(text: str, *, known: str | None = None) -> list[Leak]:
    """Find the names of this account and host in a text, but for the `known` one: an account may be a student id."""
    names = [re.escape(name) for name in this_machine() if name != known and name in text]
    found = re.findall(rf"(?<![\w-])(?:{'|'.join(names)})(?![\w-])", text) if names else []
    what = "the name of this account or host"
    return [Leak("error", what, shortened(name, 30), NAMELESS) for name in dict.fromkeys(found)]


def leaks(text: str, where: Where = "output") -> list[Leak]:
    """Find private things in a text, the first five different ones of each rule.

    In a ``source`` a path such as ``/usr/bin/env`` may stand, and a variable may be called USER; what is printed, drawn
    or lies in metadata is searched for everything.
    """
    found: list[Leak] = []
    text = without_colours(text)  # a terminal's colours may stand in the middle of a path
    lower = text.lower()
    covered = bytearray(len(text))
    for rule in RULES:
        severity = rule.in_source if where == "source" else rule.severity
        if severity is None or not any(word in lower for word in rule.words.split()):
            continue
        shown: dict[str, None] = {}
        for match in re.finditer(rule.pattern, text, re.MULTILINE):
            start, end = match.span()
            if covered[start]:
                continue
            covered[start:end] = b"\1" * (end - start)
            shown[_masked(match.group()) if rule.fix == REVOKE else shortened(match.group(), 50)] = None
        found += [Leak(severity, rule.what, piece, rule.fix) for piece in list(shown)[:5]]
    return found


def _masked(secret: str) -> str:
    """Show enough of a secret to find it again, and no more."""
    head = shortened(secret, 400)
    visible = min(12, max(4, len(head) // 4))
    return head[:visible] + "…"


_PRIVATE_KEYS = re.compile(
    r"(?:user|username|user_?name|user_?id|displayname|display_?name_of_user|login|owner|hostname|host_?name|host|machine|node"
    r"|nodename|computer|computername|server|server_?root|cwd|home)",
    re.IGNORECASE,
)
_COLABS = "execut….user."  # as `metadata_texts` names executionInfo.user
_CLEAR = (
    "Colab writes it at each run; clear it in what is handed in: `jupyter nbconvert --to notebook --inplace "
    "--ClearMetadataPreprocessor.enabled=True --ClearMetadataPreprocessor.clear_notebook_metadata=False NAME.ipynb`."
)
LONGEST_KEY = 12  # longer keys of metadata may themselves be something private


def metadata_texts(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Walk through metadata and yield each text, a long key too, with the path of its keys (``kernelspec.name``)."""
    if isinstance(value, dict):
        for key, item in value.items():
            name = str(key)
            if len(name) > LONGEST_KEY:
                yield f"{path}, a key".removeprefix(", "), name
                name = name[:6] + "…"  # the place of a finding must not publish a secret
            yield from metadata_texts(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from metadata_texts(item, f"{path}[{index}]")
    elif isinstance(value, str) and value.strip():
        yield path, value


def metadata_leaks(value: object) -> Iterator[Placed]:
    """Find private things in metadata: by its texts, and by keys that name an account or a machine."""
    is_said = False
    for path, text in metadata_texts(value):
        yield from ((path, leak) for leak in leaks(text))
        last = path.rsplit(".", 1)[-1]
        if not _PRIVATE_KEYS.fullmatch(last) or path.startswith(("kernelspec.", "language_info.")):
            continue
        if not path.startswith(_COLABS):
            yield path, Leak("error", f"the name of an account or a machine ({last})", shortened(text, 30), NAMELESS)
        elif not is_said:  # the account's number stands beside its name
            is_said = True
            yield path, Leak("error", "the name of an account that Colab wrote", shortened(text, 30), _CLEAR)
