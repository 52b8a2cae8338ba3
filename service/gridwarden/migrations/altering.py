"""What the migrations of a layer have left of it, and the SQL that brings it to its file.

The frozen files are the witness, not a database: the generator reads its own writing back.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from importlib.resources import files
from string import Template
from typing import Any

from gridwarden.layers.catalogue import Layer
from gridwarden.layers.catalogue.tables import layer_sql
from gridwarden.words.problems import Problem

OURS = ("id", "dataset_id", "source_id", "version", "org_id", "extra", "repair", "geom")
"""Columns that every layer's table has and no layer file names."""
COLUMN = re.compile(r"^    (\w+) ([a-z ]+),$", re.MULTILINE)
GEOMETRY = re.compile(r"^    geom geometry\(\w+, \{srid\}\),\n    check .+$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A layer as its migrations have left it: columns with their types, and the texts of the rest.

    `view` is the statement that makes the view with its grants; `row` what `data.layer` says.
    """

    columns: dict[str, str] = field(default_factory=dict)
    geometry: str = ""
    view: str = ""
    row: str = ""

    @property
    def there(self) -> bool:
        """Whether any migration has made the table."""
        return bool(self.columns)


def frozen(layer_id: str, migrations: Iterable[str]) -> Frozen:
    """The layer after these migrations' texts, the oldest first."""
    name = re.escape(layer_id)
    created = re.compile(rf"^create table data\.{name} \(\n(.*?)^\);$", re.MULTILINE | re.DOTALL)
    added = re.compile(rf"^alter table data\.{name} add column (\w+) ([a-z ]+);$", re.MULTILINE)
    view = re.compile(
        rf"^create view api\.{name} as$.*?^grant select on api\.{name} to [^;]+;$",
        re.MULTILINE | re.DOTALL,
    )
    told = re.compile(
        rf"\(id, secret, importers\) values \('{name}', (\w+), '(.*)'\);$"
        rf"| set secret = (\w+), importers = '(.*)' where id = '{name}';$",
        re.MULTILINE,
    )
    left = Frozen()
    for text in migrations:
        for body in created.findall(text):
            columns = {n: t for n, t in COLUMN.findall(body) if n not in OURS}
            left = replace(left, columns=columns, geometry=GEOMETRY.findall(body)[0])
        left = replace(left, columns=left.columns | dict(added.findall(text)))
        for found in view.findall(text):
            left = replace(left, view=found)
        for found in told.finditer(text):
            secret, importers = (group for group in found.groups() if group is not None)
            left = replace(left, row=f"secret = {secret}, importers = '{importers}'")
    return left


def declared(one: Layer) -> Frozen:
    """The layer as its file says it, in the same terms."""
    return frozen(one.id, [layer_sql(one)])


def altering_sql(one: Layer, before: Frozen) -> tuple[str, str]:
    """The statements that bring a layer from `before` to its file, and those that bring it back.

    Raises Problem where nothing has changed, and where a column or the geometry would be lost or
    read anew: rows and history hold them.
    """
    after = declared(one)
    if after == before:
        raise _refused("same", one)
    gone = [name for name in before.columns if name not in after.columns]
    if gone:
        raise _refused("gone", one, columns=", ".join(gone))
    for name, was in before.columns.items():
        if after.columns[name] != was:
            raise _refused("retyped", one, column=name, was=was, now=after.columns[name])
    if after.geometry != before.geometry:
        raise _refused("geometry", one)
    new = {name: type_ for name, type_ in after.columns.items() if name not in before.columns}
    adds = [f"alter table data.{one.id} add column {name} {type_};" for name, type_ in new.items()]
    drops = [f"alter table data.{one.id} drop column {name};" for name in reversed(new)]
    title = f"-- Layer {one.id}: {one.title.en} {one.title.zh}, altered\n"
    return title + _around(one, adds, after), _around(one, drops, before)


def _refused(why: str, one: Layer, **params: Any) -> Problem:
    return Problem("refused", f"layers.alter.{why}", field="layer", layer=one.id, **params)


def _around(one: Layer, columns: list[str], to: Frozen) -> str:
    """The view goes, the columns change, the view comes again with its grants."""
    template = files(__package__).joinpath("layer_altered.sql").read_text(encoding="utf-8")
    return Template(template).substitute(
        layer=one.id, columns="".join(f"{c}\n" for c in columns), view=to.view, row=to.row
    )
