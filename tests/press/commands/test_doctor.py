"""The doctor names what is wrong and how to mend it, and gives nothing private away."""

from __future__ import annotations

import contextlib
import getpass
import gzip
import hashlib
import importlib
import os
import re
import shutil
import socket
import subprocess
import sys

import pytest
from click.testing import CliRunner

from copies import ROOT
from coursework.report import REPORT
from press import environment
from press.commands import doctor
from press.keeping.kept import Kept
from press.project import Project
from press.typesetting import fonts


@pytest.fixture
def healthy(tmp_path, monkeypatch) -> Project:
    """A project in order, with data of a few bytes."""
    for name in ("QUARTO_PROJECT_DIR", "STUDENT_ID", "COURSEWORK_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "a very private folder"
    shutil.copytree(ROOT / "report/_extensions/coursework/fonts", folder / "report/_extensions/coursework/fonts")
    data = folder / "data" / "fashion-mnist"
    data.mkdir(parents=True)
    lines = []
    for name in ("train-images", "train-labels", "t10k-images", "t10k-labels"):
        content = name.encode() * 100
        (data / f"{name}.gz").write_bytes(gzip.compress(content))
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {name}")
    (data / "SHA256SUMS").write_text("\n".join(lines) + "\n")
    (folder / "_quarto.yml").write_text("")
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


def test_a_healthy_project_has_nothing_wrong(healthy):
    wrong = [item for item in doctor.examine(healthy) if item.state == "wrong" and item.subject != "other packages"]
    assert [item for item in wrong if "requirements.lock has" not in item.text] == []
    assert only(healthy, "data").text.endswith("with the right checksums")
    assert "1 kept" in found(healthy, "kept results")[0].text


def test_every_item_that_is_not_in_order_has_a_mend(healthy):
    (healthy.root / "coursework.yml").write_text("student_id: 12\n")
    shutil.rmtree(healthy.data)
    for item in doctor.examine(healthy):
        assert item.mend or item.state != "wrong", item


def test_nothing_private_is_printed(healthy, monkeypatch):
    (healthy.root / "coursework.yml").write_text(f"dataset: {healthy.root}/nothing\ndate: 2026-11-23\n")
    monkeypatch.setenv("HOME", "/home/alice-the-author")
    monkeypatch.setattr(getpass, "getuser", lambda: "alice-the-author")
    monkeypatch.setattr(socket, "gethostname", lambda: "alices-machine")
    output = CliRunner().invoke(doctor.doctor, []).output
    for secret in ("very private", str(healthy.root), str(healthy.root.parent), "alice", sys.prefix):
        assert secret not in output
    assert "/home" not in output


def test_the_redaction_hides_what_it_is_for(monkeypatch, tmp_path):
    monkeypatch.setattr(getpass, "getuser", lambda: "alice")
    monkeypatch.setattr(socket, "gethostname", lambda: "buildbox")
    hide = doctor._redacted(Project(tmp_path))
    assert hide(f"{tmp_path}/x of alice on buildbox in /srv/other/place.txt") == "./x of … on … in …/place.txt"
    assert hide("1/2, malice, and/or") == "1/2, malice, and/or"


def test_the_renderer_is_named_with_its_reason(healthy, monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert only(healthy, "renderer").text == "built-in (Quarto is not installed, and not needed)"


@pytest.mark.parametrize(
    ("version", "state", "text"),
    [
        ("1.10.18", "ok", "Quarto 1.10.18 with"),
        ("1.9.38", "note", "1.10 is the oldest"),  # its Typst sets one PDF standard at a time
        ("", "note", "does not answer"),
    ],
)
def test_a_quarto_on_the_path_is_recognised(healthy, monkeypatch, tmp_path, version, state, text):
    program = tmp_path / "bin" / "quarto"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{version}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    item = only(healthy, "renderer")
    assert (item.state, text in item.text) == (state, True)


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda data: (data / "train-labels.gz").unlink(), "train-labels is missing"),
        (lambda data: (data / "train-labels.gz").write_bytes(b"\x1f\x8b\x08"), "train-labels is damaged"),
        (lambda data: (data / "train-labels.gz").write_bytes(gzip.compress(b"other")), "another content"),
        (lambda data: (data / "SHA256SUMS").unlink(), "SHA256SUMS is missing"),
        (shutil.rmtree, "SHA256SUMS is missing"),
    ],
)
def test_damaged_data_is_named(healthy, damage, text):
    damage(healthy.data / "fashion-mnist")
    item = only(healthy, "data")
    assert item.state == "wrong"
    assert text in item.text


def test_uncompressed_data_is_as_good(healthy):
    packed = healthy.data / "fashion-mnist" / "train-labels.gz"
    packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    assert only(healthy, "data").state == "ok"


def test_damaged_results_are_counted_and_left_alone(healthy):
    record = healthy.cache / "runs" / "run-1.json"
    record.write_bytes(record.read_bytes()[:-5])
    item = found(healthy, "kept results")[0]
    assert "0 kept, 1 damaged (run-1)" in item.text
    assert record.is_file()


def test_missing_fonts_are_wrong(healthy):
    shutil.rmtree(healthy.folder / "_extensions")
    assert only(healthy, "fonts").state == "wrong"


def test_a_font_that_is_none_is_wrong(healthy):
    folder = healthy.folder / "_extensions/coursework/fonts"
    (folder / "Broken.otf").write_bytes(b"<html>")
    assert "Broken.otf" in only(healthy, "fonts").text


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda fonts: (fonts / "LibertinusSerif-Semibold.otf").unlink(), "LibertinusSerif-Semibold.otf is missing"),
        (
            lambda fonts: shutil.copy(fonts / "LibertinusSerif-Bold.otf", fonts / "LibertinusSerif-Regular.otf"),
            "LibertinusSerif-Regular.otf has another content",
        ),
        (
            lambda fonts: shutil.copy(fonts / "LibertinusSerif-Bold.otf", fonts / "Another.otf"),
            "Another.otf is not one of the report's",
        ),
        (lambda fonts: (fonts / "SHA256SUMS").unlink(), "SHA256SUMS is missing"),
    ],
)
def test_other_fonts_than_the_reports_are_wrong(healthy, change, text):
    change(healthy.folder / "_extensions/coursework/fonts")
    item = only(healthy, "fonts")
    assert item.state == "wrong"
    assert text in item.text


def test_the_projects_fonts_are_those_of_their_checksums():
    assert fonts.problems(ROOT / "report/_extensions/coursework/fonts") == []


def test_a_look_that_fails_is_wrong_and_named(healthy, monkeypatch):
    def closed(project, settings):
        raise PermissionError(13, "Permission denied", str(healthy.data / "fashion-mnist"))

    monkeypatch.setattr(doctor, "_data", closed)
    item = only(healthy, "data")
    assert (item.state, item.text) == ("wrong", "data/fashion-mnist could not be looked at (Permission denied)")
    assert CliRunner().invoke(doctor.doctor, []).exit_code == 1


def test_a_result_that_cannot_be_read_is_wrong_and_named(healthy):
    (healthy.cache / "runs" / "run-2.json").mkdir()
    item = found(healthy, "kept results")[0]
    assert item.state == "wrong"
    assert "run-2.json: Is a directory" in item.text


@pytest.mark.parametrize("name", [".cache", ".cache/runs"])
def test_something_else_where_the_caches_belong_is_wrong(healthy, name):
    shutil.rmtree(healthy.root / name)
    (healthy.root / name).write_text("")
    assert only(healthy, "caches").text == f"{name} is a file, where a folder is needed"
    (healthy.root / name).unlink()
    (healthy.root / name).symlink_to("nowhere")
    item = only(healthy, "caches")
    assert (item.state, item.text) == ("wrong", f"{name} is a link that leads nowhere, where a folder is needed")


def test_the_file_with_quartos_paths_is_looked_at(healthy):
    assert "_environment.local is missing" in only(healthy, "environment").text
    local = healthy.root / "_environment.local"
    local.write_text(environment.local_lines(healthy, sys.executable))
    assert only(healthy, "environment").state == "ok"
    local.write_text(environment.local_lines(Project(healthy.root.parent), sys.executable))
    assert "of another folder" in only(healthy, "environment").text
    (healthy.root / "_environment").unlink()
    assert found(healthy, "environment")[0].state == "wrong"


@pytest.mark.parametrize(("package", "module"), [("typst", "typst"), ("pydantic", "pydantic"), ("keras", "keras")])
def test_a_package_that_cannot_be_imported_is_wrong(healthy, package, module):
    """Another process, in which a damaged package of this name comes first."""
    broken = healthy.root / "broken" / module
    broken.mkdir(parents=True)
    if module != "keras":
        (broken / "__init__.py").write_text("raise ImportError('no such file', name='typst._typst')\n")
    code = (
        "import sys\nsys.path.insert(0, sys.argv[1])\nsys.argv = ['x', 'doctor']\n"
        "from press.commands.main import main\nmain(['doctor'])"
    )
    if module == "keras":  # only its folder is left
        code = f"import sys\nsys.modules['keras'] = None\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", code, str(broken.parent)], capture_output=True, text=True, check=False, cwd=healthy.root
    )
    assert done.returncode == 1
    assert re.search(rf"✗ {package} +cannot be imported\n +→ Install .*rm -rf \.venv", done.stdout), done.stderr


@pytest.mark.parametrize("damage", ["missing", "cut short"])
def test_a_package_with_a_damaged_file_is_wrong(healthy, tmp_path, monkeypatch, damage):
    """An installed package of another name stands in for Keras: only its description is read.

    Loaded by some packages, `importlib_metadata` answers for the standard library, and leaves out missing files.
    """
    with contextlib.suppress(ImportError):
        importlib.import_module("importlib_metadata")
    installed = tmp_path / "installed"
    record = installed / "whole-1.0.dist-info" / "RECORD"
    record.parent.mkdir(parents=True)
    (record.parent / "METADATA").write_text("Metadata-Version: 2.1\nName: whole\nVersion: 1.0\n")
    record.write_text("whole/__init__.py,,\nwhole/layers.py,sha256=x,9\nwhole/cache.pyc,,\n")
    (installed / "whole").mkdir()
    (installed / "whole" / "layers.py").write_text("LAYER = 1")
    monkeypatch.syspath_prepend(str(installed))
    monkeypatch.setattr(doctor, "PACKAGES", ("whole",))
    (installed / "whole" / "__init__.py").touch()
    assert [item.state for item in found(healthy, "whole")] == ["ok"]
    if damage == "missing":
        (installed / "whole" / "layers.py").unlink()
    else:
        (installed / "whole" / "layers.py").write_text("LAYER")
    item = only(healthy, "whole")
    assert (item.state, item.text) == ("wrong", "whole/layers.py is not as it was installed")
    assert "rm -rf .venv" in item.mend


def test_a_package_of_another_version_is_wrong(healthy):
    lock = healthy.root / "requirements.lock"
    version = doctor._version("numpy")
    text = lock.read_text().replace(f"numpy=={version}", "numpy==0.0.1")
    assert "numpy==0.0.1" in text
    lock.write_text(text)
    items = found(healthy, "numpy")
    if sys.platform == "linux" and sys.version_info[:2] == (3, 11):
        assert [(item.state, "requirements.lock has 0.0.1" in item.text) for item in items] == [("wrong", True)]


def test_a_package_that_is_missing_is_wrong(healthy, monkeypatch):
    monkeypatch.setattr(
        doctor, "_version", lambda name: None if name in ("keras", "tensorflow", "tensorflow-cpu") else "1"
    )
    assert [item.state for item in found(healthy, "keras")] == ["wrong"]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("flags\t\t: fpu avx avx2 avx512f avx512_bf16\n", {"avx512_bf16"}),
        ("flags: fpu avx avx2 amx_bf16 amx_tile\n", {"amx_bf16"}),
        ("Features : fp asimd bf16\n", {"bf16"}),
        ("processor : 0\n", None),
    ],
)
def test_the_processors_abilities_are_read(tmp_path, flags, expected):
    path = tmp_path / "cpuinfo"
    path.write_text(f"processor\t: 0\nmodel name\t: X\n{flags}")
    read = doctor.cpu_flags(path)
    assert read is None if expected is None else expected <= read
    assert doctor.cpu_flags(tmp_path / "none") is None


def test_a_slow_processor_is_no_fault(healthy, monkeypatch):
    monkeypatch.setattr(doctor, "cpu_flags", lambda: frozenset({"avx", "avx2"}))
    items = found(healthy, "processor")
    assert [item.state for item in items] == ["note"]
    assert "no bfloat16 in hardware (avx2)" in items[0].text


def test_a_folder_that_cannot_be_written_is_wrong(healthy, monkeypatch):
    monkeypatch.setattr(doctor, "_can_write", lambda folder: folder != healthy.output)
    item = only(healthy, "folders")
    assert (item.state, item.text) == ("wrong", "cannot be written: _output")


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
