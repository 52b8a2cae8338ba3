"""The private cluster, the pool, and the one door through which a caller reaches the database."""

from gridwarden.database.caller import (
    ADMINISTRATORS,
    ASKERS,
    FIELD,
    OFFICE,
    PICTURES,
    ROLES,
    WORK_ROLES,
    Caller,
)
from gridwarden.database.door import Pool, as_caller, call_as
from gridwarden.database.pool import open_pool
from gridwarden.database.queries import queries

__all__ = [
    "ADMINISTRATORS",
    "ASKERS",
    "FIELD",
    "OFFICE",
    "PICTURES",
    "ROLES",
    "WORK_ROLES",
    "Caller",
    "Pool",
    "as_caller",
    "call_as",
    "open_pool",
    "queries",
]
