"""The audit trail: sealed, verified, read, handed to outsiders, kept long enough.

`sealing` chains committed rows into seals, `checking` holds rows against seals wherever they come
from, `heads` keeps the chain's head outside the database, `signing` signs what leaves, `listing`
reads the trail, `exporting` writes it to a signed file, `seeing` records which mains were seen.
"""
