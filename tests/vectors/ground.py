"""Shapes drawn in metres on the ground, as longitudes and latitudes, and measured independently.

The drawing plane is azimuthal equidistant around the vector's own middle: within two kilometres
its metres are those of the ellipsoid to less than a micrometre in ten metres. It has nothing to do
with the working CRS; `Geod`, which knows no plane at all, checks what was drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from pyproj import Geod, Transformer

ELLIPSOID = "GRS80"
GEOD = Geod(ellps=ELLIPSOID)
Point = tuple[float, float]


@dataclass(frozen=True)
class Ground:
    """Metres east and north of a place."""

    lon: float
    lat: float

    @cached_property
    def _way(self) -> Transformer:
        middle = f"+proj=aeqd +lon_0={self.lon:.15g} +lat_0={self.lat:.15g} +ellps={ELLIPSOID}"
        return Transformer.from_pipeline(
            f"+proj=pipeline +step +inv {middle} +step +proj=unitconvert +xy_in=rad +xy_out=deg"
        )

    def lonlat(self, shape: shapely.Geometry) -> shapely.Geometry:
        """The shape in degrees."""
        return shapely.transform(shape, lambda xy: np.stack(self._way.transform(*xy.T), 1))

    def metres(self, shape: shapely.Geometry) -> shapely.Geometry:
        """A shape of degrees in metres from the middle."""
        back = "INVERSE"
        return shapely.transform(
            shape, lambda xy: np.stack(self._way.transform(*xy.T, direction=back), 1)
        )

    def apart(self, one: shapely.Geometry, other: shapely.Geometry) -> float:
        """Geodesic metres between two shapes of degrees: Geod along the line of their nearest
        points.
        """
        near = shapely.shortest_line(self.metres(one), self.metres(other))
        (lon1, lat1), (lon2, lat2) = shapely.get_coordinates(self.lonlat(near))
        return float(GEOD.inv(lon1, lat1, lon2, lat2)[2])


def line(*points: Point) -> shapely.LineString:
    """A line through these points."""
    return shapely.LineString(points)


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """A rectangle."""
    return shapely.box(west, south, east, north)


def length_of(shape: shapely.Geometry) -> float:
    """Geodesic metres of a line of degrees."""
    xy = shapely.get_coordinates(shape)
    return float(GEOD.line_length(xy[:, 0], xy[:, 1]))


def as_geojson(features: Sequence[tuple[shapely.Geometry, dict[str, Any]]]) -> dict[str, Any]:
    """A collection whose numbers keep a nanometre (14 decimals of a degree)."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": properties,
                "geometry": shapely.geometry.mapping(shape),
            }
            for shape, properties in features
        ],
    }
