"""What inspectors and wardens read: of layers and findings their own ground's, and no nearer to a
main than a planner does."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from conftest import owner
from gridwarden.database.addresses import login_dsn
from gridwarden.layers.catalogue import layers
from gridwarden.settings import Settings
from jobs import hearing

X, Y = 500_000.0, 3_420_000.0
BY_AREA = [one.id for one in layers().values() if "districts" in one.readers.values()]


class Town:
    """Two districts side by side, two grids in each, and in each grid one of everything."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.districts: list[int] = []
        self.grids: list[int] = []
        self.findings: dict[int, dict[str, int]] = {}
        with owner(settings) as c:
            for n in range(2):
                wkt = box(X + 2_000 * n, Y, 2_000, 1_000)
                self.districts.append(put(c, "districts", f"MULTIPOLYGON({wkt})"))
            for n in range(4):
                west = X + 1_000 * n
                ring = box(west + 1, Y + 1, 998, 998)
                self.grids.append(put(c, "warden_grids", f"MULTIPOLYGON({ring})"))
                for layer in BY_AREA:
                    if layer == "warden_grids":
                        continue
                    put(c, layer, shape_in(layer, west + 100, Y + 100))
                self.findings[n] = found_in(c, self.districts[n // 2], west + 110, Y + 110)

    @contextmanager
    def role(self, role: str, **settings: str) -> Iterator[psycopg.Connection[Any]]:
        """The web's login in this role, with these settings (grids, districts)."""
        with psycopg.connect(login_dsn(self.settings, "web")) as c:
            c.execute("select set_config('role', %s, true)", (f"gridwarden_{role}",))
            for name, value in settings.items():
                c.execute("select set_config(%s, %s, true)", (f"gridwarden.{name}", value))
            yield c

    def xs(self, layer: str, role: str, **settings: str) -> list[int]:
        """In which grids (0 to 3, from the west) stands what this role reads of a layer."""
        view = f"select distinct ((st_xmin(geom) - {X}) / 1000)::int from api.{layer} order by 1"
        with self.role(role, **settings) as c:
            return [row[0] for row in c.execute(view).fetchall()]

    def seen(self, role: str, **settings: str) -> dict[tuple[int, str], Any]:
        """The findings that this role reads: whether their subject is told, by grid and kind."""
        named = {i: (n, kind) for n, made in self.findings.items() for kind, i in made.items()}
        with self.role(role, **settings) as c:
            rows = c.execute("select id, subject_id is not null from api.finding").fetchall()
        return {named[i]: told for i, told in rows}


def box(x: float, y: float, width: float, height: float) -> str:
    ring = ((x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y))
    return "((" + ", ".join(f"{a} {b}" for a, b in ring) + "))"


def shape_in(layer: str, x: float, y: float) -> str:
    match layers()[layer].geometry:
        case "line":
            return f"MULTILINESTRING(({x} {y}, {x + 20} {y}))"
        case "polygon":
            return f"MULTIPOLYGON({box(x, y, 20, 20)})"
        case _:
            return f"POINT({x} {y})"


def put(c: psycopg.Connection[Any], layer: str, wkt: str) -> int:
    made = (
        "insert into data.dataset (layer, name, version) values (%s, 'town', 1)"
        " on conflict (layer, name) do update set version = 1 returning id"
    )
    dataset = c.execute(made, (layer,)).fetchone()
    row = c.execute(
        f"insert into data.{layer} (dataset_id, source_id, geom)"
        " values (%s, gen_random_uuid()::text, st_geomfromtext(%s, 4547)) returning id",
        (dataset[0], wkt),
    ).fetchone()
    return int(row[0])


def found_in(c: psycopg.Connection[Any], district: int, x: float, y: float) -> dict[str, int]:
    """A finding without a main, two of what is near one, and one whose subject is a main."""
    made = {}
    for kind, family, layer, main in (
        ("no main", "shed_near_building", "charging_sheds", None),
        ("far", "site_near_main", "construction_sites", 7),
        ("near", "shed_near_main", "charging_sheds", 7),
        ("of a main", "main_consequence", "gas_pipelines", 7),
    ):
        row = c.execute(
            "insert into data.finding (family, layer, subject_id, main_id, severity, certainty,"
            " distance_band, district_id, x, y) values (%s, %s, %s, %s, 'major', 'certain',"
            " '0-5', %s, %s, %s) returning id",
            (family, layer, int(x), main, district, x, y),
        ).fetchone()
        made[kind] = int(row[0])
        event = {"finding_id": made[kind], "main_id": main, "seq": made[kind]}
        hearing.put(c, kind, "appeared", family=family, layer=layer, district_id=district, **event)
    return made


@pytest.fixture(scope="module")
def town(module_city: Settings) -> Town:
    return Town(module_city)


@pytest.mark.parametrize("layer", BY_AREA)
def test_an_inspector_reads_what_stands_in_its_districts(town: Town, layer: str) -> None:
    first = str(town.districts[0])
    assert town.xs(layer, "inspector", districts=first) == [0, 1]
    assert town.xs(layer, "inspector", districts="*") == [0, 1, 2, 3]
    assert town.xs(layer, "inspector", districts="", grids=str(town.grids[0])) == []
    assert town.xs(layer, "inspector") == []
    assert town.xs(layer, "supervisor") == [0, 1, 2, 3]


@pytest.mark.parametrize("layer", BY_AREA)
def test_a_warden_reads_what_stands_in_its_grids(town: Town, layer: str) -> None:
    mine = ",".join(map(str, (town.grids[1], town.grids[2])))
    if "warden" not in layers()[layer].readers:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            town.xs(layer, "warden", grids=mine, districts="*")
        return
    assert town.xs(layer, "warden", grids=mine) == [1, 2]
    assert town.xs(layer, "warden", districts="*") == []


def test_findings_end_where_the_ground_does(town: Town) -> None:
    planner = town.seen("planner")
    assert len(planner) == 16
    told = {kind: one for (_, kind), one in planner.items()}
    assert told == {"no main": True, "far": False, "near": False, "of a main": False}
    inspector = town.seen("inspector", districts=str(town.districts[1]))
    assert inspector == {key: one for key, one in planner.items() if key[0] >= 2}
    assert town.seen("inspector", districts="*") == planner
    warden = town.seen("warden", grids=str(town.grids[3]), districts="*")
    assert warden == {(3, "no main"): True}
    assert town.seen("warden") == town.seen("inspector") == {}


def test_a_veiled_finding_stands_in_the_middle_of_its_cell(town: Town) -> None:
    with town.role("inspector", districts="*") as c:
        rows = c.execute("select distinct x, y from api.finding where subject_id is null")
        assert all((x % 500, y % 500) == (250, 250) for x, y in rows.fetchall())


@pytest.mark.parametrize("role", ["warden", "inspector", "contractor"])
def test_no_main_and_nothing_measured_from_one(town: Town, role: str) -> None:
    for view in ("gas_pipelines", "gas_pipelines_at", "finding_exact", "finding_exact_at"):
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege),
            town.role(role, districts="*", grids=str(town.grids[0]), look="1") as c,
        ):
            c.execute(f"select count(*) from api.{view}")
    for call in ("api.finding_mains(1)", "api.finding_cell(500)", "api.look('x')"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), town.role(role) as c:
            c.execute(f"select {call}")
    others = "select count(*) from api.event where topic <> 'case'"
    with town.role("supervisor", districts="*") as c:
        assert c.execute(others).fetchone() != (0,)
    with town.role(role, districts="*", grids=str(town.grids[0])) as c:
        assert c.execute(others).fetchone() == (0,)


def test_the_box_that_an_index_begins_with_is_the_own_ground(town: Town) -> None:
    asked = "select st_xmin(b), st_xmax(b) from (select api.my_area() as b) x"
    with town.role("warden", grids=str(town.grids[2])) as c:
        assert c.execute(asked).fetchone() == (X + 2_001, X + 2_999)
    with town.role("inspector", districts=str(town.districts[0])) as c:
        assert c.execute(asked).fetchone() == (X, X + 2_000)
    with town.role("warden") as c:
        assert c.execute(asked).fetchone() == (None, None)
