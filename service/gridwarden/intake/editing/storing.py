"""The edits themselves: what is there, what it becomes, and the database's doors.

Whatever is refused is given back and raised only when the transaction has ended, committed: a look
at exact mains stays recorded though nothing came of it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.intake.editing.bodies import ABSENT, Said
from gridwarden.intake.editing.checking import UnfitError, changed_row, merged, whole_row
from gridwarden.intake.editing.placing import Around, Stated, around, reading, shape_of
from gridwarden.intake.imports import MAX_NAME, whose
from gridwarden.intake.nearly import TOLD, nearly_called
from gridwarden.intake.rows import CONTENT
from gridwarden.layers.catalogue import Layer, layers
from gridwarden.layers.features.crs import Crs
from gridwarden.layers.features.etags import tag_of, versions_in
from gridwarden.layers.features.items import feature_of, look_first
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.intake.editing", "editing.sql")
Connection = AsyncConnection[TupleRow]
Nature = Literal["correction"]
BY_HAND: Final = "edited"
"""The dataset of features that belong to no file; a company's has its number behind it."""


@dataclass(frozen=True)
class Stored:
    """A feature as an edit has left it: `text` is GeoJSON, None for who does not read it."""

    id: int
    version: int
    text: bytes | None = None


@dataclass(frozen=True)
class Edit:
    """Who edits what: `crs` is the system of the answer."""

    pool: Pool
    caller: Caller
    settings: Settings
    layer: Layer
    nature: Nature | None
    crs: Crs

    async def create(
        self,
        said: Said,
        system: Stated,
        dataset: str | None,
        org: str | None,
        *,
        new_dataset: bool = False,
    ) -> Stored:
        """Make a feature. Raises Problem; gives it as Stored.

        The dataset has to be there, or `new_dataset` says that it is meant to be a new one; that
        of features made by hand begins by itself.
        """

        async def work(c: Connection) -> Stored:
            self._may_bring()
            org_id = await whose(c, self.caller, org)
            name, usual = self._dataset(said, dataset, org_id)
            known = await around(c, self.caller, self.layer, system, self.settings)
            row = await asyncio.to_thread(self._whole, said, system, known, None)
            await self._stand(c, row)
            values = {"layer": self.layer.id, "dataset": name, "org": org_id}
            values |= {"new_dataset": new_dataset or name == usual}
            answer = await self._asked(c, "create", **values, said=Jsonb(row))
            if "no_dataset" in answer:
                raise await self._no_dataset(c, name)
            if "taken" in answer and not answer["same"] and row["source_id"].startswith(CONTENT):
                # What once said this says something else now, and has kept its name.
                row["source_id"] += f"+{answer['taken']}"
                answer = await self._asked(c, "create", **values, said=Jsonb(row))
            return await self._stored(c, int(answer.get("id", 0)), answer, row)

        return await self._within("POST items", work)

    async def replace(self, feature: str, said: Said, system: Stated, match: str | None) -> Stored:
        """Replace all that a feature says. Raises Problem; gives it as Stored."""

        async def work(c: Connection) -> Stored:
            def becomes(known: Around, there: dict[str, Any]) -> Any:
                return self._whole(said, system, known, there["source_id"])

            return await self._change(c, feature, said, system, match, becomes, whole=True)

        return await self._within(f"PUT items/{feature}", work)

    async def update(self, feature: str, said: Said, system: Stated, match: str | None) -> Stored:
        """Change what a merge patch names. Raises Problem; gives the feature as Stored."""

        async def work(c: Connection) -> Stored:
            def becomes(known: Around, there: dict[str, Any]) -> Any:
                return self._changed(said, system, known, there)

            return await self._change(c, feature, said, system, match, becomes, whole=False)

        return await self._within(f"PATCH items/{feature}", work)

    async def remove(self, feature: str, match: str | None) -> Stored:
        """Remove a feature; its history stays. Raises Problem."""

        async def work(c: Connection) -> Stored:
            number, _, expected = await self._there(c, feature, match)
            values = {"layer": self.layer.id, "feature": number, "expected": expected}
            answer = await self._asked(c, "remove", **values)
            self._check(answer, {})
            return Stored(number, 0)

        return await self._within(f"DELETE items/{feature}", work)

    async def _within(
        self, purpose: str, work: Callable[[Connection], Awaitable[Stored]]
    ) -> Stored:
        timeout = self.settings.statement_timeout_ms
        refused: Problem | None = None
        async with as_caller(self.pool, self.caller, timeout) as c:
            await look_first(c, self.caller, self.layer, purpose)
            try:
                return await work(c)
            except Problem as problem:
                refused = problem
        raise refused

    async def _there(
        self, c: Connection, feature: str, match: str | None
    ) -> tuple[int, dict[str, Any], list[int] | None]:
        """The feature's number, what is known of it, and the versions that the caller means.

        Raises Problem: 404 for one they do not see, 403 for one they may not edit, 428 and 412.
        """
        number = int(feature) if feature.isascii() and feature.isdecimal() else 0
        there = None
        if 0 < number < 2**63:
            row = await (
                await c.execute(Q["to_edit"], {"layer": self.layer.id, "feature": number})
            ).fetchone()
            there = row[0] if row else None
        if there is None:
            raise Problem("not_found", "features.no_feature", field="feature")
        if not there["may"]:
            self._may_bring()
            raise Problem("forbidden", "editing.other_owner", field="feature")
        if match is None:
            raise Problem("precondition_required", field="If-Match")
        expected = versions_in(match)
        if expected is not None and there["version"] not in expected:
            raise _stale(there["version"])
        return number, there, expected

    def _may_bring(self) -> None:
        """Raises Problem for a role that does not edit the layer."""
        if self.caller.role not in self.layer.importers:
            raise Problem(
                "forbidden",
                "editing.may_not",
                field="layer",
                role=self.caller.role,
                layer=self.layer.id,
                roles=", ".join(self.layer.importers),
            )

    async def _no_dataset(self, c: Connection, name: str) -> Problem:
        """That there is none of this name, and which ones the caller may mean."""
        rows = await (await c.execute(Q["datasets"], {"layer": self.layer.id})).fetchall()
        there = [str(row[0]) for row in rows]
        near = nearly_called(name, there) or there[:TOLD]
        key = "editing.no_dataset" if near else "editing.no_dataset_yet"
        return Problem("invalid_value", key, field="dataset", name=name, near=", ".join(near))

    def _dataset(self, said: Said, asked: str | None, org_id: int | None) -> tuple[str, str]:
        """The dataset of a new feature: asked for, or said by the body, or that of hand-made ones;
        and what the last is called.

        Raises Problem (400) for what is no name.
        """
        own = said.dataset if isinstance(said.dataset, str) and said.dataset else None
        usual = BY_HAND if self.caller.role != "utility" else f"{BY_HAND}-{org_id}"
        name = asked if asked is not None else own or usual
        if not 0 < len(name.strip()) <= MAX_NAME or not name.isprintable():
            raise Problem("invalid_value", "intake.bad_dataset", field="dataset")
        return name, usual

    @staticmethod
    def _same_dataset(said: Said, there: dict[str, Any]) -> None:
        if said.dataset is not ABSENT and said.dataset not in (None, there["dataset"]):
            raise Problem(
                "invalid_value",
                "editing.stays",
                field="properties.dataset",
                dataset=there["dataset"],
            )

    def _whole(self, said: Said, system: Stated, known: Around, identity: str | None) -> Any:
        geometry = None if said.geometry is ABSENT else said.geometry
        shape, how = self._placed(geometry, system, known)
        zone = self.settings.time_zone
        return whole_row(self.layer, said, shape, how, zone, identity=identity)

    def _changed(self, said: Said, system: Stated, known: Around, there: dict[str, Any]) -> Any:
        shape = how = None
        if said.geometry is not ABSENT:
            kind = {"type": there["kind"]} if there["kind"] else None
            geometry = merged(kind, said.geometry) if said.geometry is not None else None
            shape, how = self._placed(geometry, system, known)
        zone = self.settings.time_zone
        row = changed_row(self.layer, said, shape, how, zone, there["extra"])
        return (
            row | {"geom": None, "repair": None} if said.geometry is None and shape is None else row
        )

    def _placed(self, geometry: object, system: Stated, known: Around) -> tuple[Any, Any]:
        """A shape and how its numbers are read. Raises Problem (400)."""
        shape = shape_of(geometry)
        if self.layer.geometry == "none":
            if shape is not None:
                raise UnfitError("wrong_type", None, shape.geom_type)
            return None, None
        if (shape is None or shape.is_empty) and self.layer.placed_by:
            return None, None
        if shape is None or shape.is_empty:
            raise UnfitError("no_geometry", None, None)
        return shape, reading(shape, system, known, self.settings)

    async def _stand(self, c: Connection, row: dict[str, Any]) -> None:
        """Place a row that says no shape of its own where the one feature stands that it names, as
        its caller reads it. Raises UnfitError where there is none, or there are several."""
        if not self.layer.placed_by or row.get("geom", "") is not None:
            return
        column = value = None
        for name, other in self.layer.placed_by:
            if not row.get(name) or self.caller.role not in layers()[other].readers:
                continue
            column, value = name, str(row[name])
            statement = sql.SQL(Q["stands"]).format(view=sql.Identifier("api", other))
            found = await (await c.execute(statement, {"named": value.strip()})).fetchall()
            if len(found) == 1:
                row["geom"] = found[0][0]
                return
        raise UnfitError("no_such_place" if column else "no_geometry", column, value)

    async def _change(
        self,
        c: Connection,
        feature: str,
        said: Said,
        system: Stated,
        match: str | None,
        becomes: Callable[[Around, dict[str, Any]], Any],
        *,
        whole: bool,
    ) -> Stored:
        """Make of a feature what it `becomes`, given what is there. Raises Problem.

        Only the version that was read is changed: where somebody was faster, what they left is read
        instead, which nobody else can change any more, and refused where `match` does not mean it.
        """
        while True:
            number, there, _ = await self._there(c, feature, match)
            self._same_dataset(said, there)
            known = await around(c, self.caller, self.layer, system, self.settings)
            row = await asyncio.to_thread(becomes, known, there)
            await self._stand(c, row)
            values = {"layer": self.layer.id, "feature": number, "expected": [there["version"]]}
            answer = await self._asked(c, "change", **values, said=Jsonb(row), whole=whole)
            if "stale" not in answer:
                return await self._stored(c, number, answer, row)

    async def _asked(self, c: Connection, door: str, **values: Any) -> dict[str, Any]:
        row = await (await c.execute(Q[door], {"nature": self.nature, **values})).fetchone()
        assert row is not None
        answer: dict[str, Any] = row[0]
        return answer

    async def _stored(
        self, c: Connection, number: int, answer: dict[str, Any], row: dict[str, Any]
    ) -> Stored:
        """The feature as it is now. Raises the Problem that the door's answer means."""
        self._check(answer, row)
        version = int(answer["version"])
        if self.caller.role not in self.layer.readers:
            return Stored(number, version)
        found = await feature_of(c, self.layer, number, self.crs, self.settings)
        return Stored(number, version, found[0] if found else None)

    @staticmethod
    def _check(answer: dict[str, Any], row: dict[str, Any]) -> None:
        if "stale" in answer:
            raise _stale(answer["stale"])
        if "gone" in answer:
            raise Problem("not_found", "features.no_feature", field="feature")
        if "forbidden" in answer:
            raise Problem("forbidden", "editing.other_owner", field="feature")
        if "other_owner" in answer:
            raise Problem("forbidden", "intake.other_owner", field="dataset")
        if "busy" in answer:
            raise Problem("conflict", "editing.publishing", field="dataset", retry_after=5)
        if "taken" in answer:
            number = answer["taken"]
            named = "nobody" if number is None else "named"
            name = str(row.get("source_id", ""))
            named = "same" if number is not None and name.startswith(CONTENT) else named
            field = "properties.source_id"
            raise Problem("conflict", f"editing.taken.{named}", field=field, id=number, name=name)


def _stale(version: int) -> Problem:
    """Somebody was faster: the present version, and its tag in the answer's header."""
    tag = tag_of(version)
    headers = {"ETag": tag}
    return Problem(
        "precondition_failed", "editing.stale", field="If-Match", headers=headers, tag=tag
    )
