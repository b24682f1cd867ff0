"""Draws docs/pages.png, the README's picture, from three pages of the newest report in _output/."""

from __future__ import annotations

import sys

import pypdfium2
from PIL import Image, ImageFilter

from press.project import Project

PAGES = (1, 8, 10)
SCALE = 1.25  # pixels a point
GAP = 36
GROUND, SHADOW = "#eef0f3", "#9aa3ad"


def picture(pages: list[Image.Image]) -> Image.Image:
    """Lay pages side by side on a soft ground, each with a shadow."""
    width, height = pages[0].size
    sheet = Image.new("RGB", (len(pages) * (width + GAP) + GAP, height + 2 * GAP), GROUND)
    for index, _ in enumerate(pages):
        left = GAP + index * (width + GAP)
        sheet.paste(SHADOW, (left + 3, GAP + 5, left + width + 3, GAP + height + 5))
    sheet = sheet.filter(ImageFilter.GaussianBlur(7))
    for index, page in enumerate(pages):
        sheet.paste(page, (GAP + index * (width + GAP), GAP))
    return sheet


def main() -> int:
    """Draw the picture; 1 if there is no report."""
    project = Project.find()
    made = sorted(project.output.glob("*-answers.pdf"), key=lambda path: path.stat().st_mtime)
    if not made:
        print("There is no report in _output/ yet: run make submission.", file=sys.stderr)
        return 1
    document = pypdfium2.PdfDocument(made[-1])
    pages = [document[number - 1].render(scale=SCALE).to_pil() for number in PAGES]
    picture(pages).save(project.root / "docs" / "pages.png", optimize=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
