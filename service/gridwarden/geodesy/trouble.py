"""Why a coordinate reference system cannot be used."""


class CrsRefusedError(ValueError):
    """Coordinates cannot be read as asked.

    `reason` is a stable code: `unknown` (no such CRS), `not_metric` (a working CRS must be
    projected, in metres), `distorting` (its metres are not metres of the ground), `no_parameters`
    (PROJ only knows a ballpark: Beijing-54, Xian-80), `not_lonlat` (GCJ-02 and BD-09 are read from
    degrees), `not_flat` (a vertical or local CRS).
    """

    def __init__(self, reason: str, crs: str) -> None:
        self.reason = reason
        self.crs = crs
        super().__init__(f"{crs}: {reason}")
