"""Who sees which case, and how much of it; what people report, and where."""

from datetime import date, timedelta
from typing import Any

import pytest

from conftest import owner
from hazards.town import Town
from screening.conftest import SURE, line, rectangle


@pytest.fixture(scope="module")
def cases(town: Town) -> dict[str, int]:
    """One case in each district, and one beside a main of the gas company in the first."""
    near, far = town.house(0), town.house(1)
    pressed = town.add("buildings", rectangle(500, 500, 510, 510), name="SECRETLY BESIDE", **SURE)
    steel = {"pressure_class": "MA", "material": "steel", "od_mm": 20.0, **SURE}
    town.main(line((400, 510.3), (600, 510.3)), org_id=town.orgs[0], **steel)
    town.followed()
    return {
        "here": town.case_of(near)["id"],
        "there": town.sql("select id from data.hazard_case where subject_id = %s", (far,))[0][0],
        "beside": town.case_of(pressed, "main_encroachment")["id"],
    }


def seen(town: Town, role: str, where: int = 0) -> set[int]:
    answer = town.client.get("/api/hazards?limit=1000", headers=town.key(role, where))
    assert answer.status_code == 200, answer.text
    return {one["id"] for one in answer.json()["items"]}


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        ("supervisor", {"here", "beside"}),
        ("inspector", {"here", "beside"}),
        ("planner", {"here", "beside"}),
        ("warden", {"here"}),
        ("utility", {"beside"}),
        ("contractor", set()),
    ],
)
def test_each_role_sees_its_own_cases(
    town: Town, cases: dict[str, int], role: str, sees: set[str]
) -> None:
    assert seen(town, role) & set(cases.values()) == {cases[name] for name in sees}
    for name, number in cases.items():
        answer = town.client.get(f"/api/hazards/{number}", headers=town.key(role))
        assert answer.status_code == (200 if name in sees else 404), (role, name)


def test_others_see_none(town: Town, cases: dict[str, int]) -> None:
    for role in ("dispatcher", "viewer"):
        answer = town.client.get("/api/hazards", headers=town.key(role, all_districts=True))
        assert answer.status_code == 403
    assert seen(town, "supervisor", 1) & set(cases.values()) == {cases["there"]}


def test_beside_a_main_a_planner_reads_the_cell_alone(town: Town, cases: dict[str, int]) -> None:
    for role in ("planner", "inspector"):
        told = town.case(cases["beside"], role)
        hidden = ("subject_id", "layer", "place_words", "grid", "grid_id", "lon", "lat")
        assert told["veiled"] and [told[name] for name in hidden] == [None] * len(hidden)
        assert told["cell"] == "square-500/1001/6801" and told["distance_band"] == "0-5"
        assert "SECRETLY" not in str(told)
        page = town.client.get(f"/hazards/{cases['beside']}", headers=town.key(role)).text
        assert "SECRETLY" not in page
        found = town.client.get("/api/hazards?q=SECRETLY", headers=town.key(role)).json()
        assert found["items"] == []
    for role in ("supervisor", "utility"):
        assert town.case(cases["beside"], role)["place_words"] == "SECRETLY BESIDE"


def test_an_organisation_sees_a_case_from_when_it_is_assigned(
    town: Town, cases: dict[str, int]
) -> None:
    case = town.case(cases["beside"])
    town.done(case, ("supervisor", "register"), ("supervisor", "assess"), ("supervisor", "assign"))
    told = town.case(case["id"], "contractor")
    assert told["place_words"] == "SECRETLY BESIDE" and told["distance_band"] == "0-5"
    assert {one["act"] for one in told["legal"]} >= {"accept", "decline"}
    assert not any(one["rule"] for one in told["evidence"])
    declined = town.move(case, "contractor", "decline", note="not our building")
    assert declined.status_code == 200 and case["state"] == "assessed"
    assert cases["beside"] not in seen(town, "contractor")
    # and the history of a case beside a main tells a planner no place either
    assert "SECRETLY" not in str(town.case(case["id"], "inspector"))


def test_what_is_said_of_a_case_beside_a_main_is_veiled_as_its_place_is(
    town: Town, cases: dict[str, int]
) -> None:
    bureau, words = town.key("supervisor"), "SECRETLY BESIDE"
    case = town.case(cases["beside"])
    if case["state"] == "found":
        town.done(case, ("supervisor", "register"), ("supervisor", "assess"))
    steps = (("assign", {"org_id": town.orgs[1]}), ("plan", {"plan": {"measures": words}}))
    for act, told in steps:
        assert town.move(case, "supervisor", act, **told).status_code == 200, act
    listing = {"case": case["id"], "list_no": "督1号", "level": "county", "supervisor": "李"}
    later = date.today() + timedelta(days=365)
    listing |= {"why": words, "deadline": later.isoformat()}
    listed = town.client.post("/api/listings", json=listing, headers=bureau)
    assert listed.status_code == 201, listed.text
    batch = town.client.post("/api/batches", json={"kind": "solved", "name": "x"}, headers=bureau)
    item = {"case_id": case["id"], "unit": words, "note": words}
    entries = f"/api/batches/{batch.json()['id']}/entries"
    filled = town.client.post(entries, json={"items": [item]}, headers=bureau)
    assert filled.status_code == 200, filled.text
    named = f"/{listed.json()['id']}"
    for path in (
        *(f"/api/hazards/{case['id']}", f"/hazards/{case['id']}", "/api/listings"),
        *(f"/api/listings{named}", f"/listings{named}", entries.removesuffix("/entries")),
    ):
        assert words in town.client.get(path, headers=bureau).text or path == "/api/listings", path
        for role in ("planner", "inspector"):
            answer = town.client.get(path, headers=town.key(role))
            assert answer.status_code == 200 and "SECRETLY" not in answer.text, (path, role)
    assert town.move(case, "contractor", "decline", note="not ours").status_code == 200


def test_cases_are_veiled_for_the_roles_that_findings_are_veiled_for(town: Town) -> None:
    with owner(town.settings) as c:
        definition = "select pg_get_functiondef('api.{}'::regproc)"
        cases = c.execute(definition.format("veils_cases")).fetchone()
        findings = c.execute(definition.format("veils_finding")).fetchone()
    roles = "api.role() in ('planner', 'inspector', 'warden')"
    assert cases is not None and findings is not None
    assert roles in cases[0] and roles in findings[0]


def report(town: Town, role: str, **told: Any) -> Any:
    sent = {"category": "e_bike", "description": "a fly-lead", "source": "patrol", **told}
    return town.client.post("/api/hazards?lang=en", json=sent, headers=town.key(role))


def place(town: Town, east: float, north: float) -> dict[str, float]:
    """A place of the town in degrees."""
    query = "select st_x(p.g), st_y(p.g) from (select st_transform(st_setsrid(st_makepoint("
    query += "500000 + %s, 3400000 + %s), 4547), 4326) as g) p"
    ((lon, lat),) = town.sql(query, (east, north))
    return {"lon": lon, "lat": lat}


def test_a_warden_reports_in_its_own_grid_alone(town: Town, cases: dict[str, int]) -> None:
    made = report(town, "warden", **place(town, 300, 300))
    assert made.status_code == 201, made.text
    told = made.json()
    assert (told["state"], told["source"], told["grid"]) == ("found", "patrol", "格0")
    assert (told["family"], told["standing"], told["found_by"]) == (
        *("report.e_bike", None),
        "test warden",
    )
    assert made.headers["Location"] == f"/api/hazards/{told['id']}"
    outside = report(town, "warden", **place(town, 1300, 300))
    assert outside.status_code == 403
    assert report(town, "warden", lon=2.3, lat=48.8).status_code == 400
    assert report(town, "warden").status_code == 400
    assert report(town, "planner", **place(town, 300, 300)).status_code == 403
    withdrawn = town.move(told, "warden", "withdraw", note="the wrong house")
    assert withdrawn.status_code == 200 and told["state"] == "invalid"


def test_only_who_reported_withdraws(town: Town, cases: dict[str, int]) -> None:
    told = report(town, "warden", **place(town, 320, 320)).json()
    assert town.move(told, "inspector", "withdraw", note="x").status_code == 403
    case = town.case(told["id"], "inspector")
    assert "withdraw" not in {one["act"] for one in case["legal"]}


def test_what_is_reported_again_of_one_subject_joins_its_case_and_opens_it_again(
    town: Town, cases: dict[str, int]
) -> None:
    shed = town.add("charging_sheds", f"POINT({500_000 + 700} {3_400_000 + 700})", name="棚")
    about = {"layer": "charging_sheds", "subject_id": shed}
    first = report(town, "warden", **about)
    again = report(town, "inspector", **about, source="inspection")
    assert (first.status_code, again.status_code) == (201, 200), again.text
    assert first.json()["id"] == again.json()["id"] and again.json()["place_words"] == "棚"
    told = town.case(first.json()["id"])
    assert [one["kind"] for one in told["evidence"]] == ["report", "inspection"]
    assert town.move(told, "inspector", "dismiss", note="gone").status_code == 200
    assert report(town, "warden", **about).status_code == 200
    assert town.case(told["id"])["state"] == "found"
    nothing = report(town, "warden", layer="charging_sheds", subject_id=999_999)
    assert nothing.status_code == 400


def test_an_organisation_reports_what_is_its_own_to_mend(town: Town, cases: dict[str, int]) -> None:
    told = report(town, "contractor", source="self_check", **place(town, 350, 350)).json()
    assert (told["org"], told["source"]) == ("物业", "self_check")
    assert told["id"] in seen(town, "contractor")


@pytest.mark.parametrize(
    ("asked", "n"),
    [
        ("state=found&family=building_water", 1),
        ("state=open&family=building_water", 0),
        ("category=water_system&grade=serious", 1),
        ("grade=general&family=building_water", 0),
        ("district=区0&family=building_water", 1),
        ("district=440101&family=building_water", 1),
        ("district=440102&family=building_water", 0),
        ("grid=440101&family=building_water", 0),
        ("grid=格0&family=building_water", 1),
        ("org=物业&state=assigned", 0),
        ("overdue=true", 0),
        ("due_before=2001-01-01", 0),
        ("reopened=true", 0),
        ("source=monitoring", 0),
        ("q=%25", 0),
    ],
)
def test_the_list_is_narrowed(town: Town, cases: dict[str, int], asked: str, n: int) -> None:
    answer = town.client.get(f"/api/hazards?{asked}", headers=town.key("supervisor"))
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["items"]) == n


@pytest.mark.parametrize(
    "asked",
    [
        *("state=lost", "colour=red", "cursor=x", "sort=colour", "limit=0", "district=nowhere"),
        *("cursor=~1", "due_before=yesterday", "q=%00", "sort=worst&cursor=9 x~1", "overdue=1"),
        *("cursor=2026-01-01~1", "sort=number&cursor=abc~1", "org=nobody"),
    ],
)
def test_what_is_no_question_is_refused(town: Town, asked: str) -> None:
    answer = town.client.get(f"/api/hazards?{asked}", headers=town.key("supervisor"))
    assert answer.status_code in (400, 404), (asked, answer.text)


@pytest.mark.parametrize("sort", ["newest", "oldest", "due", "worst", "number"])
def test_pages_follow_each_other_without_a_gap(
    town: Town, cases: dict[str, int], sort: str
) -> None:
    whole = town.client.get(f"/api/hazards?limit=1000&sort={sort}", headers=town.key("supervisor"))
    following, got = f"/api/hazards?limit=2&sort={sort}", []
    while following:
        answer = town.client.get(following, headers=town.key("supervisor")).json()
        got += [one["id"] for one in answer["items"]]
        following = answer["next"]
    assert got == [one["id"] for one in whole.json()["items"]]


def counters(told: Any, at: str = "") -> dict[str, int]:
    """Every small whole number of an answer, by where it stands."""
    if isinstance(told, dict):
        return {
            k: v for name, one in told.items() for k, v in counters(one, f"{at}/{name}").items()
        }
    if isinstance(told, list):
        return {k: v for n, one in enumerate(told) for k, v in counters(one, f"{at}/{n}").items()}
    return {at: told} if type(told) is int and told < 10**12 else {}


def test_no_number_that_is_told_counts_a_case_that_is_hidden(
    town: Town, cases: dict[str, int]
) -> None:
    """Else a company would see by the next number whether its dig is near another's main."""
    found = []
    for n in range(3):
        if n == 2:
            pressed = town.add("buildings", rectangle(700, 300, 710, 310), **SURE)
            steel = {"pressure_class": "MA", "material": "steel", "od_mm": 20.0, **SURE}
            town.main(line((600, 310.3), (800, 310.3)), org_id=town.orgs[1], **steel)
            town.followed()
            hidden = town.case_of(pressed, "main_encroachment")["id"]
            assert hidden not in seen(town, "utility")
        made = report(town, "utility", source="self_check", **place(town, 360 + 60 * n, 400))
        assert made.status_code == 201, made.text
        found.append(counters(town.case(made.json()["id"], "utility")))
    first, second, third = found
    assert first.keys() == second.keys() == third.keys()
    steps = {at: (second[at] - first[at], third[at] - second[at]) for at in first}
    assert {at: step for at, step in steps.items() if step[0] != step[1]} == {}
