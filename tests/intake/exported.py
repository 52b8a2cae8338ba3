"""A city whose rows go out to a file and come back through the reader, without a new version."""

import asyncio
import tempfile
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import shapely
from psycopg import sql
from psycopg.types.json import Jsonb

from conftest import owner
from gridwarden.database import Caller, Pool, open_pool
from gridwarden.intake.ask import Ask
from gridwarden.intake.coordinates import decided
from gridwarden.intake.formats.source import open_source
from gridwarden.intake.mapping import mapping_of
from gridwarden.intake.rows import Checker
from gridwarden.layers.catalogue import Layer, layers
from gridwarden.layers.export.commands import preparing
from gridwarden.layers.export.sending import to_file
from gridwarden.settings import Settings

T = TypeVar("T")
LIMIT = 1 << 30


@dataclass
class Row:
    """One row of a layer as the table has it. `shape` is in metres of the working CRS."""

    source_id: str
    values: dict[str, Any]
    shape: Any
    extra: dict[str, Any] = field(default_factory=dict)
    repair: str | None = None


class ExportingCity:
    """Puts rows into a layer and takes them out again."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.loop = asyncio.new_event_loop()
        self.pool: Pool = self._run(open_pool(settings, "web"))
        self.caller = Caller("supervisor", "tester", all_districts=True)

    def close(self) -> None:
        self._run(self.pool.close())
        self.loop.close()

    def _run(self, work: Awaitable[T]) -> T:
        return self.loop.run_until_complete(work)

    def hold(self, layer: str, rows: Sequence[Row]) -> None:
        """Make these the only rows of the layer, in its dataset `there`."""
        one = layers()[layer]
        names = ["source_id", *(c.name for c in one.all_columns), "extra", "repair"]
        with owner(self.settings) as c:
            c.execute(sql.SQL("delete from {}").format(_table(one)))
            dataset = c.execute(
                "insert into data.dataset (layer, name, version) values (%s, 'there', 1)"
                " on conflict (layer, name) do update set name = 'there' returning id",
                (layer,),
            ).fetchone()
            assert dataset
            into = sql.SQL("copy {} (dataset_id, {}, geom) from stdin").format(
                _table(one), sql.SQL(", ").join(map(sql.Identifier, names))
            )
            with c.cursor().copy(into) as copy:
                for row in rows:
                    shape = row.shape and shapely.set_srid(row.shape, self.settings.crs)
                    own = [row.values.get(column.name) for column in one.all_columns]
                    wkb = shape and shapely.to_wkb(shape, hex=True, include_srid=True)
                    copy.write_row(
                        (dataset[0], row.source_id, *own, Jsonb(row.extra), row.repair, wkb)
                    )

    def out(self, layer: str, file: Path, **given: str) -> int:
        """Export the layer; returns the rows."""
        prepare = preparing(layers()[layer], self.caller, self.settings, file.name)
        return self._run(
            to_file(self.pool, self.caller, self.settings, file, prepare, lambda done: None, given)
        )

    def back(self, layer: str, file: Path, **asked: Any) -> tuple[list[Row], list[Any]]:
        """What intake reads in a file: rows that fit, and those that do not."""
        one = layers()[layer]
        ask = Ask(layer, "there", **asked)
        with tempfile.TemporaryDirectory() as room:
            source = open_source(
                file,
                file.name,
                Path(room),
                LIMIT,
                from_layer=ask.from_layer,
                encoding=ask.encoding,
            )
            fields = mapping_of(one, source, ask, ZoneInfo(self.settings.time_zone))
            first = next(source.batches(), None)
            reading = None
            if one.geometry != "none" and first is not None:
                decision = decided(source.claim, first.shapes, ask, self.settings)
                assert decision.question is None, (decision, source.claim)
                reading = decision.reading
            rows: list[Row] = []
            rejects: list[Any] = []
            for checked in Checker(one, fields, ask, reading).all(source):
                rows += [_row(one, good) for good in checked.good]
                rejects += checked.rejects
        return rows, rejects


def _row(layer: Layer, good: tuple[Any, ...]) -> Row:
    names = [c.name for c in layer.all_columns]
    _, source_id, *values = good
    own, (extra, repair, geom) = values[: len(names)], values[len(names) :]
    shape = None if geom is None else shapely.from_wkb(geom)
    return Row(source_id, dict(zip(names, own, strict=True)), shape, extra.obj, repair)


def _table(layer: Layer) -> sql.Identifier:
    return sql.Identifier("data", layer.id)


def same(one: Row, other: Row) -> str | None:
    """What differs between two rows; None where nothing does. Places may be 1 mm apart."""
    for name in one.values.keys() | other.values.keys():
        a, b = one.values.get(name), other.values.get(name)
        if a != b or type(a) is not type(b):
            return f"{name}: {a!r} → {b!r}"
    if one.extra != other.extra:
        return f"extra: {one.extra!r} → {other.extra!r}"
    if one.repair != other.repair:
        return f"repair: {one.repair!r} → {other.repair!r}"
    if one.shape is None or other.shape is None:
        return None if one.shape is other.shape else "shape"
    if one.shape.geom_type != other.shape.geom_type:
        return f"{one.shape.geom_type} → {other.shape.geom_type}"
    apart = shapely.hausdorff_distance(one.shape, other.shape)
    return None if apart < 0.001 else f"{apart} m apart"


__all__ = ["ExportingCity", "Row", "date", "datetime", "same"]
