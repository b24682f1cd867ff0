"""The doctor names what is wrong and how to fix it, and gives nothing private away."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner
from packaging.utils import canonicalize_name

from copies import ROOT
from coursework.report import REPORT
from press import environment
from press.commands import doctor
from press.keeping import installed
from press.keeping.kept import Kept
from press.project import Project


@pytest.fixture
def healthy(tmp_path, monkeypatch) -> Project:
    """A project in order, with data of a few bytes."""
    for name in ("QUARTO_PROJECT_DIR", "STUDENT_ID", "COURSEWORK_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "a very private folder"
    data = folder / "data" / "fashion-mnist"
    data.mkdir(parents=True)
    lines = []
    for name in ("train-images", "train-labels", "t10k-images", "t10k-labels"):
        content = name.encode() * 100
        (data / f"{name}.gz").write_bytes(gzip.compress(content))
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {name}")
    (data / "SHA256SUMS").write_text("\n".join(lines) + "\n")
    (folder / "_quarto.yml").write_text("")
    (folder / "pyproject.toml").write_text('[tool.press]\nreport = "coursework.report:REPORT"\n')
    shutil.copy(ROOT / "_environment", folder)
    (folder / "coursework.yml").write_text('student_id: "101234567"\ndate: 2026-11-23\n')
    shutil.copy(ROOT / "requirements.lock", folder)
    Kept(folder / ".cache" / "runs").save("run-1", "digest", {"loss": 0.3})
    (folder / "_output").mkdir()
    monkeypatch.chdir(folder)
    return Project(folder, REPORT)


def found(project, subject):
    return [item for item in doctor.examine(project) if item.subject == subject]


def only(project, subject):
    (item,) = found(project, subject)
    return item


def test_the_renderer_is_named_with_its_reason(healthy, monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert only(healthy, "renderer").text == "built-in (Quarto is not installed, and not needed)"


def test_uncompressed_data_is_as_good(healthy):
    packed = healthy.data / "fashion-mnist" / "train-labels.gz"
    packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    assert only(healthy, "data").state == "ok"


def test_a_list_of_checksums_in_binary_form_is_read(healthy):
    sums = healthy.root / "data" / "fashion-mnist" / "SHA256SUMS"
    sums.write_text(sums.read_text().replace("  ", " *"))
    assert only(healthy, "data").state == "ok"


def test_damaged_results_are_counted_and_left_alone(healthy):
    record = healthy.cache / "runs" / "run-1.json"
    record.write_bytes(record.read_bytes()[:-5])
    item = found(healthy, "kept results")[-1]
    assert "1 of 1 are damaged (run-1)" in item.text
    assert record.is_file()


def test_a_result_that_cannot_be_read_is_wrong_and_named(healthy):
    (healthy.cache / "runs" / "run-2.json").mkdir()
    item = found(healthy, "kept results")[-1]
    assert item.state == "wrong"
    assert "run-2.json cannot be read (Is a directory)" in item.text


def test_wrong_settings_are_named_and_the_rest_is_still_looked_at(healthy):
    (healthy.root / "coursework.yml").write_text("surprise: 1\ndate: 2026-11-23\n")
    items = doctor.examine(healthy)
    assert items[0].state == "wrong"
    assert "surprise" in items[0].text
    assert len(items) > 20


def test_the_exit_code_says_whether_anything_is_wrong(healthy):
    (healthy.root / "coursework.yml").write_text("surprise: 1\ndate: 2026-11-23\n")
    result = CliRunner().invoke(doctor.doctor, [])
    assert result.exit_code == 1
    assert "wrong" in result.output.splitlines()[-1]


def test_tensorflow_is_not_imported_and_nothing_is_written(healthy):
    before = {path: path.stat().st_mtime_ns for path in healthy.root.rglob("*") if path.is_file()}
    code = (
        "import sys\nfrom press.project import Project\nfrom press.commands import doctor\n"
        "doctor.examine(Project.find())\n"
        "print(any(name in sys.modules for name in ('tensorflow', 'keras', 'coursework.experiments')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=healthy.root)
    assert done.stdout.strip() == "False"
    assert {path: path.stat().st_mtime_ns for path in healthy.root.rglob("*") if path.is_file()} == before


def test_a_healthy_project_has_nothing_wrong(healthy):
    packages = {canonicalize_name(each.name) for each in metadata.distributions()}
    wrong = [item for item in doctor.examine(healthy) if item.state == "wrong" and item.subject in packages]
    assert [item for item in wrong if "requirements.lock" not in item.text] == []
    assert only(healthy, "data").text.endswith("with the right checksums")
    assert "runs: 1 kept" in [item.text for item in found(healthy, "kept results")]


def test_every_item_that_is_not_in_order_has_a_fix(healthy):
    (healthy.root / "coursework.yml").write_text("student_id: 12\n")
    (healthy.data / "fashion-mnist" / "train-labels.gz").unlink()
    items = doctor.examine(healthy)
    assert {"settings", "data"} <= {item.subject for item in items if item.state == "wrong"}
    for item in items:
        assert item.fix or item.state != "wrong", item


def test_no_folder_above_the_project_is_printed(healthy, monkeypatch):
    (healthy.root / "coursework.yml").write_text(f"dataset: {healthy.root}/nothing\ndate: 2026-11-23\n")
    monkeypatch.setattr(doctor, "_data", lambda project: [doctor.Item("data", "ok", "in /srv/alice/place.txt")])
    output = CliRunner().invoke(doctor.doctor, []).output
    assert "in …/place.txt" in output
    for secret in ("very private", str(healthy.root), str(healthy.root.parent), sys.prefix, "alice"):
        assert secret not in output


def program(name: str, answer: str, folder: Path, monkeypatch) -> None:
    """Put a program first on the path that prints one line."""
    folder.mkdir()
    (folder / name).write_text(f"#!/bin/sh\necho '{answer}'\n")
    (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("version", "state", "text"),
    [
        ("1.10.18", "ok", "Quarto 1.10.18 with"),
        ("1.9.38", "note", "1.10 is the oldest"),  # its Typst sets one PDF standard at a time
        ("", "note", "does not answer"),
    ],
)
def test_a_quarto_on_the_path_is_recognised(healthy, monkeypatch, tmp_path, version, state, text):
    program("quarto", version, tmp_path / "bin", monkeypatch)
    item = only(healthy, "renderer")
    assert (item.state, text in item.text) == (state, True)


def test_the_file_with_quartos_paths_is_looked_at_where_there_is_quarto(healthy, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))  # where there is none
    assert found(healthy, "environment") == []
    program("quarto", "1.10.18", tmp_path / "bin", monkeypatch)
    assert "_environment.local" in only(healthy, "environment").text
    local = healthy.root / "_environment.local"
    local.write_text(environment.local_lines(healthy, sys.executable))
    assert found(healthy, "environment") == []
    local.write_text(environment.local_lines(Project(healthy.root.parent), sys.executable))
    assert "another folder" in only(healthy, "environment").text


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda data: (data / "train-labels.gz").unlink(), "train-labels is missing"),
        (lambda data: (data / "train-labels.gz").write_bytes(b"\x1f\x8b\x08"), "train-labels is damaged"),
        (lambda data: (data / "train-labels.gz").write_bytes(gzip.compress(b"other")), "another content"),
    ],
)
def test_damaged_data_is_named_whatever_the_folder(healthy, damage, text):
    folder = (healthy.data / "fashion-mnist").rename(healthy.data / "other")
    damage(folder)
    item = only(healthy, "data")
    assert (item.state, item.text.partition(":")[0], text in item.text) == ("wrong", "data/other", True)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda fonts: (fonts / "LibertinusSerif-Semibold.otf").unlink(), "LibertinusSerif-Semibold.otf is missing"),
        (lambda fonts: (fonts / "STIXGeneral.ttf").write_bytes(b"<html>"), "STIXGeneral.ttf has another content"),
        (lambda fonts: (fonts / "Another.otf").write_bytes(b"OTTO"), "Another.otf is not one of the report's"),
        (lambda fonts: (fonts / "SHA256SUMS").unlink(), "SHA256SUMS is missing"),
        (shutil.rmtree, "SHA256SUMS is missing"),
    ],
)
def test_other_fonts_than_the_formats_are_wrong(healthy, monkeypatch, tmp_path, change, text):
    shutil.copytree(doctor.builtin_format() / "fonts", tmp_path / "format" / "fonts")
    monkeypatch.setattr(doctor, "builtin_format", lambda: tmp_path / "format")
    assert only(healthy, "fonts").state == "ok"
    change(tmp_path / "format" / "fonts")
    item = only(healthy, "fonts")
    assert (item.state, text in item.text) == ("wrong", True)


def test_a_look_that_fails_is_wrong_and_named(healthy, monkeypatch):
    def problems(folder, *_):
        raise PermissionError(13, "Permission denied", str(healthy.data / "fashion-mnist"))

    monkeypatch.setattr(doctor.checksums, "problems", problems)
    item = only(healthy, "data")
    assert (item.state, item.text) == ("wrong", "data/fashion-mnist could not be looked at (Permission denied)")
    assert CliRunner().invoke(doctor.doctor, []).exit_code == 1


def test_a_package_that_cannot_be_imported_is_wrong_and_named(healthy, monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    assert (only(healthy, "fonts").state, "typst cannot be imported" in only(healthy, "fonts").text) == ("wrong", True)


@pytest.mark.parametrize("name", [".cache", ".cache/runs"])
def test_something_else_where_a_folder_belongs_is_wrong(healthy, name):
    shutil.rmtree(healthy.root / name)
    (healthy.root / name).write_text("")
    assert (only(healthy, "folders").text, only(healthy, "folders").fix) == (
        f"{name} is no folder, where one is needed",
        f"Delete it: rm {name}",
    )
    (healthy.root / name).unlink()
    (healthy.root / name).symlink_to("nowhere")
    assert only(healthy, "folders").state == "wrong"


def test_a_folder_that_cannot_be_written_is_wrong(healthy, monkeypatch):
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != healthy.output and allowed(path, mode))
    item = only(healthy, "folders")
    assert (item.state, item.text) == ("wrong", "_output cannot be written")


@pytest.fixture
def needs(tmp_path, monkeypatch):
    """Install a package `whole`, 1.0, which the project is said to need in some version."""
    packages = tmp_path / "site-packages"
    described = packages / "whole-1.0.dist-info"
    described.mkdir(parents=True)
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: whole\nVersion: 1.0\n")
    (described / "RECORD").write_text("whole/__init__.py,,\n")
    (packages / "whole").mkdir()
    (packages / "whole" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(packages))
    needs = ["whole>=1; python_version >= '3.0'", "other; python_version < '3.0'", "more; extra == 'x'"]
    monkeypatch.setattr(metadata, "requires", {doctor.DISTRIBUTION: needs}.get)
    for remembered in (installed.version, installed._folders):
        remembered.cache_clear()
    yield packages
    for remembered in (installed.version, installed._folders):
        remembered.cache_clear()


@pytest.mark.parametrize(
    ("lock", "state", "text"),
    [
        ("whole==1.0 ; python_version >= '3.0' \\\n    --hash=sha256:00\n", "ok", "1.0"),
        ("whole==1.1 \\\n    --hash=sha256:00\n", "wrong", "1.0, and requirements.lock asks for ==1.1"),
        ("", "ok", "1.0"),
    ],
)
def test_a_package_of_another_version_than_the_locks_is_wrong(healthy, needs, lock, state, text):
    (healthy.root / "requirements.lock").write_text(lock)
    (item,) = doctor._packages(healthy)
    assert (item.subject, item.state, item.text) == ("whole", state, text)


@pytest.mark.parametrize(("part", "text"), [("whole-1.0.dist-info", "not installed"), ("whole", "files are missing")])
def test_a_package_that_is_missing_is_wrong(healthy, needs, part, text):
    (healthy.root / "requirements.lock").unlink()
    shutil.rmtree(needs / part)
    (item,) = doctor._packages(healthy)
    assert (item.state, text in item.text) == ("wrong", True)


def test_what_the_program_needs_is_read_from_its_own_description():
    assert "typst" in doctor._requirements(metadata.requires(doctor.DISTRIBUTION))
