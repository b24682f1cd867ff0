"""A small project for the tests of the preview, and a preview of it in a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from copies import ROOT

PATIENCE = 60.0
"""Seconds that anything may take at the most; nothing waits that long where the machine is free."""

PARAGRAPH = "A neuron weighs its inputs, adds them up, and passes the sum through its activation. " * 14

# Its long work waits as long as it is told to. What it makes depends on the settings and on code, as in a real report.
DECLARED = """
from press.report import Document, Product, Report, Step

REPORT = Report(
    document=Document("report/report.qmd", settings=lambda settings: settings.student_id, products=("printed",)),
    notebook=Document("report/notes.qmd", settings=lambda settings: settings.student_id),
    settings_file="settings.yml",
    products=(Product("printed", "small.work:printed", "Computing what formulas mean"),),
    steps=(Step("networks", run="small.work:wait", state="small.work:state"),),
    variables="small.work:variables",
    printed="printed",
)
"""
WORK = """
import time

from small.helper import ANSWER


def printed(settings):
    return {"sec-1": {"title": "Question 1", "readings": [{"name": "twice two", "samples": [{"k": 4}]}]}}


def wait(project, settings, tell):
    while (project.root / ".hold").exists():
        tell("Training the networks")
        time.sleep(0.05)


def state(project, settings):
    return None


def variables(project, settings, products):
    return {"a": {"answer": str(ANSWER), "id": settings.student_id}}
"""

REPORT = """---
title: "Three questions"
student-id: "{{< var a.id >}}"
module: "M"
submitted: "today"
lang: en-GB
---

{{< include _first.qmd >}}

{{< include _second.qmd >}}

{{< include _third.qmd >}}
"""

NOTEBOOK = """---
title: "The notebook"
---

# Beginning

It sums $\\sum_i x_i$.

```{python}
print(6 * 7)
```

# End

The end of it.
"""


def chapter(name: str, number: int, cell: str = "") -> str:
    """Write a chapter of about a page."""
    text = f"# {name} [10 marks] {{#sec-{number}}}\n\n{name} begins.\n\n"
    for part in range(2):
        text += f"## Part {part}\n\nPart {part}: the answer is {{{{< var a.answer >}}}}. {PARAGRAPH}\n\n"
        text += f"$$ y = x^{part} $$\n\n"
    return text + cell + "\n{{< pagebreak >}}\n"


CELL = """```{python}
#| label: fig-line
#| fig-cap: "A line."
#| fig-alt: "A line that rises."
import matplotlib.pyplot as plt

plt.plot([0, 1], [0, 1])
plt.show()
```
"""


def make(root: Path) -> Path:
    """Make a small project, with a copy of the code; return its folder."""
    ignored = shutil.ignore_patterns("__pycache__")
    for package in ("handin", "press"):
        shutil.copytree(ROOT / "code" / package, root / "code" / package, ignore=ignored)
    small = root / "code" / "small"
    small.mkdir()
    for name, text in {"__init__": "", "report": DECLARED, "work": WORK, "helper": "ANSWER = 42\n"}.items():
        (small / f"{name}.py").write_text(text)
    (root / "pyproject.toml").write_text('[tool.press]\nreport = "small.report:REPORT"\n')
    (root / "settings.yml").write_text('student_id: "000000000"\n')
    shutil.copytree(ROOT / "report/_extensions", root / "report/_extensions")
    shutil.copy(ROOT / "report/matplotlibrc", root / "report/matplotlibrc")
    for name in ("_quarto.yml", "_environment"):
        shutil.copy(ROOT / name, root / name)
    (root / "references.bib").write_text("@book{a, title={A}, author={B C}, year={2000}, publisher={D}}\n")
    (root / "data").mkdir()
    report = root / "report"
    (report / "report.qmd").write_text(REPORT)
    (report / "_first.qmd").write_text(chapter("First", 1))
    (report / "_second.qmd").write_text(chapter("Second", 2, CELL))
    (report / "_third.qmd").write_text(chapter("Third", 3))
    (report / "notes.qmd").write_text(NOTEBOOK)
    return root


@dataclass(frozen=True)
class Preview:
    """A running preview."""

    root: Path
    process: subprocess.Popen
    port: int

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"


def environment_of(root: Path) -> dict[str, str]:
    """Return an environment in which the project's own copy of the code is used."""
    kept = {key: value for key, value in os.environ.items() if key not in ("STUDENT_ID", "QUARTO_PROJECT_DIR")}
    return {**kept, "PYTHONPATH": str(root / "code"), "PYTHONUNBUFFERED": "1"}


@contextlib.contextmanager
def preview(root: Path) -> Iterator[Preview]:
    """Run ``coursework preview`` on a project; it is ended by Ctrl-C at the latest at the end."""
    command = [sys.executable, "-m", "press.commands.main", "preview", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, cwd=root, env=environment_of(root), stdout=subprocess.PIPE, text=True) as process:
        try:
            said = process.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:(\d+)/", said)
            assert found, f"the preview did not say where it is: {said!r}"
            yield Preview(root, process, int(found[1]))
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    raise


def until(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> object:
    """Wait until a condition holds, and return its value."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError(f"waited in vain for {what}")
