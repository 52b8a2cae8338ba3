"""Districts 行政区: what a bureau is responsible for, and the backdrop of every map."""

from gridwarden.layers.catalogue.model import GROUND, Layer, Style, Words

LAYER = Layer(
    id="districts",
    title=Words("Districts", "行政区"),
    geometry="polygon",
    columns=(),
    readers=GROUND,
    # Rights are given by district: nobody may draw their own wider.
    importers=("administrator",),
    style=Style(stroke="#7B8794", fill="#FFFFFF", width_px=1.5),
    synonyms_of_source_id=("district_id", "adcode", "区划代码"),
)
