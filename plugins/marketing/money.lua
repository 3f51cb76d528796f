-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What campaigns spend. The money itself goes through finance's claims; a claim that is booked here takes its sum of the campaign
-- and of the plan's line, and the line holds that much less of the budget, which the claim takes over in the same step: nothing
-- is counted twice and nobody comes in between (MKT-2, MKT-3).
local field, shared = campus.field, require "shared"
local T = shared.title

local spends = campus.entity {
  title = T("活动支出", "Spending of campaigns"), part_of = "campaign", serves = { "MKT-2", "MKT-3" },
  fields = {
    campaign = field.reference { to = "marketing.campaigns", title = T("推广活动", "Campaign"), required = true },
    item = field.text { title = T("支出内容", "Spent on"), required = true, max_length = 120, search = true },
    claim = field.reference { to = "finance.claims", title = T("报销单", "Claim"), required = true, unique = true },
    claim_number = field.text { title = T("单号", "Number"), derived = "claim.number" },
    amount = field.money { title = T("金额", "Amount"), derived = "claim.amount" },
    claimant = field.person { title = T("报销人", "Claimant"), derived = "claim.claimant" },
    claim_line = field.reference { to = "finance.lines", title = T("报销的预算分项", "Line it is claimed from"), derived = "claim.line" },
    line = field.reference { to = "marketing.plan_lines", title = T("计划分项", "Line of the plan"), derived = "campaign.line" },
    budget_line = field.reference { to = "finance.lines", title = T("计划的预算分项", "Line of the budget"), derived = "line.budget_line" },
    note = field.text { title = T("说明", "Note"), max_length = 500 },
  },
  workflow = {
    start = "draft",
    states = {
      draft = { title = T("未列支", "Not booked") }, booked = { title = T("报销中", "Being claimed") },
      paid = { title = T("已支付", "Paid"), final = true },
    },
    transitions = {
      book = { title = T("列支", "Book"), from = "draft", to = "booked", rule = "spend_is_right", reserve = {
        { pool = "campaign", limit = "granted", amount = "amount" }, { pool = "line", limit = "amount", amount = "amount" } } },
      pay = { title = T("已支付", "Paid"), from = "booked", to = "paid", settle = true },
      give_back = { title = T("退回", "Give back"), from = "booked", to = "draft", release = true },
    },
  },
  indexes = { { "campaign", "state" }, { "claim", "state" } },
}

local function spend_is_right(spend)
  local why = campus.reasons()
  why:check(spend.claim_line == spend.budget_line, { code = "other_line", at = "claim" })
  return why:decision()
end

-- What a line holds of the budget follows what is not claimed of it.
local function refit(ctx, id)
  local line, err = ctx:get("plan_lines", id)
  if not line then return nil, err end
  if line.state ~= "approved" then return line end
  local done, why = ctx:transition("plan_lines", id, "refit")
  if done and shared.fen(line.held) > 0 then done, why = ctx:transition("plan_lines", id, "commit") end
  return done, why
end

-- One's own claim becomes spending of a campaign; one that is not handed in yet is, in the same step.
local function charge(ctx, input)
  local claim, err = ctx:get("finance.claims", input.claim)
  if not claim then return nil, err end
  local page = ctx:find("spends", { claim = claim.id, limit = 1 })
  local spend, why = page and page.items[1]
  if spend and spend.state ~= "draft" then return nil, { code = "booked", text = ctx:t("booked") } end
  if spend then                                                 -- it came back before
    spend, why = ctx:update("spends", spend.id, { campaign = input.campaign, item = input.item })
  else
    spend, why = ctx:create("spends", { campaign = input.campaign, claim = claim.id, item = input.item })
  end
  if spend then spend, why = ctx:transition("spends", spend.id, "book") end
  if not spend then return nil, why end
  local fits
  fits, why = refit(ctx, spend.line)
  if not fits then return nil, why end
  if claim.state == "draft" or claim.state == "returned" then
    claim, why = ctx:transition("finance.claims", claim.id, "submit")
    if not claim then return nil, why end
  end
  return { spend = spend.id, amount = spend.amount, claim = claim.state }
end

local function of_claim(ctx, claim)
  local page, err = ctx:find("spends", { claim = claim, state = "booked", limit = 1 })
  if not page then return nil, err end
  return page.items[1]
end
local function paid(ctx, event)
  local spend, err = of_claim(ctx, event.record)
  if not spend then return nil, err end
  local done, why = ctx:transition("spends", spend.id, "pay")
  if not done then return nil, why end
end
-- A claim that came back has taken nothing: the campaign and the line have it again, and the budget holds it where it still can.
local function given_back(ctx, event)
  local spend, err = of_claim(ctx, event.record)
  if not spend then return nil, err end
  local done, why = ctx:transition("spends", spend.id, "give_back")
  if not done then return nil, why end
  done, why = refit(ctx, spend.line)
  if not done and why.code ~= "conflict" and why.code ~= "pool_full" then return nil, why end
  if not done then ctx:emit("short", "plan_lines", spend.line) end
end
local back = campus.on { run = given_back, serves = { "MKT-2", "MKT-3" } }
local function again() return campus.on { run = back.run, serves = back.serves } end

return {
  entities = { spends = spends },
  rules = { spend_is_right = campus.rule { reads = { "claim_line", "budget_line" }, run = spend_is_right, serves = { "MKT-2" } } },
  actions = {
    charge = campus.action { title = T("列支报销", "Book a claim"), on = "campaign", states = { "running" }, run = charge,
      serves = { "MKT-2", "MKT-3" },
      input = { campaign = field.reference { to = "campaigns", title = T("推广活动", "Campaign"), required = true },
        claim = field.reference { to = "finance.claims", title = T("报销单", "Claim"), required = true,
          help = T("本人填好的报销单，随本步骤一并提交", "your own claim, filled in; it is submitted in the same step") },
        item = field.text { title = T("支出内容", "Spent on"), required = true, max_length = 120 } } },
  },
  on = {
    ["finance.claims.paid"] = campus.on { run = paid, serves = { "MKT-3" } },
    ["finance.claims.returned"] = back, ["finance.claims.draft"] = again(), ["finance.claims.rejected"] = again(),
    ["finance.claims.withdrawn"] = again(),
  },
}
