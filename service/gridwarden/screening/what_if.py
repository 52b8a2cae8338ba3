"""What a screening would find for a feature that is only proposed: the question, and its answer.

The compiled statements judge the proposal in the database (`api.what_if`), which keeps the question
and makes no feature. Here the question is read strictly, and each finding is told as its
explanation would tell it: every pack's band, and how far the edge may move.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from psycopg import Error as DatabaseError
from psycopg.types.json import Jsonb

from gridwarden.access.audit.seeing import MAINS, saw
from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.intake.located import Around, Located, located, of_document
from gridwarden.intake.places import Place
from gridwarden.intake.values import BadValueError, Converter
from gridwarden.layers.age import age_line
from gridwarden.layers.catalogue import Layer, layers
from gridwarden.screening.constructing import may_move, told_bands
from gridwarden.settings import Settings
from gridwarden.words import known, say
from gridwarden.words.problems import Problem

Q: Final = queries(__package__ or "gridwarden.screening", "what_if.sql")
MEMBERS: Final = ("layer", "feature", "crs", "replaces")
ASKERS: Final = ("utility", "supervisor")
OF_THE_SYSTEM: Final = frozenset(
    ("id", "source_id", "dataset", "dataset_id", "org_id", "version", "extra", "repair", "geom")
)
"""What an exported feature carries besides its layer's columns: left out, never judged."""
TOLD: Final = (
    *("family", "layer", "rule", "kind", "clause", "edition", "verified", "severity", "certainty"),
    *("distance_m", "distance_band", "required_m", "margin_m", "accuracy_m", "missing", "assumed"),
    *("pressure_class", "pressed_length_m", "pressed_area_m2", "counterpart", "rule_certainty"),
)
LARGEST_ID: Final = 2**63 - 1
_DIMENSIONS: Final = {"Point": 0, "LineString": 1, "Polygon": 2}
_WANTED: Final[Mapping[str, tuple[int, ...]]] = {
    "line": (1,),
    "polygon": (2,),
    "any": (0, 1, 2),
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A checked question: `geometry` GeoJSON in the working CRS, `properties` the layer's own."""

    layer: Layer
    geometry: Mapping[str, Any]
    properties: Mapping[str, Any]
    replaces: int | None
    place: Located


def proposable() -> tuple[str, ...]:
    """The layers that a feature can be proposed in: those that have a place."""
    return tuple(one.id for one in layers().values() if one.geometry != "none")


def read_proposal(
    document: object,
    settings: Settings,
    crs: str | None = None,
    place: Place | None = None,
    city: Around | None = None,
) -> Proposal:
    """The proposal that a JSON object makes; `place` takes the place of its feature's geometry.

    Raises Problem naming the member that is wrong, and `refused` (field `crs`) where it cannot be
    told whose coordinates the place has: a proposal lies in one place.
    """
    if not isinstance(document, Mapping):
        raise Problem("bad_request", "what_if.problem.body")
    for member in document:
        if member not in MEMBERS:
            raise Problem(
                "unknown_parameter",
                "what_if.problem.unknown_member",
                field=str(member)[:60],
                known=", ".join(MEMBERS),
            )
    for member in ("layer", "feature"):
        if document.get(member) is None:
            raise Problem("missing_value", "what_if.problem.missing", field=member)
    named = document["layer"]
    if not isinstance(named, str) or named not in proposable():
        known = ", ".join(proposable())
        raise Problem("invalid_value", "what_if.problem.layer", field="layer", known=known)
    layer = layers()[named]
    given = document.get("crs") if crs is None else crs
    if given is not None and not isinstance(given, str):
        raise Problem("invalid_value", "areas.problem.crs", field="crs", found=str(given)[:60])
    feature = document["feature"]
    limit = min(settings.area_km2, 1.0)
    if place is None:
        lies = of_document(feature, given, settings, 0.0, limit, "feature")
    else:
        lies = located(place, given, settings, 0.0, limit, "feature", city)
    if len(lies.readings) > 1:
        raise Problem("refused", "what_if.problem.unlocated", field="crs")
    area = lies.area
    geometry = _geometry(layer, area.geojson())
    properties = _properties(layer, feature, ZoneInfo(settings.time_zone))
    if area.accuracy_m:
        stated = properties.get("accuracy_m")
        joint = float(np.hypot(1.0 if stated is None else stated, area.accuracy_m))
        properties["accuracy_m"] = round(joint, 4)
    return Proposal(layer, geometry, properties, _id(document.get("replaces")), lies)


def _geometry(layer: Layer, found: Mapping[str, Any]) -> dict[str, Any]:
    """The geometry as the layer keeps it: lines and polygons as their Multi forms."""
    kind = str(found["type"]).removeprefix("Multi")
    if _DIMENSIONS[kind] not in _WANTED[layer.geometry]:
        key = f"what_if.problem.geometry_{layer.geometry}"
        raise Problem("invalid_geometry", key, field="feature", layer=layer.id, found=found["type"])
    if layer.geometry == "any" or found["type"] != kind:
        return dict(found)
    return {"type": f"Multi{kind}", "coordinates": [found["coordinates"]]}


def _properties(layer: Layer, feature: object, zone: ZoneInfo) -> dict[str, Any]:
    """The columns that the feature gives, as the importer would read them."""
    given = feature.get("properties") if isinstance(feature, Mapping) else None
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise Problem("invalid_value", "what_if.problem.properties", field="properties")
    columns = {column.name: column for column in layer.all_columns}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name in OF_THE_SYSTEM or value is None:
            continue
        column = columns.get(name)
        if column is None:
            raise Problem(
                "unknown_parameter",
                "what_if.problem.no_column",
                field=str(name)[:60],
                layer=layer.id,
                known=", ".join(columns),
            )
        if isinstance(value, list | dict):
            raise _bad(name, "bad_text")
        try:
            read = Converter(column, zone=zone).one(value)
        except BadValueError as bad:
            raise _bad(name, bad.reason) from None
        values[name] = read.isoformat() if isinstance(read, date | datetime) else read
    return values


def _bad(name: str, reason: str) -> Problem:
    return Problem("invalid_value", f"intake.reason.{reason}", field=name)


def _id(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_ID:
        raise Problem("invalid_value", "what_if.problem.replaces", field="replaces")
    return value


async def judge(pool: Pool, caller: Caller, proposal: Proposal, timeout_ms: int) -> dict[str, Any]:
    """The answer for this caller; a supervisor's look at mains is recorded.

    Raises Problem `not_found` for a replaced feature that is not there or not the caller's.
    """
    feature = {
        "geometry": proposal.geometry,
        "properties": proposal.properties,
        "unlocated": proposal.place.unlocated,
    }
    values = {
        "layer": proposal.layer.id,
        "feature": Jsonb(feature),
        "replaces": proposal.replaces,
    }
    try:
        async with as_caller(pool, caller, timeout_ms) as connection:
            row = await (await connection.execute(Q["what_if"], values)).fetchone()
            await saw(connection, "what-if", _mains(row[0] if row else {}))
    except DatabaseError as error:
        if error.sqlstate == "GW404":
            raise Problem("not_found", "what_if.problem.no_feature", field="replaces") from None
        raise
    assert row is not None
    return answer(row[0], proposal.place, caller.language)


def _mains(found: Mapping[str, Any]) -> Iterator[int]:
    """The mains that an answer tells the exact distance of."""
    told = [*found.get("findings", ()), *found.get("ends", ()), *found.get("begins", ())]
    for one in told:
        beside = one.get("counterpart") or {}
        if beside.get("layer") == MAINS and beside.get("id") is not None:
            yield int(beside["id"])
    for main in (found.get("dig") or {}).get("mains", ()):
        if "id" in main:
            yield int(main["id"])
    if found.get("layer") == MAINS and found.get("replaces") is not None:
        yield int(found["replaces"])


def answer(found: Mapping[str, Any], place: Located, lang: str) -> dict[str, Any]:
    """What the database found, told."""
    dig = found["dig"]
    if dig and place.unlocated and dig["verdict"] == "clear":
        # it may lie beside where it says: what lies there cannot be ruled out
        doubt = "unlocated-bd09" if place.unlocated == "bd09" else "unlocated"
        dig = {**dig, "verdict": "unknown", "doubts": [*dig["doubts"], doubt]}
    return {
        "layer": found["layer"],
        "replaces": found["replaces"],
        "found": found["found"],
        "unmeasured": _unmeasured(found["unmeasured"], lang),
        "findings": [_told(item, lang) for item in found["findings"]],
        "ends": found["ends"],
        "begins": found["begins"],
        "others": [
            {**other, "say": say("what_if.answer.ask_them", lang)} for other in found["others"]
        ],
        "verdict": dig["verdict"] if dig else None,
        "dig": dig,
        "records": [one | {"say": age_line(one, lang)} for one in found["records"]],
        "coordinates": {
            "system": place.readings[0].name,
            "north_first": place.readings[0].north_first,
            "because": [{"key": key, "detail": detail} for key, detail in place.reasons],
            "say": place.said(lang),
        },
        "data": {"rules": found["rules"] or [], "asked_at": found["asked_at"]},
    }


def _unmeasured(left_out: Sequence[Mapping[str, str]], lang: str) -> dict[str, Any] | None:
    """The families of which no distance was judged, and why; None where all were."""
    if not left_out:
        return None
    families = sorted({one["family"] for one in left_out})
    names = [say(f"family.{name}", lang) if known(f"family.{name}") else name for name in families]
    named = ("、" if lang == "zh" else ", ").join(names)
    return {"families": families, "say": say("what_if.answer.unmeasured", lang, families=named)}


def _told(item: Mapping[str, Any], lang: str) -> dict[str, Any]:
    bands = told_bands(item["bands"])
    move = may_move(item, bands, touching=item["touching"])
    told = item["told"]
    return {
        **{name: item[name] for name in TOLD},
        "pack": f"{item['pack']}@{item['pack_version']}",
        "text": item["text"].get(lang),
        "note": (item["note"] or {}).get(lang),
        "heuristic": (item["heuristic"] or {}).get(lang),
        "measures": item["measures"].get(lang, []),
        "verdict": told.get("verdict"),
        "relaxations": told.get("relaxations", []),
        "told": told,
        "bands": [
            {**band, "text": band["text"].get(lang), "pack_title": band["pack_title"].get(lang)}
            for band in bands
        ],
        "edge_may_move_m": move,
    }
