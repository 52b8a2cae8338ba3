"""GeoJSON and GeoPackage as they were, with a reason beside each rejected row; and, for the other
formats, a GeoPackage of the rejected rows alone."""

import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely

from gridwarden.intake.formats.batch import Source
from gridwarden.intake.sent_back.as_read import AsRead
from gridwarden.intake.sent_back.ours import ours
from gridwarden.intake.sent_back.telling import Reject

LAYER: Final = "gridwarden"


def mark_geojson(
    source: Path, target: Path, *, encoding: str, rejects: Mapping[int, Reject], reason: str
) -> bool:
    """Write a FeatureCollection anew with a property more; False for a file of another form."""
    document = json.loads(source.read_bytes().decode(encoding).removeprefix("\ufeff"))
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or not all(isinstance(f, dict) for f in features):
        return False
    for number, feature in enumerate(features, start=1):
        properties = feature.get("properties") or {}
        kept = {name: value for name, value in properties.items() if not ours(name)}
        if number in rejects:
            kept[reason] = rejects[number].words
        if kept or properties:
            feature["properties"] = kept
    target.write_text(json.dumps(document, ensure_ascii=False, indent=1), "utf-8")
    return True


def mark_geopackage(
    source: Path, target: Path, *, layer: str, rejects: Mapping[int, Reject], reason: str
) -> bool:
    """Copy a GeoPackage and give its layer a column more; False where the layer is no table.

    The copy's triggers are taken away while it is written and put back unread: they call functions
    that only GIS programs have, and what a stranger's trigger does nobody knows.
    """
    shutil.copyfile(source, target)
    with closing(sqlite3.connect(target, isolation_level=None)) as c:
        c.execute("pragma trusted_schema = off")
        named = "select 1 from sqlite_master where type = 'table' and name = ?"
        if c.execute(named, (layer,)).fetchone() is None:
            return False
        c.execute("begin")
        kept = "select name, sql from sqlite_master where type = 'trigger' and tbl_name = ?"
        triggers = c.execute(kept, (layer,)).fetchall()
        for name, _ in triggers:
            c.execute(f"drop trigger {_quoted(name)}")
        table = _quoted(layer)
        there = [row[1] for row in c.execute(f"pragma table_info({table})").fetchall()]
        for old in filter(ours, there):
            c.execute(f"update {table} set {_quoted(old)} = null")  # noqa: S608 (quoted)
        if reason not in there:
            c.execute(f"alter table {table} add column {_quoted(reason)} text")
        at = c.execute(f"select rowid from {table} order by rowid").fetchall()  # noqa: S608
        c.executemany(
            f"update {table} set {_quoted(reason)} = ? where rowid = ?",  # noqa: S608
            ((rejects[n].words, at[n - 1][0]) for n in rejects if 0 < n <= len(at)),
        )
        for _, sql in triggers:
            c.execute(sql)
        c.execute("commit")
    return True


def rejected_only(
    source: Source,
    target: Path,
    as_read: AsRead,
    *,
    rejects: Mapping[int, Reject],
    reason: str,
    only: str,
) -> None:
    """Write the rejected rows, as they were read, into a GeoPackage of their own.

    Their shapes stay in the system that they were read in, which this file names whatever the
    sender's said, and stand east first, as GeoPackage has it.
    """
    import pyogrio

    rows = list(_chosen(source, rejects))
    names = [name for name in source.fields if name not in source.places and not ours(name)]
    columns = [[_plain(values.get(name)) for _, values, _ in rows] for name in names]
    columns.append([rejects[number].words for number, _, _ in rows])
    columns.append([str(number) for number, _, _ in rows])
    shapes = np.array([shape for _, _, shape in rows], dtype=object)
    if as_read.first_is_north(source.claim):
        shapes = shapely.transform(shapes, lambda places: places[:, ::-1])
    pyogrio.raw.write(
        str(target),
        geometry=shapely.to_wkb(shapes),
        field_data=[np.array(column, dtype=object) for column in columns],
        fields=[*_apart(names), reason, only],
        geometry_type="Unknown",
        crs=as_read.system(source.claim),
        driver="GPKG",
        layer=LAYER,
        # Names that no field of the sender has.
        layer_options={"FID": "gridwarden_number", "GEOMETRY_NAME": "gridwarden_shape"},
    )


def _apart(names: Sequence[str]) -> list[str]:
    """Names of columns: SQLite tells no capital letter from a small one."""
    out: dict[str, str] = {}
    for name in names:
        spelt, n = name, 1
        while spelt.casefold() in out:
            n += 1
            spelt = f"{name}_{n}"
        out[spelt.casefold()] = spelt
    return list(out.values())


def _chosen(
    source: Source, rejects: Mapping[int, Reject]
) -> Iterator[tuple[int, dict[str, Any], Any]]:
    for batch in source.batches():
        for i, number in enumerate(batch.numbers):
            if number in rejects:
                values = {name: column[i] for name, column in batch.columns.items()}
                yield number, values, batch.shapes[i]


def _plain(value: Any) -> str | None:
    return None if value is None else str(value).encode("utf-8", "replace").decode("utf-8")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
