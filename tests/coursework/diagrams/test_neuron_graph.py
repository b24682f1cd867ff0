"""The computation graph of question 1: the chain rule holds along it, and its drawing can be read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from matplotlib.colors import to_rgba
from matplotlib.patches import Circle
from matplotlib.text import Annotation
from neurons import make, neurons
from readable import assert_readable, lightness, outside, overlapping, svg, texts

from coursework.answers.formatting import number
from coursework.answers.neuron import answer
from coursework.answers.neuron_wording import output
from coursework.diagrams import style
from coursework.diagrams.neuron_graph import build, draw

style.use()

NEURONS = {
    "default": make((1, 2), (3, -1)),
    "three": make((1, -2, "0.5"), (-3, "1/3", 2)),
    "four with bias": make((1, 2, 3, 4), (-1, -2, -3, -4), "0.5"),
}


@given(neurons())
def test_values_flow_forwards_and_gradients_backwards(case):
    """At a product each factor gets the other one times the gradient; a sum passes the gradient on."""
    graph = build(case, answer(case).relu, "ReLU")
    into = {}
    out = {}
    for edge in graph.edges:
        into.setdefault(edge.target, []).append(edge)
        out[edge.source] = edge
    for node in graph.nodes:
        arriving, leaving = into.get(node.name, []), out.get(node.name)
        if node.name.startswith("p"):
            first, second = arriving
            assert leaving.value == first.value * second.value
            assert first.gradient == leaving.gradient * second.value
            assert second.gradient == leaving.gradient * first.value
        elif node.name == "sum":
            assert leaving.value == sum(edge.value for edge in arriving)
            assert {edge.gradient for edge in arriving} == {leaving.gradient}
        elif node.name == "activation":
            assert leaving.value == max(arriving[0].value, 0)
            assert arriving[0].gradient == (1 if arriving[0].value > 0 else 0)
        elif node.name == "y":
            assert arriving[0].gradient == 1
    assert len(into["sum"]) == len(case.inputs) + (case.bias is not None)


@pytest.mark.parametrize("name", NEURONS)
@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_the_drawing_can_be_read(name, activation):
    case = NEURONS[name]
    figure = draw(
        case, getattr(answer(case), activation), "σ" if activation == "sigmoid" else "ReLU", asked=("x2", "w2")
    )
    assert_readable(figure)


def test_every_forward_value_stands_above_its_edge_and_every_gradient_below():
    case = NEURONS["three"]
    result = answer(case).sigmoid
    graph = build(case, result, "σ")
    heights = {node.name: node.at[1] for node in graph.nodes}
    drawn = texts(draw(case, result, "σ"))
    for colour, value, sign in ((style.BLUE, lambda e: e.value, 1), (style.RED, lambda e: e.gradient, -1)):
        written = {(t.get_text(), round(t.get_position()[1], 3)) for t in drawn if t.get_color() == colour}
        for edge in graph.edges:
            text = output(result).text if edge.target == "y" and sign > 0 else number(value(edge)).text
            at = [y for found, y in written if found == text]
            assert any(0 < sign * (y - heights[edge.source]) < 0.1 for y in at), (edge, at)


@pytest.mark.parametrize("name", NEURONS)
def test_every_edge_is_drawn_from_its_source_to_its_target_with_its_numbers_on_its_level_part(name):
    case = NEURONS[name]
    graph = build(case, answer(case).relu, "ReLU")
    (axes,) = draw(case, answer(case).relu, "ReLU").axes
    nodes = {node.name: node for node in graph.nodes}
    level = {tuple(line.get_xydata()[-1].round(6)): line.get_xydata() for line in axes.lines}
    arrows = [text for text in axes.texts if isinstance(text, Annotation)]
    for edge, arrow in zip(graph.edges, arrows, strict=True):
        source, target = nodes[edge.source], nodes[edge.target]
        tip, bend = np.array(arrow.xy), np.array(arrow.xyann)
        begin, end = level.get(tuple(bend.round(6)), (bend, tip))
        assert tuple(begin) == pytest.approx((source.at[0] + source.size[0] / 2, source.at[1]))
        assert begin[0] < end[0] <= tip[0]
        assert end[1] == begin[1]
        distance = target.size[0] / 2  # of the tip from the middle of a disc, or of a box that is met level
        assert np.linalg.norm(tip - target.at) == pytest.approx(distance)
        assert bend[0] < tip[0]
        numbers = [t for t in axes.texts if abs(t.get_position()[1] - begin[1]) < 0.1 and t not in arrows]
        assert any(begin[0] < t.get_position()[0] < end[0] for t in numbers if t.get_color() == style.BLUE)
        assert any(begin[0] < t.get_position()[0] < end[0] for t in numbers if t.get_color() == style.RED)


def test_variables_are_tinted_and_the_signs_of_operations_are_large():
    case = NEURONS["default"]
    (axes,) = draw(case, answer(case).relu, "ReLU").axes
    discs = {tuple(patch.center): patch.get_facecolor() for patch in axes.patches if isinstance(patch, Circle)}
    sizes = {text.get_position(): text.get_size() for text in axes.texts}
    kinds = {node.at: node.kind for node in build(case, answer(case).relu, "ReLU").nodes}
    for at, colour in discs.items():
        assert (colour == to_rgba(style.FAINT)) == (kinds[at] == "variable")
    letters, signs = ([sizes[at] for at in kinds if kinds[at] == kind] for kind in ("variable", "operation"))
    assert min(signs) > max(letters)


def test_the_key_says_which_number_is_which():
    """In the key as on an edge: forward values above and blue, gradients below and red."""
    key = {t.get_text(): t for t in texts(draw(NEURONS["default"], answer(NEURONS["default"]).relu, "ReLU"))}
    forward, backward = key["forward value"], key["gradient of $y$"]
    assert (forward.get_color(), backward.get_color()) == (style.BLUE, style.RED)
    assert forward.get_position()[1] > backward.get_position()[1]


def test_an_edge_starts_at_the_variable_that_its_label_names():
    case = NEURONS["three"]
    for node in build(case, answer(case).relu, "ReLU").nodes:
        if node.kind == "variable" and node.name != "y":
            assert node.label == f"${node.name[0]}_{node.name[1]}$"


def test_a_sigmoid_at_zero_is_shown_exactly():
    case = make((2, 3), (3, -2))
    shown = [text.get_text() for text in texts(draw(case, answer(case).sigmoid, "σ"))]
    assert {"0.5", "0.25", "0.75", "−0.5"} <= set(shown)


def test_what_is_asked_is_framed():
    case = NEURONS["default"]
    framed = [
        t.get_text() for t in texts(draw(case, answer(case).relu, "ReLU", asked=("x2", "w2"))) if t.get_bbox_patch()
    ]
    assert framed == ["−1", "2"]


def test_long_numbers_stay_on_their_edge():
    case = make((1, 2), (-400, 1))
    figure = draw(case, answer(case).sigmoid, "σ")
    assert "1.415\u00a0×\u00a010⁻¹⁷³" in [text.get_text() for text in texts(figure)]
    assert overlapping(figure) == []
    assert outside(figure) == []


def test_forward_and_backward_differ_in_greyscale_or_in_style():
    case = NEURONS["default"]
    drawn = texts(draw(case, answer(case).relu, "ReLU"))
    backward = [text for text in drawn if text.get_style() == "italic" and text.get_color() == style.RED]
    forward = [text for text in drawn if text.get_color() == style.BLUE]
    assert backward
    assert forward
    assert all(text.get_style() != "italic" for text in forward)
    assert lightness(style.RED) < 0.5
    assert lightness(style.BLUE) < 0.5


def test_the_same_neuron_gives_the_same_bytes():
    case = NEURONS["default"]
    first, second = (svg(draw(case, answer(case).relu, "ReLU")) for _ in range(2))
    assert first == second


def test_variables_and_operations_are_discs_and_the_activation_is_a_box():
    case = NEURONS["default"]
    figure = draw(case, answer(case).relu, "ReLU")
    (axes,) = figure.axes
    shapes = {}
    for text in texts(figure):
        place = axes.transData.transform(text.get_position())
        around = [type(patch) for patch in axes.patches if patch.contains_point(place)]
        if around:
            shapes[text.get_text()] = around
    assert [kind.__name__ for kind in shapes.pop("ReLU")] == ["FancyBboxPatch"]
    assert len(shapes) >= 6
    assert {kind.__name__ for found in shapes.values() for kind in found} == {"Circle"}
