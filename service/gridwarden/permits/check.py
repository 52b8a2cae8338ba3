"""Ask: one statement on the wire, its JSON handed on as it is."""

from gridwarden.database import Caller, Pool, call_as
from gridwarden.permits.question import Question


async def ask(pool: Pool, caller: Caller, question: Question) -> str:
    """The finished answer, as JSON text.

    Role, mains of all operators, audit row and kept answer are that one statement. Raises
    psycopg.Error; psycopg.errors.InsufficientPrivilege for a role that may not ask.
    """
    text = await call_as(
        pool, caller, "api.permit_check", (question.area.geojson(), question.work())
    )
    return str(text)
