"""The variables of question 6: complete, printable, and following the results wherever they go."""

import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from synthetic import Synthetic, usual_loss

from coursework.experiments import conclusions, findings, protocol
from coursework.report import REPORT
from handin.errors import WorkError
from press.project import Project

ROOT = Path(__file__).parents[2]
DATA = SimpleNamespace(
    name="Fashion-MNIST", y_train=np.zeros(48000), y_validation=np.zeros(12000), y_test=np.zeros(10000)
)


def describe(results, profile=protocol.FULL):
    return conclusions.describe(results, profile, DATA)


@pytest.mark.parametrize("profile", protocol.PROFILES.values(), ids=lambda profile: profile.name)
def test_every_value_is_text_ready_for_print(profile):
    for name, value in describe(Synthetic(), profile).items():
        assert isinstance(value, str), name
        assert not re.search(r"[$\\{}]|\bnan\b|\binf\b|-\d|−0\.0+\b|\d[eE][-+]?\d", value), (name, value)


def diverging(where):
    """Results of which those at ``where(run)`` diverged."""
    return Synthetic(loss=lambda run: np.nan if where(run) else usual_loss(run))


@pytest.mark.parametrize(
    "results",
    [
        Synthetic(),
        diverging(lambda run: run.l2 == run.dropout == 0),
        diverging(lambda run: run.model == "mlp" and run.examples == 256),
        diverging(lambda run: run.model == "cnn" and run.examples == 48000),
        diverging(lambda run: run.seed == 2),
        diverging(lambda run: True),
    ],
    ids=["usual", "without regularisation", "small", "large", "one seed", "all"],
)
def test_the_summary_uses_only_what_there_is(results):
    text = (ROOT / "report" / "_q6-summary.qmd").read_text(encoding="utf-8")
    used = set(re.findall(r"\{\{< var q6\.(\w+) >\}\}", text))
    assert len(used) > 20
    assert used <= set(describe(results))


def test_the_numbers_are_those_of_the_results():
    results = Synthetic()
    values = describe(results)
    runs = [
        run
        for run in protocol.l2_runs(protocol.FULL, "cnn")
        if run.l2 == protocol.choose_l2(results, protocol.FULL, "cnn")
    ]
    mean = np.mean([results[run].validation_loss for run in runs])
    assert values["cnn_l2_loss"].startswith(f"{mean:.3f} (")
    test = protocol.test_runs(protocol.FULL, "mlp", protocol.choose_final_l2(results, protocol.FULL, "mlp"))
    accuracy = 1 - np.mean([results[run].test_error for run in test])
    assert values["mlp_test_accuracy"] == f"{100 * accuracy:.2f}\N{NO-BREAK SPACE}%"


def test_the_targets_are_those_of_the_code():
    values = describe(Synthetic())
    assert values["target_error"] == f"{100 * protocol.FULL.target_error:.0f}\N{NO-BREAK SPACE}%"
    assert values["target_loss"] == f"{findings.LOSS_TARGET:.2f}"
    assert float(values["target_probability"]) == pytest.approx(np.exp(-findings.LOSS_TARGET), abs=0.005)


def test_swapped_models_give_the_opposite_conclusion():
    def swapped(run):
        if run.model == "softmax":
            return usual_loss(run)
        other = {"mlp": "cnn", "cnn": "mlp"}[run.model]
        return usual_loss(SimpleNamespace(**{**vars(run), "model": other}))

    assert describe(Synthetic())["comparison_verdict"].startswith("The CNN beats the MLP")
    assert describe(Synthetic(loss=swapped))["comparison_verdict"].startswith("The MLP beats the CNN")
    equal = Synthetic(loss=lambda run: 0.4, own_noise=0.02)
    assert describe(equal)["comparison_verdict"].startswith("The two models are not distinguishable")
    once = describe(Synthetic())["comparison_verdict"]
    assert once.count("beats") == 1
    assert re.search(r"\(validation set, .*; test set, .*\)\.$", once)


def test_useless_regularisation_and_data_are_said_to_be_useless():
    values = describe(Synthetic(loss=lambda run: 0.3 + run.l2 + 1e-6 * run.examples))
    assert values["l2_sentence_verdict"] == "Each model is best without L2."
    assert values["curve_verdict"] == "More data does not help either model here."


def test_a_diverged_training_is_a_result_and_not_an_exception():
    def loss(run):
        return np.nan if run.l2 == 3e-2 or (run.model == "cnn" and run.examples == 256) else usual_loss(run)

    values = describe(Synthetic(loss=loss))
    assert "diverged" in values["mlp_too_much"]
    assert "incomplete" in values["cnn_curve"]
    assert "diverged" in values["cnn_smallest_error_mean"]


@pytest.mark.parametrize("dataset", ["fashion-mnist", "data/blobs.npz"])
def test_only_the_projects_own_images_have_a_source(dataset):
    settings = Project(ROOT, REPORT).settings().model_copy(update={"dataset": dataset})
    opening = conclusions.opening(settings)
    assert ("Fashion-MNIST\\ [@xiao2017]." in opening) is (dataset == "fashion-mnist")
    assert ("blobs." in opening) is (dataset != "fashion-mnist")
    assert "10\N{NO-BREAK SPACE}% error" in opening


def test_a_missing_training_is_named(tmp_path):
    for name in ("_quarto.yml", "coursework.yml"):
        shutil.copy(ROOT / name, tmp_path)
    generator = np.random.default_rng(0)
    images, labels = generator.integers(0, 255, (60, 32, 32, 3), np.uint8), np.arange(60) % 3
    np.savez(tmp_path / "images.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    settings_file = tmp_path / "coursework.yml"
    text = settings_file.read_text(encoding="utf-8").replace("dataset: fashion-mnist", "dataset: images.npz")
    settings_file.write_text(text, encoding="utf-8")
    with pytest.raises(WorkError, match="run `coursework experiments`"):
        project = Project(tmp_path, REPORT)
        conclusions.variables(project.settings(), project)
