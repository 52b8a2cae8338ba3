"""How much a reader may use."""

from dataclasses import dataclass
from typing import Final

from gridwarden.settings import Settings

MB: Final = 1 << 20
MAX_FRAME: Final = 1 << 30
"""Bytes of one answer: far more than a batch of 20,000 rows takes."""
NOT_SHUT: Final = 83
"""How a reader exits whose walls could not be put up: nothing was opened."""
OPEN_FILES: Final = 512
ALL_SECONDS: Final = 6 * 3600
"""Processor seconds for a whole file, however steadily its rows come."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`memory_mb` of data; `seconds` of processor time until the next answer (the file opened, or
    20,000 rows of it)."""

    memory_mb: int = 2048
    seconds: int = 120

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """As the installation sets them."""
        return cls(settings.reader_mb, settings.reader_seconds)

    @property
    def patience_s(self) -> float:
        """Seconds by the clock after which a reader that says nothing is given up: other work on
        the machine may make it wait."""
        return self.seconds * 10.0
