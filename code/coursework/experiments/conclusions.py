"""What the report says about question 6: the group ``q6`` of its variables, computed from the kept results.

The predicates and sentences are those of `findings`, which the notebook shows and uses too.
"""

import numpy as np

from coursework.experiments import analysis, data, findings, protocol, store
from coursework.experiments.findings import percent, scientific, whole, with_limits

NAMES = {"mlp": "MLP", "cnn": "CNN"}


def variables(settings, project):
    """Read the run store and say what it shows.

    Parameters
    ----------
    settings : Settings
    project : Project

    Returns
    -------
    dict of str to str
        Text ready for print, without TeX.

    Raises
    ------
    WorkError
        If a training is missing.
    """
    profile = protocol.PROFILES[settings.experiments.profile]
    results = store.results(project, settings)
    return describe(results, profile, data.load(settings.dataset, project.root))


def opening(settings):
    """Say what the summary is of and what the target was; only the project's own images have a source to cite.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    str
        A paragraph of Markdown.
    """
    target = percent(protocol.PROFILES[settings.experiments.profile].target_error, 0)
    source = "\\ [@xiao2017]" if settings.dataset == data.FASHION_MNIST else ""
    images = data.shown_name(settings.dataset)
    return f"This page sums up the notebook. Target, stated first: {target} error on {images}{source}."


def describe(results, profile, dataset):
    """Compute every variable of the group from results alone.

    Parameters
    ----------
    results : mapping of Run to Result
    profile : Profile
    dataset : Dataset
        For its name and the numbers of examples.
    """
    values = {
        "budget": _budget(profile, len(protocol.listed(protocol.stages(profile, results)))),
        "dataset": dataset.name,
        "examples_train": whole(len(dataset.y_train)),
        "examples_validation": whole(len(dataset.y_validation)),
        "examples_test": whole(len(dataset.y_test)),
        "target_error": percent(profile.target_error, 0),
        "target_loss": f"{findings.LOSS_TARGET:.2f}",
        "target_probability": f"{np.exp(-findings.LOSS_TARGET):.2f}",
        "intermediate": whole(profile.intermediate),
        "smallest": whole(min(profile.sizes)),
        "largest": whole(max(profile.sizes)),
        "seeds": whole(len(profile.seeds)),
        "few_seeds": whole(len(profile.few_seeds)),
        "comparison_seeds": whole(len(profile.comparison_seeds)),
        "epochs": whole(profile.epochs),
        "batch_size": whole(profile.batch_size),
        "least_steps": whole(profile.least_steps),
        "most_steps": whole(profile.most_steps),
        "cnn_most_steps": whole(profile.cnn_most_steps),
        "mlp_width": whole(profile.mlp_width),
        "cnn_width": whole(profile.cnn_width),
    }
    l2 = {}
    for model in NAMES:
        l2[model], entries = _tuning(results, profile, model)
        values |= {f"{model}_{key}": text for key, text in entries.items()}
    values |= _comparison(results, profile, l2)
    for model in NAMES:
        values |= {f"{model}_{key}": text for key, text in _curve(results, profile, model, l2[model]).items()}
    values |= _test(results, profile, l2)
    verdicts = {"target_verdict": findings.headline(values["target"])}
    verdicts["comparison_verdict"] = _of_both_sets(
        *(findings.headline(values[key]) for key in ("comparison", "test_comparison"))
    )
    for key in ("fit", "l2_sentence", "dropout_sentence", "curve", "scaled"):
        verdicts[f"{key}_verdict"] = " ".join(
            findings.merged(findings.headline(values[f"{model}_{key}"]) for model in NAMES)
        )
    return values | verdicts


def _of_both_sets(validation, test):
    """Say the outcome of a comparison once where it is the same on both sets, which the verdicts name in brackets."""
    (outcome, _, where), (other, _, there) = (text.removesuffix(").").partition(" (") for text in (validation, test))
    if outcome != other or not (where and there):
        return f"{validation} {test}"
    return f"{outcome} ({where}; {there.removesuffix(' training examples')})."


def _budget(profile, trainings):
    if profile.name == "full":
        return f"{whole(trainings)} trainings"
    return f"{whole(trainings)} trainings on a trial budget ({profile.name}), whose numbers are not final results"


def _tuning(results, profile, model):
    """Fit and regularisation of one model: the chosen λ, and the variables."""
    name = NAMES[model]
    fit = analysis.gather(results, protocol.fit_runs(profile, model), "examples")
    l2 = analysis.gather(results, protocol.l2_runs(profile, model), "l2")
    plain = [run for run in protocol.l2_runs(profile, model) if run.l2 == 0]
    dropout = analysis.gather(results, plain + protocol.dropout_runs(profile, model), "dropout")
    mean = {quantity: getattr(fit, quantity).mean() for quantity in analysis.QUANTITIES}
    return l2.best_value, {
        "fit": findings.fit_sentence(name, profile.intermediate, fit, findings.LOSS_TARGET, profile.target_error),
        "fit_train_error": percent(mean["train_error"]),
        "fit_validation_error": percent(mean["validation_error"]),
        "l2": scientific(l2.best_value),
        "l2_loss": with_limits(l2.intervals("validation_loss")[l2.best]),
        "l2_sentence": findings.sweep_sentence(name, l2),
        "too_much": findings.too_much_sentence(name, l2),
        "no_l2_loss": with_limits(l2.intervals("validation_loss")[0]),
        "dropout": f"{dropout.best_value:g}",
        "dropout_sentence": findings.sweep_sentence(name, dropout),
        "dropout_loss": with_limits(dropout.intervals("validation_loss")[dropout.best]),
    }


def _of_both(texts):
    """One text if it holds for both models, else the MLP's and the CNN's."""
    return "; ".join(dict.fromkeys(texts.values()))


def _comparison(results, profile, l2):
    loss, error = (
        analysis.paired_difference(
            *(
                [getattr(results[run], quantity) for run in protocol.comparison_runs(profile, model, l2[model])]
                for model in ("cnn", "mlp")
            )
        )
        for quantity in ("validation_loss", "validation_error")
    )
    sentence = findings.comparison_sentence(NAMES["mlp"], NAMES["cnn"], profile.intermediate, loss, error)
    return {"comparison": sentence, "comparison_loss": with_limits(loss)}


def _curve(results, profile, model, l2):
    sweep = analysis.gather(results, protocol.learning_curve_runs(profile, model, l2), "examples")
    step = analysis.paired_difference(sweep.validation_loss[-1], sweep.validation_loss[-2])
    return _scaled(results, profile, model, l2, sweep) | {
        "curve": findings.learning_sentence(NAMES[model], sweep, step, profile.target_error),
        "largest_error": with_limits(sweep.intervals("validation_error", log=True)[-1], percent),
        "smallest_error_mean": percent(sweep.intervals("validation_error", log=True)[0].mean),
        "largest_error_mean": percent(sweep.intervals("validation_error", log=True)[-1].mean),
    }


def _scaled(results, profile, model, l2, fixed):
    """λ ∝ 1/n at the largest size, against the curve with a fixed λ."""
    runs = [run for run in protocol.scaled_curve_runs(profile, model, l2) if run.examples == max(profile.sizes)]
    if not runs:
        same = f"Without L2 the {NAMES[model]} has nothing to scale."
        return {"scaled": same, "scaled_error": with_limits(fixed.intervals("validation_error")[-1], percent)}
    loss, error = (np.array([getattr(results[r], q) for r in runs]) for q in ("validation_loss", "validation_error"))
    columns = [fixed.seeds.index(run.seed) for run in runs]
    change = analysis.paired_difference(loss, fixed.validation_loss[-1, columns])
    return {
        "scaled": findings.scaled_sentence(NAMES[model], {runs[0].examples: change}),
        "scaled_error": with_limits(analysis.mean_interval(error), percent),
    }


def _test(results, profile, l2):
    """The readings of the test set: each model's, and the two paired by seed; `l2` is what each sweep chose."""
    values, loss, error, rules, final = {}, {}, {}, {}, {}
    for model in NAMES:
        runs = protocol.test_runs(profile, model, protocol.choose_final_l2(results, profile, model))
        loss[model], error[model] = (
            np.array([getattr(results[run], quantity) for run in runs]) for quantity in ("test_loss", "test_error")
        )
        values |= {
            f"{model}_test_error": with_limits(analysis.mean_interval(error[model]), percent, 2),
            f"{model}_test_accuracy": percent(1 - float(error[model].mean()), 2),
        }
        final[model] = scientific(runs[0].l2)
        rules[model] = "fixed λ" if runs[0].l2 == l2[model] else "λ ∝ 1/n"
    values["final_l2"] = _of_both(rules) + f" ({_of_both(final)})"
    intervals = {NAMES[model]: analysis.mean_interval(rates) for model, rates in error.items()}
    values["target"] = findings.target_sentence(profile.target_error, intervals)
    differences = (analysis.paired_difference(value["cnn"], value["mlp"]) for value in (loss, error))
    sentence = findings.comparison_sentence(NAMES["mlp"], NAMES["cnn"], max(profile.sizes), *differences, "test")
    return values | {"test_comparison": sentence}
