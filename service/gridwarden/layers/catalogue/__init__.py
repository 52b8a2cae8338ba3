"""The registry of layers, and what is made from it."""

from gridwarden.layers.catalogue.model import COMMON, EVERYONE, Column, Layer, Style, Words
from gridwarden.layers.catalogue.registry import layer, layers
from gridwarden.layers.catalogue.tables import layer_grants, layer_sql, metadata

__all__ = [
    "COMMON",
    "EVERYONE",
    "Column",
    "Layer",
    "Style",
    "Words",
    "layer",
    "layer_grants",
    "layer_sql",
    "layers",
    "metadata",
]
