"""This report: its documents, what they read, and what is handed in."""

from __future__ import annotations

from typing import Any

from coursework.settings import Settings
from coursework.wording import WORDS
from handin.names import Names
from press.report import Demands, Document, Product, Report, Step

FRAMEWORK = ("keras", "tensorflow", "tensorflow-cpu", "numpy")


def _derived(settings: Settings) -> Any:
    """Return the settings that the derived answers follow from."""
    return settings.model_dump(mode="json", include={"question1", "question4"})


def _trained(settings: Settings) -> Any:
    """Return the settings that the trainings follow from."""
    return settings.model_dump(mode="json", include={"experiments": {"profile"}, "dataset": True})


EVIDENCE = Product(
    "evidence",
    "coursework.evidence:compute",
    "Checking every derived answer against an independent computation",
    settings=lambda settings: settings,
    digested=_derived,
    packages=(*FRAMEWORK, "sympy", "mpmath"),
    title="evidence that the answers are right",
)
PRINTED = Product(
    "printed",
    "coursework.evidence:formula_values",
    "Computing the values with which the printed formulas are evaluated",
    settings=lambda settings: settings,
    digested=_derived,
    packages=(*FRAMEWORK, "mpmath"),
    title="formulas as they are printed, evaluated",
)
RECURRENT = Product(
    "recurrent",
    "coursework.answers.recurrent_measurements:compute",
    "Measuring the gradients of recurrent networks",
    settings=lambda settings: settings.experiments.profile,
    packages=FRAMEWORK,
    title="measurements of question 5",
)
TRAININGS = Step(
    "runs",
    run="coursework.experiments.sweep:run",
    state="coursework.experiments.store:state",
    why="coursework.experiments.store:why",
)


def _names(settings: Settings) -> Names:
    """Name the three files; each carries the student id, as the assignment asks."""
    stem = f"{settings.student_id}-{settings.module}"
    return Names(pdf=f"{stem}-answers.pdf", notebook=f"{stem}-q6.ipynb", zip=f"{stem}.zip")


def _title_page(settings: Settings) -> dict[str, str]:
    date = settings.date
    return {
        "student_id": settings.student_id,
        "module": f"{settings.module} {settings.module_title}",
        "date": f"{date.day} {date:%B %Y}",
    }


REPORT = Report(
    title="A literate report: one PDF, one executed notebook, one zip.",
    command="coursework",
    settings=Settings,
    settings_file="coursework.yml",
    overrides={"STUDENT_ID": "student_id", "COURSEWORK_PROFILE": "experiments.profile"},
    document=Document(
        "report/report.qmd",
        settings=lambda settings: {**_derived(settings), **_trained(settings)},
        products=("evidence", "recurrent"),
        steps=("runs",),
    ),
    notebook=Document("report/q6-classifier.qmd", settings=_trained, steps=("runs",)),
    further=(Document("report/evidence.qmd", settings=lambda settings: None, products=("evidence",)),),
    names=_names,
    products=(EVIDENCE, PRINTED, RECURRENT),
    steps=(TRAININGS,),
    variables="coursework.variables:values",
    title_page=_title_page,
    printed="printed",
    demands=Demands(numbers=True, formulas=True, words=WORDS),
    is_trial=lambda settings: settings.experiments.profile != "full",
    scheme="report/marks.yml",
    commands=("coursework.commands:experiments", "coursework.commands:evidence"),
)
