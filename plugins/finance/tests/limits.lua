-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What a claim must meet, criterion by criterion (FIN-4 to FIN-6).
local OURS = { buyer = "清河职业学校", buyer_tax_no = "12330100MB0X00000P" }
local function line(more)
  local one = { kind = "goods", day = "2027-02-20", amount = 20000, invoice_no = "12345678901234567890", invoice_date = "2027-02-20",
    buyer = OURS.buyer, buyer_tax_no = OURS.buyer_tax_no }
  for k, v in pairs(more or {}) do one[k] = v end
  return one
end
local function claim(lines, more)
  local one = { grade = "staff", claimant = "p", year = "2027", budget_kind = "annual", amount = 0, attachments = { "f" }, lines = lines }
  for _, l in ipairs(lines) do one.amount = one.amount + l.amount end
  one.stated = one.amount
  for k, v in pairs(more or {}) do one[k] = v end
  return one
end
local function says(c, code, met, with) return expect.reason(decide("claim_is_right", c, with), code, met) end

test("FIN-4: a night, a day, by grade and tier of the city; each refusal names its line of the policy", function()
  local hotel = { kind = "hotel", city = "北京", days = 2, amount = 90000 }
  expect.yes(decide("claim_is_right", claim { line(hotel) }).pass)
  hotel.amount = 90001
  local reason = says(claim { line(hotel) }, "over_limit", false)
  expect.equal({ reason.policy, reason.at, reason.want }, { "limits.hotel.staff.first", "lines/0/amount", "900.00" })
  says(claim({ line(hotel) }, { grade = "middle" }), "over_limit", true)
  hotel.city = "清河"
  expect.equal(says(claim { line(), line(hotel) }, "over_limit", false).policy, "limits.hotel.staff.other")
  says(claim { line { kind = "meals", amount = 5000, days = 1 } }, "city_missing", false)
  says(claim { line { kind = "meals", amount = 5000, city = "清河" } }, "days_missing", false)
end)

test("FIN-5: head, finance, school leader, in this order; amounts only add; a step is left out by authorisation alone", function()
  local function with(steps, waiver) return { policy = { approval = { claims = { steps = steps }, waiver = waiver } } } end
  says(claim { line() }, "three_steps", true)
  says(claim { line() }, "three_steps", true, with { "head", "deputy", "finance", "principal" })
  for _, steps in ipairs { { "finance", "head", "principal" }, { "head", "principal" }, { "head", "finance" } } do
    says(claim { line() }, "three_steps", false, with(steps))
  end
  local waiver = { below = 50000, until_day = "2027-12-31", authorised_by = "周岚", document = "校办〔2027〕3号" }
  says(claim { line() }, "three_steps", true, with({ "head", "finance" }, waiver))
  says(claim { line { amount = 50000 } }, "three_steps", false, with({ "head", "finance" }, waiver))
  says(claim { line() }, "three_steps", false, with({ "head" }, waiver))
  waiver.until_day = "2027-02-28"
  says(claim { line() }, "three_steps", false, with({ "head", "finance" }, waiver))
end)

test("FIN-6: an invoice is there, of the window and the year, made out to the school; sums and tax agree", function()
  says(claim { line { invoice_no = false } }, "invoice_missing", false)
  says(claim { line { invoice_no = false, amount = 10000 } }, "invoice_missing", true)
  says(claim { line { invoice_date = false } }, "invoice_undated", false)
  says(claim { line { invoice_date = "2027-03-02" } }, "invoice_future", false)
  says(claim { line { day = "2027-03-02" } }, "day_future", false)
  says(claim { line { invoice_date = "2026-12-01" } }, "invoice_old", true)
  says(claim { line { invoice_date = "2026-11-30" } }, "invoice_old", false)
  says(claim { line { buyer = "王小明" } }, "buyer", false)
  says(claim { line { buyer_tax_no = "1" } }, "buyer_tax_no", false)
  says(claim { line { net = 18868, tax = 1132 } }, "tax", true)
  says(claim { line { net = 18868, tax = 1131 } }, "tax", false)
  says(claim({ line() }, { stated = 20001 }), "sum", false)
  says(claim({ line() }, { attachments = {} }), "attachment", false)
end)

test("FIN-6: across New Year last year's invoice is taken until the cut-off, from either year's budget", function()
  local old = { line { invoice_date = "2026-12-20", day = "2026-12-20" } }
  says(claim(old), "invoice_year", true, { as_of = "2027-03-31", policy = { invoice = { window = 200 } } })
  says(claim(old), "invoice_year", false, { as_of = "2027-04-01", policy = { invoice = { window = 200 } } })
  says(claim(old, { year = "2026" }), "year_closed", true, { as_of = "2027-03-31" })
  says(claim(old, { year = "2026" }), "year_closed", false, { as_of = "2027-04-01" })
  says(claim({ line() }, { year = "2026" }), "invoice_year", false)
end)

test("FIN-1: an interim budget holds until its day; what is offset is one's own and no more than the claim", function()
  says(claim({ line() }, { budget_kind = "interim" }), "interim_over", true)
  says(claim({ line() }, { budget_kind = "interim" }), "interim_over", false, { as_of = "2027-04-01" })
  says(claim({ line() }, { offset = 20001, advance_of = "p" }), "offset", false)
  says(claim({ line() }, { offset = 100, advance_of = "q" }), "others_advance", false)
  says(claim({ line() }, { offset = 100, advance_of = "p" }), "others_advance", true)
  expect.reason(decide("advance_is_right", { amount = 2000001 }), "advance_most", false)
  expect.reason(decide("advance_is_cleared", { amount = 100, offset = 60, repaid = 40 }), "not_cleared", true)
  expect.reason(decide("advance_is_cleared", { amount = 100, offset = 60 }), "not_cleared", false)
end)

test("FIN-1: a budget has lines, none twice, and an interim one is a share of the year before", function()
  local function budget(more)
    local one = { kind = "annual", amount = 100, lines = { { category = "staff", name = "培训" } } }
    for k, v in pairs(more or {}) do one[k] = v end
    return decide("budget_is_whole", one)
  end
  expect.yes(budget().pass)
  expect.reason(budget { lines = {} }, "no_lines", false)
  expect.reason(budget { lines = { { category = "staff", name = "培训" }, { category = "staff", name = "培训" } } }, "line_twice", false)
  expect.reason(budget { kind = "interim", last_year = 400 }, "interim_share", true)
  expect.reason(budget { kind = "interim", last_year = 396 }, "interim_share", false)
end)

test("FIN-3: money moves between two lines of a year; a line far off its budget needs a measure", function()
  expect.reason(decide("transfer_is_within", { from = "a", to = "a" }), "same_line", false)
  expect.reason(decide("transfer_is_within", { from = "a", to = "b", from_year = "2027", to_year = "2028" }), "other_year", false)
  expect.yes(decide("transfer_is_within", { from = "a", to = "b", from_year = "2027", to_year = "2027" }).pass)
  expect.reason(decide("execution_is_explained", { lines = { { deviation = -16 } } }), "deviation", false)
  expect.yes(decide("execution_is_explained", { lines = { { deviation = -16 } }, measures = "调剂" }).pass)
end)
