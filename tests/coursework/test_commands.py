"""The commands that only this report has."""

from __future__ import annotations

import shutil

import pypdfium2

from copies import ROOT, coursework

REPORT = """
from press.report import Document, Product, Report

REPORT = Report(
    Document("report/paper.qmd"),
    products=(Product("checks", "small:checks", "Checking"),),
    further={further},
    commands=("coursework.commands:evidence",),
)


def checks(settings):
    return 12
"""
EVIDENCE = """---
title: Evidence
student-id: a
module: b
submitted: c
---

```{python}
from press.keeping.kept import product

print(product("checks"), "checks")
```
"""


def small(folder, further):
    shutil.copytree(ROOT / "report" / "_extensions", folder / "report" / "_extensions")
    (folder / "_quarto.yml").write_text("format: coursework-typst\nlang: en\n")
    (folder / "pyproject.toml").write_text('[tool.press]\nreport = "small:REPORT"\n')
    (folder / "code").mkdir()
    (folder / "code" / "small.py").write_text(REPORT.replace("{further}", further))
    (folder / "report" / "paper.qmd").write_text("---\ntitle: Paper\n---\n\nText.\n")
    (folder / "report" / "evidence.qmd").write_text(EVIDENCE)


def test_the_evidence_is_a_paper_of_its_own(tmp_path):
    small(tmp_path, '(Document("report/evidence.qmd", products=("checks",)),)')
    done = coursework(tmp_path, "evidence")
    assert (done.returncode, done.stdout) == (0, "✓ _output/evidence.pdf\n"), done.stderr
    assert [path.name for path in (tmp_path / "_output").iterdir()] == ["evidence.pdf"]
    with pypdfium2.PdfDocument(tmp_path / "_output" / "evidence.pdf") as pdf:
        assert "12 checks" in pdf[0].get_textpage().get_text_range()


def test_a_report_without_evidence_says_so(tmp_path):
    small(tmp_path, "()")
    done = coursework(tmp_path, "evidence")
    assert done.returncode == 2
    assert (
        done.stderr.strip() == "✗ This report has no document of its checks: name report/evidence.qmd in its `further`."
    )
    assert not (tmp_path / "_output").exists()
