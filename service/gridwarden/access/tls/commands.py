"""`gridwarden tls …`: https by an authority of this installation's own."""

from typing import Annotated

import typer

from gridwarden.access.tls import making
from gridwarden.settings import Settings
from gridwarden.words import say

tls = typer.Typer(no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(tls, name="tls")


@tls.command()
def make(
    host: Annotated[list[str], typer.Argument(metavar="HOST…")],
    again: Annotated[bool, typer.Option("--again")] = False,
) -> None:
    """`gridwarden tls make`."""
    settings = Settings()
    found = making.make(settings, making.names_of(host), again=again)
    _say(settings, "tls.made", found)


@tls.command()
def renew() -> None:
    """`gridwarden tls renew`."""
    settings = Settings()
    _say(settings, "tls.renewed", making.renew(settings))


@tls.command()
def show() -> None:
    """`gridwarden tls show`."""
    settings = Settings()
    found = making.held(settings)
    if found is None:
        typer.echo(say("tls.none", settings.language))
        raise typer.Exit(1)
    _say(settings, "tls.shown", found)


def _say(settings: Settings, key: str, found: making.Held) -> None:
    names = found.names
    address = f"{names.urls(settings.port)[0]}/tls"
    told = {"names": str(names), "day": f"{found.ends:%Y-%m-%d}", "address": address}
    typer.echo(say(key, settings.language, **told))
    if found.ca is not None:
        typer.echo(say("tls.read_aloud", settings.language))
        typer.echo(f"  {making.fingerprint(found.ca)}")
