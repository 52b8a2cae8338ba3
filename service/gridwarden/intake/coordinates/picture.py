"""The readings of a held import over the roads, so that a person who knows the place can answer."""

import math
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from gridwarden.database import Caller
from gridwarden.geodesy import WorkingCrs
from gridwarden.intake.coordinates.telling import drawable_question, option_words, question_words
from gridwarden.intake.over_roads import (
    Box,
    Drawn,
    Shapes,
    box_of,
    drawn,
    drawn_over_roads,
    frame_of,
    offset,
    placed,
    roads_are,
)
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.figures import when
from gridwarden.words.picture import wrapped
from gridwarden.words.problems import Problem

_WINDS: Final = ("n", "ne", "e", "se", "s", "sw", "w", "nw")


async def picture_of(request: Request, caller: Caller, document: Mapping[str, Any]) -> Response:
    """The picture of an import's question. Raises Problem `not_found` for one that has none."""
    question, lang = document["question"], caller.language
    settings: Settings = request.app.state.settings
    if not drawable_question(question):
        raise Problem("not_found", "coordinates.picture.none")
    options, working = question["options"], WorkingCrs(settings.crs)
    readings = [placed(one["sample"]["geometries"], working) for one in options]
    frame = frame_of([box_of(one) for one in readings])
    if frame is None:
        raise Problem("not_found", "coordinates.picture.none")
    sets = [
        _reading(i, one, shapes, frame, lang)
        for i, (one, shapes) in enumerate(zip(options, readings, strict=True))
    ]
    name = document["file_name"]
    title = say("coordinates.picture.title", lang, id=document["id"], name=name)

    def caption(dated: date | None) -> tuple[str, ...]:
        asked = question_words(question, lang)
        key = roads_are(caller, dated)
        day = when(dated, lang, zone=settings.time_zone)
        texts = [asked["say"]] if asked else []
        texts.append(say(f"coordinates.picture.{key}", lang, day=day))
        return tuple(line for text in texts for line in wrapped(text, columns=62))

    return await drawn_over_roads(request, caller, title, frame, sets, caption)


def _reading(i: int, one: Mapping[str, Any], shapes: Shapes, frame: Box, lang: str) -> Drawn:
    words, box = option_words(one, lang), box_of(shapes)
    if box is None:
        return drawn(i, shapes, frame, words)
    outside = box[0] > frame[2] or box[2] < frame[0] or box[1] > frame[3] or box[3] < frame[1]
    if outside:
        east, north = offset(frame, box)
        wind = _WINDS[round(math.degrees(math.atan2(east, north)) / 45) % 8]
        named = say(f"coordinates.wind.{wind}", lang)
        km = f"{math.hypot(east, north) / 1e3:.1f}"
        far = say("coordinates.picture.outside", lang, km=km, wind=named)
        return drawn(i, shapes[:0], frame, f"{words} {far}")
    return drawn(i, shapes, frame, words)
