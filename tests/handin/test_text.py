"""What is done to texts before they are shown or searched."""

from __future__ import annotations

import pytest

from handin.text import shortened, without_colours


@pytest.mark.parametrize(
    ("coloured", "plain"),
    [
        ("\x1b[1;31mKeyError\x1b[0m: 'x'", "KeyError: 'x'"),
        ("\x1b[38;2;255;0;0mred\x1b[39m", "red"),
        ("\x1b[38:5:196mred\x1b[m", "red"),
        ("\x1b[2K\x1b[1A\x1b[?25lworking\x1b[?25h", "working"),
        ("\x1b]8;;https://keras.io\x1b\\Keras\x1b]8;;\x1b\\", "Keras"),
        ("\x1b]0;title\x07text", "text"),
        ("a [0m b and x[1]", "a [0m b and x[1]"),
    ],
)
def test_what_a_terminal_obeys_is_taken_out(coloured, plain):
    assert without_colours(coloured) == plain


def test_a_quotation_is_one_line_of_bounded_length():
    assert shortened("a\n\tb\x00c  d") == "a b c d"
    assert shortened("word " * 50, 20) == "word word word word" + "…"
    assert len(shortened("x" * 100)) == 60
