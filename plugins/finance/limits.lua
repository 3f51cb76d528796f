-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What every claim must meet, line by line, with the policy line that says so (FIN-4 to FIN-6).
local shared = require "shared"
local yuan = shared.yuan
local STEPS = { "head", "finance", "principal" }

-- 一线, 二线 or 其他: which column of the limits a city is in.
local function tier(city, cities)
  for _, name in ipairs { "first", "second" } do
    for _, one in ipairs(cities[name]) do if city == one then return name end end
  end
  return "other"
end

-- The regulation's three, in this order, for every claim; a step is left out by the leader's written authorisation alone.
local function three_steps(why, claim, policy, as_of)
  local steps, at = policy.approval.claims.steps, 1
  for _, step in ipairs(steps) do
    if (type(step) == "table" and step.name or step) == STEPS[at] then at = at + 1 end
  end
  local waiver = policy.approval.waiver
  local waived = at > 2 and waiver.authorised_by ~= "" and waiver.document ~= "" and claim.amount < waiver.below and as_of <= waiver.until_day
  why:check(at > #STEPS or waived, { code = "three_steps", at = "state", have = at - 1, want = #STEPS, policy = "approval.claims" })
end

local function within_limit(why, claim, line, at, policy)
  local of = policy.limits[line.kind]
  if not of then return end
  why:check(line.city, { code = "city_missing", at = at .. "/city" })
  why:check(line.days, { code = "days_missing", at = at .. "/days" })
  local key = tier(line.city, policy.cities)
  local most = of[claim.grade or "staff"][key] * (line.days or 1)
  why:check(line.amount <= most, { code = "over_limit", at = at .. "/amount", have = yuan(line.amount), want = yuan(most),
    policy = "limits." .. line.kind .. "." .. (claim.grade or "staff") .. "." .. key })
end

local function invoice_is_good(why, claim, line, at, policy, as_of)
  local invoice = policy.invoice
  if not line.invoice_no then
    why:check(line.amount <= invoice.needed_above, { code = "invoice_missing", at = at .. "/invoice_no", want = yuan(invoice.needed_above),
      policy = "invoice.needed_above" })
    return
  end
  if not why:check(line.invoice_date, { code = "invoice_undated", at = at .. "/invoice_date" }) then return end
  local old = campus.date.days_between(line.invoice_date, as_of)
  why:check(old >= 0, { code = "invoice_future", at = at .. "/invoice_date", have = line.invoice_date, want = as_of })
  why:check(old <= invoice.window, { code = "invoice_old", at = at .. "/invoice_date", have = old, want = invoice.window, policy = "invoice.window" })
  -- across New Year: last year's invoice in this year's budget only until the cut-off
  local year, budget = tonumber(line.invoice_date:sub(1, 4)), tonumber(claim.year)
  local late = year == budget - 1 and as_of <= claim.year .. "-" .. invoice.cut_off
  why:check(year == budget or late, { code = "invoice_year", at = at .. "/invoice_date", have = line.invoice_date, want = claim.year,
    policy = "invoice.cut_off" })
  why:check(line.buyer == invoice.buyer, { code = "buyer", at = at .. "/buyer", have = line.buyer, want = invoice.buyer, policy = "invoice.buyer" })
  why:check(line.buyer_tax_no == invoice.buyer_tax_no, { code = "buyer_tax_no", at = at .. "/buyer_tax_no", have = line.buyer_tax_no,
    want = invoice.buyer_tax_no, policy = "invoice.buyer_tax_no" })
  if line.net or line.tax then
    local sum = (line.net or 0) + (line.tax or 0)
    why:check(sum == line.amount, { code = "tax", at = at .. "/tax", have = yuan(sum), want = yuan(line.amount) })
  end
end

local function claim_is_right(claim, policy, as_of)
  local why = campus.reasons()
  three_steps(why, claim, policy, as_of)
  why:check(claim.amount > 0 and claim.stated == claim.amount, { code = "sum", at = "stated", have = yuan(claim.stated or 0), want = yuan(claim.amount) })
  why:check(#(claim.attachments or {}) > 0, { code = "attachment", at = "attachments" })
  -- the budget it asks from must be open on the day
  local closes = (tonumber(claim.year) + 1) .. "-" .. policy.invoice.cut_off
  why:check(as_of >= claim.year .. "-01-01" and as_of <= closes, { code = "year_closed", at = "line", have = as_of, want = closes, policy = "invoice.cut_off" })
  if claim.budget_kind == "interim" then
    local ends = claim.year .. "-" .. policy.interim.ends
    why:check(as_of <= ends, { code = "interim_over", at = "line", have = as_of, want = ends, policy = "interim.ends" })
  end
  local offset = claim.offset or 0
  why:check(offset <= claim.amount, { code = "offset", at = "offset", have = yuan(offset), want = yuan(claim.amount) })
  why:check(offset == 0 or claim.advance_of == claim.claimant, { code = "others_advance", at = "advance" })
  for i, line in ipairs(claim.lines or {}) do
    local at = "lines/" .. i - 1
    within_limit(why, claim, line, at, policy)
    invoice_is_good(why, claim, line, at, policy, as_of)
    why:check(line.day <= as_of, { code = "day_future", at = at .. "/day", have = line.day, want = as_of })
  end
  return why:decision()
end

local function advance_is_right(advance, policy, as_of)
  local why = campus.reasons()
  three_steps(why, { amount = advance.amount }, policy, as_of)
  why:check(advance.amount <= policy.advances.most, { code = "advance_most", at = "amount", have = yuan(advance.amount),
    want = yuan(policy.advances.most), policy = "advances.most" })
  return why:decision()
end

local function advance_is_cleared(advance)
  local why = campus.reasons()
  local settled = (advance.offset or 0) + (advance.repaid or 0)
  why:check(settled == advance.amount, { code = "not_cleared", at = "repaid", have = yuan(settled), want = yuan(advance.amount) })
  return why:decision()
end

return {
  claim_is_right = campus.rule { run = claim_is_right, serves = { "FIN-4", "FIN-5", "FIN-6" },
    reads = { "grade", "claimant", "year", "budget_kind", "amount", "stated", "attachments", "offset", "advance_of", "lines.kind", "lines.day", "lines.city",
      "lines.days", "lines.amount", "lines.net", "lines.tax", "lines.invoice_no", "lines.invoice_date", "lines.buyer", "lines.buyer_tax_no" } },
  advance_is_right = campus.rule { run = advance_is_right, reads = { "amount" }, serves = { "FIN-5" } },
  advance_is_cleared = campus.rule { run = advance_is_cleared, reads = { "amount", "offset", "repaid" }, serves = { "FIN-5" } },
}
