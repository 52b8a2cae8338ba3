"""Baidu's own metres (bd09mc), as its web map writes them into an address, to BD-09 degrees.

The bands and factors are those of Baidu's public JavaScript API, where they turn metres into
degrees for every map on a page; the same table stands in its Android library. It gives back
Baidu's own six decimals. Whoever reads the result is ± 10 m off, as with every BD-09 position.
"""

from typing import Final

_BANDS: Final = (12890594.86, 8362377.87, 5591021.0, 3481989.83, 1678043.12, 0.0)
"""Northings, metres, from which each row of factors holds."""
_FACTORS: Final = (
    (
        1.410526172116255e-8,
        8.98305509648872e-6,
        -1.9939833816331,
        200.9824383106796,
        -187.2403703815547,
        91.6087516669843,
        -23.38765649603339,
        2.57121317296198,
        -0.03801003308653,
        17337981.2,
    ),
    (
        -7.435856389565537e-9,
        8.983055097726239e-6,
        -0.78625201886289,
        96.32687599759846,
        -1.85204757529826,
        -59.36935905485877,
        47.40033549296737,
        -16.50741931063887,
        2.28786674699375,
        10260144.86,
    ),
    (
        -3.030883460898826e-8,
        8.98305509983578e-6,
        0.30071316287616,
        59.74293618442277,
        7.357984074871,
        -25.38371002664745,
        13.45380521110908,
        -3.29883767235584,
        0.32710905363475,
        6856817.37,
    ),
    (
        -1.981981304930552e-8,
        8.983055099779535e-6,
        0.03278182852591,
        40.31678527705744,
        0.65659298677277,
        -4.44255534477492,
        0.85341911805263,
        0.12923347998204,
        -0.04625736007561,
        4482777.06,
    ),
    (
        3.09191371068437e-9,
        8.983055096812155e-6,
        6.995724062e-5,
        23.10934304144901,
        -0.00023663490511,
        -0.6321817810242,
        -0.00663494467273,
        0.03430082397953,
        -0.00466043876332,
        2555164.4,
    ),
    (
        2.890871144776878e-9,
        8.983055095805407e-6,
        -3.068298e-8,
        7.47137025468032,
        -3.53937994e-6,
        -0.02145144861037,
        -1.234426596e-5,
        0.00010322952773,
        -3.23890364e-6,
        826088.5,
    ),
)
_WORLD: Final = 20_037_726.37
"""Metres: beyond, there is no place."""


def degrees_of(east: float, north: float) -> tuple[float, float] | None:
    """BD-09 longitude and latitude of metres; None beyond the world."""
    if not (abs(east) <= _WORLD and abs(north) <= _WORLD):
        return None
    row = next(f for band, f in zip(_BANDS, _FACTORS, strict=True) if abs(north) >= band)
    lon = row[0] + row[1] * abs(east)
    c = abs(north) / row[9]
    lat = sum(factor * c**i for i, factor in enumerate(row[2:9]))
    return (lon if east >= 0 else -lon), (lat if north >= 0 else -lat)
