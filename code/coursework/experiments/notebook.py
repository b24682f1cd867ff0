"""What the notebook takes from the project that it is made in: images, kept results, and the look of the figures."""

from __future__ import annotations

from coursework.experiments import data, store
from coursework.experiments.images import Images
from coursework.experiments.protocol import Budget
from coursework.settings import Settings
from press.project import Project

EMBEDDED = "overview"
"""The name of the figure that the report embeds, and that is therefore drawn as SVG too."""


def images() -> tuple[Images, tuple[str, ...]]:
    """Read the project's images and the names of their classes; figures take the report's look from here on."""
    _look()
    project, settings = _here()
    found = data.load(settings.dataset, project.root)
    return found, data.class_names(settings.dataset, int(found.y_train.max()) + 1)


def _look() -> None:
    """Take the report's font, and show figures as PNG; as SVG too where the report embeds them, to stay small."""
    import matplotlib.pyplot as plt
    from IPython import get_ipython
    from matplotlib.figure import Figure
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    from coursework.diagrams import style

    style.use()
    set_matplotlib_formats("svg", "png", bbox_inches=None, metadata={"Date": None})
    plt.rcParams["svg.fonttype"] = "path"  # text as outlines: a viewer may lack the font
    svg = get_ipython().display_formatter.formatters["image/svg+xml"]
    draw = svg.lookup_by_type(Figure)
    svg.for_type(Figure, lambda figure: draw(figure) if figure.get_label() == EMBEDDED else None)


def results() -> tuple[store.RunStore, Budget, str]:
    """Open the kept results: with the budget that they were trained on, and what excuses a claim that does not hold."""
    kept = store.results(*_here())
    return kept, kept.budget, kept.excuse


def _here() -> tuple[Project, Settings]:
    project = Project.find()
    return project, project.settings()
