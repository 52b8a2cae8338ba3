"""Numbers of the compiled rules moved, and where the oracle then disagrees."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from .judging import Finding, Key
from .screened import changed, judged, statements

CM = 0.01
Changed = dict[Key, tuple[Finding | None, Finding | None]]


@dataclass(frozen=True)
class Guarded:
    """A database with a city in it, what the oracle finds there, and whose numbers are moved."""

    connection: psycopg.Connection[Any]
    expected: dict[Key, Finding]
    base: str
    packs: frozenset[str]
    name: str = ""

    @contextmanager
    def moved(self, *changes: tuple[str, tuple[object, ...]], mains: bool = True) -> Iterator[None]:
        """Compiled numbers other than they were, until the block ends."""
        with self.connection.transaction(force_rollback=True):
            for change, values in changes:
                assert self.connection.execute(change, values).rowcount >= 1, change
            if mains:  # what rules ask of mains is worked out when rules turn
                self.connection.execute("select data.look_again_at_mains()")
            yield

    def disagrees(self, rule_ids: set[int] | None = None) -> Changed:
        """Where the statements (of these rules) and the oracle disagree now."""
        if rule_ids is None and self.base not in self.packs:  # an overlay's own families
            rows = self.connection.execute(
                "select id from data.rule where in_force and pack = any (%s)", (list(self.packs),)
            )
            rule_ids = {number for (number,) in rows}
        every = statements(self.connection)
        mine = [one for one in every if rule_ids is None or rule_ids & set(one.rule_ids)]
        ours = judged(self.connection, mine)
        if rule_ids is not None:
            # a family may take several statements: all of them, or their order is not known
            families = {(one.family, one.layer) for one in mine}
            ours = judged(
                self.connection, [one for one in every if (one.family, one.layer) in families]
            )
            wanted = {
                key: one for key, one in self.expected.items() if (key[0], key[1]) in families
            }
            return changed(ours, wanted)
        return changed(ours, self.expected)

    def named(self, pack: str, rule: str) -> str:
        """What a rule's plants are called by."""
        return f"plant:{'' if pack == self.base else pack + '/'}{rule}:"

    def rows(self) -> list[dict[str, Any]]:
        """The rows of these packs' rules in force that have a layer to judge."""
        with self.connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            rows = cursor.execute(
                "select r.pack, r.rule, r.kind, r.counterpart, r.test ? 'location' as location, w.*"
                " from data.rule r join data.rule_row w on w.rule_id = r.id"
                " where r.in_force and r.subjects <> '{}' and data.unset_figures(r.id) = '{}'"
                " order by r.pack, r.rule, w.row_no"
            ).fetchall()
        return [row for row in rows if row["pack"] in self.packs]

    def start(self, row: dict[str, Any]) -> str:
        """What the plants of a row are called by."""
        name = self.named(row["pack"], row["rule"])
        return f"{name}{row['row_no']}:" if row["counterpart"] == "gas_pipelines" else name


def proofs(found: Changed, start: str, pack: str, rule: str) -> list[Key]:
    """Plants of this name about which a finding of this rule changed."""
    return [
        key
        for key, sides in found.items()
        if f"{key[2]}:".startswith(start)
        and any(one is not None and (one.pack, one.rule) == (pack, rule) for one in sides)
    ]


def by_rule(one: Finding | None, pack: str, rule: str) -> bool:
    """Whether it is a finding of this rule."""
    return one is not None and (one.pack, one.rule) == (pack, rule)
