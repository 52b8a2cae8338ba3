"""What `gridwarden doctor` says of the office's sign-in provider."""

import asyncio
import stat
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from gridwarden.database.doctor import look
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

if TYPE_CHECKING:
    from gridwarden.access.oidc.provider import Provider

SKEW_S: Final = 20
"""Clocks that differ by more will soon refuse good tokens (30 s)."""
_MENDS: Final = {
    "issuer": "it calls itself by another name: write GRIDWARDEN_OIDC_ISSUER exactly as it does",
    "tls": "its certificate is not trusted: name the authority's file in GRIDWARDEN_OIDC_CA_FILE",
    "secret file": "GRIDWARDEN_OIDC_SECRET_FILE cannot be read by this account",
    "key": "it has no public key for signatures that is known here",
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
        raise SetUpError(f"{kept} may be read by others: run chmod 600 '{kept}'.")
    try:
        provider.secret()
        ahead = asyncio.run(_reached(provider))
    except Problem as problem:
        why = str(problem.params.get("why", ""))
        mend = _MENDS.get(why, f"it does not answer as a provider does ({why}): see to the network")
        raise SetUpError(f"The sign-in provider cannot be used: {mend}.") from None
    if abs(ahead) > SKEW_S:
        way = "ahead of" if ahead < 0 else "behind"
        raise SetUpError(
            f"This machine's clock is {abs(ahead):.0f} s {way} the sign-in provider's: let both"
            " follow one time service (NTP)."
        )


async def _reached(provider: "Provider") -> float:
    """How far its clock is ahead of ours, s; it described itself and has keys."""
    answer = await provider.ask_description()
    provider.read_description(answer)
    await provider.keys()
    try:
        return parsedate_to_datetime(answer.date).timestamp() - time.time()
    except ValueError:
        return 0.0
