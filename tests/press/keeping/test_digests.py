"""Digests of code: what changes them and what does not."""

from __future__ import annotations

import os

import pytest

from handin.errors import InputError
from press.keeping import digests

ROOT = "coursework.a:f"
A = "from coursework import b\nfrom coursework.b import g\n\ndef f():\n    return g() + b.LIMIT\n"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of that name with two modules, whose files a test may rewrite."""
    folder = tmp_path / "code" / "coursework"
    folder.mkdir(parents=True)
    monkeypatch.setattr(digests, "_folders", (folder.parent,))
    digests.module_file.cache_clear()

    def write(name: str, source: str) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text(source)

    write("a", A + "\ndef other():\n    return 1\n")
    write("b", "LIMIT = 3\nUNUSED = 4\n\ndef g():\n    return h()\n\ndef h():\n    return 2\n")
    yield write
    digests.module_file.cache_clear()


REACHING = {
    "at once": "from coursework.b import g",
    "by its name": "import coursework.b",
    "as a whole": "from coursework import b",
    "from here": "from . import b",
    "in a function": "def f():\n    from .b import g\n    return g()",
    "for a name of the same module that is not used": "from coursework.b import LIMIT",
    "where there is a choice": "try:\n    from .b import g\nexcept ImportError:\n    from .c import g",
    "by way of another one": "from coursework.d import anything",
    "by way of its package": "import coursework.deep.e",
}


@pytest.mark.parametrize("way", REACHING)
def test_a_module_that_is_imported_counts_as_a_whole(package, way):
    package("c", "from coursework.b import LIMIT as g\n")
    package("d", "import coursework.b\n")
    package("deep/__init__", "from .. import b\n")
    package("deep/e", "")
    package("a", f"{REACHING[way]}\n")
    before = digests.module_facts("coursework.a")
    package("b", "LIMIT = 3\n\ndef g():\n    return 2\n\nimport json  # what it does when it is imported\n")
    after = digests.module_facts("coursework.a")
    assert {name for name in before if before[name] != after[name]} == {"coursework.b"}


def test_a_comment_changes_no_module_and_a_docstring_does(package):
    first = digests.module_facts(ROOT)
    package("b", "LIMIT = 3  # a comment\nUNUSED = 4\ndef g():\n    return h()\ndef h():\n    return 2\n")
    assert digests.module_facts(ROOT) == first
    package("b", "LIMIT = 3\nUNUSED = 4\ndef g():\n    'Shown.'\n    return h()\ndef h():\n    return 2\n")
    assert digests.module_facts(ROOT) != first


def test_a_module_that_is_none_is_digested_as_it_is(package, tmp_path):
    module = tmp_path / "broken.py"
    assert digests.module_digest(module) is None
    digested = []
    for content in (b"x = (", b"x = ((", b"\xff"):
        module.write_bytes(content)
        digested.append(digests.module_digest(module))
    assert len({*digested, None}) == 4


def test_a_circle_of_modules_comes_to_an_end(package):
    package("a", "from coursework.b import *\n")
    package("b", "from coursework.a import *\n")
    assert set(digests.module_facts("coursework.a")) == {"coursework.a", "coursework.b"}


def test_what_is_imported_for_types_alone_does_not_count(package):
    package("a", "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from coursework.b import g\n")
    assert set(digests.module_facts("coursework.a")) == {"coursework.a"}


def test_a_missing_root_is_an_error(package):
    with pytest.raises(InputError, match=r"names coursework\.a:missing, but coursework\.a defines no missing: correct"):
        digests.module_facts("coursework.a:missing")
    package("a", "missing()\n")
    with pytest.raises(InputError, match=r"but coursework\.a defines no missing"):
        digests.module_facts("coursework.a:missing")  # which is used there
    with pytest.raises(
        InputError, match="json:loads, whose module lies neither in code/ nor beside the documents: move"
    ):
        digests.module_facts("json:loads")


def test_all_of_a_cell_counts_but_comments_and_layout():
    assert digests.normalised("x = 1\n'shown'") != digests.normalised("x = 1\n'other'")
    assert digests.normalised("def f():\n    'a'\n    return 1") != digests.normalised("def f():\n    return 1")
    assert digests.normalised("def f():\n\n    return  1") == digests.normalised("def f():\n    return 1 # c")


def test_borders_between_parts_count():
    assert digests.digest("ab", "c") != digests.digest("a", "bc")


@pytest.fixture
def in_a_project(package, tmp_path, monkeypatch):
    """The package inside a project; call it for a next process, which must not parse anything if asked so."""
    monkeypatch.setattr(digests, "_cache", tmp_path / ".cache")

    def next_process(*, parses: bool) -> dict[str, str]:
        for remembered in (digests._known, digests._contents_digest, digests._parsed, digests.module_file):
            remembered.cache_clear()
        with monkeypatch.context() as patch:
            if not parses:
                patch.setattr(digests, "_facts", lambda *_: pytest.fail("the package was parsed again"))
            return digests.module_facts(ROOT)

    return next_process


def test_the_next_process_does_not_parse_an_unchanged_package_again(in_a_project):
    assert in_a_project(parses=True) == in_a_project(parses=False)


def test_an_edit_of_equal_size_and_time_is_seen_by_the_next_process(in_a_project, package, tmp_path):
    before = in_a_project(parses=True)
    edited = tmp_path / "code" / "coursework" / "b.py"
    status = edited.stat()
    edited.write_text(edited.read_text().replace("return 2", "return 3"))
    os.utime(edited, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert in_a_project(parses=True) != before


def test_another_root_is_kept_beside_the_first(in_a_project):
    first = in_a_project(parses=True)
    other = digests.module_facts("coursework.b")
    assert in_a_project(parses=False) == first
    assert digests.module_facts("coursework.b") == other != first


def test_damaged_digests_are_found_again(in_a_project, tmp_path):
    before = in_a_project(parses=True)
    record = tmp_path / ".cache" / "code.json"
    record.write_bytes(record.read_bytes().replace(before["coursework.a"].encode(), b"0" * 32))
    with pytest.warns(UserWarning, match=r"code\.json was damaged"):
        assert in_a_project(parses=True) == before


def test_outside_a_project_nothing_is_kept(package, tmp_path):
    digests.module_facts(ROOT)
    assert not (tmp_path / ".cache").exists()


def test_digests_that_cannot_be_kept_are_found_all_the_same(in_a_project, tmp_path):
    (tmp_path / ".cache").touch()  # a file where a folder is needed
    assert in_a_project(parses=True) == digests._facts(ROOT)
