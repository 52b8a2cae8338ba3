"""`gridwarden compliance`: the evidence, as text for people or JSON for a file."""

import json
from itertools import groupby
from typing import Annotated, Any

import typer

from gridwarden.settings import Settings
from gridwarden.watching.compliance.model import Evidence
from gridwarden.words import say


def add_to(app: typer.Typer) -> None:
    """Put the command on the command line."""
    app.command("compliance")(compliance)


def compliance(
    as_json: Annotated[bool, typer.Option("--json")] = False,
    language: str | None = None,
    url: Annotated[str | None, typer.Option(metavar="URL")] = None,
) -> None:
    """`gridwarden compliance`."""
    from gridwarden.watching.compliance.controls import evidence

    settings = Settings()
    lang = language if language in ("zh", "en") else settings.language
    found = list(evidence(settings, lang, url))
    if as_json:
        typer.echo(json.dumps(document(found, lang), ensure_ascii=False, indent=2))
    else:
        for line in text(found, lang):
            typer.echo(line)
    if any(one.state == "fails" for one in found):
        raise typer.Exit(1)


def counts(found: list[Evidence]) -> dict[str, int]:
    """How many controls are in each state."""
    states = ("holds", "fails", "absent", "elsewhere")
    return {state: sum(one.state == state for one in found) for state in states}


def chapters(one: Evidence, lang: str) -> list[str]:
    """The chapters of ASVS that a control belongs to, by name."""
    return [f"{c} {say(f'compliance.chapter.{c}', lang)}" for c in one.control.chapters]


def text(found: list[Evidence], lang: str) -> list[str]:
    """The report, section by section."""
    lines = [say("compliance.title", lang), say("compliance.unverified", lang)]
    for section, of_section in groupby(found, lambda one: one.control.section):
        lines += ["", say(f"compliance.section.{section}", lang)]
        for one in of_section:
            lines.append(f"  [{say(f'compliance.state.{one.state}', lang)}] {one.title}")
            lines.append(f"      {one.found}")
            if one.control.chapters:
                lines.append(f"      ASVS 5.0: {', '.join(chapters(one, lang))}")
            if one.mend:
                lines.append(f"      {say('compliance.mended_by', lang, mend=one.mend)}")
    return [*lines, "", say("compliance.sum", lang, **counts(found))]


def document(found: list[Evidence], lang: str) -> dict[str, Any]:
    """The same as one JSON document."""
    return {
        "standards": ["GB/T 22239-2019 8.1.4", "OWASP ASVS 5.0"],
        "clauses_verified_against_print": False,
        "counts": counts(found),
        "controls": [
            {
                "id": one.control.id,
                "section": say(f"compliance.section.{one.control.section}", lang),
                "asvs": chapters(one, lang),
                "state": one.state,
                "title": one.title,
                "found": one.found,
                "facts": one.facts,
                "mend": one.mend or None,
            }
            for one in found
        ],
    }
