"""Draw what was frozen: the map, its words, and a table of the same figures."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from gridwarden.maps.cells import WITHHELD, Cell, Heat, side_of
from gridwarden.maps.context import heat_context
from gridwarden.maps.told import Tally
from gridwarden.maps.view import HeatView, view
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.figures import amount


def heat_of(frozen: Mapping[str, Any]) -> Heat:
    """The frozen cells as a heat map's, with one figure each."""
    measure = frozen["measure"]
    cells = tuple(_cell(one, measure) for one in frozen["cells"])
    return Heat(
        frozen["system"],
        cells,
        (),
        _moment(frozen["published_at"]),
        _moment(frozen["screened_at"]),
        frozen["waiting"],
        frozen["pack"],
        too_many=frozen["too_many"],
        cut_off=datetime.fromisoformat(frozen["cut_off"]),
    )


def _cell(one: Mapping[str, Any], measure: str) -> Cell:
    family = "" if measure in ("count", "weighted") else measure
    told = () if one["value"] is None else (Tally(family, "", "", one["n"], one["value"]),)
    withheld = frozenset({measure}) if one["state"] == WITHHELD else frozenset[str]()
    return Cell(one["key"], one["shape"], 1.0, one["state"], one["name"], told, hidden=withheld)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def shown(frozen: Mapping[str, Any], settings: Settings) -> HeatView:
    """The map with its words: a cell's title, figure and ground, and no other number."""
    lang = frozen["language"]
    ground = {int(kind): shape for kind, shape in frozen["ground"].items()}
    found = view(heat_of(frozen), frozen["measure"], ground, settings, lang, linked=False)
    for words, one in zip(found.data["cells"], frozen["cells"], strict=True):
        words["rows"], words["note"] = [], one["note"]
    return replace(found, withheld_words=say("maps.withheld_few", lang))


def context(frozen: Mapping[str, Any], found: HeatView, settings: Settings) -> dict[str, Any]:
    """What the templates of an embed and of a file are given."""
    lang = frozen["language"]
    weights = {name: f"{weight:g}" for name, weight in frozen["weights"].items()}
    unit = "districts" if side_of(frozen["system"]) is None else "cells"
    definition = say(
        "maps.measure.definition", lang, **weights, unit=say(f"maps.unit.{unit}", lang)
    )
    return {
        **heat_context(found, settings, lang),
        "definition": definition,
        "dates": found.heat,
        "fresh_line": frozen["records"],
        "place": frozen["place"],
        "systems": (),
        "mark": say("embeds.mark", lang),
        "rows": rows_of(found),
        "withheld": [one["title"] for one in found.data["cells"] if one["withheld"]],
    }


def rows_of(found: HeatView) -> list[tuple[str, str, str]]:
    """Place, figure and class of every cell that has something, most first."""
    lang = found.data["words"]["lang"]
    rows = [
        (words["title"], words["value"], say(f"maps.risk.{words['risk']}", lang))
        for words in found.data["cells"]
        if words["risk"]
    ]
    return sorted(rows, key=lambda one: -_number(one[1]))


def _number(text: str) -> float:
    return float(text.replace("\u202f", ""))


def sentence(found: HeatView) -> str:
    """The figures in a line, for a picture."""
    lang = found.data["words"]["lang"]
    unit = say("maps.unit.districts" if found.data["side"] is None else "maps.unit.cells", lang)
    more = say("maps.withheld_more", lang, n=found.withheld) if found.few else ""
    told = say(
        "maps.heat.sentence",
        lang,
        findings=amount(found.findings),
        touched=amount(found.touched),
        cells=amount(len(found.heat.cells)),
        unit=unit,
    )
    return f"{told} {more}".strip()
