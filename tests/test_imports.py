"""What an everyday command must not load. Which package may import which is a contract in ``pyproject.toml``."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from copies import ROOT

CODE = ROOT / "code"

HEAVY = {"tensorflow", "keras", "sympy", "matplotlib", "nbclient", "jupyter_cache", "joblib", "scipy"}

LATE_ONLY = {"tensorflow", "keras", "joblib", "nbclient", "jupyter_cache", "typst"}
MAY_LOAD = {"coursework/experiments/engine.py", "coursework/experiments/models.py"}


def imported_at_once(path: Path) -> set[str]:
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_heavy_packages_are_imported_late():
    modules = {path.relative_to(CODE).as_posix(): path for path in CODE.rglob("*.py")}
    assert len(modules) > 50
    for name, path in modules.items():
        if name not in MAY_LOAD:
            loaded = imported_at_once(path) & LATE_ONLY
            assert not loaded, f"{name} imports {loaded} when it is loaded"


def test_the_engine_knows_no_report_by_name():
    words = ("q6-classifier", "CS3950", "question1", "coursework")
    files = [path for name in ("press", "handin") for path in (CODE / name).rglob("*.*") if path.suffix != ".pyc"]
    assert len(files) > 50
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert [word for word in words if word in text] == [], path.relative_to(CODE)


def test_code_is_no_package():
    assert not (CODE / "__init__.py").exists()


@pytest.mark.parametrize("arguments", [["--help"], ["render", "--help"], ["status", "--help"]])
def test_help_loads_nothing_heavy(arguments):
    code = (
        "import sys\n"
        "from press.commands.main import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit as stop: assert stop.code == 0, stop.code\n"
        f"print('LOADED', sorted({HEAVY!r} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.rstrip().endswith("LOADED []")
