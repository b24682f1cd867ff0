"""The options that documents and cells may set, each with what it does; any other is refused by name."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from handin.errors import InputError

NOTHING = "nothing in a PDF"
EXECUTION_ALONE = "nothing: what is executed, and when, is decided by the cache"


@dataclass(frozen=True)
class Option:
    """What an option does, in words for whoever looks up what is let through, and what it may be."""

    does: str
    types: tuple[type, ...] = ()
    """The types of its values; any if there are none."""
    words: str = ""
    """The same for the author."""
    values: tuple[Any, ...] = ()
    """The values that it may have, if these are few."""


_flag = partial(Option, types=(bool,), words="true or false")
_text = partial(Option, types=(str,), words="text in quotes")
_texts = partial(Option, types=(str, list), words="text in quotes")
_title = partial(
    Option, types=(str, int, float, bool, datetime.date), words="text in quotes"
)  # also of a number or date
_number = partial(Option, types=(int, float), words="a number")
_whole = partial(Option, types=(int,), words="a whole number")
_parts = partial(Option, types=(list, bool), words="a list of texts, or true")


EXECUTION = {
    "echo": Option("prints the code", (bool, str), "true, false or fenced", (True, False, "fenced")),
    "eval": _flag("executes the code"),
    "include": _flag("prints the code and what it shows"),
    "output": Option(
        "prints what the cell shows, as Markdown if asis", (bool, str), "true, false or asis", (True, False, "asis")
    ),
    "warning": _flag("true prints what goes to stderr; false does not even tell the author of it"),
    "error": _flag("prints an exception and goes on"),
}
"""What a cell may set, and ``execute`` for all cells of a document."""

FIGURES = {
    "fig-width": _number("is the width of matplotlib's figures, in inches"),
    "fig-height": _number("is the height of matplotlib's figures, in inches"),
    "fig-dpi": _number("is the resolution of matplotlib's figures"),
}

NUMBERED = Option("true numbers the lines of code")

CELL: dict[str, Option] = {
    **EXECUTION,
    **FIGURES,
    "label": _text("is what references name; fig- and tbl- make a numbered float"),
    "fig-cap": _texts("is the figure's caption, or one for each figure"),
    "fig-alt": _texts("is the alternative text, or one for each figure"),
    "fig-subcap": _parts("is a caption for each part, or true for letters alone"),
    "fig-align": Option("aligns the figure", (str,), "left, center or right", ("left", "center", "right", "default")),
    "out-width": _text("is the width at which the figure is set"),
    "tbl-cap": _text("is the table's caption"),
    "tbl-subcap": _parts("is a caption for each part, or true for letters alone"),
    "tbl-colwidths": Option("is the width of each column in percent", (list, str), "a list of numbers"),
    "layout-ncol": _whole("sets the parts in so many columns"),
    "layout-nrow": _whole("sets the parts in so many rows"),
    "lst-label": _text("is what references to the code name"),
    "lst-cap": _text("is the caption of the code"),
    "code-line-numbers": NUMBERED,
    **dict.fromkeys(
        "code-fold code-summary code-overflow code-copy code-tools classes class tags slideshow "
        "panel fig-pos fig-env fig-scap fig-link fig-format fig-responsive lightbox autodep id "
        "html-table-processing tbl-alt lst-alt fig-asp message vscode layout-align fig-cap-location "
        "cap-location tbl-cap-location".split(),
        Option(NOTHING),
    ),
    **dict.fromkeys("cache freeze dependson".split(), Option(EXECUTION_ALONE)),
}

EXECUTE: dict[str, Option] = {
    **EXECUTION,
    **FIGURES,
    "enabled": Option(EXECUTION_ALONE, (bool,), "true; to execute nothing, write eval: false", (True,)),
    **dict.fromkeys(
        "cache freeze daemon daemon-restart debug keep-md keep-ipynb ipynb-shell-interactivity plotly-connected "
        "ipynb-filters message".split(),
        Option(EXECUTION_ALONE),
    ),
}
"""What stands under ``execute`` of a document or a project."""

FORMAT: dict[str, Option] = {
    **FIGURES,
    "toc": _flag("begins with a table of contents"),
    "toc-depth": _whole("is how deep the table of contents goes"),
    "toc-title": _text("is its heading"),
    "number-sections": _flag("numbers the headings"),
    "number-depth": _whole("is how deep headings are numbered"),
    "shift-heading-level-by": _whole("moves headings by so many levels"),
    "section-numbering": _text("is the pattern of the headings' numbers, as Typst has it"),
    "papersize": _text("is the paper's size, as Typst names it"),
    "bibliographystyle": _text("is the style of citations, as Typst names it"),
    "csl": _text("is a file with the style of citations"),
}
"""What a document may set, at its top, and under ``format`` for the PDF."""

FRONT: dict[str, Option] = {
    **FORMAT,
    "title": _title("is the title, on the page and of the PDF"),
    "subtitle": _title("stands under the title"),
    "author": Option("are the authors, with their affiliations"),
    "authors": Option("the same"),
    "affiliation": Option("is where the one author works"),
    "institute": Option("the same"),
    "affiliations": Option("are what authors refer to"),
    "date": Option("is the date; today, now and last-modified are worked out"),
    "date-format": _text("is how the date is written"),
    "abstract": _title("stands before the text"),
    "abstract-title": _text("is the heading of the abstract"),
    "keywords": Option("are the keywords, on the page and of the PDF"),
    "lang": _text("is the language: of hyphenation, and of the words before numbers"),
    "bibliography": Option("are the files with the sources", (str, list), "a file's name"),
    "references": Option("are the sources themselves", (list,), "a list of sources"),
    "nocite": _text("names sources that are listed though nothing cites them"),
    "reference-section-title": _text("is the heading of the list of sources"),
    "crossref": Option("has the words before numbers, as fig-prefix and fig-title", (dict, bool), "a group of keys"),
    "execute": Option("has the options of all cells", (dict,), "a group of keys"),
    "jupyter": Option("is the kernel; python3 alone", (str, dict), "python3"),
    "engine": Option("is the engine; jupyter alone", (str,), "jupyter", ("jupyter",)),
    "format": Option("is the format; the options of a PDF are taken"),
    "student-id": Option("is whose work it is"),
    "module": Option("is the course"),
    "submitted": Option("is when it was handed in"),
    "header-includes": Option("defines macros of TeX for formulas"),
    "include-in-header": Option("defines macros of TeX for formulas, in text"),
    "macros": Option("defines macros of TeX for formulas", (str, list, dict), "definitions, or a name and its text"),
    "code-line-numbers": NUMBERED,
    "floating": Option("names the floats that may move to another place", (list,), "a list of labels"),
    **dict.fromkeys(
        "theme css page-layout code-fold code-tools code-summary code-overflow code-copy code-link "
        "code-block-bg code-block-border-left code-annotations toc-location toc-expand embed-resources self-contained "
        "self-contained-math standalone smooth-scroll anchor-sections html-math-method comments hypothesis listing "
        "categories description image image-alt draft aliases search sidebar navbar website book website-title "
        "title-block-banner title-block-style title-prefix pagetitle link-external-icon link-external-newwindow "
        "citations-hover footnotes-hover crossrefs-hover lightbox fig-responsive page-navigation "
        "back-to-top-navigation reference-location citation-location footnotes grid linkcolor "
        "documentclass classoption pdf-engine latex-engine keep-tex keep-md keep-typ keep-ipynb colorlinks urlcolor "
        "citecolor link-citations cite-method biblatexoptions biblio-style natbiboptions df-print output-file "
        "output-ext editor editor_options citation copyright license doi funding order subject date-modified version "
        "type tags slug layout permalink featured twitter-card open-graph highlight-style syntax-highlighting "
        "fig-align fig-format fig-pos resources metadata-files quarto-required validate-yaml freeze "
        "cache other-links code-links canonical-url mermaid ipynb-shell-interactivity knitr jupytext pdf-standard "
        "running-head slide-number incremental chalkboard logo footer revealjs-plugins execute-dir dir rights "
        "publisher author-meta email orcid extensions shortcodes variables lightbox-group wrap from reader "
        "layout-ncol".split(),
        Option(NOTHING),
    ),
}
"""What may stand in a document's front matter. What the pages of the web, slides and LaTeX have is let through."""

TYPSTS = frozenset("include-in-header logo citation-location reference-location grid output-file".split())
"""Those of them that Quarto heeds under ``typst``, and that have no effect here."""

_NO_TRUTHS = frozenset("y yes on n no off".split())
"""What was true or false in YAML 1.1."""

Doubt = tuple[str, str]
"""A place, and what is wrong there."""


def check(
    given: Mapping[str, Any], known: Mapping[str, Option], what: str, place: Callable[[str], str]
) -> Iterator[Doubt]:
    """Refuse an option that is plainly a slip: nearly another's name, or a value that it cannot have.

    Yields those that nothing is known of. A sentence calls one of them `what`; `place` says where it stands.
    """
    for key, value in given.items():
        option = known.get(key)
        if option is None:
            near = _near(key, known)
            words = f"the {what} {key!r} is not supported{near}."
            if "did you mean" in near:
                raise InputError(f"{place(key)}: {words}")
            yield place(key), words
        elif value is not None and not _fits(value, option):
            hint = f" ({value} is a text)" if bool in option.types and str(value).lower() in _NO_TRUTHS else ""
            raise InputError(f"{place(key)}: the {what} {key} must be {option.words}{hint}.")


def _fits(value: Any, option: Option) -> bool:
    if option.types and (not isinstance(value, option.types) or (isinstance(value, bool) and bool not in option.types)):
        return False
    texts = value if isinstance(value, list) and str in option.types else []
    if not all(isinstance(each, str | int | float) for each in texts):
        return False
    return not option.values or any(value == each and type(value) is type(each) for each in option.values)


def _near(key: str, known: Mapping[str, Option]) -> str:
    from difflib import get_close_matches

    effective = [name for name, option in known.items() if option.does != NOTHING]
    if near := get_close_matches(key, effective, 1, 0.75):
        return f" (did you mean {near[0]}?)"
    return f"; supported: {', '.join(sorted(effective))}" if len(effective) < 35 else ""


def each_of(value: Any) -> list[Any]:
    """Return what may be given as one, as a list of several or not at all."""
    return [] if value is None else value if isinstance(value, list) else [value]


def header_texts(value: Any) -> list[str]:
    """Return what ``include-in-header`` gives as text; its files are for LaTeX."""
    return [str(part["text"]) for part in each_of(value) if isinstance(part, Mapping) and "text" in part]


def listed(value: Any) -> list[str]:
    """Return the texts of what may be given as one, as a list of several or not at all."""
    return list(map(str, each_of(value)))


def moving_date(given: Any, path: Path) -> datetime.date | None:
    """Work out a date that is given by a word, for the document `path`; None where it is another one."""
    if given in ("today", "now"):
        return datetime.date.today()
    return datetime.date.fromtimestamp(path.stat().st_mtime) if given == "last-modified" else None


def ours(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the formats whose options are taken for a PDF, the one that comes first last."""
    return ("pdf", "typst", *(str(name) for name in group(values, "format") if str(name).endswith("-typst")))


def for_pdf(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a project or a front matter sets for a PDF: its own options, and those under ``format``.

    Of several formats, ours comes before ``typst`` and ``pdf``; what other formats set does not concern a PDF.
    """
    found = {key: value for key, value in values.items() if key != "format"}
    for name in ours(values):
        given = group(group(values, "format"), name)
        own = {key: value for key, value in given.items() if key in FRONT and key != "engine"}
        groups = {key: {**group(found, key), **value} for key, value in own.items() if isinstance(value, dict)}
        found |= own | groups
    return found


def group(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the group of keys that stands under a key; an empty one where something else does."""
    found = values.get(key)
    return found if isinstance(found, Mapping) else {}


def merged(project: Mapping[str, Any], front: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a document: the project's, and over them its own; groups are merged key by key."""
    first, second = for_pdf(project), for_pdf(front)
    result = {**first, **second}
    result["format"] = front.get("format", project.get("format"))
    for key in ("execute", "crossref"):
        result[key] = {**group(first, key), **group(second, key)}
    return result
