"""The features API: OGC's behaviour, every layer × every role, and nothing beyond a role's view."""

from urllib.parse import parse_qs, urlsplit

import pytest
from psycopg import sql

from conftest import owner
from gridwarden.database import ADMINISTRATORS, ASKERS
from gridwarden.layers.catalogue import layers
from gridwarden.layers.features.documents import CONFORMS_TO
from gridwarden.layers.features.items import LON_LAT_84, page_statement
from gridwarden.layers.features.parameters import ItemsQuery, windows

from .conftest import BUILDINGS, SmallCity, X, Y

ITEMS = "/ogc/collections/{}/items"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/{}"


def ids(page: dict) -> list[int]:
    return [feature["id"] for feature in page["features"]]


def pages(city: SmallCity, path: str, role: str = "viewer") -> list[dict]:
    """Every page from `path` on, by its `next` links."""
    headers, found = city.headers(role), []
    while path:
        answer = city.client.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
        assert found[-1]["numberReturned"] == len(found[-1]["features"])
        path = next((k["href"] for k in found[-1]["links"] if k["rel"] == "next"), "")
    return found


@pytest.mark.parametrize("path", ["/ogc", "/ogc/conformance", "/ogc/api"])
def test_anybody_reads_what_the_api_is(small_city: SmallCity, path: str) -> None:
    assert small_city.client.get(path).status_code == 200


def test_every_link_of_the_landing_page_leads_somewhere(small_city: SmallCity) -> None:
    links = small_city.client.get("/ogc").json()["links"]
    assert {"self", "service-desc", "conformance", "data"} <= {k["rel"] for k in links}
    headers = small_city.headers("planner")
    for link in links:
        answer = small_city.client.get(link["href"], headers=headers)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == link["type"]


def test_the_conformance_page_claims_core_geojson_and_crs(small_city: SmallCity) -> None:
    claimed = small_city.client.get("/ogc/conformance").json()["conformsTo"]
    assert claimed == list(CONFORMS_TO)
    assert any(c.endswith("features-1/1.0/conf/core") for c in claimed)


def test_an_anonymous_caller_sees_no_collection(small_city: SmallCity) -> None:
    for path in ("/ogc/collections", "/ogc/collections/roads", ITEMS.format("roads")):
        answer = small_city.client.get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("role", ASKERS + ADMINISTRATORS)
def test_each_role_reads_exactly_the_layers_that_name_it(small_city: SmallCity, role: str) -> None:
    headers = small_city.headers(role)
    listed = small_city.client.get("/ogc/collections", headers=headers)
    readable = {one.id for one in layers().values() if role in one.readers}
    if not readable:
        assert listed.status_code == 403
    else:
        assert {c["id"] for c in listed.json()["collections"]} == readable
    for layer in layers():
        expected = 200 if layer in readable else 403
        for path in (f"/ogc/collections/{layer}", ITEMS.format(layer)):
            answer = small_city.client.get(path, headers=headers)
            assert answer.status_code == expected, (layer, answer.text)
        if expected == 200:
            page = small_city.client.get(ITEMS.format(layer), headers=headers).json()
            if layers()[layer].readers[role] == "grids":  # this key has none
                assert page["features"] == []
                continue
            one = page["features"][0]
            path = f"{ITEMS.format(layer)}/{one['id']}"
            assert small_city.client.get(path, headers=headers).json() == one


def test_a_company_reads_its_own_mains_alone(small_city: SmallCity) -> None:
    path = ITEMS.format("gas_pipelines")
    [page] = pages(small_city, path, "utility")
    assert [f["properties"]["pipe_id"] for f in page["features"]] == ["P0", "P1", "P2"]
    other = small_city.sign_in("utility", org_ids=(small_city.known.east_gas,))
    assert len(small_city.client.get(path, headers=other).json()["features"]) == 2
    foreign = f"{path}/{page['features'][0]['id']}"
    assert small_city.client.get(foreign, headers=other).status_code == 404
    nobody = small_city.sign_in("utility")
    assert small_city.client.get(path, headers=nobody).json()["features"] == []


def test_a_company_is_not_told_how_far_others_mains_reach(small_city: SmallCity) -> None:
    path = "/ogc/collections/gas_pipelines"
    own = small_city.client.get(path, headers=small_city.headers("utility")).json()
    east = small_city.sign_in("utility", org_ids=(small_city.known.east_gas,))
    other = small_city.client.get(path, headers=east).json()
    assert own["extent"]["spatial"]["bbox"] != other["extent"]["spatial"]["bbox"]
    nobody = small_city.client.get(path, headers=small_city.sign_in("utility")).json()
    assert "extent" not in nobody


def test_every_look_of_a_supervisor_at_mains_is_recorded(small_city: SmallCity) -> None:
    path = ITEMS.format("gas_pipelines")
    count = "select count(*) from data.audit where action = 'look' and role = %s"
    supervisor = small_city.sign_in("supervisor", district_ids=(small_city.known.west,))
    with owner(small_city.settings) as c:
        before = c.execute(count, ("gridwarden_supervisor",)).fetchone()
    seen = small_city.client.get(f"{path}?limit=50", headers=supervisor).json()
    assert [f["properties"]["pipe_id"] for f in seen["features"]] == ["P0", "P1", "P2"]
    one = small_city.client.get(f"{path}/{seen['features'][0]['id']}", headers=supervisor)
    assert one.status_code == 200
    with owner(small_city.settings) as c:
        after = c.execute(count, ("gridwarden_supervisor",)).fetchone()
        last = c.execute(
            "select person, detail->>'purpose' from data.audit where action = 'look'"
            " order by id desc limit 2"
        ).fetchall()
    assert before and after and after[0] == before[0] + 2
    assert last[1] == ("test supervisor", "items?limit=50")


def test_organisation_numbers_stay_inside(small_city: SmallCity) -> None:
    [page] = pages(small_city, ITEMS.format("gas_pipelines"), "utility")
    properties = page["features"][0]["properties"]
    assert not {"org_id", "dataset_id", "geom"} & set(properties)
    assert properties["source_id"] == "s0"


def test_a_dataset_of_several_companies_mains_is_named_to_the_bureau_alone(
    small_city: SmallCity,
) -> None:
    for role, named in (("utility", None), ("supervisor", "test")):
        [page] = pages(small_city, ITEMS.format("gas_pipelines"), role)
        assert {f["properties"]["dataset"] for f in page["features"]} == {named}


def test_properties_are_the_layers_columns_and_the_rest_is_extra(small_city: SmallCity) -> None:
    [page] = pages(small_city, ITEMS.format("buildings"))
    third = page["features"][3]
    assert third["properties"]["height_m"] == 9.0
    assert third["properties"]["name"] == "3号楼"
    assert third["properties"]["extra"] == {"n": 3}
    wanted = {c.name for c in layers()["buildings"].all_columns}
    assert wanted <= set(third["properties"])


@pytest.mark.parametrize("limit", [1, 7, 24, 25, 26])
def test_paging_gives_every_feature_exactly_once(small_city: SmallCity, limit: int) -> None:
    found = pages(small_city, f"{ITEMS.format('buildings')}?limit={limit}")
    together = [n for page in found for n in ids(page)]
    assert together == sorted(set(together))
    assert len(together) == BUILDINGS
    assert all(len(page["features"]) == limit for page in found[:-1])


def test_paging_keeps_every_other_parameter(small_city: SmallCity) -> None:
    west, east = lonlat(small_city, X, Y), lonlat(small_city, X + 400, Y + 100)
    box = f"{west[0]},{west[1]},{east[0]},{east[1]}"
    path = f"{ITEMS.format('buildings')}?limit=4&bbox={box}&crs={EPSG.format(3857)}"
    found = pages(small_city, path)
    assert [len(page["features"]) for page in found] == [4, 4, 3]
    link = next(k["href"] for k in found[0]["links"] if k["rel"] == "next")
    assert parse_qs(urlsplit(link).query)["crs"] == [EPSG.format(3857)]
    assert found[1]["features"][0]["geometry"]["coordinates"][0][0][0][0] > 1e7


def test_a_limit_above_the_greatest_is_the_greatest(small_city: SmallCity) -> None:
    [page] = pages(small_city, f"{ITEMS.format('buildings')}?limit=999999")
    assert len(page["features"]) == BUILDINGS


def lonlat(city: SmallCity, x: float, y: float) -> tuple[float, float]:
    with owner(city.settings) as c:
        row = c.execute(
            "select st_x(p), st_y(p) from st_transform(st_setsrid(st_makepoint(%s, %s), 4547),"
            " 4326) p",
            (x, y),
        ).fetchone()
    assert row
    return row


CORNER = f"st_setsrid(st_makepoint({X}, {Y}), 4547)"


@pytest.mark.parametrize(
    ("crs", "srid", "north_first", "digits"),
    [
        (CRS84, 4326, False, 9),
        (EPSG.format(4326), 4326, True, 9),
        (EPSG.format(4490), 4490, True, 9),
        ("EPSG:4490", 4490, True, 9),
        (EPSG.format(4547), 4547, True, 4),
        (EPSG.format(4549), 4549, True, 4),
        (EPSG.format(3857), 3857, False, 4),
        ("urn:ogc:def:crs:EPSG::32650", 32650, False, 4),
    ],
)
def test_each_crs_has_its_own_axis_order(
    small_city: SmallCity, crs: str, srid: int, north_first: bool, digits: int
) -> None:
    answer = small_city.client.get(
        ITEMS.format("roads"), params={"crs": crs}, headers=small_city.headers("viewer")
    )
    first = answer.json()["features"][0]["geometry"]["coordinates"][0][0]
    with owner(small_city.settings) as c:
        row = c.execute(
            f"select st_x(p), st_y(p) from st_transform({CORNER}, %s) p", (srid,)
        ).fetchone()
    assert row
    east, north = row
    assert first == pytest.approx([north, east] if north_first else [east, north], abs=10**-digits)
    uri = CRS84 if crs == CRS84 else EPSG.format(srid)
    assert answer.headers["content-crs"] == f"<{uri}>"


def test_the_listed_crss_all_work(small_city: SmallCity) -> None:
    headers = small_city.headers("viewer")
    listed = small_city.client.get("/ogc/collections/roads", headers=headers).json()["crs"]
    assert {CRS84, EPSG.format(4490), EPSG.format(4547)} <= set(listed)
    for crs in listed:
        answer = small_city.client.get(ITEMS.format("roads"), params={"crs": crs}, headers=headers)
        assert answer.status_code == 200, crs


BOXES = [
    (-10.0, -10.0, 1_010.0, 1_010.0),
    (35.0, 15.0, 205.0, 45.0),
    (50.0, 30.0, 80.0, 30.0),
    (45.0, 25.0, 45.0, 25.0),
    (10.0, 20.0, 40.0, 30.0),
    (11.0, 31.0, 39.0, 900.0),
]


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("layer", ["buildings", "construction_sites", "districts", "roads"])
@pytest.mark.parametrize("srid", [4326, 4490, 4547, 3857])
def test_a_bbox_finds_what_plain_sql_finds(
    small_city: SmallCity, layer: str, box: tuple[float, ...], srid: int
) -> None:
    north_first = srid != 3857
    with owner(small_city.settings) as c:
        row = c.execute(
            "select st_xmin(b), st_ymin(b), st_xmax(b), st_ymax(b) from st_transform("
            "st_makeenvelope(%s, %s, %s, %s, 4547), %s::int) b",
            (X + box[0], Y + box[1], X + box[2], Y + box[3], srid),
        ).fetchone()
        assert row
        west, south, east, north = row
        expected = c.execute(
            f"select id from data.{layer} where st_intersects(st_transform(geom, %s::int),"
            " st_setsrid(st_envelope(st_collect(st_makepoint(%s, %s), st_makepoint(%s, %s))),"
            " %s::int)) order by id",
            (srid, west, south, east, north, srid),
        ).fetchall()
    corners = (south, west, north, east) if north_first else (west, south, east, north)
    parameters = {"bbox": ",".join(map(repr, corners)), "bbox-crs": EPSG.format(srid)}
    answer = small_city.client.get(
        ITEMS.format(layer), params=parameters, headers=small_city.headers("viewer")
    )
    assert ids(answer.json()) == [n for (n,) in expected]


def bbox(city: SmallCity, text: str, **more: str) -> list[int]:
    answer = city.client.get(
        ITEMS.format("buildings"), params={"bbox": text, **more}, headers=city.headers("viewer")
    )
    assert answer.status_code == 200, answer.text
    return ids(answer.json())


def test_boxes_as_large_as_the_world_and_across_the_date_line(small_city: SmallCity) -> None:
    everything = bbox(small_city, "-180,-90,180,90")
    assert len(everything) == BUILDINGS
    assert bbox(small_city, "-180,-90,-1000,180,90,1000") == everything
    assert bbox(small_city, "-90,-180,90,180", **{"bbox-crs": "EPSG:4326"}) == everything
    assert bbox(small_city, "100,0,-100,90") == everything
    assert bbox(small_city, "170,-90,-170,90") == []
    assert bbox(small_city, "150,-90,114.002,90") == everything[:5]
    assert bbox(small_city, "-70,-20,-60,10") == []
    huge = {"bbox-crs": EPSG.format(3857)}
    assert bbox(small_city, "-2e9,-2e9,2e9,2e9", **huge) == everything


def test_a_layer_without_geometry_answers_a_bbox_with_nothing(small_city: SmallCity) -> None:
    path = ITEMS.format("organisations")
    [page] = pages(small_city, path)
    assert [f["geometry"] for f in page["features"]] == [None, None]
    [page] = pages(small_city, f"{path}?bbox=-180,-90,180,90")
    assert page["features"] == []


@pytest.mark.parametrize(
    ("when", "found"),
    [
        ("2026-04-01", 1),
        ("2026-06-30", 1),
        ("2026-07-01", 0),
        ("2026-10-01", 1),
        ("2027-01-01T00:00:00Z", 1),
        ("../2026-02-28", 0),
        ("2026-05-01/..", 2),
        ("2026-06-30T15:59:59Z", 1),
        ("2026-06-30T16:00:00Z", 0),
        ("../..", 2),
        ("2026-01-01T00:00:00+08:00/2026-12-31T23:59:59+08:00", 2),
    ],
)
def test_datetime_meets_the_days_from_start_to_end(
    small_city: SmallCity, when: str, found: int
) -> None:
    """A day is the office's: 30 June in Shanghai ends at 16:00 UTC."""
    answer = small_city.client.get(
        ITEMS.format("construction_sites"),
        params={"datetime": when},
        headers=small_city.headers("viewer"),
    )
    assert len(answer.json()["features"]) == found


@pytest.mark.parametrize("layer", sorted(layers()))
def test_every_layer_takes_a_datetime(small_city: SmallCity, layer: str) -> None:
    path = f"{ITEMS.format(layer)}?datetime=2026-01-01/2026-12-31"
    assert pages(small_city, path, "supervisor")[0]["numberReturned"] >= 0


def test_openapi_names_every_layer(small_city: SmallCity) -> None:
    document = small_city.client.get("/ogc/api").json()
    [parameter] = [
        p
        for p in document["paths"]["/ogc/collections/{layer}/items"]["get"]["parameters"]
        if p["name"] == "layer"
    ]
    assert parameter["schema"]["enum"] == sorted(layers())


def test_a_bbox_is_looked_up_in_the_spatial_index(small_city: SmallCity) -> None:
    """With 20,000 buildings a small box must not read the table from end to end."""
    asked = ItemsQuery(
        limit=100,
        after=0,
        crs=LON_LAT_84,
        windows=windows("114.3,30.5,114.301,30.501", LON_LAT_84, 4547),
        period=None,
    )
    statement, values = page_statement(layers()["buildings"], asked, small_city.settings)
    values |= {"links": "[]", "next": "", "next_title": ""}
    with owner(small_city.settings) as c:
        c.execute(
            "insert into data.buildings (dataset_id, source_id, geom)"
            " select (select id from data.dataset where layer = 'buildings'), 'many ' || n,"
            " st_multi(st_makeenvelope(x, y, x + 10, y + 10, 4547))"
            " from generate_series(1, 20000) n, lateral (select 501000 + n % 200 * 40 as x,"
            " 3381000 + n / 200 * 40 as y) p"
        )
        c.execute("analyze data.buildings")
        plan = c.execute(sql.SQL("explain ") + statement, values).fetchall()
        c.rollback()
    text = "\n".join(line for (line,) in plan)
    assert "buildings_geom" in text, text
    assert "Seq Scan on buildings" not in text, text
