"""Strict-Transport-Security (RFC 6797): who has come by https once comes by https ever after.

Said over https alone, and not of `localhost`: a browser holds it for every port of a host, and a
developer's other services are there. Addresses in digits have none, by the standard.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DAY_S = 86_400


class Hsts:
    """The middleware; `days` 0 says nothing."""

    def __init__(self, app: ASGIApp, days: int) -> None:
        self.app = app
        self.said = f"max-age={days * DAY_S}" if days else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope.get("scheme") != "https" or not self.said:
            await self.app(scope, receive, send)
            return
        named = is_named(Headers(scope=scope).get("host", ""))

        async def saying(message: Message) -> None:
            if message["type"] == "http.response.start" and named:
                MutableHeaders(scope=message)["Strict-Transport-Security"] = self.said
            await send(message)

        await self.app(scope, receive, saying)


def is_named(host: str) -> bool:
    """Whether a Host header gives a name that browsers hold this for."""
    name = host.lower() if host.startswith("[") else host.lower().partition(":")[0]
    in_digits = name.startswith("[") or name.rpartition(".")[2].isdigit()
    return not (in_digits or name == "localhost" or name.endswith(".localhost"))
