"""How the number of a finding came about, step by step, and why it is certain or possible.

Nothing is judged here: the screen's numbers are taken apart and worded; whether a neighbouring rule
is met is the database's to say (`data.inside`). Metres.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from gridwarden.screening.steps import counted, of_record, step, tidy
from gridwarden.words import say

Found = Mapping[str, Any]
MISSING_ACCURACY_M: Final = 1.0
OF_BAND: Final = (
    *("pack", "pack_title", "level", "rule", "kind", "clause", "edition", "certainty", "verified"),
    *("text", "severity", "method", "inside", "own", "missing", "strength"),
)
ASKED: Final = {"clearance": ("required", "margin"), "absence": ("limit", "margin_left")}
"""What the required number and its margin are called; elsewhere the reach of a range."""
OF_MAINS: Final = frozenset(
    ("pressure_class", "p_mop_mpa", "dn", "od_mm", "wall_mm", "area_class", "material")
)
"""What is taken at its strictest where a main's record lacks it."""
SEVERITIES: Final = ("general", "serious", "major")


def deductions(
    rule: Found, mains: Mapping[str, Found], features: Mapping[str, Found | None], lang: str
) -> list[dict[str, Any]]:
    """What is taken off the distance on the ground, by this rule's way of measuring."""
    taken: list[dict[str, Any]] = []
    if rule["kind"] == "absence":
        return taken
    for side in ("counterpart", "subject"):
        feature = features.get(side)
        if side in mains:
            if rule["measured_from"] == "outer_edge":
                taken.append(_half_of_main(mains[side], side, lang))
        elif feature is not None and feature["dimension"] == 1:
            if rule["measured_to"] == "outer_edge":
                taken.append(_half_of_line(feature, lang))
        elif feature is not None and feature["dimension"] == 0 and rule["measured_to"] != "centre":
            radius = float(rule["point_radius_m"] or 0)
            taken.append(step("point", lang, -radius, radius=radius))
    return taken


def _half_of_main(main: Found, side: str, lang: str) -> dict[str, Any]:
    od = round(2000 * main["edge_m"], 3)
    came = say(
        f"screening.od.{main['od_from']}",
        lang,
        od=f"{od:g}",
        dn="–" if main["dn"] is None else f"{main['dn']:g}",
        material=main["material"] or "–",
    )
    made = step(f"half_{side}", lang, -tidy_edge(main["edge_m"]), came=came)
    return made | {"od_mm": od, "od_from": main["od_from"]}


def tidy_edge(edge_m: float) -> float:
    """Half an outer diameter to 0.01 mm."""
    return round(float(edge_m), 5)


def _half_of_line(feature: Found, lang: str) -> dict[str, Any]:
    properties = feature["properties"]
    od = properties.get("od_mm") or properties.get("dn") or 0
    came = "stated" if properties.get("od_mm") else "nominal" if od else "none"
    words = say(f"screening.od.{came}", lang, od=f"{od:g}", dn=f"{od:g}", material="–")
    return step("half_line", lang, -tidy_edge(od / 2000), came=words) | {
        "od_mm": od,
        "od_from": came,
    }


def construction(
    item: Found,
    rule: Found,
    mains: Mapping[str, Found],
    features: Mapping[str, Found | None],
    lang: str,
) -> list[dict[str, Any]]:
    """The steps of the number: ground, what is taken off, gap, required, margin, accuracy."""
    if "location" in rule["test"]:
        return counted(item, rule, features, lang)
    if rule["kind"] == "attribute":
        return of_record(rule, features["subject"], lang)
    if rule["plane"] == "vertical":
        steps = [*_depths(mains, features, lang), _gap(item, lang, "vertical")]
    elif item["distance_m"] is None:
        steps = [step("none", lang, None)]
    else:
        taken = deductions(rule, mains, features, lang)
        parts = say(f"screening.between.{_between(rule, mains)}", lang)
        steps = [step("ground", lang, ground_of(item, taken), parts=parts), *taken]
        steps.append(_gap(item, lang, "gap"))
    asked, margin = ASKED.get(rule["kind"], ("reach", "margin"))
    steps.append(step(asked, lang, tidy(item["required_m"])))
    if item["distance_m"] is not None:
        steps.append(step(margin, lang, tidy(item["margin_m"])))
    if item["told"].get("people") is not None:
        steps.append(step("people", lang, item["told"]["people"], ""))
    return steps + _accuracy(item, features, lang)


def _gap(item: Found, lang: str, key: str) -> dict[str, Any]:
    return step(key, lang, tidy(item["distance_m"]))


def ground_of(item: Found, taken: Iterable[Found]) -> float:
    """The distance on the ground that a gap was made from, to 0.1 mm; gaps are rounded to that."""
    ground = tidy(float(item["distance_m"]) - sum(one["value"] for one in taken)) or 0.0
    return 0.0 if abs(ground) <= 0.0001 else ground


def _depths(
    mains: Mapping[str, Found], features: Mapping[str, Found | None], lang: str
) -> list[dict[str, Any]]:
    """Where the tops of the two lie, and how thick they are."""
    steps = []
    for side in ("counterpart", "subject"):
        feature = features.get(side)
        if feature is None:
            continue
        depth = feature["properties"].get("depth_top_m")
        key = f"top_{side}" if depth is not None else f"top_{side}_missing"
        steps.append(step(key, lang, tidy(depth)))
        if side in mains:
            od = mains[side]["edge_m"] * 2
        else:
            od = (feature["properties"].get("od_mm") or feature["properties"].get("dn") or 0) / 1000
        steps.append(step(f"thick_{side}", lang, tidy(od)))
    return steps


def _between(rule: Found, mains: Mapping[str, Found]) -> str:
    if len(mains) == 2:
        return "mains"
    if not mains:
        return "centres" if rule["measured_to"] == "centre" else "outlines"
    known = ("foundation", "outer_wall", "centre", "outer_edge")
    return rule["measured_to"] if rule["measured_to"] in known else "edge"


def _accuracy(item: Found, features: Mapping[str, Found | None], lang: str) -> list[dict[str, Any]]:
    if item["accuracy_m"] is None:
        return []
    told = []
    for side in ("subject", "counterpart"):
        feature = features.get(side)
        if feature is not None:
            stated = feature["accuracy_m"]
            key = f"accuracy_{side}" if stated is not None else f"accuracy_{side}_assumed"
            told.append(step(key, lang, MISSING_ACCURACY_M if stated is None else tidy(stated)))
    return [*told, step("accuracy", lang, tidy(item["accuracy_m"]))]


def because(
    item: Found,
    rule: Found,
    features: Mapping[str, Found | None],
    titles: Mapping[str, str],
    lang: str,
) -> list[dict[str, Any]]:
    """Why it is certain, or only possible: each reason with a code and a sentence."""
    said: list[tuple[str, dict[str, Any]]] = []
    of_record = rule["kind"] == "attribute"
    if item["accuracy_m"] is not None and item["distance_m"] is not None:
        said.append((_by_distance(item, rule), _numbers(item)))
        for side in ("subject", "counterpart"):
            feature = features.get(side)
            if feature is not None and feature["accuracy_m"] is None:
                said.append((f"no_accuracy_{side}", {}))
    elif rule["kind"] == "absence":
        said.append(("none_at_all", {}))
    elif of_record:
        said.append((f"record_{item['certainty']}", {}))
    elif item["told"].get("location_class"):
        said.append(("counted", item["told"]))
    for name in item["missing"]:
        strictest = not of_record and name in OF_MAINS
        key = "missing" if strictest else f"missing_{item['certainty']}"
        said.append((key, {"column": titles.get(name, name)}))
    if any(one.get("holds") for one in item["told"].get("relaxations", ())):
        said.append(("relaxed", {}))
    return [{"code": code, "say": say(f"screening.because.{code}", lang, **p)} for code, p in said]


def _by_distance(item: Found, rule: Found) -> str:
    surely = item["by_distance"] == "certain"
    if rule["kind"] == "absence":
        return "beyond_surely" if surely else "beyond_perhaps"
    if surely:
        return "inside_surely"
    return "runs_through" if item["certainty"] == "certain" else "inside_perhaps"


def _numbers(item: Found) -> dict[str, Any]:
    gap, accuracy = float(item["distance_m"]), float(item["accuracy_m"])
    return {
        "least": f"{gap - accuracy:.2f}".replace("-", "−"),
        "most": f"{gap + accuracy:.2f}".replace("-", "−"),
        "required": f"{float(item['required_m']):.2f}",
    }


def told_bands(bands: Iterable[Found]) -> list[dict[str, Any]]:
    """Each pack's bands with the gap that it would measure, and whether that lies inside."""
    return [
        {name: band[name] for name in OF_BAND}
        | {"limit_m": tidy(band["limit_m"]), "gap_m": tidy(band["gap_m"])}
        for band in bands
    ]


def may_move(item: Found, bands: Sequence[Found], *, touching: bool) -> dict[str, Any]:
    """How far the edge may come nearer before the grade gets stricter, and must go away before it
    gets milder, the accuracy counted against both. Null where no band says so, and where the two
    touch: a distance of nought does not tell how far the one reaches into the other.
    """
    move: dict[str, Any] = dict.fromkeys(("nearer", "stricter", "away", "milder"))
    if item["distance_m"] is None or item["accuracy_m"] is None or touching:
        return move
    accuracy, grade = float(item["accuracy_m"]), SEVERITIES.index(item["severity"])
    known = [b for b in bands if b["gap_m"] is not None and b["limit_m"] is not None]
    pulls = [b for b in known if b["kind"] != "absence"]
    nearer = [
        (tidy(b["gap_m"] - accuracy - b["limit_m"]), b["severity"])
        for b in pulls
        if SEVERITIES.index(b["severity"]) > grade and b["inside"] == "no"
    ]
    holding = [b for b in pulls if SEVERITIES.index(b["severity"]) >= grade and b["inside"] != "no"]
    away = max((b["limit_m"] + accuracy - b["gap_m"] for b in holding), default=None)
    if away is not None:
        left = [
            b["severity"]
            for b in pulls
            if SEVERITIES.index(b["severity"]) < grade
            and b["gap_m"] + away - accuracy < b["limit_m"]
        ]
        move |= {
            "away": tidy(max(away, 0)),
            "milder": max(left, key=SEVERITIES.index, default="no"),
        }
    if nearer:
        distance, severity = min(nearer)
        move |= {"nearer": max(distance or 0.0, 0.0), "stricter": severity}
    return move
