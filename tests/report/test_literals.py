"""Numbers in prose are variables, and each stands where the text speaks of it: the rules see this report as a whole."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import yaml

from copies import ROOT
from coursework.wording import WORDS
from handin.errors import InputError
from press.source import reading, shortcodes, typed, wording

DOCUMENTS = ("report/report.qmd", "report/q6-classifier.qmd", "report/evidence.qmd")
VARIABLE = re.compile(r"\{\{< var ([\w.]+) >\}\}")


@pytest.mark.parametrize("name", DOCUMENTS[:2])
def test_a_number_typed_in_place_of_its_variable_would_be_found(name, built, tmp_path):
    """Put what they print in place of the variables: each number is found in its line."""
    values = yaml.safe_load((built.root / "_variables.yml").read_text(encoding="utf-8"))
    lines = [line.text for line in reading.read(ROOT / name, ROOT).prose if not line.text.startswith("#")]
    texts = [shortcodes.substitute(line, name, values, {}) for line in lines]
    (tmp_path / "typed.qmd").write_text("\n".join(texts), encoding="utf-8")
    found = {(line.number, number) for line, number in typed.found(reading.read(tmp_path / "typed.qmd", tmp_path))}
    checked = 0
    for at, line in enumerate(lines, 1):
        for group, key in (variable.split(".") for variable in VARIABLE.findall(line)):
            if number := re.fullmatch(r"[−+]?(\d[\d,.]*)(\s±.*|\s%)?", values[group][key]):
                assert (at, number[1]) in found, (line, number[1])
                checked += 1
    assert checked > 40


def test_every_variable_of_the_text_has_words():
    for name in DOCUMENTS:
        for statement in wording.statements(reading.read(ROOT / name, ROOT)):
            for variable in statement.names:
                assert any(re.fullmatch(pattern, variable) for pattern in WORDS), variable


def test_most_variables_that_are_swapped_for_another_of_their_file_are_refused(monkeypatch):
    refused, silent = 0, 0
    for name in DOCUMENTS:
        statements = list(wording.statements(reading.read(ROOT / name, ROOT)))
        in_file: dict[str, set[str]] = {}
        for statement in statements:
            in_file.setdefault(statement.place.split(":")[0], set()).update(statement.names)
        for statement in statements:
            for match in VARIABLE.finditer(statement.text):
                others = in_file[statement.place.split(":")[0]] - {match[1]}
                for other in [other for other in others if other.split(".")[0] == match[1].split(".")[0]]:
                    names = list(statement.names)
                    names[names.index(match[1])] = other
                    text = f"{statement.text[: match.start(1)]}{other}{statement.text[match.end(1) :]}"
                    slip = replace(statement, text=text, names=tuple(names))
                    monkeypatch.setattr(wording, "statements", lambda _, slip=slip: [slip])
                    try:
                        wording.check(None, WORDS)
                        silent += 1
                    except InputError:
                        refused += 1
                    finally:
                        monkeypatch.undo()
    assert refused + silent > 5000
    assert refused > 0.9 * (refused + silent)
