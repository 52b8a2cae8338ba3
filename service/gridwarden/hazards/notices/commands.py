"""`gridwarden notices status · test`: whether letters go out, seen from the machine itself."""

import asyncio
import re
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import typer
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from gridwarden.database.addresses import owner_dsn
from gridwarden.hazards.notices.posting import ADDRESS, Server, post
from gridwarden.hazards.notices.rules import Q
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.problems import Problem


def add_to(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True)
    app.add_typer(group, name="notices")
    group.command("status")(status)
    group.command("test")(test)


def status() -> None:
    """`gridwarden notices status`."""
    settings = Settings()
    lang = settings.language
    told = asyncio.run(_counts(settings))
    if settings.smtp is None:
        typer.echo(say("notices.no_server", lang))
    typer.echo(say("notices.status", lang, **{k: v for k, v in told.items() if k != "last"}))
    if told["last"]:
        typer.echo(say("notices.last_error", lang, why=told["last"]))


def test(
    address: str,
) -> None:
    """`gridwarden notices test`."""
    settings = Settings()
    lang = settings.language
    if not re.fullmatch(ADDRESS, address):
        raise Problem("invalid_value", "notices.bad_address", field="address")
    if settings.smtp is None:
        raise Problem("refused", "notices.no_server", field="GRIDWARDEN_SMTP")
    message = EmailMessage(SMTP)
    message["From"], message["To"] = settings.mail_from, address
    message["Subject"] = say("notices.test_subject", lang)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(say("notices.test_text", lang) + "\n", charset="utf-8", cte="base64")
    answer = post(Server.of(settings.smtp.get_secret_value()), message)
    key = "notices.test_taken" if answer.taken else "notices.test_not_taken"
    typer.echo(say(key, lang, address=address, why=answer.said))
    if not answer.taken:
        raise typer.Exit(1)


async def _counts(settings: Settings) -> dict[str, Any]:
    async with (
        await AsyncConnection.connect(owner_dsn(settings)) as c,
        c.cursor(row_factory=dict_row) as cursor,
    ):
        counts = await (await cursor.execute(Q["counts"])).fetchone()
        last = await (await cursor.execute(Q["last_error"])).fetchone()
    assert counts is not None
    return {**counts, "last": last["error"] if last else None}
