"""Every kind of file that is kept may be cut short, garbled or gone: the next build gives the same bytes."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from copies import coursework

ID = "101234567"

QUICKLY_MADE = {
    "the state of the last build": ".cache/state.json",
    "pandoc's sections": ".cache/render/pandoc/*.json",
    "the template": ".cache/render/template/*.typ",
    "the figures": ".cache/render/figures/*",
    "the Typst source": ".cache/render/report.typ",
    "the kept variables": ".cache/products/variables.json",
    "the variables": "_variables.yml",
    "the notebook that the report embeds from": "report/_generated/q6-classifier.ipynb",
    "what is handed in": "_output/*",
}
COMPUTED = (
    ".cache/runs/mlp-512-*[0-9a-f].json",
    ".cache/runs/*-weights.json",
    ".cache/products/printed.json",
)
"""A training, the weights of another one, and the values of formulas."""


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garbled(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = bytes(byte ^ 0x5A for byte in content[middle : middle + 40])
    path.write_bytes(bytes(content))


def another_digest(path: Path) -> None:
    """Change one digit of what a record says it depends on; its body stays sound."""
    content = path.read_bytes()
    position = content.index(b'"digest": "') + 11
    digit = b"0" if content[position : position + 1] != b"0" else b"1"
    path.write_bytes(content[:position] + digit + content[position + 1 :])


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (folder / "_output").iterdir()}


def trainings(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (folder / ".cache" / "runs").glob("*-seed*.json")}


def found(folder: Path, pattern: str) -> list[Path]:
    paths = sorted(folder.glob(pattern))
    assert paths, f"nothing is kept as {pattern}"
    return paths


def built_again(folder: Path) -> str:
    done = coursework(folder, "bundle", STUDENT_ID=ID)
    assert done.returncode == 0, done.stderr
    assert "Nothing has changed" not in done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def copy(built, tmp_path_factory) -> Path:
    """One copy for all tests of this module: each leaves it as it was, or fails."""
    return built.copy(tmp_path_factory.mktemp("damaged") / "copy")


@pytest.mark.parametrize("damage", [cut_short, garbled, Path.unlink])
def test_what_is_quickly_made_is_made_again_and_nothing_is_executed(built, copy, damage):
    before = trainings(copy)
    for pattern in QUICKLY_MADE.values():
        for path in found(copy, pattern):
            damage(path)
    said = built_again(copy)
    assert digests(copy) == digests(built.root)
    assert trainings(copy) == before
    assert "Executing" not in said
    assert "Training" not in said


def test_what_was_computed_is_computed_again_and_nothing_else(built, copy):
    damages = (cut_short, garbled, another_digest)
    before = trainings(copy)
    chosen = [found(copy, pattern)[0] for pattern in COMPUTED]
    for path, damage in zip(chosen, damages, strict=True):
        damage(path)
    said = built_again(copy)
    assert digests(copy) == digests(built.root)
    after = trainings(copy)
    trained = {name for name in after if after[name] != before[name]}
    run, weights = chosen[0].name, chosen[1].name
    assert run in trained
    assert trained <= {run, run.replace(".json", "-weights.json"), weights, weights.replace("-weights", "")}
    read = [pair for pair in zip(chosen, damages, strict=True) if pair[0] != chosen[1]]
    assert [path.name for path, damage in read if f"{path.name} was damaged" in said] == [
        path.name for path, damage in read if damage is not another_digest
    ]
    assert "Executing" not in said


@pytest.mark.parametrize("name", ["state.json", "render", "products"])
def test_a_file_in_place_of_a_folder_or_the_other_way_round_is_one_sentence(copy, name):
    (copy / ".cache" / "state.json").write_text("{}")  # else nothing would be looked at
    path, aside = copy / ".cache" / name, copy / "aside"
    path.rename(aside)
    try:
        if aside.is_dir():
            path.write_bytes(b"x")
        else:
            path.mkdir()
        done = coursework(copy, "render", STUDENT_ID=ID)
    finally:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        aside.rename(path)
    assert "Traceback" not in done.stderr
    assert "fault of this program" not in done.stderr
    if done.returncode:
        assert done.returncode == 1
        assert sum(line.startswith("✗") for line in done.stderr.splitlines()) == 1
        assert name in done.stderr
