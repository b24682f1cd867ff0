"""How findings are put into words."""

from __future__ import annotations

import submissions as made
from handin.findings import Finding, counted


def test_a_finding_in_a_line_keeps_fault_and_fix_apart(tmp_path):
    notebook = made.notebook()
    made.stream("/home/alice/x")(notebook)
    (finding,) = made.examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings
    assert str(finding).endswith("name: /home/alice/x → Print paths relative to the project, and run again.")


def test_findings_that_differ_in_what_they_quote_are_joined():
    links = [
        Finding("error", "x.pdf", "", f"The PDF holds a link: {number}.xhtml.", "Take it out.") for number in range(9)
    ]
    other = Finding("error", "x.pdf", "", "It is encrypted.", "Save it.")
    *first, fifth, last = counted([*links, other])
    assert first == links[:4]
    assert fifth.message == "The PDF holds a link: 4.xhtml. (and 4 more like it)"
    assert last == other
    assert counted(links[:5]) == links[:5]
