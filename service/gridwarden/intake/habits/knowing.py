"""Looking up what a sender said before, and remembering what was said now."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from gridwarden.database import queries
from gridwarden.intake.ask import Ask
from gridwarden.intake.formats.batch import Source
from gridwarden.intake.formats.headers import loose
from gridwarden.intake.sent_back.ours import theirs

Q = queries(__package__ or "gridwarden.intake.habits", "habits.sql")
Connection = AsyncConnection[TupleRow]
NAMED: Final = 60
"""Columns of a form that are kept to be shown."""
ENCODINGS: Final = 3
"""Remembered encodings that a file is tried with."""


@dataclass(frozen=True, slots=True)
class Habit:
    """What a sender said of one form."""

    id: int
    mapping: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    import_id: int | None = None

    def fitting(self, columns: Iterable[str]) -> "Habit":
        """What of it the layer still has: its columns may have changed since."""
        names = {*columns, "source_id"}
        return replace(
            self,
            mapping={c: f for c, f in self.mapping.items() if c in names},
            constants={c: v for c, v in self.constants.items() if c in names},
        )

    def applied(self, ask: Ask) -> Ask:
        """The request with what was said last time; what is asked now wins, column by column.

        Whose coordinates a file holds, and in which order, is told of that file or proved by it:
        one form comes from many.
        """
        mapping = {c: f for c, f in self.mapping.items() if c not in ask.constants}
        constants = {c: v for c, v in self.constants.items() if c not in ask.mapping}
        return replace(
            ask,
            mapping=mapping | dict(ask.mapping),
            constants=constants | dict(ask.constants),
            encoding=ask.encoding or self.encoding,
        )

    def added(self, ask: Ask) -> str:
        """What it adds to a request, for people: `dn=管径2, medium=natural_gas`."""
        new = self.applied(ask)
        said = [f"{c}={f}" for c, f in sorted(new.mapping.items()) if c not in ask.mapping]
        said += [f"{c}={v!r}" for c, v in sorted(new.constants.items()) if c not in ask.constants]
        said += [f"encoding={new.encoding}"] if new.encoding != ask.encoding else []
        return ", ".join(said)


@dataclass(frozen=True, slots=True)
class Habits:
    """Everything that one sender said of the forms of one layer."""

    by_signature: Mapping[str, Habit] = field(default_factory=dict)

    def of(self, source: Source) -> Habit | None:
        """What was said of this form; None for one that nobody said anything of."""
        return self.by_signature.get(signature_of(source.kind, source.fields))

    @property
    def encodings(self) -> list[str]:
        """The encodings that this sender named, the latest first."""
        named = dict.fromkeys(h.encoding for h in self.by_signature.values() if h.encoding)
        return list(named)[:ENCODINGS]


def signature_of(kind: str, fields: Iterable[str]) -> str:
    """What two files of one form have in common: the kind and the columns, in any order."""
    names = sorted({loose(name) for name in theirs(fields)})
    return hashlib.sha256("\x1f".join((kind, *names)).encode("utf-8", "replace")).hexdigest()[:32]


async def habits_of(connection: Connection, import_id: int) -> Habits:
    """What the sender of an import said of its layer's forms (worker)."""
    rows = await (await connection.execute(Q["of_sender"], {"id": import_id})).fetchall()
    return Habits({signature: Habit(*said) for signature, *said in rows})


async def learn(connection: Connection, import_id: int, source: Source, ask: Ask) -> None:
    """Remember what was said with a published file; `ask` holds what was remembered already.

    Nothing is written where nothing was said (worker).
    """
    values: dict[str, Any] = {
        "id": import_id,
        "kind": source.kind,
        "signature": signature_of(source.kind, source.fields),
        "fields": Jsonb([name.replace("\x00", "")[:80] for name in source.fields[:NAMED]]),
        "mapping": Jsonb(dict(ask.mapping)),
        "constants": Jsonb(dict(ask.constants)),
        "encoding": ask.encoding,
    }
    if ask.mapping or ask.constants or ask.encoding:
        await connection.execute(Q["learn"], values)


def shown(document: Mapping[str, Any]) -> str:
    """What is remembered of a form, on one line."""
    said = [f"{c}={f}" for c, f in document["mapping"].items()]
    said += [f"{c}={v!r}" for c, v in document["constants"].items()]
    if document["encoding"] is not None:
        said.append(f"encoding={document['encoding']}")
    return ", ".join(said)
