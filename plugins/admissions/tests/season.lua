-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- The season around the review: plan, channels, events, leads, second reviewers, what is owed, deadlines.
test("ADM-1: a plan needs lines, none of them twice, that add up to its headcount", function()
  local line = { major = "m", major_name = "护理", region = "浙江", quota = 5 }
  expect.yes(decide("plan_is_whole", { headcount = 5, lines = { line } }).pass)
  expect.reason(decide("plan_is_whole", { headcount = 10, lines = { line, line } }), "line_twice", false)
  expect.reason(decide("plan_is_whole", { headcount = 6, lines = { line } }), "headcount", false)
  expect.reason(decide("plan_is_whole", { headcount = 6, lines = {} }), "no_lines", false)
end)

test("ADM-2: commission per head is lawful only where the policy says so, an agreement only while it runs", function()
  local c = { type = "partner", pays = "per_head", agreement_number = "1", rights = "r", duties = "d", agreed_until = "2027-06-30" }
  expect.reason(decide("channel_is_lawful", c, { as_of = "2027-06-30" }), "per_head", false)
  expect.yes(decide("channel_is_lawful", c, { as_of = "2027-06-30", policy = { channels = { per_head = true } } }).pass)
  c.pays = "fixed"
  expect.reason(decide("channel_is_lawful", c, { as_of = "2027-07-01" }), "agreement_over", false)
  c.rights = nil
  expect.reason(decide("channel_is_lawful", c, { as_of = "2027-06-30" }), "agreement", false)
  expect.yes(decide("channel_is_lawful", { type = "online", pays = "nothing" }, { as_of = "2027-06-30" }).pass)
end)

test("ADM-3: a brochure is published while it is filed; an event has its staff", function()
  local filed = { filing_number = "1", filed_until = "2027-06-30" }
  expect.yes(decide("brochure_is_filed", filed, { as_of = "2027-06-30" }).pass)
  expect.reason(decide("brochure_is_filed", filed, { as_of = "2027-07-01" }), "filing_over", false)
  expect.reason(decide("brochure_is_filed", {}, { as_of = "2027-07-01" }), "not_filed", false)
  expect.reason(decide("activity_is_ready", { staff = 1 }), "too_few_staff", false)
  expect.yes(decide("activity_is_ready", { staff = 2 }).pass)
end)

test("ADM-5: of a child under fourteen the guardian consents; ADM-6: nobody arrives on a copy", function()
  local child = { birth_date = "2014-01-01", education = "junior", score = 400 }
  expect.reason(decide("eligible", child, { as_of = "2027-03-01" }), "consent", false)
  child.guardian_consent = true
  expect.reason(decide("eligible", child, { as_of = "2027-03-01" }), "consent", true)
  expect.reason(decide("may_arrive", {}), "originals", false)
  expect.yes(decide("may_arrive", { originals_checked = true }).pass)
end)

test("ADM-4: a scan counts as the document handed in", function()
  local asked = { policy = { documents = { required = { "diploma" } } } }
  local a = { birth_date = "2011-06-10", education = "junior", score = 400, diploma_scan = "f" }
  expect.reason(decide("eligible", a, asked), "document_missing", true)
end)

test("ADM-3: two officers claim one telephone number: the policy says whose it is", function()
  local one, two = as { roles = "admissions.staff", name = "one" }, as { roles = "admissions.staff", name = "two" }
  local director = as "admissions.lead"
  local function pair(phone)
    local first = one:create("leads", { name = "甲", phone = phone, officer = one.id })
    return first, two:create("leads", { name = "乙", phone = phone, officer = two.id })
  end
  local first, second = pair "14500000001"
  clock.advance "1m"
  expect.equal(director:get("leads", second.id).state, "duplicate")
  expect.equal(director:get("leads", first.id).officer, one.id)
  policy { leads = { clash = "ask" } }
  local _, third = pair "14500000002"
  clock.advance "1m"
  expect.equal(director:get("leads", third.id).state, "clash")
  policy { leads = { clash = "latest" } }
  local fourth = pair "14500000003"
  clock.advance "1m"
  expect.equal(director:get("leads", fourth.id).officer, two.id)
end)

test("ADM-5: who proposes a refusal does not decide it", function()
  local writer, one = as { roles = "admissions.lead", name = "writer" }, as { roles = "admissions.lead", name = "proposer" }
  local two = as "principal"
  local a = writer:create("applicants", { name = "王小明", id_number = "110199201106100020", birth_date = "2011-06-10", education = "junior" })
  one:transition("applicants", a.id, "propose_refusal", { note = "不符" })
  expect.refused("forbidden", function() one:transition("applicants", a.id, "refuse") end)
  expect.equal(two:transition("applicants", a.id, "refuse").state, "refused")
end)

test("ADM-7: who is taken up is told, and a review that nobody ends is overdue", function()
  local writer = as "admissions.lead"
  local a = writer:create("applicants", { name = "王小明", id_number = "110199201106100020", birth_date = "2011-06-10", education = "junior",
    phone = "14500000001" })
  writer:transition("applicants", a.id, "review")
  expect.equal(#messages "taken_up", 1)
  expect.equal(writer:get("applicants", a.id).deadline.overdue, false)
  clock.advance "9d"
  expect.equal(writer:get("applicants", a.id).deadline.overdue, true)
end)
