"""GeoJSON: CRS84 as RFC 7946 has it; any other system is named by a `crs` member."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from gridwarden.layers.export.rows import Asked, Rows, said
from gridwarden.layers.export.target import GCJ02, Target


def write_geojson(file: Path, asked: Asked, rows: Iterator[Rows]) -> None:
    """A FeatureCollection, a feature a line, the same as the features API gives."""
    name = json.dumps(asked.content.name)
    crs = _crs_member(asked.target)
    if asked.copy is not None:
        crs += f'"copy":{json.dumps(asked.copy.text, ensure_ascii=False)},'
    with file.open("w", encoding="utf-8") as out:
        out.write(f'{{"type":"FeatureCollection","name":{name},{crs}"features":[\n')
        comma = ""
        for some in rows:
            out.write(comma)
            out.write(",\n".join(_features(asked, some)))
            comma = ",\n" if len(some.ids) or comma else ""
        out.write("\n]}\n")


def _crs_member(target: Target) -> str:
    if target.name == "crs84":
        return ""
    name = target.name if target.name == GCJ02 else f"urn:ogc:def:crs:EPSG::{target.srid}"
    return f'"crs":{{"type":"name","properties":{{"name":"{name}"}}}},'


def _features(asked: Asked, some: Rows) -> Iterator[str]:
    shapes = some.shapes
    if asked.target.digits is not None:
        digits = asked.target.digits
        shapes = shapely.transform(shapes, lambda places: np.round(places, digits))
    geometries = shapely.to_geojson(shapes)
    names = [field.name for field in asked.content.fields]
    as_json = [field.type == "json" for field in asked.content.fields]
    for number, row, geometry in zip(
        some.ids, zip(*some.columns, strict=True), geometries, strict=True
    ):
        properties: dict[str, Any] = {}
        for name, document, value in zip(names, as_json, row, strict=True):
            plain = value is None or isinstance(value, (str, int, float))
            if document and value is not None:
                value = json.loads(value)
            properties[name] = value if plain else said(value, asked.zone)
        text = json.dumps(properties, ensure_ascii=False)
        yield (
            f'{{"type":"Feature","id":{number},"geometry":{geometry or "null"},'
            f'"properties":{text}}}'
        )
