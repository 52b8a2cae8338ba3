"""Writing datasets to files, byte for byte the same on every run.

GeoPackage and GeoJSON by GDAL (through pyogrio), zipped Shapefile in GBK, CSV with lon and lat.
GDAL would write today's date into GeoPackage and DBF files; both are told the reference date.
"""

from __future__ import annotations

import csv
import json
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.raw import write as write_raw
from pyproj import Transformer

from gridwarden.sample.plan import CRS, Numbers, Shapes

DRIVERS = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".shp": "ESRI Shapefile"}
MANY = 20_000


@dataclass
class Dataset:
    """One owner's part of a layer, and the file that carries it.

    Shapes are in the working CRS (metres); a `.csv` without shapes is a plain table. Columns hold
    Python values, None where the source says nothing. `org` is the code of the organisation whose
    dataset it is; None where its rows are of several, or of none.
    """

    name: str
    layer: str
    file: str
    shapes: Shapes | None
    columns: dict[str, list[Any]] = field(default_factory=dict)
    org: str | None = None

    @property
    def rows(self) -> int:
        """How many rows the file has."""
        return len(next(iter(self.columns.values())))


def compact(dataset: Dataset) -> Dataset:
    """The same; many shapes are kept as a GeoPackage, which is read and written faster."""
    if dataset.shapes is None or dataset.rows < MANY:
        return dataset
    return replace(dataset, file=str(Path(dataset.file).with_suffix(".gpkg")))


def write(datasets: Sequence[Dataset], folder: Path, about: dict[str, object], day: date) -> None:
    """Write every file and `city.json`, which lists them in the order of import."""
    folder.mkdir(parents=True, exist_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{day.isoformat()}T00:00:00.000Z"})
    try:
        for dataset in datasets:
            (folder / dataset.file).unlink(missing_ok=True)
            _write_one(dataset, folder / dataset.file, day)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    listed = [
        {
            "file": one.file,
            "layer": one.layer,
            "dataset": one.name,
            "rows": one.rows,
            "org": one.org,
        }
        for one in datasets
    ]
    text = json.dumps(about | {"datasets": listed}, ensure_ascii=False, indent=1)
    (folder / "city.json").write_text(text + "\n", encoding="utf-8")


def _write_one(dataset: Dataset, path: Path, day: date) -> None:
    if path.suffix == ".csv":
        _write_csv(dataset, path)
    elif path.suffix == ".zip":
        with tempfile.TemporaryDirectory() as inside:
            shapefile = Path(inside) / f"{path.stem}.shp"
            options = {"encoding": "GBK", "DBF_DATE_LAST_UPDATE": day.isoformat()}
            _write_gdal(dataset, shapefile, options)
            _zip(sorted(Path(inside).iterdir()), path, day)
    else:
        _write_gdal(dataset, path, {"COORDINATE_PRECISION": "9"} if _is_lonlat(path) else {})


def _is_lonlat(path: Path) -> bool:
    return path.suffix in (".geojson", ".csv")


def lonlat(shapes: Shapes) -> Shapes:
    """The shapes in lon, lat (EPSG:4490 and 4326 agree to centimetres; PROJ shifts neither)."""
    turn = Transformer.from_crs(CRS, 4326, always_xy=True)

    def to_degrees(points: Numbers) -> Numbers:
        return np.stack(turn.transform(points[:, 0], points[:, 1]), axis=1)

    return np.asarray(shapely.transform(shapes, to_degrees), dtype=object)


def _write_gdal(dataset: Dataset, path: Path, options: dict[str, str]) -> None:
    shapes = dataset.shapes
    if shapes is None:
        raise ValueError(f"{dataset.name}: a table without shapes is written as CSV")
    shapes = lonlat(shapes) if _is_lonlat(path) else shapes
    kinds = set(shapely.get_type_id(shapes).tolist())
    fields, values, masks = _arrays(dataset.columns)
    write_raw(
        path,
        geometry=shapely.to_wkb(shapes),
        field_data=values,
        field_mask=masks,
        fields=fields,
        layer=path.stem,
        driver=DRIVERS[path.suffix],
        geometry_type=shapes[0].geom_type if len(kinds) == 1 else "Unknown",
        crs="EPSG:4326" if _is_lonlat(path) else f"EPSG:{CRS}",
        **options,
    )


def _arrays(columns: dict[str, list[Any]]) -> tuple[list[str], list[Any], list[Any]]:
    """Typed arrays for GDAL: whole numbers, numbers, truths or text, with a mask where missing."""
    values, masks = [], []
    for cells in columns.values():
        missing = np.array([cell is None for cell in cells], dtype=bool)
        kinds = {type(cell) for cell in cells if cell is not None}
        if kinds and kinds <= {int, bool}:
            dtype = np.dtype(bool) if kinds == {bool} else np.dtype(np.int32)
            values.append(np.array([cell or 0 for cell in cells], dtype=dtype))
        elif kinds and kinds <= {int, float}:
            values.append(np.array([cell or 0.0 for cell in cells], dtype=np.float64))
        else:
            values.append(np.array(cells, dtype=object))
        masks.append(missing if missing.any() else None)
    return list(columns), values, masks


def _write_csv(dataset: Dataset, path: Path) -> None:
    columns = dict(dataset.columns)
    if dataset.shapes is not None:
        places = shapely.get_coordinates(lonlat(dataset.shapes))
        columns["wgs84_lon"] = [f"{lon:.9f}" for lon in places[:, 0]]
        columns["wgs84_lat"] = [f"{lat:.9f}" for lat in places[:, 1]]
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(columns)
        for row in zip(*columns.values(), strict=True):
            writer.writerow([_plain(cell) for cell in row])


def _plain(cell: Any) -> Any:
    """A cell as CSV has it: nothing where the source says nothing, truths as in JSON."""
    if isinstance(cell, bool):
        return str(cell).lower()
    return "" if cell is None else cell


def _zip(members: list[Path], path: Path, day: date) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for member in members:
            entry = zipfile.ZipInfo(member.name, (day.year, day.month, day.day, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, member.read_bytes())
