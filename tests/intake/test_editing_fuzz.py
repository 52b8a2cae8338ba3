"""No body, header or parameter of an edit gives a 5xx, and what is taken stays valid."""

import json
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from intake.editing_city import ITEMS, LAT, LON, City, square
from intake.editing_city import city as city

QUICK = settings(
    max_examples=100,
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
COLUMNS = ["name", "height_m", "storeys", "households", "source_date", "accuracy_m", "楼名"]
OURS = ["source_id", "dataset", "version", "repair", "extra", "id", "geom", "", "a\x00", "\ud800"]
NAMES = st.sampled_from([*COLUMNS, *OURS]) | st.text(max_size=5)
SPELT = ["9", "1e400", "2026-02-30", "2026-02-28", "Φ219×6", "是", "9" * 400, 10**300]
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(SPELT)
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
)
NUMBERS = st.one_of(
    st.floats(LON, LON + 0.01), st.floats(LAT, LAT + 0.01), st.floats(), st.integers(), VALUES
)
POSITIONS = st.lists(NUMBERS, max_size=4)
COORDINATES = st.recursive(POSITIONS, lambda inner: st.lists(inner, max_size=5), max_leaves=12)
KINDS = st.sampled_from(
    [
        "Point",
        "LineString",
        "Polygon",
        "MultiPolygon",
        "MultiPoint",
        "GeometryCollection",
        "X",
        None,
    ]
)
GEOMETRIES = (
    st.fixed_dictionaries(
        {"type": KINDS, "coordinates": COORDINATES},
        optional={"geometries": VALUES, "crs": VALUES},
    )
    | st.just(square()["geometry"])
    | VALUES
)
FEATURES = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["Feature", "Feature", "Feature", "Polygon"]) | VALUES,
        "geometry": GEOMETRIES,
        "properties": st.dictionaries(NAMES, VALUES, max_size=5) | VALUES,
    },
    optional={"crs": VALUES, "id": VALUES},
)
QUERIES = st.dictionaries(
    st.sampled_from(["crs", "dataset", "org", "nature", "x"]),
    st.sampled_from(["", "edited", "EPSG:4490", "bd09", "local:x", "correction", "EPSG:99999"])
    | st.text(max_size=8),
    max_size=2,
)
HEADERS = st.fixed_dictionaries(
    {
        "If-Match": st.sampled_from(["*", '"1"', '"2"', 'W/"1"', "1", '"', ",", ""])
        | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8)
    },
    optional={"Content-Crs": st.sampled_from(["<>", "<EPSG:4490>", "x", "<EPSG:4547>"])},
)


@QUICK
@given(method=st.sampled_from(["POST", "PUT", "PATCH"]), body=FEATURES, query=QUERIES, more=HEADERS)
def test_no_edit_gives_a_5xx(
    city: City, method: str, body: Any, query: dict[str, str], more: dict[str, str]
) -> None:
    path = ITEMS.format("buildings")
    if method != "POST":
        [(number,)] = city.rows("select min(id) from data.buildings")
        path = f"{path}/{number}"
    kind = "application/merge-patch+json" if method == "PATCH" else "application/geo+json"
    sent = city.keys["supervisor"] | more | {"Content-Type": kind}
    query = {k: v.encode("utf-8", "replace").decode() for k, v in query.items()}
    try:
        text = json.dumps(body).encode()
    except ValueError:
        return
    answer = city.client.request(method, path, params=query, headers=sent, content=text)
    assert answer.status_code < 500, (answer.text, body, query, more)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"


def test_what_was_taken_is_valid(city: City) -> None:
    """Runs after the one above, on what it has left."""
    assert city.rows(
        "select count(*) > 0 from data.history where layer = 'buildings' and version > 1"
    )
    wrong = "select count(*) from data.buildings where not st_isvalid(geom) or st_isempty(geom)"
    assert city.rows(wrong) == [(0,)]
