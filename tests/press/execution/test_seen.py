"""What code is seen to read, in a process that is watched as a kernel is."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from press.execution import seen
from press.keeping import digests
from press.keeping.facts import reasons

WATCHED = "from press.execution.watch import WATCH\nWATCH.install()\n{code}\nWATCH.write({path!r})\n"

READING = {
    "opened": "open('a.txt').read()",
    "by its number": "import os\nos.read(os.open('a.txt', os.O_RDONLY), 9)",
    "through pathlib": "from pathlib import Path\nPath('a.txt').read_bytes()",
    "run": "import runpy\nrunpy.run_path('a.txt')",
    "from another folder": "import os\nos.chdir('..')\nopen('project/a.txt').read()",
    "in a thread": "import threading\nt = threading.Thread(target=lambda: open('a.txt').read())\nt.start()\nt.join()",
    "read and replaced": (
        "import os\nopen('a.txt').read()\nopen('b.txt', 'w').write('new')\nos.replace('b.txt', 'a.txt')"
    ),
    "updated in place": "f = open('a.txt', 'r+')\nf.read()\nf.write('more')\nf.close()",
    "a child's": "import subprocess\nsubprocess.run(['cat', 'a.txt'], capture_output=True)",
    "a shell's": "import subprocess\nsubprocess.run('cat <a.txt || cat a.txt', shell=True, capture_output=True)",
    "a child's, elsewhere": "import os, subprocess\nos.chdir('/')\nsubprocess.run(['cat', 'a.txt'], cwd={root!r})",
    "the system's shell": "import os\nos.system('cat a.txt >/dev/null')",
    "a shell's, of several": "import os\nos.system('cat <a.* >/dev/null')",
    "IPython's shell": "WATCH.cell('!cat a.txt')",
    "IPython's script": "WATCH.cell('%%bash\\ncat \"a.txt\"')",
    "above a link": "open('link/../a.txt').read()",
    "a database": "import sqlite3\nsqlite3.connect('a.txt')",
    "a database by its address": "import sqlite3\nsqlite3.connect('file:a.txt?mode=ro', uri=True)",
    "opened to be read and written": "import os\nos.read(os.open('a.txt', os.O_RDWR), 9)",
    "listed": "import os\nos.listdir('.')",
    "found": "from pathlib import Path\nlist(Path('.').glob('*.txt'))",
    "imported by its path": (
        "import importlib.util as u\ns = u.spec_from_file_location('m', 'apart/m.py')\ns.loader.exec_module("
        "u.module_from_spec(s))"
    ),
}

NOT_READING = {
    "written": "open('c.txt', 'w').write('x')",
    "written, then read": "open('c.txt', 'w').write('x')\nopen('c.txt').read()",
    "a temporary file": "import tempfile\nwith tempfile.NamedTemporaryFile('w+') as f:\n    open(f.name).read()",
    "the system's": "open('/etc/hostname', 'rb').read()\nopen('/proc/self/status').read()",
    "the library's": "import json.tool, decimal",
    "of a device": "open('/dev/null').read()",
}

EDITED = {"a.txt": "other", "apart/m.py": "VALUE = 2\n", "d.txt": "new"}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with files, which are not the code of the project."""
    root = tmp_path / "project"
    (root / "apart").mkdir(parents=True)
    (root / "a.txt").write_text("x = 1\n")
    (root / "apart" / "m.py").write_text("VALUE = 1\n")
    (root / "far").mkdir()
    (root / "link").symlink_to(root / "far")
    monkeypatch.setattr(digests, "_folders", (digests.code_folder(),))
    return root


def watched(root, code):
    path, code = root.parent / "seen.json", code.replace("{root!r}", repr(str(root)))
    program = WATCHED.format(code=code, path=str(path))
    subprocess.run([sys.executable, "-c", program], cwd=root, check=True, stderr=subprocess.PIPE)
    return seen.facts(json.loads(path.read_text()), root, kept=(), accounted=(), reached=())


@pytest.mark.parametrize("way", READING)
def test_what_is_read_counts_and_its_edit_is_named(project, way):
    facts = watched(project, READING[way])
    assert reasons(facts, seen.now(facts, project)) == ()
    for name, text in EDITED.items():
        (project / name).write_text(text)
    said = " ".join(reasons(facts, seen.now(facts, project)))
    assert ("apart/m.py" if "imported" in way else "." if way in ("listed", "found") else "a.txt") in said


@pytest.mark.parametrize("way", NOT_READING)
def test_what_code_made_itself_or_the_machine_has_is_no_input(project, way):
    facts = watched(project, NOT_READING[way])
    assert {kind: found for kind, found in facts.items() if kind not in ("packages", "written")} == {
        "files": {},
        "folders": {},
        "modules": {},
    }


def test_a_file_that_is_not_there_yet_counts(project):
    facts = watched(project, "try:\n    open('d.txt')\nexcept FileNotFoundError:\n    pass")
    (project / "d.txt").write_text("now")
    assert reasons(facts, seen.now(facts, project)) == ("d.txt is new",)


def test_a_file_that_somebody_else_edits_meanwhile_is_never_current(project):
    facts = watched(project, "import os\nopen('a.txt').read()\nos.system('echo other >a.txt')")
    assert reasons(facts, seen.now(facts, project)) == ("a.txt changed",)


MEANWHILE = {
    "a module": ("import sys\nsys.path.insert(0, 'apart')\nimport m", "apart/m.py"),
    "a folder": ("import os\nos.listdir('apart')", "apart"),
}


@pytest.mark.parametrize("what", MEANWHILE)
def test_what_is_edited_after_it_was_read_is_never_current(project, what):
    code, name = MEANWHILE[what]
    edit = "import subprocess\nsubprocess.run('touch apart/new.csv; echo VALUE=2 >apart/m.py', shell=True)"
    facts = watched(project, f"{code}\n{edit}")
    assert reasons(facts, seen.now(facts, project)) == (f"{name} changed",)


def test_a_file_that_a_child_is_told_to_write_is_current_as_it_left_it(project):
    facts = watched(project, "import subprocess\nsubprocess.run('echo other >a.txt', shell=True)")
    assert reasons(facts, seen.now(facts, project)) == ()


def test_what_code_adds_to_a_folder_that_it_lists_is_no_change(project):
    facts = watched(project, "import os\nos.listdir('.')\nopen('c.txt', 'w').write('x')")
    assert reasons(facts, seen.now(facts, project)) == ()


def test_a_library_that_is_imported_counts(project):
    extension = project / "apart" / "fast.so"
    extension.write_bytes(b"no library")
    code = (
        "import importlib.util as u, importlib.machinery as m\ns = u.spec_from_loader('fast', m.ExtensionFileLoader("
        "'fast', 'apart/fast.so'))\ntry:\n    u.module_from_spec(s)\nexcept ImportError:\n    pass"
    )
    facts = watched(project, code)
    extension.write_bytes(b"another")
    assert reasons(facts, seen.now(facts, project)) == ("apart/fast.so changed",)


def test_a_module_that_is_looked_for_counts(project, monkeypatch):
    monkeypatch.setattr(digests, "_folders", (digests.code_folder(), project))
    facts = watched(project, "import importlib.util\nimportlib.util.find_spec('extra')")
    (project / ".#extra.py").write_text("")  # an editor's
    assert reasons(facts, seen.now(facts, project)) == ()
    (project / "extra.py").write_text("")
    assert reasons(facts, seen.now(facts, project)) == (". changed",)


def test_what_counts_already_is_left_out(project):
    path = project.parent / "seen.json"
    program = WATCHED.format(code="open('a.txt').read()\nopen('apart/m.py').read()", path=str(path))
    subprocess.run([sys.executable, "-c", program], cwd=project, check=True)
    found = json.loads(path.read_text())
    assert seen.facts(found, project, kept=(), accounted=("a.txt", "apart"), reached=())["files"] == {}


def test_a_module_that_would_be_found_first_counts(project):
    (project / "first").mkdir()
    (project / "first" / "other.py").write_text("")
    facts = watched(project, "import sys\nsys.path[:0] = ['first', 'apart']\nimport m")
    (project / "first" / "notes.txt").write_text("no module")
    assert reasons(facts, seen.now(facts, project)) == ()
    (project / "first" / "m.py").write_text("VALUE = 2\n")
    assert reasons(facts, seen.now(facts, project)) == ("first changed",)


def test_what_code_wrote_is_kept_as_it_left_it(project):
    facts = watched(project, "open('c.txt', 'w').write('x')")
    assert reasons(facts, seen.now(facts, project)) == ()
    (project / "c.txt").unlink()
    assert reasons(facts, seen.now(facts, project)) == ("c.txt is gone",)


def test_code_of_an_earlier_edit_is_not_taken_for_the_last_one(project, monkeypatch):
    """Python compares a compiled module's size and second with the source's, and both may be the same."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    module, code = (
        project / "apart" / "m.py",
        "import sys\nsys.path.insert(0, 'apart')\nimport m\nopen('c.txt', 'w').write(str(m.VALUE))",
    )
    watched(project, code)
    times = module.stat()
    module.write_text("VALUE = 3\n")
    os.utime(module, ns=(times.st_atime_ns, times.st_mtime_ns))
    watched(project, code)
    assert (project / "c.txt").read_text() == "3"
