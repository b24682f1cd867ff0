"""What is shown while results are still being made, and what becomes of it."""

from __future__ import annotations

import json
import signal
import urllib.request

import pypdfium2
import pytest
from preview_small import CELL, make, preview, until

WORK = """
import json
import time

from press.keeping.kept import require_made
from press.report import Progress

from small.helper import ANSWER


def printed(settings):
    return {}


def _result(project):
    return project.cache / "networks" / "score.json"


def wait(project, settings, tell):
    tell(Progress("Training the networks", 1, 4, 130))
    while (project.root / ".hold").exists():
        time.sleep(0.05)
    if (project.root / ".fail").exists():
        raise ValueError("the images are upside down")
    _result(project).parent.mkdir(parents=True, exist_ok=True)
    _result(project).write_text("97")


def state(project, settings):
    return _result(project).read_text() if _result(project).exists() else None


def why(project, settings):
    return "networks", () if _result(project).exists() else ("never trained",)


def score(project):
    require_made("networks")
    return _result(project).read_text()


def variables(project, settings, products):
    return {"a": {"answer": str(ANSWER), "id": settings.student_id}, "t": lambda: {"score": score(project)}}
"""

TAKES = """from press.project import Project
from small.work import score

reached = int(score(Project.find()))
"""
READS = CELL.replace("fig-line", "fig-trained").replace("import matplotlib", TAKES + "import matplotlib")
USES = '```{python}\n#| label: tbl-used\n#| tbl-cap: "What was reached."\nfrom IPython.display import Markdown\n'
USES += "Markdown(f'| reached |\\n|:--|\\n| {reached} of 100 |')\n```\n"


@pytest.fixture
def root(tmp_path):
    """A project whose third chapter reads what is trained; the training waits."""
    root = make(tmp_path / "project")
    declared = root / "code/small/report.py"
    text = declared.read_text().replace('products=("printed",)', 'products=("printed",), steps=("networks",)')
    declared.write_text(text.replace('state="small.work:state"', 'state="small.work:state", why="small.work:why"'))
    (root / "code/small/work.py").write_text(WORK)
    third = root / "report/_third.qmd"
    third.write_text(
        f"# Third {{#sec-3}}\n\nIt is {{{{< var t.score >}}}} of 100: @fig-trained, @tbl-used.\n\n{READS}\n{USES}"
    )
    (root / ".hold").touch()
    return root


def seen(running):
    """Return the preview's state at the moment."""
    with urllib.request.urlopen(f"{running.url}/events", timeout=60) as events:
        return json.loads(events.readline().removeprefix(b"data:"))


def shown(running):
    """Return the text of each page of the PDF."""
    with urllib.request.urlopen(f"{running.url}/report.pdf", timeout=60) as answer:
        return [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(answer.read())]


def test_pages_are_there_before_what_takes_long_and_fill_in_after_it(root):
    with preview(root) as running:
        view = until(lambda: (now := seen(running))["pages"] and "Training" in now["making"] and now, "the first pages")
        assert view["problems"] == []
        assert view["making"] == "Training the networks: 1 of 4 done, about 2 min left"
        assert [page["waits"] for page in view["pages"]] == [False] * (len(view["pages"]) - 1) + [True]
        *others, last = shown(running)
        assert "the answer is 42" in others[0]
        assert "It is … of 100: Figure\xa02, Table\xa01." in last
        # An edit shows meanwhile, of prose and of code that the training does not read; the training goes on.
        path = root / "report/_first.qmd"
        path.write_text(path.read_text().replace("First begins.", "First begins early."))
        until(lambda: "First begins early." in shown(running)[0], "the edit")
        (root / "code/small/helper.py").write_text("ANSWER = 43\n")
        until(lambda: "the answer is 43" in shown(running)[0], "the edit of the code")
        (root / ".hold").unlink()
        view = until(lambda: (now := seen(running))["state"] == "current" and now, "the end")
        assert not any(page["waits"] for page in view["pages"])
        assert "It is 97 of 100" in shown(running)[-1]
        assert "97 of 100" in shown(running)[-1].partition("Table 1")[2]


def test_a_failure_is_said_while_the_rest_stays_and_an_edit_begins_again(root):
    (root / ".hold").unlink()
    (root / ".fail").touch()
    with preview(root) as running:
        view = until(lambda: (now := seen(running))["state"] == "error" and now, "the failure")
        assert "the images are upside down" in view["problems"][0]["message"]
        assert "the answer is 42" in shown(running)[0]
        (root / ".fail").unlink()
        (root / "code/small/helper.py").write_text("ANSWER = 44\n")
        until(lambda: seen(running)["state"] == "current", "the end")
        assert "the answer is 44" in shown(running)[0]
        assert "It is 97 of 100" in shown(running)[-1]


def test_ctrl_c_says_what_goes_on(root):
    with preview(root) as running:
        until(lambda: "Training" in seen(running)["making"], "the training")
        running.process.send_signal(signal.SIGINT)
        said = running.process.stdout.read()
        assert running.process.wait(10) == 0
    assert "is kept" in said
    assert "preview --port 0 --no-browser` goes on from there" in said


def test_a_slip_in_a_cell_is_not_taken_for_something_that_is_being_made(root):
    path = root / "report/_second.qmd"
    path.write_text(path.read_text().replace("plt.show()", "plt.shown()"))
    with preview(root) as running:
        view = until(lambda: (now := seen(running))["problems"] and now, "the problem")
        assert view["problems"][0]["file"] == "report/_second.qmd"
        assert "AttributeError" in view["problems"][0]["message"]
