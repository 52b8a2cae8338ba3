"""When a case is due: the office's table, counted in working days of a calendar with 调休.

`table` reads and checks the TOML, `calendar` the years, `keeping` puts both into the database,
where `data.due_at` counts (m0410).
"""
