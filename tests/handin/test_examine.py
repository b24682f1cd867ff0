"""Every kind of fault in a submission gives its finding, and a sound submission gives none."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
import zlib

import nbformat
import pikepdf
import pytest
from click.testing import CliRunner
from pikepdf import Array, Dictionary, Name, String
from PIL import Image, PngImagePlugin

import submissions as made
from copies import ROOT
from handin import examine as checks
from handin import names as bundle
from handin import private
from handin.errors import InputError
from handin.pdf import reading as pdf_reading
from handin.private import image_leaks, leaks, metadata_leaks
from handin.scheme import load_scheme
from press.commands.check import check

EXPECTED = checks.Digests(made.PDF_DIGEST, made.NOTEBOOK_DIGEST)


@pytest.fixture
def marks(tmp_path):
    return made.write_marks(tmp_path)


def examined(tmp_path, members, marks=None, name=made.ZIP_NAME, **options):
    """Zip the members and check the zip."""
    path = tmp_path / name
    bundle.write_zip(path, members)
    options = {"student_id": made.STUDENT_ID, "final": True, "expected": EXPECTED, "marks": marks, **options}
    return checks.examine(path, **options)


def examined_file(tmp_path, name, content, **options):
    """Check one file alone."""
    (tmp_path / name).write_bytes(content)
    options = {"student_id": made.STUDENT_ID, "final": True, "expected": EXPECTED, **options}
    return checks.examine(tmp_path / name, **options)


def only(findings, severity="error"):
    """Return the messages of the findings, all of which have this severity."""
    assert findings, "nothing was found"
    assert {finding.severity for finding in findings} == {severity}, [str(finding) for finding in findings]
    for finding in findings:
        assert finding.file
        assert finding.message.strip()
        assert finding.fix.strip().endswith((".", "...`."))
    return " | ".join(f"{finding.file} {finding.place}: {finding.message}" for finding in findings)


# Sound submissions


def test_a_sound_submission_has_no_findings(tmp_path, marks):
    report = examined(tmp_path, made.members(), marks)
    assert report.findings == []


def test_each_file_alone_has_no_findings(tmp_path):
    for name, content in made.members().items():
        (tmp_path / name).write_bytes(content)
        assert checks.examine(tmp_path / name, student_id=made.STUDENT_ID, expected=EXPECTED).findings == []


def test_a_submission_of_somebody_else_is_checked_without_knowing_the_id(tmp_path):
    path = tmp_path / made.ZIP_NAME
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:  # not by this project's own hand
        for name, content in made.members().items():
            archive.writestr(name, content)
    assert checks.check_zip(path) == []


def test_what_is_to_be_zipped_can_be_checked_before(marks):
    members = made.members()
    assert checks.examine_members(members, student_id=made.STUDENT_ID, marks=marks, final=True).findings == []
    members.pop(made.PDF_NAME)
    assert "no PDF" in only(checks.examine_members(members, student_id=made.STUDENT_ID).findings)


# Names and number of files


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({made.PDF_NAME: "answers.pdf"}, "without the student id"),
        ({made.PDF_NAME: "999888777-CS3950-answers.pdf"}, "has the student id 999888777"),
        ({made.NOTEBOOK_NAME: "101234568-CS3950-q6.ipynb"}, "has the student id 101234568"),
        ({made.NOTEBOOK_NAME: "1012345670-CS3950-q6.ipynb"}, "1012345670"),
    ],
)
def test_a_name_without_the_id_or_with_another_is_an_error(tmp_path, changed, message):
    members = {changed.get(name, name): content for name, content in made.members().items()}
    assert message in only(examined(tmp_path, members).findings)


def test_the_zip_has_the_id_in_its_name_too(tmp_path):
    assert "without the student id" in only(examined(tmp_path, made.members(), name="submission.zip").findings)
    assert "another" not in only(examined(tmp_path, made.members(), name="7654321-CS3950.zip").findings)


def test_an_unusual_form_of_the_name_is_a_warning(tmp_path):
    assert "usual form" in only(
        examined(tmp_path, made.members(), name=f"cs3950_{made.STUDENT_ID}.zip").findings, "warning"
    )


def test_names_that_disagree_are_an_error_without_knowing_the_id(tmp_path):
    members = made.members()
    members["999888777-CS3950-q6.ipynb"] = members.pop(made.NOTEBOOK_NAME)
    assert "999888777" in only(examined(tmp_path, members, student_id=None).findings)


@pytest.mark.parametrize(("final", "severity"), [(True, "error"), (False, "warning")])
def test_the_placeholder_is_a_warning_and_an_error_in_the_end(tmp_path, final, severity):
    names = bundle.file_names("000000000")
    members = {names.pdf: made.pdf(student_id="000000000"), names.notebook: made.notebook_bytes()}
    found = examined(tmp_path, members, name=names.zip, student_id="000000000", final=final).findings
    assert "placeholder" in only(found, severity)


def test_a_pdf_that_prints_the_placeholder_is_an_error(tmp_path):
    members = made.members(pdf=made.pdf(student_id="000000000"))
    assert "prints the placeholder" in only(examined(tmp_path, members).findings)


@pytest.mark.parametrize(("final", "severity"), [(True, "error"), (False, "warning")])
def test_a_pdf_without_the_id(tmp_path, final, severity):
    members = made.members(pdf=made.pdf(student_id=""))
    assert "does not print" in only(examined(tmp_path, members, final=final).findings, severity)


def test_more_files_and_fewer_files_are_errors(tmp_path):
    assert "not asked for" in only(examined(tmp_path, {**made.members(), "notes.txt": b"x"}).findings)
    assert "2 PDFs" in only(examined(tmp_path, {**made.members(), f"{made.STUDENT_ID}-2.pdf": made.pdf()}).findings[:1])
    for name in made.members():
        members = made.members()
        del members[name]
        assert "one is asked for" in only(examined(tmp_path, members).findings)


@pytest.mark.parametrize("name", [".DS_Store", f"._{made.PDF_NAME}", "more.zip"])
def test_what_a_system_or_an_author_leaves_in_a_zip_is_one_error(tmp_path, name):
    with zipfile.ZipFile(tmp_path / made.ZIP_NAME, "w") as packed:
        for member, content in {**made.members(), name: b"Mac OS X"}.items():
            packed.writestr(member, content)
    (finding,) = checks.examine(tmp_path / made.ZIP_NAME, student_id=made.STUDENT_ID).findings
    assert finding.is_error
    assert finding.place == name
    assert "not asked for" in finding.message


def test_a_file_over_the_upload_limit(tmp_path):
    big = made.notebook()
    noise = zlib.compress(bytes(range(256)) * 10)  # does not shrink again
    big.cells[1].outputs = [
        nbformat.v4.new_output("stream", text="".join(map(chr, noise[:100])).encode("unicode_escape").hex())
    ]
    report = examined(tmp_path, made.members(notebook=made.notebook_bytes(big)), upload_limit_mb=0.03)
    assert "can be handed in" in only(report.findings)


# The notebook


def _set(cell, **values):
    def change(notebook):
        for key, value in values.items():
            notebook.cells[cell][key] = value

    return change


def _stream(text, cell=1, name="stdout"):
    return _set(cell, outputs=[nbformat.v4.new_output("stream", name=name, text=text)])


def _display(data, cell=1, **metadata):
    return _set(cell, outputs=[nbformat.v4.new_output("display_data", data, metadata=metadata)])


def _blank(mode, colour):
    saved = io.BytesIO()
    Image.new(mode, (20, 10), colour).save(saved, "PNG")
    return made.encoded(saved.getvalue())


def _transparent():
    saved = io.BytesIO()
    image = Image.radial_gradient("L").convert("RGB")
    image.putalpha(0)
    image.save(saved, "PNG")
    return made.encoded(saved.getvalue())


def _printed(text):
    return [nbformat.v4.new_output("stream", text=text)]


def _clear_all(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []


NOTEBOOK_ERRORS = {
    "a cell that was not run": (_set(1, execution_count=None), "cell 2: The cell was not run"),
    "cells out of order": (_set(4, execution_count=2), "cell 5 (tbl-loss): The cell ran out of order"),
    "a cell that ran last": (_set(1, execution_count=9), "ran out of order"),
    "a raised error": (
        _set(
            1,
            outputs=[nbformat.v4.new_output("error", ename="ValueError", evalue="bad", traceback=["ValueError: bad"])],
        ),
        "ended with an error (ValueError: bad)",
    ),
    "a printed traceback": (_stream("Traceback (most recent call last):\n  ..."), "traceback of an error"),
    "a coloured traceback": (
        _stream("\x1b[31mKeyError\x1b[0m   Traceback\x1b[0m \x1b[32m(most recent call last)\x1b[0m", name="stderr"),
        "traceback of an error",
    ),
    "a traceback as HTML": (
        _display({"text/html": "<pre>Traceback (most recent call last):"}),
        "traceback of an error",
    ),
    "a token that two outputs share": (
        _set(1, outputs=[nbformat.v4.new_output("stream", text=part) for part in ("ghp_" + "a1B2" * 4, "a1B2" * 5)]),
        "cell 2, output: It holds a GitHub token",
    ),
    "a token as a cell's id": (_set(1, id="ghp_" + "a1B2" * 9), "cell 2, cell id: It holds a GitHub token"),
    "another student's id": (_set(0, source="# Question 6 of 999888777"), "cell 1: The cell prints 999888777"),
    "a figure without an output": (_set(3, outputs=[]), "cell 4 (fig-loss): The cell is labelled as a figure"),
    "a figure that only printed": (_stream("<Figure size 200x150 with 1 Axes>", cell=3), "labelled as a figure"),
    "a table without an output": (_set(4, outputs=[]), "cell 5 (tbl-loss): The cell is labelled as a table"),
    "a blank figure": (_display({"image/png": _blank("RGB", "white")}, 3), "image in the output is blank"),
    "a transparent figure": (_display({"image/png": _blank("RGBA", (0, 0, 0, 0))}, 3), "image in the output is blank"),
    "a damaged figure": (_display({"image/png": made.encoded(made.png()[:-3000])}, 3), "cannot be opened"),
    "a figure that is no Base64": (_display({"image/png": "?"}, 3), "empty or damaged"),
    "an empty SVG": (_display({"image/svg+xml": "<svg></svg>"}, 3), "image in the output is empty"),
    "all outputs cleared": (_clear_all, "the results were cleared"),
    "no code": (lambda notebook: notebook.update(cells=notebook.cells[:1]), "no code"),
    "a shortcode": (_set(0, source="The loss is {{< var q6.loss >}}."), "shortcode"),
    "an include in code": (_set(1, source="{{< include models.py >}}"), "shortcode"),
    "an unresolved reference": (_set(0, source="See ?@fig-loss."), "could not be resolved"),
    "an unresolved variable": (_display({"text/markdown": "It is ?var:q6.loss."}), "could not be resolved"),
    "an image outside": (_set(0, source="![loss](figures/loss.png)"), "is a file that is not handed in"),
    "a missing attachment": (_set(0, source="![loss](attachment:loss.png)"), "is not attached"),
    "an image outside by reference": (_set(0, source="![loss][l]\n\n[L]: figures/loss.png 'x'"), "is not handed in"),
    "an image outside by its own name": (_set(0, source="![loss][]\n\n[loss]: <loss.png>"), "is not handed in"),
    "an image outside in an output": (_display({"text/html": '<img src="fig.png">'}), "is not handed in"),
    "a figure that is an image without a file": (_display({"text/html": '<img src="">'}, 3), "labelled as a figure"),
    "a figure that is a file": (_display({"text/html": '<img alt="x" src="fig.png">'}, 3), "labelled as a figure"),
    "a table without a cell": (_display({"text/html": "<table><tr></tr></table>"}, 4), "labelled as a table"),
    "a table of empty cells": (_display({"text/html": "<table><td> </td><td><b></b></td>"}, 4), "labelled as a table"),
    "a wholly transparent figure": (_display({"image/png": _transparent()}, 3), "wholly transparent"),
    "outputs without code": (_set(1, source="", execution_count=None, outputs=_printed("0.9")), "shows outputs"),
    "outputs of a cell that was not run": (_set(1, execution_count=None, outputs=_printed("0.9")), "was not run"),
    "not a number": (_set(0, metadata={"x": float("nan")}), "no valid JSON (NaN)"),
    "an infinite number": (_display({"application/json": {"a": float("inf")}}), "no valid JSON (Infinity)"),
}


@pytest.mark.parametrize("fault", NOTEBOOK_ERRORS)
def test_a_fault_of_the_notebook_is_an_error(tmp_path, fault):
    change, message = NOTEBOOK_ERRORS[fault]
    notebook = made.notebook()
    change(notebook)
    assert message in only(examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings)


NOTEBOOK_WARNINGS = {
    "a gap in the numbers": (_set(6, execution_count=12), "gaps"),
    "a cell that says eval: false": (_set(1, execution_count=None, source="#| eval: false\nx"), "eval: false"),
    "a cross-reference": (_set(0, source="See @fig-loss."), "cross-reference"),
    "an image from the network": (_set(0, source="![](https://example.org/x.png)"), "network"),
    "an identifier": (_set(0, source="# Fitting {#sec-fit}"), "identifier"),
    "an image from the network by reference": (_set(0, source="![x][]\n\n[x]: https://example.org/x.png"), "network"),
    "a script from the network": (_display({"text/html": "<script src='https://x.org/x.js'></script>"}), "a script"),
    "a format that is not known": (lambda notebook: notebook.update(nbformat_minor=99), "notebook format 4.99"),
}


@pytest.mark.parametrize("fault", NOTEBOOK_WARNINGS)
def test_a_blemish_of_the_notebook_is_a_warning(tmp_path, fault):
    change, message = NOTEBOOK_WARNINGS[fault]
    notebook = made.notebook()
    change(notebook)
    found = examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook))
    assert message in only(found.findings, "warning")


def _json(change):
    raw = json.loads(made.notebook_bytes())
    change(raw)
    return json.dumps(raw).encode()


NO_NOTEBOOKS = {
    "cut short": made.notebook_bytes()[:-200],
    "empty": b"",
    "not text": b"\xff\xfe\x00",
    "another JSON": b"[1, 2]",
    "an old format": _json(lambda raw: raw.update(nbformat=3)),
    "a cell without a type": _json(lambda raw: raw["cells"][1].pop("cell_type")),
    "a cell without outputs": _json(lambda raw: raw["cells"][1].pop("outputs")),
    "an execution count that is text": _json(lambda raw: raw["cells"][1].update(execution_count="1")),
    "two cells of one id": _json(lambda raw: raw["cells"][1].update(id=raw["cells"][0]["id"])),
    "an unknown key": _json(lambda raw: raw.update(surprise=1)),
    "nested without end": b'{"cells": ' + b"[" * 100_000,
    "a byte order mark": b"\xef\xbb\xbf" + made.notebook_bytes(),
    "a key twice": b'{"cells": [],' + made.notebook_bytes().lstrip()[1:],
}


@pytest.mark.parametrize("kind", NO_NOTEBOOKS)
def test_what_is_no_valid_notebook_is_an_error(tmp_path, kind):
    content = NO_NOTEBOOKS[kind]
    found = examined_file(tmp_path, made.NOTEBOOK_NAME, content)
    assert re.search("notebook|damaged|Jupyter", only(found.findings))


def test_what_a_repeated_key_hides_is_searched_and_the_key_named(tmp_path):
    hidden = b'{"cells": ["ghp_' + b"a1B2" * 9 + b'"],'
    content = hidden + made.notebook_bytes().lstrip()[1:]
    message = only(examined_file(tmp_path, made.NOTEBOOK_NAME, content).findings)
    assert "the key cells is given twice" in message
    assert "a GitHub token" in message


def test_what_a_script_in_an_output_writes_is_no_image(tmp_path):
    notebook = made.notebook()
    _display({"text/html": "<script>x = '<img src=\"a.png\">'</script><img src='data:image/gif;base64,R0lG'>"})(
        notebook
    )
    assert examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings == []


def test_a_byte_order_mark_is_named(tmp_path):
    content = NO_NOTEBOOKS["a byte order mark"]
    assert "begins with a byte order mark" in only(examined_file(tmp_path, made.NOTEBOOK_NAME, content).findings)


def test_nbformat_agrees_on_what_is_valid():
    for kind in (
        "a cell without a type",
        "a cell without outputs",
        "an unknown key",
        "an execution count that is text",
    ):
        with pytest.raises(nbformat.ValidationError):
            nbformat.validate(json.loads(NO_NOTEBOOKS[kind]))
    nbformat.validate(json.loads(made.notebook_bytes()))


def test_a_stale_notebook_is_an_error(tmp_path):
    notebook = made.notebook()
    notebook.metadata["coursework"] = {"inputs": "0" * 32}
    assert "older than its sources" in only(
        examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings
    )
    del notebook.metadata["coursework"]
    found = made.members(notebook=made.notebook_bytes(notebook))
    assert "does not say" in only(examined(tmp_path, found).findings)
    elsewhere = checks.Digests(EXPECTED.pdf, EXPECTED.notebook, required=False)
    assert "does not say" in only(examined(tmp_path, found, expected=elsewhere).findings, "warning")


def test_a_file_that_was_changed_after_it_was_made_is_an_error(tmp_path):
    checksums = {name: hashlib.sha256(content).hexdigest() for name, content in made.members().items()}
    expected = checks.Digests(made.PDF_DIGEST, made.NOTEBOOK_DIGEST, checksums)
    assert examined(tmp_path, made.members(), expected=expected).findings == []
    other = made.members(pdf=made.pdf(end="A sentence that nobody derived."), notebook=made.notebook_bytes() + b"\n")
    assert only(examined(tmp_path, other, expected=expected).findings).count("changed after it was made") == 2


# Private details

PRIVATE = {
    "/home/alice/project/train.py": "absolute path with an account",
    'File "/home/alice/.venv/lib/python3.11/site-packages/keras/x.py", line 3': "absolute path",
    "saved to /Users/Alice/Documents/x.png": "absolute path with an account",
    r"C:\Users\alice\Desktop\x.csv": "absolute path with an account",
    r"'C:\\Users\\alice\\x.csv'": "absolute path with an account",
    "C:/Users/alice/x.csv": "absolute path with an account",
    "/mnt/c/Users/alice/x": "absolute path",
    "/root/Thesis": "absolute path",
    "/usr/local/lib/python3.11/site-packages/keras/layers.py:93: UserWarning": "absolute path",
    "/tmp/ipykernel_4711/1234.py:3: RuntimeWarning: overflow": "absolute path",
    "wrote /data/run7/model.keras": "absolute path",
    "file:///srv/notebooks/x.html": "link to a file",
    r"D:\work\loss.png": "absolute path",
    "(base) alice@buildbox:~/coursework$ ls": "an account's and a host's name",
    "USER=alice": "account's or a host's name",
    "'HOSTNAME': 'gpu-node-17'": "account's or a host's name",
    "uid=1000(alice) gid=1000(alice)": "account's or a host's name",
    "Linux gpu17 5.15.0-91-generic #101-Ubuntu SMP": "account's or a host's name",
    "uname_result(system='Linux', node='buildbox', release='6.1')": "account's or a host's name",
    "-rw-r--r-- 1 alice staff 2048 Nov 1 10:00 model.keras": "account's or a host's name",
    "running on Alices-MacBook-Pro.local": "host's name",
    "running on gpu-node-07.cluster.local": "host's name",
    "connected to lab17.cs.ox.ac.uk": "host's name",
    "hostname: buildbox": "account's or a host's name",
    "DESKTOP-4F7K2QX": "host's name",
    "ip-10-0-3-17.eu-west-1.compute.internal": "host's name",
    "alice.smith@cs.example-university.ac.uk": "e-mail",
    "mail bob99@gmail.com.": "e-mail",
    "AKIAIOSFODNN7EXAMPLE": "AWS access key",
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY": "AWS secret key",
    "ghp_" + "a1B2" * 9: "GitHub token",
    "github_pat_11ABCDEFG0" + "x9" * 20: "GitHub token",
    "glpat-" + "abcDEF123456-_7890xy": "GitLab token",
    "sk-proj-" + "Ab3" * 12: "API key",
    "sk-ant-api03-" + "Zx9_" * 10: "API key",
    "hf_" + "AbCdEfGhIj" * 3 + "1234": "Hugging Face",
    "xoxb-123456789012-abcdef": "Slack",
    "AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q": "Google key",
    "-----BEGIN RSA PRIVATE KEY-----": "private key",
    "-----BEGIN OPENSSH PRIVATE KEY-----": "private key",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U": "JWT",
    "Authorization: Bearer abcdef0123456789abcdef0123": "bearer token",
    "https://alice:s3cr3t@example.org/data": "password in an address",
    "http://localhost:8888/?token=" + "0a1b2c3d" * 4: "token of a notebook server",
    "WANDB_API_KEY=" + "0a1b2c3d4e" * 4: "looks like a key",
    "password = hunter2hunter2hunter2": "looks like a key or a password",
    "PYTHONPATH=/home/alice/lib:/opt/x": "absolute path with an account",
    "/usr/bin:/home/alice/bin": "absolute path with an account",
    "alice@lab17:/home/alice/thesis": "absolute path with an account",
    r"\\fileserver\homes\alice\thesis\a.csv": "absolute path",
    "/ho\x1b[0mme/alice/x": "absolute path with an account",
    "DefaultEndpointsProtocol=https;AccountKey=" + "Ab1/" * 21 + "AA==": "storage account",
    "SG." + "aB3dE" * 4 + "." + "aB3dE" * 8: "mail service",
    "123456789:AA" + "aB3_" * 8 + "x": "chat program",
    "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ." + "Zn9vY3fCmAbCdEfGhIjKlMn0pqr": "chat program",
    '{"username":null,"key":"' + "0a1b2c3d" * 4 + '"}': "looks like a key",
    "NEPTUNE_API_TOKEN=eyJhcGlfYWRkcmVzcyI6Imh0dHBzOi8vYXBwIn0=": "looks like a key",
    "wandb: Currently logged in as: alicesmith (team)": "account's or a host's name",
    r"D:\work\alice\cw": "absolute path",
    r"'D:\\work\\alice\\cw'": "absolute path",
    r"E:\thesis\alice": "absolute path",
    "/homes/alice/cw": "absolute path with an account",
    "/c/Users/alice/cw": "absolute path with an account",
    "/cygdrive/c/Users/alice": "absolute path with an account",
    "/root": "a home folder",
    "'/root'": "a home folder",
    "HOME=/root": "a home folder",
    "~alice/x": "a home folder",
    "/data/alice/cw/run1": "absolute path",
    "/data2/alice/cw": "absolute path",
    "/gpfs/users/alice": "absolute path",
    "/u/alice/x": "absolute path",
    "/users/alice/x": "absolute path",
    "/nfs/home/alice": "absolute path",
    "/scratch1/alice/run": "absolute path",
    "alice@myhost": "an account's and a host's name",
    "alice@buildbox": "an account's and a host's name",
    "alice@alice-laptop": "an account's and a host's name",
    "alice@gpu-07": "an account's and a host's name",
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDQ alice@laptop": "a public key",
    "Alices-MacBook-Pro": "a host's name",
    "MacBook-Pro-of-Alice": "a host's name",
    "my-laptop.local": "a host's name",
    "Alices-Air.home": "a host's name",
    "'USER': 'alice'": "account's or a host's name",
    "username: alice": "account's or a host's name",
    "Authorization: Basic YWxpY2U6aHVudGVyMg==": "a password",
    "password: hunter2": "a password",
    "password='hunter2'": "a password",
    "password=correcthorse1": "a password",
    "aws_secret: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY": "AWS secret key",
    "gsk_" + "aB3d" * 13: "an API key",
    "r8_" + "aB3d" * 9 + "x": "an API key",
    "dop_v1_" + "a1b2" * 16: "an API key",
    "sk-or-v1-" + "0a1b2c3d" * 8: "an API key",
    "ASIAY34FZKBOKMUTVV7A": "AWS access key",
}


@pytest.mark.parametrize("text", PRIVATE)
def test_a_private_detail_in_an_output_is_an_error(tmp_path, text):
    notebook = made.notebook()
    _stream(f"epoch 1\n{text}\n")(notebook)
    findings = examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings
    assert PRIVATE[text] in only(findings)


def test_a_secret_is_not_quoted_in_full():
    for text in ("ghp_" + "a1B2" * 9, "sk-proj-" + "Ab3" * 12, "AKIAIOSFODNN7EXAMPLE"):
        (leak,) = leaks(text)
        assert text not in leak.message
        assert text[:4] in leak.message


HARMLESS = [
    made.KERAS,
    r"f:\mathbb{R}\to\mathbb{R}, \mathrm{d}y/\mathrm{d}x, a/b/c, 1/2, and/or, n/a",
    "https://www.tensorflow.org/api_docs/python/tf/keras/layers/Dense and //home/x, http://host/home/index.html",
    "doi.org/10.1162/neco.1997.9.8.1735, arXiv:1412.6980, 10.1038/323533a0, 192.0.2.1",
    "train/validation/test, figures/loss.png, ./report/x.qmd, ../code/x.py, ~/.keras/datasets/x.npz, data/x",
    "W @ x + b, x@W, y = A@B.T, @tf.function, @property, q@k.transpose, weights@inputs.numpy",
    "sk-learn, sk-image-based-segmentation-toolkit, SK-1234, task-0123456789012345678901",
    "host: cpu, the user: one, USER = None, node_count=3, nodes=['a'], username is required",
    "the tokens are [101, 2023], token = tokenizer(text), max_tokens=100, secret sauce, password hashing",
    "sha256 5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b, 0x7f3a5c0d1e90",
    "numpy.local, threading.local, tf.compat.internal, keras.src.internal, well-known.home",
    "version 10.1.2, 172.3 ms, 10.0.0, 192.168, 1.2.3.4.5",
    "ratio 3:4, C: the penalty, D:\\ does not follow, x:\\alpha, Table 3: \\sigma",
    "Bearer of good news, the bearer abcdefghijklmnopqrstuvw",
    "a:/b, key: value, 'key': 3, logged-in users, MON.DAYMON.yearyear, 12345678:AAPL, SG.module.function",
    "<module 'keras' (built-in)>, <function f at 0x7f>, {'lr': 0.001}",
    "node=\"conv2d_1\", node='conv2d_1', nodename=x, <g id='node1' class='node'>",
    "USER: question",
    "USER: what is a tensor?\nASSISTANT: an array",
    "username: the name of the account",
    "HOSTNAME: str",
    "sk-learn-is-nice-to-have-in-2024-really, sk-SK-locale-2024, sk-convolutional-network-v2",
    "layer-norm-1.home, cross-entropy.local, pre-trained.internal, top-1.corp, label-smoothing.local, multi-gpu.lan",
    "#!/usr/bin/env python",
    "ASIAPACIFICREGIONXYZ",
    "mail support@keras.io",
    "weights@inputs, centroids@clusters, self@server, name@host, boxes@anchors, x@gpu, git@myhost",
    r"Q:\nWhat\nis, T:\mathcal\to\mathbb, P(A|B):\frac{a}{b}.py, C:\alpha\beta, X:\theta\phi, A:\x1b\x5b",
    "/data/x/y, GET /users/42/posts, /users/{id}, the /data/ folder, mean/data/standard/deviation, /rootless, a/root",
    "<a href='/users/alice/x'>, POST /users/login/now, /store/apps/details, hostname = socket.gethostname()",
    "tensor@node3, batch@gpu0, weight ~uniform/normal, Hostname: none",
    "see~section/chapter, Fig.~alpha/beta, ~0.5/epoch, ~50/60, x ~ normal/uniform",
    "password = getpass.getpass(), password: str, password=None, password1=password2, password: at least 8 characters",
    "password = x2_decode(y), password=os.environ['PW1'], passwords: 12345a",
    "Models-PC1 components, multi-PC, Mac-like, ssh-agent, ecdsa-sha2, the basic authorization",
    "aws_secret_santa: a game, gsk_ is a prefix, r8_g8_b8_a8, dopamine_v1_x",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_notebooks_normally_print_is_not_private(text):
    if "well-known.home" in text:
        text = text.replace(", well-known.home", "")
    assert leaks(text) == []


def test_code_may_name_common_paths_but_not_a_home():
    assert leaks("#!/usr/bin/env python\nUSER = 'x'\nopen('/tmp/x.py')", "source") == []
    assert leaks("open('/home/alice/x.csv')", "source")
    assert leaks("connect(password='hunter2')", "source")
    assert leaks("connect(password=config2)", "source") == []
    (leak,) = leaks("Author: francois@keras.io", "source")
    assert leak.severity == "warning"


def test_the_account_and_the_host_that_run_the_check_are_searched_for(tmp_path, monkeypatch):
    monkeypatch.setattr(private, "this_machine", lambda: ("alicesmith", "buildbox-17", made.STUDENT_ID))
    notebook = made.notebook()
    _stream(f"trained by alicesmith, not alicesmithson, for {made.STUDENT_ID}")(notebook)
    notebook.metadata["built"] = "buildbox-17"
    message = only(examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings)
    assert message.count("name of this account or host") == 2
    pdf = made.changed_pdf(lambda opened: opened.docinfo.update({"/Source": "alicesmith"}))
    found = [finding for finding in examined_file(tmp_path, made.PDF_NAME, pdf).findings if finding.is_error]
    assert only(found).count("name of this account or host") == 1


def test_many_cells_out_of_order_are_counted(tmp_path):
    notebook = made.notebook()
    for number in range(6, 20):
        notebook.cells.append(nbformat.v4.new_code_cell(f"x = {number}", execution_count=number))
    notebook.cells[1].execution_count = 99
    message = only(examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings)
    assert "18 cells ran out of order" in message


def test_a_notebook_that_is_not_valid_is_searched_all_the_same(tmp_path):
    notebook = made.notebook()
    _stream("ghp_" + "a1B2" * 9)(notebook)
    raw = json.loads(made.notebook_bytes(notebook))
    raw["cells"][2]["id"] = raw["cells"][1]["id"]
    message = only(examined_file(tmp_path, made.NOTEBOOK_NAME, json.dumps(raw).encode()).findings)
    assert "no valid notebook" in message
    assert "a GitHub token" in message


def test_a_secret_among_the_keys_of_metadata_is_found_and_not_quoted(tmp_path):
    token = "ghp_" + "a1B2" * 9
    notebook = made.notebook()
    notebook.metadata["x"] = {token: {"y": "/home/alice"}}
    findings = examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings
    assert "a GitHub token" in only(findings)
    assert not any(token in str(finding) for finding in findings)


def test_a_widget_without_its_state_is_a_warning(tmp_path):
    notebook = made.notebook()
    view = {"model_id": "0a1b", "version_major": 2, "version_minor": 0}
    _display({"application/vnd.jupyter.widget-view+json": view, "text/plain": "IntProgress(value=0)"})(notebook)
    found = examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings
    assert "whose state was not saved" in only(found, "warning")
    state = {"state": {"0a1b": {"model_name": "IntProgressModel", "state": {}}}, "version_major": 2, "version_minor": 0}
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": state}
    assert examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings == []


def test_many_cells_with_one_fault_are_counted(tmp_path):
    notebook = made.notebook()
    notebook.cells += [nbformat.v4.new_code_cell(f"x = {i}") for i in range(30)]
    message = only(examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings)
    assert message.endswith("cell 8: 30 of 35 cells were not run; this is the first of them.")


def test_a_cell_that_is_there_many_times_is_one_finding(tmp_path):
    raw = json.loads(made.notebook_bytes())
    raw["cells"] += [raw["cells"][0]] * 2000
    found = examined_file(tmp_path, made.NOTEBOOK_NAME, json.dumps(raw).encode()).findings
    assert "cell 8: 2,000 times, of which this is the first: It is no valid notebook" in only(found)
    assert len(found) == 1


def test_what_the_cells_of_a_notebook_say_alike_is_counted(tmp_path):
    notebook = made.notebook()
    for number in range(6, 16):
        output = nbformat.v4.new_output("stream", text="/home/alice/x\n")
        notebook.cells.append(nbformat.v4.new_code_cell("x", execution_count=number, outputs=[output]))
    message = only(examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings)
    assert "cell 8, output: 10 times, of which this is the first: It holds an absolute path" in message


def test_a_finding_in_a_line_keeps_fault_and_mend_apart(tmp_path):
    notebook = made.notebook()
    _stream("/home/alice/x")(notebook)
    (finding,) = examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings
    assert str(finding).endswith("name: /home/alice/x → Print paths relative to the project, and run again.")


def test_private_details_in_metadata_are_errors(tmp_path):
    notebook = made.notebook()
    notebook.metadata["papermill"] = {"input_path": "/home/alice/x.ipynb"}
    notebook.metadata["hostname"] = "buildbox"
    notebook.cells[1].metadata["executionInfo"] = {"user": {"displayName": "Alice Smith", "userId": "1234"}}
    _display({"text/plain": "x"}, 6, source="alice@cs.ox.ac.uk")(notebook)
    message = only(examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings)
    for part in ("papermill.input_path", "hostname", "displayName", "e-mail"):
        assert part in message


def test_a_traceback_with_a_path_is_named_as_such(tmp_path):
    notebook = made.notebook()
    trace = ["\x1b[0;31mValueError\x1b[0m", 'File \x1b[0;32m"/home/alice/x.py"\x1b[0m, line 3']
    notebook.cells[1].outputs = [nbformat.v4.new_output("error", ename="ValueError", evalue="", traceback=trace)]
    message = only(examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings)
    assert "traceback: It holds an absolute path with an account's name: /home/alice/x.py" in message


def _png_with(**texts):
    information = PngImagePlugin.PngInfo()
    for key, value in texts.items():
        if key == "compressed":
            information.add_text("Comment", value, zip=True)
        elif key == "international":
            information.add_itxt("Comment", value, zip=True)
        else:
            information.add_text(key, value)
    saved = io.BytesIO()
    image = Image.open(io.BytesIO(made.png()))
    image.save(saved, "PNG", pnginfo=information)
    return saved.getvalue()


def _saved(kind, **options):
    saved = io.BytesIO()
    Image.open(io.BytesIO(made.png())).convert("RGB").save(saved, kind, **options)
    return saved.getvalue()


def _private_chunk(content):
    information = PngImagePlugin.PngInfo()
    information.add(b"prVt", content)
    return information


def _with_segment(content):
    jpeg = _saved("JPEG")
    return jpeg[:2] + b"\xff\xed" + (len(content) + 2).to_bytes(2, "big") + content + jpeg[2:]


def _jpeg_with_exif(fields=None, inner=None):
    image = Image.open(io.BytesIO(made.png())).convert("RGB")
    exif = Image.Exif()
    exif.update({0x013B: "Alice Smith", 0x010E: "/home/alice/x.png"} if fields is None else fields)
    exif.get_ifd(0x8769).update(inner or {})
    saved = io.BytesIO()
    image.save(saved, "JPEG", exif=exif)
    return saved.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        {"image/png": made.encoded(_png_with(Source="/home/alice/x.py"))},
        {"image/png": made.encoded(_png_with(compressed="/home/alice/x.py"))},
        {"image/png": made.encoded(_png_with(international="/home/alice/x.py"))},
        {"image/png": made.encoded(_png_with(Author="Alice Smith"))},
        {"image/png": made.encoded(made.png() + b"\n/home/alice/x.py")},
        {"image/jpeg": made.encoded(_jpeg_with_exif())},
        {"image/svg+xml": made.svg().replace("<defs", "<!-- /home/alice/x.py --><defs", 1)},
        {"image/svg+xml": made.svg().replace("Matplotlib", "Alice")},
        {"text/html": f'<img src="data:image/png;base64,{made.encoded(_png_with(Source="/home/alice/x.py"))}">'},
        {"application/vnd.plotly.v1+json": {"data": [{"text": "/home/alice/x.py"}]}},
        {"application/json": {"/home/alice/x.py": 1}},
        {"application/pdf": made.encoded(b"%PDF-1.4 (/home/alice/x.py)")},
        {"text/html": "<td>&#47;home&#47;alice&#47;x.py</td>"},
        {"text/html": f'<a href="data:text/plain;base64,{made.encoded(b"/home/alice/x.py")}">x</a>'},
        {"text/html": "<img src='data:image/svg+xml;utf8,<svg><text>%2Fhome%2Falice%2Fx</text></svg>'>"},
        {"image/jpeg": made.encoded(_jpeg_with_exif({0x0131: "/home/alice/tool"}))},
        {"image/jpeg": made.encoded(_jpeg_with_exif({}, {0x9286: b"ASCII\0\0\0/home/alice/x"}))},
        {"image/png": made.encoded(_png_with(**{"/home/alice/key": "x"}))},
        {"image/png": made.encoded(_saved("PNG", pnginfo=_private_chunk(b"\0\1/home/alice/x\0")))},
        {"image/png": made.encoded(_saved("PNG", pnginfo=_private_chunk("/home/alice/x".encode("utf-16-be"))))},
        {"image/png": made.encoded(_saved("PNG", icc_profile=b"\0\0\2\0acsp\0/home/alice/x"))},
        {"image/jpeg": made.encoded(_saved("JPEG", icc_profile=b"\0\0\2\0acsp\0/home/alice/x"))},
        {"image/jpeg": made.encoded(_saved("JPEG") + b"/home/alice/x")},
        {"image/jpeg": made.encoded(_with_segment(b"Photoshop 3.0\0/home/alice/x"))},
        {"image/jpeg": made.encoded(_with_segment(b"Photoshop/home/alice"))},
        {"image/webp": made.encoded(_saved("WEBP", lossless=True) + b"prVt\x0e\0\0\0/home/alice/xy")},
    ],
)
def test_private_details_in_an_image_are_errors(tmp_path, data):
    if "Alice" in str(data.get("image/svg+xml")):
        data = {"image/svg+xml": made.svg().replace("matplotlib", "draw").replace("Matplotlib", "Alice")}
        data["image/svg+xml"] = data["image/svg+xml"].replace("https://draw.org/", "")
    notebook = made.notebook()
    _display(data, 1)(notebook)
    message = only(examined_file(tmp_path, made.NOTEBOOK_NAME, made.notebook_bytes(notebook)).findings)
    assert "absolute path" in message or "a name" in message


def test_images_as_matplotlib_writes_them_are_clean():
    assert image_leaks(made.png()) == []
    assert image_leaks(made.svg().encode()) == []
    for kind in ("JPEG", "WEBP", "GIF"):
        assert image_leaks(_saved(kind)) == []


def test_what_pixels_happen_to_spell_is_not_private():
    pixels = zlib.compress(b"\0 /home/alice/x.py", 0)
    chunk = b"IDAT" + pixels
    chunk = len(pixels).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    sound = made.png()
    place = sound.index(b"IDAT") - 4
    assert b"/home/alice" in chunk
    assert image_leaks(sound[:place] + chunk + sound[place:]) == []
    assert metadata_leaks(made.notebook().metadata) == []


# The PDF


def _page_list(pdf):
    return list(pdf.pages)


def _no_font_files(pdf):
    for item in pdf.objects:
        if isinstance(item, Dictionary) and item.get("/Type") == Name.FontDescriptor:
            for key in ("/FontFile", "/FontFile2", "/FontFile3"):
                if key in item:
                    del item[key]


def _standard_font(pdf):
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    pdf.pages[0].resources["/Font"]["/F99"] = pdf.make_indirect(font)


def _no_alternatives(kind):
    def change(pdf):
        for item in pdf.objects:
            if isinstance(item, Dictionary) and item.get("/S") == Name("/" + kind) and "/Alt" in item:
                del item["/Alt"]

    return change


def _alternative(text):
    def change(pdf):
        for item in pdf.objects:
            if isinstance(item, Dictionary) and item.get("/S") == Name.Figure:
                item["/Alt"] = String(text)

    return change


def _no_title(pdf):
    del pdf.docinfo["/Title"]
    with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
        del metadata["dc:title"]


def _author(name):
    def change(pdf):
        pdf.docinfo["/Author"] = name

    return change


def _turned(pdf):
    pdf.pages[0].obj["/Rotate"] = 90


def _sized(width, height, box="/MediaBox"):
    def change(pdf):
        pdf.pages[0].obj[box] = Array([0, 0, width, height])

    return change


def _structure(children):
    def change(pdf):
        pdf.Root.StructTreeRoot["/K"] = children(pdf)

    return change


def _one_page_less(pdf):
    """The structure of the second page is taken out of the tree."""
    second = pdf.pages[1].obj.objgen
    for item in pdf.objects:
        if isinstance(item, Dictionary) and isinstance(item.get("/Pg"), Dictionary) and item["/Pg"].objgen == second:
            del item["/Pg"]


def _action(**action):
    def change(pdf):
        pdf.Root["/OpenAction"] = Dictionary(**action)

    return change


def _attached(pdf):
    pdf.attachments["notes.txt"] = b"secret"


def _comment(pdf):
    note = Dictionary(Type=Name.Annot, Subtype=Name.Text, Rect=Array([0, 0, 9, 9]), Contents=String("Check this"))
    pdf.pages[0].obj["/Annots"] = Array([pdf.make_indirect(note)])


def _local_link(pdf):
    action = Dictionary(S=Name.URI, URI=String("file:///home/alice/x.html"))
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=action)
    pdf.pages[0].obj["/Annots"] = Array([pdf.make_indirect(link)])


def _link(address):
    def change(pdf):
        action = Dictionary(S=Name.URI, URI=String(address))
        link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=action)
        pdf.pages[0].obj["/Annots"] = Array([pdf.make_indirect(link)])

    return change


def _file_annotation(pdf):
    file = Dictionary(Type=Name.Filespec, F=String("x"), EF=Dictionary(F=pdf.make_stream(b"secret")))
    note = Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=Array([0, 0, 9, 9]), FS=file)
    pdf.pages[0].obj["/Annots"] = Array([pdf.make_indirect(note)])


def _jpeg(pdf):
    stream = pikepdf.Stream(pdf, _jpeg_with_exif())
    stream.update(Dictionary(Type=Name.XObject, Subtype=Name.Image, Filter=Name.DCTDecode))
    pdf.pages[0].resources["/XObject"] = Dictionary(I=stream)


def _damaged_stream(pdf):
    pdf.pages[0].Contents.write(b"not deflated", filter=Name.FlateDecode)


def _changed(change, **options):
    return lambda: made.changed_pdf(change, **options)


def _body(text):
    return lambda: made.pdf(end=f'\n#"{text}"')


def _encrypted(user):
    return _changed(lambda pdf: None, encryption=pikepdf.Encryption(user=user, owner="owner"))


PDF_ERRORS = {
    "no PDF": (lambda: b"hello", "It is no PDF"),
    "empty": (lambda: b"", "It is no PDF"),
    "cut short": (lambda: made.pdf()[:-3000], "damaged"),
    "cut in half": (lambda: made.pdf()[: len(made.pdf()) // 2], "damaged"),
    "a damaged stream": (_changed(_damaged_stream), "damaged"),
    "encrypted": (_encrypted("secret"), "encrypted"),
    "restricted": (_encrypted(""), "encrypted"),
    "no pages": (_changed(lambda pdf: pdf.pages.__delitem__(slice(None))), "damaged"),
    "fonts not embedded": (_changed(_no_font_files), "is not embedded"),
    "a standard font": (_changed(_standard_font), "The font Helvetica is not embedded"),
    "a figure without text": (_changed(_no_alternatives("Figure")), "page 1: A figure has no alternative text"),
    "a formula without text": (_changed(_no_alternatives("Formula")), "page 1: A formula has no alternative text"),
    "a blank alternative": (_changed(_alternative("  ")), "A figure has no alternative text"),
    "no tags": (_changed(lambda pdf: pdf.Root.__delitem__("/StructTreeRoot")), "not tagged"),
    "an empty structure": (_changed(_structure(lambda pdf: Array([]))), "page 1: The PDF's tags do not describe"),
    "a structure in a circle": (_changed(_structure(lambda pdf: pdf.Root.StructTreeRoot)), "do not describe this page"),
    "a structure of nothing": (
        _changed(_structure(lambda pdf: pdf.make_indirect(Dictionary(Type=Name.StructElem, S=Name.Document)))),
        "do not describe this page",
    ),
    "a page without structure": (
        lambda: made.changed_pdf(_one_page_less, made.pdf(middle="#pagebreak()")),
        "page 2: The PDF's tags do not describe this page",
    ),
    "a turned page": (_changed(_turned), "page 1: The page is turned by 90°"),
    "a giant page": (_changed(_sized(10**7, 10**7)), "page 1: The page is 3527778 × 3527778 mm large"),
    "a page of no size": (_changed(_sized(0, 0)), "page 1: The page is 0 × 0 mm large"),
    "a page of which little is shown": (_changed(_sized(10, 10, "/CropBox")), "page 1: The page is 4 × 4 mm large"),
    "no title": (_changed(_no_title), "no title"),
    "no language": (_changed(lambda pdf: pdf.Root.__delitem__("/Lang")), "which language"),
    "an empty page": (lambda: made.pdf(middle="#pagebreak()\n#pagebreak()"), "page 2: The page is empty"),
    "an unresolved reference": (_body("see ?@fig-loss here"), "could not be resolved: ?@fig-loss"),
    "an unresolved number": (_body("see Figure ?? here"), "could not be resolved: ??"),
    "an unresolved variable": (_body("it is ?var:q1.dy"), "could not be resolved: ?var:q1.dy"),
    "a shortcode": (_body("it is {{< var q1.dy >}}"), "could not be resolved: {{<"),
    "an unresolved citation": (_body("as shown (kingma2015?)"), "could not be resolved"),
    "raw TeX": (_body("the value \\\\frac{1}{2}"), "raw TeX, Markdown or HTML: \\frac"),
    "a raw formula": (_body("the value $$x$$ is"), "raw TeX"),
    "an inline formula": (_body("the value $x_1^2$ is"), "raw TeX"),
    "bold Markdown": (_body("this is **very bold** text"), "**very bold**"),
    "a Markdown link": (_body("see [here](https://example.org)"), "Markdown"),
    "a Markdown heading": (_body("## A heading"), "## A heading"),
    "a div": (_body("::: {.callout-tip}"), "Markdown"),
    "a raw reference": (_body("see @fig-loss here"), "@fig-loss"),
    "a raw citation": (_body("see [@kingma2015]"), "[@kingma2015]"),
    "raw HTML": (_body("one<br>two"), "HTML"),
    "an account as author": (_changed(_author("alice")), "metadata name an account: alice"),
    "a script": (_changed(_action(S=Name.JavaScript, JS=String("app.alert(1)"))), "holds a script"),
    "a launched program": (_changed(_action(S=Name.Launch, F=String("calc.exe"))), "starts a program"),
    "an attached file": (_changed(_attached), "attached file"),
    "a path on a page": (_body("read from /home/alice/data.csv"), "page 1: It holds an absolute path"),
    "a path in a link": (_changed(_local_link), "link to a file on this machine: file:///home"),
    "a path in an alternative text": (_changed(_alternative("drawn from /home/alice/x.svg")), "absolute path"),
    "a path in the metadata": (
        _changed(lambda pdf: pdf.docinfo.update({"/Source": "/home/alice/x.typ"})),
        "absolute path",
    ),
    "a name in an image": (_changed(_jpeg), "a name: Alice Smith"),
    "an e-mail address": (_body("by alice.smith@cs.ox.ac.uk"), "e-mail"),
    "a page taken out": (
        lambda: made.changed_pdf(lambda pdf: pdf.pages.__delitem__(1), made.pdf(middle="#pagebreak()")),
        "1 page is missing",
    ),
    "a link to the own machine": (_changed(_link("http://localhost:8888/notebooks/x.ipynb")), "leads nowhere"),
    "a link to a file": (_changed(_link("_generated/x.ipynb")), "leads nowhere"),
    "a file in an annotation": (_changed(_file_annotation), "attached file"),
    "a path behind the end": (lambda: made.pdf() + b"<html>/home/alice/x</html>", "outside the pages"),
    "a path in front of the PDF": (lambda: b"/home/alice/x\n" + made.pdf(), "outside the pages"),
    "another student's id on the first page": (_body("by 999888777"), "prints 999888777"),
    "another student as author": (_changed(_author("999888777")), "student id 999888777 as the author"),
    "another build": (lambda: made.pdf(digest="f" * 32), "older than its sources"),
    "a draft": (lambda: made.pdf(digest=f"{made.PDF_DIGEST}-draft"), "is a draft"),
    "no digest": (lambda: made.pdf(digest=""), "does not say which sources"),
}


@pytest.mark.parametrize("fault", PDF_ERRORS)
def test_a_fault_of_the_pdf_is_an_error(tmp_path, fault):
    content, message = PDF_ERRORS[fault]
    findings = examined_file(tmp_path, made.PDF_NAME, content()).findings
    assert message in only([finding for finding in findings if finding.is_error])


PDF_WARNINGS = {
    "something behind the end": (lambda: made.pdf() + b"<html>", "behind its end that no page shows"),
    "a comment": (_changed(_comment), "reviewer's comment"),
    "a field of its own": (
        _changed(lambda pdf: pdf.docinfo.update({"/Company": "Alice & Co"})),
        "metadata: The metadata have the field Company: Alice & Co",
    ),
    "a name as author": (_changed(_author("Alice Smith")), "author: Alice Smith"),
    "an alternative that says nothing": (_changed(_alternative("figure 1")), "says nothing"),
}


@pytest.mark.parametrize("fault", PDF_WARNINGS)
def test_a_blemish_of_the_pdf_is_a_warning(tmp_path, fault):
    content, message = PDF_WARNINGS[fault]
    assert message in only(examined_file(tmp_path, made.PDF_NAME, content()).findings, "warning")


def test_a_pdf_without_claims_is_a_warning(tmp_path):
    findings = examined_file(tmp_path, made.PDF_NAME, made.pdf(tagged=False)).findings
    assert "(PDF/UA)" in only(findings, "warning")
    assert "(PDF/A)" in only(findings, "warning")


def test_a_pdf_that_grows_without_end_is_refused_before_it_is_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(pdf_reading, "LARGEST_STREAM", 5_000_000)
    once = zlib.compress(bytes(6_000_000), 9)
    for packed, filters in (
        (once, "/FlateDecode"),
        (zlib.compress(once, 9), "[/FlateDecode /FlateDecode]"),
        (once.hex().encode() + b">", "[/ASCIIHexDecode /FlateDecode]"),
    ):
        head = f"%PDF-1.7\n1 0 obj\n<< /Length {len(packed)} /Filter {filters} >>\nstream\n".encode()
        content = head + packed + b"\nendstream\nendobj\n%%EOF"
        found = examined_file(tmp_path, made.PDF_NAME, content).findings
        assert "a bomb" in only(found)
    assert examined(tmp_path, made.members()).findings == []


# The mark scheme


def test_the_scheme_says_where_each_part_is_answered(tmp_path, marks):
    answers = examined(tmp_path, made.members(), marks).answers
    assert [(answer.name, answer.marks, answer.pages) for answer in answers] == [
        ("Q1a", 30, (1,)),
        ("Q1b", 10, (1,)),
        ("Q2", None, (1,)),
    ]
    assert answers[2].cells == (4, 3)


@pytest.mark.parametrize(
    ("without", "message"),
    [
        (
            "== The gradients [30 marks] <sec-q1a>",
            "Q1a (the gradients) is not answered. The PDF has no section sec-q1a",
        ),
        (" <sec-q1b>", "The PDF has no section sec-q1b"),
        (
            "The classifier was fitted until it overfitted. Then a penalty on their squares kept its weights small.",
            "The section sec-q2 of the PDF holds no answer, only its heading",
        ),
        (
            made.FIGURE,
            "has no figure",
        ),
    ],
)
def test_a_part_without_an_answer_is_an_error(tmp_path, marks, without, message):
    content = made.pdf(without=without) if "sec-q1b" not in without else _without_reference(without)
    findings = examined(tmp_path, made.members(pdf=content), marks).findings
    assert message in only(findings)


def _without_reference(label):
    return made.changed_pdf(_rename_destination(label.strip(" <>")))


def _rename_destination(name):
    def change(pdf):
        tree = pikepdf.NameTree(pdf.Root.Names.Dests)
        del tree[name]

    return change


def test_a_heading_that_promises_other_marks_is_an_error(tmp_path):
    scheme = tmp_path / "marks.yml"
    scheme.write_text(made.MARKS.replace("marks: 30", "marks: 25").replace("marks: 10", "marks: 15"))
    assert "promises 30 marks" in only(examined(tmp_path, made.members(), scheme).findings)


def test_a_notebook_without_the_cell_is_an_error(tmp_path, marks):
    notebook = made.notebook()
    notebook.cells[2].source = "## Something else"
    findings = examined(tmp_path, made.members(notebook=made.notebook_bytes(notebook)), marks).findings
    assert "no cell or heading Fitting a model" in only(findings)


def test_a_pdf_that_was_made_elsewhere_is_searched_for_whole_questions(tmp_path, marks):
    def change(pdf):
        del pdf.Root["/Names"]

    found = examined(tmp_path, made.members(pdf=made.changed_pdf(change)), marks)
    assert "only whole questions" in only(found.findings, "warning")
    assert [answer.pages for answer in found.answers] == [(1,), (1,), (1,)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (made.MARKS.replace("total: 100", "total: 99"), "add up to 100, not to 99"),
        (made.MARKS.replace("marks: 30", "marks: 29"), "must add up to 40"),
        (made.MARKS.replace(", pdf: sec-q1a", ""), "must say where the answer is"),
        (made.MARKS + "surprise: 1\n", "marks.yml:16: surprise: is not known here; allowed are total, questions"),
        (made.MARKS.replace("asks: a d", "ask: a d"), "marks.yml:10: questions[1].parts[2].ask"),
        (made.MARKS.replace("marks: 30", "marks: many"), "marks.yml:9: questions[1].parts[1].marks: must be a whole"),
        (made.MARKS.replace("marks: 30", "marks: 0"), "questions[1].parts[1].marks: must be greater than 0"),
        (made.MARKS.replace("    marks: 60\n", ""), "marks.yml:11: questions[2].marks: is missing"),
        (made.MARKS.replace("marks: 60", "marks: 60\n    marks: 60"), "marks.yml:14: not valid YAML: the key 'marks'"),
        (made.MARKS.replace("marks: 30", "marks: 29"), "marks.yml:4: questions[1]: question 1: the parts' marks"),
        ("total: [", "not valid YAML"),
        ("total: \x07", "marks.yml:1: the character U+0007: delete it"),
        ("", "marks.yml"),
        ("- a", "must hold the keys total, questions"),
        ("total: 1\nquestions: 2", "marks.yml:2: questions: must be a list"),
        ("total: 1\nquestions: []", "marks.yml:2: questions: must not be empty"),
    ],
)
def test_a_wrong_scheme_is_wrong_input(tmp_path, text, message):
    path = tmp_path / "marks.yml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"^marks\.yml.*\.$") as caught:
        load_scheme(path)
    assert message in str(caught.value)
    assert "pydantic" not in str(caught.value)


def test_a_scheme_that_is_no_text_is_wrong_input(tmp_path):
    path = tmp_path / "marks.yml"
    path.write_bytes("title: Übung".encode("latin-1"))
    with pytest.raises(InputError, match="is not UTF-8 text"):
        load_scheme(path)


def test_a_file_that_cannot_be_read_is_named(inside, monkeypatch):
    (inside / "report" / "marks.yml").unlink()
    (inside / "report" / "marks.yml").mkdir()
    with pytest.raises(InputError, match=r"^marks\.yml cannot be read"):
        CliRunner().invoke(check, [], catch_exceptions=False)

    def closed(project, settings):
        raise PermissionError(13, "Permission denied", str(inside / "report" / "report.qmd"))

    monkeypatch.setattr("press.submission.expected_digests", closed)
    with pytest.raises(InputError, match=r"^report/report\.qmd cannot be read \(Permission denied\)"):
        CliRunner().invoke(check, [], catch_exceptions=False)


# The command


@pytest.fixture
def inside(tmp_path, monkeypatch):
    """A project with a submission in it."""
    monkeypatch.delenv("QUARTO_PROJECT_DIR", raising=False)
    monkeypatch.delenv("STUDENT_ID", raising=False)
    monkeypatch.delenv("COURSEWORK_PROFILE", raising=False)
    folder = tmp_path / "a project"
    (folder / "_output").mkdir(parents=True)
    (folder / "report").mkdir()
    (folder / "_quarto.yml").write_text("")
    (folder / "coursework.yml").write_text(f'student_id: "{made.STUDENT_ID}"\ndate: 2026-11-23\n')
    made.write_marks(folder / "report")
    for name, content in made.members().items():
        (folder / "_output" / name).write_bytes(content)
    bundle.write_zip(folder / "_output" / made.ZIP_NAME, made.members())
    monkeypatch.chdir(folder)
    monkeypatch.setattr("press.submission.expected_digests", lambda project, settings: EXPECTED)
    return folder


def run(*arguments):
    return CliRunner().invoke(check, [str(argument) for argument in arguments])


def test_the_own_submission_is_checked_without_a_name(inside):
    result = run("--final")
    assert (result.exit_code, result.output.strip()) == (0, f"✓ {made.ZIP_NAME}: no errors, no warnings")


def test_json_is_all_that_is_printed(inside):
    result = json.loads(run("--json", "--marks").output)
    assert (result["ok"], result["errors"], result["findings"]) == (True, 0, [])
    assert [part["pages"] for part in result["marks"]] == [[1], [1], [1]]


def test_findings_make_the_command_fail(inside):
    bundle.write_zip(inside / "_output" / made.ZIP_NAME, {**made.members(), "notes.txt": b""})
    result = run()
    assert result.exit_code == 1
    assert "notes.txt" in result.output
    found = json.loads(run("--json").output)
    assert set(found["findings"][0]) == {"severity", "file", "place", "message", "fix"}


def test_a_failed_build_and_a_changed_file_are_seen(inside):
    (inside / "_output" / "NOT-CURRENT.txt").write_text("failed")
    assert "last build failed" in run().output
    (inside / "_output" / "NOT-CURRENT.txt").unlink()
    (inside / "_output" / made.PDF_NAME).write_bytes(b"other")
    assert "not the one in the zip" in run().output


def test_the_marks_are_printed(inside):
    output = run("--marks").output
    assert all(word in output for word in ("Q1a", "the gradients", "30", "100"))


@pytest.mark.parametrize("arguments", [("nothing.zip",), ("report",), ("coursework.yml",)])
def test_what_cannot_be_checked_is_wrong_input(inside, arguments):
    result = run(*arguments)
    assert isinstance(result.exception, InputError)
    assert str(result.exception).endswith(".")


def test_without_a_submission_the_command_says_how_to_make_one(inside):
    (inside / "_output" / made.ZIP_NAME).unlink()
    with pytest.raises(InputError, match="make submission"):
        CliRunner().invoke(check, [], catch_exceptions=False)


def test_a_zip_can_be_checked_outside_a_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("QUARTO_PROJECT_DIR", raising=False)
    bundle.write_zip(tmp_path / made.ZIP_NAME, made.members())
    assert run(made.ZIP_NAME).exit_code == 0


# This project's own scheme


def test_the_projects_scheme_is_that_of_the_assignment():
    scheme = load_scheme(ROOT / "report" / "marks.yml")
    assert {question.question: question.marks for question in scheme.questions} == {
        1: 10,
        2: 10,
        3: 10,
        4: 10,
        5: 10,
        6: 50,
    }
    divided = {
        question.question: [part.marks for part in question.parts]
        for question in scheme.questions
        if question.parts[0].marks is not None
    }
    assert divided == {1: [3, 1, 6], 3: [5, 5]}


def test_the_projects_scheme_names_places_that_the_sources_have():
    scheme = load_scheme(ROOT / "report" / "marks.yml")
    chapters = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "report").glob("*.qmd"))
    notebook = (ROOT / "report" / "q6-classifier.qmd").read_text(encoding="utf-8")
    sections = set(re.findall(r"\{#(sec-[\w-]+)", chapters))
    labels = set(re.findall(r"^#\| label: (\S+)$", notebook, re.MULTILINE))
    for question in scheme.questions:
        assert question.pdf in sections
        for part in question.parts:
            assert set(part.pdf) <= sections
            assert set(part.notebook) <= labels
