"""The preview: a small web server on loopback that shows the pages as they will print, and follows the author's edits.

It serves its own page, the pages' SVG, the PDF and the notebook, all from memory: no part of an address reaches the
file system.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
import webbrowser
from collections.abc import AsyncIterator, Mapping
from html import escape
from pathlib import Path
from string import Template

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from handin.errors import InputError, WorkError
from press import environment
from press.preview.board import Board, Problem, View
from press.preview.guard import Guard
from press.preview.watching import changes
from press.preview.workshop import Workshop
from press.project import Project
from press.typesetting.formats import builtin_format

ADDRESS = "127.0.0.1"
RESTARTED = "PRESS_PREVIEW_SOCKET"
"""Set when the preview starts itself again: the number of the open socket, at which browsers go on waiting."""

ASSETS = Path(__file__).with_name("assets")
SERVED = {
    "preview.css": "text/css; charset=utf-8",
    "preview.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
FONT = "fonts/LibertinusMath-Regular.otf"
"""The font of the notebook's formulas; the browser's own where it is missing."""


def application(project: Project, board: Board, workshop: Workshop, port: int) -> Guard:
    """Return the web application."""
    assets = {name: (kind, (ASSETS / name).read_bytes()) for name, kind in SERVED.items()}
    if (font := builtin_format() / FONT).is_file():
        assets["mathematics.otf"] = ("font/otf", font.read_bytes())
    frame = Template((ASSETS / "frame.html").read_text(encoding="utf-8"))

    def framed(which: str, content: str) -> HTMLResponse:
        current = {name: ' aria-current="page"' if name == which else "" for name in ("pages", "notebook")}
        title = escape(board.view.title)
        return HTMLResponse(frame.substitute(title=title, which=which, content=content, **current))

    async def pages(request: Request) -> Response:
        return framed("pages", _page_list(board.view))

    async def notebook(request: Request) -> Response:
        return framed("notebook", "".join(cell.html for cell in workshop.cells))

    async def page(request: Request) -> Response:
        body = await run_in_threadpool(workshop.page, request.path_params["digest"])
        if body is None:
            return _missing(request)
        # The address is the content's digest.
        return Response(body, media_type="image/svg+xml", headers={"cache-control": "max-age=31536000, immutable"})

    async def pdf(request: Request) -> Response:
        try:
            body = await run_in_threadpool(workshop.pdf)
        except (InputError, WorkError) as error:
            return PlainTextResponse(f"{error}\n", status_code=503)
        # The browser's own viewer sets styles.
        policy = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
        return Response(body, media_type="application/pdf", headers={"content-security-policy": policy})

    async def events(request: Request) -> Response:
        return StreamingResponse(_events(board), media_type="text/event-stream")

    async def asset(request: Request) -> Response:
        found = assets.get(request.path_params["name"])
        return _missing(request) if found is None else Response(found[1], media_type=found[0])

    routes = [
        Route("/", pages),
        Route("/notebook", notebook),
        Route("/report.pdf", pdf),
        Route("/events", events),
        Route("/pages/{digest}.svg", page),
        Route("/assets/{name}", asset),
    ]
    return Guard(Starlette(routes=routes), port)


def _missing(request: Request) -> Response:
    return PlainTextResponse("There is nothing at this address.\n", status_code=404)


def _page_list(view: View) -> str:
    count = len(view.pages)
    return "".join(
        f'<div class="page" id="page-{number}"><img src="/pages/{page.digest}.svg" data-digest="{page.digest}" '
        f'width="{page.width:.0f}" height="{page.height:.0f}" alt="Page {number} of {count}"></div>'
        for number, page in enumerate(view.pages, 1)
    )


async def _events(board: Board) -> AsyncIterator[str]:
    """Yield the preview's states as server-sent events."""
    async for view in board.follow():
        yield ": still here\n\n" if view is None else f"data: {json.dumps(view.message())}\n\n"


class _Server(uvicorn.Server):
    """A server that ends at Ctrl-C though browsers are listening."""

    board: Board

    def handle_exit(self, sig: int, frame: object) -> None:
        """End; a second Ctrl-C waits for nothing more."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self.board.close()


def listen(port: int) -> socket.socket:
    """Take a port on loopback, 0 is any free one; raise `InputError` if it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ADDRESS, port))
        listener.listen()  # who comes before the server is ready waits
    except OSError:
        listener.close()
        raise InputError(f"--port: the port {port} is taken: choose another, or 0 for any free one.") from None
    return listener


def serve(project: Project, *, port: int = 4242, open_browser: bool = True) -> bool:
    """Show the pages until Ctrl-C, and keep them up to date; say whether something was still being made for them."""
    restarted = os.environ.pop(RESTARTED, None)
    given = environment.read(project.root / "_environment")
    with socket.socket(fileno=int(restarted)) if restarted else listen(port) as listener:
        again = is_cut_short = False
        with contextlib.suppress(KeyboardInterrupt):
            again, is_cut_short = asyncio.run(_serve(project, listener, open_browser and not restarted))
        if again:
            _start_again(listener, given)
    return is_cut_short


def _start_again(listener: socket.socket, given: Mapping[str, str]) -> None:
    """Replace this process by a new one that has the changed code, and goes on with the same socket."""
    for name, value in given.items():
        if os.environ.get(name) == value:
            del os.environ[name]  # read again, perhaps with another value
    listener.set_inheritable(True)
    os.environ[RESTARTED] = str(listener.fileno())
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


async def _serve(project: Project, listener: socket.socket, open_browser: bool) -> tuple[bool, bool]:
    """Serve until Ctrl-C; say whether to start again with the changed code, and whether something was being made."""
    port = listener.getsockname()[1]
    board = Board()
    again = asyncio.Event()
    loop = asyncio.get_running_loop()

    def restart() -> None:
        again.set()
        server.should_exit = True
        board.close()

    workshop = Workshop(project, board, lambda: (loop.call_soon_threadsafe(restart), None)[1])
    app = application(project, board, workshop, port)
    config = uvicorn.Config(
        app, log_level="error", access_log=False, lifespan="off", ws="none", timeout_graceful_shutdown=1
    )
    server = _Server(config)
    server.board = board
    watcher = asyncio.create_task(_watch(project, board, workshop))
    workshop.start()
    print(f"The preview is at http://{ADDRESS}:{port}/ (Ctrl-C ends it)", flush=True)
    if open_browser:
        webbrowser.open(f"http://{ADDRESS}:{port}/")
    try:
        await server.serve(sockets=[listener.dup()])  # the server closes what it is given
    finally:
        watcher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watcher
        is_cut_short = workshop.is_preparing
        await asyncio.to_thread(workshop.stop)
    return again.is_set(), is_cut_short


async def _watch(project: Project, board: Board, workshop: Workshop) -> None:
    try:
        async for paths in changes(project, workshop.further_sources):
            workshop.note(paths)
    except Exception as error:  # the system's watches have run out, say
        board.problem("watching", Problem(f"Edits are no longer seen: start the preview again ({error})."))
