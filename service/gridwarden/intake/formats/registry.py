"""Every kind of file that is read, in the order in which a file is tried for them.

A text may be read as several kinds, so those that are known by what they contain come first and
the plain table, known by its name alone, last.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gridwarden.intake.formats import (
    cass,
    dbf,
    dxf,
    filegdb,
    geojson,
    gml,
    gpx,
    kml,
    land_bureau,
    link_lines,
    ovital,
    parquet,
    photos,
    shapefile,
    table,
    vector,
    workbook,
)
from gridwarden.intake.formats.format import Format

FORMATS: Final[tuple[Format, ...]] = (
    vector.GEOPACKAGE,
    vector.FLATGEOBUF,
    shapefile.SHAPEFILE,
    dbf.DBF,
    geojson.GEOJSON,
    dxf.DXF,
    dxf.DWG,
    parquet.PARQUET,
    filegdb.FILEGDB,
    kml.KML,
    kml.KMZ,
    gml.GML,
    gpx.GPX,
    photos.PHOTOS,
    workbook.XLSX,
    workbook.OLD,
    link_lines.LINKS,
    ovital.OVITAL,
    land_bureau.LAND_BUREAU,
    cass.CASS,
    table.CSV,
)
BY_KIND: Final[Mapping[str, Format]] = MappingProxyType({one.kind: one for one in FORMATS})
BY_SUFFIX: Final[Mapping[str, Format]] = MappingProxyType(
    {suffix: one for one in reversed(FORMATS) for suffix in one.suffixes}
)
"""What a member of an archive is: the kind that comes first and has its suffix."""
