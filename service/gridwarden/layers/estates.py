"""Residential estates 住宅小区: blocks that one property company 物业 looks after."""

from gridwarden.layers.catalogue.model import STREET, Column, Layer, Style, Words, count

LAYER = Layer(
    id="estates",
    title=Words("Residential estates", "住宅小区"),
    geometry="polygon",
    columns=(
        count("households", Words("households", "户数"), ("户数", "households_n", "units")),
        Column(
            "property_company",
            "text",
            Words("property company", "物业公司"),
            ("物业公司", "物业", "operator"),
        ),
    ),
    readers=STREET,
    # Judged against mains: who brings it reads mains or no finding, or probes would find them.
    importers=("supervisor", "administrator"),
    style=Style(stroke="#8AA4B8", fill="#F2F6F9"),
    update_days=365,
)
