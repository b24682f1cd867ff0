"""Says by the program that made a PDF how a student sets there what a reader needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple


class Producer(NamedTuple):
    """A program, and how title, language and alternative texts are set in it, tags made, fonts embedded, PDF/A made."""

    pattern: str  # what it writes into the metadata as creator or producer
    title: str
    language: str
    tags: str
    fonts: str
    kept: str  # PDF/A
    alternative: str


_EXPORT = "Export it from the program that it was written in; do not print it into a PDF."
_AS_IT_WAS = "A program that compresses or joins PDFs drops it: hand in the file as it was before."

PRODUCERS = (
    Producer(
        "quartz|mac ?os",
        f"macOS's print dialogue drops the title: enter it there under PDF, Save as PDF. {_EXPORT}",
        f"macOS's print dialogue drops the language. {_EXPORT}",
        f"macOS's Preview and print dialogue drop the tags. {_EXPORT}",
        "Allow the fonts to be embedded, or use others: Preview keeps what it was given.",
        f"macOS's Preview and print dialogue make no PDF/A. {_EXPORT}",
        f"macOS's print dialogue drops alternative texts. {_EXPORT}",
    ),
    Producer(
        "pdftex|luatex|luahbtex|xetex|xdvipdfmx|dvips|latex",
        "In LaTeX (Overleaf): \\usepackage{hyperref} and \\hypersetup{pdftitle={...}}.",
        "In LaTeX (Overleaf): \\hypersetup{pdflang={en-GB}}.",
        "In LaTeX (Overleaf): \\DocumentMetadata{tagging=on, pdfstandard=ua-1} before \\documentclass, with TeX Live "
        "2025 or later.",
        "In LaTeX, export included figures with their fonts (matplotlib: pdf.fonttype 42; R: embedFonts).",
        "In LaTeX (Overleaf): \\DocumentMetadata{pdfstandard=a-2b} before \\documentclass (TeX Live 2023 or later).",
        "In LaTeX (Overleaf): \\includegraphics[alt={...}]{...}, with tagging=on in \\DocumentMetadata.",
    ),
    Producer(
        "word|microsoft|powerpoint|office 365",
        "In Word: File, Info, Title; then save as PDF.",
        "In Word: Review, Language, Set Proofing Language; then save as PDF.",
        "In Word: Save As, PDF, Options, tick 'Document structure tags for accessibility'; not Print to PDF.",
        "In Word: Save As, PDF, Options, tick 'PDF/A compliant'.",
        "In Word: Save As, PDF, Options, tick 'PDF/A compliant'.",
        "In Word and PowerPoint: right-click the picture, View Alt Text; then save as PDF.",
    ),
    Producer(
        "libreoffice|openoffice",
        "In LibreOffice: File, Properties, Description, Title.",
        "In LibreOffice: Tools, Options, Languages; then export again.",
        "In LibreOffice: File, Export As PDF, tick 'Universal Accessibility (PDF/UA)'.",
        "In LibreOffice: File, Export As PDF, tick 'Archival (PDF/A)'.",
        "In LibreOffice: File, Export As PDF, tick 'Archival (PDF/A)'.",
        "In LibreOffice: right-click the picture, Alt Text; then export again.",
    ),
    Producer(
        "skia|chrom|headless|firefox|cairo",
        "A page that is printed from a browser (as from Colab) has its page's title: set that, or export otherwise.",
        "A browser takes the language from the page: <html lang='en'>.",
        "A page that is printed from a browser (as from Colab) has poor tags or none: use Quarto or Word.",
        "Print it with the browser's own 'Save as PDF'.",
        "A browser makes no PDF/A: use Quarto or Word.",
        "A browser takes it from the page (<img alt='...'>), or drops it: use Quarto or Word.",
    ),
    Producer("ghostscript|pdf24|ilovepdf|smallpdf", *(_AS_IT_WAS,) * 6),
)

ANY = Producer(
    "",
    "Set `title` in the document's front matter or properties.",
    "Set `lang` in the document's front matter or properties.",
    "Build it as a tagged PDF (pdf-standard ua-1).",
    "Embed all fonts when you export it.",
    "Build it with pdf-standard a-2a.",
    "Give the image `fig-alt`.",
)


def producer_of(info: Mapping[str, str]) -> Producer:
    """Find the program that made a PDF by its document information; one that is not known gives general advice."""
    texts = (info.get("/Producer", ""), info.get("/Creator", ""))
    found = (known for text in texts for known in PRODUCERS if re.search(known.pattern, text, re.IGNORECASE))
    return next(found, ANY)
