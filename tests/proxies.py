"""Proxies as offices have them: each changes what it should leave alone."""

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

HOP = {"transfer-encoding", "content-length", "connection", "server", "date"}


@contextmanager
def proxied(
    target: str,
    *,
    drop: tuple[str, ...] = (),
    add: Mapping[str, str] | None = None,
    host: str | None = None,
    forwarded: Mapping[str, str] | None = None,
    cut: int | None = None,
    buffer: bool = False,
    tls: ssl.SSLContext | None = None,
) -> Iterator[str]:
    """The address of a proxy before `target`: it leaves out the answer's headers `drop` and adds
    `add`, sends another `Host`, sends `forwarded` along, ends a body after `cut` bytes, and gathers
    a whole answer before it sends any of it (`buffer`). With `tls` it speaks https to the browser.
    """
    there = urlsplit(target)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
            headers |= dict(forwarded or {}) | ({"Host": host} if host else {})
            c = HTTPConnection(there.hostname or "", there.port or 80, timeout=20)
            try:
                c.request("GET", self.path, None, headers)
                answer = c.getresponse()
            except (OSError, HTTPException):
                self.send_error(502)
                return
            self.send_response(answer.status)
            for name, value in [*answer.getheaders(), *(add or {}).items()]:
                if name.lower() not in {*HOP, *drop}:
                    self.send_header(name, value)
            self.end_headers()
            if buffer:
                self.wfile.write(answer.read())
                return
            sent = 0
            while piece := answer.read1(4096):
                room = len(piece) if cut is None else max(cut - sent, 0)
                self.wfile.write(piece[:room])
                self.wfile.flush()
                sent += len(piece)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
