"""The LSTM cell of question 5, drawn from data that says which box feeds which.

The cell is laid out in three stages from left to right, in the order in which the equations use the memory:
erase, store, read. The cell state is the straight line above them, and the concatenated [h_{t−1}, x_t] the line below.
"""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from coursework.diagrams.style import BLUE, FAINT, GREEN, GREY, INK, ORANGE, SECONDARY, SMALL, TEXT, TEXT_WIDTH
from coursework.diagrams.wiring import (
    Edge,
    Node,
    Point,
    Wiring,
    canvas,
    draw_box,
    draw_disc,
    draw_dot,
    draw_edge,
    draw_line,
    draw_sign,
    mix,
    write,
)

HEIGHT = 3.86  # inches, as are all lengths here
LEFT, RIGHT, BELOW = 0.35, 5.77, 0.86  # where the variables stand outside the cell
CELL, MIDDLE, GATES, BUS = 3.05, 2.45, 1.86, 1.30  # heights: cell state, products, layers, [h, x]
JOIN, FORGET, INPUT, CANDIDATE, OUTPUT, READ = 0.95, 1.53, 2.55, 3.49, 4.52, 5.12  # columns
MERGE = 0.14  # how far before the joint the input's line turns into the other
STORE = (INPUT + CANDIDATE) / 2
FRAME = (0.69, 1.06, 4.76, 2.78)  # the cell's outline: x, y, width, height
LAYER, DISC, PILL, LABEL = (0.82, 0.5), (0.24, 0.24), (0.40, 0.20), (0.46, 0.26)
SIGN = 12  # points


@dataclass(frozen=True)
class Stage:
    """One thing that is done to the memory: its number, where (the node), and the part of the cell that does it."""

    number: int
    verb: str
    formula: str
    node: str
    colour: str
    left: float
    right: float
    beside: float = 0.17  # how far above its node the number stands


STAGES = (
    Stage(1, "Erase", r"$f_t \odot c_{t-1}$", "erase", ORANGE, 1.06, 2.00),
    Stage(2, "Store new memory", r"$+\; i_t \odot \tilde{c}_t$", "store", GREEN, 2.08, 3.96),
    Stage(3, "Read", r"$o_t \odot \tanh(c_t)$", "read", BLUE, 4.04, 5.37, beside=-0.17),
)


def cell() -> Wiring:
    """Return the LSTM cell: its layers, operations and labels, and the lines between them."""
    return Wiring(
        nodes=(
            Node("c_before", "source", (LEFT, CELL), "$c_{t-1}$", "cell state", size=LABEL),
            Node("h_before", "source", (LEFT, BUS), "$h_{t-1}$", "hidden state", size=LABEL),
            Node("x", "source", (JOIN - MERGE, BELOW), "$x_t$", "input", size=LABEL),
            Node("join", "concatenate", (JOIN, BUS)),
            Node("to_f", "copy", (FORGET, BUS)),
            Node("to_i", "copy", (INPUT, BUS)),
            Node("to_c", "copy", (CANDIDATE, BUS)),
            Node("f", "layer", (FORGET, GATES), "σ", "forget gate", LAYER),
            Node("i", "layer", (INPUT, GATES), "σ", "input gate", LAYER),
            Node("c_new", "layer", (CANDIDATE, GATES), "tanh", "candidate", LAYER),
            Node("o", "layer", (OUTPUT, GATES), "σ", "output gate", LAYER),
            Node("erase", "pointwise", (FORGET, CELL), "×", size=DISC),
            Node("new", "pointwise", (STORE, MIDDLE), "×", size=DISC),
            Node("store", "pointwise", (STORE, CELL), "+", size=DISC),
            Node("to_read", "copy", (READ, CELL)),
            Node("squash", "pointwise", (READ, MIDDLE + 0.36), "tanh", size=PILL),
            Node("read", "pointwise", (READ, MIDDLE), "×", size=DISC),
            Node("to_h", "copy", (READ, BUS)),
            Node("c", "sink", (RIGHT, CELL), "$c_t$", "cell state", size=LABEL),
            Node("h", "sink", (RIGHT, BUS), "$h_t$", "hidden state", size=LABEL),
            Node("output", "sink", (READ, BELOW), "$h_t$", "output", size=LABEL),
        ),
        edges=(
            Edge("h_before", "join"),
            Edge("x", "join", via=((JOIN - MERGE, BUS),), corner=MERGE),
            Edge("join", "to_f"),
            Edge("to_f", "f"),
            Edge("to_f", "to_i", "$[h_{t-1}, x_t]$", ((FORGET + INPUT) / 2, BUS - 0.13)),
            Edge("to_i", "i"),
            Edge("to_i", "to_c"),
            Edge("to_c", "c_new"),
            Edge("to_c", "o", via=((OUTPUT, BUS),)),
            Edge("f", "erase", "$f_t$", (FORGET + 0.12, MIDDLE)),
            Edge("c_before", "erase", bold=True),
            Edge("i", "new", "$i_t$", (INPUT + 0.17, MIDDLE + 0.12), via=((INPUT, MIDDLE),)),
            Edge("c_new", "new", r"$\tilde{c}_t$", (CANDIDATE - 0.17, MIDDLE + 0.12), via=((CANDIDATE, MIDDLE),)),
            Edge("erase", "store", bold=True),
            Edge("new", "store", r"$i_t \odot \tilde{c}_t$", (STORE + 0.28, (MIDDLE + CELL) / 2)),
            Edge("store", "to_read", bold=True),
            Edge("to_read", "c", bold=True),
            Edge("to_read", "squash"),
            Edge("o", "read", "$o_t$", (OUTPUT + 0.17, MIDDLE + 0.12), via=((OUTPUT, MIDDLE),)),
            Edge("squash", "read"),
            Edge("read", "to_h", "$h_t$", (READ + 0.13, BUS + 0.42)),
            Edge("to_h", "h"),
            Edge("to_h", "output"),
        ),
    )


def draw() -> Figure:
    """Draw the LSTM cell at the width of the report's text."""
    wiring = cell()
    figure, axes = canvas(TEXT_WIDTH, HEIGHT)
    x, y, width, height = FRAME
    style = "round,pad=0,rounding_size=0.12"
    axes.add_patch(FancyBboxPatch((x, y), width, height, boxstyle=style, fc="white", ec=GREY, lw=0.9, zorder=0))
    for stage in STAGES:
        _draw_stage(axes, stage)
    for edge in wiring.edges:
        draw_edge(axes, wiring, edge)
    for node in wiring.nodes:
        _draw_node(axes, node)
    _draw_legend(axes)
    return figure


def _draw_stage(axes: Axes, stage: Stage) -> None:
    """Tint the part of the cell that belongs to a stage, and say what it does."""
    bottom, top = FRAME[1] + 0.42, FRAME[1] + FRAME[3] - 0.07
    corner, width, height = (stage.left, bottom), stage.right - stage.left, top - bottom
    style = "round,pad=0,rounding_size=0.08"
    tint = mix(stage.colour, 0.1)
    axes.add_patch(FancyBboxPatch(corner, width, height, boxstyle=style, fc=tint, lw=0, zorder=1))
    centre = (stage.left + stage.right) / 2
    half = 0.1 + 0.037 * len(stage.verb)  # of the badge and the words together
    _draw_number(axes, (centre - half, top - 0.15), stage)
    write(axes, (centre - half + 0.12, top - 0.15), stage.verb, TEXT, ha="left", weight="semibold")
    write(axes, (centre, top - 0.35), stage.formula, SMALL + 0.5)


def _draw_number(axes: Axes, at: Point, stage: Stage) -> None:
    draw_disc(axes, at, 0.08, fill="white", edge=stage.colour, width=1.1)
    write(axes, (at[0], at[1] - 0.038), str(stage.number), SMALL, weight="bold", va="baseline")


def _draw_node(axes: Axes, node: Node) -> None:
    x, y = node.at
    if node.kind in ("source", "sink"):
        write(axes, node.at, node.label, TEXT + 1)
        write(axes, (x, y - 0.19), node.caption, SMALL, color=SECONDARY)
    elif node.kind == "layer":
        draw_box(axes, node, fill=FAINT)
        write(axes, (x, y + 0.09), node.label, SIGN)
        write(axes, (x, y - 0.13), node.caption, SMALL)
    elif node.kind == "copy":
        draw_dot(axes, node.at)
    elif node.kind == "pointwise":
        _draw_operation(axes, node)


def _draw_operation(axes: Axes, node: Node) -> None:
    """Draw an operation; one that touches the memory has its stage's colour and number."""
    if node.label == "tanh":
        draw_box(axes, node, fill="white", corner=node.size[1] / 2)
        write(axes, node.at, node.label, SMALL)
        return
    stage = next((stage for stage in STAGES if stage.node == node.name), None)
    radius = node.size[0] / 2
    draw_disc(axes, node.at, radius, fill=stage.colour if stage else "white", edge=stage.colour if stage else INK)
    draw_sign(axes, node.at, node.label, 0.5 * radius, colour="white" if stage else INK)
    if stage:
        _draw_number(axes, (node.at[0] - 0.19, node.at[1] + stage.beside), stage)


def _draw_legend(axes: Axes) -> None:
    """Say what a box, a disc, a merging line and a forking line mean, and what the two functions are for."""
    y = 0.36
    draw_box(axes, Node("", "layer", (0.24, y), size=(0.32, 0.19)), fill=FAINT)
    write(axes, (0.48, y), "layer: σ or tanh of $W\\,[h_{t-1}, x_t] + b$", SMALL, ha="left")
    draw_disc(axes, (2.84, y), 0.09, fill="white")
    write(axes, (3.0, y), "pointwise operation", SMALL, ha="left")
    draw_line(axes, [(4.22, y + 0.06), (4.5, y + 0.06)], head=False)
    draw_line(axes, [(4.26, y - 0.1), (4.26, y + 0.06), (4.5, y + 0.06)], head=False, corner=0.1)
    write(axes, (4.57, y), "concatenate", SMALL, ha="left")
    draw_line(axes, [(5.38, y), (5.66, y)], head=False)
    draw_line(axes, [(5.5, y), (5.5, y + 0.1)], head=False)
    draw_dot(axes, (5.5, y))
    write(axes, (5.72, y), "copy", SMALL, ha="left")
    write(axes, (0.08, 0.11), "σ: a number between 0 and 1, how much passes (a gate)", SMALL, ha="left")
    write(axes, (2.96, 0.11), "tanh: a number between −1 and 1, what passes (the content)", SMALL, ha="left")
