"""The migration of a layer, written from its file and then frozen: one that makes it, or one
that alters it where its table exists already."""

from collections.abc import Iterator
from pathlib import Path

from alembic.script import ScriptDirectory

from gridwarden.layers.catalogue import Layer
from gridwarden.layers.catalogue.tables import layer_sql
from gridwarden.migrations import HERE, configuration
from gridwarden.migrations.altering import altering_sql, frozen

MODULE = '''"""Layer {id}{altered}."""

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


def layer_statements(layer: Layer, earlier: list[str]) -> tuple[str, str, bool]:
    """The statements after these migrations' texts, up and down, and whether they alter.

    Raises Problem where the change cannot be made.
    """
    before = frozen(layer.id, earlier)
    if before.there:
        return (*altering_sql(layer, before), True)
    return layer_sql(layer), DOWN.format(id=layer.id), False


def write_layer_migration(
    layer: Layer, folder: Path, revision: str, after: str, earlier: list[str]
) -> Path:
    """Write `<revision>.py`, `.sql` and `.down.sql` into `folder`; returns the module's path.

    Raises FileExistsError: a migration that may have run somewhere is never written over.
    """
    up, down, altered = layer_statements(layer, earlier)
    module = folder / f"{revision}.py"
    texts = {
        module: MODULE.format(
            id=layer.id, altered=", altered" if altered else "", revision=revision, after=after
        ),
        folder / f"{revision}.sql": up,
        folder / f"{revision}.down.sql": down,
    }
    for path, text in texts.items():
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    return module


def next_migration(layer: Layer, folder: Path = HERE / "versions") -> Path:
    """Write the layer's migration after the newest one there is. Raises Problem."""
    elsewhere = [] if folder == HERE / "versions" else [folder]
    script = ScriptDirectory.from_config(configuration(elsewhere))
    after = str(script.get_current_head())
    revision = f"m{int(after[1:5]) + 1:04d}_{layer.id}"
    earlier = [text for _, text in frozen_texts(script)]
    return write_layer_migration(layer, folder, revision, after, earlier)


def frozen_texts(script: ScriptDirectory) -> Iterator[tuple[Path, str]]:
    """The SQL of every migration that has some, the oldest first."""
    for revision in reversed(list(script.walk_revisions())):
        path = Path(revision.path).with_suffix(".sql")
        if path.exists():
            yield path, path.read_text(encoding="utf-8")
