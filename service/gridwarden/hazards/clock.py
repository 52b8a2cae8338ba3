"""The office's clock in Python, as `data.office_now()` is in SQL."""

from datetime import UTC, datetime, timedelta

from gridwarden.settings import Settings


def office_now(settings: Settings) -> datetime:
    """The moment that cases go by, with its offset: now, and in practice some days later."""
    return datetime.now(UTC) + timedelta(days=settings.practice_days)
