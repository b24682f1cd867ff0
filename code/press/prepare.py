"""Brings up to date what the documents read: the results of long work, products, and variables.

Each result is kept under the digest of what it depends on: the code that makes it (with what that code calls in the
project), the settings it uses, and the versions of the packages behind it. Where nothing changed, nothing heavy is
imported.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from handin.errors import InputError
from press.keeping.digests import by_file, digest, package_versions, source_digest, source_facts
from press.keeping.facts import Facts
from press.keeping.kept import products, write_if_changed
from press.project import Project
from press.report import Product, Tell, called, imported
from press.settings import Settings


def facts(product: Product, project: Project, settings: Settings) -> Facts:
    """Find what a product follows from."""
    return {
        "code": by_file(source_facts(product.function, *product.also), project.root),
        "settings": (product.digested or product.settings)(settings),
        "packages": package_versions(*product.packages),
    }


def key(product: Product, settings: Settings) -> str:
    """Digest what a product follows from."""
    code = source_digest(product.function, *product.also)
    chosen = (product.digested or product.settings)(settings)
    return digest({"code": code, "settings": digest(chosen), "packages": digest(package_versions(*product.packages))})


def why(product: Product, project: Project, settings: Settings) -> tuple[str, ...]:
    """Say why what is kept of a product is not current; nothing if it is."""
    return products(project).why(product.name, key(product, settings), facts(product, project, settings))


@contextlib.contextmanager
def _framework_log(project: Project) -> Iterator[None]:
    """Send to a file what libraries write past Python, as TensorFlow does whatever its log level."""
    folder = project.cache
    folder.mkdir(parents=True, exist_ok=True)
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(folder / "libraries.log", "wb") as log:
            os.dup2(log.fileno(), 2)
            yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)


def _bring(product: Product, project: Project, settings: Settings, tell: Tell) -> Any:
    """Return a product's payload, computed if what is kept is not current."""
    kept, wanted = products(project), key(product, settings)
    payload = kept.load(product.name, wanted)
    if payload is None:
        tell(product.says)
        with _framework_log(project):
            payload = called(product.function, product.settings(settings), what=product.says)
        kept.save(product.name, wanted, payload, facts=facts(product, project, settings))
    return payload


def _variables(project: Project, settings: Settings, found: Mapping[str, Any], tell: Tell) -> dict[str, dict[str, Any]]:
    """Compute the variables of the prose, or take the kept ones where nothing they depend on has changed."""
    report = project.report
    title_page = {"submission": dict(report.title_page(settings))} if report.title_page else {}
    if report.variables is None:
        return title_page
    depends = {
        "code": source_digest(report.variables),
        "settings": report.settings.dumped(settings),
        "products": _checksums(project),
        "steps": _states(project, settings),
        "packages": package_versions(*sorted({name for product in report.products for name in product.packages})),
    }
    kept, wanted = products(project), digest(depends)
    values = kept.load("variables", wanted)
    if values is None:
        tell("Writing the numbers of the prose")
        values = called(report.variables, project, settings, found, what="Writing the numbers of the prose")
        kept.save("variables", wanted, values)
    return {**title_page, **values}


def _check_variables(values: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a variable that Quarto would print otherwise than the built-in renderer, or not at all."""
    for group, entries in values.items():
        if not isinstance(entries, Mapping):
            raise InputError(f"The variables {group!r} must be a group: a name for each value.")
        for name, value in entries.items():
            place = f"The variable {group}.{name}"
            if not all(isinstance(part, str) and re.fullmatch(r"[A-Za-z_][\w-]*", part) for part in (group, name)):
                raise InputError(f"{place} must have a name of letters, digits, - and _, with one dot in it.")
            if not isinstance(value, str) or re.search(r"[$\\\n]|\{\{<", value):
                raise InputError(f"{place} must be text in one line, without TeX and shortcodes, not {value!r}.")


def _checksums(project: Project) -> dict[str, str | None]:
    kept = products(project)
    return {product.name: kept.checksum(product.name) for product in project.report.products}


def _states(project: Project, settings: Settings) -> dict[str, Any]:
    return {step.name: imported(step.state)(project, settings) for step in project.report.steps}


Inputs = Mapping[str, Mapping[str, Any]]
"""For each document, by its path, the digests of what its cells read beside their code, by their names for people."""


def document_inputs(project: Project, settings: Settings) -> Inputs:
    """Digest what the documents' cells read beside their code, as it is kept now; nothing is computed."""
    checksums, states = _checksums(project), _states(project, settings)
    return {
        document.path: {
            "settings": document.settings(settings),
            **{name: checksums[name] for name in document.products},
            **{name: states[name] for name in document.steps},
        }
        for document in project.report.documents
    }


@dataclass(frozen=True)
class Prepared:
    """What the documents read, up to date.

    Parameters
    ----------
    variables
        The values of ``{{< var >}}``, by group.
    inputs
        For each document the digests of what its cells read.
    printed
        For each chapter, by the label of its heading, the values with which its formulas are evaluated.
    """

    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    inputs: Inputs = field(default_factory=dict)
    printed: Mapping[str, Any] = field(default_factory=dict)


def prepare(project: Project, settings: Settings, *, tell: Tell = lambda _: None, progress: bool = True) -> Prepared:
    """Bring everything up to date that the documents read, but for the notebook itself.

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
        If a check fails, or something cannot be computed or kept.
    """
    report = project.report
    for step in report.steps:
        called(
            step.run,
            settings=settings,
            project=project,
            progress=progress,
            tell=tell,
            what=f"The step {step.name!r} failed",
        )
    found = {product.name: _bring(product, project, settings, tell) for product in report.products}
    inputs = document_inputs(project, settings)
    values = _variables(project, settings, found, tell)
    _check_variables(values)
    if values:
        text = yaml.safe_dump(values, allow_unicode=True, sort_keys=True, default_style='"', width=10_000)
        write_if_changed(project.variables_file, text.encode())
    return Prepared(values, inputs, found[report.printed] if report.printed else {})
