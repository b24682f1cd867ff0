"""Keys of citations and references end where pandoc ends them."""

from __future__ import annotations

import json

import pypandoc
import pytest

from press.source import references
from press.source.qmd import Line, scanned

TEXTS = [
    "@knuth---b", "@knuth--b", "@knuth-b", "@knuth.", "@knuth: x", "@knuth:x", "@a_b_.", "@a.b.c-", "@a..b", "@a+b/c?",
    "[@knuth]s", "[@a; -@b-]", "@sec-a---it", "@fig-x--and", "@eq-a:b.c.", "@tbl-a_", "@sec-é-x.", "(@k)",
    "@http://a.b/c", "@a/-b",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_a_key_ends_where_pandoc_ends_it(text):
    lines = list(scanned([Line(f"As {text} says.", "a.qmd", 1)]))
    cites = json.loads(pypandoc.convert_text(lines[0].text, "json", "markdown-example_lists"))["blocks"][0]["c"]
    wanted = {each["citationId"] for inline in cites if inline["t"] == "Cite" for each in inline["c"][0]}
    assert {key for key, _ in (*references.references(lines), *references.citations(lines))} == wanted
