"""Lints the Python in the documents' cells with ruff, all cells of a document as one program, in place of its files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from handin.errors import InputError
from press.project import Project
from press.source.qmd import Line
from press.source.reading import read

# A cell displays a bare expression, may import where it needs to, and stands between other cells.
IGNORED = "B018,E402,E703,I001,RUF100,W391"


def findings(document: Path, root: Path) -> list[str]:
    """Lint one document; what stands in an included Python file is linted there."""
    lines: list[Line] = []
    for cell in read(document, root).cells:
        lines += [*cell.lines, Line("", cell.fence.file, cell.fence.number)]
    text = "\n".join(line.text for line in lines) + "\n"
    command = [Path(sys.executable).parent / "ruff", "check", "--ignore", IGNORED, "--output-format", "json"]
    done = subprocess.run(
        [*command, "--stdin-filename", str(document.with_suffix(".py")), "-"],
        input=text,
        capture_output=True,
        text=True,
        cwd=root,
        check=False,
    )
    found = []
    for each in json.loads(done.stdout):
        line = lines[min(each["location"]["row"], len(lines)) - 1]
        if line.file.endswith(".qmd"):
            found.append(f"{line.place}: {each['code']} {each['message']}")
    return found


def main() -> int:
    """Print every finding; 1 if there is one."""
    project = Project.find(Path(__file__).parent)
    try:
        found = [f for d in project.report.documents for f in findings(project.path(d), project.root)]
    except InputError as error:
        found = [str(error)]
    print("\n".join(found) or "The cells of the documents are clean.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
