"""How lines, arrowheads and signs are drawn, measured on what matplotlib holds."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import PathPatch, Polygon
from readable import assert_readable, svg

from coursework.diagrams import lstm, rnn, wiring
from coursework.diagrams.wiring import Edge, Node, Wiring


@pytest.mark.parametrize(("sign", "slopes"), [("+", {"level", "upright"}), ("×", {"rising", "falling"})])
def test_a_sign_is_two_strokes_of_one_length_across_its_middle(sign, slopes):
    _, axes = wiring.canvas(2, 2)
    wiring.draw_sign(axes, (0.5, 0.75), sign, 0.1, colour="black")
    found = set()
    for line in axes.lines:
        (x0, y0), (x1, y1) = line.get_xydata()
        assert ((x0 + x1) / 2, (y0 + y1) / 2) == pytest.approx((0.5, 0.75))
        dx, dy = x1 - x0, y1 - y0
        assert np.hypot(dx, dy) == pytest.approx(0.2)
        if abs(dx * dy) < 1e-9:
            found.add("upright" if abs(dx) < 1e-9 else "level")
        else:
            found.add("rising" if dx * dy > 0 else "falling")
    assert found == slopes


@pytest.mark.parametrize("end", [(1.5, 0.5), (0.5, 1.5)])
def test_an_arrowhead_points_along_the_line_and_ends_at_its_last_point(end):
    _, axes = wiring.canvas(2, 2)
    for width in (wiring.WIDTH, wiring.BOLD_WIDTH):
        wiring.draw_line(axes, [(0.5, 0.5), end], head=True, width=width)
    thin, bold = (patch.get_xy()[:3] for patch in axes.patches if isinstance(patch, Polygon))
    for tip, *back in (thin, bold):
        assert tip == pytest.approx(end)
        assert np.dot(np.mean(back, axis=0) - tip, np.subtract(end, (0.5, 0.5))) < 0
        assert np.dot(back[0] - back[1], np.subtract(end, (0.5, 0.5))) == pytest.approx(0)
    across = [np.linalg.norm(head[1] - head[2]) for head in (thin, bold)]
    assert across[0] < across[1]


def test_a_line_goes_through_its_bends():
    _, axes = wiring.canvas(2, 2)
    wiring.draw_line(axes, [(0.2, 0.2), (1.0, 0.2), (1.0, 1.5)], head=False, corner=0.1)
    (patch,) = (patch for patch in axes.patches if isinstance(patch, PathPatch))
    expected = [(0.2, 0.2), (0.9, 0.2), (1.0, 0.2), (1.0, 0.3), (1.0, 1.5)]
    assert patch.get_path().vertices == pytest.approx(np.array(expected))


@pytest.mark.parametrize(
    ("at", "ends"), [((1.5, 0.5), [(0.6, 0.5), (1.3, 0.5)]), ((0.5, 1.5), [(0.5, 0.55), (0.5, 1.4)])]
)
def test_a_line_runs_from_border_to_border(at, ends):
    nodes = Node("a", "layer", (0.5, 0.5), size=(0.2, 0.1)), Node("b", "layer", at, size=(0.4, 0.2))
    edge = Edge("a", "b")
    assert np.array(Wiring(nodes, (edge,)).points(edge)) == pytest.approx(np.array(ends))


@pytest.mark.parametrize("module", [lstm, rnn])
def test_a_drawing_can_be_read_and_has_the_same_bytes_every_time(module):
    assert_readable(module.draw())
    assert svg(module.draw()) == svg(module.draw())
