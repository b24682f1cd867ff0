"""Formulas are found, split, evaluated and decided on; what is not understood is said, never guessed."""

from __future__ import annotations

import mpmath
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from handin.errors import WorkError
from press.formulas.checking import Checker
from press.formulas.evaluation import evaluate
from press.formulas.numbers import Names, Number
from press.formulas.reading import MARK, chains, formulas, without_marks
from press.formulas.relations import Meaning, judged
from press.formulas.tokens import Unread, tokens
from press.source.qmd import Line

# --- finding --------------------------------------------------------------------------------------------------------


def test_formulas_are_found_inline_displayed_and_over_several_lines():
    text = "A $x = 1$ and $y$.\n\n$$\nz &= 2 \\\\\nw &= 3\n$$ {#eq-a}\n\n| $a = b$ | c |\n\nIt costs 5 $ or 6 \\$.\n"
    assert [f.tex for f in formulas(text)] == ["x = 1", "y", r"z &= 2 \\ w &= 3", "a = b"]


def test_code_comments_and_spans_are_not_searched():
    text = "```python\n$x = 1$\n```\n\n`$y = 2$` <!-- $z = 3$ -->\n\n~~~\n$$ w = 4 $$\n~~~\n\n$v = 5$\n"
    assert [f.tex for f in formulas(text)] == ["v = 5"]


def test_a_mark_exempts_the_formula_before_it_and_does_not_reach_the_output():
    text = f"$x = 1${MARK}, $y = 2$ {MARK}\n\n$$ z = 3 $$ {{#eq-z}} {MARK}\n\n$w = 4$\n"
    assert [f.exempt for f in formulas(text)] == [True, True, True, False]
    assert without_marks(text) == "$x = 1$, $y = 2$\n\n$$ z = 3 $$ {#eq-z}\n\n$w = 4$\n"


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        (r"with $\lambda =$ 0.001, and", r"\lambda = 0.001"),
        (r"with $\lambda =$ −5 × 10⁻⁷.", r"\lambda = -5 \times 10^{-7}"),
        (r"with $\lambda =$ 1/3.", r"\lambda = 1/3"),
        (r"with $\lambda =$ −10⁻⁶.", r"\lambda = -10^{-6}"),
        (r"with $\lambda =$ about 3", r"\lambda ="),
        (r"with $\lambda$ = 3", r"\lambda"),
    ],
)
def test_a_number_behind_a_relation_belongs_to_it(text, tex):
    assert [f.tex for f in formulas(text)] == [tex]


# --- splitting ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        ("x = y, \\qquad a = b.", ["x = y", "a = b"]),
        (r"\begin{aligned} x &= y && \text{first} &\quad a &= b \\ c &= d \end{aligned}", ["x = y", "a = b", "c = d"]),
        (r"\begin{aligned} z &= x \\ &\approx 0.5 \\ &\quad + y = 2 \end{aligned}", [r"z = x \approx 0.5 + y = 2"]),
        (r"\begin{aligned} z &= x \\ &\quad {} + y = 2 \end{aligned}", [r"z = x + y = 2"]),
        (r"w \leftarrow w - 1 = v", [r"w \leftarrow w - 1 = v"]),
        (r"a = b \quad \text{becomes} \quad c", ["a = b", r"a \leftarrow c"]),
        ("f(x, y) = 0.5", ["f(x,y) = 0.5"]),
        ("z > 0", []),
        (r"[h_{t-1}, x_t]", []),
    ],
)
def test_statements_are_told_apart(tex, expected):
    assert [str(chain) for chain in chains(tex)] == expected


# --- evaluation -----------------------------------------------------------------------------------------------------

VALUES = {
    "x": 0.7, "y": -1.3, "z": 2.1, "w_2": 5, "v_{t-1}": 3, r"\hat m_t": 11, "m_t": 13, r"\mathrm{ReLU}'(z)": 17,
    r"\partial y/\partial x_2": 19, "u": [1, 2], "t": 3, "g_1": 2, "g_2": 3, "g_3": 5, r"\sum_i": 2, "s'": 23, "s": 29,
    r"\mathrm{E}[m_t]": 31, r"\prod_i": 3, "g_i": 7,
}  # fmt: skip


def value(tex: str, names=VALUES) -> float:
    found = evaluate(tex, names)
    return float(found.value) if isinstance(found, Number) else [float(each.value) for each in found]


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"3 \cdot 1 + (-1) \cdot 2", 1),
        (r"w_{2}\,v_{t-1} - \hat m_t", 4),
        (r"\hat{m}_t m_t", 143),
        (r"\mathrm{ReLU}'(z)\, w_2", 85),
        (r"\frac{\partial y}{\partial x_2}", 19),
        (r"\tfrac{1}{2} w_2", 2.5),
        (r"\frac12 w_2", None),
        (r"1/(1+3)", 0.25),
        (r"\sqrt{v_{t-1} + 1} + 1", 3),
        (r"2 \times 10^{-3}", 0.002),
        (r"2 \times 10^9 \cdot 2", 4e9),
        (r"(1-2)^2", 1),
        ("-2^2", -4),
        ("2^{-1}", 0.5),
        (r"\max(0, y)", 0),
        (r"\sum_{i=1}^{t} 2^{t-i} g_i", 4 * 2 + 2 * 3 + 5),
        (r"1 + \sum_i 2 g_i + 1", 2 + 4 + 6),
        (r"\prod_{k=t}^{1} g_k", 30),
        (r"\prod_i g_i", 30),
        (r"\begin{cases} 1 & z > 0 \\ 0 & \text{otherwise} \end{cases}", 1),
        (r"\begin{cases} 1 & \text{for}\: y > 0 \\0 & y \le 0 \quad \text{(at } y = 0 \text{ too)} \end{cases}", 0),
        (r"\mathbf{1}[z > 0]\, w_2", 5),
        (r"\mathbf{1}[z + 1 < 0]", 0),
        (r"[w_2, t]", [5, 3]),
        (r"u\, [w_2, t]", 11),
        (r"2 u + u", [3, 6]),
        (r"u \odot [w_2, t]", [5, 6]),
        (r"\lVert u \rVert^2", 5),
        (r"\left\| y \right\|", 1.3),
        (r"|y| w_2", 6.5),
        (r"s' - s", -6),
        (r"\mathrm{E}[m_t] - m_t", 18),
        (r"\operatorname{diag}(1 - t)\, w_2", -10),
        (r"\left(\frac{t}{w_2}\right)^2", 0.36),
        (r"x y z", 0.7 * -1.3 * 2.1),
    ],
)
def test_what_formulas_are_made_of(tex, expected):
    if expected is None:
        with pytest.raises(Unread):
            value(tex)
    else:
        assert value(tex) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"\tanh z", mpmath.tanh(2.1)),
        (r"\tanh^2 z", mpmath.tanh(2.1) ** 2),
        (r"\tanh(-z)", -mpmath.tanh(2.1)),
        (r"\sigma(2z)", 1 / (1 + mpmath.exp(-4.2))),
        (r"\sigma'(1)", mpmath.diff(lambda u: 1 / (1 + mpmath.exp(-u)), 1)),
        (r"e^{-z}", mpmath.exp(-2.1)),
        (r"e^{z} - e^{- z}", 2 * mpmath.sinh(2.1)),
        (r"(x)^{y}", mpmath.mpf(0.7) ** mpmath.mpf(-1.3)),
    ],
)
def test_functions_are_mpmaths(tex, expected):
    assert value(tex) == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize(
    "tex",
    [
        "q", "w_1", r"\hat w_2", "v_t", "x_1", "z'", "m_{t-1}", r"\tilde z", "", "2 +", "+", "(x", "x)", "x^", "x^{2",
        r"\frac{1}{}", r"\sqrt{-1}", "1/0", r"1/(x - x)", "e", r"\tanh", r"\tanh'", r"1 - \tanh^2", r"\tanh z w_2",
        r"\tanh z^2", "x / y z", r"\sin x", r"x!", r"x \cdots y", r"x^{2}_1", r"x^2{}^3", r"\sum_j g_j",
        r"\sum_{i=t}^{1} g_i", r"\sum_{i=1}^{x} g_i", r"\sum_{i=1}^{4} g_i", "u^2", "1 + u", "u [1, 2, 3]", "[1]",
        r"\mathbf{1}[z]", r"\begin{cases} 1 & z < 0 \end{cases}", r"\begin{cases} 1 & z > 0 \quad x \end{cases}",
        r"\mathrm{ReLU}'(x)", r"3 \cdot", r"3 \cdot -1", r"x % y", r"x \; | y", r"10^12", r"x_12", r"\max(0, u)",
        r"\operatorname{foo}(x)", "(-1.3)^{0.5}", r"\underbrace{x}_{2}", r"\partial y/\partial x_1", r"\lambda x",
    ],
)  # fmt: skip
def test_what_is_not_understood_is_said(tex):
    with pytest.raises(Unread):
        value(tex)


def test_values_may_be_fractions_and_too_small_for_floats():
    assert value("3a", {"a": "1/3"}) == 1
    assert mpmath.log10(evaluate("a b", {"a": "1p-100000", "b": "-3p0"}).value * -1) < -30000


# Expressions that SymPy evaluates, and writes in TeX.

LETTERS = {sp.Symbol(name, positive=True): v for name, v in {"a": 1.25, "b_1": 0.75, "c": 2.5}.items()}
leaves = st.sampled_from(list(LETTERS)) | st.integers(1, 9).map(sp.Integer)


def _grown(inner):
    pairs = st.tuples(inner, inner)
    return (
        pairs.map(lambda p: p[0] + p[1])
        | pairs.map(lambda p: p[0] - p[1])
        | pairs.map(lambda p: p[0] * p[1])
        | pairs.map(lambda p: p[0] / (p[1] ** 2 + 1))
        | st.tuples(inner, st.integers(2, 3)).map(lambda p: p[0] ** p[1])
        | inner.map(lambda e: sp.sqrt(e**2 + 1))
        | inner.map(lambda e: sp.exp(-(e**2) / 50))
    )


@given(st.recursive(leaves, _grown, max_leaves=8))
def test_what_sympy_writes_is_read_with_the_value_that_sympy_gives(expression):
    names = {sp.latex(letter): v for letter, v in LETTERS.items()}
    found = evaluate(sp.latex(expression), names)
    with mpmath.workdps(60):
        expected = mpmath.mpf(sp.N(expression.subs({k: sp.Rational(v) for k, v in LETTERS.items()}), 60))
        assert abs(found.value - expected) <= mpmath.mpf("1e-50") * (abs(expected) + found.size)


PIECES = [*"ab12+-=^_{}()[],. &|'", *r"\frac \sum \\ \sqrt \left \| \text{becomes}".split(), r"\leftarrow ", "a = b"]


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_any_text_is_read_or_refused(tex):
    meaning = Meaning.of({"title": "Q", "readings": [{"name": "r", "samples": [{"a": 2, "b": 3}]}]})
    assert all(verdict.kind in ("holds", "false", "unread", "supposed") for verdict in judged(tex, meaning))


# --- decision -------------------------------------------------------------------------------------------------------


def kinds(tex: str, *readings, free=(), **more) -> list[str]:
    made = [{"name": f"reading {i}", "samples": each, **more} for i, each in enumerate(readings)]
    return [v.kind for v in judged(tex, Meaning.of({"title": "Q", "readings": made, "free": free}))]


ONE = [{"d": 0.001, "x": 2, "y": 6, "r": "1/3", "s": "0.19661193", "w": 2}]


@pytest.mark.parametrize(
    ("tex", "kind"),
    [
        ("y = 3 x", "holds"),
        ("y = 3 x = 6", "holds"),
        ("y = 3 x = 7", "false"),
        ("y = 2 x", "false"),
        (r"r = \tfrac{1}{3}", "holds"),
        ("r = 0.3333", "false"),
        (r"r \approx 0.3333", "holds"),
        (r"r \approx 0.333", "holds"),
        (r"r \approx 0.3334", "false"),
        (r"r \approx 0.33330", "false"),
        (r"s \approx 0.1966", "holds"),
        (r"s \approx 0.1967", "false"),
        (r"s \approx 1.966 \times 10^{-1}", "holds"),
        (r"s \approx 1.967 \times 10^{-1}", "false"),
        (r"s x \approx 0.1966 \cdot 2 \approx 0.3932", "holds"),
        (r"s x \approx 0.1966 \cdot 2 \approx 0.3931", "false"),
        (r"s x \approx 0.1966 \cdot 3 \approx 0.3932", "false"),
        (r"s x \approx 0.1968 \cdot 2 \approx 0.3932", "false"),
        (r"y \approx x \cdot 3.000 = 6", "holds"),
        (r"r \approx 0.3333 \cdot 1 = 0.3333", "holds"),
        (r"x \approx x + d", "holds"),
        (r"x \approx x + 5 d", "false"),
        (r"x \approx r", "false"),
        (r"x \le y", "holds"),
        (r"y \le x", "false"),
        (r"x \ge y", "false"),
        ("x = q", "unread"),
        ("x =", "unread"),
        (r"w \leftarrow x", "unread"),
        ("x = [1, 2]", "unread"),
    ],
)
def test_when_a_chain_holds(tex, kind):
    assert kinds(tex, ONE) == [kind]


def test_a_chain_holds_in_one_reading_but_in_all_its_samples():
    assert kinds("y = x^2", [{"x": 2, "y": 4}, {"x": 3, "y": 9}]) == ["holds"]
    assert kinds("y = 2x", [{"x": 2, "y": 4}, {"x": 3, "y": 9}]) == ["false"]
    assert kinds("y = 2x", [{"x": 3, "y": 9}], [{"x": 2, "y": 4}]) == ["holds"]
    assert kinds("y = 2x", [{"x": 2}], [{"y": 4}]) == ["unread"]


def test_numbers_that_happen_to_be_equal_do_not_excuse_a_wrong_letter():
    samples, general = [{"x": 1, "w_1": 3, "z": 3, "w_2": 1}], [{"x": 2, "w_1": 3, "z": 6, "w_2": 5}]
    assert kinds("z = w_1 x = 3", samples, general=general) == ["holds"]
    assert kinds("z = w_1 w_2 = 3", samples, general=general) == ["false"]
    assert kinds("x = w_2 = 1", samples, general=general, given=["x", "w_2"]) == ["holds"]
    cases = r"x = \begin{cases} 1 & z > 0 \\ 0 & \text{otherwise} \end{cases}"
    assert kinds(cases, samples, everywhere=[{"x": 0, "z": -1}]) == ["holds"]
    assert kinds(cases, samples, everywhere=[{"x": 1, "z": -1}]) == ["false"]
    for law, kind in (("x", "false"), ("w_2", "holds")):
        assert kinds("z = w_1 x = 3", samples, everywhere=[{"x": 2, "w_1": 3, "z": 5}], laws=[law]) == [kind]


def test_an_arrow_leads_to_the_new_value_where_that_is_known():
    sample = [{"w": 2, "g": 3, r"w \leftarrow": -1}]
    assert kinds(r"w \leftarrow w - g", sample) == ["holds"]
    assert kinds(r"w \leftarrow w + g", sample) == ["false"]
    assert kinds(r"w \leftarrow w - g = 2 - g", [{"w": 2, "g": 3}]) == ["holds"]


def test_a_free_name_may_be_set():
    assert kinds("x = 0", [{"x": 2}]) == ["false"]
    assert kinds("x = 0", [{"x": 2}], free=["x"]) == ["supposed"]
    assert kinds("x + x = 0", [{"x": 2}], free=["x"]) == ["false"]


def test_a_difference_below_the_working_precision_is_no_difference():
    assert kinds(r"\sigma'(z) = \sigma(z)\,(1 - \sigma(z))", [{"z": 800}], [{"z": 0}]) == ["holds"]
    assert kinds(r"\sigma'(z) = \sigma(z)\,(1 + \sigma(z))", [{"z": 800}]) == ["false"]


def test_names_have_one_spelling():
    assert tokens(r"W_{f}\,[h_{t-1},\ x_t]") == tokens(r"W_f [h_{t-1},x_t]")
    assert tokens("x^{{2}}") == tokens("x^2") != tokens("x^{2y}")
    assert tokens(r"\left\| x \right\|") == tokens(r"\lVert x \rVert")
    assert tokens(r"\frac{\partial y}{\partial x}") in Names.of({r"\partial y/\partial x": 1}).values


# --- chapters -------------------------------------------------------------------------------------------------------

MEANT = {"sec-a": {"title": "Question 9", "readings": [{"name": "some values", "samples": [{"x": 2, "y": 4}]}]}}


def test_a_false_relation_is_an_error_that_names_question_formula_and_values():
    with pytest.raises(WorkError) as caught:
        Checker(MEANT).require(["# A {#sec-a}\n\n$y = 2x$ and $y = 3x$.\n"])
    assert "Question 9: the printed relation $y = 3x$ does not hold: its sides are 4.0, 6.0 (some values)" in str(
        caught.value
    )
    assert "\n" not in str(caught.value)


def test_a_relation_in_a_cell_of_a_table_is_one_too():
    table = "# A {#sec-a}\n\n| What | Value |\n|---|---|\n| one | $y = 2x$ |\n| other | VALUE |\n"
    Checker(MEANT).require([table.replace("VALUE", "$y =$ 4")])
    for value in ("$y = 3x$", "$y =$ 5"):
        with pytest.raises(WorkError, match=r"\$y = .*does not hold"):
            Checker(MEANT).require([table.replace("VALUE", value)])


def test_the_error_names_the_place_of_what_was_written_by_hand():
    text = "# A {#sec-a}\n\n$$\ny =\n2x\n$$\n\n$$\ny =\n3x\n$$\n"
    source = [Line(line, "a.qmd", number) for number, line in enumerate(text.split("\n"), start=1)]
    with pytest.raises(WorkError, match=r"^a\.qmd:9: Question 9: the printed relation \$y = 3x\$ does not hold"):
        Checker(MEANT).require([text], source)
    with pytest.raises(WorkError, match=r"^Question 9"):
        Checker(MEANT).require([text], source[:8])


@pytest.mark.parametrize(
    "text",
    [
        "# A {#sec-a}\n\n$y = 2x$ and $q = 3x$.\n",
        f"# A {{#sec-a}}\n\n$y = 3x${MARK}\n",
        "# B {#sec-b}\n\n$y = 3x$\n",
        "# B {#sec-ab}\n\n$y = 3x$\n",
        "See sec-a: $y = 3x$\n",
    ],
)
def test_what_is_true_unread_exempt_or_elsewhere_is_none(text):
    Checker(MEANT).require([text])


def test_a_formula_is_judged_once(monkeypatch):
    checker = Checker(MEANT)
    text = "# A {#sec-a}\n\n$y = 2x$\n"
    first = checker.verdicts(text)
    monkeypatch.setattr("press.formulas.checking.judged", None)
    assert checker.verdicts(text + "\nMore words.\n") == first
