"""`gridwarden layers migration ID`: the migration that a new layer file needs."""

from pathlib import Path
from typing import Annotated

import typer
from alembic.script import ScriptDirectory

from gridwarden.layers.catalogue import layers
from gridwarden.migrations import HERE, configuration
from gridwarden.migrations.generate import write_layer_migration
from gridwarden.words.problems import Problem


def add_to(app: typer.Typer) -> None:
    """Add `migration` to the group `layers`."""
    groups = {group.name: group.typer_instance for group in app.registered_groups}
    group = groups.get("layers")
    if group is None:
        group = typer.Typer(help="The layers of the city.")
        app.add_typer(group, name="layers")
    group.command("migration")(migration)


def migration(
    layer_id: Annotated[str, typer.Argument(help="The layer's id, as its file is called.")],
    folder: Annotated[Path, typer.Option(help="Where to write it.")] = HERE / "versions",
) -> None:
    """Write the migration of a layer file: table, index, triggers, view and grants."""
    known = layers()
    if layer_id not in known:
        raise Problem("not_found", f"There is no layers/{layer_id}.py.", field="layer")
    after = ScriptDirectory.from_config(configuration([folder])).get_current_head()
    number = int(str(after)[1:5]) + 1
    written = write_layer_migration(
        known[layer_id], folder, f"m{number:04d}_{layer_id}", str(after)
    )
    typer.echo(f"{written}\nRead it, commit it, and run: gridwarden up")
