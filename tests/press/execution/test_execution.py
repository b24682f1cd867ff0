"""Cells that do not want to end well: the author hears of it in a sentence, soon, and nothing hangs."""

from __future__ import annotations

import contextlib
import os
import sys
import time

import pytest

from handin.errors import WorkError
from press.execution import outputs
from press.execution.job import Execution, Job
from press.execution.outputs import OutputCache
from press.execution.running import Kernel
from press.source import reading

CELLS = "Text.\n\n```{{python}}\n{}\n```\n\n```{{python}}\nprint(2)\n```\n"

DAMAGES = {
    "the header is garbled": lambda folder: _overwrite(_kept(folder), bytes(200)),
    "the header is cut short": lambda folder: os.truncate(_kept(folder), 50),
    "the header is gone": lambda folder: _kept(folder).write_bytes(_kept(folder).read_bytes().partition(b"\n")[2]),
    "the code is another one": lambda folder: _replace(_kept(folder), b"print(1)", b"print(5)"),
    "an output is another one": lambda folder: _replace(_kept(folder), b"shown", b"faked"),
    "an output is cut short": lambda folder: os.truncate(_kept(folder), _kept(folder).stat().st_size - 20),
    "the outputs are gone": lambda folder: _kept(folder).unlink(),
}


def job(project, text, name="report"):
    path = project.folder / f"{name}.qmd"
    path.write_text(text)
    return Job(reading.read(path, project.root), project.folder, ("svg",), {})


def printed(*texts):
    """Give each cell's output, a text, as an execution."""
    outputs = tuple(({"output_type": "stream", "name": "stdout", "text": text},) for text in texts)
    return Execution(outputs, ran=False, is_whole=True)


def _kept(folder):
    (path,) = folder.glob("*.json")
    return path


def _overwrite(path, head):
    path.write_bytes(head + path.read_bytes()[len(head) :])


def _replace(path, old, new):
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new))


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.filterwarnings("ignore:.*was damaged")
def test_damaged_outputs_are_never_shown(project, damage):
    own = job(project, "Text.\n\n```{python}\nprint(1)\n```\n")
    cache, kept = OutputCache(project.cache / "executed"), printed("shown\n")
    cache.save(own, kept)
    assert cache.load(own) == kept
    DAMAGES[damage](project.cache / "executed")
    assert cache.load(own) is None
    cache.save(own, kept)
    assert cache.load(own) == kept


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.filterwarnings("ignore:.*was damaged")
def test_damaged_outputs_are_never_taken_for_a_draft(project, damage):
    whole = OutputCache(project.cache / "executed")
    drafts = OutputCache(project.cache / "previewed", whole=whole)
    kept = printed(*(f"shown {n}\n" for n in (1, 2, 3)))

    def ending(last):
        for name, code in (("one", "print(2)"), ("two", last)):
            (project.folder / f"_{name}.qmd").write_text(f"```{{python}}\n{code}\n```\n")
        return job(project, "```{python}\nprint(1)\n```\n\n{{< include _one.qmd >}}\n\n{{< include _two.qmd >}}\n")

    drafts.save(ending("print(3)"), kept)
    assert list(project.cache.glob("previewed/*")) == [], "it is as good as what is handed in"
    edited = ending("print(4)")
    assert drafts.held(edited)[0] == {1: kept.outputs[1]}
    assert whole.held(edited)[0] == {}
    DAMAGES[damage](project.cache / "executed")
    assert drafts.held(edited)[0] == {}


def test_the_oldest_executions_go_and_another_documents_stay(project, monkeypatch):
    monkeypatch.setattr(outputs, "MOST", 2)
    cache, jobs = OutputCache(project.cache / "executed"), []
    for name, code in (("report-x", "print(0)"), *(("report", f"print({n})") for n in range(1, 5))):
        jobs.append(job(project, f"```{{python}}\n{code}\n```\n", name))
        cache.save(jobs[-1], printed(code))
        time.sleep(0.02)  # so that the files' times differ
    assert [cache.load(each) is not None for each in jobs] == [True, False, False, True, True]
    assert [cache.why(each) for each in jobs] == [(), ("its cells changed",), ("its cells changed",), (), ()]


DEADLY = {
    "leaves at once": "import os\nos._exit(1)",
    "is killed while it prints": "import os\nprint('x' * 10, flush=True)\nos.kill(os.getpid(), 9)",
    "reads where there is nothing": "import ctypes\nctypes.string_at(0)",
}


def run(project, code, kernel=None):
    with contextlib.nullcontext(kernel) if kernel else Kernel(project.folder) as own:
        return own.run(job(project, CELLS.format(code)))[0]


@pytest.mark.parametrize("how", DEADLY)
def test_a_dead_kernel_is_noticed_soon(project, how):
    began = time.monotonic()
    with pytest.raises(WorkError, match=r"report/report\.qmd:3: the kernel died while this cell ran"):
        run(project, DEADLY[how])
    assert time.monotonic() - began < 60


def test_a_kernel_that_was_kept_is_replaced_after_its_death(project):
    with Kernel(project.folder) as kernel:
        run(project, "x = 1", kernel)
        with pytest.raises(WorkError, match="the kernel died"):
            run(project, DEADLY["leaves at once"], kernel)
        outputs = run(project, "print(1)", kernel)
    assert [output["text"] for cell in outputs for output in cell] == ["1\n", "2\n"]


def test_a_kernel_that_cannot_start_is_said_in_a_sentence(project, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    began = time.monotonic()
    with pytest.raises(WorkError, match=r"^report/report\.qmd: the kernel died before the first cell ran"):
        run(project, "print(1)")
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("code", ["input('a name? ')", "import getpass\ngetpass.getpass()"])
def test_a_question_that_nobody_answers_is_an_error(project, code):
    with pytest.raises(WorkError, match=r"report/report\.qmd:\d+: StdinNotImplementedError"):
        run(project, code)


def test_what_a_library_says_past_python_is_an_output_and_not_on_the_terminal(project, capfd, monkeypatch):
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # where it is set, ipykernel does not look at file descriptors
    code = "import os, time\nos.write(2, b'noise\\n');\ntime.sleep(0.5)"
    assert "noise" in "".join(output.get("text", "") for cell in run(project, code) for output in cell)
    assert "noise" not in capfd.readouterr().err


def test_much_output_arrives_whole(project):
    (first, _) = run(project, "for _ in range(20_000):\n    print('x' * 99)")
    assert sum(len(output["text"]) for output in first) == 20_000 * 100


def test_documents_of_one_name_and_the_same_cells_are_kept_apart(project):
    """Each reads the files of its own folder."""
    names = []
    for folder in ("one", "two"):
        path = project.root / folder / "paper.qmd"
        path.parent.mkdir()
        path.write_text("```{python}\nprint(open('x.txt').read())\n```\n")
        names.append(outputs._name(Job(reading.read(path, project.root), path.parent, ("svg",), {}, root=project.root)))
    assert names[0] != names[1]
    assert names[0].split("-")[1] != names[1].split("-")[1], "no cell of one is taken for a cell of the other"


def test_an_exception_that_may_no_longer_be_shown_is_raised_anew(project):
    options = ("#| error: true\n", "", "#| fig-width: 3\n")
    assert len({job(project, f"```{{python}}\n{each}1 / 0\n```\n").facts()["cells"] for each in options}) == 3


ERR = "sys.stderr.write('e\\n');"


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("print(1); display('a'); print(2); display('b'); print(3)", ["1\n", "'a'", "2\n", "'b'", "3\n"]),
        ("for n in range(3):\n    print(n, flush=True)\n    time.sleep(0.3)", ["0\n1\n2\n"]),
        (
            f"{ERR} print(1, flush=True); {ERR} print(2, flush=True); display('a'); {ERR}",
            ["1\n2\n", "e\ne\n", "'a'", "e\n"],
        ),
        ("print('1 %', end='', flush=True); time.sleep(0.3); print('\\r2 %')", ["2 %\n"]),
    ],
)
def test_outputs_keep_their_order_and_a_stream_between_two_is_one(project, code, shown):
    (first, _) = run(project, f"import sys, time\n{code}")
    assert [each.get("text") or each["data"]["text/plain"] for each in first] == shown


def test_an_exception_as_a_value_is_shown_has_its_name(project):
    code = "class A:\n    def _repr_markdown_(self):\n        raise ValueError('no words')\nA()"
    with pytest.raises(WorkError, match=r"^report/report\.qmd:6: ValueError: no words$"):
        run(project, code)
