"""Opens a zip that nobody vouches for: everything that its directory says is judged before any content is read.

Nothing is ever unpacked to disk. An archive that could harm whoever unpacks it (a path that leads out of the folder, a
link, a bomb), or that two programs may read differently (two entries of one name, overlapping entries, a second name
hidden in an extra field), is refused whole. What is only untidy (a folder, what macOS or Windows added) or damaged (one
entry of several) is said, and the rest is looked at.
"""

from __future__ import annotations

import bz2
import io
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handin.findings import Finding, Said, of_file
from handin.kinds import looks_like
from handin.private.text import leaks
from handin.text import shortened

MEGABYTE = 1_000_000
MOST_ENTRIES = 200  # the assignment asks for two files; a zip with more than this many entries is not even listed
MOST_DIRECTORY_BYTES = 200_000
MAKE_AGAIN = "Make the zip again from the files themselves (Windows: Send to, Compressed folder), and upload that."
_FETCH = "Open the file once, so that it is fetched; zip again."
_ALONE = "Zip the two files alone, not the folder around them."
_ADDED = {
    "macOS": (
        re.compile(r"^__MACOSX/|(?:^|/)(?:\._[^/]*|\.DS_Store|Icon\r)$"),
        "The Finder always adds it: make the zip in the Terminal, with zip -X NAME.zip FIRST.pdf SECOND.ipynb.",
    ),
    "Windows": (re.compile(r"(?:^|/)(?:thumbs\.db|desktop\.ini)$", re.IGNORECASE), "Take it out of the zip."),
    "Jupyter": (re.compile(r"(?:^|/)\.ipynb_checkpoints/"), _ALONE),
    "Python, git or an editor": (re.compile(r"(?:^|/)(?:__pycache__|\.git|\.venv|\.vscode|\.idea)/"), _ALONE),
    "A cloud's folder": (re.compile(r"(?:^|/)\.[^/]*\.icloud$"), _FETCH),
}
"""Who adds files to what is zipped: how their names look, and what to do about it."""

_END = b"PK\x05\x06"
_END_SIZE = 22
_LARGE_END = b"PK\x06\x06"
_LOCATES = b"PK\x06\x07"
_LARGE_LOCATOR = struct.Struct("<4sLQL")
_LARGE = 0x1
_ELSEWHERE = 0xFFFFFFFF
"""What stands for a number that zip64 writes elsewhere."""
_LOCAL = b"PK\x03\x04"
_LOCAL_SIZE = 30
_INFLATERS: dict[int, Callable[[], Any] | None] = {
    zipfile.ZIP_STORED: None,
    zipfile.ZIP_DEFLATED: lambda: zlib.decompressobj(-zlib.MAX_WBITS),
    zipfile.ZIP_BZIP2: bz2.BZ2Decompressor,
}
"""What can be read: these can be stopped at a length."""
_UNICODE_PATH = 0x7075
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_AES = 99
_DESCRIPTOR = 0x8
_DOS_DIRECTORY = 0x10
_DOS_DEVICE = 0x40
_RESERVED = re.compile(r"con|prn|aux|nul|(?:com|lpt)[1-9]", re.IGNORECASE)
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True)
class Opened:
    """What a zip holds, and what is wrong with it."""

    members: dict[str, bytes]  # name, without folders, to content; empty where the zip was refused
    findings: list[Finding]  # why it was refused, or what is untidy or lies in it unseen
    is_refused: bool = False  # nothing of it was read
    damaged: tuple[str, ...] = ()  # the names of members that it holds, and that cannot be read


def open_zip(path: Path, *, largest: int) -> Opened:
    """Read a zip into memory, or refuse it; its members may hold `largest` bytes together, uncompressed."""

    def refused(message: str, fix: str = MAKE_AGAIN, place: str = "") -> Opened:
        return Opened({}, [Finding("error", path.name, place, message, fix)], is_refused=True)

    size = path.stat().st_size
    if size > largest:
        return refused(f"The zip has {size / MEGABYTE:.1f} MB and was not opened.", "Make it smaller.")
    raw = path.read_bytes()
    if what := looks_like(raw, instead_of="a zip"):
        return refused(f"It is no zip but {what.name}.", what.fix)
    raw, tail = _without_tail(raw)
    if problem := _end_record_problem(raw):
        return refused(problem)
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
            unfit = list(_unfit(raw, entries))
            problems = list(_entry_problems(entries, largest)) or _layout_problems(raw, archive.start_dir, entries)
            if problems or any(entry.compress_type not in _INFLATERS for entry in entries):
                return Opened({}, list(of_file(path.name, [*problems, *unfit])), is_refused=True)
            comments = [archive.comment, *(entry.comment for entry in entries)]
            contents, extras, damaged = {}, [], []
            for entry in entries:
                own_extra, content = _parts(raw, entry)
                extras += [entry.extra.decode("latin-1"), own_extra.decode("latin-1")]
                name = entry.orig_filename.replace("\\", "/")
                if content is None:
                    damaged.append(name.rpartition("/")[2])
                    message = "The file is damaged in the zip (its checksum or length is wrong), and was not looked at."
                    unfit.append(("error", shortened(name), message, MAKE_AGAIN))
                else:
                    contents[name] = content
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, struct.error, ValueError) as error:
        return refused(f"The zip is damaged ({shortened(str(error), 80)}).")
    members, untidy = _tidied(contents)
    unseen = _unseen([comment.decode("utf-8", "replace") for comment in comments if comment], extras)
    if tail:
        message = (
            f"There are {len(tail)} empty bytes behind its end, as transfers leave them: not every program opens it."
        )
        untidy.append(("error", "", message, MAKE_AGAIN))
    return Opened(members, list(of_file(path.name, [*unfit, *untidy, *unseen])), damaged=tuple(damaged))


def _unfit(raw: bytes, entries: list[zipfile.ZipInfo]) -> Iterator[Said]:
    """Say what not every system can unpack, and what can be read here all the same."""
    sizes = (raw[entry.header_offset + 18 : entry.header_offset + 26] for entry in entries)
    if raw.rfind(_LARGE_END, -MOST_DIRECTORY_BYTES) >= 0 or any(b"\xff" * 4 in (each[:4], each[4:]) for each in sizes):
        yield (
            "error",
            "",
            "It is a zip64, as OneDrive and other clouds make them: not every system opens it.",
            MAKE_AGAIN,
        )
    for entry in entries:
        place = shortened(repr(entry.orig_filename))
        parts = entry.orig_filename.replace("\\", "/").removesuffix("/").split("/")
        if set(entry.orig_filename) & set('<>:"|?*') or any(not part or part[-1] in ". " for part in parts):
            message, fix = "The name is not allowed on every system.", "Rename it: letters, digits and . _ - only."
            yield "error", place, message, fix
        if any(_RESERVED.fullmatch(part.split(".")[0]) for part in parts):
            yield "error", place, "The name is that of a device on Windows.", "Rename it."
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, _AES):
            message = f"The entry is compressed by a rare method ({entry.compress_type})."
            fix = "Make the zip with Windows, macOS or zip; in 7-Zip choose Deflate, not Deflate64."
            yield "error", place, message, fix


def _tidied(contents: dict[str, bytes]) -> tuple[dict[str, bytes], list[Said]]:
    """Take the files out of their folders, and say what was in the way."""
    members: dict[str, bytes] = {}
    added: dict[str, list[str]] = {}
    folders: dict[str, bool] = {}  # whether there is something in it
    untidy: list[Said] = []

    def add(place: str, message: str, fix: str) -> None:
        untidy.append(("error", shortened(place), message, fix))

    for path, content in contents.items():
        folder, _, last = path.rpartition("/")
        who = next((who for who, (pattern, _) in _ADDED.items() if pattern.search(path)), None)
        if who:
            added.setdefault(who, []).append(path)
            continue
        if folder:
            folders[folder] = folders.get(folder, False) or bool(last)
        if last in members:
            message = f"Another file of the name {shortened(last)} lies in another folder; only one was looked at."
            add(path, message, "Take one of them out of the zip.")
        elif last:
            members[last] = content
    for who, paths in added.items():
        number = f"{len(paths)} entries that were" if len(paths) > 1 else "an entry that was"
        add(paths[0], f"{who} added {number} not asked for, such as {shortened(paths[-1])}.", _ADDED[who][1])
    if used := [folder for folder, is_used in folders.items() if is_used]:
        message = f"Files lie in a folder ({shortened(used[0])}), not at the top of the zip."
        add(f"{used[0]}/", message, "Open the folder, select the files in it, and make the zip of these.")
    elif folders:
        add(f"{next(iter(folders))}/", "An empty folder was not asked for.", "Take it out of the zip.")
    return members, untidy


def _unseen(comments: list[str], extras: list[str]) -> Iterator[Said]:
    """Say what a marker does not see of a zip, and everybody receives."""
    for comment in comments:
        message = f"The zip carries a comment that a marker does not see: {shortened(comment, 40)}"
        yield "warning", "", message, "Make the zip again."
    for place, texts in (("comment", comments), ("extra field", extras)):
        yield from (leak.at(place) for text in texts for leak in leaks(text))


def _parts(raw: bytes, entry: zipfile.ZipInfo) -> tuple[bytes, bytes | None]:
    """Return the extra field of an entry's own header, which need not be that of the directory, and its content.

    The content is never inflated beyond the length that the directory promised, as `zipfile` would, up to 2 GB, before
    it compares; it is None if it is damaged.

    Raises
    ------
    BadZipFile
        If there is more of it than the directory promised, or something behind it.
    """
    name_length, extra_length = struct.unpack_from("<2H", raw, entry.header_offset + 26)
    extra_start = entry.header_offset + _LOCAL_SIZE + name_length
    start = extra_start + extra_length
    extra, content = raw[extra_start:start], raw[start : start + entry.compress_size]
    rest, is_ended = b"", True
    if make_inflater := _INFLATERS[entry.compress_type]:
        inflater = make_inflater()
        try:
            content = inflater.decompress(content, entry.file_size + 1)
        except (zlib.error, OSError):
            return extra, None
        rest, is_ended = inflater.unused_data, inflater.eof
    if len(content) > entry.file_size or rest:
        raise zipfile.BadZipFile("an entry holds more than the directory says")
    is_whole = is_ended and len(content) == entry.file_size and zlib.crc32(content) == entry.CRC
    return extra, content if is_whole else None


def _without_tail(raw: bytes) -> tuple[bytes, bytes]:
    """Part a zip from what lies behind its end, where that holds nothing (line ends, zeros)."""
    end = raw.rfind(_END)
    whole = raw[end : end + _END_SIZE]
    length = end + _END_SIZE + struct.unpack("<H", whole[-2:])[0] if end >= 0 and len(whole) == _END_SIZE else len(raw)
    tail = raw[length:]
    return (raw, b"") if tail.strip(b"\0\t\n\r \x1a") else (raw[:length], tail)


def _end_record_problem(raw: bytes) -> str | None:
    """Judge the record that ends a zip, so that no endless directory is ever parsed."""
    end = raw.rfind(_END)
    if end < 0 or len(raw) - end < _END_SIZE:
        return "It is not a zip, or it is cut short."
    disk, first_disk, here, total, directory_size, offset, comment = struct.unpack_from("<4H2LH", raw, end + 4)
    end_of_all = end + _END_SIZE + comment
    locator = end - _LARGE_LOCATOR.size
    if (
        raw.startswith(_LOCATES, max(locator, 0))
        or 0xFFFF in (disk, here, total)
        or _ELSEWHERE in (directory_size, offset)
    ):
        _, _, end, _ = _LARGE_LOCATOR.unpack_from(raw, max(locator, 0))
        if not raw.startswith(_LARGE_END + struct.pack("<Q", 44), end) or locator != end + 56:
            return "The record that ends it is damaged."
        disk, first_disk, here, total, directory_size, offset = struct.unpack_from("<2L4Q", raw, end + 16)
    if disk or first_disk or here != total:
        return "It is one part of a zip that is split over several files."
    if total > MOST_ENTRIES or directory_size > MOST_DIRECTORY_BYTES:
        return f"It lists {total} entries: a whole folder was zipped, and two files were asked for."
    if end_of_all != len(raw):
        return "There is something behind its end."
    if offset + directory_size != end:
        return "There is something in front of it or inside it that belongs to no entry."
    return None


def _entry_problems(entries: list[zipfile.ZipInfo], largest: int) -> Iterator[Said]:
    seen: dict[str, str] = {}
    for entry in entries:
        place = shortened(repr(entry.orig_filename))
        if problem := _name_problem(entry.orig_filename) or _second_name_problem(entry) or _kind_problem(entry):
            yield "error", place, problem, "Do not unpack it; make the zip again with plain files only."
        if entry.flag_bits & _ENCRYPTED or entry.compress_type == _AES:
            yield "error", place, "The entry is encrypted.", "Make the zip again without a password."
        folded = unicodedata.normalize("NFKC", entry.orig_filename.replace("\\", "/")).casefold().rstrip(". ")
        if folded in seen:
            yield "error", place, f"The name is there twice (also as {shortened(repr(seen[folded]))}).", MAKE_AGAIN
        seen.setdefault(folded, entry.orig_filename)
    if (total := sum(entry.file_size for entry in entries)) > largest:
        message = f"Its entries hold {total / MEGABYTE:.0f} MB when they are unpacked, too much to be looked at."
        if total > 100 * sum(entry.compress_size for entry in entries):
            message += " It grows so much that it may be a zip bomb."
        yield "error", "", message, "Make the files smaller."


def _name_problem(name: str) -> str | None:
    if not name or name.strip(". ") == "":
        return "The entry has no name, or only dots."
    if not name.removesuffix("Icon\r").isprintable():  # the Finder adds that one
        return "The name has invisible or control characters."
    parts = name.replace("\\", "/").split("/")
    if ".." in parts:
        return "The name leads out of the folder that it is unpacked in (a path traversal)."
    if name[0] in "/\\" or name[1:2] == ":":
        return "The name is an absolute path."
    return None


def _second_name_problem(entry: zipfile.ZipInfo) -> str | None:
    """Find another name in Info-ZIP's Unicode Path field, which some programs take in place of the entry's own."""
    for kind, content in _fields(entry.extra):
        if kind == _UNICODE_PATH and content[5:].decode("utf-8", "replace") != entry.orig_filename:
            return "The entry has a second, different name."
    return None


def _fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        yield kind, extra[4 : 4 + length]
        extra = extra[4 + length :]


def _kind_problem(entry: zipfile.ZipInfo) -> str | None:
    mode = stat.S_IFMT(entry.external_attr >> 16)
    if entry.orig_filename.endswith(("/", "\\")) and mode in (0, stat.S_IFDIR, stat.S_IFREG):
        return "The entry is a folder by its name, and has content." if entry.file_size else None
    if mode == stat.S_IFDIR or entry.external_attr & _DOS_DIRECTORY:
        return "The entry is a folder by its kind, and a file by its name."
    if mode not in (0, stat.S_IFREG):
        return f"The entry is {_KINDS.get(mode, 'a special file')}, not a file."
    if entry.external_attr & _DOS_DEVICE:
        return "The entry is a device, not a file."
    return None


def _layout_problems(raw: bytes, start: int, entries: list[zipfile.ZipInfo]) -> list[Said]:
    """Compare each entry's own header with the directory, and see that the entries lie one behind the other."""

    def refuse(place: str, message: str) -> list[Said]:
        return [("error", place, message, MAKE_AGAIN)]

    position = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        place = shortened(repr(entry.filename))
        if entry.header_offset < position:
            return refuse(place, "The entry overlaps another one: a zip bomb.")
        if entry.header_offset > position:
            return refuse(place, "There is something in front of the entry that belongs to none.")
        if len(raw) < position + _LOCAL_SIZE or not raw.startswith(_LOCAL, position):
            return refuse(place, "The entry's header is damaged.")
        fields = struct.unpack_from("<4H3L2H", raw, position + 6)
        flags, method, _, _, crc, packed, unpacked, name_length, extra_length = fields
        own_name = raw[position + _LOCAL_SIZE : position + _LOCAL_SIZE + name_length]
        encoding = "utf-8" if flags & 0x800 else "cp437"
        if own_name.decode(encoding, "replace") != entry.orig_filename:
            return refuse(place, f"The entry's own header has another name ({shortened(repr(own_name))}).")
        is_large = _ELSEWHERE in (packed, unpacked)
        if is_large:
            start_of_extra = position + _LOCAL_SIZE + name_length
            large = dict(_fields(raw[start_of_extra : start_of_extra + extra_length])).get(_LARGE, b"")
            numbers = [number for (number,) in struct.iter_unpack("<Q", large[: len(large) // 8 * 8])]
            unpacked, packed = (
                numbers.pop(0) if each == _ELSEWHERE and numbers else each for each in (unpacked, packed)
            )
        sizes_follow = flags & _DESCRIPTOR
        sizes = (entry.CRC, entry.compress_size, entry.file_size)
        same = (method, flags) == (entry.compress_type, entry.flag_bits)
        if not same or not (sizes_follow or (crc, packed, unpacked) == sizes):
            return refuse(place, "The entry's own header and the directory contradict each other.")
        position += _LOCAL_SIZE + name_length + extra_length + entry.compress_size
        if sizes_follow:  # in a record behind the content, whose signature is optional
            record = struct.pack("<L2Q" if is_large else "<3L", *sizes)
            records = (b"PK\x07\x08" + record, record)
            position += next((len(record) for record in records if raw.startswith(record, position)), 0)
        if position > start:
            return refuse(place, "The entry runs into the directory: a zip bomb, or a damaged zip.")
    if position != start:
        return refuse("", "There is something behind the entries that belongs to none.")
    return []
