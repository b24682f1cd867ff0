"""How findings are put into words."""

from __future__ import annotations

import submissions as made


def test_a_finding_in_a_line_keeps_fault_and_fix_apart(tmp_path):
    notebook = made.notebook()
    made.stream("/home/alice/x")(notebook)
    (finding,) = made.examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings
    assert str(finding).endswith("name: /home/alice/x → Print paths relative to the project, and run again.")
