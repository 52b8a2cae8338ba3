"""What `gridwarden up` puts into the ledger's database: the office's tables, where none are yet."""

from gridwarden.hazards.batches.kinds import ensure_kinds
from gridwarden.hazards.deadlines.keeping import ensure_deadlines
from gridwarden.hazards.notices.rules import ensure_rules
from gridwarden.settings import Settings


async def ensure_begun(settings: Settings) -> None:
    """Due days and the calendar's years, kinds of batches, and who is told what."""
    await ensure_deadlines(settings)
    await ensure_kinds(settings)
    await ensure_rules(settings)
