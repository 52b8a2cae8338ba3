"""Who brings a layer when nobody says."""

from gridwarden.layers.catalogue import layers


def usual_role(layer_id: str, org: str | None = None) -> str:
    """The first importer that the layer names; a company only with its organisation.

    For a layer that is not there `administrator`: the import itself refuses it by name.
    """
    one = layers().get(layer_id)
    named = one.importers if one else ("administrator",)
    return next((role for role in named if role != "utility" or org is not None), named[0])
