"""Building water systems 建筑水系统: whether hydrants, sprinklers, pumps and tanks work, what is
broken, what the renovation plan is and the money for it."""

from gridwarden.layers.catalogue.model import STREET, Column, Layer, Style, Words

LAYER = Layer(
    id="building_water_systems",
    title=Words("Building water systems", "建筑水系统"),
    geometry="any",
    columns=(
        Column(
            "building",
            "text",
            Words("building", "所属建筑"),
            ("所属建筑", "建筑名称", "楼栋", "楼号"),
        ),
        Column("estate", "text", Words("estate", "所属小区"), ("所属小区", "小区", "小区名称")),
        Column(
            "kind",
            "text",
            Words("system", "系统类别"),
            ("系统类别", "系统", "类别", "类型"),
            choices={
                "indoor_hydrants": ("室内消火栓", "室内消火栓系统", "消火栓", "indoor hydrants"),
                "sprinklers": ("自动喷水灭火系统", "喷淋", "喷淋系统", "sprinkler"),
                "pump_room": ("消防水泵房", "泵房", "消防水泵", "pumps"),
                "tank": ("消防水池水箱", "消防水池", "高位水箱", "水箱", "water tank"),
                "dry_riser": ("干式消防竖管", "干式竖管", "dry riser"),
                "secondary_supply": ("二次供水", "二次供水设施", "secondary supply"),
            },
        ),
        Column(
            "state",
            "text",
            Words("state", "运行状态"),
            ("运行状态", "状态", "完好情况", "status"),
            choices={
                "ok": ("正常", "完好", "working"),
                "fault": ("故障", "损坏", "带病运行"),
                "paralysed": ("瘫痪", "停用"),
                "under_repair": ("维修中", "整改中"),
                "none": ("无", "未设置", "没有"),
            },
        ),
        Column(
            "defects", "text", Words("defects", "存在问题"), ("存在问题", "问题描述", "故障情况")
        ),
        Column(
            "plan",
            "text",
            Words("what is planned", "改造安排"),
            ("改造安排", "改造计划", "整改计划", "整改方式"),
            choices={
                "none": ("无计划", "无", "未安排"),
                "repair": ("维修", "大修", "维修资金维修"),
                "renewal": ("纳入老旧小区改造", "已纳入改造", "老旧小区改造"),
            },
        ),
        Column(
            "planned_until",
            "date",
            Words("to be done by", "计划完成日期"),
            ("计划完成日期", "计划完成时间", "完成时限"),
        ),
        Column(
            "money_cny",
            "real",
            Words("money, CNY", "投入资金 元"),
            ("投入资金", "资金", "整改资金", "资金元"),
            factors={"投入资金万元": 10_000, "资金万元": 10_000},
            minimum=0,
            maximum=1e10,
        ),
        Column("money_from", "text", Words("paid from", "资金来源"), ("资金来源", "fund")),
        Column(
            "tested_on", "date", Words("last tested", "最近测试日期"), ("最近测试日期", "测试日期")
        ),
        Column(
            "keeper", "text", Words("kept by", "维护单位"), ("维护单位", "维保单位", "管理单位")
        ),
    ),
    readers=STREET,
    importers=("planner", "supervisor", "administrator"),
    style=Style(stroke="#2F6F8F", fill="#E1EEF4"),
    update_days=90,
    dated_by=("source_date", "tested_on"),
    register=True,
    category="water_system",
    placed_by=(("building", "buildings"), ("estate", "estates")),
)
