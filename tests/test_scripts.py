"""The scripts beside the package."""

import subprocess
import sys

from copies import ROOT

SCRIPTS = ROOT / "scripts"


def test_quartos_script_says_what_is_missing_where_another_python_runs_it():
    """In a clone without .venv, or where the shell sets QUARTO_PYTHON, Quarto takes a Python without the packages."""
    command = [sys.executable, "-S", "-E", str(SCRIPTS / "prepare.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=SCRIPTS.parent)
    assert done.returncode == 1
    assert "run 'make .venv'" in done.stderr
    assert "QUARTO_PYTHON" in done.stderr
    assert "Traceback" not in done.stderr
