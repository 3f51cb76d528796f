-- SPDX-License-Identifier: MIT
-- Copyright 2026 The campusd authors
--
-- What comes of results: bonuses with every factor, promotions, awards and honours, welfare (PERF-4 to PERF-6).
local FLAT = { cycle = "yearly", indicators = { work = 100 }, sources = { superior = 100 }, bonus = 3000, next = { "lead" } }
local function school(more)
  local values = { schemes = { officer = FLAT } }
  for k, v in pairs(more or {}) do values[k] = v end
  policy(values)
  local function person(name, role) return as { roles = role, name = name } end
  local s = { leader = as "principal", hr = person("hr", "hr"), manager = person("manager", "manager"),
    finance = person("finance", "finance"),
    head = person("head", "admissions.lead"), anna = person("anna", "admissions.staff"), bea = person("bea", "admissions.staff") }
  -- a handler that a busy machine held up is asked again
  s.settle = function()
    clock.advance "1m"
    clock.advance "3m"
  end
  s.sign = function(entity, id, ...)
    for _, who in ipairs { ... } do who:transition(entity, id, "approve", { approval = { note = "同意" } }) end
    s.settle()
  end
  -- a cycle of anna and bea with these points, to the end
  s.cycle = function(name, points, ends, finish)
    local cycle = s.hr:create("cycles", { name = name, kind = "yearly", starts_on = "2025-01-01",
      ends_on = ends or "2026-12-31", rate_by = "2027-12-20" }).id
    local ids = {}
    for who, n in pairs(points) do
      ids[who] = s.hr:create("appraisals", { cycle = cycle, person = s[who].id, name = who, post = "officer", superior = s.head.id,
        presence = who == "bea" and 90 or 100 }).id
      s.hr:transition("appraisals", ids[who], "start")
      s.settle()
      local rating = s.head:find("ratings", { appraisal = ids[who] })[1]
      s.head:action("rate", { rating = rating.id, marks = { { indicator = "work", mark = n } } })
      s.hr:transition("appraisals", ids[who], "count")
    end
    s.settle()
    s.hr:transition("cycles", cycle, "open")
    s.settle()
    s.hr:transition("cycles", cycle, "grade")
    s.settle()
    s.hr:transition("cycles", cycle, "submit")
    s.sign("cycles", cycle, s.manager, s.leader)
    for who, id in pairs(ids) do
      s.head:transition("appraisals", id, "interview", { interviewed_on = clock.today(), strengths = "好", to_improve = "无" })
      if finish ~= false then s[who]:transition("appraisals", id, "confirm", { opinion = "同意" }) end
    end
    s.settle()
    return cycle, ids
  end
  local budget = s.finance:create("finance.budgets", { year = "2027", name = "年度预算", goals = "计划", lines = {
    { category = "staff", name = "绩效奖金", basis = "绩效考核办法", amount = "7740" } } })
  s.finance:transition("finance.budgets", budget.id, "submit")
  s.leader:transition("finance.budgets", budget.id, "approve", { approval = { note = "同意" } })
  s.settle()
  s.line = s.finance:find("finance.lines", { year = "2027" })[1].id
  s.run = function(cycle, pool)
    local fields = { cycle = cycle, pool = pool, line = s.line }
    local run = s.hr:create("bonus_runs", fields).id
    s.hr:transition("bonus_runs", run, "calculate")
    s.settle()
    return run
  end
  return s
end

test("PERF-5: base of the post × factor of the grade × presence; signed as a whole; each sees their own and what made it", function()
  local s = school()
  local cycle = s.cycle("2026", { anna = 95, bea = 85 })
  local run = s.run(cycle, "8000")
  local r = s.hr:get("bonus_runs", run)
  expect.equal({ r.state, r.people, r.waiting, r.payable, r.scale }, { "calculated", 2, 0, "7740.00", "1.0000" })
  expect.equal(#s.anna:find("bonuses", {}), 0)                         -- nothing is told before it is signed
  expect.refused("not_writable", function() s.hr:update("bonus_runs", run, { payable = "1" }) end)
  s.hr:transition("bonus_runs", run, "submit")
  expect.refused("forbidden", function() s.hr:transition("bonus_runs", run, "approve", { approval = { note = "同意" } }) end)
  s.sign("bonus_runs", run, s.manager, s.finance, s.leader)
  local mine = s.anna:find("bonuses", {})
  expect.equal(#mine, 1)
  local one = s.anna:get("bonuses", mine[1].id)
  expect.equal({ one.base, one.grade, one.coefficient, one.presence, one.amount }, { "3000.00", "excellent", "1.50", 100, "4500.00" })
  for _, part in ipairs { "4500.00", "3000.00", "1.50", "100" } do expect.yes(one.factors:find(part, 1, true), part) end
  expect.equal({ #s.manager:find("bonuses", {}), #s.finance:find("bonuses", {}), #s.leader:find("bonuses", {}),
    #s.head:find("bonuses", {}) }, { 0, 0, 0, 2 })
  s.finance:transition("bonus_runs", run, "pay", { paid_on = clock.today() })
end)

test("PERF-5: nothing is submitted while an appraisal is open, beyond the money there is, or for nobody", function()
  local s = school()
  local cycle, ids = s.cycle("2026", { anna = 95, bea = 85 }, nil, false)
  s.anna:transition("appraisals", ids.anna, "confirm", { opinion = "同意" })
  s.settle()
  local run = s.run(cycle, "1000")
  expect.refused("not_settled", function() s.hr:transition("bonus_runs", run, "submit") end)
  s.bea:transition("appraisals", ids.bea, "confirm", { opinion = "同意" })
  s.settle()
  s.hr:transition("bonus_runs", run, "calculate")
  s.settle()
  expect.refused("over_pool", function() s.hr:transition("bonus_runs", run, "submit") end)
  policy { schemes = { officer = FLAT }, bonus = { over = "scale" } }
  s.hr:transition("bonus_runs", run, "calculate")
  s.settle()
  local r = s.hr:get("bonus_runs", run)
  expect.equal({ r.asked, r.payable, r.scale }, { "7740.00", "999.23", "0.1291" })
  s.hr:transition("bonus_runs", run, "submit")
  s.manager:transition("bonus_runs", run, "send_back", { approval = { note = "再核" } })
  s.hr:transition("bonus_runs", run, "calculate")
  s.settle()
  s.hr:transition("bonus_runs", run, "submit")
  s.hr:transition("bonus_runs", run, "take_back")
  s.hr:transition("bonus_runs", run, "submit")
  s.leader:transition("bonus_runs", run, "reject")
  expect.reason(decide("bonus_is_right", { people = 0, waiting = 0, payable = 0, pool = 1 }), "no_people", false)
  for _, code in ipairs { "no_people", "not_settled", "over_pool" } do
    expect.reason(decide("bonus_is_right", { people = 1, waiting = 0, payable = 1, pool = 1 }), code, true)
  end
end)

test("PERF-5: bonuses draw on a line of the budget: held while they are signed, spent when they are paid", function()
  local s = school()
  local function money() local l = s.finance:get("finance.lines", s.line); return { l.reserved, l.committed, l.settled, l.left } end
  local run = s.run(s.cycle("2026", { anna = 95, bea = 85 }), "9000")
  s.hr:transition("bonus_runs", run, "submit")
  expect.equal(money(), { "7740.00", "0.00", "0.00", "0.00" })
  local more = s.run(s.cycle("2025", { anna = 75 }, "2025-12-31"), "9000")
  expect.refused("pool_full", function() s.hr:transition("bonus_runs", more, "submit") end)
  s.sign("bonus_runs", run, s.manager, s.finance, s.leader)
  s.finance:transition("bonus_runs", run, "pay", { paid_on = clock.today() })
  expect.equal(money(), { "0.00", "0.00", "7740.00", "0.00" })
end)

test("PERF-4: who may be promoted is told by appraisals, training, years and the path", function()
  local at = { policy = { schemes = { officer = FLAT } } }
  local function says(code, met, more)
    local p = { from_post = "officer", to_post = "lead", since = "2025-03-01", gathered_on = "2027-03-01", appraisals = 2,
      good = 1, low = 0, hours = 48 }
    for k, v in pairs(more or {}) do p[k] = v end
    return expect.reason(decide("may_be_promoted", p, at), code, met)
  end
  for _, code in ipairs { "not_on_path", "too_short", "too_few_appraisals", "too_few_good", "too_many_low", "too_few_hours",
    "facts_old" } do says(code, true) end
  says("not_on_path", false, { to_post = "principal" })
  says("not_on_path", false, { from_post = "cook" })
  says("too_short", false, { since = "2025-03-02" })
  expect.equal(says("too_few_appraisals", false, { appraisals = 1 }).have, nil)      -- what is sealed is not said
  says("too_few_good", false, { good = 0 })
  says("too_many_low", false, { low = 1 })
  says("too_few_hours", false, { hours = 47 })
  says("facts_old", false, { gathered_on = "2027-01-29" })
end)

test("PERF-4, PERF-6: a promotion gathers what it rests on, is signed, and nobody types the facts", function()
  local s = school()
  s.cycle("2025", { anna = 95 }, "2025-12-31")
  s.cycle("2026", { anna = 85 })
  -- what personnel have written into the training file
  local employee = s.hr:create("personnel.employees", { name = "安娜", person = s.anna.id, department = "招生组", post = "officer",
    category = "service",
    joined_on = "2020-09-01" }).id
  s.hr:transition("personnel.employees", employee, "enlist")
  local course = s.hr:create("personnel.courses", { name = "招生政策", kind = "law", hours = "50" }).id
  local session = s.hr:create("personnel.sessions", { name = "招生政策", course = course, trainer_kind = "leader",
    trainer = s.leader.id, held_on = "2027-03-01", hours = "50" }).id
  local came = s.hr:create("personnel.attendances", { training = session, employee = employee }).id
  s.hr:transition("personnel.attendances", came, "attend")
  s.settle()
  local function ask() return s.anna:create("promotions", { person = s.anna.id, name = "安娜", from_post = "officer",
    to_post = "lead", since = "2024-09-01", reason = "胜任" }).id end
  expect.refused("not_writable", function()
    s.anna:create("promotions", { person = s.anna.id, name = "安娜", from_post = "officer", to_post = "lead",
      since = "2024-09-01", reason = "x", hours = 99 })
  end)
  expect.refused("forbidden", function()
    s.anna:create("promotions", { person = s.bea.id, name = "b", from_post = "officer", to_post = "lead",
      since = "2024-09-01", reason = "x" })
  end)
  local id = ask()
  s.settle()
  local p = s.anna:get("promotions", id)
  expect.equal({ p.appraisals, p.good, p.low, p.hours, p.honours }, { 2, 2, 0, "50.0", 0 })
  s.anna:transition("promotions", id, "submit")
  s.manager:transition("promotions", id, "send_back", { approval = { note = "补材料" } })
  s.anna:transition("promotions", id, "refresh")
  s.settle()
  s.anna:transition("promotions", id, "submit")
  s.anna:transition("promotions", id, "take_back")
  s.anna:transition("promotions", id, "submit")
  s.sign("promotions", id, s.manager, s.leader)
  expect.equal(s.hr:get("promotions", id).state, "approved")
  local other = ask()
  s.settle()
  s.anna:transition("promotions", other, "submit")
  s.manager:transition("promotions", other, "reject")
  s.anna:transition("promotions", ask(), "withdraw")
end)

test("PERF-6: colleagues nominate, leaders decide, places are never exceeded; who was chosen stands in the register", function()
  local s = school()
  local award = s.hr:create("awards", { name = "服务标兵", conditions = "无投诉", nominate_by = "2027-03-31", quota = 1 }).id
  local function nominate(who, whom)
    local n = who:create("nominations", { award = award, person = s[whom].id, name = whom, reason = "事迹" }).id
    who:transition("nominations", n, "submit")
    return n
  end
  local own = s.anna:create("nominations", { award = award, person = s.anna.id, name = "a", reason = "我" }).id
  expect.refused("own_nomination", function() s.anna:transition("nominations", own, "submit") end)
  s.anna:delete("nominations", own)
  local first, second = nominate(s.head, "anna"), nominate(s.anna, "bea")
  s.manager:transition("nominations", first, "send_back", { approval = { note = "写具体" } })
  s.head:transition("nominations", first, "submit")
  s.head:transition("nominations", first, "take_back")
  s.head:transition("nominations", first, "submit")
  s.sign("nominations", first, s.manager, s.leader)
  s.manager:transition("nominations", second, "approve", { approval = { note = "同意" } })
  expect.refused("pool_full", function() s.leader:transition("nominations", second, "approve", { approval = { note = "同意" } }) end)
  s.leader:transition("nominations", second, "reject")
  local honour = s.bea:find("honours", {})
  expect.equal({ #honour, honour[1].title, honour[1].person }, { 1, "服务标兵", s.anna.id })
  expect.yes(s.hr:api("POST", "performance/honours/" .. honour[1].id .. "/documents/certificate", {}).number)
  s.hr:transition("awards", award, "close")
  local says = function(code, met, n) expect.reason(decide("nomination_is_right", n), code, met) end
  says("own_nomination", true, { person = "a", nominated_by = "b", nominate_by = "2027-03-01" })
  says("nominated_late", true, { person = "a", nominated_by = "b", nominate_by = "2027-03-01" })
  says("nominated_late", false, { person = "a", nominated_by = "b", nominate_by = "2027-02-28" })
end)

test("PERF-6: a welfare item is approved before it is given, to as many as it is for, and signed for", function()
  local s = school()
  local function item(name, places)
    return s.hr:create("welfare", { name = name, kind = "festival", value = "300", places = places, about = "全体教职工" }).id
  end
  local id = item("中秋慰问", 1)
  expect.refused("rule_refused", function() s.hr:action("hand_out", { item = id, people = { { person = s.anna.id, name = "a" } } }) end)
  local early = s.hr:create("welfare_grants", { item = id, person = s.anna.id, name = "安娜" }).id
  expect.refused("pool_full", function() s.hr:transition("welfare_grants", early, "give", { given_on = clock.today() }) end)
  s.hr:delete("welfare_grants", early)
  s.hr:transition("welfare", id, "submit")
  s.manager:transition("welfare", id, "send_back", { approval = { note = "标准过高" } })
  s.hr:transition("welfare", id, "submit")
  s.hr:transition("welfare", id, "take_back")
  s.hr:transition("welfare", id, "submit")
  s.sign("welfare", id, s.manager, s.leader)
  s.hr:action("hand_out", { item = id, people = { { person = s.anna.id, name = "安娜" } } })
  expect.refused("rule_refused", function() s.hr:action("hand_out", { item = id, people = { { person = s.bea.id, name = "b" } } }) end)
  local mine = s.anna:find("welfare_grants", {})[1]
  expect.equal({ mine.value, #s.bea:find("welfare_grants", {}) }, { "300.00", 0 })
  s.hr:transition("welfare_grants", mine.id, "take_back")
  s.hr:transition("welfare_grants", mine.id, "give", { given_on = clock.today() })
  s.anna:transition("welfare_grants", mine.id, "receive")
  s.hr:transition("welfare", id, "close")
  local other = item("体检", 10)
  s.hr:transition("welfare", other, "submit")
  s.manager:transition("welfare", other, "reject")
end)
