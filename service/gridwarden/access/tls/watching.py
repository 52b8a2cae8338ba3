"""What `gridwarden doctor` says of the certificate."""

import stat
from typing import Final

from gridwarden.access.tls.making import CA_KEY, KEY, held
from gridwarden.database.doctor import look
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

EARLY_DAYS: Final = 30


@look("https certificate")
def _certificate(settings: Settings) -> None:
    """No certificate is as it should be: an office may have a proxy for it, or none at all."""
    try:
        found = held(settings)
    except Problem as problem:
        raise SetUpError(str(problem)) from None
    if found is None:
        return
    for name in (KEY, CA_KEY):
        place = settings.tls / name
        if place.exists() and stat.S_IMODE(place.stat().st_mode) & 0o077:
            raise SetUpError(f"{place} may be read by others: run chmod 600 '{place}'.")
    left = found.days_left()
    if left < EARLY_DAYS:
        when = f"ends in {left} days" if left >= 0 else "has ended"
        mend = "`gridwarden tls renew`" if found.ca is not None else "put the new one in its place"
        raise SetUpError(f"The certificate {when}: {mend}, then start the service again.")
