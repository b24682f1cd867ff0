"""What the author of this report may set in ``coursework.yml``: everything in the report follows from it."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, model_validator

from press import settings as base
from press.settings import Date, Group, Text, Whole

LARGEST = 10**12  # numbers of a drawn figure are small; beyond this an input is a slip of the keyboard
MOST_DIGITS = 100  # a longer text is no number that a figure shows

_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_RATIO = re.compile(r"[+-]?\d+\s*/\s*\d+", re.ASCII)


def exact(value: Any) -> Fraction:
    """Take a number exactly from its decimal text (``0.1`` is 1/10) or from a fraction in quotes (``"1/3"``).

    `ValueError` if `value` is not such a number, or is larger or smaller than anyone draws in a figure.
    """
    if isinstance(value, Fraction):
        return value
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if len(text) > MOST_DIGITS or not (_DECIMAL.fullmatch(text) or _RATIO.fullmatch(text)):
        raise ValueError('must be a finite number such as 3, -0.5 or "1/3"')
    if re.search(r"/\s*0+$", text):
        raise ValueError("must not divide by zero")
    number = Fraction(text.replace(" ", ""))
    if abs(number) > LARGEST or (number and abs(number) < Fraction(1, LARGEST)):
        raise ValueError("must be 0 or between 1e-12 and 1e12 in size")
    return number


def _module(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]{1,16}", value):
        raise ValueError("must be 1 to 16 letters and digits (a to z, 0 to 9): it is part of the file names")
    return value


def _module_title(value: str) -> str:
    if not (len(value.strip()) >= 1 and len(value) <= 80 and value.isprintable()):
        raise ValueError("must be 1 to 80 characters that can be printed, on one line")
    if bad := re.search(r"[<>{}\[\]\\$#*_`@]", value):
        raise ValueError(f"must not have {bad.group()} in it, which has a meaning in the documents")
    return value


Exact = Annotated[Fraction, BeforeValidator(exact)]


class Question1(Group):
    """The neuron of question 1, as the question's figure gives it (all numbers exact)."""

    inputs: tuple[Exact, ...] = (Fraction(1), Fraction(2))
    weights: tuple[Exact, ...] = (Fraction(3), Fraction(-1))
    bias: Exact | None = None
    figure_output: Exact | None = None
    read_from_figure: StrictBool = False

    @model_validator(mode="after")
    def _fits(self) -> Question1:
        if not 2 <= len(self.inputs) <= 4:
            raise ValueError(f"inputs: 2 to 4 numbers are allowed, {len(self.inputs)} given")
        if len(self.weights) != len(self.inputs):
            raise ValueError(f"weights: as many as inputs ({len(self.inputs)}) are needed, {len(self.weights)} given")
        if self.figure_output is not None and self.figure_output != self.output:
            raise ValueError(
                f"figure_output: the figure prints {self.figure_output}, but these inputs, weights and bias give "
                f"{self.output}; look at the figure again"
            )
        return self

    @property
    def output(self) -> Fraction:
        """The neuron's forward value, ReLU(w·x + b)."""
        z = sum((w * x for w, x in zip(self.weights, self.inputs, strict=True)), self.bias or Fraction(0))
        return max(z, Fraction(0))


class Question4(Group):
    """The L2 parameter of question 4."""

    l2: Annotated[Exact, Field(gt=0, le=1)] = Fraction(1, 1000)


class Experiments(Group):
    """How much is trained for question 6, and by how many processes."""

    profile: Literal["full", "tiny"] = "full"
    workers: Annotated[Whole, Field(ge=1, le=256)] | None = None


class Settings(base.Settings):
    """The author's inputs, validated."""

    date: Date
    module: Annotated[Text, AfterValidator(_module)] = "CS3950"
    module_title: Annotated[Text, AfterValidator(_module_title)] = "Deep Learning"
    dataset: Annotated[Text, Field(min_length=1)] = "fashion-mnist"
    question1: Question1 = Question1()
    question4: Question4 = Question4()
    experiments: Experiments = Experiments()
