"""Brings up to date what the documents read: trainings, evidence, measurements, variables and the executed notebook.

Each result is kept under the digest of what it depends on: the code that makes it (with what that code calls in this
package), the settings it uses, and the versions of the packages behind it. Where nothing changed, nothing heavy is
imported.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from coursework.digests import digest, modules_of, package_versions, source_digest
from coursework.errors import WorkError
from coursework.kept import Kept, products, write_if_changed
from coursework.project import Project
from coursework.settings import Settings

Tell = Callable[[str], None]
"""Tells the author in one line what is being done."""


@dataclass(frozen=True)
class Product:
    """A result that the documents read.

    Parameters
    ----------
    name
        Under which it is kept.
    function
        ``module:function`` that computes it.
    also
        Further code that it depends on but reaches only late.
    packages
        Packages whose versions it depends on.
    settings
        The settings it depends on.
    says
        What to tell the author while it is computed.
    """

    name: str
    function: str
    also: tuple[str, ...]
    packages: tuple[str, ...]
    settings: Callable[[Settings], Any]
    says: str

    def dependencies(self, settings: Settings) -> dict[str, str]:
        """Digest each kind of thing that the result depends on, by its name for people."""
        return {
            "code": source_digest(self.function, *self.also),
            "settings": digest(self.settings(settings)),
            "packages": digest(package_versions(*self.packages)),
        }


FRAMEWORK = ("keras", "tensorflow", "tensorflow-cpu", "numpy")

EVIDENCE = Product(
    "evidence",
    "coursework.answers.evidence:compute",
    (),
    (*FRAMEWORK, "sympy", "mpmath"),
    lambda settings: [settings.question1.model_dump(mode="json"), settings.question4.model_dump(mode="json")],
    "Checking every derived answer against an independent computation",
)
PRINTED = Product(
    "printed",
    "coursework.answers.printed:compute",
    (),
    (*FRAMEWORK, "mpmath"),
    EVIDENCE.settings,
    "Computing the values with which the printed formulas are evaluated",
)
RECURRENT = Product(
    "recurrent",
    "coursework.answers.recurrent_measurements:compute",
    (),
    FRAMEWORK,
    lambda settings: settings.experiments.profile,
    "Measuring the gradients of recurrent networks",
)


def function(name: str) -> Callable:
    """Import ``module:function``."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


@contextlib.contextmanager
def _framework_log() -> Iterator[None]:
    """Send what TensorFlow's C++ code says to a file: it writes past Python, whatever its log level."""
    folder = Project.find().cache
    folder.mkdir(parents=True, exist_ok=True)
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(folder / "tensorflow.log", "wb") as log:
            os.dup2(log.fileno(), 2)
            yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)


def _bring(product: Product, arguments: tuple, settings: Settings, kept: Kept, tell: Tell) -> Any:
    """Return a product's payload, computed if what is kept is not current."""
    key = digest(product.dependencies(settings))
    payload = kept.load(product.name, key)
    if payload is None:
        tell(product.says)
        with _framework_log():
            payload = function(product.function)(*arguments)
        kept.save(product.name, key, payload)
    return payload


def submission_variables(settings: Settings) -> dict[str, str]:
    """Return what the title page prints."""
    date = settings.date
    return {
        "student_id": settings.student_id,
        "module": f"{settings.module} {settings.module_title}",
        "date": f"{date.day} {date:%B %Y}",
    }


def _shown_settings(settings: Settings) -> dict:
    """Return the settings that answers depend on; the student id, dates and limits are not among them."""
    return settings.model_dump(
        mode="json",
        include={"question1": True, "question4": True, "experiments": {"profile"}, "dataset": True},
    )


def _variables(
    project: Project, settings: Settings, evidence: dict, measurements: dict, runs: dict, tell: Tell
) -> dict:
    """Compute the variables of the prose, or take the kept ones where nothing they depend on has changed."""
    roots = ("coursework.answers.variables:values", "coursework.answers.recurrent:variables")
    conclusions = "coursework.experiments.variables:variables"
    depends = {
        "code": source_digest(*roots, conclusions),
        "settings": _shown_settings(settings),
        "evidence": digest(evidence),
        "recurrent": digest(measurements),
        "runs": runs,
        "packages": package_versions("sympy", "numpy", "pandas", "scipy"),
    }
    kept = products(project)
    key = digest(depends)
    values = kept.load("variables", key)
    if values is None:
        tell("Writing the numbers of the prose")
        values = {
            **function(roots[0])(settings, evidence),
            "q5": function(roots[1])(measurements),
            "q6": function(conclusions)(settings, project),
        }
        kept.save("variables", key, values)
    return {"submission": submission_variables(settings), **values}


def _check_variables(values: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a variable that Quarto would print otherwise than the built-in renderer."""
    for group, entries in values.items():
        for name, value in entries.items():
            if not isinstance(value, str) or "$" in value or "\\" in value:
                raise WorkError(f"The variable {group}.{name} must be text without TeX, not {value!r}.")


def document_inputs(project: Project, settings: Settings) -> dict[str, Any]:
    """Digest what the documents' cells read beside their code, as it is kept now; nothing is computed."""
    kept = products(project)
    return {
        "settings": _shown_settings(settings),
        "evidence": kept.header("evidence"),
        "recurrent": kept.header("recurrent"),
        "runs": function("coursework.experiments.store:state")(project, settings),
    }


@dataclass(frozen=True)
class Prepared:
    """What the documents read, up to date.

    Parameters
    ----------
    variables
        The values of ``{{< var >}}``, by group.
    inputs
        The digests of what the report's cells read, by their names for people.
    printed
        For each chapter, by the label of its heading, the values with which its formulas are evaluated.
    """

    variables: Mapping[str, Mapping[str, str]]
    inputs: Mapping[str, Any]
    printed: Mapping[str, Any]


def prepare(project: Project, settings: Settings, *, tell: Tell = lambda _: None, progress: bool = True) -> Prepared:
    """Bring everything up to date that the report and the notebook read, but for the notebook itself.

    Parameters
    ----------
    project, settings
        What is prepared.
    tell
        Is told what is being computed.
    progress
        Whether long work shows a progress bar.

    Raises
    ------
    WorkError
        If a check of the evidence fails, or something cannot be computed or kept.
    """
    kept = products(project)
    function("coursework.experiments.sweep:run")(settings, project, progress=progress, tell=tell)
    evidence = _bring(EVIDENCE, (settings,), settings, kept, tell)
    printed = _bring(PRINTED, (settings,), settings, kept, tell)
    measurements = _bring(RECURRENT, (settings.experiments.profile,), settings, kept, tell)
    inputs = document_inputs(project, settings)
    values = _variables(project, settings, evidence, measurements, inputs["runs"], tell)
    _check_variables(values)
    text = yaml.safe_dump(values, allow_unicode=True, sort_keys=True, default_style='"', width=10_000)
    write_if_changed(project.variables_file, text.encode())
    helpers = [*modules_of("coursework.answers"), *modules_of("coursework.diagrams")]
    _forget_quartos_cache(project, digest(inputs, source_digest(*helpers)))
    return Prepared(values, inputs, printed)


def _forget_quartos_cache(project: Project, key: str) -> None:
    """Empty Quarto's own execution cache when something changed that its key does not see.

    Quarto caches executed cells under their text alone. A helper, a setting or a kept result is not part of it, and an
    include with a digest comes too late, since Quarto expands includes before it calls the pre-render script.
    """
    cache = project.cache / "quarto"
    stamp = project.quarto_stamp
    if cache.is_dir() and (not stamp.is_file() or stamp.read_text() != key):
        shutil.rmtree(cache, ignore_errors=True)
    write_if_changed(stamp, key.encode())
