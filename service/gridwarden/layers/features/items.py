"""Pages of features: one composed statement a page; PostgreSQL writes the JSON, Python passes it.

Names of views and columns come from the layer's file and go in as identifiers; every value that a
caller gave, down to the corners of a box, is a bound parameter.
"""

import json
from math import ceil, floor
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection, errors, sql
from psycopg.rows import TupleRow

from gridwarden.access.audit.seeing import MAINS
from gridwarden.database import Caller, queries
from gridwarden.layers.catalogue import Layer
from gridwarden.layers.features.crs import CRS84, LON_LAT, Crs, around
from gridwarden.layers.features.parameters import Bulk, ItemsQuery, Period, Window
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.layers.features", "items.sql")
Connection = AsyncConnection[TupleRow]
IDENTITY = ("dataset", "source_id", "version")
TOO_MUCH: Final = "GW403"
"""The state of `api.saw_whole`'s refusal."""
LON_LAT_84 = Crs(CRS84, LON_LAT, north_first=False, geographic=True)


def view_of(layer: Layer, *, past: bool = False) -> sql.Composable:
    """The view through which roles read the layer, or its twin for the transaction's moment."""
    return sql.Identifier("api", f"{layer.id}_at" if past else layer.id)


def shape_in(crs: Crs, working: int) -> sql.Composable:
    """The row's geometry in `crs`, east before north."""
    if crs.srid == working:
        return sql.SQL("f.geom")
    return sql.SQL("st_transform(f.geom, {})").format(sql.Literal(crs.srid))


def columns_of(layer: Layer) -> sql.Composable:
    """A feature's properties: where it comes from, the layer's columns, and the rest as `extra`.

    Never the internal numbers of organisations and datasets.
    """
    own = [sql.SQL("f.") + sql.Identifier(c.name) for c in layer.all_columns]
    dataset = sql.SQL("(select d.name from api.dataset d where d.id = f.dataset_id) as dataset")
    rest = [sql.SQL(f"f.{name}") for name in ("source_id", "version")]
    return sql.SQL(", ").join([*own, dataset, *rest, sql.SQL("f.repair"), sql.SQL("f.extra")])


def feature_in(layer: Layer, crs: Crs, working: int) -> sql.Composable:
    """The expression that writes one row `f` as a GeoJSON feature in `crs`'s own axis order."""
    shape = shape_in(crs, working)
    if crs.north_first:
        shape = sql.SQL("st_flipcoordinates({})").format(shape)
    return sql.SQL(Q["feature"]).format(
        shape=shape, digits=sql.Literal(crs.digits), columns=columns_of(layer)
    )


def page_statement(
    layer: Layer, asked: ItemsQuery, settings: Settings
) -> tuple[sql.Composed, dict[str, Any]]:
    """The statement of one page and its values, all but `links next next_title`."""
    working = settings.crs
    values: dict[str, Any] = {"after": asked.after, "limit": asked.limit}
    values["route"] = f"ogc/collections/{layer.id}/items"
    conditions: list[sql.Composable] = []
    if asked.windows is not None:
        conditions.append(in_windows(asked.windows, working, values))
    if asked.own_area:
        conditions.append(sql.SQL(Q["own_area"]))
    if asked.period is not None:
        values |= {"since": asked.period.since, "until": asked.period.until}
        values["zone"] = settings.time_zone
        conditions += _in_period(layer, asked.period)
    where = sql.SQL("").join(sql.SQL(" and ({})").format(c) for c in conditions)
    statement = sql.SQL(Q["items"]).format(
        seen=seen(layer, settings, asked.bulk, "range_agg(int8range(id, id, '[]'))", values),
        view=view_of(layer, past=asked.at is not None),
        where=where,
        feature=feature_in(layer, asked.crs, working),
    )
    return statement, values


def seen(
    layer: Layer,
    settings: Settings,
    bulk: Bulk | None,
    mains: LiteralString,
    values: dict[str, Any],
) -> sql.Composable:
    """What records the mains of a statement as seen, and counts them in their reader's day unless
    `bulk` is None (an editor's own edit); its values go into `values`. For other layers nothing."""
    if layer.id != MAINS:
        return sql.SQL("null")
    if bulk is None:
        return sql.SQL(Q["seen"]).format(mains=sql.SQL(mains))
    values |= {"reason_km": settings.seen_reason_km, "second_km": settings.seen_second_km}
    values |= {"why": bulk.why, "request": bulk.request, "part": bulk.part}
    return sql.SQL(Q["seen_of_day"]).format(mains=sql.SQL(mains))


def too_much(error: errors.Error, settings: Settings) -> Problem:
    """What is told of mains that did not leave: the database's word, and the day's kilometres."""
    word, _, km = (error.diag.message_primary or "").partition(" ")
    if word in ("why", "second"):
        over = settings.seen_reason_km if word == "why" else settings.seen_second_km
        field = "why" if word == "why" else "request"
        return Problem("forbidden", f"seen.{word}", field=field, km=km, over=f"{over:g}")
    return Problem("forbidden", f"copies.{word}", field="request")


def in_windows(windows: tuple[Window, ...], working: int, values: dict[str, Any]) -> sql.Composable:
    """The condition that row `f` touches one of the windows; their corners go into `values`."""
    touching = [
        _in_window(window, working, f"w{n}_", values)
        for n, window in enumerate(windows)
        if window.box is not None
    ]
    if not touching:
        return sql.SQL("false")
    return sql.SQL("({})").format(sql.SQL(" or ").join(touching))


def _in_window(window: Window, working: int, prefix: str, values: dict[str, Any]) -> sql.Composable:
    """The condition for one window; its corners go into `values` under names with `prefix`."""
    assert window.box is not None
    sides = ("west", "south", "east", "north")
    wide = around(window.box, window.crs, working)
    values |= {prefix + side: v for side, v in zip(sides, window.box, strict=True)}
    values |= {f"{prefix}wide_{side}": v for side, v in zip(sides, wide, strict=True)}
    box = sql.SQL(Q["box"]).format(
        srid=sql.Literal(window.crs.srid),
        **{side: sql.Placeholder(prefix + side) for side in sides},
    )
    return sql.SQL(Q["in_window"]).format(
        around=sql.SQL(", ").join(sql.Placeholder(f"{prefix}wide_{side}") for side in sides),
        working=sql.Literal(working),
        shape=shape_in(window.crs, working),
        box=box,
    )


def _in_period(layer: Layer, period: Period) -> list[sql.Composable]:
    """Begin before its end, end after its begin; `starts_on`/`ends_on` make an interval whose
    missing end is open, any other layer has the first of its dates, at least `source_date`.
    """
    dates = layer.date_columns
    types = {c.name: c.type for c in layer.all_columns}
    interval = "starts_on" in dates and "ends_on" in dates
    first, last = ("starts_on", "ends_on") if interval else ((*dates, "source_date")[0],) * 2
    found: list[sql.Composable] = []
    for column, sign, bound, wanted in (
        (first, "<=", "until", period.until),
        (last, ">=", "since", period.since),
    ):
        if wanted is None:
            continue
        value = sql.SQL("{}::timestamptz").format(sql.Placeholder(bound))
        if types[column] == "date":
            value = sql.SQL("({} at time zone {})::date").format(value, sql.Placeholder("zone"))
        name = sql.SQL("f.") + sql.Identifier(column)
        test = sql.SQL("{} {} {}").format(name, sql.SQL(sign), value)
        if interval:
            test = sql.SQL("({} is null or {})").format(name, test)
        found.append(test)
    return found


def bad_crs(crs: Crs) -> Problem:
    """PostGIS cannot compute in this system, though its name is known."""
    return Problem("invalid_value", "features.bad_crs", field="crs", name=crs.uri)


async def look_first(c: Connection, caller: Caller, layer: Layer, purpose: str) -> None:
    """Record a look at exact mains before they are read, where the role needs one."""
    if layer.readers.get(caller.role) == "look":
        await c.execute(Q["look"], {"purpose": purpose[:500]})


async def page_of(
    c: Connection,
    layer: Layer,
    asked: ItemsQuery,
    settings: Settings,
    links: list[dict[str, str]],
    next_url: str,
    next_title: str,
) -> bytes:
    """One page as GeoJSON. Raises Problem: 400 where PostGIS cannot turn into the asked CRS, 403
    where it is more of the mains in a day than its reader has given a reason for."""
    statement, values = page_statement(layer, asked, settings)
    values |= {"links": json.dumps(links), "next": next_url, "next_title": next_title}
    try:
        cursor = await c.execute(statement, values, binary=True)
        row = await cursor.fetchone()
    except errors.InternalError_:
        raise Problem(
            "invalid_value", "features.bad_crs", field="crs", name=asked.crs.uri
        ) from None
    except errors.ProgramLimitExceeded:
        raise Problem("too_large", "features.page_too_large", field="limit") from None
    except errors.Error as error:
        if error.sqlstate != TOO_MUCH:
            raise
        raise too_much(error, settings) from None
    assert row is not None
    return bytes(row[0])


async def feature_of(
    c: Connection,
    layer: Layer,
    feature_id: int,
    crs: Crs,
    settings: Settings,
    *,
    past: bool = False,
    bulk: Bulk | None = None,
) -> tuple[bytes, int] | None:
    """One feature as GeoJSON and its version, or None where the caller sees none of that id.
    Raises Problem as `page_of`."""
    values: dict[str, Any] = {"id": feature_id}
    values["route"] = f"ogc/collections/{layer.id}/items/{{feature}}"
    itself: LiteralString = "int8multirange(int8range(f.id, f.id, '[]'))"
    statement = sql.SQL(Q["item"]).format(
        seen=seen(layer, settings, bulk, itself, values),
        feature=feature_in(layer, crs, settings.crs),
        view=view_of(layer, past=past),
    )
    try:
        cursor = await c.execute(statement, values, binary=True)
        row = await cursor.fetchone()
    except errors.InternalError_:
        raise bad_crs(crs) from None
    except errors.Error as error:
        if error.sqlstate != TOO_MUCH:
            raise
        raise too_much(error, settings) from None
    return (bytes(row[0]), int(row[1])) if row else None


async def extent_of(c: Connection, layer: Layer, working: int) -> list[float] | None:
    """West, south, east, north in degrees of what the caller sees; None where that is nothing.

    Of mains in thousandths, outwards: the outermost ones are not told by it.
    """
    statement = sql.SQL(Q["extent"]).format(working=sql.Literal(working), view=view_of(layer))
    row = await (await c.execute(statement)).fetchone()
    if row is None:
        return None
    if layer.id == MAINS:
        return [(ceil if n > 1 else floor)(float(v) * 1000) / 1000 for n, v in enumerate(row[0])]
    return [round(float(v), 6) for v in row[0]]
