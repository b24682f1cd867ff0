"""The one look of all figures: colours, the width of the text, and the document's font.

The colours differ in lightness as well as in hue, so that they stay apart in greyscale and for colour-blind readers;
lines add a dash pattern each (``report/matplotlibrc``). The submitted notebook stands without this package, so nothing
in a plot may depend on :func:`use` having been called.

In a formula write ``\\odot``, not the sign itself: only there does matplotlib look beyond the text's font.
"""

from pathlib import Path

INK = "#1c2530"  # text and outlines
BLUE = "#24508c"
ORANGE = "#d6702a"
GREEN = "#3f8253"
PURPLE = "#7c4d96"
RED = "#791d2a"
GREY = "#8893a0"  # reference lines; the lightest colour with a contrast of 3:1 on white
SECONDARY = "#4d5966"  # captions under a label: dark enough to read, lighter than the label
FAINT = "#e3e7eb"  # grids and fills behind the drawing

SMALL, TEXT = 8.5, 10  # points: sizes of text in a drawing
TEXT_WIDTH = 6.1  # inches: the width of the report's text

REPORT = Path(__file__).parents[3] / "report"


def use() -> None:
    """Register the report's font with matplotlib and apply ``report/matplotlibrc``; in a kernel, show figures as SVG.

    Calling it again changes nothing. The font files are those that the report's Typst format ships, so that the text in
    a figure and the text around it are set in the same font.
    """
    import matplotlib
    from matplotlib import font_manager

    known = {Path(entry.fname) for entry in font_manager.fontManager.ttflist}
    for file in sorted((REPORT / "_extensions" / "coursework" / "fonts").glob("*.otf")):
        if file not in known:
            font_manager.fontManager.addfont(file)
    matplotlib.rc_file(REPORT / "matplotlibrc")
    _show_as_svg()


def _show_as_svg() -> None:
    """Let a cell display any figure as SVG in its own size; by default the kernel crops it, which scales its text."""
    import sys

    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and hasattr(shell, "kernel"):
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg", bbox_inches=None, metadata={"Date": None})
