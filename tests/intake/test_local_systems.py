"""A city's own coordinates: fitted by common points, kept under a name, used for a drawing."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from conftest import KeyMaker, environment, owner
from gridwarden.geodesy import WorkingCrs
from gridwarden.intake.coordinates import Extent, Said, decided
from gridwarden.intake.coordinates.local import Common, LocalSystem, fitted, reading_kept
from gridwarden.intake.coordinates.local_commands import group
from gridwarden.intake.coordinates.points import points_of_text
from gridwarden.intake.formats.claim import PLANE, Claim
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem
from intake.conftest import post, work
from intake.makers import table
from intake.test_deciding import shapes

EAST, NORTH = 532_000.0, 3_375_000.0
LOCAL = np.array(
    [[51_000, 33_000], [52_000, 33_100], [52_100, 34_000], [50_900, 33_900]], dtype=float
)


def true_of(local: Any, degrees: float = 1.25, scale: float = 1.0001) -> Any:
    """Where local places (east, north) are in EPSG:4547."""
    angle = math.radians(degrees)
    way = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return scale * (local - LOCAL[0]) @ way + (EAST, NORTH)


def common(*, turned: bool = False, true_turned: bool = True, n: int = 4) -> list[Common]:
    """Common points as a survey lists them: true coordinates with X, the northing, first."""
    true = true_of(LOCAL)
    return [
        Common(
            f"GPS{i + 1}",
            tuple(LOCAL[i][::-1] if turned else LOCAL[i]),
            tuple(true[i][::-1] if true_turned else true[i]),
        )
        for i in range(n)
    ]


def moved(points: list[Common], i: int, east: float, north: float) -> list[Common]:
    """The points with one whose true place (northing first) was mistyped."""
    wrong = points[i]
    true = (wrong.true[0] + north, wrong.true[1] + east)
    return [*points[:i], Common(wrong.name, wrong.local, true), *points[i + 1 :]]


def refused(points: list[Common], crs: str | None = None, north: bool | None = None) -> Problem:
    with pytest.raises(Problem) as no:
        fitted(points, crs, north, 4547)
    for language in ("en", "zh"):
        assert "{" not in no.value.said(language)
    return no.value


@pytest.mark.parametrize("turned", [False, True])
def test_the_points_tell_the_order_of_both_systems(turned: bool) -> None:
    for true_turned in (False, True):
        got = fitted(common(turned=turned, true_turned=true_turned), "EPSG:4547", None, 4547)
        assert got.north_first is turned
        assert got.fit.residuals.max() < 1e-6
        assert got.fit.similarity.scale == pytest.approx(1.0001, abs=1e-9)
        assert got.fit.similarity.rotation_deg == pytest.approx(1.25, abs=1e-6)
    said = refused(common(turned=turned), north=not turned)
    assert said.detail == f"coordinates.local.is_{'north' if turned else 'east'}"


def test_true_coordinates_may_be_in_another_system() -> None:
    lon, lat = WorkingCrs(4547).lonlat(*true_of(LOCAL).T)
    points = [Common(f"P{i}", tuple(LOCAL[i]), (lon[i], lat[i])) for i in range(4)]
    assert fitted(points, "EPSG:4490", None, 4547).fit.residuals.max() < 1e-5
    assert refused(points).detail == "coordinates.local.elsewhere"
    assert refused(points, "gcj02").detail == "coordinates.local.shifted"
    assert refused(points, "EPSG:4610").detail == "intake.crs_no_parameters"


@pytest.mark.parametrize(
    ("points", "key", "field", "named"),
    [
        (moved(common(), 2, 3.0, 4.0), "suspect", "points.2", "GPS3"),
        (moved(common(), 2, 0.45, 0.0), "suspect", "points.2", "GPS3"),
        (moved(common(n=3), 1, 30.0, 0.0), "suspect_of_three", "points.1", "GPS2"),
        (moved(common(n=3), 1, 0.0, -0.9), "open", "points", "GPS2, GPS3"),
        (moved(moved(common(), 0, 9, 0), 3, 0, 12), "several", "points", ""),
        (common(n=1), "few", "points", "1"),
        (common() + common()[:1], "twice", "points.4", "GPS1"),
        ([Common(p.name, (p.local[0] * 1.001, p.local[1] * 1.001), p.true) for p in common()],
         "scale", "points", "0.999"),
        ([Common("a", (0, 0), common()[0].true), Common("b", (1, 1), common()[0].true)],
         "close", "points", ""),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_naming_the_point(
    points: list[Common], key: str, field: str, named: str
) -> None:
    north = None if len(points) > 2 else False
    no = refused(points, north=north)
    assert (no.detail, no.field) == (f"coordinates.local.{key}", field)
    assert named in no.said("en")
    assert named in no.said("zh")


@pytest.mark.parametrize("far", [1e200, -1.1e9, math.inf, math.nan])
def test_a_number_that_is_no_coordinate_is_refused(far: float) -> None:
    one = common()[1]
    for wrong in (Common(one.name, (far, 1.0), one.true), Common(one.name, one.local, (1.0, far))):
        no = refused([common()[0], wrong, *common()[2:]])
        assert (no.detail, no.field) == ("coordinates.local.number", "points.1")


def test_two_points_need_the_order_and_stay_unchecked() -> None:
    assert refused(common(n=2)).detail == "coordinates.local.order"
    got = fitted(common(n=2), None, False, 4547)
    assert (got.fit.checked, got.left_out, got.accuracy_m) == (False, None, 1.0)
    in_line = [Common(f"P{i}", (i * 100.0, 0.0), (EAST + i * 100, NORTH)) for i in range(4)]
    assert refused(in_line).field == "north_first"


def drawing(system: LocalSystem, sample: Any, claim: Claim, **said: Any) -> Any:
    reading = reading_kept("town", system.document(), WorkingCrs(4547))
    ask = Said(crs="local:town", **said)
    extent = Extent(WorkingCrs(4547))
    return decided(claim, sample, ask, Settings(crs=4547), extent, fitted=reading)


def test_a_drawing_is_read_by_it_with_its_accuracy_and_its_axes_are_watched() -> None:
    system = fitted(common(turned=True), None, None, 4547)
    inside = LOCAL[0] + np.array([[300, 200], [600, 500]])
    xy = drawing(system, shapes(*inside.T[::-1]), Claim(PLANE, "xy_columns", None))
    assert xy.reading.name == "local:town"
    assert [key for key, _ in xy.also] == ["order_of_points", "checked"]
    got = np.column_stack(xy.reading.to_working(*inside.T[::-1]))
    assert np.abs(got - true_of(inside)).max() < 1e-6
    dxf = drawing(system, shapes(*inside.T), Claim(None, "nothing"))
    assert np.abs(np.column_stack(dxf.reading.to_working(*inside.T)) - true_of(inside)).max() < 1e-6
    held = drawing(system, shapes(*inside.T[::-1]), Claim(None, "nothing"))
    assert held.question.document()["answer"] == {"north_first": True}
    xian = drawing(system, shapes(*inside.T), Claim("EPSG:2362", "file"))
    assert (xian.reading.name, xian.notes[0]) == ("local:town", "crs_overruled"), "Xian-80, fitted"
    far = drawing(system, shapes(*(inside + 40_000).T), Claim(None, "nothing"))
    assert "far_from_points:2" in far.notes
    metres = drawing(system, shapes(*true_of(inside).T), Claim(None, "nothing"))
    assert metres.question.options[0].answer == {"crs": "EPSG:4547"}


@pytest.mark.parametrize("text", [
    "点号,独立X,独立Y,X,Y\nGPS1,1,2,3,4.5\n",
    "GPS1\t1\t2\t3\t4.5\n\n",
    "GPS1；１；２；３；４．５",
    "name x y X Y\r\nGPS1  1 2   3 4.5",
    "\ufeffGPS1，1，2，3，4.5m",
])  # fmt: skip
def test_pasted_tables_are_read(text: str) -> None:
    assert points_of_text(text) == [Common("GPS1", (1, 2), (3, 4.5))]


@pytest.mark.parametrize(
    "text", ["GPS1,1,2,3", "a,1,2,3,4\nb,1,2,x,4", "a,1,2,3,4,5", "a,1_0,2,3,4"]
)
def test_a_row_that_is_no_point_is_named(text: str) -> None:
    with pytest.raises(Problem) as no:
        points_of_text(text)
    assert no.value.detail == "coordinates.local.line"


def body(**more: Any) -> dict[str, Any]:
    points = [{"name": p.name, "local": p.local, "true": p.true} for p in common(turned=True)]
    return {"name": "town", "points": points} | more


def test_a_system_is_kept_in_versions_used_and_seen_by_its_own(
    module_city: Settings,
    module_client: TestClient,
    module_sign_in: KeyMaker,
    tmp_path: Path,
) -> None:
    client, path = module_client, "/api/coordinates/local"
    bureau = module_sign_in("supervisor", all_districts=True)
    company = module_sign_in("utility", org_ids=(7,))
    tried = client.post(path, headers=bureau, json=body(dry_run=True))
    assert (tried.status_code, tried.json()["version"]) == (200, None)
    made = client.post(path + "?lang=en", headers=bureau, json=body())
    assert made.status_code == 201, made.text
    assert (made.json()["version"], made.json()["crs_name"]) == (1, "local:town")
    assert "± 0.05 m" in made.json()["say"]
    text = "\n".join(f"{p.name},{p.local[0]},{p.local[1]},{p.true[0]},{p.true[1]}"
                     for p in common(turned=True, n=3))  # fmt: skip
    again = client.post(path, headers=bureau, json=body(points=text)).json()
    assert (again["version"], len(again["points"])) == (2, 3)
    seen = client.get(path, headers=module_sign_in("planner")).json()["items"]
    assert [(one["name"], one["version"]) for one in seen] == [("town", 2), ("town", 1)]
    assert "parameters" not in seen[0]
    assert client.get(path, headers=company).json()["items"] == []
    assert client.get(f"{path}/{again['id']}", headers=company).status_code == 404
    own = client.post(path, headers=company, json=body())
    assert (own.json()["version"], own.json()["org_id"]) == (1, 7)
    assert client.get(f"{path}/{own.json()['id']}", headers=bureau).status_code == 404
    assert (
        client.get(f"{path}/{again['id']}", headers=bureau).json()["points"][0]["left_out_m"] < 1e-3
    )
    assert client.get(path, headers=module_sign_in("viewer")).status_code == 403
    wrong = client.post(path, headers=bureau, json=body(north_first=False))
    assert (wrong.status_code, wrong.json()["field"]) == (400, "north_first")

    inside = LOCAL[0] + np.array([[300, 200], [600, 500]])
    rows = [[f"s{i}", repr(float(y)), repr(float(x))] for i, (x, y) in enumerate(inside)]
    sheds = table(tmp_path / "s.csv", ["id", "X", "Y"], rows)
    form = {"layer": "charging_sheds", "dataset": "town", "crs": "local:town"}
    answer = post(client, bureau, sheds, **form)
    assert answer.status_code == 202, answer.text
    assert work(module_city, answer.json()["job"]) == "finished"
    done = client.get(answer.json()["url"] + "?lang=en", headers=bureau).json()
    assert (done["state"], done["crs"]) == ("published", "local:town")
    assert "check each other" in done["words"]["because"]
    with owner(module_city) as c:
        rows = c.execute("select st_x(geom), st_y(geom), accuracy_m from data.charging_sheds"
                         " order by source_id").fetchall()  # fmt: skip
        assert c.execute("select crs from data.dataset").fetchall() == [("local:town",)]
        audit = c.execute("select detail::text from data.audit where action = 'local_system'")
        assert all("centre" not in one[0] for one in audit)
    assert np.abs(np.array(rows)[:, :2] - true_of(inside)).max() < 1e-3
    assert rows[0][2] == pytest.approx(np.hypot(1, 0.05), abs=1e-3)
    lost = post(client, bureau, sheds, **form | {"crs": "local:village"})
    assert (lost.status_code, lost.json()["field"]) == (404, "crs")
    odd = post(client, bureau, sheds, **form | {"crs": "local:to\x00wn"})
    assert (odd.status_code, odd.json()["field"]) == (400, "crs")


@pytest.mark.parametrize("wrong", [
    {"points": []}, {"points": "x"}, {"points": None}, {"points": [{"name": "a"}]}, {"name": ""},
    {"name": "\u0000"}, {"org": "7"}, {"crs": "EPSG:99999"}, {"crs": "\u0000"},
    {"north_first": "no"}, {"more": 1},
    {"points": [{"name": "a", "local": [1e308, 1], "true": [1, 1e308]}] * 2},
    {"points": [{"name": n, "local": [1e308, 1], "true": [1, 1e308]} for n in "ab"]},
    {"points": [{"name": n, "local": [1e200, i], "true": [3_375_000, 532_000 + i]}
                for i, n in enumerate("abc")]},
])  # fmt: skip
def test_an_odd_request_is_refused(
    module_client: TestClient, module_sign_in: KeyMaker, wrong: dict[str, Any]
) -> None:
    answer = module_client.post(
        "/api/coordinates/local", headers=module_sign_in("planner"), json=body() | wrong
    )
    assert 400 <= answer.status_code < 500, answer.text
    assert "detail" in answer.json()


def test_the_commands_fit_and_list(module_city: Settings, tmp_path: Path) -> None:
    file = tmp_path / "points.csv"

    def command(*words: str) -> Any:
        home = environment(module_city) | {"GRIDWARDEN_LANGUAGE": "en"}
        return CliRunner().invoke(group, list(words), env=home)

    rows = [f"{p.name},{p.local[0]},{p.local[1]},{p.true[0]},{p.true[1]}" for p in common()]
    file.write_text("点号,x,y,X,Y\n" + "\n".join(rows), "gb18030")
    done = command("fit", "new town", str(file), "--crs", "EPSG:4547")
    assert done.exit_code == 0, done.output
    assert "--crs local:new town" in done.output
    assert "local:new town" in command("list").output
    file.write_text("\n".join([*rows[:3], rows[3].replace("GPS4,", "GPS4,1")]))
    no = command("fit", "new town", str(file))
    assert isinstance(no.exception, Problem)
    assert "GPS4" in no.exception.said("en")
