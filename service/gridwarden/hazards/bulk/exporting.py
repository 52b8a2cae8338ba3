"""Cases as a file: CSV, GeoPackage and every other kind, with what the list itself would show.

Where the role may not read a place (what is tied to mains) the row stands in the middle of its
500 m cell, as on the map, and the column `place` says so.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import sql

from gridwarden.access.audit.seeing import MAINS
from gridwarden.database import Caller
from gridwarden.hazards.bulk.acting import Q
from gridwarden.layers.catalogue import Words
from gridwarden.layers.export.content import Content, Field, place
from gridwarden.layers.export.target import Target
from gridwarden.words.speech import catalogue, say

NAME: Final = "hazards"
TITLE: Final = Words("hazard ledger", "隐患台账")
FIELDS: Final = (
    Field("id", "bigint", Words("case", "隐患内部编号")),
    Field("hazard_no", "text", Words("number", "隐患编号")),
    Field("external_no", "text", Words("number elsewhere", "外部编号")),
    Field("family", "text", Words("kind, as a code", "隐患类型代码")),
    Field("family_title", "text", Words("kind", "隐患类型")),
    Field("category", "text", Words("category", "类别")),
    Field("source", "text", Words("source, as a code", "来源代码")),
    Field("grade", "text", Words("grade, as a code", "等级代码")),
    Field("state", "text", Words("state, as a code", "状态代码")),
    Field("overdue", "boolean", Words("overdue", "是否超期")),
    Field("place_words", "text", Words("place", "隐患部位")),
    Field("description", "text", Words("description", "隐患描述")),
    Field("district", "text", Words("district", "行政区")),
    Field("organisation", "text", Words("responsible organisation", "责任单位")),
    Field("person_responsible", "text", Words("responsible person", "责任人")),
    Field("supervisor", "text", Words("supervising department", "监管部门")),
    Field("leader_in_charge", "text", Words("leader in charge", "包保领导")),
    Field("due_at", "timestamp", Words("due", "整改期限")),
    Field("found_at", "timestamp", Words("found", "发现时间")),
    Field("registered_at", "timestamp", Words("registered", "登记时间")),
    Field("closed_at", "timestamp", Words("closed", "销号时间")),
    Field("returned", "integer", Words("times sent back", "退回次数")),
    Field("reopened", "integer", Words("times reopened", "重开次数")),
    Field("layer", "text", Words("layer of the subject", "对象图层")),
    Field("subject_id", "bigint", Words("subject", "对象编号")),
    Field("version", "integer", Words("version of the case", "隐患记录版本")),
    Field("main", "boolean", Words("tied to a gas main", "涉及燃气管线")),
    Field("place", "text", Words("what the place is", "位置含义")),
)
EXACT: Final = ("utility", "supervisor")
"""Roles that may read which main a case is of."""
_LAYER: Final = 1 + [field.name for field in FIELDS].index("layer")


@dataclass(frozen=True, slots=True)
class _Statement:
    """Composes the statement for the coordinates that are asked for."""

    chosen: sql.Composed
    working: int

    def __call__(self, target: Target) -> sql.Composed:
        point = sql.SQL("st_setsrid(st_makepoint(f.x, f.y), {})").format(sql.Literal(self.working))
        return sql.SQL(Q["export"]).format(
            chosen=self.chosen, place=place(point, target, self.working)
        )


def cases_content(
    caller: Caller, chosen: sql.Composed, values: Mapping[str, Any], working: int
) -> Content:
    """What a file of the cases holds that `chosen` (with its `values`) gives the caller."""
    families = {
        key.removeprefix("family."): say(key, caller.language)
        for key in catalogue()
        if key.startswith("family.")
    }
    return Content(
        NAME,
        TITLE,
        FIELDS,
        "any",
        True,
        _Statement(chosen, working),
        {**values, "families": json.dumps(families, ensure_ascii=False)},
        "#B3261E",
        _mains if caller.role in EXACT else None,
    )


def _mains(number: int, row: Sequence[Any]) -> Iterable[int]:
    """The mains that cases of the file are of, where the caller may read which."""
    layer, subject = row[_LAYER - 1], row[_LAYER]
    return (subject,) if layer == MAINS and subject is not None else ()
