-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The annual budget out of plans and goals, the lines that spending draws on once the school leader has
-- signed, and money moved from one line to another (FIN-1, FIN-3).
local field = campus.field
local shared = require "shared"

local budgets = campus.entity {
  title = { zh = "年度预算", en = "Budgets" },
  serves = { "FIN-1" },
  fields = {
    year = field.text { title = { zh = "预算年度", en = "Year" }, required = true, pattern = "20[0-9]{2}" },
    kind = field.choice { title = { zh = "类型", en = "Kind" }, required = true, default = "annual", choices = shared.BUDGETS },
    name = field.text { title = { zh = "名称", en = "Name" }, required = true, max_length = 80 },
    version = field.integer { title = { zh = "版本", en = "Version" }, default = 0, min = 0,
      help = { zh = "每批准一次加一", en = "one more with each approval" } },
    goals = field.longtext { title = { zh = "依据的工作计划与目标", en = "Work plans and goals it rests on" } },
    last_year = field.money { title = { zh = "上年预算总额", en = "Total of the year before" }, min = 0 },
    lines = field.list { title = { zh = "预算分项", en = "Lines" }, fields = {
      category = field.choice { title = { zh = "类别", en = "Category" }, required = true, choices = shared.CATEGORIES },
      name = field.text { title = { zh = "分项", en = "Line" }, required = true, max_length = 60 },
      basis = field.text { title = { zh = "依据的计划", en = "Plan it rests on" }, required = true, max_length = 200 },
      plan = field.reference { to = "admissions.plans", title = { zh = "招生计划", en = "Admission plan" } },
      amount = field.money { title = { zh = "金额", en = "Amount" }, required = true, min = 0 },
    } },
    amount = field.money { title = { zh = "预算总额", en = "Total" }, derived = "sum(lines.amount)" },
    note = field.text { title = { zh = "说明", en = "Note" }, max_length = 1000 },
  },
  workflow = {
    start = "draft",
    states = shared.approved_states { approved = { title = { zh = "已批准", en = "Approved" } },
      closed = { title = { zh = "已决算", en = "Closed" }, final = true } },
    transitions = shared.approved_by("policy:approval.budget", { "$created_by" }, {
      submit = { rule = "budget_is_whole", needs = { "goals", "lines" } },
      -- what was approved stays in force until the revision is signed
      revise = { title = { zh = "调整修订", en = "Revise" }, from = "approved", to = "draft", needs = { "note" } },
      close = { title = { zh = "决算", en = "Close" }, from = "approved", to = "closed", needs = { "note" } },
    }),
  },
  indexes = { { "year", "kind" } },
}

-- Written by the plugin alone, out of what was approved: nobody makes money by hand.
local lines = campus.entity {
  title = { zh = "预算分项", en = "Budget lines" },
  serves = { "FIN-1", "FIN-2" },
  fields = {
    key = field.text { title = { zh = "编号", en = "Key" }, required = true, unique = true, max_length = 120 },
    budget = field.reference { to = "finance.budgets", title = { zh = "预算", en = "Budget" }, required = true },
    year = field.text { title = { zh = "预算年度", en = "Year" }, required = true },
    category = field.choice { title = { zh = "类别", en = "Category" }, required = true, choices = shared.CATEGORIES },
    name = field.text { title = { zh = "分项", en = "Line" }, required = true, max_length = 60, search = true },
    kind = field.choice { title = { zh = "预算类型", en = "Kind" }, required = true, choices = shared.BUDGETS },
    basis = field.text { title = { zh = "依据的计划", en = "Plan it rests on" }, max_length = 200 },
    version = field.integer { title = { zh = "预算版本", en = "Version of the budget" } },
    approved = field.money { title = { zh = "批准数", en = "Approved" }, required = true },
    moved = field.money { title = { zh = "调剂净额", en = "Moved in, less moved out" }, default = "0" },
    amount = field.money { title = { zh = "可用预算", en = "Budget" }, required = true, min = 0 },
    reserved = field.money { title = { zh = "已申请", en = "Reserved" }, derived = "reserved(amount)" },
    committed = field.money { title = { zh = "已批准待付", en = "Committed" }, derived = "committed(amount)" },
    settled = field.money { title = { zh = "已支付", en = "Paid" }, derived = "settled(amount)" },
    left = field.money { title = { zh = "剩余", en = "Left" }, derived = "left(amount)" },
  },
  indexes = { { "year", "category", "name" }, { "budget" } },
}

local transfers = campus.entity {
  title = { zh = "预算调剂", en = "Budget transfers" },
  serves = { "FIN-3" },
  fields = {
    from = field.reference { to = "finance.lines", title = { zh = "调出分项", en = "From" }, required = true },
    to = field.reference { to = "finance.lines", title = { zh = "调入分项", en = "To" }, required = true },
    from_year = field.text { title = { zh = "调出年度", en = "Year of the first" }, derived = "from.year" },
    to_year = field.text { title = { zh = "调入年度", en = "Year of the second" }, derived = "to.year" },
    amount = field.money { title = { zh = "金额", en = "Amount" }, required = true, min = 1 },
    reason = field.longtext { title = { zh = "理由", en = "Reason" }, required = true },
  },
  workflow = {
    start = "draft",
    states = shared.approved_states { approved = { title = { zh = "已批准", en = "Approved" } },
      rejected = { title = { zh = "不予批准", en = "Rejected" }, final = true },
      done = { title = { zh = "已调剂", en = "Moved" }, final = true } },
    -- the money is held where it comes from while others decide
    transitions = shared.approved_by("policy:approval.transfer", { "$created_by" }, {
      submit = { rule = "transfer_is_within", reserve = { pool = "from", limit = "amount", amount = "amount" } },
      send_back = { release = true }, take_back = { release = true },
      reject = { title = { zh = "不予批准", en = "Reject" }, from = "in_approval", to = "rejected", release = true },
      carry_out = { title = { zh = "执行调剂", en = "Carry out" }, from = "approved", to = "done", release = true },
    }),
  },
  indexes = { { "state" } },
}

-- What a leader is asked to sign names what it rests on, and no line twice (FIN-1).
local function budget_is_whole(budget, policy)
  local why = campus.reasons()
  local seen, twice = {}, nil
  for _, line in ipairs(budget.lines or {}) do
    local key = line.category .. " " .. line.name
    if seen[key] then twice = line.name end
    seen[key] = true
  end
  why:check(next(seen), { code = "no_lines", at = "lines" })
  why:check(not twice, { code = "line_twice", at = "lines", have = twice })
  if budget.kind == "interim" then
    local most = (budget.last_year or 0) * policy.interim.share // 100
    why:check(budget.amount <= most, { code = "interim_share", at = "lines", have = shared.yuan(budget.amount), want = shared.yuan(most),
      policy = "interim.share" })
  end
  return why:decision()
end

local function transfer_is_within(transfer)
  local why = campus.reasons()
  why:check(transfer.from ~= transfer.to, { code = "same_line", at = "to" })
  why:check(transfer.from_year == transfer.to_year, { code = "other_year", at = "to", have = transfer.to_year, want = transfer.from_year })
  return why:decision()
end

return {
  entities = { budgets = budgets, lines = lines, transfers = transfers },
  rules = {
    budget_is_whole = campus.rule { reads = { "kind", "last_year", "amount", "lines.category", "lines.name" },
      run = budget_is_whole, serves = { "FIN-1" } },
    transfer_is_within = campus.rule { reads = { "from", "to", "from_year", "to_year" }, run = transfer_is_within, serves = { "FIN-3" } },
  },
}
