"""`gridwarden sheds nearest LON LAT -k 5`."""

import asyncio
import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from gridwarden.access.command import acting
from gridwarden.dispatch.nearest import nearest, read_search
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.figures import metres

sheds = typer.Typer(name="sheds", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Bring this room's commands."""
    app.add_typer(sheds)


@sheds.callback()
def _group() -> None:
    """`gridwarden sheds`."""


@sheds.command("nearest")
def nearest_sheds(
    lon: str,
    lat: str,
    k: Annotated[int, typer.Option("-k")] = 5,
    by: str = "line",
    free: Annotated[bool, typer.Option("--free")] = False,
    as_: Annotated[str, typer.Option("--as")] = "dispatcher",
    lang: str | None = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """`gridwarden sheds nearest`."""
    settings = Settings()
    values = {"lon": lon, "lat": lat, "k": str(k), "by": by, "free": "yes" if free else "no"}
    text = asyncio.run(_find(values, as_, settings))
    if as_json:
        typer.echo(f'{{"items": {text}, "next": null}}')
    else:
        language = lang if lang in ("zh", "en") else settings.language
        _show(json.loads(text), language, Console(markup=False))


async def _find(values: Mapping[str, str | None], role: str, settings: Settings) -> str:
    search = read_search(values, settings.crs)
    async with acting(role, settings=settings) as (pool, caller, _):
        return await nearest(pool, caller, search)


def _show(items: list[dict[str, Any]], lang: str, console: Console) -> None:
    if not items:
        console.print(say("dispatch.page.empty", lang))
        return
    table = Table(title=say("dispatch.page.by_line", lang), title_justify="left")
    for key in ("name", "distance", "free", "status", "age"):
        table.add_column(
            say(f"dispatch.page.{key}", lang),
            justify="right" if key in ("distance", "free", "age") else "left",
        )
    for item in items:
        places = "–" if item["places"] is None else item["places"]
        table.add_row(
            item["name"] or item["code"] or str(item["id"]),
            metres(item["distance_m"], 0),
            f"{'–' if item['free'] is None else item['free']} / {places}",
            say(f"dispatch.status.{item['status'] or 'not_known'}", lang),
            _age(item["status_age_min"], lang),
        )
    console.print(table)


def _age(minutes: int | None, lang: str) -> str:
    if minutes is None:
        return "–"
    for unit, size, below in (("minutes", 1, 120), ("hours", 60, 48 * 60)):
        if minutes < below:
            return say(f"dispatch.page.{unit}", lang, n=minutes // size)
    return say("dispatch.page.days", lang, n=minutes // (24 * 60))
