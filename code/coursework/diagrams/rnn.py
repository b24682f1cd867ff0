"""The recurrent net of question 5, drawn twice from data: rolled, with its loop, and unrolled in time."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coursework.diagrams.style import BLUE, FAINT, GREEN, INK, PURPLE, RED, SECONDARY, SMALL, TEXT, TEXT_WIDTH
from coursework.diagrams.wiring import Edge, Node, Wiring, canvas, draw_box, draw_dot, draw_edge, write

HEIGHT = 2.24  # inches, as are all lengths here
BIAS, INPUT, LAYER, OUTPUT, FORK = 0.59, 0.34, 1.08, 1.87, 1.57  # heights: b, x, the layer, y, the rolled net's fork
ROLLED, TURN = 0.5, 1.37  # columns of the rolled net and of its loop
START, FIRST, SECOND, GAP, LAST = 2.3, 3.1, 4.2, 4.79, 5.55  # columns of the unrolled net
BOX, DELAY, LABEL, LETTER = (0.6, 0.44), (0.46, 0.22), (0.3, 0.26), (0.16, 0.2)
STUB = 0.2  # how far left of the layer's middle its bias comes in
SIGN = 11  # points

#: The weights and their colours. The same letter is the same matrix or vector, wherever it stands.
COLOURS = {"$W_x$": BLUE, "$W_h$": RED, "$b$": PURPLE, "$W_y, b_y$": GREEN}


def _layer(t: str, column: float) -> tuple[Node, ...]:
    """Return the nodes of the step `t`: input, bias, layer, output."""
    return (
        Node(f"x_{t}", "source", (column, INPUT), f"$x_{t}$", size=LABEL),
        Node(f"b_{t}", "bias", (column - STUB, BIAS), "$b$", size=LETTER),
        Node(f"h_{t}", "layer", (column, LAYER), "tanh", size=BOX),
        Node(f"y_{t}", "output", (column, OUTPUT), f"$y_{t}$", size=LABEL),
    )


def _upwards(t: str, column: float, fork: str) -> tuple[Edge, ...]:
    """Return the lines of the step `t` that go up: from the input and the bias to the layer, and on to the output."""
    beside, middle = column + 0.08, (LAYER + BOX[1] / 2 + OUTPUT - LABEL[1] / 2) / 2
    return (
        Edge(f"x_{t}", f"h_{t}", weight="$W_x$", weight_at=(beside, (INPUT + LAYER) / 2 - 0.06)),
        Edge(f"b_{t}", f"h_{t}", end=(column - STUB, LAYER - BOX[1] / 2)),
        Edge(fork, f"y_{t}", weight="$W_y, b_y$", weight_at=(beside, middle if fork == f"h_{t}" else FORK + 0.12)),
    )


def rolled() -> Wiring:
    """Return the net as one layer with a loop: what it puts out, it reads one step later."""
    return Wiring(
        nodes=(
            *_layer("t", ROLLED),
            Node("fork", "copy", (ROLLED, FORK)),
            Node("h_{t-1}", "delay", (TURN, (LAYER + FORK) / 2), "1 step", size=DELAY),
        ),
        edges=(
            Edge("h_t", "fork", "$h_t$", (ROLLED - 0.14, LAYER + 0.36)),
            Edge("fork", "h_{t-1}", via=((TURN, FORK),)),
            Edge(
                "h_{t-1}", "h_t", "$h_{t-1}$", (ROLLED + 0.54, LAYER + 0.12), via=((TURN, LAYER),),
                weight="$W_h$", weight_at=(ROLLED + 0.44, LAYER - 0.14),
            ),
            *_upwards("t", ROLLED, "fork"),
        ),
    )  # fmt: skip


def unrolled() -> Wiring:
    """Return the net with one copy of the layer for each of the steps 1, 2, ..., T."""
    columns = {"1": FIRST, "2": SECOND, "T": LAST}
    above, below = LAYER + 0.12, LAYER - 0.14
    between = (FIRST + SECOND) / 2
    return Wiring(
        nodes=(
            Node("h_0", "source", (START, LAYER), "$h_0$", size=LABEL),
            *(node for t, column in columns.items() for node in _layer(t, column)),
            Node("h_{T-1}", "gap", (GAP, LAYER), "· · ·", size=(0.24, 0.1)),
        ),
        edges=(
            *(edge for t, column in columns.items() for edge in _upwards(t, column, f"h_{t}")),
            Edge("h_0", "h_1", weight="$W_h$", weight_at=(START + 0.2, below)),
            Edge("h_1", "h_2", "$h_1$", (between - 0.02, above), weight="$W_h$", weight_at=(between - 0.13, below)),
            Edge("h_2", "h_{T-1}", "$h_2$", (SECOND + BOX[0] / 2 + 0.09, above)),
            Edge("h_{T-1}", "h_T", "$h_{T-1}$", (GAP + 0.27, above), weight="$W_h$", weight_at=(GAP + 0.13, below)),
        ),
    )


def draw() -> Figure:
    """Draw the recurrent net, rolled and unrolled, at the width of the report's text."""
    figure, axes = canvas(TEXT_WIDTH, HEIGHT)
    for wiring in (rolled(), unrolled()):
        for edge in wiring.edges:
            draw_edge(axes, wiring, edge, COLOURS)
        for node in wiring.nodes:
            _draw_node(axes, node)
    for x, text in (((ROLLED + TURN) / 2 - 0.04, "Rolled"), ((FIRST + LAST) / 2, "Unrolled in time")):
        write(axes, (x, HEIGHT - 0.1), text, TEXT, weight="semibold")
    same = "the same $W_x$, $W_h$, $b$, $W_y$, $b_y$ at every step"
    write(axes, ((FIRST + LAST) / 2, 0.09), same, SMALL, color=SECONDARY)
    axes.plot([1.86, 1.86], [0.3, HEIGHT - 0.3], "-", color=FAINT, lw=1)
    return figure


def _draw_node(axes: Axes, node: Node) -> None:
    if node.kind == "layer":
        draw_box(axes, node, fill=FAINT)
        write(axes, node.at, node.label, SIGN)
    elif node.kind == "copy":
        draw_dot(axes, node.at)
    elif node.kind == "delay":
        draw_box(axes, node, fill="white")
        write(axes, node.at, node.label, SMALL)
    else:
        write(axes, node.at, node.label, TEXT + 1, color=COLOURS.get(node.label, INK))
