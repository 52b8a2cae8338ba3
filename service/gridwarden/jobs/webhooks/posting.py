"""One message posted to the address that was checked; nothing of the answer but its status."""

import asyncio
import ssl
from dataclasses import dataclass
from functools import cache
from typing import Final

import httpx

from gridwarden import __version__
from gridwarden.jobs.webhooks.addresses import Target

STEP_S: Final = 10.0
"""Seconds that connecting, sending, or waiting for a word may each take."""
WHOLE_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The status, or what went wrong: timeout, unreachable, tls, protocol, address."""

    status: int | None
    error: str | None = None

    @property
    def taken(self) -> bool:
        """The receiver has it."""
        return self.status is not None and 200 <= self.status < 300


async def post(target: Target, body: str, headers: dict[str, str]) -> Answer:
    """Post a message once. No redirect is followed and no proxy of the environment asked."""
    url = target.url
    host = url.netloc.decode("ascii")
    headers = headers | {
        "Host": host,
        "Content-Type": "application/json",
        "User-Agent": f"Gridwarden/{__version__}",
        "Connection": "close",
    }
    named = {"sni_hostname": url.raw_host.decode("ascii")}
    try:
        async with (
            asyncio.timeout(WHOLE_S),
            httpx.AsyncClient(verify=_trusted(), trust_env=False, timeout=STEP_S) as client,
            client.stream(
                "POST",
                url.copy_with(host=target.address),
                content=body.encode(),
                headers=headers,
                follow_redirects=False,
                extensions=named,
            ) as answer,
        ):
            return Answer(answer.status_code)
    except (TimeoutError, httpx.TimeoutException):
        return Answer(None, "timeout")
    except (httpx.NetworkError, OSError) as error:
        return Answer(None, "tls" if _of_tls(error) else "unreachable")
    except Exception:  # whatever a stranger's server says must not stop what others are told
        return Answer(None, "protocol")


@cache
def _trusted() -> ssl.SSLContext:
    """Whom to trust: the usual authorities, and those that this machine was taught."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


def _of_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
