"""The formulas of the report: set right, or refused by name. How they are spoken is in `test_speech.py`.

What a formula must show is taken from somebody else's reading of the same TeX: pandoc's MathML.
"""

import html
import re

import pypdfium2
import pytest
import typst
from given_formulas import EXTENSIONS, FONTS, FORMULAS, FORMULAS_FILTER, converted, document, mathml_signs, run, signs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def pages(codes: list[str]) -> list[str]:
    """Set each piece of Typst on a page of its own and read the pages' text back."""
    head = (
        "#set page(width: 30cm, height: auto, margin: 1cm)\n"
        '#show math.equation: set text(font: ("Libertinus Math", "New Computer Modern Math"))\n'
    )
    pdf = typst.compile(
        (head + "\n#pagebreak()\n".join(codes)).encode(),
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
    )
    read = pypdfium2.PdfDocument(pdf)
    assert len(read) == len(codes)
    return [page.get_textpage().get_text_bounded() for page in read]


@pytest.fixture(scope="module")
def every_formula() -> dict[str, tuple[str, str, str]]:
    """Typst, alternative text and printed text of every formula, from one run of pandoc and one of Typst."""
    made = converted(list(FORMULAS.values()))
    texts = pages([code for code, _ in made])
    return {name: (*pair, text) for name, pair, text in zip(FORMULAS, made, texts, strict=True)}


# Formulas that pandoc's MathML lacks, in words that it has.
SAME_TO_PANDOC = {
    "dcases": ("dcases", "cases"),
    "tfrac_dfrac": (r"\cfrac", r"\frac"),
    "nonumber": (r"\\nonumber|\\notag", ""),
    "coloured": (r"\\textcolor\{red\}|\\color \{blue\}|\\color\{blue\}", ""),
    "infix": (r"\{n \\choose k\} \+ \{a \\over b\} \+ \\dbinom", r"\\binom{n}{k} + \\frac{a}{b} + \\binom"),
}


def for_pandoc(name: str) -> str:
    if name not in SAME_TO_PANDOC:
        return FORMULAS[name]
    old, new = SAME_TO_PANDOC[name]
    if name == "tfrac_dfrac":
        return FORMULAS[name].replace(old, new)
    return re.sub(old, new, FORMULAS[name])


def test_every_sign_of_every_formula_is_printed(every_formula):
    expected = mathml_signs([for_pandoc(name) for name in FORMULAS])
    wrong = {}
    for name, reference in zip(FORMULAS, expected, strict=True):
        assert reference is not None, f"pandoc cannot convert {name}: give it an equivalent in SAME_TO_PANDOC"
        printed = signs(every_formula[name][2])
        if printed != reference:
            wrong[name] = {"missing": dict(reference - printed), "added": dict(printed - reference)}
    assert not wrong


def test_fractions_roots_and_scripts_are_those_of_mathml(every_formula):
    names = [n for n, f in FORMULAS.items() if not re.search(r"'|prime|brace|line|arrow|widehat|mathring", f)]
    done = run(["-f", "json", "-t", "html", "--mathml", "--wrap=none"], document([for_pandoc(n) for n in names]))
    paragraphs = re.findall(r"<p>(.*?)</p>", done.stdout, re.DOTALL)
    assert len(paragraphs) == len(names) > 80
    wrong = {}
    for name, mathml in zip(names, paragraphs, strict=True):
        mathml = re.sub(r"<annotation.*?</annotation>", "", mathml, flags=re.DOTALL)

        def tags(*kinds, mathml=mathml):
            return sum(len(re.findall(rf"<{kind}\b", mathml)) for kind in kinds)

        expected = {
            "fractions": tags("mfrac") - len(re.findall(r'<mfrac linethickness="0', mathml)),
            "roots": tags("msqrt", "mroot"),
            "below": tags("msub", "msubsup", "munder", "munderover"),
            "above": tags("msup", "msubsup", "mover", "munderover") - mathml.count('accent="true"'),
        }
        code = every_formula[name][0]
        found = {
            "fractions": len(re.findall(r"\bfrac\(", code)),
            "roots": len(re.findall(r"\b(?:sqrt|root)\(", code)),
            "below": len(re.findall(r"\bb: ", code)),
            "above": len(re.findall(r"\bt: ", code)),
        }
        if found != expected:
            wrong[name] = (found, expected)
    assert not wrong


def test_inline_formulas_print_the_same_signs(every_formula):
    names = [n for n, f in FORMULAS.items() if not re.search(r"&|\\\\", f)]
    made = converted([FORMULAS[n] for n in names], "InlineMath")
    wrong = {}
    for name, text in zip(names, pages([code for code, _ in made]), strict=True):
        if signs(text) != signs(every_formula[name][2]):
            wrong[name] = text
    assert not wrong
    assert all("block: true" not in code for code, _ in made)


# -- refusals --------------------------------------------------------------------------------------------------------

REFUSED = {
    r"\foo{x} + 1": r"\foo is not known",
    r"\frac{a}": "an argument is missing",
    r"{a + b": "a group is not closed",
    r"a + b}": "a closing brace has no opening one",
    r"\left( a + b": r"\left has no \right",
    r"a \right)": r"\right has no \left",
    r"\begin{tikzcd} a \end{tikzcd}": "the environment “tikzcd” is not known",
    r"\begin{cases} a \end{matrix}": "“cases” is closed by “matrix”",
    r"\begin{cases} a": "an environment is not closed",
    r"a_b_c": "two subscripts on one base",
    r"a^b^c": "two superscripts on one base",
    r"\textcolor{mauve}{x}": "the colour “mauve” is not known",
    r"\text{\includegraphics{x}}": r"\includegraphics is not known, at character 7",
    r"\begin{array}{q} a \end{array}": "the columns “q” of an array are not known",
    r"x \hspace{1furlong} y": "the length “1furlong” is not known",
    r"\left x \right)": r"\left needs a delimiter",
    r"x^": "an argument is missing",
    r"\input{secrets}": r"\input is not known",
}


@pytest.mark.parametrize("formula", REFUSED)
def test_a_formula_that_cannot_be_set_is_refused_by_name(formula):
    done = run(["-f", "json", "-t", "typst", "-L", str(FORMULAS_FILTER)], document(["x", formula]))
    assert done.returncode != 0
    assert REFUSED[formula] in done.stderr
    assert f"): {formula}" in done.stderr


def test_no_filter_raises_errors_that_quarto_turns_into_log_lines():
    for path in EXTENSIONS.rglob("*.lua"):
        code = re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8"))
        assert not re.search(r"\berror\s*\(", code), f"{path.name}: use assert(false, …)"


# -- the table of signs ----------------------------------------------------------------------------------------------

# Where pandoc or matplotlib takes a variant or a shorter form of the same sign.
VARIANTS = set(
    "varkappa varrho varsigma varnothing square blacksquare ast bullet setminus amalg triangleleft triangleright "
    "leqslant geqslant models preceq succeq longrightarrow longleftarrow longleftrightarrow Longrightarrow "
    "Longleftarrow iff Longleftrightarrow longmapsto leadsto lVert rVert degree surd centerdot bigcirc "
    "blacklozenge barwedge doublebarwedge eqcolon llangle rrangle".split()
)


def table_of_signs() -> dict[str, str]:
    source = FORMULAS_FILTER.with_name("signs.lua").read_text(encoding="utf-8")
    table = re.search(r"return \[\[\n(.*?)\]\]", source, re.DOTALL)[1]
    lines = [line.split(" ")[:2] for line in table.splitlines()]
    return {name: char for names, char in lines for name in names.split(",")}


def test_signs_are_the_characters_that_pandoc_or_matplotlib_takes():
    from matplotlib._mathtext_data import tex2uni

    table = table_of_signs()
    done = run(["-f", "json", "-t", "html", "--mathml", "--wrap=none"], document(["\\" + name for name in table]))
    wrong, known = {}, 0
    for name, paragraph in zip(table, re.findall(r"<p>(.*?)</p>", done.stdout, re.DOTALL), strict=True):
        shown = html.unescape(re.sub("<[^>]*>", "", re.sub(r"<annotation.*?</annotation>", "", paragraph))).strip()
        if "$$" in shown:  # pandoc does not know it
            shown = chr(tex2uni.get(name, 0))
        known += shown != "\0"
        if shown not in (table[name], "\0") and name not in VARIANTS:
            wrong[name] = shown
    assert not wrong
    assert known > 450


def test_the_fonts_hold_every_sign():
    from fontTools.ttLib import TTFont

    covered = set(TTFont(FONTS / "LibertinusMath-Regular.otf").getBestCmap())
    missing = {name: char for name, char in table_of_signs().items() if ord(char) not in covered}
    # These come from New Computer Modern Math, which Typst embeds; the PDF must show them.
    made = converted(["\\" + name for name in missing])
    for (name, char), text in zip(missing.items(), pages([code for code, _ in made]), strict=True):
        assert char in text, name


# -- formulas that nobody wrote --------------------------------------------------------------------------------------

letters = st.sampled_from(
    [*"abcxyzwWLN", r"\alpha", r"\theta", r"\sigma", r"\lambda", r"\Delta", r"\epsilon", "1", "20", "0.5"]
)
relations = st.sampled_from(
    ["=", "<", r"\le", r"\approx", r"\in", r"\to", "+", "-", r"\cdot", r"\odot", r"\times", ","]
)


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(inner, inner)
    return st.one_of(
        pair.map(lambda p: rf"\frac{{{p[0]}}}{{{p[1]}}}"),
        pair.map(lambda p: rf"{{{p[0]}}}_{{{p[1]}}}"),
        pair.map(lambda p: rf"{{{p[0]}}}^{{{p[1]}}}"),
        st.tuples(inner, relations, inner).map(" ".join),
        inner.map(lambda s: rf"\sqrt{{{s}}}"),
        inner.map(lambda s: rf"\left({s}\right)"),
        inner.map(lambda s: rf"\mathrm{{f}}({s})"),
        inner.map(lambda s: rf"\hat{{{s}}}"),
        inner.map(lambda s: rf"\boldsymbol{{{s}}}"),
        inner.map(lambda s: rf"\overline{{{s}}}"),
        inner.map(lambda s: rf"\text{{where }} {s}"),
        pair.map(lambda p: rf"\sum_{{{p[0]}}}^{{{p[1]}}} q"),
        pair.map(lambda p: rf"\underset{{{p[0]}}}{{{p[1]}}}"),
        st.tuples(inner, inner, inner, inner).map(
            lambda p: rf"\begin{{bmatrix}} {p[0]} & {p[1]} \\ {p[2]} & {p[3]} \end{{bmatrix}}"
        ),
        pair.map(lambda p: rf"\begin{{cases}} {p[0]} & \text{{if }} {p[1]} \\ 0 & \text{{otherwise}} \end{{cases}}"),
    )


grammar = st.recursive(letters, larger, max_leaves=9)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(grammar, min_size=15, max_size=15))
def test_any_formula_is_set_with_all_its_signs_and_spoken(formulas):
    made = converted(formulas)
    printed = pages([code for code, _ in made])
    for formula, reference, (_, alt), text in zip(formulas, mathml_signs(formulas), made, printed, strict=True):
        assert reference is not None, formula
        assert signs(text) == reference, formula
        assert re.fullmatch(r"[^\W_][\w ,;:.-]*", alt), f"{formula}: {alt}"
