"""Findings as a file: the rows that the caller sees on `/findings`, whole, and no more of each.

Who reads no main gets of what is tied to one grade, band and the middle of a 500 m cell; nobody
gets a main's line. Columns that a role may never read are not in its file.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import sql

from gridwarden.access.audit.seeing import mains_of
from gridwarden.database import Caller, queries
from gridwarden.layers.catalogue import Words
from gridwarden.layers.export.content import Content, Field, place
from gridwarden.layers.export.target import Target
from gridwarden.layers.features.items import Connection
from gridwarden.screening.listing import EXACT, chosen_by
from gridwarden.screening.parameters import VEILED, FindingsQuery
from gridwarden.words.speech import catalogue, say

Q = queries(__package__ or "gridwarden.screening", "exporting.sql")
NAME: Final = "findings"
TITLE: Final = Words("suspected problems", "疑似问题")
_ALL: Final = (
    Field("id", "bigint", Words("finding", "疑似问题编号")),
    Field("family", "text", Words("kind, as a code", "类别代码")),
    Field("family_title", "text", Words("kind", "类别")),
    Field("layer", "text", Words("layer of the subject", "对象图层")),
    Field("subject_id", "bigint", Words("subject", "对象编号")),
    Field("severity", "text", Words("grade, as a code", "等级代码")),
    Field("severity_title", "text", Words("grade", "等级")),
    Field("certainty", "text", Words("certainty, as a code", "把握代码")),
    Field("certainty_title", "text", Words("certainty", "确定或可能")),
    Field("main", "boolean", Words("tied to a gas main", "涉及燃气管线")),
    Field("district", "text", Words("district", "行政区")),
    Field("first_seen", "timestamp", Words("first seen", "首次发现")),
    Field("place", "text", Words("what the place is", "位置含义")),
    Field("pack", "text", Words("rule pack", "规则包")),
    Field("rule", "text", Words("rule", "规则")),
    Field("clause", "text", Words("clause", "条款")),
    Field("edition", "text", Words("edition", "标准版本")),
    Field("verified", "boolean", Words("clause held beside the print", "条款已与原文核对")),
    Field("counterpart_layer", "text", Words("layer of the other side", "相对物图层")),
    Field("counterpart_id", "bigint", Words("other side", "相对物编号")),
    Field("distance_m", "real", Words("measured distance, m", "实测净距 m")),
    Field("required_m", "real", Words("required distance, m", "应有净距 m")),
    Field("margin_m", "real", Words("margin, m", "余量 m")),
    Field("accuracy_m", "real", Words("accuracy, m", "精度 m")),
    Field("missing", "text", Words("what is missing", "缺少的资料")),
    Field("assumed", "text", Words("what was assumed", "所作假定")),
)
_NAMES: Final = tuple(field.name for field in _ALL)
_BAND: Final = (Field("distance_band", "text", Words("band of the distance, m", "净距区间 m")),)
_EXACT: Final = (
    Field("pressure_class", "text", Words("pressure class", "压力级制")),
    Field("pressed_length_m", "real", Words("pressed length, m", "占压长度 m")),
    Field("pressed_area_m2", "real", Words("pressed area, m²", "占压面积 m²")),
)
BANDED: Final = (*EXACT, *VEILED)
"""Roles that see findings which are tied to mains."""


@dataclass(frozen=True, slots=True)
class _Statement:
    """Composes the statement for the coordinates that are asked for."""

    chosen: sql.Composed
    more: tuple[str, ...]
    working: int

    def __call__(self, target: Target) -> sql.Composed:
        shape = sql.SQL(Q["place"]).format(srid=sql.Literal(self.working))
        return sql.SQL(Q["findings"]).format(
            chosen=self.chosen,
            more=sql.SQL("").join(sql.SQL(Q[name]) for name in self.more),
            place=place(shape, target, self.working),
        )


async def findings_content(
    c: Connection, caller: Caller, asked: FindingsQuery, working: int, purpose: str
) -> Content:
    """What an export of findings holds, in the caller's open transaction; a supervisor's look is
    recorded with its purpose. Raises Problem for a filter that names nothing.
    """
    chosen, values = await chosen_by(c, caller, asked, working, purpose)
    exact, banded = caller.role in EXACT, caller.role in BANDED
    more = (*(("band",) if banded else ()), *(("exact",) if exact else ()))
    fields = (*_ALL, *(_BAND if banded else ()), *(_EXACT if exact else ()))
    words = {
        "families": _words("family.", caller.language),
        "severities": _words("severity.", caller.language),
        "certainties": _words("certainty.", caller.language),
    }
    return Content(
        NAME,
        TITLE,
        fields,
        "any",
        True,
        _Statement(chosen, more, working),
        {**values, **words, "exact": exact},
        "#B3261E",
        _mains if exact else None,
    )


def _mains(number: int, row: Sequence[Any]) -> Iterable[int]:
    """The mains that a row of the file tells the exact distance of, or stands on."""
    return mains_of([dict(zip(_NAMES, row, strict=False))])


def _words(above: str, language: str) -> str:
    """The words of every code below a key, as JSON."""
    known: dict[str, Any] = {
        key.removeprefix(above): say(key, language) for key in catalogue() if key.startswith(above)
    }
    return json.dumps(known, ensure_ascii=False)
