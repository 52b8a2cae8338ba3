"""The registry of layers, and what is made from it."""

from gridwarden.layers.catalogue.model import (
    AREA_SCOPES,
    COMMON,
    EVERYONE,
    Column,
    Layer,
    Style,
    Words,
)
from gridwarden.layers.catalogue.registry import layer, layers

__all__ = [
    "AREA_SCOPES",
    "COMMON",
    "EVERYONE",
    "Column",
    "Layer",
    "Style",
    "Words",
    "layer",
    "layers",
]
