"""The files of checksums beside data and fonts, as sha256sum writes them."""

from __future__ import annotations

import hashlib
import shutil
import subprocess

import pytest

from handin.checksums import recorded
from handin.errors import InputError


@pytest.mark.parametrize("options", [[], ["--binary"]])
def test_what_sha256sum_writes_is_read(tmp_path, require, options):
    require(shutil.which("sha256sum"), "apt-get install coreutils")
    (tmp_path / "a b.txt").write_bytes(b"x")
    with (tmp_path / "SHA256SUMS").open("w") as file:
        subprocess.run(["sha256sum", *options, "a b.txt"], cwd=tmp_path, stdout=file, check=True)
    assert recorded(tmp_path) == {"a b.txt": hashlib.sha256(b"x").hexdigest()}


def test_a_missing_and_a_wrong_file_are_named(tmp_path):
    with pytest.raises(InputError, match="SHA256SUMS is missing"):
        recorded(tmp_path)
    (tmp_path / "SHA256SUMS").write_text("0123\n")
    with pytest.raises(InputError, match="each line must be"):
        recorded(tmp_path)
