"""Whether the service can have its port, asked before any work is done."""

import errno
import socket

from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings


def check_port(settings: Settings) -> None:
    """Raises SetUpError when the service cannot listen on settings.host and settings.port."""
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except socket.gaierror:
        raise SetUpError(
            f"{settings.host} is no address of this machine: set GRIDWARDEN_HOST to one, such as"
            " 127.0.0.1."
        ) from None
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as trial:
        # As the service itself will: connections of a service just stopped do not hold the port.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(address)
        except OSError as error:
            raise SetUpError(_sentence(settings, error)) from None


def _sentence(settings: Settings, error: OSError) -> str:
    place = f"Port {settings.port} of {settings.host}"
    if error.errno == errno.EADDRINUSE:
        return (
            f"{place} is in use: stop what uses it, or set GRIDWARDEN_PORT to a free one, such as"
            f" {settings.port % 65535 + 1}."
        )
    if error.errno == errno.EACCES:
        return f"{place} is for root alone: set GRIDWARDEN_PORT to one above 1023, such as 8000."
    return (
        f"The service cannot listen on {place.lower()} ({error.strerror}): set GRIDWARDEN_HOST"
        " and GRIDWARDEN_PORT to an address of this machine."
    )
