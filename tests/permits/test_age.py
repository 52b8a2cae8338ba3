"""How old the records at a place are: told with every answer, and past the promise never clear."""

from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest

from conftest import owner

from .conftest import EDGE_M, Ground, X, Y, box, cover

STRIPS = count(1)


def strip() -> float:
    """The y of ground that no survey of another test reaches."""
    return Y + 100_000 + 2_000 * next(STRIPS)


def of(found: dict[str, Any], operator: str, layer: str = "coverage") -> dict[str, Any]:
    rows = [r for r in found["records"] if r["operator"] == operator and r["layer"] == layer]
    assert len(rows) == 1, found["records"]
    return rows[0]


def city_day(ground: Ground) -> date:
    with owner(ground.settings) as c:
        row = c.execute("select (now() at time zone %s)::date", (ground.settings.time_zone,))
        return row.fetchone()[0]


@pytest.mark.parametrize(
    ("age", "verdict", "late_days"),
    [(0, "clear", 0), (89, "clear", 0), (90, "clear", 0), (91, "notify", 1), (412, "notify", 322)],
)
def test_records_are_kept_up_to_the_last_day_of_the_promise(
    ground: Ground, age: int, verdict: str, late_days: int
) -> None:
    y = strip()
    cover(ground, "A", y, y + 600, age=age, update_days=90)
    found = ground.ask(box(y + 300))
    today = city_day(ground)
    assert (found["verdict"], found["overdue"]) == (verdict, verdict == "notify")
    assert found["records_age_days"] == age
    assert found["surveyed_on"] == (today - timedelta(days=age)).isoformat()
    row = of(found, "A")
    assert (row["age_days"], row["update_days"], row["late_days"]) == (age, 90, late_days)
    assert row["due_on"] == (today + timedelta(days=90 - age)).isoformat()
    assert row["late"] is (late_days > 0)
    assert "org_id" not in row and "datasets" not in row


def test_late_records_say_so_in_both_languages_and_whom_to_call(ground: Ground) -> None:
    y = strip()
    cover(ground, "A", y, y + 600, age=412, update_days=90)
    found = ground.ask(box(y + 300))
    assert found["say"].startswith(
        "Tell the operator first: records 412 days old (promised every 90);"
    )
    assert "A (0712-119)" in found["say"]
    assert found["says"]["zh"].startswith("须先告知权属单位：资料距今412天（承诺每90天更新）")
    (reason,) = found["reasons"]
    assert (reason["rule"], reason["verdict"]) == ("records-overdue", "notify")
    assert "A: records 412 days old (promised every 90)" in reason["text"]
    assert [contact["operator"] for contact in found["contacts"]] == ["A"]
    page = ground.http.post(
        "/permits/check?lang=zh",
        data={"area": f"{X + 100} {y + 300}", "crs": "EPSG:4547", "method": "mechanical"},
        headers=ground.keys["A"],
    ).text
    assert "资料距今412天（承诺每90天更新）" in page and "已逾期322天" in page


def test_a_fresh_survey_counts_for_its_own_operator_alone(ground: Ground) -> None:
    """What B keeps up does not tell what A has laid since."""
    y = strip()
    cover(ground, "A", y, y + 600, age=412, update_days=90)
    cover(ground, "B", y - 100, y + 700, age=10, update_days=90)
    found = ground.ask(box(y + 300))
    assert (found["verdict"], found["records_age_days"]) == ("notify", 412)
    assert [row["operator"] for row in found["records"]] == ["A", "B"]
    assert [of(found, name)["late"] for name in "AB"] == [True, False]
    cover(ground, "A", y - 50, y + 650, age=20, update_days=90)
    found = ground.ask(box(y + 300))
    assert (found["verdict"], found["records_age_days"]) == ("clear", 20)


def test_fresh_in_part_is_late_where_it_is_not(ground: Ground) -> None:
    y = strip()
    cover(ground, "A", y, y + 1_000, age=412, update_days=90)
    cover(ground, "A", y, y + 500, age=5, update_days=90)
    cover(ground, "A", y + 480, y + 600, age=7, update_days=90)
    across, within = ground.ask(box(y + 498)), ground.ask(box(y + 300))
    assert (across["verdict"], across["records_age_days"]) == ("clear", 7)
    assert (within["verdict"], within["records_age_days"]) == ("clear", 5)
    beyond = ground.ask(box(y + 700))
    assert (beyond["verdict"], beyond["records_age_days"]) == ("notify", 412)
    # a main 50 m away, where the records are old, may have this ground in its range
    assert ground.ask(box(y + 600 - 4 - 40))["verdict"] == "notify"


def test_a_stronger_verdict_stays_and_tells_the_age_besides(ground: Ground) -> None:
    y = strip()
    cover(ground, "A", y, y + 600, age=412, update_days=90)
    ground.main("A", y + 300)
    for gap, method, verdict in (
        (0.2, "mechanical", "prohibited"),
        (2, "mechanical", "protection_plan"),
        (2, "hand", "notify"),
    ):
        found = ground.ask(box(y + 300 + EDGE_M + gap), method=method)
        assert found["verdict"] == verdict
        assert "records 412 days old (promised every 90)" in found["say"]
        assert found["reasons"][-1]["rule"] == "records-overdue" or verdict == "notify"
    assert "records-overdue" in [reason["rule"] for reason in found["reasons"]]


def test_ground_surveyed_in_part_and_late_names_both(ground: Ground) -> None:
    y = strip()
    cover(ground, "A", y, y + 600, age=412, update_days=90)
    found = ground.ask(box(y + 598))
    assert (found["verdict"], found["coverage"]) == ("notify", "partial")
    assert {r["rule"] for r in found["reasons"]} == {"records-overdue", "coverage-partial"}
    assert "do not break ground" in found["say"]
    assert {"A", "B"} <= {contact["operator"] for contact in found["contacts"]}
    beside = ground.ask(box(y + 610))
    assert (beside["verdict"], beside["coverage"]) == ("unknown", "none")


def test_what_has_no_date_or_no_promise_stays_unknown(ground: Ground) -> None:
    for row in ({"surveyed_on": None}, {"update_days": None}, {"surveyed_on": date(2999, 1, 1)}):
        y = strip()
        cover(ground, "A", y, y + 600, age=1, **row)
        found = ground.ask(box(y + 300))
        assert (found["verdict"], found["overdue"]) == ("unknown", True), row
        assert [reason["rule"] for reason in found["reasons"]] == ["records-undated"]


def test_the_mains_of_a_late_dataset_make_their_operators_ground_late(ground: Ground) -> None:
    """The stricter of the survey and the dataset counts; the dataset itself is not named."""
    y = strip()
    cover(ground, "B", y, y + 600, age=3, update_days=90)
    ground.main("B", y + 20_000)
    promised = """update data.dataset set supplier_id = %s, published_at = %s, update_days = %s
        where layer = 'gas_pipelines' and name = 'mains of B'"""
    with owner(ground.settings) as c:
        c.execute(promised, (ground.orgs["B"], city_day(ground) - timedelta(days=50), 90))
    assert ground.ask(box(y + 300))["verdict"] == "clear"
    assert of(ground.ask(box(y + 300)), "B", "gas_pipelines")["age_days"] == 50
    with owner(ground.settings) as c:
        c.execute(promised, (ground.orgs["B"], city_day(ground) - timedelta(days=100), 90))
    found = ground.ask(box(y + 300), who="bureau")
    assert (found["verdict"], found["records_age_days"]) == ("notify", 100)
    assert "B: records 100 days old (promised every 90)" in found["reasons"][0]["text"]
    assert "mains of B" not in str(found["records"])
    assert ground.ask(box(ground.lane()))["verdict"] == "clear"  # A's ground is A's alone
    with owner(ground.settings) as c:
        c.execute(promised, (None, None, None))


def test_what_if_an_excavation_tells_the_same_age(ground: Ground) -> None:
    y = strip()
    cover(ground, "A", y, y + 600, age=412, update_days=90)
    body = {
        "layer": "excavations",
        "crs": "EPSG:4547",
        "feature": {
            "type": "Feature",
            "geometry": box(y + 300),
            "properties": {"method": "mechanical", "accuracy_m": 0.1},
        },
    }
    found = ground.http.post("/api/what-if?lang=en", json=body, headers=ground.keys["A"])
    assert found.status_code == 200, found.text
    dig = found.json()["dig"]
    assert (dig["verdict"], dig["records_age_days"]) == ("notify", 412)
    assert dig["records"][0]["late"] is True
