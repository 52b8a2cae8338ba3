"""Schemas, callers, audit, datasets, history, change queue, jobs."""

from procrastinate.schema import SchemaManager

from gridwarden.migrations.frozen import run_sql, run_text

revision = "m0001_foundations"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The queue's own tables come from the locked library; a newer one brings its own migration.
    run_text("create schema jobs")
    run_text(SchemaManager.get_schema(), path="jobs, public")
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
