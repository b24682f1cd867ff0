"""Run in the small project: makes each of some edits alone, says what is found out of date, and takes it back."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from click.testing import CliRunner

from press.commands import status, terminal
from press.commands.check import check
from press.keeping import installed


def forget() -> None:
    """Look at the installed packages again, as another process would."""
    for remembered in (installed.version, installed._folders, installed._owners):
        remembered.cache_clear()


def found() -> dict:
    """Say what is to be made and why, and what `check` has against the files."""
    project, settings = terminal.opened()
    rows = {what: why for what, current, why in status.states(project, settings) if not current}
    checked = CliRunner().invoke(check, ["--json"])
    return {"rows": rows, "errors": [f["message"] for f in json.loads(checked.output)["findings"]]}


def main() -> None:
    """Print what each edit of the file that is named makes out of date."""
    answers = {}
    for name, (file, old, new) in json.loads(Path(sys.argv[1]).read_text()).items():
        path = Path(file)
        before, times = (path.read_bytes(), path.stat()) if path.exists() else (None, None)
        path.parent.mkdir(parents=True, exist_ok=True)
        assert before is None or old.encode() in before, f"{name}: {file} has no {old!r}"
        path.write_bytes(new.encode() if before is None else before.replace(old.encode(), new.encode()))
        if times is not None:
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # an edit that looks like none
        forget()
        answers[name] = found()
        path.unlink() if before is None else path.write_bytes(before)
    forget()
    answers["none"] = found()
    print(json.dumps(answers))


main()
