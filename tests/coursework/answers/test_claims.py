"""A claim that does not hold stops a build, and is shown in a trial."""

from __future__ import annotations

import pytest

from coursework.answers.claims import claim


def test_a_claim_that_holds_is_silent(capsys):
    claim("one is less than two", 1 < 2)
    assert capsys.readouterr().out == ""


def test_a_false_claim_names_itself_and_its_numbers():
    with pytest.raises(AssertionError, match=r"“two is less than one”.*two = 2, one = 1"):
        claim("two is less than one", 2 < 1, two=2, one=1)


def test_in_a_trial_a_false_claim_is_shown(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    claim("two is less than one", 2 < 1, trial=True)
    assert [each.data for each in shown] == ["*(This does not hold in this smaller run: two is less than one.)*"]
