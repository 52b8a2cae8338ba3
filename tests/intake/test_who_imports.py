"""Who may bring what, and who may see what could not be taken."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker, owner
from gridwarden.settings import Settings
from intake.conftest import post, work
from intake.makers import geojson, line, point, polygon, table

Count = Callable[..., Any]


@pytest.fixture
def companies(city: Settings) -> tuple[int, int]:
    """The ids of two gas companies."""
    with owner(city) as c:
        c.execute("insert into data.dataset (layer, name) values ('organisations', 'o')")
        rows = c.execute(
            "insert into data.organisations (dataset_id, source_id, name, kind)"
            " select d.id, n, n, 'gas_company' from data.dataset d,"
            " unnest(array['甲燃气', '乙燃气']) n returning id"
        ).fetchall()
    return rows[0][0], rows[1][0]


def mains(path: Path, n: int = 2, operator: str = "乙燃气") -> Path:
    rows = [
        (line((0, i / 1000), (0.01, i / 1000)), {"pipe_id": f"p{i}", "权属单位": operator})
        for i in range(n)
    ]
    rows.append((line((0, 1), (0.01, 1)), {"pipe_id": "bad", "dn": "SECRET-PLACE"}))
    return geojson(path, rows)


def test_nobody_imports_without_a_key(client: TestClient, tmp_path: Path) -> None:
    made = table(tmp_path / "a.csv", ["id"], [["1"]])
    assert post(client, {}, made, layer="buildings", dataset="x").status_code == 401


def test_a_company_s_mains_are_its_own_whatever_the_file_says(
    city: Settings,
    client: TestClient,
    sign_in: KeyMaker,
    companies: tuple[int, int],
    tmp_path: Path,
    count: Count,
) -> None:
    a, b = companies
    answer = post(
        client,
        sign_in("utility", org_ids=(a,)),
        mains(tmp_path / "m.geojson"),
        layer="gas_pipelines",
        dataset="net",
    )
    work(city, answer.json()["job"])
    assert count("select distinct org_id from data.gas_pipelines") == a
    for headers, status in (
        (sign_in("utility", org_ids=(b,)), 403),
        (sign_in("utility", org_ids=(a, b)), 400),
    ):
        again = post(
            client,
            headers,
            mains(tmp_path / "m.geojson"),
            layer="gas_pipelines",
            dataset="net",
        )
        assert again.status_code == status, again.text
    other = post(
        client,
        sign_in("utility", org_ids=(a,)),
        mains(tmp_path / "m.geojson"),
        layer="gas_pipelines",
        dataset="mine",
        org="乙燃气",
    )
    assert other.status_code == 403


def test_a_dry_run_is_not_held_against_what_became_another_s_meanwhile(
    city: Settings,
    client: TestClient,
    sign_in: KeyMaker,
    companies: tuple[int, int],
    tmp_path: Path,
) -> None:
    """Its counts would say which of the other's mains the sender has guessed."""
    a, b = companies
    mine, theirs = (sign_in("utility", org_ids=(org,)) for org in (a, b))
    file = mains(tmp_path / "m.geojson")
    whose = {"layer": "gas_pipelines", "dataset": "net"}
    waiting = post(client, mine, file, **whose, dry_run="true").json()
    work(city, post(client, theirs, file, **whose).json()["job"])
    work(city, waiting["job"])
    told = client.get(waiting["url"], headers=mine).json()
    assert told["state"] == "failed", told
    assert [told[name] for name in ("added", "changed", "removed", "matched")] == [None] * 4


def test_the_bureau_s_mains_go_to_the_operators_that_they_name(
    city: Settings,
    client: TestClient,
    sign_in: KeyMaker,
    companies: tuple[int, int],
    tmp_path: Path,
    count: Count,
) -> None:
    answer = post(
        client,
        sign_in("supervisor"),
        mains(tmp_path / "m.geojson"),
        layer="gas_pipelines",
        dataset="city",
    )
    work(city, answer.json()["job"])
    assert count("select distinct org_id from data.gas_pipelines") == companies[1]


def test_rejected_rows_of_mains_are_as_secret_as_mains(
    city: Settings,
    client: TestClient,
    sign_in: KeyMaker,
    companies: tuple[int, int],
    tmp_path: Path,
) -> None:
    a, b = companies
    mine = sign_in("utility", org_ids=(a,))
    url = post(
        client, mine, mains(tmp_path / "m.geojson"), layer="gas_pipelines", dataset="net"
    ).json()
    work(city, url["job"])
    with owner(city) as c:  # a colleague of the same company, another person
        c.execute("update data.import set person = 'somebody else'")
    assert "SECRET-PLACE" in client.get(url["rejects_url"], headers=mine).text
    for headers in (
        sign_in("utility", org_ids=(b,)),
        sign_in("utility"),
        sign_in("supervisor", all_districts=True),
        sign_in("planner"),
        sign_in("administrator"),
    ):
        for path in (url["url"], url["rejects_url"]):
            answer = client.get(path, headers=headers)
            assert answer.status_code == 404, (path, answer.text)
            assert "SECRET-PLACE" not in answer.text
        assert client.get("/api/imports", headers=headers).json()["items"] == []
    for role in ("viewer", "auditor", "security"):
        assert client.get(url["rejects_url"], headers=sign_in(role)).status_code == 403


def test_the_rejects_open_in_a_spreadsheet_and_run_nothing(
    city: Settings, client: TestClient, sign_in: KeyMaker, tmp_path: Path
) -> None:
    evil = '=HYPERLINK("http://x","y")'
    made = table(
        tmp_path / "s.csv",
        ["id", "lon", "lat", "places"],
        [
            ["a", 114.3, 30.5, evil],
            ["b", 114.3, 30.5, "-1"],
            [evil, 1, 1, 1],
            ["ok", 114.3, 30.5, 2],
        ],
    )
    headers = sign_in("supervisor")
    form = {"layer": "charging_sheds", "dataset": "s", "crs": "EPSG:4326"}
    urls = post(client, headers, made, **form).json()
    work(city, urls["job"])
    answer = client.get(urls["rejects_url"] + "?lang=en", headers=headers)
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    lines = answer.content.decode("utf-8-sig").split("\r\n")
    assert lines[0] == "row,reason,words,column,value,source id"
    assert lines[1] == '2,bad_number,not a number,places,"\'=HYPERLINK(""http://x"",""y"")",a'
    assert lines[2] == "3,out_of_bounds,a number outside what the column allows,places,'-1,b"
    assert "\"'=HYPERLINK" in lines[3]
    words = client.get(urls["url"] + "?lang=en", headers=headers).json()["words"]
    assert words["say"].startswith("Published as version 1: 1 rows")
    assert words["reasons"]["bad_number"] == "not a number"
    chinese = client.get(urls["rejects_url"] + "?lang=zh", headers=headers)
    assert "不是数字" in chinese.content.decode("utf-8-sig")


def test_no_file_and_no_form(client: TestClient, sign_in: KeyMaker) -> None:
    headers = sign_in("supervisor")
    data = {"layer": "buildings", "dataset": "d"}
    assert client.post("/api/imports", headers=headers, json=data).status_code == 415
    parts = {"layer": (None, "buildings"), "dataset": (None, "d")}
    answer = client.post("/api/imports", headers=headers, files=parts)
    assert (answer.status_code, answer.json()["field"]) == (400, "file")
    broken = {**headers, "content-type": "multipart/form-data; boundary=x"}
    answer = client.post("/api/imports", headers=broken, content=b"--y\r\nrubbish")
    assert answer.status_code == 400


def test_a_file_that_is_too_large_is_refused_before_it_is_kept(
    city: Settings, sign_in: KeyMaker, tmp_path: Path
) -> None:
    from conftest import client_of

    headers = sign_in("supervisor")
    made = tmp_path / "big.csv"
    made.write_bytes(b"lon,lat\n" + b"1,1\n" * (3 << 18))
    with client_of(city.model_copy(update={"upload_mb": 1})) as small:
        answer = post(small, headers, made, layer="charging_sheds", dataset="d")
        assert answer.status_code == 413, answer.text
        assert "1 MB" in answer.json()["detail"] or "1MB" in answer.json()["detail"]

        def unannounced() -> Any:
            yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
            for _ in range(40):
                yield b"1,1\n" * (1 << 14)

        typed = {**headers, "content-type": "multipart/form-data; boundary=b"}
        assert small.post("/api/imports", headers=typed, content=unannounced()).status_code == 413
    assert not list(city.files.glob("incoming-*"))


def test_imports_are_listed_newest_first_page_by_page(
    client: TestClient, sign_in: KeyMaker, tmp_path: Path
) -> None:
    headers = sign_in("supervisor")
    made = geojson(tmp_path / "b.geojson", [(polygon(), {"id": "1"})])
    ids = [
        post(client, headers, made, layer="buildings", dataset=f"d{i}").json()["id"]
        for i in range(3)
    ]
    first = client.get("/api/imports?limit=2", headers=headers).json()
    assert [i["id"] for i in first["items"]] == ids[:0:-1]
    rest = client.get(first["next"], headers=headers).json()
    assert ([i["id"] for i in rest["items"]], rest["next"]) == (ids[:1], None)
    assert client.get("/api/imports?dataset=d1", headers=headers).json()["items"][0]["id"] == ids[1]
    assert client.get("/api/imports/999999", headers=headers).status_code == 404


def test_the_name_of_a_file_is_only_a_name(
    city: Settings, client: TestClient, sign_in: KeyMaker, tmp_path: Path
) -> None:
    made = geojson(tmp_path / "p.geojson", [(point(), {"id": "1"})])
    answer = client.post(
        "/api/imports",
        headers=sign_in("supervisor"),
        data={"layer": "charging_sheds", "dataset": "d"},
        files={"file": ("../../../etc/新 棚<b>.GeoJSON", made.read_bytes())},
    )
    folder = city.files / str(answer.json()["id"])
    assert [p.name for p in folder.iterdir()] == ["source.geojson"]
    assert folder.stat().st_mode & 0o077 == 0
