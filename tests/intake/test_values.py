"""From what people write to what a column holds."""

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridwarden.intake.dates import day, moment
from gridwarden.intake.measures import size_of
from gridwarden.intake.spelling import plain
from gridwarden.intake.values import BadValueError, Converter
from gridwarden.layers.catalogue import Column, layer


def column(layer_id: str, name: str) -> Column:
    return next(c for c in layer(layer_id).all_columns if c.name == name)


def convert(layer_id: str, name: str, value: Any, **options: Any) -> Any:
    return Converter(column(layer_id, name), **options).one(value)


@pytest.mark.parametrize(
    ("value", "factor", "dn"),
    [
        (200, 1, 200.0),
        ("DN200", 1, 200.0),
        ("de 110", 1, 110.0),
        ("200mm", 1, 200.0),
        ("２００", 1, 200.0),
        ("63,5", 1, 63.5),
        (0.2, 1000, 200.0),
        ("0.2", 1000, 200.0),
        ("0.2 m", 1, 200.0),
        ("200mm", 1000, 200.0),
        ("DN200", 1000, 200.0),
        ("1,200", 1, 1200.0),
        ("Φ219×6", 1, 200.0),
        ("φ325", 1, 300.0),
        ("D159×4.5mm", 1, 150.0),
        ("dn110", 1, 110.0),
        ("Φ630×36", 1, 630.0),
        ("Φ630×8", 1, 600.0),
        ("见图", 1, None),
        ("—", 1, None),
        (0.1016, 1000, 101.6),
        ("不详", 1, None),
        ("-", 1, None),
        (float("nan"), 1, None),
    ],
)
def test_a_diameter_is_read_as_people_write_it(value: Any, factor: float, dn: float | None) -> None:
    assert convert("gas_pipelines", "dn", value, factor=factor) == dn


@pytest.mark.parametrize(
    "value", ["abc", "200 or 300", "nan ", "inf", "0.2 MPa", "1e999", "500×400", "2×DN100", True]
)
def test_what_is_no_diameter_is_refused(value: Any) -> None:
    if value == "nan ":
        assert convert("gas_pipelines", "dn", value) is None
        return
    with pytest.raises(BadValueError) as bad:
        convert("gas_pipelines", "dn", value)
    assert bad.value.reason == "bad_number"


def test_bounds_are_the_column_s_own_and_belong_to_it() -> None:
    assert convert("gas_pipelines", "dn", 5) == 5
    assert convert("gas_pipelines", "dn", 2500) == 2500
    for value in (4.99, 2500.1, -200):
        with pytest.raises(BadValueError) as bad:
            convert("gas_pipelines", "dn", value)
        assert bad.value.reason == "out_of_bounds"


def test_a_dbf_writes_zero_and_9999_for_nothing() -> None:
    assert convert("gas_pipelines", "dn", 0.0, dbf=True) is None
    assert convert("gas_pipelines", "depth_top_m", -9999.0, dbf=True) is None
    assert convert("gas_pipelines", "depth_top_m", 0.0, dbf=True) == 0.0
    with pytest.raises(BadValueError):
        convert("gas_pipelines", "dn", 0.0)


@pytest.mark.parametrize(
    ("value", "code"),
    [("中压Ａ", "MA"), ("中压a", "MA"), (" SHB ", "SHB"), ("低压", "L"), ("未知", None)],
)
def test_a_choice_is_known_by_its_spellings(value: str, code: str | None) -> None:
    assert convert("gas_pipelines", "pressure_class", value) == code


def test_a_choice_wins_over_a_word_for_nothing() -> None:
    """无 is a state of a water system, and no value elsewhere."""
    assert convert("buildings", "water_system_state", "无") == "none"
    assert convert("charging_sheds", "status", "无") is None


def test_a_medium_that_is_no_gas_is_told_as_such() -> None:
    with pytest.raises(BadValueError) as bad:
        convert("gas_pipelines", "medium", "water")
    assert bad.value.reason == "not_gas"


@pytest.mark.parametrize(
    "written",
    [
        "2019-03-07",
        "2019/3/7",
        "2019.03.07",
        "20190307",
        "2019年3月7日",
        "2019年3月7号",
        "２０１９年３月７日",
        "二〇一九年三月七日",
        "2019-3-7 星期四",
        "2019-03-07T10:00:00",
        "2019年3月7日 8时30分",
        "7 March 2019",
        "Mar 7, 2019",
        43531,
        43531.5,
        "43531",
        20190307,
        datetime(2019, 3, 7, 8),
    ],
)
def test_a_day_is_read_as_ledgers_write_it(written: Any) -> None:
    assert day(written) == date(2019, 3, 7)


def test_a_day_before_its_year_is_taken_where_only_one_reading_is_a_day() -> None:
    assert day("25/12/2026") == day("12/25/2026") == date(2026, 12, 25)
    assert day("二〇二六年十二月廿五日") == date(2026, 12, 25)
    assert day("3/3/2026") == date(2026, 3, 3)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("2019-02-30", "bad_date"),
        ("7/3/2019", "ambiguous_date"),
        ("19.3.7", "ambiguous_date"),
        ("19年3月7日", "ambiguous_date"),
        ("7-Mar-19", "ambiguous_date"),
        ("soon", "bad_date"),
        ("2019年底", "bad_date"),
        ("2019", "incomplete_date"),
        (2019, "incomplete_date"),
        (2019.3, "incomplete_date"),
        ("2019年3月", "incomplete_date"),
        ("2019-03", "incomplete_date"),
        ("三月", "incomplete_date"),
        ("3月7日", "incomplete_date"),
        ("99999999", "bad_date"),
        ("13/13/2019", "bad_date"),
        (True, "bad_date"),
    ],
)
def test_what_is_no_day_is_refused(written: Any, reason: str) -> None:
    with pytest.raises(BadValueError) as bad:
        day(written)
    assert bad.value.reason == reason


@pytest.mark.parametrize(
    "written", ["2026-3-5 8:30", "2026年3月5日8时30分", "2026/03/05 08:30:00", 46086.35416667]
)
def test_a_moment_keeps_its_time_of_the_day(written: Any) -> None:
    found = moment(written)
    assert found is not None
    assert found.replace(second=0) == datetime(2026, 3, 5, 8, 30)


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("Φ219×6", (200.0, 219.0, 6.0)),
        ("φ219X6.0", (200.0, 219.0, 6.0)),
        ("de110", (110.0, 110.0, None)),
        ("DN200", (200.0, None, None)),
        ("D200", (200.0, None, None)),
        ("D219", (200.0, 219.0, None)),
        ("PE63", None),
        ("200", None),
    ],
)
def test_a_pipe_s_size_tells_nominal_outer_diameter_and_wall(
    written: str, size: tuple[float | None, ...] | None
) -> None:
    found = size_of(plain(written))
    assert (None if found is None else (found.dn, found.od_mm, found.wall_mm)) == size
    for part, wanted in zip(("od_mm", "wall_mm"), (size or (None,) * 3)[1:], strict=True):
        assert Converter(column("gas_pipelines", part), part=part).one(written) == wanted


def test_a_nominal_diameter_is_no_outer_one() -> None:
    with pytest.raises(BadValueError):
        convert("gas_pipelines", "od_mm", "DN200")


@pytest.mark.parametrize(
    ("layer_id", "name", "written", "value"),
    [
        ("gas_pipelines", "depth_top_m", "1.5米", 1.5),
        ("gas_pipelines", "depth_top_m", "150cm", 1.5),
        ("gas_pipelines", "depth_top_m", "１．５", 1.5),
        ("gas_pipelines", "p_mop_mpa", "400kPa", 0.4),
        ("gas_pipelines", "p_mop_mpa", "4 bar", 0.4),
        ("gas_pipelines", "year_laid", "2009年", 2009),
        ("gas_pipelines", "year_laid", "2009年6月", 2009),
        ("gas_pipelines", "year_laid", date(2009, 6, 1), 2009),
        ("charging_sheds", "places", "40个", 40),
        ("estates", "households", "1,250户", 1250),
    ],
)
def test_a_number_may_stand_beside_its_unit(
    layer_id: str, name: str, written: Any, value: float
) -> None:
    assert convert(layer_id, name, written) == value


@pytest.mark.parametrize("written", ["1.2-1.5", "1.5MPa", "约1.5", "≥1.5", "1.5m2"])
def test_what_is_no_depth_is_refused(written: str) -> None:
    with pytest.raises(BadValueError) as bad:
        convert("gas_pipelines", "depth_top_m", written)
    assert bad.value.reason == "bad_number"


@settings(deadline=None)
@given(st.text() | st.floats() | st.integers() | st.booleans() | st.binary())
def test_no_value_of_a_file_breaks_a_column(value: Any) -> None:
    """Every column takes a value or refuses it with a code; nothing else comes out."""
    for one in layer("gas_pipelines").all_columns + layer("charging_sheds").all_columns:
        try:
            Converter(one).one(value)
        except BadValueError as bad:
            assert bad.reason.isidentifier()
