-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- A store room: one field of every type, for the tests of the desk.
local field = campus.field
return {
  title = { zh = "库房", en = "Store" },
  version = "1.0.0",
  entities = {
    items = campus.entity {
      title = { zh = "物品", en = "Items" },
      fields = {
        title = field.text { title = { zh = "名称", en = "Name" }, required = true, max_length = 200 },
        day = field.date { title = { zh = "入库日期", en = "Stored on" }, required = true },
        amount = field.integer { title = { zh = "数量", en = "Amount" }, min = 0, max = 1000 },
        price = field.money { title = { zh = "单价", en = "Price" } },
        kind = field.choice { title = { zh = "类别", en = "Kind" }, choices = {
          { name = "tool", title = { zh = "器材", en = "Tool" } }, { name = "book", title = { zh = "图书", en = "Book" } } } },
        tags = field.multichoice { title = { zh = "标签", en = "Tags" }, choices = {
          { name = "new", title = { zh = "新购", en = "New" } }, { name = "loan", title = { zh = "可借", en = "On loan" } } } },
        fragile = field.boolean { title = { zh = "易碎", en = "Fragile" } },
        at = field.time { title = { zh = "时刻", en = "Time" } },
        seen = field.datetime { title = { zh = "盘点时间", en = "Counted at" } },
        keeper = field.person { title = { zh = "保管人", en = "Keeper" } },
        remark = field.longtext { title = { zh = "说明", en = "Remark" } },
        parts = field.list { title = { zh = "部件", en = "Parts" }, fields = {
          label = field.text { title = { zh = "部件", en = "Part" } }, pieces = field.integer { title = { zh = "件数", en = "Count" } } } },
      },
      workflow = {
        start = "stored",
        states = {
          stored = { title = { zh = "在库", en = "Stored" } },
          issued = { title = { zh = "已发放", en = "Issued" } },
          closed = { title = { zh = "已核销", en = "Written off" }, final = true },
        },
        transitions = {
          issue = { title = { zh = "发放", en = "Issue" }, from = "stored", to = "issued" },
          close = { title = { zh = "核销", en = "Write off" }, from = { "stored", "issued" }, to = "closed", needs = { "remark" } },
        },
      },
    },
  },
  reports = {
    by_day = campus.report { title = { zh = "每日入库", en = "Stored by day" }, entity = "items", group = { "day" }, chart = "line", overview = { order = 20 } },
  },
}
