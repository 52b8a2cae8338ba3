"""An answer given again: what was asked, judged over what its own snapshot saw (`docs/time.md`)."""

import json
import re
from typing import Any, Final

from gridwarden.access.audit.seeing import saw
from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.permits.question import words
from gridwarden.words import say
from gridwarden.words.problems import Problem

Q: Final = queries(__package__ or "gridwarden.permits", "replay.sql")
TIMEOUT_MS: Final = 60_000
_NUMBER: Final = re.compile(r"(?:[0-9]{4}-0*)?([1-9][0-9]{0,17})")
"""As an answer has it (2026-000012), or the number alone."""


async def replay(pool: Pool, caller: Caller, number: str) -> dict[str, Any]:
    """Whether the answer comes out the same, with both answers, and why not where it does not.

    For who asked, and for a supervisor, whose look is kept first. Raises Problem (404) for a number
    that is none, or nobody's whose answer the caller may see.
    """
    found = _NUMBER.fullmatch(number)
    if found is None:
        raise Problem("not_found", "time.no_answer", field="number")
    values: dict[str, Any] = {"number": int(found[1])}
    async with as_caller(pool, caller, TIMEOUT_MS) as c:
        if caller.role == "supervisor":
            await c.execute(Q["look"], {"purpose": f"permits/checks/{number}/replay"})
        row = await (await c.execute(Q["words"], values)).fetchone()
        if row is None or row[0] is None:
            raise Problem("not_found", "time.no_answer", field="number")
        said = json.dumps(words(row[0]["method"], far=row[0]["far"]))
        row = await (await c.execute(Q["replay"], values | {"words": said})).fetchone()
        assert row is not None
        given = json.loads(row[0])
        mains = (given[name] or {} for name in ("stored", "replayed"))
        ids = {m["id"] for answer in mains for m in answer.get("mains", ()) if "id" in m}
        await saw(c, "permits/checks/{number}/replay", ids)
    return _told(given, caller.language)


def _told(found: dict[str, Any], lang: str) -> dict[str, Any]:
    outcome = {True: "same", False: "differs", None: "cannot"}[found["same"]]
    because = [
        {"code": code, "say": say(f"time.replay.because.{code}", lang)} for code in found["because"]
    ]
    return found | {"say": say(f"time.replay.{outcome}", lang), "because": because}
