"""A contractor reads the mains within the dig area of its own ticket; nothing else, nor later."""

import json
import re
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import shapely
from PIL import Image
from pyproj import Transformer

from commands import run_command
from conftest import KeyMaker, owner
from gridwarden.database import ROLES
from gridwarden.database.addresses import login_dsn
from permits.conftest import Ground, X

REACH_M = 15.0


class Digs:
    """Contractors C and D; a main of A and one of B beside each other in every lane."""

    def __init__(self, ground: Ground, sign_in: KeyMaker) -> None:
        self.ground = ground
        for name in ("C", "D"):
            ground.orgs[name] = ground.insert(
                "organisations", "builders", name=f"builder {name}", kind="contractor"
            )
            ground.keys[name] = sign_in("contractor", org_ids=(ground.orgs[name],))
        ground.keys["stranger"] = sign_in("contractor")

    def ticket(self, y: float, **row: Any) -> int:
        """A dig of 20 m × 4 m whose lower edge lies at y."""
        ring = f"{X + 100} {y}, {X + 120} {y}, {X + 120} {y + 4}, {X + 100} {y + 4}, {X + 100} {y}"
        values = {"code": f"T-{y:.0f}", "method": "hand", "ends_on": "2099-12-31"}
        return self.ground.insert(
            "excavations", "digs", **{"wkt": f"POLYGON(({ring}))", **values, **row}
        )

    def give(self, who: str, ticket: int, to: str = "builder C") -> httpx.Response:
        body = {"excavation": ticket, "contractor": to}
        return self.ground.http.post("/api/permits/clips", json=body, headers=self.ground.keys[who])

    def look(self, who: str, ticket: int, kind: str = "api/permits/clips/{}") -> httpx.Response:
        return self.ground.http.get("/" + kind.format(ticket), headers=self.ground.keys[who])


@pytest.fixture(scope="module")
def digs(ground: Ground, module_sign_in: KeyMaker) -> Digs:
    return Digs(ground, module_sign_in)


def told(answer: httpx.Response) -> tuple[int, str]:
    """What a refusal tells, without what was asked for."""
    return answer.status_code, re.sub(r"clips/\d+|[0-9a-f]{16}", "", answer.text)


def test_a_clip_is_cut_at_the_dig_and_holds_what_was_given(digs: Digs) -> None:
    y = digs.ground.lane()
    ours, theirs = digs.ground.main("A", y + 1), digs.ground.main("B", y + 3)
    far = digs.ground.main("A", y + 60)
    ticket = digs.ticket(y)
    assert digs.give("A", ticket).status_code == 201
    answer = digs.look("C", ticket)
    found = answer.json()
    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.headers["cache-control"] == "no-store"
    assert [one["id"] for one in found["features"]] == [ours]
    assert theirs and far
    turned = Transformer.from_crs(4326, 4547, always_xy=True)
    [shape] = [shapely.from_geojson(json.dumps(one["geometry"])) for one in found["features"]]
    line = shapely.transform(shape, turned.transform, interleaved=False)
    west, _, east, _ = line.bounds
    assert west == pytest.approx(X + 100 - REACH_M, abs=1)
    assert east == pytest.approx(X + 120 + REACH_M, abs=1)
    assert [one["operator"] for one in found["others"]] == ["B"]
    assert "test contractor" in found["watermark"] and f"T-{y:.0f}" in found["watermark"]
    assert digs.give("bureau", ticket).status_code == 201
    both = digs.look("C", ticket).json()
    assert {one["id"] for one in both["features"]} == {ours, theirs} and both["others"] == []


def test_the_page_and_the_picture_carry_ticket_account_and_time(digs: Digs) -> None:
    y = digs.ground.lane()
    digs.ground.main("A", y + 1, code="<b>x")
    ticket = digs.ticket(y, code="T<i>9")
    digs.give("A", ticket)
    for kind in ("permits/clips/{}?lang=en", "api/permits/clips/{}/picture.svg?lang=en"):
        answer = digs.look("C", ticket, kind)
        assert answer.status_code == 200
        assert answer.text.count("Ticket T&lt;i&gt;9 · test contractor · ") >= 12, kind
        assert "<i>9" not in answer.text and "<b>x" not in answer.text
        assert "no permission to dig" in answer.text, kind
    drawing = digs.look("C", ticket, "api/permits/clips/{}/picture.svg").text
    assert "http" not in drawing.replace("http://www.w3.org/2000/svg", "")


def test_the_picture_is_a_png_too_watermarked_all_over(digs: Digs) -> None:
    y = digs.ground.lane()
    ticket = digs.ticket(y, code="T9")
    digs.give("A", ticket)
    kind = "api/permits/clips/{}/picture.png?lang="
    bare = Image.open(BytesIO(digs.look("C", ticket, f"{kind}zh").content))
    digs.ground.main("A", y + 1)
    answer = digs.look("C", ticket, f"{kind}zh")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.headers["cache-control"] == "no-store"
    shown = Image.open(BytesIO(answer.content))
    assert shown.width == 960 and shown.height > 720
    assert "本图不是动土许可" in shown.info["Description"] and "道路" in shown.info["Description"]
    assert shown.crop((0, 722, 960, shown.height)).convert("L").getextrema()[0] < 90, "a caption"
    assert shown.info["Copyright"].startswith("查询单 T9 · test contractor · ")
    pink = sum(n for n, ink in shown.getcolors(1 << 20) if near(ink, (194, 24, 91)))
    assert pink > 500 and not any(near(ink, (194, 24, 91)) for _, ink in bare.getcolors(1 << 20))
    for left, top in ((20, 40), (700, 40), (20, 520), (700, 520), (360, 300)):
        part = bare.crop((left, top, left + 240, top + 160)).convert("L")
        assert part.getextrema()[0] < 225, "the watermark is in every part"
    point = digs.ticket(y, code="T10", wkt=f"POINT({X + 100} {y})")
    digs.give("A", point)
    dug = Image.open(BytesIO(digs.look("C", point, f"{kind}en").content))
    yellow = sum(n for n, ink in dug.getcolors(1 << 20) if near(ink, (251, 231, 181)))
    assert yellow > 500, "a point is drawn with its radius"
    assert digs.look("D", ticket, f"{kind}zh").status_code == 404


def near(ink: Any, wanted: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 16 for a, b in zip(ink, wanted, strict=True))


def test_the_command_line_gives_shows_and_takes_back(digs: Digs, tmp_path: Path) -> None:
    y = digs.ground.lane()
    digs.ground.main("A", y + 1)
    ticket = str(digs.ticket(y))

    def cli(*words: str) -> subprocess.CompletedProcess[str]:
        return run_command(digs.ground.settings, "tickets", *words)

    given = cli("give", ticket, "builder C")
    assert given.returncode == 0, given.stderr
    assert f"{ticket} " in cli("list").stdout
    file = tmp_path / "clip.geojson"
    seen = cli("clip", ticket, str(file), "--org", "builder C")
    assert seen.returncode == 0, seen.stderr
    found = json.loads(file.read_text("utf-8"))
    assert len(found["features"]) == 1 and "cli:" in found["watermark"]
    assert cli("end", ticket).returncode == 0
    refused = cli("clip", ticket, str(file), "--org", "builder C")
    assert refused.returncode == 1 and "Traceback" not in refused.stderr
    unknown = cli("give", "999999", "builder C")
    assert unknown.returncode == 1 and "no such excavation" in unknown.stderr


def test_who_does_not_hold_it_is_told_that_there_is_none(digs: Digs) -> None:
    y = digs.ground.lane()
    digs.ground.main("A", y + 1)
    ticket = digs.ticket(y)
    kinds = ("api/permits/clips/{}", "permits/clips/{}", "api/permits/clips/{}/picture.svg")
    for before in (True, False):
        for who in ("D", "stranger") if not before else ("C", "D", "stranger"):
            for kind in kinds[:1]:
                missing = told(digs.look(who, 10**9, kind))
                assert told(digs.look(who, ticket, kind)) == missing
                assert missing[0] == 404
            assert digs.look(who, ticket, kinds[1]).status_code == 404
            assert digs.look(who, ticket, kinds[2]).status_code == 404
        digs.give("A", ticket)
    assert digs.look("C", ticket).status_code == 200
    for who in ("A", "B", "bureau"):
        assert digs.look(who, ticket).status_code == 403


def test_after_its_last_day_nothing_is_shown(digs: Digs) -> None:
    y = digs.ground.lane()
    digs.ground.main("A", y + 1)
    ticket = digs.ticket(y)
    assert digs.give("A", ticket).status_code == 201
    with owner(digs.ground.settings) as c:
        c.execute("update data.excavations set ends_on = current_date - 2 where id = %s", (ticket,))
    assert digs.look("C", ticket).status_code == 404
    assert digs.give("A", ticket).status_code == 409
    with owner(digs.ground.settings) as c:  # nor does a later day open what was given until another
        c.execute("update data.ticket_holder set ends_on = current_date - 2")
        c.execute("update data.excavations set ends_on = '2099-01-01' where id = %s", (ticket,))
    assert digs.look("C", ticket).status_code == 404
    endless = digs.ticket(y, ends_on=None)
    assert digs.give("A", endless).status_code == 409


def test_whoever_widens_the_dig_afterwards_shows_no_more_of_a_main(digs: Digs) -> None:
    y = digs.ground.lane()
    digs.ground.main("B", y + 100)
    ticket = digs.ticket(y)
    assert digs.give("bureau", ticket).status_code == 201
    with owner(digs.ground.settings) as c:
        wide = "update data.excavations set geom = st_buffer(geom, 200) where id = %s"
        c.execute(wide, (ticket,))
    found = digs.look("C", ticket).json()
    assert found["features"] == [] and found["others"] == [] and found["changed"] is True


def test_a_giver_takes_back_what_is_its_own_to_give(digs: Digs) -> None:
    y = digs.ground.lane()
    digs.ground.main("A", y + 1)
    ticket = digs.ticket(y)
    digs.give("A", ticket)
    path, http, keys = f"/api/permits/clips/{ticket}", digs.ground.http, digs.ground.keys
    assert http.delete(path, headers=keys["B"]).status_code == 404
    assert digs.look("C", ticket).status_code == 200
    listed = http.get("/api/permits/clips", headers=keys["C"]).json()["items"]
    assert ticket in [one["excavation"] for one in listed]
    assert http.delete(path, headers=keys["A"]).status_code == 204
    assert digs.look("C", ticket).status_code == 404
    # a gas company is no contractor: it reads its own records alone
    assert digs.give("A", ticket, to="A").status_code == 404


def test_every_look_is_on_record_with_the_mains(digs: Digs) -> None:
    y = digs.ground.lane()
    ours = digs.ground.main("A", y + 1)
    ticket = digs.ticket(y)
    digs.give("A", ticket)
    digs.look("C", ticket)
    digs.look("D", ticket)
    with owner(digs.ground.settings) as c:
        rows = c.execute(
            "select role, person, mains::text from data.audit where action = 'saw'"
            " and mains @> %s::bigint and role = 'gridwarden_contractor'",
            (ours,),
        ).fetchall()
        seen = "select count(*) from data.audit where action = 'clip_seen' and object = %s"
        assert c.execute(seen, (f"excavations/{ticket}",)).fetchone() == (1,)
    assert rows == [("gridwarden_contractor", "test contractor", f"{{[{ours},{ours + 1})}}")]


def test_only_contractors_may_ask_the_database(digs: Digs) -> None:
    for role in ROLES:
        with owner(digs.ground.settings) as c:
            can = "select has_function_privilege(%s, 'api.clip(bigint)', 'execute')"
            may = c.execute(can, (f"gridwarden_{role}",)).fetchone()
        assert may == (role == "contractor",), role
    with (
        psycopg.connect(login_dsn(digs.ground.settings, "web")) as web,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        web.execute("select api.clip(1)")
