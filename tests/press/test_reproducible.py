"""The PDF is the same file in every folder, at every time and in every locale."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

TEXT = """
# A section {#sec-q1}

The value $y = \\frac{1}{2}$ of @sec-q1.
"""

PLACES = [
    ("plain", "C.UTF-8", "UTC"),
    ("mit Leerzeichen", "C", "Pacific/Kiritimati"),
    ("Übung 習題", "C", "America/St_Johns"),
]

BUILD = """
import hashlib, sys
from pathlib import Path
from press import environment
from press.project import Project
from press.build import Builder
project = Project(Path(sys.argv[1]))
environment.apply(project)
with Builder(project) as builder:
    source = builder.report(digest=lambda: "0123456789abcdef")
    print(hashlib.sha256(builder.typesetter.compile(source.text)).hexdigest())
"""


def test_the_pdf_depends_on_nothing_but_its_sources(project, write, tmp_path):
    write(TEXT)
    made = set()
    for name, locale, zone in PLACES:
        folder = tmp_path / name
        shutil.copytree(project.root, folder)
        environment = {**os.environ, "LC_ALL": locale, "TZ": zone}
        command = [sys.executable, "-c", BUILD, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        made.add(done.stdout)
    assert len(made) == 1
