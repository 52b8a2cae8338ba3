"""An office's sheet from the file to the layer: previewed, remembered, and only by its sender."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker, owner
from gridwarden.database import open_pool
from gridwarden.intake.preview import forget_old
from gridwarden.settings import Settings
from intake.conftest import Bring, post, quarantine, work
from intake.test_sheets import book, text

Count = Callable[..., Any]

SITES: list[list[Any]] = [
    ["武汉市建筑工地一览表"],
    ["坐标系：WGS84", None, None, None, None, "填报单位：甲建集团"],
    ["序号", "编号", "坐标", None, "开工日期", "总包", "备注"],
    [None, None, "经度", "纬度", None, None, None],
    [1, "G-01", "114°18′00″", "30°30′00″", "2026-3-5", "甲建", "临街"],
    ["２", "G-02", "１１４．３１", "３０．５０", "2026年3月5日", "甲建", None],
    [3, "G-03", "见图", "见图", "2026.03.05", "乙建", None],
    [4, "G-04", 114.32, 30.5, "20260305", "乙建", None],
    [5, "G-05", 114.33, 30.5, "3/5/2026", "丙建", None],
    [6, "G-06", 114.34, 30.5, "2026年3月", "丙建", None],
    [7, "G-07", 114.35, "#REF!", "2026/3/5", "丙建", None],
    [8, "G-08", 114.36, 30.5, 46086, "丁建", None],
    ["合计", None, None, None, None, "8处", None],
    ["填表人：张三", None, "审核：李四"],
]
REASONS = {
    7: "see_drawing",
    9: "ambiguous_date",
    10: "incomplete_date",
    11: "spreadsheet_error",
}


def forget(settings: Settings) -> None:
    """What the worker does now and then with previews."""

    async def once() -> None:
        pool = await open_pool(settings, "worker")
        try:
            await forget_old(pool, settings)
        finally:
            await pool.close()

    asyncio.run(once())


def test_an_ugly_sheet_arrives_and_says_how_it_was_read(
    city: Settings, tmp_path: Path, bring: Bring, count: Count
) -> None:
    made = book(tmp_path / "工地.xlsx", SITES, "工地", "A1:G1 C3:D3 A3:A4 B3:B4")
    seen = bring(made, layer="construction_sites", dry_run="true")
    assert seen["state"] == "checked", seen
    preview = seen["preview"]
    assert {c["column"]: (c["field"], c["how"]) for c in preview["columns"]} == {
        "code": ("编号", "synonym"),
        "starts_on": ("开工日期", "synonym"),
        "contractor": ("总包", "synonym"),
    }
    assert preview["place"] == ["坐标·经度", "坐标·纬度"]
    assert (preview["unmapped"], preview["serial"]) == (["备注"], ["序号"])
    assert [row["row"] for row in preview["rows"]] == [5, 6, 8, 12]
    assert preview["rows"][0]["values"] == {
        "code": "G-01",
        "starts_on": "2026-03-05",
        "contractor": "甲建",
    }
    assert {t["row"]: t["reason"] for t in preview["troubles"]} == REASONS
    notes = seen["notes"]
    assert {"header_in_row:3, 4", "total_row:13", "foot_row:14"} <= set(notes)
    assert not any(note.startswith("as_last_time") for note in notes)
    whole = bring(made, layer="construction_sites")
    assert quarantine(city, whole["id"]) == REASONS
    assert (whole["state"], whole["rows_good"], whole["crs"]) == ("published", 4, "EPSG:4326")
    assert whole["because"]["key"] == "title_row"
    days = "select string_agg(distinct starts_on::text, ',') from data.construction_sites"
    assert count(days) == "2026-03-05"
    placed = "select round(st_x(st_transform(geom, 4326))::numeric, 6)::float from"
    assert count(f"{placed} data.construction_sites where code = 'G-01'") == pytest.approx(114.3)
    # a preview goes with the file; a dry run's may be looked at for a day
    there = "select string_agg(state, ',' order by id) from data.import where preview is not null"
    for one in (seen, whole):
        shutil.rmtree(city.files / str(one["id"]), ignore_errors=True)
    forget(city)
    assert count(there) == "checked"
    with owner(city) as c:
        c.execute("update data.import set finished_at = finished_at - interval '25 hours'")
    forget(city)
    assert count(there) is None


@pytest.mark.parametrize(
    ("title", "word"),
    [
        ("1954北京坐标系", "本地转换参数"),
        ("西安80坐标系，38带", "本地转换参数"),
        ("武汉市独立坐标系", "公共点"),
    ],
)
def test_a_sheet_that_names_a_system_without_parameters_is_refused(
    tmp_path: Path, bring: Bring, title: str, word: str
) -> None:
    rows = [[title], ["编号", "X", "Y"], ["1", 3375214.513, 524365.102]]
    seen = bring(text(tmp_path / "o.csv", rows), layer="construction_sites")
    assert seen["state"] == "failed"
    assert word in seen["say"]["zh"]


def test_a_pipe_s_size_fills_three_columns_and_units_are_converted(
    tmp_path: Path, bring: Bring, count: Count
) -> None:
    rows = [
        ["管线编号", "管径", "埋深(cm)", "压力(MPa)", "介质", "埋设年代", "wkt"],
        ["P1", "Φ219×6", 150, 0.4, "天然气", "2009年6月", "LINESTRING(114.3 30.5, 114.31 30.5)"],
        ["P2", "DN200", 1.2, None, "天然气", 2011, "LINESTRING(114.3 30.51, 114.31 30.51)"],
    ]
    seen = bring(
        text(tmp_path / "p.csv", rows), layer="gas_pipelines", crs="EPSG:4326", dataset="pipes"
    )
    assert seen["state"] == "published", seen
    columns = {c["column"]: c for c in (seen["preview"] or {}).get("columns", [])}
    assert not columns or (columns["depth_top_m"]["how"], columns["depth_top_m"]["factor"]) == (
        "unit",
        0.01,
    )
    one = "select dn || ' ' || coalesce(od_mm::text, '-') || ' ' || coalesce(wall_mm::text, '-')"
    assert count(f"{one} from data.gas_pipelines where pipe_id = 'P1'") == "200 219 6"
    assert count(f"{one} from data.gas_pipelines where pipe_id = 'P2'") == "200 - -"
    assert count("select depth_top_m from data.gas_pipelines where pipe_id = 'P1'") == 1.5
    assert count("select year_laid from data.gas_pipelines where pipe_id = 'P1'") == 2009
    assert (
        count("select extra ->> '压力(MPa)' from data.gas_pipelines where pipe_id = 'P1'") == "0.4"
    )


def sheds(path: Path, n: int = 1, *, turned: bool = False) -> Path:
    """A form whose headers nobody can know; `turned` has its columns in another order."""
    rows = [
        ["甲项", "乙项", "经度", "纬度"],
        *([f"S{i}", 40, 114.3 + i / 100, 30.5] for i in range(n)),
    ]
    return text(path, [row[::-1] for row in rows] if turned else rows)


FORM = {"layer": "charging_sheds", "dataset": "sheds"}


def test_what_a_sender_said_of_a_form_is_taken_for_the_next_one(
    city: Settings,
    client: TestClient,
    sign_in: KeyMaker,
    tmp_path: Path,
    bring: Bring,
    count: Count,
) -> None:
    said = {
        "mapping": '{"code": "甲项", "source_id": "甲项", "places": "乙项"}',
        "set": '{"status": "正常"}',
        "crs": "gcj02",
    }
    first = bring(sheds(tmp_path / "a.csv"), **FORM, **said)
    assert first["state"] == "published", first
    assert count("select count(*) from data.habit") == 1
    again = bring(sheds(tmp_path / "b.csv", 2, turned=True), **FORM)
    assert again["state"] == "published", again
    assert (again["crs"], again["because"]["key"]) == ("gcj02", "answered_before")
    remembered = [note for note in again["notes"] if note.startswith("as_last_time")]
    assert remembered == ["as_last_time:code=甲项, places=乙项, source_id=甲项, status='正常'"]
    assert count("select string_agg(code || places || status, ',' order by code)"
                 " from data.charging_sheds") == "S040working,S140working"  # fmt: skip
    # what is said now wins, and is remembered from then on
    other = bring(sheds(tmp_path / "c.csv", 2), **FORM, set='{"status": "故障"}')
    assert count("select distinct status from data.charging_sheds") == "fault"
    assert count("select constants ->> 'status' from data.habit") == "故障"
    # a filter of rows is not remembered: rows that go in silence are lost
    bring(sheds(tmp_path / "d.csv", 2), **FORM, where="甲项=S0", remove="1")
    assert bring(sheds(tmp_path / "e.csv", 2), **FORM)["rows_left_out"] == 0
    # another person's file of the same form is another person's
    mine = other["headers"]
    listed = client.get("/api/imports/habits", headers=mine).json()["items"]
    assert [(h["layer"], h["kind"]) for h in listed] == [("charging_sheds", "csv")]
    assert not {"crs", "north_first"} & {*listed[0]}, "a form does not tell whose coordinates"
    for url in ("/api/imports", other["url"], "/api/imports/habits"):
        kept = client.get(url, headers=mine).headers["cache-control"]
        assert kept == "no-store", f"{url} holds places and values of the file"
    with owner(city) as c:
        c.execute("update data.habit set person = 'somebody else', sender = 'x'")
    assert client.get("/api/imports/habits", headers=mine).json()["items"] == []
    gone = client.delete(f"/api/imports/habits/{listed[0]['id']}", headers=mine)
    assert gone.status_code == 404
    with owner(city) as c:
        c.execute("update data.habit h set person = i.person from data.import i"
                  " where i.id = h.import_id")  # fmt: skip
    gone = client.delete(f"/api/imports/habits/{listed[0]['id']}", headers=mine)
    assert gone.status_code == 204
    assert count("select count(*) from data.habit") == 0
    forgotten = bring(sheds(tmp_path / "f.csv"), **FORM, crs="gcj02", dry_run="true")
    assert forgotten["preview"]["unmapped"] == ["甲项", "乙项"]


def test_what_a_company_said_is_that_company_s(
    city: Settings, client: TestClient, sign_in: KeyMaker, tmp_path: Path, count: Count
) -> None:
    with owner(city) as c:
        c.execute("insert into data.dataset (layer, name) values ('organisations', 'o')")
        rows = c.execute(
            "insert into data.organisations (dataset_id, source_id, name, kind)"
            " select d.id, n, n, 'gas_company' from data.dataset d,"
            " unnest(array['甲燃气', '乙燃气']) n where d.layer = 'organisations' returning id"
        ).fetchall()
    a, b = (sign_in("utility", org_ids=(row[0],)) for row in rows)
    lines = [["管号", "流体", "wkt"], ["P1", "天然气", "LINESTRING(114.3 30.5, 114.31 30.5)"]]
    form = {"layer": "gas_pipelines", "crs": "EPSG:4326"}

    def sent(headers: dict[str, str], dataset: str, **more: str) -> dict[str, Any]:
        made = text(tmp_path / f"{dataset}.csv", lines)
        answer = post(client, headers, made, dataset=dataset, **form, **more).json()
        work(city, answer["job"])
        seen: dict[str, Any] = client.get(answer["url"], headers=headers).json()
        return seen

    said = sent(a, "a1", mapping='{"pipe_id": "管号", "medium": "流体"}')
    assert said["state"] == "published"
    hers = sent(a, "a2")
    assert any(note.startswith("as_last_time") for note in hers["notes"])
    theirs = sent(b, "b1", dry_run="true")
    assert not any(note.startswith("as_last_time") for note in theirs["notes"])
    assert client.get("/api/imports/habits", headers=b).json()["items"] == []
    assert len(client.get("/api/imports/habits", headers=a).json()["items"]) == 1
    # a preview is seen by whoever sees the import
    other = client.get(f"/api/imports/{theirs['id']}", headers=a)
    assert other.status_code == 404
    assert theirs["preview"]["rows"]
