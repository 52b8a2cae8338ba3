"""Many exact mains leave with a reason, by two persons, as copies that can be traced."""

import asyncio
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pyogrio
import pytest
import shapely
from fastapi.testclient import TestClient

from commands import run_command
from conftest import client_of, make_key, owner
from gridwarden.database import Caller, open_pool
from gridwarden.database.cluster import login_dsn
from gridwarden.intake.formats.vector import OPTIONS
from gridwarden.layers.export.kinds import KINDS
from gridwarden.layers.export.tracing import Traced, read, trace
from gridwarden.settings import Settings

from .conftest import SmallCity

MAINS = "/api/layers/gas_pipelines/export"
ASK = "/api/export-requests"
WHY = "给设计院做改线方案"


class Office:
    """The small city, where 100 m need a reason and 300 m a second person."""

    def __init__(self, city: SmallCity, client: TestClient, settings: Settings) -> None:
        self.city, self.client, self.settings = city, client, settings

    def key(self, role: str, person: str, **rights: Any) -> dict[str, str]:
        """The headers of a new key for somebody of this name."""
        secret = make_key(self.settings, role, **rights)
        with owner(self.settings) as c:
            c.execute(
                "update access.credential set person = %s where hash = sha256(%s::bytea)",
                (person, secret.encode()),
            )
        return {"Authorization": f"Bearer {secret}"}

    def bureau(self, person: str) -> dict[str, str]:
        return self.key("supervisor", person, all_districts=True)

    def get(self, headers: dict[str, str], **params: str) -> Any:
        return self.client.get(MAINS, params={"format": "geojson", **params}, headers=headers)

    def traced(self, file: Path, crs: str | None = None) -> Traced:
        """Whose copy it is, by the bureau's look."""

        async def run() -> Traced:
            pool = await open_pool(self.settings, "web")
            try:
                caller = Caller("supervisor", "tracer", all_districts=True)
                return await trace(pool, caller, self.settings, file, crs)
            finally:
                await pool.close()

        return asyncio.run(run())

    def cli(self, *words: str) -> subprocess.CompletedProcess[str]:
        return run_command(
            self.settings,
            *words,
            GRIDWARDEN_LANGUAGE="en",
            GRIDWARDEN_EXPORT_REASON_KM="0.1",
            GRIDWARDEN_EXPORT_SECOND_KM="0.3",
        )


@pytest.fixture(scope="module")
def office(small_city: SmallCity) -> Iterator[Office]:
    with owner(small_city.settings) as c:  # one of 41 vertices on 20 m
        c.execute(
            "insert into data.gas_pipelines (dataset_id, source_id, org_id, geom) select"
            " g.dataset_id, 'bent', %s, st_multi(st_segmentize(st_makeline(st_translate("
            "st_startpoint(st_geometryn(g.geom, 1)), 50, 0), st_translate(st_startpoint("
            "st_geometryn(g.geom, 1)), 70, 0)), 0.501)) from data.gas_pipelines g limit 1",
            (small_city.known.west_gas,),
        )
        c.execute("update data.gas_pipelines set medium = 'natural_gas'")
    changed = {"export_reason_km": 0.1, "export_second_km": 0.3}
    settings = small_city.settings.model_copy(update=changed)
    with client_of(settings) as client:
        yield Office(small_city, client, settings)


@pytest.fixture(scope="module")
def company(office: Office) -> dict[str, str]:
    return office.key("utility", "王工", org_ids=(office.city.known.west_gas,))


def test_a_reason_is_asked_for_and_stands_in_every_kind_of_copy(
    office: Office, company: dict[str, str], tmp_path: Path
) -> None:
    pyogrio.set_gdal_config_options(OPTIONS)  # as in a process that has read a file
    refused = office.get(company)
    assert refused.status_code == 400 and refused.json()["field"] == "why"
    assert office.get(company, why="x").status_code == 400
    for number, kind in enumerate(KINDS, 1):
        answer = office.get(company, format=kind, why=WHY)
        assert answer.status_code == 200, answer.text
        file = tmp_path / f"found{KINDS[kind].suffix}"
        file.write_bytes(answer.content)
        if kind in ("geojson", "csv", "dxf"):
            assert f"{number} · 王工" in answer.text and WHY in answer.text
        traced = office.traced(file)
        assert traced.copy and traced.copy["number"] == number, (kind, traced)
        assert traced.copy["person"] == "王工" and traced.agree > 0.95 * traced.of
    told = office.cli("audit", "trace", str(file))
    assert told.returncode == 0, told.stderr
    assert f"This is copy {number}: handed to 王工 (utility)" in told.stdout
    with owner(office.settings) as c:
        rows = c.execute(
            "select (detail->>'copy')::int, person, detail->>'why' from data.audit"
            " where action = 'copy_made' order by id"
        ).fetchall()
    assert rows == [(n, "王工", WHY) for n in range(1, len(KINDS) + 1)]


@pytest.mark.parametrize("crs", ["EPSG:4526", "EPSG:3857", "gcj02"])
def test_a_copy_is_traced_in_any_system_and_without_its_columns(
    office: Office, company: dict[str, str], tmp_path: Path, crs: str
) -> None:
    document = office.get(company, why=WHY, crs=crs).json()
    copy = document["copy"].partition(" ")[0]
    for feature in document["features"]:
        feature["properties"] = {}
    document["features"] = document["features"][1:]
    del document["copy"]
    file = tmp_path / "stripped.geojson"
    file.write_text(json.dumps(document), "utf-8")
    traced = office.traced(file, crs)
    assert traced.copy and traced.copy["number"] == int(copy), traced


def test_what_is_no_copy_is_traced_to_nobody(
    office: Office, company: dict[str, str], tmp_path: Path
) -> None:
    plain = office.client.get("/ogc/collections/gas_pipelines/items", headers=company)
    file = tmp_path / "plain.geojson"
    file.write_bytes(plain.content)
    assert office.traced(file, "crs84").copy is None


@pytest.mark.parametrize("kind", ["gpkg", "geojson", "csv", "shp"])
def test_a_copy_is_the_same_place_to_an_import(
    office: Office, company: dict[str, str], tmp_path: Path, kind: str
) -> None:
    answer = office.get(company, format=kind, why=WHY)
    file = tmp_path / f"back{KINDS[kind].suffix}"
    file.write_bytes(answer.content)
    shapes, named = read(file)
    with owner(office.settings) as c:
        srid = 4547 if named == "EPSG:4547" else 4326
        same = c.execute(
            "select count(*), max(st_hausdorffdistance(g.geom, s.shape)) from data.gas_pipelines g"
            " join (select st_multi(st_transform(st_setsrid(w::geometry, %s), 4547)) as shape"
            " from unnest(%s::bytea[]) w) s on data.same_place(g.geom, s.shape)",
            (srid, [shapely.to_wkb(s) for s in shapes]),
        ).fetchone()
    assert same
    assert same[0] == len(shapes) == 4 and 0.0002 < same[1] < 0.0006


def test_above_a_length_a_second_person_approves(office: Office) -> None:
    anna, bo = office.bureau("Anna"), office.bureau("Bo")
    refused = office.get(anna, why=WHY)
    assert refused.status_code == 403 and refused.json()["field"] == "request"
    for body in ({"why": "x"}, {"why": WHY + "\x00"}, {"why": WHY, "bbox": "1,2"}, {"why": 5},
                 {"why": WHY, "state": "approved"}, {"why": WHY + "\ud800"}):  # fmt: skip
        wrong = office.client.post(
            ASK, content=json.dumps(body), headers=anna | {"Content-Type": "application/json"}
        )
        assert 400 <= wrong.status_code < 500, (body, wrong.text)
    assert office.get(anna, why="\x00" * 9).status_code == 400
    asked = office.client.post(ASK, json={"why": WHY}, headers=anna)
    assert asked.status_code == 201, asked.text
    number = str(asked.json()["id"])
    assert office.get(anna, request=number).status_code == 403, "nobody has approved it"
    decision = f"{ASK}/{number}/decision"
    own = office.client.post(decision, json={"approve": True}, headers=anna)
    assert own.status_code == 403, "nobody approves what they asked for"
    again = office.client.post(decision, json={"approve": True}, headers=office.bureau("anna "))
    assert again.status_code == 403, "not by another spelling either"
    west = office.key("utility", "李工", org_ids=(office.city.known.west_gas,))
    assert office.client.post(decision, json={"approve": True}, headers=west).status_code == 404
    assert office.client.get(f"{ASK}/{number}", headers=west).status_code == 404
    for role in ("planner", "viewer", "administrator", "security", "auditor"):
        headers = office.city.headers(role)
        assert (
            office.client.post(decision, json={"approve": True}, headers=headers).status_code == 403
        )
    yes = office.client.post(decision, json={"approve": True}, headers=bo)
    assert yes.status_code == 200 and yes.json()["state"] == "approved"
    assert office.client.post(decision, json={"approve": False}, headers=bo).status_code == 409
    copy = office.get(anna, request=number)
    assert copy.status_code == 200 and "Anna" in copy.json()["copy"]
    assert office.get(bo, request=number).status_code == 403, "it is Anna's"
    other = office.get(anna, request=number, bbox="113,30,115,31")
    assert other.status_code == 403, "another part was not approved"
    with owner(office.settings) as c:
        c.execute("update data.export_request set until = now() - interval '1 second'")
    over = office.get(anna, request=number)
    assert over.status_code == 403


def test_a_company_approves_its_own_persons_requests(office: Office) -> None:
    org = (office.city.known.west_gas,)
    one, two = office.key("utility", "甲", org_ids=org), office.key("utility", "乙", org_ids=org)
    east = office.key("utility", "丙", org_ids=(office.city.known.east_gas,))
    asked = office.client.post(ASK, json={"why": WHY}, headers=one).json()
    assert asked["mine"] and not asked["mine_to_decide"]
    decision = f"{ASK}/{asked['id']}/decision"
    assert office.client.post(decision, json={"approve": True}, headers=east).status_code == 404
    found = office.client.post(decision, json={"approve": True, "why": "好"}, headers=two)
    assert found.status_code == 200 and found.json()["decided_by"] == "乙"


def test_a_second_person_decides_on_a_page(office: Office) -> None:
    anna, bo = office.bureau("Anna"), office.bureau("Bo")
    page = "/export-requests"
    short = office.client.post(page, data={"why": "x"}, headers=anna)
    assert short.status_code == 400 and 'role="alert"' in short.text
    numbers = []
    for why in ("<i>for the designers", "for the archive"):
        made = office.client.post(page, data={"why": why}, headers=anna, follow_redirects=False)
        assert (made.status_code, made.headers["location"]) == (303, page)
        numbers.append(office.client.get(ASK, headers=anna).json()["items"][0]["id"])
    for lang, waits in (("en", "waits for another person"), ("zh", "待另一人审批")):
        own = office.client.get(f"{page}?lang={lang}", headers=anna).text
        assert waits in own and f"{page}/{numbers[0]}/decision" not in own
    seen = office.client.get(f"{page}?lang=en", headers=bo).text
    assert "&lt;i&gt;for the designers" in seen and "<i>for" not in seen
    for number, approve, state in zip(
        numbers, ("yes", "no"), ("approved", "rejected"), strict=True
    ):
        path = f"{page}/{number}/decision"
        assert path in seen
        one_hand = office.client.post(path, data={"approve": "yes"}, headers=anna)
        assert one_hand.status_code == 403
        assert office.client.post(path, data={"approve": "perhaps"}, headers=bo).status_code == 400
        said = {"approve": approve, "why": "as agreed"}
        done = office.client.post(path, data=said, headers=bo, follow_redirects=False)
        assert done.status_code == 303
        found = office.client.get(f"{ASK}/{number}", headers=bo).json()
        assert (found["state"], found["decided_by"], found["decided_why"]) == (
            state,
            "Bo",
            "as agreed",
        )
        assert office.client.post(path, data=said, headers=bo).status_code == 409
    mine = office.client.get(f"{page}?lang=en", headers=anna).text
    assert f"/api/layers/gas_pipelines/export?format=gpkg&amp;request={numbers[0]}" in mine
    assert f"request={numbers[1]}" not in mine
    planner = office.key("planner", "Eve")
    assert office.client.get(page, headers=planner).status_code == 403


def test_the_database_holds_it(office: Office) -> None:
    with psycopg.connect(login_dsn(office.settings, "web")) as c:  # type: ignore[arg-type]
        c.execute(
            "select set_config('role', 'gridwarden_supervisor', false),"
            " set_config('gridwarden.person', 'Eve', false),"
            " set_config('gridwarden.districts', '*', false)"
        )
        begin = "select api.begin_copy('gas_pipelines', '', 'csv', 'crs84', 50, 50, %s, 20, %s)"
        assert c.execute(begin, (WHY, None)).fetchone() == ({"refused": "second"},)
        made = c.execute("select api.ask_export('gas_pipelines', '', 50, %s)", (WHY,)).fetchone()
        assert made
        assert c.execute(begin, (WHY, made[0])).fetchone() == ({"refused": "other"},)
        decide = "select api.decide_export(%s, true, '', 5)"
        assert c.execute(decide, made).fetchone() == ("one_hand",)
        for statement in (
            "update data.export_request set state = 'approved'",
            "insert into data.export_copy (role) values ('x')",
            "select from data.export_request",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), c.transaction():
                c.execute(statement)


def test_the_command_line_asks_for_the_same(office: Office, tmp_path: Path) -> None:
    file = str(tmp_path / "mains.gpkg")
    acting = ("--as", "supervisor")
    first = office.cli("export", "gas_pipelines", file, "--why", WHY, *acting)
    assert first.returncode == 1 and "second person" in first.stderr
    asked = office.cli("export-requests", "ask", "--why", WHY, *acting)
    number = asked.stdout.partition("Request ")[2].partition(":")[0]
    alone = office.cli("export-requests", "approve", number, *acting)
    assert alone.returncode == 1 and "your own" in alone.stderr
    done = office.client.post(
        f"{ASK}/{number}/decision", json={"approve": True}, headers=office.bureau("Bo")
    )
    assert done.status_code == 200, done.text
    taken = office.cli("export", "gas_pipelines", file, "--request", number, *acting)
    assert taken.returncode == 0, taken.stderr


def test_a_copy_that_is_imported_changes_nothing(office: Office, tmp_path: Path) -> None:
    """The last one: it makes all mains the bureau's own, so that their owner stays the same."""
    with owner(office.settings) as c:
        c.execute("update data.gas_pipelines set org_id = null")
        dataset = c.execute(
            "select d.name from data.dataset d join data.gas_pipelines g on g.dataset_id = d.id"
        ).fetchone()
    assert dataset
    bureau = office.bureau("Cai")
    asked = office.client.post(ASK, json={"why": WHY}, headers=bureau).json()
    yes = {"approve": True}
    office.client.post(f"{ASK}/{asked['id']}/decision", json=yes, headers=office.bureau("Bo"))
    answer = office.get(bureau, format="csv", request=str(asked["id"]))
    assert answer.status_code == 200, answer.text
    file = tmp_path / "back.csv"
    file.write_bytes(answer.content)
    acting = ["--as", "supervisor", "--dry-run"]
    done = office.cli(
        "import", str(file), "--layer", "gas_pipelines", "--dataset", dataset[0], *acting
    )
    assert done.returncode == 0, done.stderr
    assert not re.search(r"^(added|changed|removed) ", done.stdout, re.MULTILINE), done.stdout
    assert "copy_mark" not in done.stdout
