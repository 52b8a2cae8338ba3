"""The plans by which statements really ran: those of the code itself, nested ones in functions too,
in the caller's role and with the caller's values.

The server tells them (auto_explain) to a pool of the superuser's, which takes roles as the logins'
own pools do: whatever takes a pool can be watched, and no statement is written down twice.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg.errors import Diagnostic
from psycopg_pool import AsyncConnectionPool

from gridwarden.database import Pool
from gridwarden.database.addresses import PORT, SUPERUSER, database_name, socket_dir
from gridwarden.database.passwords import password
from gridwarden.settings import Settings

TELL = """
load 'auto_explain';
set auto_explain.log_min_duration = 0;
set auto_explain.log_nested_statements = on;
set auto_explain.log_analyze = on;
set auto_explain.log_timing = off;
set auto_explain.log_format = json;
set auto_explain.log_level = notice;
set client_min_messages = notice;
set jit = off"""
Node = dict[str, Any]


def nodes(node: Node) -> list[Node]:
    """The node and all below it."""
    return [node, *(n for below in node.get("Plans", []) for n in nodes(below))]


def explained(connection: psycopg.Connection[Any], statement: LiteralString) -> Node:
    """The root of one statement's plan; the statement is run."""
    row = connection.execute("explain (analyze, timing off, format json) " + statement).fetchone()
    assert row is not None
    root: Node = row[0][0]["Plan"]
    return root


@dataclass(frozen=True, slots=True)
class Ran:
    """One statement that ran, and its plan's root."""

    text: str
    plan: Node

    def nodes(self) -> list[Node]:
        """Every node that was executed."""
        return [n for n in nodes(self.plan) if n.get("Actual Loops", 1) > 0]


@dataclass
class Watch:
    """What ran so far."""

    ran: list[Ran] = field(default_factory=list)

    def hear(self, said: Diagnostic) -> None:
        """A notice of the server's."""
        _, sign, plan = (said.message_primary or "").partition("plan:\n")
        if sign:
            told = json.loads(plan)
            self.ran.append(Ran(told["Query Text"], told["Plan"]))

    def whole(self, tables: Mapping[str, float]) -> set[tuple[str, str]]:
        """Of these tables (with their numbers of rows) those that a statement read whole: by a
        sequential scan, or by an index of which it took half the table or more. With its words.
        """
        return {
            (n["Relation Name"], " ".join(one.text.split())[:120])
            for one in self.ran
            for n in one.nodes()
            if n.get("Relation Name") in tables
            and n["Node Type"] != "ModifyTable"
            and (n["Node Type"] == "Seq Scan" or rows_of(n) >= tables[n["Relation Name"]] / 2)
        }

    def read(self, table: str) -> list[str]:
        """How a table was read: the nodes' types and indexes, once for every statement."""
        return [
            " ".join(filter(None, (n["Node Type"], n.get("Index Name"))))
            for one in self.ran
            for n in one.nodes()
            if n.get("Relation Name") == table and n["Node Type"] != "ModifyTable"
        ]


def rows_of(node: Node) -> float:
    """Rows that a node took from its table, those that it threw away among them."""
    thrown = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return float((node.get("Actual Rows", 0) + thrown) * node.get("Actual Loops", 1))


@asynccontextmanager
async def watched(settings: Settings) -> AsyncIterator[tuple[Pool, Watch]]:
    """A pool that may take any role, and the plans of all that ran by it."""
    watch = Watch()

    async def prepare(connection: AsyncConnection) -> None:
        await connection.execute(TELL)
        connection.add_notice_handler(watch.hear)

    dsn = make_conninfo(
        host=str(socket_dir(settings)),
        port=PORT,
        dbname=database_name(settings),
        user=SUPERUSER,
        password=password(settings, SUPERUSER),
    )
    pool: Pool = AsyncConnectionPool(
        dsn, min_size=1, max_size=1, kwargs={"autocommit": True}, configure=prepare, open=False
    )
    async with pool:
        yield pool, watch
