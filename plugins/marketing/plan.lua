-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The annual plan and its lines (MKT-2). A line holds its money in a line of finance's budget from the submission on, and
-- all lines together hold the plan's budget: what a leader signs adds up and is there. Until then nothing can be taken of it.
local field, shared = campus.field, require "shared"
local T = shared.title

local plans = campus.entity {
  title = T("年度推广计划", "Annual plans"), serves = { "MKT-2" },
  fields = {
    year = field.text { title = T("年度", "Year"), required = true, pattern = "20[0-9]{2}" },
    name = field.text { title = T("计划名称", "Name"), required = true, max_length = 80, search = true },
    rests_on = field.longtext { title = T("依据的发展战略", "Strategy of the school it rests on") },
    research = field.reference { to = "marketing.researches", title = T("依据的市场调研", "Research it rests on") },
    research_accepted_on = field.date { title = T("调研验收日期", "Research accepted on"), derived = "research.accepted_on" },
    basis_files = field.file { title = T("依据附件", "Files it rests on"), many = true, types = { "pdf", "docx", "xlsx" } },
    goals = field.longtext { title = T("推广目标", "Goals") },
    strategy = field.longtext { title = T("推广策略", "Strategy"), class = "confidential" },
    budget = field.money { title = T("预算总额", "Budget"), required = true, min = "0.01" },
    submitted = field.money { title = T("待批分项", "Lines asked for"), derived = "reserved(budget)" },
    approved = field.money { title = T("已批分项", "Lines approved"), derived = "committed(budget)" },
    unplanned = field.money { title = T("未列分项", "Not in a line"), derived = "left(budget)" },
    owner_person = field.person { title = T("负责人", "Responsible"), required = true, default = "$actor" },
    note = field.text { title = T("说明", "Note"), max_length = 1000 },
  },
  workflow = {
    start = "draft",
    states = {
      draft = { title = T("草拟", "Draft") }, in_approval = { title = T("审批中", "In approval") }, returned = { title = T("已退回", "Returned") },
      approved = { title = T("已批准", "Approved") }, rejected = { title = T("不予批准", "Rejected"), final = true },
      closed = { title = T("已完成", "Closed"), final = true },
    },
    transitions = {
      submit = { title = T("提交审批", "Submit"), from = { "draft", "returned" }, to = "in_approval",
        needs = { "rests_on", "research", "goals", "strategy" }, rule = "plan_is_whole" },
      approve = { title = T("批准", "Approve"), from = "in_approval", to = "approved", rule = "plan_is_whole",
        approvals = "policy:approval.plan", never_by = { "$created_by", "owner_person" }, otherwise = "wait",
        back = "send_back", recall = "take_back", paper = "5d" },
      send_back = { title = T("退回", "Send back"), from = "in_approval", to = "returned" },
      take_back = { title = T("撤回", "Take back"), from = "in_approval", to = "draft" },
      reject = { title = T("不予批准", "Reject"), from = "in_approval", to = "rejected" },
      -- lines that were approved stay in force until the revision is signed
      revise = { title = T("修订", "Revise"), from = "approved", to = "draft", needs = { "note" } },
      close = { title = T("年度结束", "Close"), from = "approved", to = "closed", needs = { "note" } },
    },
  },
  indexes = { { "year", "name" }, { "state" } },
}

local plan_lines = campus.entity {
  title = T("推广计划分项", "Plan lines"), part_of = "plan", serves = { "MKT-2" },
  fields = {
    plan = field.reference { to = "marketing.plans", title = T("推广计划", "Plan"), required = true },
    year = field.text { title = T("年度", "Year"), derived = "plan.year" },
    name = field.text { title = T("分项", "Line"), required = true, max_length = 60, search = true },
    way = field.choice { title = T("推广方式", "Way"), required = true, choices = shared.WAYS },
    channel = field.reference { to = "admissions.channels", title = T("渠道", "Channel") },
    goal = field.text { title = T("目标", "Goal"), required = true, max_length = 200 },
    budget_line = field.reference { to = "finance.lines", title = T("财务预算分项", "Line of the budget"), required = true },
    category = field.choice { title = T("预算类别", "Category"), choices = shared.CATEGORIES, derived = "budget_line.category" },
    budget_year = field.text { title = T("预算年度", "Budget of"), derived = "budget_line.year" },
    amount = field.money { title = T("计划金额", "Amount"), required = true, min = "0.01" },
    approved = field.money { title = T("批准金额", "Approved"), min = 0 },
    planned = field.money { title = T("已安排活动", "Taken by campaigns"), derived = "reserved(approved)" },
    free = field.money { title = T("可安排", "Free for campaigns"), derived = "left(approved)" },
    claimed = field.money { title = T("报销中", "Being claimed"), derived = "reserved(amount)" },
    paid = field.money { title = T("已支付", "Paid"), derived = "settled(amount)" },
    held = field.money { title = T("财务预留", "Held in the budget"), derived = "left(amount)",
      help = T("尚未报销的部分，在财务预算中预留", "what is not claimed yet stays held in finance's budget") },
    note = field.text { title = T("说明", "Note"), max_length = 500 },
  },
  workflow = {
    start = "draft",
    states = {
      draft = { title = T("草拟", "Draft") }, held = { title = T("已申请预算", "Money asked for") },
      approved = { title = T("已批准", "Approved") }, closed = { title = T("已结束", "Closed"), final = true },
    },
    transitions = {
      hold = { title = T("申请预算", "Ask for the money"), from = "draft", to = "held", rule = "line_is_right", reserve = {
        { pool = "budget_line", limit = "amount", amount = "held" }, { pool = "plan", limit = "budget", amount = "amount" } } },
      free = { title = T("退还预算", "Give the money back"), from = "held", to = "draft", release = true },
      approve = { title = T("批准", "Approve"), from = "held", to = "approved", needs = { "approved" }, commit = true },
      -- what a claim takes over is no longer held here, what it gives back is again; then it is committed
      refit = { title = T("核对财务预留", "Hold again what is left"), from = "approved", to = "approved", reserve = {
        { pool = "budget_line", limit = "amount", amount = "held", optional = true } } },
      commit = { title = T("确认财务预留", "Commit what is held"), from = "approved", to = "approved", commit = true },
      close = { title = T("结束", "Close"), from = "approved", to = "closed", release = true },
    },
  },
  indexes = { { "plan", "state" }, { "year", "way" }, { "budget_line" } },
}

-- What a leader is asked to sign rests on research that somebody has accepted, and its lines hold all of its budget.
local function plan_is_whole(plan, policy, as_of)
  local why, accepted = campus.reasons(), plan.research_accepted_on
  if why:check(accepted, { code = "research_open", at = "research" }) then
    local old = campus.date.days_between(accepted, as_of)
    why:check(old <= policy.plan.research_days,
      { code = "research_old", at = "research", have = old, want = policy.plan.research_days, policy = "plan.research_days" })
  end
  why:check(plan.unplanned == 0, { code = "lines_sum", at = "budget", have = shared.yuan(plan.budget - plan.unplanned),
    want = shared.yuan(plan.budget) })
  return why:decision()
end

local function line_is_right(line, policy)
  local why = campus.reasons()
  why:check(shared.has(policy.plan.categories, line.category),
    { code = "other_category", at = "budget_line", have = line.category, policy = "plan.categories" })
  why:check(line.budget_year == line.year, { code = "other_year", at = "budget_line", have = line.budget_year, want = line.year })
  return why:decision()
end

-- Every line that is still a draft asks for its money, then the plan for its signature: all of it or nothing.
local function submit(ctx, input)
  local page, err = ctx:find("plan_lines", { plan = input.plan, state = "draft", limit = 100 })
  if not page then return nil, err end
  for _, line in ipairs(page.items) do
    local held, why = ctx:transition("plan_lines", line.id, "hold")
    if not held then return nil, why end
  end
  local done, why = ctx:transition("plans", input.plan, "submit")
  if not done then return nil, why end
  return { state = done.state, lines = #page.items }
end

-- Each line of a plan that is in this state goes on.
local function each_line(ctx, plan, state, go)
  local page, err = ctx:find("plan_lines", { plan = plan, state = state, limit = 100 })
  if not page then return nil, err end
  for _, line in ipairs(page.items) do
    local done, why = go(line)
    if not done then return nil, why end
  end
end
local function approved(ctx, event)
  return each_line(ctx, event.record, "held", function(line)
    return ctx:transition("plan_lines", line.id, "approve", { approved = line.amount })
  end)
end
local function not_approved(ctx, event)
  return each_line(ctx, event.record, "held", function(line) return ctx:transition("plan_lines", line.id, "free") end)
end
-- What no campaign has taken goes back to the budget.
local function closed(ctx, event)
  return each_line(ctx, event.record, "approved", function(line)
    return ctx:transition("plan_lines", line.id, "close", { approved = line.planned })
  end)
end

return {
  entities = { plans = plans, plan_lines = plan_lines },
  rules = {
    plan_is_whole = campus.rule { reads = { "research_accepted_on", "budget", "unplanned" }, run = plan_is_whole, serves = { "MKT-2" } },
    line_is_right = campus.rule { reads = { "category", "budget_year", "year" }, run = line_is_right, serves = { "MKT-2" } },
  },
  actions = {
    submit = campus.action { title = T("提交审批", "Submit"), on = "plan", states = { "draft", "returned" }, run = submit, serves = { "MKT-2" },
      input = { plan = field.reference { to = "plans", title = T("推广计划", "Plan"), required = true } } },
  },
  on = {
    ["marketing.plans.approved"] = campus.on { run = approved, serves = { "MKT-2" } },
    ["marketing.plans.returned"] = campus.on { run = not_approved, serves = { "MKT-2" } },
    ["marketing.plans.draft"] = campus.on { run = not_approved, serves = { "MKT-2" } },
    ["marketing.plans.rejected"] = campus.on { run = not_approved, serves = { "MKT-2" } },
    ["marketing.plans.closed"] = campus.on { run = closed, serves = { "MKT-2" } },
  },
}
