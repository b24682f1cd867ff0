"""Reads and validates ``coursework.yml``: the author's inputs, from which everything in the report follows."""

from __future__ import annotations

import datetime
import os
import re
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, ValidationError, model_validator

from coursework.errors import InputError

PLACEHOLDER_ID = "000000000"
STUDENT_ID_VARIABLE = "STUDENT_ID"
PROFILE_VARIABLE = "COURSEWORK_PROFILE"

LARGEST = 10**12
"""Numbers of a drawn figure are small; beyond this an input is a slip of the keyboard."""


MOST_DIGITS = 100
"""A longer text is no number that a figure shows."""


class _Number(str):
    """A YAML number as its author wrote it, so that 0.1 stays one tenth."""


class _Loader(yaml.SafeLoader):
    """A safe loader that keeps the text of decimals, and refuses a key that is given twice."""


def _keep_text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> _Number:
    return _Number(node.value)


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict:
    seen: set[str] = set()
    for key, _ in node.value:
        name = str(key.value)
        if name in seen:
            raise yaml.MarkedYAMLError(problem=f"the key {name!r} is given twice", problem_mark=key.start_mark)
        seen.add(name)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:float", _keep_text)
_Loader.add_constructor("tag:yaml.org,2002:int", _keep_text)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", yaml.SafeLoader.construct_yaml_str)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)

_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_RATIO = re.compile(r"[+-]?\d+\s*/\s*\d+", re.ASCII)


def exact(value: Any) -> Fraction:
    """Take a number exactly from its decimal text (``0.1`` is 1/10) or from a fraction in quotes (``"1/3"``).

    Raises
    ------
    ValueError
        If `value` is not such a number, is infinite or not a number, or is larger than anyone draws in a figure.
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


def _whole(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a whole number")
    return int(value) if isinstance(value, _Number) and re.fullmatch(r"[+-]?\d{1,18}", value) else value


def _text(value: Any) -> Any:
    if isinstance(value, _Number):
        raise ValueError(f'must be text: write it in quotes, "{value}"')
    return value


def _module(value: Any) -> str:
    text = _text(value)
    if isinstance(text, str) and not re.fullmatch(r"[A-Za-z0-9]{1,16}", text):
        raise ValueError("must be 1 to 16 letters and digits (a to z, 0 to 9): it is part of the file names")
    return text


def _module_title(value: Any) -> str:
    text = _text(value)
    if isinstance(text, str) and not (len(text.strip()) >= 1 and len(text) <= 80 and text.isprintable()):
        raise ValueError("must be 1 to 80 characters that can be printed, on one line")
    if isinstance(text, str) and (bad := re.search(r"[<>{}\[\]\\$#*_`@]", text)):
        raise ValueError(f"must not have {bad.group()} in it, which has a meaning in the documents")
    return text


def _student_id(value: Any) -> str:
    if isinstance(value, bool):
        raise ValueError("must be text in quotes: unquoted, this word means true or false")
    if isinstance(value, _Number | int | float):
        raise ValueError(f'must be text in quotes, "{value}": an unquoted number loses its leading zeros')
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9]{1,32}", value):
        raise ValueError("must be text of 1 to 32 letters and digits (a to z, 0 to 9)")
    return value


def _date(value: Any) -> datetime.date:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        try:
            value = datetime.date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"there is no {value} in the calendar: give a date such as 2026-11-23") from None
    if type(value) is not datetime.date:
        raise ValueError("must be a date such as 2026-11-23")
    if not 1990 <= value.year <= 2100:
        raise ValueError("must lie between 1990 and 2100")
    return value


Exact = Annotated[Fraction, BeforeValidator(exact)]
Text = Annotated[str, BeforeValidator(_text)]
Whole = Annotated[int, BeforeValidator(_whole)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True)


class Question1(_Model):
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


class Question4(_Model):
    """The L2 parameter of question 4."""

    l2: Annotated[Exact, Field(gt=0, le=1)] = Fraction(1, 1000)


class Experiments(_Model):
    """How much is trained for question 6, and by how many processes."""

    profile: Literal["full", "tiny"] = "full"
    workers: Annotated[Whole, Field(ge=1, le=256)] | None = None


class Settings(_Model):
    """The author's inputs, validated."""

    student_id: Annotated[str, BeforeValidator(_student_id)] = PLACEHOLDER_ID
    module: Annotated[str, BeforeValidator(_module)] = "CS3950"
    module_title: Annotated[str, BeforeValidator(_module_title)] = "Deep Learning"
    date: Annotated[datetime.date, BeforeValidator(_date)]
    dataset: Annotated[Text, Field(min_length=1)] = "fashion-mnist"
    upload_limit_mb: Annotated[Whole, Field(ge=1, le=10_000)] = 50
    question1: Question1 = Question1()
    question4: Question4 = Question4()
    experiments: Experiments = Experiments()

    @property
    def has_placeholder_id(self) -> bool:
        """Whether the student id is still the one that the project came with."""
        return self.student_id == PLACEHOLDER_ID

    def dumped(self) -> dict:
        """Return the settings as plain text and numbers, for a digest."""
        return self.model_dump(mode="json")


_ALLOWED = {
    "extra_forbidden": "is not a setting",
    "missing": "is missing",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number",
    "tuple_type": "must be a list, such as [1, 2]",
    "model_type": "must be a group of keys",
    "model_attributes_type": "must be a group of keys",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
}


def _sentence(error: dict) -> str:
    key = ".".join(str(part) for part in error["loc"] if part != "function-before[exact(), Fraction]")
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        words = str(context["error"])
        return f"{key}.{words}" if re.match(r"[a-z_]+: ", words) and key else f"{key}: {words}"
    if kind == "extra_forbidden":
        model: Any = Settings
        for part in error["loc"][:-1]:
            model = model.model_fields[part].annotation
        return f"{key}: is not a setting; allowed here: {', '.join(model.model_fields)}"
    if kind == "missing" and key == "date":
        return "date: is missing: add the date of the title page, such as 'date: 2026-11-23'"
    words = _ALLOWED.get(kind, error["msg"])
    return f"{key}: " + words.format(
        **{k: v for k, v in context.items() if isinstance(v, str | int | float | Fraction)}
    )


def _line(text: str, location: tuple) -> int | None:
    """Find the line of a key in the YAML text (1-based)."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    line = None
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == part), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def load(path: Path) -> Settings:
    """Read the settings, with ``STUDENT_ID`` and ``COURSEWORK_PROFILE`` of the environment before the file's.

    Raises
    ------
    InputError
        If the file is missing, is not YAML, or holds something that is not allowed.
    """
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path.name} is no file: put the project's own in its place.")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(
            f"{path.name} is missing: it holds the author's inputs; restore it from the project."
        ) from None
    except UnicodeDecodeError:
        raise InputError(f"{path.name} is not UTF-8 text: save it again as UTF-8.") from None
    except OSError as error:
        raise InputError(f"{path.name} cannot be read ({error.strerror}): mend its permissions.") from None
    try:
        values = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path.name}:{mark.line + 1}" if mark else path.name
        reason = error.problem or error.context
        look = "" if "is given twice" in reason else "; look at the quotes, brackets and indentation up to here"
        raise InputError(f"{place}: not valid YAML: {reason}{look}.") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise InputError(f"{path.name}:{line}: the character U+{ord(text[error.position]):04X}: delete it.") from None
    except RecursionError:
        raise InputError(f"{path.name}: not valid YAML: its brackets are nested too deeply.") from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{path.name}: not valid YAML: {str(error).splitlines()[0]}.") from None
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise InputError(f"{path.name}: must hold keys and values, such as 'student_id: \"101234567\"'.")
    values = {str(key): value for key, value in values.items()}
    overridden = {}
    if student_id := os.environ.get(STUDENT_ID_VARIABLE):
        values["student_id"] = str(student_id)
        overridden["student_id"] = f"STUDENT_ID={student_id}"
    if profile := os.environ.get(PROFILE_VARIABLE):
        group = values.get("experiments") or {}
        values["experiments"] = {**group, "profile": profile} if isinstance(group, dict) else group
        overridden["experiments"] = PROFILE_VARIABLE
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        if first["loc"] and first["loc"][0] in overridden:
            raise InputError(f"{overridden[first['loc'][0]]}: {_sentence(first)}.") from None
        line = _line(text, (*first["loc"], *re.findall(r"^([a-z_]+): ", str(first.get("ctx", {}).get("error", "")))))
        raise InputError(f"{path.name}{f':{line}' if line else ''}: {_sentence(first)}.") from None
