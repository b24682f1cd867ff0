"""A variable stands where its sentence, row, column or heading speaks of it; else the build names it."""

import pytest

from handin.errors import InputError
from press.source import reading, wording
from press.source.wording import MARK

WORDS = {
    r"q\..*_loss": "loss",
    r"q\..*_error": "error",
    r"q\.a_(.*)": r"model A|q\.b_\1\b",
    r"q\.b_(.*)": r"model B|q\.a_\1\b",
    r"t\.student": "student-id",
}


def var(name: str) -> str:
    return f"{{{{< var {name} >}}}}"


@pytest.fixture
def check(tmp_path):
    def run(text: str) -> None:
        (tmp_path / "a.qmd").write_text(text, encoding="utf-8")
        wording.check(reading.read(tmp_path / "a.qmd", tmp_path), WORDS)

    return run


A, B, ERROR = var("q.a_loss"), var("q.b_loss"), var("q.a_error")
TABLE = f"| What | model A, loss | model B, loss |\n|---|---|---|\n| best | {A} | {B} |\n"


@pytest.mark.parametrize(
    "text",
    [
        f"The loss of model A is {A}.",
        f"Of model A: the loss\nis {A}, the error {ERROR}.",
        f"Model by model, the loss is {A} and {B}.",
        f"The loss of model A falls. It ends at {A}.",
        f"# On model A\n\nThe loss is {A}.",
        TABLE,
        f"{TABLE}The loss of model A is {A}.",
        f"* The loss of model A is {A}.\n* That of model B, also a loss, is {B}.",
        f'---\nstudent-id: "{var("t.student")}"\n---\n\nA text.',
        f'```{{python}}\n#| label: fig-a\n#| fig-cap: "The loss of model A is {A}."\n#| fig-alt: "A"\nplot()\n```',
        f"Something else: {A}{MARK}.",
        f"Another one, {var('other.name')}.",
    ],
)
def test_what_is_said_where_it_stands_is_let_through(check, text):
    check(text)


@pytest.mark.parametrize(
    ("text", "line", "name"),
    [
        (f"Two lines.\nThe loss of model A is {ERROR}.", 2, "q.a_error"),
        (f"The loss of model B is {A}.", 1, "q.a_loss"),
        (f"# On model A\n\n# On model B\n\nThe loss is {A}.", 5, "q.a_loss"),
        (f"The loss of model A falls. It does.\n\nIt ends at {A}.", 3, "q.a_loss"),
        (f"Model by model, the loss is {A} and {var('q.b_error')}.", 1, "q.a_loss"),
        (f"Of model A: from {A} to {A} falls the loss.", 1, "q.a_loss"),
        (TABLE.replace(B, A), 3, "q.a_loss"),
        (TABLE.replace(B, var("q.b_error")), 3, "q.b_error"),
        (TABLE.replace(B, var("q.a_error")), 3, "q.a_error"),
        (f'```{{python}}\n#| label: fig-a\n#| fig-cap: "Loss: {A}."\n#| fig-alt: "A"\nplot()\n```', 3, "q.a_loss"),
    ],
)
def test_what_nothing_speaks_of_is_refused(check, text, line, name):
    with pytest.raises(InputError, match=rf"^a\.qmd:{line}: the variable {name} stands"):
        check(text)


def test_a_swapped_field_of_the_front_matter_is_refused(check):
    with pytest.raises(InputError, match=r"the variable t\.student"):
        check(f'---\nmodule: "{var("t.student")}"\n---\n\nA text.')
