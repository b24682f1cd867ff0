"""How formulas are spoken: what is said, and that no two formulas that mean different things sound the same."""

import json
import re
import shutil
import unicodedata

import pytest
import speech
from given_formulas import FORMULAS, converted, document, mathml_signs, run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SPOKEN = {
    # what is struck through, and scripts at the left
    r"\cancelto{0}{x} + \cancel{y}": "x, crossed out and become 0, plus y, crossed out",
    r"a \not\ll b": "a is not much less than b",
    r"\sideset{_a^b}{}\sum_{i} x": "the left sub a left superscript b sum over i of x",
    # derivatives and fractions
    r"\frac{\partial y}{\partial x_2} = -1": "partial y by partial x sub 2 equals minus 1",
    r"\frac{\partial l}{\partial a}\frac{\partial a}{\partial z}": (
        "partial l by partial a times partial a by partial z"
    ),
    r"\frac{d}{dx} f(x)": "d by d x f of x",
    r"\frac{\partial^2 f}{\partial x \partial y} z": (
        "the derivative partial squared f by partial x partial y, end derivative, z"
    ),
    r"\frac{1}{2} + \frac{a}{b}": "one half plus a over b",
    r"\frac{a+b}{c}": "the fraction a plus b over c",
    r"\frac{a+b}{c} + 1": "the fraction a plus b over c, end fraction, plus 1",
    r"\frac{\frac{a}{b}}{c}": "the fraction a over b all over c",
    r"\frac{a}{b}\frac{c}{d}": "a over b times c over d",
    r"1/ab": "1 divided by a b",
    r"\binom{n}{k}+1": "n choose k plus 1",
    # indices and powers
    r"x^2 + y^3 + z^{-1} + w^{n}": "x squared plus y cubed plus z to the power minus 1 plus w to the power n",
    r"\tilde{\mathbf{c}}_t": "bold c tilde sub t",
    r"\hat{y}^{(i)} + z^{[l]} + w^{(t-1)}": (
        "y hat superscript i plus z superscript square bracket l plus w superscript t minus 1, end superscript"
    ),
    r"\mathbf{W}^\top \mathbf{x}": "bold capital W transpose bold x",
    r"(\mathbf{A} + I)^{-1} b": "open bracket bold capital A plus capital I close bracket inverse b",
    r"\|W_h\|^T": "the norm of capital W sub h, end norm, to the power capital T",
    r"\sigma(1)^T": "sigma of 1, close bracket, superscript capital T",
    r"h_{t-1}": "h sub t minus 1, end sub",
    r"x_{ij} k": "x sub i j, end sub, k",
    r"x_{-1} + x_+": "x sub minus 1 plus x subscript plus",
    r"e^{ax} + e^a x": "e to the power a x, end power, plus e to the power a times x",
    r"x_{} + y^{}": "x plus y",
    r"{}_nC_k": "left sub n capital C sub k",
    r"\log_2 x": "log base 2 of x",
    r"\sin^2 x + \sin^{-1}(x)": "sine squared x plus inverse sine of x",
    r"1.2 \times 10^{-7}": "1.2 times 10 to the power minus 7",
    "x₂ + 10⁻⁷": "x sub 2 plus 10 to the power minus 7",
    r"\theta_{\max}": "theta sub max",
    # ranges
    r"\sum_{i=1}^{n} x_i": "the sum from i equals 1 to n of x sub i",
    r"\sum' x": "the sum prime of x",
    r"\lim_{x \to 0} f(x)": "the limit as x tends to 0 of f of x",
    r"\operatorname*{arg\,min}_{\theta} J(\theta)": "the arg min over theta of capital J of theta",
    r"\arg\max_x f(x)": "the arg max over x of f of x",
    r"\underset{x}{\operatorname{argmax}} f": "the arg max over x of f",
    r"\texttt{exp}_{s=1}^T": "exp from s equals 1 to capital T",
    r"\mathbb{E}_{x \sim p}[x] = \mathbb{E}[x]": (
        "the expectation over x distributed as p of open square bracket x close square bracket equals "
        "the expectation of x"
    ),
    # functions
    r"\sigma'(z) = \sigma(z)(1 - \sigma(z))": (
        "sigma prime of z equals sigma of z open bracket 1 minus sigma of z close bracket"
    ),
    r"2\sigma(2z) - 1": "2 sigma of 2 z, close bracket, minus 1",
    r"\tanh(x)": "hyperbolic tangent of x",
    r"\tanh' = 1 - \tanh^2": "hyperbolic tangent prime equals 1 minus hyperbolic tangent squared",
    r"p(y \mid x)": "p of y given x, close bracket",
    r"p(1-p)": "p open bracket 1 minus p close bracket",
    r"f(\cdot)": "f of dot",
    r"f(x) y": "f of x times y",
    r"\mathrm{MSE} = \operatorname{atan}(x)": "MSE equals arc tangent of x",
    r"f\colon A \to B": "f colon capital A to capital B",
    # norms, bars, brackets
    r"\left\| w \right\|_2^2": "the norm of w, end norm, sub 2 squared",
    r"||x||_2^2": "the norm of x, end norm, sub 2 squared",
    r"|x| + \lvert y \rvert": "the absolute value of x plus the absolute value of y",
    r"||x|-|y||": ("the absolute value of the absolute value of x minus the absolute value of y, end absolute value"),
    r"\langle a | H | b \rangle": "open angle bracket a bar capital H bar b close angle bracket",
    r"|\psi\rangle\langle\phi|": "ket psi times bra phi",
    r"D(p || q)": "capital D open bracket p double bar q close bracket",
    r"\{x \mid x > 0\}": "open brace x such that x is greater than 0 close brace",
    r"\left. x^2 \right|_{x=0}": "x squared, evaluated at x equals 0",
    r"f\bigg|_{x=0} y": "f, evaluated at x equals 0, end evaluation, y",
    r"F\Big|_a^b": "capital F, evaluated from a to b",
    r"\left. a + b \right)": "a plus b close bracket",
    r"\mathbf 1[x > 0]": "the indicator of x is greater than 0, close square bracket",
    # roots and accents
    r"\sqrt{x} + \sqrt[3]{y}": "the square root of x plus the cube root of y",
    r"\sqrt{v_t + \epsilon}": "the square root of v sub t plus epsilon, end root",
    r"\sqrt{\hat v_t} + \epsilon": "the square root of v hat sub t, end root, plus epsilon",
    r"\hat{y_i} + \overline{ab}": "the quantity y sub i, all hat, plus the quantity a b, all bar",
    r"\underbrace{a+b}_{\text{sum}}": "the quantity a plus b, all, braced as sum",
    # letters and signs
    r"a \odot b \le c": "a elementwise times b is less than or equal to c",
    r"\theta \gets \theta - \eta g": "theta becomes theta minus eta g",
    r"\nabla_\theta \mathcal{L}": "nabla sub theta script capital L",
    r"\nabla\cdot v + \nabla\times v": "nabla dot v plus nabla cross v",
    r"\mathbf a \cdot \mathbf b + \mathbf a \times \mathbf b": "bold a dot bold b plus bold a cross bold b",
    r"\mathsf X + \mathtt X + \mathrm X + X": (
        "sans-serif capital X plus typewriter capital X plus upright capital X plus capital X"
    ),
    r"x \in \mathbb{R}^{m \times n}": "x in real space of dimension m by n",
    r"n \times d": "n by d",
    r"x_1, \dots, x_n": "x sub 1 comma and so on up to x sub n",
    r"a_1 + \cdots + a_n.": "a sub 1 plus and so on plus a sub n",
    r"x = 1, \quad y = 2": "x equals 1 comma, y equals 2",
    # tables
    r"\begin{cases} 1, & \text{if } x > 0. \\ 0, & \text{otherwise.} \end{cases}": (
        "2 cases: case 1, 1, if x is greater than 0; case 2, 0, otherwise"
    ),
    r"\begin{bmatrix} a & b \\ c & d \end{bmatrix}": "the 2 by 2 matrix: row 1, a, b; row 2, c, d",
    r"\begin{pmatrix} a+b & c \end{pmatrix} x": (
        "the 1 by 2 matrix: row 1, column 1, a plus b, column 2, c; end matrix x"
    ),
    r"\begin{aligned} a &= b \\ &= c \end{aligned}": "line 1: a equals b; line 2: equals c",
}


def test_spoken_words():
    said = dict(zip(SPOKEN, (alt for _, alt in converted(list(SPOKEN))), strict=True))
    assert said == SPOKEN


def test_every_sign_has_words_of_its_own():
    source = (speech.EXTENSION / "signs.lua").read_text(encoding="utf-8")
    names = [name for names in re.findall(r"(?m)^(\S+) \S+ \w+$", source) for name in names.split(",")]
    assert len(names) > 400
    said = speech.spoken([rf"a \{name} b" for name in names])
    wrong = {name: one["words"] for name, one in zip(names, said, strict=True)}
    assert not {name: words for name, words in wrong.items() if not re.fullmatch(r"[A-Za-z ,-]+", words)}


def test_another_language_is_one_file(tmp_path):
    shutil.copytree(speech.EXTENSION, tmp_path / "spoken-formulas")
    english = (speech.EXTENSION / "words-en.lua").read_text(encoding="utf-8")
    german = english.replace('"{1} over {2}"', '"{1} durch {2}"').replace("= equals", "= gleich")
    (tmp_path / "spoken-formulas" / "words-de.lua").write_text(german, encoding="utf-8")
    for language, words in {
        "de-AT": "a durch b gleich x",
        "en-GB": "a over b equals x",
        "fr": "a over b equals x",
    }.items():
        blocks = json.loads(document([r"\frac{a}{b} = x"]))
        blocks["meta"] = {"lang": {"t": "MetaString", "c": language}}
        script = str(tmp_path / "spoken-formulas" / "formulas.lua")
        done = run(["-f", "json", "-t", "typst", "-L", script], json.dumps(blocks))
        assert f'alt: "{words}"' in done.stdout, done.stderr


def test_no_formula_is_spoken_as_nothing():
    nothing = [r"\,", r"\quad", "{}", "x_{}", ",", ".", r"\left. \right."]
    assert [one["words"] for one in speech.spoken(nothing)] == [*["blank"] * 3, "x", "comma", "point", "blank"]


# Formulas that a listener must be able to tell apart: each line holds formulas that all mean different things.
DIFFERENT = [
    [r"x_{ij}", r"x_i j", r"x_{i,j}", r"x_i, j", r"x_{i_j}"],
    [r"e^{ax}", r"e^a x", r"e^{a}x^2", r"e^{ax^2}", r"e^{(a)}x"],
    [r"x^{-1}y", r"x^{-1y}", r"x^- 1y", r"x^{-}_{1}y"],
    [r"f(x)y", r"f(xy)", r"f\,xy", r"f(x,y)", r"f(x)(y)"],
    [r"f(g(x)+1)", r"f(g(x))+1", r"f(g)(x+1)", r"f(g(x+1))"],
    [r"\|x\|_2", r"\|x_2\|", r"\|x\|2"],
    [r"\|w\|^2", r"\|w^2\|", r"\|w^2", r"||w||^2_2"],
    [r"|ab|", r"|a|b", r"a|b|", r"|a_b|", r"|a|_b"],
    [r"\binom{n}{k}+1", r"\binom{n}{k+1}", r"\binom{n+1}{k}"],
    [r"2\sigma(2z)-1", r"2\sigma(2z-1)", r"2\sigma(2)z-1"],
    [r"\frac{a}{b}\frac{c}{d}", r"\frac{a}{b\frac{c}{d}}", r"\frac{a\frac{b}{c}}{d}", r"\frac{ac}{bd}"],
    [r"\frac{\frac{a}{b}}{c}", r"\frac{a}{\frac{b}{c}}", r"\frac{a}{b}c"],
    [r"a/bc", r"\frac{a}{b}c", r"\frac{a}{bc}"],
    [r"\frac{\partial f}{\partial x \partial y}", r"\frac{\partial f}{\partial x}\partial y"],
    [r"\frac{\partial fg}{\partial x}", r"\partial f \frac{g}{\partial x}", r"f\frac{\partial g}{\partial x}"],
    [r"\left. a + b \right)", r"\left( a + b \right.", r"a + b", r"(a + b)"],
    [r"a\left. b \right|_{0}", r"\left. ab \right|_{0}", r"ab_0"],
    [r"p || q", r"p | q", r"pq", r"|p| q", r"p \cdot q"],
    [r"\nabla \cdot v", r"\nabla \times v", r"\nabla v"],
    [r"\mathbf a \cdot \mathbf b", r"\mathbf a \times \mathbf b", r"\mathbf a \mathbf b"],
    [r"A^+ b", r"A + b", r"A_+ b"],
    [r"A^- b", r"A - b", r"A_- b"],
    [r"x^* y", r"x * y", r"x_* y"],
    [r"p(1-p)", r"p1-p", r"p_{1-p}"],
    [r"f(\cdot)", r"f \cdot", r"f()"],
    [
        *(rf"\{font} X" for font in "mathsf mathtt mathbf mathcal mathscr mathfrak mathbb boldsymbol mathrm".split()),
        "X",
    ],
    [r"\sum' x", r"\sum x", r"\sum x'"],
    [r"\sum_{i}^{f}(x)", r"\sum_{i}^{f(x)}", r"\sum_{i}^f x", r"\sum_{i f}x"],
    [r"\texttt{exp}_{s=1}^T x", r"\texttt{exp}_{s=1} x^T", r"\texttt{exp}_{s=1}^{Tx}"],
    [r"\max_x yz", r"\max_{xy} z", r"\max xyz", r"\max(x)yz"],
    [r"\mathbf 1[x>0]", r"\mathbf 1 x>0", r"\mathbf{1}_{x>0}"],
    [r"f|_{x=0} y", r"f|_{x=0y}", r"fy|_{x=0}", r"f_{x=0} y"],
    [r"\sqrt{x}y", r"\sqrt{xy}", r"\sqrt{x}_y", r"\sqrt{x_y}"],
    [r"\sqrt[n]{x}", r"n\sqrt{x}", r"\sqrt[3]{x}", r"\sqrt[nm]{x}"],
    [r"\hat{x}_i", r"\hat{x_i}", r"x_{\hat i}"],
    [r"\overline{ab}c", r"\overline{abc}", r"\overline{a}bc", r"a\overline{b}c"],
    [r"\overline{a\hat bc}", r"\widehat{ab}\bar c"],
    [r"{ab}^2", r"ab^2", r"(ab)^2", r"a^2b"],
    [r"\underbrace{ab}_{c}", r"a\underbrace{b}_{c}", r"\underbrace{ab}c"],
    [r"\log_2 xy", r"\log_{2x} y", r"\log 2xy"],
    [r"\mathbb{R}^{nm}", r"\mathbb{R}^{n}m", r"\mathbb{R}^{n \times m}", r"\mathbb{R}nm"],
    [r"(a,b)", r"(a;b)", r"(ab)", r"[a,b]", r"(a,b]", r"\{a,b\}"],
    [r"\begin{pmatrix} ab & c \end{pmatrix}", r"\begin{pmatrix} a & bc \end{pmatrix}"],
    [r"n!k", r"nk!", r"n_{k!}"],
    [r"\bar h", r"\hbar"],
]


def test_formulas_that_differ_are_told_apart():
    formulas = [formula for group in DIFFERENT for formula in group]
    said = dict(zip(formulas, (speech.heard(one["words"]) for one in speech.spoken(formulas)), strict=True))
    assert all(said.values())
    alike = [(a, b, said[a]) for group in DIFFERENT for a in group for b in group if a < b and said[a] == said[b]]
    assert not alike


# -- what nobody wrote -------------------------------------------------------------------------------------------------

things = st.sampled_from([*"abxyzijnkABT", r"\alpha", r"\sigma", "1", "2", r"\mathbf{w}", r"\hat y", "f(x)"])
rows = st.recursive(
    st.lists(things, min_size=1, max_size=3).map(" ".join),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from("xyAef"), st.sampled_from("_^"), inner).map(lambda p: f"{p[0]}{p[1]}{{{p[2]}}}"),
        st.tuples(inner, inner).map(lambda p: rf"\frac{{{p[0]}}}{{{p[1]}}}"),
        st.tuples(inner, st.sampled_from(["+", "-", "=", ",", r"\cdot", r"\times", "/", ""]), inner).map(" ".join),
        inner.map(lambda s: rf"\sqrt{{{s}}}"),
        inner.map(lambda s: rf"\|{s}\|"),
        inner.map(lambda s: f"({s})"),
        st.tuples(st.sampled_from(["f", r"\sigma", r"\log", "p", r"\mathrm{Var}"]), inner).map(
            lambda p: f"{p[0]}({p[1]})"
        ),
        inner.map(lambda s: rf"\overline{{{s}}}"),
        st.tuples(inner, inner).map(lambda p: rf"\binom{{{p[0]}}}{{{p[1]}}}"),
        st.tuples(inner, inner).map(lambda p: rf"\sum_{{{p[0]}}}^{{{p[1]}}}"),
        inner.map(lambda s: rf"\{{{s}\}}"),
    ),
    max_leaves=8,
)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(rows, min_size=40, max_size=40))
def test_no_mutant_sounds_like_its_formula(formulas):
    assert not speech.collisions(formulas)[1]


def test_the_measure_moves_one_thing_over_one_border():
    moved = {other.replace(" ", "") for _, other in speech.mutants(r"\frac{ab}{c}d + x_{i,j} + \|y\|_2")}
    rest = r"+x_{i,j}+\|y\|_{2}"
    for start in (r"\frac{a}{c}bd", r"\frac{abd}{c}", r"\frac{ab}{cd}", r"\frac{a}{bc}d", r"a\frac{b}{c}d"):
        assert start + rest in moved
    assert r"\frac{ab}{c}d+x_{i},j+\|y\|_{2}" in moved
    assert r"\frac{ab}{c}d+x_{i,j}+\|y_{2}\|" in moved


@pytest.mark.parametrize(("a", "b", "same"), [("x sub i, j", "x sub i j", True), ("1.5", "1 5", False)])
def test_a_listener_hears_no_pauses(a, b, same):
    assert (speech.heard(a) == speech.heard(b)) is same


# -- every formula of the report ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def every_text() -> dict[str, str]:
    return dict(zip(FORMULAS, (alt for _, alt in converted(list(FORMULAS.values()))), strict=True))


def test_every_formula_is_spoken_without_signs(every_text):
    for name, alt in every_text.items():
        assert re.fullmatch(r"[^\W_][\w ,;:.%#’+!?-]*", alt), f"{name}: {alt}"
        assert not re.search("  | ,", alt), f"{name}: {alt}"


def test_every_letter_and_number_of_a_formula_is_spoken(every_text):
    shown = dict(zip(FORMULAS, mathml_signs(list(FORMULAS.values())), strict=True))
    assert sum(signs is not None for signs in shown.values()) > 80
    for name, alt in every_text.items():
        spoken = unicodedata.normalize("NFKC", alt)
        for number in re.findall(r"\d{2,}", FORMULAS[name].replace("{,}", ",")):
            assert number in spoken or name == "digits", f"{name}: {number} is not in “{alt}”"
        for letter in {c for c in shown[name] or () if c.isascii() and c.isalpha()}:
            assert re.search(letter, spoken, re.IGNORECASE), f"{name}: {letter} is not in “{alt}”"


def test_no_mutant_of_a_formula_of_the_report_sounds_like_it():
    counted, faults = speech.collisions(list(FORMULAS.values()))
    assert counted.total() > 500
    assert not faults
