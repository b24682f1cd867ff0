"""Brings up to date what the documents read: products, the results of long work, and variables.

Each result is kept under the digest of what it depends on: the code that makes it (with what that code calls in the
project), the settings it uses, and the versions of the packages behind it. Where nothing changed, nothing heavy is
imported. What takes long comes last, and a preview is given what is there until then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from handin import yaml_text
from handin.errors import InputError, WorkError
from press.currency import beside
from press.environment import stderr_to
from press.execution.job import files
from press.keeping.digests import by_file, digest, module_facts, package_versions
from press.keeping.facts import Facts
from press.keeping.kept import NotMade, products, unmade, write_if_changed
from press.project import Project
from press.report import Document, Product, Report, Tell, called, imported
from press.settings import Settings


def facts(product: Product, project: Project, settings: Settings) -> Facts:
    """Find what a product follows from."""
    return {
        "code": by_file(module_facts(product.function, *product.also), project.root),
        "files": _files(project),
        "settings": (product.digested or product.settings)(settings),
        "packages": package_versions(*product.packages),
    }


def _files(project: Project) -> Facts:
    """Digest the files that a function of the report may read: nobody watches it."""
    return files((path for path in beside(project) if path.suffix != ".py"), project.root)


def why(product: Product, project: Project, settings: Settings) -> tuple[str, ...]:
    """Say why what is kept of a product is not current; nothing if it is."""
    now = facts(product, project, settings)
    return products(project).why(product.name, digest(now), now)


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


Inputs = Mapping[str, Mapping[str, Any]]
"""For each document, by its path, the digests of what its cells read beside their code, by their names for people."""

UNMADE = "being made"
"""In place of a digest: the result is not there yet."""


def document_inputs(project: Project, settings: Settings, unmade: Collection[str] = ()) -> Inputs:
    """Digest what the documents' cells read beside their code, as it is kept now; nothing is computed.

    `unmade` names the products and steps that are being made.
    """
    kept, report = products(project), project.report
    found: dict[str, Any] = {product.name: kept.checksum(product.name) for product in report.products}
    found |= {step.name: imported(step.state)(project, settings) for step in report.steps if step.name not in unmade}
    found |= dict.fromkeys(unmade, UNMADE)
    return {
        document.path: {
            "settings": document.settings(settings),
            **{name: found[name] for name in (*document.products, *document.steps)},
        }
        for document in report.documents
    }


@dataclass(frozen=True)
class Prepared:
    """What the documents read, up to date."""

    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The values of ``{{< var >}}``, by group."""
    inputs: Inputs = field(default_factory=dict)
    """For each document the digests of what its cells read."""
    printed: Mapping[str, Any] = field(default_factory=dict)
    """For each chapter, by the label of its heading, the values with which its formulas are evaluated."""
    unmade: frozenset[str] = frozenset()
    """The products and steps that are not made yet; the groups of variables that read them are missing."""


class _Found(dict[str, Any]):
    """The products by their names; who asks for one that is not made learns so."""

    def __missing__(self, name: str) -> Any:
        raise NotMade(name, f"The {name} of this report is being made.")


class _Making:
    """The making of what documents read."""

    def __init__(self, project: Project, settings: Settings, tell: Tell):
        self.project, self.settings, self.tell = project, settings, tell
        self.kept, report = products(project), project.report
        # Before any of this code is imported: what it makes belongs to the code as it is now.
        self.facts = {product.name: facts(product, project, settings) for product in report.products}
        self.code = _variables_code(report)
        loaded = {name: self.kept.load(name, digest(wanted)) for name, wanted in self.facts.items()}
        self.found = _Found({name: payload for name, payload in loaded.items() if payload is not None})
        steps = (step.name for step in report.steps if step.why is None or imported(step.why)(project, settings)[1])
        self.unmade = {*(name for name in self.facts if name not in self.found), *steps}

    def order(self) -> list[str]:
        """Name what is to be made, what takes long last."""
        report = self.project.report
        names = [*(product.name for product in report.products), *(step.name for step in report.steps)]
        return [name for name in names if name in self.unmade]

    def make(self, name: str) -> None:
        report = self.project.report
        for product in [each for each in report.products if each.name == name]:
            self.tell(product.says)
            self.project.cache.mkdir(parents=True, exist_ok=True)
            with stderr_to(self.project.cache / "libraries.log"):
                payload = called(product.function, product.settings(self.settings), what=product.says)
            began_with = self.facts[name]
            _require_unedited(began_with == facts(product, self.project, self.settings), product.says)
            self.kept.save(name, digest(began_with), payload, facts=began_with)
            self.found[name] = payload
        for step in [each for each in report.steps if each.name == name]:
            what = f"The step {name!r} failed"
            called(step.run, settings=self.settings, project=self.project, tell=self.tell, what=what)
        self.unmade.discard(name)

    def prepared(self) -> Prepared:
        inputs = document_inputs(self.project, self.settings, self.unmade)
        report = self.project.report
        printed = self.found.get(report.printed, {}) if report.printed else {}
        if self.project.has_own_variables:
            written = yaml_text.read(self.project.variables_file, "it holds the variables")
            own = yaml_text.mapping(written, self.project.variables_file.name)
            return Prepared(own, inputs, printed, frozenset(self.unmade))
        title_page = {"submission": dict(report.title_page(self.settings))} if report.title_page else {}
        values = {**title_page, **(self._variables() if report.variables else {})}
        _check_variables(values)
        if values and not self.unmade:
            text = yaml.safe_dump(values, allow_unicode=True, sort_keys=True, default_style='"', width=10_000)
            write_if_changed(self.project.variables_file, text.encode())
        return Prepared(values, inputs, printed, frozenset(self.unmade))

    def _variables(self) -> dict[str, dict[str, str]]:
        """Compute the variables of the prose, or take the kept ones where nothing they depend on has changed."""
        if self.unmade:
            return {name: values for name, values in self.groups().items() if not isinstance(values, NotMade)}
        report = self.project.report
        depends = {
            "code": self.code,
            "files": _files(self.project),
            "settings": report.settings.dumped(self.settings),
            "products": {name: self.kept.checksum(name) for name in self.facts},
            "steps": {step.name: imported(step.state)(self.project, self.settings) for step in report.steps},
            "packages": package_versions(*sorted({name for product in report.products for name in product.packages})),
        }
        wanted = digest(depends)
        values: dict[str, Any] | None = self.kept.load("variables", wanted)
        if values is None:
            self.tell(NUMBERS)
            values = self.groups()
            for missing in values.values():
                if isinstance(missing, NotMade):
                    raise missing
            _require_unedited(self.code == _variables_code(report), NUMBERS)
            self.kept.save("variables", wanted, values)
        return values

    def groups(self) -> dict[str, Any]:
        """Compute the variables by group, each on its own; what stands in the way of one takes its place.

        Where a report computes all groups at once, it takes the place of a group without a name.
        """
        report = self.project.report
        if report.variables is None:
            return {}
        with unmade(self.unmade):
            try:
                found: Any = called(report.variables, self.project, self.settings, self.found, what=NUMBERS)
            except NotMade as missing:
                return {"": missing}
            return {name: _group(values) if callable(values) else values for name, values in found.items()}


NUMBERS = "Writing the numbers of the prose"


def _variables_code(report: Report) -> Facts:
    return module_facts(report.variables) if report.variables else {}


def _group(values: Callable[[], Any]) -> Any:
    try:
        return called(values, what=NUMBERS)
    except NotMade as missing:
        return missing


def _require_unedited(is_same: bool, what: str) -> None:
    if not is_same:
        raise WorkError(f"{what}: the code was edited meanwhile, so nothing of it is kept: run the same command again.")


def prepare(
    project: Project, settings: Settings, *, tell: Tell = lambda _: None, document: Document | None = None
) -> Prepared:
    """Bring everything up to date that the documents read, but for the notebook itself.

    Where a `document` is named, what it does not read stays as it is.

    Raises
    ------
    WorkError
        If a check fails, something cannot be computed or kept, or the code is edited meanwhile.
    """
    making = _Making(project, settings, tell)
    for name in making.order() if document is None else _read_by(document, making):
        making.make(name)
    return making.prepared()


def stages(project: Project, settings: Settings, *, tell: Tell) -> Iterator[Prepared]:
    """Do the same, and yield what is there at the beginning, and whenever something more has been made."""
    making = _Making(project, settings, tell)
    for name in making.order():
        yield making.prepared()
        making.make(name)
    yield making.prepared()


def _read_by(document: Document, making: _Making) -> Iterator[str]:
    """Name what a document reads and is not made, by what it says and by what the variables in it ask for."""
    from press.source import reading

    project = making.project
    read = (*document.products, *filter(None, [project.report.printed]), *document.steps)
    yield from (name for name in read if name in making.unmade)
    sources = reading.read(project.path(document), project.root).sources
    used = {"", *re.findall(r"\{\{<\s*var\s+([\w-]+)", "\n".join(path.read_text("utf-8") for path in sources))}
    while missing := [f for name, f in making.groups().items() if name in used and isinstance(f, NotMade)]:
        if missing[0].name not in making.unmade:
            raise missing[0]
        yield missing[0].name
