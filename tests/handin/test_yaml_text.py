"""Words and numbers in YAML are what Quarto (by js-yaml) takes them for: the core schema of YAML 1.2."""

from __future__ import annotations

import pytest

from handin import yaml_text

TEXTS = "No no off On y Yes 12:30 1:2:3 2024-01-15 2024-01-15T10:00:00Z = _1 1_ tRue 0x 0b2 0o9 . 1e".split()
VALUES = {
    "true": True, "True": True, "FALSE": False, "~": None, "null": None, "Null": None, "": None,
    "1_000": 1000, "010": 10, "09": 9, "+5": 5, "-0b11": -3, "0x1F": 31, "0o10": 8, "0": 0,
    "1e3": 1000.0, "1.": 1.0, ".5": 0.5, "-1.5e-1": -0.15, "-.inf": float("-inf"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "value"), [*VALUES.items(), *zip(TEXTS, TEXTS, strict=True)])
def test_a_scalar_is_what_the_core_schema_says(text, value):
    found = yaml_text.parse(f"key: {text}")["key"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("text", ["0.1", "1_000", "1e3", "7"])
def test_a_number_may_keep_its_text(text):
    assert yaml_text.parse(f"key: {text}", yaml_text.ExactLoader) == {"key": text}


def test_merged_keys_stay():
    assert yaml_text.parse("a: &x {b: 1}\nc:\n  <<: *x")["c"] == {"b": 1}
