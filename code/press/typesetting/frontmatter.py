"""Turns a document's options into what the template reads: title, authors, date, words before numbers, contents."""

from __future__ import annotations

import contextlib
import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from handin.errors import InputError
from press.source import references
from press.source.options import each_of, listed, moving_date
from press.source.qmd import CALLOUTS, FLOATS, THEOREMS, Document, Kind, Line
from press.source.refusals import Judge, heading
from press.typesetting import bibliography, places
from press.typesetting.formats import Extension

WORDS = {
    language: words.split()
    for language, words in {
        "en": "Figure Table Listing Equation Section Theorem Lemma Corollary Proposition "
        "Conjecture Definition Example Exercise Algorithm Remark Solution Proof "
        "Note Tip Important Warning Caution Line Lines Abstract References",
        "de": "Abbildung Tabelle Listing Gleichung Kapitel Theorem Lemma Korollar Aussage "
        "Annahme Definition Beispiel Übungsaufgabe Algorithmus Anmerkung Lösung Beweis "
        "Hinweis Tipp Wichtig Warnung Vorsicht Zeile Zeilen Zusammenfassung Literatur",
        "fr": "Figure Tableau Listing Équation Section Théorème Lemme Corollaire Proposition "
        "Conjecture Définition Exemple Exercice Algorithme Remarque Solution Preuve "
        "Note Astuce Important Avertissement Attention Ligne Lignes Résumé Références",
        "es": "Figura Tabla Listado Ecuación Sección Teorema Lema Corolario Proposición "
        "Conjetura Definición Ejemplo Ejercicio Algoritmo Observación Solución Demostración "
        "Nota Consejo Importante Advertencia Precaución Línea Líneas Resumen Referencias",
        "it": "Figura Tabella Listato Equazione Sezione Teorema Lemma Corollario Proposizione "
        "Congettura Definizione Esempio Esercizio Algoritmo Osservazione Soluzione Dimostrazione "
        "Nota Consiglio Importante Avviso Attenzione Linea Linee Sommario Riferimenti",
        "pt": "Figura Tabela Listagem Equação Seção Teorema Lema Corolário Proposição "
        "Conjetura Definição Exemplo Exercício Algoritmo Comentário Solução Comprovação "
        "Nota Dica Importante Aviso Cuidado Linha Linhas Resumo Referências",
        "nl": "Figuur Tabel Listing Vergelijking Paragraaf Stelling Lemma Conclusie Voorstel "
        "Aanname Definitie Voorbeeld Oefening Algoritme Opmerking Oplossing Bewijs "
        "Opmerking Tip Belangrijk Waarschuwing Opgelet Regel Regels Samenvatting Referenties",
    }.items()
}
"""For each language the words before numbers, and the headings of the abstract and of the list of sources."""

CROSSREF = (*FLOATS, "eq", "sec", *THEOREMS, "proof", *CALLOUTS, "line", "lines")
"""What the words before the last two are for."""

OF_AFFILIATIONS = "department name address city region state postal-code country".split()
"""What is printed of an affiliation, in this order."""

OF_AUTHORS = frozenset("id name literal affiliation affiliations email".split())

_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_STYLES = {"full": "dddd, MMMM D, YYYY", "long": "MMMM D, YYYY", "medium": "MMM D, YYYY", "short": "M/D/YY",
           "iso": "YYYY-MM-DD"}  # fmt: skip
_PAPER = {"letter": "us-letter", "legal": "us-legal"}
PLAIN = ("title", "subtitle", "abstract", "student-id", "module", "submitted", "floating", "toc-depth", "toc-title")


def metadata(document: Document, extension: Extension, root: Path) -> dict[str, Any]:
    """Collect what the template reads from the document's options, and from the format's where the document has none.

    An option that cannot have its effect is refused.
    """
    own = {key: value for key, value in extension.options.items() if key not in ("filters", "font-paths")}
    options = {key: value for key, value in {**own, **document.options}.items() if value is not None}
    values: dict[str, Any] = {key: _without_breaks(options[key]) for key in PLAIN if key in options}
    lang = str(options.get("lang", "en"))
    language, _, region = lang.partition("-")
    values |= {
        "lang": language,
        "papersize": _PAPER.get(paper := str(options.get("papersize", "a4")), paper),
        "bibliographystyle": _style(options, document, root),
        **words_before_numbers(options, language),
    }
    if not extension.promises:
        values["number-unlabelled"] = True
    elif "abstract-title" not in options:
        del values["abstract-title"]  # Quarto hands over none to a format
    judge, words = Judge(extension.promises), options.get("crossref", {})
    if language not in WORDS and "fig-prefix" not in words:
        unknown = f"the words before numbers are not known in the language {language!r}"
        judge.mind(
            places.in_file(document, "lang:"), f"{unknown}: give them under crossref, as fig-prefix and fig-title."
        )
    for key in sorted(words.keys() - {f"{kind}-{use}" for kind in CROSSREF for use in ("title", "prefix")}):
        judge.mind(places.in_file(document, f"{key}:"), f"crossref: the key {key!r} is not supported.")
    for key in sorted({key for author in _given_authors(options) for key in author.keys() - OF_AUTHORS}):
        place = places.in_file(document, f"{key}:")
        judge.mind(place, f"author: the key {key!r} is not supported; what stands there would not be printed.")
    for wanted, words in _lost_affiliations(options):
        judge.mind(places.in_file(document, wanted), words)
    if region:
        values["region"] = region
    if authors := _authors(options):
        values["by-author"] = authors
    if "date" in options:
        values["date"] = _date(options, document, language, judge)
    if keywords := listed(options.get("keywords")):
        values["keywords"] = [word.strip() for each in keywords for word in each.split(",")]
    if options.get("toc"):
        values["toc"] = True
    if options.get("number-sections", "section-numbering" in options):
        values["section-numbering"] = options.get("section-numbering", "1.1")
        values["number-depth"] = options.get("number-depth", 6)
    nocite = str(options.get("nocite", ""))
    if "@*" in nocite:
        values["bibliography-full"] = True
    elif cited := re.findall(r"@([\w:.#$%&+?<>~/-]*\w)", nocite):
        values["nocite"] = cited
    return values


def _without_breaks(value: Any) -> Any:
    """Put a space in place of HTML's line break, of which pandoc would leave nothing."""
    return re.sub(r"\s*<br\s*/?>\s*", " ", value, flags=re.IGNORECASE) if isinstance(value, str) else value


def of_sources(
    lines: Sequence[Line], values: Mapping[str, Any], document: Document, root: Path, *, strict: bool
) -> dict[str, Any]:
    """Add to `values`, which the template reads, the list of sources: where the text has it, if anything is cited.

    `lines` are the Markdown that is set. What is wrong with a cited source is refused; with `strict`, with any.
    """
    found = dict(values)
    names = {key for key, _ in references.citations(lines)} | set(found.get("nocite", ()))
    files = bibliography.cited(
        root,
        document.path.parent,
        document.options,
        names,
        style=found["bibliographystyle"],
        everything=strict or "bibliography-full" in found,
        strict=strict,
    )
    if names or "bibliography-full" in found:
        found["bibliography"] = ["/" + path.resolve().relative_to(root.resolve()).as_posix() for path in files]
    texts = [line for line in lines if line.kind is Kind.TEXT and line.text.strip()]
    if any("#refs" in line.plain and line.text.lstrip().startswith(":::") for line in texts):
        found["sources-placed"] = True
    elif texts and re.fullmatch(r"#+\s+(References|Bibliography|Works cited)\s*(\{.*\})?", texts[-1].text, re.I):
        found["references-title"] = ""  # the heading is there
    return found


def moved(options: Mapping[str, Any], lines: Sequence[Line], *, strict: bool) -> int:
    """Say by how many levels the headings of `lines`, the Markdown that is set, are moved.

    The document says so; else the topmost ones become those of level 1, as with Quarto where there is a title above
    them. With `strict` they stay as they are. A heading that cannot be moved that far stays, and is told.
    """
    found = [(line, level) for line in lines for level, _ in filter(None, [heading(line)])]
    underlined = any(line.kind is Kind.TEXT and re.fullmatch(r"=+\s*", line.text) for line in lines)
    shift = options.get("shift-heading-level-by")
    if shift is None:
        return 0 if strict or underlined or not found else 1 - min(level for _, level in found)
    for line, level in found:
        if level + shift < 1:
            words = f"this heading is of level {level} and cannot be moved by {shift}: it stays."
            Judge(strict).mind(line.place, words)
    return int(shift)


def _style(options: Mapping[str, Any], document: Document, root: Path) -> str:
    if not (csl := options.get("csl")):
        return str(options.get("bibliographystyle", bibliography.DEFAULT_STYLE))
    for base in (document.path.parent, root):
        path = (base / str(csl).lstrip("/")).resolve()
        if path.is_file() and root.resolve() in path.parents:
            return "/" + path.relative_to(root.resolve()).as_posix()
    words = f"the file {csl} with the style of citations is not in the project: {bibliography.remedy(str(csl))}."
    raise InputError(f"{places.in_file(document, str(csl))}: {words}")


def words_before_numbers(options: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Return the words before numbers, and two headings, by the template's names.

    The document's own words are under ``crossref``; the others are English where those of the language are not known.
    """
    given = options.get("crossref", {})
    known = WORDS.get(language, WORDS["en"])
    return {
        "crossref": {
            kind: {use: _one(given.get(f"{kind}-{use}", word)) for use in ("title", "prefix")}
            for kind, word in zip(CROSSREF, known, strict=False)
        },
        "abstract-title": str(options.get("abstract-title", known[-2])),
        "references-title": str(options.get("reference-section-title", known[-1])),
    }


def _one(words: Any) -> str:
    """Return a word, or the first of several: Quarto has a list for the singular and the plural."""
    return str(words[0] if isinstance(words, list) and words else words)


def _authors(options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Bring authors, which may be a name, a group of keys or a list of either, into the shape that Quarto's has."""
    authors = _given_authors(options)
    known = _known_affiliations(options, authors)
    own = options.get("affiliation", options.get("institute"))
    if not known and own is not None:
        authors = [{"affiliation": own, **author} for author in authors]
    found = []
    for author in authors:
        name = author.get("name", author.get("literal"))
        if isinstance(name, dict):
            name = name.get("literal") or " ".join(str(name[k]) for k in ("given", "family") if k in name)
        if not name:
            continue
        names = [_affiliation(place, known) for place in _places(author)]
        found.append({"name": {"literal": str(name)}, "affiliations": [{"name": name} for name in names if name]})
        if author.get("email"):
            found[-1]["email"] = str(author["email"])
    return found


def _given_authors(options: Mapping[str, Any]) -> list[dict[str, Any]]:
    given = each_of(options.get("author", options.get("authors")))
    return [each if isinstance(each, dict) else {"name": each} for each in given]


def _places(author: Mapping[str, Any]) -> list[Any]:
    return each_of(author.get("affiliations", author.get("affiliation")))


def _known_affiliations(options: Mapping[str, Any], authors: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the affiliations by their ids; those of one author may be named by another."""
    given = [place for each in (options, *authors) for place in each_of(each.get("affiliations"))]
    return {str(place["id"]): place for place in given if isinstance(place, dict) and "id" in place}


def _lost_affiliations(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Find affiliations that would not be printed: (what stands where it is written, what is to be said of it)."""
    authors = _given_authors(options)
    known = _known_affiliations(options, authors)
    own = [place for author in authors for place in _places(author)]
    named = {str(place.get("ref")) if isinstance(place, dict) else str(place) for place in own}
    for place in own:
        if isinstance(place, dict) and "ref" in place and (ref := str(place["ref"])) not in known:
            yield f"ref: {ref}", f"no affiliation has the id {ref!r}: write id: {ref} beside its name."
    for place in each_of(options.get("affiliations")):
        name, id_ = (place.get("name"), place.get("id")) if isinstance(place, dict) else (place, place)
        if str(id_) not in named:
            fix = "give it an id, and write affiliations: [{ref: id}] under the author"
            yield str(name), f"the affiliation {str(name)!r} is no author's and would not be printed: {fix}."


def _affiliation(place: Any, known: Mapping[str, Any]) -> str:
    place = known.get(str(place.get("ref", "") if isinstance(place, dict) else place), place)
    if not isinstance(place, dict):
        return str(place)
    return ", ".join(str(place[key]) for key in OF_AFFILIATIONS if place.get(key))


_NUMBERS = "%m/%d/%Y %m-%d-%Y %m/%d/%y %m-%d-%y %d/%m/%Y %d-%m-%Y %Y/%m/%d".split()
"""The dates in numbers that Quarto reads, in its order: 03/07/2024 is the seventh of March."""
_NAMED = ("%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y", "%B %d %Y", "%d %m %Y", "%m %d, %Y")


def _as_date(text: str, document: Document, *, in_words: bool) -> datetime.date | str:
    """Read a date; `in_words` also one with words or spaces, which stands as it is where no other form is asked for."""
    if iso := re.fullmatch(r"(\d{4}-\d\d-\d\d)([T ]\d\d:\d\d.*)?", text):
        try:
            return datetime.date.fromisoformat(iso[1])
        except ValueError:
            raise InputError(
                f"{places.in_file(document, text)}: there is no {iso[1]} in the calendar: change the date."
            ) from None
    for form in (*_NUMBERS, *(_NAMED if in_words else ())):
        with contextlib.suppress(ValueError):
            return datetime.datetime.strptime(text, form).date()
    return text


def _date(options: Mapping[str, Any], document: Document, language: str, judge: Judge) -> str:
    """Work the date out, and write it as it is asked for; a text that is no date stays as it is."""
    given = moving_date(options["date"], document.path) or options["date"]
    if isinstance(given, str):
        given = _as_date(given.strip(), document, in_words="date-format" in options)
    if not isinstance(given, datetime.date):
        if "date-format" in options:
            words = f"the date {given!r} is printed as it stands, since it cannot be read: write it as 2026-11-23"
            judge.mind(places.in_file(document, "date-format:"), f"date-format has no effect: {words}.")
        return str(given)
    style = str(options.get("date-format", "long" if language == "en" else "iso"))
    tokens = {
        "YYYY": f"{given.year:04}", "YY": f"{given.year % 100:02}", "MMMM": _MONTHS[given.month - 1],
        "MMM": _MONTHS[given.month - 1][:3], "MM": f"{given.month:02}", "M": str(given.month),
        "DD": f"{given.day:02}", "D": str(given.day), "dddd": _DAYS[given.weekday()], "ddd": _DAYS[given.weekday()][:3],
    }  # fmt: skip
    style = _STYLES.get(style, style)
    if language != "en" and re.search(r"MMM|ddd", re.sub(r"\[[^\]]*\]", "", style)):
        raise InputError(
            f"{places.in_file(document, 'date-format:')}: date-format: the names of months and days are there in "
            "English alone: write the date as it is to be printed, in quotes, and leave date-format out."
        )
    pattern = "|".join(sorted(tokens, key=len, reverse=True))
    return re.sub(rf"\[([^\]]*)\]|{pattern}", lambda m: m[1] or tokens[m[0]], style)
