"""Who may be here: administrators apart, second factors, passwords, lock-out, what nobody uses."""

from typing import Final
from urllib.parse import urlsplit

from gridwarden.database import ADMINISTRATORS
from gridwarden.watching.compliance.model import Asked, Seen, control, holds

MOST_TRIES: Final = 10
FEWEST_MINUTES: Final = 5
MOST_DAYS: Final = 180
FEWEST_LETTERS: Final = 10
MOST_IDLE: Final = 30
"""The standards name no figures: these are where this product would no longer sign."""


@control("identity", "V6", "V8")
def administrators_apart(asked: Asked) -> Seen:
    """Each of the three has an account, nobody has two, and the database would refuse it."""
    system, security, audit, twice, triggers = asked.one("administrators")
    facts = {"system": system, "security": security, "audit": audit, "twice": twice}
    if triggers < 2:
        return holds(False, "run_up", **facts)
    return holds(all((system, security, audit)) and not twice, **facts)


@control("identity", "V6")
def second_factor(asked: Asked) -> Seen:
    """Administrators, and whoever else the office named, have one."""
    asked_of = set(asked.settings.factor_roles)
    n, without = asked.one("factors", roles=sorted(asked_of | set(ADMINISTRATORS)))
    facts = {"n": n, "without": without}
    if not set(ADMINISTRATORS) <= asked_of:
        return holds(False, "factor_roles", **facts)
    return holds(not without, **facts)


@control("identity", "V6")
def lock_out(asked: Asked) -> Seen:
    """Wrong passwords close an account."""
    tries, minutes = asked.settings.lock_tries, asked.settings.lock_minutes
    return holds(tries <= MOST_TRIES and minutes >= FEWEST_MINUTES, tries=tries, minutes=minutes)


@control("identity", "V6")
def password_age(asked: Asked) -> Seen:
    """Passwords are long enough, and changed."""
    settings = asked.settings
    n, _, old, _, _ = asked.one("passwords", days=settings.password_days or MOST_DAYS)
    right = 0 < settings.password_days <= MOST_DAYS and settings.password_length >= FEWEST_LETTERS
    facts = {"days": settings.password_days, "letters": settings.password_length, "n": n}
    return holds(right, **facts, old=old)


@control("identity", "V10")
def provider(asked: Asked) -> Seen:
    """Who comes by the office's sign-in provider is no administrator: who runs it would be all."""
    settings = asked.settings
    n, administrators = asked.one("by_provider")
    kept = settings.oidc_secret_file
    readable = kept is not None and kept.exists() and bool(kept.stat().st_mode & 0o077)
    named = urlsplit(settings.oidc_issuer or "").hostname or "–"
    facts = {"provider": named, "n": n, "administrators": administrators}
    if readable:
        return holds(False, "provider_secret", **facts)
    return holds(not administrators, **facts)


@control("identity", "V7")
def idle_lock(asked: Asked) -> Seen:
    """A browser that nobody uses is signed out."""
    minutes, hours = asked.settings.idle_minutes, asked.settings.session_hours
    return holds(minutes <= MOST_IDLE and hours <= 24, minutes=minutes, hours=f"{hours:g}")


@control("access", "V8")
def dormant(asked: Asked) -> Seen:
    """What nobody uses is not open."""
    accounts, keys = asked.one("dormant", days=asked.settings.dormant_days)
    days = asked.settings.dormant_days
    return holds(not accounts and not keys, accounts=accounts, keys=keys, days=days)


@control("access", "V8")
def keys_end(asked: Asked) -> Seen:
    """Every key ends within about a year."""
    n, endless = asked.one("outlived")
    return holds(not endless, n=n, endless=endless)


@control("confidentiality", "V6", "V11")
def kept_as_hashes(asked: Asked) -> Seen:
    """Passwords are Argon2id, keys and sessions SHA-256, second factors sealed."""
    n, plain, _, former, short = asked.one("passwords", days=1)
    factors, open_factors = asked.one("totps")
    wrong = plain + former + short + open_factors
    return holds(not wrong, n=n, factors=factors, wrong=wrong)


@control("personal", "V14")
def readers_of_accounts(asked: Asked) -> Seen:
    """People's accounts are read by those who keep and audit them, and by nobody else."""
    (readers,) = asked.one("readers_of")
    right = set(readers) == {"gridwarden_security", "gridwarden_auditor"}
    return holds(right, readers=", ".join(readers))
