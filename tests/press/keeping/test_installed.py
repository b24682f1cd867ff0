"""What is installed, read without the standard library's slow way, is what that way finds."""

from __future__ import annotations

import re
from importlib import metadata

import pytest

from press.keeping import installed


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_module_has_the_owners_that_python_finds():
    found = metadata.packages_distributions()
    found.pop("__pycache__", None)  # Python 3.13 takes it for a module
    assert len(found) > 100
    assert {module: set(installed.owners(module)) for module in found} == {
        module: set(map(plain, names)) for module, names in found.items()
    }


@pytest.mark.parametrize("name", ["numpy", "PyYAML", "scikit-learn", "jupyter_client"])
def test_a_version_is_the_one_that_python_finds(name):
    assert installed.version(name) == metadata.version(name)


def test_modules_are_named_by_the_distribution():
    assert installed.modules("scikit-learn") == {"sklearn"}
    assert installed.modules("PyYAML") >= {"yaml"}
    assert installed.modules("not-there") == set()
