-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What every claim must meet, line by line, with the policy line that says so (FIN-4 to FIN-6).
local yuan = require("shared").yuan
local STEPS = { "head", "finance", "principal" }

local function check(why, ok, code, at, have, want, policy)
  return why:check(ok, { code = code, at = at, have = have, want = want, policy = policy })
end

-- 一线, 二线 or 其他: which column of the limits a city is in.
local function tier(city, cities)
  for _, name in ipairs { "first", "second" } do
    for _, one in ipairs(cities[name]) do if city == one then return name end end
  end
  return "other"
end

-- The regulation's three, in this order, for every claim; a step is left out by the leader's written authorisation alone.
local function three_steps(why, which, amount, approval, as_of)
  local at, waiver = 1, approval.waiver
  for _, step in ipairs(approval[which].steps) do
    if (type(step) == "table" and step.name or step) == STEPS[at] then at = at + 1 end
  end
  local waived = at > 2 and waiver.authorised_by ~= "" and waiver.document ~= "" and amount < waiver.below and as_of <= waiver.until_day
  check(why, at > #STEPS or waived, "three_steps", "state", at - 1, #STEPS, "approval." .. which)
end

local function within_limit(why, claim, line, at, policy)
  local of, grade, key = policy.limits[line.kind], claim.grade or "staff", tier(line.city, policy.cities)
  if not of then return end
  check(why, line.city, "city_missing", at .. "city")
  check(why, line.days, "days_missing", at .. "days")
  local most = of[grade][key] * (line.days or 1)
  check(why, line.amount <= most, "over_limit", at .. "amount", yuan(line.amount), yuan(most),
    table.concat({ "limits", line.kind, grade, key }, "."))
end

local function invoice_is_good(why, claim, line, at, invoice, as_of)
  local day, amount, least = line.invoice_date, line.amount, invoice.needed_above
  if not line.invoice_no then
    return check(why, amount <= least, "invoice_missing", at .. "invoice_no", nil, yuan(least), "invoice.needed_above")
  end
  if not check(why, day, "invoice_undated", at .. "invoice_date") then return end
  local old = campus.date.days_between(day, as_of)
  check(why, old >= 0, "invoice_future", at .. "invoice_date", day, as_of)
  check(why, old <= invoice.window, "invoice_old", at .. "invoice_date", old, invoice.window, "invoice.window")
  -- across New Year: last year's invoice in this year's budget only until the cut-off
  local year, budget = tonumber(day:sub(1, 4)), tonumber(claim.year)
  local late = year == budget - 1 and as_of <= claim.year .. "-" .. invoice.cut_off
  check(why, year == budget or late, "invoice_year", at .. "invoice_date", day, claim.year, "invoice.cut_off")
  check(why, line.buyer == invoice.buyer, "buyer", at .. "buyer", line.buyer, invoice.buyer, "invoice.buyer")
  check(why, line.buyer_tax_no == invoice.buyer_tax_no, "buyer_tax_no", at .. "buyer_tax_no", line.buyer_tax_no, invoice.buyer_tax_no,
    "invoice.buyer_tax_no")
  if not line.net and not line.tax then return end
  local sum = (line.net or 0) + (line.tax or 0)
  check(why, sum == amount, "tax", at .. "tax", yuan(sum), yuan(amount))
end

local function claim_is_right(claim, policy, as_of)
  local why, offset, year = campus.reasons(), claim.offset or 0, claim.year
  three_steps(why, "claims", claim.amount, policy.approval, as_of)
  check(why, claim.amount > 0 and claim.stated == claim.amount, "sum", "stated", yuan(claim.stated or 0), yuan(claim.amount))
  check(why, #(claim.attachments or {}) > 0, "attachment", "attachments")
  -- the budget it asks from must be open on the day
  local closes, ends = (tonumber(year) + 1) .. "-" .. policy.invoice.cut_off, year .. "-" .. policy.interim.ends
  check(why, as_of >= year .. "-01-01" and as_of <= closes, "year_closed", "line", as_of, closes, "invoice.cut_off")
  if claim.budget_kind == "interim" then check(why, as_of <= ends, "interim_over", "line", as_of, ends, "interim.ends") end
  check(why, offset <= claim.amount, "offset", "offset", yuan(offset), yuan(claim.amount))
  check(why, offset == 0 or claim.advance_of == claim.claimant, "others_advance", "advance")
  for i, line in ipairs(claim.lines or {}) do
    local at = "lines/" .. i - 1 .. "/"
    within_limit(why, claim, line, at, policy)
    invoice_is_good(why, claim, line, at, policy.invoice, as_of)
    check(why, line.day <= as_of, "day_future", at .. "day", line.day, as_of)
  end
  return why:decision()
end

local function advance_is_right(advance, policy, as_of)
  local why, most = campus.reasons(), policy.advances.most
  three_steps(why, "advances", advance.amount, policy.approval, as_of)
  check(why, advance.amount <= most, "advance_most", "amount", yuan(advance.amount), yuan(most), "advances.most")
  return why:decision()
end

local function advance_is_cleared(advance)
  local why, settled = campus.reasons(), (advance.offset or 0) + (advance.repaid or 0)
  check(why, settled == advance.amount, "not_cleared", "repaid", yuan(settled), yuan(advance.amount))
  return why:decision()
end

return {
  claim_is_right = campus.rule { run = claim_is_right, serves = { "FIN-4", "FIN-5", "FIN-6" },
    reads = { "grade", "claimant", "year", "budget_kind", "amount", "stated", "attachments", "offset", "advance_of", "lines.kind",
      "lines.day", "lines.city", "lines.days", "lines.amount", "lines.net", "lines.tax", "lines.invoice_no", "lines.invoice_date",
      "lines.buyer", "lines.buyer_tax_no" } },
  advance_is_right = campus.rule { run = advance_is_right, reads = { "amount" }, serves = { "FIN-5" } },
  advance_is_cleared = campus.rule { run = advance_is_cleared, reads = { "amount", "offset", "repaid" }, serves = { "FIN-5" } },
}
