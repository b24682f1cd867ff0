"""The command that checks a submission."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import submissions as made
from handin.errors import InputError
from press.commands.check import check


@pytest.fixture
def inside(tmp_path, monkeypatch):
    """A project with a submission in it."""
    monkeypatch.delenv("QUARTO_PROJECT_DIR", raising=False)
    monkeypatch.delenv("STUDENT_ID", raising=False)
    monkeypatch.delenv("COURSEWORK_PROFILE", raising=False)
    folder = tmp_path / "a project"
    (folder / "_output").mkdir(parents=True)
    (folder / "report").mkdir()
    (folder / "_quarto.yml").write_text("")
    (folder / "pyproject.toml").write_text('[tool.press]\nreport = "coursework.report:REPORT"\n')
    (folder / "coursework.yml").write_text(f'student_id: "{made.STUDENT_ID}"\ndate: 2026-11-23\n')
    made.write_marks(folder / "report")
    for name, content in made.members().items():
        (folder / "_output" / name).write_bytes(content)
    made.write_zip(folder / "_output" / made.ZIP_NAME, made.members())
    monkeypatch.chdir(folder)
    monkeypatch.setattr("press.submission.expected_digests", lambda project, settings: made.EXPECTED)
    return folder


def run(*arguments):
    return CliRunner().invoke(check, [str(argument) for argument in arguments])


def test_the_own_submission_is_checked_without_a_name(inside):
    result = run("--final")
    assert (result.exit_code, result.output.strip()) == (0, f"✓ {made.ZIP_NAME}: no errors, no warnings")


def test_json_is_all_that_is_printed(inside):
    result = json.loads(run("--json", "--marks").output)
    assert (result["ok"], result["errors"], result["findings"]) == (True, 0, [])
    assert [part["pages"] for part in result["marks"]] == [[1], [1], [1]]


def test_findings_make_the_command_fail(inside):
    made.write_zip(inside / "_output" / made.ZIP_NAME, {**made.members(), "notes.txt": b""})
    result = run()
    assert result.exit_code == 1
    assert "notes.txt" in result.output
    found = json.loads(run("--json").output)
    assert set(found["findings"][0]) == {"severity", "file", "place", "message", "fix"}


def test_a_failed_build_and_a_changed_file_are_seen(inside):
    (inside / "_output" / "NOT-CURRENT.txt").write_text("failed")
    assert "last build failed" in run().output
    (inside / "_output" / "NOT-CURRENT.txt").unlink()
    (inside / "_output" / made.PDF_NAME).write_bytes(b"other")
    assert "not the one in the zip" in run().output


def test_the_marks_are_printed(inside):
    output = run("--marks").output
    assert all(word in output for word in ("Q1a", "the gradients", "30", "100"))


@pytest.mark.parametrize("arguments", [("nothing.zip",), ("report",), ("coursework.yml",)])
def test_what_cannot_be_checked_is_wrong_input(inside, arguments):
    result = run(*arguments)
    assert isinstance(result.exception, InputError)
    assert str(result.exception).endswith(".")


def test_without_a_submission_the_command_says_how_to_make_one(inside):
    (inside / "_output" / made.ZIP_NAME).unlink()
    with pytest.raises(InputError, match="make submission"):
        CliRunner().invoke(check, [], catch_exceptions=False)


def test_a_zip_can_be_checked_outside_a_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("QUARTO_PROJECT_DIR", raising=False)
    made.write_zip(tmp_path / made.ZIP_NAME, made.members())
    assert run(made.ZIP_NAME).exit_code == 0


def test_a_file_that_cannot_be_read_is_named(inside, monkeypatch):
    (inside / "report" / "marks.yml").unlink()
    (inside / "report" / "marks.yml").mkdir()
    with pytest.raises(InputError, match=r"^marks\.yml is no file"):
        CliRunner().invoke(check, [], catch_exceptions=False)

    def closed(project, settings):
        raise PermissionError(13, "Permission denied", str(inside / "report" / "report.qmd"))

    monkeypatch.setattr("press.submission.expected_digests", closed)
    with pytest.raises(InputError, match=r"^report/report\.qmd cannot be read \(Permission denied\)"):
        CliRunner().invoke(check, [], catch_exceptions=False)
