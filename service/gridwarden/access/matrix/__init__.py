"""Who may use what: role × route × object, made from what routes, layers and grants declare."""

from gridwarden.access.matrix.model import Kind, Operation, Share, Whose
from gridwarden.access.matrix.walking import audiences_of, operations, routes_of

__all__ = ["Kind", "Operation", "Share", "Whose", "audiences_of", "operations", "routes_of"]
