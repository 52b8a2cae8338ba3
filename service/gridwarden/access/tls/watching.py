"""What `gridwarden doctor` says of the certificate."""

import stat
from typing import Final

from gridwarden.access.tls.making import CA_KEY, KEY, held
from gridwarden.database.doctor import look
from gridwarden.database.sentences import trouble
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.problems import Problem

EARLY_DAYS: Final = 30


@look("https certificate")
def _certificate(settings: Settings) -> None:
    """No certificate is as it should be: an office may have a proxy for it, or none at all."""
    try:
        found = held(settings)
    except Problem as problem:
        raise SetUpError(problem.said(settings.language)) from None
    if found is None:
        return
    for name in (KEY, CA_KEY):
        place = settings.tls / name
        if place.exists() and stat.S_IMODE(place.stat().st_mode) & 0o077:
            raise trouble(settings, "readable", place=place)
    left = found.days_left()
    if left < EARLY_DAYS:
        renew = say(f"doctor.renew.{'own' if found.ca else 'theirs'}", settings.language)
        key = "certificate_ends" if left >= 0 else "certificate_ended"
        raise trouble(settings, key, days=left, renew=renew)
