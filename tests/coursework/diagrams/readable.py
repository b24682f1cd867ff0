"""What any drawn figure must satisfy to be read in print."""

from __future__ import annotations

import io
from itertools import combinations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from coursework.diagrams.style import TEXT_WIDTH

SMALLEST = 8  # points


def texts(figure: Figure) -> list[Text]:
    """Return every visible piece of text."""
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]


def overlapping(figure: Figure) -> list[tuple[str, str]]:
    """Return the pairs of texts whose boxes overlap."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts(figure)]
    return [(a, b) for (a, box), (b, other) in combinations(boxes, 2) if box.overlaps(other)]


def outside(figure: Figure) -> list[str]:
    """Return the texts that leave the figure."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    width, height = figure.bbox.width, figure.bbox.height
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts(figure)]
    return [t for t, box in boxes if box.x0 < 0 or box.y0 < 0 or box.x1 > width or box.y1 > height]


def svg(figure: Figure) -> str:
    """Return the figure as SVG."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def assert_readable(figure: Figure) -> None:
    """Assert that a figure has the text's width and font, and no small, overlapping or clipped text."""
    assert figure.get_size_inches()[0] == TEXT_WIDTH
    assert [text.get_text() for text in texts(figure) if text.get_size() < SMALLEST] == []
    assert overlapping(figure) == []
    assert outside(figure) == []
    assert "Libertinus Serif" in svg(figure)


def lightness(colour: str) -> float:
    """Return the grey (0 to 1) that a colour becomes in greyscale print (ITU-R BT.601)."""
    from matplotlib.colors import to_rgb

    return sum(weight * part for weight, part in zip((0.299, 0.587, 0.114), to_rgb(colour), strict=True))
