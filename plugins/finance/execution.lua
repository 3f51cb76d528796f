-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- How far the year's budget has been used, where it will end at this pace, and what is done about it (FIN-3).
local field = campus.field
local shared = require "shared"

local executions = campus.entity {
  title = { zh = "预算执行分析", en = "Execution reports" },
  serves = { "FIN-3" },
  fields = {
    year = field.text { title = { zh = "预算年度", en = "Year" }, required = true, pattern = "20[0-9]{2}" },
    until_day = field.date { title = { zh = "截至", en = "Up to" }, required = true },
    lines = field.list { title = { zh = "分项执行", en = "Lines" }, fields = {
      category = field.choice { title = { zh = "类别", en = "Category" }, choices = shared.CATEGORIES },
      name = field.text { title = { zh = "分项", en = "Line" }, max_length = 60 },
      amount = field.money { title = { zh = "预算", en = "Budget" } },
      paid = field.money { title = { zh = "已支付", en = "Paid" } },
      bound = field.money { title = { zh = "已批准与申请中", en = "Committed and asked for" } },
      left = field.money { title = { zh = "剩余", en = "Left" } },
      forecast = field.money { title = { zh = "全年预测", en = "Forecast of the year" } },
      deviation = field.integer { title = { zh = "偏离（%）", en = "Off by %" } },
    } },
    amount = field.money { title = { zh = "预算合计", en = "Budget" }, derived = "sum(lines.amount)" },
    paid = field.money { title = { zh = "已支付合计", en = "Paid" }, derived = "sum(lines.paid)" },
    forecast = field.money { title = { zh = "全年预测合计", en = "Forecast" }, derived = "sum(lines.forecast)" },
    analysis = field.longtext { title = { zh = "执行分析", en = "Analysis" } },
    measures = field.longtext { title = { zh = "调整措施", en = "Measures" } },
  },
  workflow = {
    start = "draft",
    states = { draft = { title = { zh = "草拟", en = "Draft" } }, submitted = { title = { zh = "已提交", en = "Submitted" }, final = true } },
    transitions = {
      submit = { title = { zh = "提交", en = "Submit" }, from = "draft", to = "submitted", needs = { "lines", "analysis" }, rule = "execution_is_explained" },
    },
  },
  indexes = { { "year", "until_day" } },
}

-- A line that will end far from its budget needs a measure.
local function execution_is_explained(report, policy)
  local why = campus.reasons()
  for i, line in ipairs(report.lines or {}) do
    local off = math.abs(line.deviation or 0)
    why:check(off <= policy.execution.deviation or report.measures, { code = "deviation", at = "lines/" .. i - 1 .. "/deviation", have = off,
      want = policy.execution.deviation, policy = "execution.deviation" })
  end
  return why:decision()
end

-- What is used so far, as if the rest of the year went on like it.
local function prepare(ctx, input)
  local today = ctx:now().today
  local year = input.year or today:sub(1, 4)
  local last = year .. "-12-31"
  local upto = today < last and today or last
  local gone = campus.date.days_between(year .. "-01-01", upto) + 1
  local whole = campus.date.days_between(year .. "-01-01", last) + 1
  local page, err = ctx:find("lines", { year = year, sort = "category,name", limit = 500 })
  if not page then return nil, err end
  local lines = {}
  for i, line in ipairs(page.items) do
    local amount, paid = shared.fen(line.amount), shared.fen(line.settled)
    local bound = shared.fen(line.committed) + shared.fen(line.reserved)
    local forecast = (paid + bound) * whole // gone
    lines[i] = { category = line.category, name = line.name, amount = line.amount, paid = line.settled, bound = shared.yuan(bound), left = line.left,
      forecast = shared.yuan(forecast), deviation = amount > 0 and (forecast - amount) * 100 // amount or 0 }
  end
  if #lines == 0 then return nil, { code = "invalid", text = "there is no budget of " .. year } end
  local made, why = ctx:create("executions", { year = year, until_day = upto, lines = lines })
  if not made then return nil, why end
  return { execution = made.id }
end

return {
  entities = { executions = executions },
  rules = { execution_is_explained = campus.rule { reads = { "lines.deviation", "measures" }, run = execution_is_explained, serves = { "FIN-3" } } },
  actions = {
    prepare_execution = campus.action { title = { zh = "编制执行分析", en = "Prepare the execution report" }, run = prepare, serves = { "FIN-3" },
      input = { year = field.text { title = { zh = "预算年度", en = "Year" }, pattern = "20[0-9]{2}" } } },
  },
}
