"""Numbers in prose are variables: no result is typed into the report or the notebook."""

from __future__ import annotations

import re

import pytest
import yaml
from literals import MARK, as_read, literals, numbers, printed, typed

from copies import ROOT
from press.source import reading, shortcodes

DOCUMENTS = ("report/report.qmd", "report/q6-classifier.qmd")
OWN = ("report/report.qmd", "report/evidence.qmd")  # all of whose numbers are variables, but for question 6

RESULTS = printed({
    "q1": {"y": "0.7311", "tiny": "1.2 × 10⁻⁷", "gradient": "−0.5123", "short": "0.3", "small": "12"},
    "q6": {
        "examples": "4,096",
        "error": "9.8 %",
        "verdict": "**Better**: the difference is −0.062 (95 % interval −0.069 to −0.055) over 128 seeds.",
    },
})  # fmt: skip


@pytest.fixture
def found(tmp_path):
    """Scan a text as a document."""

    def scan(text: str) -> list[str]:
        (tmp_path / "a.qmd").write_text(text, encoding="utf-8")
        return [literal.number for literal in literals(reading.read(tmp_path / "a.qmd", tmp_path), RESULTS)]

    return scan


# The documents


@pytest.fixture(scope="module")
def results(built):
    """What the variables print: those of the tiny build, and those of the author's last build where there was one."""
    files = [folder / "_variables.yml" for folder in (built.root, ROOT)]
    values = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files if file.exists()]
    return {number: name for each in values for number, name in printed(each).items()}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_result_is_typed_in(name, results):
    assert len(results) > 50
    typed = literals(reading.read(ROOT / name, ROOT), results)
    assert not typed, "\n" + "\n".join(map(str, typed))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_number_typed_in_place_of_its_variable_would_be_found(name, results, built, tmp_path):
    """Put what they print in place of the variables: each number is found again, so the test above can fail."""
    values = yaml.safe_load((built.root / "_variables.yml").read_text(encoding="utf-8"))
    lines = [line.text for line in reading.read(ROOT / name, ROOT).prose if not line.text.startswith("#")]
    used = set(re.findall(r"\{\{< var (\w+)\.(\w+) >\}\}", "\n".join(lines)))
    (tmp_path / "typed.qmd").write_text(shortcodes.substitute("\n".join(lines), name, values, {}), encoding="utf-8")
    found = {literal.number for literal in literals(reading.read(tmp_path / "typed.qmd", tmp_path), results)}
    expected = set(printed({"used": {f"{group}.{key}": values[group][key] for group, key in used}}))
    assert expected
    assert expected <= found


@pytest.mark.parametrize("name", OWN)
def test_no_number_is_typed_in(name):
    found = [number for number in typed(reading.read(ROOT / name, ROOT)) if "_q6" not in number]
    assert not found, "\n" + "\n".join(found)


# The scanner


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("The output is 0.7311.", "0.7311"),
        ("The gradient is −0.5123, or **0.5123** without its sign.", "0.5123"),
        ("It is 1.2 × 10⁻⁷ here.", "1.2×10⁻⁷"),
        ("It is 1.2\u00a0×\u00a010⁻⁷ here.", "1.2×10⁻⁷"),
        ("An error of 9.8 %.", "9.8%"),
        ("An error of 9.8%, no more.", "9.8%"),
        ("With 4,096 examples", "4096"),
        ("With *4096* examples", "4096"),
        ("Over 128 seeds, as a sentence says", "128"),
        ("| a | b |\n|---|---|\n| x | 0.062 |\n", "0.062"),
        ("* a list (0.062)", "0.062"),
        ('::: {.callout-tip title="It is 0.7311"}\nBox.\n:::', "0.7311"),
        ("::: {.callout-tip}\nIn a box: 0.7311\n:::", "0.7311"),
        ("A note.^[It is 0.7311.]", "0.7311"),
        ("As shown [@kingma2015, and 0.7311 besides].", "0.7311"),
        ("![A caption: 0.7311](a.svg){#fig-a fig-alt=\"A line.\"}", "0.7311"),
        ("![A caption](a.svg){#fig-a fig-alt=\"A line at 0.7311.\"}", "0.7311"),
        ('```{python}\n#| label: fig-a\n#| fig-cap: "At 0.7311"\n#| fig-alt: "A line"\nplot()\n```', "0.7311"),
        ("0.7311\n: no, 0.7311", "0.7311"),
    ],
)  # fmt: skip
def test_a_typed_result_is_found_wherever_it_is_read(found, text, number):
    assert number in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "In a formula, $y = 0.7311$, or displayed:\n\n$$ y = 0.7311 $$ {#eq-y}",
        "In code: `0.7311`.\n\n```python\ny = 0.7311\n```",
        "```{python}\ny = 0.7311  # 9.8 %\n```",
        "# About 0.7311",
        "From a variable: {{< var q1.y >}}.",
        "Another number: 0.7312, 10.7311, 0.73110, 0.73, 9.9 %, 9.8, 4,097, 14,096.",
        "One significant digit, 0.3, and a small count, 12.",
        "Version 0.7311.2 and x0.7311 are no numbers.",
        "The level of a 95 % interval is no result.",
        "1.2 × 10⁻⁸ and 1.2 alone",
        f"Meant as it stands: 0.7311{MARK}, 9.8 %{MARK}.",
    ],
)
def test_what_is_no_typed_result_is_left_alone(found, text):
    assert found(text) == []


def test_a_mark_excuses_one_number_only(found):
    assert found(f"0.7311{MARK} and 0.7311.") == ["0.7311"]


def test_the_report_names_place_and_variable(tmp_path):
    (tmp_path / "a.qmd").write_text("One.\n\nThe output is 0.7311.\n", encoding="utf-8")
    (literal,) = literals(reading.read(tmp_path / "a.qmd", tmp_path), RESULTS)
    assert str(literal).startswith("a.qmd:3: 0.7311 is what {{< var q1.y >}} prints")


def test_a_level_in_a_sentence_is_no_result():
    assert "95%" not in RESULTS
    assert {"0.062", "0.069", "0.055"} <= set(RESULTS)


def test_which_numbers_count():
    assert [number for number, _ in numbers("0.30 0.3 10 % 99 100 1.0 7")] == ["0.30", "10%", "100", "1.0"]


def test_formulas_and_headings_are_not_read():
    assert "0.5" not in as_read("# A 0.5\n\n$0.5$ `0.5`\n")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("It reaches 99.9 % on the test set.", "99.9"),
        ("A ReLU outputs 0 there.", "0"),
        ("Twelve, or 12, times.", "12"),
        ("The learning rate is $0.05$ here.", "$0.05$"),
        ("In $40$ steps.", "$40$"),
        ('```{python}\n#| label: fig-a\n#| fig-cap: "After 3 steps"\n#| fig-alt: "A line"\nplot()\n```', "3"),
        ("| a | b |\n|---|---|\n| x | 7 |\n", "7"),
    ],
)
def test_a_typed_number_is_found(tmp_path, text, number):
    (tmp_path / "a.qmd").write_text(text, encoding="utf-8")
    assert [entry.rpartition(": ")[2] for entry in typed(reading.read(tmp_path / "a.qmd", tmp_path))] == [number]


@pytest.mark.parametrize(
    "text",
    [
        "The range is $(-1, 1)$, and $z = 0$ is a kink; L2, x_1 and $2^n$ are names and formulas, $0$ is a word.",
        "Questions 1 to 5, question 6 and [@goodfellow2016, section 6.5].",
        f"The rate 0.05{MARK} and $0.05${MARK} are meant, {{{{< var q1.y >}}}} is a variable.",
    ],
)
def test_formulas_ordinals_and_marked_numbers_are_none(tmp_path, text):
    (tmp_path / "a.qmd").write_text(text, encoding="utf-8")
    assert typed(reading.read(tmp_path / "a.qmd", tmp_path)) == []
