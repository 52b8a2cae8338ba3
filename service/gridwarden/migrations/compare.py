"""What Alembic compares: the layers' tables, whatever CRS this deployment works in."""

from typing import Any

from geoalchemy2 import Geometry, alembic_helpers

from gridwarden.layers.catalogue import layers


def include_object(thing: Any, name: Any, kind: Any, reflected: bool, other: Any) -> bool:
    """Leave PostGIS's and the queue's own tables, and those of plain SQL, alone."""
    if not alembic_helpers.include_object(  # type: ignore[no-untyped-call]
        thing, name, kind, reflected, other
    ):
        return False
    return kind == "column" or (kind == "table" and name in layers())


def compare_type(
    context: Any, inspected: Any, declared: Any, inspected_type: Any, declared_type: Any
) -> bool | None:
    """Geometry columns differ by their type alone; the SRID is the deployment's."""
    if isinstance(inspected_type, Geometry) and isinstance(declared_type, Geometry):
        return inspected_type.geometry_type != declared_type.geometry_type.upper()
    return None
