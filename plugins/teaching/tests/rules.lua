-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Each criterion by itself, met and not: plans, purchases, stock, stocktakes, the timetable, internships (TCH-1 to TCH-5, TCH-7).
local TERM = { term_starts = "2027-03-01", term_ends = "2027-07-10" }
local function laid(base, more)
  local out = {}
  for k, v in pairs(base) do out[k] = v end
  for k, v in pairs(more or {}) do out[k] = v end
  return out
end

test("TCH-1: a plan adds up, within the term and the week, and says of each week what it is about", function()
  local c = { name = "Java", weekly = 4, first = 1, last = 2, hours = 8 }
  local rows = { { course = "Java", week = 1 }, { course = "Java", week = 2 } }
  local function of(...) return laid(TERM, { courses = { ... }, progress = rows }) end
  expect.yes(decide("plan_is_whole", of(c)).pass)
  expect.reason(decide("plan_is_whole", of()), "no_courses", false)
  expect.reason(decide("plan_is_whole", of(c, c)), "course_twice", false)
  expect.reason(decide("plan_is_whole", of(laid(c, { hours = 9 }))), "hours", false)
  expect.reason(decide("plan_is_whole", of(laid(c, { last = 3, hours = 12 }))), "topics", false)
  for _, row in ipairs { { course = "Java", week = 2 }, { course = "Java", week = 3 }, { course = "网页", week = 1 } } do
    rows[3] = row
    expect.reason(decide("plan_is_whole", of(c)), "stray", false)
  end
  rows[3] = nil
  expect.reason(decide("plan_is_whole", of(laid(c, { last = 20 }))), "weeks", false)          -- the term has nineteen
  expect.reason(decide("plan_is_whole", of(laid(c, { first = 3 }))), "weeks", false)
  local heavy = { policy = { plan = { weekly_most = 7 } } }
  expect.reason(decide("plan_is_whole", of(c, laid(c, { name = "网页" })), heavy), "week_load", false)
  expect.reason(decide("plan_is_whole", of(c, laid(c, { name = "网页", first = 3, last = 4 })), heavy), "week_load", true)
end)

test("TCH-1: a week with fewer hours than planned is not reported as kept", function()
  expect.yes(decide("week_is_kept", { hours = 4, taught = 4 }).pass)
  expect.reason(decide("week_is_kept", { hours = 4, taught = 3 }), "hours_short", false)
end)

test("TCH-2: a purchase is for a course of an approved plan, out of this year's line of teaching, and adds up", function()
  local p = { course_hours = 8, category = "teaching", year = "2027", needed_on = "2027-03-01", amount = 10000,
    lines = { { goods = "a", count = 4, price = 2500 } } }
  local on = { as_of = "2027-03-01" }
  expect.yes(decide("purchase_is_right", p, on).pass)
  for code, more in pairs { course_gone = { course_hours = 0 }, other_category = { category = "staff" }, other_year = { year = "2026" },
    too_late = { needed_on = "2027-02-28" }, sum = { amount = 10001 },
    goods_twice = { lines = { { goods = "a", count = 2, price = 2500 }, { goods = "a", count = 2, price = 2500 } } } } do
    expect.reason(decide("purchase_is_right", laid(p, more), on), code, false)
  end
  expect.reason(decide("purchase_is_right", laid(p, { amount = 0, lines = {} }), on), "sum", false)
end)

test("TCH-2, TCH-3: no more is taken in than was ordered, by somebody else, into a store that is open", function()
  local p = { applicant = "x", received_by = "y", amount = 5000, lines = { { goods = "a", count = 4, price = 2500 } },
    arrivals = { { goods = "a", arrived = 2 } } }
  expect.yes(decide("receipt_is_right", p).pass)
  for code, more in pairs { own_receipt = { received_by = "x" }, counting = { counting = true }, sum = { amount = 10000 },
    arrived = { amount = 12500, arrivals = { { goods = "a", arrived = 5 } } } } do
    expect.reason(decide("receipt_is_right", laid(p, more)), code, false)
  end
  local twice = laid(p, { arrivals = { { goods = "a", arrived = 2 }, { goods = "a", arrived = 2 } }, amount = 10000 })
  expect.reason(decide("receipt_is_right", twice), "arrived", false)
  expect.reason(decide("receipt_is_right", laid(p, { arrivals = { { goods = "b", arrived = 1 } } })), "arrived", false)
end)

test("TCH-3: nothing moves in a store that is being counted, nor from a store to itself; what leaves is in somebody's hands", function()
  expect.yes(decide("store_is_open", { store = "a", to_store = "b" }).pass)
  expect.reason(decide("store_is_open", { store = "a", to_store = "a" }), "same_store", false)
  expect.reason(decide("store_is_open", { store = "a", to_store = "b", to_counting = true }), "counting", false)
  expect.reason(decide("issue_is_addressed", {}), "to_nobody", false)
  expect.yes(decide("issue_is_addressed", { to_class = "c" }).pass)
  expect.reason(decide("issue_is_addressed", { to_person = "p", counting = true }), "counting", false)
end)

test("TCH-3: of what was lent each piece came back or did not", function()
  local lent = { lines = { { goods = "a", count = 3 }, { goods = "b", count = 1 } } }
  local function back(...) return decide("all_is_back", laid(lent, { returns = { ... } })) end
  expect.yes(back({ goods = "a", back = 2, missing = 1 }, { goods = "b", back = 1 }).pass)
  expect.reason(back { goods = "a", back = 3 }, "not_back", false)
  expect.reason(back({ goods = "a", back = 2 }, { goods = "b", back = 2 }), "not_back", false)
end)

test("TCH-4: a count covers the sheet as it was frozen, explains each difference, and has a witness", function()
  local t = { counted_by = "x", witness = "y", sheet = { { goods = "a", book = 10 }, { goods = "b", book = 1 } } }
  local a, b = { goods = "a", book = 10, counted = 6, missing = 1, lost = 1, damaged = 1, scrapped = 1 }, { goods = "b", book = 1,
    counted = 2, surplus = 1 }
  local function of(...) return decide("count_is_whole", laid(t, { lines = { ... } })) end
  expect.yes(of(a, b).pass)
  expect.yes(of(a, b, { goods = "c", counted = 3, surplus = 3 }).pass, "what is there and not in the books")
  expect.reason(of(a), "left_out", false)
  expect.reason(of(a, b, b), "goods_twice", false)
  expect.reason(of(laid(a, { book = 6, missing = 0, lost = 0, damaged = 0, scrapped = 0 }), b), "book_changed", false)
  expect.reason(of({ goods = "a", book = 10 }, b), "not_counted", false)
  expect.reason(of(laid(a, { lost = 2 }), b), "unexplained", false)
  expect.reason(decide("count_is_whole", laid(t, { witness = "x", lines = { a, b } })), "same_person", false)
end)

test("TCH-5: an activity has its periods, its room that is large enough, its days, and takes just what it says", function()
  local a = { kind = "class", day = "2027-03-01", until_day = "2027-03-01", first = 1, last = 2, room = "r", teacher = "t", class = "c",
    seats = 40, size = 40, course_hours = 8, prepare_on = "2027-02-26" }
  local keys = {}
  for period = 1, 2 do
    for _, who in ipairs { "room r", "teacher t", "class c" } do keys[#keys + 1] = { key = ("2027-03-01 %02d %s"):format(period, who) } end
  end
  a.slots = keys
  expect.yes(decide("activity_fits", a).pass)
  for code, more in pairs { course_gone = { course_hours = 0 }, periods = { last = 9 }, too_small = { size = 41 },
    prepare_on = { prepare_on = "2027-03-01" },
    days = { until_day = "2027-03-02" }, slots = { first = 2 } } do
    expect.reason(decide("activity_fits", laid(a, more)), code, false)
  end
  a.room = nil
  expect.reason(decide("activity_fits", a), "no_room", false)
  local more = laid(a, { slots = { table.unpack(keys) } })
  more.slots[7] = { key = "2027-03-01 03 class c" }
  expect.reason(decide("activity_fits", more), "slots", false)
  expect.reason(decide("activity_fits", laid(a, { kind = "internship" })), "no_internship", false)
  expect.reason(decide("activity_fits", laid(a, { kind = "internship", internship = "i" })), "no_internship", true)
end)

test("TCH-5: nothing is held or reported before its day", function()
  for rule, at in pairs { day_has_come = "day", duty_has_come = "day" } do
    expect.yes(decide(rule, { [at] = "2027-03-01" }, { as_of = "2027-03-01" }).pass)
    expect.reason(decide(rule, { [at] = "2027-03-02" }, { as_of = "2027-03-01" }), "not_yet", false)
  end
end)

test("TCH-5: an internship has an agreement, an insurance, and the consents of those under eighteen", function()
  local i = { confirmed_on = "2027-03-01", agreed_until = "2027-06-30", insured_until = "2027-06-30", ends_on = "2027-06-30",
    minors = 3, consents = 3 }
  local on = { as_of = "2027-03-01" }
  expect.yes(decide("internship_is_lawful", i, on).pass)
  for code, more in pairs { confirmed_today = { confirmed_on = "2027-02-01" }, no_agreement = { agreed_until = "2027-06-29" },
    uninsured = { insured_until = "2027-06-29" }, no_consent = { consents = 2 } } do
    expect.reason(decide("internship_is_lawful", laid(i, more), on), code, false)
  end
  local a = { kind = "internship", day = "2027-06-01", until_day = "2027-06-30", covered_on = "2027-03-01", insured_until = "2027-06-30" }
  expect.yes(decide("internship_is_covered", a).pass)
  expect.yes(decide("internship_is_covered", { kind = "class", day = "2027-06-01" }).pass)
  expect.reason(decide("internship_is_covered", { kind = "internship", day = "2027-06-01" }), "unconfirmed", false)
  expect.reason(decide("internship_is_covered", laid(a, { insured_until = "2027-06-29" })), "uninsured", false)
end)

test("TCH-7: without an answer, a measure and what came of it nothing is verified", function()
  expect.yes(decide("verified_by_another", { answer = "a", measure = "m", effect = "e" }).pass)
  expect.reason(decide("verified_by_another", { answer = "a", measure = "m" }), "no_effect", false)
end)
