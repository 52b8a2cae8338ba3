"""Nothing is measured from places in Baidu's shifted system, and they are judged by the rest."""

from typing import Any

import numpy as np
import shapely
from fastapi.testclient import TestClient

from conftest import KeyMaker, owner
from gridwarden.geodesy import WorkingCrs, gcj02_to_bd09, wgs84_to_gcj02
from gridwarden.settings import Settings

from .conftest import STEEL_MA, SURE, DrawnCity, line, point, rectangle
from .what_if_town import town_of


def from_baidu(drawn: DrawnCity, layer: str, feature: int) -> None:
    """The feature becomes one of a dataset of its layer that was read as BD-09."""
    with owner(drawn.settings) as c:
        c.execute(
            "insert into data.dataset (layer, name, version, crs) values (%s, %s, 1, 'bd09')",
            (layer, f"baidu {feature}"),
        )
        c.execute(
            f"insert into data.{layer} (dataset_id, source_id, geom)"  # type: ignore[arg-type]
            f" select d.id, 'there', f.geom from data.{layer} f, data.dataset d"
            " where f.id = %s and d.name = %s",
            (feature, f"baidu {feature}"),
        )
        c.execute(f"delete from data.{layer} where id = %s", (feature,))  # type: ignore[arg-type]


def measured(drawn: DrawnCity) -> set[int]:
    """The subjects found near a main."""
    drawn.screen()
    return {row["subject_id"] for row in drawn.findings("main_encroachment")}


def test_a_building_from_baidu_is_not_measured_from_a_main(drawn: DrawnCity) -> None:
    drawn.main()
    near, nearer = drawn.wall(0.2), drawn.wall(0.1)
    assert measured(drawn) == {near, nearer}
    from_baidu(drawn, "buildings", nearer)
    assert measured(drawn) == {near}


def test_no_distance_is_measured_from_a_main_from_baidu(drawn: DrawnCity) -> None:
    main = drawn.main()
    near = drawn.wall(0.1)
    assert measured(drawn) == {near}
    from_baidu(drawn, "gas_pipelines", main)
    assert measured(drawn) == set()


def test_an_estate_still_has_the_shed_that_baidu_knows(drawn: DrawnCity) -> None:
    drawn.add("estates", rectangle(0, 0, 100, 100))
    shed = drawn.add("charging_sheds", point(150, 50), status="working")
    drawn.screen()
    assert drawn.findings("estate_without_shed") == []
    from_baidu(drawn, "charging_sheds", shed)
    drawn.screen()
    assert drawn.findings("estate_without_shed") == []


def set_read_as(drawn: DrawnCity, layer: str, crs: str | None) -> None:
    """All of a layer was read as this system."""
    drawn.sql("update data.dataset set crs = %s where layer = %s", (crs, layer))


def in_baidu(x: float, y: float, size: float = 10) -> str:
    """A square whose south-west corner is at these metres of the drawn plane, as Baidu says it."""
    square = shapely.from_wkt(rectangle(x, y, x + size, y + size))
    east, north = shapely.get_coordinates(square).T
    moved = gcj02_to_bd09(*wgs84_to_gcj02(*WorkingCrs(4547).lonlat(east, north)))
    return shapely.set_coordinates(square, np.column_stack(moved)).wkt


def families(answer: dict[str, Any], part: str = "findings") -> set[str]:
    return {one["family"] for one in answer[part]}


def test_a_proposal_is_not_measured_from_what_baidu_placed(
    city: Settings, client: TestClient, sign_in: KeyMaker
) -> None:
    town = town_of(city, client, sign_in)
    drawn = town.drawn
    town.main("A", line((0, 0), (100, 0)))
    drawn.wall(0.2)
    proposals = (
        ("buildings", rectangle(40, -10.2, 60, -0.2), "gas_pipelines", SURE),
        ("gas_pipelines", line((0, 0.1), (100, 0.1)), "buildings", STEEL_MA | {"operator": "A"}),
    )
    for layer, wkt, other, properties in proposals:
        for crs, found in ((None, True), ("bd09", False), ("gcj02", True)):
            set_read_as(drawn, other, crs)
            answer = town.ask(layer, wkt, properties=properties)
            assert ("main_encroachment" in families(answer)) is found, (layer, crs)
            assert answer["unmeasured"] is None


def test_no_distance_is_judged_of_a_proposal_in_baidu_s_coordinates(
    city: Settings, client: TestClient, sign_in: KeyMaker
) -> None:
    town = town_of(city, client, sign_in)
    drawn = town.drawn
    town.main("A", line((0, 0), (100, 0)))
    wall = drawn.wall(0.2)
    drawn.screen()
    assert {row["subject_id"] for row in drawn.findings("main_encroachment")} == {wall}
    there, gone = in_baidu(45, 0.3), in_baidu(45, 300)
    # the same place in a system that is good to a metre
    sure = town.ask("buildings", rectangle(45, 0.3, 55, 10.3), properties={})
    assert (families(sure), sure["unmeasured"]) == ({"main_encroachment"}, None)
    for wkt in (there, gone):
        answer = town.ask("buildings", wkt, crs="bd09", properties={}, replaces=wall)
        assert "main_encroachment" not in families(answer), "a place good to some 10 m"
        assert answer["ends"] == [], "nor does a finding of a distance end"
        assert "main_encroachment" in answer["unmeasured"]["families"]
        assert answer["unmeasured"]["say"].startswith("The coordinates are Baidu's")
    surveyed = town.ask("buildings", rectangle(45, 300, 55, 310), replaces=wall)
    assert families(surveyed, "ends") == {"main_encroachment"}
    form = {"layer": "buildings", "feature": there, "crs": "bd09"}
    page = client.post("/what-if?lang=zh", data=form, headers=town.keys["bureau"])
    assert "不判定间距" in page.text
