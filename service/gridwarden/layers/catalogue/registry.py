"""The layers there are: one module each, directly in `gridwarden.layers`."""

import pkgutil
from importlib import import_module

from gridwarden.layers.catalogue.model import Layer


def layers() -> dict[str, Layer]:
    """Every layer by id, in alphabetical order.

    Each plain module on `gridwarden.layers.__path__` declares exactly one `LAYER`; packages in
    that folder are machinery. Raises ValueError for a module without one.
    """
    import gridwarden.layers as house

    found: dict[str, Layer] = {}
    for info in sorted(pkgutil.iter_modules(house.__path__), key=lambda i: i.name):
        if info.ispkg:
            continue
        declared = getattr(import_module(f"{house.__name__}.{info.name}"), "LAYER", None)
        if not isinstance(declared, Layer) or declared.id != info.name:
            raise ValueError(f"layers/{info.name}.py must declare LAYER with id {info.name!r}")
        found[declared.id] = declared
    return found


def layer(layer_id: str) -> Layer:
    """One layer. Raises KeyError."""
    return layers()[layer_id]
