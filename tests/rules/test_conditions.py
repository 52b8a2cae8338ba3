"""Conditions as SQL: three-valued, only ever names and literals; and what no city has set."""

import json
from typing import Any, LiteralString, cast

import psycopg
import pytest

from conftest import owner
from gridwarden.settings import Settings

HOSTILE = "height_m) or true; drop table data.finding --"


def test_what_a_condition_names_is_only_ever_a_name_or_a_literal(module_city: Settings) -> None:
    conditions = json.dumps(
        [
            {"column": HOSTILE, "over": 21.0},
            {"column": "use", "is": ["'); drop table data.finding --"]},
        ]
    )
    with owner(module_city) as c:
        row = c.execute("select data.condition_sql(%s, 's')", (conditions,)).fetchone()
        assert row is not None
        assert f's."{HOSTILE}" > 21.0' in row[0]
        text = cast(LiteralString, f"select {row[0]} from data.buildings s")
        with pytest.raises(psycopg.errors.UndefinedColumn), c.transaction():
            c.execute(text)
        assert c.execute("select to_regclass('data.finding') is not null").fetchone() == (True,)


def test_the_database_itself_takes_no_pack_with_place_holders(module_city: Settings) -> None:
    normal = json.dumps({"pack": {"id": "x", "version": "1", "title": {"en": "{{where}}"}}})
    with owner(module_city) as c, pytest.raises(psycopg.Error) as told:
        c.execute("select data.write_pack(%s, '{}')", (normal,))
    assert told.value.sqlstate == "GW400"


CONDITIONS: list[tuple[dict[str, Any], dict[str, Any], bool | None]] = [
    ({"column": "use", "is": ["a", "b"]}, {"use": "b"}, True),
    ({"column": "use", "is": ["a", "b"]}, {"use": "c"}, False),
    ({"column": "use", "is": ["a"]}, {}, None),
    ({"column": "use", "not": ["a"]}, {"use": "a"}, False),
    ({"column": "use", "not": ["a"]}, {}, None),
    ({"column": "height_m", "over": 21.0}, {"height_m": 21.0}, False),
    ({"column": "height_m", "from": 21.0}, {"height_m": 21.0}, True),
    ({"column": "height_m", "under": 21.0}, {"height_m": 21.0}, False),
    ({"column": "height_m", "upto": 21.0}, {"height_m": 21.0}, True),
    ({"column": "height_m", "upto": 21.0}, {}, None),
    ({"column": "height_m", "under": 3.0, "per": "storeys"}, {"height_m": 8.9, "storeys": 3}, True),
    (
        {"column": "height_m", "under": 3.0, "per": "storeys"},
        {"height_m": 9.0, "storeys": 3},
        False,
    ),
    ({"column": "height_m", "under": 3.0, "per": "storeys"}, {"height_m": 9.0, "storeys": 0}, None),
    # what nobody recorded does not meet a condition that says so
    ({"column": "use", "is": ["a"], "unknown": "no"}, {}, False),
    ({"column": "use", "is": ["a"], "unknown": "no"}, {"use": "a"}, True),
    ({"column": "use", "not": ["a"], "unknown": "no"}, {}, False),
    ({"column": "use", "not": ["a"], "unknown": "no"}, {"use": "b"}, True),
    ({"column": "height_m", "under": 4.0, "unknown": "no"}, {}, False),
    ({"column": "height_m", "under": 4.0, "unknown": "no"}, {"height_m": 3.9}, True),
    *(
        ({"column": "height_m", "under": 3.0, "per": "storeys", "unknown": "no"}, record, holds)
        for record, holds in (
            ({"height_m": 8.9, "storeys": 3}, True),
            ({"height_m": 8.9, "storeys": 0}, False),
            ({"height_m": 8.9}, False),
            ({"storeys": 3}, False),
        )
    ),
    ({"column": "height_m", "over": "@shed_service_radius_m"}, {"height_m": 300.0}, False),
    ({"column": "height_m", "over": "@shed_service_radius_m"}, {"height_m": 300.1}, True),
    ({"column": "height_m", "over": "@nobody_set_this"}, {"height_m": 300.1}, None),
]
ESTIMATE = {"column": "storeys", "factor": 3.0, "possible_from": 19.0, "certain_over": 23.0}
ESTIMATED: list[tuple[dict[str, Any], bool | None]] = [
    ({"height_m": 20.0, "storeys": 30}, False),
    ({"storeys": 8}, True),
    ({"storeys": 7}, None),
    ({"storeys": 6}, False),
    ({}, False),
]
OVER_21 = {"column": "height_m", "over": 21.0, "estimate": ESTIMATE}
ALL = CONDITIONS + [(OVER_21, record, holds) for record, holds in ESTIMATED]


@pytest.mark.parametrize(("condition", "record", "holds"), ALL)
def test_a_condition_holds_does_not_or_is_unknown(
    module_city: Settings, condition: dict[str, Any], record: dict[str, Any], holds: bool | None
) -> None:
    with owner(module_city) as c:
        row = c.execute("select data.condition_sql(%s, 's')", (json.dumps([condition]),)).fetchone()
        assert row is not None
        text = f"select {row[0]} from jsonb_populate_record(null::data.buildings, %s) s"
        said = c.execute(cast(LiteralString, text), (json.dumps(record),)).fetchone()
    assert said == (holds,)


def test_a_rule_whose_figure_the_city_has_not_set_judges_nobody(module_city: Settings) -> None:
    unset = "select id, rule from data.rule where in_force and data.unset_figures(id) <> '{}'"
    with owner(module_city) as c:
        waiting = dict(c.execute(unset).fetchall())
        judging = {i for (i,) in c.execute("select unnest(rule_ids) from data.statements()")}
        assert waiting
        assert not set(waiting) & judging
        c.execute("update data.rule_figure set value = 1 where value is null")
        assert c.execute(unset).fetchall() == []
        judging = {i for (i,) in c.execute("select unnest(rule_ids) from data.statements()")}
        c.rollback()
    assert set(waiting) <= judging
