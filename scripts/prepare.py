"""What Quarto calls before it renders."""

import sys

try:
    from press.commands.main import main
except ModuleNotFoundError:
    sys.exit(
        f"Quarto runs {sys.executable}, which does not have the project's packages: run 'make .venv' once. "
        "If QUARTO_PYTHON is set in your shell, unset it; the project's own is in _environment.local."
    )

main(["prepare"])
