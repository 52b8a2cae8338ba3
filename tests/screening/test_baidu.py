"""Nothing is measured from places in Baidu's shifted system, and they are judged by the rest."""

from conftest import owner

from .conftest import DrawnCity, point, rectangle


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
