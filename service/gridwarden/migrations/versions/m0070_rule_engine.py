"""Packs of rules as data, edition beside edition.

The way back makes the first rules' tables again by their own migrations; packs must be published
and mains be cut again after it.
"""

from pathlib import Path

from gridwarden.migrations.frozen import run_before, run_sql, run_text

revision = "m0070_rule_engine"
down_revision = "m0069_estates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    here = Path(__file__).parent
    run_sql(str(here / "m0070_earlier.py"))
    run_sql(__file__)
    run_sql(str(here / "m0070_rule_reading.py"))


def downgrade() -> None:
    run_sql(__file__, down=True)
    here = Path(__file__).parent
    run_sql(str(here / "m0030_rules.py"))
    run_before(str(here / "m0031_screening.py"), "-------- findings")
    run_text(
        "create index main_piece_widest on data.main_piece ((edge_m + coalesce(accuracy_m, 1)));"
        "grant select on data.main_piece to gridwarden_screen;"
        "create function data.permit_rows(method text) returns setof data.rule_row"
        " language sql stable as $$ select r.* from data.rule_row r"
        " where r.kind = 'activity' and r.method = permit_rows.method $$;"
    )
    maps = (here / "m0050_maps.sql").read_text(encoding="utf-8")
    view = maps[maps.index("create view api.screened") :]
    run_text(view[: view.index(";") + 1])
    run_text(
        "grant select on api.screened to gridwarden_utility, gridwarden_supervisor,"
        " gridwarden_planner, gridwarden_dispatcher, gridwarden_viewer, gridwarden_administrator"
    )
