"""Requests a minute of each caller: one bucket of tokens for each caller and cost.

A bucket holds a minute's tokens and fills evenly, so a short burst passes and a long one does not.
Buckets live in the process: `GRIDWARDEN_PROCESSES` says how many share the callers, and each gives
its part. Memory is bounded: of too many buckets the one that rested longest is forgotten, and
addresses never push out those who signed in.
"""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gridwarden.words.problems import Problem

MOST: Final = 20_000
"""Buckets of each table."""
WINDOW_S: Final = 60


@dataclass(slots=True)
class Bucket:
    """Tokens that are left, counted at `at` (seconds of a steady clock)."""

    left: float
    at: float


@dataclass(frozen=True, slots=True)
class Standing:
    """What a caller has left of one cost, as the headers of an answer tell it."""

    cost: str
    quota: int
    left: int
    full_in_s: int

    @property
    def headers(self) -> dict[str, str]:
        """RateLimit and RateLimit-Policy (IETF draft-ietf-httpapi-ratelimit-headers)."""
        return {
            "RateLimit-Policy": f'"{self.cost}";q={self.quota};w={WINDOW_S}',
            "RateLimit": f'"{self.cost}";r={self.left};t={self.full_in_s}',
        }


@dataclass
class Rates:
    """The buckets of one process. `quotas` are tokens a minute by cost; 0 counts nothing."""

    quotas: Mapping[str, int]
    known: OrderedDict[tuple[str, str], Bucket] = field(default_factory=OrderedDict)
    strangers: OrderedDict[tuple[str, str], Bucket] = field(default_factory=OrderedDict)

    def take(self, cost: str, who: str, *, stranger: bool = False) -> Standing | None:
        """One token of `who`; None where nothing is counted.

        Raises Problem `too_many_requests`, with the seconds until the next token.
        """
        quota = self.quotas.get(cost, 0)
        if not quota:
            return None
        table = self.strangers if stranger else self.known
        now, a_second = time.monotonic(), quota / WINDOW_S
        bucket = table.get((cost, who))
        if bucket is None:
            bucket = table[(cost, who)] = Bucket(quota, now)
            if len(table) > MOST:
                table.popitem(last=False)
        table.move_to_end((cost, who))
        bucket.left = min(quota, bucket.left + (now - bucket.at) * a_second)
        bucket.at = now
        if bucket.left < 1:
            wait = math.ceil((1 - bucket.left) / a_second)
            told = Standing(cost, quota, 0, wait)
            raise Problem(
                "too_many_requests",
                "limits.rate",
                retry_after=wait,
                headers=told.headers,
                quota=quota,
            )
        bucket.left -= 1
        return Standing(cost, quota, int(bucket.left), math.ceil((quota - bucket.left) / a_second))


def neighbourhood(address: str) -> str:
    """An address as it is counted: an IPv6 network of 64 bits is one customer."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if found.version == 6:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
