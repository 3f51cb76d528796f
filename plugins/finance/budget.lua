-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The annual budget out of plans and goals, the lines that spending draws on once the school leader has
-- signed, and money moved from one line to another (FIN-1, FIN-3).
local field, shared = campus.field, require "shared"
local T = shared.title

local budgets = campus.entity {
  title = T("年度预算", "Budgets"), serves = { "FIN-1" },
  fields = {
    year = field.text { title = T("预算年度", "Year"), required = true, pattern = "20[0-9]{2}" },
    kind = field.choice { title = T("类型", "Kind"), required = true, default = "annual", choices = shared.BUDGETS },
    name = field.text { title = T("名称", "Name"), required = true, max_length = 80 },
    version = field.integer { title = T("版本", "Version"), default = 0, min = 0,
      help = T("每批准一次加一", "one more with each approval") },
    goals = field.longtext { title = T("依据的工作计划与目标", "Work plans and goals it rests on") },
    last_year = field.money { title = T("上年预算总额", "Total of the year before"), min = 0 },
    lines = field.list { title = T("预算分项", "Lines"), fields = {
      category = field.choice { title = T("类别", "Category"), required = true, choices = shared.CATEGORIES },
      name = field.text { title = T("分项", "Line"), required = true, max_length = 60 },
      basis = field.text { title = T("依据的计划", "Plan it rests on"), required = true, max_length = 200 },
      plan = field.reference { to = "admissions.plans", title = T("招生计划", "Admission plan") },
      amount = field.money { title = T("金额", "Amount"), required = true, min = 0 },
    } },
    amount = field.money { title = T("预算总额", "Total"), derived = "sum(lines.amount)" },
    note = field.text { title = T("说明", "Note"), max_length = 1000 },
  },
  workflow = shared.approved("policy:approval.budget", { "$created_by" }, { closed = { title = T("已决算", "Closed"), final = true } }, {
    submit = { rule = "budget_is_whole", needs = { "goals", "lines" } },
    -- what was approved stays in force until the revision is signed
    revise = { title = T("调整修订", "Revise"), from = "approved", to = "draft", needs = { "note" } },
    close = { title = T("决算", "Close"), from = "approved", to = "closed", needs = { "note" } },
  }),
  indexes = { { "year", "kind" } },
}

-- Written by the plugin alone, out of what was approved: nobody makes money by hand.
local lines = campus.entity {
  title = T("预算分项", "Budget lines"), serves = { "FIN-1", "FIN-2" },
  fields = {
    key = field.text { title = T("编号", "Key"), required = true, unique = true, max_length = 120 },
    budget = field.reference { to = "finance.budgets", title = T("预算", "Budget"), required = true },
    year = field.text { title = T("预算年度", "Year"), required = true, pattern = "20[0-9]{2}" },
    category = field.choice { title = T("类别", "Category"), required = true, choices = shared.CATEGORIES },
    name = field.text { title = T("分项", "Line"), required = true, max_length = 60, search = true },
    kind = field.choice { title = T("预算类型", "Kind"), required = true, choices = shared.BUDGETS },
    basis = field.text { title = T("依据的计划", "Plan it rests on"), max_length = 200 },
    version = field.integer { title = T("预算版本", "Version of the budget") },
    approved = field.money { title = T("批准数", "Approved"), required = true },
    moved = field.money { title = T("调剂净额", "Moved in, less moved out"), default = "0" },
    amount = field.money { title = T("可用预算", "Budget"), required = true, min = 0 },
    reserved = field.money { title = T("已申请", "Reserved"), derived = "reserved(amount)" },
    committed = field.money { title = T("已批准待付", "Committed"), derived = "committed(amount)" },
    settled = field.money { title = T("已支付", "Paid"), derived = "settled(amount)" },
    left = field.money { title = T("剩余", "Left"), derived = "left(amount)" },
  },
  indexes = { { "year", "category", "name" }, { "budget" } },
}

local transfers = campus.entity {
  title = T("预算调剂", "Budget transfers"), serves = { "FIN-3" },
  fields = {
    from = field.reference { to = "finance.lines", title = T("调出分项", "From"), required = true },
    to = field.reference { to = "finance.lines", title = T("调入分项", "To"), required = true },
    from_year = field.text { title = T("调出年度", "Year of the first"), derived = "from.year" },
    to_year = field.text { title = T("调入年度", "Year of the second"), derived = "to.year" },
    amount = field.money { title = T("金额", "Amount"), required = true, min = 1 },
    reason = field.longtext { title = T("理由", "Reason"), required = true },
  },
  -- the money is held where it comes from while others decide
  workflow = shared.approved("policy:approval.transfer", { "$created_by" }, { done = { title = T("已调剂", "Moved"), final = true } }, {
    submit = { rule = "transfer_is_within", reserve = { pool = "from", limit = "amount", amount = "amount" } },
    send_back = { release = true }, take_back = { release = true }, reject = { release = true },
    carry_out = { title = T("执行调剂", "Carry out"), from = "approved", to = "done", release = true },
  }),
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

-- An approved budget becomes lines that spending draws on.
local function put(ctx, budget, line, version, left)
  local key = table.concat({ budget.year, line.category, line.name }, " ")
  local have = left[key]
  left[key] = nil
  local moved = have and shared.fen(have.moved) or 0
  local fields = { budget = budget.id, kind = budget.kind, basis = line.basis, version = version, approved = line.amount,
    amount = shared.yuan(math.max(shared.fen(line.amount) + moved, 0)) }
  if have then return ctx:update("lines", have.id, fields) end
  fields.key, fields.year, fields.category, fields.name = key, budget.year, line.category, line.name
  return ctx:create("lines", fields)
end

local function approved(ctx, event)
  local budget, err = ctx:get("budgets", event.record)
  if not budget then return nil, err end
  if budget.state ~= "approved" then return end            -- revised since
  local version, left = (budget.version or 0) + 1, {}
  local page = ctx:find("lines", { year = budget.year, limit = 500 })
  -- an interim budget that is approved late does not undo the annual one
  for _, line in ipairs(page.items) do
    if budget.kind == "interim" and line.kind == "annual" then return end
    left[line.key] = line
  end
  for _, line in ipairs(budget.lines or {}) do
    local done, why = put(ctx, budget, line, version, left)
    -- less than is spoken for already cannot be: the line keeps what it has and says so
    if not done and why.code ~= "conflict" then return nil, why end
    for _, have in ipairs(done and {} or page.items) do
      if have.category == line.category and have.name == line.name then ctx:emit("below_held", "lines", have.id) end
    end
  end
  for _, line in pairs(left) do                            -- lines that it no longer has
    local gone, why = ctx:update("lines", line.id, { amount = "0", approved = "0", moved = "0", version = version })
    if not gone and why.code ~= "conflict" then return nil, why end
    if not gone then ctx:emit("below_held", "lines", line.id) end
  end
  local _, why = ctx:update("budgets", budget.id, { version = version })
  if why then return nil, why end
end

local function move(ctx, id, by)
  local line, err = ctx:get("lines", id)
  if not line then return nil, err end
  return ctx:update("lines", id, { amount = shared.yuan(shared.fen(line.amount) + by), moved = shared.yuan(shared.fen(line.moved) + by) })
end
-- What was held is given back and moved in one transaction: nobody comes in between.
local function transfer_approved(ctx, event)
  local transfer, err = ctx:get("transfers", event.record)
  if not transfer then return nil, err end
  local amount = shared.fen(transfer.amount)
  local done, why = ctx:transition("transfers", transfer.id, "carry_out")
  if done then done, why = move(ctx, transfer.from, -amount) end
  if done then done, why = move(ctx, transfer.to, amount) end
  if not done then return nil, why end
end

return {
  on = {
    ["finance.budgets.approved"] = campus.on { run = approved, serves = { "FIN-1" } },
    ["finance.transfers.approved"] = campus.on { run = transfer_approved, serves = { "FIN-3" } },
  },
  entities = { budgets = budgets, lines = lines, transfers = transfers },
  rules = {
    budget_is_whole = campus.rule { reads = { "kind", "last_year", "amount", "lines.category", "lines.name" },
      run = budget_is_whole, serves = { "FIN-1" } },
    transfer_is_within = campus.rule { reads = { "from", "to", "from_year", "to_year" }, run = transfer_is_within, serves = { "FIN-3" } },
  },
}
