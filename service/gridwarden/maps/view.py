"""What a heat page shows: the Folium map, and beside it every word, as data for `textContent`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from gridwarden.layers.catalogue import Layer, layers
from gridwarden.maps.cells import WITHHELD, Cell, Heat, measured, side_of
from gridwarden.maps.figure import Pieces
from gridwarden.maps.folium_map import draw
from gridwarden.maps.look import limits, risk_of
from gridwarden.maps.names import Named
from gridwarden.maps.told import Tally
from gridwarden.settings import Settings
from gridwarden.words import known, say
from gridwarden.words.figures import amount, when

SEVERITIES = ("major", "serious", "general")
CERTAINTIES = ("certain", "possible")
LISTED = 7


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the legend."""

    risk: int
    label: str
    extent: str
    cells: int


@dataclass(frozen=True, slots=True)
class HeatView:
    """Everything that `maps/heat.html` puts on the page."""

    heat: Heat
    measure: str
    pieces: Pieces
    legend: tuple[Step, ...]
    zero: int
    no_data: int
    withheld: int
    findings: int
    touched: int
    top: tuple[Mapping[str, Any], ...]
    data: Mapping[str, Any]
    linked: bool
    withheld_words: str
    few: bool
    """Whether figures are withheld because they are few."""
    cells: int
    """How many are shown."""

    @property
    def spoken(self) -> "HeatView":
        """All but the cells themselves, which the map's script and words hold already."""
        return replace(self, heat=replace(self.heat, cells=()), data={})


def family_words(family: str, lang: str) -> str:
    """A rule family's words; a family that a pack brought itself keeps its name."""
    return say(f"family.{family}", lang) if known(f"family.{family}") else family


def measure_words(measure: str, lang: str) -> str:
    """The words of a measure: how often, how heavy, or one family."""
    if measure in ("count", "weighted"):
        return say(f"maps.measure.{measure}", lang)
    return family_words(measure, lang)


def view(
    heat: Heat,
    measure: str,
    backdrop: Mapping[int, Mapping[str, Any]],
    settings: Settings,
    lang: str,
    *,
    linked: bool,
) -> HeatView:
    """Classify, draw and word the cells of one aggregate.

    `linked`: whether the reader may open the list of findings that a cell leads down to.
    """
    heat = replace(heat, cells=tuple(_kept_back(cell, measure) for cell in heat.cells))
    values = [measured(cell.tallies, measure, settings) for cell in heat.cells]
    ends = limits(values)
    risks = [risk_of(value, ends) for value in values]
    empty = [cell for cell, risk in zip(heat.cells, risks, strict=True) if risk == 0]
    few = any(cell.hidden for cell in heat.cells)
    # read from the folder of layers: once a page, not once a name
    known_layers = layers()
    then = heat.cut_off if heat.past else None
    words = [
        _words(heat, cell, value, risk, lang, known_layers, linked=linked, at=then)
        for cell, value, risk in zip(heat.cells, values, risks, strict=True)
    ]
    order = sorted(range(len(values)), key=lambda n: -values[n])
    return HeatView(
        heat=heat,
        measure=measure,
        pieces=draw(heat.cells, risks, backdrop),
        legend=_legend(ends, risks, lang),
        zero=sum(cell.state == 0 for cell in empty),
        no_data=sum(cell.state == 1 for cell in empty),
        withheld=sum(cell.state == WITHHELD for cell in heat.cells),
        findings=sum(cell.count for cell in heat.cells),
        touched=sum(cell.count > 0 for cell in heat.cells),
        top=tuple({"n": n, **words[n]} for n in order[:LISTED] if values[n] > 0),
        data={"cells": words, "words": _spoken(measure, lang), "side": side_of(heat.system)},
        linked=linked,
        withheld_words=say("maps.withheld_few" if few else "maps.withheld", lang),
        few=any(_few(cell) for cell in heat.cells),
        cells=len(heat.cells),
    )


def _kept_back(cell: Cell, measure: str) -> Cell:
    """The cell as this measure shows it: withheld, where its figure is."""
    if measure not in cell.hidden:
        return cell
    return replace(cell, state=WITHHELD, tallies=())


def _spoken(measure: str, lang: str) -> dict[str, str]:
    keys = {
        "family": "maps.head.family",
        "severity": "maps.head.severity",
        "certainty": "maps.head.certainty",
        "n": "maps.head.n",
        "worst": "maps.worst",
        "list": "maps.list_these",
        "none": "maps.none_found",
    }
    spoken = {name: say(key, lang) for name, key in keys.items()}
    return spoken | {"measure": measure_words(measure, lang), "lang": lang}


def _legend(ends: tuple[float, ...], risks: list[int], lang: str) -> tuple[Step, ...]:
    extents = [
        say("maps.up_to", lang, end=amount(ends[0])),
        say("maps.from_to", lang, start=amount(ends[0]), end=amount(ends[1])),
        say("maps.from_to", lang, start=amount(ends[1]), end=amount(ends[2])),
        say("maps.over", lang, start=amount(ends[2])),
    ]
    return tuple(
        Step(risk, say(f"maps.risk.{risk}", lang), extents[risk - 1], risks.count(risk))
        for risk in (1, 2, 3, 4)
    )


def findings_link(cell: Cell, at: datetime | None = None) -> str:
    """The list of findings of one cell or district, as they were known at a moment."""
    place, _, rest = cell.key.partition("/")
    query = {"district": rest} if place == "district" else {"cell": cell.key}
    then = {"at": at.isoformat()} if at else {}
    return f"/findings?{urlencode(query | then)}"


def _words(
    heat: Heat,
    cell: Cell,
    value: float,
    risk: int,
    lang: str,
    known_layers: Mapping[str, Layer],
    *,
    linked: bool,
    at: datetime | None,
) -> dict[str, Any]:
    """One cell in words: title, number, counts, names, what is known of it."""
    title = cell.name or say("maps.outside_districts", lang)
    if not cell.key.startswith("district/"):
        number = "-".join(cell.key.split("/")[1:])
        title = say("maps.cell_in", lang, number=number, place=title)
    return {
        "title": title,
        "value": say("maps.withheld_value", lang) if _few(cell) else amount(value),
        "risk": risk,
        "count": cell.count,
        "rows": [_row(tally, lang) for tally in _sorted(cell.tallies)],
        "worst": [_named(one, lang, known_layers) for one in cell.worst],
        "note": note_of(heat, cell, lang),
        "withheld": cell.state == WITHHELD,
        "href": findings_link(cell, at) if cell.count and linked else None,
    }


def _few(cell: Cell) -> bool:
    """Whether a figure is withheld here because it is few, or would give others away."""
    return cell.state == WITHHELD and bool(cell.hidden)


def _sorted(tallies: tuple[Tally, ...]) -> list[Tally]:
    """By family, then the gravest first; families that are told together at the end."""
    grades, sure = (*SEVERITIES, ""), (*CERTAINTIES, "")
    return sorted(
        tallies,
        key=lambda t: (
            not t.family,
            t.family,
            grades.index(t.severity),
            sure.index(t.certainty),
        ),
    )


def _row(tally: Tally, lang: str) -> list[Any]:
    return [
        family_words(tally.family, lang) if tally.family else say("maps.told_together", lang),
        say(f"severity.{tally.severity}", lang) if tally.severity else "–",
        say(f"certainty.{tally.certainty}", lang) if tally.certainty else "–",
        tally.n,
    ]


def _named(one: Named, lang: str, known_layers: Mapping[str, Layer]) -> list[str]:
    return [subject_words(one, lang, known_layers), say(f"severity.{one.severity}", lang)]


def subject_words(one: Named, lang: str, known_layers: Mapping[str, Layer]) -> str:
    """What a subject is called: its name or code, else its layer and number, else its layer."""
    layer = known_layers.get(one.layer)
    title = layer.title.in_(lang) if layer else one.layer
    return one.name or (title if one.subject_id is None else f"{title} {one.subject_id}")


def _age(heat: Heat, cell: Cell, lang: str) -> str:
    """Of what day the oldest survey here is, how old, and whether it is late."""
    days = heat.age_of(cell)
    if days is None or cell.state == WITHHELD:
        return ""
    told = say("age.cell", lang, day=when(cell.surveyed_on, lang), n=days)
    return told + (say("age.cell_late", lang) if heat.late(cell) else "")


def note_of(heat: Heat, cell: Cell, lang: str) -> str:
    """What is known of a cell's ground: how much is surveyed, and since when."""
    return _note(cell, lang) + _age(heat, cell, lang)


def _note(cell: Cell, lang: str) -> str:
    if cell.state == WITHHELD:
        return say("maps.withheld_few_note" if cell.hidden else "maps.withheld_note", lang)
    share = round(100 * cell.surveyed)
    if share >= 100:
        return say("maps.surveyed_whole", lang)
    if share <= 0:
        return say("maps.surveyed_none", lang)
    return say("maps.surveyed_part", lang, share=share)
