"""What is said while long work goes on: in one line of a terminal, now and then in a log."""

from __future__ import annotations

import pytest

from press.commands import terminal
from press.report import Progress


def at(done: int, seconds: float) -> Progress:
    return Progress("Training the networks", done, 20, seconds)


@pytest.fixture(autouse=True)
def _new(monkeypatch):
    monkeypatch.setattr(terminal, "_line", {"is_open": False, "next": 0.0})


def test_a_log_hears_of_it_at_the_start_now_and_then_and_at_the_end(monkeypatch, capsys):
    now = [1000.0]
    monkeypatch.setattr(terminal.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(terminal, "interactive", lambda: False)
    for done in range(21):
        terminal.tell(at(done, 200 - 10 * done))
        now[0] += 10
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "· Training the networks: 0 of 20 done, about 3 min left"
    assert said[-1] == "· Training the networks: all 20 done"
    assert 6 <= len(said) <= 9


def test_a_terminal_has_one_line_for_it_which_what_comes_next_replaces(monkeypatch, capsys):
    monkeypatch.setattr(terminal, "interactive", lambda: True)
    terminal.tell(at(0, 300.0))
    terminal.tell(at(1, 55.0))
    terminal.tell("Writing")
    terminal.note("A note")
    shown = capsys.readouterr().err
    assert shown.count("\n") == 2, "one for each that stays"
    lines = [part.partition("\r")[0] for part in shown.replace("\033[K", "").split("\r")]
    assert [line.strip() for line in lines if line.strip()] == [
        "· Training the networks: 0 of 20 done, about 5 min left",
        "· Training the networks: 1 of 20 done, about 60 s left",
        "· Writing\n! A note",
    ]
