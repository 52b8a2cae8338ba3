"""The migration of a new layer, written from its file and then frozen."""

from pathlib import Path

from alembic.script import ScriptDirectory

from gridwarden.layers.catalogue import Layer
from gridwarden.layers.catalogue.tables import layer_sql
from gridwarden.migrations import HERE, configuration

MODULE = '''"""Layer {id}."""

from gridwarden.migrations.frozen import run_sql

revision = "{revision}"
down_revision = "{after}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(__file__)


def downgrade() -> None:
    run_sql(__file__, down=True)
'''

DOWN = """drop view api.{id};
drop table data.{id};
delete from data.history where layer = '{id}';
delete from data.change where layer = '{id}';
delete from data.layer where id = '{id}';
"""


def write_layer_migration(layer: Layer, folder: Path, revision: str, after: str) -> Path:
    """Write `<revision>.py`, `.sql` and `.down.sql` into `folder`; returns the module's path.

    Raises FileExistsError: a migration that may have run somewhere is never written over.
    """
    module = folder / f"{revision}.py"
    texts = {
        module: MODULE.format(id=layer.id, revision=revision, after=after),
        folder / f"{revision}.sql": layer_sql(layer),
        folder / f"{revision}.down.sql": DOWN.format(id=layer.id),
    }
    for path, text in texts.items():
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    return module


def next_migration(layer: Layer, folder: Path = HERE / "versions") -> Path:
    """Write the layer's migration after the newest one there is."""
    after = str(ScriptDirectory.from_config(configuration([folder])).get_current_head())
    revision = f"m{int(after[1:5]) + 1:04d}_{layer.id}"
    return write_layer_migration(layer, folder, revision, after)
