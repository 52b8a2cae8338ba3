"""Files of this machine, what the installation's own doctor says, and what is not there yet."""

import stat
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from gridwarden.database import doctor
from gridwarden.database.backup import records
from gridwarden.settings import Settings
from gridwarden.watching.compliance.model import Asked, Seen, control, holds


@control("confidentiality", "V13", "V14")
def secret_files(asked: Asked) -> Seen:
    """Passwords, keys and certificates' keys are for their owner alone."""
    files = list(_private(asked.settings))
    wide = [place for place in files if stat.S_IMODE(place.stat().st_mode) & 0o077]
    return holds(bool(files) and not wide, n=len(files), open=len(wide))


def _private(settings: Settings) -> Iterator[Path]:
    for folder in (settings.secrets, settings.tls, settings.home / "audit"):
        yield from (place for place in sorted(folder.rglob("*")) if place.is_file())
    yield from sorted(settings.home.glob("first-passwords-*.csv"))


@control("residual", "V14")
def first_passwords_gone(asked: Asked) -> Seen:
    """No file of first passwords lies about longer than these hold."""
    hours = asked.settings.first_password_hours
    before = time.time() - hours * 3600
    found = list(asked.settings.home.glob("first-passwords-*.csv"))
    old = [place for place in found if place.stat().st_mtime < before]
    return holds(not old, n=len(old), hours=hours)


@control("residual", "V5", "V14")
def files_gone(asked: Asked) -> Seen:
    """Uploaded files are gone when their time is over."""
    days = asked.settings.keep_files_days
    before = time.time() - (days + 2) * 86_400
    folder = asked.settings.files
    found = [place for place in folder.rglob("*") if place.is_file()] if folder.is_dir() else []
    old = [place for place in found if place.stat().st_mtime < before]
    return holds(not old, n=len(found), days=days, old=len(old))


@control("intrusion", "V13", "V15")
def doctor_finds_nothing(asked: Asked) -> Seen:
    """All that the doctor looks at is as it should be."""
    found = list(doctor.examine(asked.settings))
    bad = [one.what for one in found if not one.good]
    return holds(not bad, n=len(found), bad=len(bad), what=", ".join(bad) or "–")


@control("backup", "V13")
def backups(asked: Asked) -> Seen:
    """There is a recent backup, and one was restored for trial not long ago."""
    settings = asked.settings
    last = {kind: records.last(settings, kind) for kind in ("backup", "drill")}
    days = {"backup": settings.backup_days, "drill": settings.drill_days}
    young = {kind: one and one.age <= timedelta(days=days[kind]) for kind, one in last.items()}
    told = {kind: records.told_age(settings, one) for kind, one in last.items()}
    return holds(all(young.values()), "" if young["backup"] else "backups_none", **told)


@control("malware")
def malicious_code(_: Asked) -> Seen:
    """A matter of the machine."""
    return Seen("elsewhere")


@control("trusted")
def trusted_verification(_: Asked) -> Seen:
    """A matter of the machine."""
    return Seen("elsewhere")
