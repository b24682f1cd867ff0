"""Formulas without a relation, and conditions: what a chapter does not know is refused where the report demands it."""

import pytest

from handin.errors import WorkError
from press.formulas.checking import Checker
from press.formulas.reading import MARK, repeated

SAMPLE = {"x": 3, "b_1": 0.5, "b_2": 0.25, "t": 2, "s": 0.75, r"\text{the share that is left}": 0.5, "u_k": 7}
VALUES = {
    "sec-a": {
        "title": "Section A",
        "readings": [{"name": "any", "samples": [SAMPLE]}],
        "free": ["x = 0"],
        "said": [r"[0, \infty)"],
    }
}
CHAPTER = "# A {#sec-a}\n\nIt is $s = 1 - b_1^t$.\n\n"


def unknown(text: str) -> list[str]:
    return [formula.tex for formula in Checker(VALUES).unknown(CHAPTER + text)]


@pytest.mark.parametrize(
    "tex",
    [
        "s", "t", "1 - b_1^t", "b_1^t", "-3", "4", "u_k", "b_2", r"[0, \infty)", "2 b_2", r"\frac{b_1}{2 b_1}",
        "s > 0", "x < 1", r"\,", "s, t",
    ],
)  # fmt: skip
def test_what_is_a_part_of_a_relation_a_name_a_value_or_listed_is_known(tex):
    assert unknown(f"So ${tex}$ is it.") == []


@pytest.mark.parametrize(
    "tex", ["1 + b_1^t", "1 - b_2^t", "b_1^k", "b_3", "u_t", r"[1, \infty)", "3 b_2", "b", "s > 2", "v < 1"]
)
def test_anything_else_is_not(tex):
    assert unknown(f"So ${tex}$ is it.") == [tex]
    assert unknown(f"So ${tex}${MARK} is it.") == []


def test_a_chapter_without_values_is_not_looked_at():
    assert Checker(VALUES).unknown("# B {#sec-b}\n\n$v$\n") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("So $1 + b_1^t$ is it.", r"cannot be checked: nothing else in its chapter is written so"),
        ("So $s = v$.", r"formula \$s = v\$ cannot be checked"),
        ("Suppose $x = 2$.", r"relation \$x = 2\$ does not hold"),
        ("It is $s$ if $x > 0$ and $t$ if $x > 0$.", r"\$x > 0\$ cannot be checked: the same condition stands twice"),
    ],
)
def test_only_a_report_that_demands_it_is_refused(text, words):
    with pytest.raises(WorkError, match=f"^Section A: the printed .*{words}"):
        Checker(VALUES, strict=True).require([CHAPTER + text])
    if "x = 2" not in text:
        Checker(VALUES).require([CHAPTER + text])


def test_what_is_supposed_as_it_stands_is_let_through():
    Checker(VALUES, strict=True).require([CHAPTER + "Suppose $x = 0$."])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("If $x > 0$ one, if $x < 0$ none.", []),
        ("If $x > 0$ one. If $x > 0$ again.", []),
        ("If $x > 0$ one,\nif $x > 0$ none.", ["x > 0"]),
        ("With $x = 1$ and $x = 1$, $x$ and $x$.", []),
    ],
)
def test_a_condition_that_a_sentence_repeats(text, found):
    assert [formula.tex for formula in repeated(text)] == found
