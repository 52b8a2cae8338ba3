"""Which mains prove a row: one for every number by which the row chooses mains, or asks more."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from gridwarden.sample.plants.book import Book, Json, Look

DN_STEP = 0.5
WALL_STEP = 0.05


def looks(book: Book, rule: Json, row: Json) -> Iterator[tuple[str, Look]]:
    """Mains to which the row certainly applies, each with a word for it."""
    edges = list(_edges(row)) or [("", {})]
    pressures = list(_pressures(book, rule, row)) or [("", None)]
    for at, (word, p) in enumerate(pressures):
        # one pressure stands at one edge, but the last, between two points, at all others
        last = at == len(pressures) - 1
        mine = edges if len(pressures) == 1 else edges[1:] if last and edges[1:] else edges[:1]
        for edge, given in mine:
            yield word + edge, book.look(rule, row, p_mpa=p, **given)
    yield from _relaxed(book, rule, row)


def outside(book: Book, rule: Json, row: Json) -> Iterator[tuple[str, Look]]:
    """Mains just beyond the bounds of a row, where no other row of the rule is for them."""
    for column, bound, shift in (
        ("dn", row["dn_upto"], DN_STEP),
        ("dn", row["dn_over"], 0.0),
        ("wall_mm", row["wall_min_mm"], -WALL_STEP),
        ("wall_mm", row["wall_under_mm"], 0.0),
    ):
        if bound is not None:
            look = book.look(rule, row, **{column: round(bound + shift, 4)})
            if all(book.fits(rule, other, look) is False for other in rule["rows"]):
                yield f":beyond-{bound:g}", look


def _edges(row: Json) -> Iterator[tuple[str, dict[str, float]]]:
    """Diameters and walls on, and just inside, the bounds of a row."""
    if row["dn_upto"] is not None:
        yield f":dn-{row['dn_upto']:g}", {"dn": row["dn_upto"]}
    if row["dn_over"] is not None:
        yield f":dn-over-{row['dn_over']:g}", {"dn": row["dn_over"] + DN_STEP}
    if row["wall_min_mm"] is not None:
        yield f":wall-{row['wall_min_mm']:g}", {"wall_mm": row["wall_min_mm"]}
    if row["wall_under_mm"] is not None:
        wall = round(row["wall_under_mm"] - WALL_STEP, 4)
        yield f":wall-under-{row['wall_under_mm']:g}", {"wall_mm": wall}


def _pressures(book: Book, rule: Json, row: Json) -> Iterator[tuple[str, float | None]]:
    """Pressures at the points of a line, as far as the row's class reaches, and between them."""
    points = row["points"] or []
    system, wanted = book.system(rule), row["pressure_class"]

    def inside(p: float) -> bool:
        return wanted in (None, book.class_of(system, Look(p_mpa=p)))

    for (low, _), (high, _) in pairwise(points):
        if inside(low):
            yield f":{low:g}MPa", low
        elif inside(nudged := round(low + 0.02 * (high - low), 6)):
            yield f":{nudged:g}MPa", nudged
    if points and inside(points[-1][0]):
        yield f":{points[-1][0]:g}MPa", points[-1][0]
    for (low, _), (high, _) in pairwise(points):
        if inside(middle := round((low + high) / 2, 6)):
            yield f":{middle:g}MPa", middle


def _relaxed(book: Book, rule: Json, row: Json) -> Iterator[tuple[str, Look]]:
    """Mains whose wall is just thick enough, and just not, for a relaxation."""
    for one in rule["relaxations"]:
        if one["agreement"] or row["pressure_class"] not in (one["classes"] or [None]):
            continue
        p = row["points"][-1][0] if row["points"] else None
        if one["wall_min_mm"]:
            for word, shift in (("", 0.0), ("-less", -WALL_STEP)):
                wall = round(one["wall_min_mm"] + shift, 4)
                yield f":{one['id']}{word}", book.look(rule, row, p_mpa=p, wall_mm=wall)
