"""The neuron of question 1 as a computation graph: forward values above the edges, gradients below them.

The graph is data first (`build`), so that a test can follow the chain rule along it; `draw` only places and draws it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch

from coursework.answers.formatting import number
from coursework.answers.neuron import Gradients, Neuron, Number
from coursework.answers.neuron_wording import output
from coursework.diagrams.style import BLUE, FAINT, INK, RED, TEXT_WIDTH

ROW, PAIR_GAP, MARGIN = 0.4, 0.02, 0.24  # inches between rows, extra between pairs, above and below
COLUMNS = {"variable": 0.3, "product": 1.85, "sum": 3.3, "activation": 4.6, "output": 5.8}  # inches
RADIUS = 0.17
TEXT_SIZE = 8.5  # points


@dataclass(frozen=True)
class Node:
    """A variable, an operation, or the output; `x` and `y` are inches from the lower left corner."""

    name: str
    label: str
    kind: str
    x: float
    y: float


@dataclass(frozen=True)
class Edge:
    """What flows from one node to the next: `value` forwards, and `gradient` = ∂y/∂value backwards."""

    source: str
    target: str
    value: Number
    gradient: Number


@dataclass(frozen=True)
class Graph:
    """A neuron's computation graph, with the height in inches that its drawing needs."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    height: float


def build(neuron: Neuron, result: Gradients, activation: str) -> Graph:
    """Lay the neuron out as a graph: variables, products, sum, activation, output.

    Parameters
    ----------
    neuron : Neuron
    result : Gradients
        The forward and backward pass to show.
    activation : str
        What the activation's box says, such as ``"ReLU"``.
    """
    size, has_bias = len(neuron.inputs), neuron.bias is not None
    height = 2 * MARGIN + (2 * size - 1 + has_bias) * ROW + (size - 1 + has_bias) * PAIR_GAP
    y, nodes, edges = height - MARGIN, [], []
    for i, (x, w) in enumerate(zip(neuron.inputs, neuron.weights, strict=True), start=1):
        nodes.append(Node(f"x{i}", f"$x_{i}$", "variable", COLUMNS["variable"], y))
        nodes.append(Node(f"w{i}", f"$w_{i}$", "variable", COLUMNS["variable"], y - ROW))
        nodes.append(Node(f"p{i}", "×", "operation", COLUMNS["product"], y - ROW / 2))
        edges.append(Edge(f"x{i}", f"p{i}", x, result.inputs[i - 1]))
        edges.append(Edge(f"w{i}", f"p{i}", w, result.weights[i - 1]))
        edges.append(Edge(f"p{i}", "sum", w * x, result.slope))
        y -= 2 * ROW + PAIR_GAP
    if has_bias:
        nodes.append(Node("b", "$b$", "variable", COLUMNS["variable"], y))
        edges.append(Edge("b", "sum", neuron.bias, result.bias))
    middle = height / 2
    nodes.append(Node("sum", "+", "operation", COLUMNS["sum"], middle))
    nodes.append(Node("activation", activation, "activation", COLUMNS["activation"], middle))
    nodes.append(Node("y", "$y$", "variable", COLUMNS["output"], middle))
    edges.append(Edge("sum", "activation", result.z, result.slope))
    edges.append(Edge("activation", "y", result.y, Fraction(1)))
    return Graph(tuple(nodes), tuple(edges), height)


def draw(neuron: Neuron, result: Gradients, activation: str, asked: tuple[str, ...] = ()) -> Figure:
    """Draw the computation graph as wide as the text.

    Parameters
    ----------
    neuron, result, activation
        As for `build`.
    asked : tuple of str
        Names of the variables (``"x2"``) whose gradient the question asks for; these are framed.
    """
    graph = build(neuron, result, activation)
    figure = Figure(figsize=(TEXT_WIDTH, graph.height), layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, TEXT_WIDTH), ylim=(0, graph.height), aspect="equal")
    axes.axis("off")
    places = {node.name: node for node in graph.nodes}
    for edge in graph.edges:
        _draw_edge(axes, edge, places, output(result).text if edge.target == "y" else None, edge.source in asked)
    for node in graph.nodes:
        _draw_node(axes, node)
    _draw_key(axes, graph.height)
    return figure


def _draw_node(axes: Axes, node: Node) -> None:
    if node.kind == "activation":
        box = FancyBboxPatch(
            (node.x - 0.27, node.y - 0.18),
            0.54,
            0.36,
            boxstyle="round,pad=0,rounding_size=0.07",
            fc="white",
            ec=INK,
            lw=1,
        )
        axes.add_patch(box)
    else:
        fill = FAINT if node.kind == "variable" else "white"
        axes.add_patch(Circle((node.x, node.y), RADIUS, fc=fill, ec=INK, lw=1))
    axes.text(
        node.x,
        node.y,
        node.label,
        ha="center",
        va="center",
        color=INK,
        size=15 if node.kind == "operation" else 10,
    )


def _draw_edge(axes: Axes, edge: Edge, places: dict[str, Node], value: str | None, asked: bool) -> None:
    """Draw an edge that runs level while it carries its two numbers, then bends to its target."""
    start, end = places[edge.source], places[edge.target]
    left = start.x + (0.27 if start.kind == "activation" else RADIUS)
    right = end.x - (0.27 if end.kind == "activation" else RADIUS)
    if start.y == end.y:
        bend = right
        tip = (right, end.y)
    else:
        bend = COLUMNS["product"] - 0.55 if end.kind == "operation" and end.name != "sum" else COLUMNS["sum"] - 0.5
        dx, dy = end.x - bend, end.y - start.y
        length = (dx**2 + dy**2) ** 0.5
        tip = (end.x - RADIUS * dx / length, end.y - RADIUS * dy / length)
        axes.plot([left, bend], [start.y, start.y], color=INK, lw=0.9, ls="-", solid_capstyle="butt", zorder=1)
    arrow = {"arrowstyle": "-|>,head_width=0.16,head_length=0.32", "color": INK, "lw": 0.9, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=tip, xytext=(left if start.y == end.y else bend, start.y), arrowprops=arrow, zorder=1)
    label = min(bend, left + 1.0)
    middle = (left + label) / 2 if start.kind == "variable" else (left + bend - 0.06) / 2
    forward, backward = value or number(edge.value).text, number(edge.gradient).text
    axes.text(middle, start.y + 0.045, forward, ha="center", va="bottom", color=BLUE, size=_fitting(forward))
    style = {"ha": "center", "va": "top", "color": RED, "size": _fitting(backward), "style": "italic"}
    if asked:
        style["bbox"] = {"boxstyle": "round,pad=0.18,rounding_size=0.25", "fc": "white", "ec": RED, "lw": 0.8}
    axes.text(middle, start.y - (0.075 if asked else 0.045), backward, **style)


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
