"""The table in the database, which holds every move to it: written by `gridwarden up`."""

import json

from sqlalchemy import Connection, text

from gridwarden.hazards.life_cycle.model import LIFE_CYCLE, SAME, Act, LifeCycle


def rows(cycle: LifeCycle = LIFE_CYCLE) -> list[dict[str, object]]:
    """The rows of `data.hazard_transition`."""
    return [_row(state, act) for (state, _), act in cycle.rows.items()]


def _row(state: str, act: Act) -> dict[str, object]:
    return {
        "state": state,
        "act": act.name,
        "to_state": state if act.to == SAME else act.to,
        "who": list(act.who),
        "sets": list(act.sets),
        "must": list(act.must),
        "needs": list(act.needs),
        "starts": list(act.starts),
        "apart_from": list(act.apart_from),
        "own": act.own,
        "undo": act.undo,
    }


def keep(connection: Connection) -> None:
    """Make the database's table equal to the file's, by the owner; where it is, nothing is written.

    Does nothing in a database that has no such table yet.
    """
    if connection.scalar(text("select to_regproc('data.keep_life_cycle')")) is not None:
        connection.execute(
            text("select data.keep_life_cycle(cast(:rows as jsonb))"), {"rows": json.dumps(rows())}
        )
