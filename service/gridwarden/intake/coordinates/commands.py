"""`gridwarden answer IMPORT`: what a held import asks, answered on the machine itself."""

import asyncio
from dataclasses import replace
from typing import Annotated, Any

import typer
from rich.console import Console

from gridwarden.access.command import acting
from gridwarden.words import say
from gridwarden.words.problems import Problem

console = Console()
ROLES = ("supervisor", "planner", "administrator", "dispatcher")
"""In whose role an answer is given when nobody says: the first that sees the import."""
NorthFirst = Annotated[bool | None, typer.Option("--north-first/--east-first")]


def answer_command(
    import_id: Annotated[int, typer.Argument(metavar="IMPORT")],
    crs: Annotated[str | None, typer.Option("--crs")] = None,
    north_first: NorthFirst = None,
    remove: Annotated[int | None, typer.Option("--remove", min=0)] = None,
    role: Annotated[str | None, typer.Option("--as")] = None,
    org: Annotated[str | None, typer.Option("--org")] = None,
) -> None:
    """`gridwarden answer`."""
    said: dict[str, Any] = {"crs": crs, "north_first": north_first, "remove": remove}
    given = {name: value for name, value in said.items() if value is not None}
    roles = (role,) if role else ("utility",) if org else ROLES
    for line in asyncio.run(_answered(import_id, given, roles, org)):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


async def _answered(
    import_id: int, given: dict[str, Any], roles: tuple[str, ...], org: str | None
) -> list[str]:
    from gridwarden.intake import tasks  # noqa: F401  (registers the job)
    from gridwarden.intake.imports import answer
    from gridwarden.intake.routes import words_of
    from gridwarden.intake.seeing import found
    from gridwarden.jobs.command import watched

    async with acting(roles[0], org) as (pool, caller, settings):
        language = settings.language
        for one in roles:
            caller = replace(caller, role=one)
            try:
                document = await found(pool, caller, import_id)
                break
            except Problem:
                if one == roles[-1]:
                    raise
        if not given:
            said = (document["say"] or {}).get(language)
            return [str(said or words_of(document, language)["say"] or document["state"])]
        if "remove" in given and len(given) > 1:
            raise Problem("invalid_value", "coordinates.one_answer", field="--remove")
        job = await answer(pool, caller, settings, import_id, given)
        state = await watched(job, settings, say("intake.working", language))
        document = await found(pool, caller, import_id)
    if state != "finished":
        kept = (document["say"] or {}).get(language)
        raise Problem("held" if state == "held" else "refused", str(kept or state), field="IMPORT")
    words = words_of(document, language)
    return [line for line in (words["because"], *words["notes"], words["say"]) if line]
