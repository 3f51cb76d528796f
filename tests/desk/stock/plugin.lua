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
          label = field.text { title = { zh = "部件", en = "Part" }, required = true }, pieces = field.integer { title = { zh = "件数", en = "Count" }, min = 1 },
          cost = field.money { title = { zh = "金额", en = "Cost" }, min = 0 }, bought = field.date { title = { zh = "购置日期", en = "Bought on" } },
          from = field.choice { title = { zh = "来源", en = "From" }, choices = { { name = "shop", title = { zh = "自购", en = "Shop" } }, { name = "gift", title = { zh = "捐赠", en = "Gift" } } } } } },
        worth = field.money { title = { zh = "部件合计", en = "Parts in all" }, derived = "sum(parts.cost)" },
        shelf = field.reference { to = "shelves", title = { zh = "货架", en = "Shelf" } },
        picture = field.file { title = { zh = "照片", en = "Picture" }, types = { "png", "jpeg" } },
      },
      workflow = {
        start = "stored",
        states = {
          stored = { title = { zh = "在库", en = "Stored" } },
          shelved = { title = { zh = "已上架", en = "On a shelf" } },
          issued = { title = { zh = "已发放", en = "Issued" } },
          closed = { title = { zh = "已核销", en = "Written off" }, final = true },
        },
        transitions = {
          shelve = { title = { zh = "上架", en = "Shelve" }, from = "stored", to = "shelved", needs = { "shelf" }, reserve = { pool = "shelf", limit = "places", amount = 1 }, rule = "fits" },
          unshelve = { title = { zh = "下架", en = "Take down" }, from = "shelved", to = "stored", release = true },
          issue = { title = { zh = "发放", en = "Issue" }, from = "stored", to = "issued" },
          close = { title = { zh = "核销", en = "Write off" }, from = { "stored", "issued" }, to = "closed", needs = { "remark" } },
        },
      },
    },
    shelves = campus.entity {
      title = { zh = "货架", en = "Shelves" },
      fields = { name = field.text { title = { zh = "名称", en = "Name" }, required = true, unique = true }, places = field.integer { title = { zh = "位置数", en = "Places" }, required = true, min = 0 } },
    },
    items_tasks = campus.entity {
      title = { zh = "物品任务", en = "Tasks" },
      fields = { title = field.text { title = { zh = "事项", en = "What" }, required = true }, item = field.reference { to = "items", title = { zh = "物品", en = "Item" }, required = true },
        keeper = field.person { title = { zh = "负责人", en = "Owner" } }, due_on = field.date { title = { zh = "截止", en = "Due" } } },
      workflow = { start = "open", states = { open = { title = { zh = "未完成", en = "Open" } }, done = { title = { zh = "已完成", en = "Done" }, final = true } },
        transitions = { finish = { title = { zh = "完成", en = "Finish" }, from = "open", to = "done" } } },
    },
  },
  rules = { fits = campus.rule { reads = { "amount", "fragile" }, run = function(item)
    local why = campus.reasons()
    why:check((item.amount or 0) <= 100, { code = "too_many", at = "amount", have = item.amount, want = 100, text = "数量不超过 100" })
    why:check(not item.fragile, { code = "fragile", at = "fragile", text = "易碎品不上架" })
    return why:decision() end } },
  actions = { attach = campus.action { title = { zh = "补照片", en = "Add a picture" }, on = "item",
    input = { item = field.reference { to = "items", required = true }, picture = field.file { title = { zh = "照片", en = "Picture" }, types = { "png", "jpeg" }, required = true },
      remark = field.longtext { title = { zh = "说明", en = "Remark" } } },
    run = function(ctx, input) return ctx:update("items", input.item, { picture = input.picture, remark = input.remark }) end } },
  reports = {
    by_day = campus.report { title = { zh = "每日入库", en = "Stored by day" }, entity = "items", group = { "day" }, chart = "line", overview = { order = 20 } },
  },
}
