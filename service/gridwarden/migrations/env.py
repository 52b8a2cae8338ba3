"""Alembic's environment: one connection as the owner, roles made first, everything in one go."""

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import Connection

from gridwarden.layers.catalogue.tables import metadata
from gridwarden.migrations.compare import compare_type, include_object

connection: Connection = context.config.attributes["connection"]


context.configure(
    connection=connection,
    target_metadata=metadata(),
    include_object=include_object,
    compare_type=compare_type,
    include_schemas=True,
    process_revision_directives=alembic_helpers.writer,
    render_item=alembic_helpers.render_item,
    version_table_schema="public",
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
