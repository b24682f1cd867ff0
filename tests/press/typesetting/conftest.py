"""What the tests of setting share."""

from __future__ import annotations

import os

import pytest
from papers import Papers

from press import environment


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    """A folder in which papers are set one after another."""
    kept = dict(os.environ)
    for name in environment.FOLDERS:
        os.environ[name] = ""
    made = Papers(tmp_path_factory.mktemp("papers") / "a paper")
    with made.builder:
        yield made
    os.environ.clear()
    os.environ.update(kept)
