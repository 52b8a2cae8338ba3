"""Accounts from a CSV as an office sends it: UTF-8 or GBK, Chinese or English heads, all or none.

    name,full_name,role,organisations,districts,grids,all_districts,language
    账号,姓名,角色,单位,行政区,网格,全市,语言

Several names in one field stand with semicolons or the Chinese comma between them.
"""

import asyncio
import csv
import io
from dataclasses import dataclass
from typing import Final

from gridwarden.access.accounts import people
from gridwarden.access.accounts.form import several
from gridwarden.access.accounts.passwords import hash_password
from gridwarden.access.accounts.people import Connection, Wanted
from gridwarden.access.bounds import bounds_called
from gridwarden.database import ADMINISTRATORS, ASKERS
from gridwarden.words import LANGUAGES, say
from gridwarden.words.problems import Problem

MOST_ROWS: Final = 2000
MOST_BYTES: Final = 2_000_000
HEADS: Final = {
    "name": ("name", "账号", "用户名", "登录名"),
    "full_name": ("full_name", "姓名"),
    "role": ("role", "角色"),
    "organisations": ("organisations", "单位", "企业"),
    "districts": ("districts", "行政区", "辖区"),
    "grids": ("grids", "网格"),
    "all_districts": ("all_districts", "全市"),
    "language": ("language", "语言"),
}
_YES: Final = frozenset({"1", "y", "yes", "true", "是", "全市"})
_NO: Final = frozenset({"", "0", "n", "no", "false", "否"})


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file: its number there, and its fields by our names."""

    line: int
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a row cannot be an account."""

    line: int
    name: str
    why: Problem


def read(body: bytes) -> list[Row]:
    """The rows of the file. Raises Problem for what is no such table."""
    if len(body) > MOST_BYTES:
        raise Problem("too_large", field="file")
    text = _text(body)
    try:
        lines = list(csv.reader(io.StringIO(text), delimiter=_delimiter(text)))
    except csv.Error:
        raise Problem("unreadable_file", "accounts.csv.unreadable", field="file") from None
    heads = [_head(cell) for cell in lines[0]] if lines else []
    if lacking := [head for head in ("name", "full_name", "role") if head not in heads]:
        named = " · ".join(HEADS[head][0] for head in lacking)
        raise Problem("unreadable_file", "accounts.csv.heads", field="file", heads=named)
    rows = [
        Row(i, {head: cell.strip() for head, cell in zip(heads, line, strict=False) if head})
        for i, line in enumerate(lines[1:], start=2)
        if any(cell.strip() for cell in line)
    ]
    if not rows or len(rows) > MOST_ROWS:
        raise Problem("unreadable_file", "accounts.csv.rows", field="file", most=MOST_ROWS)
    return rows


def _text(body: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Problem("unreadable_file", "accounts.csv.unreadable", field="file")


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max((",", ";", "\t", "，"), key=first.count)


def _head(cell: str) -> str | None:
    plain = cell.strip().lower()
    return next((ours for ours, heads in HEADS.items() if plain in heads), None)


async def take_in(
    c: Connection, rows: list[Row], hours: int
) -> tuple[list[tuple[str, str, str]], list[Refused]]:
    """Make all accounts and give name, full name and first password of each; or, with one row that
    cannot be one, none, and the rows that cannot with their reasons. `c` acts as the officer and
    is in a transaction, which the caller takes back where rows are refused.
    """
    made: list[tuple[int, Wanted]] = []
    refused = []
    for row in rows:
        try:
            async with c.transaction():
                wanted = await _wanted(c, row.fields)
                made.append((await people.add(c, wanted), wanted))
        except Problem as problem:
            refused.append(Refused(row.line, row.fields.get("name", ""), problem))
    if refused:
        return [], refused
    passwords = [people.first_password() for _ in made]
    kept = await asyncio.gather(*(hash_password(one) for one in passwords))
    for (number, _), one in zip(made, kept, strict=True):
        await people.set_first(c, number, one, hours)
    return [
        (wanted.name, wanted.full_name, password)
        for (_, wanted), password in zip(made, passwords, strict=True)
    ], []


async def _wanted(c: Connection, fields: dict[str, str]) -> Wanted:
    bounds = await bounds_called(
        c,
        several(fields.get("organisations", "")),
        several(fields.get("districts", "")),
        several(fields.get("grids", "")),
        _truth(fields.get("all_districts", "")),
    )
    return Wanted(
        fields.get("name", ""),
        fields.get("full_name", ""),
        _role(fields.get("role", "")),
        bounds,
        fields.get("language") or "zh",
    )


def _truth(text: str) -> bool:
    plain = text.strip().lower()
    if plain in _YES:
        return True
    if plain in _NO:
        return False
    raise Problem("invalid_value", "accounts.csv.truth", field="all_districts", text=text[:20])


def _role(text: str) -> str:
    """The role by its code or by its word in any of our languages."""
    for role in (*ASKERS, *ADMINISTRATORS):
        if text.lower() in (role, *(say(f"role.{role}", lang).lower() for lang in LANGUAGES)):
            return role
    return text
