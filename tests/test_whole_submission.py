"""The whole road, once, with trainings that take seconds: from sources to the zip."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile

import nbformat
import pikepdf
import pytest

from copies import coursework, coursework_environment
from coursework.report import REPORT
from coursework.settings import Settings
from handin.errors import WorkError
from press import submission
from press.keeping.kept import Kept, products
from press.project import Project
from press.submission import Request

NAMES = ["101234567-CS3950-answers.pdf", "101234567-CS3950-q6.ipynb", "101234567-CS3950.zip"]


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (folder / "_output").iterdir()}


def test_the_output_folder_holds_exactly_the_three_files(built):
    assert sorted(path.name for path in (built.root / "_output").iterdir()) == sorted(NAMES)


def test_the_zip_holds_exactly_the_other_two(built):
    output = built.root / "_output"
    with zipfile.ZipFile(output / NAMES[2]) as archive:
        assert archive.namelist() == NAMES[:2]
        assert archive.testzip() is None
        for name in NAMES[:2]:
            assert archive.read(name) == (output / name).read_bytes()


def test_the_notebook_is_executed_and_valid(built):
    notebook = nbformat.read(built.root / "_output" / NAMES[1], as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [out for cell in code for out in cell.outputs if out.output_type == "error"]
    for cell in code:
        if "label: fig-" in cell.source:
            assert any("image/png" in out.get("data", {}) for out in cell.outputs), cell.source[:80]


def test_nbconvert_makes_a_page_and_a_script_of_the_notebook(built):
    from nbconvert import HTMLExporter, PythonExporter

    path = built.root / "_output" / NAMES[1]
    page, _ = HTMLExporter().from_filename(str(path))
    assert page.count("<svg") + page.count("image/svg+xml") + page.count("image/png") >= 10
    script, _ = PythonExporter().from_filename(str(path))
    compile(script, "notebook", "exec")


def test_nothing_is_written_to_the_home_folder(built):
    assert not list(built.home.iterdir())


def test_a_second_run_does_nothing_and_leaves_the_same_bytes(built, tmp_path):
    folder = built.root
    before = digests(folder)
    done = coursework(folder, "bundle", STUDENT_ID="101234567")
    assert done.returncode == 0
    assert "Nothing has changed" in done.stdout
    assert digests(folder) == before


@pytest.fixture
def copy(built, tmp_path):
    """A copy of the built project, with another path, that a test may change."""
    return built.copy(tmp_path / "Kopie mit Ümlaut")


def test_another_folder_and_lost_or_damaged_caches_give_the_same_bytes(built, copy):
    import shutil

    runs = {path: path.stat().st_mtime_ns for path in (copy / ".cache" / "runs").iterdir()}
    for path in (copy / ".cache").iterdir():
        if path.name not in ("runs", "products", "executed"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in (copy / ".cache" / "executed").glob("*.json"):
        path.write_bytes(path.read_bytes()[:300])
    odd = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "7", "MPLBACKEND": "agg", "SOURCE_DATE_EPOCH": "1"}
    done = coursework(copy, "bundle", STUDENT_ID="101234567", **odd)
    assert done.returncode == 0, done.stderr
    assert "Nothing has changed" not in done.stdout
    assert done.stderr.count("was damaged: it is set aside") == 2
    assert done.stderr.count("Executing the") == 2
    assert {path: path.stat().st_mtime_ns for path in (copy / ".cache" / "runs").iterdir()} == runs
    assert digests(copy) == digests(built.root)


def test_a_draft_shows_what_the_submission_shows_and_is_not_taken_for_it(built, copy):
    def pages():
        with pikepdf.open(pdf) as made:
            return [page.Contents.read_bytes() for page in made.pages]

    pdf = copy / "_output" / NAMES[0]
    count = int(re.search(r"Executing the (\d+) cells of report/report.qmd", built.output)[1])
    chapter = copy / "report" / "_q1-neuron.qmd"
    before = pages()
    head, fence, rest = chapter.read_text().partition("```{python}\n")
    options, code = re.fullmatch(r"((?:#\|[^\n]*\n)*)(.*)", rest, flags=re.DOTALL).groups()
    chapter.write_text(f"{head}{fence}{options}seen = 1; del seen\n{code}")
    drafted = coursework(copy, "render", STUDENT_ID="101234567")
    assert drafted.returncode == 0, drafted.stderr
    assert 0 < int(re.search(r"Executing the (\d+) cells of report/report.qmd", drafted.stderr)[1]) < count
    assert "A draft" in drafted.stderr
    assert pages() == before
    checked = coursework(copy, "check", f"_output/{NAMES[0]}", STUDENT_ID="101234567")
    assert checked.returncode == 1
    assert "The PDF is a draft" in checked.stdout
    assert "Nothing has changed" in coursework(copy, "render", STUDENT_ID="101234567").stdout


def test_all_findings_are_printed_and_the_older_zip_does_not_look_current(built, copy):
    before = digests(copy)
    scheme = copy / "report" / "marks.yml"
    whole = scheme.read_text()
    scheme.write_text(whole.replace("sec-q1a", "sec-not-there").replace("sec-q4", "sec-nor-this"))
    done = coursework(copy, "bundle", STUDENT_ID="101234567")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    findings = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(findings) >= 2
    assert all(f"{NAMES[0]}, Q" in line and line.endswith("if the answer has moved.") for line in findings)
    assert f"{len(findings)} findings keep the submission from being packed" in done.stderr.splitlines()[-1]
    after = digests(copy)
    assert after.pop("NOT-CURRENT.txt")
    assert after == before
    said = (copy / "_output" / "NOT-CURRENT.txt").read_text()
    assert all(name in said for name in NAMES)
    assert all(finding in said for finding in findings)
    checked = coursework(copy, "check", STUDENT_ID="101234567")
    assert checked.returncode == 1
    assert "It is an earlier submission" in checked.stdout
    scheme.write_text(whole)
    assert coursework(copy, "bundle", STUDENT_ID="101234567").returncode == 0
    assert digests(copy) == before


def test_wrong_settings_mark_the_older_files(built, copy):
    settings = copy / "coursework.yml"
    whole = settings.read_text()
    settings.write_text(whole.replace("inputs: [1, 2]", "inputs: [1, .nan]"))
    assert coursework(copy, "bundle", STUDENT_ID="101234567").returncode == 2
    assert "must be a finite number" in (copy / "_output" / "NOT-CURRENT.txt").read_text()


OTHER_NUMBERS = """
student_id: "00123"
date: 2026-02-28
question1:
  inputs: [-1.5, 2, "1/3", 0]
  weights: [2, 0.25, -3, 7]
  bias: -0.1
  read_from_figure: true
question4:
  l2: 0.05
experiments:
  profile: tiny
"""


def test_other_numbers_reach_every_answer(copy):
    import pypdfium2

    (copy / "coursework.yml").write_text(OTHER_NUMBERS)
    done = coursework(copy, "bundle")
    assert done.returncode == 0, done.stderr
    pdf = pypdfium2.PdfDocument(copy / "_output" / "00123-CS3950-answers.pdf")
    text = " ".join(page.get_textpage().get_text_range() for page in pdf)
    assert "28 February 2026" in text
    assert "00123" in text
    assert "0.1" in text  # 2 λ w with λ = 0.05


QUARTO = """#!/bin/sh
# Stands in for Quarto: calls the pre-render script as Quarto does, and leaves a PDF where Quarto does.
set -e
QUARTO_PROJECT_DIR="$PWD" "$QUARTO_PYTHON" scripts/prepare.py
mkdir -p _output/report
cp "$COURSEWORK_TEST_PDF" _output/report/report.pdf
"""


def test_with_quarto_the_pre_render_script_does_not_wait_for_our_own_lock(built, copy, tmp_path):
    (copy / "report" / "report.qmd").write_text((copy / "report" / "report.qmd").read_text() + "\nMore.\n")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "quarto").write_text(QUARTO)
    (programs / "quarto").chmod(0o755)
    done = coursework(
        copy,
        "render",
        "--with",
        "quarto",
        STUDENT_ID="101234567",
        PATH=f"{programs}:/usr/bin:/bin",
        COURSEWORK_TEST_PDF=str(built.root / "_output" / NAMES[0]),
    )
    assert done.returncode == 0, done.stderr
    assert not (copy / "_output" / "report").exists()


def test_preparing_again_looks_at_nothing_and_makes_again_what_is_lost_or_older(copy):
    notebook, variables = copy / "report" / "_generated" / "q6-classifier.ipynb", copy / "_variables.yml"
    chapter = copy / "report" / "q6-classifier.qmd"

    def prepare():
        program = "import sys; from press.commands.main import cli; cli(['prepare'], standalone_mode=False); "
        program += "print([name for name in ('press.build', 'nbformat', 'tensorflow') if name in sys.modules])"
        environment = coursework_environment(copy, STUDENT_ID="101234567")
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=copy, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "Executing" not in done.stderr
        return done.stdout.strip()

    assert prepare() != "[]"
    made = notebook.read_bytes(), variables.read_bytes()
    assert prepare() == "[]"
    for path in (notebook, variables):
        path.write_bytes(path.read_bytes()[:1000])
        prepare()
        assert (notebook.read_bytes(), variables.read_bytes()) == made
    chapter.write_text(chapter.read_text() + "\nOne sentence more.\n")
    prepare()
    assert "One sentence more." in notebook.read_text()
    chapter.write_text(chapter.read_text() + "\n{{< lipsum 3 >}}\n")
    with pytest.raises(AssertionError, match="lipsum"):
        prepare()
    assert "One sentence more." in notebook.read_text()


def test_an_edit_during_a_build_is_not_lost(tmp_path, monkeypatch):
    project = Project(tmp_path, REPORT)
    settings = Settings(student_id="101234567", date="2026-01-01")
    chapter = project.folder / "report.qmd"
    for path in (project.generated / "q6-classifier.ipynb", project.variables_file, chapter):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("Before.\n")
    made = []

    def contents(*arguments):
        made.append(chapter.read_text())
        chapter.write_text("After.\n")
        return dict.fromkeys(REPORT.file_names(settings).members, made[-1].encode()), []

    monkeypatch.setattr(submission, "_contents", contents)
    with pytest.raises(WorkError, match="edited while they were built"):
        submission.make(project, settings, Request("render"))
    for _ in range(2):
        submission.make(project, settings, Request("render"))
    assert made == ["Before.\n", "After.\n"]


@pytest.mark.parametrize("name", ["evidence", "recurrent", "run"])
def test_another_result_makes_pdf_and_notebook_out_of_date(copy, name, monkeypatch):
    """Also one that was computed from the same code and data, on another machine say."""
    monkeypatch.setenv("COURSEWORK_PROFILE", "tiny")
    project = Project(copy, REPORT)
    settings = project.settings()
    before = submission.expected_digests(project, settings)
    kept = products(project)
    if name == "run":
        kept = Kept(project.cache / "runs")
        name = next(each for each in kept.names() if not each.endswith("-weights"))
    kept.save(name, kept.digest(name), kept.load(name) | {"another": 1})
    after = submission.expected_digests(project, settings)
    assert after.pdf != before.pdf
    assert (after.notebook != before.notebook) is (kept != products(project))
