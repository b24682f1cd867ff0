"""Zips that want to do harm are refused, in a sentence, and before anything in them is read."""

from __future__ import annotations

import io
import os
import resource
import stat
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import submissions as made
from handin import archive
from handin import examine as checks
from handin import names as bundle
from handin.identity import Owner

LIMIT_MB = 12.5
LARGEST = round(LIMIT_MB * 1e6) * checks.MOST_TIMES_LIMIT


def written(path: Path, *entries, compression=zipfile.ZIP_DEFLATED) -> Path:
    """Write a zip of (name or ZipInfo, content), with the standard library's writer."""
    with zipfile.ZipFile(path, "w", compression) as opened:
        for name, content in entries:
            opened.writestr(name, content)
    return path


def refusal(path: Path) -> str:
    """Open a zip that must be refused, and return why."""
    opened = archive.open_zip(path, largest=LARGEST)
    assert opened.members == {}
    assert opened.is_refused
    assert opened.findings
    assert all(finding.is_error for finding in opened.findings)
    whole = checks.examine(path, Owner(made.STUDENT_ID), upload_limit_mb=LIMIT_MB).findings
    assert set(opened.findings) <= set(whole)
    return " | ".join(finding.message for finding in opened.findings)


def entry(name: str, *, mode: int = 0o100644, system: int = 3, attributes: int = 0) -> zipfile.ZipInfo:
    """Describe an entry as any program might."""
    found = zipfile.ZipInfo("placeholder")
    found.filename = found.orig_filename = name
    found.create_system = system
    found.external_attr = mode << 16 | attributes
    found.compress_type = zipfile.ZIP_DEFLATED
    return found


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../evil.pdf", "path traversal"),
        ("a/../../evil.pdf", "path traversal"),
        ("..\\evil.pdf", "path traversal"),
        ("/etc/passwd", "absolute path"),
        ("\\\\host\\share\\x.pdf", "absolute path"),
        ("C:\\x.pdf", "absolute path"),
        ("c:x.pdf", "absolute path"),
        ("folder/", "a folder by its name, and has content"),
        ("x\n.pdf", "invisible or control"),
        ("x\u202efdp.exe", "invisible or control"),
        ("x\u200b.pdf", "invisible or control"),
        ("..", "only dots"),
        (" ", "only dots"),
    ],
)
def test_a_hostile_name(tmp_path, name, message):
    assert message in refusal(written(tmp_path / "x.zip", (entry(name), b"x")))


def test_a_name_cut_by_a_zero_byte(tmp_path):
    content = written(tmp_path / "x.zip", ("x.pdf_.exe", b"x")).read_bytes().replace(b"x.pdf_.exe", b"x.pdf\0.exe")
    (tmp_path / "x.zip").write_bytes(content)
    assert "invisible or control" in refusal(tmp_path / "x.zip")


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (stat.S_IFLNK, "a symbolic link"),
        (stat.S_IFDIR, "a folder"),
        (stat.S_IFIFO, "a named pipe"),
        (stat.S_IFSOCK, "a socket"),
        (stat.S_IFCHR, "a device"),
        (stat.S_IFBLK, "a device"),
        (0o150000, "a special file"),
    ],
)
@pytest.mark.parametrize("system", [3, 0])
def test_what_is_not_a_file(tmp_path, kind, message, system):
    link = entry("x.pdf", mode=kind | 0o777, system=system)
    assert message in refusal(written(tmp_path / "x.zip", (link, b"/etc/passwd")))


def test_a_folder_by_its_dos_attribute_that_has_the_name_of_a_file(tmp_path):
    assert "a folder" in refusal(written(tmp_path / "x.zip", (entry("x.pdf", mode=0, system=0, attributes=0x10), b"")))


@pytest.mark.parametrize(
    ("first", "second"), [("x.pdf", "x.pdf"), ("x.pdf", "X.PDF"), ("é.pdf", "e\u0301.pdf"), ("ﬁ.pdf", "fi.pdf")]
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_name_twice(tmp_path, first, second):
    assert "twice" in refusal(written(tmp_path / "x.zip", (entry(first), b"1"), (entry(second), b"2")))


def test_a_bomb_by_its_ratio(tmp_path):
    path = written(tmp_path / "x.zip", ("x.pdf", bytes(LARGEST + 1)))
    assert path.stat().st_size < 100_000
    assert "zip bomb" in refusal(path)


def test_what_shrinks_well_is_no_bomb(tmp_path):
    """A notebook with a long regular output shrinks a thousandfold, and harms nobody."""
    notebook = made.notebook()
    notebook.cells[6].outputs[0]["text"] = "0.0 " * 2_000_000
    content = made.notebook_bytes(notebook)
    path = written(tmp_path / made.ZIP_NAME, (made.PDF_NAME, made.pdf()), (made.NOTEBOOK_NAME, content))
    assert max(entry.file_size / entry.compress_size for entry in zipfile.ZipFile(path).infolist()) > 200
    assert checks.examine(path, Owner(made.STUDENT_ID)).findings == []


def test_a_bomb_by_its_size(tmp_path):
    noise = os.urandom(20_000)
    pieces = [(f"{i}.pdf", noise * 100) for i in range(30)]  # each shrinks less than the ratio that is suspicious
    path = written(tmp_path / "x.zip", *pieces)
    assert "too much to be looked at" in refusal(path)


def test_a_zip_that_is_itself_too_large(tmp_path):
    path = tmp_path / "x.zip"
    with path.open("wb") as file:
        file.truncate(LARGEST + 1)
    assert "was not opened" in archive.open_zip(path, largest=LARGEST).findings[0].message


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_bomb_that_lies_about_its_size(tmp_path, method):
    """The directory promises a small content; what follows would inflate to 200 MB."""
    path = written(tmp_path / "x.zip", ("x.pdf", bytes(200_000_000)), compression=method)
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<L", content, content.index(signature) + offset, 500_000)
    (tmp_path / "x.zip").write_bytes(bytes(content))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "damaged" in refusal(tmp_path / "x.zip")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_entries_that_share_their_bytes(tmp_path):
    """Fifield's bomb: many entries of the directory lead to the same compressed bytes."""
    content = written(tmp_path / "x.zip", ("a.pdf", os.urandom(5000))).read_bytes()
    start, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    directory = content[start:end] * 50
    for i in range(50):
        name = f"{i:02}pdf".encode()
        position = i * (end - start) + 46
        directory = directory[:position] + name + directory[position + 5 :]
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 50, 50, len(directory), start, 0)
    (tmp_path / "x.zip").write_bytes(content[:start] + directory + tail)
    message = refusal(tmp_path / "x.zip")
    assert "overlaps" in message or "another name" in message


def test_a_directory_without_end(tmp_path):
    path = written(tmp_path / "x.zip", *[(f"{i}.pdf", b"") for i in range(5000)])
    assert "two files were asked for" in refusal(path)


@pytest.mark.parametrize("flag", [0x1, 0x40, 0x2000])
def test_an_encrypted_entry(tmp_path, flag):
    content = bytearray(written(tmp_path / "x.zip", ("x.pdf", b"secret")).read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        struct.pack_into("<H", content, content.index(signature) + offset, flag)
    (tmp_path / "x.zip").write_bytes(bytes(content))
    assert "encrypted" in refusal(tmp_path / "x.zip")


def test_a_rare_compression(tmp_path):
    assert "rare method" in refusal(written(tmp_path / "x.zip", ("x.pdf", b"x"), compression=zipfile.ZIP_LZMA))


def test_a_second_name_in_an_extra_field(tmp_path):
    hidden = entry("x.pdf")
    name = b"../evil.exe"
    field = struct.pack("<BL", 1, zlib.crc32(b"x.pdf")) + name
    hidden.extra = struct.pack("<HH", 0x7075, len(field)) + field
    assert "second, different name" in refusal(written(tmp_path / "x.zip", (hidden, b"x")))


def test_a_header_that_contradicts_the_directory(tmp_path):
    content = written(tmp_path / "x.zip", ("x.pdf", b"x")).read_bytes().replace(b"x.pdf", b"y.exe", 1)
    (tmp_path / "x.zip").write_bytes(content)
    assert "another name" in refusal(tmp_path / "x.zip")


def test_bytes_that_belong_to_no_entry(tmp_path):
    content = written(tmp_path / "x.zip", ("x.pdf", b"x")).read_bytes()
    for changed in (b"#!/bin/sh\n" + content, content + b"more"):
        (tmp_path / "x.zip").write_bytes(changed)
        assert "There is something" in refusal(tmp_path / "x.zip")


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x05\x06" + bytes(17), b"%PDF-1.7", bytes(1000)])
def test_what_is_no_zip(tmp_path, content):
    (tmp_path / "x.zip").write_bytes(content)
    assert refusal(tmp_path / "x.zip")


def test_a_split_zip_and_a_damaged_zip64(tmp_path):
    content = bytearray(written(tmp_path / "x.zip", ("x.pdf", b"x")).read_bytes())
    end = content.index(b"PK\x05\x06")
    struct.pack_into("<H", content, end + 4, 1)
    (tmp_path / "x.zip").write_bytes(bytes(content))
    assert "one part" in refusal(tmp_path / "x.zip")
    struct.pack_into("<H", content, end + 4, 0)
    struct.pack_into("<L", content, end + 16, 0xFFFFFFFF)
    (tmp_path / "x.zip").write_bytes(bytes(content))
    assert "The record that ends it is damaged" in refusal(tmp_path / "x.zip")


@pytest.mark.parametrize("where", ["own header", "directory"])
def test_private_text_in_an_extra_field_is_found(tmp_path, where):
    """Two extra fields belong to an entry; a program that lists the zip shows neither."""
    path = tmp_path / made.ZIP_NAME
    text = b"/home/alice/coursework"
    blank = bytes(len(text))
    hidden = entry(made.PDF_NAME)
    hidden.extra = struct.pack("<HH", 0x9999, len(text)) + text
    written(path, (hidden, made.pdf()), (made.NOTEBOOK_NAME, made.notebook_bytes()))
    content = path.read_bytes()
    first, second = content.index(text), content.rindex(text)
    assert first < second
    position = second if where == "own header" else first
    path.write_bytes(content[:position] + blank + content[position + len(text) :])
    assert any(found.is_error and "/home/alice" in found.message for found in checks.examine(path).findings)


def test_nothing_is_unpacked_to_disk(tmp_path, monkeypatch):
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    path = written(tmp_path / "x.zip", (entry("../evil.pdf"), b"x"), (entry("good.pdf"), b"x"))
    checks.examine(path)
    assert list(folder.iterdir()) == []
    assert [found.name for found in tmp_path.iterdir() if found.is_file()] == ["x.zip"]


def test_zips_of_other_programs_are_read(tmp_path):
    """Streamed (with data descriptors), stored, and made by Info-ZIP: the same members."""
    wanted = {"a.pdf": b"pdf" * 1000, "b.ipynb": b"{}"}

    class Pipe(io.RawIOBase):
        def __init__(self):
            self.content = bytearray()

        def writable(self):
            return True

        def write(self, data):
            self.content += data
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in wanted.items():
            opened.writestr(name, content)
    (tmp_path / "streamed.zip").write_bytes(bytes(pipe.content))
    written(tmp_path / "stored.zip", *wanted.items(), compression=zipfile.ZIP_STORED)
    for name in ("streamed.zip", "stored.zip"):
        opened = archive.open_zip(tmp_path / name, largest=LARGEST)
        assert (opened.members, opened.findings) == (wanted, []), name


def test_a_comment_is_looked_at(tmp_path):
    path = tmp_path / made.ZIP_NAME
    written(path, *made.members().items())
    with zipfile.ZipFile(path, "a") as opened:
        opened.comment = b"packed by alice in /home/alice/coursework"
    found = checks.examine(path).findings
    assert any(finding.is_error and "/home/alice" in finding.message for finding in found)
    assert any("comment that a marker does not see" in finding.message for finding in found)


@given(
    name=st.text(min_size=1, max_size=40)
    | st.lists(st.sampled_from(["..", "/", "\\", "C:", "a", ".", " ", "~", "\0"])).map("".join)
)
def test_no_name_that_leads_anywhere_is_taken(tmp_path_factory, name):
    path = tmp_path_factory.getbasetemp() / "name.zip"
    try:
        written(path, (entry(name), b"x"))
    except (UnicodeEncodeError, ValueError):
        return  # nobody can write this name into a zip
    opened = archive.open_zip(path, largest=LARGEST)
    for taken in opened.members:
        assert PurePosixPath(taken).name == taken
        assert PureWindowsPath(taken).name == taken
        assert taken not in (".", "..")
        assert taken.isprintable()
    assert opened.members or opened.findings or name.endswith(("/", "\\"))


@given(
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.integers(0, 200),
)
def test_a_damaged_zip_is_refused_or_holds_of_what_it_held_what_is_whole(tmp_path_factory, changes, cut):
    members = {"a.pdf": b"pdf" * 30, "b.ipynb": os.urandom(50)}
    content = bytearray(bundle.zip_bytes(members))
    for position, value in changes:
        content[position % len(content)] = value
    path = tmp_path_factory.getbasetemp() / "damaged.zip"
    path.write_bytes(bytes(content[: len(content) - cut if cut < 100 else None]))
    opened = archive.open_zip(path, largest=LARGEST)
    if opened.is_refused:
        assert opened.findings
        assert opened.members == {}
    else:
        assert set(opened.members.values()) <= set(members.values())
        assert len(opened.members) + len(opened.damaged) == len(members)
        assert bool(opened.damaged) <= bool(opened.findings)


@given(content=st.binary(max_size=300))
def test_no_bytes_bring_the_check_down(tmp_path_factory, content):
    for name in (made.ZIP_NAME, made.PDF_NAME, made.NOTEBOOK_NAME):
        path = tmp_path_factory.getbasetemp() / name
        path.write_bytes(content)
        assert checks.examine(path).findings


@given(changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4))
def test_no_damage_to_the_pdf_brings_the_check_down(tmp_path_factory, changes):
    content = bytearray(made.pdf())
    for position, value in changes:
        content[position % len(content)] = value
    path = tmp_path_factory.getbasetemp() / made.PDF_NAME
    path.write_bytes(bytes(content))
    for finding in checks.examine(path).findings:
        assert finding.message.endswith((".", ")")) or ":" in finding.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["cells", "metadata", "source", "outputs", "data", "text", "cell_type", "nbformat"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(
    cell=JSON,
    value=JSON,
    key=st.sampled_from(["source", "outputs", "metadata", "execution_count", "cell_type", "attachments", "id"]),
)
@example(cell=None, value=[{"cells": None, "data": 1}], key="outputs")
def test_no_structure_of_a_notebook_brings_the_check_down(tmp_path_factory, cell, value, key):
    raw = dict(made.notebook())
    raw["cells"] = [*raw["cells"], cell]
    raw["cells"][1] = {**raw["cells"][1], key: value}
    path = tmp_path_factory.getbasetemp() / made.NOTEBOOK_NAME
    import json

    path.write_text(json.dumps(raw), encoding="utf-8")
    checks.examine(path)


def test_the_check_of_a_bomb_stays_within_little_memory(tmp_path):
    """A PDF of one megabyte that inflates to a gigabyte, in a process that may use as much for everything."""
    packer = zlib.compressobj(9)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(10_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = head + 100 * block
    head = f"%PDF-1.7\n1 0 obj\n<< /Length {len(packed)} /Filter /FlateDecode >>\nstream\n".encode()
    path = written(
        tmp_path / made.ZIP_NAME,
        (made.PDF_NAME, head + packed + b"\nendstream\nendobj\n%%EOF"),
        compression=zipfile.ZIP_STORED,
    )
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom handin import examine as checks\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1_000_000_000, 1_000_000_000))\n"
        "print(any('a bomb' in found.message for found in checks.examine(Path(sys.argv[1])).findings))"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
