"""Survey sheets and office lists in their own words: headers, spellings, units."""

from itertools import combinations

import pytest

from gridwarden.intake.formats.table import header
from gridwarden.intake.values import Converter, plain
from gridwarden.layers.catalogue import Column, layer, layers


def column(layer_id: str, name: str) -> Column:
    [found] = [one for one in layer(layer_id).all_columns if one.name == name]
    return found


def named(layer_id: str, words: str) -> str | None:
    """The column that a header means."""
    found = [
        one.name
        for one in layer(layer_id).all_columns
        if header(words) in {header(known) for known in one.headers}
    ]
    assert len(found) < 2, (layer_id, words, found)
    return found[0] if found else None


@pytest.mark.parametrize("layer_id", layers())
def test_no_spelling_means_two_codes(layer_id: str) -> None:
    for one in layer(layer_id).columns:
        spellings = {
            code: {plain(word) for word in (code, *words)}
            for code, words in (one.choices or {}).items()
        }
        for (code, mine), (other, theirs) in combinations(spellings.items(), 2):
            assert not mine & theirs, (one.name, code, other)


@pytest.mark.parametrize(
    ("layer_id", "words", "expected"),
    [
        ("underground_lines", "管线种类", "kind"),
        ("underground_lines", "埋设方式", "laying"),
        ("underground_lines", "埋深", "depth_top_m"),
        ("underground_lines", "电压等级", "voltage_kv"),
        ("underground_lines", "管径mm", "dn"),
        ("enclosed_spaces", "空间类型", "kind"),
        ("enclosed_spaces", "有无通风", "ventilated"),
        ("street_objects", "是否深根", "deep_rooted"),
        ("fire_lanes", "净宽", "width_m"),
        ("fire_lanes", "净空高度", "clear_height_m"),
        ("fire_lanes", "尽头式", "dead_end"),
        ("rented_dwellings", "使用面积", "area_m2"),
        ("rented_dwellings", "居住人数", "occupants"),
        ("rented_dwellings", "打隔断", "partition_added"),
        ("gas_pipelines", "管网类别", "network"),
        ("gas_pipelines", "地区等级", "area_class"),
        ("buildings", "户数", "households"),
        ("estates", "户数", "households"),
    ],
)
def test_headers_of_surveyors_and_offices_find_their_column(
    layer_id: str, words: str, expected: str
) -> None:
    assert named(layer_id, words) == expected


@pytest.mark.parametrize(
    ("layer_id", "name", "written", "stored"),
    [
        ("underground_lines", "kind", "雨水", "sewer"),
        ("underground_lines", "kind", "ＪＳ", "water"),
        ("underground_lines", "kind", "路灯", "power_cable"),
        ("underground_lines", "kind", "光缆", "comms_cable"),
        ("underground_lines", "kind", "RL", "heat"),
        ("underground_lines", "laying", "管块", "duct"),
        ("underground_lines", "laying", "管沟", "trench"),
        ("underground_lines", "voltage_kv", "10kV", 10.0),
        ("enclosed_spaces", "kind", "地下车库", "basement"),
        ("enclosed_spaces", "kind", "暗渠", "drain"),
        ("enclosed_spaces", "ventilated", "无", False),
        ("street_objects", "kind", "行道树", "tree"),
        ("street_objects", "kind", "路灯杆", "lighting_pole"),
        ("street_objects", "kind", "围墙", "compound"),
        ("fire_lanes", "kind", "登高操作场地", "climbing_area"),
        ("fire_lanes", "state", "占用", "occupied"),
        ("rented_dwellings", "let_room", "厨房", "kitchen"),
        ("gas_pipelines", "network", "庭院", "yard"),
        ("gas_pipelines", "network", "长输", "transmission"),
        ("gas_pipelines", "network", "中压干管", "city"),
        ("gas_pipelines", "area_class", "三级地区", "3"),
        ("gas_pipelines", "area_class", 4.0, "4"),
    ],
)
def test_values_are_read_as_offices_write_them(
    layer_id: str, name: str, written: object, stored: object
) -> None:
    assert Converter(column(layer_id, name)).one(written) == stored


def test_volts_become_kilovolts() -> None:
    volts = column("street_objects", "voltage_kv")
    assert Converter(volts, volts.headers["电压v"]).one("380") == 0.38
