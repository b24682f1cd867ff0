"""The zip: the same bytes whatever the clock, the user, the folder and the umask."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import zipfile

import pytest

import submissions as made
from handin import names as bundle

MEMBERS = {"101234567-CS3950-q6.ipynb": b'{"cells": []}' * 100, "101234567-CS3950-answers.pdf": bytes(range(256)) * 50}

WRITE = """
import os, sys, time
from pathlib import Path
os.umask(int(sys.argv[2], 8))
if hasattr(time, "tzset"):
    time.tzset()
from handin.names import zip_bytes
members = {"101234567-CS3950-answers.pdf": b"pdf" * 500, "101234567-CS3950-q6.ipynb": b"notebook" * 300}
Path(sys.argv[1]).write_bytes(zip_bytes(dict(sorted(members.items(), reverse=sys.argv[2] == "077"))))
"""


def test_a_submission_without_a_notebook_has_two_names():
    assert made.names("101234567").members == ("101234567-CS3950-answers.pdf", "101234567-CS3950-q6.ipynb")
    alone = bundle.Names("a.pdf", None, "a.zip")
    assert (alone.members, alone.all) == (("a.pdf",), ("a.pdf", "a.zip"))


def test_the_bytes_do_not_depend_on_umask_time_zone_locale_and_folder(tmp_path):
    written = set()
    for index, (umask, zone, folder) in enumerate(
        [
            ("022", "UTC", "plain"),
            ("077", "Pacific/Kiritimati", "with spaces"),
            ("000", "America/St_Johns", "Übung 習題"),
        ]
    ):
        path = tmp_path / folder / f"{index}.zip"
        path.parent.mkdir()
        environment = {**os.environ, "TZ": zone, "LC_ALL": "C", "PYTHONHASHSEED": str(index)}
        command = [sys.executable, "-c", WRITE, str(path), umask]
        subprocess.run(command, check=True, env=environment, cwd=path.parent)
        assert [entry.name for entry in path.parent.iterdir()] == [path.name]
        written.add(path.read_bytes())
    assert len(written) == 1


def test_the_bytes_do_not_depend_on_the_clock(tmp_path, monkeypatch):
    first = bundle.zip_bytes(MEMBERS)

    def forbidden(*_):
        raise AssertionError("the clock was asked")

    for name in ("time", "localtime", "gmtime", "time_ns"):
        monkeypatch.setattr(time, name, forbidden)
    assert bundle.zip_bytes(dict(reversed(MEMBERS.items()))) == first


def test_zipfile_and_unzip_read_what_was_written(tmp_path, require):
    path = tmp_path / "x.zip"
    made.write_zip(path, MEMBERS)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == sorted(MEMBERS)
        assert {name: archive.read(name) for name in archive.namelist()} == MEMBERS
        for entry in archive.infolist():
            assert (entry.extra, entry.comment, entry.flag_bits, entry.create_system) == (b"", b"", 0, 3)
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert entry.external_attr >> 16 == 0o100644
    require(shutil.which("unzip"), "apt-get install unzip")
    assert subprocess.run(["unzip", "-tqq", path], check=False).returncode == 0


@pytest.mark.parametrize("name", ["", "a/b", "../a", "/a", "a\\b", ".hidden", "a\0b", "é.pdf", "a b", "-rf"])
def test_a_name_that_is_not_plain_is_refused(name):
    with pytest.raises(ValueError, match="is no name for a zip"):
        bundle.zip_bytes({name: b""})


def test_names_that_differ_in_case_only_are_refused():
    with pytest.raises(ValueError, match="case only"):
        bundle.zip_bytes({"a.pdf": b"", "A.pdf": b""})
