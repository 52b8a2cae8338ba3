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

TWINS = "create function data.twin(layer text)"
"""What the migration says that first keeps a layer's past readable."""
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
        up, down = altering_sql(layer, before)
    else:
        up, down = layer_sql(layer), DOWN.format(id=layer.id)
    if any(TWINS in text for text in earlier):
        up, down = _with_twin(layer.id, up, down, altered=before.there)
    return up, down, before.there


def _with_twin(layer_id: str, up: str, down: str, *, altered: bool) -> tuple[str, str]:
    """The same, and the layer's past (data.…_at, api.…_at) made anew after what it is made of."""
    goes, comes = f"select data.untwin('{layer_id}');\n", f"select data.twin('{layer_id}');\n"
    if altered:
        return goes + up + comes, goes + down + comes
    return up + comes, goes + down


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
