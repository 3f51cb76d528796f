-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- Each test has a school of its own; its clock begins at 2027-03-01 08:00.
local function order(who, with)
  local fields = { class = "高一1班", day = "2027-03-05", portions = 40 }
  for k, v in pairs(with or {}) do fields[k] = v end
  return who:create("orders", fields)
end

test("an order goes from draft to the plate", function()
  local teacher, cook = as "teacher", as "cook"
  local o = order(teacher, { diet = "两人不吃花生" })
  expect.equal(o.ordered_on, "2027-03-01")
  expect.refused("not_found", function() cook:get("orders", o.id) end)       -- a draft is nobody's business yet
  local placed = teacher:transition("orders", o.id, "place")
  expect.reason(placed, "too_late", true)
  expect.equal(cook:transition("orders", o.id, "serve").state, "served")
  expect.equal(#events "orders.served", 1)
end)

test("what comes too late or is too much is refused, and both are said at once", function()
  local teacher = as "teacher"
  local o = order(teacher, { day = "2027-03-02", portions = 61 })
  local no = expect.refused("rule_refused", function() teacher:transition("orders", o.id, "place") end)
  expect.equal(expect.reason(no, "too_late").detail, "1 days ahead; the kitchen needs 2")
  expect.reason(no, "too_many")
  policy { days_ahead = 1, portions = { most = 100 } }
  expect.equal(teacher:transition("orders", o.id, "place").state, "placed")
end)

test("the day of the decision counts, not the day of the order", function()
  local teacher = as "teacher"
  local o = order(teacher)
  clock.advance "3d"
  expect.refused("too_late", function() teacher:transition("orders", o.id, "place") end)
  expect.equal(teacher:transition("orders", o.id, "cancel").state, "cancelled")
end)

test("the limit itself is still allowed", function()
  expect.yes(decide("in_time", { day = "2027-03-03", portions = 60 }).pass)
  expect.yes(not decide("in_time", { day = "2027-03-03", portions = 61 }).pass)
  expect.yes(decide("in_time", { day = "2027-03-03", portions = 61 }, { policy = { portions = { most = 61 } } }).pass)
end)

test("one teacher does not see another's order, and cannot order it again", function()
  local mine, other = as "teacher", as { roles = "teacher" }
  local o = order(mine)
  expect.equal(mine:action("again", { order = o.id, day = "2027-03-12" }).portions, 40)
  expect.equal(#mine:find("orders", { sort = "day" }), 2)
  expect.refused("not_found", function() other:action("again", { order = o.id, day = "2027-03-12" }) end)
  expect.refused("forbidden", function() as "cook":action("again", { order = o.id, day = "2027-03-12" }) end)
end)

test("portions are counted by day", function()
  local teacher = as "teacher"
  order(teacher)
  order(teacher, { class = "高一2班", portions = 2 })
  expect.equal(teacher:report("by_day").total.sum_portions, 42)
end)
