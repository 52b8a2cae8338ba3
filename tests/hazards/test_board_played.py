"""Days played through the public API in a small town (test_board_month plays a county's month): the
ledger balances, an early day comes out the same at the end, the audit verifies, of eight editors of
one version one wins.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from access.test_audit import seal, verified
from gridwarden.geodesy import WorkingCrs
from hazards.histories import ledger_by_hand
from hazards.played import Played
from hazards.town import Town
from screening.conftest import X, Y

DAYS = 12
EARLY = {DAYS: 3, 30: 10}
"""The day whose rankings are kept, of so many."""
BY = ("district", "organisation", "family")
Story = tuple[Played, list[date], dict[str, Any]]


@pytest.fixture(scope="module")
def played(town: Town) -> Story:
    """The town after its days, and the rankings of the early one as they were on the day after."""
    lon, lat = WorkingCrs(town.settings.crs).lonlat(
        np.array([X + 100, X + 1100]), np.array([Y + 100, Y + 100])
    )
    corners = dict(zip(town.districts, zip(lon, lat, strict=True), strict=True))
    game = Played(
        *(town.settings, town.client, 7, town.districts, town.orgs[1:], town.grids, corners)
    )
    return told_of(game, DAYS)


def told_of(game: Played, number: int) -> Story:
    """Play so many days; the early one's rankings are asked on the day after, and it is signed."""
    days: list[date] = []
    then: dict[str, Any] = {}
    for day in game.days(number):
        days.append(day)
        if len(days) == EARLY[number] + 1:
            then = {by: rankings(game, by, days[-2]) for by in BY}
        if len(days) == EARLY[number] + 3:
            signed = game.ask("POST", f"/api/hazards/board/{days[-2]}/signature")
            assert signed.status_code == 201, signed.text
    return game, days, then


def rankings(game: Played, by: str, day: date) -> list[dict[str, Any]]:
    """What is told of every group, but for what was entered later beside it."""
    told = game.ask("GET", f"/api/rankings?by={by}&day={day}").json()["items"]
    return [{k: v for k, v in one.items() if k != "entered_later"} for one in told]


def test_the_ledger_balances_for_every_district_grade_and_day(
    played: Story,
) -> None:
    game, days, _ = played
    assert days == [days[0] + timedelta(days=n) for n in range(len(days))]
    for by in BY:
        told = game.ask("GET", f"/api/hazards/ledger?by={by}&from={days[0]}&to={days[-1]}").json()
        assert told["balanced"] is True
        if by == "district":
            lines = told["items"]
    by_hand = {str(day): ledger_by_hand(game.histories, day) for day in days}
    for line in lines:
        group = line["key"] and int(line["key"]), line["grade"]
        for name in ("opening", "new", "reopened", "late", "closed", "closing", "moved", "struck"):
            assert line[name] == by_hand[line["day"]][name][group], (line, name)
    last = [one["closing"] for one in lines if one["day"] == str(days[-1])]
    assert sum(last) == game.open_now
    totals = {name: sum(one[name] for one in lines) for name in ("new", "late", "closed", "moved")}
    assert totals["late"] == game.entered_late > 0, totals
    assert totals["new"] > 5 and totals["closed"] > 3, totals


def test_rankings_of_an_early_day_are_the_same_at_the_end(
    played: Story,
) -> None:
    game, days, then = played
    early = EARLY[len(days)]
    for by in BY:
        assert rankings(game, by, days[early - 1]) == then[by]
        assert then[by]
    told = game.ask("GET", f"/api/hazards/board/{days[early + 1]}/signature").json()
    assert told["intact"] is True
    assert told["differences"] == []


def test_a_week_before_is_told_as_it_was_signed(played: Story) -> None:
    game, days, _ = played
    signed = days[EARLY[len(days)] + 1]
    assert days[-1] - signed == timedelta(days=7)
    then = {one["key"]: (one["rank"], one["score"]) for one in rankings(game, "district", signed)}
    now = {
        one["key"]: (one["rank_before"], one["score_before"])
        for one in rankings(game, "district", days[-1])
    }
    assert now == then
    assert any(score is not None for _, score in then.values())


def test_the_dishonest_district_is_seen_to_be(
    played: Story,
) -> None:
    game, days, _ = played
    told = {one["key"]: one for one in rankings(game, "district", days[-1])}
    truth = {
        key: next(r["value"] for r in one["indicators"] if r["code"] == "R9")
        for key, one in told.items()
    }
    assert truth[str(game.dishonest)] == 0.0
    assert truth[str(game.districts[0])] == 1.0
    late = {key: one["penalties"][1]["count"] for key, one in told.items()}
    assert late[str(game.dishonest)] > late[str(game.districts[0])]


def test_practice_is_told_on_every_page_and_the_audit_verifies(
    played: Story,
) -> None:
    game, days, _ = played
    for path in ("/hazards/board", "/hazards", "/hazards/programmes"):
        page = game.ask("GET", f"{path}?lang=zh", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert f"系统时间已拨快 {len(days) - 1} 天" in page.text
    seal(game.settings)
    checked = verified(game.settings)
    assert checked.whole and checked.seals > 0, checked.faults


def test_of_eight_editors_of_one_version_one_wins(
    played: Story,
) -> None:
    game, _, _ = played
    case = next(one for one in game.cases.values() if one["state"] in ("registered", "rectifying"))
    who = game.key("inspector", case)
    path = f"/api/hazards/{case['id']}"
    for turn in range(10):
        tag = game.ask("GET", path, who).headers["ETag"]

        def edit(n: int, tag: str = tag, turn: int = turn) -> int:
            said = {"place_words": f"{turn}号楼{n}单元"}
            answer = game.ask("PATCH", path, who, json=said, headers={"If-Match": tag})
            return int(answer.status_code)

        with ThreadPoolExecutor(8) as people:
            found = sorted(people.map(edit, range(8)))
        assert found == [200] + [412] * 7
