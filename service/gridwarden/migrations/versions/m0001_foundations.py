"""Schemas, callers, audit, datasets, history, change queue, jobs."""

from alembic import op
from procrastinate.schema import SchemaManager

from gridwarden.migrations.frozen import run_sql

revision = "m0001_foundations"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The queue's own tables come from the locked library; a newer one brings its own migration.
    connection = op.get_bind()
    connection.exec_driver_sql("create schema if not exists jobs")
    connection.exec_driver_sql("set local search_path to jobs, public")
    connection.exec_driver_sql(SchemaManager.get_schema())
    connection.exec_driver_sql("set local search_path to default")
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
