"""What a layer file says: columns, words, geometry, style, who may read and bring it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from gridwarden.database import ADMINISTRATORS, ASKERS, OFFICE
from gridwarden.words.figures import grouped

ColumnType = Literal["text", "real", "integer", "date", "boolean", "timestamp"]
Geometry = Literal["line", "polygon", "any", "none"]
Scope = Literal["all", "own", "look", "districts", "grids"]
SECRET_SCOPES = ("own", "look")
AREA_SCOPES = ("districts", "grids")
_CODES = {code: code.upper() for code in ("lpg", "pe", "a", "b", "c", "d")} | {"ok": "in order"}
"""Parts of codes that are no English words as they stand."""
MOST_DAYS = 36_500
"""The longest promise, in days."""

SQL_TYPES: Mapping[ColumnType, str] = MappingProxyType(
    {
        "text": "text",
        "real": "double precision",
        "integer": "integer",
        "date": "date",
        "boolean": "boolean",
        "timestamp": "timestamptz",
    }
)
GEOMETRY_TYPES: Mapping[Geometry, str] = MappingProxyType(
    {"line": "MultiLineString", "polygon": "MultiPolygon", "any": "Geometry", "none": "Geometry"}
)


@dataclass(frozen=True, slots=True)
class Words:
    """One thing in both languages."""

    en: str
    zh: str

    def in_(self, language: str) -> str:
        """The word in `zh` or, for any other language, in English."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Column:
    """One property. `minimum` and `maximum` are closed bounds in the unit that the name ends in.

    `synonyms` are headers that mean this column, in lower case; a synonym may carry a factor
    (`{"diameter_m": 1000}`: metres that become the column's millimetres).
    `choices` maps each allowed code to the spellings that mean it; a value outside them is
    refused with the reason `refusal`. `known_to` are the roles that alone read it, each in its own
    districts or grids (names, phones); without it whoever reads the layer does.
    """

    name: str
    type: ColumnType
    title: Words
    synonyms: tuple[str, ...] = ()
    factors: Mapping[str, float] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    choices: Mapping[str, tuple[str, ...]] | None = None
    refusal: str = "bad_choice"
    known_to: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or self.name != self.name.lower():
            raise ValueError(f"a column name is a lower-case identifier, not {self.name!r}")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"{self.name}: minimum above maximum")

    @property
    def headers(self) -> dict[str, float]:
        """Every header that means this column, with the factor to its unit."""
        plain = dict.fromkeys((self.name, *self.synonyms), 1.0)
        return plain | dict(self.factors)

    def said(self, value: object, language: str) -> str:
        """A value as people read it: a choice by its first Chinese spelling, or its code in words;
        a number without digits that say nothing, a long one in threes."""
        spellings = (self.choices or {}).get(str(value), ())
        if language == "zh":
            chinese = (word for word in spellings if any("一" <= c <= "鿿" for c in word))
            if word := next(chinese, None):
                return word.upper()
        if self.choices:
            return " ".join(_CODES.get(word, word) for word in str(value).split("_"))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return grouped(value)
        return str(value)


def count(
    name: str, title: Words, synonyms: tuple[str, ...] = (), *, most: int = 1_000_000
) -> Column:
    """A column that counts things: whole numbers from 0 to `most`."""
    return Column(name, "integer", title, synonyms, minimum=0, maximum=most)


@dataclass(frozen=True, slots=True)
class Style:
    """How the layer looks in page, Folium and pictures (look.md's tokens)."""

    stroke: str = "#5B6770"
    fill: str = "#E7EBEF"
    width_px: float = 1.0


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of the city.

    `readers` says for each asking role what it sees: `all` rows, its `own` organisation's, those
    of its districts after a recorded `look`, or what stands in its own `districts` or `grids`. A
    role that is not named reads nothing.
    """

    id: str
    title: Words
    geometry: Geometry
    columns: tuple[Column, ...]
    readers: Mapping[str, Scope]
    importers: tuple[str, ...]
    style: Style = Style()
    synonyms_of_source_id: tuple[str, ...] = ()
    update_days: int | None = None
    """What a new dataset promises unless its importer says otherwise: days until the next version;
    None where nothing is promised."""
    dated_by: tuple[str, ...] = ("source_date",)
    """Columns whose newest day tells how fresh a version is."""
    register: bool = False
    """Whether it is a list that an office keeps by hand: the page of registers shows it first."""
    category: str | None = None
    """What kind of hazards its findings are, where no family of rules says so."""
    placed_by: tuple[tuple[str, str], ...] = ()
    """For a row without a shape: (column, layer) pairs. It stands where the one feature stands that
    the column names (by name or code); the first pair that finds exactly one counts."""

    def __post_init__(self) -> None:
        if not self.id.isidentifier() or self.id != self.id.lower():
            raise ValueError(f"a layer id is a lower-case identifier, not {self.id!r}")
        for role in (*self.readers, *self.importers):
            if role not in ASKERS + ADMINISTRATORS:
                raise ValueError(f"{self.id}: no such role: {role}")
        if self.secret and any(scope in AREA_SCOPES for scope in self.readers.values()):
            raise ValueError(f"{self.id}: a secret layer is read by its own or by a look alone")
        if self.update_days is not None and not 1 <= self.update_days <= MOST_DAYS:
            raise ValueError(f"{self.id}: update_days lies outside 1 to {MOST_DAYS}")
        names = [c.name for c in self.all_columns]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.id}: a column is named twice")
        days = {c.name for c in self.all_columns if c.type == "date"}
        if not days.issuperset(self.dated_by):
            raise ValueError(f"{self.id}: dated_by names what is no day: {self.dated_by}")
        for column in self.columns:
            if set(column.known_to) - set(self.readers):
                raise ValueError(
                    f"{self.id}: {column.name} is known to who does not read the layer"
                )
            unknowing = set(self.importers) & set(self.readers) - set(column.known_to)
            if column.known_to and unknowing:
                raise ValueError(f"{self.id}: {unknowing} bring {column.name} and may not read it")
        if self.placed_by and self.geometry != "any":
            raise ValueError(f"{self.id}: only a layer of any shapes is placed by others")
        if not set(names).issuperset(column for column, _ in self.placed_by):
            raise ValueError(f"{self.id}: placed_by names a column that is not there")

    @property
    def secret(self) -> bool:
        """Whether exact positions are kept from most roles."""
        return any(scope in SECRET_SCOPES for scope in self.readers.values())

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """The columns every layer has, then its own."""
        return (*COMMON, *self.columns)

    @property
    def known_to(self) -> tuple[str, ...]:
        """Who reads what no column of a layer with kept columns takes: the same roles."""
        kept = [set(c.known_to) for c in self.columns if c.known_to]
        return tuple(sorted(set.intersection(*kept))) if kept else ()

    @property
    def date_columns(self) -> tuple[str, ...]:
        """Names of the columns that hold a day or a moment."""
        return tuple(c.name for c in self.columns if c.type in ("date", "timestamp"))


COMMON = (
    Column(
        "code",
        "text",
        Words("code", "编号"),
        ("ref", "no", "number", "编码", "代码", "编号", "地块编号", "孔号"),
    ),
    Column(
        "name",
        "text",
        Words("name", "名称"),
        ("名称", "名字", "title", "楼名", "项目名称", "地块名称"),
    ),
    Column(
        "accuracy_m",
        "real",
        Words("accuracy, m (95 %)", "精度 m(95 %)"),
        ("accuracy", "精度", "点位精度"),
        minimum=0,
        maximum=1000,
    ),
    Column(
        "source_date",
        "date",
        Words("source date", "资料日期"),
        ("资料日期", "数据日期", "updated", "survey_day"),
    ),
)
_OFFICE: dict[str, Scope] = dict.fromkeys(OFFICE, "all")
EVERYONE: Mapping[str, Scope] = MappingProxyType(_OFFICE | {"inspector": "districts"})
"""The office; inspectors read what stands in their districts."""
STREET: Mapping[str, Scope] = MappingProxyType({**EVERYONE, "warden": "grids"})
"""Wardens read what stands in their grids, too."""
GROUND: Mapping[str, Scope] = MappingProxyType(_OFFICE | {"inspector": "all", "warden": "all"})
"""What the others are shown on, whole for who works outside, too."""
