"""What an import would change, over the roads: added, where changed rows lie and lay, removed."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from gridwarden.database import Caller
from gridwarden.geodesy import WorkingCrs
from gridwarden.intake.dry_run.changes import page
from gridwarden.intake.over_roads import (
    box_of,
    drawn,
    drawn_over_roads,
    frame_of,
    placed,
    roads_are,
)
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.figures import when
from gridwarden.words.picture import wrapped
from gridwarden.words.problems import Problem

MOST: Final = 500
KINDS: Final = ("added", "changed", "was", "removed")


async def picture_of(request: Request, caller: Caller, import_id: int) -> Response:
    """The picture of the first changes. Raises Problem as `changes.page`, and `not_found` where
    nothing that changes has a place."""
    settings: Settings = request.app.state.settings
    lang = caller.language
    _, features, _ = await page(
        request.app.state.pool, caller, import_id, after=0, limit=MOST, op=None
    )
    working = WorkingCrs(settings.crs)
    kinds = {kind: placed(given, working) for kind, given in _kinds(features).items()}
    everything = [box_of(shapes) for shapes in kinds.values()]
    frame = frame_of(everything)
    if frame is None:
        raise Problem("not_found", "imports.picture.none")
    sets = [
        drawn(i, kinds[kind], frame, say(f"imports.picture.{kind}", lang, n=n))
        for i, kind in enumerate(KINDS)
        if (n := len(kinds[kind]))
    ]

    def caption(dated: date | None) -> tuple[str, ...]:
        key = roads_are(caller, dated)
        day = when(dated, lang, zone=settings.time_zone)
        return tuple(wrapped(say(f"imports.picture.{key}", lang, day=day, n=MOST), columns=62))

    title = say("imports.picture.title", lang, n=import_id)
    return await drawn_over_roads(request, caller, title, frame, sets, caption)


def _kinds(features: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The geometries of changes by what becomes of them."""
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    of = {"insert": "added", "update": "changed", "delete": "removed"}
    for text in features:
        feature = json.loads(text)
        if feature["geometry"] is not None:
            found[of[feature["properties"]["op"]]].append(feature["geometry"])
        if feature["properties"]["before"] is not None:
            found["was"].append(feature["properties"]["before"])
    return found
