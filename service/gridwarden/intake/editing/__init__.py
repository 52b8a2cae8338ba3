"""Features edited one at a time: OGC API – Features, Part 4, guarded by their version."""
