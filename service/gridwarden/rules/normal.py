"""A pack as the rows that screening and permit checks join."""

from collections.abc import Iterator
from typing import Any

from gridwarden.rules.format import Condition, MainConditions, Pack, Row, Rule
from gridwarden.rules.reading import LoadedPack

Json = dict[str, Any]


def normal(loaded: LoadedPack) -> Json:
    """What `api.publish_rules` reads. Numbers have the digits of the file, days are ISO texts.

    Every key is there, null where there is nothing; only a condition holds just what was written.

    - `pack`: id, version, level, base, extends, title, jurisdiction, valid_from, missing_od_mm,
      point_radius_m, class_system (of a base: the class shown in answers), state, profiles.
    - `classes`: system, class, over_mpa, upto_mpa, closed_below, rank (0 = weakest), title. A
      class holds its lower boundary where closed_below says so; else the class below holds it.
    - `outer_diameters`: material, dn, od_mm; materials that are named by it have none.
    - `figures`: id, unit, value, title, source, certainty; of another pack's, id and value alone.
    - `rules`: rule, family, kind, subjects, counterpart, classes, measured_from, measured_to,
      plane, test {where, counterpart_where, people, location}, strength, clause, edition,
      valid_from, valid_to, verified, certainty, source, text, measures, heuristic, replaces,
      relaxations [id, limit_m, classes, wall_min_mm, agreement, certainty, text, source] and
      rows [row_no, pressure_class, method, dn_over, dn_upto, wall_min_mm, wall_under_mm,
      area_classes, materials, networks, depth_over_m, depth_upto_m, limit_m, figure, points,
      formula, per_depth, over_m, severity, verdict, note].

    Defaults are filled in: the mains as counterpart, the base's first class system, outer edge to
    edge. A row for several classes or methods becomes one row each, and takes over what the rule
    says in `main`. Rows on mains always name networks: their own or the pack's. A main that names
    no network counts as city; that is known, not missing.
    """
    pack = loaded.pack
    head, base = pack.pack, not loaded.extends
    return {
        "pack": {
            "id": head.id,
            "version": head.version,
            "level": head.level,
            "base": base,
            "extends": head.extends,
            "title": head.title.model_dump(),
            "jurisdiction": head.jurisdiction,
            "valid_from": head.valid_from.isoformat(),
            "missing_od_mm": head.missing_od_mm,
            "point_radius_m": head.point_radius_m,
            "class_system": pack.class_system[0].id if base else None,
            "state": head.state,
            "profiles": [profile.model_dump(mode="json") for profile in pack.profile],
        },
        "classes": [
            {
                "system": system.id,
                "class": one.id,
                "over_mpa": one.over_mpa,
                "upto_mpa": one.upto_mpa,
                "closed_below": one.closed_below,
                "rank": rank,
                "title": one.title.model_dump(),
            }
            for system in pack.class_system
            for rank, one in enumerate(system.class_)
        ],
        "outer_diameters": [
            {"material": material, "dn": float(dn), "od_mm": od_mm}
            for material, table in sorted(pack.outer_diameter.items())
            for dn, od_mm in sorted(table.dn.items(), key=lambda item: float(item[0]))
        ],
        "figures": _figures(pack),
        "rules": [_rule(loaded, rule) for rule in pack.rule],
    }


def _figures(pack: Pack) -> list[Json]:
    unset = {"unit": None, "title": None, "source": None, "certainty": None}
    return [
        *(figure.model_dump(mode="json") for figure in pack.figure),
        *({"id": name, "value": value, **unset} for name, value in pack.figures.items()),
    ]


def _rule(loaded: LoadedPack, rule: Rule) -> Json:
    measured = rule.measured
    return {
        "rule": rule.id,
        "family": rule.family,
        "kind": rule.kind,
        "subjects": list(rule.subjects),
        "counterpart": rule.counterpart_layer,
        "classes": loaded.system(rule).id if rule.on_mains else None,
        "measured_from": (measured.from_ if measured else "outer_edge") if rule.distance else None,
        "measured_to": (measured.to if measured else "edge") if rule.distance else None,
        "plane": rule.plane,
        "test": {
            "where": [condition(c) for c in rule.where],
            "counterpart_where": [condition(c) for c in rule.counterpart_where],
            "people": rule.people.model_dump() if rule.people else None,
            "location": rule.location.model_dump(mode="json") if rule.location else None,
        },
        "strength": rule.strength,
        "clause": rule.clause,
        "edition": rule.edition,
        "valid_from": rule.valid_from.isoformat() if rule.valid_from else None,
        "valid_to": rule.valid_to.isoformat() if rule.valid_to else None,
        "verified": rule.verified,
        "certainty": rule.certainty,
        "source": rule.source,
        "text": rule.text.model_dump(),
        "measures": rule.measures.model_dump(mode="json"),
        "heuristic": rule.heuristic.model_dump() if rule.heuristic else None,
        "replaces": list(rule.replaces),
        "relaxations": [
            {
                "id": one.id,
                "limit_m": one.limit_m,
                "classes": list(one.class_) if one.class_ else None,
                "wall_min_mm": one.wall_min_mm,
                "agreement": one.agreement,
                "certainty": one.certainty,
                "text": one.text.model_dump(),
                "source": one.source,
            }
            for one in rule.relaxation
        ],
        "rows": [
            {"row_no": number, **row} for number, row in enumerate(_rows(loaded.pack, rule), 1)
        ],
    }


def condition(one: Condition) -> Json:
    """The keys that were written, as they were written."""
    return one.model_dump(mode="json", by_alias=True, exclude_none=True)


def _rows(pack: Pack, rule: Rule) -> Iterator[Json]:
    """The table with a line for each class and method."""
    shared = rule.main or MainConditions()
    for row in rule.row:
        common = _row(pack, rule, row, shared)
        for class_ in row.class_ or shared.class_ or (None,):
            for method in row.method or shared.method or (None,):
                yield {"pressure_class": class_, "method": method, **common}


def _row(pack: Pack, rule: Rule, row: Row, shared: MainConditions) -> Json:
    def either(key: str) -> Any:
        own = getattr(row, key)
        return getattr(shared, key) if own is None else own

    def texts(key: str) -> list[str] | None:
        found = either(key)
        return None if found is None else list(found)

    networks = texts("network") or list(pack.pack.networks)
    severity = row.severity
    if severity is None:
        severity = "serious" if row.verdict == "prohibited" else "general"
    return {
        "dn_over": either("dn_over"),
        "dn_upto": either("dn_upto"),
        "wall_min_mm": either("wall_min_mm"),
        "wall_under_mm": either("wall_under_mm"),
        "area_classes": texts("area_class"),
        "materials": texts("material"),
        "networks": networks if rule.on_mains else None,
        "depth_over_m": either("depth_over_m"),
        "depth_upto_m": either("depth_upto_m"),
        "limit_m": row.limit_m,
        "figure": row.limit[1:] if row.limit else None,
        "points": [list(point) for point in row.interpolate] if row.interpolate else None,
        "formula": row.formula,
        "per_depth": row.per_depth,
        "over_m": row.over_m,
        "severity": severity,
        "verdict": row.verdict,
        "note": row.note.model_dump() if row.note else None,
    }
