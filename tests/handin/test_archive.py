"""What systems and clouds make of a zip is named, and does not hide the rest."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
import zlib

import nbformat
import pytest

import submissions as made
from handin.archive import open_zip
from handin.examine import examine
from handin.identity import Owner

UNRUN = made.notebook_bytes({**made.notebook(), "cells": [nbformat.v4.new_code_cell("1 + 1")]})


def entry(name: str, system: int = 3, mode: int = 0o100644, attributes: int = 0) -> zipfile.ZipInfo:
    found = zipfile.ZipInfo(name, date_time=(2026, 11, 23, 12, 0, 0))
    found.orig_filename = found.filename = name
    found.create_system, found.external_attr = system, mode << 16 | attributes
    found.compress_type = zipfile.ZIP_DEFLATED
    return found


class Pipe:
    """A file that cannot go back, so that sizes follow the content, as in the Finder's zips."""

    def __init__(self):
        self.content = bytearray()

    def write(self, data):
        self.content += data
        return len(data)

    def flush(self):
        pass


def packed(path, entries, *, streamed=False):
    pipe = Pipe()
    with zipfile.ZipFile(pipe if streamed else path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    if streamed:
        path.write_bytes(bytes(pipe.content))
    return path


def finder(folder=""):
    """The entries of a zip that the Finder makes of two files, or of a folder with them."""
    members = made.members(notebook=UNRUN)
    if folder:
        yield entry(f"{folder}/", mode=0o40755), b""
        yield entry(f"{folder}/.DS_Store"), b"Bud1"
        yield entry(f"__MACOSX/{folder}/._.DS_Store"), b"Mac OS X        "
    for name, content in members.items():
        path = f"{folder}/{name}" if folder else name
        yield entry(path), content
        above, _, last = path.rpartition("/")
        yield entry(f"__MACOSX/{above}/._{last}" if above else f"__MACOSX/._{last}"), b"Mac OS X        "


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store",
        f"._{made.PDF_NAME}",
        "more.zip",
        "Thumbs.db",
        "desktop.ini",
        ".git/config",
        f".ipynb_checkpoints/{made.NOTEBOOK_NAME}",
        f".{made.PDF_NAME}.icloud",
        "pictures/",
    ],
)
def test_what_a_system_or_an_author_leaves_in_a_zip_is_one_error(tmp_path, name):
    path = packed(
        tmp_path / made.ZIP_NAME, {**made.members(), name: b"" if name.endswith("/") else b"Mac OS X"}.items()
    )
    (finding,) = examine(path, Owner(made.STUDENT_ID)).findings
    assert finding.is_error
    assert finding.place == name
    assert "not asked for" in finding.message


@pytest.mark.parametrize("folder", ["", "coursework", "My coursework/final"])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_zip_of_the_finder_is_said_to_be_one_and_looked_into(tmp_path, folder, streamed):
    path = packed(tmp_path / made.ZIP_NAME, finder(folder), streamed=streamed)
    findings = examine(path, Owner(made.STUDENT_ID)).findings
    said = " ".join(map(str, findings))
    (macos,) = [finding for finding in findings if "macOS" in finding.message]
    assert "Finder" in macos.fix
    assert "zip -X" in macos.fix
    assert ("lie in a folder" in said) == bool(folder)
    assert "The cell was not run" in said
    assert "It holds no" not in said


def test_a_zip_of_a_mac_made_as_advised_is_sound(tmp_path, require):
    require(shutil.which("zip"), "apt-get install zip")
    for name, content in made.members().items():
        (tmp_path / name).write_bytes(content)
    subprocess.run(["zip", "-qX", made.ZIP_NAME, *made.members()], cwd=tmp_path, check=True)
    assert examine(tmp_path / made.ZIP_NAME, Owner(made.STUDENT_ID)).findings == []


@pytest.mark.parametrize(
    ("name", "method", "message"),
    [
        ("Icon\r", zipfile.ZIP_DEFLATED, "macOS added an entry"),
        (f"{made.STUDENT_ID}: notes?.txt", zipfile.ZIP_DEFLATED, "Rename it"),
        ("notes.txt", zipfile.ZIP_BZIP2, "rare method"),
        ("notes.", zipfile.ZIP_DEFLATED, "not allowed on every system"),
        ("notes./x.txt", zipfile.ZIP_DEFLATED, "not allowed on every system"),
        ("notes//x.txt", zipfile.ZIP_DEFLATED, "not allowed on every system"),
        ("aux.txt", zipfile.ZIP_DEFLATED, "device on Windows"),
        ("nul/x.txt", zipfile.ZIP_DEFLATED, "device on Windows"),
    ],
)
def test_what_not_every_system_can_unpack_hides_nothing(tmp_path, name, method, message):
    extra, notebook = entry(name), entry(made.NOTEBOOK_NAME)
    extra.compress_type = notebook.compress_type = method
    path = packed(tmp_path / made.ZIP_NAME, [(notebook, UNRUN), (extra, b"x")])
    said = " ".join(map(str, examine(path, Owner(made.STUDENT_ID)).findings))
    assert message in said
    assert "The cell was not run" in said


@pytest.mark.parametrize("streamed", [False, True])
def test_a_zip64_is_named_and_looked_into(tmp_path, streamed):
    pipe = Pipe()
    path = tmp_path / made.ZIP_NAME
    with zipfile.ZipFile(pipe if streamed else path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in made.members(notebook=UNRUN).items():
            with archive.open(entry(name), "w", force_zip64=True) as opened:
                opened.write(content)
    if streamed:
        path.write_bytes(bytes(pipe.content))
    found = examine(path, Owner(made.STUDENT_ID)).findings
    assert sum("zip64" in str(finding) for finding in found) == 1
    assert "The cell was not run" in " ".join(map(str, found))


def test_a_zip64_directory_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)  # then the writer puts the directory's place elsewhere
    path = packed(tmp_path / made.ZIP_NAME, made.members(notebook=UNRUN).items())
    found = " ".join(map(str, examine(path, Owner(made.STUDENT_ID)).findings))
    assert "zip64" in found
    assert "The cell was not run" in found
    damaged = path.read_bytes().replace(b"PK\x06\x06", b"PK\x06\x00")
    path.write_bytes(damaged)
    assert open_zip(path, largest=10**8).is_refused


@pytest.mark.parametrize("separator", ["/", "\\"])
@pytest.mark.parametrize("has_entry", [False, True])
def test_a_folder_that_windows_packed_is_looked_into(tmp_path, separator, has_entry):
    entries = [(entry(f"work{separator}{name}", system=0, mode=0), content) for name, content in made.members().items()]
    if has_entry:
        entries.insert(0, (entry(f"work{separator}", system=0, mode=0, attributes=0x10), b""))
    opened = open_zip(packed(tmp_path / "x.zip", entries), largest=10**8)
    assert opened.members == made.members()
    (finding,) = opened.findings
    assert "lie in a folder (work), not at the top" in finding.message


@pytest.mark.parametrize("tail", [b"\r\n", bytes(512), b"\x1a"])
def test_empty_bytes_behind_the_end_hide_nothing(tmp_path, tail):
    path = packed(tmp_path / made.ZIP_NAME, made.members(notebook=UNRUN).items())
    path.write_bytes(path.read_bytes() + tail)
    said = " ".join(map(str, examine(path, Owner(made.STUDENT_ID)).findings))
    assert f"There are {len(tail)} empty bytes behind its end" in said
    assert "The cell was not run" in said


def test_a_member_with_a_wrong_checksum_hides_no_other(tmp_path):
    path = packed(tmp_path / made.ZIP_NAME, made.members(notebook=UNRUN).items())
    checksum = zlib.crc32(made.pdf()).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(checksum, b"\1\2\3\4"))
    found = examine(path, Owner(made.STUDENT_ID)).findings
    (damaged,) = [finding for finding in found if "damaged in the zip" in finding.message]
    assert damaged.place == made.PDF_NAME
    said = " ".join(map(str, found))
    assert "The cell was not run" in said
    assert "It holds no PDF" not in said


def test_two_files_of_one_name_in_two_folders_are_named(tmp_path):
    entries = [(f"{folder}/{name}", content) for folder in ("new", "old") for name, content in made.members().items()]
    said = " ".join(map(str, examine(packed(tmp_path / made.ZIP_NAME, entries), Owner(made.STUDENT_ID)).findings))
    assert said.count("lies in another folder") == 2


def test_a_zip_in_a_zip_is_named(tmp_path):
    inner = packed(tmp_path / "inner.zip", made.members().items()).read_bytes()
    (finding, *_) = examine(packed(tmp_path / made.ZIP_NAME, [*made.members().items(), ("more.zip", inner)])).findings
    assert "it is a zip" in finding.message
    assert "Unpack it" in finding.fix


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"Rar!\x1a\x07\x01\x00" + bytes(50), "a RAR archive"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(50), "a 7-Zip archive"),
        (b"\x1f\x8b\x08" + bytes(50), "a gzip file"),
        (b"", "an empty file"),
        (b"<html>", "a web page"),
        (b"%PDF-1.7", "a PDF"),
        (b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml", "a Word or PowerPoint file"),
    ],
)
def test_what_is_no_zip_is_named(tmp_path, content, what):
    (tmp_path / "x.zip").write_bytes(content)
    opened = open_zip(tmp_path / "x.zip", largest=10**6)
    assert opened.is_refused
    assert opened.findings[0].message == f"It is no zip but {what}."


def test_every_finding_of_both_files_is_made_at_once(tmp_path):
    """Wrong names, a folder, a damaged page, a notebook without ids that was not run: nothing hides anything."""
    notebook = json.loads(made.notebook_bytes())
    for cell in notebook["cells"]:
        del cell["id"]
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    entries = [
        ("cw/answers (1).pdf", made.pdf(end='\n#"this is **very bold** text"')),
        ("cw/q6.ipynb", json.dumps(notebook)),
    ]
    found = examine(packed(tmp_path / made.ZIP_NAME, entries), Owner(made.STUDENT_ID, made.names)).findings
    said = " ".join(map(str, found))
    for part in ("lie in a folder", "without the student id", "that of a copy", "raw TeX", "no id", "was not run"):
        assert part in said


def test_a_name_in_an_old_code_page_is_read(tmp_path):
    path = packed(tmp_path / "x.zip", [("f.pdf", b"x")])
    changed = path.read_bytes().replace(b"f.pdf", b"\x81.pdf")
    path.write_bytes(changed)
    assert list(open_zip(path, largest=10**6).members) == ["ü.pdf"]
