"""The office's kinds of batches: TOML, read strictly, in both languages."""

from importlib.resources import files
from typing import Annotated, Any, Final, Literal

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field, model_validator

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.database.addresses import owner_dsn
from gridwarden.hazards.deadlines.table import fitting
from gridwarden.settings import Settings

Q: Final = queries(__package__ or "gridwarden.hazards.batches", "batches.sql")
Text = Annotated[str, Field(min_length=1, max_length=120)]


class Kind(BaseModel):
    """One kind: its code, its name in both languages, and what each of its entries must say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
    en: Text
    zh: Text
    needs: tuple[Literal["document", "amount", "channel"], ...]
    source: Annotated[str, Field(min_length=1, max_length=300)]


class Kinds(BaseModel):
    """All of them, in the order of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Annotated[tuple[Kind, ...], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _once(self) -> "Kinds":
        codes = [one.code for one in self.kind]
        if len(set(codes)) < len(codes):
            raise ValueError("a code stands twice")
        return self

    def document(self) -> list[dict[str, Any]]:
        """As the database takes it."""
        return [one.model_dump(mode="json") | {"place": n} for n, one in enumerate(self.kind)]


def read_kinds(text: str) -> Kinds:
    """The kinds that a TOML says. Raises Problem `invalid_value` naming what is wrong."""
    return fitting(Kinds, text)


def shipped() -> str:
    """The kinds that a new installation begins with."""
    return (files("gridwarden.hazards.batches") / "batches.toml").read_text("utf-8")


async def ensure_kinds(settings: Settings) -> None:
    """Begin with the shipped kinds where there are none; on the machine itself, as the owner."""
    async with await AsyncConnection.connect(owner_dsn(settings)) as c:
        row = await (await c.execute(Q["begun"])).fetchone()
        if row is None or not row[0]:
            await c.execute(Q["keep"], {"told": Jsonb(read_kinds(shipped()).document())})


async def load_kinds(pool: Pool, caller: Caller, text: str) -> Kinds:
    """Put an office's kinds in force. Raises Problem for what does not fit."""
    kinds = read_kinds(text)
    async with as_caller(pool, caller) as c:
        await c.execute(Q["load"], {"told": Jsonb(kinds.document())})
    return kinds
