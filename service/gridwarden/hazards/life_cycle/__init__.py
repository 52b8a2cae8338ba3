"""The life cycle of a hazard case: one table in one file (`life_cycle.toml`), read by everybody."""

from gridwarden.hazards.life_cycle.model import LIFE_CYCLE, Act, LifeCycle, read

__all__ = ["LIFE_CYCLE", "Act", "LifeCycle", "read"]
