"""What a file, or the program it comes from, says of whose coordinates it holds."""

from dataclasses import dataclass
from typing import Final

DEGREES: Final = "degrees"
"""Longitude and latitude of a system that nobody names: WGS 84 or one of the shifted ones."""
PLANE: Final = "plane"
"""Plane metres of a system that nobody names."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose coordinates these are, and how that is known.

    `system` is `EPSG:n`, WKT, `gcj02`, `bd09`, or, where the file does not tell, `DEGREES`,
    `PLANE` or None (nothing at all: the numbers have to be looked at). `because` ends the key
    `coordinates.because.<because>` of the words that say why; `detail` fills its `{detail}`.
    `north_first` tells whether the first number of a shape is the northing (or latitude): None
    where the file leaves that open. A reader that knows the order hands on east before north and
    says False.
    """

    system: str | None
    because: str
    north_first: bool | None = False
    detail: str = ""

    @property
    def told(self) -> bool:
        """Whether the system is known."""
        return self.system not in (None, DEGREES, PLANE)
