"""How the running service does: `/metrics`, and what `status` and `doctor` say of a slow queue."""
