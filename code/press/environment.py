"""The environment in which everything runs: Quarto's ``_environment``, and nothing written outside the project."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from handin.errors import InputError
from handin.text import read_text
from press.keeping import digests
from press.project import Project

FOLDERS = {
    "MPLCONFIGDIR": "matplotlib",
    "IPYTHONDIR": "ipython",
    "JUPYTER_CONFIG_DIR": "jupyter/config",
    "JUPYTER_DATA_DIR": "jupyter/data",
    "JUPYTER_RUNTIME_DIR": "jupyter/runtime",
    "KERAS_HOME": "keras",
    "XDG_CACHE_HOME": "xdg",
    "JOBLIB_TEMP_FOLDER": "joblib",
}
"""Where libraries may write, below the project's cache; by default they write to the home folder."""


DEFAULT = {"SOURCE_DATE_EPOCH": "1767225600", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"}
"""What holds for a project that says nothing: then its PDF is the same whenever it is built."""

FIXED = frozenset({"LC_ALL", "SOURCE_DATE_EPOCH", "TF_ENABLE_ONEDNN_OPTS"})
"""What the results follow from: the project's value holds whatever the author's shell has set."""

FOREIGN = ("KERAS_BACKEND", "MATPLOTLIBRC", "MPLBACKEND", "PYTHONOPTIMIZE", "PYTHONSTARTUP", "PYTHONWARNINGS")
"""What an author may have set for other work, and what would change figures and results, or leave them out."""


def read(path: Path) -> dict[str, str]:
    """Read ``KEY=VALUE`` lines; a missing file has none, and one that is no text is an `InputError`."""
    lines = read_text(path, path.name).splitlines() if path.exists() else []
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {key.strip(): value.strip().strip("\"'") for key, value in pairs}


def folders(project: Project) -> dict[str, str]:
    """Return where libraries may write for this project, by the variable that tells them."""
    found = {name: str(project.cache / folder) for name, folder in FOLDERS.items()}
    if not found["JOBLIB_TEMP_FOLDER"].isascii():
        # joblib names its folders in ASCII to the process that removes them; it removes them elsewhere just as well.
        found["JOBLIB_TEMP_FOLDER"] = next(filter(str.isascii, (tempfile.gettempdir(), "/tmp")))
    return found


def apply(project: Project) -> None:
    """Set the process's environment for this project; of what is set already, only what changes no result wins.

    Raises
    ------
    InputError
        If it chooses a profile and Quarto does not call: the pages would be made without it.
    """
    if (profile := os.environ.get("QUARTO_PROFILE")) and "QUARTO_PROJECT_DIR" not in os.environ:
        raise InputError(f"QUARTO_PROFILE is {profile!r}, and only Quarto reads profiles: unset it.")
    digests.cover(project.code, project.folder, cache=project.cache)
    for name in FOREIGN:
        os.environ.pop(name, None)
    for name, value in {**DEFAULT, **read(project.root / "_environment")}.items():
        if name in FIXED:
            os.environ[name] = value
        os.environ.setdefault(name, value)
    if project.code.is_dir():  # cells import the report's own packages, installed or not
        before = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
        os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([str(project.code), *before]))
    os.environ.update(folders(project))
    with contextlib.suppress(OSError):  # who only looks needs no such folder; a build says why it cannot write
        Path(os.environ["JUPYTER_RUNTIME_DIR"]).mkdir(parents=True, exist_ok=True)


@contextlib.contextmanager
def stderr_to(path: Path) -> Iterator[None]:
    """Send to a file what libraries write past Python, as TensorFlow does whatever its log level."""
    sys.stderr.flush()
    terminal = os.dup(2)
    try:
        with open(path, "wb") as log:
            os.dup2(log.fileno(), 2)
            yield
    finally:
        sys.stderr.flush()
        os.dup2(terminal, 2)
        os.close(terminal)


def local_lines(project: Project, python: str) -> str:
    """Return the text of ``_environment.local``: the paths of this machine that Quarto needs."""
    lines = [f"QUARTO_PYTHON={python}", f"JUPYTERCACHE={project.cache / 'quarto'}"]
    lines += [f"{name}={folder}" for name, folder in folders(project).items() if name != "XDG_CACHE_HOME"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write ``_environment.local`` for Quarto; the Makefile calls this once ``.venv`` is there."""
    project = Project.find()
    (project.root / "_environment.local").write_text(local_lines(project, sys.executable), encoding="utf-8")


if __name__ == "__main__":
    main()
