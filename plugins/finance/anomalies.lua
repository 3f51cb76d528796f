-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Each claim is looked at as it comes in: far above the usual, split under a threshold, round, spent on a
-- weekend. What is found is a case of its own, with a clock, until somebody has looked into it (FIN-7).
local field, shared = campus.field, require "shared"
local T = shared.title

local cases = campus.case {
  title = T("报销异常", "Anomalies"), severities = { "low", "medium", "high" }, clock = "policy:anomaly.clock", team = "role:finance",
  about = "finance.claims", escalate = { { after = "1wd", to = "role:principal" } }, serves = { "FIN-7" },
  overview = { roles = { "finance", "principal" }, order = 3, date = "due_at", days = 30 },
  fields = {
    key = field.text { title = T("编号", "Key"), required = true, unique = true, max_length = 80 },
    signal = field.choice { title = T("异常", "Signal"), required = true, choices = shared.SIGNALS },
    amount = field.money { title = T("涉及金额", "Amount") },
    claimant = field.person { title = T("报销人", "Claimant"), derived = "about.claimant" },
    category = field.choice { title = T("预算类别", "Category"), choices = shared.CATEGORIES, derived = "about.category" },
  },
}

local GRAVE, MONDAY = { split = "high", outlier = "high", round = "low", weekend = "low" }, "1970-01-05"
local function on_weekend(claim, kinds)
  for _, line in ipairs(claim.lines or {}) do
    for _, kind in ipairs(kinds) do
      if line.kind == kind and campus.date.days_between(MONDAY, line.day) % 7 >= 5 then return line.day end
    end
  end
end

-- What others spent on the same: told by the kept figures, which hold this claim too.
local function usual(ctx, claim)
  local report = ctx:report("by_kind")
  for _, row in ipairs(report and report.rows or {}) do
    if row.category == claim.category and row.kind == claim.kind then
      local n = row.count - 1
      return n, n > 0 and (shared.fen(row.sum_amount) - shared.fen(claim.amount)) // n or 0
    end
  end
  return 0, 0
end

-- Claims of the same person for the same, within days, each below the threshold, together above it: how
-- many, their sum, and the newest, which whoever of them is looked at first opens the case about.
local function split(ctx, claim, policy)
  if shared.fen(claim.amount) >= policy.split_limit then return end
  local page = ctx:find("claims", { claimant = claim.claimant, sort = "-created_at", limit = 50 })
  local n, sum, newest = 0, 0, nil
  for _, other in ipairs(page and page.items or {}) do
    local near = campus.date.days_between(other.created_at:sub(1, 10), claim.created_at:sub(1, 10)) <= policy.split_days
    local counts = other.state == "in_approval" or other.state == "approved" or other.state == "paid"
    if near and counts and other.kind == claim.kind and shared.fen(other.amount) < policy.split_limit then
      n, sum, newest = n + 1, sum + shared.fen(other.amount), newest or other
    end
  end
  if n > 1 and sum >= policy.split_limit then return n, sum, newest end
end

local function submitted(ctx, event)
  local claim, err = ctx:get("claims", event.record)
  if not claim then return nil, err end
  if claim.state ~= "in_approval" then return end
  local policy, total = ctx.policy.anomaly, shared.fen(claim.amount)
  local function open(signal, values, amount, about)
    about = about or claim
    local _, why = ctx:create("cases", { key = about.id .. " " .. signal, about = about.id, signal = signal, severity = GRAVE[signal],
      title = about.number .. " " .. ctx:t(signal, values), found = ctx:t(signal, values), amount = shared.yuan(amount or total) })
    if why and why.code ~= "conflict" then err = why end     -- it was found before
  end
  local n, mean = usual(ctx, claim)
  if n >= policy.least and total > mean * policy.outlier then
    open("outlier", { have = claim.amount, want = shared.yuan(mean), times = policy.outlier })
  end
  local count, sum, newest = split(ctx, claim, policy)
  if count then
    open("split", { count = count, sum = shared.yuan(sum), want = shared.yuan(policy.split_limit) }, sum, newest)
  end
  if total >= policy.round and total % policy.round == 0 then open("round", { have = claim.amount }) end
  local day = on_weekend(claim, policy.weekend)
  if day then open("weekend", { day = day }) end
  if err then return nil, err end
end

return {
  entities = { cases = cases }, on = { ["finance.claims.in_approval"] = campus.on { run = submitted, serves = { "FIN-7" } } },
}
