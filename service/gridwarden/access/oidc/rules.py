"""GRIDWARDEN_OIDC_RULES: which claims are read, and which group of the provider has which role.

    ask = "信息中心值班室，8123-4567"

    [[group]]
    group = "gridwarden-planners"
    role = "planner"
    all_districts = true

The first group of the file that somebody is in decides: one person, one role. What a group says of
organisations, districts or grids counts alone; where it says nothing, the person's claims do.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from gridwarden.access.bounds import BY_GRID, BY_ORGANISATION, MOST
from gridwarden.database import ASKERS
from gridwarden.database.trouble import SetUpError
from gridwarden.words import LANGUAGES, say
from gridwarden.words.refused import spoken, why

Called = Annotated[str, Field(min_length=1, max_length=200)]
Names = Annotated[tuple[Called, ...], Field(max_length=MOST)]
_NOT_IN_NAMES: Final = set(' :/<>"\u3000')


class Strict(BaseModel):
    """A table of the file: what it does not know is refused, so that no slip goes unseen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Claims(Strict):
    """Where the provider says what; a point goes into a claim (`realm_access.roles`)."""

    name: Called = "preferred_username"
    full_name: Called = "name"
    groups: Called = "groups"
    organisations: Called = "organisations"
    districts: Called = "districts"
    grids: Called = "grids"
    language: Called = "locale"


class SecondFactor(Strict):
    """What the provider says of somebody who has shown a second factor there."""

    claim: Called = "amr"
    values: Names = ("mfa",)


class Group(Strict):
    """What a group of the provider may do here."""

    group: Called
    role: Called
    organisations: Names = ()
    districts: Names = ()
    grids: Names = ()
    all_districts: bool = False

    @field_validator("role")
    @classmethod
    def _of_askers(cls, role: str) -> str:
        """Administrators sign in here alone: who runs the provider would be all three of them."""
        if role not in ASKERS:
            raise ValueError(f"no role for a group; use one of {', '.join(ASKERS)}")
        return role


class Rules(Strict):
    """The whole file; `ask` is whom somebody without a group is told to ask."""

    ask: Annotated[str, Field(min_length=1, max_length=200)]
    scopes: Names = ("openid", "profile")
    claims: Claims = Claims()
    second_factor: SecondFactor = SecondFactor()
    group: Annotated[tuple[Group, ...], Field(min_length=1, max_length=500)]

    @field_validator("scopes")
    @classmethod
    def _with_openid(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        """Without it there is no ID token."""
        if "openid" not in scopes:
            raise ValueError("openid is among them")
        return scopes


@dataclass(frozen=True, slots=True)
class Offer:
    """What an account is to be, in the provider's words: names that the database looks up."""

    name: str
    full_name: str
    role: str
    organisations: tuple[str, ...]
    districts: tuple[str, ...]
    grids: tuple[str, ...]
    all_districts: bool
    language: str
    second_factor: bool


def read_rules(place: Path) -> Rules:
    """The file's rules. Raises SetUpError that names the file, the key and the reason."""
    try:
        return Rules.model_validate(tomllib.loads(place.read_text("utf-8")))
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = str(error)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {why(first, spoken())}"
    told = {"name": "GRIDWARDEN_OIDC_RULES", "file": place, "why": reason}
    raise SetUpError(say("settings.file", spoken(), **told))


def offer_of(
    rules: Rules, claims: Mapping[str, Any], subject: str, language: str = "zh"
) -> Offer | None:
    """What these claims make of somebody; None for somebody in no group that has a role."""
    mine = set(_texts(claims, rules.claims.groups))
    group = next((one for one in rules.group if one.group in mine), None)
    if group is None:
        return None
    name = _name(_text(claims, rules.claims.name), subject)
    said = _text(claims, rules.claims.language)[:2].lower()
    named = rules.claims
    # Bounds that a role has no use for are left out, not refused: a claim is not written for us.
    areas = group.role not in (*BY_ORGANISATION, *BY_GRID)
    return Offer(
        name=name,
        full_name=_full_name(_text(claims, named.full_name)) or name,
        role=group.role,
        organisations=group.organisations
        or _bounds(claims, named.organisations, group.role in BY_ORGANISATION),
        districts=group.districts
        or _bounds(claims, named.districts, areas and not group.all_districts),
        grids=group.grids or _bounds(claims, named.grids, group.role in BY_GRID),
        all_districts=group.all_districts,
        language=said if said in LANGUAGES else language,
        second_factor=bool(
            set(_texts(claims, rules.second_factor.claim)) & set(rules.second_factor.values)
        ),
    )


def says_groups(rules: Rules, claims: Mapping[str, Any]) -> bool:
    """Whether the provider says anything of groups here."""
    return _value(claims, rules.claims.groups) is not None


def _value(claims: Mapping[str, Any], path: str) -> Any:
    """A claim by its whole name, or a point deeper (a name may have points: `https://a.b/c`)."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _texts(claims: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """The texts of a claim, be it one or several; what is no text is left out."""
    value = _value(claims, path)
    several = value if isinstance(value, list) else [value]
    return tuple(_whole(one) for one in several if isinstance(one, str) and one)


def _text(claims: Mapping[str, Any], path: str) -> str:
    return next(iter(_texts(claims, path)), "")


def _bounds(claims: Mapping[str, Any], path: str, wanted: bool) -> tuple[str, ...]:
    return tuple(one[:200] for one in _texts(claims, path)[:MOST]) if wanted else ()


def _name(said: str, subject: str) -> str:
    """An account's name of what the provider says: what no name can hold becomes a point."""
    letters = (x if x.isprintable() and x not in _NOT_IN_NAMES else "." for x in said)
    name = "".join(letters).strip(".")[:64]
    return name or _name(f"u.{subject}", subject)


def _full_name(said: str) -> str:
    return "".join(x for x in said if x.isprintable()).strip()[:120]


def _whole(text: str) -> str:
    """The text without what no database takes: halves of letters, and nothing as a letter."""
    return text.encode("utf-8", "ignore").decode("utf-8").replace("\x00", "")
