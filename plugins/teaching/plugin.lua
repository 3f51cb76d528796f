-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Teaching support (TCH-1 to TCH-7): the term's plans, what they need, where and when it is taught, and how well.
local out = {
  title = { zh = "教学支持", en = "Teaching support" }, version = "1.0.0",
  needs = { "basics.terms", "basics.school_years", "basics.majors", "basics.classes", "basics.rooms", "basics.calendar_days",
    "finance.lines" },
  entities = {}, rules = {}, on = {}, actions = {}, public = {}, reports = require "reports",
  documents = {
    plan = {
      title = { zh = "学期教学计划", en = "Teaching plan" }, entity = "plans", template = { zh = "templates/plan.html",
        en = "templates/plan.en.html" },
      states = { "approved", "closed" }, many = true, serves = { "TCH-1" },
    },
    slip = {     -- signed by who takes it
      title = { zh = "领用单", en = "Issue slip" }, entity = "moves", template = { zh = "templates/slip.html", en = "templates/slip.en.html" },
      states = { "handed_out", "lent" }, many = true, qr = "{link}", copies = 2, serves = { "TCH-3" },
    },
    sheet = {    -- to go round with
      title = { zh = "盘点表", en = "Count sheet" }, entity = "stocktakes", template = { zh = "templates/sheet.html",
        en = "templates/sheet.en.html" },
      states = { "counting", "approved" }, many = true, serves = { "TCH-4" },
    },
  },
  exports = {
    ledger = campus.export {
      title = { zh = "库存台账", en = "Stock ledger" }, entity = "stock", purpose = "台账存档", serves = { "TCH-3" },
      fields = { "number", "day", "account", "item", "place", "amount", "text", "source" },
    },
  },
  obligations = {
    stocktake = campus.obligation {
      title = { zh = "定期盘点", en = "Periodic stocktaking" }, serves = { "TCH-4" }, period = "policy:stocktake.period", within = "20wd",
      owner = "role:storekeeper", remind = { "5wd" }, evidence = "record of teaching.stocktakes",
      escalate = { { after = "1wd", to = "role:teaching.lead" }, { after = "5wd", to = "role:manager" } },
    },
    quality = campus.obligation {
      title = { zh = "教学质量分析", en = "Analysis of the quality of teaching" }, serves = { "TCH-6" },
        period = "policy:quality.period", within = "5wd",
      owner = "role:teaching.lead", remind = { "2wd" }, evidence = "note", escalate = { { after = "1wd", to = "role:manager" } },
    },
  },
}
local function add(part, list) for name, one in pairs(list or {}) do part[name] = one end end
local quality = require "quality"
out.surveys, out.scorecards = quality.surveys, quality.scorecards
for _, file in ipairs { require "plan", require "purchases", require "stores", require "stocktake", require "schedule",
  require "duty", quality,
  require "feedback" } do
  for _, part in ipairs { "entities", "rules", "on", "actions", "public" } do add(out[part], file[part]) end
end
add(out.on, require "plan_in_force")
add(out.actions, require "timetable")
return out
