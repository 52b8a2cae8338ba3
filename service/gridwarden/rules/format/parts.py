"""What everything in a pack is made of: texts, numbers, names, and a mistake with its place."""

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

Severity = Literal["general", "serious", "major"]
Verdict = Literal["notify", "protection_plan", "prohibited"]
Method = Literal[
    "hand",
    "mechanical",
    "trenchless",
    "piling",
    "borehole",
    "blasting",
    "dewatering",
    "lifting",
]
Certainty = Literal["print", "published", "recalled", "design"]
Level = Literal["nation", "province", "city", "project"]
Network = Literal["transmission", "city", "yard"]
AreaClass = Literal["1", "2", "3", "4"]
SEVERITIES: tuple[Severity, ...] = ("general", "serious", "major")
VERDICTS: tuple[Verdict, ...] = ("notify", "protection_plan", "prohibited")
LEVELS: tuple[Level, ...] = ("nation", "province", "city", "project")
"""From the shallowest to the deepest; a rule is replaced only by a pack of a deeper one."""
MAINS = "gas_pipelines"
"""The layer of the mains."""


def wrong(sentence: str, *at: str | int) -> PydanticCustomError:
    """A mistake, told in one sentence; `at` leads from the part being checked to the bad key."""
    return PydanticCustomError("pack", "{sentence}", {"sentence": sentence, "at": at})


def _number(value: object) -> object:
    """TOML keeps numbers and texts apart; so does a pack."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong(f"must be a number, not {shown(value)}")
    if not math.isfinite(value):
        raise wrong(f"must be a finite number, not {value}")
    return value


def _figure(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(FIGURE, value):
        raise wrong(f'must name a figure as "@figure-id", not {shown(value)}')
    return value


def _number_or_figure(value: object) -> object:
    return _figure(value) if isinstance(value, str) else _number(value)


def _as_list(value: object) -> object:
    """A text stands for a list of one."""
    return [value] if isinstance(value, str) else value


def shown(value: object) -> str:
    """A value as an author would recognise it, cut short."""
    told = str(value).lower() if isinstance(value, bool) else repr(value)
    return told if len(told) <= 60 else told[:57] + "..."


def either(items: Mapping[str, Any]) -> WithJsonSchema:
    """The JSON schema of one item or a list of such."""
    return WithJsonSchema({"anyOf": [items, {"type": "array", "items": items, "minItems": 1}]})


NAME = r"^[a-z][a-z0-9_-]{0,62}$"
CLASS = r"^[A-Za-z0-9]{1,6}$"
FIGURE = r"^@[a-z][a-z0-9_-]{0,62}$"

Name = Annotated[str, StringConstraints(pattern=NAME)]
ClassId = Annotated[str, StringConstraints(pattern=CLASS)]
Family = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Plain = Annotated[str, StringConstraints(pattern=r"^[^{}]+$", strip_whitespace=True)]
Texts = Annotated[tuple[Plain, ...], Field(min_length=1)]
"""Values of a record. Braces are the compiled statements' own, so no text may bring them."""
State = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Number = Annotated[float, BeforeValidator(_number)]
Metres = Annotated[float, Field(ge=0, le=10_000), BeforeValidator(_number)]
Depth = Annotated[float, Field(ge=0, le=1_000), BeforeValidator(_number)]
Millimetres = Annotated[float, Field(gt=0, le=10_000), BeforeValidator(_number)]
Ratio = Annotated[float, Field(gt=0, le=1_000), BeforeValidator(_number)]
FigureRef = Annotated[
    str, BeforeValidator(_figure), WithJsonSchema({"type": "string", "pattern": FIGURE})
]
NumberOrFigure = Annotated[
    float | str,
    BeforeValidator(_number_or_figure),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": FIGURE}]}),
]
ClassList = Annotated[
    tuple[ClassId, ...],
    Field(min_length=1),
    BeforeValidator(_as_list),
    either({"type": "string", "pattern": CLASS}),
]
MethodList = Annotated[
    tuple[Method, ...],
    Field(min_length=1),
    BeforeValidator(_as_list),
    either({"type": "string", "enum": list(Method.__args__)}),
]


class Part(BaseModel):
    """Anything in a pack: frozen, and nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Both(Part):
    """A sentence in both languages."""

    en: Text = Field(description="in English")
    zh: Text = Field(description="in Chinese, punctuated as Chinese")


class Measures(Part):
    """What to do, in both languages, line by line."""

    en: tuple[Text, ...] = Field(default=(), description="in English, one line an item")
    zh: tuple[Text, ...] = Field(default=(), description="in Chinese, as many lines")

    @model_validator(mode="after")
    def same_lines(self) -> Self:
        """Each line stands in both languages."""
        if len(self.en) != len(self.zh):
            raise wrong("measures need as many lines in zh as in en", "zh")
        return self
