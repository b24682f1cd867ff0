"""Boxes and lines of a network diagram: first data that says which box feeds which, then its drawing in inches.

A drawing is made from a `Wiring` alone. The same data can be *run* (`Wiring.value`), so what is drawn can be
compared with what the equations say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch, Polygon
from matplotlib.path import Path

from coursework.diagrams.style import INK, TEXT, use

WIDTH, BOLD_WIDTH = 1.1, 2.4  # points: a line, and the line of the cell state
HEAD = 0.085  # inches: the length of an arrowhead
CORNER = 0.07  # inches: the radius of a bend
DOT = 0.032  # inches: the radius of the dot where a line is copied

Point = tuple[float, float]


@dataclass(frozen=True)
class Node:
    """A place in the diagram, in inches.

    Its kind is ``"source"``, ``"bias"`` or ``"sink"`` (a label outside the net), ``"layer"`` (weights, bias, activation
    function), ``"output"`` (a layer without activation function, drawn as the label of what it computes),
    ``"pointwise"`` (an operation without weights), ``"delay"``, ``"gap"`` (steps left out), ``"concatenate"`` or
    ``"copy"``; in the graph of a neuron ``"variable"``, ``"operation"`` or ``"activation"``.
    """

    name: str
    kind: str
    at: Point  # its centre
    label: str = ""  # what is written on it: a variable, or the function or operation that it applies
    caption: str = ""  # a second line, under the label
    size: Point = (0.0, 0.0)  # width and height; lines end at its border


@dataclass(frozen=True)
class Edge:
    """A line from one node to another, in inches."""

    source: str
    target: str
    label: str = ""  # the variable that flows along it
    label_at: Point = (0.0, 0.0)
    via: tuple[Point, ...] = ()  # where it bends; all parts are horizontal or vertical
    bold: bool = False  # whether it is part of the cell state's line
    weight: str = ""  # the weights that multiply what flows along it
    weight_at: Point = (0.0, 0.0)
    end: Point | None = None  # where it meets the border of its target, if not opposite the target's centre
    corner: float = CORNER  # the radius of its bends


@dataclass(frozen=True)
class Wiring:
    """A diagram: its nodes and edges. The edges into a node are in the order in which its operation takes them."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def node(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)

    def feeding(self, name: str) -> list[str]:
        """Name the nodes whose lines end at this one."""
        return [edge.source for edge in self.edges if edge.target == name]

    def value(self, name: str, sources: Mapping[str, Any], apply: Callable[..., Any]) -> Any:
        """Follow the lines backwards from a node and compute what it passes on.

        `sources` has the values of the nodes that nothing feeds; ``apply(node, *values)`` computes a node from the
        values that reach it. Copies and sinks pass theirs on.
        """
        if name in sources:
            return sources[name]
        node = self.node(name)
        values = [self.value(source, sources, apply) for source in self.feeding(name)]
        if node.kind in ("copy", "sink"):
            (value,) = values
            return value
        return apply(node, *values)

    def points(self, edge: Edge) -> list[Point]:
        """Return the corners of a line, from the border of its source to the border of its target."""
        source, target = self.node(edge.source), self.node(edge.target)
        corners = [source.at, *edge.via, edge.end or target.at]
        return [_border(source, corners[1]), *edge.via, edge.end or _border(target, corners[-2])]


def _border(node: Node, towards: Point) -> Point:
    """Return where a horizontal or vertical line from the centre of a node crosses its border."""
    (x, y), (width, height) = node.at, node.size
    return (
        x + np.sign(round(towards[0] - x, 6)) * width / 2,
        y + np.sign(round(towards[1] - y, 6)) * height / 2,
    )


# --- drawing ---------------------------------------------------------------------------------------------------------


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """Return an empty figure whose axes are measured in inches from the lower left corner, in the report's style."""
    use()
    figure = Figure(figsize=(width, height))
    figure.set_layout_engine("none")  # nothing is to be moved: every place is given in inches
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    return figure, axes


def draw_line(axes: Axes, points: list[Point], *, head: bool, width: float = WIDTH, corner: float = CORNER) -> None:
    """Draw a line with rounded bends through `points`, ending in an arrowhead whose tip is the last point."""
    corners = [np.array(point, float) for point in points]
    if head:
        tip, direction = corners[-1], _unit(corners[-1] - corners[-2])
        across = np.array([-direction[1], direction[0]])
        length = HEAD * (1.25 if width > WIDTH else 1)
        back = tip - length * direction
        corners[-1] = tip - 0.7 * length * direction  # the line ends inside the head, so no seam shows
        ends = [tip, back + 0.42 * length * across, back - 0.42 * length * across]
        axes.add_patch(Polygon(ends, fc=INK, lw=0, zorder=3))
    vertices, codes = [corners[0]], [Path.MOVETO]
    for before, bend, after in zip(corners, corners[1:], corners[2:], strict=False):
        vertices += [bend + corner * _unit(before - bend), bend, bend + corner * _unit(after - bend)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    path = Path([*vertices, corners[-1]], [*codes, Path.LINETO])
    axes.add_patch(PathPatch(path, fc="none", ec=INK, lw=width, capstyle="butt", zorder=2))


def draw_edge(axes: Axes, wiring: Wiring, edge: Edge, colours: Mapping[str, str] = MappingProxyType({})) -> None:
    """Draw a line with what is written on it, its weights in their colour; a joint and a gap get no arrowhead."""
    head = wiring.node(edge.target).kind not in ("copy", "concatenate", "gap")
    draw_line(axes, wiring.points(edge), width=BOLD_WIDTH if edge.bold else WIDTH, head=head, corner=edge.corner)
    if edge.label:
        write(axes, edge.label_at, edge.label, TEXT - 0.5)
    if edge.weight:
        write(axes, edge.weight_at, edge.weight, TEXT, ha="left", color=colours[edge.weight])


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.hypot(*vector)


def draw_box(axes: Axes, node: Node, *, fill: str, width: float = 0.9, corner: float = 0.05) -> None:
    """Draw the outline of a node: a box with rounded corners."""
    (x, y), (w, h) = node.at, node.size
    style = f"round,pad=0,rounding_size={corner}"
    axes.add_patch(FancyBboxPatch((x - w / 2, y - h / 2), w, h, boxstyle=style, fc=fill, ec=INK, lw=width, zorder=4))


def draw_disc(axes: Axes, at: Point, radius: float, *, fill: str, edge: str = INK, width: float = 0.9) -> None:
    """Draw a disc: an operation, a dot, or the ground of a number."""
    axes.add_patch(Circle(at, radius, fc=fill, ec=edge, lw=width, zorder=4))


def draw_dot(axes: Axes, at: Point) -> None:
    """Draw the dot where a line is copied."""
    draw_disc(axes, at, DOT, fill=INK, width=0)


def draw_sign(axes: Axes, at: Point, sign: str, arm: float, *, colour: str) -> None:
    """Draw × or + as two strokes, since a letter is not centred on its point; `arm` is the sign's radius in inches."""
    turn = np.pi / 4 if sign == "×" else 0.0
    for angle in (turn, turn + np.pi / 2):
        dx, dy = arm * np.cos(angle), arm * np.sin(angle)
        axes.plot([at[0] - dx, at[0] + dx], [at[1] - dy, at[1] + dy], "-", color=colour, lw=1.5, zorder=5)


def mix(colour: str, strength: float) -> tuple[float, ...]:
    """Return a colour mixed with white: a fill that needs no transparency."""
    return tuple(1 - strength * (1 - part) for part in to_rgb(colour))


def write(axes: Axes, at: Point, text: str, size: float, **options: Any) -> None:
    """Write `text` centred on a point; `size` in points."""
    axes.text(*at, text, size=size, **({"ha": "center", "va": "center", "zorder": 5, "color": INK} | options))
