"""Whether the service can have its port, asked before any work is done."""

import errno
import socket

from gridwarden.database.sentences import trouble
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings


def check_port(settings: Settings) -> None:
    """Raises SetUpError when the service cannot listen on settings.host and settings.port."""
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):  # the second: empty or over-long between its dots
        raise trouble(settings, "host_foreign", host=settings.host) from None
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as trial:
        # As the service itself will: connections of a service just stopped do not hold the port.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(address)
        except OSError as error:
            raise _refused(settings, error) from None


def _refused(settings: Settings, error: OSError) -> SetUpError:
    place = {"port": settings.port, "host": settings.host}
    if error.errno == errno.EADDRINUSE:
        return trouble(settings, "port_used", **place, other=settings.port % 65535 + 1)
    if error.errno == errno.EACCES:
        return trouble(settings, "port_root", **place)
    return trouble(settings, "port_refused", **place, reason=error.strerror)
