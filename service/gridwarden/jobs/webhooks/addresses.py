"""Where a message may go: the name is looked up here, and what was checked is what is called.

An address inside our own network is a way to reach what only this machine may reach. So public
addresses are called by https alone; private ones where GRIDWARDEN_WEBHOOK_NETWORKS lists their
network; those that clouds and links keep for themselves never.
"""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import httpx

from gridwarden.words.problems import Problem

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
LOOKUP_S: Final = 5.0
LONGEST: Final = 2000
NEVER: Final[tuple[Network, ...]] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",  # links, and the metadata of most clouds
        "100.100.100.200/32",  # metadata of Alibaba Cloud
        "192.0.0.0/24",  # metadata of Oracle Cloud
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
        "fd00:ec2::254/128",
        # what stands for an IPv4 address that is not checked here
        "::/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/32",
        "2002::/16",
    )
)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, and the address of its host that was checked."""

    url: httpx.URL
    address: str


async def target_of(text: str, networks: Sequence[str]) -> Target:
    """The URL with an address that may be called.

    `networks` are the private ones that may be. Raises Problem `invalid_value`.
    """
    url = url_of(text)
    port = url.port or (443 if url.scheme == "https" else 80)
    host = url.raw_host.decode("ascii").strip("[]")
    try:
        async with asyncio.timeout(LOOKUP_S):
            found = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
    except (OSError, ValueError):  # TimeoutError is an OSError
        raise Problem("invalid_value", "webhooks.no_host", field="url") from None
    allowed = [ip_network(n) for n in networks]
    for *_, place in found:
        if may_be_called(str(place[0]), allowed, secure=url.scheme == "https"):
            return Target(url, str(place[0]))
    key = "webhooks.https" if url.scheme == "http" else "webhooks.not_there"
    raise Problem("invalid_value", key, field="url")


def url_of(text: str) -> httpx.URL:
    """The URL, when it is one to post to. Raises Problem `invalid_value`."""
    try:
        url = httpx.URL(text)
        good = (
            len(text) <= LONGEST
            and url.scheme in ("http", "https")
            and bool(url.raw_host)
            and not url.userinfo
            and not url.fragment
            and (url.port is None or 0 < url.port < 65536)
        )
        str(url).encode("ascii")
    except (httpx.InvalidURL, ValueError):
        good = False
    if not good:
        raise Problem("invalid_value", "webhooks.bad_url", field="url", most=LONGEST)
    return url


def may_be_called(text: str, allowed: Sequence[Network], *, secure: bool) -> bool:
    """Whether a message may go to this address; `secure` is by https."""
    address: Address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if any(address in network for network in NEVER):
        return False
    if any(address in network for network in allowed):
        return True
    return secure and address.is_global and not address.is_reserved
