"""Who asks, as which role, and what they may use."""

from gridwarden.access.audience import COOKIE, Audience, Callers, allow, caller_of, everyone

__all__ = ["COOKIE", "Audience", "Callers", "allow", "caller_of", "everyone"]
