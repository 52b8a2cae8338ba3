"""`gridwarden rules explain RULE`: clause, table, SQL and plan."""

import asyncio
import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gridwarden.access.command import acting
from gridwarden.database import open_pool
from gridwarden.layers.catalogue import layers
from gridwarden.rules.explaining import Explained, explain
from gridwarden.rules.telling import condition_words, heading, measured_words, table
from gridwarden.words import known, say


def add_to(rules: typer.Typer) -> None:
    """Add the command to the group `rules`."""

    @rules.command("explain")
    def explain_command(
        rule: str,
        analyze: Annotated[
            bool,
            typer.Option(
                "--analyze",
            ),
        ] = False,
        role: Annotated[str, typer.Option("--as")] = "supervisor",
        as_json: Annotated[bool, typer.Option("--json")] = False,
    ) -> None:
        """`gridwarden rules explain`."""
        explained, language = asyncio.run(_explain(rule, role, analyze))
        if as_json:
            typer.echo(json.dumps(explained.as_json(), ensure_ascii=False, default=str))
        else:
            _print(explained, language)


async def _explain(rule: str, role: str, analyze: bool) -> tuple[Explained, str]:
    async with acting(role) as (web, caller, settings):
        worker = await open_pool(settings, "worker")
        try:
            return await explain(web, worker, caller, rule, analyze=analyze), settings.language
        finally:
            await worker.close()


def _print(explained: Explained, language: str) -> None:
    plain = Console(markup=False, highlight=False, soft_wrap=True)
    rule = explained.rule
    plain.print(Text(rule["text"][language], style="bold"))
    for line in _head(explained, language):
        plain.print(line)
    columns, rows = table(rule["rows"], language)
    shown = Table(*(heading(name, language) for name in columns))
    for row in rows:
        shown.add_row(*(Text(cell or "-") for cell in row))
    Console().print(shown)
    for one in rule["relaxations"]:
        plain.print(say("rules.explain.relaxation", language, **_relaxation(one, language)))
    for one in explained.figures:
        plain.print(_figure(one, language))
    for one in rule["measures"][language]:
        plain.print(say("rules.explain.measure", language, measure=one))
    if not explained.statements:
        plain.print(say(_why_none(explained), language))
    for statement in explained.statements:
        plain.print()
        plain.print(Text(f"-- {statement.name}", style="bold"))
        plain.print(statement.sql.strip())
        plain.print()
        plain.print(Text(say("rules.explain.plan", language), style="bold"))
        plain.print(statement.plan)


def _head(explained: Explained, language: str) -> Iterator[str]:
    rule = explained.rule
    yield f"{rule['rule']}  {rule['pack']}@{rule['version']}"
    if not rule["in_force"]:
        yield say("rules.page.not_in_force", language)
    clause = f"{rule['edition']} {rule['clause']}".strip()
    yield _line("clause", clause or say("rules.page.no_clause", language), language)
    print_ = "verified" if rule["verified"] else "unverified"
    certainty = say(f"rules.certainty.{rule['certainty']}", language)
    yield _line("print", f"{say(f'rules.page.{print_}', language)}, {certainty}", language)
    yield _line("source", rule["source"], language)
    family = rule["family"]
    title = say(f"family.{family}", language) if known(f"family.{family}") else family
    yield _line("family", f"{title}, {say('rules.kind.' + rule['kind'], language)}", language)
    names = layers()
    judged = [names[s].title.in_(language) for s in rule["subjects"] if s in names]
    against = names.get(rule["counterpart"] or "")
    if judged:
        beside = f" – {against.title.in_(language)}" if against else ""
        yield _line("subjects", ", ".join(judged) + beside, language)
    if measured := measured_words(rule, language):
        yield _line("measured", measured, language)
    if rule["valid_from"] or rule["valid_to"]:
        days = f"{rule['valid_from'] or '–'} – {rule['valid_to'] or '–'}"
        yield _line("valid_days", days, language)
    for condition in condition_words(rule["test"], language):
        yield _line("condition", condition, language)
    if rule["heuristic"]:
        yield rule["heuristic"][language]


def _line(name: str, said: str, language: str) -> str:
    return say("rules.explain.line", language, name=say(f"rules.page.{name}", language), said=said)


def _relaxation(one: dict[str, Any], language: str) -> dict[str, Any]:
    conditions = [*(one.get("classes") or ())]
    if one.get("wall_min_mm") is not None:
        conditions.append(f"δ ≥ {one['wall_min_mm']:g} mm")
    if one.get("agreement"):
        conditions.append(say("rules.explain.agreement", language))
    limit = f"{one['limit_m']:g}"
    return {"limit": limit, "when": ", ".join(conditions) or "–", "text": one["text"][language]}


def _figure(one: dict[str, Any], language: str) -> str:
    words = {"id": one["id"], "title": one["title"][language], "unit": one["unit"]}
    if one["value"] is None:
        return say("rules.explain.figure_unset", language, **words)
    value = f"{float(one['value']):g}"
    return say("rules.explain.figure", language, value=value, pack=one["pack"], **words)


def _why_none(explained: Explained) -> str:
    """Why nothing judges the rule."""
    if not explained.rule["in_force"]:
        return "rules.explain.none_in_force"
    if any(one["value"] is None for one in explained.figures):
        return "rules.explain.none_unset"
    return "rules.explain.none_permits"
