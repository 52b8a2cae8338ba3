"""The changes that an import would make, as they were kept; and making them."""

import json
from collections.abc import Iterator
from typing import Any

from gridwarden.access.audit.seeing import MAINS, saw
from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.intake.imports import kept_file
from gridwarden.intake.seeing import found
from gridwarden.layers.catalogue import layers
from gridwarden.layers.features.items import look_first
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.intake.dry_run", "dry_run.sql")
VERTICES = 2_000
"""Of a shape with more, a list of changes shows the box."""
KEPT_FOR = ("checked", "held")
COUNTS = ("added", "changed", "removed", "kept")


async def page(
    pool: Pool, caller: Caller, import_id: int, *, after: int, limit: int, op: str | None
) -> tuple[dict[str, Any], list[str], int | None]:
    """The import's full counts, a page of changes (each a GeoJSON feature, lon/lat, as text), and
    the number that the next page begins after.

    Of mains the bureau sees those of its districts, and the look is recorded. Raises Problem
    `not_found`, and `gone` for an import that neither waits nor was only checked.
    """
    document = await found(pool, caller, import_id)
    if document["state"] not in KEPT_FOR:
        raise Problem("gone", "nothing_lost.no_changes", state=document["state"])
    values = {"id": import_id, "after": after, "limit": limit, "op": op, "vertices": VERTICES}
    async with as_caller(pool, caller) as c:
        await look_first(c, caller, layers()[document["layer"]], f"changes of import {import_id}")
        rows = await (await c.execute(Q["changes"], values)).fetchall()
        if document["layer"] == MAINS:
            there = (json.loads(text)["properties"]["feature_id"] for _, text in rows[:limit])
            await saw(c, "imports/{id}/changes", (int(i) for i in there if i is not None))
    following = int(rows[limit - 1][0]) if len(rows) > limit else None
    counts = {name: document[name] for name in COUNTS}
    return counts, [text for _, text in rows[:limit]], following


async def publish(
    pool: Pool, caller: Caller, settings: Settings, import_id: int, remove: int | None
) -> int:
    """Queue what a dry run has shown, to be published without the file being sent again.

    Returns the job's id. `remove` confirms how many rows go, where the import would be held for
    it. Raises Problem `not_found`; `conflict` for an import that is no ended dry run or whose
    dataset has moved on; `gone` when the file is kept no more.
    """
    async with as_caller(pool, caller) as c:
        row = await (await c.execute(Q["publish"], {"id": import_id, "remove": remove})).fetchone()
        said: dict[str, Any] | None = row[0] if row else None
        if said is None:
            raise Problem("not_found", "intake.no_such_import")
        if "state" in said:
            raise Problem("conflict", "nothing_lost.not_checked", state=said["state"])
        if "moved" in said:
            raise Problem("conflict", "nothing_lost.moved_on", dataset=said["dataset"])
        if not said["back"] and kept_file(settings, import_id) is None:
            raise Problem("gone", "intake.file_gone", field="file")
    return int(said["job"])


def told(features: list[str]) -> Iterator[tuple[str, str, str, bool]]:
    """Changes as a table tells them: operation, source id, what changes, and whether it moves."""
    for text in features:
        said = json.loads(text)["properties"]
        values = ", ".join(f"{k}: {_plain(old)} → {_plain(new)}" for k, (old, new) in
                           said["changed"].items()) if said["op"] == "update" else ""  # fmt: skip
        yield said["op"], str(said["source_id"]), values, said["before"] is not None


def _plain(value: Any) -> str:
    return "–" if value is None else str(value)[:40]
