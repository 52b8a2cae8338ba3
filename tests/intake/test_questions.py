"""A held import: its question with counts, samples and picture, its answer, and who gave it."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from conftest import KeyMaker, environment, owner
from gridwarden.geodesy import WorkingCrs, wgs84_to_gcj02
from gridwarden.intake.coordinates.commands import answer_command
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem
from intake.conftest import post, work
from intake.makers import X0, Y0, geojson, gpkg, line, polygon, table

N = 20
Bring = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def town(module_city: Settings, module_client: TestClient, module_sign_in: KeyMaker,
         tmp_path_factory: pytest.TempPathFactory) -> Bring:  # fmt: skip
    """`town(file, layer=…)` brings a file into a city with one district and two roads."""
    folder = tmp_path_factory.mktemp("town")
    bureau = module_sign_in("supervisor", all_districts=True)
    roles = {"districts": module_sign_in("administrator")}

    def bring(file: Path, **form: Any) -> dict[str, Any]:
        headers = roles.get(form["layer"], bureau)
        given = {"dataset": form["layer"], **form}
        sent = post(module_client, headers, file, **given)
        assert sent.status_code == 202, sent.text
        work(module_city, sent.json()["job"])
        return look(sent.json()["url"], headers)

    def look(url: str, headers: dict[str, str]) -> dict[str, Any]:
        seen = module_client.get(url + "?lang=en", headers=headers)
        assert seen.status_code == 200, seen.text
        return {**seen.json(), "headers": headers}

    square = [(-0.05, -0.05), (0.1, -0.05), (0.1, 0.1), (-0.05, 0.1), (-0.05, -0.05)]
    district = geojson(folder / "d.geojson", [(polygon(square), {"id": "d1", "name": "江夏"})])
    assert bring(district, layer="districts")["state"] == "published"
    dates = ({"id": "r1", "source_date": "2026-05-01"}, {"id": "r2", "source_date": "2026-04-01"})
    across, along = line((-0.02, 0.001), (0.05, 0.002)), line((0.01, -0.03), (0.012, 0.04))
    roads = list(zip((across, along), dates, strict=True))
    assert bring(geojson(folder / "r.geojson", roads), layer="roads")["state"] == "published"
    return bring


def answered(city: Settings, client: TestClient, seen: dict[str, Any], **said: Any) -> Any:
    """Answer, do the job, look again."""
    sent = client.post(seen["answer_url"], headers=seen["headers"], json=said)
    assert sent.status_code == 202, sent.text
    work(city, sent.json()["job"])
    return client.get(seen["url"] + "?lang=en", headers=seen["headers"]).json()


def lonlat(path: Path, lon: Any = None, lat: Any = None) -> Path:
    lon = X0 + np.arange(N) / 2000 if lon is None else lon
    lat = Y0 + np.arange(N) / 3000 if lat is None else lat
    rows = [
        [f"s{i}", repr(float(x)), repr(float(y))]
        for i, (x, y) in enumerate(zip(lon, lat, strict=True))
    ]
    return table(path, ["id", "经度", "纬度"], rows)


def test_plain_degrees_are_asked_about_answered_and_remembered(
    town: Bring, module_city: Settings, module_client: TestClient, module_sign_in: KeyMaker,
    tmp_path: Path,
) -> None:  # fmt: skip
    client = module_client
    shifted = wgs84_to_gcj02(X0 + np.arange(N) / 2000, Y0 + np.arange(N) / 3000)
    seen = town(lonlat(tmp_path / "s.csv", *shifted), layer="charging_sheds", dataset="amap")
    assert (seen["state"], seen["crs"], seen["say"]["field"]) == ("held", None, "crs")
    question = seen["question"]
    assert question["kind"] == "coordinates"
    assert [one["answer"] for one in question["options"]] == [
        {"crs": "EPSG:4326"}, {"crs": "gcj02"}, {"crs": "bd09"}]  # fmt: skip
    assert [(one["inside"], one["of"]) for one in question["options"]] == [(N, N)] * 3
    there = question["options"][1]["sample"]["geometries"][0]["coordinates"]
    assert there == pytest.approx((X0, Y0), abs=1e-6)
    for text in (seen["say"]["en"], seen["words"]["question"]["options"][1]["say"]):
        assert "20 of 20" in text
    assert "高德" in seen["say"]["zh"]
    assert f"gridwarden answer {seen['id']} --crs EPSG:4326|gcj02|bd09" in seen["say"]["en"]

    picture = client.get(seen["question_url"] + "?lang=en", headers=seen["headers"])
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/svg+xml")
    drawn = picture.text
    assert drawn.count("<circle") == N + 1, "each place of the first reading, and its key"
    roads = next(
        p.get("d", "") for p in ET.fromstring(drawn).iter() if p.get("stroke") == "#9AA5B1"
    )
    assert (roads.count("M"), ";" in roads) == (2, False)
    assert "1 May 2026" in drawn
    assert "GCJ-02" in drawn
    for role, rights in (("planner", {}), ("viewer", {}), ("utility", {"org_ids": (7,)})):
        headers = module_sign_in(role, **rights)
        assert client.get(seen["question_url"], headers=headers).status_code in (403, 404)

    items = client.get("/api/imports", headers=seen["headers"]).json()["items"]
    listed = next(one for one in items if one["id"] == seen["id"])
    assert (listed["question"]["kind"], "options" in listed["question"]) == ("coordinates", False)
    for wrong, field in (({"remove": 1}, "crs"), ({"crs": "EPSG:4610"}, "crs"),
                         ({"crs": "local:x"}, "crs"), ({"crs": "EPSG:0"}, "crs")):  # fmt: skip
        no = client.post(seen["answer_url"], headers=seen["headers"], json=wrong)
        assert 400 <= no.status_code < 500, no.text
        assert no.json()["field"] == field
    done = answered(module_city, client, seen, crs="gcj02")
    assert (done["state"], done["crs"], done["answered_by"]) == (
        "published", "gcj02", "test supervisor")  # fmt: skip
    assert (done["because"]["key"], done["question"], done["question_url"]) == (
        "answered",
        None,
        None,
    )
    said = "Read as gcj02: the question was answered with gcj02; answered by test supervisor."
    assert done["words"]["because"] == said
    with owner(module_city) as c:
        east, north = c.execute(
            "select st_x(geom), st_y(geom) from data.charging_sheds where source_id = 's0'"
        ).fetchone() or (0, 0)
        assert c.execute("select crs from data.dataset where name = 'amap'").fetchone() == (
            "gcj02",
        )
        assert c.execute(
            "select person, detail ->> 'crs' from data.audit where action = 'import_answer'"
            " and (detail ->> 'import')::bigint = %s", (seen["id"],),
        ).fetchone() == ("test supervisor", "gcj02")  # fmt: skip
    x, y = WorkingCrs(4547).from_lonlat(np.array([X0]), np.array([Y0]))
    assert (east, north) == pytest.approx((x[0], y[0]), abs=0.001)
    assert client.get(seen["url"] + "/question.svg", headers=seen["headers"]).status_code == 404

    again = town(lonlat(tmp_path / "t.csv", *shifted), layer="charging_sheds", dataset="amap")
    assert (again["state"], again["because"]["key"]) == ("unchanged", "answered_before")
    other = town(lonlat(tmp_path / "u.csv"), layer="charging_sheds", dataset="another sender")
    assert other["state"] == "held"


def test_a_company_s_answer_counts_for_that_dataset_alone(
    module_city: Settings, module_client: TestClient, module_sign_in: KeyMaker, tmp_path: Path
) -> None:
    with owner(module_city) as c:
        c.execute("insert into data.dataset (layer, name) values ('organisations', 'o')")
        row = c.execute(
            "insert into data.organisations (dataset_id, source_id, name, kind) select d.id, n, n,"
            " 'gas_company' from data.dataset d, unnest(array['甲燃气']) n"
            " where d.layer = 'organisations' returning id"
        ).fetchone()
    assert row is not None
    company = module_sign_in("utility", org_ids=(row[0],))

    def sent(dataset: str, dn: int, **said: str) -> dict[str, Any]:
        wkt = f"LINESTRING ({X0} {Y0}, {X0 + 0.01} {Y0})"
        file = table(tmp_path / f"{dataset}{dn}.csv", ["id", "dn", "wkt"], [["p", dn, wkt]])
        form = {"layer": "gas_pipelines", "dataset": dataset, **said}
        answer = post(module_client, company, file, **form).json()
        work(module_city, answer["job"])
        seen: dict[str, Any] = module_client.get(answer["url"], headers=company).json()
        return seen

    assert sent("east", 200, crs="gcj02")["state"] == "published"
    again = sent("east", 250)
    assert (again["state"], again["crs"], again["because"]["key"]) == (
        "published", "gcj02", "answered_before")  # fmt: skip
    other = sent("west", 200)
    assert (other["state"], other["crs"], other["question"]["kind"]) == (
        "held", None, "coordinates")  # fmt: skip


def test_swapped_numbers_are_mended_by_one_answer(
    town: Bring, module_city: Settings, module_client: TestClient, tmp_path: Path
) -> None:
    """The same for a GeoJSON and for a table, whose columns say otherwise."""
    rows = [({"type": "Point", "coordinates": [Y0 + i / 3000, X0 + i / 2000]}, {"id": f"s{i}"})
            for i in range(N)]  # fmt: skip
    seen = town(geojson(tmp_path / "s.geojson", rows), layer="charging_sheds", dataset="swapped")
    assert (seen["state"], seen["quarantined"]) == ("held", None)
    question = seen["question"]
    assert (question["kind"], question["answer"]) == ("axes", {"north_first": True})
    assert (question["inside"], question["of"]) == (N, N)
    assert "Read X as north: 20 of 20 then lie in the city" in seen["say"]["en"]
    drawn = module_client.get(seen["question_url"] + "?lang=en", headers=seen["headers"]).text
    assert "the first number (X) is the northing" in drawn
    done = answered(module_city, module_client, seen, north_first=True)
    assert (done["state"], done["crs"], done["rows_good"]) == ("published", "EPSG:4326", N)
    assert done["because"]["also"] == [{"key": "answered_axes", "detail": ""}]
    insisted = town(
        geojson(tmp_path / "i.geojson", rows), layer="charging_sheds", dataset="insisted"
    )
    ended = answered(module_city, module_client, insisted, north_first=False)
    assert (ended["state"], ended["reasons"]) == ("failed", {"out_of_range": N})


def test_a_stated_system_that_does_not_fit_is_held_with_the_one_that_does(
    town: Bring, module_city: Settings, module_client: TestClient, tmp_path: Path
) -> None:
    way = WorkingCrs(4526).from_lonlat(X0 + np.arange(3) / 1000, Y0 + np.arange(3) / 1000)
    rows = [({"type": "Point", "coordinates": [float(x), float(y)]}, {"id": f"z{i}"})
            for i, (x, y) in enumerate(zip(*way, strict=True))]  # fmt: skip
    seen = town(
        gpkg(tmp_path / "z.gpkg", rows, crs="EPSG:4547"), layer="charging_sheds", dataset="z"
    )
    assert [one["answer"]["crs"] for one in seen["question"]["options"]] == [
        "EPSG:4526",
        "EPSG:4547",
    ]
    assert "EPSG:4526: 3 of 3 lie in the city; EPSG:4547: 0 of 3" in seen["say"]["en"]
    drawn = module_client.get(seen["question_url"] + "?lang=zh", headers=seen["headers"])
    ET.fromstring(drawn.text)
    done = answered(module_city, module_client, seen, crs="EPSG:4526")
    assert (done["state"], done["crs"]) == ("published", "EPSG:4526")


def test_a_removal_is_a_question_of_its_own_after_the_coordinates(
    town: Bring, module_city: Settings, module_client: TestClient, tmp_path: Path
) -> None:
    form = {"layer": "charging_sheds", "dataset": "both"}
    rows = [({"type": "Point", "coordinates": [X0 + i / 2000, Y0 + i / 3000]}, {"id": f"s{i}"})
            for i in range(N)]  # fmt: skip
    assert town(geojson(tmp_path / "1.geojson", rows), **form)["state"] == "published"
    few = lonlat(tmp_path / "2.csv", X0 + np.arange(5) / 2000, Y0 + np.arange(5) / 3000)
    seen = town(few, **form)
    assert seen["question"]["kind"] == "coordinates"
    next_one = answered(module_city, module_client, seen, crs="EPSG:4326")
    assert (next_one["state"], next_one["question"]) == ("held", {"kind": "remove", "n": 15})
    assert next_one["question_url"] is None
    no = module_client.post(seen["answer_url"], headers=seen["headers"], json={"crs": "gcj02"})
    assert (no.status_code, no.json()["field"]) == (409, "remove")
    done = answered(module_city, module_client, seen, remove=15)
    assert (done["state"], done["removed"], done["crs"]) == ("published", 15, "EPSG:4326")


def test_what_was_said_at_once_is_not_asked(town: Bring, tmp_path: Path) -> None:
    lon, lat = X0 + np.arange(N) / 2000, Y0 + np.arange(N) / 3000
    swapped = lonlat(tmp_path / "s.csv", lat, lon)
    said = town(
        swapped, layer="charging_sheds", dataset="said", crs="EPSG:4490", north_first="true"
    )
    assert (said["state"], said["crs"], said["rows_good"]) == ("published", "EPSG:4490", N)
    assert [one["key"] for one in said["because"]["also"]] == ["said_axes"]
    assert said["answered_by"] is None


def test_the_command_shows_the_question_and_answers_it(
    town: Bring, module_city: Settings, tmp_path: Path
) -> None:
    seen = town(lonlat(tmp_path / "c.csv"), layer="charging_sheds", dataset="cli")
    app = __import__("typer").Typer()
    app.command()(answer_command)
    home = environment(module_city) | {"GRIDWARDEN_LANGUAGE": "en"}

    def command(*words: str) -> Any:
        return CliRunner().invoke(app, [str(seen["id"]), *words], env=home)

    no = command()
    assert isinstance(no.exception, Problem), "another person's import is not seen"
    with owner(module_city) as c:
        c.execute("update data.import set person = %s where id = %s", (whoami(), seen["id"]))
    shown = command()
    assert "20 of 20" in shown.output
    assert isinstance(command("--crs", "gcj02", "--remove", "3").exception, Problem)
    done = command("--crs", "gcj02")
    assert "Published as version 1: 20 rows" in done.output, done.output
    assert "Read as gcj02" in done.output


def whoami() -> str:
    from gridwarden.access.command import os_user

    return f"cli:{os_user()}"


@pytest.mark.parametrize("body", [
    {"crs": "gcj02", "remove": 1}, {"crs": ""}, {"crs": None}, {"north_first": "true"},
    {"crs": 4547}, {"north_first": 1}, {"crs": "x" * 300}, {"crs": "\u0000"},
    {"answer": {"crs": "gcj02"}},
])  # fmt: skip
def test_an_odd_answer_is_refused(
    module_client: TestClient, module_sign_in: KeyMaker, body: object
) -> None:
    headers = module_sign_in("planner")
    answer = module_client.post("/api/imports/1/answer", headers=headers, json=body)
    assert 400 <= answer.status_code < 500, answer.text
