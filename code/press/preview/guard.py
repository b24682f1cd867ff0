"""Keeps everybody but the author's own browser out: the server answers on loopback, to its own address and origin."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}
"""Go with every answer, refusals included."""


class Guard:
    """Refuses a request that does not come from a page of this very server, or from the address bar.

    A page of another site can make the author's browser send requests here. The Host header is another one where that
    site's name was made to lead to 127.0.0.1; ``Origin`` and ``Sec-Fetch-Site`` tell of the others.
    """

    def __init__(self, app: ASGIApp, port: int):
        self.app = app
        self.hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost"))
        self.origins = frozenset(f"http://{host}" for host in self.hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            return  # neither websockets nor a lifespan are served

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        answer = self.app if refusal is None else PlainTextResponse(refusal + "\n", status_code=403)
        await answer(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        if not _only(headers.getlist("host"), self.hosts):
            return "This preview answers only to its own address."
        if not _only(headers.getlist("origin"), self.origins, needed=False):
            return "This preview answers only to its own pages."
        site = headers.get("sec-fetch-site", "none")
        is_visit = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
        if site not in ("none", "same-origin") and not is_visit:
            return "This preview answers only to its own pages."
        return None


def _only(values: Iterable[str], allowed: frozenset[str], needed: bool = True) -> bool:
    found = [value.strip().lower() for value in values]
    if not found:
        return not needed
    return len(found) == 1 and found[0] in allowed
