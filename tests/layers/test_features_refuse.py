"""What the features API refuses: unknown or malformed parameters by name, and what is not there."""

import pytest

from .conftest import SmallCity

ITEMS = "/ogc/collections/{}/items"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limits=3", "limits"),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=1.5", "limit"),
        ("limit=٣", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("limit=1&limit=2", "limit"),
        ("cursor=abc", "cursor"),
        ("cursor=-1", "cursor"),
        ("bbox=1,2,3", "bbox"),
        ("bbox=1,2,3,4,5", "bbox"),
        ("bbox=a,b,c,d", "bbox"),
        ("bbox=nan,0,1,1", "bbox"),
        ("bbox=0,0,inf,1", "bbox"),
        ("bbox=0,1e999,1,1e999", "bbox"),
        ("bbox=114,31,115,30", "bbox"),
        ("bbox=30,114,31,115", "bbox"),
        ("bbox=", "bbox"),
        ("bbox=3,2,1,4&bbox-crs=EPSG:3857", "bbox"),
        ("crs=EPSG:999999", "crs"),
        ("crs=EPSG:2193", "crs"),
        ("crs=;select 1", "crs"),
        ("crs=", "crs"),
        ("bbox-crs=nowhere", "bbox-crs"),
        ("datetime=yesterday", "datetime"),
        ("datetime=2026-13-01", "datetime"),
        ("datetime=2026-11-20/2026-11-19", "datetime"),
        ("datetime=..", "datetime"),
        ("datetime=2026-01-01/2026-01-02/2026-01-03", "datetime"),
        ("datetime=0001-01-01T00:00:00%2B14:00", "datetime"),
        ("datetime=2026-W01", "datetime"),
        ("f=html", "f"),
        ("filter=pg_sleep(1)", "filter"),
    ],
)
def test_an_unknown_or_malformed_parameter_is_refused_by_name(
    small_city: SmallCity, query: str, field: str
) -> None:
    path = f"{ITEMS.format('buildings')}?{query}"
    answer = small_city.client.get(path, headers=small_city.headers("viewer"))
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["field"] == field


@pytest.mark.parametrize(
    "path",
    [
        "/ogc/collections/no_such_layer",
        "/ogc/collections/no_such_layer/items",
        "/ogc/collections/dataset/items",
        "/ogc/collections/roads/items/999999999",
        "/ogc/collections/roads/items/abc",
        "/ogc/collections/roads/items/-1",
        "/ogc/collections/roads/items/99999999999999999999999",
        "/ogc/collections/roads/items/%D9%A3",
    ],
)
def test_what_is_not_there_is_a_404(small_city: SmallCity, path: str) -> None:
    assert small_city.client.get(path, headers=small_city.headers("viewer")).status_code == 404
