"""What `gridwarden doctor` says of the office's sign-in provider."""

import asyncio
import stat
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from gridwarden.database.doctor import look
from gridwarden.database.sentences import trouble
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.problems import Problem

if TYPE_CHECKING:
    from gridwarden.access.oidc.provider import Provider

SKEW_S: Final = 20
"""Clocks that differ by more will soon refuse good tokens (30 s)."""
_MENDS: Final = {
    "issuer": "provider_issuer",
    "tls": "provider_tls",
    "secret file": "provider_file",
    "key": "provider_key",
}


@look("sign-in provider")
def _provider(settings: Settings) -> None:
    """No provider is as it should be; one that is named can be read, reached and believed."""
    if settings.oidc_issuer is None:
        return
    from gridwarden.access.oidc.provider import Provider

    provider = Provider.of(settings)
    if provider is None:
        return
    kept = settings.oidc_secret_file
    if kept is not None and kept.exists() and stat.S_IMODE(kept.stat().st_mode) & 0o077:
        raise trouble(settings, "readable", place=kept)
    try:
        provider.secret()
        ahead = asyncio.run(_reached(provider))
    except Problem as problem:
        why = str(problem.params.get("why", ""))
        mended = _MENDS.get(why, "provider_other")
        raise trouble(settings, "provider", mended, why=why) from None
    if abs(ahead) > SKEW_S:
        way = say(f"doctor.way.{'ahead' if ahead < 0 else 'behind'}", settings.language)
        raise trouble(settings, "provider_clock", seconds=f"{abs(ahead):.0f}", way=way)


async def _reached(provider: "Provider") -> float:
    """How far its clock is ahead of ours, s; it described itself and has keys."""
    answer = await provider.ask_description()
    provider.read_description(answer)
    await provider.keys()
    try:
        return parsedate_to_datetime(answer.date).timestamp() - time.time()
    except ValueError:
        return 0.0
