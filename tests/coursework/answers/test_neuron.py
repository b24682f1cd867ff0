"""Question 1 in words, in every case; that the numbers are right is a check."""

from fractions import Fraction
from types import SimpleNamespace

import pytest
from hypothesis import given
from neurons import make, neurons

from coursework.answers import neuron_wording as q1
from coursework.answers.neuron import Neuron, answer, one_sided
from coursework.answers.neuron_checks import autodiff


@given(neurons())
def test_the_words_of_part_b_are_what_tensorflow_finds(neuron):
    doubled = make(neuron.inputs, (2 * neuron.weights[0], *neuron.weights[1:]), neuron.bias)
    before, after = (autodiff(each, "relu")[1] for each in (neuron, doubled))
    words = q1.part_b(answer(neuron))
    if "**doubles**" in words:
        assert after == 2 * before != 0
    elif "switches the neuron on" in words:
        assert before == 0
        assert after == 2 * float(neuron.weights[0]) != 0
    elif "does not double" in words:
        assert before == float(neuron.weights[0]) != 0
        assert after == 0
    else:
        assert "stays $0$" in words or "**stays $0$**" in words
        assert before == after == 0


CASES = {
    # inputs, weights, bias: what part a) and part b) must say
    "active": ((1, 2), (3, -1), None, "= w_2 = -1", "**doubles**, from $3$ to $6$"),
    "inactive": ((1, 2), (-3, -1), None, "passes no gradient", "**stays $0$**: $z$ becomes $-8$"),
    "kink": ((1, 3), (3, -1), None, "by the convention", "from $0$ (by the convention) to $2 w_1 = 6$"),
    "kink to inactive": ((1, 3), (-3, 1), None, "by the convention", "now inactive"),
    "kink stays": ((0, 3), (5, 1), -3, "by the convention", "still the kink"),
    "kink, nothing moves z": ((1, 0), (1, 0), -1, "No convention is needed", "switches the neuron on"),
    "w1 is zero": ((5, 2), (0, 1), None, "= w_2 = 1", "twice zero is zero"),
    "x1 is zero": ((0, 2), (3, 1), None, "= x_2 = 2", "$z$ stays $2$, since $x_1 = 0$"),
    "switched on": ((1, 1), (5, -6), None, "passes no gradient", "switches the neuron on"),
    "switched off": ((-1, 2), (4, 1), 5, "= x_2 = 2", "switched **off**"),
    "onto the kink from above": ((-1, 2), (4, 1), 6, "= w_2 = 1", "exactly the kink"),
    "onto the kink from below": ((1, 1), (2, -3), -1, "passes no gradient", "exactly the kink"),
    "negative inputs": ((-1, -2), (-3, 1), None, "= x_2 = -2", "**doubles**, from $-3$ to $-6$"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_wording_follows_the_case(case):
    inputs, weights, bias, part_a, part_b = CASES[case]
    result = answer(make(inputs, weights, bias))
    assert part_a in q1.part_a(result)
    assert part_b in q1.part_b(result)
    box = q1.boxed_answer(result)
    assert q1.part_a(result) in box
    assert q1.part_b(result) in box
    assert q1.part_c(result) in box


def test_the_state_names_the_case():
    assert "**active**" in q1.state(answer(make((1, 2), (3, -1))))
    assert "**inactive**" in q1.state(answer(make((1, 2), (-3, -1))))
    assert "**kink**" in q1.state(answer(make((1, 3), (3, -1))))


@pytest.mark.parametrize(("slope", "sides"), [(1, ("0", "1")), (-1, ("-1", "0")), (2, ("0", "2"))])
def test_the_derivatives_on_each_side_of_the_kink_are_said_where_z_depends_on_it(slope, sides):
    text = q1.part_a(answer(make((0, slope), (5, 0))))
    assert f"Along $w_2$ the one-sided derivatives are ${sides[0]}$ (left) and ${sides[1]}$ (right)." in text
    assert "Along $x_2$ the derivative exists and is $0$" in text


def test_a_kink_of_decimals_is_a_kink():
    """3 · 0.1 − 0.3 is not zero in float64, but it is zero."""
    assert answer(make(("0.1", "0.3"), (3, -1))).relu.z == 0


def test_the_sigmoid_of_the_default_neuron():
    words = q1.part_c(answer(make((1, 2), (3, -1))))
    for value in ("0.7311", "0.1966", "0.3932"):
        assert value in words


def test_at_zero_the_sigmoid_is_exact():
    words = q1.part_c(answer(make((1, 3), (3, -1))))
    assert r"\approx" not in words
    assert r"\sigma(0) = 0.5" in words
    assert words.endswith("= 0.75$.")


def test_a_saturated_sigmoid_does_not_print_as_one():
    assert r"1 - 2.115 \times 10^{-19}" in q1.part_c(answer(make((1, 2), (1, 1), 40)))
    assert r"1.929 \times 10^{-22}" in q1.part_c(answer(make((1, 2), (1, 1), -53)))


def test_one_sided_derivatives_are_limits_of_quotients():
    for slope in (Fraction(3), Fraction(-2), Fraction(0)):
        h = Fraction(1, 10**6)
        left, right = (max(slope * step, Fraction(0)) / step for step in (-h, h))
        assert one_sided(slope) == (left, right)


@given(neurons())
def test_formulas_are_balanced_and_numbers_readable(neuron):
    result = answer(neuron)
    for tex in (q1.substituted_relu(result), q1.substituted_sigmoid(result), q1.boxed_answer(result)):
        assert tex.count("{") == tex.count("}")
        assert tex.count(r"\left") == tex.count(r"\right")
        assert "None" not in tex
        assert "Fraction" not in tex
        assert "mpf" not in tex
        assert "+ -" not in tex
        assert "cdot -" not in tex


@pytest.mark.parametrize(
    ("neuron", "summands"),
    [
        (make((1, 2), (3, -1)), [1]),
        (make(("1/3", "2/7"), ("-5/11", "1/3"), "8/9"), [3, 0]),  # the value no longer fits
        (make(("1.2345678", "0.0012345", "-7/13"), ("-9.876543", "123456.7", "1/3")), [2, 1]),
        (make(("1/3", "2/7", "0.123", "-17/23"), ("-5/11", "1/3", "22.25", "7/999"), "-1.25"), [2, 3]),
    ],
)
def test_a_long_sum_is_broken_into_rows_that_fit_on_the_page(neuron, summands):
    result = answer(neuron)
    names = [f"w_{i} x_{i}" for i in range(1, len(neuron.inputs) + 1)] + ([] if neuron.bias is None else ["b"])
    rows = q1.total_input_rows(result)
    joined = "".join(rows).replace("&", "").replace(r"\quad {}", "")
    assert joined.replace(" ", "") == f"z = {' + '.join(names)} {q1._in_numbers(result)}".replace(" ", "")
    if summands == [1]:
        assert len(rows) == 1
    else:
        assert max(map(len, rows)) < 100
        assert len(rows) == 1 + len(summands)
        counts = [row.count(r" \cdot ") + row.count("+ (-1.25)") + row.count(r"+ \tfrac{8}{9}") for row in rows[1:]]
        assert counts == summands


def test_the_source_of_the_numbers_is_stated():
    assert "my own" in q1.source(read_from_figure=False, checked_output=False)
    assert "my own" not in q1.source(read_from_figure=True, checked_output=False)
    assert "reproduce the output" in q1.source(read_from_figure=True, checked_output=True)


def test_the_neuron_is_taken_from_the_settings():
    question = SimpleNamespace(inputs=(Fraction(1), Fraction(2)), weights=(Fraction(3), Fraction(4)), bias=None)
    assert Neuron.of(question) == make((1, 2), (3, 4))
