"""The notebook of question 6: it runs alone in an empty folder, says so, and agrees with the report."""

from __future__ import annotations

import ast
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

from copies import ROOT
from coursework.experiments import protocol
from press.source import reading, references
from press.typesetting import notebook

SOURCE = ROOT / "report" / "q6-classifier.qmd"
EXPERIMENTS = ROOT / "code" / "coursework" / "experiments"


@pytest.fixture(scope="module")
def document():
    return reading.read(SOURCE, ROOT)


def included():
    text = SOURCE.read_text(encoding="utf-8")
    names = re.findall(r"\{\{< include \.\./code/coursework/experiments/(\w+\.py) >\}\}", text)
    return {name: ast.parse((EXPERIMENTS / name).read_text(encoding="utf-8")) for name in names}


def top_level_names(tree):
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                yield from (name.id for name in ast.walk(target) if isinstance(name, ast.Name))


# The source


def test_models_and_protocol_are_included_and_not_copied():
    assert {"data.py", "models.py", "protocol.py", "analysis.py", "findings.py", "plots.py"} == set(included())


def test_included_modules_share_one_namespace_without_clashes():
    owner = {}
    for module, tree in included().items():
        for name in top_level_names(tree):
            if name in ("INITIALISATION", "DROPOUT"):  # the same numbers, as models.py says
                continue
            assert owner.setdefault(name, module) == module, f"{name} is in {owner[name]} and in {module}"


def test_no_cell_takes_the_name_of_a_tool(document):
    tools = {name for tree in included().values() for name in top_level_names(tree)}
    for cell in document.cells:
        if cell.label in {name.removesuffix(".py") for name in included()}:
            continue
        taken = tools & set(top_level_names(ast.parse(cell.code)))
        assert not taken, f"{cell.label} redefines {taken}"


def test_included_modules_need_numpy_matplotlib_and_keras_alone():
    for module, tree in included().items():
        guarded = {id(node) for t in ast.walk(tree) if isinstance(t, ast.Try) for node in ast.walk(t)}
        for node in ast.walk(tree):
            if id(node) in guarded:
                continue
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            foreign = {name.split(".")[0] for name in names} - sys.stdlib_module_names
            assert foreign <= {"numpy", "matplotlib", "keras"}, f"{module} imports {foreign}"


def test_the_target_in_the_prose_is_the_one_in_the_code(document):
    prose = " ".join(line.text for line in document.prose)
    assert {profile.target_error for profile in protocol.PROFILES.values()} == {0.10}
    assert "an error rate of {{< var q6.target_error >}}" in prose
    assert "a cross-entropy of {{< var q6.target_loss >}} nats" in prose
    assert "exp(−{{< var q6.target_loss >}}) = {{< var q6.target_probability >}}" in prose


def test_references_are_words_since_jupyter_resolves_nothing(document):
    assert references.references(document.prose) == []
    assert references.citations(document.prose) == []
    prose = " ".join(line.text for line in document.prose)
    cited = set(re.findall(r"[(;] ?([A-Z]\w+)(?: et al\.| and \w+| Research)?, (\d{4})(?=[);])", prose))
    listed = prose.split("References", 1)[1]
    assert len(cited) > 8
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


@pytest.fixture(scope="module")
def alone(document, tmp_path_factory):
    """The notebook, executed in an empty folder where neither this package nor the run store can be found."""
    base = tmp_path_factory.mktemp("alone")
    folder, datasets, block = base / "folder", base / "keras" / "datasets" / "fashion-mnist", base / "block"
    for path in (folder, datasets, block):
        path.mkdir(parents=True)
    for file in (ROOT / "data" / "fashion-mnist").glob("*.gz"):
        shrink(file, datasets / file.name, 1600 if file.name.startswith("train") else 300)
    (block / "sitecustomize.py").write_text("import sys\nsys.modules['coursework'] = None\n")
    targets = {"target_error": "10 %", "target_loss": "0.30", "target_probability": "0.74"}
    written = notebook.write(document, tuple(() for _ in document.cells), {"q6": targets}, "")
    opened = nbformat.reads(written.decode(), as_version=4)
    environment = {
        **os.environ,
        "COURSEWORK_BUDGET": "tiny",
        "HOME": str(base),
        "KERAS_HOME": str(base / "keras"),
        "MPLCONFIGDIR": str(base / "matplotlib"),
        "IPYTHONDIR": str(base / "ipython"),
        "PYTHONPATH": str(block),
    }
    client = NotebookClient(opened, timeout=600, resources={"metadata": {"path": str(folder)}})
    client.execute(env=environment, cwd=str(folder))
    return opened, base


def outputs_of(opened):
    """Each output of a notebook with the id of its cell."""
    return [(cell.id, output) for cell in opened.cells if cell.cell_type == "code" for output in cell.outputs]


def markdown_of(opened):
    return {name: output.data["text/markdown"] for name, output in outputs_of(opened)
            if "text/markdown" in output.get("data", {})}  # fmt: skip


def test_alone_it_runs_from_top_to_bottom_and_prints_nothing_else(alone):
    opened, _ = alone
    other = [(name, output) for name, output in outputs_of(opened) if "data" not in output]
    assert other == []


def test_alone_it_says_that_its_budget_is_smaller(alone):
    opened, _ = alone
    assert "smaller than that of the report" in markdown_of(opened)["trainings"]
    sizes = re.findall(r"([\d,]+) for", markdown_of(opened)["data-sizes"])
    train, validation, test = (int(size.replace(",", "")) for size in sizes)
    assert (train + validation, test) == (1600, 300)


def test_alone_every_figure_and_table_is_there_with_its_caption(alone):
    opened, _ = alone
    found = {}
    for name, output in outputs_of(opened):
        found.setdefault(name, []).append(output.get("data", {}))
    labelled = [cell.id for cell in opened.cells if re.match(r"(fig|tbl)-", cell.id)]
    assert len(labelled) > 15
    for name in labelled:
        (shown,) = found[name]
        if name.startswith("fig-"):
            assert "image/png" in shown, name
        else:
            assert re.search(r"^\|( :--| --:)", shown["text/markdown"], flags=re.M), name
    captions = [cell.source for cell in opened.cells if re.match(r"\*\*(Figure|Table) \d+\.", cell.source)]
    assert len(captions) == len(labelled)


def test_alone_the_conclusions_are_drawn(alone):
    opened, _ = alone
    shown = markdown_of(opened)
    conclusions = shown.pop("conclusions").splitlines()
    assert all(re.match(r"\d+\. \S.*\.$", line) for line in conclusions)
    listed = {line.split(". ", 1)[1] for line in conclusions}
    said = {
        f"{verdict.rstrip('.')}."
        for name, text in shown.items()
        if "conclusion" in name
        for verdict in re.findall(r"^\*\*(.+?)\*\*", text, flags=re.M)
    }
    assert len(said) >= 12
    for verdict in said - listed:  # it is listed, or once for both models
        twin = verdict.replace("MLP", "CNN") if "MLP" in verdict else verdict.replace("CNN", "MLP")
        assert twin in said
    assert len(listed) >= len(said) - len(said - listed) / 2


def test_alone_it_leaves_nothing_behind_and_names_no_folder(alone):
    opened, base = alone
    assert list((base / "folder").iterdir()) == []
    text = json.dumps([output for _, output in outputs_of(opened)])
    assert str(base) not in text
    assert not re.search(r"/(root|home|tmp|work|usr)/", text)
    assert not re.search(r"\b\d\d:\d\d:\d\d\b", text)


# In the project


def test_the_report_and_the_notebook_say_the_same(built):
    opened = nbformat.read(built.root / "report" / "_generated" / "q6-classifier.ipynb", as_version=4)
    said = "\n".join(markdown_of(opened).values())
    values = yaml.safe_load((built.root / "_variables.yml").read_text(encoding="utf-8"))["q6"]
    sentences = {name: text for name, text in values.items() if text.startswith("**")}
    assert len(sentences) >= 8
    for name, text in sentences.items():
        assert text in said, name
    for name in ("mlp_l2_loss", "cnn_dropout_loss", "mlp_largest_error", "cnn_test_error"):
        assert values[name] in said, name


def test_in_the_project_kept_results_are_used_and_said_to_be(built):
    opened = nbformat.read(built.root / "report" / "_generated" / "q6-classifier.ipynb", as_version=4)
    assert "run beforehand and kept" in markdown_of(opened)["trainings"]
    assert "trial budget" in markdown_of(opened)["trainings"]
    assert not [name for name, output in outputs_of(opened) if output.output_type == "stream"]
