"""Which module may import which, and what an everyday command must not load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from copies import ROOT

CODE = ROOT / "code" / "coursework"

FORBIDDEN = {
    "publishing": {"answers", "experiments", "diagrams", "prepare", "submission", "preview"},
    "answers": {"publishing", "prepare", "submission", "cli", "preview", "experiments"},
    "experiments": {"publishing", "prepare", "submission", "cli", "preview", "answers"},
    "diagrams": {"publishing", "prepare", "submission", "cli", "preview", "experiments"},
}

HEAVY = {"tensorflow", "keras", "sympy", "matplotlib", "nbclient", "jupyter_cache", "joblib", "scipy"}

LATE_ONLY = {"tensorflow", "keras", "joblib", "nbclient", "jupyter_cache", "typst"}
MAY_LOAD = {"experiments/engine.py", "experiments/models.py"}


def imports(path: Path, *, top_level_only: bool) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else ast.walk(tree)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


@pytest.mark.parametrize("package", sorted(FORBIDDEN))
def test_imports_point_one_way(package):
    for path in (CODE / package).rglob("*.py"):
        for name in imports(path, top_level_only=False):
            parts = name.split(".")
            if parts[0] == "coursework" and len(parts) > 1:
                assert parts[1] not in FORBIDDEN[package], f"{path.relative_to(CODE)} imports {name}"


def test_heavy_packages_are_imported_late():
    for path in CODE.rglob("*.py"):
        name = path.relative_to(CODE).as_posix()
        if name in MAY_LOAD:
            continue
        loaded = {found.split(".")[0] for found in imports(path, top_level_only=True)}
        assert not loaded & LATE_ONLY, f"{name} imports {loaded & LATE_ONLY} when it is loaded"


def test_code_is_no_package():
    assert not (ROOT / "code" / "__init__.py").exists()


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
