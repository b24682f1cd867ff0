"""What a report says of itself: its documents, what they read, and the names of what is handed in.

The engine asks a `Report` and knows no report by name. Everything is optional: a folder with one document has the
report `Report(document="paper.qmd")`.
"""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from handin.errors import InputError, Interrupted, WorkError
from handin.names import Names
from press.settings import Settings


@dataclass(frozen=True)
class Progress:
    """How far long work is."""

    says: str
    done: int
    wanted: int
    seconds: float
    """How long the rest takes."""

    def __str__(self) -> str:
        if self.done == self.wanted:
            return f"{self.says}: all {self.wanted} done"
        minutes = round(self.seconds / 60)
        left = f"about {minutes} min" if self.seconds >= 90 else f"about {max(10, round(self.seconds, -1)):.0f} s"
        return f"{self.says}: {self.done} of {self.wanted} done, {left} left"


Tell = Callable[[str | Progress], None]
"""Tells the author in one line what is being done, or how far it is."""

Chosen = Callable[[Any], Any]
"""Takes of a report's settings what a result depends on; what it returns can be written as JSON."""


def everything(settings: Settings) -> Any:
    """Choose all settings but those that no computation reads: the id, the date and the limit."""
    return settings.model_dump(mode="json", exclude=set(Settings.model_fields))


@dataclass(frozen=True)
class Product:
    """A result that is computed for the documents, and kept."""

    name: str
    """Under which it is kept; a cell reads it with ``press.keeping.kept.product(name)``."""
    function: str
    """``module:function``, called with `settings` of the report's settings: it returns JSON with NumPy arrays."""
    says: str
    """What to tell the author while it is computed."""
    settings: Chosen = everything
    """The settings that it depends on, as they are given to the function."""
    packages: tuple[str, ...] = ()
    """The distributions whose versions it depends on."""
    also: tuple[str, ...] = ()
    """Further code that it depends on, which nothing in the function's source names."""
    title: str = ""
    """What it is, in plain words for a list; the name if left out."""
    digested: Chosen | None = None
    """The same settings as JSON, for the digest; what `settings` gives if left out."""


@dataclass(frozen=True)
class Step:
    """Long work after the products, which keeps its own results: trainings, simulations.

    A preview shows the documents meanwhile. Whoever reads the results there asks `press.keeping.kept.require_made`
    first.
    """

    name: str
    run: str
    """``module:function``, called with the project, the settings and ``tell``, which it tells its `Progress`."""
    state: str
    """``module:function``, called with the project and the settings: identifies what is kept, as JSON."""
    why: str | None = None
    """``module:function``, called with the same: a title, and the reasons why its results are not current. Without it
    nobody knows that there is nothing to do before it has run.
    """


@dataclass(frozen=True)
class Document:
    """A Quarto document of the report."""

    path: str
    settings: Chosen = everything
    """The settings that its cells read."""
    products: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    """The names of the results that its cells read."""

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return PurePosixPath(self.path).stem


@dataclass(frozen=True)
class Demands:
    """What a report's author wants refused, beyond what could not be set."""

    numbers: bool = False
    """A number that is typed into prose or a caption, and not marked as meant so."""
    formulas: bool = False
    """A formula that cannot be read, in a chapter with values for its formulas."""
    words: Mapping[str, str] = field(default_factory=dict)
    """A variable that stands where the text speaks of something else, and one that stands twice in a sentence: for a
    pattern of a variable's name, a pattern of what is said there (see `press.source.wording`). Empty: neither.
    """


@dataclass(frozen=True, eq=False)
class Report:
    """One report."""

    document: Document
    """The document that becomes the PDF."""
    title: str = "A report: its PDF, and what it is made from."
    """What the report is, in one line for the command line."""
    command: str = "press"
    """The name of its command line."""
    settings: type[Settings] = Settings
    """What its author may set."""
    settings_file: str | None = None
    """Where the settings are; a report without one has the defaults."""
    overrides: Mapping[str, str] = field(default_factory=lambda: {"STUDENT_ID": "student_id"})
    """Environment variables that come before the file, each with the setting's key."""
    notebook: Document | None = None
    """The document that is handed in as an executed notebook."""
    further: tuple[Document, ...] = ()
    """Documents that are not handed in; each becomes a PDF of its own name."""
    names: Callable[[Any], Names] | None = None
    """Names what is handed in, from the settings."""
    products: tuple[Product, ...] = ()
    steps: tuple[Step, ...] = ()
    """What is computed before the documents are executed."""
    variables: str | None = None
    """``module:function``, called with the project, the settings and the products by name: the values of ``{{< var
    group.name >}}``, by group. A group that is a function without arguments is called for its values, so that the
    others are there before what it reads is made.
    """
    title_page: Callable[[Any], Mapping[str, str]] | None = None
    """Gives the group ``submission`` of the variables, from the settings."""
    printed: str | None = None
    """The product with the values of printed formulas, by the label of the chapter's heading."""
    demands: Demands = field(default_factory=Demands)
    """What is refused in its text."""
    is_trial: Callable[[Any], bool] = lambda settings: False
    """Whether these settings are for trying things out; then claims that do not hold are counted, not listed."""
    scheme: str | None = None
    """The mark scheme: which place answers which part."""
    commands: tuple[str, ...] = ()
    """``module:command`` of further commands."""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant, so that it is said before anything is done.

        Raises
        ------
        InputError
            If a document lies outside the project or has the name of another, or if something that is named is not
            there.
        """
        for document in self.documents:
            path = PurePosixPath(document.path)
            if path.is_absolute() or ".." in path.parts or path.suffix != ".qmd":
                raise InputError(
                    f"{document.path} must be a .qmd file in the project, named from the project's folder."
                )
            _require(f"{document.path} reads the product", document.products, [each.name for each in self.products])
            _require(f"{document.path} reads the step", document.steps, [each.name for each in self.steps])
        _require("`printed` names the product", (self.printed,), [None, *(product.name for product in self.products)])
        results = [product.name for product in self.products] + [step.name for step in self.steps]
        for what, names in (("documents", [each.name for each in self.documents]), ("products or steps", results)):
            if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
                raise InputError(f"Two {what} are called {twice[0]!r}: give each a name of its own.")

    @property
    def documents(self) -> tuple[Document, ...]:
        """Every document, those that others embed from first."""
        return (*([self.notebook] if self.notebook else []), self.document, *self.further)

    def file_names(self, settings: Settings) -> Names:
        """Name what is handed in; the document's own name with the student id, where the report does not say."""
        if self.names is not None:
            return self.names(settings)
        stem = self.document.name
        if not settings.has_placeholder_id:
            stem = f"{settings.student_id}-{stem}"
        notebook = f"{stem}-{self.notebook.name}.ipynb" if self.notebook else None
        return Names(pdf=f"{stem}.pdf", notebook=notebook, zip=f"{stem}.zip")


def _require(what: str, wanted: Iterable[str | None], have: Sequence[str | None]) -> None:
    for name in wanted:
        if name not in have:
            others = ", ".join(filter(None, have)) or "none"
            raise InputError(f"{what} {name!r}, which the report does not have (it has: {others}).")


def imported(name: str) -> Any:
    """Import ``module:attribute``.

    Raises
    ------
    InputError
        If the module or the attribute is not there, or the module cannot be imported.
    """
    module, _, attribute = name.partition(":")
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise InputError(f"{name} needs the module {error.name}, which is not there: install it.") from error
        raise InputError(f"The report names {name}, but there is no module {error.name}.") from None
    except (InputError, WorkError, Interrupted):
        raise
    except Exception as error:
        raise InputError(f"The report names {name}, which cannot be imported: {described(error)}.") from error
    if not hasattr(found, attribute):
        raise InputError(f"The report names {name}, but {module} has no {attribute or 'part without a name'}.")
    return getattr(found, attribute)


def called(name: str | Callable[..., Any], *arguments: Any, what: str, **named: Any) -> Any:
    """Call a function of a report, or ``module:function``.

    Raises
    ------
    InputError
        If it is not there.
    WorkError
        If it raises: with `what` it does, the error, and the place in the report's code.
    """
    function = imported(name) if isinstance(name, str) else name
    try:
        return function(*arguments, **named)
    except (InputError, WorkError, Interrupted):
        raise
    except Exception as error:
        raise WorkError(f"{what}: {described(error)}.") from error


def described(error: Exception) -> str:
    """Say in a line what an error in a report's own code is, and where it was raised."""
    text = (str(error).strip().splitlines() or [""])[0].rstrip(".")
    kind = "" if isinstance(error, AssertionError) and text else type(error).__name__
    if isinstance(error, SyntaxError):
        return f"{kind}: {error.msg} ({Path(error.filename or '?').name}:{error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return ": ".join(filter(None, (kind, text))) + place
