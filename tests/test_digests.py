"""Digests of code: what changes them and what does not."""

from __future__ import annotations

import pytest

from coursework import digests

ROOT = "coursework.a:f"
A = "from coursework import b\nfrom coursework.b import g\n\ndef f():\n    return g() + b.LIMIT\n"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of that name with two modules, whose files a test may rewrite."""
    monkeypatch.setattr(digests, "_ROOT", tmp_path)
    digests._path.cache_clear()

    def write(name: str, source: str) -> None:
        (tmp_path / f"{name}.py").write_text(source)

    write("a", A + "\ndef other():\n    return 1\n")
    write("b", "LIMIT = 3\nUNUSED = 4\n\ndef g():\n    return h()\n\ndef h():\n    return 2\n")
    yield write
    digests._path.cache_clear()


def test_the_closure_follows_names_across_modules(package):
    assert set(digests.closure(ROOT)) == {
        "coursework.a:f",
        "coursework.b:LIMIT",
        "coursework.b:g",
        "coursework.b:h",
    }


@pytest.mark.parametrize(
    ("name", "source", "same"),
    [
        ("b", "LIMIT = 3\n# a comment\ndef g():\n    'A docstring.'\n    return h()\ndef h():\n    return 2\n", True),
        ("b", "LIMIT = 3\nUNUSED = 5\ndef g():\n    return h()\ndef h():\n    return 2\n", True),
        ("b", "LIMIT = 4\ndef g():\n    return h()\ndef h():\n    return 2\n", False),
        ("b", "LIMIT = 3\ndef g():\n    return h()\ndef h():\n    return 3\n", False),
    ],
)
def test_what_changes_a_digest(package, name, source, same):
    before = digests.source_digest(ROOT)
    package(name, source)
    assert (digests.source_digest(ROOT) == before) is same


def test_an_unrelated_function_of_the_same_module_does_not_count(package):
    before = digests.source_digest(ROOT)
    package("a", A)
    assert digests.source_digest(ROOT) == before


def test_a_missing_root_is_an_error(package):
    with pytest.raises(KeyError):
        digests.closure("coursework.a:missing")


def test_a_cells_last_constant_counts_but_a_docstring_does_not():
    assert digests.normalised("x = 1\n'shown'") != digests.normalised("x = 1\n'other'")
    assert digests.normalised("def f():\n    'a'\n    return 1") == digests.normalised("def f():\n    return 1 # c")


def test_borders_between_parts_count():
    assert digests.digest("ab", "c") != digests.digest("a", "bc")
