"""Of every kind of thing that a path can name: one that is a role's own, and one that is not.

A kind that `objects.toml` declares with a `foreign` status needs both here, else the walk fails.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

from conftest import bearer, make_key, owner
from gridwarden.settings import Settings

X, Y = 500_000.0, 3_420_000.0
ELSEWHERE = 30_000.0
"""How far east, m, the other company's and the other district's things stand."""
MISSING = 999_999_999


@dataclass
class World:
    """Two companies, two districts and two grids; every role's key belongs to the first of each."""

    settings: Settings
    orgs: list[int] = field(default_factory=list)
    districts: list[int] = field(default_factory=list)
    grids: list[int] = field(default_factory=list)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    known: dict[tuple[str, str, bool], str | None] = field(default_factory=dict)

    def key(self, role: str) -> dict[str, str]:
        """The headers of the role's key."""
        if role not in self.headers:
            self.headers[role] = bearer(make_key(self.settings, role, **self.rights(role, 0)))
        return self.headers[role]

    def rights(self, role: str, whose: int) -> dict[str, Any]:
        """Organisations and districts of a key: of the first (0) or the second (1) side."""
        if role in ("utility", "contractor"):
            return {"org_ids": (self.orgs[whose],)}
        if role == "warden":
            return {"grid_ids": (self.grids[whose],)}
        return {"district_ids": (self.districts[whose],)}

    def named(self, kind: str, role: str, *, foreign: bool) -> str | None:
        """What a path names; None where the role knows no such thing (all are its own, or none)."""
        asked = (kind, role, foreign)
        if asked not in self.known:
            with owner(self.settings) as c:
                self.known[asked] = EXAMPLES[kind](self, c, role, int(foreign))
        return self.known[asked]

    def org_of(self, role: str, whose: int) -> int | None:
        """The organisation that a thing of this role is of."""
        return self.orgs[whose] if role == "utility" else None

    def person_of(self, role: str, whose: int) -> str:
        """Who the key's person is, or somebody else of the same role."""
        return f"somebody else {role}" if whose else f"test {role}"


def city_of(settings: Settings) -> World:
    """The world, over an empty migrated city."""
    world = World(settings)
    with owner(settings) as c:
        for n in range(2):
            west = X + n * ELSEWHERE
            ring = f"(({west} {Y}, {west + 9000} {Y}, {west + 9000} {Y + 9000}, {west} {Y}))"
            world.orgs.append(put(c, "organisations", None, name=f"燃气{n}", kind="gas_company"))
            world.districts.append(put(c, "districts", f"MULTIPOLYGON({ring})", name=f"D{n}"))
            world.grids.append(put(c, "warden_grids", f"MULTIPOLYGON({ring})"))
    return world


def put(c: psycopg.Connection[Any], layer: str, wkt: str | None, **row: Any) -> int:
    """One feature, as the owner."""
    named = f"{layer} of {row.get('org_id')}"
    dataset = one(
        c,
        "insert into data.dataset (layer, name, org_id, version) values (%s, %s, %s, 1)"
        " on conflict (layer, name) do update set version = 1 returning id",
        (layer, named, row.get("org_id")),
    )
    columns = ", ".join(["dataset_id", "source_id", *row, "geom"])
    marks = ", ".join(["%s", "gen_random_uuid()::text", *["%s"] * len(row)])
    statement = f"insert into data.{layer} ({columns}) values ({marks}, "
    statement += "st_geomfromtext(%s, 4547)) returning id"
    return int(one(c, statement, (dataset, *row.values(), wkt)))


def one(c: psycopg.Connection[Any], statement: str, values: Any = ()) -> Any:
    """One value."""
    row = c.execute(statement, values).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return row[0]


def job(world: World, c: Any, role: str, whose: int) -> str | None:
    """Whoever keeps the service running sees how far all are."""
    if role == "administrator" and whose:
        return None
    return queued(world, c, role, whose)


def queued(world: World, c: Any, role: str, whose: int) -> str:
    org = world.org_of(role, whose)
    return str(
        one(
            c,
            "insert into data.job (kind, state, role, person, org_ids, finished_at) values"
            " ('screen', 'finished', %s, %s, %s, now()) returning id",
            (f"gridwarden_{role}", world.person_of(role, whose), [org] if org else []),
        )
    )


def brought(world: World, c: Any, role: str, whose: int) -> str:
    made = "insert into data.import (layer, dataset, ask, org_id, file_name, bytes, sha256, role,"
    made += " person, job_id, state, dry_run) values ('roads', 'r', '{}', %s, 'r.csv', 1, 'x', %s,"
    made += " %s, %s, 'checked', true) returning id"
    org, person = world.org_of(role, whose), world.person_of(role, whose)
    number = queued(world, c, role, whose)
    return str(one(c, made, (org, f"gridwarden_{role}", person, number)))


def habit(world: World, c: Any, role: str, whose: int) -> str:
    org, person = world.org_of(role, whose), world.person_of(role, whose)
    made = "insert into data.habit (sender, org_id, role, person, layer, kind, signature, fields,"
    made += " mapping, constants) values (%s, %s, %s, %s, 'roads', 'csv', gen_random_uuid()::text,"
    made += " '[]', '{}', '{}') returning id"
    return str(one(c, made, (f"{role} {whose}", org, f"gridwarden_{role}", person)))


def webhook(world: World, c: Any, role: str, whose: int) -> str:
    secret = make_key(world.settings, role, **world.rights(role, whose))
    made = "insert into data.webhook (credential_id, url, secret, seen) select id, %s, 'x', 0"
    made += " from access.credential where hash = sha256(%s::bytea) returning id"
    if whose:
        change = "update access.credential set person = %s where hash = sha256(%s::bytea)"
        c.execute(change, (world.person_of(role, whose), secret.encode()))
    return str(one(c, made, ("https://example.com/hook", secret.encode())))


def dataset(world: World, c: Any, role: str, whose: int) -> str | None:
    """Of mains: a company's own, or another's; others know the bureau's alone, or none."""
    if role == "utility":
        main(world, c, whose)
        layer, name = "gas_pipelines", f"gas_pipelines of {world.orgs[whose]}"
    elif whose and role != "supervisor":
        main(world, c, 1)
        layer, name = "gas_pipelines", f"gas_pipelines of {world.orgs[1]}"
    elif whose:
        return None
    else:
        put(c, "roads", f"MULTILINESTRING(({X} {Y}, {X + 9} {Y}))")
        layer, name = "roads", "roads of None"
    query = "select id from data.dataset where layer = %s and name = %s"
    return str(one(c, query, (layer, name)))


def main(world: World, c: Any, whose: int) -> int:
    west = X + 100 + whose * ELSEWHERE
    line = f"MULTILINESTRING(({west} {Y + 50}, {west + 90} {Y + 50}))"
    return put(c, "gas_pipelines", line, org_id=world.orgs[whose], code=f"M{whose}")


def item(world: World, c: Any, role: str, whose: int) -> str | None:
    """A layer and a feature of it, as `layer/id`: a main, or what stands outside the own ground."""
    if role in ("utility", "supervisor"):
        return f"gas_pipelines/{main(world, c, whose)}"
    if role not in ("inspector", "warden") and whose:
        return None
    if role == "administrator":
        return None
    place = f"POINT({X + 100 + whose * ELSEWHERE} {Y + 50})"
    return f"charging_sheds/{put(c, 'charging_sheds', place)}"


def row(world: World, c: Any, role: str, whose: int) -> str | None:
    """A layer and a feature of it that has a page, as `layer/id`."""
    if role == "administrator" or (whose and role not in ("inspector", "warden")):
        return None
    place = f"POINT({X + 100 + whose * ELSEWHERE} {Y + 50})"
    return f"charging_sheds/{put(c, 'charging_sheds', place)}"


def local(world: World, c: Any, role: str, whose: int) -> str:
    """A company's own plane coordinates, or the office's."""
    org = world.orgs[whose] if role == "utility" else world.orgs[1] if whose else None
    made = "insert into data.local_system (name, org_id, version, crs, north_first, points,"
    made += " parameters, scale, rotation_deg, rmse_m, checked, accuracy_m)"
    made += " values (gen_random_uuid()::text, %s, 1, 'EPSG:4547', false, '[]', '{}', 1, 0, 0,"
    made += " false, 1) returning id"
    return str(one(c, made, (org,)))


def finding(world: World, c: Any, role: str, whose: int) -> str | None:
    if role == "planner" and whose:
        return None
    of_main = role in ("utility", "dispatcher") and (role == "utility" or bool(whose))
    made = "insert into data.finding (family, layer, subject_id, main_id, severity, certainty,"
    made += " distance_band, org_id, district_id, x, y) values ('site_near_main',"
    made += " 'construction_sites', floor(random() * 1e9), %s, 'major', 'certain', '0-5', %s, %s,"
    made += " %s, %s) returning id"
    org = world.orgs[whose] if of_main else None
    place = X + 100 + whose * ELSEWHERE
    number = one(c, made, (7 if of_main else None, org, world.districts[whose], place, Y + 50))
    exact = "insert into data.finding_exact (finding_id, pack, pack_version, rule, row_id, clause,"
    exact += " edition, verified, missing, assumed, told) select %s, r.pack, r.version, r.rule,"
    exact += " min(w.id), '', '', false, '{}', '{}', '{}' from data.rule r join data.rule_row w"
    exact += " on w.rule_id = r.id where r.family = 'site_near_main' group by r.id limit 1"
    c.execute(exact, (number,))
    return str(number)


def cells(world: World, c: Any, role: str, whose: int) -> str | None:
    finer = {"planner": "square-100", "inspector": "square-250", "viewer": "square-500"}
    return finer.get(role) if whose else "districts"


def checked(world: World, c: Any, role: str, whose: int) -> str | None:
    place = X + ELSEWHERE if role == "supervisor" and whose else X
    made = "insert into data.permit_answer (asked_at, role, person, orgs, area, work, verdict,"
    made += " mains, datasets, answer) values (now(), %s, %s, %s, st_setsrid(st_makepoint(%s, %s),"
    made += " 4547), '{\"method\": \"hand\"}', 'clear', '[]', '{}', '{}') returning id"
    org = str(world.orgs[whose]) if role == "utility" else ""
    person = world.person_of(role, whose)
    return str(one(c, made, (role, person, org, place, Y + 50)))


def clip(world: World, c: Any, role: str, whose: int) -> str:
    """An excavation that was given to the first contractor, or by the first giver; or not."""
    place = f"POINT({X + 300 + whose * ELSEWHERE} {Y + 50})"
    number = put(c, "excavations", place, method="hand", code=f"T{whose}", ends_on="2099-01-01")
    made = "insert into data.ticket_holder (excavation_id, org_id, area, ends_on, given_role,"
    made += " given_orgs, given_by) select id, %s, geom, ends_on, %s, %s, 'x' from data.excavations"
    given_role = "supervisor" if role == "supervisor" else "utility"
    orgs = [world.orgs[whose]] if given_role == "utility" else []
    c.execute(made + " where id = %s", (world.orgs[whose], given_role, orgs, number))
    return str(number)


def request(world: World, c: Any, role: str, whose: int) -> str | None:
    """That many mains may leave: a company's, of which the bureau sees all."""
    if whose and role == "supervisor":
        return None
    made = (
        "insert into data.export_request (layer, part, why, km, role, person, org_ids, districts)"
    )
    made += " values ('gas_pipelines', '', 'for the archive', 9, 'gridwarden_utility', 'x', %s, '')"
    return str(one(c, made + " returning id", ([world.orgs[whose]],)))


def grant(world: World, c: Any, role: str, whose: int) -> str:
    """Of a district of the bureau's own, or of another's."""
    made = "insert into data.main_grant (person, district_id, why, granted_by, ends_at) values"
    made += " ('x', %s, 'a new road is drawn', 'y', now() + interval '1 day') returning id"
    return str(one(c, made, (world.districts[whose],)))


def bulk(world: World, c: Any, role: str, whose: int) -> str:
    """An act on many cases that the key's person did, or somebody else."""
    made = "insert into data.bulk_act (id, role, person, org_ids, kind, told, cases, left_out)"
    made += " values (gen_random_uuid(), %s, %s, %s, 'act', '{}', 0, 0) returning id"
    return str(one(c, made, _asked_by(world, role, whose)))


def sheet(world: World, c: Any, role: str, whose: int) -> str:
    made = "insert into data.hazard_sheet (role, person, org_ids, file_name, sha256, language,"
    made += " rows, report) values (%s, %s, %s, 'x.xlsx', 'x', 'zh', '[]', '[]') returning id"
    return str(one(c, made, _asked_by(world, role, whose)))


def their_list(world: World, c: Any, role: str, whose: int) -> str:
    made = "insert into data.their_list (role, person, org_ids, sender, file_name, sha256, columns,"
    made += " notes) values (%s, %s, %s, 'x', 'x.csv', 'x', '{}', '[]') returning id"
    return str(one(c, made, _asked_by(world, role, whose)))


def saved_view(world: World, c: Any, role: str, whose: int) -> str:
    made = "insert into data.hazard_saved_view (role, person, name, query, columns, shared)"
    made += " values (%s, %s, gen_random_uuid()::text, '', '{}', false) returning id"
    return str(one(c, made, _asked_by(world, role, whose)[:2]))


def _asked_by(world: World, role: str, whose: int) -> tuple[str, str, list[int]]:
    org = [world.orgs[whose]] if role in ("utility", "contractor") else []
    return f"gridwarden_{role}", world.person_of(role, whose), org


def hazard(world: World, c: Any, role: str, whose: int) -> str:
    """A case of the role's organisation, grid or district, or of another's."""
    org = world.orgs[whose] if role in ("utility", "contractor") else None
    made = "insert into data.hazard_case (state, family, source, category, district_id, grid_id,"
    made += " org_id, place, found_at, entered_at, changed_at) values ('registered', 'report.x',"
    made += " 'report', 'other', %s, %s, %s, st_setsrid(st_makepoint(%s, %s), 4547), now(), now(),"
    made += " now()) returning id"
    place = (X + 100 + whose * ELSEWHERE, Y + 50)
    return str(one(c, made, (world.districts[whose], world.grids[whose], org, *place)))


def proof(world: World, c: Any, role: str, whose: int) -> str:
    """One of a case, of the case's own number; its file is not there."""
    case = int(hazard(world, c, role, whose))
    made = "insert into data.hazard_proof (id, case_id, kind, sha256, preview, name, media, bytes,"
    made += " within_m, checks, role, person, orgs, at, day) overriding system value values"
    made += " (%s, %s, 'after', repeat('0', 64), repeat('0', 64), 'x', 'image/jpeg', 1, 50, '{}',"
    made += " 'x', 'x', '{}', now(), current_date) returning id"
    return str(one(c, made, (case, case)))


def listing(world: World, c: Any, role: str, whose: int) -> str:
    made = "insert into data.listing (list_no, case_id, level, supervisor, why, deadline,"
    made += " progress_days, decision_due, escalate_on, listed_at, listed_day, entered_day) values"
    made += " (gen_random_uuid()::text, %s, 'city', 'x', 'x', '2099-01-01', 7, '2099-01-01',"
    made += " '2099-01-01', now(), current_date, current_date) returning id"
    return str(one(c, made, (int(hazard(world, c, role, whose)),)))


def batch(world: World, c: Any, role: str, whose: int) -> str | None:
    """With one case in it; bureaus, planners and inspectors see every batch, not every case."""
    if whose and role in ("supervisor", "planner", "inspector"):
        return None
    return entry(world, c, role, whose)


def entry(world: World, c: Any, role: str, whose: int) -> str:
    """A case in a batch of its own, both of one number."""
    made = "insert into data.batch (kind, name, day, entered_day, at) values"
    made += " ('solved', 'x', current_date, current_date, now()) returning id"
    number = one(c, made)
    made = "insert into data.batch_item (id, batch_id, case_id, day, entered_day, at) overriding"
    made += " system value values (%s, %s, %s, current_date, current_date, now()) returning id"
    return str(one(c, made, (number, number, int(hazard(world, c, role, whose)))))


Example = Callable[[World, Any, str, int], str | None]
EXAMPLES: Mapping[str, Example] = {
    "jobs": job,
    "imports": brought,
    "habits": habit,
    "webhooks": webhook,
    "datasets": dataset,
    "items": item,
    "rows": row,
    "local": local,
    "findings": finding,
    "cells": cells,
    "checks": checked,
    "clips": clip,
    "export-requests": request,
    "main-grants": grant,
    "hazards": hazard,
    "bulk": bulk,
    "sheets": sheet,
    "lists": their_list,
    "views": saved_view,
    "proof": proof,
    "listings": listing,
    "batches": batch,
    "entries": entry,
}
BODIES: Mapping[tuple[str, str], Any] = {
    ("PUT", "/api/hazards/{number}/critical-work"): {"work": "lifting"},
    ("POST", "/api/hazards/{number}/stage-overrides"): {"to_stage": "x", "why": "it is right"},
    ("POST", "/api/listings/{listing}/steps"): {"step": "progress", "words": "x"},
    ("POST", "/api/batches/{batch}/entries"): {"items": [{"unit": "x"}]},
    ("DELETE", "/api/batches/{batch}/entries/{entry}"): {"why": "by mistake"},
    ("PATCH", "/api/hazards/{number}"): {"description": "x"},
    ("POST", "/api/hazards/{number}/transitions"): {"act": "edit"},
    ("POST", "/api/hazards/bulk/{batch}/undo"): {"dry_run": True},
    ("POST", "/api/hazards/sheets/{sheet}/apply"): {},
    ("POST", "/api/hazards/lists/{list}/pairs"): {"pairs": [{"row": 1, "case": 1}]},
    ("POST", "/api/hazards/lists/{list}/register"): {"row": 1, "category": "gas"},
    ("PUT", "/api/datasets/{dataset_id}/promise"): {"update_days": 30},
    ("POST", "/api/datasets/{dataset_id}/rollback"): {"version": 1},
    ("POST", "/api/imports/{import_id}/answer"): {"remove": 1},
    ("POST", "/api/export-requests/{number}/decision"): {"approve": True, "why": "it is right"},
    ("PATCH", "/ogc/collections/{layer}/items/{feature}"): {"properties": {"name": "x"}},
    ("PUT", "/ogc/collections/{layer}/items/{feature}"): {
        "type": "Feature",
        "properties": {"name": "x"},
        "geometry": None,
    },
}
"""What is sent where a method needs a body to be understood at all."""
