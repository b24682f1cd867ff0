"""Formulas to try, and how the extension and pandoc read them: for the tests of what is printed and of what is said."""

import html
import json
import re
import subprocess
import unicodedata
from collections import Counter

import sympy as sp

from copies import ROOT
from press.typesetting.pandoc import pandoc

EXTENSIONS = ROOT / "report" / "_extensions"
FORMULAS_FILTER = EXTENSIONS / "spoken-formulas" / "formulas.lua"
FONTS = EXTENSIONS / "coursework" / "fonts"
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
    done = run(["-f", "json", "-t", "typst", "--wrap=none", "-L", str(FORMULAS_FILTER)], document(formulas, kind))
    assert done.returncode == 0, done.stderr
    parts = [part.strip() for part in re.split(r"(?m)^(?=#math\.equation\()", done.stdout) if part.strip()]
    assert len(parts) == len(formulas)
    return [(part, re.search(r'alt: "((?:[^"\\]|\\.)*)"', part)[1]) for part in parts]


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
