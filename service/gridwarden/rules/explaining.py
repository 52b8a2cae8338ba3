"""`rules explain`: a rule as an engineer and a database administrator read it.

What the rule says comes through the caller's own views. Its SQL and plan come from the worker's
login on the machine itself, as role `screen`: only that may judge. A plan holds names and counts,
no feature.
"""

from dataclasses import asdict, dataclass
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.rules.compiler import Statement
from gridwarden.rules.sharing import Q as SHARING
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.rules", "explaining.sql")
TIMEOUT_MS = 2 * 3_600_000


@dataclass(frozen=True, slots=True)
class Planned:
    """A statement as PostgreSQL runs it, and how it would."""

    name: str
    sql: str
    plan: str


@dataclass(frozen=True, slots=True)
class Explained:
    """A rule with its rows, the figures that it uses and the statements that judge it."""

    rule: dict[str, Any]
    figures: tuple[dict[str, Any], ...]
    statements: tuple[Planned, ...]

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


async def explain(
    web: Pool, worker: Pool, caller: Caller, rule: str, *, analyze: bool = False
) -> Explained:
    """The rule in force of this name, or the newest one. `analyze` runs its statements, for a
    supervisor, and is recorded: how many rows they give is as good as a look at mains.

    Raises Problem `not_found`, and `forbidden` for `analyze` in another role.
    """
    if analyze and caller.role != "supervisor":
        raise Problem("forbidden", "rules.explain.role", field="--as", role=caller.role)
    if "\x00" in rule:
        raise Problem("not_found", "rules.no_such_rule", rule=rule.replace("\x00", "?")[:80])
    async with as_caller(web, caller) as connection:
        cursor = connection.cursor(row_factory=dict_row)
        found = await (await cursor.execute(SHARING["rule"], {"rule": rule})).fetchone()
        if found is None:
            raise Problem("not_found", "rules.no_such_rule", field="RULE", rule=rule[:80])
        figures = await (await cursor.execute(Q["figures"], {"id": found["id"]})).fetchall()
        if analyze:
            await connection.execute(
                Q["look"], {"purpose": f"rules explain --analyze {rule}"[:200]}
            )
    screener = Caller("screen", caller.person)
    planned = []
    async with as_caller(worker, screener, TIMEOUT_MS) as connection:
        rows = await (await connection.execute(Q["statements"], {"rule": rule})).fetchall()
        for one in map(Statement.of, rows):
            query = sql.SQL(Q["analyze" if analyze else "plan"])
            asked = query.format(statement=sql.SQL(one.sql))
            lines = await (await connection.execute(asked)).fetchall()
            planned.append(Planned(one.name, one.sql, "\n".join(line[0] for line in lines)))
    return Explained(found, tuple(figures), tuple(planned))
