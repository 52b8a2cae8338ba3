"""Sealed rows, and each seal's head, to the office's own log: RFC 5424, in order, at least once.

`GRIDWARDEN_SYSLOG` names the listener: udp://host:514, tcp://host:601 (octet counting, RFC 6587) or
unix:///dev/log. Details do not leave: they can hold what a caller asked for. How far a listener was
told is kept with the trail; what was sent when a connection broke is sent once more.
"""

import asyncio
import re
import socket
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from psycopg.rows import dict_row

from gridwarden.access.audit.reading import seals_after
from gridwarden.access.audit.sealing import SEALER
from gridwarden.database import Pool, as_caller, queries
from gridwarden.settings import Settings

Q = queries(__package__ or "gridwarden.access.audit", "forwarding.sql")
PRIORITY: Final = 13 * 8 + 6
"""Facility 13 (log audit), severity 6 (informational)."""
WAIT_S: Final = 10.0
LONGEST: Final = 200
"""Characters of one value."""
_PORTS: Final = {"udp": 514, "tcp": 601}
_PLACE: Final = re.compile(r"\d+\.\d{3,}")
_ESCAPED: Final = re.compile(r'(["\\\]])')
_BESIDE: Final = r"\\\1"
_HIDDEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def plain(value: object) -> str:
    """A value as it may leave: one line, not long, and nothing that reads like a coordinate."""
    return _PLACE.sub("*", _HIDDEN.sub(" ", str(value)))[:LONGEST]


def message(host: str, at: datetime, kind: str, said: Mapping[str, object]) -> bytes:
    """One message: what is said stands as structured data, which every listener can search."""
    when = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    told = {name: plain(value) for name, value in said.items() if value is not None}
    values = " ".join(f'{n}="{_ESCAPED.sub(_BESIDE, value)}"' for n, value in told.items())
    head = f"<{PRIORITY}>1 {when} {host} gridwarden - {kind} [gridwarden@32473 {values}]"
    return head.encode("utf-8")


async def forward(pool: Pool, settings: Settings) -> int:
    """Tell the listener all that it has not been told; returns how many seals.

    Raises OSError where it does not answer: the next try begins where this one ended.
    """
    if settings.syslog is None:
        return 0
    told, host = 0, socket.gethostname()
    while True:
        async with as_caller(pool, SEALER) as c:
            row = await (await c.execute(Q["seen"], {"target": settings.syslog})).fetchone()
            assert row is not None
            seals = await seals_after(c, row[0], 1)
            if not seals:
                return told
            seal = seals[0]
            async with c.cursor(row_factory=dict_row) as cursor:
                rows = await (await cursor.execute(Q["rows"], {"seal": seal.number})).fetchall()
        messages = [message(host, one.pop("at"), "audit", _said(one)) for one in rows]
        head = {"seal": seal.number, "upto": seal.upto, "rows": seal.rows, "head": seal.head.hex()}
        messages.append(message(host, seal.sealed_at, "seal", head))
        await asyncio.to_thread(send, settings.syslog, messages)
        async with as_caller(pool, SEALER) as c:
            await c.execute(Q["told"], {"target": settings.syslog, "seal": seal.number})
        told += 1


def _said(row: dict[str, Any]) -> dict[str, object]:
    return {"seal": row.pop("number")} | row


def send(target: str, messages: Iterable[bytes]) -> None:
    """Send messages in their order. Raises OSError."""
    parts = urlsplit(target)
    kind: Literal["udp", "tcp", "unix"] | str = parts.scheme
    if kind == "unix":
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.settimeout(WAIT_S)
            s.connect(parts.path)
            for one in messages:
                s.sendall(one)
        return
    address = (parts.hostname or "", parts.port or _PORTS[kind])
    if kind == "tcp":
        with socket.create_connection(address, WAIT_S) as s:
            for one in messages:
                s.sendall(str(len(one)).encode("ascii") + b" " + one)
            s.shutdown(socket.SHUT_WR)
            # A listener that is gone answers what it was sent with a reset.
            while s.recv(4096):
                pass
        return
    family, _, _, _, found = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.connect(found)
        for one in messages:
            s.send(one)
