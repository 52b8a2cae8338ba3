"""From what people write to what a column holds."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridwarden.intake.values import BadValueError, Converter, day
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
        (0.1016, 1000, 101.6),
        ("不详", 1, None),
        ("-", 1, None),
        (float("nan"), 1, None),
    ],
)
def test_a_diameter_is_read_as_people_write_it(value: Any, factor: float, dn: float | None) -> None:
    assert convert("gas_pipelines", "dn", value, factor=factor) == dn


@pytest.mark.parametrize("value", ["abc", "200 or 300", "nan ", "inf", "0.2 m", "1e999", True])
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
    ["2019-03-07", "2019/3/7", "2019.03.07", "20190307", "2019年3月7日", "2019-03-07T10:00:00"],
)
def test_a_day_is_read_as_ledgers_write_it(written: str) -> None:
    assert day(written) == date(2019, 3, 7)


@pytest.mark.parametrize("written", ["2019-02-30", "7/3/2019", "soon", "2019", "99999999"])
def test_what_is_no_day_is_refused(written: str) -> None:
    with pytest.raises(BadValueError) as bad:
        day(written)
    assert bad.value.reason == "bad_date"


@settings(deadline=None)
@given(st.text() | st.floats() | st.integers() | st.booleans() | st.binary())
def test_no_value_of_a_file_breaks_a_column(value: Any) -> None:
    """Every column takes a value or refuses it with a code; nothing else comes out."""
    for one in layer("gas_pipelines").all_columns + layer("charging_sheds").all_columns:
        try:
            Converter(one).one(value)
        except BadValueError as bad:
            assert bad.reason.isidentifier()
