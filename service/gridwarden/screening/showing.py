"""An explanation as a page and as a picture: which words and numbers stand where."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from gridwarden.layers.age import age_line
from gridwarden.screening.explaining import Explained
from gridwarden.screening.picture import (
    Picture,
    Shape,
    dimension_of,
    is_thin,
    scale_of,
    shape_of,
)
from gridwarden.words import known, say
from gridwarden.words.figures import metres, when
from gridwarden.words.picture import bar_of, drawable, wrapped

MAIN_COLOURS: Final = {"zh": "#C2185B", "en": "#B58900"}
MAYBE: Final = (
    *("distance_band", "pressed_length_m", "pressed_area_m2", "counterpart_id", "form", "ended"),
)
"""What a finding lacks that has no main, or whose evidence is not told."""


def family_words(family: str, lang: str) -> str:
    """A rule family's words; one that a pack brought itself keeps its name."""
    return say(f"family.{family}", lang) if known(f"family.{family}") else family


def named(feature: Mapping[str, Any] | None) -> str:
    """What a feature is called: its name or code, else its number; nothing of nothing."""
    if feature is None:
        return "–"
    return feature["name"] or feature["code"] or f"{feature['layer_title']} {feature['id']}"


def context(explained: Explained, lang: str, zone: str | None) -> dict[str, Any]:
    """What `screening/finding.html` shows beside the finding itself."""
    found = explained.finding
    shown: dict[str, Any] = {
        "finding": dict.fromkeys(MAYBE) | found,
        "told": explained.told,
        "family": family_words(found["family"], lang),
        "subject_name": named(found["subject"]),
        "sides": [_side(explained.features["subject"], "subject", lang)],
        "picture": picture_of(explained, lang, zone),
        "first_seen": _moment(found["first_seen"]),
        "until": _moment((found.get("ended") or {}).get("until")),
    }
    if not explained.told:
        return shown | _of_earlier(found, lang)
    if found["counterpart_id"] is not None:
        shown["sides"].append(_side(explained.features["counterpart"], "counterpart", lang))
    return shown | {
        "measured": measured(found, lang),
        "moves": moves(found["edge_may_move_m"], lang),
        "row_for": row_for(found["row"], lang),
        "clause_of": partial(clause_of, lang=lang),
        "how_measured": how_measured(found, lang),
        "screened_at": _moment(found["data"]["screened_at"]),
        "value_of": value_of,
    }


def _of_earlier(found: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """Of one as it was, for who may read its evidence, the numbers and the clause of then."""
    if not isinstance(found.get("rule"), Mapping):
        return {"ruled": False}
    return {
        "ruled": True,
        "measured": measured(found, lang),
        "clause_of": partial(clause_of, lang=lang),
    }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def value_of(step: Mapping[str, Any]) -> str:
    """A step's value with its unit: metres to 0.1 mm, so that a reader can add them up."""
    value, unit = step["value"], step["unit"]
    if step["step"] == "asked":
        return ""
    if value is None:
        return "–"
    if isinstance(value, int | float) and not isinstance(value, bool):
        decimals = 5 if step["step"].startswith("half") else 4
        number = f"{value:.{decimals}f}" if unit == "m" else f"{value:g}"
        return f"{number} {unit}".strip().replace("-", "−")
    return f"{value} {unit}".strip()


def measured(found: Mapping[str, Any], lang: str) -> str:
    """The numbers in one sentence."""
    if found["required_m"] is None:
        return say("screening.page.by_record", lang)
    numbers = {"required": metres(found["required_m"])}
    if found["distance_m"] is None:
        key = "none_near" if found["rule"]["kind"] == "absence" else "depth_unknown"
        return say(f"screening.page.{key}", lang, **numbers)
    numbers |= {"gap": metres(found["distance_m"]), "margin": metres(found["margin_m"])}
    numbers["accuracy"] = metres(found["accuracy_m"])
    kind = found["rule"]["kind"]
    if kind == "absence":
        return say("screening.page.beyond", lang, **numbers)
    key = "measured" if kind == "clearance" else "within" if found["required_m"] else "on"
    return say(f"screening.page.{key}", lang, **numbers)


def moves(move: Mapping[str, Any], lang: str) -> list[str]:
    """How far the edge may move, in sentences."""
    told = []
    if move["nearer"] is not None:
        severity = say(f"severity.{move['stricter']}", lang)
        told.append(
            say("screening.page.nearer", lang, metres=metres(move["nearer"]), severity=severity)
        )
    elif move["away"] is not None:
        told.append(say("screening.page.nearer_none", lang))
    if move["away"] is not None and move["milder"] == "no":
        told.append(say("screening.page.away_no", lang, metres=metres(move["away"])))
    elif move["away"] is not None:
        severity = say(f"severity.{move['milder']}", lang)
        told.append(
            say("screening.page.away", lang, metres=metres(move["away"]), severity=severity)
        )
    return told


def clause_of(rule: Mapping[str, Any], lang: str) -> str:
    """Edition and clause; where none is named, whether there is one to look for."""
    key = "own_figure" if rule["certainty"] == "design" else "no_clause"
    return f"{rule['edition']} {rule['clause']}".strip() or say(f"screening.picture.{key}", lang)


def row_for(row: Mapping[str, Any], lang: str) -> str:
    """For which mains the row is: class, diameters, wall, area class."""
    title = row.get("class_title") or {}
    parts = [title.get(lang) or row.get("pressure_class"), row.get("method")]
    for low, sign_low, high, sign_high, unit in (
        ("dn_over", "DN >", "dn_upto", "DN ≤", ""),
        ("wall_min_mm", "δ ≥", "wall_under_mm", "δ <", " mm"),
        ("depth_over_m", ">", "depth_upto_m", "≤", " m"),
    ):
        for name, sign in ((low, sign_low), (high, sign_high)):
            if row.get(name) is not None:
                parts.append(f"{sign} {row[name]:g}{unit}")
    for name in ("area_classes", "materials"):
        parts.append("/".join(row.get(name) or ()))
    return " · ".join(part for part in parts if part)


def how_measured(found: Mapping[str, Any], lang: str) -> str:
    """From where to where a distance was taken."""
    rule = found["rule"]
    if found["distance_m"] is None and rule["plane"] != "vertical":
        return ""
    plane = say(f"screening.plane.{rule['plane']}", lang)
    if not found["mains"]:
        return plane
    start = say(f"screening.measured_from.{rule['measured_from']}", lang)
    end = say(f"screening.measured_to.{rule['measured_to']}", lang)
    comma = "，" if lang == "zh" else ", "
    return comma.join((start, end, plane))


def _side(feature: Mapping[str, Any] | None, side: str, lang: str) -> dict[str, Any]:
    title = say(f"screening.page.{side}", lang)
    if feature is None:
        return {"title": title, "feature": None, "rows": []}
    unknown = say("screening.page.not_on_record", lang)
    accuracy, dated = feature["accuracy_m"], feature["source_date"]
    rows = [
        (say("screening.page.code", lang), feature["code"]),
        (say("screening.page.name", lang), feature["name"]),
        (say("screening.page.accuracy", lang), unknown if accuracy is None else metres(accuracy)),
        (say("screening.page.source_date", lang), _day(dated, lang) or unknown),
        *((feature["titles"].get(name, name), word) for name, word in feature["words"].items()),
        (say("screening.page.dataset", lang), feature["dataset"]),
        (say("screening.page.version", lang), str(feature["version"])),
        (say("age.records", lang), feature["records"] and age_line(feature["records"], lang)),
    ]
    heading = say("screening.page.side", lang, side=title, layer=feature["layer_title"])
    return {"title": heading, "feature": feature, "rows": [row for row in rows if row[1]]}


def _day(text: str | None, lang: str) -> str:
    return when(datetime.fromisoformat(text).date(), lang) if text else ""


def picture_of(explained: Explained, lang: str, zone: str | None) -> Picture | None:
    """The picture with its words; None where there is nothing to draw, or nobody may see it."""
    drawn, found = explained.drawn, explained.finding
    if drawn is None or not explained.told:
        return None
    scale = scale_of(drawn["height"])
    sides = {side: _shape(found, drawn, side) for side in ("subject", "counterpart")}
    line = drawn["line"]
    from_ends = (
        _taken(found, "subject", sides["subject"]),
        _taken(found, "counterpart", sides["counterpart"]),
    )
    shown = found["distance_m"] is not None and found["rule"]["plane"] == "horizontal"
    dimension = dimension_of(line if shown else None, from_ends, scale)
    return Picture(
        title=drawable(
            say(
                "screening.picture.title", lang, number=found["id"], subject=named(found["subject"])
            )
        ),
        scale=round(scale, 4),
        subject=sides["subject"],
        counterpart=sides["counterpart"],
        band=drawn["band"],
        pressed=drawn["pressed"],
        dimension=dimension,
        number=f"{metres(found['distance_m'])} m",
        bar=bar_of(drawn["height"]),
        legend=_legend(found, drawn, sides, dimension is not None, scale, lang),
        caption=_caption(found, lang, zone),
        colour=MAIN_COLOURS["zh" if lang == "zh" else "en"],
    )


def _shape(found: Mapping[str, Any], drawn: Mapping[str, Any], side: str) -> Shape | None:
    main, feature = found["mains"].get(side), found[side]
    half = radius = 0.0
    if main is not None:
        half = float(main["edge_m"])
    elif feature and feature["dimension"] == 1:
        own = feature["properties"]
        half = (own.get("od_mm") or own.get("dn") or 0) / 2000
    elif feature and feature["dimension"] == 0:
        radius = max(
            (-s["value"] for s in found["construction"] if s["step"] == "point"), default=0.0
        )
    return shape_of(drawn[side], half, radius, gas=main is not None)


def _taken(found: Mapping[str, Any], side: str, shape: Shape | None) -> float:
    """What of the shortest line belongs to a side, and not to the gap."""
    if shape is None:
        main = found["mains"].get(side)
        return float(main["edge_m"]) if main is not None else 0.0
    name = "measured_from" if shape.gas else "measured_to"
    from_edge = found["rule"][name] == "outer_edge"
    return (shape.half_m if from_edge else 0.0) + shape.radius_m


def _legend(
    found: Mapping[str, Any],
    drawn: Mapping[str, Any],
    sides: Mapping[str, Shape | None],
    dimensioned: bool,
    scale: float,
    lang: str,
) -> list[tuple[str, tuple[str, ...]]]:
    rows = [
        (
            _swatch(shape, side, alone=sides["counterpart"] is None),
            wrapped(_called(found, side, shape, scale, lang)),
        )
        for side, shape in sides.items()
        if shape is not None
    ]
    if drawn["band"]:
        location = found["rule"]["location"]
        required = metres(found["required_m"] if location is None else location["each_side_m"])
        key = _band_key(found)
        rows.append(("band", wrapped(say(f"screening.picture.{key}", lang, required=required))))
    gap = metres(found["distance_m"])
    if dimensioned:
        rows.append(("distance", wrapped(say("screening.picture.distance", lang, gap=gap))))
    elif found["rule"]["plane"] == "vertical" and found["distance_m"] is not None:
        rows.append(("distance", wrapped(say("screening.picture.vertical", lang, gap=gap))))
    if drawn["pressed"]:
        length = metres(found.get("pressed_length_m"))
        rows.append(("pressed", wrapped(say("screening.picture.pressed", lang, length=length))))
    return rows


def _swatch(shape: Shape, side: str, *, alone: bool) -> str:
    if shape.kind == "line" and shape.half_m:
        return "main" if shape.gas and (side == "counterpart" or alone) else "subject-main"
    names = {
        "surface": ("subject", "other"),
        "line": ("line", "dashed"),
        "point": ("point", "ring"),
    }
    return names[shape.kind][side == "counterpart"]


def _called(found: Mapping[str, Any], side: str, shape: Shape, scale: float, lang: str) -> str:
    feature = found[side]
    if shape.half_m:
        key = "drawn_thin" if is_thin(shape.half_m, scale) else "drawn_true"
        words = {"layer": feature["layer_title"], "name": named(feature)}
        return say(f"screening.picture.{key}", lang, od=f"{2000 * shape.half_m:g}", **words)
    layer = say(
        "screening.picture.subject", lang, layer=feature["layer_title"], name=named(feature)
    )
    if shape.radius_m:
        layer += " " + say("screening.picture.radius", lang, radius=shape.radius_m)
    return layer


def _band_key(found: Mapping[str, Any]) -> str:
    if found["rule"]["location"] is not None:
        return "band_location"
    if found["rule"]["kind"] == "absence":
        return "band_absence"
    if not found["mains"]:
        return "band_other"
    return "band" if found["rule"]["measured_from"] == "outer_edge" else "band_centre"


def _caption(found: Mapping[str, Any], lang: str, zone: str | None) -> list[str]:
    rule, features = found["rule"], [found["subject"], found["counterpart"]]
    clause = clause_of(rule, lang)
    mark = say("screening.page.verified" if rule["verified"] else "screening.page.unverified", lang)
    unknown = say("screening.page.not_on_record", lang)
    days = [_day(f["source_date"], lang) or unknown if f else "–" for f in features]
    key = "dates" if found["counterpart_id"] is not None else "dates_one"
    screened = _moment(found["data"]["screened_at"])
    known = [f["records"] for f in features if f and f["records"]]
    ages = dict.fromkeys(age_line(one, lang) for one in known)
    lines = [
        say("screening.picture.by", lang, clause=clause) if rule["edition"] else clause,
        say(f"screening.picture.{key}", lang, subject=days[0], counterpart=days[1]),
        say(
            "screening.picture.screened",
            lang,
            when=when(screened, lang, zone=zone, year=True),
            mark=mark,
        ),
        *ages,
    ]
    return [line for text in lines for line in wrapped(text, columns=62)]
