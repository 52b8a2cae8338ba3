"""The plain http beside https, where it is asked for: leads browsers over, and nothing else.

A page that a person opens is sent on. What a program sends is refused instead: whoever has sent a
key or a password over plain http must learn it, not find that it works. `/tls` is read here, too.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gridwarden.words import say
from gridwarden.words.language import language_of

_OPEN = ("/tls", "/tls/ca.crt", "/healthz")


class Redirecting:
    """An application before `app` that answers plain http on a port of its own."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self.app = app
        self.port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # the service's own lifespan runs once, on the other port
            return
        request = Request(scope)
        if request.url.path in _OPEN or request.url.path.startswith("/static/"):
            await self.app(scope, receive, send)
            return
        await self.answer(request)(scope, receive, send)

    def answer(self, request: Request) -> Response:
        """A redirect for a browser's page, a refusal for all else."""
        asks_page = "text/html" in request.headers.get("accept", "")
        if request.method in ("GET", "HEAD") and asks_page:
            port = None if self.port == 443 else self.port
            target = request.url.replace(scheme="https", hostname=request.url.hostname, port=port)
            return RedirectResponse(str(target), 307, {"Cache-Control": "no-store"})
        detail = say("tls.only_https", language_of(request))
        body = {
            "type": "urn:gridwarden:problem:refused",
            "title": say("problem.refused.title", language_of(request)),
            "status": 400,
            "detail": detail,
        }
        return JSONResponse(body, 400, media_type="application/problem+json")
