"""The notebook of question 6: short, results first, alone in an empty folder it runs, and it agrees with the report."""

from __future__ import annotations

import ast
import base64
import gzip
import json
import os
import re
import struct
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from copies import ROOT
from press.source import reading, references
from press.typesetting import notebook

SOURCE = ROOT / "report" / "q6-classifier.qmd"
EXPERIMENTS = ROOT / "code" / "coursework" / "experiments"
COLAB = {"numpy", "matplotlib", "keras", "pandas", "scipy", "sklearn"}


@pytest.fixture(scope="module")
def document():
    return reading.read(SOURCE, ROOT)


@pytest.fixture(scope="module")
def written(document):
    """The notebook as it is submitted, without outputs."""
    text = SOURCE.read_text(encoding="utf-8")
    names = set(re.findall(r"\{\{< var q6\.(\w+) >\}\}", text))
    values = {"q6": {name: "0" for name in names}}
    return nbformat.reads(
        notebook.write(document, tuple(() for _ in document.cells), values, "").decode(), as_version=4
    )


def code_of(opened):
    return [cell for cell in opened.cells if cell.cell_type == "code"]


# The source


def test_it_is_short(written):
    assert sum(len(cell.source.splitlines()) for cell in code_of(written)) < 600


def test_answers_come_first_and_a_figure_soon(written):
    cells = written.cells
    assert cells[1].source.startswith("## The answers")
    assert len(re.findall(r"^\d\. \*\*", cells[1].source, flags=re.M)) == 5
    first = next(i for i, cell in enumerate(cells) if cell.id.startswith("fig-"))
    assert sum(len(cell.source.splitlines()) for cell in cells[:first] if cell.cell_type == "code") < 100


def test_no_cell_shows_the_machinery(written):
    for cell in code_of(written):
        assert not re.search(r"^#\||[Pp]rofile|checksum|sha256|struct|gzip", cell.source, flags=re.M), cell.id


def test_the_project_is_taken_in_one_place(written):
    taking = [cell.id for cell in code_of(written) if re.search(r"\bcoursework\b", cell.source)]
    assert taking == ["data"]
    assert [cell.id for cell in code_of(written) if "project.results" in cell.source] == ["results"]


def test_models_protocol_and_findings_are_included_and_not_copied():
    included = re.findall(r"include \.\./code/coursework/experiments/(\w+)\.py", SOURCE.read_text(encoding="utf-8"))
    assert included == ["images", "models", "protocol", "findings"]


def test_cells_need_what_colab_has(written):
    for cell in code_of(written):
        tree = ast.parse(cell.source)
        names = [a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names]
        names += [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        assert {name.split(".")[0] for name in names} - sys.stdlib_module_names <= COLAB | {"coursework"}


def test_every_conclusion_has_its_claims(written):
    """After each experiment comes a claim; a figure without one shows pictures or the whole."""
    claimed = "\n".join(cell.source for cell in code_of(written))
    assert len(re.findall(r"^ *claim\w*\(", claimed, flags=re.M)) > 20


def test_the_target_in_the_prose_is_the_one_in_the_code(written):
    from coursework.experiments.variables import TARGET

    assert any(re.search(rf"^TARGET = {TARGET:.2f}$", cell.source, flags=re.M) for cell in code_of(written))


def test_references_are_words_since_jupyter_resolves_nothing(document):
    lines = list(document.prose)
    assert list(references.references(lines)) == []
    assert list(references.citations(lines)) == []
    prose = " ".join(line.text for line in document.prose)
    cited = set(re.findall(r"[(;] ?([A-Z]\w+)(?: et al\.| and \w+)?, (\d{4})(?=[);])", prose))
    listed = prose.split("## References", 1)[1]
    assert len(cited) >= 5
    for author, year in cited:
        assert re.search(rf"{author}\b[^*]*.*?{year}", listed), f"{author} {year} is not in the list"


# Alone


def shrink(source: Path, target: Path, count: int) -> None:
    """Copy the first examples of an IDX file."""
    raw = gzip.decompress(source.read_bytes())
    rank = raw[3]
    shape = struct.unpack(f">{rank}I", raw[4 : 4 + 4 * rank])
    size = 1
    for length in shape[1:]:
        size *= length
    head = raw[:4] + struct.pack(f">{rank}I", count, *shape[1:])
    target.write_bytes(gzip.compress(head + raw[4 + 4 * rank :][: count * size]))


TINY = """SMALL = Budget(
    seeds=2, sizes=(64, 128, 256), tuned=128, l2=(0.0, 1e-2), dropout=(0.0, 0.5), rates=(1e-4, 1e-3, 1e-2),
    widths=(8, 16), cnn_width=8, passes=1, least=4, most=4,
)"""


def execute(written, base, *, shrunk=True):
    """Execute the notebook in an empty folder where neither this package nor its results can be found."""
    opened = nbformat.reads(nbformat.writes(written), as_version=4)
    for cell in code_of(opened):  # a smaller budget still; a training of four steps is not worth a graph
        cell.source = re.sub(r"SMALL = Budget\(.*?\n\)", TINY, cell.source, flags=re.S)
        cell.source = cell.source.replace("moments=10", "moments=4")
        cell.source = cell.source.replace("from_logits=True))", "from_logits=True), run_eagerly=True)")
    folder, datasets, block = base / "folder", base / "keras" / "datasets" / "fashion-mnist", base / "block"
    for path in (folder, datasets, block):
        path.mkdir(parents=True)
    for file in (ROOT / "data" / "fashion-mnist").glob("*.gz") if shrunk else ():
        shrink(file, datasets / file.name, 1600 if file.name.startswith("train") else 300)
    (block / "sitecustomize.py").write_text("import sys\nsys.modules['coursework'] = None\n")
    environment = {
        **os.environ,
        "HOME": str(base),
        "KERAS_HOME": str(base / "keras"),
        "MPLCONFIGDIR": str(base / "matplotlib"),
        "IPYTHONDIR": str(base / "ipython"),
        "PYTHONPATH": str(block),
        "https_proxy": "http://127.0.0.1:9",
    }
    NotebookClient(opened, timeout=900, resources={"metadata": {"path": str(folder)}}).execute(
        env=environment, cwd=str(folder)
    )
    return opened


@pytest.fixture(scope="module")
def alone(written, once):
    def make(base):
        nbformat.write(execute(written, base), base / "executed.ipynb")

    base = once("alone", make)
    return nbformat.read(base / "executed.ipynb", as_version=4), base


def outputs_of(opened):
    """Each output of a notebook with the id of its cell."""
    return [(cell.id, output) for cell in opened.cells if cell.cell_type == "code" for output in cell.outputs]


def printed(opened):
    """What the cells print, by their ids."""
    return {name: output.text for name, output in outputs_of(opened) if output.output_type == "stream"}


def test_alone_it_runs_from_top_to_bottom_and_nothing_goes_to_the_error_stream(alone):
    opened, _ = alone
    said = [output.text for _, output in outputs_of(opened) if output.get("name") == "stderr"]
    assert [text for text in said if "building the font cache" not in text] == []  # a fresh home folder, a slow machine
    assert all(cell.outputs for cell in code_of(opened) if cell.id.startswith("fig-"))


def test_alone_it_says_that_its_budget_is_smaller_and_which_claims_do_not_hold(alone):
    opened, _ = alone
    assert "smaller budget" in printed(opened)["results"]
    everything = "".join(printed(opened).values())
    assert len(re.findall(r"^[✓✗]", everything, flags=re.M)) > 30
    assert "✗ does not hold in this smaller run: " in everything


def test_every_figure_has_its_caption_and_is_as_wide_as_the_page(alone):
    opened, _ = alone
    figures = [cell for cell in code_of(opened) if cell.id.startswith("fig-")]
    assert len(figures) >= 12
    for cell in figures:
        (png,) = [output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {})]
        assert struct.unpack(">I", base64.b64decode(png)[16:20])[0] >= (700 if cell.id == "fig-confusion" else 900)
    captions = [cell.source for cell in opened.cells if re.match(r"\*\*Figure \d+\.", cell.source)]
    assert len(captions) == len(figures)


def test_alone_it_leaves_nothing_behind_and_names_no_folder(alone):
    opened, base = alone
    assert list((base / "folder").iterdir()) == []
    text = json.dumps([output for _, output in outputs_of(opened)])
    assert str(base) not in text
    assert not re.search(r"/(root|home|tmp|work|usr)/", text)


def test_without_images_it_stops_with_one_sentence_that_names_the_files(written, tmp_path):
    with pytest.raises(CellExecutionError) as stopped:
        execute(written, tmp_path, shrunk=False)
    assert stopped.value.ename == "NoImages"
    assert "Traceback" not in stopped.value.traceback
    assert "line " not in stopped.value.traceback.split("-----")[-1]
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        assert f"{name}-ubyte.gz" in stopped.value.evalue


# In the project


@pytest.fixture(scope="module")
def made(built):
    return nbformat.read(built.root / "report" / "_generated" / "q6-classifier.ipynb", as_version=4)


def test_in_the_project_kept_results_are_used_and_one_is_trained_again(made):
    said = printed(made)["results"]
    assert "Kept results. One of them, trained here again with fit" in said
    here, kept = map(float, re.findall(r"\d\.\d+", said.split("again with fit")[1])[:2])
    assert here == pytest.approx(kept, rel=0.01)
    assert [output.text for _, output in outputs_of(made) if output.get("name") == "stderr"] == []


def test_it_is_under_two_megabytes(built):
    assert (built.root / "report" / "_generated" / "q6-classifier.ipynb").stat().st_size < 2e6


def test_a_trial_is_marked_as_one(built, made):
    values = yaml.safe_load((built.root / "_variables.yml").read_text(encoding="utf-8"))["q6"]
    assert values["trial"].startswith("**This is a trial on a small budget")
    assert values["trial"] in made.cells[1].source


def test_the_numbers_of_the_prose_are_those_of_the_cells(built, made):
    """The test set's errors in the sentence, against the table that the notebook's cell shows."""
    values = yaml.safe_load((built.root / "_variables.yml").read_text(encoding="utf-8"))["q6"]
    (table,) = [output.data["text/plain"] for name, output in outputs_of(made) if name == "test"]
    for model in ("mlp", "cnn"):
        row = next(line for line in table.splitlines() if line.startswith(model)).split()
        assert f"{100 * float(row[-1]):.1f}\N{NO-BREAK SPACE}%" == values[f"{model}_test_error"]


def test_options_are_metadata_where_quarto_looks_for_them(made):
    overview = next(cell for cell in made.cells if cell.id == "fig-overview")
    assert {"label", "fig-cap", "fig-alt"} <= set(overview.metadata)
    assert overview.metadata["label"] == "fig-overview"


def test_a_false_claim_stops_the_build_with_its_line_and_numbers(tmp_path):
    """In the words of the builder: an exception in a cell, told with file and line."""
    from press.execution.job import Job
    from press.execution.running import Kernel

    (tmp_path / "a.qmd").write_text(
        "Text.\n\n```{python}\nfrom coursework.experiments.findings import claim\n\nclaim.excuse = ''\n"
        'claim("less is more", 2 < 1, 2, 1)\n```\n'
    )
    document = reading.read(tmp_path / "a.qmd", tmp_path)
    with Kernel(tmp_path) as kernel, pytest.raises(Exception, match=r"this sentence is false") as stopped:
        kernel.run(Job(document, tmp_path, ("svg",), {}))
    assert str(stopped.value) == "a.qmd:7: AssertionError: this sentence is false: less is more (2; 1)"
