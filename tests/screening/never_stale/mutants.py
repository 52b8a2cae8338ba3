"""Three ways to keep findings up to date that look right, and are not."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from gridwarden.screening.screen import Q as WHOLE
from gridwarden.screening.screener import Q as STEP
from gridwarden.screening.screener import Screener

from .ground import Act, Connection
from .town import Town

NO_OLD_PLACE = """
    create function data.forget_old_place() returns trigger language plpgsql as
    $$ begin new.old_geom := null; return new; end $$;
    create trigger forget_old_place before insert on data.change_seen
        for each row execute function data.forget_old_place()"""


@contextmanager
def no_old_place(town: Town) -> Iterator[Town]:
    """Subjects are looked for where a changed feature is, not where it was."""
    town.rows(NO_OLD_PLACE)
    try:
        yield town
    finally:
        town.rows("drop function data.forget_old_place() cascade")


class ByHighestId(Screener):
    """Keeps in mind up to which number it has read, and reads on from there."""

    seen = 0
    NEXT = """
        with next as (
            select * from data.change where id > %s and not bulk order by id limit %s
        ), kept as (
            insert into data.change_seen (layer, feature_id, xid, rows, old_geom, new_geom)
                select layer, feature_id, xid, rows, old_geom, new_geom from next)
        select count(*), min(at), max(id) from next"""

    async def _take(
        self, connection: AsyncConnection[TupleRow], only: int | None
    ) -> tuple[int, object, bool] | None:
        await connection.execute(STEP["clear"])
        found = await connection.execute(self.NEXT, (ByHighestId.seen, only or self._most))
        row = await found.fetchone()
        assert row is not None
        ByHighestId.seen = max(ByHighestId.seen, row[2] or 0)
        await connection.execute("delete from data.change where id <= %s", (ByHighestId.seen,))
        return (int(row[0]), row[1], False) if row[0] else None


@contextmanager
def by_highest_id(town: Town) -> Iterator[Town]:
    """Changes are read by `id > max(id)` of those read before."""
    ByHighestId.seen = 0
    town.screener_of, town.screener = ByHighestId, ByHighestId(town.pool)
    try:
        yield town
    finally:
        del town.screener_of
        town.screener = Screener(town.pool)


def judge_here(c: Connection) -> None:
    """The screener's own statements, in the transaction that wrote."""
    c.execute(STEP["clear"])
    c.execute(
        "with mine as (delete from data.change where xid = pg_current_xact_id() returning *)"
        " insert into data.change_seen (layer, feature_id, xid, rows, old_geom, new_geom)"
        " select layer, feature_id, xid, rows, old_geom, new_geom from mine"
    )
    for _, statement in c.execute(STEP["concerns"]).fetchall():
        c.execute(statement)
    c.execute(STEP["for_all"])
    for (statement,) in c.execute("select sql from data.statements_again()").fetchall():
        c.execute(f"{WHOLE['columns']} {statement}")
    c.execute(WHOLE["strongest"])
    compare = sql.SQL(WHOLE["compare"]).format(found=sql.SQL(WHOLE["found_of_touched"]))
    c.execute(compare, {"families": [], "layers": [], "beside": []})
    for name in ("causes", "keep_past", "tell_ended", "end", "move", "tell", "add",
                 "add_exact", "tell_others"):  # fmt: skip
        c.execute(WHOLE[name])
    c.execute(STEP["clear"])


@contextmanager
def in_the_writer(town: Town) -> Iterator[Town]:
    """Who writes judges what he wrote, at once and in his own transaction, as a trigger would."""
    writes = town.write

    def write(writer: int, *acts: Act) -> bool:
        done = writes(writer, *acts)
        judge_here(town.writers[writer])
        return done

    town.write = write  # type: ignore[method-assign]
    try:
        yield town
    finally:
        del town.write
