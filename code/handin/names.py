"""The names of what is handed in, and the zip that holds it.

The zip's bytes follow from the names and contents of its members alone: not from the clock, the user, the folder or the
umask. On another platform another zlib may compress to other bytes with the same content.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass

DRAFT = "-draft"  # behind the digest in a PDF whose cells' outputs do not come from one execution of all cells
PLACEHOLDER_ID = "000000000"  # the student id of a submission whose author has not given one


@dataclass(frozen=True)
class Names:
    """The file names of one submission; one without a notebook has None there."""

    pdf: str
    notebook: str | None
    zip: str

    @property
    def members(self) -> tuple[str, ...]:
        """What the zip holds."""
        return (self.pdf, self.notebook) if self.notebook else (self.pdf,)

    @property
    def all(self) -> tuple[str, ...]:
        """What the zip holds, and the zip."""
        return (*self.members, self.zip)


def unfit(members: Iterable[str]) -> str | None:
    """Say which name is not fit for a zip that every system opens; None if all are."""
    names = list(members)
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
            return f"{name!r} is no name for a zip: letters without accents, digits and . _ - only"
    if len({name.casefold() for name in names}) < len(names):
        return f"{' and '.join(map(repr, names))} differ in case only"
    return None


def zip_bytes(members: dict[str, bytes]) -> bytes:
    """Pack `members` (name to content) into a zip that depends on nothing else.

    Raises
    ------
    ValueError
        If a name is unfit (see `unfit`).
    """
    if problem := unfit(members):
        raise ValueError(problem)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name)  # its time is the earliest that a zip can hold
            entry.create_system = 3  # Unix; otherwise it names the platform that wrote the zip
            entry.external_attr = 0o100644 << 16  # a plain file that everybody may read
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, members[name], compresslevel=9)
    return packed.getvalue()
