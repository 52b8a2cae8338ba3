"""What the ledger has beside the worker's jobs, and its jobs: importing registers them."""

from gridwarden.hazards.board import standing as _standing  # noqa: F401
from gridwarden.hazards.cases import following as _following  # noqa: F401
from gridwarden.hazards.notices import sending as _letters  # noqa: F401
