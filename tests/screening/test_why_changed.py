"""Why a number changed: every finding of the difference in one part, and the parts sum up."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from conftest import bearer, client_of, make_key, owner
from gridwarden.database import Pool, accounts, open_pool
from gridwarden.rules.reading import LoadedPack, parse
from gridwarden.screening import screen
from gridwarden.settings import Settings
from rules.test_publishing import put_in_force

from .conftest import STEEL_MA, SURE, DrawnCity, rectangle

PACK = """
[pack]
id = "trial-city"
version = "1"
title = { en = "Trial", zh = "试用" }
jurisdiction = "CN"
level = "city"
valid_from = 2022-01-01
extends = "cn-city-gas"

[[rule]]
id = "own-tall"
family = "own_tall"
kind = "attribute"
subjects = ["buildings"]
where = [ { column = "height_m", over = 20.0 } ]
strength = 5
clause = ""
edition = ""
verified = false
certainty = "design"
source = "made up"
text = { en = "Tall.", zh = "高。" }
row = [ { severity = "general" } ]

[[rule]]
id = "own-tower"
family = "own_tall"
kind = "attribute"
subjects = ["buildings"]
where = [ { column = "height_m", over = 100.0 } ]
strength = 9
clause = ""
edition = ""
verified = false
certainty = "design"
source = "made up"
text = { en = "Tower.", zh = "塔楼。" }
row = [ { severity = "major" } ]
"""
Key = tuple[str, str, int | None]
PAST, COMING = "2026-01-05", (datetime.now(UTC) + timedelta(days=40)).date().isoformat()


def pack(version: int, tall_m: float) -> LoadedPack:
    """The city's pack by which a building over `tall_m` is tall."""
    text = PACK.replace('version = "1"', f'version = "{version}"')
    return parse({"pack.toml": text.replace("over = 20.0", f"over = {tall_m}")})


@dataclass
class Town:
    """A town with a clock: what was there at each moment is kept as it was read."""

    settings: Settings
    client: TestClient
    runner: asyncio.Runner
    pool: Pool
    drawn: DrawnCity
    headers: dict[str, dict[str, str]]
    moments: list[tuple[datetime, dict[str, dict[Key, str]]]] = field(default_factory=list)
    versions: int = 1
    placed: int = 0

    def screen(self) -> None:
        """Screen everything that waits."""
        self.runner.run(screen(self.pool, "tester"))

    def sql(
        self, statement: str, values: tuple[object, ...] = (), *, corrected: bool = False
    ) -> Any:
        """One transaction, perhaps as a correction; the first column of its first row."""
        with owner(self.settings) as c, c.transaction():
            if corrected:
                c.execute("select set_config('gridwarden.nature', 'correction', true)")
            cursor = c.execute(statement.encode(), values)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None

    def building(self, height_m: float, source_date: str | None = None, **columns: Any) -> int:
        """A building apart from all others."""
        self.placed += 1
        x = 1000 + 30 * self.placed
        shape = rectangle(x, 500, x + 10, 510)
        return self.drawn.add(
            "buildings", shape, height_m=height_m, source_date=source_date, **SURE, **columns
        )

    def now(self) -> datetime:
        """The database's clock, kept with what every role counts."""
        read = {role: self.listed(role) for role in self.headers}
        at = self.sql("select clock_timestamp()").astimezone(UTC)
        self.moments.append((at, read))
        return at

    def listed(self, role: str, **asked: str) -> dict[Key, str]:
        """Grades of the findings that a role lists, by what they are of."""
        answer = self.client.get(
            "/api/findings", params={"limit": 1000, **asked}, headers=self.headers[role]
        )
        assert answer.status_code == 200, answer.text
        return {
            (one["family"], one["layer"], one["subject_id"]): one["severity"]
            for one in answer.json()["items"]
        }

    def why(self, since: datetime, until: datetime, role: str = "planner", **asked: str) -> Any:
        """The answer of `GET /api/findings/changes`."""
        moments = {"from": since.isoformat(), "to": until.isoformat()}
        answer = self.client.get(
            "/api/findings/changes",
            params={"limit": "1000", **moments, **asked},
            headers=self.headers[role],
        )
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def town(module_city: Settings) -> Iterator[Town]:
    """A town with a pack of its own, one main and a building too near it."""
    put_in_force(module_city, pack(1, 20.0))
    drawn = DrawnCity(module_city)
    company = 1
    with asyncio.Runner() as runner, client_of(module_city) as client:
        pool = runner.run(open_pool(module_city, "worker"))
        drawn.main(**STEEL_MA, org_id=company)
        drawn.wall(0.5)
        headers = {
            "planner": bearer(make_key(module_city, "planner")),
            "dispatcher": bearer(make_key(module_city, "dispatcher")),
            "utility": bearer(make_key(module_city, "utility", org_ids=(company,))),
            "supervisor": bearer(make_key(module_city, "supervisor", all_districts=True)),
        }
        made = Town(module_city, client, runner, pool, drawn, headers)
        made.screen()
        yield made
        runner.run(pool.close())


def subjects(document: Any, name: str) -> dict[int, str]:
    """Subjects of one list with what became of them."""
    lists = {**document["parts"], **document["beside"]}
    return {one["subject_id"]: one["act"] for one in lists[name]["items"]}


def sums_up(document: Any) -> None:
    """The parts make the difference, and each list is as long as it says."""
    parts = document["parts"].values()
    assert document["then"] + sum(p["difference"] for p in parts) == document["now"]
    for one in (*parts, *document["beside"].values()):
        assert len(one["items"]) == one["count"]
    for one in parts:
        acts = [row["act"] for row in one["items"]]
        assert one["appeared"] == sum(act in ("appeared", "moved_in") for act in acts)
        assert one["ended"] == sum(act in ("ended", "moved_out") for act in acts)


def test_every_kind_of_cause_stands_in_its_own_part(town: Town) -> None:
    """One building each, by what was done to it."""
    names = ("fell", "fell_before", "torn_down", "never_was", "grew", "regraded", "kept", "rolled")
    there = {name: town.building(30.0, PAST, name=name) for name in names}
    low = {name: town.building(15.0, PAST) for name in ("corrected_up", "by_rule")}
    town.screen()
    since = town.now()
    change = "update data.buildings set height_m = %s, source_date = %s where id = %s"
    new = {"built": town.building(30.0, COMING), "no_day": town.building(30.0)}
    late = {"entered": town.building(30.0, PAST)}
    brief = town.building(30.0, COMING)
    town.sql(change, (15.0, COMING, there["fell"]))
    town.sql(change, (15.0, "2026-02-01", there["fell_before"]))
    town.sql("delete from data.buildings where id = %s", (there["torn_down"],))
    town.sql("delete from data.buildings where id = %s", (there["never_was"],), corrected=True)
    town.sql(change, (15.0, COMING, there["rolled"]), corrected=True)
    town.sql(change, (120.0, COMING, there["regraded"]))
    town.sql(change, (25.0, COMING, there["grew"]))
    town.sql(change, (28.0, PAST, low["corrected_up"]))
    town.screen()
    town.sql("delete from data.buildings where id = %s", (brief,))
    town.screen()
    ruled = town.now()
    town.versions += 1
    put_in_force(town.settings, pack(town.versions, 14.5))
    town.screen()
    town.now()
    # low ones that fell count again by the new rule, and so does the last of those by the rule
    found = town.why(since, town.moments[-1][0], family="own_tall")
    sums_up(found)
    assert subjects(found, "new") == {
        new["built"]: "appeared",
        new["no_day"]: "appeared",
        there["torn_down"]: "ended",
    }
    assert subjects(found, "late") == {late["entered"]: "appeared"}
    assert subjects(found, "corrected") == {
        there["never_was"]: "ended",
        low["corrected_up"]: "appeared",
    }
    assert subjects(found, "rule") == {low["by_rule"]: "appeared"}
    assert subjects(found, "came_and_went") == {brief: "came_and_went"}
    assert subjects(found, "regraded") == {there["regraded"]: "regraded"}
    gone = found["beside"]["came_and_went"]["items"][0]["id"]
    wanted: Any = {"params": {"from": since.isoformat()}, "headers": town.headers["planner"]}
    assert f'href="/findings/{gone}"' in town.client.get("/findings/changes", **wanted).text
    cause = found["parts"]["late"]["items"][0]["cause"]
    assert cause == {"layer": "buildings", "id": late["entered"], "act": "insert"}
    # and of what the rules did no feature is looked for
    asked = "select part from api.finding_changes(%s, now(), 'UTC', null, null, null, null, null)"
    looked = "select pg_stat_get_xact_function_calls(oid) from pg_proc where proname = 'change_of'"
    with accounts.connect_superuser(town.settings, "gridwarden") as c, c.transaction():
        c.execute("set local track_functions = 'all'; set local role gridwarden_planner")
        assert {*c.execute(asked, (ruled,))} == {("rule",)}
        assert c.execute(looked).fetchone() == (None,)


def test_a_number_of_one_grade_counts_who_moved_between_grades(town: Town) -> None:
    one = town.building(30.0, PAST)
    town.screen()
    since = town.now()
    town.sql(
        "update data.buildings set height_m = 120, source_date = %s where id = %s", (COMING, one)
    )
    town.screen()
    until = town.now()
    major = town.why(since, until, severity="major")
    general = town.why(since, until, severity="general")
    sums_up(major)
    sums_up(general)
    assert subjects(major, "new") == {one: "moved_in"}
    assert subjects(general, "new") == {one: "moved_out"}
    both = town.why(since, until)
    assert both["difference"] == 0
    assert subjects(both, "regraded") == {one: "regraded"}


def test_an_ended_finding_is_found_at_its_moment(town: Town) -> None:
    one = town.building(30.0, PAST)
    town.screen()
    since = town.now()
    listed = town.client.get("/api/findings?limit=1000", headers=town.headers["planner"]).json()
    number = next(f["id"] for f in listed["items"] if f["subject_id"] == one)
    town.sql("delete from data.buildings where id = %s", (one,))
    town.screen()
    address = f"/api/findings/{number}"
    for role in ("planner", "dispatcher", "utility"):
        headers = town.headers[role]
        now = town.client.get(address, headers=headers)
        assert (now.status_code, now.json()["form"]) == (200, "ended")
        then = town.client.get(address, params={"at": since.isoformat()}, headers=headers)
        assert (then.status_code, then.json()["subject_id"]) == (200, one)


def test_secrets_of_the_past_stay_secret(town: Town) -> None:
    """A dispatcher never counts what is tied to mains, another company only its own, and a planner
    is told no cause of what it may not read."""
    since = town.now()
    other = bearer(make_key(town.settings, "utility", org_ids=(99,)))
    town.sql(
        "delete from data.buildings where geom && (select st_expand(geom, 5)"
        " from data.gas_pipelines limit 1)"
    )
    town.screen()
    until = town.now()
    asked = {"family": "main_encroachment"}
    counts = {role: town.why(since, until, role, **asked)["then"] for role in town.headers}
    assert counts == {"planner": 1, "dispatcher": 0, "utility": 1, "supervisor": 1}
    town.headers["other"] = other
    assert town.why(since, until, "other", **asked)["then"] == 0
    del town.headers["other"]
    (row,) = town.why(since, until, "planner", **asked)["parts"]["new"]["items"]
    assert "cause" not in row
    (row,) = town.why(since, until, "utility", **asked)["parts"]["new"]["items"]
    assert row["cause"]["act"] == "delete"
    viewer = bearer(make_key(town.settings, "viewer"))
    address = f"/api/findings/changes?from={since.isoformat().replace('+', '%2B')}"
    assert town.client.get(address, headers=viewer).status_code == 403


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "from"),
        ({"from": "soon"}, "from"),
        ({"from": "2026-11-20T00:00:00Z", "to": "2026-11-19T00:00:00Z"}, "from"),
        ({"from": "2126-01-01"}, "from"),
        ({"from": "2026-11-20", "family": "beauty"}, "family"),
        ({"from": "2026-11-20", "list": "all"}, "list"),
        ({"from": "2026-11-20", "colour": "red"}, "colour"),
        ({"from": "2026-11-20", "district": "nowhere"}, "district"),
    ],
)
def test_what_cannot_be_compared_is_refused(town: Town, asked: dict[str, str], field: str) -> None:
    headers = town.headers["planner"]
    for address in ("/api/findings/changes", "/findings/changes"):
        answer = town.client.get(address, params=asked, headers=headers)
        if address == "/findings/changes" and not asked:
            assert answer.status_code == 200
            continue
        assert answer.status_code == 400, answer.text
        assert address.startswith("/findings") or answer.json()["field"] == field


Act = Literal["build", "change", "remove", "rule", "screen", "look"]
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["build", "build", "change", "change", "remove", "rule", "look"]),
        st.integers(0, 5),
        st.sampled_from([10.0, 30.0, 120.0]),
        st.sampled_from([None, PAST, "2026-03-01", COMING]),
        st.booleans(),
    ),
    min_size=4,
    max_size=8,
)


@settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(ACTS)
def test_of_any_history_the_parts_sum_up_and_the_past_is_as_it_was(
    town: Town, acts: list[tuple[Act, int, float, str | None, bool]]
) -> None:
    first = len(town.moments)
    own: list[int] = []
    town.now()
    for act, which, height_m, day, corrected in acts:
        one = own[which % len(own)] if own else 0
        if act == "build":
            own.append(town.building(height_m, day))
        elif act == "change" and own:
            change = "update data.buildings set height_m = %s, source_date = %s where id = %s"
            town.sql(change, (height_m, day, one), corrected=corrected)
        elif act == "remove" and own:
            town.sql("delete from data.buildings where id = %s", (one,), corrected=corrected)
        elif act == "rule":
            town.versions += 1
            put_in_force(town.settings, pack(town.versions, 20.0 if corrected else 40.0))
        else:
            town.screen()
            town.now()
    town.screen()
    town.now()
    here = town.moments[first:]
    for at, read in here:
        for role, then in read.items():
            assert town.listed(role, at=at.isoformat()) == then, json.dumps(acts)
    pairs = [(a, b) for n, a in enumerate(here) for b in here[n + 1 :]]
    for (since, before), (until, after) in pairs[:: max(1, len(pairs) // 4)]:
        for role in ("planner", "dispatcher"):
            found = town.why(since, until, role)
            sums_up(found)
            assert (found["then"], found["now"]) == (len(before[role]), len(after[role]))
            came = after[role].keys() - before[role].keys()
            went = before[role].keys() - after[role].keys()
            rows = [row for part in found["parts"].values() for row in part["items"]]
            keys = [(row["family"], row["layer"], row["subject_id"]) for row in rows]
            assert len(set(keys)) == len(keys)
            assert {
                k
                for k, row in zip(keys, rows, strict=True)
                if row["act"] in ("appeared", "moved_in")
            } == came
            assert {
                k for k, row in zip(keys, rows, strict=True) if row["act"] in ("ended", "moved_out")
            } == went
            graded = {
                k
                for k in before[role].keys() & after[role].keys()
                if before[role][k] != after[role][k]
            }
            regraded = found["beside"]["regraded"]["items"]
            assert {(r["family"], r["layer"], r["subject_id"]) for r in regraded} == graded
