"""A service that lies under a path of its host: `https://office.example/gridwarden/`.

Pages, redirects and answers say their places as `/hazards/3`: one wrapper around the application
takes the path away from what is asked and puts it before what is told. It is the path of
GRIDWARDEN_PUBLIC_URL; without one there is no wrapper. A proxy may hand the path on or leave it
out; asked on this machine, both work.

Rewritten are addresses in attributes of pages, in the members of JSON that hold one, and in
`Location`. Nothing within what people have written looks like either: a page escapes their
quotation marks as `&#34;`, JSON as `\\"`. (A text that is wholly a place of ours, such as a name
`/api/x`, is taken for one.)
"""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HTML: Final = "text/html"
JSON: Final = ("application/json", "application/problem+json")
MEMBERS: Final = ("next", "url", "href", "view", "instance")
"""Members of our JSON that hold a place of this service; one below `/api/` is known by itself."""


def under(request: Request) -> str:
    """The path that this service lies under, without a slash at its end; mostly empty."""
    return str(request.scope.get("app_root_path", ""))


def own_url(request: Request) -> str:
    """The address of this request as its sender wrote it."""
    return str(request.url.replace(path=under(request) + request.url.path))


class Under:
    """The application `app` under `prefix`, which begins with a slash and does not end in one."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self.app = app
        self.prefix = prefix
        mark = re.escape(prefix).encode()
        names = "|".join(MEMBERS).encode()
        place = rb"/(?!/)(?!" + mark[1:] + rb"[/\"?#])"
        self.attributes = re.compile(rb'\b((?:href|src|action|formaction)=")(' + place + rb")")
        named = rb"(?:" + names + rb')":\s?"(?=' + place + rb")"
        self.members = re.compile(rb'((?<!\\)(?:"' + named + rb'|":\s?"(?=/api/)))()')

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        within = self.within(scope)
        await self.app(within, receive, self.telling(within, send))

    def within(self, scope: Scope) -> Scope:
        """The request as the application knows it; `base_url` tells the path."""
        path, raw = scope["path"], scope.get("raw_path") or b""
        if path == self.prefix or path.startswith(self.prefix + "/"):
            path = path[len(self.prefix) :] or "/"
            raw = raw[len(self.prefix) :] or b"/"
        return {**scope, "path": path, "raw_path": raw, "app_root_path": self.prefix}

    def telling(self, scope: Scope, send: Send) -> Send:
        """`send` with the places in answers put under the path."""
        begun: Message | None = None
        body = bytearray()
        rewrite: Callable[[bytes], bytes] | None = None

        async def told(message: Message) -> None:
            nonlocal begun, rewrite
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "location" in headers:
                    headers["location"] = self.placed(scope, headers["location"])
                rewrite = self.rewriting(headers.get("content-type", ""))
                if rewrite is None or scope["method"] == "HEAD":
                    if rewrite is not None:
                        del headers["content-length"]  # that of another body
                    rewrite = None
                    await send(message)
                else:
                    begun = message
                return
            if rewrite is None or begun is None:
                await send(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                whole = rewrite(bytes(body))
                MutableHeaders(scope=begun)["content-length"] = str(len(whole))
                await send(begun)
                await send({"type": "http.response.body", "body": whole})

        return told

    def rewriting(self, media: str) -> Callable[[bytes], bytes] | None:
        """What is done to a body of this kind."""
        kind = media.partition(";")[0].strip()
        if kind == HTML:  # a page may hold JSON, too
            return lambda body: self.in_members(self.attributes.sub(self.put, body))
        return self.in_members if kind in JSON else None

    def in_members(self, body: bytes) -> bytes:
        """The body with the places in members of JSON under the path."""
        return self.members.sub(self.put, body)

    def put(self, found: re.Match[bytes]) -> bytes:
        """One place under the path."""
        return found[1] + self.prefix.encode() + found[2]

    def placed(self, scope: Scope, location: str) -> str:
        """Where a redirect leads: our own paths, and Starlette's for a slash at the end."""
        parts = urlsplit(location)
        same = parts.path.rstrip("/") == scope["path"].rstrip("/")
        ours = (not parts.netloc and parts.path.startswith("/")) or (parts.netloc and same)
        if not ours or (parts.path + "/").startswith(self.prefix + "/"):
            return location
        return parts._replace(path=self.prefix + parts.path).geturl()
