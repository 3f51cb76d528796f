-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- How far the year's budget has been used, where it will end at this pace, and what is done about it (FIN-3).
local field, shared = campus.field, require "shared"
local T = shared.title

local executions = campus.entity {
  title = T("预算执行分析", "Execution reports"), serves = { "FIN-3" },
  fields = {
    year = field.text { title = T("预算年度", "Year"), required = true, pattern = "20[0-9]{2}" },
    until_day = field.date { title = T("截至", "Up to"), required = true },
    lines = field.list { title = T("分项执行", "Lines"), fields = {
      category = field.choice { title = T("类别", "Category"), choices = shared.CATEGORIES },
      name = field.text { title = T("分项", "Line"), max_length = 60 },
      amount = field.money { title = T("预算", "Budget") }, paid = field.money { title = T("已支付", "Paid") },
      bound = field.money { title = T("已批准与申请中", "Committed and asked for") }, left = field.money { title = T("剩余", "Left") },
      forecast = field.money { title = T("全年预测", "Forecast of the year") }, deviation = field.integer { title = T("偏离（%）", "Off by %") },
    } },
    amount = field.money { title = T("预算合计", "Budget"), derived = "sum(lines.amount)" },
    paid = field.money { title = T("已支付合计", "Paid"), derived = "sum(lines.paid)" },
    forecast = field.money { title = T("全年预测合计", "Forecast"), derived = "sum(lines.forecast)" },
    analysis = field.longtext { title = T("执行分析", "Analysis") }, measures = field.longtext { title = T("调整措施", "Measures") },
  },
  workflow = {
    start = "draft", states = { draft = { title = T("草拟", "Draft") }, submitted = { title = T("已提交", "Submitted"), final = true } },
    transitions = { submit = { title = T("提交", "Submit"), from = "draft", to = "submitted", needs = { "lines", "analysis" },
      rule = "execution_is_explained" } },
  },
  indexes = { { "year", "until_day" } },
}

-- A line that will end far from its budget needs a measure.
local function execution_is_explained(report, policy)
  local why, most = campus.reasons(), policy.execution.deviation
  for i, line in ipairs(report.lines or {}) do
    local off, at = math.abs(line.deviation or 0), "lines/" .. i - 1 .. "/deviation"
    why:check(off <= most or report.measures, { code = "deviation", at = at, have = off, want = most, policy = "execution.deviation" })
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
    lines[i] = { category = line.category, name = line.name, amount = line.amount, paid = line.settled, bound = shared.yuan(bound),
      left = line.left, forecast = shared.yuan(forecast), deviation = amount > 0 and (forecast - amount) * 100 // amount or 0 }
  end
  if #lines == 0 then return nil, { code = "invalid", text = "there is no budget of " .. year } end
  local made, why = ctx:create("executions", { year = year, until_day = upto, lines = lines })
  if not made then return nil, why end
  return { execution = made.id }
end

return {
  entities = { executions = executions },
  rules = { execution_is_explained = campus.rule { run = execution_is_explained, reads = { "lines.deviation", "measures" },
    serves = { "FIN-3" } } },
  actions = {
    prepare_execution = campus.action { title = T("编制执行分析", "Prepare the execution report"), run = prepare, serves = { "FIN-3" },
      input = { year = field.text { title = T("预算年度", "Year"), pattern = "20[0-9]{2}" } } },
  },
}
