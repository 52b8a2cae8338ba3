"""Roads 道路: the backdrop of maps and, later, the network that people walk and drive."""

from gridwarden.layers.catalogue.model import GROUND, Column, Layer, Style, Words

LAYER = Layer(
    id="roads",
    title=Words("Roads", "道路"),
    geometry="line",
    columns=(
        Column("road_class", "text", Words("class", "等级"), ("class", "highway", "等级", "kind")),
        Column(
            "width_m",
            "real",
            Words("width, m", "宽度 m"),
            ("width", "宽度"),
            minimum=0,
            maximum=200,
        ),
    ),
    readers=GROUND,
    importers=("planner", "supervisor", "administrator"),
    style=Style(stroke="#C9D0D6", width_px=1.0),
    update_days=730,
)
