"""The neuron of question 1 as a computation graph: forward values above the edges, gradients below them.

The graph is data first (`build`), so that a test can follow the chain rule along it; `draw` only places and draws it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coursework.answers.formatting import number
from coursework.answers.neuron import Gradients, Neuron, Number
from coursework.answers.neuron_wording import output
from coursework.diagrams.style import BLUE, FAINT, INK, RED, TEXT_WIDTH
from coursework.diagrams.wiring import Node, canvas, draw_box, draw_disc, write

ROW, PAIR_GAP, MARGIN = 0.4, 0.02, 0.24  # inches between rows, extra between pairs, above and below
COLUMNS = {"variable": 0.3, "product": 1.85, "sum": 3.3, "activation": 4.6, "output": 5.8}  # inches
RADIUS, BOX = 0.17, (0.54, 0.36)
TEXT_SIZE = 8.5  # points


class Edge(NamedTuple):
    """What flows from one node to the next: `value` forwards, and `gradient` = ∂y/∂value backwards."""

    source: str
    target: str
    value: Number
    gradient: Number


class Graph(NamedTuple):
    """A neuron's computation graph, with the height in inches that its drawing needs."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    height: float


def build(neuron: Neuron, result: Gradients, activation: str) -> Graph:
    """Lay the neuron out as a graph: variables, products, sum, activation (its box says ``"ReLU"``, say), output."""
    size, has_bias = len(neuron.inputs), neuron.bias is not None
    height = 2 * MARGIN + (2 * size - 1 + has_bias) * ROW + (size - 1 + has_bias) * PAIR_GAP
    y, nodes, edges = height - MARGIN, [], []

    def place(name: str, label: str, kind: str, column: str, y: float) -> None:
        size = BOX if kind == "activation" else (2 * RADIUS, 2 * RADIUS)
        nodes.append(Node(name, kind, (COLUMNS[column], y), label, size=size))

    for i, (x, w) in enumerate(zip(neuron.inputs, neuron.weights, strict=True), start=1):
        place(f"x{i}", f"$x_{i}$", "variable", "variable", y)
        place(f"w{i}", f"$w_{i}$", "variable", "variable", y - ROW)
        place(f"p{i}", "×", "operation", "product", y - ROW / 2)
        edges.append(Edge(f"x{i}", f"p{i}", x, result.inputs[i - 1]))
        edges.append(Edge(f"w{i}", f"p{i}", w, result.weights[i - 1]))
        edges.append(Edge(f"p{i}", "sum", w * x, result.slope))
        y -= 2 * ROW + PAIR_GAP
    if has_bias:
        place("b", "$b$", "variable", "variable", y)
        edges.append(Edge("b", "sum", neuron.bias, result.bias))
    middle = height / 2
    place("sum", "+", "operation", "sum", middle)
    place("activation", activation, "activation", "activation", middle)
    place("y", "$y$", "variable", "output", middle)
    edges.append(Edge("sum", "activation", result.z, result.slope))
    edges.append(Edge("activation", "y", result.y, Fraction(1)))
    return Graph(tuple(nodes), tuple(edges), height)


def draw(neuron: Neuron, result: Gradients, activation: str, asked: tuple[str, ...] = ()) -> Figure:
    """Draw the graph of `build` as wide as the text; the gradients that are `asked` for (``"x2"``) are framed."""
    graph = build(neuron, result, activation)
    figure, axes = canvas(TEXT_WIDTH, graph.height)
    places = {node.name: node for node in graph.nodes}
    for edge in graph.edges:
        _draw_edge(axes, edge, places, output(result).text if edge.target == "y" else None, edge.source in asked)
    for node in graph.nodes:
        _draw_node(axes, node)
    _draw_key(axes, graph.height)
    return figure


def _draw_node(axes: Axes, node: Node) -> None:
    if node.kind == "activation":
        draw_box(axes, node, fill="white", width=1, corner=0.07)
    else:
        draw_disc(axes, node.at, RADIUS, fill=FAINT if node.kind == "variable" else "white", width=1)
    write(axes, node.at, node.label, 15 if node.kind == "operation" else 10)


def _draw_edge(axes: Axes, edge: Edge, places: dict[str, Node], value: str | None, asked: bool) -> None:
    """Draw an edge that runs level while it carries its two numbers, then bends to its target."""
    start, end = places[edge.source], places[edge.target]
    left, right, y = start.at[0] + start.size[0] / 2, end.at[0] - end.size[0] / 2, start.at[1]
    if y == end.at[1]:
        bend = right
        tip = (right, y)
    else:
        bend = COLUMNS["product"] - 0.55 if end.kind == "operation" and end.name != "sum" else COLUMNS["sum"] - 0.5
        dx, dy = end.at[0] - bend, end.at[1] - y
        length = (dx**2 + dy**2) ** 0.5
        tip = (end.at[0] - RADIUS * dx / length, end.at[1] - RADIUS * dy / length)
        axes.plot([left, bend], [y, y], color=INK, lw=0.9, ls="-", solid_capstyle="butt", zorder=1)
    arrow = {"arrowstyle": "-|>,head_width=0.16,head_length=0.32", "color": INK, "lw": 0.9, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=tip, xytext=(left if bend == right else bend, y), arrowprops=arrow, zorder=1)
    label = min(bend, left + 1.0)
    middle = (left + label) / 2 if start.kind == "variable" else (left + bend - 0.06) / 2
    forward, backward = value or number(edge.value).text, number(edge.gradient).text
    axes.text(middle, y + 0.045, forward, ha="center", va="bottom", color=BLUE, size=_fitting(forward))
    style = {"ha": "center", "va": "top", "color": RED, "size": _fitting(backward), "style": "italic"}
    if asked:
        style["bbox"] = {"boxstyle": "round,pad=0.1,rounding_size=0.25", "fc": "white", "ec": RED, "lw": 0.8}
    axes.text(middle, y - (0.06 if asked else 0.045), backward, **style)


def _fitting(text: str) -> float:
    """Return the font size, in points, at which `text` is no longer than a level edge."""
    raised = sum(character in "⁻⁰¹²³⁴⁵⁶⁷⁸⁹" for character in text)
    return TEXT_SIZE * min(1, 13.5 / (len(text) - 0.45 * raised))


def _draw_key(axes: Axes, height: float) -> None:
    """Say in the upper right corner what the two numbers on an edge are."""
    x, y = COLUMNS["activation"] - 0.62, height - MARGIN
    axes.plot([x, x + 0.5], [y, y], color=INK, lw=0.9, ls="-")
    axes.text(x + 0.6, y + 0.045, "forward value", ha="left", va="bottom", color=BLUE, size=TEXT_SIZE)
    axes.text(x + 0.6, y - 0.045, "gradient of $y$", ha="left", va="top", color=RED, size=TEXT_SIZE, style="italic")
