"""The preview's server: to whom it answers, what it serves, and how it ends."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import socket
import time
import warnings
from html.parser import HTMLParser
from types import SimpleNamespace

import psutil
import pytest
from preview_small import environment_of, make, preview, until

from handin.errors import InputError
from press.preview.board import Board, Page, Problem
from press.preview.guard import POLICY
from press.preview.notebook_page import NotebookPage
from press.preview.server import application, listen
from press.preview.watching import Effect, effect, folders, outside
from press.project import Project
from press.report import Document, Report

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have a successor of httpx
    from starlette.testclient import TestClient

PORT = 4242
HERE = f"127.0.0.1:{PORT}"
PAGE = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 595 842"/>'


@pytest.fixture
def board():
    board = Board()
    board.publish(pages=(Page("abc123", 595.0, 842.0),), title="Questions <& answers>", notebook="0f")
    return board


@pytest.fixture
def client(tmp_path, board):
    (tmp_path / "coursework.yml").write_text("secret")
    workshop = SimpleNamespace(page={"abc123": PAGE}.get, pdf=lambda: b"%PDF-1.7", cells=())
    return TestClient(application(Project(tmp_path), board, workshop, PORT), base_url=f"http://{HERE}")


ADDRESSES = ("/", "/notebook", "/report.pdf", "/pages/abc123.svg", "/assets/preview.css", "/assets/preview.js")


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize("host", [HERE, f"localhost:{PORT}", f"LOCALHOST:{PORT}"])
def test_it_answers_to_its_own_address(client, path, host):
    assert client.get(path, headers={"host": host}).status_code == 200


@pytest.mark.parametrize("path", [*ADDRESSES, "/events", "/nothing"])
@pytest.mark.parametrize(
    "host",
    [
        *("attacker.example", f"attacker.example:{PORT}", "127.0.0.1", "127.0.0.1:1", "localhost", f"[::1]:{PORT}"),
        *(f"127.0.0.1.nip.io:{PORT}", f"{HERE}.attacker.example", f"attacker.example@{HERE}", f"0.0.0.0:{PORT}"),
        *("", f"{HERE}, {HERE}"),
    ],
)
def test_it_does_not_answer_to_another_host(client, path, host):
    answer = client.get(path, headers={"host": host})
    assert answer.status_code == 403
    assert "Questions" not in answer.text


def test_it_does_not_answer_without_a_host(client):
    sent = asyncio.run(_ask(client.app, "/", []))
    assert sent[0]["status"] == 403


def test_it_does_not_answer_to_two_hosts(client):
    sent = asyncio.run(_ask(client.app, "/", [(b"host", HERE.encode()), (b"host", b"attacker.example")]))
    assert sent[0]["status"] == 403


async def _ask(app, path, headers):
    """Ask without a client, which would set headers and tidy the path."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
             "headers": headers, "http_version": "1.1", "scheme": "http"}  # fmt: skip
    await app(scope, receive, send)
    return sent


@pytest.mark.parametrize("origin", [f"http://{HERE}", f"http://localhost:{PORT}"])
def test_its_own_origin_is_let_in(client, origin):
    assert client.get("/", headers={"origin": origin}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://attacker.example", "null", f"https://{HERE}", "http://127.0.0.1:1", f"http://{HERE}.example", ""]
)
def test_another_origin_is_refused(client, origin):
    assert client.get("/", headers={"origin": origin}).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_cannot_embed_anything(client, site):
    for path in ADDRESSES:
        for destination in ("image", "script", "iframe", "empty"):
            headers = {"sec-fetch-site": site, "sec-fetch-mode": "no-cors", "sec-fetch-dest": destination}
            assert client.get(path, headers=headers).status_code == 403
        headers = {"sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}
        assert client.get(path, headers=headers).status_code == 403


def test_a_link_from_elsewhere_may_lead_here(client):
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert client.get("/", headers=headers).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_nothing_can_be_sent_to_it(client, method):
    for path in ADDRESSES:
        assert client.request(method, path).status_code == 405


def test_every_answer_carries_the_policy(client):
    answers = [client.get(path) for path in (*ADDRESSES, "/nothing") if path != "/report.pdf"]
    answers += [client.get("/", headers={"host": "attacker.example"}), client.post("/")]
    for answer in answers:
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    allowed = dict(rule.split(None, 1) for rule in POLICY.split("; "))
    assert allowed["default-src"] == "'none'"
    assert allowed["frame-ancestors"] == "'none'"
    for sources in allowed.values():
        assert set(sources.split()) <= {"'none'", "'self'", "data:"}
    assert "data:" not in allowed["script-src"]
    pdf = client.get("/report.pdf").headers["content-security-policy"]
    assert "script-src" not in pdf
    assert "default-src 'none'" in pdf


class _Reader(HTMLParser):
    """Collects what a policy without inline code would refuse, and where a page's parts come from."""

    def __init__(self, text):
        super().__init__()
        self.inline, self.sources, self.tags = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        given = dict(attrs)
        self.inline += [f"{tag} {name}" for name in given if name.startswith("on") or name == "style"]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        self.sources += [given[name] for name in ("src", "href") if name in given]


@pytest.mark.parametrize("path", ["/", "/notebook"])
def test_its_pages_hold_nothing_that_the_policy_refuses(client, path):
    text = client.get(path).text
    found = _Reader(text)
    assert found.inline == []
    assert all(source.startswith(("/", "#")) and not source.startswith("//") for source in found.sources)
    assert "Questions &lt;&amp; answers&gt;" in text


@pytest.mark.parametrize(
    "path",
    ["/coursework.yml", "/../coursework.yml", "/assets/../coursework.yml", "/assets/..%2f..%2fcoursework.yml",
     "/assets/%2e%2e/frame.html", "/assets/frame.html", "/pages/..%2fcoursework.yml.svg", "/pages/../../coursework.yml",
     "/pages/%00.svg", "//etc/passwd", "/pages//etc/passwd.svg", "/.git/config", "/assets/preview.js%00.css",
     "/notebook/", "/assets/", "/pages/", "/assets/C:%5Cx"],
)  # fmt: skip
def test_no_address_reaches_a_file(client, path):
    from urllib.parse import unquote

    for form in (path, unquote(path)):
        sent = asyncio.run(_ask(client.app, form, [(b"host", HERE.encode())]))
        assert sent[0]["status"] in (404, 307), form
        body = b"".join(message.get("body", b"") for message in sent[1:])
        assert b"secret" not in body
        assert b"root:" not in body


def test_a_pdf_that_cannot_be_set_is_said_in_a_sentence(tmp_path, board):
    def refuse():
        raise InputError("coursework.yml: the student id is wrong.")

    workshop = SimpleNamespace(page={}.get, pdf=refuse, cells=())
    client = TestClient(application(Project(tmp_path), board, workshop, PORT), base_url=f"http://{HERE}")
    answer = client.get("/report.pdf")
    assert (answer.status_code, answer.text) == (503, "coursework.yml: the student id is wrong.\n")


def test_it_listens_on_loopback_alone():
    with listen(0) as listener:
        address, port = listener.getsockname()
        assert address == "127.0.0.1"
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
        with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.2", port), timeout=5):
            pass


def test_a_port_that_is_taken_is_an_error_in_a_sentence():
    with listen(0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(InputError, match=f"the port {port} is taken"):
            listen(port)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report/_q1.qmd", Effect.DOCUMENTS),
        ("report/picture.svg", Effect.DOCUMENTS),
        ("report/matplotlibrc", Effect.DOCUMENTS),
        ("report/_extensions/coursework/typst-template.typ", Effect.DOCUMENTS),
        ("references.bib", Effect.DOCUMENTS),
        ("_quarto.yml", Effect.DOCUMENTS),
        ("code/press/typesetting/filters/quarto.lua", Effect.DOCUMENTS),
        ("settings.yml", Effect.PREPARATION),
        ("code/coursework/answers/neuron.py", Effect.PREPARATION),
        ("data/fashion-mnist/t10k-images-idx3-ubyte.gz", Effect.PREPARATION),
        ("code/coursework/running.py", Effect.RESTART),
        ("_environment", Effect.RESTART),
        ("report/_generated/q6-classifier.ipynb", Effect.NOTHING),
        ("report/.q1.qmd.swp", Effect.NOTHING),
        ("report/_q1.qmd~", Effect.NOTHING),
        ("report/4913", Effect.NOTHING),
        ("report/report_files/figure.png", Effect.NOTHING),
        ("code/coursework/__pycache__/x.pyc", Effect.NOTHING),
        ("_variables.yml", Effect.NOTHING),
        ("_output/report.pdf", Effect.NOTHING),
        ("README.md", Effect.NOTHING),
        (".cache/runs/x.json", Effect.NOTHING),
    ],
)
def test_what_a_change_asks_for(tmp_path, name, expected):
    project = Project(tmp_path, Report(Document("report/report.qmd"), settings_file="settings.yml"))
    assert effect(tmp_path / name, project, {tmp_path / "code/coursework/running.py"}) == expected


def test_variables_that_an_author_wrote_are_followed(tmp_path):
    (tmp_path / "_variables.yml").write_text("one: 1\n")
    own = Project(tmp_path, Report(Document("paper.qmd")))
    assert effect(own.variables_file, own) == Effect.PREPARATION
    computed = Project(tmp_path, Report(Document("report/paper.qmd"), variables="module:values"))
    assert effect(computed.variables_file, computed) == Effect.NOTHING


def test_what_cells_read_in_other_places_is_followed(tmp_path):
    root = tmp_path / "project"
    (root / "report").mkdir(parents=True)
    (root / "notes").mkdir()
    project = Project(root, Report(Document("report/report.qmd")))
    beside, note, far = root / "values.csv", root / "notes" / "a.md", tmp_path / "elsewhere" / "far.csv"
    far.parent.mkdir()
    for path in (beside, note, far):
        path.touch()
    read = frozenset((beside, note, far))
    assert [effect(path, project, read=read) for path in (beside, note, far)] == [
        Effect.DOCUMENTS,
        Effect.DOCUMENTS,
        Effect.PREPARATION,
    ]
    assert effect(beside, project) == Effect.NOTHING
    assert folders(project, read) == {root / "report", root / "notes"}
    assert outside(project, read) == {far.parent}


@pytest.mark.parametrize(
    ("text", "file", "line", "cell", "message"),
    [
        ("report/_q1.qmd:12: no such thing.", "report/_q1.qmd", 12, "", "no such thing."),
        ("report/_q1.qmd:12 (cell fig-a): ValueError: x: y", "report/_q1.qmd", 12, "cell fig-a", "ValueError: x: y"),
        ("coursework.yml: student_id: must be text", "", 0, "", "coursework.yml: student_id: must be text"),
        ("The cache is full.", "", 0, "", "The cache is full."),
    ],
)
def test_a_message_is_parted_into_place_and_sentence(text, file, line, cell, message):
    found = Problem.parse(text)
    assert (found.file, found.line, found.cell, found.message) == (file, line, cell, message)


def test_a_follower_sees_the_newest_state_and_comes_to_an_end():
    async def follow():
        board, seen = Board(), []
        board.publish(title="0")

        async def listen():
            async for view in board.follow():
                seen.append(view.title)
                if view.title == "0":
                    for title in "123":
                        board.publish(title=title)
                if view.title == "3":
                    board.close()

        await asyncio.wait_for(listen(), 10)
        return seen

    assert asyncio.run(follow()) == ["0", "3"]


HOSTILE = "<script>alert(1)</script>\n\nSee <img src=x onerror=alert(1)> **bold** $x^2$ <b style='color:red'>b</b>"


def test_a_notebook_is_shown_without_any_html_of_its_own(tmp_path):
    svg = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
    outputs = [
        {"output_type": "stream", "name": '"><script>', "text": HOSTILE},
        {"output_type": "display_data", "data": {"text/html": HOSTILE, "text/plain": "plain"}},
        {"output_type": "display_data", "data": {"text/html": HOSTILE}},
        {"output_type": "display_data", "data": {"text/markdown": HOSTILE + "\n\n| a | b |\n|:-|-:|\n| 1 | 2 |"}},
        {"output_type": "display_data", "data": {"text/latex": r"$\frac{a}{b}$"}},
        {"output_type": "display_data", "data": {"image/svg+xml": svg}},
        {"output_type": "display_data", "data": {"image/png": '"><script>alert(1)</script>'}},
        {"output_type": "error", "ename": "E", "evalue": HOSTILE, "traceback": [HOSTILE]},
    ]
    source = '#| label: fig-x\n#| fig-alt: "\\"><script>"\nprint("<script>")'
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": HOSTILE},
        {"cell_type": "code", "metadata": {}, "source": source, "execution_count": 1, "outputs": outputs},
    ]
    views = NotebookPage(tmp_path).cells(json.dumps({"cells": cells}).encode())
    text = "".join(view.html for view in views)
    found = _Reader(text)
    assert found.inline == []
    assert "script" not in found.tags
    assert "b" not in found.tags
    assert {"math", "mfrac", "table", "strong", "img"} <= found.tags
    assert all(source.startswith(("data:image/", "#")) for source in found.sources)
    assert "plain" in text


def test_a_cell_that_stays_keeps_its_digest(tmp_path):
    def notebook(*texts):
        cells = [{"cell_type": "markdown", "metadata": {}, "source": text} for text in texts]
        return json.dumps({"cells": cells}).encode()

    page = NotebookPage(tmp_path)
    before, after = page.cells(notebook("a", "b", "c")), page.cells(notebook("a", "B", "c"))
    assert [x.digest == y.digest for x, y in zip(before, after, strict=True)] == [True, False, True]
    assert "<p>B</p>" in after[1].html


def test_ctrl_c_ends_at_once_and_leaves_no_process(tmp_path):
    root = make(tmp_path / "a project")
    (root / "report/_second.qmd").write_text(
        "# Second {#sec-2}\n\n```{python}\n#| label: waits\nimport time\ntime.sleep(600)\n```\n"
    )
    with preview(root) as running:
        # A browser listens, and a cell is being executed.
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
        connection.request("GET", "/events")
        events = connection.getresponse()
        said = b""
        while b"Executing report/report.qmd: cell 1 of 1 (waits)" not in said:
            line = events.readline()
            assert line, said[-500:]
            said = line
        children = psutil.Process(running.process.pid).children(recursive=True)
        assert any("press.execution.kernel" in " ".join(child.cmdline()) for child in children)
        asked = time.monotonic()
        running.process.send_signal(signal.SIGINT)
        code = running.process.wait(10)
        took = time.monotonic() - asked
        connection.close()
    assert code == 0
    assert took < 3
    until(
        lambda: not any(child.is_running() and child.status() != "zombie" for child in children), "the kernel's end", 5
    )


def test_ctrl_c_ends_a_preparation_too(tmp_path):
    root = make(tmp_path / "project")
    (root / ".hold").touch()
    with preview(root) as running:
        process = psutil.Process(running.process.pid)
        found = until(
            lambda: [c for c in process.children() if "press.preview.preparing" in " ".join(c.cmdline())],
            "the preparation",
        )
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(10) == 0
    until(lambda: not any(child.is_running() and child.status() != "zombie" for child in found), "its end", 5)


def test_a_wrong_setting_at_the_start_is_a_sentence(tmp_path):
    import subprocess
    import sys

    root = make(tmp_path / "project")
    (root / "settings.yml").write_text("student_id: 5\n")
    command = [sys.executable, "-m", "press.commands.main", "preview", "--port", "0", "--no-browser"]
    done = subprocess.run(
        command, cwd=root, env=environment_of(root), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "settings.yml" in done.stderr
    assert "Traceback" not in done.stderr
