"""What an officer says of a person, once for the API, the pages and the CSV: the full name, the
role, and the organisations, districts and grids by name, code or number.
"""

from dataclasses import replace
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gridwarden.access.accounts.people import Connection, Person, Wanted
from gridwarden.access.bounds import MOST, Bounds, bounds_called
from gridwarden.words.problems import Problem

Called = Annotated[str, Field(min_length=1, max_length=200)]
Names = Annotated[list[Called], Field(max_length=MOST)]
Text = Annotated[str, Field(max_length=2000)]


class ChangedAccount(BaseModel):
    """What is to be another; what is left out stays. Everything that is not named is refused."""

    model_config = ConfigDict(extra="forbid")

    full_name: str | None = Field(default=None, min_length=1, max_length=120)
    role: str | None = Field(default=None, max_length=40)
    organisations: Names | None = None
    districts: Names | None = None
    grids: Names | None = None
    all_districts: bool | None = None
    language: str | None = Field(default=None, max_length=5)

    @classmethod
    def typed(cls, said: dict[str, Any]) -> Self:
        """What was typed on a page. Raises Problem naming the field that is wrong."""
        try:
            return cls.model_validate(said)
        except ValidationError as error:
            field = str(error.errors()[0]["loc"][0])
            raise Problem("invalid_value", "accounts.form", field=field) from None

    async def wanted(self, c: Connection, before: Wanted) -> Wanted:
        """What the account is to be. Raises Problem for a name that is not there or is several."""
        called = await bounds_called(
            c, self.organisations or [], self.districts or [], self.grids or [], False
        )
        kept = before.bounds
        bounds = Bounds(
            kept.org_ids if self.organisations is None else called.org_ids,
            kept.district_ids if self.districts is None else called.district_ids,
            kept.grid_ids if self.grids is None else called.grid_ids,
            kept.all_districts if self.all_districts is None else self.all_districts,
        )
        return replace(
            before,
            full_name=self.full_name or before.full_name,
            role=self.role or before.role,
            bounds=bounds,
            language=self.language or before.language,
        )


class NewAccount(ChangedAccount):
    """A person; everything that is not named here is refused. Organisations, districts and grids
    by name, code or number.
    """

    name: str = Field(min_length=1, max_length=64, description="what is typed to sign in")
    full_name: str = Field(min_length=1, max_length=120)
    role: str = Field(max_length=40)
    language: str = Field(default="zh", max_length=5)

    async def made(self, c: Connection) -> Wanted:
        """What the new account is to be. Raises Problem."""
        return await self.wanted(c, Wanted(self.name, self.full_name, self.role))


class Typed(BaseModel):
    """The fields of the pages' two forms as they are typed and shown, and the button `act`."""

    model_config = ConfigDict(extra="forbid")

    act: Text = ""
    name: Text = ""
    full_name: Text = ""
    role: Text = ""
    organisations: Text = ""
    districts: Text = ""
    grids: Text = ""
    all_districts: Text = ""

    @classmethod
    def of(cls, person: Person) -> Self:
        """The form of an account as it is."""
        return cls(
            full_name=person.full_name,
            role=person.role,
            organisations=_joined(person.bounds.org_ids),
            districts=_joined(person.bounds.district_ids),
            grids=_joined(person.bounds.grid_ids),
            all_districts="yes" if person.bounds.all_districts else "",
        )

    def new(self, language: str) -> NewAccount:
        """The new account that is asked for. Raises Problem."""
        return NewAccount.typed(
            {**self._said(), "name": self.name.strip(), "role": self.role, "language": language}
        )

    def changed(self) -> ChangedAccount:
        """The change that is asked for; an empty name or role stays. Raises Problem."""
        said = self._said()
        return ChangedAccount.typed(
            {**said, "full_name": said["full_name"] or None, "role": self.role or None}
        )

    def _said(self) -> dict[str, Any]:
        return {
            "full_name": self.full_name.strip(),
            "organisations": several(self.organisations),
            "districts": several(self.districts),
            "grids": several(self.grids),
            "all_districts": bool(self.all_districts),
        }


def several(text: str) -> list[str]:
    """Names of a field: one in a line, or with semicolons or the Chinese comma between."""
    for sign in ("；", ";", "、", "\r"):
        text = text.replace(sign, "\n")
    return [part.strip() for part in text.split("\n") if part.strip()]


def _joined(numbers: tuple[int, ...]) -> str:
    return "; ".join(map(str, numbers))
