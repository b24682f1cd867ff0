"""The formulas of the report: set right, spoken in words, or refused by name.

What a formula must show is taken from somebody else's reading of the same TeX: pandoc's MathML.
"""

import html
import json
import re
import subprocess
import unicodedata
from collections import Counter

import pypdfium2
import pytest
import sympy as sp
import typst
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copies import ROOT
from press.typesetting.pandoc import pandoc

EXTENSION = ROOT / "report" / "_extensions" / "coursework"
FIXTURES = ROOT / "tests" / "fixtures"


def fixture_formulas(name: str) -> dict[str, str]:
    lines = (FIXTURES / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split(" :: ", 1) for line in lines if line and not line.startswith("#"))


def sympy_formulas() -> dict[str, str]:
    x, y, b, lam, x10 = sp.symbols("x y b lambda x_10")
    w = sp.symbols("w1:4", real=True)
    n, i = sp.symbols("n i", integer=True)
    f, g = sp.Function("f"), sp.Function("g")
    expressions = [
        sp.Derivative(f(x, y), x, y, y),
        sp.Integral(sp.exp(-(x**2)), (x, 0, sp.oo)),
        sp.Sum(1 / i**2, (i, 1, n)),
        sp.Product(x + i, (i, 1, n)),
        sp.Piecewise((0, x < 0), (x, sp.Eq(x, 2)), (x**2, True)),
        sp.diff(1 / (1 + sp.exp(-w[0] * x - b)), w[0]),
        sp.diff(f(g(x)), x),
        sp.Matrix([[x, y], [sp.Rational(1, 3), -sp.sqrt(2)]]),
        sp.Matrix([x, y, b]).T,
        sp.Max(0, w[0] * x + w[1] * y),
        sp.Heaviside(x) + sp.Abs(x - y) + sp.sign(x),
        sp.tanh(x) ** 2 + sp.log(sp.sin(x)) / sp.cos(y),
        sp.Eq(sp.Symbol("y"), x10 * lam, evaluate=False),
        sp.Mul(sp.Rational(1, 2), x, y, evaluate=False),
        sp.Limit(sp.sin(x) / x, x, 0),
        sp.Subs(sp.Derivative(f(x), x), x, 0),
        sp.And(x > 0, sp.Or(y <= 1, sp.Ne(x, y))),
        sp.Interval(0, sp.oo).intersect(sp.Interval.open(-1, 5)),
        sp.Float("1.2e-7") * x,
        sp.factorial(n) + sp.binomial(n, i) + sp.floor(x) + sp.ceiling(y),
        sp.KroneckerDelta(i, n) + sp.erf(x) + sp.conjugate(x) + sp.re(x),
        sp.MatrixSymbol("W", 2, 3) * sp.MatrixSymbol("X", 3, 1) + sp.MatrixSymbol("b", 2, 1),
        sp.HadamardProduct(sp.MatrixSymbol("A", 2, 2), sp.MatrixSymbol("B", 2, 2)),
        sp.Indexed("h", sp.Symbol("t") - 1) * sp.Symbol(r"\tilde{c}_t") + sp.Symbol("alpha_1") ** 10,
        sp.root(x, 3) + sp.sqrt(1 / x) + x ** sp.Rational(2, 3) + x**-2,
        sp.FiniteSet(1, 2, x),
        sp.Lambda(x, x**2),
        sp.LambertW(x) + sp.gamma(x) + sp.DiracDelta(x),
    ]
    plain = {f"sympy_{k}": sp.latex(e) for k, e in enumerate(expressions)}
    plain["sympy_dot"] = sp.latex(sp.Mul(3, x, sp.exp(y), evaluate=False), mul_symbol="dot")
    plain["sympy_times"] = sp.latex(sp.Mul(3, x**2, evaluate=False), mul_symbol="times", fold_short_frac=True)
    return plain


FORMULAS = {**fixture_formulas("math.txt"), **fixture_formulas("math-more.txt"), **sympy_formulas()}


def document(formulas: list[str], kind: str = "DisplayMath") -> str:
    blocks = [{"t": "Para", "c": [{"t": "Math", "c": [{"t": kind}, formula]}]} for formula in formulas]
    return json.dumps({"pandoc-api-version": [1, 23, 1], "meta": {}, "blocks": blocks})


def run(arguments: list[str], text: str) -> subprocess.CompletedProcess:
    return subprocess.run([str(pandoc()), *arguments], input=text, capture_output=True, text=True, check=False)


def converted(formulas: list[str], kind: str = "DisplayMath") -> list[tuple[str, str]]:
    """Return, for each formula, the Typst that the filter makes of it, and its alternative text."""
    done = run(
        ["-f", "json", "-t", "typst", "--wrap=none", "-L", str(EXTENSION / "formulas.lua")], document(formulas, kind)
    )
    assert done.returncode == 0, done.stderr
    parts = [part.strip() for part in re.split(r"(?m)^(?=#math\.equation\()", done.stdout) if part.strip()]
    assert len(parts) == len(formulas)
    return [(part, re.search(r'alt: "((?:[^"\\]|\\.)*)"', part)[1]) for part in parts]


def pages(codes: list[str]) -> list[str]:
    """Set each piece of Typst on a page of its own and read the pages' text back."""
    head = (
        "#set page(width: 30cm, height: auto, margin: 1cm)\n"
        '#show math.equation: set text(font: ("Libertinus Math", "New Computer Modern Math"))\n'
    )
    pdf = typst.compile(
        (head + "\n#pagebreak()\n".join(codes)).encode(),
        font_paths=[str(EXTENSION / "fonts")],
        ignore_system_fonts=True,
    )
    read = pypdfium2.PdfDocument(pdf)
    assert len(read) == len(codes)
    return [page.get_textpage().get_text_bounded() for page in read]


COMPARED = set("+−=<>≤≥≠≈≡∼→←⇒⟹↦∈∉∋⊂⊆⊈∪∩∖∅×⋅±∘⊙⊗∗∂∇∑∏∫∮∞∀∃∧∨¬!%$#;,")


def signs(text: str) -> Counter:
    """Count what a reader sees: letters, digits and the signs that do not stretch.

    Alphabets for mathematics are folded into plain letters; a sign above or below a letter is left out, since MathML
    and PDF write it differently.
    """
    text = unicodedata.normalize("NFKC", text.replace("…", ""))
    # A mark above a letter is not compared, a slash through a sign is a part of it.
    text = "".join(c if c in COMPARED else unicodedata.normalize("NFKD", c) for c in text)
    text = "".join(c for c in text if not unicodedata.combining(c))
    same = {"-": "−", "*": "∗", "\u0131": "i", "⋆": "∗", "≔": ":=", "∶": ":", "⁎": "∗", "·": "⋅", "\\": "∖"}
    folded = "".join(same.get(c, c) for c in text)
    return Counter(c for c in folded if c.isalnum() or c in COMPARED)


def mathml_signs(formulas: list[str]) -> list[Counter | None]:
    """Read what pandoc's MathML of each formula shows; None where pandoc cannot convert it."""
    done = run(["-f", "json", "-t", "html", "--mathml", "--wrap=none"], document(formulas))
    assert done.returncode == 0, done.stderr
    paragraphs = re.findall(r"<p>(.*?)</p>", done.stdout, re.DOTALL)
    assert len(paragraphs) == len(formulas)
    found = []
    for paragraph in paragraphs:
        if "<math" not in paragraph:
            found.append(None)
            continue
        body = re.sub(r"<annotation.*?</annotation>", "", paragraph, flags=re.DOTALL)
        body = re.sub(r'<mo accent="true"[^>]*>.*?</mo>|<mo stretchy="true"[^>]*accent[^>]*>.*?</mo>', "", body)
        found.append(signs(html.unescape(re.sub(r"<[^>]*>", "", body))))
    return found


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


# -- words -----------------------------------------------------------------------------------------------------------

SPOKEN = {
    r"\frac{\partial y}{\partial x_2} = -1": "partial y by partial x sub 2 equals minus 1",
    r"\frac{\partial l}{\partial a}\frac{\partial a}{\partial z}": (
        "partial l by partial a times partial a by partial z"
    ),
    r"\frac{d}{dx} f(x)": "d by d x f of x",
    r"x^2 + y^3 + z^{-1} + w^{n}": "x squared plus y cubed plus z to the power minus 1 plus w to the power n",
    r"\frac{1}{2} + \frac{a}{b}": "one half plus a over b",
    r"\frac{a+b}{c}": "the fraction a plus b over c, end fraction",
    r"\tilde{\mathbf{c}}_t": "bold c tilde sub t",
    r"\hat{y}^{(i)}": "y hat superscript i",
    r"\mathbf{W}^\top \mathbf{x}": "bold capital W transpose bold x",
    r"\sum_{i=1}^{n} x_i": "the sum from i equals 1 to n of x sub i",
    r"\lim_{x \to 0} f(x)": "the limit as x tends to 0 of f of x",
    r"\operatorname*{arg\,min}_{\theta} J(\theta)": "the arg min over theta of capital J of theta",
    r"\sigma'(z) = \sigma(z)(1 - \sigma(z))": (
        "sigma prime of z equals sigma of z open bracket 1 minus sigma of z close bracket"
    ),
    r"a \odot b \le c": "a elementwise times b is less than or equal to c",
    r"\tanh(x)": "hyperbolic tangent of x",
    r"\theta \gets \theta - \eta g": "theta becomes theta minus eta g",
    r"\left\| w \right\|_2^2": "the norm of w sub 2 squared",
    r"|x| + \lvert y \rvert": "the absolute value of x plus the absolute value of y",
    r"\sqrt{x} + \sqrt[3]{y}": "the square root of x plus the cube root of y",
    r"\sqrt{v_t + \epsilon}": "the square root of v sub t plus epsilon, end root",
    r"\sqrt{\hat v_t} + \epsilon": "the square root of v hat sub t, end root, plus epsilon",
    r"\|W_h\|^T": "the norm of capital W sub h to the power capital T",
    r"\sigma(1)^T": "sigma of 1, close bracket, superscript capital T",
    r"\tanh' = 1 - \tanh^2": "hyperbolic tangent prime equals 1 minus hyperbolic tangent squared",
    r"h_{t-1}": "h sub t minus 1, end sub",
    r"\begin{cases} 1 & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}": (
        "2 cases: case 1, 1 if x is greater than 0; case 2, 0 otherwise; end cases"
    ),
    r"\begin{bmatrix} a & b \\ c & d \end{bmatrix}": "the 2 by 2 matrix: row 1, a, b; row 2, c, d; end matrix",
    r"\begin{aligned} a &= b \\ &= c \end{aligned}": "line 1: a equals b; line 2: equals c",
    r"\left. x^2 \right|_{x=0}": "x squared, evaluated at x equals 0",
    r"\underbrace{a+b}_{\text{sum}}": "a plus b, braced as sum",
    r"x \in \mathbb{R}^{m \times n}": "x in real space of dimension m by n",
    r"f\colon A \to B": "f colon capital A to capital B",
    r"\mathrm{MSE} = \operatorname{atan}(x)": "MSE equals arc tangent of x",
    r"p(y \mid x)": "p of y given x, close bracket",
    r"\nabla_\theta \mathcal{L}": "nabla sub theta script capital L",
    r"\frac{\frac{a}{b}}{c}": "the fraction a over b all over c, end fraction",
    r"1.2 \times 10^{-7}": "1.2 times 10 to the power minus 7",
    "x₂ + 10⁻⁷": "x sub 2 plus 10 to the power minus 7",
}


def test_spoken_words():
    said = dict(zip(SPOKEN, (alt for _, alt in converted(list(SPOKEN))), strict=True))
    assert said == SPOKEN


def test_every_formula_is_spoken_without_signs(every_formula):
    for name, (_, alt, _) in every_formula.items():
        assert re.fullmatch(r"[^\W_][\w ,;:.%#’+!?-]*", alt), f"{name}: {alt}"
        assert not re.search("  | ,", alt), f"{name}: {alt}"


def test_every_letter_and_number_of_a_formula_is_spoken(every_formula):
    for name, (_, alt, printed) in every_formula.items():
        spoken = unicodedata.normalize("NFKC", alt)
        for number in re.findall(r"\d{2,}", FORMULAS[name].replace("{,}", ",")):
            assert number in spoken or name == "digits", f"{name}: {number} is not in “{alt}”"
        for letter in {c for c in signs(printed) if c.isascii() and c.isalpha()}:
            assert re.search(letter, spoken, re.IGNORECASE), f"{name}: {letter} is not in “{alt}”"


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
    r"x \tag{1}": r"\tag cannot be set",
    r"\textcolor{mauve}{x}": "the colour “mauve” is not known",
    r"\not\alpha": r"\not has no sign for what follows it",
    r"\text{\includegraphics{x}}": r"\includegraphics is not known in text",
    r"\begin{array}{p{2cm}} a \end{array}": "of an array are not known",
    r"x \hspace{1furlong} y": "the length “1furlong” is not known",
    r"\left x \right)": r"\left needs a delimiter",
    r"x^": "an argument is missing",
    r"\input{secrets}": r"\input is not known",
}


@pytest.mark.parametrize("formula", REFUSED)
def test_a_formula_that_cannot_be_set_is_refused_by_name(formula):
    done = run(["-f", "json", "-t", "typst", "-L", str(EXTENSION / "formulas.lua")], document(["x", formula]))
    assert done.returncode != 0
    assert REFUSED[formula] in done.stderr
    assert f"): {formula}" in done.stderr


def test_no_filter_raises_errors_that_quarto_turns_into_log_lines():
    for path in EXTENSION.glob("*.lua"):
        code = re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8"))
        assert not re.search(r"\berror\s*\(", code), f"{path.name}: use assert(false, …)"


# -- the table of signs ----------------------------------------------------------------------------------------------

# Where pandoc takes a variant or a shorter form of the same sign.
VARIANTS = set(
    "varkappa varrho varsigma varnothing square blacksquare ast bullet setminus amalg triangleleft triangleright "
    "leqslant geqslant models preceq succeq longrightarrow longleftarrow longleftrightarrow Longrightarrow "
    "Longleftarrow iff Longleftrightarrow longmapsto leadsto lVert rVert degree surd".split()
)


def table_of_signs() -> dict[str, str]:
    source = (EXTENSION / "symbols.lua").read_text(encoding="utf-8")
    table = re.search(r"local lines = \[\[\n(.*?)\]\]", source, re.DOTALL)[1]
    return {line.split(" ")[0]: line.split(" ")[1] for line in table.splitlines()}


def test_signs_are_the_characters_that_pandoc_takes():
    table = table_of_signs()
    done = run(["-f", "json", "-t", "html", "--mathml", "--wrap=none"], document(["\\" + name for name in table]))
    wrong = {}
    for name, paragraph in zip(table, re.findall(r"<p>(.*?)</p>", done.stdout, re.DOTALL), strict=True):
        shown = html.unescape(re.sub("<[^>]*>", "", re.sub(r"<annotation.*?</annotation>", "", paragraph))).strip()
        if shown != table[name] and name not in VARIANTS:
            wrong[name] = shown
    assert not wrong


def test_the_fonts_hold_every_sign():
    from fontTools.ttLib import TTFont

    covered = set(TTFont(EXTENSION / "fonts" / "LibertinusMath-Regular.otf").getBestCmap())
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
