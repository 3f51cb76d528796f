-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- One order: a day, a number of portions, and what the kitchen must know.
local field = campus.field

return campus.entity {
  title = { zh = "订餐", en = "Orders" },
  fields = {
    class = field.text { title = { zh = "班级", en = "Class" }, required = true, max_length = 20 },
    day = field.date { title = { zh = "日期", en = "Day" }, required = true },
    ordered_on = field.date { title = { zh = "下单日期", en = "Ordered on" }, default = "$today", readonly = true },
    portions = field.integer { title = { zh = "份数", en = "Portions" }, required = true, min = 1 },
    diet = field.text { title = { zh = "忌口", en = "Diet" }, class = "confidential", max_length = 200 },
  },
  workflow = {
    start = "draft",
    states = {
      draft = { title = { zh = "草稿", en = "Draft" } },
      placed = { title = { zh = "已下单", en = "Placed" } },
      served = { title = { zh = "已供餐", en = "Served" }, final = true },
      cancelled = { title = { zh = "已取消", en = "Cancelled" }, final = true },
    },
    transitions = {
      place = { title = { zh = "下单", en = "Place" }, from = "draft", to = "placed", rule = "in_time" },
      serve = { title = { zh = "供餐", en = "Serve" }, from = "placed", to = "served" },
      cancel = { title = { zh = "取消", en = "Cancel" }, from = { "draft", "placed" }, to = "cancelled" },
    },
  },
  indexes = { { "day", "state" } },
  lab = { group = { "class", "created_by" } },
}
