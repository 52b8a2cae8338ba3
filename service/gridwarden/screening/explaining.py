"""Why a finding is one: rule, row, the construction of its number, both features, all packs' bands.

The finding itself is the list's own row, so it says as much as the list does. Everything else is
for who may read its evidence: whoever gets grade and band alone gets the subject besides, and no
rule, clause, band or picture, because each of them narrows where the main is.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection, sql
from psycopg.rows import dict_row

from gridwarden.access.audit.seeing import MAINS, mains_of, saw
from gridwarden.database import Caller, queries
from gridwarden.layers.catalogue import layers
from gridwarden.layers.past import of_ended, then
from gridwarden.screening.constructing import (
    because,
    construction,
    deductions,
    ground_of,
    may_move,
    told_bands,
)
from gridwarden.screening.listing import EXACT
from gridwarden.screening.listing import Q as LIST
from gridwarden.screening.parameters import FindingsQuery
from gridwarden.screening.relaxing import asked_how, relaxations
from gridwarden.words import say
from gridwarden.words.problems import Problem

Q: Final = queries(__package__ or "gridwarden.screening", "explaining.sql")
OF_RULE: Final = (
    *("family", "kind", "level", "counterpart", "measured_from", "measured_to", "plane"),
    *("strength", "clause", "edition", "valid_from", "valid_to", "verified", "certainty"),
    *("source", "text", "measures", "heuristic", "in_force"),
)
JUDGED: Final = ("distance_m", "accuracy_m", "required_m")
STALE_FROM_M: Final = 0.001
"""A distance that differs by more from the screened one tells that a feature was changed since."""
NOBODY: Final = sql.SQL("(select null::bigint as id, null::geometry as geom where false)")
Feature = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Explained:
    """`finding` as the API gives it; `features` with what their columns are called; `drawn` the
    picture's shapes in metres, for who may read the evidence.
    """

    finding: dict[str, Any]
    features: Mapping[str, Mapping[str, Any] | None]
    drawn: Mapping[str, Any] | None = None

    @property
    def told(self) -> bool:
        """Whether the caller may read the evidence."""
        return "construction" in self.finding


@dataclass(frozen=True, slots=True)
class Asked:
    """One caller's question about one finding: the living one; one that has `ended`; with `at`, as
    it and its features were known at that moment, which the transaction has to have been set to.
    """

    connection: AsyncConnection[Any]
    caller: Caller
    number: int
    srid: int
    ended: bool = False
    at: datetime | None = None

    async def rows(self, name: str, /, **values: Any) -> list[dict[str, Any]]:
        """Rows of a named statement; `layer`, `subject` and `counterpart` become relations."""
        relations = {k: v for k, v in values.items() if isinstance(v, sql.Composable)}
        parameters = {k: v for k, v in values.items() if k not in relations} | {"id": self.number}
        statement: Any = sql.SQL(self.over(Q[name]))
        if relations:
            statement = statement.format(**relations)
        async with self.connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(statement, parameters)
            return await cursor.fetchall()

    async def row(self, name: str, /, **values: Any) -> dict[str, Any] | None:
        """The first of them."""
        found = await self.rows(name, **values)
        return found[0] if found else None

    def over(self, statement: LiteralString) -> LiteralString:
        """A statement over present views, over those that are asked."""
        return then(of_ended(statement) if self.ended else statement, self.at)

    def evidence(self, statements: Mapping[str, LiteralString] = Q) -> sql.SQL:
        """The statement that gives this caller's evidence."""
        return sql.SQL(self.over(statements["exact" if self.caller.role in EXACT else "open"]))

    def relation(self, layer: str | None) -> sql.Composable:
        """A layer as this caller may read it; nothing where that is none of it."""
        declared = layers().get(layer or "")
        if declared is None or self.caller.role not in declared.readers:
            return NOBODY
        return sql.Identifier("api", f"{declared.id}_at" if self.at else declared.id)


async def explain(
    connection: AsyncConnection[Any],
    caller: Caller,
    number: int,
    srid: int,
    *,
    drawn: bool = False,
) -> Explained | None:
    """One living finding explained, in the caller's open transaction; a supervisor's look is kept.

    None for a finding that is not there or not the caller's to see.
    """
    ask = Asked(connection, caller, number, srid)
    if caller.role == "supervisor":
        await ask.rows("look", purpose=f"finding {number}")
    item = await item_of(ask)
    if item is None:
        return None
    subject = await feature_read(ask, item["layer"], item["subject_id"])
    await saw_mains(ask, item, subject)
    if "rule" not in item:
        return Explained(item | {"subject": shown(subject)}, {"subject": subject})
    rule, whole = await rule_of(ask, item)
    if rule is None:
        return _of_earlier_form(ask, whole | {"subject": shown(subject)}, subject)
    counterpart = await feature_read(ask, item["counterpart_layer"], item["counterpart_id"])
    features = {"subject": subject, "counterpart": counterpart}
    mains = {row["side"]: row for row in await ask.rows("mains")} if item["main"] else {}
    main = mains.get("counterpart") or mains.get("subject")
    figures = await _figures(ask, rule)
    rule["test"] = _resolved(rule["test"], figures)
    bands = told_bands([row["band"] for row in await ask.rows("bands")])
    whole |= await ask.row("inside", kind=rule["kind"], **{n: whole[n] for n in JUDGED}) or {}
    lang = caller.language
    finding = {
        **item,
        "told": whole["told"],
        "rule": told_rule(rule),
        "row": await _row(ask, rule) | {"asked": asked_how(whole, rule, main, figures, lang)},
        "subject": shown(subject),
        "counterpart": shown(counterpart),
        "mains": {
            side: {k: v for k, v in row.items() if k != "side"} for side, row in mains.items()
        },
        "construction": construction(whole, rule, mains, features, lang),
        "because": because(whole, rule, features, _titles(features, lang), lang),
        "relaxations": relaxations(whole, rule, main, lang),
        "bands": bands,
        "edge_may_move_m": may_move(whole, bands, touching=_touching(whole, rule, mains, features)),
        "data": await _data(ask, whole, rule, features, mains),
    }
    shapes = await _shapes(ask, whole, rule, mains) if drawn else None
    return Explained(finding, features, shapes)


async def item_of(ask: Asked) -> dict[str, Any] | None:
    """The list's own row, by the list's own statements."""
    chosen = sql.SQL(ask.over(LIST["chosen"])).format(evidence=ask.evidence(LIST))
    one = sql.SQL(Q["one"]).format(chosen=chosen)
    page = sql.SQL(LIST["page"]).format(chosen=one)
    asked = FindingsQuery(filters={}, cell=None, bbox=None, limit=1)
    values = asked.values(ask.srid) | {"id": ask.number}
    found = await (await ask.connection.execute(page, values)).fetchone()
    items = found[0]["items"] if found else []
    return dict(items[0]) if items else None


async def saw_mains(ask: Asked, item: Mapping[str, Any], subject: Feature | None) -> None:
    """Record which mains' exact places are told with a finding to who may read them."""
    if ask.caller.role in EXACT:
        itself = [item["subject_id"]] if subject is not None and item["layer"] == MAINS else []
        await saw(ask.connection, "findings/{number}", [*mains_of([item]), *itself])


def told_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A rule as an explanation tells it."""
    named = {"id": rule["rule"], "pack": f"{rule['pack']}@{rule['version']}"}
    more = {"pack_title": rule["pack_title"], "location": rule["test"].get("location")}
    return named | more | {name: rule[name] for name in OF_RULE}


def _of_earlier_form(ask: Asked, whole: dict[str, Any], subject: Feature | None) -> Explained:
    """What is left to say of a finding until it is judged again: its own row, and why no more."""
    pack = "@".join(filter(None, (whole["pack"], whole["pack_version"])))
    told = say("upgrades.finding", ask.caller.language, pack=pack)
    left = {k: v for k, v in whole.items() if k not in ("row_id", "pack_version", "told")}
    return Explained(left | {"form": "earlier", "say": told}, {"subject": subject})


async def rule_of(
    ask: Asked, item: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """The rule that judged (None: of an earlier form), and the finding with all its evidence."""
    more = await ask.row("evidence", evidence=ask.evidence())
    whole = {**item, **(more or {})}
    if whole["row_id"] is None:
        return None, whole
    pack, version, rule = whole["pack"], whole["pack_version"], whole["rule"]
    found = await ask.row("rule", pack=pack, version=version, rule=rule, row_id=whole["row_id"])
    if found is None:
        raise Problem("not_found", "screening.no_rule", rule=rule, pack=f"{pack}@{version}")
    return found, whole


async def _row(ask: Asked, rule: Mapping[str, Any]) -> dict[str, Any]:
    """The row with what its pressure class is called."""
    name, pack = rule["row"]["pressure_class"], f"{rule['pack']}@{rule['version']}"
    title = await ask.row("classes", **{"class": name, "pack": pack}) if name else None
    return {**rule["row"], "class_title": title and title["title"]}


async def feature_read(ask: Asked, layer: str | None, feature: int | None) -> dict[str, Any] | None:
    """A feature as the caller may read it, with what its columns are called."""
    if feature is None:
        return None
    found = await ask.row("feature", layer=ask.relation(layer), feature=feature)
    declared = layers().get(layer or "")
    if found is None or declared is None:
        return None
    lang = ask.caller.language
    columns = {column.name: column for column in declared.all_columns}
    titles = {name: column.title.in_(lang) for name, column in columns.items()}
    properties = {k: v for k, v in found["properties"].items() if v is not None}
    words = {k: columns[k].said(v, lang) if k in columns else str(v) for k, v in properties.items()}
    return found | {
        "properties": properties,
        "layer": declared.id,
        "layer_title": declared.title.in_(lang),
        "titles": titles,
        "words": words,
        "source_date": found["source_date"] and found["source_date"].isoformat(),
    }


def shown(feature: Feature | None) -> dict[str, Any] | None:
    return (
        None
        if feature is None
        else {k: v for k, v in feature.items() if k not in ("titles", "words")}
    )


def _titles(features: Mapping[str, Feature | None], lang: str) -> dict[str, str]:
    """What columns are called; the subject's word wins."""
    found: dict[str, str] = {}
    for side in ("counterpart", "subject"):
        found |= (features[side] or {}).get("titles", {})
    mains = layers()["gas_pipelines"]
    return {column.name: column.title.in_(lang) for column in mains.all_columns} | found


async def _figures(ask: Asked, rule: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The figures that the row or the conditions name, and which pack set them."""
    names = {rule["row"].get("figure")} if rule["row"] else set()
    text = json.dumps(rule["test"])
    names |= {part.split('"')[0] for part in text.split('"@')[1:]}
    names.add(rule["test"].get("people", {}).get("figure"))
    found = {name: await ask.row("figure", figure=name) for name in sorted(filter(None, names))}
    return {name: row for name, row in found.items() if row is not None}


def _resolved(test: Any, figures: Mapping[str, Mapping[str, Any]]) -> Any:
    """Conditions with the figures' values in the place of their names."""
    if isinstance(test, dict):
        return {name: _resolved(value, figures) for name, value in test.items()}
    if isinstance(test, list):
        return [_resolved(value, figures) for value in test]
    if isinstance(test, str) and test.startswith("@") and test[1:] in figures:
        return float(figures[test[1:]]["value"])
    return test


def _touching(
    whole: Mapping[str, Any],
    rule: Mapping[str, Any],
    mains: Mapping[str, Any],
    features: Mapping[str, Feature | None],
) -> bool:
    if whole["distance_m"] is None or rule["plane"] == "vertical":
        return True
    return ground_of(whole, deductions(rule, mains, features, "en")) <= 0


async def _data(
    ask: Asked,
    whole: Mapping[str, Any],
    rule: Mapping[str, Any],
    features: Mapping[str, Feature | None],
    mains: Mapping[str, Any],
) -> dict[str, Any]:
    """Which data and rules this stands on, and whether they were changed since the screen."""
    dates = await ask.row("dates") or {"screened_at": None, "waiting": False}
    changed = None
    if whole["distance_m"] is not None and rule["plane"] == "horizontal":
        taken = deductions(rule, mains, features, ask.caller.language)
        now = await ask.row(
            "ground",
            subject=ask.relation(whole["layer"]),
            counterpart=ask.relation(whole["counterpart_layer"]),
            subject_id=whole["subject_id"],
            counterpart_id=whole["counterpart_id"],
            centre=rule["measured_to"] == "centre" and bool(mains),
            mains=len(mains) == 2,
        )
        was = ground_of(whole, taken)
        if now is not None:
            changed = abs(float(now["ground_m"]) - was) > STALE_FROM_M
    datasets = {f["dataset"] for f in features.values() if f is not None and f["dataset"]}
    screened = dates["screened_at"]
    return {
        "datasets": sorted(datasets),
        "rules": f"{rule['pack']}@{rule['version']}",
        "rule_in_force": rule["in_force"],
        "screened_at": screened and screened.isoformat(),
        "first_seen": whole["first_seen"],
        "changes_wait": dates["waiting"],
        "changed_since": changed,
    }


async def _shapes(
    ask: Asked, whole: Mapping[str, Any], rule: Mapping[str, Any], mains: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """The picture's shapes in metres, or None where there is no place to draw."""
    reach, around = _band(whole, rule, mains)
    found = await ask.row(
        "picture",
        evidence=ask.evidence(),
        subject=ask.relation(whole["layer"]),
        counterpart=ask.relation(whole["counterpart_layer"]),
        subject_id=whole["subject_id"],
        counterpart_id=whole["counterpart_id"],
        reach=reach,
        around=around,
        pressed=bool(whole.get("pressed_length_m")),
        srid=ask.srid,
    )
    return found and found["shapes"]


def _band(
    whole: Mapping[str, Any], rule: Mapping[str, Any], mains: Mapping[str, Any]
) -> tuple[float | None, str | None]:
    """How wide (metres from the line or outline that it is drawn around) a band is, around whom."""
    if "location" in rule["test"]:
        return float(rule["test"]["location"]["each_side_m"]), "subject"
    if not whole["required_m"] or rule["plane"] == "vertical":
        return None, None
    required = float(whole["required_m"])
    if rule["kind"] == "absence":
        return required, "subject"
    counterpart = mains.get("counterpart")
    if counterpart is not None and rule["measured_from"] == "outer_edge":
        required += counterpart["edge_m"]
    return required, "counterpart"
