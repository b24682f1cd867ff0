"""What systems add to a zip is named, and does not hide the rest."""

from __future__ import annotations

import zipfile

import pytest

import submissions as made
from handin.examine import examine


@pytest.mark.parametrize("name", [".DS_Store", f"._{made.PDF_NAME}", "more.zip"])
def test_what_a_system_or_an_author_leaves_in_a_zip_is_one_error(tmp_path, name):
    with zipfile.ZipFile(tmp_path / made.ZIP_NAME, "w") as packed:
        for member, content in {**made.members(), name: b"Mac OS X"}.items():
            packed.writestr(member, content)
    (finding,) = examine(tmp_path / made.ZIP_NAME, student_id=made.STUDENT_ID).findings
    assert finding.is_error
    assert finding.place == name
    assert "not asked for" in finding.message
