"""A small report that reads in every way that authors use, with a copy of the code that makes it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pypdfium2

from copies import ROOT, coursework_environment

ID = "101234567"
MAIN = "press.commands.main"

CELLS = {
    "package": "from own.numbers import wanted\n\nwanted()",
    "product": "from press.keeping.kept import product\n\nproduct('computed')['value']",
    "beside": "open('measured.csv').read().strip()",
    "below": "import csv\n\nnext(csv.reader(open('tables/deep/more.csv')))[0]",
    "data": "import numpy\n\nnumpy.fromfile('../data/labels', dtype='S6').item().decode()",
    "outside": "from pathlib import Path\n\nPath('../../elsewhere/far.txt').read_text().strip()",
    "helper": "from helper import rate\n\nrate()",
    "hidden": "import importlib\n\nimportlib.import_module('hid' + 'den').VALUE",
    "folder": "from parts.inner import VALUE\n\nVALUE",
    "by path": (
        "import importlib.util as u\n\nspec = u.spec_from_file_location('far', '../../elsewhere/far.py')\n"
        "far = u.module_from_spec(spec)\nspec.loader.exec_module(far)\nfar.VALUE"
    ),
    "listed": "import glob\n\nlen(glob.glob('tables/*.csv'))",
    "child": "import subprocess\n\nsubprocess.check_output('cat notes.txt', shell=True, text=True).strip()",
    "environment": "import os\n\nos.environ['FOR_CELLS']",
    "style": "import matplotlib\n\nmatplotlib.rcParams['lines.linewidth']",
    "library": "import fake\n\nfake.VALUE",
    "program": "exec(open('program.txt').read())\nshown",
}
"""Each cell shows a value that it reads in another way."""

FILES = {
    "code/own/__init__.py": "",
    "code/own/numbers.py": (
        "from own.registry import TABLE\nfrom own.second import used\n\n\n"
        "def wanted():\n    return 'package 1' + used() + TABLE['a']()\n"
    ),
    "code/own/registry.py": (
        "TABLE = {}\n\n\ndef register(function):\n    TABLE[function.__name__] = function\n    return function\n\n\n"
        "@register\ndef a():\n    return 'registered 1'\n"
    ),
    "code/own/second.py": "def used():\n    return 'second 1'\n\n\ndef unused():\n    return 1\n",
    "code/own/computing.py": "def compute(settings):\n    return {'value': 'product 1'}\n",
    "code/own/meant.py": (
        "def compute(settings):\n    samples = [{'x': 2, 'y': 4}]\n    readings = [{'name': 'v', 'samples': samples}]\n"
        "    return {'sec-a': {'title': 'Section A', 'readings': readings}}\n"
    ),
    "code/own/report.py": (
        "from press.report import Document, Product, Report\n\n"
        "REPORT = Report(\n    document=Document('report/report.qmd', products=('computed',)),\n"
        "    settings_file='settings.yml',\n"
        "    products=(\n        Product('computed', 'own.computing:compute', 'Computing', packages=('mpmath',)),\n"
        "        Product('meant', 'own.meant:compute', 'Computing'),\n    ),\n    printed='meant',\n)\n"
    ),
    "settings.yml": f'student_id: "{ID}"\n',
    "pyproject.toml": '[tool.press]\nreport = "own.report:REPORT"\n',
    "_quarto.yml": (
        "lang: en-GB\nformat: coursework-typst\nbibliography: literature/references.bib\nexecute:\n  echo: false\n"
    ),
    "_environment": "SOURCE_DATE_EPOCH=1767225600\nFOR_CELLS=environment 1\n",
    "literature/references.bib": "@book{a, author={A. Author}, title={A title 1}, year={2020}, publisher={P}}\n",
    "notes/far.md": "Far away 1.\n",
    "data/labels": "data 1",
    "report/parts/_text.md": "In a part 1.\n",
    "report/matplotlibrc": "lines.linewidth: 1.25\n",
    "report/measured.csv": "beside 1\n",
    "report/tables/deep/more.csv": "below 1\n",
    "report/tables/a.csv": "1\n",
    "report/helper.py": "def rate():\n    return 'helper 1'\n",
    "report/hidden.py": "VALUE = 'hidden 1'\n",
    "report/parts/inner.py": "VALUE = 'folder 1'\n",
    "report/notes.txt": "child 1\n",
    "report/program.txt": "shown = 'program 1'\n",
    "report/images/drawn.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="9"><path d="M1 1h7"/></svg>\n',
    "../elsewhere/far.txt": "outside 1\n",
    "../elsewhere/far.py": "VALUE = 'by path 1'\n",
    "../site-packages/fake.py": "VALUE = 'library 1'\n",
    "../site-packages/fake-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: fake\nVersion: 1.0\n\n",
    "../site-packages/fake-1.0.dist-info/top_level.txt": "fake\n",
}


def make_project(folder: Path) -> Path:
    """Write the project, and copy the engine into its ``code``."""
    root = folder / "a small project"
    for package in ("handin", "press"):
        shutil.copytree(ROOT / "code" / package, root / "code" / package, ignore=shutil.ignore_patterns("__pycache__"))
    extensions = "report/_extensions"
    shutil.copytree(ROOT / extensions, root / extensions)
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    cells = "\n".join(f"```{{python}}\n{code}\n```\n" for code in CELLS.values())
    (root / "report" / "report.qmd").write_text(
        f'---\ntitle: "T"\nstudent-id: "101234567"\nmodule: "M"\nsubmitted: "today"\n---\n\n'
        f"# A {{#sec-a}}\n\nProse 1 [@a]. It is $y = 2x$.\n\n{cells}\n"
        "{{< include parts/_text.md >}}\n\n{{< include ../notes/far.md >}}\n\n"
        '![A drawing.](images/drawn.svg){#fig-a fig-alt="A line."}\n'
    )
    return root


def make_built(folder: Path) -> Path:
    """Write the project, and build it."""
    root = make_project(folder)
    done = run(root, "bundle")
    assert done.returncode == 0, done.stderr
    return root


def environment(root: Path) -> dict[str, str]:
    """Return the environment in which the project's commands run."""
    paths = os.pathsep.join((str(root / "code"), str(root.parent / "site-packages")))
    return coursework_environment(root) | {"PYTHONPATH": paths, "STUDENT_ID": ID}


def run(root: Path, *arguments: str, **further: str) -> subprocess.CompletedProcess:
    """Run the command line of the copied engine."""
    env = environment(root) | further
    command = [sys.executable, *(arguments if arguments[0].endswith(".py") else ("-m", MAIN, *arguments))]
    return subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, timeout=900, check=False)


def printed(root: Path) -> str:
    """Return the text of the PDF in the zip."""
    with zipfile.ZipFile(root / "_output" / f"{ID}-report.zip") as archive:
        document = pypdfium2.PdfDocument(archive.read(f"{ID}-report.pdf"))
    return "\n".join(page.get_textpage().get_text_range() for page in document)
