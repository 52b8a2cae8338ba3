"""Debian's nginx before a service, with the configuration that `docs/nginx.conf` ships."""

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from conftest import free_port
from gridwarden.access.tls import making
from gridwarden.settings import Settings

SHIPPED = Path(__file__).parents[1] / "docs" / "nginx.conf"
AROUND = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
    include /etc/nginx/mime.types; default_type application/octet-stream;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/gridwarden.conf;
}}
"""


@dataclass(frozen=True)
class Office:
    """Where an office reaches the service, the plain port beside it, and what nginx logged."""

    url: str
    plain: str
    folder: Path
    authority: Path

    @property
    def logged(self) -> str:
        """The lines of nginx's own logs."""
        return "".join(file.read_text() for file in sorted(self.folder.glob("*.log")))


def certificate(home: Path, days: int | None = None) -> Settings:
    """A certificate for this machine, in a folder of the proxy's."""
    kept = Settings(home=home)
    before, making.DAYS = making.DAYS, days if days is not None else making.DAYS  # type: ignore[misc]
    try:
        making.make(kept, making.names_of(["127.0.0.1", "localhost"]))
    finally:
        making.DAYS = before  # type: ignore[misc]
    return kept


@contextmanager
def nginx(
    service: str,
    prefix: str,
    port: int,
    changes: dict[str, str] | None = None,
    days: int | None = None,
) -> Iterator[Office]:
    """nginx on https `port`, the service at `service` under `prefix` (mostly `/gridwarden/`).

    `changes` are put in the place of lines of the shipped configuration, which must be there.
    """
    with tempfile.TemporaryDirectory(prefix="gw-nginx-") as made:
        folder, plain = Path(made), free_port()
        kept = certificate(folder / "home", days)
        text = SHIPPED.read_text("utf-8")
        for old, new in {
            "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
            "listen 80;": f"listen 127.0.0.1:{plain};",
            "/etc/ssl/map.office.example.crt": str(kept.tls / "server.crt"),
            "/etc/ssl/map.office.example.key": str(kept.tls / "server.key"),
            "http://127.0.0.1:8000;": f"http://127.0.0.1:{urlsplit(service).port};",
            "location /gridwarden/ {": f"location {prefix} {{",
            "/var/log/nginx/gridwarden.log": f"{folder}/access.log",
            **(changes or {}),
        }.items():
            assert old in text, old
            text = text.replace(old, new)
        (folder / "gridwarden.conf").write_text(text, "utf-8")
        (folder / "nginx.conf").write_text(AROUND.format(folder=folder), "utf-8")
        with _running(folder, port):
            yield Office(
                f"https://127.0.0.1:{port}{prefix}".rstrip("/"),
                f"http://127.0.0.1:{plain}",
                folder,
                kept.tls / making.CA_CERTIFICATE,
            )


@contextmanager
def _running(folder: Path, port: int) -> Iterator[None]:
    # master_process off: one process, which our own signal ends
    command = ["/usr/sbin/nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    process = subprocess.Popen(command, env=os.environ | {"LC_ALL": "C.UTF-8"})
    try:
        for _ in range(500):
            assert process.poll() is None, (folder / "error.log").read_text()
            with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), 1)):
                break
            time.sleep(0.01)
        yield
    finally:
        process.terminate()
        process.wait(10)
