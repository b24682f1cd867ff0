"""``new``: writes a small report that is complete, to begin another one with."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from handin.errors import InputError
from press.commands.terminal import done
from press.keeping.digests import code_folder


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Write a small report into FOLDER: one derived answer that is checked, one figure, one number in the prose."""
    write(folder)
    done(f"{folder.name} is a report. Make its pages:  cd {folder} && press render")


def write(folder: Path) -> None:
    """Write the example and the format that it is set in.

    Raises
    ------
    InputError
        If the folder is there and not empty, or the example is not part of this installation.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder.name} is there and not empty: name a new folder.")
    home = code_folder().parent
    example, extensions = home / "examples" / "minimal", home / "report" / "_extensions"
    if not example.is_dir() or not extensions.is_dir():
        raise InputError("The example is missing: restore examples/ and report/_extensions of the project.")
    ignored = shutil.ignore_patterns("__pycache__", ".cache", ".quarto", "_output", "_variables.yml", "_*.local")
    shutil.copytree(example, folder, dirs_exist_ok=True, ignore=ignored)
    shutil.copytree(extensions, folder / "_extensions")
