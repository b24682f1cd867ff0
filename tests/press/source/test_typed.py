"""A number that is typed into the prose is refused with its place, and what only names something is not."""

import pytest

from handin.errors import InputError
from press.source import reading, typed
from press.source.typed import MARK


@pytest.fixture
def found(tmp_path):
    """Find the typed numbers of a text."""

    def read(text: str) -> list[str]:
        (tmp_path / "a.qmd").write_text(text, encoding="utf-8")
        return [number for _, number in typed.found(reading.read(tmp_path / "a.qmd", tmp_path))]

    return read


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("It reaches 99.9 % on the test set.", "99.9"),
        ("With 4,096 examples", "4,096"),
        ("A ReLU outputs 0 there.", "0"),
        ("Twelve, or 12, times.", "12"),
        ("In proportion to 6/n.", "6"),
        ("In **40** steps.", "40"),
        ("The learning rate is $0.05$ here.", "$0.05$"),
        ("In $4$ steps.", "$4$"),
        ("At $-4$ it is dead.", "$-4$"),
        ("| a | b |\n|---|---|\n| x | 7 |\n", "7"),
        ("* a list (0.062)", "0.062"),
        ("A note.^[It is 0.7311.]", "0.7311"),
        ("::: {.callout-tip}\nIn a box: 0.7311\n:::", "0.7311"),
        ("![A caption: 0.7311](a.svg){#fig-a fig-alt='x'}", "0.7311"),
        ('```{python}\n#| label: fig-a\n#| fig-cap: "After 3 steps"\n#| fig-alt: "A line"\nplot()\n```', "3"),
        ('```{python}\n#| label: fig-a\n#| fig-cap: "Steps"\n#| fig-alt: "A line at 0.7"\nplot()\n```', "0.7"),
        ("## References of 2020\n\n# Other\n\nIt is 7.", "7"),
    ],
)
def test_a_typed_number_is_found(found, text, number):
    assert found(text) == [number]


@pytest.mark.parametrize(
    "text",
    [
        "The range is $(-1, 1)$, and $z = 0$ is a kink; L2, x_1, 1/n and $2^n$ are names and formulas, $0$ is a word.",
        "Questions 1 to 5, question 6 and [@goodfellow2016, section 6.5].",
        "A paper (Xiao et al., 2017) and <https://example.org/2017>, [this](https://example.org/12 \"it\").",
        "From a variable: {{< var q1.y_2 >}}, and [a span]{#a-2 .b}.",
        "The level of a 95 % t interval is no result.",
        "In code: `0.7311`.\n\n```python\ny = 0.7311\n```",
        "```{python}\ny = 0.7311  # 9.8 %\n```",
        "# About 0.7311",
        "1. One\n2. Two",
        "# References\n\n* Someone, *Journal* 86(11), 1998.",
        f"The rate 0.05{MARK}, 4,096{MARK}, 9.8 %{MARK} and $0.05${MARK} are meant.",
        "$$\nx = 0.5\n$$ {#eq-a2}",
    ],
)  # fmt: skip
def test_what_names_something_and_what_is_marked_is_none(found, text):
    assert found(text) == []


def test_a_mark_excuses_one_number_only(found):
    assert found(f"0.7311{MARK} and 0.7311.") == ["0.7311"]


def test_the_refusal_names_file_line_and_fix(tmp_path):
    (tmp_path / "a.qmd").write_text("One.\n\nThe output\nis 0.7311.\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"^a\.qmd:4: 0\.7311 is typed by hand: print it from a variable.*literal"):
        typed.refuse(reading.read(tmp_path / "a.qmd", tmp_path))
