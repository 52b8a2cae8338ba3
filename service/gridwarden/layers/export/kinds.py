"""The kinds of file that are written, by the name that a request gives and by a file's ending."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gridwarden.layers.export.content import Content
from gridwarden.layers.export.target import Target
from gridwarden.words.problems import Problem

Write = Callable[[Path, Any, Iterator[Any]], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file. `module` and `function` name its writer, loaded when it is needed.

    `lonlat`: written in CRS84 where nobody asks otherwise, else in the working CRS. `plane`: no
    degrees. `places`: only for what has places. `letters`: its encoding may be chosen.
    """

    name: str
    suffix: str
    media: str
    module: str
    function: str
    lonlat: bool = False
    plane: bool = False
    places: bool = False
    letters: bool = False

    @property
    def write(self) -> Write:
        """The writer."""
        from importlib import import_module

        module = import_module(f"gridwarden.layers.export.{self.module}")
        found: Write = getattr(module, self.function)
        return found

    def takes(self, content: Content, target: Target) -> None:
        """Raises Problem (400) for what this kind of file cannot hold."""
        if self.places and content.geometry == "none":
            raise Problem("invalid_value", "export.no_places", field="format", format=self.name)
        if self.plane and target.geographic:
            raise Problem("invalid_value", "export.plane_only", field="crs", format=self.name)


_SHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind("gpkg", ".gpkg", "application/geopackage+sqlite3", "gdal", "write_gpkg"),
        Kind("geojson", ".geojson", "application/geo+json", "geojson", "write_geojson", True),
        Kind("parquet", ".parquet", "application/vnd.apache.parquet", "parquet", "write_parquet"),
        Kind("fgb", ".fgb", "application/flatgeobuf", "gdal", "write_fgb"),
        Kind("csv", ".csv", "text/csv", "tables", "write_csv", lonlat=True, letters=True),
        Kind("xlsx", ".xlsx", _SHEET, "tables", "write_xlsx", lonlat=True),
        Kind("dxf", ".dxf", "image/vnd.dxf", "drawing", "write_dxf", plane=True, places=True),
        Kind(
            "shp", ".zip", "application/zip", "gdal", "write_shapefile", places=True, letters=True
        ),
    )
}
BY_SUFFIX: Final[Mapping[str, Kind]] = {kind.suffix: kind for kind in KINDS.values()}
ENCODINGS: Final = ("utf-8", "gb18030")


def kind_called(name: str | None) -> Kind:
    """The kind of file of this name. Raises Problem (400)."""
    found = KINDS.get(name or "")
    if found is None:
        kinds = ", ".join(KINDS)
        raise Problem("invalid_value", "export.bad_format", field="format", kinds=kinds)
    return found


def kind_of(file: Path) -> Kind:
    """The kind of file by its ending. Raises Problem (400)."""
    found = BY_SUFFIX.get(file.suffix.lower())
    if found is None:
        endings = ", ".join(BY_SUFFIX)
        raise Problem("invalid_value", "export.bad_suffix", field="FILE", endings=endings)
    return found


def encoding_called(name: str | None, kind: Kind) -> str:
    """The encoding that somebody asks for, UTF-8 where nobody does. Raises Problem (400)."""
    plain = (name or "utf-8").strip().lower().replace("utf8", "utf-8")
    plain = "gb18030" if plain in ("gbk", "gb2312", "cp936") else plain
    if plain not in ENCODINGS or (plain != "utf-8" and not kind.letters):
        raise Problem("invalid_value", "export.bad_encoding", field="encoding", format=kind.name)
    return plain
