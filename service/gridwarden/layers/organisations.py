"""Organisations 单位: gas companies, property companies, contractors, departments."""

from gridwarden.layers.catalogue.model import EVERYONE, Column, Layer, Words

LAYER = Layer(
    id="organisations",
    title=Words("Organisations", "单位"),
    geometry="none",
    columns=(
        Column(
            "kind",
            "text",
            Words("kind", "类别"),
            ("类别", "类型", "type"),
            choices={
                "gas_company": ("燃气公司", "燃气企业", "gas", "utility"),
                "property_company": ("物业公司", "物业", "物业企业", "property"),
                "contractor": ("施工单位", "builder"),
                "department": ("主管部门", "部门", "bureau"),
                "other": ("其他",),
            },
        ),
        Column("phone", "text", Words("phone", "电话"), ("电话", "联系电话", "tel", "telephone")),
        Column(
            "duty_phone",
            "text",
            Words("duty phone (24 h)", "值班电话"),
            ("值班电话", "抢修电话", "24小时电话", "emergency_phone"),
        ),
        Column("address", "text", Words("address", "地址"), ("地址", "addr")),
    ),
    readers={**EVERYONE, "inspector": "all"},
    # Rights are given by organisation: nobody may make themselves another.
    importers=("administrator",),
    update_days=365,
)
