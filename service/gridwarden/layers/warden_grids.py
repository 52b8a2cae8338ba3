"""Warden grids 网格: governance units with a grid warden 网格员, not statistical cells."""

from gridwarden.layers.catalogue.model import STREET, Column, Layer, Style, Words

LAYER = Layer(
    id="warden_grids",
    title=Words("Warden grids", "网格"),
    geometry="polygon",
    columns=(
        Column("warden", "text", Words("grid warden", "网格员"), ("网格员", "warden_name")),
        Column("community", "text", Words("community", "社区"), ("社区", "居委会")),
    ),
    readers=STREET,
    importers=("planner", "supervisor", "administrator"),
    style=Style(stroke="#B0B8C1", fill="#FFFFFF", width_px=0.8),
    synonyms_of_source_id=("grid_id", "网格编码"),
)
