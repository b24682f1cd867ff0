"""Whole families of TeX: packages, macros, environments without dollars, and how they are laid out.

What a family's formula must print is what pandoc's MathML shows of the same formula in plainer TeX.
"""

import io
import re

import pikepdf
import pypdfium2
import pytest
import typst
import yaml
from given_formulas import EXTENSIONS, FONTS, FORMULAS_FILTER, converted, document, mathml_signs, run, signs
from test_formulas import pages

EXTENSION = FORMULAS_FILTER.parent

# A formula, and the same in TeX that pandoc reads.
KINDS = {
    r"\tiny a \Large b {\footnotesize c} \normalsize d": "a b c d",
    r"\varOmega + \varGamma_i": r"\Omega + \Gamma_i",
    r"a \circledast b \intercal c \leqq d \lessapprox e": "a b c \\leqq d e",
    r"a \hspace{1in} b \hskip 1em plus 1fil c \kern{2pt} d": "a b c d",
    r"x = y \tag{1} \label{eq:a} + \tag*{A}": "x = y 1 + A",
    r"a \not\ll b \not\in c \not\alpha": r"a b \notin c \alpha",
    r"\begin{array}{|c|c|} \hline a & b \\ \hline c & d \\ \hline \end{array}": "a b c d",
    r"\begin{pmatrix} a & b \\ \hline c & d \end{pmatrix}": "a b c d",
    r"\begin{array}{*{2}{c}l} \multicolumn{2}{c}{x} & y \\ a & b & c \end{array}": "x y a b c",
    r"f\bigg{|}_{x=0} \Big|^2": "f_{x=0}^2",
    r"\SI{9.81}{\metre\per\second\squared}": r"9.81 m s^{−2}".replace("−", "-"),
    r"\num{12345.6e-7} + \ang{45} + \si{\kilo\gram}": r"12 345.6 \times 10^{-7} + 45 + kg",
    r"\qty{3}{\volt} + \qty(\frac{a}{b}) + \unit{m.s^{-1}}": r"3 V + (\frac{a}{b}) + m s^{-1}",
    r"\Bbb{R} + \mathbbm{1} + \mathds{E}": "R + 1 + E",
    r"a \newline b": "ab",
    r"\text{a \textcolor{red}{b} {\bf c} \emph{d} na\"ive \'e \c{c} \o}": "abcdnaiveec\u00f8",
    r"\nicefrac{1}{2} + \mathclap{x} + \mathllap{y}z": "12 + x + yz",
    r"\bra{a}\ket{b} + \braket{a|b} + \ketbra{a}{b} + \Set{x | y}": "ab + ab + ab + xy",
    r"\dv{f}{x} + \pdv{f}{x}{y} + \dv[2]{f}{x} + \dd{x}": (
        r"\frac{df}{dx} + \frac{\partial^2 f}{\partial x \partial y} + \frac{d^2f}{dx^2} + dx"
    ),
    r"\comm{A}{B} + \grad f + \laplacian f + \curl v": r"A,B + \nabla f + \nabla^2 f + \nabla \times v",
    r"a \hdots b \mapsfrom c": "a b c",
    r"\overleftrightarrow{AB} + \underrightarrow{CD} + \overparen{E}": r"AB + CD \to + E",
    r"\begin{align} a &= b \\ \intertext{so} c &= d \end{align}": "a = b so c = d",
    r"\genfrac{[}{]}{0pt}{0}{n}{k} + {n \brace k} + {a \above 1pt b}": "nk + nk + ab",
    r"\begin{psmallmatrix} a & b \\ c & d \end{psmallmatrix}": "a b c d",
    r"\textcolor{teal!50!black}{x} + \color[rgb]{1,0,0} y + {\color{RoyalBlue} z}": "x + y + z",
    r"\begin{pmatrix*}[r] -1 & 2 \end{pmatrix*}": "-12",
    r"\begin{cases*} 1 & if $x > 0$ \\ 0 & otherwise \end{cases*}": "1 if x > 0 0 otherwise",
    r"a = b \\[1,5ex] c = d": "a = b c = d",
    r"\surd + \sqrt{2}": "+ 2",
    r"\prescript{14}{6}{C} + \sideset{_a^b}{_c^d}\sum_{i=1}^n": r"14 6 C + a b c d \sum i = 1 n",
    r"\cancelto{0}{x} + \boxed{y} + \colorbox{yellow}{$z$} + \enclose{circle}{w}": "0x + y + z + w",
    r"\mathsf{ABC} + \textsf{sans} + \mathtt{x}": "ABC + sans + x",
    r"\ce{2H2O + CO3^2- -> X}": r"2 H_2 O + CO_3^{2-} X",
    r"\begin{CD} A @>a>> B \\ @VbVV @VVcV \\ C @= D \end{CD}": r"A a B \to b c C = D",
    r"\begin{numcases}{f(x) =} 1 & $x$ \\ 2 & y \end{numcases}".replace("$", ""): "f(x) = 1 x 2 y",
    r"\matrix{a & b \cr c & d} + \cases{1 & x \cr 2 & y}": "a b c d + 1 x 2 y",
    r"\mathop{}\!\mathrm{d}x + \operatorname{a\text{-}b} + \argmax_x": "dx + a-b + argmax_x",
    r"\xhookrightarrow{f} + \underset{x}{\overset{y}{z}} + \buildrel d \over =": r"f + x y z + d =",
    r"\mathrel{\raise{2pt}{a}} \raisebox{2pt}{b} \rule{1em}{1pt} \smash{c} \hphantom{}": "abc",
    r"\unicode{x3b1} + \char98 + \mathchoice{a}{b}{c}{d}": r"\alpha + b + a",
    r"\vec{\dot{x}} + \ddddot{y} + \widehat{abc} + \underbar{z}": "x + y + abc + z",
}

# A formula with macros of the author's, and the formula that they stand for.
MACROS = {
    r"\newcommand{\R}{\mathbb{R}} \R^n + \frac\R2": r"\mathbb{R}^n + \frac{\mathbb{R}}2",
    r"\newcommand\abs[1]{\left|#1\right|} \abs{x}": r"\left|x\right|",
    r"\newcommand{\norm}[2][2]{\|#2\|_{#1}} \norm{x} + \norm[1]{y}": r"\|x\|_{2} + \|y\|_{1}",
    r"\renewcommand{\vec}[1]{\mathbf{#1}} \vec x": r"\mathbf{x}",
    r"\providecommand{\alpha}{\beta} \providecommand{\new}{\gamma} \alpha\new": r"\alpha\gamma",
    r"\def\half{\frac12} \half + x^\half": r"\frac12 + x^{\frac12}",
    r"\def\pair(#1,#2){\langle #1, #2\rangle} \pair(a,{b,c})": r"\langle a, b,c\rangle",
    r"\let\old\phi \renewcommand{\phi}{\old'} \phi": r"\phi'",
    r"\DeclareMathOperator*{\am}{arg\,max} \DeclareMathOperator{\tr}{tr} \am_x \tr A": (
        r"\operatorname*{arg\,max}_x \operatorname{tr} A"
    ),
    r"\DeclarePairedDelimiter{\floor}{\lfloor}{\rfloor} \floor*{x} + \floor{y}": (
        r"\left\lfloor x\right\rfloor + \lfloor y\rfloor"
    ),
    r"\DeclarePairedDelimiterX{\inner}[2]{\langle}{\rangle}{#1 \delimsize| #2} \inner{a}{b} + \inner*{a}{b}": (
        r"\langle a | b\rangle + \left\langle a \middle| b\right\rangle"
    ),
    r"\newcommand{\x}{x} \newcommand{\y}{\x y} \text{so \y{} holds}".replace(r"\y{}", r"$\y$"): r"\text{so $xy$ holds}",
    r"\newenvironment{m}[1]{\begin{matrix} #1}{\end{matrix}} \begin{m}{a} & b \end{m}": (
        r"{\begin{matrix} a & b \end{matrix}}"
    ),
    r"\newcommand{\cmd}[1]{\mathrm#1} \cmd{x} \alpha": r"\mathrm x \alpha",
}


@pytest.fixture(scope="module")
def printed() -> dict[str, str]:
    return dict(zip(KINDS, pages([code for code, _ in converted(list(KINDS))]), strict=True))


@pytest.mark.parametrize("formula", KINDS)
def test_a_kind_of_formula_prints_what_the_plainer_formula_shows(formula, printed):
    assert signs(printed[formula]) == mathml_signs([KINDS[formula]])[0]


@pytest.mark.parametrize("formula", MACROS)
def test_a_macro_is_what_it_stands_for(formula):
    assert converted([formula]) == converted([MACROS[formula]])


@pytest.mark.parametrize(
    "formula",
    [
        r"\def\a{\a}\a",
        r"\def\a{\b}\def\b{\a}x + \a",
        r"\def\a{x\a\a}\a",
        r"\newcommand{\a}[1]{\a{#1#1}}\a{x}",
        r"\let\a\b \let\b\a \def\b{\a} \def\a{\b} \b",
    ],
)
def test_a_macro_without_an_end_is_refused(formula):
    done = run(["-f", "json", "-t", "typst", "-L", str(FORMULAS_FILTER)], document([formula]))
    assert done.returncode != 0
    assert re.search(r"\\[ab] has no end, it stands for itself, at character \d+\): ", done.stderr)


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        (r"x + \foo{y}", r"\foo is not known, at character 5"),
        (r"αβ + \foo{y}", r"\foo is not known, at character 6"),
        (r"\newcommand{\R}{\mathbb{R}} \R\R\foo", r"\foo is not known, at character 33"),
        (r"a & \begin{cases} b \\ \foo", r"\foo is not known, at character 24"),
        (r"\text{see \foo}", r"\foo is not known in text, at character 11"),
        (r"\textcolor{nocolour}{x}", "the colour “nocolour” is not known, at character 11"),
        (r"\SI{3}{\parrot}", r"the unit \parrot is not known, at character 16"),
        ("{" * 400 + "x" + "}" * 400, "the formula is nested too deeply"),
        (r"\begin{tikzpicture} a \end{tikzpicture}", "the environment “tikzpicture” is not known, at character 7"),
    ],
)
def test_a_refusal_names_the_construct_and_its_place(formula, reason):
    done = run(["-f", "json", "-t", "typst", "-L", str(FORMULAS_FILTER)], document([formula]))
    assert done.returncode != 0
    assert reason in done.stderr


# -- layout ----------------------------------------------------------------------------------------------------------


def sizes(formulas: list[str]) -> list[tuple[float, float]]:
    """Return the width and height in points of each formula, set on a page that is as large as it."""
    head = (
        "#set page(width: auto, height: auto, margin: 0pt)\n"
        '#show math.equation: set text(font: ("Libertinus Math", "New Computer Modern Math"))\n'
    )
    pdf = typst.compile(
        (head + "\n#pagebreak()\n".join(code for code, _ in converted(formulas))).encode(),
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
    )
    return [page.get_size() for page in pypdfium2.PdfDocument(pdf)]


@pytest.mark.parametrize(
    ("formula", "same"),
    [
        (r"{\rm Prob}(x)", r"\mathrm{Prob}(x)"),
        (r"\left(\vphantom{\sum_{i}^{n}} x\right)", r"\left(\rlap{$\displaystyle\sum_{i}^{n}$} x\right)"),
        (r"a \textcolor{red}{+} b", "a + b"),
        (r"\hphantom{abc}x", "abcx"),
        (r"\left[\begin{aligned} \sum_i^n i \end{aligned}\right]", r"\left[\displaystyle\sum_i^n i\right]"),
    ],
)
def test_two_ways_to_write_a_formula_take_the_same_room(formula, same):
    (width, height), (other_width, other_height) = sizes([formula, same])
    assert abs(height - other_height) < 1.5
    assert "phantom{\\sum" in formula or abs(width - other_width) < 1.5


@pytest.mark.parametrize(
    ("wider", "narrower"),
    [
        (r"{}+b", "+b"),
        (r"x_1 \ldots x_n", r"x_1 {\ldots} x_n"),
        (r"1 1", r"1\!\!1"),
        (r"\begin{align} a &= b & c &= d \end{align}", r"\begin{alignat}{2} a &= b & c &= d \end{alignat}"),
        (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", r"\begin{psmallmatrix} a & b \\ c & d \end{psmallmatrix}"),
    ],
)
def test_what_tex_sets_wider_is_wider(wider, narrower):
    (wide, _), (narrow, _) = sizes([wider, narrower])
    assert wide > narrow + 1


def test_sans_serif_letters_come_from_the_sans_serif_alphabet():
    code = converted([r"\mathsf{X} \textsf{word}"])[0][0]
    read = pages([code])[0]
    assert [c for c in read if 0x1D5A0 <= ord(c) <= 0x1D5D3] == list("𝖷𝗐𝗈𝗋𝖽")


# -- documents -------------------------------------------------------------------------------------------------------


def typst_of(text: str, *arguments: str) -> str:
    done = run(["-f", "markdown", "-t", "typst", "--wrap=none", "-L", str(FORMULAS_FILTER), *arguments], text)
    assert done.returncode == 0, done.stderr
    return done.stdout


def alternatives(made: str) -> list[str]:
    return re.findall(r'alt: "([^"]*)"', made)


def test_the_readmes_example_is_a_pdf_that_can_be_read_aloud(tmp_path):
    made = typst_of((EXTENSION / "example.md").read_text(encoding="utf-8"), "--standalone")
    pdf = typst.compile(made.encode(), pdf_standards=["ua-1"], ignore_system_fonts=True)
    with pikepdf.open(io.BytesIO(pdf)) as document:
        spoken = [
            str(found["/Alt"])
            for found in document.objects
            if isinstance(found, pikepdf.Dictionary) and "/Alt" in found
        ]
    assert sorted(spoken) == sorted(alternatives(made))
    assert "bold w in real space of dimension n" in spoken
    assert len(spoken) == 3


def test_the_extension_is_described_as_quarto_documents_it():
    own = yaml.safe_load((EXTENSION / "_extension.yml").read_text())
    assert own["quarto-required"].startswith(">=")
    assert [entry["at"] for entry in own["contributes"]["filters"]] == ["post-quarto"]
    report = yaml.safe_load((EXTENSIONS / "coursework" / "_extension.yml").read_text())
    for folder, filters in (
        (EXTENSION, own["contributes"]["filters"]),
        (EXTENSIONS / "coursework", report["contributes"]["formats"]["typst"]["filters"]),
    ):
        assert all((folder / entry["path"]).is_file() for entry in filters)


def test_macros_hold_wherever_they_are_defined():
    made = typst_of(
        "---\nheader-includes: |\n  \\newcommand{\\Q}{\\mathbb{Q}}\n"
        "macros:\n  Rr: '\\mathbb{R}'\n  twice: ['#1 + #1', 1]\n---\n\n"
        "```{=tex}\n\\newcommand{\\Z}{\\mathbb{Z}}\n```\n\n"
        "$$\\newcommand{\\E}[1]{\\mathbb{E}[#1]}$$\n\n```{=latex}\n\\DeclareMathOperator{\\am}{am}\n```\n\n"
        "$\\Q, \\Rr, \\twice{a}, \\Z, \\E{x}, \\am$"
    )
    expected = typst_of(r"$\mathbb{Q}, \mathbb{R}, a + a, \mathbb{Z}, \mathbb{E}[x], \operatorname{am}$")
    assert made.strip() == expected.strip()


def test_a_macro_may_be_defined_anew():
    made = typst_of("```{=tex}\n\\def\\x{a}\n```\n\n$\\x$\n\n```{=tex}\n\\def\\x{b}\n```\n\n$\\x$")
    assert alternatives(made) == ["a", "b"]


@pytest.mark.parametrize("name", ["align", "align*", "equation", "gather", "multline", "eqnarray", "displaymath"])
def test_an_environment_without_dollars_is_a_displayed_formula(name):
    body = f"\\begin{{{name}}}\na = b \\\\\nc = d\n\\end{{{name}}}"
    made = typst_of(f"Text\n\n{body}\n\nmore.")
    assert "#math.equation(block: true, alt: " in made
    assert signs(pages([made])[0]) == signs("Text a=b c=d more.")


def test_a_label_numbers_its_formula_and_leads_to_it(tmp_path):
    made = typst_of(
        "See \\eqref{eq:b} and $\\eqref{eq:b}$.\n\n\\begin{equation}\\label{eq:a} a = b \\end{equation}\n\n"
        "\\begin{align} c &= d \\label{eq:b} \\end{align}\n\n$$e = f$$"
    )
    assert re.findall(r"\(\d\)", re.sub(r"\s", "", pages([made])[0])) == ["(2)", "(2)", "(1)", "(2)"]


def test_a_formula_that_prints_nothing_stops_no_build():
    made = typst_of(r"5$\,$kg and $\,$, $,$ and $\phantom{x}$, $$\newcommand{\x}{x}$$")
    assert made.startswith("5#h(0.1667em);kg")
    pages([made])
    assert all(alternatives(made))
