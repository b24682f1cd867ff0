"""The kernel that a preview keeps alive must give what a fresh one gives."""

from __future__ import annotations

import asyncio

import pytest

from press import environment
from press.execution.job import Job
from press.execution.running import Kernel
from press.project import Project
from press.source import reading

FIGURE = "```{python}\nimport matplotlib.pyplot as plt\n\nplt.plot([0, 1])\nplt.show()\n```\n"


@pytest.fixture
def job(tmp_path, monkeypatch):
    """Return a function that makes a job of one document."""
    for name in environment.FOLDERS:
        monkeypatch.setenv(name, "")
    environment.apply(Project(tmp_path))
    (tmp_path / "matplotlibrc").write_text("figure.figsize: 4, 3\n")

    def make(text, *formats):
        path = tmp_path / "document.qmd"
        path.write_text(text)
        return Job(reading.read(path, tmp_path), tmp_path, formats or ("svg",), {})

    return make


def kinds(outputs):
    return [sorted(output["data"]) for cell in outputs for output in cell if "data" in output]


def test_a_warm_kernel_gives_what_a_fresh_one_gives(tmp_path, job):
    with Kernel(tmp_path) as warm:
        assert kinds(warm.run(job(FIGURE, "svg"))[0]) == [["image/svg+xml"]]
        # other formats of figures
        assert kinds(warm.run(job(FIGURE, "svg", "png"))[0]) == [["image/png", "image/svg+xml"]]
        # names and open figures of the run before are gone
        first = "```{python}\nimport matplotlib.pyplot as plt\n\nleft = plt.figure()\nplt.close('all')\n```\n"
        warm.run(job(first))[0]
        text = "```{python}\n'left' in globals(), 'plt' in globals()\n```\n"
        assert warm.run(job(text))[0][0][0]["data"]["text/plain"] == "(False, False)"
        # a changed style is read anew
        (tmp_path / "matplotlibrc").write_text("figure.figsize: 6, 2\naxes.facecolor: yellow\n")
        found = warm.run(job(FIGURE))[0]
    with Kernel(tmp_path) as fresh:
        wanted = fresh.run(job(FIGURE))[0]
    # the axes take 0.775 by 0.77 of the figure, whose margins are trimmed
    size = f'width="{432 * 0.775:g}" height="{144 * 0.77:g}"'
    assert size in found[0][0]["data"]["image/svg+xml"]
    assert size in wanted[0][0]["data"]["image/svg+xml"]
    assert "#ffff00" in found[0][0]["data"]["image/svg+xml"]


STATE = """```{python}
import os, sys
(os.getcwd() == FOLDER, "LEFT" in os.environ, "elsewhere" in sys.path)
```

```{python}
os.environ["LEFT"] = "1"
os.chdir("..")
```

```{python}
sys.path.insert(0, "elsewhere")
from apart import kept, spaced
(kept.VALUE, spaced.VALUE)
```
"""


def test_what_cells_do_to_the_process_and_edits_of_any_module_are_as_in_a_fresh_kernel(tmp_path, job):
    folder = tmp_path.parent / "elsewhere" / "apart"  # without __init__.py
    folder.mkdir(parents=True)
    text = STATE.replace("FOLDER", repr(str(tmp_path))).replace('"elsewhere"', repr(str(folder.parent)))
    with Kernel(tmp_path) as warm:
        for value in ("1", "22"):
            (folder / "kept.py").write_text(f"VALUE = {value}\n")
            (folder / "spaced.py").write_text(f"VALUE = -{value}\n")
            found = warm.run(job(text))[0]
            shown = [output["data"]["text/plain"] for cell in found for output in cell]
            assert shown == ["(True, False, False)", f"({value}, -{value})"]


def test_outputs_that_are_late_are_waited_for(tmp_path, job, monkeypatch):
    """On a busy machine outputs may be read seconds after their cell has ended; by default nbclient drops them."""
    from nbclient import NotebookClient

    poll = NotebookClient._async_poll_output_msg

    async def poll_late(self, *arguments):
        await asyncio.sleep(5)
        return await poll(self, *arguments)

    monkeypatch.setattr(NotebookClient, "_async_poll_output_msg", poll_late)
    with Kernel(tmp_path) as kernel:
        found = kernel.run(job("```{python}\n'late'\n```\n"))[0]
    assert [output["data"]["text/plain"] for cell in found for output in cell] == ["'late'"]
