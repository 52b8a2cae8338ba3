"""What the heat page's template is given, for the page and for the stand-alone file."""

import json
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from gridwarden.layers.age import source_line
from gridwarden.maps.cells import Heat, side_of
from gridwarden.maps.view import HeatView, measure_words
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.problems import Problem


def measures_of(found: Heat) -> tuple[str, ...]:
    """What can be measured: weight, number, and each family that has a finding."""
    return ("weighted", "count", *found.families)


def checked_measure(measure: str, found: Heat) -> str:
    """The measure; raises Problem for one that is neither general nor a known family."""
    known = {"weighted", "count", *found.families, *found.judged}
    if measure not in known:
        offered = ", ".join(sorted(known))
        raise Problem("invalid_value", "maps.no_such_measure", field="measure", offered=offered)
    return measure


def heat_context(
    shown: HeatView, settings: Settings, lang: str, at: str | None = None
) -> dict[str, Any]:
    """What both the page and the stand-alone file give to `maps/heat_body.html`."""
    unit = "districts" if side_of(shown.heat.system) is None else "cells"
    present = urlencode({"cells": shown.heat.system, "measure": shown.measure})
    measures = dict.fromkeys((*measures_of(shown.heat), shown.measure))
    return {
        "view": shown,
        "measure_title": measure_words(shown.measure, lang),
        "measures": [(one, measure_words(one, lang)) for one in measures],
        "unit": unit,
        "at": at,
        "place": None,
        "present": at and f"/maps/heat?{present}",
        "linked": shown.linked,
        "mark": say("frame.classification", lang),
        "fresh_line": source_line(shown.heat.fresh, lang) if shown.heat.fresh else None,
        "definition": say(
            "maps.measure.definition",
            lang,
            **{name: f"{weight:g}" for name, weight in settings.severity_weights.items()},
            possible=f"{settings.possible_factor:g}",
            unit=say(f"maps.unit.{unit}", lang),
        ),
        "data": script_json(shown.data),
        # numbers and our own identifiers only: see gridwarden.maps.figure
        "map_body": Markup(shown.pieces.body),
        "map_script": Markup(shown.pieces.script),
    }


def script_json(value: Any) -> Markup:
    """JSON that may stand in a `<script type="application/json">`, with Chinese as it is.

    No text can end the element or open a comment: what HTML reads as a sign is escaped.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text.encode("utf-8", "replace").decode("utf-8"))
