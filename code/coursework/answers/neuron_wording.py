"""Question 1 in words and formulas; the words follow the case that the author's numbers make."""

from __future__ import annotations

from fractions import Fraction

import mpmath

from coursework.answers.formatting import Printed, number
from coursework.answers.neuron import DIGITS, Answer, Gradients, Number, one_sided

ROW = 80  # characters of TeX: what a row of numbers may hold and still fit on the page


def output(result: Gradients) -> Printed:
    """Print y; a sigmoid's output that would round to 1.0000 is printed as 1 − (what it lacks)."""
    if isinstance(result.y, Fraction) or result.z < 0 or result.y < mpmath.mpf("0.99995"):
        return number(result.y)
    with mpmath.workdps(DIGITS):
        gap = number(result.slope / result.y)  # σ' = σ (1 − σ), which keeps the digits that 1 − σ loses
    if gap.text == "0":
        return Printed("1", exact=False)
    return Printed(f"1 - {gap.tex}", exact=False)


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
    return f"{_put_in(answer)} {' + '.join(_products(answer))} {number(answer.relu.z).stated}"


def total_input_rows(answer: Answer) -> list[str]:
    """Return the TeX of z in symbols and in numbers, as rows of an aligned formula none of which is too long."""
    z = number(answer.relu.z)
    names = [f"w_{i} x_{i}" for i in range(1, len(answer.neuron.inputs) + 1)]
    names += [] if answer.neuron.bias is None else ["b"]
    products = _products(answer)
    if len(names) == 2 and sum(map(len, products)) < 40:
        return [f"z &= {' + '.join(names)} {_in_numbers(answer)}"]
    lines = [[products[0]]]
    for product in products[1:]:
        if sum(map(len, lines[-1])) + len(product) > ROW:
            lines.append([])
        lines[-1].append(product)
    signs = [_put_in(answer), *[r"\quad {}+"] * (len(lines) - 1)]
    rows = [f"z &= {' + '.join(names)}"]
    rows += [f"&{sign} {' + '.join(line)}" for sign, line in zip(signs, lines, strict=True)]
    if sum(map(len, lines[-1])) + len(z.tex) > ROW:
        rows.append("&")
    rows[-1] += f" {z.stated}"
    return rows


def state(answer: Answer) -> str:
    """Say whether the ReLU neuron is active, inactive or at its kink, with y and ReLU′(z)."""
    z = answer.relu.z
    total = f"The total input $z {_in_numbers(answer)}$ is"
    if z > 0:
        return (
            rf"{total} positive, so the neuron is **active**: $y = z {number(z).stated}$ and "
            r"$\mathrm{ReLU}'(z) = 1$."
        )
    if z < 0:
        return rf"{total} negative, so the neuron is **inactive**: $y = 0$ and $\mathrm{{ReLU}}'(z) = 0$."
    return (
        f"{total} exactly zero, the **kink** of the ReLU: $y = 0$. The slope is 0 on the left and 1 on "
        r"the right, so the derivative does not exist there; we take the usual convention $\mathrm{ReLU}'(0) = 0$."
    )


def part_a(answer: Answer) -> str:
    """State ∂y/∂x₂ and ∂y/∂w₂ of the ReLU neuron."""
    w, x = number(answer.neuron.weights[1]), number(answer.neuron.inputs[1])
    if answer.relu.z > 0:
        return rf"$\partial y/\partial x_2 = w_2 {w.stated}$ and $\partial y/\partial w_2 = x_2 {x.stated}$."
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
        left, right = (number(side).tex for side in one_sided(slope))
        if slope == 0:
            parts.append(f"Along ${name}$ the derivative exists and is $0$, since $z$ does not depend on it here.")
        else:
            parts.append(f"Along ${name}$ the one-sided derivatives are ${left}$ (left) and ${right}$ (right).")
    return " ".join(parts)


def part_b(answer: Answer) -> str:
    """Say what doubling w₁ does to ∂y/∂x₁, for these numbers."""
    if answer.neuron.weights[0] == 0:
        return r"Here $w_1 = 0$: twice zero is zero, so nothing changes and $\partial y/\partial x_1$ stays $0$."
    z, before, after = (number(v) for v in (answer.doubled.z, answer.relu.inputs[0], answer.doubled.inputs[0]))
    was, new = _sign(answer.relu.z), _sign(answer.doubled.z)
    stays = answer.neuron.inputs[0] == 0
    total = rf"$z$ stays {_about(z)}, since $x_1 = 0$" if stays else f"$z$ becomes {_about(z)}"
    change = f"from {_about(before)} to {_about(after)}"
    here, kink = r"Here $\partial y/\partial x_1$", "exactly the kink, where the convention gives 0"
    if was > 0 and new > 0:
        return f"{here} **doubles**, {change}: {total}, so the neuron stays active."
    if new > 0:
        convention = " (by the convention)" if was == 0 else ""
        return (
            f"{here} changes from $0${convention} to $2 w_1 {after.stated}$: "
            f"{total}, so doubling $w_1$ **switches the neuron on**."
        )
    if was > 0:
        where = kink if new == 0 else "so the neuron is switched **off**"
        return f"{here} does not double but changes {change}: {total}, {where}."
    why = {
        (-1, -1): "so the neuron stays inactive",
        (-1, 0): kink,
        (0, -1): "so the neuron is now inactive",
        (0, 0): "still the kink, where the convention gives 0",
    }[was, new]
    return f"{here} **stays $0$**: {total}, {why}."


def _about(value: Printed) -> str:
    """Return a number as inline TeX, and say where it is rounded."""
    return f"${value.tex}$" if value.exact else f"about ${value.tex}$"


def _sign(z: Fraction) -> int:
    return (z > 0) - (z < 0)


def part_c(answer: Answer) -> str:
    """State y, ∂y/∂w₁ and ∂y/∂w₂ of the sigmoid neuron."""
    at, result = _argument(answer), answer.sigmoid
    parts = [
        rf"$\partial y/\partial w_{i} = \sigma'({at})\, x_{i} {number(result.weights[i - 1]).stated}$" for i in (1, 2)
    ]
    return (
        rf"$y = \sigma({at}) {output(result).stated}$. "
        rf"With $\sigma'({at}) = \sigma({at})\,(1 - \sigma({at})) {number(result.slope).stated}$: "
        f"{parts[0]} and {parts[1]}."
    )


def _argument(answer: Answer) -> str:
    """Return the TeX of the sigmoid's argument: the total input where that is exact and short, else z."""
    z = number(answer.relu.z)
    return z.tex if z.exact and r"\times" not in z.tex and r"\tfrac" not in z.tex else "z"


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
    """Return the TeX of part a), step by step: total input, chain rule, local derivatives, numbers."""
    neuron, result = answer.neuron, answer.relu
    slope = r"\mathrm{ReLU}'(z)"
    return _aligned([
        *total_input_rows(answer),
        _gradient_row("x_2", "w_{2}", slope, result.slope, neuron.weights[1], result.inputs[1]),
        _gradient_row("w_2", "x_{2}", slope, result.slope, neuron.inputs[1], result.weights[1]),
    ])  # fmt: skip


def substituted_sigmoid(answer: Answer) -> str:
    """Return the TeX of part c), step by step."""
    at, result = _argument(answer), answer.sigmoid
    y = rf"y &= \sigma({at}) {output(result).stated}"
    slope = rf"\sigma'({at}) = \sigma({at})\,(1 - \sigma({at})) {number(result.slope).stated}"
    gradients = [
        _gradient_row(f"w_{i}", f"x_{{{i}}}", rf"\sigma'({at})", result.slope, x, gradient)
        for i, x, gradient in zip((1, 2), answer.neuron.inputs, result.weights, strict=False)
    ]
    return _aligned([rf"{y}, \qquad {slope}", *gradients])


def _gradient_row(variable: str, other: str, name: str, slope: Number, local: Number, value: Number) -> str:
    """Return ∂y/∂variable by the chain rule: in symbols, with the slope's `name`, then in numbers."""
    by, printed, factor = rf"{{\partial {variable}}}", number(slope), number(local)
    relation = "=" if printed.exact and factor.exact else r"\approx"
    return (
        rf"\frac{{\partial y}}{by} &= {name}\, \frac{{\partial z}}{by} = {name}\, {other} "
        rf"{relation} {printed.factor} \cdot {factor.factor} {number(value).stated}"
    )


def _aligned(rows: list[str]) -> str:
    return r"\begin{aligned} " + r" \\ ".join(rows) + r" \end{aligned}"


def source(read_from_figure: bool, checked_output: bool) -> str:
    """Say where the neuron's numbers come from, and if the figure prints an output that was compared with."""
    if not read_from_figure:
        return "The question's figure is not part of its text, so the numbers of the neuron are my own example."
    checked = " They reproduce the output that the figure prints." if checked_output else ""
    return f"The numbers are those of the question's figure.{checked}"
