"""What an edited workbook changes: each row against what went out and against now.

A row is unchanged, changed, in conflict (somebody else has changed the same cell, or moved the case
on, since it went out: both values are told, and who) or refused (and why). What others changed in
other cells is no conflict. Nothing is written here.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from gridwarden.hazards.bulk.acting import MOST
from gridwarden.hazards.bulk.columns import (
    BY_NAME,
    COLUMNS,
    GRADES,
    Column,
    Names,
    category_said,
    mark,
    plain,
    title_of,
)
from gridwarden.hazards.bulk.workbook import ACT, HIDDEN, NOTE
from gridwarden.hazards.cases.categories import CATEGORIES
from gridwarden.hazards.life_cycle import LIFE_CYCLE
from gridwarden.intake.apart import open_apart
from gridwarden.intake.bodies import Sent
from gridwarden.intake.formats.batch import Trouble
from gridwarden.intake.formats.headers import header
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.language import LANGUAGES
from gridwarden.words.problems import Problem

Result = Literal["unchanged", "changed", "conflict", "refused"]
UNPACKED_AT_MOST: Final = 8
NEVER_EMPTY: Final = ("grade", "org_id")


@dataclass(frozen=True, slots=True)
class Since:
    """Who changed a column of a case after the workbook went out."""

    person: str
    at: str


@dataclass(frozen=True, slots=True)
class Now:
    """The cases as they are now, by number, and who changed what since: by case and column."""

    cases: Mapping[int, Mapping[str, Any]]
    since: Mapping[tuple[int, str], Since]
    names: Names


@dataclass(slots=True)
class Line:
    """What becomes of one row. `cells`: column → what it was, what the sheet says, and, in a
    conflict, who made it what it is now and when. `key` and `detail`: why it is refused, in words.
    """

    number: int
    case: int | None
    hazard_no: str
    result: Result
    act: str | None = None
    said: dict[str, Any] = field(default_factory=dict)
    version: int | None = None
    cells: dict[str, dict[str, str]] = field(default_factory=dict)
    key: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    def refuse(self, key: str, **detail: Any) -> "Line":
        """The same, refused."""
        self.result, self.key, self.detail = "refused", key, detail
        return self


def read_sheet(sent: Sent, settings: Settings) -> list[dict[str, Any]]:
    """The rows of a workbook by our column names, with `row`, its number in the sheet.

    `unread` of a row is the column whose cell could not be read, and why: a formula whose result
    was not saved, say, which is no empty cell. Raises Problem: what the readers refuse, and a
    workbook that is none of ours, or has lost the hidden columns that tell what it was.
    """
    settings.files.mkdir(parents=True, mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=settings.files) as folder:
        room = Path(folder)
        path = room / f"source{Path(sent.name).suffix.lower()[:12]}"
        path.write_bytes(sent.body)
        limit = (settings.upload_mb << 20) * UNPACKED_AT_MOST
        with open_apart(path, sent.name, room, limit) as source:
            named = _named(source.fields)
            if not set(HIDDEN) <= set(named.values()):
                raise Problem("refused", "bulk.sheet.not_ours", field="file")
            rows = [
                {named[name]: values[i] for name, values in batch.columns.items() if name in named}
                | {"row": number, "unread": _unread(batch.troubles.get(i), named)}
                for batch in source.batches()
                for i, number in enumerate(batch.numbers)
            ]
    if len(rows) > MOST:
        raise Problem("too_large", "bulk.too_many", field="file", n=MOST)
    return rows


def _unread(trouble: Trouble | None, named: Mapping[str, str]) -> tuple[str, str] | None:
    if trouble is None or trouble.column is None or trouble.column not in named:
        return None
    return named[trouble.column], trouble.reason


def numbers_in(rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """The cases that the rows are of."""
    found = (whole(row.get("id")) for row in rows)
    return sorted({number for number in found if number is not None})


def compared(rows: Sequence[Mapping[str, Any]], now: Now, lang: str) -> list[Line]:
    """What becomes of each row."""
    lines: list[Line] = []
    seen: set[int] = set()
    for row in rows:
        line = _line(row, now, lang)
        if line.case is not None and line.case in seen:
            line.refuse("bulk.sheet.twice")
        elif line.case is not None:
            seen.add(line.case)
        lines.append(line)
    return lines


def _line(row: Mapping[str, Any], now: Now, lang: str) -> Line:
    number, version = whole(row.get("id")), whole(row.get("version"))
    case = now.cases.get(number) if number is not None else None
    line = Line(int(row["row"]), number, plain(row.get("hazard_no")), "unchanged")
    base = _base(row.get("base"))
    if row.get("unread"):
        column, reason = row["unread"]
        return line.refuse("bulk.sheet.unread", column=column, reason=reason)
    if number is None and not any(plain(v) for k, v in row.items() if k not in ("row", "unread")):
        return line
    if case is None or version is None or base is None:
        return line.refuse("bulk.sheet.no_case")
    line.hazard_no, line.version = case.get("hazard_no") or line.hazard_no, int(case["version"])
    touched = [
        c for c in COLUMNS if c.name in row and mark(row[c.name]) != base["marks"].get(c.name, "")
    ]
    act, note = _act(row.get(ACT)), plain(row.get(NOTE))
    locked = [c for c in touched if not c.edited]
    if act is None and plain(row.get(ACT)):
        return line.refuse("bulk.sheet.no_such_act", act=plain(row.get(ACT))[:40])
    if locked:
        return line.refuse("bulk.sheet.locked", columns=[c.name for c in locked])
    if not touched and act is None:
        return line
    line.result = "changed"
    _against_now(line, row, touched, case, base, now, act, lang)
    if line.result != "changed":
        return line
    return _as_act(line, row, touched, act, note, now.names)


def _against_now(
    line: Line,
    row: Mapping[str, Any],
    touched: Sequence[Column],
    case: Mapping[str, Any],
    base: Mapping[str, Any],
    now: Now,
    act: str | None,
    lang: str,
) -> None:
    """Tell what the sheet changes, and what others have changed to something else meanwhile."""
    for column in touched:
        there, wanted = now.names.said(column, case, base["lang"]), plain(row[column.name])
        if mark(there) == mark(wanted):
            continue  # it is so already
        line.cells[column.name] = {"sheet": wanted, "now": now.names.said(column, case, lang)}
        if mark(there) != base["marks"].get(column.name, ""):
            _conflict(line, column.name, now)
    state = next(c for c in COLUMNS if c.name == "state")
    there = now.names.said(state, case, base["lang"])
    if act is not None and mark(there) != base["marks"].get("state", ""):
        shown = now.names.said(state, case, lang)
        line.cells["state"] = {"sheet": plain(row.get("state")), "now": shown}
        _conflict(line, "state", now)
    if not line.cells and act is None:
        line.result = "unchanged"


def _conflict(line: Line, column: str, now: Now) -> None:
    line.result = "conflict"
    by = now.since.get((line.case or 0, column))
    if by is not None:
        line.cells[column] |= {"by": by.person, "at": by.at}


def _as_act(
    line: Line,
    row: Mapping[str, Any],
    touched: Sequence[Column],
    act: str | None,
    note: str,
    names: Names,
) -> Line:
    """The one act that does what the row says; refused where it would take two."""
    changed = [c for c in touched if c.name in line.cells]
    values: dict[str, Any] = {}
    for column in changed:
        found = _value(column, plain(row[column.name]), names)
        if isinstance(found, str) and found.startswith("bulk."):
            return line.refuse(found, column=column.name, value=plain(row[column.name])[:60])
        values[column.name] = found
    line.act = act or ("assign" if "org_id" in values else "edit")
    may = {name for one in LIFE_CYCLE.acts if one.name == line.act for name in one.sets}
    if not values.keys() <= may:
        over = [c for c in changed if c.name not in may]
        return line.refuse("bulk.sheet.two_steps", columns=[c.name for c in over], doing=line.act)
    line.said = ({"set": values} if values else {}) | ({"note": note} if note else {})
    return line


def worded(detail: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """What a refusal names, as columns and acts are called in the language in which it is read."""
    told = dict(detail)
    if isinstance(told.get("columns"), list):
        joint = "、" if lang == "zh" else ", "
        told["columns"] = joint.join(title_of(name, lang) for name in told["columns"])
    if told.get("column") in BY_NAME:
        told["column"] = title_of(told["column"], lang)
    if "reason" in told:
        told["reason"] = say(f"intake.reason.{told['reason']}", lang)
    if "doing" in told:
        told["act"] = say(f"hazards.act.{told['doing']}", lang)
    return told


def _value(column: Column, text: str, names: Names) -> Any:
    """A cell's text as the case has it: None for nothing, a key of words where it means nothing."""
    if not text:
        return "bulk.sheet.never_empty" if column.name in NEVER_EMPTY else None
    if column.kind == "grade":
        found = [
            g for g in GRADES if text in {g, *(say(f"severity.{g}", lang) for lang in LANGUAGES)}
        ]
        return found[0] if found else "bulk.sheet.no_such_grade"
    if column.kind == "category":
        codes = [
            one
            for one in CATEGORIES
            if text in {one, *(category_said(one, lg) for lg in LANGUAGES)}
        ]
        return codes[0] if codes else "bulk.sheet.no_such_category"
    if column.kind == "name":
        numbers = [number for number, name in names.orgs.items() if name.strip() == text]
        if len(numbers) > 1:
            return "bulk.sheet.several_orgs"
        return numbers[0] if numbers else "bulk.sheet.no_such_org"
    return text


def _named(fields: Sequence[str]) -> dict[str, str]:
    """The fields of the file that are columns of ours, by their headers in either language."""
    known = {header(name): name for name in HIDDEN}
    for name in [c.name for c in COLUMNS] + [ACT, NOTE]:
        known |= {header(title_of(name, lang)): name for lang in LANGUAGES}
    return {one: known[header(one)] for one in fields if header(one) in known}


def _act(value: Any) -> str | None:
    text = plain(value)
    for one in LIFE_CYCLE.acts:
        if text and text in {one.name, *(say(f"hazards.act.{one.name}", lg) for lg in LANGUAGES)}:
            return str(one.name)
    return None


def _base(value: Any) -> dict[str, Any] | None:
    """What the hidden column holds; None for what is none of ours."""
    try:
        found = json.loads(plain(value))
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("marks"), dict):
        return None
    return found if found.get("lang") in LANGUAGES else None


def whole(value: Any) -> int | None:
    """A cell's number; None for what is none of ours."""
    text = plain(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None
