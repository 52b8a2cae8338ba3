"""Many pages and many small files are many mains: what a person sees in a day is summed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from conftest import client_of, make_key, owner
from gridwarden.settings import Settings
from layers.conftest import X, Y, fill, put

ITEMS = "/ogc/collections/gas_pipelines/items"
FILE = "/api/layers/gas_pipelines/export?format=geojson"
ASK = "/api/export-requests"
WHY = "巡线前核对管线位置"
MANY = 40
"""Mains of 10 m each, side by side, of one company."""


@pytest.fixture(scope="module")
def company(module_city: Settings) -> int:
    with owner(module_city) as c:
        fill(c)
        org = put(c, "organisations", None, name="丙燃气", kind="gas_company")
        for n in range(MANY):
            x, y = X + 5 * n, Y + 700
            line = f"SRID=4547;MULTILINESTRING(({x} {y},{x} {y + 10}))"
            put(c, "gas_pipelines", line, org_id=org)
    return org


@pytest.fixture(scope="module")
def client(module_city: Settings, company: int) -> Iterator[TestClient]:
    """A reason above 100 m a day on pages and 50 m in files; a second person above 250 and 120."""
    pages = {"seen_reason_km": 0.1, "seen_second_km": 0.25}
    files = {"export_reason_km": 0.05, "export_second_km": 0.12}
    with client_of(module_city.model_copy(update=pages | files)) as made:
        yield made


class Reader:
    """Somebody of the company, with keys of their own."""

    def __init__(self, client: TestClient, settings: Settings, company: int, name: str) -> None:
        self.client, self.settings, self.name = client, settings, name
        secret = make_key(settings, "utility", org_ids=(company,))
        with owner(settings) as c:
            c.execute(
                "update access.credential set person = %s where hash = sha256(%s::bytea)",
                (name, secret.encode()),
            )
        self.headers = {"Authorization": f"Bearer {secret}"}

    def get(self, path: str, **params: Any) -> Any:
        return self.client.get(path, params=params or None, headers=self.headers)

    def page(self, start: int, count: int, **said: Any) -> Any:
        """Mains by their place in the row: `count` of them, each 10 m."""
        return self.get(ITEMS, bbox=box(start, count), **BOXED, limit=1000, **said)

    def file(self, start: int, count: int, **said: Any) -> Any:
        return self.get(FILE, format="geojson", bbox=degrees(self.settings, start, count), **said)

    def approved(self, by: "Reader") -> int:
        """The number of a request for all that they see, which somebody else has approved."""
        asked = self.client.post(ASK, json={"why": WHY}, headers=self.headers).json()["id"]
        decided = by.client.post(
            f"{ASK}/{asked}/decision", json={"approve": True}, headers=by.headers
        )
        assert decided.status_code == 200, decided.text
        return int(asked)


BOXED = {"bbox-crs": "http://www.opengis.net/def/crs/EPSG/0/4547"}


def box(start: int, count: int) -> str:
    """The window over some mains, north before east as EPSG:4547 has it."""
    west, east = X + 5 * start - 1, X + 5 * (start + count) - 4
    return f"{Y + 700},{west},{Y + 710},{east}"


def degrees(settings: Settings, start: int, count: int) -> str:
    """The same window in degrees, a little smaller."""
    west, east = X + 5 * start - 0.5, X + 5 * (start + count) - 4.5
    with owner(settings) as c:
        row = c.execute(
            "select st_xmin(g), st_ymin(g), st_xmax(g), st_ymax(g) from st_transform("
            "st_makeenvelope(%s, %s, %s, %s, 4547), 4326) g",
            (west, Y + 703, east, Y + 707),
        ).fetchone()
    assert row is not None
    return ",".join(map(str, row))


def reader(client: TestClient, settings: Settings, company: int, name: str) -> Reader:
    return Reader(client, settings, company, name)


def refused(answer: Any, status: int, field: str) -> None:
    """A problem that names what to send, and no main."""
    assert (answer.status_code, answer.json()["field"]) == (status, field), answer.text
    assert "features" not in answer.json()


def test_pages_of_a_day_ask_for_a_reason_once_and_then_for_a_second_person(
    client: TestClient, module_city: Settings, company: int
) -> None:
    anna, bo = (reader(client, module_city, company, name) for name in ("陈工", "刘工"))
    assert len(anna.page(0, 10).json()["features"]) == 10
    assert len(anna.page(0, 10).json()["features"]) == 10, "the same mains count once"
    over = anna.page(8, 3)
    refused(over, 403, "why")
    assert over.json()["type"] == "urn:gridwarden:problem:forbidden"
    number = anna.page(0, 1).json()["features"][0]["id"] + 15
    refused(anna.get(f"{ITEMS}/{number}"), 403, "why")
    refused(reader(client, module_city, company, "陈工 ").page(8, 3), 403, "why")
    assert bo.page(8, 3).status_code == 200, "another person's day"
    for poor in ("short", " " * 9, "x" * 501):
        assert anna.page(8, 3, why=poor).status_code == 400
    assert len(anna.page(8, 3, why=WHY).json()["features"]) == 3
    assert anna.page(11, 14).status_code == 200, "the reason holds for the day"
    refused(anna.page(20, 6, why=WHY), 403, "request")
    request = anna.approved(bo)
    assert bo.page(30, 2, request=request).status_code == 403, "it is not theirs"
    whole = anna.page(0, MANY, request=request)
    assert len(whole.json()["features"]) == MANY
    assert anna.page(20, 20).status_code == 200, "what was approved is not counted again"
    with owner(module_city) as c:
        rows = c.execute(
            "select person, detail->>'why' from data.audit where action = 'reason_given'"
        ).fetchall()
        seen = c.execute(
            "select sum(rows) from data.audit where action = 'saw' and person = '陈工'"
        ).fetchone()
    assert rows == [("陈工", WHY)]
    assert seen == (10 + 10 + 1 + 3 + 14 + MANY + 20,), "what was refused was not seen"


def test_small_files_of_a_day_are_one_file(
    client: TestClient, module_city: Settings, company: int
) -> None:
    eve = reader(client, module_city, company, "周工")
    assert len(eve.file(0, 5).json()["features"]) == 5
    assert eve.file(0, 5).status_code == 200, "the same mains again"
    refused(eve.file(5, 1), 400, "why")
    assert "copy" in eve.file(5, 1, why=WHY).json(), "it is a numbered copy now"
    refused(eve.file(6, 1), 400, "why")
    assert eve.file(6, 6, why=WHY).status_code == 200
    refused(eve.file(12, 1, why=WHY), 403, "request")
    assert eve.file(12, 1, why=WHY, request=10**12).status_code == 403, "no such request"
    request = eve.approved(reader(client, module_city, company, "吴工"))
    assert eve.get(FILE, format="geojson", request=request).status_code == 200


def test_pages_at_the_same_moment_do_not_pass_together(
    client: TestClient, module_city: Settings, company: int
) -> None:
    dan = reader(client, module_city, company, "郑工")
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda n: dan.page(8 * n, 8).status_code, range(4)))
    assert sorted(answers) == [200, 403, 403, 403]
