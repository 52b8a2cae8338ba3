"""Where a person reaches the service: the one address that printed links begin with."""

import socket
from urllib.parse import urlsplit

from gridwarden.access.tls.making import held
from gridwarden.settings import Settings

WAIT_S = 1.0
ASKED = b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def printed_url(settings: Settings) -> str:
    """GRIDWARDEN_PUBLIC_URL where the office says one. Else the scheme that the service speaks
    now, or will when it starts, and over https the first name of its certificate that is no
    pattern.

    Raises Problem `refused` for files that are no certificates.
    """
    if settings.public_url:
        return settings.public_url.rstrip("/")
    own, found = urlsplit(settings.own_url), held(settings)
    if found is None or speaks_http(own.hostname or "", settings.port):
        return own._replace(scheme="http").geturl()
    exact = (url for url in found.names.urls(settings.port) if "*" not in url)
    return next(exact, settings.own_url)


def speaks_http(host: str, port: int) -> bool:
    """Whether who listens there answers plain http: a certificate that was made since the service
    started is not spoken yet. Where nobody listens the answer is no.
    """
    try:
        with socket.create_connection((host, port), timeout=WAIT_S) as asking:
            asking.sendall(ASKED)
            return asking.recv(5) == b"HTTP/"
    except OSError:
        return False


if __name__ == "__main__":
    print(printed_url(Settings()))
