"""Alembic's environment: one connection as the owner, roles made first, everything in one go."""

from typing import Any

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import Connection

from gridwarden.layers.catalogue import metadata

connection: Connection = context.config.attributes["connection"]


def include_object(thing: Any, name: Any, kind: Any, reflected: bool, other: Any) -> bool:
    """Leave PostGIS's and the queue's own tables alone."""
    if not alembic_helpers.include_object(  # type: ignore[no-untyped-call]
        thing, name, kind, reflected, other
    ):
        return False
    return kind != "table" or name in {t.name for t in metadata().sorted_tables}


context.configure(
    connection=connection,
    target_metadata=metadata(),
    include_object=include_object,
    include_schemas=True,
    process_revision_directives=alembic_helpers.writer,
    render_item=alembic_helpers.render_item,
    version_table_schema="public",
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
