"""Gridwarden, the open city-safety map."""

__version__ = "0.1.0"
