"""Rented dwellings 出租房屋: how many people share how many square metres."""

from gridwarden.layers.catalogue.model import EVERYONE, Column, Layer, Style, Words, count

KNOWN_TO = ("supervisor", "planner", "inspector")

LAYER = Layer(
    id="rented_dwellings",
    title=Words("Rented dwellings", "出租房屋"),
    geometry="any",
    columns=(
        Column(
            "area_m2",
            "real",
            Words("usable area, m²", "使用面积 m²"),
            ("area", "面积", "使用面积", "出租面积"),
            minimum=0,
            maximum=100_000,
        ),
        count(
            "occupants",
            Words("people living there", "居住人数"),
            ("居住人数", "租住人数", "实住人数", "人数", "tenants"),
            most=10_000,
        ),
        count(
            "most_in_a_room",
            Words("most people in one room", "单间最多居住人数"),
            ("单间最多人数", "每间最多人数", "单间居住人数"),
            most=1000,
        ),
        Column(
            "partition_added",
            "boolean",
            Words("partition added", "打隔断"),
            ("隔断", "打隔断", "违规隔断", "有无隔断"),
        ),
        Column(
            "let_room",
            "text",
            Words("room that is let", "出租部位"),
            ("出租部位", "出租房间", "部位"),
            choices={
                "whole": ("整套", "整租", "整户", "whole dwelling"),
                "bedroom": ("卧室", "房间", "单间"),
                "living_room": ("客厅", "起居室", "厅"),
                "kitchen": ("厨房",),
                "toilet": ("卫生间", "厕所", "bathroom"),
                "balcony": ("阳台",),
                "basement": ("地下室", "地下储藏室", "cellar"),
                "store": ("储藏室", "储物间", "仓库", "storage"),
                "garage": ("车库", "车棚"),
            },
        ),
        Column(
            "landlord",
            "text",
            Words("landlord", "出租人"),
            ("出租人", "房东", "房东姓名", "产权人"),
            known_to=KNOWN_TO,
        ),
        Column(
            "phone",
            "text",
            Words("landlord's phone", "联系电话"),
            ("联系电话", "房东电话", "电话", "手机"),
            known_to=KNOWN_TO,
        ),
    ),
    readers=EVERYONE,
    importers=("planner", "supervisor", "administrator"),
    style=Style(stroke="#7A6A58", fill="#EFE9E2"),
    update_days=180,
    register=True,
)
