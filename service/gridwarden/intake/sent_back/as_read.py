"""As what an import read its file: rejected rows that go home alone say the same of themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gridwarden.geodesy import shifted_wkt
from gridwarden.intake.coordinates.local import LOCAL
from gridwarden.intake.formats.claim import Claim

_SHIFTED: Final = {"gcj02": shifted_wkt("gcj02"), "bd09": shifted_wkt("bd09")}
_BY_RANGE: Final = "x_is_north_by_range"


@dataclass(frozen=True, slots=True)
class AsRead:
    """`crs` is the reading's name (None where the rows have no places), `said` what a person named
    the system by, `north_first` what a person said of the order, and `by_range` tells that the
    ranges of the numbers put the northing first."""

    crs: str | None = None
    said: str | None = None
    north_first: bool | None = None
    by_range: bool = False

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "AsRead":
        """Of an import, as `api.import` shows it."""
        ask, because = document["ask"], document["because"] or {}
        by_range = any(one["key"] == _BY_RANGE for one in because.get("also") or ())
        return cls(document["crs"] or None, ask.get("crs"), ask.get("north_first"), by_range)

    def system(self, claim: Claim) -> str | None:
        """The system of the shapes, as GDAL takes it. None where no file can name it: nobody has
        told it, or it is a city's own, and the mended file is asked about as this one was."""
        name = self.crs or (claim.system if claim.told else None)
        if name is None or name.startswith(LOCAL):
            return None
        if name in _SHIFTED:
            return _SHIFTED[name]
        if name.startswith("EPSG:"):
            return name
        # Of a system without a number the reading's name is a title only.
        told = claim.system if claim.told else None
        return (self.said or told) if self.crs else name

    def first_is_north(self, claim: Claim) -> bool:
        """Whether the first number of a shape, as the reader hands it on, is the northing."""
        for known in (self.north_first, claim.north_first):
            if known is not None:
                return known
        return self.by_range
