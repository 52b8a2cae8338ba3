"""The mark of a numbered copy in the mains that a grant opened, as in every other copy."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import shapely

from gridwarden.database import Caller
from gridwarden.layers.export.copies import copy_of
from gridwarden.layers.export.target import target_of
from gridwarden.settings import Settings


def marked(told: Mapping[str, Any], caller: Caller, settings: Settings) -> tuple[list[Any], str]:
    """The features of `api.granted_mains` (degrees), the copy's mark in their vertices, and what
    is said of the copy.
    """
    said = told["copy"]
    at = datetime.fromisoformat(said["at"])
    copy = copy_of(said["number"], caller, at, said["why"], settings)
    target = target_of("crs84", "crs", settings.crs)
    features = told["features"]
    shapes = shapely.from_geojson([json.dumps(one["geometry"]) for one in features])
    shapes = copy.marked([one["id"] for one in features], shapes, target)
    digits = target.digits or 0
    shapes = shapely.transform(shapes, lambda places: np.round(places, digits))
    texts = shapely.to_geojson(shapes)
    whole = [one | {"geometry": json.loads(t)} for one, t in zip(features, texts, strict=True)]
    return whole, copy.text
