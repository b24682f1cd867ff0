"""The same document from both renderers. Needs Quarto, which no package registry holds; skipped without it."""

from __future__ import annotations

import io
import re
import shutil

import pikepdf
import pypdfium2
import pytest

from copies import coursework

if shutil.which("quarto") is None:
    pytest.skip("Quarto is not installed", allow_module_level=True)


def outline(pdf: bytes) -> list[str]:
    with pikepdf.open(io.BytesIO(pdf)) as document, document.open_outline() as opened:
        found: list[str] = []

        def walk(items) -> None:
            for item in items:
                found.append(" ".join(str(item.title).split()))
                walk(item.children)

        walk(opened.root)
        return found


def captions(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    text = " ".join(" ".join(page.get_textpage().get_text_range() for page in document).split())
    return re.findall(r"(?:Figure|Table|Listing) \d+\. [^.]{5,60}", text)


def alternatives(pdf: bytes) -> list[str]:
    found: list[str] = []

    def walk(node) -> None:
        if isinstance(node, pikepdf.Array):
            for kid in node:
                walk(kid)
        elif isinstance(node, pikepdf.Dictionary):
            if "/Alt" in node:
                found.append(str(node["/Alt"]))
            if "/K" in node:
                walk(node["/K"])

    with pikepdf.open(io.BytesIO(pdf)) as document:
        walk(document.Root.StructTreeRoot)
    return found


def test_structure_numbering_captions_and_alternatives_agree(built, tmp_path):
    made = {}
    for renderer in ("builtin", "quarto"):
        folder = built.copy(tmp_path / renderer)
        done = coursework(folder, "render", "--with", renderer, STUDENT_ID="101234567")
        assert done.returncode == 0, done.stderr
        made[renderer] = (folder / "_output" / "101234567-CS3950-answers.pdf").read_bytes()
    for view in (outline, captions, alternatives):
        assert view(made["quarto"]) == view(made["builtin"])
        assert view(made["builtin"])
