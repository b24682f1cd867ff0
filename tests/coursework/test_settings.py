"""The author's inputs: what is taken, and what is refused with file, line and key."""

from __future__ import annotations

import os
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursework.report import REPORT
from coursework.settings import Settings, exact
from handin.errors import InputError
from press import settings as press_settings


def load(path) -> Settings:
    """Read settings as the report does."""
    return press_settings.load(path, REPORT.settings, REPORT.overrides)


DATE = "date: 2026-01-31\n"


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a settings file and load it, with nothing set in the environment."""
    monkeypatch.delenv("STUDENT_ID", raising=False)
    monkeypatch.delenv("COURSEWORK_PROFILE", raising=False)

    def loaded(text: str) -> Settings:
        path = tmp_path / "coursework.yml"
        path.write_text(text, encoding="utf-8")
        return load(path)

    return loaded


def test_defaults_are_the_stated_ones(write):
    settings = write(DATE)
    assert settings.question1.inputs == (1, 2)
    assert settings.question1.weights == (3, -1)
    assert settings.question1.bias is None
    assert settings.question4.l2 == Fraction(1, 1000)
    assert settings.has_placeholder_id


@given(st.decimals(min_value=-(10**6), max_value=10**6, places=6))
def test_decimals_are_exact(value: Decimal):
    assert exact(str(value)) == Fraction(value)


@given(st.fractions(min_value=-1000, max_value=1000, max_denominator=1000))
def test_fractions_in_quotes_are_exact(value: Fraction):
    assert exact(f"{value.numerator}/{value.denominator}") == value


def test_decimals_of_the_file_keep_their_text(write):
    question = write(DATE + 'question1: {inputs: [0.1, "1/3"], weights: [1e-3, -2], bias: 0.7}').question1
    assert question.inputs == (Fraction(1, 10), Fraction(1, 3))
    assert question.weights == (Fraction(1, 1000), -2)
    assert question.bias == Fraction(7, 10)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("student_id: 012345", "student_id: must be text in quotes"),
        ("student_id: 12", "student_id: must be text in quotes"),
        ("student_id: 'a b'", "student_id: must be text of 1 to 32 letters and digits"),
        ("student_id: ''", "student_id: must be text of 1 to 32"),
        ("student_id: [1]", "student_id: must be text of 1 to 32"),
        ("colour: red", "colour: is not a setting; allowed here: student_id"),
        ("question4: {lambda: 1}", "question4.lambda: is not a setting; allowed here: l2"),
        ("question1: {inputs: [1]}", "question1.inputs: 2 to 4 numbers"),
        ("question1: {inputs: [1, 2, 3, 4, 5]}", "question1.inputs: 2 to 4 numbers"),
        ("question1: {inputs: [1, 2, 3]}", "question1.weights: as many as inputs (3)"),
        ("question1: {inputs: [1, .nan]}", "question1.inputs[2]: must be a finite number"),
        ("question1: {inputs: [.inf, 1]}", "question1.inputs[1]: must be a finite number"),
        ("question1: {inputs: [1, true]}", "question1.inputs[2]: must be a finite number"),
        ("question1: {inputs: ['1/0', 1]}", "question1.inputs[1]: must not divide by zero"),
        ("question1: {inputs: [1e99, 1]}", "question1.inputs[1]: must be 0 or between"),
        ("question1: {inputs: 3}", "question1.inputs: must be a list"),
        ("question1: {figure_output: 2}", "figure_output: the figure prints 2, but these"),
        ("question1: {read_from_figure: maybe}", "question1.read_from_figure: must be true or false"),
        ("question1: 4", "question1: must be a group of keys"),
        ("question4: {l2: 0}", "question4.l2: must be greater than 0"),
        ("question4: {l2: -0.1}", "question4.l2: must be greater than 0"),
        ("experiments: {profile: huge}", "experiments.profile: must be 'full' or 'tiny'"),
        ("experiments: {workers: 0}", "experiments.workers: must be at least 1"),
        ("experiments: {workers: 1.5}", "experiments.workers: must be a whole number"),
        ("module: 3950", "module: must be text"),
        ("upload_limit_mb: -1", "upload_limit_mb: must be at least 1"),
        ("student_id: true", "student_id: must be text in quotes: unquoted, this word means true or false"),
        (f"question1: {{inputs: [{'9' * 5000}, 1]}}", "question1.inputs[1]: must be a finite number"),
        ("question1: {inputs: ['١', 1]}", "question1.inputs[1]: must be a finite number"),
        ("question1: {inputs: [1_000, 1]}", "question1.inputs[1]: must be a finite number"),
        ("module: CS/3950", "module: must be 1 to 16 letters and digits"),
        ("module_title: a $x$", "module_title: must not have $ in it"),
        ('module_title: "\u202egninrael"', "module_title: must be 1 to 80 characters that can be printed"),
        (f"module_title: {'x' * 81}", "module_title: must be 1 to 80 characters"),
        ("dataset: ''", "dataset: must not be empty"),
        ("module_title: '   '", "module_title: must be 1 to 80 characters"),
        ("experiments: {workers: true}", "experiments.workers: must be a whole number"),
        (f"experiments: {{workers: {'9' * 5000}}}", "experiments.workers: must be a whole number"),
    ],
)
def test_refused_with_file_line_and_key(write, line, message):
    with pytest.raises(InputError) as caught:
        write(DATE + line)
    text = str(caught.value)
    assert text.startswith("coursework.yml:2: ")
    assert message in text
    assert "\n" not in text


def test_a_key_inside_a_group_is_found_on_its_own_line(write):
    with pytest.raises(InputError, match=r"^coursework\.yml:3: question1\.inputs: 2 to 4 numbers"):
        write(DATE + "question1:\n  inputs: [1]\n")


def test_a_day_that_does_not_exist_is_called_so(write):
    with pytest.raises(InputError, match="there is no 2026-02-30 in the calendar"):
        write("date: 2026-02-30")


def test_a_control_character_is_found_on_its_line(write):
    with pytest.raises(InputError, match=r"coursework\.yml:2: the character U\+0000: delete it"):
        write(DATE + "module: CS\0")


def test_what_has_the_name_of_the_settings_and_is_no_file_is_refused_at_once(tmp_path):
    (tmp_path / "folder.yml").mkdir()
    os.mkfifo(tmp_path / "pipe.yml")  # reading it would wait for ever
    for name in ("folder.yml", "pipe.yml"):
        with pytest.raises(InputError, match=f"{name} is no file"):
            load(tmp_path / name)


@pytest.mark.parametrize("date", ["2026-13-01", "tomorrow", "5", "1026-01-01", "[2026]", "٢٠٢٦-١١-٢٣"])
def test_wrong_dates_are_refused(write, date):
    with pytest.raises(InputError, match=r"^coursework\.yml:1: date"):
        write(f"date: {date}")


@pytest.mark.parametrize(
    "text", ["a: [", "a: b: c", "\t- x", "- 1", "date: 2026-01-01\ndate: 2026-01-02", "? [a]\n: 1"]
)
def test_broken_yaml_is_one_sentence(write, text):
    with pytest.raises(InputError) as caught:
        write(text)
    assert str(caught.value).startswith("coursework.yml")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"coursework\.yml is missing"):
        load(tmp_path / "coursework.yml")


def test_a_figure_output_that_fits_is_taken(write):
    assert write(DATE + "question1: {figure_output: 1}").question1.figure_output == 1


def test_the_environment_overrides_the_id_and_is_validated(write, monkeypatch):
    monkeypatch.setenv("STUDENT_ID", "007")
    assert write(DATE + 'student_id: "1"').student_id == "007"
    monkeypatch.setenv("STUDENT_ID", "../evil")
    with pytest.raises(InputError, match="STUDENT_ID="):
        write(DATE)


@given(st.text(max_size=200))
def test_any_text_gives_settings_or_one_sentence(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("fuzz") / "coursework.yml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        load(path)
    except InputError as error:
        assert "\n" not in str(error)


KEYS = st.sampled_from([*Settings.model_fields, "unknown"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_any_structure_gives_settings_or_one_sentence(tmp_path_factory, values):
    import yaml

    path = tmp_path_factory.mktemp("fuzz") / "coursework.yml"
    path.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    try:
        load(path)
    except InputError as error:
        assert "\n" not in str(error)
