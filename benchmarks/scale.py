"""Measures what a long report costs: a generated one, in a temporary folder.

    python benchmarks/scale.py [--json] [--pages N] [--figures N]

first_build, unchanged, prose_edit
    `press render` of a new folder, of the same again, and after an edit of one chapter's prose, in seconds.
prose_edit_preview
    In a running preview: from the moment in which the chapter is saved until its new pages are announced.
memory_mb
    The memory of the largest process, in MB, after the first build and after the edit.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import pypdfium2
from project_copy import COMMAND, ROOT, Copy, largest_process_mb, processor
from rendering import preview, timed_edit

PARAGRAPH = (
    "This paragraph stands for the prose of a long report, with a formula, $y_{n} = {n} x + 1$, and a reference to "
    "@fig-{chapter}-0. " + "It says nothing, at the length at which reports say something. " * 8
)
FIGURE = """```{{python}}
#| label: fig-{chapter}-{n}
#| fig-cap: "Curve {n} of chapter {chapter}."
#| fig-alt: "A curve that rises."
import matplotlib.pyplot as plt

_, axes = plt.subplots(figsize=(4, 2))
axes.plot([x ** (1 + {n} / 10) for x in range(50)])
plt.show()
```
"""
HEAD = '---\ntitle: A long report\nstudent-id: "1"\nmodule: M\nsubmitted: today\n---\n\n'
PARAGRAPHS_A_PAGE = 6


def generate(root: Path, pages: int, figures: int, chapters: int = 20) -> Copy:
    """Write a report of about so many pages, with so many figures; a figure takes a third of a page."""
    folder = root / "report"
    shutil.copytree(ROOT / "report" / "_extensions", folder / "_extensions")
    (root / "_quarto.yml").write_text("format: coursework-typst\nlang: en-GB\nexecute:\n  echo: false\n")
    includes = []
    for chapter in range(chapters):
        drawn = range(figures * chapter // chapters, figures * (chapter + 1) // chapters)
        written = max(1, round((pages - figures / 3) * PARAGRAPHS_A_PAGE / chapters))
        parts = [f"# Chapter {chapter}\n"]
        for n in range(max(written, len(drawn))):
            if n < written:
                parts.append(PARAGRAPH.replace("{n}", str(n)).replace("{chapter}", str(chapter)) + "\n")
            if n < len(drawn) or n == 0:
                parts.append(FIGURE.format(chapter=chapter, n=n))
        (folder / f"_c{chapter}.qmd").write_text("\n".join(parts))
        includes.append(f"{{{{< include _c{chapter}.qmd >}}}}\n")
    (folder / "report.qmd").write_text(HEAD + "\n".join(includes))
    return Copy(root, "report/_c0.qmd")


def measure(pages: int, figures: int) -> dict[str, float | list[float]]:
    """Build a generated report, and time it."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        copy = generate(Path(folder) / "long", pages, figures)
        render = [*COMMAND, "render"]
        first = copy.run(render)
        memory = [largest_process_mb()]
        unchanged = copy.run(render)
        copy.edit()
        edited = copy.run(render)
        memory.append(largest_process_mb())
        with preview(copy) as follower:
            timed_edit(follower, copy.edit)  # the first edit finds everything cold
            previewed = timed_edit(follower, copy.edit)
        (made,) = (copy.root / "_output").glob("*.pdf")
        with pypdfium2.PdfDocument(made) as pdf:
            count = len(pdf)
    seconds = {"first_build": first, "unchanged": unchanged, "prose_edit": edited, "prose_edit_preview": previewed}
    return {"pages": count, **{name: round(took, 3) for name, took in seconds.items()}, "memory_mb": memory}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--pages", type=int, default=200, help="about how many pages (default 200)")
    parser.add_argument("--figures", type=int, default=300, help="how many figures (default 300)")
    arguments = parser.parse_args()
    found = {"processor": processor(), **measure(arguments.pages, arguments.figures)}
    if arguments.json:
        print(json.dumps(found))
    else:
        print("\n".join(f"{name:20} {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
