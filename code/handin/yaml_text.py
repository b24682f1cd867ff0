"""Reads YAML that an author wrote: every fault is one sentence with file, line and key, and no key may stand twice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from handin.errors import InputError
from handin.text import read_text

Model = TypeVar("Model", bound=BaseModel)


class Number(str):
    """A YAML number as its author wrote it, so that 0.1 stays one tenth."""

    __slots__ = ()


class Loader(yaml.SafeLoader):
    """A safe loader that refuses a key that is given twice, at any depth.

    Words and numbers are those of YAML 1.2, as Quarto reads them: ``no``, ``12:30`` and a date are texts.
    """


class ExactLoader(Loader):
    """A loader that keeps the text of numbers."""


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        name = str(key.value)
        if name in seen:
            raise yaml.MarkedYAMLError(problem=f"the key {name!r} is given twice", problem_mark=key.start_mark)
        seen.add(name)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


Loader.yaml_implicit_resolvers = {}


def _integer(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = loader.construct_scalar(node).replace("_", "")
    return int(text, 0 if re.match(r"[-+]?0[box]", text) else 10)


for _kind, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0b[01][01_]*|0o[0-7][0-7_]*|0x[\da-fA-F][\da-fA-F_]*|\d[\d_]*)(?<!_)", list("-+0123456789")),
    ("float", r"[-+]?(\d[\d_]*(\.[\d_]*)?|\.\d[\d_]*)([eE][-+]?\d+)?(?<!_)|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
     list("-+.0123456789")),
    ("merge", "<<", ["<"]),
):  # fmt: skip
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(rf"(?:{_pattern})\Z"), _first)
Loader.add_constructor("tag:yaml.org,2002:int", _integer)
Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
ExactLoader.add_constructor("tag:yaml.org,2002:float", lambda _, node: Number(node.value))
ExactLoader.add_constructor("tag:yaml.org,2002:int", lambda _, node: Number(node.value))


class Fault(NamedTuple):
    """What is wrong with a YAML text: where (a line counted from 1; None where it is not known) and what."""

    line: int | None
    reason: str


def parse(text: str, loader: type[yaml.SafeLoader] = Loader) -> Any | Fault:
    """Read a YAML text; what is no YAML comes back as a `Fault`."""
    try:
        return yaml.load(text, Loader=loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = error.problem or error.context or "it breaks off"
        look = "" if "is given twice" in reason else "; look at the quotes, brackets and indentation up to here"
        return Fault(mark.line + 1 if mark else None, f"not valid YAML: {reason}{look}")
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return Fault(line, f"the character U+{ord(text[error.position]):04X}: delete it")
    except RecursionError:
        return Fault(None, "not valid YAML: its brackets are nested too deeply")
    except (yaml.YAMLError, ValueError) as error:
        return Fault(None, f"not valid YAML: {(str(error).splitlines() or ['unreadable'])[0]}")


def read(path: Path, purpose: str) -> str:
    """Read a text file that an author wrote, for a `purpose` in words (``it holds the author's inputs``).

    Raises
    ------
    InputError
        If it is missing, is no file, cannot be read or is not UTF-8.
    """
    if path.exists() and not path.is_file():
        raise InputError(f"{path.name} is no file: put the project's own in its place.")
    return read_text(path, path.name, f"is missing: {purpose}; restore it from the project.")


def mapping(text: str, name: str, loader: type[yaml.SafeLoader] = Loader) -> dict[str, Any]:
    """Read keys and values from the YAML text of the file `name`; an empty text has none.

    Raises
    ------
    InputError
        If it is no YAML, or no mapping: with file and line.
    """
    values = parse(text, loader)
    if isinstance(values, Fault):
        raise InputError(f"{_place(name, values.line)}: {values.reason}.")
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise InputError(f"{name}: must hold keys and values, such as 'title: \"A report\"'.")
    return {str(key): value for key, value in values.items()}


def validated(
    model: type[Model], values: Mapping[str, Any], text: str, name: str, origins: Mapping[str, str] | None = None
) -> Model:
    """Validate values that were read from the YAML text of the file `name`; of `origins` are keys that were not.

    Raises
    ------
    InputError
        With the file and line, or the origin, and the key.
    """
    try:
        return model(**values)
    except ValidationError as error:
        first = error.errors()[0]
        sentence = _sentence(first, model)
        if first["loc"] and (origin := (origins or {}).get(str(first["loc"][0]))):
            raise InputError(f"{origin}: {sentence}.") from None
        inner = re.findall(r"^([a-z_]+): ", str(first.get("ctx", {}).get("error", "")))
        raise InputError(f"{_place(name, line_of(text, (*first['loc'], *inner)))}: {sentence}.") from None


def _place(name: str, line: int | None) -> str:
    return f"{name}:{line}" if line else name


def line_of(text: str, location: tuple[Any, ...]) -> int | None:
    """Find the line (counted from 1) of a key in a YAML text; of the innermost part of `location` that is there."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    line = None
    for part in location:
        members: list[Any] = []
        if isinstance(node, yaml.MappingNode):
            members = [pair for pair in node.value if pair[0].value == part]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            members = [(member, member) for member in node.value[part : part + 1]]
        if not members:
            break
        key, node = members[0]
        line = key.start_mark.line + 1
    return line


_WORDS = {
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


def _sentence(error: Mapping[str, Any], model: type[BaseModel]) -> str:
    """Say in words what pydantic found; a member of a list is counted from 1."""
    parts = [part for part in error["loc"] if not str(part).startswith("function-")]
    key = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in parts).removeprefix(".")
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        words = str(context["error"])
        between = "." if re.match(r"[a-z_]+: ", words) else ": "
        return f"{key}{between}{words}" if key else words
    if kind == "extra_forbidden":
        return f"{key}: is not a setting; allowed here: {', '.join(_at(model, parts[:-1]).model_fields)}"
    words = str(_WORDS.get(kind, error["msg"]))
    plain = {name: value for name, value in context.items() if isinstance(value, str | int | float | Fraction)}
    return f"{key}: " + words.format(**plain)


def _at(model: type[BaseModel], location: list[Any]) -> type[BaseModel]:
    """Find the model of a group of keys inside another."""
    for part in location:
        if not isinstance(part, int):
            model = _model_in(model.model_fields[part].annotation) or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)
