"""The author's inputs that every report has, and how they are read; a report adds its own by a class of its own."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from handin import yaml_text
from handin.names import PLACEHOLDER_ID
from handin.yaml_text import Number


def _text(value: Any) -> Any:
    if isinstance(value, Number):
        raise ValueError(f'must be text: write it in quotes, "{value}"')
    return value


def _whole(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a whole number")
    return int(value) if isinstance(value, Number) and re.fullmatch(r"[+-]?\d{1,18}", value) else value


def _student_id(value: Any) -> str:
    if isinstance(value, bool):
        raise ValueError("must be text in quotes: unquoted, this word means true or false")
    if isinstance(value, Number | int | float):
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


Date = Annotated[datetime.date, BeforeValidator(_date)]
"""A day of the calendar, written as 2026-11-23."""

Text = Annotated[str, BeforeValidator(_text)]
"""Text; an unquoted number is refused."""

Whole = Annotated[int, BeforeValidator(_whole)]
"""A whole number."""


class Group(BaseModel):
    """A group of settings: frozen, and without any key that it does not name."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True)


class Settings(Group):
    """What every report's author may set."""

    student_id: Annotated[str, BeforeValidator(_student_id)] = PLACEHOLDER_ID
    date: Date | None = None
    upload_limit_mb: Annotated[Whole, Field(ge=1, le=10_000)] = 50

    @property
    def has_placeholder_id(self) -> bool:
        """Whether the student id is still the one that the project came with."""
        return self.student_id == PLACEHOLDER_ID

    def dumped(self) -> dict[str, Any]:
        """Return the settings as plain text and numbers, for a digest."""
        return self.model_dump(mode="json")


AnySettings = TypeVar("AnySettings", bound=Settings)


def load(path: Path, model: type[AnySettings], overrides: Mapping[str, str] | None = None) -> AnySettings:
    """Read a report's settings.

    Parameters
    ----------
    overrides
        Environment variables that come before the file: the variable's name to the key, ``group.key`` in a group.

    Raises
    ------
    InputError
        If the file is missing, is no YAML, or holds something that is not allowed.
    """
    text = yaml_text.read(path, "it holds the author's inputs")
    values = yaml_text.mapping(text, path.name, yaml_text.ExactLoader)
    origins = {}
    for variable, key in (overrides or {}).items():
        if given := os.environ.get(variable):
            group, _, inner = key.partition(".")
            if not inner:
                values[group] = given
            elif isinstance(values.get(group) or {}, dict):
                values[group] = {**(values.get(group) or {}), inner: given}
            origins[group] = f"{variable}={given}"
    return yaml_text.validated(model, values, text, path.name, origins)
