"""`gridwarden backup … --keep N`: which older archives go when a new one is whole.

Only what this installation wrote, and noted, is removed, where it lies as it was written. The
newest archive that a test restored stays, however old: it is the one of which we know.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from gridwarden.database.backup import records
from gridwarden.database.backup.records import Record
from gridwarden.database.backup.told import refusal
from gridwarden.settings import Settings

Period = Callable[[datetime], object]
PERIODS: Final[tuple[Period, ...]] = (
    lambda at: at.date(),
    lambda at: at.isocalendar()[:2],
    lambda at: (at.year, at.month),
)
"""Of each day, week and month the newest archive is the one that is kept."""


@dataclass(frozen=True, slots=True)
class Keep:
    """So many of the newest; or of the last days, weeks and months with an archive one each."""

    newest: int = 0
    periods: tuple[int, ...] = ()

    @classmethod
    def read(cls, settings: Settings, text: str) -> "Keep":
        """`14`, or `7/4/12`. Raises SetUpError for anything else."""
        parts = text.split("/")
        right = all(part.isascii() and part.isdecimal() and len(part) < 5 for part in parts)
        numbers = tuple(map(int, parts)) if right else ()
        if len(numbers) not in (1, len(PERIODS)) or numbers[0] < 1:
            raise refusal(settings, "bad_keep")
        return cls(numbers[0]) if len(numbers) == 1 else cls(periods=numbers)

    def of(self, made: Sequence[Record]) -> set[str]:
        """The archives to keep; `made` has the newest first, by the order in which they were made:
        a clock may have been ahead.
        """
        kept = {one.archive for one in made[: self.newest]}
        for most, period in zip(self.periods, PERIODS, strict=False):
            newest: dict[object, str] = {}
            for one in made:
                newest.setdefault(period(datetime.fromisoformat(one.at)), one.archive)
            kept |= set(list(newest.values())[:most])
        return kept


def going(settings: Settings, keep: Keep, folder: Path) -> list[Path]:
    """The archives in `folder` that need not be kept, the oldest first."""
    noted: dict[str, Record] = {}
    drilled = set()
    for one in records.kept(settings):
        if one.kind == "backup":
            noted.pop(one.file, None)
            noted[one.file] = one  # who wrote a file last
        elif one.kind == "drill":
            drilled.add(one.archive)
    here = [one for one in reversed(noted.values()) if _lies(one, folder.resolve())]
    kept = keep.of(here)
    kept |= {one.archive for one in here[:1]}
    kept |= set([one.archive for one in here if one.archive in drilled][:1])
    return [Path(one.file) for one in reversed(here) if one.archive not in kept]


def _lies(one: Record, folder: Path) -> bool:
    """Whether the archive is in this folder as it was written."""
    place = Path(one.file)
    try:
        return place.parent.resolve() == folder and place.stat().st_size == one.size
    except OSError:
        return False
