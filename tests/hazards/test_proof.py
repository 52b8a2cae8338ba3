"""Photos and documents of a case: what their time and place mean, who gets them, and how whole."""

import asyncio
import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import psycopg
import pytest
from PIL import Image

from conftest import client_of, owner
from gridwarden.geodesy.shifts import wgs84_to_gcj02
from gridwarden.hazards.proof.commands import _verify
from gridwarden.hazards.proof.store import folder_of, path_of
from gridwarden.settings import Settings
from hazards.duty_cases import Town, town_of
from hazards.photographs import photo

ENGLISH = {"Accept-Language": "en"}
BEIJING = timezone(timedelta(hours=8))


@pytest.fixture(scope="module")
def town(module_city: Settings) -> Iterator[Town]:
    with client_of(module_city) as http:
        yield town_of(module_city, http)


@pytest.fixture(scope="module")
def case(town: Town) -> dict[str, Any]:
    """One that several tests add to."""
    return town.assigned()


def send(
    town: Town,
    case: dict[str, Any],
    body: bytes,
    kind: str = "after",
    role: str = "contractor",
    name: str = "IMG_1.jpg",
) -> Any:
    url = f"/api/hazards/{case['id']}/proof"
    files = {"file": (name, body, "application/octet-stream")}
    return town.http.post(url, files=files, data={"kind": kind}, headers=town.key(role) | ENGLISH)


def checks(answer: Any) -> list[str]:
    assert answer.status_code in (200, 201), answer.text
    return [one["check"] for one in answer.json()["checks"]]


def now() -> datetime:
    return datetime.now(BEIJING)


def test_time_and_place_are_held_against_the_case_and_what_is_missing_is_said(town: Town) -> None:
    lon, lat = here = town.lonlat()
    case = town.assigned(lon=lon, lat=lat)
    near = send(town, case, photo(here, now() + timedelta(seconds=5)))
    assert checks(near) == [] and near.json()["distance_m"] < 1
    assert (near.json()["lon"], near.json()["lat"]) == pytest.approx(here, abs=1e-6)
    assert checks(send(town, case, photo(None, None))) == ["no_time", "no_place"]
    far = send(town, case, photo(town.lonlat(300), now()))
    assert checks(far) == ["far"] and 299 < far.json()["distance_m"] < 301
    assert "300" in far.json()["checks"][0]["say"]
    # what a phone does not say of its own error, 10 m, is on its side
    assert checks(send(town, case, photo(town.lonlat(58), now()))) == []
    east, north = wgs84_to_gcj02(np.array([lon]), np.array([lat]))
    shifted = (float(east[0]), float(north[0]))
    assert checks(send(town, case, photo(shifted, now()))) == ["gcj02"]
    assert checks(send(town, case, photo(shifted, now(), datum="GCJ-02"))) == []
    early = send(town, case, photo(here, now() - timedelta(days=2)))
    assert checks(early) == ["before_found"]
    assert checks(send(town, case, photo(here, now() + timedelta(hours=1)))) == ["future"]
    zoneless = photo(here, datetime.now(BEIJING).replace(tzinfo=None))
    plain = send(town, case, zoneless, "before")
    assert checks(plain) == [] and plain.json()["taken_zoned"] is False
    moment = datetime.fromisoformat(plain.json()["taken_at"])
    assert abs(moment - datetime.now(UTC)) < timedelta(minutes=2)


def test_a_photo_that_was_used_before_is_named_and_the_same_again_is_one(town: Town) -> None:
    lon, lat = here = town.lonlat(2000)
    first, second = (town.assigned(lon=lon, lat=lat) for _ in range(2))
    body = photo(here, now(), colour=(1, 2, 3))
    assert send(town, first, body, "before").status_code == 201
    again = send(town, first, body, "before")
    assert again.status_code == 200, "the same file twice"
    assert "same_as_before" in checks(send(town, first, body, "after"))
    assert checks(send(town, second, body)) == ["other_case"]
    aside = photo(town.lonlat(2055), now(), colour=(4, 5, 6))
    assert checks(send(town, first, aside)) == []
    moved = photo(town.lonlat(2065), now(), colour=(7, 8, 9))
    assert checks(send(town, first, moved)) == ["far", "other_spot"]
    listed = town.http.get(f"/api/hazards/{first['id']}/proof", headers=town.key("inspector"))
    assert len(listed.json()["items"]) == 4


def test_files_are_kept_by_their_hash_and_a_changed_one_is_not_given_out(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = town.assigned()
    body = photo(None, None, colour=(200, 1, 1), comment=b"at the back door of No. 7")
    made = send(town, case, body, name="../../etc/照片 1.jpg").json()
    assert made["sha256"] == hashlib.sha256(body).hexdigest() and made["name"] == "照片 1.jpg"
    path = path_of(town.settings, made["sha256"])
    assert path.read_bytes() == body and path.stat().st_mode & 0o077 == 0
    assert folder_of(town.settings).stat().st_mode & 0o077 == 0
    got = town.http.get(made["url"], headers=town.key("contractor"))
    assert got.content == body and got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in got.headers["content-security-policy"]
    small = town.http.get(made["preview_url"], headers=town.key("contractor")).content
    with Image.open(io.BytesIO(small)) as preview:
        assert max(preview.size) == 1280 and not preview.getexif() and "comment" not in preview.info
    assert b"No. 7" not in small
    path.write_bytes(body + b"!")
    assert town.http.get(made["url"], headers=town.key("contractor")).status_code == 410
    monkeypatch.setenv("GRIDWARDEN_HOME", str(town.settings.home))
    assert asyncio.run(_verify("auditor"))[1] is False
    path.write_bytes(body)
    assert asyncio.run(_verify("auditor"))[1] is True
    path.unlink()
    assert asyncio.run(_verify("auditor"))[1] is False
    assert town.http.get(made["url"], headers=town.key("contractor")).status_code == 410
    path.write_bytes(body)
    with owner(town.settings) as c, pytest.raises(psycopg.Error):
        c.execute("delete from data.hazard_proof")


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of some bytes that says it is huge."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


@pytest.mark.parametrize(
    ("body", "kind", "status", "why"),
    [
        (b"<script>alert(1)</script>", "document", 400, "JPEG, PNG or HEIC"),
        (b"MZ\x90\x00", "document", 400, "JPEG, PNG or HEIC"),
        (zipped("evil.exe"), "document", 400, "JPEG, PNG or HEIC"),
        (zipped("[Content_Types].xml", "word/document.xml"), "document", 201, ""),
        (b"%PDF-1.7\n...", "document", 201, ""),
        (b"%PDF-1.7\n... ", "after", 400, "document"),
        (b"\xff\xd8\xff\xe0 no photo at all", "after", 400, "cannot be read"),
        (bomb(60_000, 60_000), "after", 400, "120 million"),
        (b"", "after", 400, "file"),
        (b"x", "photo", 400, "before, after, document"),
    ],
)
def test_what_is_no_photo_or_document_is_refused(
    town: Town, case: dict[str, Any], body: bytes, kind: str, status: int, why: str
) -> None:
    answer = send(town, case, body, kind)
    assert answer.status_code == status, answer.text
    if status != 201:
        assert why in answer.json()["detail"], answer.json()
        return
    got = town.http.get(answer.json()["url"], headers=town.key("supervisor"))
    assert got.content == body and answer.json()["preview_url"] is None


def test_too_large_a_file_is_refused_while_it_arrives(
    module_city: Settings, town: Town, case: dict[str, Any]
) -> None:
    with client_of(module_city.model_copy(update={"proof_mb": 1})) as http:
        url = f"/api/hazards/{case['id']}/proof"
        files = {"file": ("big.jpg", b"\xff\xd8\xff" + bytes(3 << 20), "image/jpeg")}
        answer = http.post(url, files=files, data={"kind": "after"}, headers=town.key("contractor"))
        assert answer.status_code == 413


def test_proof_is_whose_the_case_is(town: Town) -> None:
    case = town.assigned()
    made = send(town, case, photo(None, None)).json()
    with owner(town.settings) as c:
        c.execute("update data.hazard_case set org_id = null where id = %s", (case["id"],))
    for url in (made["url"], made["preview_url"], f"/api/hazards/{case['id']}/proof"):
        assert town.http.get(url, headers=town.key("contractor")).status_code == 404
        assert town.http.get(url, headers=town.key("viewer")).status_code == 403
        assert town.http.get(url, headers=town.key("inspector")).status_code == 200
    assert send(town, case, photo(None, None)).status_code == 404
    assert send(town, case, photo(None, None), role="planner").status_code == 403


def test_a_case_of_a_main_stands_in_its_cell_and_no_photo_is_near_or_far_from_that(
    town: Town,
) -> None:
    lon, lat = town.lonlat(2000, 2000)
    case = town.assigned(lon=lon, lat=lat)
    with owner(town.settings) as c:  # as screening makes one of a main_near_line finding
        c.execute(
            "update data.hazard_case set main = true, place = st_setsrid(st_makepoint("
            "floor(st_x(place) / 500) * 500 + 250, floor(st_y(place) / 500) * 500 + 250), 4547)"
            " where id = %s",
            (case["id"],),
        )
    for n, place in enumerate((town.lonlat(2250, 2250), (lon, lat), town.lonlat(6000))):
        answer = send(town, case, photo(place, now(), colour=(7, n, 1)), "before")
        assert checks(answer) == ["no_case_place"] and answer.json()["distance_m"] is None
        assert "no exact place" in answer.text
    town.found()
    key = town.key("supervisor")
    told = town.http.get(f"/api/hazards/{case['id']}", headers=key).json()
    assert told["place"] == "cell_500" and told["cell"].startswith("square-500/")
    page = town.http.get(f"/hazards/{case['id']}?lang=en", headers=key).text
    assert "middle of a 500 m square" in page
    url = "/api/hazards/export?format=csv&category=construction"
    rows = csv.DictReader(io.StringIO(town.http.get(url, headers=key).content.decode("utf-8-sig")))
    told_there = {row["id"]: row["place"] for row in rows}
    assert told_there.pop(str(case["id"])) == "cell_500" and set(told_there.values()) == {"subject"}


def test_who_does_not_see_the_place_gets_previews_and_no_place(town: Town) -> None:
    lon, lat = here = town.lonlat(3000)
    case = town.assigned(lon=lon, lat=lat)
    made = send(town, case, photo(town.lonlat(3400), now())).json()
    with owner(town.settings) as c:
        c.execute("update data.hazard_case set main = true where id = %s", (case["id"],))
    url = f"/api/hazards/{case['id']}/proof"
    [told] = town.http.get(url, headers=town.key("planner")).json()["items"]
    hidden = ("lon", "lat", "sha256", "distance_m", "url", "accuracy_m")
    assert {name: told[name] for name in hidden} == dict.fromkeys(hidden)
    assert told["name"] == "" and told["checks"] == []
    # a camera writes what it is told: what is too far from the case would tell where that is
    for n, kind in enumerate(("before", "after")):
        for m, place in enumerate((here, (lon, 0.0))):
            forged = photo(place, now(), colour=(1, n, m))
            assert checks(send(town, case, forged, kind, "inspector")) == []
    assert town.http.get(made["url"], headers=town.key("planner")).status_code == 404
    small = town.http.get(told["preview_url"], headers=town.key("planner"))
    assert small.status_code == 200 and not Image.open(io.BytesIO(small.content)).getexif()
    whole = town.http.get(url, headers=town.key("supervisor")).json()["items"]
    assert [one["check"] for one in whole[0]["checks"]] == ["far"]
    assert whole[-1]["lon"] == pytest.approx(town.lonlat(3400)[0], abs=1e-6)


def test_a_photo_taken_afterwards_is_what_reporting_done_needs(town: Town) -> None:
    case = town.moved(town.assigned(), "accept")
    refused = town.move(case, "report_done", "contractor")
    assert refused.status_code == 409
    assert send(town, case, photo(None, None, colour=(9, 9, 9)), "before").status_code == 201
    assert town.move(case, "report_done", "contractor").status_code == 409
    assert send(town, case, photo(None, None, colour=(9, 9, 8)), "after").status_code == 201
    assert town.move(case, "report_done", "contractor").status_code == 200
