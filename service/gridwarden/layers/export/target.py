"""The coordinates that a file is written in: any EPSG system, CRS84, or GCJ-02 to look at.

East (or longitude) always stands before north (or latitude), in every kind of file, whatever order
the system itself states. GCJ-02 is for showing on the maps of Chinese services and is marked in
the file, so that nobody, least of all the importer, takes it for the truth.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from gridwarden.geodesy import CrsRefusedError, WorkingCrs, reading_of, shifted_wkt, wgs84_to_gcj02
from gridwarden.layers.features.crs import CRS84, LON_LAT, crs_of
from gridwarden.words.problems import Problem

GCJ02: Final = "gcj02"
GCJ02_WKT: Final = shifted_wkt("gcj02")
_CRS84: Final = frozenset({"crs84", "ogc:crs84"})
Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Target:
    """`srid` is the system in which PostGIS computes; `shifted` ones are moved here afterwards.

    `name` is `crs84`, `gcj02` or `EPSG:n`. `exact` tells that the numbers are those of the
    database, to the last bit.
    """

    name: str
    srid: int
    geographic: bool
    exact: bool

    @property
    def shifted(self) -> bool:
        """Whether these are no true places."""
        return self.name == GCJ02

    @property
    def mark(self) -> str:
        """What file names carry: `crs84`, `gcj02`, `epsg4547`."""
        return self.name.lower().replace(":", "")

    @property
    def digits(self) -> int | None:
        """Decimals that texts keep: 0.1 mm in degrees, every one of metres."""
        return 9 if self.geographic else None

    @property
    def axes(self) -> tuple[str, str]:
        """The headers of a table's east and north, which say whose they are."""
        if self.shifted:
            return "gcj_lon", "gcj_lat"
        if self.srid == LON_LAT:
            return "wgs84_lon", "wgs84_lat"
        ends = ("lon", "lat") if self.geographic else ("east", "north")
        return f"{self.mark}_{ends[0]}", f"{self.mark}_{ends[1]}"

    @property
    def crs(self) -> pyproj.CRS:
        """pyproj's object, with longitude before latitude where it is CRS84 or GCJ-02."""
        if self.shifted:
            return pyproj.CRS.from_wkt(GCJ02_WKT)
        return pyproj.CRS.from_user_input("OGC:CRS84" if self.name == "crs84" else self.name)

    @property
    def for_gdal(self) -> str:
        """As GDAL takes it."""
        return GCJ02_WKT if self.shifted else f"EPSG:{self.srid}"

    def shown(self, wkb: list[bytes | None]) -> Shapes:
        """The shapes of one chunk, moved where they have to be."""
        shapes: Shapes = shapely.from_wkb(np.array(wkb, dtype=object))
        if not self.shifted:
            return shapes
        return shapely.transform(
            shapes, lambda places: np.column_stack(wgs84_to_gcj02(places[:, 0], places[:, 1]))
        )


def target_of(name: str, field: str, working: int) -> Target:
    """The coordinates that somebody asks for.

    Raises Problem (400, naming `field`): unknown, out of reach of the working CRS, or one into
    which PROJ would only pretend to turn (Beijing-54, Xian-80).
    """
    plain = name.strip()
    if plain.lower().replace("-", "") == GCJ02:
        return Target(GCJ02, LON_LAT, geographic=True, exact=False)
    if plain.lower() in _CRS84 or plain == CRS84:
        return Target("crs84", LON_LAT, geographic=True, exact=False)
    found = crs_of(plain, field, working)
    try:
        reading_of(f"EPSG:{found.srid}", WorkingCrs(working))
    except CrsRefusedError:
        raise Problem(
            "invalid_value", "export.no_way", field=field, crs=f"EPSG:{found.srid}"
        ) from None
    if found.uri == CRS84:
        return Target("crs84", LON_LAT, geographic=True, exact=False)
    return Target(f"EPSG:{found.srid}", found.srid, found.geographic, found.srid == working)
