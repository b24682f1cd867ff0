"""Question 1: one neuron, its forward value and its gradients, derived with SymPy from the chain rule.

The general result comes first, then the author's numbers are put in: exactly (rational arithmetic) for a ReLU, and to
50 digits for a sigmoid. The functions at the end put the result into words and formulas; the words follow the case.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

import mpmath
import sympy as sp

from coursework.answers.formatting import MINUS, Printed, number

Number = Fraction | mpmath.mpf
Activation = Callable[[sp.Expr], sp.Expr]

ROW = 80  # characters of TeX: what a row of numbers may hold and still fit on the page
DIGITS = 50  # working precision of the sigmoid's values


def relu(z: sp.Expr) -> sp.Expr:
    """Return the rectified linear unit max(0, z).

    It is written by cases, so that its derivative at 0 is the convention 0; SymPy's `Max` would give 1/2 there.
    """
    return sp.Piecewise((z, z > 0), (0, True))


def sigmoid(z: sp.Expr) -> sp.Expr:
    """Return the logistic function 1 / (1 + exp(-z))."""
    return 1 / (1 + sp.exp(-z))


@dataclass(frozen=True)
class Neuron:
    """A neuron with total input z = w·x + b; all numbers are exact.

    Attributes
    ----------
    inputs, weights : tuple of Fraction, shape (n,)
    bias : Fraction or None
        None if the figure shows no bias.
    """

    inputs: tuple[Fraction, ...]
    weights: tuple[Fraction, ...]
    bias: Fraction | None = None

    @classmethod
    def of(cls, question: Any) -> Neuron:
        """Take the neuron from the settings of question 1."""
        return cls(question.inputs, question.weights, question.bias)

    def with_first_weight_doubled(self) -> Neuron:
        """Return the neuron of part b)."""
        return replace(self, weights=(2 * self.weights[0], *self.weights[1:]))


@dataclass(frozen=True)
class Symbols:
    """A neuron in symbols: x_i, w_i, perhaps b, and the total input z as an expression in them."""

    inputs: tuple[sp.Symbol, ...]
    weights: tuple[sp.Symbol, ...]
    bias: sp.Symbol | None
    total: sp.Expr

    @property
    def all(self) -> tuple[sp.Symbol, ...]:
        """Every variable of the neuron, inputs first."""
        return (*self.inputs, *self.weights, *([] if self.bias is None else [self.bias]))


@cache
def symbols(size: int, has_bias: bool) -> Symbols:
    """Return the symbols of a neuron with `size` inputs."""
    inputs = sp.symbols(f"x_1:{size + 1}", real=True)
    weights = sp.symbols(f"w_1:{size + 1}", real=True)
    bias = sp.Symbol("b", real=True) if has_bias else None
    return Symbols(inputs, weights, bias, sp.Add(*(w * x for w, x in zip(weights, inputs, strict=True)), bias or 0))


@dataclass(frozen=True)
class Gradients:
    """What one forward and one backward pass give.

    Attributes
    ----------
    z : Fraction
        The total input.
    y, slope : Fraction or mpf
        The output, and dy/dz. Fractions for a ReLU, 50-digit numbers for a sigmoid (but at z = 0 fractions too).
    inputs, weights : tuple, shape (n,)
        ∂y/∂x_i and ∂y/∂w_i.
    bias : Fraction, mpf or None
        ∂y/∂b.
    """

    z: Fraction
    y: Number
    slope: Number
    inputs: tuple[Number, ...]
    weights: tuple[Number, ...]
    bias: Number | None


def gradients(neuron: Neuron, activation: Activation) -> Gradients:
    """Differentiate y = activation(z) with respect to every variable of the neuron, by the chain rule.

    ∂y/∂v = activation'(z) · ∂z/∂v, where both factors are SymPy's derivatives (Goodfellow et al. 2016, section 6.5.2).

    Parameters
    ----------
    neuron : Neuron
    activation : function of a SymPy expression
        `relu` or `sigmoid`.
    """
    symbolic = symbols(len(neuron.inputs), neuron.bias is not None)
    numbers = (*neuron.inputs, *neuron.weights, *([] if neuron.bias is None else [neuron.bias]))
    values = {symbol: sp.Rational(v.numerator, v.denominator) for symbol, v in zip(symbolic.all, numbers, strict=True)}
    z = _fraction(symbolic.total.subs(values))
    y, slope = _output_and_slope(activation, z)

    def along(variable: sp.Symbol) -> Number:
        local = _fraction(sp.diff(symbolic.total, variable).subs(values))
        return slope * (local if isinstance(slope, Fraction) else _mpf(local))

    with mpmath.workdps(DIGITS):
        return Gradients(
            z=z,
            y=y,
            slope=slope,
            inputs=tuple(along(x) for x in symbolic.inputs),
            weights=tuple(along(w) for w in symbolic.weights),
            bias=None if symbolic.bias is None else along(symbolic.bias),
        )


def _output_and_slope(activation: Activation, z: Fraction) -> tuple[Number, Number]:
    """Evaluate the activation and SymPy's derivative of it at `z`: exactly for `relu` and at 0, else to 50 digits."""
    u = sp.Symbol("u", real=True)
    function = activation(u)
    expressions = function, sp.diff(function, u)
    if activation is relu or z == 0:  # a sigmoid is rational at 0 only
        at = sp.Rational(z.numerator, z.denominator)
        y, slope = (_fraction(expression.subs(u, at)) for expression in expressions)
    else:
        # The whole part of z costs digits in exp(z), so that it is added to the precision.
        with mpmath.workdps(DIGITS + len(str(abs(int(z))))):
            y, slope = (sp.lambdify(u, expression, "mpmath")(_mpf(z)) for expression in expressions)
    return y, slope


def _fraction(value: sp.Rational) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def _mpf(value: Fraction) -> mpmath.mpf:
    return mpmath.mpf(value.numerator) / value.denominator


def one_sided(slope: Fraction) -> tuple[Fraction, Fraction]:
    """Return the left and the right derivative of ReLU(z) at z = 0 along a variable v with ∂z/∂v = `slope`.

    ReLU has the slope 0 on the left of 0 and 1 on the right; where z falls as v rises, the two change places.
    """
    return min(Fraction(0), slope), max(Fraction(0), slope)


@dataclass(frozen=True)
class Answer:
    """Everything that question 1 asks for.

    Attributes
    ----------
    relu, doubled : Gradients
        Parts a) and b): the ReLU neuron, and the same with w₁ doubled.
    sigmoid : Gradients
        Part c).
    """

    neuron: Neuron
    relu: Gradients
    doubled: Gradients
    sigmoid: Gradients


def answer(neuron: Neuron) -> Answer:
    """Answer question 1 for one neuron."""
    return Answer(
        neuron=neuron,
        relu=gradients(neuron, relu),
        doubled=gradients(neuron.with_first_weight_doubled(), relu),
        sigmoid=gradients(neuron, sigmoid),
    )


# --- in words and formulas ------------------------------------------------------------------------------------------


def output(result: Gradients) -> Printed:
    """Print y; a sigmoid's output that would round to 1.0000 is printed as 1 − (what it lacks)."""
    if isinstance(result.y, Fraction) or result.z < 0 or result.y < mpmath.mpf("0.99995"):
        return number(result.y)
    with mpmath.workdps(DIGITS):
        gap = number(result.slope / result.y)  # σ' = σ (1 − σ), which keeps the digits that 1 − σ loses
    if gap.text == "0":
        return Printed(text="1", tex="1", exact=False)
    return Printed(text=f"1 {MINUS} {gap.text}", tex=f"1 - {gap.tex}", exact=False, simple=False)


def _products(answer: Answer) -> list[str]:
    """Return the TeX of the summands of z in numbers."""
    neuron = answer.neuron
    products = [
        rf"{number(w).factor} \cdot {number(x).factor}" for w, x in zip(neuron.weights, neuron.inputs, strict=True)
    ]
    return products if neuron.bias is None else [*products, number(neuron.bias).factor]


def _put_in(answer: Answer) -> str:
    """Return the TeX sign between z in symbols and in numbers: = if all of these are printed exactly."""
    neuron = answer.neuron
    exact = all(number(v).exact for v in (*neuron.inputs, *neuron.weights, neuron.bias or Fraction(0)))
    return "=" if exact else r"\approx"


def _in_numbers(answer: Answer) -> str:
    """Return the TeX of z in numbers, from its first relation on: ``= 3 \\cdot 1 + (-1) \\cdot 2 = 1``."""
    z = number(answer.relu.z)
    return f"{_put_in(answer)} {' + '.join(_products(answer))} {z.relation} {z.tex}"


def total_input(answer: Answer) -> list[str]:
    """Return the TeX of z in symbols and in numbers, as rows of an aligned formula none of which is too long."""
    z = number(answer.relu.z)
    names = [f"w_{i} x_{i}" for i in range(1, len(answer.neuron.inputs) + 1)]
    names += [] if answer.neuron.bias is None else ["b"]
    products = _products(answer)
    if len(names) == 2 and sum(map(len, products)) < 40:
        return [f"z &= {' + '.join(names)} {_in_numbers(answer)}"]
    rows = [f"z &= {' + '.join(names)}"]
    lines = [[products[0]]]
    for product in products[1:]:
        if sum(map(len, lines[-1])) + len(product) > ROW:
            lines.append([])
        lines[-1].append(product)
    signs = [_put_in(answer), *[r"\quad {}+"] * (len(lines) - 1)]
    rows += [f"&{sign} {' + '.join(line)}" for sign, line in zip(signs, lines, strict=True)]
    if sum(map(len, lines[-1])) + len(z.tex) > ROW:
        rows.append("&")
    rows[-1] += f" {z.relation} {z.tex}"
    return rows


def state(answer: Answer) -> str:
    """Say whether the ReLU neuron is active, inactive or at its kink, with y and ReLU′(z)."""
    z = number(answer.relu.z)
    if answer.relu.z > 0:
        return (
            f"The total input $z {_in_numbers(answer)}$ is positive, so the neuron is **active**: "
            rf"$y = z {z.relation} {z.tex}$ and $\mathrm{{ReLU}}'(z) = 1$."
        )
    if answer.relu.z < 0:
        return (
            f"The total input $z {_in_numbers(answer)}$ is negative, so the neuron is **inactive**: "
            r"$y = 0$ and $\mathrm{ReLU}'(z) = 0$."
        )
    return (
        f"The total input $z {_in_numbers(answer)}$ is exactly zero, the **kink** of the ReLU: $y = 0$. "
        r"The slope is 0 on the left and 1 on "
        r"the right, so the derivative does not exist there; we take the usual convention $\mathrm{ReLU}'(0) = 0$."
    )


def part_a(answer: Answer) -> str:
    """State ∂y/∂x₂ and ∂y/∂w₂ of the ReLU neuron."""
    w, x = number(answer.neuron.weights[1]), number(answer.neuron.inputs[1])
    if answer.relu.z > 0:
        return (
            rf"$\partial y/\partial x_2 = w_2 {w.relation} {w.tex}$ and "
            rf"$\partial y/\partial w_2 = x_2 {x.relation} {x.tex}$."
        )
    zeros = r"$\partial y/\partial x_2 = w_2 \cdot 0 = 0$ and $\partial y/\partial w_2 = x_2 \cdot 0 = 0$"
    if answer.relu.z < 0:
        return f"{zeros}: an inactive neuron passes no gradient back."
    return f"{zeros}, by the convention. {_one_sided(answer)}"


def _one_sided(answer: Answer) -> str:
    """Give the one-sided derivatives of part a) at the kink: for a slope c of z they are min(0, c) and max(0, c)."""
    slopes = {"x_2": answer.neuron.weights[1], "w_2": answer.neuron.inputs[1]}
    if not any(slopes.values()):
        return "No convention is needed for them, since $w_2 = x_2 = 0$: $z$ does not depend on either here."
    parts = []
    for name, slope in slopes.items():
        left, right = (number(side) for side in one_sided(slope))
        if slope == 0:
            parts.append(f"Along ${name}$ the derivative exists and is $0$, since $z$ does not depend on it here.")
        else:
            parts.append(f"Along ${name}$ the one-sided derivatives are ${left.tex}$ (left) and ${right.tex}$ (right).")
    return " ".join(parts)


def part_b(answer: Answer) -> str:
    """Say what doubling w₁ does to ∂y/∂x₁, for these numbers."""
    w1, x1 = answer.neuron.weights[0], answer.neuron.inputs[0]
    z, before, after = number(answer.doubled.z), number(answer.relu.inputs[0]), number(answer.doubled.inputs[0])
    if w1 == 0:
        return r"Here $w_1 = 0$: twice zero is zero, so nothing changes and $\partial y/\partial x_1$ stays $0$."
    was, new = _sign(answer.relu.z), _sign(answer.doubled.z)
    total = rf"$z$ stays {_about(z)}, since $x_1 = 0$" if x1 == 0 else f"$z$ becomes {_about(z)}"
    change = f"from {_about(before)} to {_about(after)}"
    if was > 0 and new > 0:
        return rf"Here $\partial y/\partial x_1$ **doubles**, {change}: {total}, so the neuron stays active."
    if was <= 0 and new > 0:
        convention = " (by the convention)" if was == 0 else ""
        return (
            rf"Here $\partial y/\partial x_1$ changes from $0${convention} to $2 w_1 {after.relation} {after.tex}$: "
            f"{total}, so doubling $w_1$ **switches the neuron on**."
        )
    if was > 0:
        where = "exactly the kink, where the convention gives 0" if new == 0 else "so the neuron is switched **off**"
        return rf"Here $\partial y/\partial x_1$ does not double but changes {change}: {total}, {where}."
    why = {
        (-1, -1): "so the neuron stays inactive",
        (-1, 0): "exactly the kink, where the convention gives 0",
        (0, -1): "so the neuron is now inactive",
        (0, 0): "still the kink, where the convention gives 0",
    }[was, new]
    return rf"Here $\partial y/\partial x_1$ **stays $0$**: {total}, {why}."


def _about(value: Printed) -> str:
    """Return a number as inline TeX, and say where it is rounded."""
    return f"${value.tex}$" if value.exact else f"about ${value.tex}$"


def _sign(z: Fraction) -> int:
    return (z > 0) - (z < 0)


def part_c(answer: Answer) -> str:
    """State y, ∂y/∂w₁ and ∂y/∂w₂ of the sigmoid neuron."""
    y, slope = _sigmoid_output_and_slope(answer)
    at = _argument(answer)
    parts = [rf"$\partial y/\partial w_{i} = \sigma'({at})\, x_{i} {_sigmoid_value(answer, i)}$" for i in (1, 2)]
    return (
        rf"$y = \sigma({at}) {y.relation} {y.tex}$. "
        rf"With $\sigma'({at}) = \sigma({at})\,(1 - \sigma({at})) {slope.relation} {slope.tex}$: "
        f"{parts[0]} and {parts[1]}."
    )


def _sigmoid_output_and_slope(answer: Answer) -> tuple[Printed, Printed]:
    """Print y and the slope of the sigmoid."""
    return output(answer.sigmoid), number(answer.sigmoid.slope)


def _argument(answer: Answer) -> str:
    """Return the TeX of the sigmoid's argument: the total input where that is exact and short, else z."""
    z = number(answer.relu.z)
    return z.tex if z.exact and r"\times" not in z.tex and r"\tfrac" not in z.tex else "z"


def _sigmoid_value(answer: Answer, index: int) -> str:
    """Return the relation and the value of ∂y/∂w_index of the sigmoid neuron."""
    value = number(answer.sigmoid.weights[index - 1])
    return f"{value.relation} {value.tex}"


def boxed_answer(answer: Answer) -> str:
    """Return the Markdown of the answer box of question 1."""
    return "\n\n".join(
        [
            state(answer),
            f"**a)** {part_a(answer)}",
            rf"**b)** In general $\partial y/\partial x_1 = w_1$ if $z > 0$ and $0$ otherwise. {part_b(answer)}",
            f"**c)** {part_c(answer)}",
        ]
    )


def substituted_relu(answer: Answer) -> str:
    """Return the TeX of part a), step by step: total input, chain rule, local derivatives by SymPy, numbers."""
    slope = number(answer.relu.slope)
    rows = total_input(answer)
    for kind, index in (("x", 2), ("w", 2)):
        local, value, local_value = _along(answer, answer.relu, kind, index)
        rows.append(
            rf"\frac{{\partial y}}{{\partial {kind}_{index}}} &= \mathrm{{ReLU}}'(z)\, "
            rf"\frac{{\partial z}}{{\partial {kind}_{index}}} = \mathrm{{ReLU}}'(z)\, {local} "
            rf"{local_value.relation} {slope.tex} \cdot {local_value.factor} {value.relation} {value.tex}"
        )
    return _aligned(rows)


def substituted_sigmoid(answer: Answer) -> str:
    """Return the TeX of part c), step by step."""
    y, slope = _sigmoid_output_and_slope(answer)
    at = _argument(answer)
    rows = [
        rf"y &= \sigma({at}) {y.relation} {y.tex}, \qquad "
        rf"\sigma'({at}) = \sigma({at})\,(1 - \sigma({at})) {slope.relation} {slope.tex}",
    ]
    for index in (1, 2):
        local, _, local_value = _along(answer, answer.sigmoid, "w", index)
        rows.append(
            rf"\frac{{\partial y}}{{\partial w_{index}}} "
            rf"&= \sigma'({at})\, \frac{{\partial z}}{{\partial w_{index}}} = "
            rf"\sigma'({at})\, {local} {(slope if not slope.exact else local_value).relation} "
            rf"{slope.factor} \cdot {local_value.factor} {_sigmoid_value(answer, index)}"
        )
    return _aligned(rows)


def _along(answer: Answer, result: Gradients, kind: str, index: int) -> tuple[str, Printed, Printed]:
    """Return ∂z/∂v in symbols, ∂y/∂v, and ∂z/∂v as a number, for the variable v = `kind`_`index`."""
    symbolic = symbols(len(answer.neuron.inputs), answer.neuron.bias is not None)
    variable = (symbolic.inputs if kind == "x" else symbolic.weights)[index - 1]
    value = (result.inputs if kind == "x" else result.weights)[index - 1]
    local = (answer.neuron.weights if kind == "x" else answer.neuron.inputs)[index - 1]
    return sp.latex(sp.diff(symbolic.total, variable)), number(value), number(local)


def _aligned(rows: list[str]) -> str:
    return r"\begin{aligned} " + r" \\ ".join(rows) + r" \end{aligned}"


def source(read_from_figure: bool, checked_output: bool) -> str:
    """Say where the neuron's numbers come from.

    Parameters
    ----------
    read_from_figure : bool
        Whether the author read them from the question's figure.
    checked_output : bool
        Whether the figure prints an output that the transcription was compared with.
    """
    if not read_from_figure:
        return "The question's figure is not part of its text, so the numbers of the neuron are my own example."
    checked = " They reproduce the output that the figure prints." if checked_output else ""
    return f"The numbers are those of the question's figure.{checked}"
